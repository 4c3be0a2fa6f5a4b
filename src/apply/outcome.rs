//! What became of a confirmed plan.

use crate::apply::plan::TargetId;

/// What was written and what was not: files as paths below a folder, objects of a cluster as kind and name, in the order
/// of writing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplyOutcome {
    /// The target.
    pub target: TargetId,
    /// Digest of the plan.
    pub digest: String,
    /// Those that are now as the plan has them.
    pub written: Vec<String>,
    /// Those that nobody knows of: the connection to the cluster broke after they were sent and before an answer came.
    pub unknown: Vec<String>,
    /// Those that are as they were.
    pub not_written: Vec<String>,
    /// Why the rest was not written.
    pub failure: Option<String>,
    /// True where the person stopped it; it stops between two only.
    pub interrupted: bool,
    /// Secrets of the plan whose values have to be drawn once the folder is applied.
    pub unfilled: Vec<UnfilledSecret>,
    /// How the folder is applied with kubectl.
    pub apply_with: Vec<ApplyWith>,
    /// How what was applied to a cluster is reached, one command each.
    pub reach: Vec<String>,
}

impl ApplyOutcome {
    /// Everything that the plan says is there.
    pub fn is_complete(&self) -> bool {
        self.not_written.is_empty() && self.unknown.is_empty()
    }

    /// Some of it is there, or may be, and some is not.
    pub fn is_partly_applied(&self) -> bool {
        let nothing = self.written.is_empty() && self.unknown.is_empty();
        !(nothing || self.is_complete())
    }
}

/// One generated value of one Secret, as kubectl will find it: a kustomization may move or rename the Secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfilledSecret {
    /// `metadata.name` in the cluster.
    pub name: String,
    /// Namespace in the cluster; absent for the one that kubectl is set to.
    pub namespace: Option<String>,
    /// Type of the Secret, e.g. `Opaque`.
    pub secret_type: String,
    /// Key in `data`.
    pub key: String,
    /// Characters (hexadecimal digits) of the value.
    pub length: usize,
}

/// One `kubectl apply`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum ApplyWith {
    /// `kubectl apply -k DIR`: there is a kustomization.
    Kustomization(String),
    /// `kubectl apply -f DIR`, with `-R` where manifests stand in sub-folders.
    Folder {
        /// The folder.
        dir: String,
        /// Whether sub-folders count.
        recursive: bool,
    },
}
