//! Why something could not be done, for a person: what was attempted, why it failed, what to do next.

use std::fmt;

use crate::apply::{ApplyError, ApplyOutcome, Plan};
use crate::cluster::ClusterError;

/// The documented exit codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitCode {
    /// Drafted, planned or applied.
    Done = 0,
    /// The answer is "no": declined, asked back, denied, the person said no, wrong digest, findings at or above
    /// `--fail-on`, something that `doctor` found failing.
    No = 1,
    /// Could not work.
    CouldNot = 2,
    /// Something could not be evaluated.
    Incomplete = 3,
    /// Partly applied.
    Partly = 4,
    /// The plan is stale: something changed since it was made.
    Stale = 5,
    /// Applied, and not ready by the deadline.
    NotReady = 6,
    /// Interrupted by the person.
    Interrupted = 130,
}

/// A problem with its exit code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What was attempted and why it failed, one or a few sentences.
    pub what: String,
    /// What to do next.
    pub hint: Option<String>,
    /// The exit code that it leads to.
    pub code: ExitCode,
}

impl Problem {
    /// Why a plan is not to be carried out: the API server would refuse a part of it.
    pub fn refused(plan: &Plan) -> Option<Self> {
        let first = plan.refusals().next()?;
        Some(
            Self::new(format!("nothing was applied: {}", first.message))
                .hint("say it so that the rule holds, or ask your platform team about it")
                .code(ExitCode::No),
        )
    }

    /// A problem of exit code 2 without a hint.
    pub fn new(what: impl fmt::Display) -> Self {
        Self { what: what.to_string(), hint: None, code: ExitCode::CouldNot }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same, of a write that has no outcome: it says what a person asks first.
    #[must_use]
    pub fn unwritten(mut self) -> Self {
        const NOTHING: &str = "nothing was written";
        if !self.what.contains(NOTHING) {
            self.what = format!("{}; {NOTHING}", self.what);
        }
        self
    }

    /// The same with another exit code.
    #[must_use]
    pub fn code(mut self, code: ExitCode) -> Self {
        self.code = code;
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for Problem {}

impl From<ApplyError> for Problem {
    fn from(error: ApplyError) -> Self {
        let code = match error {
            ApplyError::WrongDigest(_) | ApplyError::Refused { .. } | ApplyError::Conflict { .. } => {
                ExitCode::No
            }
            ApplyError::Stale { .. } => ExitCode::Stale,
            _ => ExitCode::CouldNot,
        };
        Self::new(&error).hint(error.hint()).code(code)
    }
}

impl From<ClusterError> for Problem {
    fn from(error: ClusterError) -> Self {
        Self::new(&error).hint(error.hint())
    }
}

impl ExitCode {
    /// The code of what was written: done, partly, or interrupted before anything was written.
    pub fn of(outcome: &ApplyOutcome) -> Self {
        if outcome.is_complete() {
            Self::Done
        } else if outcome.is_partly_applied() {
            Self::Partly
        } else if outcome.interrupted {
            Self::Interrupted
        } else {
            Self::CouldNot
        }
    }
}
