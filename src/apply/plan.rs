//! What would be written, and the yes to it. Serialised as documented for `plan -o json`.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::apply::digest;
use crate::apply::error::WrongDigest;
use crate::apply::folder::resolve;
use crate::apply::secret::{self, Drawn};
use crate::capacity::{Fit, Verdict};
use crate::diff::FieldChange;
use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;

/// Version of the document.
pub(super) const VERSION: u64 = 1;

/// Which target a plan is for. Part of the digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TargetId {
    /// A folder of manifests.
    Folder {
        /// Absolute path without symbolic links, as far as it exists.
        dir: String,
    },
    /// A cluster, as one person sees it.
    Cluster(ClusterId),
}

/// Which cluster, and who asks (design D9).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterId {
    /// URL of the API server.
    pub cluster: String,
    /// `sha256:` over URL, CA, and the uids of the namespaces that tell one cluster from another.
    pub identity: String,
    /// Name of the kubeconfig's context; empty inside a cluster.
    pub context: String,
    /// Namespace of objects that name none.
    pub namespace: String,
    /// The user, as the API server knows them.
    pub user: String,
}

impl TargetId {
    /// The folder's path; `None` for a cluster.
    pub fn dir(&self) -> Option<&str> {
        match self {
            Self::Folder { dir } => Some(dir),
            Self::Cluster(_) => None,
        }
    }

    /// Whether `dir` leads to this folder, whatever way it is written.
    pub fn is_folder(&self, dir: &Path) -> bool {
        self.dir().is_some_and(|own| resolve(dir).is_ok_and(|dir| dir == Path::new(own)))
    }
}

impl fmt::Display for TargetId {
    /// `./manifests`, or `context kind-lab, namespace team-a`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder { dir } => f.write_str(dir),
            Self::Cluster(id) if id.context.is_empty() => {
                write!(f, "{}, namespace {}", id.cluster, id.namespace)
            }
            Self::Cluster(id) => write!(f, "context {}, namespace {}", id.context, id.namespace),
        }
    }
}

/// What happens to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not there yet.
    Create,
    /// It is ours and becomes another.
    Change,
    /// Somebody else wrote it, and all of it is replaced.
    Replace,
    /// It goes.
    Delete,
    /// It is already so.
    None,
}

/// Who has looked at the exact body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Checked {
    /// The API server, in a dry run.
    Server,
    /// The checks of this program.
    Local,
    /// Nobody.
    No,
}

/// A field that is taken from somebody; for a folder there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loses {
    /// JSON pointer of the field.
    pub field: String,
    /// Field manager that loses it.
    pub manager: String,
}

/// Where a body that is not kept in the plan is read again (a Secret with values).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodySource {
    /// Absolute path of the file.
    pub path: String,
    /// `sha256:` and the hash of the file's bytes.
    pub sha256: String,
}

/// One object of a plan.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PlannedChange {
    /// What happens.
    pub action: Action,
    /// The object.
    pub object: ObjectKey,
    /// The live object's uid; never set for a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// The live object's resourceVersion; never set for a folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
    /// `sha256:` and the hash of the bytes of the file that holds the object now; absent where the object is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What exactly is sent: the whole object, but for a change of a cluster's object that others own fields of only
    /// those that change and those that are ours. Not serialised where it is a Secret with values: see `body_from`.
    #[serde(default, skip_serializing_if = "secret::is_withheld")]
    pub body: Option<Value>,
    /// Where a body that is not serialised is read again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_from: Option<BodySource>,
    /// JSON pointers of values that stand in the target's file and stay there, without being in `body`: values of a
    /// generated key that somebody has filled in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keeps: Vec<String>,
    /// Values that are drawn after the plan; they are in no body.
    #[serde(default)]
    pub drawn: Vec<Drawn>,
    /// Fields that others lose.
    #[serde(default)]
    pub loses: Vec<Loses>,
    /// Who has looked at the body.
    pub checked: Checked,
    /// The difference, masked.
    #[serde(default)]
    pub diff: Vec<FieldChange>,
    /// Path below the target, with `/`; empty for a cluster.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub file: String,
    /// The live object, and what it would become, both as the API server has them, masked and without what it keeps about
    /// them: for people, never kept.
    #[serde(skip)]
    pub shown: Option<Box<(Value, Value)>>,
}

impl fmt::Debug for PlannedChange {
    /// Without the body: it may be a Secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlannedChange")
            .field("action", &self.action)
            .field("object", &self.object)
            .field("file", &self.file)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// One file as it is and as it will be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileWrite {
    /// Path below the target, with `/`.
    pub file: String,
    /// `sha256:` and the hash of its bytes now; absent where there is no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// `sha256:` and the hash of the bytes that will be written.
    pub after: String,
}

/// Whether it fits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capacity {
    /// `fits`, `preempts`, `scale-up`, `queued`, `blocked` or `unknown`.
    pub verdict: String,
    /// The reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What would fit in its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub would_fit: Vec<String>,
}

impl From<Fit> for Capacity {
    fn from(fit: Fit) -> Self {
        let verdict = match fit.verdict {
            Verdict::Fits => "fits",
            Verdict::Blocked => "blocked",
            Verdict::Unknown => "unknown",
        };
        Self { verdict: verdict.into(), why: fit.why, would_fit: fit.would_fit }
    }
}

impl Capacity {
    /// A folder has no nodes.
    pub(super) fn of_folder() -> Self {
        Self::unknown("a folder of manifests has no nodes: capacity is known only for a cluster")
    }

    /// A plan without pods.
    pub fn nothing_runs() -> Self {
        Self { verdict: "fits".into(), why: None, would_fit: Vec::new() }
    }

    /// It is not known, and why.
    pub fn unknown(why: impl Into<String>) -> Self {
        Self { verdict: "unknown".into(), why: Some(why.into()), would_fit: Vec::new() }
    }
}

/// What would be written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Version of the document, 1.
    pub version: u64,
    /// `sha256:` and the hash over target, objects, what is there now and the exact bytes that would be written. It
    /// does not cover findings, the diff (masked, for people) and capacity.
    pub digest: String,
    /// Where it is written.
    pub target: TargetId,
    /// The objects, in the order in which they are to be applied.
    pub changes: Vec<PlannedChange>,
    /// The files that these changes come to, in the order of writing.
    #[serde(default)]
    pub writes: Vec<FileWrite>,
    /// What the target and the checks have to say.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// See [`Capacity`].
    pub capacity: Capacity,
}

impl Plan {
    /// A plan with its digest.
    pub(super) fn new(
        target: TargetId,
        changes: Vec<PlannedChange>,
        writes: Vec<FileWrite>,
        findings: Vec<Finding>,
        capacity: Capacity,
    ) -> Self {
        let mut plan =
            Self { version: VERSION, digest: String::new(), target, changes, writes, findings, capacity };
        plan.digest = digest::of(&plan);
        plan
    }

    /// Nothing would be written.
    pub fn is_empty(&self) -> bool {
        match self.target {
            TargetId::Folder { .. } => self.writes.is_empty(),
            TargetId::Cluster(_) => self.changes.iter().all(|change| change.action == Action::None),
        }
    }

    /// Why the plan cannot be carried out, where the API server would refuse a part of it: it is shown, and never
    /// confirmed.
    pub fn refusals(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error)
    }

    /// The files that would be written, below the target.
    pub fn files(&self) -> Vec<&str> {
        self.writes.iter().map(|write| write.file.as_str()).collect()
    }

    /// The document of `plan -o json`: no Secret value is in it.
    pub fn document(&self) -> Value {
        serde_json::to_value(self)
            .unwrap_or_else(|error| json!({ "version": VERSION, "error": error.to_string() }))
    }

    /// The yes to exactly this plan. The digest is computed again from what would be written; the one that stands in
    /// the plan is not believed.
    ///
    /// # Errors
    /// [`WrongDigest`] where `digest` is not that of the contents.
    pub fn confirm(self, digest: &str) -> Result<ConfirmedPlan, WrongDigest> {
        let own = digest::of(&self);
        if own == digest && own == self.digest && self.refusals().next().is_none() {
            Ok(ConfirmedPlan { plan: self })
        } else {
            Err(WrongDigest { agreed: digest.to_owned(), plan: own })
        }
    }
}

/// A plan that somebody said yes to: the only thing that a writer takes. Made by [`Plan::confirm`] alone.
#[derive(Debug)]
pub struct ConfirmedPlan {
    plan: Plan,
}

impl ConfirmedPlan {
    /// What was agreed to.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// For the writer.
    pub(super) fn into_plan(self) -> Plan {
        self.plan
    }
}
