//! **secret-in-env** (warning): a password stands in no manifest.
//!
//! An environment variable whose name says that it is a secret (`…PASSWORD`, `…TOKEN`, `…SECRET`, `…API_KEY`, …) and
//! that has a literal value: whoever may read the workload, or the folder it is in, may read the value. Put it into a
//! Secret and take it from there (`valueFrom.secretKeyRef`). The value itself is never shown.

use super::super::Subject;
use super::{about_pod, list, text};
use crate::finding::{Finding, Severity};
use crate::manifest::containers;

/// Words of a name that say so, between underscores or at the end.
const WORDS: [&str; 9] =
    ["PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET", "APIKEY", "CREDENTIAL", "CREDENTIALS", "PWD"];
/// Two words that say so together.
const PAIRS: [(&str, &str); 5] =
    [("API", "KEY"), ("ACCESS", "KEY"), ("PRIVATE", "KEY"), ("SECRET", "KEY"), ("ENCRYPTION", "KEY")];
/// Last words that make a name one of a place or a setting, not of the secret.
const HARMLESS: [&str; 9] = ["FILE", "PATH", "DIR", "NAME", "URL", "ENDPOINT", "ID", "TTL", "TYPE"];

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pod in &subject.pods {
        for container in containers(&pod.pod) {
            for (index, variable) in list(container.container, "/env").enumerate() {
                let (name, value) = (text(variable, "/name").unwrap_or_default(), text(variable, "/value"));
                // `$(OTHER)` is a reference to another variable.
                let literal = value.is_some_and(|value| !value.is_empty() && !value.starts_with("$("));
                if literal && is_secret(name) {
                    let message = format!(
                        "variable {name} of container '{}' has its value in the manifest",
                        container.name()
                    );
                    let path = format!("{}/env/{index}", container.pointer);
                    let finding = about_pod(subject, pod, "secret-in-env", Severity::Warning, &path, message);
                    findings.push(
                        finding.with_hint("put the value into a Secret and use valueFrom.secretKeyRef"),
                    );
                }
            }
        }
    }
    findings
}

fn is_secret(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let words: Vec<&str> = upper.split(['_', '-', '.']).filter(|word| !word.is_empty()).collect();
    if words.last().is_none_or(|last| HARMLESS.contains(last)) || upper == "PWD" {
        return false;
    }
    words.iter().any(|word| WORDS.contains(word))
        || words.windows(2).any(|pair| matches!(pair, [a, b] if PAIRS.contains(&(*a, *b))))
}

#[cfg(test)]
mod tests {
    use super::is_secret;

    #[test]
    fn names_say_whether_they_are_secrets() {
        for name in [
            "DB_PASSWORD",
            "HF_TOKEN",
            "aws_secret_access_key",
            "OPENAI_API_KEY",
            "JUPYTER_TOKEN",
            "PGPASSWORD_SECRET",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in [
            "DB_PASSWORD_FILE",
            "TOKENIZERS_PARALLELISM",
            "PATH",
            "SECRET_NAME",
            "MAX_TOKENS",
            "PWD",
            "KEY",
            "",
        ] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
