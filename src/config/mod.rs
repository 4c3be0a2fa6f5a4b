//! Files, environment and flags become one value. Nothing here reads the environment: the command line hands it in.

mod edit;
mod file;
mod style;

pub use edit::with_model;
pub use file::{ConfigFile, parse_config};
pub use style::Style;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cluster::ConnectOptions;
use crate::model::ModelChoice;

/// Where policies come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicySource {
    /// The basic set that is compiled in.
    Builtin,
    /// The whole set for AI platforms that is compiled in.
    Platform,
    /// A file or folder.
    Path(PathBuf),
}

impl std::fmt::Display for PolicySource {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Builtin => f.write_str("builtin"),
            Self::Platform => f.write_str("ai-platform"),
            Self::Path(path) => write!(f, "'{}'", path.display()),
        }
    }
}

/// A folder of manifests or a cluster (design D6).
#[derive(Clone)]
pub enum Where {
    /// A folder.
    Folder(PathBuf),
    /// A cluster.
    Cluster(Box<ConnectOptions>),
}

impl std::fmt::Debug for Where {
    /// Without the options: a proxy's address may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(dir) => f.debug_tuple("Folder").field(dir).finish(),
            Self::Cluster(_) => f.debug_tuple("Cluster").finish_non_exhaustive(),
        }
    }
}

impl Where {
    /// The folder, where it is one.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Self::Folder(dir) => Some(dir),
            Self::Cluster(_) => None,
        }
    }
}

/// Everything that a run depends on.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where what is drafted goes.
    pub place: Where,
    /// How long what was applied is followed; zero: not at all.
    pub wait: Duration,
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
    /// A LoRA adapter for the model, where that is a file.
    pub adapter: Option<PathBuf>,
    /// The device that runs the model: `cpu` or a GPU's name; chosen where absent.
    pub device: Option<String>,
    /// Tokens of the model's context.
    pub context_tokens: u32,
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
