//! Label selectors, in three values: labels may not be known here.

use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// `metav1.LabelSelector`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct LabelSelector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Requirement>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Requirement {
    key: String,
    operator: Operator,
    #[serde(default)]
    values: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
}

/// What is known of an object's labels.
#[derive(Debug, Clone, Copy)]
pub(super) enum Labels<'a> {
    /// All of them.
    Known(Option<&'a Map<String, Value>>),
    /// Those of a Namespace that is not at hand: only the label that the API server sets to its name, where even the
    /// name is known.
    OfNamespace(Option<&'a str>),
}

/// The label that the API server keeps on every Namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

impl<'a> Labels<'a> {
    /// The labels of an object.
    pub(super) fn of(object: &'a Value) -> Self {
        Self::Known(
            object.get("metadata").and_then(|metadata| metadata.get("labels")).and_then(Value::as_object),
        )
    }

    /// The value of a label: `None` where it is not known, `Some(None)` where there is none.
    fn get(self, key: &str) -> Option<Option<&'a str>> {
        match self {
            Self::Known(labels) => Some(labels.and_then(|labels| labels.get(key)).and_then(Value::as_str)),
            Self::OfNamespace(Some(name)) if key == NAME_LABEL => Some(Some(name)),
            Self::OfNamespace(_) => None,
        }
    }
}

impl LabelSelector {
    /// The schema of the objects that it selects by their labels.
    pub(super) fn schema(&self) -> Value {
        let label = |key: &str, value: Value| {
            json!({"type": "object", "required": ["metadata"], "properties": {"metadata": {
                "type": "object", "required": ["labels"], "properties": {"labels": {
                    "type": "object", "required": [key], "properties": {key: value}}}}}})
        };
        let labels = self.match_labels.iter().map(|(key, value)| label(key, json!({"const": value})));
        let expressions =
            self.match_expressions.iter().map(|Requirement { key, operator, values }| match operator {
                Operator::In => label(key, json!({"enum": values})),
                Operator::NotIn => json!({"not": label(key, json!({"enum": values}))}),
                Operator::Exists => label(key, json!(true)),
                Operator::DoesNotExist => json!({"not": label(key, json!(true))}),
            });
        json!({"allOf": labels.chain(expressions).collect::<Vec<_>>()})
    }

    /// Whether a key or value has a wildcard, which Kyverno would expand.
    pub(super) fn has_wildcards(&self) -> bool {
        let labels = self.match_labels.iter().flat_map(|(key, value)| [key, value]);
        let expressions = self.match_expressions.iter().flat_map(|one| one.values.iter().chain([&one.key]));
        labels.chain(expressions).any(|text| text.contains(['*', '?']))
    }

    /// Whether it selects everything.
    pub(super) fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether it selects these labels; `None` where a label decides that is not known.
    pub(super) fn selects(&self, labels: Labels<'_>) -> Option<bool> {
        let by_labels =
            self.match_labels.iter().map(|(key, value)| Some(labels.get(key)? == Some(value.as_str())));
        let by_expressions = self.match_expressions.iter().map(|requirement| requirement.holds(labels));
        let mut all = Some(true);
        for holds in by_labels.chain(by_expressions) {
            match holds {
                Some(false) => return Some(false),
                Some(true) => {}
                None => all = None,
            }
        }
        all
    }

    /// What is wrong with it, as the API server would say when it is created.
    ///
    /// # Errors
    /// An operator without the values that it needs, or with values that it cannot have.
    pub(super) fn verify(&self) -> Result<(), String> {
        for requirement in &self.match_expressions {
            let wants_values = matches!(requirement.operator, Operator::In | Operator::NotIn);
            if wants_values == requirement.values.is_empty() {
                return Err(format!(
                    "operator {:?} on key '{}' {} values",
                    requirement.operator,
                    requirement.key,
                    if wants_values { "needs" } else { "takes no" }
                ));
            }
        }
        Ok(())
    }
}

impl Requirement {
    fn holds(&self, labels: Labels<'_>) -> Option<bool> {
        let value = labels.get(&self.key)?;
        let listed = value.is_some_and(|value| self.values.iter().any(|other| other == value));
        Some(match self.operator {
            Operator::In => listed,
            Operator::NotIn => !listed,
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn selector(value: Value) -> LabelSelector {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn all_requirements_must_hold() {
        let labels = json!({"metadata": {"labels": {"env": "prod", "tier": "web"}}});
        for (value, expected) in [
            (json!({}), true),
            (json!({"matchLabels": {"env": "prod"}}), true),
            (json!({"matchLabels": {"env": "prod", "tier": "db"}}), false),
            (
                json!({"matchExpressions": [{"key": "env", "operator": "In", "values": ["dev", "prod"]}]}),
                true,
            ),
            (json!({"matchExpressions": [{"key": "env", "operator": "NotIn", "values": ["prod"]}]}), false),
            (json!({"matchExpressions": [{"key": "x", "operator": "NotIn", "values": ["prod"]}]}), true),
            (json!({"matchExpressions": [{"key": "x", "operator": "Exists"}]}), false),
            (json!({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]}), true),
        ] {
            assert_eq!(selector(value.clone()).selects(Labels::of(&labels)), Some(expected), "{value}");
        }
    }

    #[test]
    fn an_unknown_namespace_is_decided_by_its_name_alone() {
        let by_name = |operator: &str| {
            selector(json!({"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": operator, "values": ["kube-system"]}]}))
        };
        let by_label = selector(json!({"matchLabels": {"env": "prod"}}));
        assert_eq!(by_name("NotIn").selects(Labels::OfNamespace(Some("lab"))), Some(true));
        assert_eq!(by_name("In").selects(Labels::OfNamespace(Some("lab"))), Some(false));
        assert_eq!(by_name("In").selects(Labels::OfNamespace(None)), None);
        assert_eq!(by_label.selects(Labels::OfNamespace(Some("lab"))), None);
        assert_eq!(LabelSelector::default().selects(Labels::OfNamespace(None)), Some(true));
    }

    #[test]
    fn operators_want_their_values() {
        assert!(selector(json!({"matchExpressions": [{"key": "a", "operator": "In"}]})).verify().is_err());
        let extra = json!({"matchExpressions": [{"key": "a", "operator": "Exists", "values": ["b"]}]});
        assert!(selector(extra).verify().is_err());
        assert!(
            serde_json::from_value::<LabelSelector>(json!({"matchLabel": {"a": "b"}})).is_err(),
            "a typo"
        );
    }
}
