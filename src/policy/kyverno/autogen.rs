//! Rules for Pods, written once more for what makes Pods: Kyverno puts another path where an expression has one, as text.
//!
//! Sources: kyverno `pkg/cel/autogen` (policies of expressions), `pkg/autogen/v1` (rules of a ClusterPolicy).

use serde_json::{Value, json};

/// The two ways to the Pod of an object that makes some.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// `spec.template`
    Template,
    /// `spec.jobTemplate.spec.template`
    JobTemplate,
}

impl Within {
    pub(super) const ALL: [Self; 2] = [Self::Template, Self::JobTemplate];

    fn path(self) -> &'static str {
        match self {
            Self::Template => "spec.template",
            Self::JobTemplate => "spec.jobTemplate.spec.template",
        }
    }

    /// What stands in front of a rule's name.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::Template => "autogen",
            Self::JobTemplate => "autogen-cronjob",
        }
    }

    /// A pattern of a Pod as one of what makes it.
    pub(super) fn wrap(self, pattern: &Value) -> Value {
        let inner = json!({"spec": {"template": pattern}});
        match self {
            Self::Template => inner,
            Self::JobTemplate => json!({"spec": {"jobTemplate": inner}}),
        }
    }
}

/// Every text of a value with the paths of a Pod replaced. With `keeps_namespace` the namespace stays that of the object itself.
pub(super) fn moved(value: &Value, within: Within, keeps_namespace: bool) -> Value {
    match value {
        Value::String(text) => Value::String(moved_text(text, within, keeps_namespace)),
        Value::Array(items) => items.iter().map(|item| moved(item, within, keeps_namespace)).collect(),
        Value::Object(map) => {
            let moved = map.iter().map(|(key, value)| (key.clone(), moved(value, within, keeps_namespace)));
            Value::Object(moved.collect())
        }
        other => other.clone(),
    }
}

fn moved_text(text: &str, within: Within, keeps_namespace: bool) -> String {
    let mut text = text.to_owned();
    for root in ["object", "oldObject"] {
        for part in ["spec", "metadata"] {
            let (from, to) = (format!("{root}.{part}"), format!("{root}.{}.{part}", within.path()));
            text = replace(&text, &from, &to, keeps_namespace);
        }
    }
    text
}

fn replace(text: &str, from: &str, to: &str, keeps_namespace: bool) -> String {
    let mut pieces = text.split(from);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let is_namespace = piece.strip_prefix(".namespace").is_some_and(|rest| {
            !rest.starts_with(|first: char| first == '_' || first.is_ascii_alphanumeric())
        });
        out.push_str(if keeps_namespace && is_namespace { from } else { to });
        out.push_str(piece);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_pod_become_those_of_its_template() {
        let expression =
            "object.spec.x && oldObject.metadata.labels == object.metadata.namespace || object.specs";
        assert_eq!(
            moved_text(expression, Within::Template, true),
            "object.spec.template.spec.x && oldObject.spec.template.metadata.labels == object.metadata.namespace \
             || object.spec.template.specs"
        );
        assert_eq!(
            moved_text("object.metadata.namespace", Within::JobTemplate, false),
            "object.spec.jobTemplate.spec.template.metadata.namespace"
        );
        assert_eq!(
            moved_text("object.metadata.namespaces", Within::Template, true),
            "object.spec.template.metadata.namespaces"
        );
    }
}
