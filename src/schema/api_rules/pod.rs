//! Pods: containers, volumes, and what mounts them.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::{entries, has, text};
use crate::schema::metadata::dns_label;
use crate::schema::structure::Place;
use crate::schema::unknown::similar;
use crate::schema::violation::Violation;

/// The lists of containers of a Pod.
const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// All containers with their pointers.
fn containers<'a>(place: &Place<'a>) -> Vec<(String, &'a Value)> {
    CONTAINERS.iter().flat_map(|list| entries(place.value, &place.path, list)).collect()
}

/// A Pod has a container; names of containers are DNS labels and unique across all three lists (within one list the
/// list's key says so).
pub(super) fn container_names(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    if place.value.get("containers").and_then(Value::as_array).is_some_and(Vec::is_empty) {
        let message = "a Pod needs at least one container";
        found.push(
            Violation::error("schema-required", format!("{}/containers", place.path), message)
                .hint("add one"),
        );
    }
    let mut seen: HashMap<&str, String> = HashMap::new();
    for (path, container) in containers(place) {
        let Some(name) = text(container, "name") else { continue };
        if let Some(reason) = dns_label(name) {
            let message = format!("the container name `{name}` {reason}");
            found.push(
                Violation::error("schema-name", format!("{path}/name"), message)
                    .hint("use lower-case letters, digits and `-`"),
            );
        }
        let list = path.rsplit_once('/').map_or("", |(list, _)| list).to_owned();
        if seen.get(name).is_some_and(|earlier| *earlier != list) {
            let message = format!("two containers of this Pod are named `{name}`");
            found.push(
                Violation::error("api-container-names", format!("{path}/name"), message)
                    .hint("rename one; init containers count too"),
            );
        }
        seen.insert(name, list);
    }
    found
}

/// A volume has a DNS label as its name and at most one source.
pub(super) fn volumes(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    for (path, volume) in entries(place.value, &place.path, "volumes") {
        if let Some((name, reason)) = text(volume, "name").and_then(|name| Some((name, dns_label(name)?))) {
            let message = format!("the volume name `{name}` {reason}");
            found.push(
                Violation::error("schema-name", format!("{path}/name"), message)
                    .hint("use lower-case letters, digits and `-`"),
            );
        }
        let Some(map) = volume.as_object() else { continue };
        let sources: Vec<&str> = map
            .iter()
            .filter(|(field, source)| *field != "name" && !source.is_null())
            .map(|(field, _)| field.as_str())
            .collect();
        if sources.len() > 1 {
            let message = format!("a volume has one source; this one has {}", sources.join(" and "));
            found.push(Violation::error("api-volume-source", path, message).hint("make two volumes of it"));
        }
    }
    found
}

/// A mount names a volume of the Pod, or a claim template of its StatefulSet; likewise a raw device.
pub(super) fn mounts(place: &Place<'_>, object: &Value) -> Vec<Violation> {
    let mut names: BTreeSet<&str> = entries(place.value, &place.path, "volumes")
        .into_iter()
        .filter_map(|(_, volume)| text(volume, "name"))
        .collect();
    if object.get("kind").and_then(Value::as_str) == Some("StatefulSet") {
        let claims = object.pointer("/spec/volumeClaimTemplates").and_then(Value::as_array);
        names.extend(
            claims.into_iter().flatten().filter_map(|claim| claim.pointer("/metadata/name")?.as_str()),
        );
    }
    let mut found = Vec::new();
    for (container_path, container) in containers(place) {
        for list in ["volumeMounts", "volumeDevices"] {
            for (path, mount) in entries(container, &container_path, list) {
                let Some(name) = text(mount, "name").filter(|name| !names.contains(name)) else { continue };
                let message = format!("`{name}` is not a volume of this Pod");
                let hint = match similar(name, names.iter().copied()) {
                    Some(close) => format!("did you mean `{close}`?"),
                    None => format!("add a volume `{name}` under `volumes`"),
                };
                found.push(Violation::error("api-volume-mount", format!("{path}/name"), message).hint(hint));
            }
        }
    }
    found
}

/// A container's resource claim names one of the Pod's; a Pod's claim has exactly one source.
pub(super) fn resource_claims(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let claims = entries(place.value, &place.path, "resourceClaims");
    let names: BTreeSet<&str> = claims.iter().filter_map(|(_, claim)| text(claim, "name")).collect();
    let mut found = Vec::new();
    for (path, claim) in &claims {
        let sources = ["resourceClaimName", "resourceClaimTemplateName"];
        let count = sources.iter().filter(|source| has(claim, source)).count();
        if count > 1 || (count == 0 && claim.as_object().is_some_and(|map| map.len() <= 1)) {
            let message = format!("a resource claim needs exactly one of `{}`", sources.join("` and `"));
            found.push(Violation::error("api-resource-claim", path, message).hint("set exactly one of them"));
        }
    }
    for (container_path, container) in containers(place) {
        let Some(resources) = container.get("resources") else { continue };
        for (path, claim) in entries(resources, &format!("{container_path}/resources"), "claims") {
            let Some(name) = text(claim, "name").filter(|name| !names.contains(name)) else { continue };
            let message = format!("`{name}` is not a resource claim of this Pod");
            let hint = format!("add an entry `{name}` under `resourceClaims` of the Pod");
            found.push(Violation::error("api-resource-claim", format!("{path}/name"), message).hint(hint));
        }
    }
    found
}
