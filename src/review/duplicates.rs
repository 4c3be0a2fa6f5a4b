//! The same object in two places: whichever is applied last wins, and nobody sees which that is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::judge::put;
use crate::finding::{Finding, Severity};
use crate::manifest::Manifest;

/// One finding for each object that stood somewhere before. The version of an API does not tell objects apart.
pub(super) fn find(manifests: &[Manifest]) -> Vec<Finding> {
    let mut first: HashMap<_, &Manifest> = HashMap::new();
    let mut findings = Vec::new();
    for manifest in manifests {
        let key = manifest.key();
        // `generateName`: each one becomes an object of its own.
        if key.name.is_empty() {
            continue;
        }
        let gvk = key.gvk();
        let identity = (gvk.group, gvk.kind, key.namespace.clone(), key.name.clone());
        let other = match first.entry(identity) {
            Entry::Occupied(there) => *there.get(),
            Entry::Vacant(free) => {
                free.insert(manifest);
                continue;
            }
        };
        let line = other.nearest("").map(|place| format!(":{}", place.line)).unwrap_or_default();
        let message = format!("the same object stands in {}{line} too", other.file.as_deref().unwrap_or("-"));
        let finding = Finding::new("duplicate-object", Severity::Warning, key, "", message);
        let mut finding = finding.with_hint(
            "keep one of the two, since the last one applied wins; where they are for different clusters, review each \
             folder by itself",
        );
        put(&mut finding, manifest);
        findings.push(finding);
    }
    findings
}
