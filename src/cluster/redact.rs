//! Secret values are masked here, before an object leaves the module. Keys stay: what a Secret has is no secret.

use serde_json::{Map, Value};

use crate::manifest::masked::{MaskKey, decode_base64, is_masked, masked};

/// kubectl's copy of what was applied: it repeats a Secret's values.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// The object without secret values; every object but a Secret as it is.
pub(super) fn redacted(mut object: Value, key: &MaskKey) -> Value {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("kind") != "Secret" || text("apiVersion") != "v1" {
        return object;
    }
    for (field, base64) in [("data", true), ("stringData", false)] {
        if let Some(value) = object.get_mut(field) {
            hide(value, base64, key);
        }
    }
    let annotations = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut);
    if let Some(copy) = annotations.and_then(|annotations| annotations.get_mut(LAST_APPLIED)) {
        hide(copy, false, key);
    }
    object
}

/// Every value below; `base64` where the bytes count and not their spelling.
fn hide(value: &mut Value, base64: bool, key: &MaskKey) {
    match value {
        Value::Object(map) => hide_all(map, base64, key),
        Value::Null => {}
        Value::String(text) if text.is_empty() || is_masked(text) => {}
        Value::String(text) => {
            let decoded = if base64 { decode_base64(text) } else { None };
            *text = masked(decoded.as_deref().unwrap_or(text.as_bytes()), key);
        }
        other => *other = Value::String(masked(other.to_string().as_bytes(), key)),
    }
}

fn hide_all(map: &mut Map<String, Value>, base64: bool, key: &MaskKey) {
    for value in map.values_mut() {
        hide(value, base64, key);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(object: Value) -> Value {
        redacted(object, &MaskKey::new([7; 32]))
    }

    #[test]
    fn values_go_and_keys_stay() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "db", "annotations": {LAST_APPLIED: "{\"data\":{\"password\":\"aHVudGVyMg==\"}}", "note": "x"}},
            "data": {"password": "aHVudGVyMg==", "empty": "", "odd": "no base64!"},
            "stringData": {"user": "admin"}});
        let shown = shown(secret);
        let text = shown.to_string();
        for secret in ["aHVudGVyMg", "hunter2", "no base64", "admin"] {
            assert!(!text.contains(secret), "{text}");
        }
        let keys: Vec<&String> = shown["data"].as_object().unwrap().keys().collect();
        assert_eq!(keys, ["password", "empty", "odd"]);
        assert!(shown["data"]["password"].as_str().unwrap().starts_with("***(7 bytes, hmac:"), "{text}");
        assert_eq!(shown["metadata"]["annotations"]["note"], "x");
        assert_eq!(shown["type"], "Opaque");
    }

    #[test]
    fn equal_values_look_equal_however_they_are_spelled() {
        let data = json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "aHVudGVyMg=="}});
        let text = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "hunter2"}});
        assert_eq!(shown(data)["data"]["a"], shown(text)["stringData"]["a"]);
    }

    #[test]
    fn other_objects_are_left_alone() {
        let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}});
        assert_eq!(shown(map.clone()), map);
        let twice = shown(shown(json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "aGk="}})));
        assert_eq!(twice, shown(json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": "aGk="}})));
    }
}
