//! Which fields are ours, as the API server keeps it in `metadata.managedFields`.

use serde_json::{Value, json};

/// The field manager of everything that this program writes.
pub const FIELD_MANAGER: &str = "kubectl-copilot";

/// Whether this program has written the object before.
pub(super) fn is_managed(live: &Value) -> bool {
    entries(live).any(is_ours)
}

/// The fields that this program has applied, as `fieldsV1` has them.
pub(super) fn applied(object: &Value) -> Option<&Value> {
    ours(object)?.get("fieldsV1")
}

/// Whether what this program has applied is in the manifest's version of the API.
pub(super) fn is_same_version(object: &Value, manifest: &Value) -> bool {
    ours(object).is_some_and(|entry| entry.get("apiVersion") == manifest.get("apiVersion"))
}

fn ours(object: &Value) -> Option<&Value> {
    entries(object).find(|entry| is_ours(entry) && entry.get("operation").is_some_and(|o| o == "Apply"))
}

/// The JSON patch after a POST: what was created counts as an update by us, and our next server-side apply would conflict
/// with it. As client-go's csaupgrade does, the entry becomes one of an apply. `None` where there is nothing to turn.
///
/// With `drawn`, the object is a Secret whose values were generated: its `data` is taken out of what we own, since an apply
/// removes what its body leaves out, and no body ever holds these values again.
///
/// The patch holds only for the resourceVersion that the POST returned.
pub(super) fn upgrade(created: &Value, drawn: bool) -> Option<Value> {
    let version = created.pointer("/metadata/resourceVersion")?.as_str()?;
    if !entries(created).any(|entry| is_ours(entry) && entry["operation"] == "Update") {
        return None;
    }
    let entries: Vec<Value> = entries(created)
        .map(|entry| {
            let mut entry = entry.clone();
            if is_ours(&entry) {
                entry["operation"] = json!("Apply");
                if let Some(fields) =
                    entry.get_mut("fieldsV1").and_then(Value::as_object_mut).filter(|_| drawn)
                {
                    fields.shift_remove("f:data");
                }
            }
            entry
        })
        .collect();
    Some(json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
    ]))
}

fn entries(object: &Value) -> impl Iterator<Item = &Value> {
    object.pointer("/metadata/managedFields").and_then(Value::as_array).into_iter().flatten()
}

fn is_ours(entry: &Value) -> bool {
    entry.get("manager").is_some_and(|manager| manager == FIELD_MANAGER) && entry.get("subresource").is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(operation: &str, manager: &str) -> Value {
        json!({"metadata": {"resourceVersion": "5", "managedFields": [
            {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": {"f:data": {}}},
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "status", "fieldsV1": {}},
        ]}})
    }

    #[test]
    fn what_we_created_becomes_what_we_applied() {
        let created = object("Update", FIELD_MANAGER);
        assert!(is_managed(&created));
        let patch = upgrade(&created, false).unwrap();
        assert_eq!(patch[0]["value"][0]["operation"], "Apply");
        assert_eq!(patch[0]["value"][1], created["metadata"]["managedFields"][1], "others' entries stay");
        assert_eq!(patch[1], json!({"op": "replace", "path": "/metadata/resourceVersion", "value": "5"}));
    }

    #[test]
    fn generated_values_belong_to_nobody() {
        let patch = upgrade(&object("Update", FIELD_MANAGER), true).unwrap();
        assert_eq!(patch[0]["value"][0]["fieldsV1"], json!({}));
    }

    #[test]
    fn others_fields_are_left_alone() {
        assert_eq!(upgrade(&object("Update", "kubectl"), false), None);
        assert_eq!(upgrade(&object("Apply", FIELD_MANAGER), false), None);
        assert!(is_managed(&object("Apply", FIELD_MANAGER)));
        assert!(!is_managed(&object("Apply", "helm")));
    }
}
