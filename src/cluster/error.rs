//! Why a cluster could not be read: what was attempted, on what, why, and what to do next.

use std::fmt;

use crate::manifest::visible::{visible_line, visible_short};

/// Longest reason that is passed on from elsewhere, in characters.
const LONGEST_REASON: usize = 600;

/// Classes of failures, for callers that go on without the answer or choose an exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// There is no kubeconfig, and this is no Pod.
    NoKubeconfig,
    /// A kubeconfig, or a file that it names, cannot be read or used.
    Kubeconfig,
    /// The kubeconfig has no such context.
    UnknownContext,
    /// Credentials could not be had: a plug-in, a token file.
    Credentials,
    /// The server does not answer.
    Unreachable,
    /// The server's certificate is not trusted.
    Untrusted,
    /// The server did not answer in time.
    TimedOut,
    /// The server does not know who asks (401).
    Unauthorized,
    /// The person may not do this (403).
    Forbidden,
    /// The server has no such kind.
    NotServed,
    /// There is more than a bounded read takes.
    TooLarge,
    /// Any other answer, with its HTTP status code; 0 where the answer could not be understood.
    Answer(u16),
    /// This program cannot work here.
    Internal,
}

/// A failure at a cluster. Shows as one sentence; [`ClusterError::hint`] says what to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterError {
    wrong: Wrong,
    what: String,
    hint: String,
    unsent: bool,
}

impl ClusterError {
    /// `what` is the attempt, with the thing it was about; `why` may come from elsewhere and is made safe to show.
    pub(super) fn new(wrong: Wrong, what: impl fmt::Display, why: &str, hint: impl Into<String>) -> Self {
        let why = visible_short(why.trim(), LONGEST_REASON);
        let what = format!("{}: {why}", visible_line(&what.to_string()));
        Self { wrong, what, hint: visible_line(&hint.into()).into_owned(), unsent: false }
    }

    /// The same failure of a request that was surely not carried anywhere.
    #[must_use]
    pub(super) fn unsent(self) -> Self {
        Self { unsent: true, ..self }
    }

    /// Whether the request was surely not carried anywhere; after any other failure the server may have acted on it.
    pub(crate) fn is_unsent(&self) -> bool {
        self.unsent
    }

    /// The class of the failure.
    pub fn wrong(&self) -> Wrong {
        self.wrong
    }

    /// What to do next.
    pub fn hint(&self) -> &str {
        &self.hint
    }

    /// Whether it is a matter of rights: the answer exists, and this person may not have it.
    pub fn is_forbidden(&self) -> bool {
        self.wrong == Wrong::Forbidden
    }
}

impl fmt::Display for ClusterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

impl std::error::Error for ClusterError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_elsewhere_is_safe_to_show_and_bounded() {
        let why = format!("\u{1b}[31m{}", "x".repeat(2000));
        let error = ClusterError::new(Wrong::Answer(500), "cannot read Pod/a", &why, "try again");
        let text = error.to_string();
        assert!(text.starts_with("cannot read Pod/a: ␛[31mxxx"), "{text}");
        assert!(text.chars().count() < 700);
        assert!(!error.is_forbidden());
        assert_eq!(error.hint(), "try again");
    }
}
