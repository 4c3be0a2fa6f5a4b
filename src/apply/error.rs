//! Why a plan could not be made, read or written.

use thiserror::Error;

use crate::apply::plan::Loses;

/// The digest that somebody agreed to is not the plan's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the digest that was agreed to is {agreed}, and the plan's is {plan}: nothing was written")]
pub struct WrongDigest {
    /// What was agreed to.
    pub agreed: String,
    /// What the plan's contents come to.
    pub plan: String,
}

/// What can go wrong between checked objects and files. Unless [`crate::apply::ApplyOutcome`] says otherwise, nothing
/// was written.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The folder, or a file in it, cannot be read.
    #[error("cannot read the target '{path}': {reason}")]
    Read {
        /// Folder or file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// The folder holds more than is read.
    #[error("the folder '{dir}' is too large to plan against: {reason}")]
    TooLarge {
        /// The folder.
        dir: String,
        /// Which bound was reached.
        reason: String,
    },
    /// An object cannot be planned as it is.
    #[error("cannot plan {object}: {reason}")]
    Object {
        /// Kind and name.
        object: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The object stands in more than one file, so that it is not known which one to change.
    #[error("cannot plan {object}: it stands in more than one place: {}", .places.join(", "))]
    Ambiguous {
        /// Kind and name.
        object: String,
        /// `file:line` of each.
        places: Vec<String>,
    },
    /// The file that holds the object cannot be changed without harm to the rest of it.
    #[error("cannot change {object} in '{file}': {reason}")]
    CannotEdit {
        /// Kind and name.
        object: String,
        /// Path below the target.
        file: String,
        /// Why.
        reason: String,
    },
    /// A path leads, or may lead, out of the target.
    #[error("refused to write '{file}' below '{dir}': {reason}")]
    Escapes {
        /// The folder.
        dir: String,
        /// Path below it, as the plan has it.
        file: String,
        /// `..`, a symbolic link, an absolute path.
        reason: String,
    },
    /// The target is not as it was when the plan was made.
    #[error("the plan is stale, nothing was written: {}", .changed.join("; "))]
    Stale {
        /// One clause for each difference.
        changed: Vec<String>,
    },
    /// The plan is for another target.
    #[error("the plan is for '{plan}', and this is '{here}': nothing was written")]
    OtherTarget {
        /// What the plan says.
        plan: String,
        /// What it was to be written to.
        here: String,
    },
    /// A file or folder could not be written; nothing was changed.
    #[error("cannot write '{path}': {reason}; nothing was written")]
    Unwritable {
        /// The file or folder.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// A plan file cannot be read, or is not one.
    #[error("cannot use the plan '{path}': {reason}")]
    PlanFile {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A plan holds Secret values that came from no file, so that it cannot be kept.
    #[error(
        "cannot keep the plan in '{path}': {object} holds values that came from no file, and values are not kept"
    )]
    ValuesWithoutFile {
        /// The plan's file.
        path: String,
        /// The Secret.
        object: String,
    },
    /// The API server would not take an object.
    #[error("the API server refuses {object}: {reason}")]
    Refused {
        /// Kind and name.
        object: String,
        /// The server's words.
        reason: String,
        /// The policy that it names.
        policy: Option<String>,
    },
    /// Fields of an object are somebody else's, and they are not taken by force.
    #[error("{object} has fields that others manage: {}; they are not taken by force", list(.loses))]
    Conflict {
        /// Kind and name.
        object: String,
        /// Fields and their managers.
        loses: Vec<Loses>,
    },
    /// The person lacks a right.
    #[error("you may not do this to {object}: {reason}")]
    NoRight {
        /// Kind and name.
        object: String,
        /// The server's words.
        reason: String,
    },
    /// The API server does not know the person (any more).
    #[error("the API server does not accept your credentials: {reason}")]
    NotKnown {
        /// The server's words.
        reason: String,
    },
    /// The API server did not answer, or failed.
    #[error("the API server could not be asked about {object}: {reason}")]
    Server {
        /// Kind and name.
        object: String,
        /// What is known.
        reason: String,
    },
    /// The cluster cannot be reached as the kubeconfig says.
    #[error(transparent)]
    Cluster(#[from] crate::cluster::ClusterError),
    /// See [`WrongDigest`]; also a plan file that was edited.
    #[error(transparent)]
    WrongDigest(#[from] WrongDigest),
}

fn list(loses: &[Loses]) -> String {
    let each = loses.iter().map(|one| format!("{} ({})", one.field, one.manager));
    each.collect::<Vec<_>>().join(", ")
}

impl ApplyError {
    /// What to do next, as one sentence.
    pub fn hint(&self) -> &str {
        match self {
            Self::Read { .. } => "check that the folder exists and that you may read it",
            Self::TooLarge { .. } => "name a smaller folder with --to DIR",
            Self::Object { .. } => "correct the object and plan again",
            Self::Ambiguous { .. } => {
                "remove all but one, or name the folder of the one that is meant with --to DIR"
            }
            Self::CannotEdit { .. } => {
                "correct the file, or move the object into a YAML file of its own, and plan again"
            }
            Self::Escapes { .. } => {
                "replace the symbolic link by a real folder or file, or name its own folder with --to DIR"
            }
            Self::Stale { .. } => "make a new plan and look at it",
            Self::OtherTarget { .. } => "leave --to out, or make a plan for this folder",
            Self::Unwritable { .. } => {
                "check the folder's permissions and free space, or name another one with --to DIR"
            }
            Self::PlanFile { .. } => "make a new plan with `kubectl copilot plan … --out FILE`",
            Self::ValuesWithoutFile { .. } => "plan from a file: kubectl copilot plan -f FILE --out FILE",
            Self::Refused { .. } => "change what the server names, or ask your platform team about the rule",
            Self::Conflict { .. } => {
                "leave these fields out, or ask their owner: a controller or person sets them on purpose"
            }
            Self::NoRight { .. } => {
                "ask your platform team for the right (a RoleBinding to `edit` in the namespace is enough), or name another \
                 namespace with -n"
            }
            Self::NotKnown { .. } => "log in again, or choose another context with --context",
            Self::Server { .. } => "try again; `kubectl copilot doctor` shows what can be reached",
            Self::Cluster(error) => error.hint(),
            Self::WrongDigest(_) => {
                "look at the plan again and agree to its own digest; a plan that was edited has to be made anew"
            }
        }
    }
}
