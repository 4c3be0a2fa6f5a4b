//! What nodes have and what is left of it.

use crate::cluster::{Node, PodUse};
use crate::manifest::{Amounts, Quantity};

/// The resource of which every Pod takes one.
pub(super) const PODS: &str = "pods";

/// A node with what is left of it.
#[derive(Debug, Clone)]
pub(super) struct Room<'a> {
    pub node: &'a Node,
    pub free: Amounts,
}

impl Room<'_> {
    /// What is left of a resource; nothing where the node does not have it.
    pub(super) fn free(&self, resource: &str) -> Quantity {
        self.free.get(resource).copied().unwrap_or(Quantity::from_whole(0))
    }

    /// All that Pods may have of a resource.
    pub(super) fn total(&self, resource: &str) -> Quantity {
        self.node.allocatable.get(resource).copied().unwrap_or(Quantity::from_whole(0))
    }

    /// Whether all of it is left.
    pub(super) fn holds(&self, amounts: &Amounts) -> bool {
        amounts.iter().all(|(resource, amount)| self.free(resource) >= *amount)
    }

    /// Takes it.
    pub(super) fn take(&mut self, amounts: &Amounts) {
        for (resource, amount) in amounts {
            let left = self.free(resource).subtract(amount);
            self.free.insert(resource.clone(), left);
        }
    }
}

/// The nodes with what the Pods that are bound to them leave; all of it where the Pods are not known.
pub(super) fn rooms<'a>(nodes: &'a [Node], pods: &[PodUse]) -> Vec<Room<'a>> {
    let mut rooms: Vec<Room<'a>> =
        nodes.iter().map(|node| Room { node, free: node.allocatable.clone() }).collect();
    for pod in pods {
        let Some(on) = pod.node.as_deref() else { continue };
        if let Some(room) = rooms.iter_mut().find(|room| room.node.name == on) {
            room.take(&with_itself(&pod.requests));
        }
    }
    rooms
}

/// The amounts of a Pod, itself counted.
pub(super) fn with_itself(requests: &Amounts) -> Amounts {
    let mut amounts = requests.clone();
    amounts.insert(PODS.to_owned(), Quantity::from_whole(1));
    amounts
}
