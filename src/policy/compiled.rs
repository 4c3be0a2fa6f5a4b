//! A policy in the form in which it is evaluated: every expression compiled once, bindings and parameters at hand.

use serde_json::Value;

use super::cel::{Bound, Program};
use super::matching::MatchResources;
use super::selector::LabelSelector;
use crate::manifest::ObjectKey;

/// A ValidatingAdmissionPolicy.
#[derive(Debug)]
pub(super) struct Policy {
    pub name: String,
    pub description: Option<String>,
    pub failure_policy: FailurePolicy,
    pub param_kind: Option<ParamKind>,
    pub constraints: MatchResources,
    pub conditions: Vec<Condition>,
    pub variables: Vec<(String, Program)>,
    pub validations: Vec<Validation>,
    pub annotations: Vec<(String, Program)>,
    pub bindings: Vec<Binding>,
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
}

/// A ValidatingAdmissionPolicyBinding.
#[derive(Debug)]
pub(super) struct Binding {
    pub name: String,
    pub actions: Vec<Action>,
    pub resources: MatchResources,
    pub params: Option<ParamRef>,
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
