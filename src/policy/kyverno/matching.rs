//! `match` and `exclude` of a Kyverno rule.
//!
//! Source: kyverno `pkg/engine/utils/match.go`: all that one filter says has to hold, of each list one entry. `any` is one
//! filter of several, `all` all of them.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::super::matching::{Match, namespace_selected};
use super::super::review::{Operation, Review, is_namespace};
use super::super::selector::{LabelSelector, Labels};
use super::wildcard::Wildcard;
use crate::manifest::{GroupVersionKind, ObjectKey};

/// What a rule is about.
#[derive(Debug, Clone)]
pub(in crate::policy) struct RuleMatch {
    pub(super) matched: Filters,
    pub(super) excluded: Filters,
    /// The namespace of the policy, which is then about nothing else.
    pub(super) namespace: Option<String>,
}

/// `match` or `exclude`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Filters {
    pub(super) any: Vec<Filter>,
    pub(super) all: Vec<Filter>,
    resources: Option<Resources>,
    subjects: Vec<Subject>,
    roles: Vec<String>,
    cluster_roles: Vec<String>,
}

/// One filter.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Filter {
    pub(super) resources: Resources,
    subjects: Vec<Subject>,
    roles: Vec<String>,
    cluster_roles: Vec<String>,
}

/// Which objects a filter means.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub(super) struct Resources {
    pub(super) kinds: Vec<Kind>,
    name: Option<Wildcard>,
    names: Vec<Wildcard>,
    namespaces: Vec<Wildcard>,
    annotations: BTreeMap<Wildcard, Wildcard>,
    pub(super) selector: Option<LabelSelector>,
    pub(super) namespace_selector: Option<LabelSelector>,
    operations: Vec<String>,
}

/// Who asks.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Subject {
    kind: String,
    name: Wildcard,
    #[serde(default)]
    namespace: String,
    #[serde(default, rename = "apiGroup")]
    _api_group: String,
}

/// A kind as Kyverno writes it: `Pod`, `apps/v1/Deployment`, `batch/*/CronJob`, `v1/Pod.status`, `Pod/exec`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Kind {
    text: String,
    group: Wildcard,
    version: Wildcard,
    pub(super) kind: Wildcard,
    subresource: String,
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_version = |part: &str| {
            let digits = part.strip_prefix('v').and_then(|rest| rest.chars().next());
            part == "*" || digits.is_some_and(|first| first.is_ascii_digit())
        };
        let mut parts: Vec<&str> = text.split('/').collect();
        let last = parts.pop().unwrap_or_default();
        parts.extend(last.split('.'));
        let (group, version, kind, subresource) = match parts.as_slice() {
            [kind] => ("*", "*", *kind, ""),
            ["*", "*"] => ("*", "*", "*", "*"),
            ["*", sub] if sub.to_lowercase() == **sub => ("*", "*", "*", *sub),
            [version, kind] if is_version(version) => ("*", *version, *kind, ""),
            [kind, sub] => ("*", "*", *kind, *sub),
            [version, kind, sub] if is_version(version) => ("*", *version, *kind, *sub),
            [group, version, kind] => (*group, *version, *kind, ""),
            [group, version, kind, sub] => (*group, *version, *kind, *sub),
            _ => {
                return Err(format!(
                    "'{text}' names no kind; it is KIND, VERSION/KIND or GROUP/VERSION/KIND"
                ));
            }
        };
        Ok(Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            subresource: subresource.to_owned(),
            text,
        })
    }
}

impl Kind {
    fn is(&self, kind: &GroupVersionKind) -> bool {
        // Objects themselves are asked about, not their parts.
        matches!(self.subresource.as_str(), "" | "*")
            && self.group.matches(&kind.group)
            && self.version.matches(&kind.version)
            && self.kind.matches(&kind.kind)
    }
}

/// In three values: what is not known here is `None`.
type Known = Option<bool>;

fn all(parts: impl IntoIterator<Item = Known>) -> Known {
    let mut whole = Some(true);
    for part in parts {
        match part {
            Some(false) => return Some(false),
            Some(true) => {}
            None => whole = None,
        }
    }
    whole
}

fn any(parts: impl IntoIterator<Item = Known>) -> Known {
    let not = |known: Known| known.map(|known| !known);
    not(all(parts.into_iter().map(not)))
}

/// Whether names and labels of the object count, or only what is known of its kind.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Look {
    Object,
    Kind,
}

impl RuleMatch {
    /// All objects of one namespace.
    pub(super) fn in_namespace(name: &str) -> Self {
        let (matched, excluded) = (Filters::default(), Filters::default());
        Self { matched, excluded, namespace: Some(name.to_owned()) }
    }

    /// Whether the object of a review is meant.
    pub(in crate::policy) fn matches(&self, review: &Review<'_>) -> Match {
        as_match(self.decide(review, Look::Object))
    }

    /// Whether objects of a review's kind are meant; uncertain where names or labels decide.
    pub(in crate::policy) fn matches_kind(&self, review: &Review<'_>) -> Match {
        as_match(self.decide(review, Look::Kind))
    }

    fn decide(&self, review: &Review<'_>, look: Look) -> Known {
        let in_namespace = match (&self.namespace, review.namespace_name()) {
            (None, _) => Some(true),
            (Some(wanted), Some(name)) => Some(wanted == name),
            (Some(_), None) => {
                if review.resource.namespaced {
                    None
                } else {
                    Some(false)
                }
            }
        };
        let excluded = match self.excluded.is_empty() {
            true => Some(false),
            false => self.excluded.hold(review, look),
        };
        all([in_namespace, self.matched.hold(review, look), excluded.map(|excluded| !excluded)])
    }

    /// Kinds for listings, as they are written.
    pub(in crate::policy) fn kinds(&self) -> Vec<String> {
        self.matched.kinds().map(|kind| kind.text.clone()).collect()
    }

    /// Whether an object is meant by its labels and its name.
    #[allow(clippy::unused_self, reason = "like the other targets")]
    pub(in crate::policy) fn selects(&self, _: &Value) -> bool {
        // Where they decide, the kind is uncertain, and nothing is compiled.
        true
    }

    /// No schema is made of names and labels: where they decide, nothing is compiled.
    #[allow(clippy::unused_self, reason = "like the other targets")]
    pub(in crate::policy) fn selected_objects(&self) -> Option<Value> {
        None
    }
}

fn as_match(known: Known) -> Match {
    match known {
        Some(true) => Match::Yes,
        Some(false) => Match::No,
        None => Match::Assumed,
    }
}

impl Filters {
    fn is_empty(&self) -> bool {
        self.any.is_empty()
            && self.all.is_empty()
            && self.resources.is_none()
            && self.subjects.is_empty()
            && self.roles.is_empty()
            && self.cluster_roles.is_empty()
    }

    /// The filter that stands there without `any` or `all`.
    fn own(&self) -> Filter {
        Filter {
            resources: self.resources.clone().unwrap_or_default(),
            subjects: self.subjects.clone(),
            roles: self.roles.clone(),
            cluster_roles: self.cluster_roles.clone(),
        }
    }

    fn hold(&self, review: &Review<'_>, look: Look) -> Known {
        if !self.any.is_empty() {
            any(self.any.iter().map(|filter| filter.holds(review, look)))
        } else if !self.all.is_empty() {
            all(self.all.iter().map(|filter| filter.holds(review, look)))
        } else {
            self.own().holds(review, look)
        }
    }

    /// Every filter's resources.
    pub(super) fn resources(&self) -> impl Iterator<Item = &Resources> {
        self.any.iter().chain(&self.all).map(|filter| &filter.resources).chain(&self.resources)
    }

    pub(super) fn resources_mut(&mut self) -> impl Iterator<Item = &mut Resources> {
        self.any
            .iter_mut()
            .chain(&mut self.all)
            .map(|filter| &mut filter.resources)
            .chain(&mut self.resources)
    }

    /// Every kind that is named.
    pub(super) fn kinds(&self) -> impl Iterator<Item = &Kind> {
        self.resources().flat_map(|resources| &resources.kinds)
    }
}

impl Filter {
    fn holds(&self, review: &Review<'_>, look: Look) -> Known {
        let asks = || -> Known {
            let name = &review.user.name;
            let is = |subject: &Subject| match subject.kind.as_str() {
                "User" => subject.name.matches(name),
                "Group" => review.user.groups.iter().any(|group| subject.name.matches(group)),
                "ServiceAccount" => name
                    .strip_prefix(&format!("system:serviceaccount:{}:", subject.namespace))
                    .is_some_and(|account| subject.name.matches(account)),
                _ => false,
            };
            Some(self.subjects.iter().any(is))
        };
        // What roles somebody has is not known here.
        let by_roles = self.roles.is_empty() && self.cluster_roles.is_empty();
        all([
            self.resources.hold(review, look),
            if self.subjects.is_empty() { Some(true) } else { asks() },
            if by_roles { Some(true) } else { None },
        ])
    }
}

impl Resources {
    /// Whether names, labels or annotations decide.
    pub(super) fn is_about_some(&self) -> bool {
        self.name.is_some()
            || !self.names.is_empty()
            || self.selector.is_some()
            || !self.annotations.is_empty()
    }

    fn hold(&self, review: &Review<'_>, look: Look) -> Known {
        let key = ObjectKey::of(review.object);
        let kind = key.gvk();
        // Without a list, what rules are asked about by default.
        let operation = match self.operations.is_empty() {
            true => review.operation != Operation::Delete,
            false => self.operations.iter().any(|one| one == review.operation.as_str()),
        };
        let of_kind = self.kinds.is_empty() || self.kinds.iter().any(|one| one.is(&kind));
        if !operation || !of_kind {
            return Some(false);
        }
        let namespace = match is_namespace(&kind) {
            true if look == Look::Kind => None,
            true => Some(key.name.as_str()),
            // An object that names none goes to `default`.
            false => review
                .namespace_name()
                .or_else(|| (review.resource.namespaced && look == Look::Object).then_some("default")),
        };
        let in_namespaces = match (self.namespaces.is_empty(), namespace) {
            (true, _) => Some(true),
            (false, Some(name)) => Some(self.namespaces.iter().any(|one| one.matches(name))),
            (false, None) => {
                if review.resource.namespaced || is_namespace(&kind) {
                    None
                } else {
                    Some(false)
                }
            }
        };
        let by_namespace = match &self.namespace_selector {
            None => Some(true),
            Some(_) if is_namespace(&kind) => Some(false),
            Some(selector) => match namespace_selected(selector, review) {
                Match::Yes => Some(true),
                Match::No => Some(false),
                Match::Assumed | Match::OtherVersion(_) => None,
            },
        };
        let object =
            if look == Look::Kind && self.is_about_some() { None } else { Some(self.means(review.object)) };
        all([in_namespaces, by_namespace, object])
    }

    /// Whether an object is meant by its name, labels and annotations.
    fn means(&self, object: &Value) -> bool {
        let name = ["/metadata/name", "/metadata/generateName"]
            .iter()
            .find_map(|pointer| object.pointer(pointer).and_then(Value::as_str))
            .unwrap_or_default();
        let annotations = object.pointer("/metadata/annotations").and_then(Value::as_object);
        let annotated = |key: &Wildcard, value: &Wildcard| {
            let of_object = annotations.into_iter().flatten();
            of_object
                .filter(|(name, _)| key.matches(name))
                .any(|(_, found)| found.as_str().is_some_and(|found| value.matches(found)))
        };
        self.name.as_ref().is_none_or(|one| one.matches(name))
            && (self.names.is_empty() || self.names.iter().any(|one| one.matches(name)))
            && self.annotations.iter().all(|(key, value)| annotated(key, value))
            && self.selector.as_ref().is_none_or(|one| one.selects(Labels::of(object)) == Some(true))
    }
}
