//! Claims that no StorageClass would serve: they stay Pending, and with them the Pods that mount them.

use serde_json::Value;

use crate::cluster::Snapshot;
use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;

/// The class of a claim as it was named before there was a field for it.
const ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";

/// One warning for each claim of a new object that names a class that is not there, or none where there is no default.
/// Nothing where the classes may not be read.
pub fn claims_without_class(object: &Value, snapshot: &Snapshot) -> Vec<Finding> {
    let Some(classes) = &snapshot.storage_classes else { return Vec::new() };
    let key = ObjectKey::of(object);
    let warn = |(pointer, claim): (String, &Value)| {
        let missing = missing(claim, classes, snapshot.default_storage_class.is_some())?;
        let message = format!(
            "the claim stays Pending unless a PersistentVolume is made for it: {missing}; {}",
            if classes.is_empty() {
                "there is no StorageClass at all".to_owned()
            } else {
                format!("there are: {}", classes.join(", "))
            }
        );
        let path = format!("{pointer}/spec/storageClassName");
        Some(
            Finding::new("claim-without-storage-class", Severity::Warning, key.clone(), path, message).with_hint(
                "name one of these as storageClassName, or ask the cluster's administrators for a default or a volume",
            ),
        )
    };
    claims(object).into_iter().filter_map(warn).collect()
}

/// What a claim lacks; `None` where a class serves it, or where it is for a volume that is there already.
fn missing(claim: &Value, classes: &[String], has_default: bool) -> Option<String> {
    let spec = claim.get("spec")?;
    if spec.get("volumeName").and_then(Value::as_str).is_some_and(|name| !name.is_empty()) {
        return None;
    }
    let annotation = claim.pointer("/metadata/annotations").and_then(|all| all.get(ANNOTATION));
    match annotation.or_else(|| spec.get("storageClassName")).and_then(Value::as_str) {
        // On purpose: a volume without a class.
        Some("") => None,
        Some(name) if classes.iter().any(|class| class == name) => None,
        Some(name) => Some(format!("there is no StorageClass '{name}'")),
        None if has_default => None,
        None => Some("it names no StorageClass, and none is the default".to_owned()),
    }
}

/// The claims that an object is or makes, with their pointers.
fn claims(object: &Value) -> Vec<(String, &Value)> {
    let text = |field: &str| object.get(field).and_then(Value::as_str).unwrap_or_default();
    let list = |pointer: &str| object.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let mut found = Vec::new();
    match text("kind") {
        "PersistentVolumeClaim" if text("apiVersion") == "v1" => found.push((String::new(), object)),
        "StatefulSet" => {
            let pointer = "/spec/volumeClaimTemplates";
            found.extend(list(pointer).enumerate().map(|(at, claim)| (format!("{pointer}/{at}"), claim)));
        }
        _ => {}
    }
    for spec in ["/spec", "/spec/template/spec", "/spec/jobTemplate/spec/template/spec"] {
        let volumes = format!("{spec}/volumes");
        found.extend(list(&volumes).enumerate().filter_map(|(at, volume)| {
            let claim = volume.pointer("/ephemeral/volumeClaimTemplate")?;
            Some((format!("{volumes}/{at}/ephemeral/volumeClaimTemplate"), claim))
        }));
    }
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn snapshot(classes: &[&str], default: Option<&str>) -> Snapshot {
        Snapshot {
            storage_classes: Some(classes.iter().map(|name| (*name).to_owned()).collect()),
            default_storage_class: default.map(str::to_owned),
            ..Snapshot::default()
        }
    }

    #[allow(clippy::needless_pass_by_value, reason = "it is made where it is handed over")]
    fn claim(spec: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "home"}, "spec": spec})
    }

    fn messages(object: &Value, snapshot: &Snapshot) -> Vec<String> {
        claims_without_class(object, snapshot).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn without_a_default_a_claim_has_to_name_its_class() {
        let none = snapshot(&["fast", "slow"], None);
        let [finding] = &claims_without_class(&claim(json!({})), &none)[..] else { panic!("one warning") };
        assert_eq!((finding.severity, finding.path.as_str()), (Severity::Warning, "/spec/storageClassName"));
        assert_eq!(
            finding.message,
            "the claim stays Pending unless a PersistentVolume is made for it: it names no StorageClass, and none is the default; there are: fast, slow"
        );
        assert!(
            messages(&claim(json!({})), &snapshot(&[], None))[0].ends_with("there is no StorageClass at all")
        );
        assert!(messages(&claim(json!({"storageClassName": "slow"})), &none).is_empty());
        assert!(messages(&claim(json!({})), &snapshot(&["fast"], Some("fast"))).is_empty());
    }

    #[test]
    fn a_class_that_is_not_there_is_named_whatever_the_default() {
        let standard = snapshot(&["standard"], Some("standard"));
        let wrong = messages(&claim(json!({"storageClassName": "standrad"})), &standard);
        let [message] = &wrong[..] else { panic!("{wrong:?}") };
        assert!(message.ends_with(": there is no StorageClass 'standrad'; there are: standard"), "{message}");
        let mut old = claim(json!({}));
        old["metadata"]["annotations"] = json!({ANNOTATION: "gone"});
        assert_eq!(messages(&old, &standard).len(), 1);
    }

    #[test]
    fn who_brings_a_volume_needs_no_class_and_what_is_not_known_is_not_said() {
        let none = snapshot(&[], None);
        for spec in [json!({"storageClassName": ""}), json!({"volumeName": "volume-7"})] {
            assert!(messages(&claim(spec), &none).is_empty());
        }
        assert!(messages(&claim(json!({})), &Snapshot::default()).is_empty());
    }

    #[test]
    fn claims_that_are_made_for_pods_count_too() {
        let none = snapshot(&["fast"], None);
        let set = json!({"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": "db"}, "spec": {
            "volumeClaimTemplates": [{"metadata": {"name": "a"}, "spec": {"storageClassName": "fast"}},
                                     {"metadata": {"name": "b"}, "spec": {}}],
            "template": {"spec": {"volumes": [{"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
                                              {"name": "tmp", "emptyDir": {}}]}}}});
        let paths: Vec<String> =
            claims_without_class(&set, &none).into_iter().map(|finding| finding.path).collect();
        assert_eq!(
            paths,
            [
                "/spec/volumeClaimTemplates/1/spec/storageClassName",
                "/spec/template/spec/volumes/0/ephemeral/volumeClaimTemplate/spec/storageClassName"
            ]
        );
        assert!(messages(&json!({"apiVersion": "v1", "kind": "ConfigMap"}), &none).is_empty());
    }
}
