//! From manifests to policies: the reader of a policy folder.
//!
//! A folder holds policies, bindings and whatever objects they take as parameters. A policy that cannot be read is an
//! error with its place, never a policy less; so is a field that does not exist, since a mistyped `validations` would
//! switch a policy off.

use std::collections::BTreeSet;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::cel::{self, Bound, Declared, Program};
use super::compiled::{
    Action, Binding, Condition, Engine, FailurePolicy, Param, ParamRef, ParamSource, Policy, Target,
    Validation,
};
use super::gatekeeper;
use super::matching::MatchResources;
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

/// What a folder held.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub policies: Vec<Policy>,
    pub params: Vec<Param>,
}

const GROUP: &str = "admissionregistration.k8s.io";

/// Reads all manifests. Policies come sorted by name, their bindings too.
///
/// # Errors
/// Everything that is wrong, not only the first.
pub(super) fn load(manifests: &[Manifest]) -> Result<Loaded, Vec<PolicyError>> {
    let mut loaded = Loaded::default();
    let mut errors = Vec::new();
    let mut bindings = Vec::new();
    // Gatekeeper generates policies whose parameters are its own constraints.
    let param_kinds: BTreeSet<(&str, &str)> = manifests.iter().filter_map(param_kind).collect();
    for manifest in manifests {
        let kind = manifest.key().gvk();
        let object = Object { manifest };
        let is_param = param_kinds.contains(&(kind.api_version().as_str(), kind.kind.as_str()));
        match (kind.group.as_str(), kind.kind.as_str()) {
            (GROUP, "ValidatingAdmissionPolicy") => match object.policy() {
                Ok(policy) => loaded.policies.push(policy),
                Err(found) => errors.extend(found),
            },
            (GROUP, "ValidatingAdmissionPolicyBinding") => match object.binding() {
                Ok(found) => bindings.push((object, found)),
                Err(error) => errors.push(error),
            },
            (gatekeeper::TEMPLATES, "ConstraintTemplate") => match gatekeeper::template(manifest) {
                Ok(policy) => loaded.policies.push(policy),
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
    loaded.policies.sort_by(|a, b| a.name.cmp(&b.name));
    errors.extend(duplicates(&loaded.policies, manifests));
    attach(&mut loaded.policies, bindings, &mut errors);
    if errors.is_empty() { Ok(loaded) } else { Err(errors) }
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
    let twice = policies.iter().filter(|policy| !seen.insert(&policy.name));
    twice
        .filter_map(|policy| {
            let last = manifests.iter().rfind(|manifest| {
                let key = manifest.key();
                key.kind == "ValidatingAdmissionPolicy" && key.name == policy.name
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
        match policies.iter_mut().find(|known| known.name == policy) {
            Some(known) if known.param_kind.is_none() && binding.params.is_some() => {
                errors.push(object.error(
                    "/spec/paramRef",
                    format!(
                        "binding '{}' has a paramRef, and policy '{policy}' has no paramKind",
                        binding.name
                    ),
                ))
            }
            Some(known) => known.bindings.push(binding),
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
            "have Kyverno generate a ValidatingAdmissionPolicy from it and put that here",
        ));
    }
    if group == "kubewarden.io" || group.ends_with(".kubewarden.io") {
        return Some(("Kubewarden", "rewrite it as a ValidatingAdmissionPolicy"));
    }
    match (group, kind) {
        (GROUP, "MutatingAdmissionPolicy" | "MutatingAdmissionPolicyBinding") => Some((
            "mutating admission",
            "mutations run on the cluster only; remove it from the policy folder",
        )),
        (GROUP, "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
            Some(("admission webhooks", WEBHOOK))
        }
        _ => None,
    }
}

/// A manifest that is being read.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    pub manifest: &'a Manifest,
}

impl<'a> Object<'a> {
    /// An error at a JSON pointer, or at the nearest enclosing value whose place is known.
    pub(super) fn error(self, pointer: &str, message: String) -> PolicyError {
        let mut at = pointer;
        let location = loop {
            if let Some(location) = self.manifest.locations.get(at) {
                break Some(location);
            }
            match at.rsplit_once('/') {
                Some((parent, _)) => at = parent,
                None => break None,
            }
        };
        PolicyError {
            file: self.manifest.file.as_deref().map(str::to_owned),
            line: location.map(|location| location.line),
            column: location.map(|location| location.column),
            message,
            hint: "correct it; see `kubectl explain validatingadmissionpolicy.spec` for the fields"
                .to_owned(),
        }
    }

    pub(super) fn named(self, pointer: &str, message: &str) -> PolicyError {
        self.error(pointer, format!("{}: {message}", self.manifest.key()))
    }

    pub(super) fn get(self, pointer: &str) -> Option<&'a Value> {
        self.manifest.object.pointer(pointer).filter(|value| !value.is_null())
    }

    pub(super) fn read<T: DeserializeOwned>(self, pointer: &str) -> Result<Option<T>, PolicyError> {
        let Some(value) = self.get(pointer) else { return Ok(None) };
        serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|error| self.named(pointer, &format!("{}: {error}", field(pointer))))
    }

    pub(super) fn fields(self, pointer: &str, known: &[&str]) -> Result<&'a Map<String, Value>, PolicyError> {
        let map = self
            .get(pointer)
            .and_then(Value::as_object)
            .ok_or_else(|| self.named(pointer, &format!("{} is missing or no map", field(pointer))))?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(self.named(
                &format!("{pointer}/{unknown}"),
                &format!("{} has no field '{unknown}'; it has {}", field(pointer), known.join(", ")),
            )),
            None => Ok(map),
        }
    }

    pub(super) fn text(self, pointer: &str) -> Result<String, PolicyError> {
        self.read::<String>(pointer)?
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| self.named(pointer, &format!("{} is missing or empty", field(pointer))))
    }

    fn matching(self, pointer: &str) -> Result<MatchResources, PolicyError> {
        let matching = self.read::<MatchResources>(pointer)?.unwrap_or_default();
        for (name, selector) in [
            ("namespaceSelector", &matching.namespace_selector),
            ("objectSelector", &matching.object_selector),
        ] {
            selector
                .verify()
                .map_err(|error| self.named(&format!("{pointer}/{name}"), &format!("{name}: {error}")))?;
        }
        Ok(matching)
    }

    fn binding(self) -> Result<(String, Binding), PolicyError> {
        self.fields("/spec", &["policyName", "validationActions", "matchResources", "paramRef"])?;
        let mut actions = self.read::<Vec<Action>>("/spec/validationActions")?.unwrap_or_default();
        actions.sort();
        actions.dedup();
        if actions.is_empty() {
            return Err(
                self.named("/spec/validationActions", "spec.validationActions needs Deny, Warn or Audit")
            );
        }
        if actions.contains(&Action::Deny) && actions.contains(&Action::Warn) {
            return Err(self.named("/spec/validationActions", "Deny and Warn cannot stand together"));
        }
        let params = self.read::<ParamRef>("/spec/paramRef")?;
        if let Some(reference) = &params {
            if reference.name.is_some() == reference.selector.is_some() {
                return Err(self.named("/spec/paramRef", "spec.paramRef needs either a name or a selector"));
            }
            if reference.parameter_not_found_action.is_none() {
                return Err(self
                    .named("/spec/paramRef", "spec.paramRef needs parameterNotFoundAction: Allow or Deny"));
            }
            if let Some(selector) = &reference.selector {
                selector.verify().map_err(|error| self.named("/spec/paramRef/selector", &error))?;
            }
        }
        let binding = Binding {
            name: self.text("/metadata/name")?,
            actions,
            resources: Target::Resources(self.matching("/spec/matchResources")?),
            params: params.map(ParamSource::Reference),
        };
        Ok((self.text("/spec/policyName")?, binding))
    }

    fn policy(self) -> Result<Policy, Vec<PolicyError>> {
        let header = || -> Result<Policy, PolicyError> {
            self.fields(
                "/spec",
                &[
                    "failurePolicy",
                    "paramKind",
                    "matchConstraints",
                    "matchConditions",
                    "variables",
                    "validations",
                    "auditAnnotations",
                ],
            )?;
            Ok(Policy {
                name: self.text("/metadata/name")?,
                description: self.description(),
                failure_policy: self.read::<FailurePolicy>("/spec/failurePolicy")?.unwrap_or_default(),
                param_kind: self.read("/spec/paramKind")?,
                constraints: self.matching("/spec/matchConstraints")?,
                conditions: Vec::new(),
                variables: Vec::new(),
                validations: Vec::new(),
                annotations: Vec::new(),
                bindings: Vec::new(),
                engine: Engine::Kubernetes,
            })
        };
        let mut policy = header().map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        if policy.constraints.resource_rules.is_empty() {
            errors.push(
                self.named(
                    "/spec/matchConstraints",
                    "spec.matchConstraints.resourceRules is missing or empty",
                ),
            );
        }
        self.expressions("/spec", &[], "matchConditions", &mut policy, &mut errors);
        if policy.validations.is_empty() && policy.annotations.is_empty() && errors.is_empty() {
            errors.push(self.named("/spec", "a policy needs validations or auditAnnotations"));
        }
        if errors.is_empty() { Ok(policy) } else { Err(errors) }
    }

    /// The first annotation that says what the policy is for.
    pub(super) fn description(self) -> Option<String> {
        let annotations = self.get("/metadata/annotations")?;
        ["kubernetes.io/description", "description"]
            .iter()
            .find_map(|key| annotations.get(*key).and_then(Value::as_str))
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Compiles everything that is an expression. Variables see those above them, the rest sees all.
    /// `base` is where the lists stand, `before` are variables in front of those that are written there.
    pub(super) fn expressions(
        self,
        base: &str,
        before: &[(&str, &str)],
        conditions: &str,
        policy: &mut Policy,
        errors: &mut Vec<PolicyError>,
    ) {
        let params = policy.param_kind.is_some();
        let mut names: Vec<String> = Vec::new();
        for (name, expression) in before {
            match cel::compile(expression, Declared { params, variables: &names }) {
                Ok(program) => {
                    policy.variables.push(((*name).to_owned(), program));
                    names.push((*name).to_owned());
                }
                Err(error) => errors.push(self.named(base, &format!("variable {name}: {error}"))),
            }
        }
        self.each(&format!("{base}/variables"), &["name", "expression"], errors, |at| {
            let name = self.text(&format!("{at}/name"))?;
            let program =
                self.compile(&format!("{at}/expression"), Declared { params, variables: &names })?;
            if names.contains(&name) {
                return Err(self.named(at, &format!("there is more than one variable named '{name}'")));
            }
            names.push(name.clone());
            policy.variables.push((name, program));
            Ok(())
        });
        let declared = Declared { params, variables: &names };
        self.each(&format!("{base}/{conditions}"), &["name", "expression"], errors, |at| {
            let name = self.text(&format!("{at}/name"))?;
            let program = self.compile(&format!("{at}/expression"), declared)?;
            policy.conditions.push(Condition { name, program });
            Ok(())
        });
        self.each(
            &format!("{base}/validations"),
            &["expression", "message", "messageExpression", "reason"],
            errors,
            |at| {
                let program = self.compile(&format!("{at}/expression"), declared)?;
                let pointer = format!("{at}/messageExpression");
                let message_expression = match self.get(&pointer) {
                    Some(_) => Some(self.compile(&pointer, declared)?),
                    None => None,
                };
                // Only read: the reason is a code of HTTP answers.
                self.read::<String>(&format!("{at}/reason"))?;
                policy.validations.push(Validation {
                    program,
                    message: self.read::<String>(&format!("{at}/message"))?,
                    message_expression,
                });
                Ok(())
            },
        );
        self.each(&format!("{base}/auditAnnotations"), &["key", "valueExpression"], errors, |at| {
            let key = self.text(&format!("{at}/key"))?;
            let program = self.compile(&format!("{at}/valueExpression"), declared)?;
            policy.annotations.push((key, program));
            Ok(())
        });
    }

    /// Runs `read` for the pointer of each entry of a list.
    fn each(
        self,
        pointer: &str,
        known: &[&str],
        errors: &mut Vec<PolicyError>,
        mut read: impl FnMut(&str) -> Result<(), PolicyError>,
    ) {
        let Some(value) = self.get(pointer) else { return };
        let Some(entries) = value.as_array() else {
            errors.push(self.named(pointer, &format!("{} is no list", field(pointer))));
            return;
        };
        for index in 0..entries.len() {
            let at = format!("{pointer}/{index}");
            if let Err(error) = self.fields(&at, known).and_then(|_| read(&at)) {
                errors.push(error);
            }
        }
    }

    fn compile(self, pointer: &str, declared: Declared<'_>) -> Result<Program, PolicyError> {
        let source = self.text(pointer)?;
        cel::compile(&source, declared).map_err(|error| PolicyError {
            hint: "correct the expression; a policy that cannot be compiled is not accepted by the API server either".to_owned(),
            ..self.named(pointer, &format!("{} does not compile: {error}", field(pointer)))
        })
    }
}

/// A pointer as people write fields: `spec.validations[0].expression`.
fn field(pointer: &str) -> String {
    pointer.split('/').skip(1).fold(String::new(), |mut text, part| {
        if part.parse::<usize>().is_ok() {
            text.push_str(&format!("[{part}]"));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(part);
        }
        text
    })
}
