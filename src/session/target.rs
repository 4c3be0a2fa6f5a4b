//! Where a plan goes: a folder of manifests or a cluster, behind one face for the engine.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::apply::{
    ApplyError, ApplyOutcome, ClusterTarget, ConfirmedPlan, FolderTarget, Followed, Plan, TargetId,
};
use crate::cluster::ApiResource;
use crate::diff::MaskKey;
use crate::manifest::{GroupVersionKind, Manifest, ObjectKey};

/// Kinds whose names a new thing must not take: those that patterns render.
const NAMED: &[(&str, &str, &str)] = &[
    ("apps/v1", "StatefulSet", "statefulsets"),
    ("apps/v1", "Deployment", "deployments"),
    ("apps/v1", "DaemonSet", "daemonsets"),
    ("batch/v1", "Job", "jobs"),
    ("batch/v1", "CronJob", "cronjobs"),
    ("v1", "Service", "services"),
    ("v1", "ConfigMap", "configmaps"),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
    ("v1", "Pod", "pods"),
];

/// See the module.
pub enum Target {
    /// A folder (GitOps), and the path that was given for it.
    Folder(Box<FolderTarget>, PathBuf),
    /// A cluster.
    Cluster(Box<ClusterTarget>),
}

impl Target {
    /// What a person knows it by.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(_, dir) => dir.display().to_string(),
            Self::Cluster(cluster) => cluster.id().to_string(),
        }
    }

    /// The cluster, where it is one.
    pub fn cluster(&self) -> Option<&ClusterTarget> {
        match self {
            Self::Folder(..) => None,
            Self::Cluster(cluster) => Some(cluster),
        }
    }

    /// Objects that exist: all of a folder's; of a cluster the namespace, and kind and name of what is in it. A kind that may
    /// not be listed is left out: a name that is taken is then found by the dry-run.
    pub fn existing(&self) -> Vec<Value> {
        match self {
            Self::Folder(folder, _) => folder.objects().cloned().collect(),
            Self::Cluster(cluster) => {
                let kinds: Vec<ApiResource> = NAMED
                    .iter()
                    .map(|(version, kind, plural)| {
                        ApiResource::known(GroupVersionKind::new(version, kind), plural, true)
                    })
                    .collect();
                let connection = cluster.connection();
                let existing = connection.existing(connection.namespace(), &kinds);
                existing.namespace.into_iter().chain(existing.objects.iter().map(by_name)).collect()
            }
        }
    }

    /// Reads the folder again: a face that stays open must not plan against what was there when it was opened. A cluster
    /// is read at every plan anyway.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn look_again(&mut self) -> Result<(), ApplyError> {
        if let Self::Folder(folder, dir) = self {
            **folder = FolderTarget::open(dir)?;
        }
        Ok(())
    }

    /// A plan for objects.
    ///
    /// # Errors
    /// What the target says.
    pub fn plan(&self, objects: &[Value], key: &MaskKey) -> Result<Plan, ApplyError> {
        match self {
            Self::Folder(folder, _) => folder.plan(objects, key),
            Self::Cluster(cluster) => cluster.plan(objects),
        }
    }

    /// A plan for objects that came from files.
    ///
    /// # Errors
    /// What the target says.
    pub fn plan_manifests(&self, manifests: &[Manifest], key: &MaskKey) -> Result<Plan, ApplyError> {
        match self {
            Self::Folder(folder, _) => folder.plan_manifests(manifests, key),
            Self::Cluster(cluster) => cluster.plan_manifests(manifests),
        }
    }

    /// Writes what was confirmed.
    ///
    /// # Errors
    /// A stale plan; a target that cannot be written.
    pub fn write(
        &mut self,
        confirmed: ConfirmedPlan,
        stop: &dyn Fn() -> bool,
    ) -> Result<ApplyOutcome, ApplyError> {
        match self {
            Self::Folder(folder, _) => folder.write(confirmed, stop),
            Self::Cluster(cluster) => cluster.write(confirmed, stop),
        }
    }

    /// Follows what was written until it is ready; nothing for a folder, and with a deadline of zero.
    pub fn follow(
        &self,
        objects: &[ObjectKey],
        deadline: Duration,
        stop: &dyn Fn() -> bool,
        tell: &mut dyn FnMut(&ObjectKey, &str),
    ) -> Option<Followed> {
        match self {
            Self::Cluster(cluster) if !deadline.is_zero() => {
                Some(cluster.follow(objects, deadline, stop, tell))
            }
            _ => None,
        }
    }

    /// Which target it is.
    pub fn id(&self) -> TargetId {
        match self {
            Self::Folder(folder, _) => folder.id().clone(),
            Self::Cluster(cluster) => cluster.id(),
        }
    }
}

/// Nothing but what tells an object from others.
fn by_name(object: &Value) -> Value {
    let key = ObjectKey::of(object);
    json!({"apiVersion": key.api_version, "kind": key.kind, "metadata": {"name": key.name, "namespace": key.namespace}})
}
