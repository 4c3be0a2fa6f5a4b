//! Files, environment and flags become one value. Nothing here reads the environment: the command line hands it in.

mod file;
mod style;

pub use file::{ConfigFile, parse_config};
pub use style::Style;

use std::path::PathBuf;

use crate::model::ModelChoice;

/// Where policies come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// The set that is compiled in.
    Builtin,
    /// A file or folder.
    Path(PathBuf),
}

impl std::fmt::Display for PolicySource {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Builtin => f.write_str("builtin"),
            Self::Path(path) => write!(f, "'{}'", path.display()),
        }
    }
}

/// Everything that a run depends on.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder that manifests are written to.
    pub target: PathBuf,
    /// `-n`.
    pub namespace: Option<String>,
    /// Owner of what is drafted, where the request names none.
    pub owner: Option<String>,
    /// The user of the system, as a DNS label.
    pub user: Option<String>,
    /// Policies in force; empty means none.
    pub policies: Vec<PolicySource>,
    /// Files or folders with patterns beside the built-in ones.
    pub patterns: Vec<PathBuf>,
    /// Files or folders with CustomResourceDefinitions.
    pub schemas: Vec<PathBuf>,
    /// The Kubernetes minor to check against; the newest bundled one where absent.
    pub kubernetes_version: Option<String>,
    /// The model that answers.
    pub model: ModelChoice,
    /// Threads for the model; all cores where absent.
    pub threads: Option<usize>,
    /// Folder for what can be made again (prefix states, models).
    pub cache_dir: PathBuf,
    /// Folder for what must not be lost (keys, journals).
    pub state_dir: PathBuf,
    /// This program, to start the model's child process from.
    pub executable: PathBuf,
    /// The editor's command line.
    pub editor: Option<String>,
    /// Colour and glyphs.
    pub style: Style,
}
