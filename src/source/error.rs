//! Why a file could not be read or written, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use crate::manifest::ParseError;
use crate::manifest::visible::visible_line;

/// A failure at one file or folder. Shows as `path: what failed: why; what to do`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The file could not be read, written or accepted.
    #[error("{}: {what}: {}; {hint}", visible_line(&path.display().to_string()), visible_line(why))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was attempted, e.g. `cannot read the file`.
        what: &'static str,
        /// Why it failed.
        why: String,
        /// What to do next.
        hint: &'static str,
        /// The class of the failure, for callers that go on without the file.
        wrong: Wrong,
    },
    /// The file was read, and its text is not what it should be. The error names file, line and column.
    #[error(transparent)]
    Parse(#[from] ParseError),
}

/// Classes of failures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// There is no such file or folder.
    NotFound,
    /// The system forbids it.
    Denied,
    /// It is larger, or there are more of them, than a limit allows.
    TooLarge,
    /// The path leads out of the folder that was named.
    Outside,
    /// Anything else.
    Other,
}

impl SourceError {
    /// The class of the failure; a text that does not parse is [`Wrong::Other`].
    pub fn wrong(&self) -> Wrong {
        match self {
            Self::File { wrong, .. } => *wrong,
            Self::Parse(_) => Wrong::Other,
        }
    }

    pub(super) fn new(
        path: &Path,
        wrong: Wrong,
        what: &'static str,
        why: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self::File { path: path.to_owned(), what, why: why.into(), hint, wrong }
    }

    /// From an error of the system, with a hint by its class.
    pub(super) fn io(path: &Path, what: &'static str, error: &io::Error) -> Self {
        let (wrong, hint) = match error.kind() {
            io::ErrorKind::NotFound => (Wrong::NotFound, "check the path"),
            io::ErrorKind::PermissionDenied => {
                (Wrong::Denied, "check the permissions of the file and its folder")
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                (Wrong::Other, "make room on the disk and run it again")
            }
            io::ErrorKind::IsADirectory => (Wrong::Other, "name a file, not a folder"),
            io::ErrorKind::NotADirectory => (Wrong::Other, "a part of the path is a file; name a folder"),
            _ => (Wrong::Other, "check the path and the disk, and run it again"),
        };
        Self::new(path, wrong, what, error.to_string(), hint)
    }
}
