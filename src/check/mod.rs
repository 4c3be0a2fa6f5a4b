//! The gate: nothing is offered, planned or written that did not pass here.
//!
//! [`check`] asks three things about every object: would the API server's schema accept it, do the policies in force
//! (on the object **and on the Pods that it would create**), and do the built-in rules ([`rules`]). Everything is asked
//! about the object as the server would store it, defaults filled in.
//!
//! The verdict is *denied* where anything says no; *incomplete* where something that was read could not be evaluated,
//! which is never "allowed"; *allowed* else.

mod context;
mod pods;
mod policies;
mod report;
pub mod rules;
#[cfg(test)]
mod tests;

pub use context::CheckContext;
pub use report::{CheckReport, Verdict};

use serde_json::Value;

use crate::finding::Finding;
use crate::manifest::{Manifest, ObjectKey};
use crate::policy::Inventory;
use crate::schema;
use report::Collected;

/// One object under the gate.
pub struct Subject {
    /// Its identity.
    pub key: ObjectKey,
    /// The object with the server's defaults.
    pub object: Value,
    /// The Pods that it would create; the object itself where it is one.
    pub pods: Vec<pods::PodView>,
}

impl Subject {
    /// Fills in defaults and expands to Pods.
    fn new(object: &Value, context: &CheckContext<'_>) -> Self {
        let object = schema::defaulted(object, context.schemas);
        let pods = pods::views(&object, context.schemas);
        Self { key: ObjectKey::of(&object), object, pods }
    }
}

/// Judges objects that belong together. Never fails: what goes wrong is a finding.
///
/// Findings are sorted, the worst first, and each thing is said once: what a policy says of a workload and again of its
/// Pods is one finding, at the workload's field.
pub fn check(objects: &[Value], context: &CheckContext<'_>) -> CheckReport {
    let mut collected = Collected::default();
    let own = (context.inventory.is_none() && context.policies.reads_inventory())
        .then(|| Inventory::of(context.existing.iter().chain(objects), context.knows_all));
    let inventory = context.inventory.or(own.as_ref());
    for object in objects {
        let manifest = Manifest::rendered(object.clone());
        let accepted = schema::validate(&manifest, context.schemas);
        collected.schema_ok &= !accepted.iter().any(report::stops);
        let subject = Subject::new(object, context);
        let mut findings: Vec<Finding> = accepted;
        findings.extend(policies::evaluate(&subject, objects, context, inventory, &mut collected));
        let namespace = subject.key.namespace.as_deref().and_then(|name| context.namespace(name, objects));
        findings.extend(rules::run(&subject, namespace));
        collected.add(findings);
    }
    collected.report()
}
