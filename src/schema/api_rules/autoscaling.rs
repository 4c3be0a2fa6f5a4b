//! Autoscalers and disruption budgets.

use serde_json::Value;

use super::has;
use crate::schema::structure::Place;
use crate::schema::violation::Violation;

/// The least number of replicas is not above the most.
pub(super) fn replicas(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let number = |field: &str| place.value.get(field).and_then(Value::as_i64);
    let Some(most) = number("maxReplicas") else { return Vec::new() };
    let least = number("minReplicas").unwrap_or(1);
    if most >= least.max(1) {
        return Vec::new();
    }
    let message = format!("`maxReplicas` {most} is below the least number of replicas, {}", least.max(1));
    let path = format!("{}/maxReplicas", place.path);
    vec![Violation::error("api-autoscaler-replicas", path, message).hint("raise `maxReplicas`")]
}

/// A budget says how many stay or how many may go, not both.
pub(super) fn disruption_budget(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    if !has(place.value, "minAvailable") || !has(place.value, "maxUnavailable") {
        return Vec::new();
    }
    let message = "`minAvailable` and `maxUnavailable` cannot stand together";
    vec![Violation::error("api-disruption-budget", place.path.clone(), message).hint("keep one of them")]
}
