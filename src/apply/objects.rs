//! What planning does with an object, whatever the target.

use std::path::Path;

use serde_json::Value;

use crate::apply::digest::sha256;
use crate::apply::error::ApplyError;
use crate::apply::folder::read_bytes;
use crate::apply::plan::{Action, BodySource, Checked, PlannedChange};
use crate::apply::secret;
use crate::diff::{FieldChange, MaskKey, WellKnownLists, diff, mask};
use crate::manifest::ObjectKey;

/// An object that cannot be planned.
pub(super) fn wrong(key: &ObjectKey, reason: impl Into<String>) -> ApplyError {
    ApplyError::Object { object: key.to_string(), reason: reason.into() }
}

/// The key of an object that has all of it.
///
/// # Errors
/// The first part that is missing.
pub(super) fn checked_key(object: &Value) -> Result<ObjectKey, ApplyError> {
    let key = ObjectKey::of(object);
    let missing = [("apiVersion", &key.api_version), ("kind", &key.kind), ("metadata.name", &key.name)]
        .into_iter()
        .find(|(_, text)| text.is_empty());
    match missing {
        Some((field, _)) => Err(wrong(&key, format!("it has no {field}"))),
        None => Ok(key),
    }
}

/// Path and hash of the file that an object came from; nothing where it came from no file (standard input).
pub(super) fn body_source(file: &str) -> Result<Option<BodySource>, ApplyError> {
    let Ok(path) = Path::new(file).canonicalize() else { return Ok(None) };
    let (Some(text), Some(bytes)) = (path.to_str(), read_bytes(&path)?) else { return Ok(None) };
    Ok(Some(BodySource { path: text.to_owned(), sha256: sha256(&bytes) }))
}

/// The difference, masked: both sides with one key, so that two values that differ are seen to differ.
pub(super) fn fields(old: Option<&Value>, new: &Value, key: &MaskKey) -> Vec<FieldChange> {
    let old = old.map(|old| mask(old, key));
    diff(old.as_ref(), Some(&mask(new, key)), &WellKnownLists).changes
}

/// Whether the API server would see no difference.
pub(super) fn means_the_same(old: &Value, new: &Value) -> bool {
    old == new || diff(Some(old), Some(new), &WellKnownLists).changes.is_empty()
}

/// A change that creates an object, as far as the object alone says.
///
/// # Errors
/// A wrong annotation about generated values, or a value where one is to be generated.
pub(super) fn creation(
    key: ObjectKey,
    object: &Value,
    source: Option<&str>,
) -> Result<PlannedChange, ApplyError> {
    let drawn = secret::drawn(object).map_err(|reason| wrong(&key, reason))?;
    if let Some(pointer) = secret::filled(object, &drawn).first() {
        return Err(wrong(
            &key,
            format!("it has a value at {pointer}, where its annotation says that one is drawn"),
        ));
    }
    let body_from = match source.filter(|_| secret::holds_values(object)) {
        Some(file) => body_source(file)?,
        None => None,
    };
    Ok(PlannedChange {
        action: Action::Create,
        uid: None,
        resource_version: None,
        fingerprint: None,
        body: Some(object.clone()),
        body_from,
        keeps: Vec::new(),
        drawn,
        loses: Vec::new(),
        checked: Checked::Local,
        diff: Vec::new(),
        file: String::new(),
        object: key,
        shown: None,
    })
}
