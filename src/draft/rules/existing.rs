//! Objects of the target that a request names.

use serde_json::Value;

use crate::draft::span::find_cue;

/// The first existing object whose name stands in the text, with its kind. Names of fewer than three characters are
/// left alone: they are words of every language.
pub fn mentioned(text: &str, existing: &[Value]) -> Option<(String, String)> {
    let field = |object: &Value, pointer: &str| object.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    existing
        .iter()
        .filter_map(|object| Some((field(object, "/metadata/name")?, field(object, "/kind")?)))
        .filter(|(name, _)| name.len() > 2 && stands_alone(text, name))
        .max_by_key(|(name, _)| name.len())
}

/// Kinds that something new refers to by name: a claim that is mounted, a namespace that is meant.
pub fn is_used_by_name(kind: &str) -> bool {
    matches!(
        kind,
        "PersistentVolumeClaim"
            | "Namespace"
            | "StorageClass"
            | "Secret"
            | "ConfigMap"
            | "LocalQueue"
            | "ClusterQueue"
            | "PriorityClass"
            | "RuntimeClass"
            | "ResourceQuota"
            | "LimitRange"
            | "ServiceAccount"
            | "Node"
    )
}

/// `shop` stands in `scale shop`, not in `shop-2`.
fn stands_alone(text: &str, name: &str) -> bool {
    find_cue(text, name).into_iter().any(|(start, end)| {
        let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '/' | ':' | '_');
        let before = text[..start].chars().next_back().is_some_and(part);
        let mut rest = text[end..].chars();
        let after = match rest.next() {
            // A full stop ends a sentence; inside a host or image something follows it.
            Some('.' | ':') => rest.next().is_some_and(|c| c.is_ascii_alphanumeric()),
            Some(c) => part(c),
            None => false,
        };
        !before && !after
    })
}
