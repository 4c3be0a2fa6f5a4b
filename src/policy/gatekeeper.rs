//! Gatekeeper's templates with the engine K8sNativeValidation (CEL), and constraints: read into the same form as Kubernetes'
//! own policies. A template is a policy, a constraint a binding that is its own parameter.
//!
//! Templates that only have Rego are not evaluated here, and reading one says so.
//!
//! Sources: gatekeeper `pkg/drivers/k8scel` (variables, matchCondition, parameters) and `pkg/mutation/match` (what a constraint
//! is about).

use serde::Deserialize;
use serde_json::Value;

use super::cel::Bound;
use super::compiled::{
    Action, Binding, Engine, FailurePolicy, Param, ParamKind, ParamSource, Policy, Target,
};
use super::load::PolicyError;
use super::matching::{Match, MatchResources, namespace_selected};
use super::object::{Object, Places};
use super::review::{Review, is_namespace};
use super::selector::{LabelSelector, Labels};
use crate::manifest::{Manifest, ObjectKey};

/// The group of templates.
pub(super) const TEMPLATES: &str = "templates.gatekeeper.sh";
/// The group of constraints.
pub(super) const CONSTRAINTS: &str = "constraints.gatekeeper.sh";

/// Variables that Gatekeeper puts in front of a template's own.
const BEFORE: [(&str, &str); 2] = [
    (
        "anyObject",
        "has(request.operation) && request.operation == \"DELETE\" && object == null ? oldObject : object",
    ),
    ("params", "!has(params.spec) ? null : !has(params.spec.parameters) ? null : params.spec.parameters"),
];

/// Reads a template. Its name as a policy is that of its constraints' kind.
pub(super) fn template(manifest: &Manifest) -> Result<Policy, Vec<PolicyError>> {
    let object = Object { manifest };
    let kind = object.text("/spec/crd/spec/names/kind").map_err(|error| vec![error])?;
    let code = object.get("/spec/targets/0/code").and_then(Value::as_array);
    let engine = |entry: &Value| entry.get("engine").and_then(Value::as_str) == Some("K8sNativeValidation");
    let Some(index) = code.and_then(|code| code.iter().position(engine)) else {
        return Err(vec![PolicyError {
            hint: "give the template a K8sNativeValidation engine beside Rego; Rego is not evaluated here"
                .to_owned(),
            ..object.error("/kind", format!("{} has only Rego, which is not evaluated here", manifest.key()))
        }]);
    };
    let source = format!("/spec/targets/0/code/{index}/source");
    let known = ["validations", "variables", "matchCondition", "failurePolicy", "generateVAP"];
    object.fields(&source, &known).map_err(|error| vec![error])?;
    let failure_policy = object
        .read::<FailurePolicy>(&format!("{source}/failurePolicy"))
        .map_err(|error| vec![error])?
        .unwrap_or_default();
    let mut policy = Policy {
        name: kind.clone(),
        description: object.description(),
        failure_policy,
        param_kind: Some(ParamKind { api_version: format!("{CONSTRAINTS}/v1beta1"), kind }),
        constraints: MatchResources::default(),
        conditions: Vec::new(),
        variables: Vec::new(),
        validations: Vec::new(),
        annotations: Vec::new(),
        bindings: Vec::new(),
        engine: Engine::Gatekeeper,
        rule_of: None,
        other: None,
    };
    let mut errors = Vec::new();
    let places = Places { conditions: format!("{source}/matchCondition"), ..Places::below(&source) };
    object.expressions(&places, &BEFORE, &mut policy, &mut errors);
    if policy.validations.is_empty() && errors.is_empty() {
        errors.push(object.named(&source, "a template needs validations"));
    }
    if errors.is_empty() { Ok(policy) } else { Err(errors) }
}

/// Reads a constraint; the policy that it belongs to is named by its kind.
pub(super) fn constraint(manifest: &Manifest) -> Result<(String, Binding), PolicyError> {
    let object = Object { manifest };
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
        let name = ObjectKey::of(review.object).name;
        if self.name.as_ref().is_some_and(|pattern| !is_like(pattern, &name)) {
            return Match::No;
        }
        // An object without a namespace that is to be in one goes to `default`.
        let namespace =
            self.namespace_of(review).or_else(|| review.resource.namespaced.then(|| "default".to_owned()));
        if namespace.is_some_and(|name| !self.has_namespace(&name)) {
            return Match::No;
        }
        match self.matches_kind(review) {
            Match::Assumed if self.namespace_selector.is_empty() => Match::Yes,
            found => found,
        }
    }

    /// The namespace that the lists of namespaces are about.
    fn namespace_of(&self, review: &Review<'_>) -> Option<String> {
        let key = ObjectKey::of(review.object);
        if is_namespace(&key.gvk()) { Some(key.name) } else { review.namespace_name().map(str::to_owned) }
    }

    fn has_namespace(&self, name: &str) -> bool {
        let listed = |list: &[String]| list.iter().any(|pattern| is_like(pattern, name));
        !listed(&self.excluded_namespaces) && (self.namespaces.is_empty() || listed(&self.namespaces))
    }

    /// Whether objects of a review's kind and namespace are meant, whatever their labels and names are.
    pub(super) fn matches_kind(&self, review: &Review<'_>) -> Match {
        let kind = ObjectKey::of(review.object).gvk();
        let has = |list: &[String], wanted: &str| {
            list.is_empty() || list.iter().any(|one| one == "*" || one == wanted)
        };
        let of_kind = self.kinds.is_empty()
            || self.kinds.iter().any(|one| has(&one.api_groups, &kind.group) && has(&one.kinds, &kind.kind));
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
            Some(name) if !self.has_namespace(&name) => return Match::No,
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
