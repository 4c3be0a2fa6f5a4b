//! What a policy of Kyverno says, with the fields of the object that it names by `{{ }}`.
//!
//! Kyverno evaluates JMESPath there. A plain way to a field is read here; anything else stays as it is written.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::super::review::Review;

static WAYS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"\{\{\s*request\.((?:[A-Za-z0-9_]+|\[\d+\])(?:\.[A-Za-z0-9_]+|\[\d+\])*)\s*\}\}").ok()
});

/// The message with the values of the fields that it names. A field that is not there is named as it was; of a Secret all are.
pub(in crate::policy) fn spoken(message: &str, review: &Review<'_>) -> String {
    let Some(ways) = WAYS.as_ref().filter(|_| message.contains("{{")) else { return message.to_owned() };
    if review.kind() == "Secret" {
        return message.to_owned();
    }
    let mut request = review.request();
    if let Some(map) = request.as_object_mut() {
        map.insert("object".to_owned(), review.placed(review.object));
        map.insert("oldObject".to_owned(), review.old.map_or_else(|| json!({}), |old| review.placed(old)));
    }
    let said = ways.replace_all(message, |found: &Captures<'_>| {
        let whole = found.get(0).map_or("", |part| part.as_str());
        let way = found.get(1).map_or("", |part| part.as_str());
        let steps =
            way.split(['.', '[']).map(|step| step.trim_end_matches(']')).filter(|step| !step.is_empty());
        let mut steps = steps;
        let value = steps.try_fold(&request, |at, step| match at {
            Value::Array(items) => items.get(step.parse::<usize>().ok()?),
            other => other.get(step),
        });
        match value {
            Some(Value::String(text)) => text.clone(),
            Some(Value::Null) | None => whole.to_owned(),
            Some(other) => other.to_string(),
        }
    });
    said.into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::User;

    #[test]
    fn fields_of_the_object_stand_in_the_message() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"},
            "spec": {"containers": [{"name": "a", "ports": [80]}]}});
        let user = User::named("ann");
        let review = Review::create(&pod, &user);
        for (message, expected) in [
            ("{{ request.object.metadata.name }} is no name", "web is no name"),
            ("{{request.object.spec.containers[0].name}}: {{request.operation}}", "a: CREATE"),
            ("ports {{ request.object.spec.containers[0].ports }}", "ports [80]"),
            (
                "{{ request.object.metadata.labels.team }} is not there",
                "{{ request.object.metadata.labels.team }} is not there",
            ),
            ("{{ to_upper(request.object.kind) }}", "{{ to_upper(request.object.kind) }}"),
            ("plain", "plain"),
        ] {
            assert_eq!(spoken(message, &review), expected);
        }
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"a": "b"}});
        let message = "{{ request.object.stringData }} is not allowed";
        assert_eq!(spoken(message, &Review::create(&secret, &user)), message);
    }
}
