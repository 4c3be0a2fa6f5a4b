//! The rules of a ClusterPolicy or Policy.

use serde_json::Value;

use super::super::compiled::{Action, Binding, Other, ParamKind, ParamRef, ParamSource, Policy, Target};
use super::super::load::PolicyError;
use super::super::object::{Object, Places};
use super::autogen::{Within, moved};
use super::matching::{Filters, Kind, RuleMatch};
use super::pattern::{Patterns, anchor};
use super::{empty, one};

/// The annotation that names the makers of Pods for which rules are written once more.
const CONTROLLERS: &str = "/metadata/annotations/pod-policies.kyverno.io~1autogen-controllers";
/// Makers of Pods, as Kyverno names them.
pub(super) const MAKERS: [(&str, &str, Within); 7] = [
    ("DaemonSet", "apps/v1/DaemonSet", Within::Template),
    ("Deployment", "apps/v1/Deployment", Within::Template),
    ("Job", "batch/v1/Job", Within::Template),
    ("StatefulSet", "apps/v1/StatefulSet", Within::Template),
    ("ReplicaSet", "apps/v1/ReplicaSet", Within::Template),
    ("ReplicationController", "v1/ReplicationController", Within::Template),
    ("CronJob", "batch/v1/CronJob", Within::JobTemplate),
];

/// All rules, each as a policy of its own, with what of them cannot be read or evaluated.
pub(super) fn policies(object: Object<'_>, is_clusters: bool) -> (Vec<Policy>, Vec<PolicyError>) {
    let about = match matches(object) {
        Ok(about) => about,
        Err(errors) => return (Vec::new(), errors),
    };
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    let makers = makers(object, &about);
    for (index, about) in about.into_iter().enumerate() {
        let has = |part: &str| object.get(&format!("/spec/rules/{index}/{part}")).is_some();
        if is_clusters && (has("mutate") || has("generate")) {
            continue;
        }
        let name = match object.text(&format!("/spec/rules/{index}/name")) {
            Ok(name) => name,
            Err(error) => {
                errors.push(error);
                continue;
            }
        };
        match rule(object, index, &name, about.clone()) {
            Ok(policy) => all.push(policy),
            Err(found) => {
                errors.extend(found);
                continue;
            }
        }
        for within in Within::ALL {
            let kinds: Vec<&str> =
                makers.iter().filter(|(_, _, at)| *at == within).map(|(_, kind, _)| *kind).collect();
            let Some(about) = for_makers(&about, &kinds, within) else { continue };
            if name.starts_with("autogen-") {
                continue;
            }
            let mut manifest = object.manifest.clone();
            let inside = manifest.object.pointer_mut(&format!("/spec/rules/{index}"));
            for part in inside.and_then(Value::as_object_mut).into_iter().flatten() {
                match (part.0.as_str(), &mut *part.1) {
                    ("celPreconditions", value) => *value = moved(value, within, false),
                    ("validate", Value::Object(validate)) => {
                        for (key, value) in validate {
                            *value = match (key.as_str(), &*value) {
                                ("pattern", pattern) => within.wrap(pattern),
                                ("anyPattern", Value::Array(patterns)) => {
                                    patterns.iter().map(|pattern| within.wrap(pattern)).collect()
                                }
                                ("message", text) => text.clone(),
                                (_, other) => moved(other, within, false),
                            };
                        }
                    }
                    _ => {}
                }
            }
            let mut title = format!("{}-{name}", within.prefix());
            title.truncate(title.char_indices().nth(63).map_or(title.len(), |(at, _)| at));
            match rule(Object { manifest: &manifest, minor: None }, index, &title, about) {
                Ok(policy) => all.push(policy),
                Err(found) => errors.extend(found),
            }
        }
    }
    (all, errors)
}

/// What each rule is about. Which rules are written once more for what makes Pods hangs on all of them.
fn matches(object: Object<'_>) -> Result<Vec<RuleMatch>, Vec<PolicyError>> {
    let rules = object.get("/spec/rules").and_then(Value::as_array).filter(|rules| !rules.is_empty());
    let Some(rules) = rules else {
        return Err(one(object.named("/spec/rules", "spec.rules is missing or empty")));
    };
    for refused in ["validationFailureActionOverrides", "applyRules"] {
        let at = format!("/spec/{refused}");
        if object.get(&at).is_some_and(|value| value != "All") {
            return Err(one(object.named(&at, &format!("spec.{refused} is not evaluated here"))));
        }
    }
    let (mut about, mut errors) = (Vec::new(), Vec::new());
    for index in 0..rules.len() {
        match rule_match(object, index) {
            Ok(found) => about.push(found),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(about) } else { Err(errors) }
}

fn rule_match(object: Object<'_>, index: usize) -> Result<RuleMatch, PolicyError> {
    let at = |part: &str| format!("/spec/rules/{index}/{part}");
    let matched = object
        .read::<Filters>(&at("match"))?
        .ok_or_else(|| object.named(&at("match"), "a rule needs match"))?;
    let excluded = object.read::<Filters>(&at("exclude"))?.unwrap_or_default();
    for (part, filters) in [("match", &matched), ("exclude", &excluded)] {
        for resources in filters.resources() {
            for selector in [&resources.selector, &resources.namespace_selector].into_iter().flatten() {
                selector.verify().map_err(|error| object.named(&at(part), &error))?;
                if selector.has_wildcards() {
                    return Err(
                        object.named(&at(part), "wildcards in label selectors are not evaluated here")
                    );
                }
            }
        }
    }
    let is_policy = object.manifest.key().kind == "Policy";
    let namespace = object.get("/metadata/namespace").and_then(Value::as_str).unwrap_or("default");
    Ok(RuleMatch { matched, excluded, namespace: is_policy.then(|| namespace.to_owned()) })
}

/// The makers of Pods for which the rules of a policy are written once more: none where a rule is about more than Pods, or about
/// some of them only.
fn makers(object: Object<'_>, about: &[RuleMatch]) -> Vec<(&'static str, &'static str, Within)> {
    let is_pod = |kind: &Kind| kind.kind.as_str() == "Pod";
    let is_maker = |kind: &Kind| MAKERS.iter().any(|(name, ..)| *name == kind.kind.as_str());
    let mut needed = false;
    for rule in about {
        for resources in rule.matched.resources().chain(rule.excluded.resources()) {
            let mixed = resources.kinds.len() > 1 && resources.kinds.iter().any(is_pod);
            if mixed || resources.is_about_some() {
                return Vec::new();
            }
        }
        needed |= rule.matched.kinds().any(|kind| is_pod(kind) || is_maker(kind));
    }
    let asked = object.get(CONTROLLERS).and_then(Value::as_str).unwrap_or("all");
    let asked: Vec<&str> = asked.split(',').map(str::trim).collect();
    let wanted = |name: &str| asked.contains(&"all") || asked.contains(&name);
    MAKERS.iter().filter(|(name, ..)| needed && wanted(name)).copied().collect()
}

/// What a rule for Pods is about as one for these kinds.
fn for_makers(about: &RuleMatch, kinds: &[&str], within: Within) -> Option<RuleMatch> {
    let is_pod = |kind: &Kind| kind.kind.as_str() == "Pod";
    let excludes_others = about.excluded.kinds().next().is_some() && !about.excluded.kinds().any(is_pod);
    if kinds.is_empty() || !about.matched.kinds().any(is_pod) || excludes_others {
        return None;
    }
    let kinds: Vec<Kind> = kinds.iter().filter_map(|kind| Kind::try_from((*kind).to_owned()).ok()).collect();
    let mut about = about.clone();
    for resources in about.matched.resources_mut().chain(about.excluded.resources_mut()) {
        if resources.kinds.iter().any(is_pod)
            || (within == Within::JobTemplate && !resources.kinds.is_empty())
        {
            resources.kinds.clone_from(&kinds);
        }
    }
    Some(about)
}

/// One rule.
fn rule(object: Object<'_>, index: usize, name: &str, about: RuleMatch) -> Result<Policy, Vec<PolicyError>> {
    let at = |part: &str| format!("/spec/rules/{index}/{part}");
    let known = [
        "name",
        "match",
        "exclude",
        "celPreconditions",
        "validate",
        "skipBackgroundRequests",
        "reportProperties",
    ];
    let refused = |part: &str, what: &str| {
        PolicyError {
        hint: "validate.cel, validate.pattern and validate.anyPattern without variables are evaluated: write it so, or leave the rule out"
            .to_owned(),
        ..object.named(&at(part), &format!("rule '{name}' {what}, which is not evaluated here"))
    }
    };
    for (part, what) in [
        ("mutate", "mutates objects"),
        ("generate", "generates objects"),
        ("verifyImages", "verifies images"),
        ("imageExtractors", "extracts images"),
        ("context", "reads a context"),
        ("preconditions", "has preconditions in JMESPath"),
    ] {
        if object.get(&at(part)).is_some() {
            return Err(one(refused(part, what)));
        }
    }
    for (part, what) in [
        ("validate/deny", "denies by JMESPath"),
        ("validate/foreach", "validates by foreach"),
        ("validate/manifests", "verifies signatures of manifests"),
        ("validate/podSecurity", "validates by podSecurity"),
        ("validate/assert", "validates by assert"),
        ("validate/failureActionOverrides", "has other actions in some namespaces"),
    ] {
        if object.get(&at(part)).is_some() {
            return Err(one(refused(part, what)));
        }
    }
    object.fields(&format!("/spec/rules/{index}"), &known).map_err(one)?;
    let known = ["message", "failureAction", "allowExistingViolations", "cel", "pattern", "anyPattern"];
    object.fields(&at("validate"), &known).map_err(one)?;
    let message = object.read::<String>(&at("validate/message")).map_err(one)?;
    let patterns = patterns(object, &at("validate"), name).map_err(one)?;
    let header = || -> Result<(Policy, Binding), PolicyError> {
        let mut policy = empty(object, Some(name))?;
        let cel = at("validate/cel");
        if patterns.is_none() {
            let known = ["expressions", "variables", "paramKind", "paramRef", "auditAnnotations", "generate"];
            object.fields(&cel, &known)?;
        }
        policy.param_kind = object.read::<ParamKind>(&format!("{cel}/paramKind"))?;
        let params = object.read::<ParamRef>(&format!("{cel}/paramRef"))?.map(ParamSource::Reference);
        let binding = Binding {
            name: policy.name.clone(),
            actions: vec![action(object, &at("validate/failureAction"))?],
            resources: Target::Rule(Box::new(about)),
            params,
            of_cluster: false,
        };
        Ok((policy, binding))
    };
    let (mut policy, binding) = header().map_err(one)?;
    let places = Places {
        conditions: at("celPreconditions"),
        validations: at("validate/cel/expressions"),
        ..Places::below(&at("validate/cel"))
    };
    let mut errors = Vec::new();
    object.expressions(&places, &[], &mut policy, &mut errors);
    policy.other = patterns.map(|all| Other::Patterns(Patterns { all, message: message.clone() }));
    if policy.validations.is_empty() && policy.other.is_none() && errors.is_empty() {
        errors.push(object.named(&at("validate/cel/expressions"), "a rule needs expressions"));
    }
    for validation in &mut policy.validations {
        if validation.message.is_none() {
            validation.message.clone_from(&message);
        }
    }
    policy.bindings.push(binding);
    if errors.is_empty() { Ok(policy) } else { Err(errors) }
}

/// The patterns of a rule.
fn patterns(object: Object<'_>, at: &str, name: &str) -> Result<Option<Vec<Value>>, PolicyError> {
    let all = match (object.get(&format!("{at}/pattern")), object.get(&format!("{at}/anyPattern"))) {
        (None, None) => return Ok(None),
        (Some(pattern), None) => vec![pattern.clone()],
        (None, Some(Value::Array(patterns))) => patterns.clone(),
        _ => return Err(object.named(at, "anyPattern is a list of patterns, and stands without pattern")),
    };
    // Variables and references to other places of the pattern.
    if all.iter().any(|pattern| is_with(pattern, &["{{", "$("])) {
        let text = format!("rule '{name}' has variables in its pattern, which are not evaluated here");
        return Err(object.named(at, &text));
    }
    if let Some(key) = all.iter().find_map(unknown_anchor) {
        let text =
            format!("rule '{name}': '{key}' has no anchor that is known: (), <(), =(), X(), +() or ^()");
        return Err(object.named(at, &text));
    }
    Ok(Some(all))
}

/// A key that is written like an anchor and is none.
fn unknown_anchor(value: &Value) -> Option<&str> {
    match value {
        Value::Array(items) => items.iter().find_map(unknown_anchor),
        Value::Object(map) => map.iter().find_map(|(key, value)| {
            let is_like_one = key.ends_with(')') && key.contains('(');
            if is_like_one && anchor(key).is_none() { Some(key.as_str()) } else { unknown_anchor(value) }
        }),
        _ => None,
    }
}

fn is_with(value: &Value, parts: &[&str]) -> bool {
    let has = |text: &str| parts.iter().any(|part| text.contains(part));
    match value {
        Value::String(text) => has(text),
        Value::Array(items) => items.iter().any(|item| is_with(item, parts)),
        Value::Object(map) => map.iter().any(|(key, value)| has(key) || is_with(value, parts)),
        _ => false,
    }
}

/// What a failure of a rule does: its own action, else the policy's, else it is only told.
fn action(object: Object<'_>, at: &str) -> Result<Action, PolicyError> {
    for at in [at, "/spec/validationFailureAction"] {
        let Some(action) = object.read::<String>(at)? else { continue };
        return match action.to_lowercase().as_str() {
            "enforce" => Ok(Action::Deny),
            "audit" => Ok(Action::Audit),
            _ => Err(object.named(at, &format!("the action is '{action}'; it is Enforce or Audit"))),
        };
    }
    Ok(Action::Audit)
}
