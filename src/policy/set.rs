//! The policies in force.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::cel::Regexes;
use super::compiled::{Other, ParamSource, Policy, Target};
use super::evaluate::{Evaluation, evaluate};
use super::load::{LeftToServer, Loaded, PolicyError, Sources, load};
use super::review::Review;
use crate::manifest::Manifest;

/// Policies with their bindings and parameters, compiled. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct PolicySet {
    pub(super) loaded: Arc<Loaded>,
    pub(super) regexes: Arc<Regexes>,
}

/// One policy, for people who want to know what is in force.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PolicyInfo {
    /// `metadata.name`.
    pub name: String,
    /// The resources that its rules name: `pods`, `apps/deployments`, `*`.
    pub matches: Vec<String>,
    /// Names of its bindings.
    pub bindings: Vec<String>,
    /// What its bindings do: `Deny`, `Warn`, `Audit`.
    pub actions: Vec<String>,
    /// The parameters that its bindings name: `Kind/name`, or `Kind` for a selector.
    pub params: Vec<String>,
    /// The engine: `ValidatingAdmissionPolicy`, `MutatingAdmissionPolicy`, `Gatekeeper`, `Kyverno` or `Rego`.
    pub engine: String,
    /// What its `kubernetes.io/description` annotation says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// False for a policy without a binding, which does nothing.
    pub in_force: bool,
    /// Whether it changes objects: that is seen in a cluster's dry run, and not evaluated here.
    pub mutates: bool,
    /// A function that its expressions use and that is missing here: its verdicts are incomplete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unsupported: Option<String>,
}

impl PolicySet {
    /// No policies.
    pub fn none() -> Self {
        Self::default()
    }

    /// The policies, bindings and parameters among some sources. Objects of other kinds are kept: they may be parameters.
    ///
    /// # Errors
    /// Everything that cannot be read or does not compile, and objects of policy engines that are not evaluated here; of a
    /// cluster's manifests that is no error, see [`PolicySet::left_to_server`].
    pub fn open(sources: Sources<'_>) -> Result<Self, Vec<PolicyError>> {
        Ok(Self { loaded: Arc::new(load(sources)?), regexes: Arc::default() })
    }

    /// Those of the manifests of a policy folder.
    ///
    /// # Errors
    /// As [`PolicySet::open`].
    pub fn from_manifests(manifests: &[Manifest]) -> Result<Self, Vec<PolicyError>> {
        Self::open(Sources { manifests, ..Sources::default() })
    }

    /// What of a cluster's policies only the cluster itself evaluates, by object.
    pub fn left_to_server(&self) -> &[LeftToServer] {
        &self.loaded.left
    }

    /// Whether a policy compares an object with those around it, see [`Review::inventory`].
    pub fn reads_inventory(&self) -> bool {
        self.loaded.policies.iter().any(|policy| policy.other.as_ref().is_some_and(Other::reads_inventory))
    }

    /// Whether there is no policy in it.
    pub fn is_empty(&self) -> bool {
        self.loaded.policies.is_empty() && self.loaded.mutating.is_empty()
    }

    /// How many policies are in force: those that have a binding. Rules of one policy count as one.
    pub fn in_force(&self) -> usize {
        let bound = self.loaded.policies.iter().filter(|policy| !policy.bindings.is_empty());
        let names = bound.map(|policy| (policy.engine, whole(&policy.name)));
        names.collect::<BTreeSet<_>>().len()
    }

    /// What the policies say of one object. Never fails: what cannot be evaluated is an incomplete finding.
    pub fn evaluate(&self, review: &Review<'_>) -> Evaluation {
        evaluate(&self.loaded, &self.regexes, review)
    }

    /// All policies, sorted by name, those that change objects behind the others.
    pub fn list(&self) -> Vec<PolicyInfo> {
        let mut all: Vec<PolicyInfo> = self.loaded.policies.iter().map(info).collect();
        all.extend(self.loaded.mutating.iter().map(|one| PolicyInfo {
            name: one.name.clone(),
            matches: one.constraints.resources(),
            bindings: one.bindings.clone(),
            actions: Vec::new(),
            params: Vec::new(),
            engine: "MutatingAdmissionPolicy".to_owned(),
            description: one.description.clone(),
            in_force: !one.bindings.is_empty(),
            mutates: true,
            unsupported: None,
        }));
        all
    }
}

/// The name of the policy that a name in an [`Evaluation`] belongs to: rules are named `POLICY/RULE`.
pub fn whole(name: &str) -> &str {
    name.split('/').next().unwrap_or(name)
}

fn info(policy: &Policy) -> PolicyInfo {
    let mut actions: Vec<_> =
        policy.bindings.iter().flat_map(|binding| binding.actions.iter().copied()).collect();
    actions.sort();
    actions.dedup();
    let kind = policy.param_kind.as_ref().map(|kind| kind.kind.as_str()).unwrap_or_default();
    let params = policy.bindings.iter().filter_map(|binding| match binding.params.as_ref()? {
        ParamSource::Reference(reference) => {
            Some(reference.name.as_ref().map_or_else(|| kind.to_owned(), |name| format!("{kind}/{name}")))
        }
        // The binding is its own.
        ParamSource::Own(_) => None,
    });
    let mut matches = policy.constraints.resources();
    for binding in &policy.bindings {
        match &binding.resources {
            Target::Constraint(about) => matches.extend(about.kinds()),
            Target::Rule(about) => matches.extend(about.kinds()),
            Target::Resources(_) => {}
        }
    }
    matches.dedup();
    let programs = policy
        .variables
        .iter()
        .map(|(_, program)| program)
        .chain(policy.conditions.iter().map(|condition| &condition.program))
        .chain(policy.validations.iter().map(|validation| &validation.program));
    PolicyInfo {
        name: policy.name.clone(),
        matches,
        bindings: policy.bindings.iter().map(|binding| binding.name.clone()).collect(),
        actions: actions.iter().rev().map(|action| action.as_str().to_owned()).collect(),
        params: params.collect(),
        engine: policy.engine.as_str().to_owned(),
        description: policy.description.clone(),
        in_force: !policy.bindings.is_empty(),
        mutates: false,
        unsupported: programs.filter_map(|program| program.unsupported.clone()).next(),
    }
}
