//! The Pods that an object would create, and the way back to the object's fields.
//!
//! For Kubernetes' own workloads [`crate::manifest::pods`] knows. A custom workload (a Notebook, a RayJob, …) holds pod
//! templates too, wherever its author put them; they are found by their shape, so that no kind is a way around a policy.

use serde_json::{Map, Value, json};

use crate::manifest::{ObjectKey, PodOf, pods};
use crate::schema::{SchemaSet, defaulted};

/// How deep templates are looked for in a custom object.
const DEEPEST: usize = 24;

/// A Pod that an object would create.
pub struct PodView {
    /// The Pod, with the server's defaults.
    pub pod: Value,
    origin: Origin,
}

enum Origin {
    /// From a workload that Kubernetes knows.
    Known(PodOf),
    /// From a template in a custom object: the pointer of the template's spec, and of the template where there is one.
    Found { spec: String, template: Option<String> },
}

impl PodView {
    /// The pointer inside the object of what a pointer names in the Pod.
    pub fn owner_path(&self, pod_path: &str) -> String {
        match &self.origin {
            Origin::Known(known) => known.template_path(pod_path),
            Origin::Found { spec, template } => match (pod_path.strip_prefix("/spec"), template) {
                (Some(rest), _) => format!("{spec}{rest}"),
                (None, Some(template)) if pod_path.starts_with("/metadata/labels") => {
                    format!("{template}{pod_path}")
                }
                (None, _) => spec.clone(),
            },
        }
    }
}

/// The Pods of an object; the object itself where it is a Pod.
pub(super) fn views(object: &Value, schemas: &SchemaSet) -> Vec<PodView> {
    let key = ObjectKey::of(object);
    let known = pods(object);
    let found = if known.is_empty() && is_custom(&key) { templates(object, &key) } else { Vec::new() };
    let known = known.into_iter().map(|known| (known.pod.clone(), Origin::Known(known)));
    known
        .chain(found)
        .map(|(mut pod, origin)| {
            if key.kind != "Pod" {
                own(&mut pod, &key);
            }
            PodView { pod: defaulted(&pod, schemas), origin }
        })
        .collect()
}

/// Marks a Pod as made by a controller for its owner, as it is on a cluster.
fn own(pod: &mut Value, owner: &ObjectKey) {
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        let reference = json!({"apiVersion": owner.api_version, "kind": owner.kind, "name": owner.name,
            "uid": "00000000-0000-0000-0000-000000000000", "controller": true});
        metadata.insert("ownerReferences".to_owned(), json!([reference]));
    }
}

/// Whether a kind comes from a CustomResourceDefinition.
fn is_custom(key: &ObjectKey) -> bool {
    let group = key.gvk().group;
    group.contains('.') && !group.ends_with(".k8s.io") || group.ends_with(".x-k8s.io")
}

fn templates(object: &Value, key: &ObjectKey) -> Vec<(Value, Origin)> {
    let mut specs = Vec::new();
    find(object, "", DEEPEST, &mut specs);
    specs.into_iter().filter_map(|spec| found(object, key, spec)).collect()
}

/// Collects the pointers of everything that has a list of containers.
fn find(value: &Value, pointer: &str, depth: usize, specs: &mut Vec<String>) {
    if depth == 0 {
        return;
    }
    match value {
        Value::Object(map) if is_pod_spec(map) => specs.push(pointer.to_owned()),
        Value::Object(map) => {
            for (name, inner) in map {
                let name = name.replace('~', "~0").replace('/', "~1");
                find(inner, &format!("{pointer}/{name}"), depth - 1, specs);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                find(inner, &format!("{pointer}/{index}"), depth - 1, specs);
            }
        }
        _ => {}
    }
}

fn is_pod_spec(map: &Map<String, Value>) -> bool {
    let container = |item: &Value| item.get("image").is_some() || item.get("name").is_some();
    map.get("containers")
        .and_then(Value::as_array)
        .is_some_and(|items| !items.is_empty() && items.iter().all(container))
}

fn found(object: &Value, key: &ObjectKey, spec: String) -> Option<(Value, Origin)> {
    let template = spec.strip_suffix("/spec").map(str::to_owned);
    let labels =
        template.as_ref().and_then(|template| object.pointer(&format!("{template}/metadata/labels")));
    let mut metadata = json!({"name": format!("{}-0", key.name)});
    if let Some(labels) = labels {
        metadata["labels"] = labels.clone();
    }
    if let Some(namespace) = &key.namespace {
        metadata["namespace"] = json!(namespace);
    }
    let pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": object.pointer(&spec)?});
    Some((pod, Origin::Found { spec, template }))
}
