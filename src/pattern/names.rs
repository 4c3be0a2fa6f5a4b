//! Names of Kubernetes objects, and the nearest known name to one that is not known.

use super::error::PatternError;

/// The known name that is closest to `name`, where one is close enough to be what was meant.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::jaro_winkler(name, candidate), candidate))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, candidate)| candidate)
}

/// Whether `text` is a DNS label (RFC 1123): 1 to 63 lower-case letters, digits and `-`, no `-` at the ends.
pub(super) fn is_label(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    (1..=63).contains(&text.len())
        && text.bytes().all(inner)
        && !text.starts_with('-')
        && !text.ends_with('-')
}

/// Whether `text` is a DNS subdomain: labels joined by dots, 253 characters at most.
fn is_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_label)
}

/// Whether `text` can be the value of a label: empty, or at most 63 letters, digits, `-`, `_` and `.`, the ends
/// alphanumeric.
pub(super) fn is_label_value(text: &str) -> bool {
    let inner = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'-' | b'_' | b'.');
    let ends = |c: Option<u8>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= 63 && text.bytes().all(inner) && ends(text.bytes().next()) && ends(text.bytes().last())
}

/// Checks the name that an object of `kind` was rendered with.
///
/// # Errors
/// Which rule of the API server the name breaks.
pub(super) fn check_name(kind: &str, name: &str) -> Result<(), PatternError> {
    // What the name ends up in decides its length: a StatefulSet's in a label together with an eleven-character hash,
    // a CronJob's in the names of its Jobs, a Job's or a Service's in a label or a DNS name as it is.
    let (longest, fits) = match kind {
        "Service" => (63, is_label(name) && name.starts_with(|c: char| c.is_ascii_lowercase())),
        "Namespace" | "Job" | "Pod" => (63, is_label(name)),
        "StatefulSet" | "CronJob" => (52, is_label(name)),
        _ => (253, is_subdomain(name)),
    };
    if fits && name.len() <= longest {
        return Ok(());
    }
    let rule = match kind {
        "Service" => "must begin with a letter and hold lower-case letters, digits and '-' only",
        _ => "must hold lower-case letters, digits and '-' only, with a letter or digit at both ends",
    };
    Err(PatternError::new(format!(
        "'{name}' cannot name a {kind}: such a name {rule}, and has 1 to {longest} characters (this one has {})",
        name.chars().count()
    ))
    .with_parameter("name")
    .with_hint("choose another name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_by_the_kind_that_bears_them() {
        assert!(check_name("Service", "web").is_ok());
        assert!(
            check_name("Service", "2-web").is_err(),
            "a Service's name is a DNS label that begins with a letter"
        );
        assert!(check_name("ConfigMap", "2-web.conf").is_ok());
        for bad in ["", "Web", "web_1", "-web", "web-", "a/b", "web\n"] {
            assert!(check_name("Deployment", bad).is_err(), "{bad:?}");
        }
        assert!(check_name("StatefulSet", &"a".repeat(52)).is_ok());
        assert!(check_name("StatefulSet", &"a".repeat(53)).is_err());
    }

    #[test]
    fn a_near_miss_is_named_and_a_far_one_is_not() {
        let known = ["replicas", "image", "gpus"];
        assert_eq!(nearest("replica", known.into_iter()), Some("replicas"));
        assert_eq!(nearest("zzz", known.into_iter()), None);
    }

    #[test]
    fn label_values() {
        for good in ["", "alice", "Team-A_1.b"] {
            assert!(is_label_value(good), "{good}");
        }
        for bad in ["-a", "a-", "a b", "a/b", "李"] {
            assert!(!is_label_value(bad), "{bad}");
        }
    }
}
