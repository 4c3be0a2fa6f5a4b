//! What is taken from the cluster's objects: only what somebody decides by.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::manifest::{Amounts, Quantity, pod_requests};

/// A node.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Its taints; a node that is not ready or cordoned has one that says so.
    pub taints: Vec<Taint>,
    /// What Pods may have of it in all.
    pub allocatable: Amounts,
    /// Cordoned: no Pod is put on it.
    pub unschedulable: bool,
}

/// What keeps Pods off a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Taint {
    /// The key.
    pub key: String,
    /// The value; often empty.
    pub value: String,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: String,
}

impl fmt::Display for Taint {
    /// `key=value:Effect`, as kubectl writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let equals = if self.value.is_empty() { "" } else { "=" };
        write!(f, "{}{equals}{}:{}", self.key, self.value, self.effect)
    }
}

/// A Pod that has not ended, and what it takes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PodUse {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The node that it is bound to; `None` while it waits.
    pub node: Option<String>,
    /// What it requests.
    pub requests: Amounts,
    /// `Kind/name` of its controller.
    pub owner: Option<String>,
}

/// A ResourceQuota.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quota {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The limits that are enforced, e.g. `requests.nvidia.com/gpu`.
    pub hard: Amounts,
    /// What is used of each.
    pub used: Amounts,
    /// Whether it counts only some Pods (`scopes`, `scopeSelector`).
    pub scoped: bool,
}

/// A queue of Kueue in a namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LocalQueue {
    /// Its namespace.
    pub namespace: String,
    /// Its name: the value of the label `kueue.x-k8s.io/queue-name`.
    pub name: String,
    /// Where its quota comes from.
    pub cluster_queue: String,
    /// Workloads that wait.
    pub pending: u64,
    /// Workloads that run.
    pub admitted: u64,
}

impl Node {
    pub(super) fn of(object: &Value) -> Self {
        Self {
            name: text(object, "/metadata/name"),
            labels: texts(object.pointer("/metadata/labels")),
            taints: list(object, "/spec/taints").map(Taint::of).collect(),
            allocatable: amounts(object.pointer("/status/allocatable")),
            unschedulable: object.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false),
        }
    }

    /// The product that GPU discovery writes on the node, where there is one.
    pub fn gpu_product(&self) -> Option<&str> {
        ["nvidia.com/gpu.product", "amd.com/gpu.product-name", "amd.com/gpu.product", "gpu.intel.com/product"]
            .into_iter()
            .find_map(|label| self.labels.get(label).map(String::as_str))
    }
}

impl Taint {
    fn of(taint: &Value) -> Self {
        Self { key: text(taint, "/key"), value: text(taint, "/value"), effect: text(taint, "/effect") }
    }
}

impl PodUse {
    /// `None` for a Pod that has ended and holds nothing any more.
    pub(super) fn of(object: &Value) -> Option<Self> {
        if matches!(text(object, "/status/phase").as_str(), "Succeeded" | "Failed") {
            return None;
        }
        let owner = list(object, "/metadata/ownerReferences")
            .find(|owner| owner.get("controller").and_then(Value::as_bool) == Some(true))
            .map(|owner| format!("{}/{}", text(owner, "/kind"), text(owner, "/name")));
        Some(Self {
            namespace: text(object, "/metadata/namespace"),
            name: text(object, "/metadata/name"),
            node: Some(text(object, "/spec/nodeName")).filter(|node| !node.is_empty()),
            requests: pod_requests(object),
            owner,
        })
    }
}

impl Quota {
    pub(super) fn of(object: &Value) -> Self {
        // The status is what the server enforces; a new quota has none for a moment.
        let hard = amounts(object.pointer("/status/hard"));
        Self {
            namespace: text(object, "/metadata/namespace"),
            name: text(object, "/metadata/name"),
            hard: if hard.is_empty() { amounts(object.pointer("/spec/hard")) } else { hard },
            used: amounts(object.pointer("/status/used")),
            scoped: list(object, "/spec/scopes").next().is_some()
                || object.pointer("/spec/scopeSelector").is_some_and(|selector| !selector.is_null()),
        }
    }
}

impl LocalQueue {
    pub(super) fn of(object: &Value) -> Self {
        let count = |pointer: &str| object.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
        Self {
            namespace: text(object, "/metadata/namespace"),
            name: text(object, "/metadata/name"),
            cluster_queue: text(object, "/spec/clusterQueue"),
            pending: count("/status/pendingWorkloads"),
            admitted: count("/status/admittedWorkloads"),
        }
    }
}

pub(super) fn text(object: &Value, pointer: &str) -> String {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn list<'a>(object: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    object.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

fn texts(map: Option<&Value>) -> BTreeMap<String, String> {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn amounts(map: Option<&Value>) -> Amounts {
    let entries = map.and_then(Value::as_object).into_iter().flatten();
    entries.filter_map(|(name, value)| Some((name.clone(), Quantity::of(value).ok()?))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_is_its_allocatable_not_its_capacity() {
        let node = Node::of(&json!({
            "metadata": {"name": "gpu-1", "labels": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}},
            "spec": {"taints": [{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}, {"key": "a", "effect": "NoExecute"}]},
            "status": {"capacity": {"nvidia.com/gpu": "8"}, "allocatable": {"nvidia.com/gpu": "7", "cpu": "63500m"}},
        }));
        assert_eq!(node.allocatable["nvidia.com/gpu"], Quantity::from_whole(7));
        assert_eq!(node.gpu_product(), Some("NVIDIA-H100-80GB-HBM3"));
        let taints: Vec<String> = node.taints.iter().map(Taint::to_string).collect();
        assert_eq!(taints, ["nvidia.com/gpu=present:NoSchedule", "a:NoExecute"]);
        assert!(!node.unschedulable);
    }

    #[test]
    fn a_pod_that_has_ended_holds_nothing() {
        let pod = |phase: &str| {
            json!({"metadata": {"name": "p", "namespace": "a", "ownerReferences": [
                {"kind": "Other", "name": "o"}, {"kind": "Job", "name": "train", "controller": true}]},
                "spec": {"nodeName": "gpu-1", "containers": [{"resources": {"limits": {"nvidia.com/gpu": 2}}}]},
                "status": {"phase": phase}})
        };
        assert_eq!(PodUse::of(&pod("Succeeded")), None);
        assert_eq!(PodUse::of(&pod("Failed")), None);
        let running = PodUse::of(&pod("Running")).unwrap();
        assert_eq!(running.requests["nvidia.com/gpu"], Quantity::from_whole(2));
        assert_eq!((running.node.as_deref(), running.owner.as_deref()), (Some("gpu-1"), Some("Job/train")));
        // A Pod whose phase is not known yet holds what it asks for.
        assert!(PodUse::of(&pod("Unknown")).is_some());
    }

    #[test]
    fn a_new_quota_counts_by_its_spec() {
        let quota = Quota::of(&json!({"metadata": {"name": "q", "namespace": "a"},
            "spec": {"hard": {"requests.nvidia.com/gpu": "4"}, "scopes": ["NotTerminating"]}}));
        assert_eq!(quota.hard["requests.nvidia.com/gpu"], Quantity::from_whole(4));
        assert!(quota.scoped && quota.used.is_empty());
    }
}
