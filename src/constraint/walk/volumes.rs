//! Volumes and their mounts agree: a mount names a volume of its pod, and a pod has the volumes that its mounts name.

use serde_json::Value;

use super::frame::{Frame, Inner};
use super::leaf::Leaf;
use super::rules::Role;

/// The volumes of the innermost pod that is open.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Volumes {
    /// Mounts name them and no volume has the name yet.
    pub wanted: Vec<String>,
    /// Something is mounted.
    pub any: bool,
    /// The volumes that the pod has, once its list of them is closed.
    pub closed: Option<Vec<String>>,
}

impl Volumes {
    /// Reads the frames.
    pub fn of(frames: &[Frame<'_>]) -> Self {
        let Some(pod) = frames.iter().rposition(|frame| frame.role().is_some_and(|role| role.role == "pod"))
        else {
            return Self::default();
        };
        let mut mounts = Vec::new();
        let mut volumes = Vec::new();
        let mut is_open = false;
        for frame in &frames[pod..] {
            is_open |= frame.field == "volumes";
            match &frame.inner {
                Inner::Object { value, .. } if frame.path.contains("/volumeMounts/") => {
                    names([value.get("name")], &mut mounts)
                }
                Inner::Object { value, .. } if frame.path.contains("/volumes/") => {
                    names([value.get("name")], &mut volumes)
                }
                Inner::Object { value, .. } => {
                    for (key, inner) in value {
                        gather(key, inner, &mut mounts, &mut volumes);
                    }
                }
                Inner::List { value, .. } => {
                    for inner in value {
                        gather_item(&frame.field, inner, &mut mounts, &mut volumes);
                    }
                }
                Inner::Map { .. } => {}
            }
        }
        let has_list =
            matches!(&frames[pod].inner, Inner::Object { value, .. } if value.contains_key("volumes"));
        let any = !mounts.is_empty();
        mounts.retain(|name| !volumes.contains(name));
        // A mount may name a claim template, which stands behind the pod: the gate looks at those.
        let claims = |frame: &Frame<'_>| matches!(&frame.inner, Inner::Object { node, .. } if node.property("volumeClaimTemplates").is_some());
        if frames[..pod].iter().any(claims) {
            return Self::default();
        }
        Self { wanted: mounts, any, closed: (has_list && !is_open).then_some(volumes) }
    }

    /// The names that a volume or a mount may have.
    pub fn name(&self, role: Option<&Role>, key: &str, leaf: &mut Leaf) {
        let texts =
            |names: &[String]| Leaf::Closed(names.iter().map(|name| Value::from(name.as_str())).collect());
        match (role.map(|role| role.role.as_str()), key, &self.closed) {
            (Some("volume"), "name", _) if !self.wanted.is_empty() => *leaf = texts(&self.wanted),
            (Some("volume-mount"), "name", Some(closed)) if !closed.is_empty() => *leaf = texts(closed),
            _ => {}
        }
    }
}

fn gather(key: &str, value: &Value, mounts: &mut Vec<String>, volumes: &mut Vec<String>) {
    if let (true, Some(list)) =
        (matches!(key, "containers" | "initContainers" | "volumes" | "volumeMounts"), value.as_array())
    {
        list.iter().for_each(|item| gather_item(key, item, mounts, volumes));
    }
}

fn gather_item(field: &str, item: &Value, mounts: &mut Vec<String>, volumes: &mut Vec<String>) {
    match field {
        "volumes" => names([item.get("name")], volumes),
        "volumeMounts" => names([item.get("name")], mounts),
        "containers" | "initContainers" => {
            names(
                item["volumeMounts"].as_array().into_iter().flatten().map(|mount| mount.get("name")),
                mounts,
            );
        }
        _ => {}
    }
}

fn names<'v>(found: impl IntoIterator<Item = Option<&'v Value>>, into: &mut Vec<String>) {
    for name in found.into_iter().flatten().filter_map(Value::as_str) {
        if !into.iter().any(|known| known == name) {
            into.push(name.to_owned());
        }
    }
}
