//! Scalars that are spelled differently and mean the same.

use serde_json::Value;

use crate::manifest::{GroupVersionKind, Quantity};

/// True where two different scalars are one value: `1` and `1.0` anywhere, `1000m` and `1` where Kubernetes reads a
/// quantity. `pointer` has `*` for every index.
pub(super) fn scalars(gvk: &GroupVersionKind, pointer: &str, old: &Value, new: &Value) -> bool {
    if let (Value::Number(old), Value::Number(new)) = (old, new)
        && old.is_f64() != new.is_f64()
    {
        return old.as_f64() == new.as_f64();
    }
    is_quantity(gvk, pointer)
        && matches!((Quantity::of(old), Quantity::of(new)), (Ok(old), Ok(new)) if old == new)
}

/// The places where Kubernetes' own kinds have quantities.
fn is_quantity(gvk: &GroupVersionKind, pointer: &str) -> bool {
    let tokens: Vec<&str> = pointer.split('/').skip(1).collect();
    match tokens.as_slice() {
        [.., "resources", "limits" | "requests", _] => true,
        [.., "capacity" | "allocatable" | "overhead" | "allocatedResources", _] => true,
        [.., "emptyDir", "sizeLimit"] | [.., "resourceFieldRef", "divisor"] => true,
        ["spec", "hard", _] => gvk.kind == "ResourceQuota",
        ["spec", "limits", "*", _, _] => gvk.kind == "LimitRange",
        [.., "target", "averageValue" | "value"] => gvk.kind == "HorizontalPodAutoscaler",
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn same(kind: &str, pointer: &str, old: &Value, new: &Value) -> bool {
        scalars(&GroupVersionKind::new("v1", kind), pointer, old, new)
    }

    #[test]
    fn quantities_are_compared_as_amounts_at_their_places_only() {
        let place = "/spec/containers/*/resources/limits/cpu";
        assert!(same("Pod", place, &json!("1000m"), &json!(1)));
        assert!(same("ResourceQuota", "/spec/hard/requests.memory", &json!("1Gi"), &json!("1024Mi")));
        assert!(!same("Pod", place, &json!("1000m"), &json!("2")));
        assert!(!same("Pod", place, &json!("one"), &json!("1")));
        assert!(!same("ConfigMap", "/data/cpu", &json!("1000m"), &json!("1")));
    }

    #[test]
    fn numbers_are_compared_by_value() {
        assert!(same("Pod", "/x", &json!(1), &json!(1.0)));
        assert!(!same("Pod", "/x", &json!(1), &json!(1.5)));
        assert!(!same("Pod", "/x", &json!(1), &json!("1")));
    }
}
