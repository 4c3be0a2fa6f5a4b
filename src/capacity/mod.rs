//! GPUs, other resources and quota: what is free, whether something fits, and what would. Pure.
//!
//! [`fits()`] judges Pods against the facts of a [`crate::cluster::Snapshot`]; [`CapacityReport`] is the table of what is
//! there; [`claims_without_class`] finds volume claims that nothing would serve. What is not known gives the verdict *unknown* with its reason, never a guess.
//!
//! Judged are taints, node selectors, required node affinity, cpu, memory, GPUs and every other resource that a Pod
//! requests, the number of Pods of a node, several Pods at once, and the namespace's quota. Affinity between Pods,
//! topology spread that must hold and volumes that lie in one zone are not: where a Pod has the first two and fits
//! otherwise, the verdict is unknown. A cluster that adds tolerations on its own shows them in the Pods of its dry-run:
//! give these to [`fits()`], and it judges what will be scheduled.

mod eligible;
mod fits;
mod quota;
mod room;
mod storage;
mod table;
#[cfg(test)]
mod tests;

pub use fits::{Fit, Verdict, fits};
pub use storage::claims_without_class;
pub use table::{CapacityReport, Holder, NodeRow, QuotaRow, QuotaUse, ResourceRow};

use crate::manifest::{Quantity, is_gpu};

/// An amount as people say it: `8 GPUs`, `1 GPU`, `4 CPU`, `64Gi memory`, `2 nvidia.com/mig-1g.5gb`.
fn said(amount: &Quantity, resource: &str) -> String {
    match resource {
        "cpu" => format!("{amount} CPU"),
        "memory" => format!("{amount} memory"),
        "pods" if *amount == Quantity::from_whole(1) => "1 pod".to_owned(),
        "pods" => format!("{amount} pods"),
        gpu if is_gpu(gpu) && gpu.ends_with("/gpu") => {
            let plural = if *amount == Quantity::from_whole(1) { "" } else { "s" };
            format!("{amount} GPU{plural}")
        }
        other => format!("{amount} {other}"),
    }
}
