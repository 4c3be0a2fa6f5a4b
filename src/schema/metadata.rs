//! Names, labels and annotations, which a schema only calls strings.

use serde_json::{Map, Value};

use super::crd::OBJECT_META;
use super::kinds::KindInfo;
use super::structure::Place;
use super::violation::{Violation, join, show};

/// Most bytes that the annotations of one object may have together.
const ANNOTATION_BYTES: usize = 256 * 1024;

/// Which names objects of a kind may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NameRule {
    /// Lower-case letters, digits and `-`, at most 63.
    Label,
    /// As a label, and it begins with a letter.
    Label1035,
    /// Labels joined by dots, at most so many characters.
    Subdomain(usize),
    /// Anything that can stand in a URL path: RBAC.
    PathSegment,
    /// A rule of its own that is not checked here.
    Own,
}

/// Checks the object's own metadata and every labelled or selecting place within it.
pub(super) fn check(info: &KindInfo, object: &Value, places: &[Place<'_>], minor: &str) -> Vec<Violation> {
    let mut found = name(info, object, minor);
    if !info.namespaced {
        if let Some(namespace) = object.pointer("/metadata/namespace").and_then(Value::as_str) {
            let message = format!("{} has no namespace, so `{namespace}` is dropped", info.gvk.kind);
            let violation = Violation::warning("schema-namespace", "/metadata/namespace", message);
            found.push(violation.hint("remove `metadata.namespace`"));
        }
    } else if let Some(namespace) = object.pointer("/metadata/namespace").and_then(Value::as_str) {
        found.extend(dns_label(namespace).map(|reason| bad_name("/metadata/namespace", namespace, &reason)));
    }
    for place in places {
        match place.component {
            OBJECT_META => found.extend(labels_and_annotations(place)),
            "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector" => {
                found.extend(labels(place.value.get("matchLabels"), &join(&place.path, "matchLabels")));
            }
            _ => {}
        }
    }
    found
}

fn name(info: &KindInfo, object: &Value, minor: &str) -> Vec<Violation> {
    let text =
        |pointer: &str| object.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let rule = rule_of(info, minor);
    match (text("/metadata/name"), text("/metadata/generateName")) {
        (Some(name), _) => check_name(rule, name)
            .map(|reason| bad_name("/metadata/name", name, &reason))
            .into_iter()
            .collect(),
        (None, Some(prefix)) => {
            // The server appends five characters; a trailing dash or dot is then fine.
            let whole = format!("{prefix}abcde");
            check_name(rule, &whole)
                .map(|reason| bad_name("/metadata/generateName", prefix, &reason))
                .into_iter()
                .collect()
        }
        // Reviews are answered, not stored.
        (None, None) if info.gvk.kind.ends_with("Review") || rule == NameRule::Own => Vec::new(),
        (None, None) => {
            let message = "the object has no name".to_owned();
            vec![Violation::error("schema-required", "/metadata/name", message).hint("add `metadata.name`")]
        }
    }
}

fn bad_name(path: &str, name: &str, reason: &str) -> Violation {
    let violation = Violation::error("schema-name", path, format!("the name `{name}` {reason}"));
    match suggestion(name) {
        Some(better) if better != name => violation.hint(format!("use for example `{better}`")),
        _ => violation.hint("use lower-case letters, digits and `-`"),
    }
}

/// The nearest DNS label.
fn suggestion(name: &str) -> Option<String> {
    let lower: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
        .take(63)
        .collect();
    let trimmed = lower.trim_matches('-').to_owned();
    (!trimmed.is_empty()).then_some(trimmed)
}

fn rule_of(info: &KindInfo, minor: &str) -> NameRule {
    if info.definition.is_some() {
        return NameRule::Subdomain(253);
    }
    match (info.gvk.group.as_str(), info.gvk.kind.as_str()) {
        ("", "Namespace") | ("apps", "StatefulSet") => NameRule::Label,
        ("", "Service") if matches!(minor, "1.34" | "1.35") => NameRule::Label1035,
        ("", "Service") => NameRule::Label,
        ("batch", "CronJob") => NameRule::Subdomain(52),
        ("rbac.authorization.k8s.io", _) => NameRule::PathSegment,
        ("networking.k8s.io", "IPAddress")
        | ("certificates.k8s.io", "ClusterTrustBundle")
        | ("internal.apiserver.k8s.io", _)
        | ("", "Binding") => NameRule::Own,
        _ => NameRule::Subdomain(253),
    }
}

/// What is wrong with a name, as the end of a sentence.
fn check_name(rule: NameRule, name: &str) -> Option<String> {
    match rule {
        NameRule::Label => dns_label(name),
        NameRule::Label1035 => dns_label(name).or_else(|| {
            name.starts_with(|c: char| !c.is_ascii_lowercase())
                .then(|| "does not begin with a letter".to_owned())
        }),
        NameRule::Subdomain(most) => subdomain(name, most),
        NameRule::PathSegment => (matches!(name, "." | "..") || name.contains(['/', '%']))
            .then(|| "contains `/` or `%`".to_owned()),
        NameRule::Own => None,
    }
}

/// What keeps a text from being a DNS label (RFC 1123).
pub(super) fn dns_label(text: &str) -> Option<String> {
    if text.len() > 63 {
        return Some(format!("has {} characters; at most 63 are allowed", text.len()));
    }
    label_characters(text)
}

fn label_characters(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty or has an empty part".to_owned());
    }
    if let Some(wrong) = text.chars().find(|c| !(c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')) {
        return Some(format!("contains `{wrong}`; only lower-case letters, digits and `-` are allowed"));
    }
    (text.starts_with('-') || text.ends_with('-')).then(|| "begins or ends with `-`".to_owned())
}

fn subdomain(text: &str, most: usize) -> Option<String> {
    if text.len() > most {
        return Some(format!("has {} characters; at most {most} are allowed", text.len()));
    }
    text.split('.').find_map(label_characters)
}

fn labels_and_annotations(place: &Place<'_>) -> Vec<Violation> {
    let mut found = labels(place.value.get("labels"), &join(&place.path, "labels"));
    let path = join(&place.path, "annotations");
    if let Some(annotations) = place.value.get("annotations").and_then(Value::as_object) {
        found.extend(annotations.keys().filter_map(|key| bad_key(key, &key.to_lowercase(), &path)));
        let bytes: usize =
            annotations.iter().map(|(key, value)| key.len() + value.as_str().map_or(0, str::len)).sum();
        if bytes > ANNOTATION_BYTES {
            let message =
                format!("the annotations have {bytes} bytes; at most {ANNOTATION_BYTES} are allowed");
            found.push(
                Violation::error("schema-annotation", path, message).hint("move large data to a ConfigMap"),
            );
        }
    }
    found
}

/// Checks keys and values of a map of labels.
fn labels(map: Option<&Value>, path: &str) -> Vec<Violation> {
    let Some(map) = map.and_then(Value::as_object) else { return Vec::new() };
    label_pairs(map, path)
}

fn label_pairs(map: &Map<String, Value>, path: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for (key, value) in map {
        found.extend(bad_key(key, key, path));
        let Some(text) = value.as_str() else { continue };
        let reason = if text.len() > 63 {
            format!("has {} characters; at most 63 are allowed", text.len())
        } else if !text.is_empty() && !is_qualified(text) {
            "may have only letters, digits, `-`, `_` and `.`, and begins and ends with a letter or digit"
                .to_owned()
        } else {
            continue;
        };
        let message = format!("the label value {} {reason}", show(value));
        found.push(
            Violation::error("schema-label", join(path, key), message)
                .hint("shorten it, or keep the text in an annotation"),
        );
    }
    found
}

/// What is wrong with the key of a label or annotation; `judged` is the key as it is compared.
fn bad_key(key: &str, judged: &str, path: &str) -> Option<Violation> {
    let (prefix, name) =
        judged.rsplit_once('/').map_or((None, judged), |(prefix, name)| (Some(prefix), name));
    let reason = if let Some(reason) = prefix.and_then(|prefix| subdomain(prefix, 253)) {
        format!("has a prefix that {reason}")
    } else if name.is_empty() || name.len() > 63 {
        format!("has a name of {} characters; 1 to 63 are allowed", name.len())
    } else if !is_qualified(name) {
        "may have only letters, digits, `-`, `_` and `.` after an optional `prefix/`".to_owned()
    } else {
        return None;
    };
    let message = format!("the key `{key}` {reason}");
    Some(Violation::error("schema-label", join(path, key), message).hint("use `name` or `example.com/name`"))
}

/// Letters, digits, `-`, `_`, `.`; first and last a letter or digit.
fn is_qualified(text: &str) -> bool {
    let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    ends(text.chars().next())
        && ends(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
