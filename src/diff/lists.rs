//! Which lists are maps in disguise: their items have keys, and their order is (mostly) nobody's.

use crate::manifest::GroupVersionKind;

/// Says by which fields the items of a list are told apart.
pub trait ListKeys {
    /// The key fields of the list at `pointer`, a JSON pointer with `*` in the place of every index, e.g.
    /// `/spec/template/spec/containers/*/ports`. `None` for a list without keys.
    fn keys(&self, gvk: &GroupVersionKind, pointer: &str) -> Option<Vec<String>>;
}

/// The lists of Kubernetes' own kinds, by the names of their fields. Needs no schema, and so serves the pod templates
/// of other kinds too. Lists where Kubernetes has no keys (tolerations, arguments, ingress rules) have none here.
#[derive(Debug, Clone, Copy, Default)]
pub struct WellKnownLists;

impl ListKeys for WellKnownLists {
    fn keys(&self, gvk: &GroupVersionKind, pointer: &str) -> Option<Vec<String>> {
        let mut tokens = pointer.rsplit('/');
        let last = tokens.next()?;
        let above: Vec<&str> = tokens.take(2).collect();
        let in_container = above.first() == Some(&"*")
            && above
                .get(1)
                .is_some_and(|list| matches!(*list, "containers" | "initContainers" | "ephemeralContainers"));
        let core = gvk.group.is_empty();
        let admission = gvk.group == "admissionregistration.k8s.io";
        let keys: &[&str] = match last {
            "containers" | "initContainers" | "ephemeralContainers" => &["name"],
            "ports" if in_container => &["containerPort", "protocol"],
            "ports" if core && gvk.kind == "Service" => &["port", "protocol"],
            "env" if in_container => &["name"],
            "volumeMounts" if in_container => &["mountPath"],
            "volumeDevices" if in_container => &["devicePath"],
            "resizePolicy" if in_container => &["resourceName"],
            "volumes" | "imagePullSecrets" | "resourceClaims" | "schedulingGates" => &["name"],
            "secrets" if core && gvk.kind == "ServiceAccount" => &["name"],
            "topologySpreadConstraints" => &["topologyKey", "whenUnsatisfiable"],
            "hostAliases" => &["ip"],
            "conditions" => &["type"],
            "ownerReferences" => &["uid"],
            "webhooks" | "matchConditions" | "variables" if admission => &["name"],
            "versions" if gvk.kind == "CustomResourceDefinition" => &["name"],
            "listeners" if gvk.group == "gateway.networking.k8s.io" => &["name"],
            _ => return None,
        };
        Some(keys.iter().map(|key| (*key).to_owned()).collect())
    }
}

/// The value that the API server puts in where a key field is left out.
pub fn list_key_default(key: &str) -> Option<&'static str> {
    match key {
        "protocol" => Some("TCP"),
        _ => None,
    }
}

/// True for keyed lists where another order means something: init containers run in theirs, and a variable may refer
/// to those before it.
pub(super) fn order_matters(pointer: &str) -> bool {
    pointer.ends_with("/initContainers") || pointer.ends_with("/env")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(api_version: &str, kind: &str, pointer: &str) -> Option<Vec<String>> {
        WellKnownLists.keys(&GroupVersionKind::new(api_version, kind), pointer)
    }

    #[test]
    fn well_known_lists_have_their_keys() {
        let found = keys("apps/v1", "Deployment", "/spec/template/spec/containers/*/ports").unwrap();
        assert_eq!(found, ["containerPort", "protocol"]);
        assert_eq!(keys("v1", "Service", "/spec/ports").unwrap(), ["port", "protocol"]);
        assert_eq!(keys("v1", "Pod", "/spec/volumes").unwrap(), ["name"]);
        assert_eq!(keys("v1", "Pod", "/spec/initContainers/*/volumeMounts").unwrap(), ["mountPath"]);
    }

    #[test]
    fn lists_of_kubernetes_without_keys_have_none() {
        for pointer in ["/spec/tolerations", "/spec/containers/*/args", "/spec/ports", "/spec/env"] {
            assert_eq!(keys("example.com/v1", "Thing", pointer), None, "{pointer}");
        }
    }
}
