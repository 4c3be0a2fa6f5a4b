//! From manifests to policies: the reader of a policy folder.
//!
//! A folder holds policies, bindings and whatever objects they take as parameters. A policy that cannot be read is an
//! error with its place, never a policy less; so is a field that does not exist, since a mistyped `validations` would
//! switch a policy off. On a cluster a policy is in force whether it can be read here or not: one that cannot is named, and
//! left to the cluster's own answer.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cel::Bound;
use super::compiled::{Binding, Engine, Param, Policy, Target};
use super::conftest::{self, Module};
use super::matching::MatchResources;
use super::object::Object;
use super::set::whole;
use super::{gatekeeper, kyverno};
use crate::manifest::{Manifest, ObjectKey};

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

/// What policies are read from.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// Manifests of files. What cannot be used there is an error.
    pub manifests: &'a [Manifest],
    /// Modules in Rego, as conftest has them.
    pub modules: &'a [Module],
    /// Manifests of a cluster, where they are in force whether we can read them or not. What cannot be evaluated here is left to
    /// the cluster, see [`LeftToServer`].
    pub cluster: &'a [Manifest],
    /// Which engine is taken of a template that has two.
    pub prefer: Prefer,
    /// The minor of Kubernetes that has to take the policies: 36 for 1.36. A function that is younger is one that does not exist.
    pub minor: Option<u32>,
}

/// Something of a cluster's policies that only the cluster itself evaluates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftToServer {
    /// The policy, binding or constraint.
    pub object: ObjectKey,
    /// Why it is not evaluated here.
    pub why: String,
}

/// What the sources held.
#[derive(Debug, Default)]
pub(super) struct Loaded {
    pub policies: Vec<Policy>,
    pub params: Vec<Param>,
    pub mutating: Vec<Mutating>,
    pub left: Vec<LeftToServer>,
    /// Kinds whose objects the cluster changes before it asks its policies, by rules that are read here and not applied.
    pub mutated: BTreeSet<String>,
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

/// A manifest, and whether it is the cluster's.
#[derive(Clone, Copy)]
struct Given<'a> {
    object: Object<'a>,
    is_clusters: bool,
}

/// What is being read.
#[derive(Default)]
struct Reading<'a> {
    loaded: Loaded,
    errors: Vec<PolicyError>,
    bindings: Vec<(Given<'a>, (String, Binding))>,
    /// Bindings of policies that change objects: the policy and the binding's name.
    changing: Vec<(String, String)>,
    /// Policies that could not be read, and whether they are the cluster's: what is wrong with them is said already.
    broken: BTreeMap<String, bool>,
    /// Policies of Kyverno on the cluster that do not hold for everything, each with an exception.
    excepted: BTreeMap<String, ObjectKey>,
}

impl<'a> Reading<'a> {
    /// What cannot be used: an error, or left to the cluster.
    fn refuse(&mut self, given: Given<'_>, found: impl IntoIterator<Item = PolicyError>) {
        if !given.is_clusters {
            self.errors.extend(found);
            return;
        }
        let object = given.object.manifest.key();
        let own = format!("{object}: ");
        let why = |error: PolicyError| error.message.strip_prefix(&own).unwrap_or(&error.message).to_owned();
        let left = found.into_iter().map(|error| LeftToServer { object: object.clone(), why: why(error) });
        self.loaded.left.extend(left);
    }

    fn keep(&mut self, given: Given<'_>, policies: impl IntoIterator<Item = Policy>) {
        let of_cluster = given.is_clusters;
        self.loaded.policies.extend(policies.into_iter().map(|mut policy| {
            policy.bindings.iter_mut().for_each(|binding| binding.of_cluster = of_cluster);
            Policy { of_cluster, ..policy }
        }));
    }

    /// Reads one manifest. `is_param`: it is of a kind that policies take as a parameter.
    fn read(&mut self, given: Given<'a>, is_param: bool, prefer: Prefer) {
        let object = given.object;
        let manifest = object.manifest;
        let kind = manifest.key().gvk();
        match (kind.group.as_str(), kind.kind.as_str()) {
            (GROUP, "ValidatingAdmissionPolicy") => match object.policy() {
                Ok(policy) => self.keep(given, [policy]),
                Err(found) => {
                    self.broken.insert(manifest.key().name, given.is_clusters);
                    self.refuse(given, found);
                }
            },
            (GROUP, "ValidatingAdmissionPolicyBinding") => match object.binding() {
                Ok(found) => self.bindings.push((given, found)),
                Err(error) => self.refuse(given, [error]),
            },
            (GROUP, "MutatingAdmissionPolicy") => match mutating(object) {
                Ok(found) => self.loaded.mutating.push(found),
                Err(error) => self.refuse(given, [error]),
            },
            (GROUP, "MutatingAdmissionPolicyBinding") => match object.text("/spec/policyName") {
                Ok(policy) => self.changing.push((policy, manifest.key().name)),
                Err(error) => self.refuse(given, [error]),
            },
            (gatekeeper::TEMPLATES, "ConstraintTemplate") => match gatekeeper::template(manifest, prefer) {
                Ok(policy) => self.keep(given, [policy]),
                Err(found) => {
                    let kind = object.text("/spec/crd/spec/names/kind").ok();
                    self.broken.extend(kind.map(|kind| (kind, given.is_clusters)));
                    self.refuse(given, found);
                }
            },
            (group, "PolicyException") if given.is_clusters && kyverno::is_group(group) => {}
            (group, kind) if kyverno::is_policy(group, kind) => {
                let exception = self.excepted.get(&manifest.key().name).filter(|_| given.is_clusters);
                if let Some(exception) = exception {
                    let text = format!("{exception} makes exceptions, which are not evaluated here");
                    return self.refuse(given, [object.error("/metadata/name", text)]);
                }
                if given.is_clusters {
                    self.loaded.mutated.extend(kyverno::mutated(&manifest.object));
                    if kyverno::is_background_only(&manifest.object) {
                        return;
                    }
                }
                let (mut policies, errors) = kyverno::policies(manifest, given.is_clusters);
                if given.is_clusters && policies.iter().any(|policy| policy.param_kind.is_some()) {
                    let text = "it takes parameters, which are not read here";
                    self.refuse(given, [object.error("/spec", text.to_owned())]);
                    policies.retain(|policy| policy.param_kind.is_none());
                }
                self.keep(given, policies);
                self.refuse(given, errors);
            }
            (gatekeeper::CONSTRAINTS, _) if !is_param => match gatekeeper::constraint(manifest) {
                Ok(found) => self.bindings.push((given, found)),
                Err(error) => self.refuse(given, [error]),
            },
            _ => match foreign(&kind.group, &kind.kind).filter(|_| !is_param) {
                Some((engine, hint)) => {
                    let text = format!("{} belongs to {engine}, which is not evaluated here", manifest.key());
                    let error = PolicyError { hint: hint.to_owned(), ..object.error("/kind", text) };
                    self.refuse(given, [error]);
                }
                None => self.loaded.params.push(Param {
                    key: manifest.key(),
                    object: manifest.object.clone(),
                    bound: Bound::new(&manifest.object),
                }),
            },
        }
    }

    /// A policy of the cluster that a file has too is evaluated as the file has it.
    fn choose(&mut self) {
        let policies = &mut self.loaded.policies;
        let of_files = policies.iter().filter(|policy| !policy.of_cluster);
        let named = |policy: &Policy| (policy.engine, whole(&policy.name).to_owned());
        let own: BTreeSet<(Engine, String)> = of_files.map(named).collect();
        policies.retain(|policy| !policy.of_cluster || !own.contains(&named(policy)));
    }
}

/// Reads all sources. Policies come sorted by name, their bindings too.
///
/// # Errors
/// Everything that is wrong with what is no cluster's, not only the first.
pub(super) fn load(sources: Sources<'_>) -> Result<Loaded, Vec<PolicyError>> {
    let exceptions = sources.cluster.iter().filter(|manifest| manifest.key().kind == "PolicyException");
    let excepted = exceptions.flat_map(|manifest| {
        kyverno::excepted(&manifest.object).into_iter().map(|name| (name, manifest.key()))
    });
    let mut reading = Reading { excepted: excepted.collect(), ..Reading::default() };
    // Gatekeeper generates policies whose parameters are its own constraints.
    let every = || sources.manifests.iter().chain(sources.cluster);
    let of_files: BTreeSet<(&str, &str)> = sources.manifests.iter().filter_map(param_kind).collect();
    let of_both: BTreeSet<(&str, &str)> = every().filter_map(param_kind).collect();
    for (index, manifest) in every().enumerate() {
        let kind = manifest.key().gvk();
        let is_clusters = index >= sources.manifests.len();
        // What a cluster generates of a template says nothing of a folder's constraints.
        let param_kinds = if is_clusters { &of_both } else { &of_files };
        let is_param = param_kinds.contains(&(kind.api_version().as_str(), kind.kind.as_str()));
        // What a cluster has taken it can evaluate.
        let minor = if is_clusters { None } else { sources.minor };
        let given = Given { object: Object { manifest, minor }, is_clusters };
        reading.read(given, is_param, sources.prefer);
    }
    match conftest::policies(sources.modules) {
        Ok(found) => reading.loaded.policies.extend(found),
        Err(found) => reading.errors.extend(found),
    }
    reading.choose();
    let Reading { loaded, changing, .. } = &mut reading;
    for policy in &mut loaded.mutating {
        policy
            .bindings
            .extend(changing.iter().filter(|(of, _)| *of == policy.name).map(|(_, name)| name.clone()));
    }
    loaded.mutating.sort_by(|a, b| a.name.cmp(&b.name));
    loaded.policies.sort_by(|a, b| a.name.cmp(&b.name));
    reading.errors.extend(duplicates(&reading.loaded.policies, sources.manifests));
    reading.attach();
    let Reading { mut loaded, errors, .. } = reading;
    loaded.left.sort_by(|a, b| a.object.cmp(&b.object));
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
    let of_files = policies.iter().filter(|policy| !policy.of_cluster);
    let twice = of_files.filter(|policy| !seen.insert((policy.engine, &policy.name)));
    twice
        .filter_map(|policy| {
            let last = manifests.iter().rfind(|manifest| {
                let key = manifest.key();
                let name = policy.rule_of.as_ref().map_or(&policy.name, |of| &of.policy);
                key.name == *name && key.kind.contains("Policy") && !key.kind.ends_with("Binding")
            })?;
            Some(PolicyError {
                hint: "rename or remove one of them".to_owned(),
                ..Object { manifest: last, minor: None }
                    .error("/metadata/name", format!("there is more than one policy named '{}'", policy.name))
            })
        })
        .collect()
}

impl Reading<'_> {
    /// Gives each binding to its policy.
    fn attach(&mut self) {
        let mut names = BTreeSet::new();
        for (given, (policy, binding)) in std::mem::take(&mut self.bindings) {
            let object = given.object;
            let is_constraint = matches!(binding.resources, Target::Constraint(_));
            // Constraints of two kinds may have one name.
            let of = if is_constraint { policy.clone() } else { String::new() };
            if !names.insert((of, binding.name.clone())) {
                // One that a file has too is in force as the file has it.
                if !given.is_clusters {
                    let text = format!("there is more than one binding named '{}'", binding.name);
                    self.refuse(given, [object.error("/metadata/name", text)]);
                }
                continue;
            }
            let by_bindings = |known: &&mut Policy| {
                known.name == policy && !matches!(known.engine, Engine::Kyverno | Engine::Conftest)
            };
            let Some(known) = self.loaded.policies.iter_mut().find(by_bindings) else {
                // What is wrong with a policy is said already; one of a file on a policy of the cluster would be in force nowhere.
                let is_said =
                    self.broken.get(&policy).is_some_and(|of_cluster| given.is_clusters || !of_cluster);
                if !is_said {
                    self.refuse(given, [without_policy(object, &policy, &binding)]);
                }
                continue;
            };
            if known.param_kind.is_none() && binding.params.is_some() {
                let text = format!(
                    "binding '{}' has a paramRef, and policy '{policy}' has no paramKind",
                    binding.name
                );
                self.refuse(given, [object.error("/spec/paramRef", text)]);
                continue;
            }
            let parameters = object.get("/spec/parameters").filter(|_| is_constraint);
            match parameters.and_then(|given| gatekeeper::wrong_parameters(&known.schema, given)) {
                Some(why) => self.refuse(given, [object.named("/spec/parameters", &why)]),
                None => known.bindings.push(Binding { of_cluster: given.is_clusters, ..binding }),
            }
        }
        for policy in &mut self.loaded.policies {
            policy.bindings.sort_by(|a, b| a.name.cmp(&b.name));
        }
    }
}

/// A binding or constraint whose policy or template is not there.
fn without_policy(object: Object<'_>, policy: &str, binding: &Binding) -> PolicyError {
    let (at, hint, text) = if matches!(binding.resources, Target::Constraint(_)) {
        let text = format!(
            "the constraint '{}' is of the kind {policy}, of which there is no template here",
            binding.name
        );
        ("/kind", "put its ConstraintTemplate in the same folder", text)
    } else {
        let text = format!("binding '{}' names the policy '{policy}', which is not here", binding.name);
        ("/spec/policyName", "put the policy in the same folder, or remove the binding", text)
    };
    PolicyError { hint: hint.to_owned(), ..object.error(at, text) }
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
