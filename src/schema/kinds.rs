//! Which kinds there are, and how a person's word finds one.

use std::cmp::Ordering;

use serde::Deserialize;

use super::node::Node;
use crate::manifest::GroupVersionKind;

/// A kind that the API server serves.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Entry")]
pub struct KindInfo {
    /// Group, version and kind.
    pub gvk: GroupVersionKind,
    /// The resource's name in URLs and RBAC, e.g. `deployments`.
    pub plural: String,
    /// E.g. `deployment`.
    pub singular: String,
    /// E.g. `deploy`.
    pub short_names: Vec<String>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// Name of the CustomResourceDefinition, where it is not built in.
    pub definition: Option<String>,
    /// What the server warns of when this version is used, where it is deprecated.
    pub deprecated: Option<String>,
    /// Name of the bundled component.
    pub(super) component: String,
}

/// A kind as it stands in a bundled document.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    group: String,
    version: String,
    kind: String,
    plural: String,
    singular: String,
    short_names: Vec<String>,
    namespaced: bool,
    component: String,
}

impl From<Entry> for KindInfo {
    fn from(entry: Entry) -> Self {
        Self {
            gvk: GroupVersionKind { group: entry.group, version: entry.version, kind: entry.kind },
            plural: entry.plural,
            singular: entry.singular,
            short_names: entry.short_names,
            namespaced: entry.namespaced,
            definition: None,
            deprecated: None,
            component: entry.component,
        }
    }
}

impl KindInfo {
    /// Whether a person's word names it: kind, plural, singular or short name in any case, with `.group` behind if
    /// they like.
    pub(super) fn is_named(&self, word: &str) -> bool {
        let (word, group) = word.split_once('.').map_or((word, None), |(word, group)| (word, Some(group)));
        group.is_none_or(|group| group.eq_ignore_ascii_case(&self.gvk.group))
            && [&self.gvk.kind, &self.plural, &self.singular]
                .into_iter()
                .chain(&self.short_names)
                .any(|name| name.eq_ignore_ascii_case(word))
    }

    /// Which of two kinds a person means who says no more than a word: built-in before custom, stable before beta
    /// before alpha, newer before older, core before other groups.
    pub(super) fn preference(&self, other: &Self) -> Ordering {
        self.definition
            .is_some()
            .cmp(&other.definition.is_some())
            .then_with(|| version_rank(&other.gvk.version).cmp(&version_rank(&self.gvk.version)))
            .then_with(|| self.gvk.cmp(&other.gvk))
    }
}

/// How stable and new a version is; the greater the better: `v2` > `v1` > `v1beta2` > `v1beta1` > `v1alpha1`.
pub(super) fn version_rank(version: &str) -> (u8, u32, u32) {
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    for (word, rank) in [("alpha", 1), ("beta", 2)] {
        if let Some((major, minor)) = rest.split_once(word) {
            return (rank, number(major), number(minor));
        }
    }
    rest.parse::<u32>().map_or((0, 0, 0), |major| (3, major, 0))
}

/// A kind together with its schema.
#[derive(Debug, Clone, Copy)]
pub struct KindSchema<'a> {
    /// Names and scope.
    pub info: &'a KindInfo,
    /// The schema of an object of this kind.
    pub node: Node<'a>,
}
