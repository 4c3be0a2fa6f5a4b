//! **system-namespace** (error): nothing is written into the namespaces of Kubernetes itself.
//!
//! An object in `kube-system`, `kube-public` or `kube-node-lease`, or one of these Namespaces itself, is refused: what
//! runs there keeps the cluster alive, and drafts have no business there. Use a namespace of your own.

use super::super::Subject;
use crate::finding::{Finding, Severity};

const RESERVED: [&str; 3] = ["kube-system", "kube-public", "kube-node-lease"];

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let key = &subject.key;
    let (name, path) = match (&key.namespace, key.kind.as_str()) {
        (Some(namespace), _) => (namespace.as_str(), "/metadata/namespace"),
        (None, "Namespace") => (key.name.as_str(), "/metadata/name"),
        (None, _) => return Vec::new(),
    };
    if !RESERVED.contains(&name) {
        return Vec::new();
    }
    let message = format!("namespace '{name}' belongs to Kubernetes itself");
    let finding = Finding::new("system-namespace", Severity::Error, key.clone(), path, message);
    vec![finding.with_hint("choose a namespace of your own with -n")]
}
