//! A plan kept in a file, to be applied later. No Secret value is in it: such a body is kept as path and hash of the
//! file that it came from, and read again.

use std::path::Path;

use serde_json::Value;

use crate::apply::digest::{self, sha256};
use crate::apply::error::{ApplyError, WrongDigest};
use crate::apply::folder::read_bytes;
use crate::apply::plan::{BodySource, Plan, PlannedChange, VERSION};
use crate::apply::secret;
use crate::manifest::{Budget, ObjectKey, parse};
use crate::source;

/// Writes the document of `plan -o json`, readable by its owner alone.
///
/// # Errors
/// A Secret with values that came from no file, and what the system says.
pub fn write_plan(path: &Path, plan: &Plan) -> Result<(), ApplyError> {
    let without_file = plan
        .changes
        .iter()
        .find(|change| change.body_from.is_none() && change.body.as_ref().is_some_and(secret::holds_values));
    if let Some(change) = without_file {
        return Err(ApplyError::ValuesWithoutFile {
            path: path.display().to_string(),
            object: change.object.to_string(),
        });
    }
    let text = format!("{:#}\n", plan.document());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name() else { return Err(wrong(path, "it is no path of a file")) };
    source::write_atomic(folder, Path::new(name), text.as_bytes(), 0o600)
        .map(drop)
        .map_err(|error| wrong(path, error.to_string()))
}

/// Reads a plan, with the bodies that it keeps as path and hash. Keys that are not known are passed over.
///
/// # Errors
/// A file that is no plan, of another version or for another kind of target; [`ApplyError::WrongDigest`] where it was
/// edited; [`ApplyError::Stale`] where a file that a Secret's values came from has changed.
pub fn read_plan(path: &Path) -> Result<Plan, ApplyError> {
    let text = source::read_text(path).map_err(|error| wrong(path, error.to_string()))?;
    let document: Value =
        serde_json::from_str(&text).map_err(|error| wrong(path, format!("it is no JSON: {error}")))?;
    match document.get("version").and_then(Value::as_u64) {
        Some(VERSION) => {}
        Some(other) => {
            return Err(wrong(
                path,
                format!("it has version {other}, and this program reads version {VERSION}"),
            ));
        }
        None => return Err(wrong(path, "it has no version: it is no plan")),
    }
    let names = |key: &str| document.pointer(key).is_some_and(Value::is_string);
    if !names("/target/dir") && !names("/target/identity") {
        return Err(wrong(path, "it is no plan for a folder or a cluster"));
    }
    let mut plan: Plan =
        serde_json::from_value(document).map_err(|error| wrong(path, format!("it is no plan: {error}")))?;
    for change in &mut plan.changes {
        if let Some(from) = &change.body_from {
            let body = body(path, change, from)?;
            change.body = Some(body);
        }
    }
    let own = digest::of(&plan);
    if own != plan.digest {
        return Err(WrongDigest { agreed: plan.digest, plan: own }.into());
    }
    Ok(plan)
}

fn wrong(path: &Path, reason: impl Into<String>) -> ApplyError {
    ApplyError::PlanFile { path: path.display().to_string(), reason: reason.into() }
}

/// The object out of the file that it came from, if that is still the same.
fn body(plan: &Path, change: &PlannedChange, from: &BodySource) -> Result<Value, ApplyError> {
    let bytes = read_bytes(Path::new(&from.path))?.ok_or_else(|| {
        wrong(plan, format!("the values of {} are read from '{}', and it is gone", change.object, from.path))
    })?;
    if sha256(&bytes) != from.sha256 {
        return Err(ApplyError::Stale {
            changed: vec![format!("'{}' has changed, where {} comes from", from.path, change.object)],
        });
    }
    let manifests = parse(&bytes, Some(&from.path), &Budget::default())
        .map_err(|error| wrong(plan, error.to_string()))?;
    let objects: Vec<Value> = manifests.into_iter().map(|manifest| manifest.object).collect();
    let exact = objects.iter().find(|object| ObjectKey::of(object) == change.object).cloned();
    // A manifest without a namespace was planned for the one that the plan says.
    let placed = || objects.into_iter().find_map(|object| placed(object, &change.object));
    exact.or_else(placed).ok_or_else(|| wrong(plan, format!("'{}' has no {}", from.path, change.object)))
}

/// The object in the namespace of `key`, where it names none and is the key's but for that.
fn placed(mut object: Value, key: &ObjectKey) -> Option<Value> {
    if ObjectKey::of(&object).namespace.is_some() {
        return None;
    }
    let metadata = object.get_mut("metadata")?.as_object_mut()?;
    metadata.insert("namespace".to_owned(), Value::from(key.namespace.clone()?));
    (ObjectKey::of(&object) == *key).then_some(object)
}
