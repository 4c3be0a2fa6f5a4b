//! What the server owns is taken off an object, and an object gets one spelling for hashing.

use serde_json::{Map, Value};

use super::pointer;

/// Fields that the API server or a controller writes. Nobody states them in a manifest.
const SERVER_OWNED: [&str; 8] = [
    "/metadata/managedFields",
    "/metadata/uid",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/creationTimestamp",
    "/metadata/selfLink",
    "/metadata/deletionTimestamp",
    "/status",
];

/// The server-owned fields that the object has, as JSON pointers, in a fixed order.
pub fn server_owned(object: &Value) -> Vec<&'static str> {
    SERVER_OWNED.iter().copied().filter(|pointer| object.pointer(pointer).is_some()).collect()
}

/// Removes what the server owns ([`server_owned`]) and says how many fields that were. A second call removes none.
///
/// `creationTimestamp: null` in a pod template, which Go programs print, is removed as well.
pub fn normalize(object: &mut Value) -> usize {
    let owned = server_owned(object);
    for path in &owned {
        remove(object, path);
    }
    owned.len() + remove_null_timestamps(object)
}

/// Removes one field of a map; true where it was there.
pub fn remove(object: &mut Value, path: &str) -> bool {
    let (Some(parent), Some(key)) = (pointer::parent(path), pointer::last(path)) else { return false };
    match object.pointer_mut(parent) {
        Some(Value::Object(map)) => map.shift_remove(key.as_ref()).is_some(),
        _ => false,
    }
}

fn remove_null_timestamps(value: &mut Value) -> usize {
    match value {
        Value::Object(map) => {
            let mut removed = 0;
            if let Some(Value::Object(metadata)) = map.get_mut("metadata")
                && metadata.get("creationTimestamp").is_some_and(Value::is_null)
            {
                metadata.shift_remove("creationTimestamp");
                removed += 1;
            }
            removed + map.values_mut().map(remove_null_timestamps).sum::<usize>()
        }
        Value::Array(list) => list.iter_mut().map(remove_null_timestamps).sum(),
        _ => 0,
    }
}

/// Compact JSON with the keys of every map sorted, for hashing and comparing. Two objects that differ only in the
/// order of their keys have the same form.
pub fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Object(map) => write_map(map, text),
        Value::Array(list) => {
            text.push('[');
            for (index, child) in list.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write(child, text);
            }
            text.push(']');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_map(map: &Map<String, Value>, text: &mut String) {
    let mut entries: Vec<(&String, &Value)> = map.iter().collect();
    entries.sort_unstable_by_key(|(key, _)| *key);
    text.push('{');
    for (index, (key, child)) in entries.into_iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&Value::from(key.as_str()).to_string());
        text.push(':');
        write(child, text);
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_owns_goes_and_the_rest_stays() {
        let mut object = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": "a", "uid": "1", "resourceVersion": "2", "labels": {"uid": "kept"},
                         "managedFields": [], "ownerReferences": [{"uid": "kept"}]},
            "spec": {"status": "kept"},
            "status": {"phase": "Running"},
        });
        assert_eq!(normalize(&mut object), 4);
        assert_eq!(
            object,
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": "a", "labels": {"uid": "kept"}, "ownerReferences": [{"uid": "kept"}]},
                "spec": {"status": "kept"},
            })
        );
        assert_eq!(normalize(&mut object), 0);
    }

    #[test]
    fn an_empty_timestamp_of_a_template_goes() {
        let mut object =
            json!({"spec": {"template": {"metadata": {"creationTimestamp": null, "labels": {}}}}});
        assert_eq!(normalize(&mut object), 1);
        assert_eq!(object, json!({"spec": {"template": {"metadata": {"labels": {}}}}}));
    }

    #[test]
    fn removal_keeps_the_order_of_keys() {
        let mut object = json!({"a": 1, "status": 2, "b": 3, "c": 4});
        normalize(&mut object);
        assert_eq!(object.to_string(), r#"{"a":1,"b":3,"c":4}"#);
    }

    #[test]
    fn key_order_does_not_reach_the_canonical_form() {
        let one = json!({"b": [1, {"y": null, "x": "é\n"}], "a": true});
        let two = json!({"a": true, "b": [1, {"x": "é\n", "y": null}]});
        assert_eq!(canonical(&one), canonical(&two));
        assert_eq!(canonical(&one), r#"{"a":true,"b":[1,{"x":"é\n","y":null}]}"#);
        assert_ne!(canonical(&json!([1, 2])), canonical(&json!([2, 1])));
    }
}
