//! Which resource serves a kind. Read one group version at a time, once a connection.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;

use super::error::{ClusterError, Wrong};
use super::transport::{Transport, encoded};
use crate::manifest::GroupVersionKind;

/// How the API server serves a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiResource {
    /// Group, version and kind.
    pub gvk: GroupVersionKind,
    /// The resource's name in URLs and RBAC, e.g. `deployments`.
    pub plural: String,
    /// E.g. `deployment`; empty where the server names none.
    pub singular: String,
    /// E.g. `deploy`.
    pub short_names: Vec<String>,
    /// Whether objects live in a namespace.
    pub namespaced: bool,
    /// `get`, `list`, `create` …
    pub verbs: Vec<String>,
}

impl ApiResource {
    /// The path of a collection or of one object. `namespace` counts for namespaced kinds only.
    pub(crate) fn path(&self, namespace: Option<&str>, name: Option<&str>) -> String {
        let mut path = group_version_path(&self.gvk.api_version());
        if let Some(namespace) = namespace.filter(|_| self.namespaced) {
            path.push_str("/namespaces/");
            path.push_str(&encoded(namespace));
        }
        path.push('/');
        path.push_str(&encoded(&self.plural));
        if let Some(name) = name {
            path.push('/');
            path.push_str(&encoded(name));
        }
        path
    }

    /// A kind whose resource need not be asked for: every server has it under this name.
    pub fn known(gvk: GroupVersionKind, plural: &str, namespaced: bool) -> Self {
        Self {
            gvk,
            plural: plural.to_owned(),
            singular: String::new(),
            short_names: Vec::new(),
            namespaced,
            verbs: Vec::new(),
        }
    }

    fn of(entry: &Value, group_version: &str) -> Option<Self> {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).unwrap_or_default();
        let texts = |field: &str| {
            let list = entry.get(field).and_then(Value::as_array).into_iter().flatten();
            list.filter_map(Value::as_str).map(str::to_owned).collect::<Vec<_>>()
        };
        let plural = text("name");
        // `pods/log` and the like are parts of another resource.
        if plural.is_empty() || plural.contains('/') {
            return None;
        }
        Some(Self {
            gvk: GroupVersionKind::new(group_version, text("kind")),
            plural: plural.to_owned(),
            singular: text("singularName").to_owned(),
            short_names: texts("shortNames"),
            namespaced: entry.get("namespaced").and_then(Value::as_bool).unwrap_or(false),
            verbs: texts("verbs"),
        })
    }
}

/// `/api/v1`, `/apis/apps/v1`.
pub(super) fn group_version_path(group_version: &str) -> String {
    match group_version.split_once('/') {
        None => format!("/api/{}", encoded(group_version)),
        Some((group, version)) => format!("/apis/{}/{}", encoded(group), encoded(version)),
    }
}

/// What was read of one group version; empty where it is not served.
type Served = Arc<Vec<ApiResource>>;

/// What was found so far.
#[derive(Default)]
pub(super) struct Discovery {
    known: Mutex<HashMap<String, Served>>,
}

impl Discovery {
    /// The resources of `v1` or `group/version`; none where it is not served.
    pub(super) async fn resources(&self, of: &str, transport: &Transport) -> Result<Served, ClusterError> {
        if let Some(known) = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(of) {
            return Ok(Arc::clone(known));
        }
        let what = format!("cannot find out what {of} has");
        let answer = transport.find(&group_version_path(of), &what).await?;
        let entries = answer.as_ref().and_then(|list| list.get("resources")?.as_array());
        let found: Served =
            Arc::new(entries.into_iter().flatten().filter_map(|entry| ApiResource::of(entry, of)).collect());
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(of.to_owned(), Arc::clone(&found));
        Ok(found)
    }

    /// The resource that serves a kind.
    pub(super) async fn resource(
        &self,
        gvk: &GroupVersionKind,
        transport: &Transport,
    ) -> Result<ApiResource, ClusterError> {
        let of = gvk.api_version();
        let resources = self.resources(&of, transport).await?;
        resources.iter().find(|resource| resource.gvk == *gvk).cloned().ok_or_else(|| {
            let what = format!("cannot use the kind {} of {of}", gvk.kind);
            let why = format!("{} does not serve it", transport.server);
            let hint = "check apiVersion and kind; `kubectl api-resources` lists what is served";
            ClusterError::new(Wrong::NotServed, what, &why, hint)
        })
    }

    /// The groups that the server has.
    pub(super) async fn groups(&self, transport: &Transport) -> Result<Vec<Group>, ClusterError> {
        let answer = transport.find("/apis", "cannot find out which API groups there are").await?;
        let groups = answer.as_ref().and_then(|list| list.get("groups")?.as_array());
        Ok(groups.into_iter().flatten().filter_map(Group::of).collect())
    }

    /// The version that the server prefers of a group; `None` where the group is not served.
    pub(super) async fn preferred(
        &self,
        group: &str,
        transport: &Transport,
    ) -> Result<Option<String>, ClusterError> {
        let path = format!("/apis/{}", encoded(group));
        let what = format!("cannot find out whether {group} is served");
        let answer = transport.find(&path, &what).await?;
        Ok(answer.as_ref().and_then(Group::of).and_then(|group| group.versions.into_iter().next()))
    }
}

/// An API group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// E.g. `apps`.
    pub name: String,
    /// Its versions, the one that the server prefers first.
    pub versions: Vec<String>,
}

impl Group {
    fn of(entry: &Value) -> Option<Self> {
        let text = |value: &Value| value.get("version").and_then(Value::as_str).map(str::to_owned);
        let preferred = entry.get("preferredVersion").and_then(text);
        let all = entry.get("versions").and_then(Value::as_array).into_iter().flatten().filter_map(text);
        let mut versions: Vec<String> = preferred.into_iter().collect();
        for version in all {
            if !versions.contains(&version) {
                versions.push(version);
            }
        }
        Some(Self { name: entry.get("name")?.as_str()?.to_owned(), versions })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parts_of_resources_are_left_out() {
        let pods = json!({"name": "pods", "singularName": "pod", "namespaced": true, "kind": "Pod",
            "verbs": ["get", "list"], "shortNames": ["po"]});
        let found = ApiResource::of(&pods, "v1").unwrap();
        assert_eq!((found.plural.as_str(), found.short_names[0].as_str()), ("pods", "po"));
        assert_eq!(ApiResource::of(&json!({"name": "pods/log", "kind": "Pod"}), "v1"), None);
    }

    #[test]
    fn paths_are_those_of_the_api() {
        let gvk = GroupVersionKind::new("apps/v1", "Deployment");
        let mut resource = ApiResource::known(gvk, "deployments", true);
        assert_eq!(resource.path(Some("a"), Some("web")), "/apis/apps/v1/namespaces/a/deployments/web");
        assert_eq!(resource.path(None, None), "/apis/apps/v1/deployments");
        resource.namespaced = false;
        resource.gvk = GroupVersionKind::new("v1", "Node");
        assert_eq!(resource.path(Some("a"), Some("x/../y")), "/api/v1/deployments/x%2F..%2Fy");
    }
}
