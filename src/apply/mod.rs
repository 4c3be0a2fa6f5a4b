//! Plan, digest, and the only writer of a target.
//!
//! ```text
//! objects -> FolderTarget::plan -> Plan -> Plan::confirm(digest) -> ConfirmedPlan -> FolderTarget::write -> ApplyOutcome
//! ```
//!
//! A target is a folder of manifests. [`TargetId`] is where another kind of target joins: [`Plan`] already carries what
//! a cluster needs (uid, resourceVersion, who loses a field) and leaves it out for a folder.

mod digest;
mod error;
mod folder;
mod next_steps;
mod outcome;
mod plan;
mod plan_file;
mod secret;

pub use error::{ApplyError, WrongDigest};
pub use folder::FolderTarget;
pub use next_steps::next_steps;
pub use outcome::{ApplyOutcome, ApplyWith, UnfilledSecret};
pub use plan::{
    Action, BodySource, Capacity, Checked, ConfirmedPlan, FileWrite, Loses, Plan, PlannedChange, TargetId,
};
pub use plan_file::{read_plan, write_plan};
pub use secret::{Drawn, GENERATE_ANNOTATION};
