//! From manifests to policies: the reader of a policy folder.
//!
//! A folder holds policies, bindings and whatever objects they take as parameters. A policy that cannot be read is an
//! error with its place, never a policy less; so is a field that does not exist, since a mistyped `validations` would
//! switch a policy off.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cel::Bound;
use super::compiled::{Binding, Engine, Param, Policy, Target};
use super::conftest::{self, Module};
use super::matching::MatchResources;
use super::object::Object;
use super::{gatekeeper, kyverno};
use crate::manifest::Manifest;

/// Something in a policy folder that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{message}", place(.file.as_deref(), *.line, *.column))]
pub struct PolicyError {
    /// The file.
    pub file: Option<String>,
    /// Line, 1-based.
    pub line: Option<usize>,
    /// Column, 1-based, in characters.
    pub column: Option<usize>,
    /// What is wrong, with the object and the value.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

fn place(file: Option<&str>, line: Option<usize>, column: Option<usize>) -> String {
    match (file, line, column) {
        (Some(file), Some(line), Some(column)) => format!("{file}:{line}:{column}: "),
        (Some(file), Some(line), None) => format!("{file}:{line}: "),
        (Some(file), ..) => format!("{file}: "),
        _ => String::new(),
    }
}

/// Which engine is taken of a template that has two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Prefer {
    /// K8sNativeValidation (CEL), as Gatekeeper does.
    #[default]
    Expressions,
    /// Rego.
    Rego,
}

/// What a folder held.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub policies: Vec<Policy>,
    pub params: Vec<Param>,
    pub mutating: Vec<Mutating>,
}

/// A policy that changes objects, of which only the name and what it is about is read.
#[derive(Debug)]
pub(super) struct Mutating {
    pub name: String,
    pub description: Option<String>,
    pub constraints: MatchResources,
    pub bindings: Vec<String>,
}

const GROUP: &str = "admissionregistration.k8s.io";

/// Reads all manifests and modules. Policies come sorted by name, their bindings too.
///
/// # Errors
/// Everything that is wrong, not only the first.
pub(super) fn load(
    manifests: &[Manifest],
    modules: &[Module],
    prefer: Prefer,
) -> Result<Loaded, Vec<PolicyError>> {
    let mut loaded = Loaded::default();
    let mut errors = Vec::new();
    let mut bindings = Vec::new();
    let mut changing = Vec::new();
    let mut broken = BTreeSet::new();
    // Gatekeeper generates policies whose parameters are its own constraints.
    let param_kinds: BTreeSet<(&str, &str)> = manifests.iter().filter_map(param_kind).collect();
    for manifest in manifests {
        let kind = manifest.key().gvk();
        let object = Object { manifest };
        let is_param = param_kinds.contains(&(kind.api_version().as_str(), kind.kind.as_str()));
        match (kind.group.as_str(), kind.kind.as_str()) {
            (GROUP, "ValidatingAdmissionPolicy") => match object.policy() {
                Ok(policy) => loaded.policies.push(policy),
                Err(found) => {
                    broken.insert(manifest.key().name);
                    errors.extend(found);
                }
            },
            (GROUP, "ValidatingAdmissionPolicyBinding") => match object.binding() {
                Ok(found) => bindings.push((object, found)),
                Err(error) => errors.push(error),
            },
            (GROUP, "MutatingAdmissionPolicy") => match mutating(object) {
                Ok(found) => loaded.mutating.push(found),
                Err(error) => errors.push(error),
            },
            (GROUP, "MutatingAdmissionPolicyBinding") => match object.text("/spec/policyName") {
                Ok(policy) => changing.push((policy, manifest.key().name)),
                Err(error) => errors.push(error),
            },
            (gatekeeper::TEMPLATES, "ConstraintTemplate") => match gatekeeper::template(manifest, prefer) {
                Ok(policy) => loaded.policies.push(policy),
                Err(found) => {
                    broken.extend(object.text("/spec/crd/spec/names/kind"));
                    errors.extend(found);
                }
            },
            (group, kind) if kyverno::is_policy(group, kind) => match kyverno::policies(manifest) {
                Ok(found) => loaded.policies.extend(found),
                Err(found) => errors.extend(found),
            },
            (gatekeeper::CONSTRAINTS, _) if !is_param => match gatekeeper::constraint(manifest) {
                Ok(found) => bindings.push((object, found)),
                Err(error) => errors.push(error),
            },
            _ => match foreign(&kind.group, &kind.kind).filter(|_| !is_param) {
                Some((engine, hint)) => errors.push(PolicyError {
                    hint: hint.to_owned(),
                    ..object.error(
                        "/kind",
                        format!("{} belongs to {engine}, which is not evaluated here", manifest.key()),
                    )
                }),
                None => loaded.params.push(Param {
                    key: manifest.key(),
                    object: manifest.object.clone(),
                    bound: Bound::new(&manifest.object),
                }),
            },
        }
    }
    match conftest::policies(modules) {
        Ok(found) => loaded.policies.extend(found),
        Err(found) => errors.extend(found),
    }
    for policy in &mut loaded.mutating {
        policy
            .bindings
            .extend(changing.iter().filter(|(of, _)| *of == policy.name).map(|(_, name)| name.clone()));
    }
    loaded.mutating.sort_by(|a, b| a.name.cmp(&b.name));
    loaded.policies.sort_by(|a, b| a.name.cmp(&b.name));
    errors.extend(duplicates(&loaded.policies, manifests));
    attach(&mut loaded.policies, &broken, bindings, &mut errors);
    if errors.is_empty() { Ok(loaded) } else { Err(errors) }
}

fn mutating(object: Object<'_>) -> Result<Mutating, PolicyError> {
    Ok(Mutating {
        name: object.text("/metadata/name")?,
        description: object.description(),
        constraints: object.matching("/spec/matchConstraints")?,
        bindings: Vec::new(),
    })
}

/// `apiVersion` and `kind` of a policy's parameters.
fn param_kind(manifest: &Manifest) -> Option<(&str, &str)> {
    let text = |pointer: &str| manifest.object.pointer(pointer).and_then(Value::as_str);
    if text("/kind") != Some("ValidatingAdmissionPolicy") {
        return None;
    }
    Some((text("/spec/paramKind/apiVersion")?, text("/spec/paramKind/kind")?))
}

fn duplicates(policies: &[Policy], manifests: &[Manifest]) -> Vec<PolicyError> {
    let mut seen = BTreeSet::new();
    let twice = policies.iter().filter(|policy| !seen.insert((policy.engine, &policy.name)));
    twice
        .filter_map(|policy| {
            let last = manifests.iter().rfind(|manifest| {
                let key = manifest.key();
                let name = policy.rule_of.as_ref().map_or(&policy.name, |of| &of.policy);
                key.name == *name && key.kind.contains("Policy") && !key.kind.ends_with("Binding")
            })?;
            Some(PolicyError {
                hint: "rename or remove one of them".to_owned(),
                ..Object { manifest: last }
                    .error("/metadata/name", format!("there is more than one policy named '{}'", policy.name))
            })
        })
        .collect()
}

fn attach(
    policies: &mut [Policy],
    broken: &BTreeSet<String>,
    bindings: Vec<(Object<'_>, (String, Binding))>,
    errors: &mut Vec<PolicyError>,
) {
    let mut names = BTreeSet::new();
    for (object, (policy, binding)) in bindings {
        if !names.insert(binding.name.clone()) {
            errors.push(
                object.error(
                    "/metadata/name",
                    format!("there is more than one binding named '{}'", binding.name),
                ),
            );
        }
        let by_bindings = |known: &&mut Policy| {
            known.name == policy && !matches!(known.engine, Engine::Kyverno | Engine::Conftest)
        };
        match policies.iter_mut().find(by_bindings) {
            Some(known) if known.param_kind.is_none() && binding.params.is_some() => {
                errors.push(object.error(
                    "/spec/paramRef",
                    format!(
                        "binding '{}' has a paramRef, and policy '{policy}' has no paramKind",
                        binding.name
                    ),
                ))
            }
            Some(known) => {
                let parameters = object
                    .get("/spec/parameters")
                    .filter(|_| matches!(binding.resources, Target::Constraint(_)));
                if let Some(why) =
                    parameters.and_then(|given| gatekeeper::wrong_parameters(&known.schema, given))
                {
                    errors.push(object.named("/spec/parameters", &why));
                }
                known.bindings.push(binding);
            }
            // What is wrong with the policy is said already.
            None if broken.contains(&policy) => {}
            None if matches!(binding.resources, Target::Constraint(_)) => errors.push(PolicyError {
                hint: "put its ConstraintTemplate in the same folder".to_owned(),
                ..object.error(
                    "/kind",
                    format!(
                        "the constraint '{}' is of the kind {policy}, of which there is no template here",
                        binding.name
                    ),
                )
            }),
            None => errors.push(PolicyError {
                hint: "put the policy in the same folder, or remove the binding".to_owned(),
                ..object.error(
                    "/spec/policyName",
                    format!("binding '{}' names the policy '{policy}', which is not here", binding.name),
                )
            }),
        }
    }
    for policy in policies {
        policy.bindings.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

/// The engine that a kind belongs to which we do not evaluate, with what to do.
fn foreign(group: &str, kind: &str) -> Option<(&'static str, &'static str)> {
    const WEBHOOK: &str = "webhooks run on the cluster only; remove it from the policy folder";
    if group == "gatekeeper.sh" || group.ends_with(".gatekeeper.sh") {
        return Some((
            "Gatekeeper",
            "put ConstraintTemplates and constraints here, nothing else of Gatekeeper",
        ));
    }
    if group == "kyverno.io" || group.ends_with(".kyverno.io") {
        return Some((
            "Kyverno",
            "evaluated are ValidatingPolicy, NamespacedValidatingPolicy, and ClusterPolicy and Policy whose rules are validate.cel, validate.pattern or validate.anyPattern; take it out of the folder",
        ));
    }
    if group == "kubewarden.io" || group.ends_with(".kubewarden.io") {
        return Some(("Kubewarden", "rewrite it as a ValidatingAdmissionPolicy"));
    }
    match (group, kind) {
        (GROUP, "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
            Some(("admission webhooks", WEBHOOK))
        }
        _ => None,
    }
}
