//! The table of what is there: nodes with their GPUs, who holds them, who waits, and what quota and queues say.

use serde::Serialize;

use super::room::rooms;
use crate::cluster::{LocalQueue, Node, PodUse, Quota, Snapshot, Taint};
use crate::finding::Finding;
use crate::manifest::{Quantity, is_gpu};

/// What `capacity` shows. Serialised as documented for `-o json`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CapacityReport {
    /// Version of the document, 1.
    pub version: u8,
    /// Nodes by name, those without GPUs too; empty where they may not be read (a finding says so).
    pub nodes: Vec<NodeRow>,
    /// Pods that want GPUs and are on no node yet; those of the namespace where no others may be read.
    pub waiting: Vec<Holder>,
    /// Quotas of the namespace.
    pub quotas: Vec<QuotaRow>,
    /// Kueue's queues of the namespace.
    pub queues: Vec<LocalQueue>,
    /// What of this is not known, and why.
    pub findings: Vec<Finding>,
    /// True where nodes or the Pods on them are not known.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// One node.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NodeRow {
    /// Its name.
    pub name: String,
    /// What GPU discovery calls its GPUs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its GPU resources.
    pub resources: Vec<ResourceRow>,
    /// What keeps Pods off it.
    pub taints: Vec<Taint>,
    /// False where it is cordoned.
    pub schedulable: bool,
    /// Who holds its GPUs.
    pub holders: Vec<Holder>,
}

/// One GPU resource of a node, in whole GPUs or slices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceRow {
    /// E.g. `nvidia.com/gpu`.
    pub resource: String,
    /// All that Pods may have.
    pub allocatable: i64,
    /// What Pods have; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub used: Option<i64>,
    /// The rest; absent where that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub free: Option<i64>,
}

/// A Pod and the GPUs that it has or waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// The Pod's namespace.
    pub namespace: String,
    /// The Pod's name.
    pub pod: String,
    /// `Kind/name` of its controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// E.g. `nvidia.com/gpu`.
    pub resource: String,
    /// How many.
    pub amount: i64,
}

/// One quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuotaRow {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// What it limits.
    pub resources: Vec<QuotaUse>,
}

/// One limit of a quota, as Kubernetes writes amounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct QuotaUse {
    /// E.g. `requests.nvidia.com/gpu`.
    pub resource: String,
    /// The limit.
    pub hard: String,
    /// What is used of it.
    pub used: String,
}

impl CapacityReport {
    /// The table of a snapshot.
    pub fn of(snapshot: &Snapshot) -> Self {
        let nodes = snapshot.nodes.as_deref().unwrap_or_default();
        let mut rows: Vec<NodeRow> = match &snapshot.pods {
            Some(pods) => {
                let rooms = rooms(nodes, pods);
                rooms.iter().map(|room| row(room.node, Some((&|name| room.free(name), pods)))).collect()
            }
            None => nodes.iter().map(|node| row(node, None)).collect(),
        };
        rows.sort_by(|one, other| one.name.cmp(&other.name));
        let pods = snapshot.pods.as_ref().or(snapshot.own_pods.as_ref());
        let waiting = pods.into_iter().flatten().filter(|pod| pod.node.is_none()).flat_map(holders);
        Self {
            version: 1,
            nodes: rows,
            waiting: waiting.collect(),
            quotas: snapshot.quotas.iter().flatten().map(quota).collect(),
            queues: snapshot.queues.clone().unwrap_or_default(),
            findings: snapshot
                .warnings
                .iter()
                .filter(|warning| is_about_capacity(warning))
                .cloned()
                .collect(),
            incomplete: snapshot.nodes.is_none() || snapshot.pods.is_none(),
        }
    }
}

/// Other things that may not be read (storage classes) are no matter of this table.
fn is_about_capacity(warning: &Finding) -> bool {
    ["Node", "Pod", "ResourceQuota", "LocalQueue"].contains(&warning.object.kind.as_str())
}

/// What is free of a resource on a node, and the Pods of the cluster.
type Uses<'a> = (&'a dyn Fn(&str) -> Quantity, &'a [PodUse]);

fn row(node: &Node, uses: Option<Uses<'_>>) -> NodeRow {
    let resources = node.allocatable.iter().filter(|(resource, _)| is_gpu(resource));
    let resources = resources.map(|(resource, total)| {
        let free = uses.map(|(free, _)| free(resource));
        ResourceRow {
            resource: resource.clone(),
            allocatable: total.whole(),
            used: free.map(|free| total.subtract(&free).whole()),
            free: free.map(|free| free.whole()),
        }
    });
    let pods = uses.map(|(_, pods)| pods).unwrap_or_default();
    let on_it = pods.iter().filter(|pod| pod.node.as_deref() == Some(node.name.as_str()));
    NodeRow {
        name: node.name.clone(),
        product: node.gpu_product().map(str::to_owned),
        resources: resources.collect(),
        taints: node.taints.clone(),
        schedulable: !node.unschedulable,
        holders: on_it.flat_map(holders).collect(),
    }
}

fn holders(pod: &PodUse) -> Vec<Holder> {
    let gpus = pod.requests.iter().filter(|(resource, _)| is_gpu(resource));
    gpus.map(|(resource, amount)| Holder {
        namespace: pod.namespace.clone(),
        pod: pod.name.clone(),
        owner: pod.owner.clone(),
        resource: resource.clone(),
        amount: amount.whole(),
    })
    .collect()
}

fn quota(quota: &Quota) -> QuotaRow {
    let used = |resource: &str| quota.used.get(resource).map_or("0".to_owned(), Quantity::to_string);
    let resources = quota.hard.iter().map(|(resource, hard)| QuotaUse {
        resource: resource.clone(),
        hard: hard.to_string(),
        used: used(resource),
    });
    QuotaRow { namespace: quota.namespace.clone(), name: quota.name.clone(), resources: resources.collect() }
}
