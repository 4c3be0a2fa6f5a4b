//! Values of an answer that nobody said: what a model made up.
//!
//! Counted are leaf scalars, and not what follows from the request, from the API or from the answer itself; the list is
//! in `tests/requests/README.md`.

use kubectl_copilot::manifest::{Manifest, pointer};
use kubectl_copilot::schema::defaulted;
use serde_json::Value;

use super::means::names;
use super::rows::Row;
use super::said::Said;
use super::schemas::Schemas;

/// Fields with a closed vocabulary that the published schemas do not list.
const CLOSED: [&str; 27] = [
    "type",
    "protocol",
    "operator",
    "effect",
    "pathType",
    "policyTypes",
    "accessModes",
    "volumeAccessMode",
    "restartPolicy",
    "imagePullPolicy",
    "pullPolicy",
    "concurrencyPolicy",
    "completionMode",
    "whenUnsatisfiable",
    "dnsPolicy",
    "verbs",
    "externalTrafficPolicy",
    "sessionAffinity",
    "clusterIP",
    "preemptionPolicy",
    "unhealthyPodEvictionPolicy",
    "cleanPodPolicy",
    "scopeName",
    "metricType",
    "drop",
    "appProtocol",
    "volumeMode",
];
/// Fields that follow from the kind that is meant.
const OF_THE_API: [&str; 6] = ["apiVersion", "kind", "apiGroup", "apiGroups", "group", "controller"];
/// Lists whose entries need a name, which nothing outside of the object looks at.
const NAMED_LISTS: [&str; 9] = [
    "containers",
    "initContainers",
    "volumes",
    "volumeMounts",
    "ports",
    "listeners",
    "rules",
    "replicatedJobs",
    "metrics",
];
/// Labels and annotations of our own: who owns a draft, and what it was made from.
const OWN_MARKS: &str = "kubectl-copilot.dev/";
/// Words of a shell line around a command.
const SHELL: [&str; 5] = ["/bin/sh", "/bin/bash", "sh", "bash", "-c"];

/// The values that nobody said, each as `Kind/name: path: value`.
pub fn find(row: &Row, objects: &[Manifest], schemas: &Schemas) -> Vec<String> {
    let mut said = Said::of(&row.request);
    for name in objects.iter().map(|object| object.key().name) {
        // A name that is itself made up is counted once, where it is given.
        let is_said = said.has_text(&name);
        if is_said {
            said.add(&name);
        }
    }
    objects.iter().flat_map(|object| of(object, objects, &said, schemas)).collect()
}

fn of(manifest: &Manifest, objects: &[Manifest], said: &Said, schemas: &Schemas) -> Vec<String> {
    let key = manifest.key();
    let is_name = |text: &str| objects.iter().any(|object| object.key().name == text);
    let mut found = Vec::new();
    for (at, value) in pointer::leaves(&manifest.object) {
        let is_given = match value {
            Value::String(text) => {
                said.has_text(without_registry(&at, text)) || (at != "/metadata/name" && is_name(text))
            }
            Value::Number(number) => number.as_f64().is_some_and(|number| said.has_number(number)),
            _ => true,
        };
        if !is_given
            && !is_of_the_api(&at, value)
            && !is_closed(manifest, &at, schemas)
            && !is_default(manifest, &at, value, schemas)
        {
            found.push(format!("{key}: {}: {value}", pointer::display(&at)));
        }
    }
    found
}

/// An image without the registry that is implied.
fn without_registry<'t>(at: &str, text: &'t str) -> &'t str {
    if !at.ends_with("/image") {
        return text;
    }
    let image = text.strip_prefix("docker.io/").unwrap_or(text);
    image.strip_prefix("library/").unwrap_or(image)
}

/// Whether the field can only be so, or only names a part of its own object.
fn is_of_the_api(at: &str, value: &Value) -> bool {
    let (map, field) = names(at);
    let is_label_of_part = field == "name" && NAMED_LISTS.contains(&map.as_str());
    let is_claim_template = field == "name" && map == "metadata" && at != "/metadata/name";
    let is_implied = |text: &str| text.is_empty() || SHELL.contains(&text);
    OF_THE_API.contains(&field.as_str())
        || CLOSED.contains(&field.as_str())
        || is_label_of_part
        || is_claim_template
        || field == "groupName"
        || field.starts_with(OWN_MARKS)
        || value.as_str().is_some_and(is_implied)
}

/// Whether the schema lists the values of the field.
fn is_closed(manifest: &Manifest, at: &str, schemas: &Schemas) -> bool {
    let kind = schemas.set.kind(&manifest.key().gvk());
    kind.and_then(|kind| kind.node.at(at)).is_some_and(|node| !node.schema().values.is_empty())
}

/// Whether the API server would set the same value by itself.
fn is_default(manifest: &Manifest, at: &str, value: &Value, schemas: &Schemas) -> bool {
    let mut object = manifest.object.clone();
    let (Some(parent), Some(field)) = (pointer::parent(at), pointer::last(at)) else { return false };
    let Some(map) = object.pointer_mut(parent).and_then(Value::as_object_mut) else { return false };
    map.shift_remove(field.as_ref());
    defaulted(&object, &schemas.set).pointer(at) == Some(value)
}
