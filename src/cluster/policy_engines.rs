//! The policies of Gatekeeper and Kyverno that a cluster has. Where neither is installed this is one small question.

use std::sync::Arc;

use serde_json::{Value, json};

use super::connection::Inner;
use super::discovery::{ApiResource, Group};
use super::error::ClusterError;
use super::policies::{ClusterPolicies, cleaned, lenient, too_many};
use super::read::{self, Listed, Selector};
use super::transport::JSON;
use crate::manifest::{GroupVersionKind, Manifest};

/// Where the constraints of Gatekeeper are: kinds of their own, made by its templates.
const CONSTRAINTS: &str = "constraints.gatekeeper.sh";
/// Namespaces in which Gatekeeper does nothing are named here.
const CONFIG: &str = "config.gatekeeper.sh";

/// The kinds of each group that say what is allowed; all of them where none is named. What changes objects is seen in the
/// cluster's dry-run.
const ENGINES: [(&str, &[&str]); 5] = [
    ("templates.gatekeeper.sh", &["ConstraintTemplate"]),
    (CONSTRAINTS, &[]),
    (CONFIG, &["Config"]),
    ("kyverno.io", &["ClusterPolicy", "Policy", "PolicyException"]),
    (
        "policies.kyverno.io",
        &[
            "ValidatingPolicy",
            "NamespacedValidatingPolicy",
            "ImageValidatingPolicy",
            "NamespacedImageValidatingPolicy",
            "PolicyException",
        ],
    ),
];

/// Kinds whose objects count in their own namespace alone.
const OF_A_NAMESPACE: [&str; 3] = ["Policy", "NamespacedValidatingPolicy", "NamespacedImageValidatingPolicy"];

/// Reads them into `found`; what may not be read is a finding there, one a group.
pub(super) async fn read(
    namespace: &str,
    inner: &Arc<Inner>,
    found: &mut ClusterPolicies,
) -> Result<(), ClusterError> {
    let groups = match lenient(inner.discovery.groups(&inner.transport).await)? {
        Ok(groups) => groups,
        Err(error) => {
            found.warn(&GroupVersionKind::new("v1", "APIGroup"), "", &error);
            return Ok(());
        }
    };
    let (mut objects, mut excluded) = (Vec::new(), Vec::new());
    for (name, wanted) in ENGINES {
        let Some(group) = groups.iter().find(|group| group.name == name) else { continue };
        let resources = match lenient(resources(group, wanted, inner).await)? {
            Ok(resources) => resources,
            Err(error) => {
                found.warn(&GroupVersionKind::new(name, ""), "", &error);
                continue;
            }
        };
        let mut refused = None;
        for (resource, listed) in listed(resources, namespace, inner).await {
            match lenient(listed)? {
                Ok(listed) if name == CONFIG => excluded.extend(listed.items.iter().flat_map(not_in)),
                Ok(listed) => {
                    objects.extend(listed.items);
                    if !listed.complete {
                        refused = Some((resource.gvk, too_many()));
                    }
                }
                Err(error) => {
                    refused.get_or_insert((resource.gvk, error));
                }
            }
        }
        if let Some((mut kind, error)) = refused {
            if name == CONSTRAINTS {
                // One of many kinds that people do not know.
                kind.kind = "Constraint".to_owned();
            }
            found.warn(&kind, "", &error);
        }
    }
    for mut object in objects {
        if object["apiVersion"].as_str().is_some_and(|version| version.starts_with(CONSTRAINTS)) {
            exclude(&mut object, &excluded);
        }
        found.manifests.push(Manifest::rendered(cleaned(&object)));
    }
    Ok(())
}

/// The resources of a group that are wanted, in that order, each in the first version that has it.
async fn resources(group: &Group, wanted: &[&str], inner: &Inner) -> Result<Vec<ApiResource>, ClusterError> {
    let mut all: Vec<ApiResource> = Vec::new();
    for version in &group.versions {
        let is_whole = |kind: &&str| all.iter().any(|known| known.gvk.kind == **kind);
        if !all.is_empty() && wanted.iter().all(is_whole) {
            break;
        }
        let of = format!("{}/{version}", group.name);
        for resource in inner.discovery.resources(&of, &inner.transport).await?.iter() {
            let kind = resource.gvk.kind.as_str();
            let is_wanted = wanted.is_empty() || wanted.contains(&kind);
            let is_listed = resource.verbs.iter().any(|verb| verb == "list");
            if is_wanted && is_listed && !all.iter().any(|known| known.gvk.kind == kind) {
                all.push(resource.clone());
            }
        }
    }
    all.sort_by_key(|resource| wanted.iter().position(|kind| *kind == resource.gvk.kind));
    Ok(all)
}

/// All objects of each resource, in the order of the resources, asked for at once.
async fn listed(
    resources: Vec<ApiResource>,
    namespace: &str,
    inner: &Arc<Inner>,
) -> Vec<(ApiResource, Result<Listed, ClusterError>)> {
    let lists = inner.runtime.together(resources.into_iter().map(|resource| {
        let (own, namespace) = (Arc::clone(inner), namespace.to_owned());
        async move {
            let only = OF_A_NAMESPACE.contains(&resource.gvk.kind.as_str());
            let namespace = only.then_some(namespace.as_str());
            let listed =
                read::list(&resource, namespace, &Selector::all(), JSON, &own.transport, &own.mask).await;
            (resource, listed)
        }
    }));
    lists.all().await
}

/// The namespaces in which Gatekeeper's webhook does nothing, by a Config.
fn not_in(config: &Value) -> Vec<Value> {
    let entries = config.pointer("/spec/match").and_then(Value::as_array).into_iter().flatten();
    let strings =
        |entry: &Value, field: &str| entry.get(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let of_webhook = |entry: &&Value| {
        strings(entry, "processes").iter().any(|process| *process == "*" || *process == "webhook")
    };
    entries.filter(of_webhook).flat_map(|entry| strings(entry, "excludedNamespaces")).collect()
}

/// A constraint that does nothing in these namespaces either.
fn exclude(constraint: &mut Value, namespaces: &[Value]) {
    if namespaces.is_empty() {
        return;
    }
    let spec = constraint.get("spec").cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
    constraint["spec"] = spec;
    let about =
        constraint["spec"].get("match").cloned().filter(Value::is_object).unwrap_or_else(|| json!({}));
    constraint["spec"]["match"] = about;
    let own = constraint["spec"]["match"].get("excludedNamespaces").and_then(Value::as_array).cloned();
    let all: Vec<Value> = own.into_iter().flatten().chain(namespaces.iter().cloned()).collect();
    constraint["spec"]["match"]["excludedNamespaces"] = Value::Array(all);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_of_the_config_are_left_out_of_every_constraint() {
        let config = json!({"spec": {"match": [
            {"excludedNamespaces": ["kube-*"], "processes": ["*"]},
            {"excludedNamespaces": ["audited"], "processes": ["audit"]},
            {"excludedNamespaces": ["lab"], "processes": ["audit", "webhook"]},
        ]}});
        let excluded = not_in(&config);
        assert_eq!(excluded, [json!("kube-*"), json!("lab")]);
        let mut constraint = json!({"kind": "K8sCap", "spec": {"match": {"excludedNamespaces": ["own"]}}});
        exclude(&mut constraint, &excluded);
        assert_eq!(constraint["spec"]["match"], json!({"excludedNamespaces": ["own", "kube-*", "lab"]}));
        let mut bare = json!({"kind": "K8sCap"});
        exclude(&mut bare, &excluded);
        assert_eq!(bare["spec"]["match"]["excludedNamespaces"], json!(["kube-*", "lab"]));
    }
}
