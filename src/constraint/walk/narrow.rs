//! What policies say of single places of an object, so that the model is not offered what they forbid.
//!
//! Only what nobody said is narrowed: a wish is written as it was said, and judged when it is whole (design D3).

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde_json::Value;

use super::said::Said;
use crate::manifest::pointer;
use crate::policy::{Shape, Told};

/// The schemas of the policies that refuse, for one kind.
#[derive(Debug, Default)]
pub struct Narrow {
    policies: Vec<(String, Value)>,
    /// Validators of schemas that were asked before, by their text.
    known: Mutex<BTreeMap<String, Option<jsonschema::Validator>>>,
}

impl Narrow {
    /// Nothing is narrowed.
    pub fn none() -> Self {
        Self::default()
    }

    /// What these say, as far as it is a schema and refuses.
    pub fn of(shapes: &[Shape]) -> Self {
        let constraint = |shape: &Shape| match &shape.told {
            Told::Constraint(schema) if shape.denies => Some((shape.policy.clone(), schema.clone())),
            _ => None,
        };
        Self { policies: shapes.iter().filter_map(constraint).collect(), known: Mutex::default() }
    }

    /// What is said of the place at a JSON pointer, whatever else the object has.
    fn at(&self, path: &str) -> Vec<(&str, &Value)> {
        let tokens: Vec<String> = pointer::tokens(path).map(|token| token.into_owned()).collect();
        let mut all = Vec::new();
        for (policy, schema) in &self.policies {
            let mut found = Vec::new();
            descend(schema, &tokens, &mut found);
            all.extend(found.into_iter().map(|schema| (policy.as_str(), schema)));
        }
        all
    }

    /// The policy that forbids the place altogether.
    pub fn forbids(&self, path: &str) -> Option<&str> {
        self.at(path).into_iter().find(|(_, schema)| **schema == Value::Bool(false)).map(|(policy, _)| policy)
    }

    /// The policy that refuses a value at a place.
    pub fn refuses(&self, path: &str, value: &Value) -> Option<&str> {
        let found = self.at(path).into_iter().find(|(_, schema)| !self.accepts(schema, value));
        found.map(|(policy, _)| policy)
    }

    /// The policies with their schemas.
    pub fn policies(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.policies.iter().map(|(policy, schema)| (policy.as_str(), schema))
    }

    /// Whether a schema accepts a value; a schema that cannot be used accepts everything, since the object is judged once more.
    pub fn accepts(&self, schema: &Value, value: &Value) -> bool {
        let mut known = self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let validator =
            known.entry(schema.to_string()).or_insert_with(|| jsonschema::validator_for(schema).ok());
        validator.as_ref().is_none_or(|validator| validator.is_valid(value))
    }

    /// Of a closed list the values that no policy refuses, unless the request says one that is refused, or none is left.
    pub(super) fn narrowed(&self, path: &str, values: &[Value], said: &Said) -> Option<Vec<Value>> {
        if self.policies.is_empty() {
            return None;
        }
        let (left, refused): (Vec<&Value>, Vec<&Value>) =
            values.iter().partition(|value| self.refuses(path, value).is_none());
        let is_said = |value: &&Value| match value {
            Value::String(text) => said.has(text),
            Value::Number(number) => number.as_i64().is_some_and(|number| said.times(number) > 0),
            _ => false,
        };
        let narrower = !refused.is_empty() && !left.is_empty() && !refused.iter().any(is_said);
        narrower.then(|| left.into_iter().cloned().collect())
    }
}

/// The schemas that hold at a place, whatever stands beside it.
fn descend<'s>(schema: &'s Value, tokens: &[String], found: &mut Vec<&'s Value>) {
    if let Some(all) = schema.get("allOf").and_then(Value::as_array) {
        all.iter().for_each(|part| descend(part, tokens, found));
    }
    let Some((token, rest)) = tokens.split_first() else {
        found.push(schema);
        return;
    };
    if let Some(inner) = schema.get("properties").and_then(|fields| fields.get(token)) {
        descend(inner, rest, found);
    }
    let is_index = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_digit());
    if let (true, Some(inner)) = (is_index, schema.get("items")) {
        descend(inner, rest, found);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn narrow(schema: Value) -> Narrow {
        Narrow { policies: vec![("cap".to_owned(), schema)], known: Mutex::default() }
    }

    #[test]
    fn what_holds_at_a_place_is_found_through_all_of_but_not_any_of() {
        let narrow = narrow(json!({"allOf": [
            {"properties": {"spec": {"properties": {"hostNetwork": {"const": false}, "hostPID": false}}}},
            {"properties": {"spec": {"properties": {"containers": {"items": {"properties": {"tty": false}}}}}}}],
            "anyOf": [{"properties": {"spec": false}}, {"required": ["spec"]}]}));
        assert_eq!(narrow.refuses("/spec/hostNetwork", &json!(true)), Some("cap"));
        assert_eq!(narrow.refuses("/spec/hostNetwork", &json!(false)), None);
        assert_eq!(narrow.forbids("/spec/hostPID"), Some("cap"));
        assert_eq!(narrow.forbids("/spec/containers/3/tty"), Some("cap"));
        assert_eq!(narrow.forbids("/spec"), None, "it depends on something else");
    }

    #[test]
    fn a_closed_list_is_narrowed_unless_the_request_says_what_is_refused() {
        let narrow = narrow(json!({"properties": {"type": {"enum": ["ClusterIP", "LoadBalancer"]}}}));
        let all = [json!("ClusterIP"), json!("NodePort"), json!("LoadBalancer")];
        let quiet = Said::of("a service");
        assert_eq!(
            narrow.narrowed("/type", &all, &quiet),
            Some(vec![json!("ClusterIP"), json!("LoadBalancer")])
        );
        assert_eq!(narrow.narrowed("/type", &all, &Said::of("a NodePort service")), None);
        assert_eq!(narrow.narrowed("/type", &all[1..2], &quiet), None, "nothing would be left");
        assert_eq!(Narrow::none().narrowed("/type", &all, &quiet), None);
    }
}
