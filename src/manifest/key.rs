//! Identity of an object: group, version, kind, namespace and name.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Group, version and kind; the core group is the empty string.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GroupVersionKind {
    /// API group, empty for core.
    pub group: String,
    /// Version, e.g. `v1`.
    pub version: String,
    /// Kind in CamelCase.
    pub kind: String,
}

impl GroupVersionKind {
    /// From the two strings that every object carries.
    pub fn new(api_version: &str, kind: &str) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        Self { group: group.to_owned(), version: version.to_owned(), kind: kind.to_owned() }
    }

    /// `group/version`, or `version` alone for core.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }
}

/// What tells one object from another in a target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectKey {
    /// `group/version` or `version`.
    pub api_version: String,
    /// Kind in CamelCase.
    pub kind: String,
    /// Namespace, absent for cluster-scoped objects and where none is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// `metadata.name`; empty where the object has none.
    pub name: String,
}

impl ObjectKey {
    /// Reads the key off an object; what is missing is empty.
    pub fn of(object: &Value) -> Self {
        let text = |within: Option<&Value>, field: &str| within?.get(field)?.as_str().map(str::to_owned);
        let metadata = object.get("metadata");
        Self {
            api_version: text(Some(object), "apiVersion").unwrap_or_default(),
            kind: text(Some(object), "kind").unwrap_or_default(),
            namespace: text(metadata, "namespace"),
            name: text(metadata, "name").unwrap_or_default(),
        }
    }

    /// The key's group, version and kind.
    pub fn gvk(&self) -> GroupVersionKind {
        GroupVersionKind::new(&self.api_version, &self.kind)
    }
}

impl fmt::Display for ObjectKey {
    /// `Kind/name`, with the namespace behind where there is one; `Kind` alone for what speaks of all of a kind.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slash = if self.name.is_empty() { "" } else { "/" };
        write!(f, "{}{slash}{}", self.kind, self.name)?;
        self.namespace.as_ref().map_or(Ok(()), |namespace| write!(f, " ({namespace})"))
    }
}
