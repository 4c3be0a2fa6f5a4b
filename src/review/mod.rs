//! Manifests judged without a model and without a cluster: what a reviewer of a change would want to know.
//!
//! | file | its one job |
//! |---|---|
//! | `texts` | files and folders -> texts, within limits |
//! | `sort` | texts -> objects; what is none is named, what cannot be read is a finding |
//! | `kustomize`, `helm` | inputs of these two tools, which are no manifests before the tool has run |
//! | `duplicates` | the same object in two places |
//! | `judge` | objects -> findings, by the same gate as every draft |
//! | `collect` | many findings -> a bounded, ordered list, and the true counts |
//!
//! What cannot be evaluated (a kind without schema, a template that was not rendered) is *incomplete*, never fine.

mod collect;
mod duplicates;
mod helm;
mod judge;
mod kustomize;
mod sort;
#[cfg(test)]
mod tests;
mod texts;
mod workers;

pub use collect::Counts;
pub use judge::{Rules, review};
pub use texts::{OTHER_NAME, Text, Texts, read};

use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;
use crate::manifest::visible::visible_line;
use crate::source::SourceError;

/// A file, or a document of one, that is no manifest.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NotReviewed {
    /// The file.
    pub file: String,
    /// Line of the document, where others in the file were reviewed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// What it is instead.
    pub why: String,
}

/// What a review came to.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// How many objects were reviewed.
    pub objects: usize,
    /// In how many files.
    pub files: usize,
    /// Findings, the worst first, in the order of file and line.
    pub findings: Vec<Finding>,
    /// How many findings more there are; the mildest are left out.
    pub left_out: usize,
    /// All findings, those that are left out included.
    pub counts: Counts,
    /// What was passed over, in the order of file and line.
    pub not_reviewed: Vec<NotReviewed>,
    /// How many more files were passed over.
    pub not_reviewed_left_out: usize,
    /// The Kubernetes minor that was checked against.
    pub kubernetes: String,
    /// How many policies are in force.
    pub policies: usize,
}

impl Review {
    /// Whether there was nothing to review: no object, and nothing that went wrong.
    pub fn is_empty(&self) -> bool {
        self.objects == 0 && self.counts == Counts::default()
    }

    /// Whether something that was evaluated is as bad as this, or worse.
    pub fn reaches(&self, severity: Severity) -> bool {
        let Counts { error, warning, info, .. } = self.counts;
        error > 0 || severity <= Severity::Warning && warning > 0 || severity == Severity::Info && info > 0
    }

    /// Whether something could not be evaluated.
    pub fn is_incomplete(&self) -> bool {
        self.counts.incomplete > 0
    }
}

/// Why there is no review.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReviewError {
    /// A path that was named cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// There is more than is read in one go.
    #[error(
        "cannot review {}: more than {most} {unit} in one review; review it in parts",
        visible_line(what)
    )]
    TooLarge {
        /// The file or folder at which the limit was reached.
        what: String,
        /// The limit.
        most: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// The person stopped it.
    #[error("the review was stopped before it was done")]
    Stopped,
}

/// A finding about a whole file, at a place in it.
fn about_file(rule: &str, file: &str, line: usize, column: usize, message: impl Into<String>) -> Finding {
    let name = file.to_owned();
    let key = ObjectKey { api_version: String::new(), kind: "File".to_owned(), namespace: None, name };
    let finding = Finding::new(rule, Severity::Error, key, "", message);
    Finding { file: Some(file.to_owned()), line: Some(line), column: Some(column), ..finding }
}
