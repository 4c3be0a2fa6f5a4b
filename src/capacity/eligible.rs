//! Whether a node takes a Pod at all, whatever is free on it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::cluster::{Node, Taint};

/// Why a node does not take a Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Obstacle<'a> {
    /// `spec.nodeName` is another's.
    OtherNode,
    /// It is cordoned.
    Cordoned,
    /// A taint that the Pod does not tolerate.
    Taint(&'a Taint),
    /// The first label of the Pod's node selector that the node does not have.
    Label(String, String),
    /// No term of the required node affinity holds; the first label of its first term that is not as it should be, with
    /// the values that it may have, where that is its form.
    Affinity(Option<(String, Vec<String>)>),
}

/// What keeps the Pod (with `spec`) off the node; `None` where nothing does. Selectors come before taints: a node that
/// is not meant needs no toleration.
pub(super) fn obstacle<'a>(pod: &Value, node: &'a Node) -> Option<Obstacle<'a>> {
    let spec = pod.get("spec")?;
    if let Some(name) = spec.get("nodeName").and_then(Value::as_str).filter(|name| !name.is_empty()) {
        return (name != node.name).then_some(Obstacle::OtherNode);
    }
    let selector = spec.get("nodeSelector").and_then(Value::as_object).into_iter().flatten();
    for (key, value) in selector {
        let value = value.as_str().unwrap_or_default();
        if node.labels.get(key).map(String::as_str) != Some(value) {
            return Some(Obstacle::Label(key.clone(), value.to_owned()));
        }
    }
    if !affinity_holds(spec, node) {
        return Some(Obstacle::Affinity(wanted_label(spec, node)));
    }
    let tolerations: Vec<&Value> = list(spec, "/tolerations").collect();
    let tolerated = |taint: &Taint| tolerations.iter().any(|toleration| tolerates(toleration, taint));
    let keeps_off =
        |taint: &&Taint| matches!(taint.effect.as_str(), "NoSchedule" | "NoExecute") && !tolerated(taint);
    // Cordoning adds a taint a moment later; where that one is tolerated, so is the cordon.
    let cordon = Taint {
        key: "node.kubernetes.io/unschedulable".to_owned(),
        value: String::new(),
        effect: "NoSchedule".to_owned(),
    };
    if node.unschedulable && !tolerated(&cordon) {
        return Some(Obstacle::Cordoned);
    }
    node.taints.iter().find(keeps_off).map(Obstacle::Taint)
}

/// Rules between Pods that are not judged here.
pub(super) fn has_rules_between_pods(pod: &Value) -> bool {
    let Some(spec) = pod.get("spec") else { return false };
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let affinity = ["podAffinity", "podAntiAffinity"]
        .iter()
        .any(|kind| list(spec, &format!("/affinity/{kind}/{required}")).next().is_some());
    let spread = list(spec, "/topologySpreadConstraints")
        .any(|rule| rule.get("whenUnsatisfiable").and_then(Value::as_str) != Some("ScheduleAnyway"));
    affinity || spread
}

fn tolerates(toleration: &Value, taint: &Taint) -> bool {
    let text = |field: &str| toleration.get(field).and_then(Value::as_str).unwrap_or_default();
    let effect = text("effect").is_empty() || text("effect") == taint.effect;
    let value = match text("operator") {
        "Exists" => true,
        "" | "Equal" => text("value") == taint.value,
        _ => false,
    };
    let key = match text("key") {
        "" => text("operator") == "Exists",
        key => key == taint.key,
    };
    effect && value && key
}

const TERMS: &str = "/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";

/// The first rule of the first term that wants one of some values and does not get it.
fn wanted_label(spec: &Value, node: &Node) -> Option<(String, Vec<String>)> {
    let term = list(spec, TERMS).next()?;
    let rule = list(term, "/matchExpressions").find(|rule| {
        rule.get("operator").and_then(Value::as_str) == Some("In") && !rule_holds(rule, &node.labels)
    })?;
    let values = list(rule, "/values").filter_map(Value::as_str).map(str::to_owned).collect();
    Some((rule.get("key")?.as_str()?.to_owned(), values))
}

/// Whether one of the terms holds; a Pod without any may go anywhere.
fn affinity_holds(spec: &Value, node: &Node) -> bool {
    match spec.pointer(TERMS).and_then(Value::as_array) {
        None => true,
        Some(terms) => terms.iter().any(|term| term_holds(term, node)),
    }
}

fn term_holds(term: &Value, node: &Node) -> bool {
    let fields = BTreeMap::from([("metadata.name".to_owned(), node.name.clone())]);
    let mut rules = list(term, "/matchExpressions")
        .map(|rule| (rule, &node.labels))
        .chain(list(term, "/matchFields").map(|rule| (rule, &fields)))
        .peekable();
    // A term without rules selects nothing.
    rules.peek().is_some() && rules.all(|(rule, values)| rule_holds(rule, values))
}

fn rule_holds(rule: &Value, values: &BTreeMap<String, String>) -> bool {
    let key = rule.get("key").and_then(Value::as_str).unwrap_or_default();
    let own = values.get(key);
    let wanted: Vec<&str> = list(rule, "/values").filter_map(Value::as_str).collect();
    let is_wanted = own.is_some_and(|own| wanted.contains(&own.as_str()));
    let compared = || {
        let number = |text: &str| text.parse::<i64>().ok();
        Some(number(own?)?.cmp(&number(wanted.first()?)?))
    };
    match rule.get("operator").and_then(Value::as_str).unwrap_or_default() {
        "In" => is_wanted,
        "NotIn" => !is_wanted,
        "Exists" => own.is_some(),
        "DoesNotExist" => own.is_none(),
        "Gt" => compared() == Some(std::cmp::Ordering::Greater),
        "Lt" => compared() == Some(std::cmp::Ordering::Less),
        _ => false,
    }
}

fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(taints: &[(&str, &str, &str)]) -> Node {
        let taint = |(key, value, effect): &(&str, &str, &str)| Taint {
            key: (*key).into(),
            value: (*value).into(),
            effect: (*effect).into(),
        };
        Node {
            name: "gpu-1".into(),
            labels: [("zone", "a"), ("nvidia.com/gpu.count", "8")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
            taints: taints.iter().map(taint).collect(),
            ..Node::default()
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "values are written in the call")]
    fn takes(spec: Value, node: &Node) -> bool {
        obstacle(&json!({"spec": spec}), node).is_none()
    }

    #[test]
    fn a_taint_keeps_off_what_does_not_tolerate_it() {
        let tainted = node(&[("nvidia.com/gpu", "present", "NoSchedule")]);
        assert!(!takes(json!({}), &tainted));
        for toleration in [
            json!({"key": "nvidia.com/gpu", "operator": "Exists"}),
            json!({"key": "nvidia.com/gpu", "value": "present"}),
            json!({"key": "nvidia.com/gpu", "operator": "Equal", "value": "present", "effect": "NoSchedule"}),
            json!({"operator": "Exists"}),
        ] {
            assert!(takes(json!({"tolerations": [toleration.clone()]}), &tainted), "{toleration}");
        }
        for toleration in [
            json!({"key": "nvidia.com/gpu", "value": "absent"}),
            json!({"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoExecute"}),
            json!({"key": "other", "operator": "Exists"}),
            json!({"key": "", "value": "present"}),
            json!({"key": "nvidia.com/gpu", "operator": "Matches", "value": "present"}),
        ] {
            assert!(!takes(json!({"tolerations": [toleration.clone()]}), &tainted), "{toleration}");
        }
        assert!(takes(json!({}), &node(&[("a", "", "PreferNoSchedule")])));
    }

    #[test]
    fn a_cordoned_node_takes_nothing() {
        let mut cordoned = node(&[]);
        cordoned.unschedulable = true;
        assert_eq!(obstacle(&json!({"spec": {}}), &cordoned), Some(Obstacle::Cordoned));
        assert!(takes(json!({"tolerations": [{"operator": "Exists"}]}), &cordoned));
    }

    #[test]
    fn selectors_and_names_choose_nodes() {
        let plain = node(&[]);
        assert!(takes(json!({"nodeSelector": {"zone": "a"}}), &plain));
        assert!(!takes(json!({"nodeSelector": {"zone": "b"}}), &plain));
        assert!(takes(json!({"nodeName": "gpu-1"}), &node(&[("a", "", "NoSchedule")])));
        assert!(!takes(json!({"nodeName": "gpu-2"}), &plain));
    }

    #[test]
    fn required_affinity_is_one_of_its_terms() {
        let terms = |terms: Value| json!({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}});
        let rule =
            |operator: &str, values: Value| json!({"key": "zone", "operator": operator, "values": values});
        let plain = node(&[]);
        for (holds, rule) in [
            (true, rule("In", json!(["a", "b"]))),
            (false, rule("In", json!(["b"]))),
            (true, rule("NotIn", json!(["b"]))),
            (false, rule("NotIn", json!(["a"]))),
            (true, rule("Exists", json!(null))),
            (false, rule("DoesNotExist", json!(null))),
            (true, json!({"key": "nvidia.com/gpu.count", "operator": "Gt", "values": ["4"]})),
            (false, json!({"key": "nvidia.com/gpu.count", "operator": "Lt", "values": ["8"]})),
            (false, rule("Odd", json!(["a"]))),
        ] {
            assert_eq!(takes(terms(json!([{"matchExpressions": [rule.clone()]}])), &plain), holds, "{rule}");
        }
        let other = json!({"matchExpressions": [rule("In", json!(["b"]))]});
        let named = json!({"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["gpu-1"]}]});
        assert!(takes(terms(json!([other, named])), &plain));
        assert!(!takes(terms(json!([other, {}])), &plain));
        assert!(!takes(terms(json!([])), &plain));
    }

    #[test]
    fn rules_between_pods_are_seen() {
        let spread =
            |when: &str| json!({"spec": {"topologySpreadConstraints": [{"whenUnsatisfiable": when}]}});
        assert!(has_rules_between_pods(&spread("DoNotSchedule")));
        assert!(!has_rules_between_pods(&spread("ScheduleAnyway")));
        let anti = json!({"spec": {"affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}}});
        assert!(has_rules_between_pods(&anti));
        assert!(!has_rules_between_pods(&json!({"spec": {}})));
    }
}
