//! What of a live object a plan is bound to (design D9).
//!
//! Controllers write an object's status all the time, and with it resourceVersion and managedFields: none of that makes a
//! plan stale. Everything else does.

use serde_json::Value;

use crate::apply::digest::sha256;
use crate::diff::{MaskKey, mask};
use crate::manifest::canonical;

/// The hash of a live object without status, resourceVersion, generation, the times of managedFields and the
/// managedFields of subresources. Secret values enter as their HMAC, never as a plain hash.
pub(super) fn fingerprint(live: &Value, key: &MaskKey) -> String {
    let mut object = mask(live, key);
    if let Some(map) = object.as_object_mut() {
        map.shift_remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("resourceVersion");
        metadata.shift_remove("generation");
        if let Some(entries) = metadata.get_mut("managedFields").and_then(Value::as_array_mut) {
            entries.retain(|entry| entry.get("subresource").is_none());
            for entry in entries.iter_mut().filter_map(Value::as_object_mut) {
                entry.shift_remove("time");
            }
        }
    }
    sha256(canonical(&object).as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn live() -> Value {
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {
                "name": "web", "uid": "u", "resourceVersion": "7", "generation": 2,
                "managedFields": [
                    {"manager": "kubectl-copilot", "operation": "Apply", "time": "2026-01-01T00:00:00Z", "fieldsV1": {"f:spec": {}}},
                    {"manager": "kube-controller-manager", "subresource": "status", "fieldsV1": {"f:status": {}}},
                ],
            },
            "spec": {"replicas": 2},
            "status": {"readyReplicas": 1},
        })
    }

    fn print(object: &Value) -> String {
        fingerprint(object, &MaskKey::new([7; 32]))
    }

    #[test]
    fn what_controllers_write_is_no_change() {
        let mut later = live();
        later["status"]["readyReplicas"] = json!(2);
        later["metadata"]["resourceVersion"] = json!("9");
        later["metadata"]["managedFields"][0]["time"] = json!("2026-01-02T00:00:00Z");
        later["metadata"]["managedFields"][1]["fieldsV1"] = json!({});
        assert_eq!(print(&live()), print(&later));
    }

    #[test]
    fn what_somebody_writes_is_one() {
        for (pointer, value) in [
            ("/spec/replicas", json!(3)),
            ("/metadata/uid", json!("other")),
            ("/metadata/managedFields/0/manager", json!("kubectl")),
        ] {
            let mut other = live();
            if let Some(field) = other.pointer_mut(pointer) {
                *field = value;
            }
            assert_ne!(print(&live()), print(&other), "{pointer}");
        }
    }

    #[test]
    fn a_secrets_value_counts_without_standing_in_a_plain_hash() {
        let secret = |value: &str| json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": {"k": value}});
        let key = MaskKey::new([7; 32]);
        assert_ne!(fingerprint(&secret("YQ=="), &key), fingerprint(&secret("Yg=="), &key));
        let other = MaskKey::new([8; 32]);
        assert_ne!(fingerprint(&secret("YQ=="), &key), fingerprint(&secret("YQ=="), &other));
    }
}
