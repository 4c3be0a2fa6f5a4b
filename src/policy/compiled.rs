//! A policy in the form in which it is evaluated: every expression compiled once, bindings and parameters at hand.

use std::sync::OnceLock;

use serde_json::Value;

use super::cel::{Bound, Program};
use super::conftest::ModuleRule;
use super::gatekeeper::{ConstraintMatch, RegoTemplate};
use super::kyverno::{Patterns, RuleMatch};
use super::locate::Way;
use super::matching::{Match, MatchResources};
use super::review::Review;
use super::selector::LabelSelector;
use crate::manifest::ObjectKey;

/// A ValidatingAdmissionPolicy, or what of another engine comes to one.
#[derive(Debug)]
pub(super) struct Policy {
    /// `metadata.name`; for a rule of a policy `POLICY/RULE`.
    pub name: String,
    /// Where it is one rule of a policy.
    pub rule_of: Option<RuleOf>,
    pub description: Option<String>,
    pub failure_policy: FailurePolicy,
    pub param_kind: Option<ParamKind>,
    pub constraints: MatchResources,
    pub conditions: Vec<Condition>,
    pub variables: Vec<(String, Program)>,
    pub validations: Vec<Validation>,
    pub annotations: Vec<(String, Program)>,
    pub bindings: Vec<Binding>,
    pub engine: Engine,
    /// What decides besides expressions.
    pub other: Option<Other>,
    /// The schema of the parameters that stand in a constraint; null where none is said.
    pub schema: Value,
    /// Whether it was read from the cluster that the objects go to, which asks it itself.
    pub of_cluster: bool,
}

impl Policy {
    /// One that says nothing yet: every engine fills in what it has.
    pub(super) fn empty(name: String, engine: Engine) -> Self {
        Self {
            name,
            rule_of: None,
            description: None,
            failure_policy: FailurePolicy::default(),
            param_kind: None,
            constraints: MatchResources::default(),
            conditions: Vec::new(),
            variables: Vec::new(),
            validations: Vec::new(),
            annotations: Vec::new(),
            bindings: Vec::new(),
            engine,
            other: None,
            schema: Value::Null,
            of_cluster: false,
        }
    }
}

/// What decides where it is no expression.
#[derive(Debug)]
pub(super) enum Other {
    /// Patterns of Kyverno.
    Patterns(Patterns),
    /// A template of Gatekeeper.
    Rego(Box<RegoTemplate>),
    /// A rule of a module, as conftest has them.
    Module(Box<ModuleRule>),
}

impl Other {
    /// What it is, for people.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Patterns(_) => "a pattern",
            Self::Rego(_) | Self::Module(_) => "Rego",
        }
    }

    /// Whether it compares an object with others.
    pub(super) fn reads_inventory(&self) -> bool {
        match self {
            Self::Patterns(_) | Self::Module(_) => false,
            Self::Rego(template) => template.reads_inventory(),
        }
    }
}

/// One rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleOf {
    pub policy: String,
    pub rule: String,
}

/// Whose policy it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Engine {
    /// Kubernetes itself.
    Kubernetes,
    /// Gatekeeper: the policy is a template, its bindings are constraints.
    Gatekeeper,
    /// Kyverno: a policy carries its actions itself.
    Kyverno,
    /// Rego with rules as conftest has them.
    Conftest,
}

impl Engine {
    /// As it stands in findings and listings.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Kubernetes => "ValidatingAdmissionPolicy",
            Self::Gatekeeper => "Gatekeeper",
            Self::Kyverno => "Kyverno",
            Self::Conftest => "Rego",
        }
    }
}

/// What an evaluation error does.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
pub(super) enum FailurePolicy {
    #[default]
    Fail,
    Ignore,
}

/// The kind of the policy's parameter objects.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ParamKind {
    pub api_version: String,
    pub kind: String,
}

/// A match condition.
#[derive(Debug)]
pub(super) struct Condition {
    pub name: String,
    pub program: Program,
}

/// One validation.
#[derive(Debug)]
pub(super) struct Validation {
    pub program: Program,
    pub message: Option<String>,
    pub message_expression: Option<Program>,
    /// Fields that it speaks of; found out when it is first breached.
    pub ways: OnceLock<Vec<Way>>,
}

/// A ValidatingAdmissionPolicyBinding.
#[derive(Debug)]
pub(super) struct Binding {
    pub name: String,
    pub actions: Vec<Action>,
    pub resources: Target,
    pub params: Option<ParamSource>,
    /// Whether it was read from the cluster that the objects go to.
    pub of_cluster: bool,
}

/// Which objects a binding is about.
#[derive(Debug)]
pub(super) enum Target {
    /// As Kubernetes says it.
    Resources(MatchResources),
    /// As a constraint of Gatekeeper says it.
    Constraint(Box<ConstraintMatch>),
    /// As a rule of Kyverno says it.
    Rule(Box<RuleMatch>),
}

impl Target {
    /// Whether the object of a review is matched.
    pub(super) fn matches(&self, review: &Review<'_>) -> Match {
        match self {
            Self::Resources(resources) => resources.matches(review),
            Self::Constraint(about) => about.matches(review),
            Self::Rule(about) => about.matches(review),
        }
    }

    /// Whether objects of a review's kind are matched, whatever labels they have.
    pub(super) fn matches_kind(&self, review: &Review<'_>) -> Match {
        match self {
            Self::Resources(resources) => resources.matches_kind(review),
            Self::Constraint(about) => about.matches_kind(review),
            Self::Rule(about) => about.matches_kind(review),
        }
    }

    /// The schema of the objects that are selected by their labels; `None` where all are.
    pub(super) fn selected_objects(&self) -> Option<Value> {
        match self {
            Self::Resources(resources) => resources.selected_objects(),
            Self::Constraint(about) => about.selected_objects(),
            Self::Rule(about) => about.selected_objects(),
        }
    }

    /// Whether an object is selected by its labels.
    pub(super) fn selects(&self, object: &Value) -> bool {
        match self {
            Self::Resources(resources) => resources.selects(object),
            Self::Constraint(about) => about.selects(object),
            Self::Rule(about) => about.selects(object),
        }
    }
}

/// Where the parameters of a binding come from.
#[derive(Debug)]
pub(super) enum ParamSource {
    /// Objects beside the policy.
    Reference(ParamRef),
    /// The binding itself.
    Own(Box<Param>),
}

/// One of `validationActions`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
pub(super) enum Action {
    Audit,
    Warn,
    Deny,
}

impl Action {
    /// As it stands in a binding.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "Audit",
            Self::Warn => "Warn",
            Self::Deny => "Deny",
        }
    }
}

/// `paramRef` of a binding: a name or a selector.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ParamRef {
    pub name: Option<String>,
    pub namespace: Option<String>,
    pub selector: Option<LabelSelector>,
    pub parameter_not_found_action: Option<NotFound>,
}

/// What a binding does without its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
pub(super) enum NotFound {
    Allow,
    Deny,
}

/// An object that stands beside the policies and may be a parameter.
#[derive(Debug)]
pub(super) struct Param {
    pub key: ObjectKey,
    pub object: Value,
    pub bound: Bound,
}
