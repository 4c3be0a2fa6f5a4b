//! Gatekeeper's templates and constraints: read into the same form as Kubernetes' own policies. A template is a policy, a
//! constraint a binding that is its own parameter. Of a template with both engines, K8sNativeValidation (CEL) is evaluated,
//! as Gatekeeper does.
//!
//! Sources: gatekeeper `pkg/drivers/k8scel` (variables, matchCondition, parameters) and `pkg/mutation/match` (what a constraint
//! is about), frameworks `constraint/pkg/client/drivers/rego` (input, inventory, violations).

use serde::Deserialize;
use serde_json::{Value, json};

use super::cel::Bound;
use super::compiled::{
    Action, Binding, Engine, FailurePolicy, Other, Param, ParamKind, ParamSource, Policy, Target,
};
use super::load::{PolicyError, Prefer};
use super::matching::{Match, namespace_selected};
use super::object::{Object, Places};
use super::rego::{Inventory, Rego, Version, rules};
use super::review::{Operation, Review};
use super::selector::{LabelSelector, Labels};
use crate::manifest::{Manifest, ObjectKey};

/// The group of templates.
pub(super) const TEMPLATES: &str = "templates.gatekeeper.sh";
/// The group of constraints.
pub(super) const CONSTRAINTS: &str = "constraints.gatekeeper.sh";

/// The object, or what it was where it is taken away. Every validation of a template is about it.
pub(super) const ANY_OBJECT: &str = "anyObject";

/// Variables that Gatekeeper puts in front of a template's own.
const BEFORE: [(&str, &str); 2] = [
    (
        ANY_OBJECT,
        "has(request.operation) && request.operation == \"DELETE\" && object == null ? oldObject : object",
    ),
    ("params", "!has(params.spec) ? null : !has(params.spec.parameters) ? null : params.spec.parameters"),
];

/// Reads a template. Its name as a policy is that of its constraints' kind.
pub(super) fn template(manifest: &Manifest, prefer: Prefer) -> Result<Policy, Vec<PolicyError>> {
    let object = Object { manifest, minor: None };
    let kind = object.text("/spec/crd/spec/names/kind").map_err(|error| vec![error])?;
    let code = object.get("/spec/targets/0/code").and_then(Value::as_array);
    let engine = |name: &str| {
        let is_it = |entry: &Value| entry.get("engine").and_then(Value::as_str) == Some(name);
        code.and_then(|code| code.iter().position(is_it))
    };
    let (native, rego) = (engine("K8sNativeValidation"), engine("Rego"));
    let rego = rego.map(|index| format!("/spec/targets/0/code/{index}/source"));
    let rego = rego.or_else(|| object.get("/spec/targets/0/rego").map(|_| "/spec/targets/0".to_owned()));
    let mut policy = Policy {
        description: object.description(),
        param_kind: Some(ParamKind { api_version: format!("{CONSTRAINTS}/v1beta1"), kind: kind.clone() }),
        schema: object.get("/spec/crd/spec/validation/openAPIV3Schema").cloned().unwrap_or_default(),
        ..Policy::empty(kind, Engine::Gatekeeper)
    };
    match (native, rego) {
        (Some(_), Some(at)) if prefer == Prefer::Rego => rego_template(object, &at, &mut policy)?,
        (Some(index), _) => {
            native_template(object, &format!("/spec/targets/0/code/{index}/source"), &mut policy)?;
        }
        (None, Some(at)) => rego_template(object, &at, &mut policy)?,
        (None, None) => {
            let text =
                "a template needs spec.targets[0].rego, or an engine Rego or K8sNativeValidation in its code";
            return Err(vec![object.named("/spec/targets/0", text)]);
        }
    }
    Ok(policy)
}

/// The engine K8sNativeValidation.
fn native_template(object: Object<'_>, source: &str, policy: &mut Policy) -> Result<(), Vec<PolicyError>> {
    let known = ["validations", "variables", "matchCondition", "failurePolicy", "generateVAP"];
    object.fields(source, &known).map_err(|error| vec![error])?;
    policy.failure_policy = object
        .read::<FailurePolicy>(&format!("{source}/failurePolicy"))
        .map_err(|error| vec![error])?
        .unwrap_or_default();
    let mut errors = Vec::new();
    let places = Places { conditions: format!("{source}/matchCondition"), ..Places::below(source) };
    object.expressions(&places, &BEFORE, policy, &mut errors);
    if policy.validations.is_empty() && errors.is_empty() {
        errors.push(object.named(source, "a template needs validations"));
    }
    if errors.is_empty() { Ok(()) } else { Err(errors) }
}

/// A template in Rego.
#[derive(Debug)]
pub(super) struct RegoTemplate {
    rego: Rego,
    /// `data.PACKAGE.violation`.
    rule: String,
}

/// The engine Rego.
fn rego_template(object: Object<'_>, at: &str, policy: &mut Policy) -> Result<(), Vec<PolicyError>> {
    let one = |error: PolicyError| vec![error];
    let text = object.text(&format!("{at}/rego")).map_err(one)?;
    let libs = object.read::<Vec<String>>(&format!("{at}/libs")).map_err(one)?.unwrap_or_default();
    let version = object.read::<String>(&format!("{at}/version")).map_err(one)?;
    let version = if version.as_deref() == Some("v1") { Version::V1 } else { Version::V0 };
    if !rules(&text).iter().any(|rule| rule == "violation") {
        return Err(one(object.named(&format!("{at}/rego"), "it has no rule `violation`")));
    }
    let own = (format!("{}.rego", policy.name), text, version);
    let libs = libs.into_iter().enumerate();
    let modules: Vec<_> = std::iter::once(own)
        .chain(libs.map(|(index, text)| (format!("{}-lib-{index}.rego", policy.name), text, version)))
        .collect();
    let rego = Rego::compile(&modules).map_err(|error| {
        let hint = "correct it; Rego is read by regorus here, which may lack what OPA reads: https://github.com/microsoft/regorus";
        one(PolicyError { hint: hint.to_owned(), ..unreadable(object, &format!("{at}/rego"), &error) })
    })?;
    let rule = format!("{}.violation", rego.packages.first().map_or("data", String::as_str));
    policy.other = Some(Other::Rego(Box::new(RegoTemplate { rego, rule })));
    Ok(())
}

/// An error in the Rego at a pointer, `FILE:LINE:COLUMN: WHY`, at its place in the manifest.
fn unreadable(object: Object<'_>, at: &str, error: &str) -> PolicyError {
    let parts: Vec<&str> = error.splitn(4, ':').collect();
    let place = match parts.as_slice() {
        [file, line, column, why] if file.ends_with(".rego") && !file.contains("-lib-") => {
            line.parse::<usize>().ok().zip(column.parse::<usize>().ok()).map(|place| (place, why.trim()))
        }
        _ => None,
    };
    let Some(((line, column), why)) = place else {
        return object.named(at, &format!("its Rego cannot be read: {error}"));
    };
    let said = format!("its Rego cannot be read: line {line}, column {column} of it: {why}");
    let said = object.named(at, &said);
    // Its own columns are not those of the file.
    PolicyError { line: said.line.map(|start| start + line.saturating_sub(1)), column: None, ..said }
}

impl RegoTemplate {
    /// Whether it compares an object with others.
    pub(super) fn reads_inventory(&self) -> bool {
        self.rego.reads_inventory
    }

    /// What is said of it where it compares and not all objects are known.
    pub(super) fn lacks_inventory(&self) -> String {
        "it compares with other objects (data.inventory), of which not all are known here".to_owned()
    }

    /// What the template says of the object of a review under a constraint: messages. `schema` is that of its parameters, for their
    /// defaults.
    ///
    /// # Errors
    /// Why that cannot be said here.
    pub(super) fn violations(
        &self,
        review: &Review<'_>,
        constraint: &Value,
        schema: &Value,
    ) -> Result<Vec<String>, String> {
        let mut request = review.request();
        // What is taken away is the object that is judged.
        let (object, old) = match review.operation {
            Operation::Delete => {
                (review.old.unwrap_or(review.object), Some(review.old.unwrap_or(review.object)))
            }
            _ => (review.object, review.old),
        };
        if let Some(map) = request.as_object_mut() {
            map.insert("object".into(), review.placed(object));
            map.insert("oldObject".into(), old.map_or(Value::Null, |old| review.placed(old)));
            if let Some(namespace) = review.namespace {
                map.insert("namespaceObject".into(), namespace.clone());
            }
        }
        let mut parameters = constraint.pointer("/spec/parameters").cloned().unwrap_or_else(|| json!({}));
        fill(schema, &mut parameters);
        let input = json!({"review": request, "parameters": parameters});
        let data = match (self.rego.reads_inventory, review.inventory) {
            (false, _) => None,
            (true, None) => {
                return Err(
                    "it compares with other objects (data.inventory), which are not known here".to_owned()
                );
            }
            (true, Some(inventory)) => Some(match review.operation {
                Operation::Create => inventory.without(&ObjectKey::of(review.object)),
                _ => inventory.document().clone(),
            }),
        };
        let data = data.map(|inventory| json!({"inventory": inventory}));
        let found = self.rego.value(&self.rule, &input, data.as_ref())?;
        let mut messages = Vec::new();
        for violation in found.iter().flat_map(|found| found.as_array().into_iter().flatten()) {
            let text = violation.get("msg").and_then(Value::as_str);
            messages.push(text.ok_or("a violation has no `msg`")?.to_owned());
        }
        if messages.is_empty()
            && self.rego.reads_inventory
            && !review.inventory.is_some_and(Inventory::is_whole)
        {
            return Err(self.lacks_inventory());
        }
        Ok(messages)
    }
}

/// What is wrong with the parameters of a constraint by the schema of its template, as the API server would say.
pub(super) fn wrong_parameters(schema: &Value, parameters: &Value) -> Option<String> {
    if schema.is_null() {
        return None;
    }
    let fields = schema.get("properties").and_then(Value::as_object);
    let keeps = schema.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true))
        || schema.get("additionalProperties").is_some();
    if let (Some(fields), Some(map), false) = (fields, parameters.as_object(), keeps)
        && let Some(unknown) = map.keys().find(|name| !fields.contains_key(*name))
    {
        let known: Vec<&str> = fields.keys().map(String::as_str).collect();
        return Some(format!("there is no parameter '{unknown}'; there are {}", known.join(", ")));
    }
    let validator = jsonschema::validator_for(schema).ok()?;
    let error = validator.iter_errors(parameters).next()?;
    Some(format!("parameters{}: {error}", error.instance_path()))
}

/// Sets what a schema has defaults for.
fn fill(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(map) => {
            for (name, inner) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
                if let (None, Some(default)) = (map.get(name), inner.get("default")) {
                    map.insert(name.clone(), default.clone());
                }
                if let Some(value) = map.get_mut(name) {
                    fill(inner, value);
                }
            }
        }
        Value::Array(items) => {
            if let Some(inner) = schema.get("items") {
                items.iter_mut().for_each(|item| fill(inner, item));
            }
        }
        _ => {}
    }
}

/// Reads a constraint; the policy that it belongs to is named by its kind.
pub(super) fn constraint(manifest: &Manifest) -> Result<(String, Binding), PolicyError> {
    let object = Object { manifest, minor: None };
    if object.get("/spec").is_some() {
        object.fields("/spec", &["match", "parameters", "enforcementAction", "scopedEnforcementActions"])?;
    }
    let action = match object.read::<String>("/spec/enforcementAction")?.as_deref() {
        None | Some("deny") => Action::Deny,
        Some("warn") => Action::Warn,
        Some("dryrun") => Action::Audit,
        Some(other) => {
            return Err(object.named(
                "/spec/enforcementAction",
                &format!("enforcementAction is '{other}'; read are deny, warn and dryrun"),
            ));
        }
    };
    let about = object.read::<ConstraintMatch>("/spec/match")?.unwrap_or_default();
    for (name, selector) in
        [("labelSelector", &about.label_selector), ("namespaceSelector", &about.namespace_selector)]
    {
        selector
            .verify()
            .map_err(|error| object.named(&format!("/spec/match/{name}"), &format!("{name}: {error}")))?;
    }
    let key = manifest.key();
    let kind = key.kind.clone();
    let param = Param { key, object: manifest.object.clone(), bound: Bound::new(&manifest.object) };
    let binding = Binding {
        name: object.text("/metadata/name")?,
        actions: vec![action],
        resources: Target::Constraint(Box::new(about)),
        params: Some(ParamSource::Own(Box::new(param))),
        of_cluster: false,
    };
    Ok((kind, binding))
}

/// `spec.match` of a constraint.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct ConstraintMatch {
    kinds: Vec<Kinds>,
    scope: Scope,
    namespaces: Vec<String>,
    excluded_namespaces: Vec<String>,
    label_selector: LabelSelector,
    namespace_selector: LabelSelector,
    name: Option<String>,
    /// `Original`, `Generated` or `All`: nothing is generated here.
    source: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct Kinds {
    api_groups: Vec<String>,
    kinds: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Scope {
    #[default]
    #[serde(rename = "*")]
    All,
    Cluster,
    Namespaced,
}

impl ConstraintMatch {
    /// Whether the object of a review is meant.
    pub(super) fn matches(&self, review: &Review<'_>) -> Match {
        let labelled = |object: &Value| self.label_selector.selects(Labels::of(object)) == Some(true);
        if !(labelled(review.object) || review.old.is_some_and(labelled)) {
            return Match::No;
        }
        if self.name.as_ref().is_some_and(|pattern| !is_like(pattern, review.name())) {
            return Match::No;
        }
        // An object without a namespace that is to be in one goes to `default`.
        let namespace = self.namespace_of(review).or_else(|| review.resource.namespaced.then_some("default"));
        if namespace.is_some_and(|name| !self.has_namespace(name)) {
            return Match::No;
        }
        match self.matches_kind(review) {
            Match::Assumed if self.namespace_selector.is_empty() => Match::Yes,
            found => found,
        }
    }

    /// The namespace that the lists of namespaces are about.
    fn namespace_of<'a>(&self, review: &Review<'a>) -> Option<&'a str> {
        if review.is_namespace() { Some(review.name()) } else { review.namespace_name() }
    }

    fn has_namespace(&self, name: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|pattern| is_like(pattern, name));
        !listed(&self.excluded_namespaces) && (self.namespaces.is_empty() || listed(&self.namespaces))
    }

    /// Whether objects of a review's kind and namespace are meant, whatever their labels and names are.
    pub(super) fn matches_kind(&self, review: &Review<'_>) -> Match {
        let (group, kind) = (review.group_version().0, review.kind());
        let has = |list: &[String], wanted: &str| {
            list.is_empty() || list.iter().any(|one| one == "*" || one == wanted)
        };
        let of_kind = self.kinds.is_empty()
            || self.kinds.iter().any(|one| has(&one.api_groups, group) && has(&one.kinds, kind));
        let in_scope = match self.scope {
            Scope::All => true,
            Scope::Namespaced => review.resource.namespaced,
            Scope::Cluster => !review.resource.namespaced,
        };
        if !of_kind || !in_scope || self.source.as_deref() == Some("Generated") {
            return Match::No;
        }
        let lists = !self.namespaces.is_empty() || !self.excluded_namespaces.is_empty();
        let by_lists = match self.namespace_of(review) {
            Some(name) if !self.has_namespace(name) => return Match::No,
            // Not known yet.
            None if lists && review.resource.namespaced => Match::Assumed,
            _ => Match::Yes,
        };
        if self.namespace_selector.is_empty() {
            return by_lists;
        }
        namespace_selected(&self.namespace_selector, review)
    }

    /// The schema of the objects that are meant by their labels and names; `None` where all are.
    pub(super) fn selected_objects(&self) -> Option<Value> {
        let name = self.name.as_ref().map(|pattern| {
            let quoted = regex::escape(pattern).replace("\\*", ".*");
            serde_json::json!({"properties": {"metadata": {"properties": {"name": {"pattern": format!("^{quoted}$")}}}}})
        });
        let labels = (!self.label_selector.is_empty()).then(|| self.label_selector.schema());
        match (name, labels) {
            (None, None) => None,
            (Some(only), None) | (None, Some(only)) => Some(only),
            (Some(name), Some(labels)) => Some(serde_json::json!({"allOf": [name, labels]})),
        }
    }

    /// Whether an object is meant by its labels and its name.
    pub(super) fn selects(&self, object: &Value) -> bool {
        let name = ObjectKey::of(object).name;
        self.label_selector.selects(Labels::of(object)) == Some(true)
            && self.name.as_ref().is_none_or(|pattern| is_like(pattern, &name))
    }

    /// Kinds for listings: `Pod`, `apps/Deployment`.
    pub(super) fn kinds(&self) -> Vec<String> {
        let mut all = Vec::new();
        for one in &self.kinds {
            for group in &one.api_groups {
                for kind in &one.kinds {
                    all.push(if group.is_empty() { kind.clone() } else { format!("{group}/{kind}") });
                }
            }
        }
        all
    }
}

/// A name, or with `*` at its beginning or end the rest of one.
fn is_like(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(rest), Some(_)) => name.contains(rest.trim_end_matches('*')),
        (Some(end), None) => name.ends_with(end),
        (None, Some(begin)) => name.starts_with(begin),
        (None, None) => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_may_begin_or_end_with_anything() {
        assert!(is_like("kube-*", "kube-system") && !is_like("kube-*", "my-kube-system"));
        assert!(is_like("*-system", "kube-system") && !is_like("*-system", "system-x"));
        assert!(is_like("*", "any") && is_like("*ube*", "kube") && !is_like("kube", "kube-system"));
    }
}
