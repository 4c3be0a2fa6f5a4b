//! Plan, digest, and the only writer of a target.
//!
//! ```text
//! objects -> FolderTarget::plan -> Plan -> Plan::confirm(digest) -> ConfirmedPlan -> FolderTarget::write -> ApplyOutcome
//! ```
//!
//! A target is a folder of manifests ([`FolderTarget`]) or a cluster ([`ClusterTarget`]); both make the same [`Plan`] and
//! take the same [`ConfirmedPlan`]. `cluster/server.rs` is the one file that can change a cluster.

mod cluster;
mod digest;
mod error;
mod folder;
mod next_steps;
mod objects;
mod outcome;
mod plan;
mod plan_file;
mod reach;
mod rollout;
mod secret;

pub use cluster::{ClusterTarget, Followed, Standing, Unready};
pub use error::{ApplyError, WrongDigest};
pub use folder::FolderTarget;
pub use next_steps::next_steps;
pub use outcome::{ApplyOutcome, ApplyWith, UnfilledSecret};
pub use plan::{
    Action, BodySource, Capacity, Checked, ClusterId, ConfirmedPlan, FileWrite, Loses, Plan, PlannedChange,
    TargetId,
};
pub use plan_file::{read_plan, write_plan};
pub use secret::{Drawn, GENERATE_ANNOTATION};
