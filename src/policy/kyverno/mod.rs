//! Kyverno's policies, read into the same form as Kubernetes' own: ValidatingPolicies, and the rules of ClusterPolicies and
//! Policies that validate by CEL or by patterns. What they say of Pods is said of what makes Pods too (`autogen`).
//!
//! Everything else of Kyverno is refused by name: rules that mutate, generate, verify images or use JMESPath, and the kinds for
//! these.

mod autogen;
mod matching;
mod message;
mod pattern;
mod rules;
mod schema;
mod wildcard;

use std::collections::BTreeSet;

use serde_json::{Map, Value};

pub(super) use matching::RuleMatch;
pub(super) use message::spoken;
pub(super) use pattern::{Patterns, Verdict};
pub(super) use schema::schema;

use super::compiled::{Action, Binding, Engine, FailurePolicy, Policy, RuleOf, Target};
use super::load::PolicyError;
use super::matching::MatchResources;
use super::object::{Object, Places};
use crate::manifest::Manifest;
use autogen::{Within, moved};

/// Whether a kind is one that is read here.
pub(super) fn is_policy(group: &str, kind: &str) -> bool {
    matches!(
        (group, kind),
        ("policies.kyverno.io", "ValidatingPolicy" | "NamespacedValidatingPolicy")
            | ("kyverno.io", "ClusterPolicy" | "Policy")
    )
}

/// Whether a group is one of Kyverno's.
pub(super) fn is_group(group: &str) -> bool {
    group == "kyverno.io" || group.ends_with(".kyverno.io")
}

/// The policies that a PolicyException is about.
pub(super) fn excepted(exception: &Value) -> Vec<String> {
    let names = |list: &str, field: &str| {
        let entries = exception.pointer(list).and_then(Value::as_array).into_iter().flatten();
        entries.filter_map(|entry| Some(entry.get(field)?.as_str()?.to_owned())).collect::<Vec<_>>()
    };
    let names = [names("/spec/exceptions", "policyName"), names("/spec/policyRefs", "name")].concat();
    // A policy of a namespace is named `NAMESPACE/NAME`.
    names.into_iter().map(|name| name.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

/// Whether a policy is asked in the background only, and says nothing when objects are written.
pub(super) fn is_background_only(policy: &Value) -> bool {
    ["/spec/admission", "/spec/evaluation/admission/enabled"]
        .iter()
        .any(|at| policy.pointer(at) == Some(&Value::Bool(false)))
}

/// The kinds whose objects a policy changes before it asks about them: `Deployment`, `*`. What it does to Pods it does to what
/// makes them.
pub(super) fn mutated(policy: &Value) -> BTreeSet<String> {
    let rules = policy.pointer("/spec/rules").and_then(Value::as_array).into_iter().flatten();
    let mut kinds = BTreeSet::new();
    for rule in rules.filter(|rule| rule.get("mutate").is_some()) {
        let list = |at: &str| rule.pointer(at).and_then(Value::as_array).into_iter().flatten();
        let filters = list("/match/any").chain(list("/match/all")).chain(rule.get("match"));
        for named in filters.filter_map(|filter| filter.pointer("/resources/kinds")?.as_array()).flatten() {
            let kind = named.as_str().and_then(|kind| kind.rsplit('/').next()).unwrap_or("*");
            kinds.insert(kind.split('.').next().unwrap_or(kind).to_owned());
        }
    }
    if kinds.contains("Pod") {
        kinds.extend(rules::MAKERS.iter().map(|(kind, ..)| (*kind).to_owned()));
    }
    kinds
}

/// Reads a policy: one for each of its rules, and one for each way in which a rule for Pods is written for what makes them. With
/// what of it cannot be read or evaluated. `is_clusters`: rules that change objects are left out, since what a cluster makes of an
/// object is seen in its dry run.
pub(super) fn policies(manifest: &Manifest, is_clusters: bool) -> (Vec<Policy>, Vec<PolicyError>) {
    let object = Object { manifest, minor: None };
    match manifest.key().kind.as_str() {
        "ClusterPolicy" | "Policy" => rules::policies(object, is_clusters),
        _ => validating_policies(object).map_or_else(|errors| (Vec::new(), errors), |all| (all, Vec::new())),
    }
}

/// A policy of Kyverno without anything in it.
fn empty(object: Object<'_>, rule: Option<&str>) -> Result<Policy, PolicyError> {
    let policy = object.text("/metadata/name")?;
    let description = object
        .get("/metadata/annotations/policies.kyverno.io~1description")
        .and_then(Value::as_str)
        .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    let name = rule.map_or_else(|| policy.clone(), |rule| format!("{policy}/{rule}"));
    Ok(Policy {
        rule_of: rule.map(|rule| RuleOf { policy, rule: rule.to_owned() }),
        description: description.or_else(|| object.description()),
        failure_policy: object.read::<FailurePolicy>("/spec/failurePolicy")?.unwrap_or_default(),
        ..Policy::empty(name, Engine::Kyverno)
    })
}

fn one(error: PolicyError) -> Vec<PolicyError> {
    vec![error]
}

/// The plural and the kind of what makes Pods, by the group that it is in.
const MAKERS: [(&str, &str, Within); 6] = [
    ("apps", "daemonsets", Within::Template),
    ("apps", "deployments", Within::Template),
    ("apps", "replicasets", Within::Template),
    ("apps", "statefulsets", Within::Template),
    ("batch", "jobs", Within::Template),
    ("batch", "cronjobs", Within::JobTemplate),
];

/// A ValidatingPolicy, and what it is for the makers of Pods.
fn validating_policies(object: Object<'_>) -> Result<Vec<Policy>, Vec<PolicyError>> {
    let known = [
        "validationActions",
        "failurePolicy",
        "matchConstraints",
        "matchConditions",
        "variables",
        "validations",
        "auditAnnotations",
        "autogen",
        "evaluation",
        "webhookConfiguration",
    ];
    object.fields("/spec", &known).map_err(one)?;
    if let Some(mode) = object.get("/spec/evaluation/mode").filter(|mode| *mode != "Kubernetes") {
        let text =
            format!("its evaluation.mode is {mode}: it is about other documents than objects of Kubernetes");
        return Err(one(object.named("/spec/evaluation/mode", &text)));
    }
    let mut all = vec![validating_policy(object, None)?];
    for within in Within::ALL {
        let Some(spec) = for_makers(object, within).map_err(one)? else { continue };
        let mut manifest = object.manifest.clone();
        if let Some(place) = manifest.object.get_mut("spec") {
            *place = spec;
        }
        all.push(validating_policy(Object { manifest: &manifest, minor: None }, Some(within.prefix()))?);
    }
    Ok(all)
}

fn validating_policy(object: Object<'_>, rule: Option<&str>) -> Result<Policy, Vec<PolicyError>> {
    let header = || -> Result<(Policy, Binding), PolicyError> {
        let mut policy = empty(object, rule)?;
        policy.constraints = object.matching("/spec/matchConstraints")?;
        if policy.constraints.resource_rules.is_empty() {
            let text = "spec.matchConstraints.resourceRules is missing or empty";
            return Err(object.named("/spec/matchConstraints", text));
        }
        let mut actions = object.read::<Vec<Action>>("/spec/validationActions")?.unwrap_or_default();
        if actions.is_empty() {
            actions.push(Action::Deny);
        }
        let resources = match object.get("/metadata/namespace").and_then(Value::as_str) {
            Some(namespace) if object.manifest.key().kind == "NamespacedValidatingPolicy" => {
                Target::Rule(Box::new(RuleMatch::in_namespace(namespace)))
            }
            _ => Target::Resources(MatchResources::default()),
        };
        let binding =
            Binding { name: policy.name.clone(), actions, resources, params: None, of_cluster: false };
        Ok((policy, binding))
    };
    let (mut policy, binding) = header().map_err(one)?;
    let mut errors = Vec::new();
    object.expressions(&Places::below("/spec"), &[], &mut policy, &mut errors);
    if policy.validations.is_empty() && errors.is_empty() {
        errors.push(object.named("/spec", "a policy needs validations"));
    }
    policy.bindings.push(binding);
    if errors.is_empty() { Ok(policy) } else { Err(errors) }
}

/// The spec for those makers of Pods that have them at one place; `None` where there are none.
///
/// Only where a policy is about nothing but Pods, all of them, as Kyverno has it.
fn for_makers(object: Object<'_>, within: Within) -> Result<Option<Value>, PolicyError> {
    let constraints = object.get("/spec/matchConstraints");
    let is_empty = |name: &str| {
        let value = constraints.and_then(|all| all.get(name));
        value.is_none_or(|value| match value {
            Value::Array(items) => items.is_empty(),
            Value::Object(map) => map.values().all(|inner| match inner {
                Value::Array(items) => items.is_empty(),
                Value::Object(map) => map.is_empty(),
                _ => false,
            }),
            _ => value.is_null(),
        })
    };
    let rules = constraints.and_then(|all| all.get("resourceRules")).and_then(Value::as_array);
    let Some([rule]) = rules.map(Vec::as_slice) else { return Ok(None) };
    let only = |name: &str, wanted: &str| rule.get(name) == Some(&serde_json::json!([wanted]));
    let names = rule.get("resourceNames").and_then(Value::as_array).is_some_and(|names| !names.is_empty());
    let is_pods = only("apiGroups", "") && only("apiVersions", "v1") && only("resources", "pods") && !names;
    if !is_pods || !is_empty("objectSelector") || !is_empty("excludeResourceRules") {
        return Ok(None);
    }
    let wanted: Option<Vec<String>> = object.read("/spec/autogen/podControllers/controllers")?;
    let wanted = |plural: &str| wanted.as_ref().is_none_or(|all| all.iter().any(|one| one == plural));
    let makers = MAKERS.iter().filter(|(_, plural, at)| *at == within && wanted(plural));
    let mut rules: Vec<Value> = Vec::new();
    for (group, plural, _) in makers {
        let mut rule = rule.clone();
        if let Some(map) = rule.as_object_mut() {
            map.insert("apiGroups".into(), serde_json::json!([group]));
            map.insert("resources".into(), serde_json::json!([plural]));
        }
        rules.push(rule);
    }
    if rules.is_empty() {
        return Ok(None);
    }
    let mut constraints = constraints.and_then(Value::as_object).cloned().unwrap_or_else(Map::new);
    constraints.insert("resourceRules".into(), Value::Array(rules));
    let mut spec = object.get("/spec").cloned().unwrap_or_default();
    if let Some(map) = spec.as_object_mut() {
        map.insert("matchConstraints".into(), Value::Object(constraints));
    }
    Ok(Some(moved(&spec, within, true)))
}
