//! What any check has to say: which rule, how bad, about which object and field, and what to do next.

use serde::{Deserialize, Serialize};

use crate::manifest::ObjectKey;

/// How bad a finding is. `Error` stops a draft, the others are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Info,
    /// Admitted, but somebody asked to be told (a policy with `Warn`, a risky default).
    Warning,
    /// Not admitted.
    Error,
}

/// Where a finding comes from when it is a policy's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyOrigin {
    /// `metadata.name` of the policy.
    pub policy: String,
    /// The rule of it, where a policy has several by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// `metadata.name` of the binding that put it in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub binding: Option<String>,
    /// The engine that evaluated it, e.g. `ValidatingAdmissionPolicy`.
    pub engine: String,
}

/// One statement of one check about one object. Serialised as documented for `-o json` (keys may be added, none renamed).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable name of the rule in kebab case, e.g. `schema-unknown-field`, or `policy/<name>`.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence for a person: what is wrong, with the value.
    pub message: String,
    /// What to do next, as one sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The object that it speaks of.
    pub object: ObjectKey,
    /// RFC 6901 JSON pointer into the object; empty for the whole object.
    pub path: String,
    /// The file that the object came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line in that file, 1-based.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Column in that line, 1-based, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Set when a policy said it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<PolicyOrigin>,
    /// True where the rule could not be evaluated: the verdict is then *incomplete*, never "allowed".
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

impl Finding {
    /// A finding without file position, hint or origin; the rest is set with struct update.
    pub fn new(
        rule: impl Into<String>,
        severity: Severity,
        object: ObjectKey,
        path: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            rule: rule.into(),
            severity,
            message: message.into(),
            hint: None,
            object,
            path: path.into(),
            file: None,
            line: None,
            column: None,
            origin: None,
            incomplete: false,
        }
    }

    /// The same finding with a hint.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
