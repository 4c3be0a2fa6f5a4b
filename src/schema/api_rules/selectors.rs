//! Workloads that own Pods: selector, restart policy, strategy, service name.

use serde_json::Value;

use super::{entries, has, text};
use crate::schema::structure::Place;
use crate::schema::violation::{Violation, join};

/// The selector is not empty and selects the Pods of the template.
pub(super) fn template_labels(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let Some(selector) = place.value.get("selector").filter(|selector| selector.is_object()) else {
        return Vec::new();
    };
    let path = format!("{}/selector", place.path);
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let expressions = entries(selector, &path, "matchExpressions");
    if wanted.is_none_or(serde_json::Map::is_empty) && expressions.is_empty() {
        let message = "the selector is empty, so it would select every Pod";
        return vec![Violation::error("api-selector-labels", path, message).hint("add `matchLabels`")];
    }
    if !place.value.get("template").is_some_and(Value::is_object) {
        return Vec::new();
    }
    let labels = place.value.pointer("/template/metadata/labels");
    let label = |key: &str| labels.and_then(|labels| labels.get(key)).and_then(Value::as_str);
    let mut found = Vec::new();
    for (key, value) in wanted.into_iter().flatten() {
        let Some(value) = value.as_str().filter(|value| label(key) != Some(value)) else { continue };
        let message = match label(key) {
            Some(other) => format!("the selector wants `{key}: {value}` and the Pods have `{key}: {other}`"),
            None => format!("the selector wants `{key}: {value}`, which the Pods do not have"),
        };
        let at = join(&format!("{path}/matchLabels"), key);
        let hint = format!("add `{key}: {value}` to `template.metadata.labels`");
        found.push(Violation::error("api-selector-labels", at, message).hint(hint));
    }
    for (at, expression) in expressions {
        let Some(key) = text(expression, "key") else { continue };
        let values: Vec<&str> =
            entries(expression, "", "values").into_iter().filter_map(|(_, value)| value.as_str()).collect();
        let holds = match text(expression, "operator") {
            Some("In") => label(key).is_some_and(|value| values.contains(&value)),
            Some("NotIn") => label(key).is_none_or(|value| !values.contains(&value)),
            Some("Exists") => label(key).is_some(),
            Some("DoesNotExist") => label(key).is_none(),
            // Another operator is not for this rule to judge.
            _ => true,
        };
        if !holds {
            let message =
                format!("the selector's expression on `{key}` does not hold for the Pods of the template");
            let hint = "make `template.metadata.labels` fit the selector";
            found.push(Violation::error("api-selector-labels", at, message).hint(hint));
        }
    }
    found
}

/// Pods that are kept running are restarted always.
pub(super) fn restart_policy(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    match place.value.pointer("/template/spec/restartPolicy").and_then(Value::as_str) {
        Some(policy @ ("Never" | "OnFailure")) => {
            let message =
                format!("Pods of this kind are restarted always; restartPolicy {policy} is for Jobs");
            let path = format!("{}/template/spec/restartPolicy", place.path);
            vec![Violation::error("api-restart-policy", path, message).hint("remove `restartPolicy`")]
        }
        _ => Vec::new(),
    }
}

/// `rollingUpdate` belongs to the strategy RollingUpdate.
pub(super) fn strategy(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let Some(strategy) = place.value.get("strategy") else { return Vec::new() };
    if text(strategy, "type") != Some("Recreate") || !has(strategy, "rollingUpdate") {
        return Vec::new();
    }
    let message = "`rollingUpdate` cannot stand with strategy Recreate";
    let path = format!("{}/strategy/rollingUpdate", place.path);
    vec![Violation::error("api-strategy", path, message).hint("remove `rollingUpdate`")]
}

/// Without a Service the Pods of a StatefulSet have no stable DNS names. The server accepts that.
pub(super) fn service_name(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    if text(place.value, "serviceName").is_some() {
        return Vec::new();
    }
    let message = "without `serviceName` the Pods have no stable DNS names";
    let path = format!("{}/serviceName", place.path);
    vec![
        Violation::warning("api-service-name", path, message)
            .hint("name the headless Service of this StatefulSet"),
    ]
}
