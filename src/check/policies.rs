//! Policies, on an object and on its Pods.

use serde_json::Value;

use super::context::CheckContext;
use super::report::Collected;
use super::{Subject, pods::PodView};
use crate::finding::Finding;
use crate::manifest::ObjectKey;
use crate::policy::{Inventory, Operation, Resource, Review, whole};
use crate::schema;

/// What the policies in force say of an object and of the Pods that it would create. A Pod's findings are put at the
/// object's fields and name it.
pub(super) fn evaluate<'a>(
    subject: &Subject,
    objects: &'a [Value],
    context: &CheckContext<'a>,
    inventory: Option<&Inventory>,
    collected: &mut Collected,
) -> Vec<Finding> {
    if context.policies.is_empty() {
        return Vec::new();
    }
    let old = context.old(&subject.key).map(|old| schema::defaulted(old, context.schemas));
    let namespace = subject.key.namespace.as_deref().and_then(|name| context.namespace(name, objects));
    let ask = |object: &Value,
               old: Option<&Value>,
               resource: Resource,
               collected: &mut Collected,
               is_derived: bool| {
        let operation = if old.is_some() { Operation::Update } else { Operation::Create };
        let evaluation = context.policies.evaluate(&Review {
            object,
            old,
            operation,
            resource,
            namespace,
            user: context.user,
            inventory,
            is_derived,
            cancel: context.cancel,
        });
        // Both in one order, the second a part of the first.
        let mut passed = evaluation.passed.into_iter().peekable();
        for name in evaluation.matched {
            let policy = whole(&name);
            if passed.next_if_eq(&name).is_none() && !collected.spoke.contains(policy) {
                collected.spoke.insert(policy.to_owned());
            }
            if !collected.matched.contains(policy) {
                collected.matched.insert(policy.to_owned());
            }
        }
        evaluation.findings
    };
    let resource = context.resource(&subject.key.gvk());
    let mut findings = ask(&subject.object, old.as_ref(), resource, collected, false);
    if subject.key.api_version == "v1" && subject.key.kind == "Pod" {
        return findings;
    }
    let said = findings.len();
    for view in &subject.pods {
        let resource = context.resource(&ObjectKey::of(&view.pod).gvk());
        for finding in ask(&view.pod, None, resource, collected, true) {
            let moved = moved(finding, &subject.key, view);
            // What says less does not stand for what says more.
            let as_much =
                |own: &Finding| own.severity >= moved.severity && (!own.incomplete || moved.incomplete);
            let repeats = findings
                .iter()
                .take(said)
                .any(|own| as_much(own) && is_written_for(own, &moved) && own.path == moved.path)
                || findings
                    .iter()
                    .any(|own| as_much(own) && same_policy(own, &moved) && same_text(own, &moved));
            if !repeats {
                findings.push(moved);
            }
        }
    }
    findings
}

/// Whether a rule is the one that speaks of Pods, or was written of it for what makes them.
fn is_written_for(own: &Finding, of_pods: &Finding) -> bool {
    let original = |rule: &str| rule.replacen("/autogen-cronjob-", "/", 1).replacen("/autogen-", "/", 1);
    own.rule == of_pods.rule || original(&own.rule) == of_pods.rule
}

/// A finding about a Pod, told about its owner.
fn moved(finding: Finding, owner: &ObjectKey, view: &PodView) -> Finding {
    Finding {
        message: format!("the Pods of {}/{}: {}", owner.kind, owner.name, finding.message),
        path: view.owner_path(&finding.path),
        object: owner.clone(),
        ..finding
    }
}

/// Whether both come from one policy: a rule for Pods may be written once more for what makes them.
fn same_policy(own: &Finding, moved: &Finding) -> bool {
    let policy = |finding: &Finding| finding.origin.as_ref().map(|origin| origin.policy.clone());
    own.rule == moved.rule || (own.path == moved.path && policy(own) == policy(moved))
}

/// Whether the second says what the first says, once the naming of the owner is left out.
fn same_text(own: &Finding, moved: &Finding) -> bool {
    own.message == moved.message || moved.message.ends_with(&format!(": {}", own.message))
}
