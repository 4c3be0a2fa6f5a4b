//! What of a cluster's facts a draft is held to.

use crate::cluster::Snapshot;
use crate::draft::Known;
use crate::pattern::ClosedList;

/// The closed lists of a snapshot; what it could not read stays unknown.
pub fn known(snapshot: &Snapshot) -> Known {
    let queues = snapshot.queues.as_ref();
    Known::of(&snapshot.namespace)
        .with(ClosedList::Namespaces, snapshot.namespaces.clone())
        .with(ClosedList::StorageClasses, snapshot.storage_classes.clone())
        .with(ClosedList::PriorityClasses, snapshot.priority_classes.clone())
        .with(ClosedList::Claims, snapshot.claims.clone())
        .with(ClosedList::Queues, queues.map(|all| all.iter().map(|queue| queue.name.clone()).collect()))
        .with_gpu_products(snapshot.gpu_products())
}
