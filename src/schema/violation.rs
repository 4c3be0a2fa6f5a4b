//! What a rule of this module has to say, before it becomes a [`Finding`]; and how values are shown in it.

use serde_json::Value;

use crate::finding::{Finding, Severity};
use crate::manifest::Manifest;

/// Longest value that is shown in full, in characters.
const SHOWN: usize = 60;

/// One statement about one place of an object.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Violation {
    pub(super) rule: &'static str,
    pub(super) severity: Severity,
    /// RFC 6901 JSON pointer.
    pub(super) path: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
    pub(super) incomplete: bool,
}

impl Violation {
    /// Something that the server refuses.
    pub(super) fn error(rule: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            rule,
            severity: Severity::Error,
            path: path.into(),
            message: message.into(),
            hint: None,
            incomplete: false,
        }
    }

    /// Something that the server accepts and that is hardly meant.
    pub(super) fn warning(rule: &'static str, path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(rule, path, message) }
    }

    /// Something that could not be evaluated.
    pub(super) fn unevaluated(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { incomplete: true, ..Self::warning("schema-not-evaluated", path, message) }
    }

    /// The same with what to do next.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The finding about this manifest, with the position of the place or of the nearest one around it.
    pub(super) fn into_finding(self, manifest: &Manifest) -> Finding {
        let mut finding = Finding::new(self.rule, self.severity, manifest.key(), self.path, self.message);
        finding.hint = self.hint;
        finding.incomplete = self.incomplete;
        finding.file = manifest.file.as_deref().map(str::to_owned);
        let location = manifest.nearest(&finding.path);
        finding.line = location.map(|location| location.line);
        finding.column = location.map(|location| location.column);
        finding
    }
}

/// A pointer one step further; the token is escaped.
pub(super) fn join(path: &str, token: &str) -> String {
    format!("{path}/{}", token.replace('~', "~0").replace('/', "~1"))
}

/// A value as it stands in a message: JSON, cut where it is long.
pub(super) fn show(value: &Value) -> String {
    let text = match value {
        Value::Object(_) => "an object".to_owned(),
        Value::Array(list) => format!("a list of {}", list.len()),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN {
        return text;
    }
    let cut: String = text.chars().take(SHOWN).collect();
    format!("{cut}…")
}

/// What a value is, for messages about types.
pub(super) fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a number",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
