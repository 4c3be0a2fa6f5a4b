//! Secrets in a plan: values that are generated, values that are withheld from a plan's document, values that stay.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manifest::DRAFT_ANNOTATION;

/// The annotation of a Secret whose values are drawn after it was applied: `{"token": {"kind": "hex", "length": 48}}`.
pub const GENERATE_ANNOTATION: &str = "kubectl-copilot.dev/generate";

/// kubectl's copy of what was applied: it repeats a Secret's values.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Most characters of a generated value.
const LONGEST: usize = 1024;

/// A value that is drawn after the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drawn {
    /// JSON pointer into the Secret, e.g. `/data/token`.
    pub path: String,
    /// Which characters it is made of: `hex`.
    pub kind: String,
    /// How many characters it has.
    #[serde(default)]
    pub length: usize,
}

#[derive(Deserialize)]
struct Generate {
    kind: String,
    length: usize,
}

fn is_secret(object: &Value) -> bool {
    object.get("kind").and_then(Value::as_str) == Some("Secret")
        && object.get("apiVersion").and_then(Value::as_str) == Some("v1")
}

fn annotation<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get("metadata")?.get("annotations")?.get(name)
}

/// Whether this program wrote the object.
pub(super) fn is_ours(object: &Value) -> bool {
    annotation(object, DRAFT_ANNOTATION).is_some()
}

/// Whether the object is a Secret that holds values, in any of the places where one can.
pub(super) fn holds_values(object: &Value) -> bool {
    let filled = |field: &str| match object.get(field) {
        None | Some(Value::Null) => false,
        Some(Value::Object(map)) => !map.is_empty(),
        Some(_) => true,
    };
    is_secret(object)
        && (filled("data") || filled("stringData") || annotation(object, LAST_APPLIED).is_some())
}

/// For serde: a body that does not enter a document.
pub(super) fn is_withheld(body: &Option<Value>) -> bool {
    body.as_ref().is_none_or(holds_values)
}

/// The values that the object's annotation says are drawn later.
///
/// # Errors
/// What is wrong with the annotation, as a clause.
pub(super) fn drawn(object: &Value) -> Result<Vec<Drawn>, String> {
    let Some(value) = annotation(object, GENERATE_ANNOTATION) else { return Ok(Vec::new()) };
    if !is_secret(object) {
        return Err(format!("the annotation {GENERATE_ANNOTATION} is for Secrets only"));
    }
    let wrong = |reason: String| format!("the annotation {GENERATE_ANNOTATION} cannot be read: {reason}");
    let text = value.as_str().ok_or_else(|| wrong("it is not a string".into()))?;
    let entries: Map<String, Value> = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let mut drawn = Vec::new();
    for (key, entry) in entries {
        let legal = !key.is_empty()
            && key.len() <= 253
            && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
        if !legal {
            return Err(wrong(format!("'{key}' is no key of a Secret")));
        }
        let Generate { kind, length } =
            serde_json::from_value(entry).map_err(|error| wrong(format!("at '{key}': {error}")))?;
        if kind != "hex" {
            return Err(wrong(format!("'{key}' asks for the kind '{kind}', and only hex is drawn")));
        }
        if !(16..=LONGEST).contains(&length) {
            return Err(wrong(format!(
                "'{key}' asks for {length} characters, and 16 to {LONGEST} are drawn"
            )));
        }
        drawn.push(Drawn { path: format!("/data/{key}"), kind, length });
    }
    Ok(drawn)
}

/// Generated keys that somebody has filled in, as JSON pointers into `existing`: a change never rotates them.
pub(super) fn filled(existing: &Value, drawn: &[Drawn]) -> Vec<String> {
    let keys = drawn.iter().filter_map(|drawn| drawn.path.strip_prefix("/data/"));
    keys.flat_map(|key| [format!("/data/{key}"), format!("/stringData/{key}")])
        .filter(|pointer| existing.pointer(pointer).is_some_and(|value| !value.is_null()))
        .collect()
}

/// The body with the kept values of the object that stands in the target.
pub(super) fn with_kept(body: &Value, existing: &Value, keeps: &[String]) -> Value {
    let mut whole = body.clone();
    for pointer in keeps {
        let Some((field, key)) = pointer.trim_start_matches('/').split_once('/') else { continue };
        let (Some(value), Some(object)) = (existing.pointer(pointer), whole.as_object_mut()) else {
            continue;
        };
        let map = object.entry(field).or_insert_with(|| Value::Object(Map::new()));
        if let Some(map) = map.as_object_mut() {
            map.insert(key.to_owned(), value.clone());
        }
    }
    whole
}

/// An object that holds the same but for the kept values: what is shown, compared and planned.
pub(super) fn without_kept(existing: &Value, keeps: &[String]) -> Value {
    let mut rest = existing.clone();
    for pointer in keeps {
        let Some((field, key)) = pointer.trim_start_matches('/').split_once('/') else { continue };
        let Some(object) = rest.as_object_mut() else { continue };
        if let Some(map) = object.get_mut(field).and_then(Value::as_object_mut) {
            map.shift_remove(key);
            if map.is_empty() {
                object.shift_remove(field);
            }
        }
    }
    rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn secret(generate: &str) -> Value {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": {GENERATE_ANNOTATION: generate}}})
    }

    #[test]
    fn the_annotation_says_what_is_drawn() {
        let drawn = drawn(&secret(r#"{"token": {"kind": "hex", "length": 48}}"#)).unwrap();
        assert_eq!(drawn, [Drawn { path: "/data/token".into(), kind: "hex".into(), length: 48 }]);
    }

    #[test]
    fn an_annotation_that_cannot_be_followed_is_refused() {
        for (text, why) in [
            ("token", "cannot be read"),
            (r#"{"to ken": {"kind": "hex", "length": 48}}"#, "no key of a Secret"),
            (r#"{"$(id)": {"kind": "hex", "length": 48}}"#, "no key of a Secret"),
            (r#"{"token": {"kind": "words", "length": 48}}"#, "only hex"),
            (r#"{"token": {"kind": "hex", "length": 2}}"#, "2 characters"),
        ] {
            let error = drawn(&secret(text)).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        let mut other = secret("{}");
        other["kind"] = json!("ConfigMap");
        assert!(drawn(&other).unwrap_err().contains("Secrets only"));
    }

    #[test]
    fn every_carrier_of_values_is_seen() {
        let mut plain = secret("{}");
        assert!(!holds_values(&plain));
        plain["data"] = json!({});
        assert!(!holds_values(&plain));
        plain["stringData"] = json!({"a": "b"});
        assert!(holds_values(&plain));
        let applied = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "annotations": {LAST_APPLIED: "{}"}}});
        assert!(holds_values(&applied));
        assert!(!holds_values(&json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}})));
    }

    #[test]
    fn a_filled_key_is_kept_and_only_that() {
        let drawn = drawn(&secret(r#"{"token": {"kind": "hex", "length": 48}}"#)).unwrap();
        let mut existing = secret("{}");
        existing["data"] = json!({"token": "YWJj", "other": "eA=="});
        let keeps = filled(&existing, &drawn);
        assert_eq!(keeps, ["/data/token"]);
        assert_eq!(without_kept(&existing, &keeps)["data"], json!({"other": "eA=="}));
        assert_eq!(with_kept(&secret("{}"), &existing, &keeps)["data"], json!({"token": "YWJj"}));
        existing["data"] = json!({"token": "YWJj"});
        assert!(without_kept(&existing, &keeps).get("data").is_none());
    }
}
