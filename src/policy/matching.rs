//! `matchConstraints` and `matchResources`: which objects a policy or a binding is about.

use serde::Deserialize;
use serde_json::Value;

use super::review::Review;
use super::selector::{LabelSelector, Labels};

/// `admissionregistration.k8s.io MatchResources`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct MatchResources {
    pub(super) namespace_selector: LabelSelector,
    pub(super) object_selector: LabelSelector,
    pub(super) resource_rules: Vec<Rule>,
    pub(super) exclude_resource_rules: Vec<Rule>,
    match_policy: MatchPolicy,
}

/// How exactly group and version are taken. The API server's default is `Equivalent`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum MatchPolicy {
    #[default]
    Equivalent,
    Exact,
}

/// One `resourceRules` entry.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Rule {
    operations: Vec<String>,
    api_groups: Vec<String>,
    api_versions: Vec<String>,
    resources: Vec<String>,
    #[serde(default)]
    scope: Scope,
    #[serde(default)]
    resource_names: Vec<String>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
enum Scope {
    #[default]
    #[serde(rename = "*")]
    All,
    Cluster,
    Namespaced,
}

/// Whether something is matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Match {
    /// No.
    No,
    /// Yes.
    Yes,
    /// Taken for matched, since labels of the namespace decide and are not known here.
    Assumed,
    /// Only an equivalent of the object in this version is matched, and it has another shape.
    OtherVersion(String),
}

impl Match {
    /// Matched by both; what is uncertain of either stays so.
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::OtherVersion(version), _) | (_, Self::OtherVersion(version)) => {
                Self::OtherVersion(version)
            }
            (Self::Assumed, _) | (_, Self::Assumed) => Self::Assumed,
            (Self::Yes, Self::Yes) => Self::Yes,
        }
    }
}

/// Groups of `group/version` under which the same objects are served, with whether their fields are the same.
const EQUIVALENT: [(&[&str], &[&str], bool); 9] = [
    (&["deployments", "daemonsets", "replicasets", "statefulsets"], APPS, true),
    (&["cronjobs"], &["batch/v1", "batch/v1beta1"], true),
    (&["networkpolicies"], &["networking.k8s.io/v1", "extensions/v1beta1"], true),
    (&["ingresses"], &["networking.k8s.io/v1", "networking.k8s.io/v1beta1", "extensions/v1beta1"], false),
    (
        &["horizontalpodautoscalers"],
        &["autoscaling/v2", "autoscaling/v2beta2", "autoscaling/v2beta1", "autoscaling/v1"],
        false,
    ),
    (&["poddisruptionbudgets"], &["policy/v1", "policy/v1beta1"], true),
    (
        &["roles", "rolebindings", "clusterroles", "clusterrolebindings"],
        &["rbac.authorization.k8s.io/v1", "rbac.authorization.k8s.io/v1beta1"],
        true,
    ),
    (
        &["storageclasses", "volumeattachments", "csidrivers"],
        &["storage.k8s.io/v1", "storage.k8s.io/v1beta1"],
        true,
    ),
    (
        &["resourceclaims", "resourceclaimtemplates", "deviceclasses", "resourceslices"],
        &["resource.k8s.io/v1", "resource.k8s.io/v1beta2", "resource.k8s.io/v1beta1"],
        false,
    ),
];
const APPS: &[&str] = &["apps/v1", "apps/v1beta2", "apps/v1beta1", "extensions/v1beta1"];

impl MatchResources {
    /// Whether the object of a review is matched.
    pub(super) fn matches(&self, review: &Review<'_>) -> Match {
        if self.object_selected(review) { self.matches_kind(review) } else { Match::No }
    }

    /// Whether an object is selected by its labels.
    pub(super) fn selects(&self, object: &Value) -> bool {
        self.object_selector.selects(Labels::of(object)) == Some(true)
    }

    /// The schema of the objects that are selected by their labels; `None` where all are.
    pub(super) fn selected_objects(&self) -> Option<Value> {
        (!self.object_selector.is_empty()).then(|| self.object_selector.schema())
    }

    /// Whether objects of a review's kind are matched, whatever labels they have.
    pub(super) fn matches_kind(&self, review: &Review<'_>) -> Match {
        if self.rules_match(&self.exclude_resource_rules, review) == Match::Yes {
            return Match::No;
        }
        let by_rules = match self.resource_rules.is_empty() {
            true => Match::Yes,
            false => self.rules_match(&self.resource_rules, review),
        };
        by_rules.and(namespace_selected(&self.namespace_selector, review))
    }

    /// Short texts of what the rules name, for listings: `pods`, `apps/deployments`.
    pub(super) fn resources(&self) -> Vec<String> {
        let mut all = Vec::new();
        for rule in &self.resource_rules {
            for group in &rule.api_groups {
                for resource in &rule.resources {
                    let text =
                        if group.is_empty() { resource.clone() } else { format!("{group}/{resource}") };
                    if !all.contains(&text) {
                        all.push(text);
                    }
                }
            }
        }
        all
    }

    fn object_selected(&self, review: &Review<'_>) -> bool {
        let selects = |object| self.object_selector.selects(Labels::of(object)) == Some(true);
        self.object_selector.is_empty() || selects(review.object) || review.old.is_some_and(selects)
    }

    fn rules_match(&self, rules: &[Rule], review: &Review<'_>) -> Match {
        if rules.is_empty() {
            return Match::No;
        }
        let (group, version) = review.group_version();
        if rules.iter().any(|rule| rule.matches(group, version, review)) {
            return Match::Yes;
        }
        if self.match_policy == MatchPolicy::Exact {
            return Match::No;
        }
        let mut other_shape = None;
        for (group, version, same) in equivalents((group, version), &review.resource.plural) {
            if rules.iter().any(|rule| rule.matches(group, version, review)) {
                if same {
                    return Match::Yes;
                }
                other_shape.get_or_insert(format!("{group}/{version}"));
            }
        }
        // A custom resource is served in several versions with the same fields unless it has a conversion webhook.
        let custom = group.contains('.') && !group.ends_with(".k8s.io");
        if custom && rules.iter().any(|rule| rule.matches_any_version(group, review)) {
            return Match::Yes;
        }
        other_shape.map_or(Match::No, Match::OtherVersion)
    }
}

/// Whether a selector of namespaces selects the one of a review: a Namespace by its own labels, what lives in none always.
pub(super) fn namespace_selected(selector: &LabelSelector, review: &Review<'_>) -> Match {
    if selector.is_empty() {
        return Match::Yes;
    }
    let own = review.is_namespace();
    let labels = match (own, review.resource.namespaced, review.namespace) {
        (true, ..) => Labels::of(review.object),
        (false, false, _) => return Match::Yes,
        (false, true, Some(namespace)) => Labels::of(namespace),
        (false, true, None) => Labels::OfNamespace(review.namespace_name()),
    };
    match selector.selects(labels) {
        Some(true) => Match::Yes,
        Some(false) => Match::No,
        None => Match::Assumed,
    }
}

/// Other groups and versions under which an object is served, with whether its fields are the same there.
fn equivalents(own: (&str, &str), plural: &str) -> impl Iterator<Item = (&'static str, &'static str, bool)> {
    let split = |text: &'static str| text.split_once('/').unwrap_or(("", text));
    EQUIVALENT
        .iter()
        .filter(move |(plurals, versions, _)| {
            plurals.contains(&plural) && versions.iter().any(|version| split(version) == own)
        })
        .flat_map(move |(_, versions, same)| versions.iter().map(move |version| (split(version), *same)))
        .filter(move |(version, _)| *version != own)
        .map(|((group, version), same)| (group, version, same))
}

fn lists(list: &[String], wanted: &str) -> bool {
    list.iter().any(|entry| entry == "*" || entry == wanted)
}

impl Rule {
    fn matches(&self, group: &str, version: &str, review: &Review<'_>) -> bool {
        lists(&self.api_versions, version) && self.matches_any_version(group, review)
    }

    fn matches_any_version(&self, group: &str, review: &Review<'_>) -> bool {
        let in_scope = match self.scope {
            Scope::All => true,
            Scope::Namespaced => review.resource.namespaced,
            Scope::Cluster => !review.resource.namespaced,
        };
        in_scope
            && lists(&self.operations, review.operation.as_str())
            && lists(&self.api_groups, group)
            && (self.resource_names.is_empty()
                || self.resource_names.iter().any(|name| name == review.name()))
            && self.resources.iter().any(|resource| names(resource, &review.resource.plural))
    }
}

/// Whether an entry of `resources` names a resource itself: `*`, `*/*`, `pods`, `pods/*`, and not `pods/status`.
fn names(entry: &str, plural: &str) -> bool {
    let (resource, sub) = entry.split_once('/').unwrap_or((entry, ""));
    (resource == "*" || resource == plural) && (sub == "*" || sub.is_empty())
}

#[cfg(test)]
#[allow(clippy::needless_pass_by_value, reason = "`json!` literals are handed in")]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::review::{Operation, Resource, User};

    fn rule(changes: Value) -> Value {
        let mut rule = json!({
            "operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]});
        for (key, value) in changes.as_object().unwrap() {
            rule[key] = value.clone();
        }
        rule
    }

    fn object(api_version: &str, kind: &str) -> Value {
        json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "n", "namespace": "lab", "labels": {"a": "b"}}})
    }

    fn matches(constraints: Value, object: &Value) -> Match {
        let user = User::default();
        serde_json::from_value::<MatchResources>(constraints).unwrap().matches(&Review::create(object, &user))
    }

    #[test]
    fn rules_name_operations_groups_versions_resources_scope_and_names() {
        for (changes, expected) in [
            (json!({}), Match::Yes),
            (json!({"operations": ["*"]}), Match::Yes),
            (json!({"operations": ["UPDATE"]}), Match::No),
            (json!({"apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}), Match::Yes),
            (json!({"apiGroups": ["apps"]}), Match::No),
            (json!({"apiVersions": ["v2"]}), Match::No),
            (json!({"resources": ["*/*"]}), Match::Yes),
            (json!({"resources": ["pods/*"]}), Match::Yes),
            (json!({"resources": ["pods/status"]}), Match::No),
            (json!({"resources": ["services", "pods"]}), Match::Yes),
            (json!({"scope": "Namespaced"}), Match::Yes),
            (json!({"scope": "Cluster"}), Match::No),
            (json!({"resourceNames": ["other"]}), Match::No),
            (json!({"resourceNames": ["n"]}), Match::Yes),
        ] {
            let found = matches(json!({"resourceRules": [rule(changes.clone())]}), &object("v1", "Pod"));
            assert_eq!(found, expected, "{changes}");
        }
        assert_eq!(matches(json!({}), &object("v1", "Pod")), Match::Yes, "no rules match everything");
    }

    #[test]
    fn excluded_rules_and_object_selectors_take_away() {
        let all = rule(json!({"resources": ["*"]}));
        let pods = rule(json!({}));
        let constraints = json!({"resourceRules": [all], "excludeResourceRules": [pods]});
        assert_eq!(matches(constraints.clone(), &object("v1", "Pod")), Match::No);
        assert_eq!(matches(constraints, &object("v1", "Service")), Match::Yes);
        let selected = |value: &str| json!({"objectSelector": {"matchLabels": {"a": value}}});
        assert_eq!(matches(selected("b"), &object("v1", "Pod")), Match::Yes);
        assert_eq!(matches(selected("c"), &object("v1", "Pod")), Match::No);
    }

    #[test]
    fn the_old_object_may_be_the_selected_one() {
        let constraints: MatchResources =
            serde_json::from_value(json!({"objectSelector": {"matchLabels": {"old": "yes"}}})).unwrap();
        let (new, user) = (object("v1", "Pod"), User::default());
        let old = json!({"metadata": {"labels": {"old": "yes"}}});
        let review = Review { old: Some(&old), operation: Operation::Update, ..Review::create(&new, &user) };
        assert_eq!(constraints.matches(&review), Match::Yes);
    }

    #[test]
    fn equivalent_versions_match_unless_told_exact() {
        let deployments = json!({"apiGroups": ["apps"], "apiVersions": ["v1"], "resources": ["deployments"]});
        let old = object("extensions/v1beta1", "Deployment");
        assert_eq!(matches(json!({"resourceRules": [rule(deployments.clone())]}), &old), Match::Yes);
        let exact = json!({"resourceRules": [rule(deployments)], "matchPolicy": "Exact"});
        assert_eq!(matches(exact, &old), Match::No);
        let scalers = json!({"apiGroups": ["autoscaling"], "apiVersions": ["v1"], "resources": ["horizontalpodautoscalers"]});
        let scaler = object("autoscaling/v2", "HorizontalPodAutoscaler");
        assert_eq!(
            matches(json!({"resourceRules": [rule(scalers)]}), &scaler),
            Match::OtherVersion("autoscaling/v1".to_owned())
        );
        let custom =
            json!({"apiGroups": ["kubeflow.org"], "apiVersions": ["v1"], "resources": ["notebooks"]});
        let notebook = object("kubeflow.org/v1beta1", "Notebook");
        assert_eq!(matches(json!({"resourceRules": [rule(custom)]}), &notebook), Match::Yes);
    }

    #[test]
    fn a_namespace_that_is_not_known_is_taken_for_selected() {
        let labelled = json!({"namespaceSelector": {"matchLabels": {"env": "prod"}}});
        assert_eq!(matches(labelled.clone(), &object("v1", "Pod")), Match::Assumed);
        let named = |operator: &str| {
            json!({"namespaceSelector": {"matchExpressions": [
                {"key": "kubernetes.io/metadata.name", "operator": operator, "values": ["lab"]}]}})
        };
        assert_eq!(matches(named("In"), &object("v1", "Pod")), Match::Yes);
        assert_eq!(matches(named("NotIn"), &object("v1", "Pod")), Match::No);
        assert_eq!(
            matches(labelled.clone(), &object("rbac.authorization.k8s.io/v1", "ClusterRole")),
            Match::Yes
        );
        assert_eq!(matches(labelled.clone(), &object("v1", "Namespace")), Match::No, "its own labels count");
        let (pod, user) = (object("v1", "Pod"), User::default());
        for (label, expected) in [("prod", Match::Yes), ("dev", Match::No)] {
            let namespace = json!({"metadata": {"name": "lab", "labels": {"env": label}}});
            let review = Review {
                namespace: Some(&namespace),
                resource: Resource { plural: "pods".into(), namespaced: true },
                ..Review::create(&pod, &user)
            };
            let constraints: MatchResources = serde_json::from_value(labelled.clone()).unwrap();
            assert_eq!(constraints.matches(&review), expected);
        }
    }
}
