//! What belongs to kustomize: its own files, and the patches that they name, which are parts of objects.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use super::texts::Text;
use crate::manifest::{Budget, parse_value};

/// The file names that kustomize looks for.
const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a file is a kustomization by its name.
pub(super) fn is_one(file: &str) -> bool {
    Path::new(file).file_name().and_then(|name| name.to_str()).is_some_and(|name| NAMES.contains(&name))
}

/// Whether a document is a kustomization or a component of one.
pub(super) fn is_kind(value: &Value) -> bool {
    let text = |field: &str| value.get(field).and_then(Value::as_str).unwrap_or_default();
    text("apiVersion").starts_with("kustomize.config.k8s.io/")
}

/// The files that the kustomizations among the texts name as patches.
pub(super) fn patches(texts: &[Text]) -> BTreeSet<PathBuf> {
    let mut found = BTreeSet::new();
    for text in texts.iter().filter(|text| is_one(&text.name)) {
        let Ok(bytes) = &text.bytes else { continue };
        // One that does not parse is a finding elsewhere.
        let Ok(value) = parse_value(bytes, None, &Budget::default()) else { continue };
        let folder = Path::new(&text.name).parent().unwrap_or(Path::new(""));
        found.extend(named(&value).map(|patch| joined(folder, patch)));
    }
    found
}

/// `patches: [{path}]`, and the two older spellings. A patch that stands in the kustomization itself has line feeds.
fn named(value: &Value) -> impl Iterator<Item = &str> {
    ["patches", "patchesStrategicMerge", "patchesJson6902"]
        .into_iter()
        .filter_map(|field| value.get(field).and_then(Value::as_array))
        .flatten()
        .filter_map(|patch| patch.as_str().or_else(|| patch.get("path").and_then(Value::as_str)))
        .filter(|path| !path.contains('\n'))
}

/// A path inside a folder with `.` and `..` resolved, as far as that goes without looking.
pub(super) fn joined(folder: &Path, path: &str) -> PathBuf {
    let mut joined = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if joined.file_name().is_some() => {
                joined.pop();
            }
            other => joined.push(other),
        }
    }
    joined
}
