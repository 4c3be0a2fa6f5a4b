//! Test suites of policies, in the formats in which their authors have them: which cases there are, and whether the
//! policies decide them as the suite says.
//!
//! | file | format |
//! |---|---|
//! | `folder` | a folder of policies with `allowed-*` and `denied-*` manifests beside them or in `cases/` |
//! | `changes` | `tests.json` beside `policy.yaml`: templates with changed fields, as kubescape's cel-admission-library has them |
//! | `gator` | Gatekeeper's `suite.yaml` |
//! | `kyverno` | Kyverno's `kyverno-test.yaml` |
//! | `rego` | tests in Rego, as conftest and OPA have them |
//! | `pod_security` | Pods under `LEVEL/vMINOR/pass` and `…/fail`, as k8s.io/pod-security-admission has them |
//!
//! What cannot be evaluated is an `error`, never a pass.

mod changes;
mod folder;
mod gator;
mod judge;
mod kyverno;
mod pod_security;
mod rego;
mod run;
#[cfg(test)]
mod tests;

use serde::Serialize;

pub use run::{SuiteError, run};

/// What a suite expects of a case, and what came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// The object passes without a word.
    Allowed,
    /// It passes with a warning.
    Warned,
    /// It is refused.
    Denied,
    /// No policy is about it.
    Skipped,
    /// A policy fails on it.
    Failed,
}

impl Decision {
    /// As it stands in the output.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Allowed => "allowed",
            Self::Warned => "warned",
            Self::Denied => "denied",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
        }
    }
}

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As expected.
    Pass,
    /// Not as expected.
    Fail,
    /// It could not be evaluated.
    Error,
    /// The suite itself says to leave it out.
    Skip,
}

/// One case of a suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Row {
    /// The file or folder of the suite.
    pub suite: String,
    /// The case's name.
    pub case: String,
    /// The policies that it is about.
    pub policy: String,
    /// `Kind/name` of the object.
    pub resource: String,
    /// What the suite expects.
    pub expected: Decision,
    /// What came; absent where nothing could be evaluated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub got: Option<Decision>,
    /// See [`Outcome`].
    pub outcome: Outcome,
    /// What the policies said, or why nothing could be evaluated; empty where there is nothing to say.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub message: String,
}

/// How many cases came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// As expected.
    pub pass: usize,
    /// Not as expected.
    pub fail: usize,
    /// Not evaluated.
    pub error: usize,
    /// Left out by the suite.
    pub skip: usize,
}

impl Summary {
    /// The sums of some cases.
    pub fn of(rows: &[Row]) -> Self {
        let count = |outcome| rows.iter().filter(|row| row.outcome == outcome).count();
        Self {
            pass: count(Outcome::Pass),
            fail: count(Outcome::Fail),
            error: count(Outcome::Error),
            skip: count(Outcome::Skip),
        }
    }
}
