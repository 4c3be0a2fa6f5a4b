//! The admission policies of the cluster, with their bindings and parameters, as manifests like those of a folder: Kubernetes'
//! own here, those of Gatekeeper and Kyverno in [`super::policy_engines`].

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::connection::Inner;
use super::error::{ClusterError, Wrong};
use super::facts::text;
use super::policy_engines;
use super::read::{self, Listed, Selector};
use super::transport::JSON;
use crate::finding::{Finding, Severity};
use crate::manifest::{GroupVersionKind, Manifest, ObjectKey};

const GROUP_VERSION: &str = "admissionregistration.k8s.io/v1";
const POLICY: &str = "ValidatingAdmissionPolicy";
const BINDING: &str = "ValidatingAdmissionPolicyBinding";

/// What was read. Where something is missing there is a finding, and the server's dry-run decides.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterPolicies {
    /// Policies, bindings and parameters of Kubernetes' own, in this order, without bindings whose policy is not there, which do
    /// nothing; then what Gatekeeper and Kyverno have.
    pub manifests: Vec<Manifest>,
    /// What could not be read, one warning each.
    pub findings: Vec<Finding>,
}

impl ClusterPolicies {
    pub(super) fn warn(&mut self, kind: &GroupVersionKind, name: &str, why: &ClusterError) {
        let object = ObjectKey {
            api_version: kind.api_version(),
            kind: kind.kind.clone(),
            namespace: None,
            name: name.to_owned(),
        };
        let message =
            format!("not all policies of the cluster are known here, so only its dry-run decides: {why}");
        let warning = Finding::new("cluster-policies-not-readable", Severity::Warning, object, "", message);
        let hint = "ask for the right to read them, or give the same policies with --policies DIR";
        self.findings.push(warning.with_hint(hint));
    }
}

/// A parameter reference of a binding, with the kind of its policy.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Wanted {
    kind: (String, String),
    namespace: Option<String>,
    /// `None` for a selector: all of the kind are read, and evaluation selects.
    name: Option<String>,
}

pub(super) async fn read(namespace: &str, inner: &Arc<Inner>) -> Result<ClusterPolicies, ClusterError> {
    let mut found = ClusterPolicies::default();
    native(namespace, inner, &mut found).await?;
    policy_engines::read(namespace, inner, &mut found).await?;
    Ok(found)
}

/// Kubernetes' own.
async fn native(namespace: &str, inner: &Inner, found: &mut ClusterPolicies) -> Result<(), ClusterError> {
    let (policies, bindings) = tokio::join!(all(POLICY, inner), all(BINDING, inner));
    let mut lists = Vec::new();
    for (kind, answer) in [(POLICY, policies), (BINDING, bindings)] {
        match lenient(answer)? {
            Ok(Listed { items, complete: true }) => lists.push(items),
            Ok(_) => {
                found.warn(&GroupVersionKind::new(GROUP_VERSION, kind), "", &too_many());
            }
            Err(error) => found.warn(&GroupVersionKind::new(GROUP_VERSION, kind), "", &error),
        }
    }
    // Without one of the two nothing can be said: a policy without its bindings would seem out of force.
    let [policies, bindings] = lists.as_slice() else { return Ok(()) };
    let (kept, wanted) = in_force(policies, bindings, namespace);
    found.manifests = kept.into_iter().map(|object| Manifest::rendered(cleaned(object))).collect();
    for one in wanted {
        let gvk = GroupVersionKind::new(&one.kind.0, &one.kind.1);
        match lenient(parameters(&one, &gvk, inner).await)? {
            Ok(objects) => {
                found
                    .manifests
                    .extend(objects.into_iter().map(|object| Manifest::rendered(cleaned(&object))));
            }
            Err(error) => found.warn(&gvk, one.name.as_deref().unwrap_or_default(), &error),
        }
    }
    Ok(())
}

/// More than are read of one list.
pub(super) fn too_many() -> ClusterError {
    let hint = "give the policies that matter with --policies DIR";
    ClusterError::new(Wrong::TooLarge, "cannot list them", "there are too many", hint)
}

async fn all(kind: &str, inner: &Inner) -> Result<Listed, ClusterError> {
    let gvk = GroupVersionKind::new(GROUP_VERSION, kind);
    let resource = inner.discovery.resource(&gvk, &inner.transport).await?;
    read::list(&resource, None, &Selector::all(), JSON, &inner.transport, &inner.mask).await
}

/// An answer that is only less knowledge, apart from one that ends everything.
pub(super) fn lenient<T>(answer: Result<T, ClusterError>) -> Result<Result<T, ClusterError>, ClusterError> {
    match answer {
        Err(error)
            if !matches!(
                error.wrong(),
                Wrong::Forbidden | Wrong::NotServed | Wrong::TooLarge | Wrong::Answer(_)
            ) =>
        {
            Err(error)
        }
        other => Ok(other),
    }
}

/// Policies, the bindings whose policy is there, and the parameters that these name.
fn in_force<'a>(
    policies: &'a [Value],
    bindings: &'a [Value],
    namespace: &str,
) -> (Vec<&'a Value>, BTreeSet<Wanted>) {
    let named: BTreeMap<String, &Value> =
        policies.iter().map(|policy| (text(policy, "/metadata/name"), policy)).collect();
    let mut kept: Vec<&Value> = policies.iter().collect();
    let mut wanted = BTreeSet::new();
    for binding in bindings {
        let Some(policy) = named.get(&text(binding, "/spec/policyName")) else { continue };
        kept.push(binding);
        let kind = (text(policy, "/spec/paramKind/apiVersion"), text(policy, "/spec/paramKind/kind"));
        let Some(reference) = binding.pointer("/spec/paramRef").filter(|_| !kind.1.is_empty()) else {
            continue;
        };
        let filled = |pointer: &str| Some(text(reference, pointer)).filter(|text| !text.is_empty());
        wanted.insert(Wanted {
            kind,
            // Without a namespace of its own: that of the object under review.
            namespace: Some(filled("/namespace").unwrap_or_else(|| namespace.to_owned())),
            name: filled("/name"),
        });
    }
    (kept, wanted)
}

async fn parameters(
    wanted: &Wanted,
    gvk: &GroupVersionKind,
    inner: &Inner,
) -> Result<Vec<Value>, ClusterError> {
    let Inner { discovery, transport, mask, .. } = inner;
    let resource = discovery.resource(gvk, transport).await?;
    let namespace = wanted.namespace.as_deref();
    match &wanted.name {
        // One that is missing is no error here: evaluation knows what the binding says about that.
        Some(name) => Ok(read::get(&resource, namespace, name, transport, mask).await?.into_iter().collect()),
        None => {
            let listed = read::list(&resource, namespace, &Selector::all(), JSON, transport, mask).await?;
            if listed.complete {
                return Ok(listed.items);
            }
            let hint = "give the policy with --policies DIR";
            Err(ClusterError::new(Wrong::TooLarge, "cannot list its parameters", "there are too many", hint))
        }
    }
}

/// Without what the server adds and nobody evaluates.
pub(super) fn cleaned(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(map) = object.as_object_mut() {
        map.remove("status");
    }
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove("managedFields");
    }
    object
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[allow(clippy::needless_pass_by_value, reason = "values are written in the call")]
    fn policy(name: &str, param: Value) -> Value {
        json!({"metadata": {"name": name}, "spec": {"paramKind": param}})
    }

    #[test]
    fn a_binding_without_its_policy_does_nothing() {
        let policies = [policy("here", json!(null))];
        let bindings = [
            json!({"metadata": {"name": "a"}, "spec": {"policyName": "here"}}),
            json!({"metadata": {"name": "b"}, "spec": {"policyName": "gone"}}),
        ];
        let (kept, wanted) = in_force(&policies, &bindings, "team-a");
        let names: Vec<String> = kept.iter().map(|object| text(object, "/metadata/name")).collect();
        assert_eq!(names, ["here", "a"]);
        assert!(wanted.is_empty());
    }

    #[test]
    fn parameters_are_those_that_bindings_name_each_once() {
        let policies = [policy("caps", json!({"apiVersion": "v1", "kind": "ConfigMap"}))];
        let binding = |name: &str, reference: Value| json!({"metadata": {"name": name}, "spec": {"policyName": "caps", "paramRef": reference}});
        let bindings = [
            binding("a", json!({"name": "caps", "namespace": "policies"})),
            binding("b", json!({"name": "caps", "namespace": "policies"})),
            binding("c", json!({"selector": {"matchLabels": {"x": "y"}}})),
        ];
        let (_, wanted) = in_force(&policies, &bindings, "team-a");
        let wanted: Vec<_> =
            wanted.iter().map(|one| (one.namespace.as_deref(), one.name.as_deref())).collect();
        assert_eq!(wanted, [(Some("policies"), Some("caps")), (Some("team-a"), None)]);
    }

    #[test]
    fn what_the_server_adds_is_left_out() {
        let shown = cleaned(
            &json!({"metadata": {"name": "a", "managedFields": [1]}, "status": {"x": 1}, "spec": {}}),
        );
        assert_eq!(shown, json!({"metadata": {"name": "a"}, "spec": {}}));
    }
}
