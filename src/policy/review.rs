//! What is asked of a policy set: one object that somebody wants to create, change or delete.

use serde_json::{Value, json};

use super::rego::Inventory;
use crate::cancel::Cancel;
use crate::manifest::{GroupVersionKind, ObjectKey};

/// What happens to the object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Operation {
    /// It does not exist yet.
    #[default]
    Create,
    /// It exists, and `Review::old` is what it is now.
    Update,
    /// It is taken away; policies see it as `oldObject`.
    Delete,
}

impl Operation {
    /// As it stands in rules and in `request.operation`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "CREATE",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }
}

/// Whom the API server would see.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct User {
    /// `request.userInfo.username`
    pub name: String,
    /// `request.userInfo.groups`
    pub groups: Vec<String>,
}

impl User {
    /// A person of whom nothing but the name is known: in the group of all authenticated users.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), groups: vec!["system:authenticated".to_owned()] }
    }
}

/// The resource of a kind: what rules name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Resource {
    /// Lower-case plural, e.g. `deployments`.
    pub plural: String,
    /// Whether its objects live in a namespace.
    pub namespaced: bool,
}

/// Built-in kinds whose plural is not just an `s` behind, or that live in no namespace.
const IRREGULAR: [(&str, &str, bool); 26] = [
    ("Namespace", "namespaces", false),
    ("Node", "nodes", false),
    ("PersistentVolume", "persistentvolumes", false),
    ("ClusterRole", "clusterroles", false),
    ("ClusterRoleBinding", "clusterrolebindings", false),
    ("StorageClass", "storageclasses", false),
    ("VolumeAttachment", "volumeattachments", false),
    ("CSIDriver", "csidrivers", false),
    ("CSINode", "csinodes", false),
    ("IngressClass", "ingressclasses", false),
    ("PriorityClass", "priorityclasses", false),
    ("RuntimeClass", "runtimeclasses", false),
    ("DeviceClass", "deviceclasses", false),
    ("ResourceSlice", "resourceslices", false),
    ("CustomResourceDefinition", "customresourcedefinitions", false),
    ("APIService", "apiservices", false),
    ("ValidatingAdmissionPolicy", "validatingadmissionpolicies", false),
    ("ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", false),
    ("MutatingAdmissionPolicy", "mutatingadmissionpolicies", false),
    ("MutatingAdmissionPolicyBinding", "mutatingadmissionpolicybindings", false),
    ("ValidatingWebhookConfiguration", "validatingwebhookconfigurations", false),
    ("MutatingWebhookConfiguration", "mutatingwebhookconfigurations", false),
    ("CertificateSigningRequest", "certificatesigningrequests", false),
    ("FlowSchema", "flowschemas", false),
    ("PriorityLevelConfiguration", "prioritylevelconfigurations", false),
    ("Endpoints", "endpoints", true),
];

impl Resource {
    /// The resource of a kind by the table of built-in kinds and English plurals, for where no schema says it. Custom
    /// kinds are taken for namespaced.
    pub fn guess(kind: &GroupVersionKind) -> Self {
        if let Some((_, plural, namespaced)) = IRREGULAR.iter().find(|(name, ..)| *name == kind.kind) {
            return Self { plural: (*plural).to_owned(), namespaced: *namespaced };
        }
        let lower = kind.kind.to_lowercase();
        let plural = match lower.as_bytes() {
            [.., b's' | b'x'] | [.., b'c' | b's', b'h'] => format!("{lower}es"),
            [.., before, b'y'] if !b"aeiou".contains(before) => {
                format!("{}ies", lower.strip_suffix('y').unwrap_or(&lower))
            }
            _ => format!("{lower}s"),
        };
        Self { plural, namespaced: true }
    }
}

/// One question to a policy set.
#[derive(Debug, Clone)]
pub struct Review<'a> {
    /// The object as it would be (for a deletion: as it is).
    pub object: &'a Value,
    /// The object as it is now, for an update.
    pub old: Option<&'a Value>,
    /// What happens to it.
    pub operation: Operation,
    /// The resource of its kind.
    pub resource: Resource,
    /// The Namespace it goes to, where that is known. `None` in a folder: selectors on namespaces then count as
    /// matching, unless the namespace's name alone decides, and findings say so.
    pub namespace: Option<&'a Value>,
    /// Who asks.
    pub user: &'a User,
    /// The objects around it; `None` where they are not known here, and policies that compare with them are incomplete.
    pub inventory: Option<&'a Inventory>,
    /// Whether nobody wrote it: a Pod that another object would create.
    pub is_derived: bool,
    /// Ends the evaluation early: what was not asked by then is incomplete.
    pub cancel: Option<&'a Cancel>,
}

impl<'a> Review<'a> {
    /// A creation in a folder: no old object, no Namespace, the resource guessed from the kind.
    pub fn create(object: &'a Value, user: &'a User) -> Self {
        Self {
            object,
            old: None,
            operation: Operation::Create,
            resource: Resource::guess(&ObjectKey::of(object).gvk()),
            namespace: None,
            user,
            inventory: None,
            is_derived: false,
            cancel: None,
        }
    }

    /// The name of the namespace that the object goes to, where one is said.
    pub(super) fn namespace_name(&self) -> Option<&'a str> {
        if !self.resource.namespaced {
            return None;
        }
        let own = metadata(self.object, "namespace");
        own.or_else(|| self.namespace.and_then(|namespace| metadata(namespace, "name")))
    }

    /// Group and version of the object. Like [`Review::kind`] and [`Review::name`] it is asked for by every rule of every
    /// policy, and makes no new texts.
    pub(super) fn group_version(&self) -> (&'a str, &'a str) {
        let text = self.object.get("apiVersion").and_then(Value::as_str).unwrap_or_default();
        text.split_once('/').unwrap_or(("", text))
    }

    /// The object's kind.
    pub(super) fn kind(&self) -> &'a str {
        self.object.get("kind").and_then(Value::as_str).unwrap_or_default()
    }

    /// The object's name.
    pub(super) fn name(&self) -> &'a str {
        metadata(self.object, "name").unwrap_or_default()
    }

    /// Whether the object is a Namespace.
    pub(super) fn is_namespace(&self) -> bool {
        self.kind() == "Namespace" && self.group_version().0.is_empty()
    }

    /// The object as the API server would hand it to policies: in a namespace if it is namespaced, and with the one field that is
    /// `null` there where nothing is said.
    pub(super) fn placed(&self, object: &Value) -> Value {
        let mut placed = object.clone();
        let key = ObjectKey::of(object);
        if key.gvk().group == "rbac.authorization.k8s.io"
            && matches!(key.kind.as_str(), "Role" | "ClusterRole")
            && let Some(map) = placed.as_object_mut()
        {
            map.entry("rules").or_insert(Value::Null);
        }
        if self.resource.namespaced
            && let Some(metadata) = placed.get_mut("metadata").and_then(Value::as_object_mut)
            && !metadata.contains_key("namespace")
        {
            metadata
                .insert("namespace".to_owned(), json!(self.namespace_name().unwrap_or(DEFAULT_NAMESPACE)));
        }
        placed
    }

    /// The `request` variable.
    pub(super) fn request(&self) -> Value {
        let key = ObjectKey::of(self.object);
        let kind = key.gvk();
        let named = json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
        let resource =
            json!({"group": kind.group, "version": kind.version, "resource": self.resource.plural});
        let namespace = match self.resource.namespaced {
            true => self.namespace_name().unwrap_or(DEFAULT_NAMESPACE),
            // The namespace of a Namespace is itself.
            false if is_namespace(&kind) => key.name.as_str(),
            false => "",
        };
        json!({
            "uid": "00000000-0000-0000-0000-000000000000",
            "kind": named, "requestKind": named, "resource": resource, "requestResource": resource,
            "subResource": "", "requestSubResource": "",
            "name": key.name, "namespace": namespace, "operation": self.operation.as_str(),
            "userInfo": {"username": self.user.name, "uid": "", "groups": self.user.groups, "extra": {}},
            "dryRun": false, "options": {},
        })
    }
}

fn metadata<'a>(object: &'a Value, field: &str) -> Option<&'a str> {
    object.get("metadata")?.get(field)?.as_str()
}

/// Where an object goes that says no namespace, for policies that read it.
const DEFAULT_NAMESPACE: &str = "default";

/// Whether a kind is core's Namespace.
pub(super) fn is_namespace(kind: &GroupVersionKind) -> bool {
    kind.group.is_empty() && kind.kind == "Namespace"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plurals_are_those_of_the_api() {
        for (kind, plural, namespaced) in [
            ("Pod", "pods", true),
            ("Ingress", "ingresses", true),
            ("NetworkPolicy", "networkpolicies", true),
            ("Endpoints", "endpoints", true),
            ("StorageClass", "storageclasses", false),
            ("InferenceService", "inferenceservices", true),
            ("Gateway", "gateways", true),
        ] {
            let resource = Resource::guess(&GroupVersionKind::new("v1", kind));
            assert_eq!((resource.plural.as_str(), resource.namespaced), (plural, namespaced), "{kind}");
        }
    }

    #[test]
    fn a_namespaced_object_is_in_a_namespace_for_policies() {
        let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}});
        let user = User::named("ann");
        let review = Review::create(&object, &user);
        assert_eq!(review.placed(&object).pointer("/metadata/namespace"), Some(&json!("default")));
        let namespace = json!({"metadata": {"name": "lab"}});
        let review = Review { namespace: Some(&namespace), ..review };
        assert_eq!(review.request().pointer("/namespace"), Some(&json!("lab")));
        assert_eq!(review.request().pointer("/userInfo/username"), Some(&json!("ann")));
    }
}
