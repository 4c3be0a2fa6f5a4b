//! One case: objects, policies, what is expected.

use std::sync::Arc;

use serde_json::Value;

use super::{Decision, Outcome, Row};
use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;
use crate::policy::{Evaluation, Inventory, Operation, PolicySet, Resource, Review, User};
use crate::schema::{SchemaSet, defaulted};

/// A case as every format can say it.
pub(super) struct Case {
    pub suite: String,
    pub name: String,
    pub policy: String,
    pub policies: PolicySet,
    /// The objects, each asked for on its own.
    pub objects: Vec<Asked>,
    /// Namespaces and other objects that are there.
    pub around: Arc<[Value]>,
    pub expected: Decision,
    /// Parts of messages, each of which has to come.
    pub messages: Vec<String>,
    /// Why there is nothing to ask.
    pub broken: Option<String>,
}

/// One object and what happens to it.
pub(super) struct Asked {
    pub object: Value,
    pub old: Option<Value>,
    pub operation: Operation,
}

impl Asked {
    pub(super) fn created(object: Value) -> Self {
        Self { object, old: None, operation: Operation::Create }
    }
}

/// Whom the policies see.
fn tester() -> User {
    User::named("policy-test")
}

/// Evaluates a case.
pub(super) fn judge(case: Case, schemas: &SchemaSet) -> Row {
    if let Some(message) = case.broken {
        let Case { suite, name, policy, expected, .. } = case;
        let (resource, got, outcome) = (String::new(), None, Outcome::Error);
        return Row { suite, case: name, policy, resource, expected, got, outcome, message };
    }
    let findings: Vec<Finding> = case.objects.iter().flat_map(|asked| said(&case, asked, schemas)).collect();
    let said = |severity| findings.iter().any(|finding: &Finding| finding.severity == severity);
    let incomplete = findings.iter().find(|finding| finding.incomplete);
    let got = match (incomplete, said(Severity::Error), said(Severity::Warning)) {
        (Some(_), ..) => None,
        (None, true, _) => Some(Decision::Denied),
        (None, false, true) => Some(Decision::Warned),
        (None, false, false) => Some(Decision::Allowed),
    };
    let lacking = case
        .messages
        .iter()
        .find(|part| !findings.iter().any(|finding| finding.message.contains(part.as_str())));
    let told = || {
        let messages: Vec<&str> = findings.iter().map(|finding| finding.message.as_str()).collect();
        messages.join("; ")
    };
    let (outcome, message) = match (got, lacking) {
        (None, _) => (Outcome::Error, incomplete.map(|finding| finding.message.clone()).unwrap_or_default()),
        (Some(got), _) if got != case.expected && findings.is_empty() => {
            (Outcome::Fail, unbound(&case.policies))
        }
        (Some(got), _) if got != case.expected => (Outcome::Fail, told()),
        (Some(_), Some(part)) => (Outcome::Fail, format!("no message says '{part}': {}", told())),
        (Some(_), None) => (Outcome::Pass, told()),
    };
    let resource = case.objects.first().map(|asked| {
        let key = ObjectKey::of(&asked.object);
        format!("{}/{}", key.kind, key.name)
    });
    Row {
        suite: case.suite,
        case: case.name,
        policy: case.policy,
        resource: resource.unwrap_or_default(),
        expected: case.expected,
        got,
        outcome,
        message,
    }
}

/// The policies that say nothing since they have no binding.
fn unbound(policies: &PolicySet) -> String {
    let all = policies.list().into_iter().filter(|policy| !policy.in_force);
    let names: Vec<String> = all.map(|policy| policy.name).collect();
    match names.as_slice() {
        [] => String::new(),
        names => format!("without a binding nothing is said by {}", names.join(", ")),
    }
}

/// What the policies say of one object of a case.
fn said(case: &Case, asked: &Asked, schemas: &SchemaSet) -> Vec<Finding> {
    let others = case.objects.iter().map(|asked| asked.object.clone());
    let around: Vec<Value> = case.around.iter().cloned().chain(others).collect();
    findings_of(&case.policies, asked, &around, schemas)
}

/// What policies say of one object, as the API server would hand it to them.
pub(super) fn findings_of(
    policies: &PolicySet,
    asked: &Asked,
    around: &[Value],
    schemas: &SchemaSet,
) -> Vec<Finding> {
    let asked = Asked {
        object: defaulted(&asked.object, schemas),
        old: asked.old.as_ref().map(|old| defaulted(old, schemas)),
        operation: asked.operation,
    };
    evaluation_of(policies, &asked, around, &tester(), schemas).findings
}

/// What policies say of one object as it is, for somebody. A Namespace among the objects around is the one that they see.
pub(super) fn evaluation_of(
    policies: &PolicySet,
    asked: &Asked,
    around: &[Value],
    user: &User,
    schemas: &SchemaSet,
) -> Evaluation {
    let key = ObjectKey::of(&asked.object);
    let resource = resource_of(&key, schemas);
    // An object that names none goes to `default`.
    let home = key.namespace.as_deref().unwrap_or(if resource.namespaced { "default" } else { "" });
    let namespace = around.iter().find(|other| {
        let other = ObjectKey::of(other);
        other.api_version == "v1" && other.kind == "Namespace" && other.name == home
    });
    // A suite says everything that is there.
    let inventory = policies.reads_inventory().then(|| Inventory::of(around, true));
    let review = Review {
        object: &asked.object,
        old: asked.old.as_ref(),
        operation: asked.operation,
        resource,
        namespace,
        user,
        inventory: inventory.as_ref(),
        is_derived: false,
        cancel: None,
    };
    policies.evaluate(&review)
}

/// The resource of an object's kind: as its schema says, else guessed.
pub(super) fn resource_of(key: &ObjectKey, schemas: &SchemaSet) -> Resource {
    match schemas.kind(&key.gvk()) {
        Some(known) => Resource { plural: known.info.plural.clone(), namespaced: known.info.namespaced },
        None => Resource::guess(&key.gvk()),
    }
}
