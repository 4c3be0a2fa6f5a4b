//! From checked objects to a plan against the folder.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::FolderTarget;
use super::assemble::assemble;
use super::documents;
use super::layout::Layout;
use super::scan::{self, Identity, Placed, ScannedFile};
use crate::apply::digest::sha256;
use crate::apply::error::ApplyError;
use crate::apply::plan::{Action, BodySource, Checked, FileWrite, Plan, PlannedChange};
use crate::apply::secret;
use crate::diff::{FieldChange, MaskKey, WellKnownLists, diff, mask};
use crate::finding::{Finding, Severity};
use crate::manifest::{Manifest, ObjectKey};

impl FolderTarget {
    /// What writing these objects would do, in their order. They have passed the checks already; `key` masks Secret
    /// values in the diff. Nothing is written.
    ///
    /// # Errors
    /// An object without a name or that stands twice, one that stands in several files of the folder, and one whose
    /// file cannot be changed without harm to the rest of it.
    pub fn plan(&self, objects: &[Value], key: &MaskKey) -> Result<Plan, ApplyError> {
        self.plan_all(objects.iter().map(|object| (object, None)), key)
    }

    /// The same for objects with files: a Secret with values can then be kept in a plan file, by path and hash.
    ///
    /// # Errors
    /// As [`FolderTarget::plan`].
    pub fn plan_manifests(&self, manifests: &[Manifest], key: &MaskKey) -> Result<Plan, ApplyError> {
        self.plan_all(manifests.iter().map(|manifest| (&manifest.object, manifest.file.as_ref())), key)
    }

    fn plan_all<'a>(
        &self,
        objects: impl Iterator<Item = (&'a Value, Option<&'a Arc<str>>)>,
        key: &MaskKey,
    ) -> Result<Plan, ApplyError> {
        let mut findings = self.scan.findings.clone();
        let mut layout = Layout::of(&self.scan);
        let mut seen = BTreeSet::new();
        let mut changes = Vec::new();
        for (object, file) in objects {
            let object_key = checked_key(object)?;
            if !seen.insert(Identity::of(&object_key)) {
                return Err(wrong(&object_key, "it is given twice"));
            }
            let change = self.change(object_key, object, file, &mut layout, key, &mut findings)?;
            changes.push(change);
        }
        let assembled = assemble(&self.scan, &changes)?;
        findings.extend(assembled.findings);
        let writes = assembled
            .files
            .iter()
            .map(|file| FileWrite {
                file: file.path.clone(),
                before: file.before.clone(),
                after: sha256(file.text.as_bytes()),
            })
            .collect();
        Ok(Plan::new(self.id.clone(), changes, writes, findings))
    }

    fn change(
        &self,
        object_key: ObjectKey,
        object: &Value,
        source: Option<&Arc<str>>,
        layout: &mut Layout<'_>,
        key: &MaskKey,
        findings: &mut Vec<Finding>,
    ) -> Result<PlannedChange, ApplyError> {
        let drawn = secret::drawn(object).map_err(|reason| wrong(&object_key, reason))?;
        if let Some(pointer) = secret::filled(object, &drawn).first() {
            return Err(wrong(
                &object_key,
                format!("it has a value at {pointer}, where its annotation says that one is drawn"),
            ));
        }
        let mut change = PlannedChange {
            action: Action::Create,
            uid: None,
            resource_version: None,
            fingerprint: None,
            body: Some(object.clone()),
            body_from: None,
            keeps: Vec::new(),
            drawn,
            loses: Vec::new(),
            checked: Checked::Local,
            diff: Vec::new(),
            file: String::new(),
            object: object_key,
        };
        if secret::holds_values(object) {
            change.body_from = source.map(|file| body_source(file)).transpose()?.flatten();
        }
        let identity = Identity::of(&change.object);
        let places: Vec<_> = self.scan.find(&identity).collect();
        let old = match places.as_slice() {
            [] => {
                change.file = layout.place(object);
                None
            }
            [(path, file, placed)] => {
                change.file = (*path).clone();
                change.fingerprint = Some(file.sha256.clone());
                change.keeps = secret::filled(&placed.object, &change.drawn);
                let old = secret::without_kept(&placed.object, &change.keeps);
                change.action = if means_the_same(&old, object) {
                    Action::None
                } else if secret::is_ours(&placed.object) {
                    Action::Change
                } else {
                    Action::Replace
                };
                findings.extend(losses(&change, file, placed));
                Some(old)
            }
            several => {
                let places =
                    several.iter().map(|(path, _, placed)| format!("{path}:{}", placed.line)).collect();
                return Err(ApplyError::Ambiguous { object: change.object.to_string(), places });
            }
        };
        if change.action != Action::None {
            change.diff = fields(old.as_ref(), object, key);
            if secret::holds_values(object) {
                let message = "the values of this Secret will stand in the folder as they are";
                findings.push(warning(&change, None, "secret-values-in-folder", message).with_hint(
                    "leave the values out and fill the Secret in the cluster, or keep the folder out of any repository",
                ));
            }
        }
        Ok(change)
    }
}

/// What is lost when the document of an object that exists is replaced.
fn losses(change: &PlannedChange, file: &ScannedFile, placed: &Placed) -> Vec<Finding> {
    let mut findings = Vec::new();
    if change.action == Action::Replace {
        let message = "this object was not written by kubectl-copilot: all of it is replaced, fields that the new one \
                       does not have too";
        findings.push(
            warning(change, Some(placed.line), "target-object-of-others", message)
                .with_hint("look at the diff for what goes"),
        );
    }
    let lost = match &placed.document {
        Some(range) if change.action != Action::None => documents::comments_inside(&file.text, range),
        _ => 0,
    };
    if lost > 0 {
        let comments = if lost == 1 { "a comment".to_owned() } else { format!("{lost} comments") };
        let message = format!("{comments} inside this object's text will be lost");
        findings.push(warning(change, Some(placed.line), "target-comments-lost", message));
    }
    findings
}

fn warning(change: &PlannedChange, line: Option<usize>, rule: &str, message: impl Into<String>) -> Finding {
    let finding = Finding::new(rule, Severity::Warning, change.object.clone(), "", message);
    Finding { file: Some(change.file.clone()), line, ..finding }
}

fn wrong(key: &ObjectKey, reason: impl Into<String>) -> ApplyError {
    ApplyError::Object { object: key.to_string(), reason: reason.into() }
}

fn checked_key(object: &Value) -> Result<ObjectKey, ApplyError> {
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
fn body_source(file: &str) -> Result<Option<BodySource>, ApplyError> {
    let Ok(path) = Path::new(file).canonicalize() else { return Ok(None) };
    let (Some(text), Some(bytes)) = (path.to_str(), scan::bytes(&path)?) else { return Ok(None) };
    Ok(Some(BodySource { path: text.to_owned(), sha256: sha256(&bytes) }))
}

/// The difference, masked: both sides with one key, so that two values that differ are seen to differ.
fn fields(old: Option<&Value>, new: &Value, key: &MaskKey) -> Vec<FieldChange> {
    let old = old.map(|old| mask(old, key));
    diff(old.as_ref(), Some(&mask(new, key)), &WellKnownLists).changes
}

/// Whether the API server would see no difference.
fn means_the_same(old: &Value, new: &Value) -> bool {
    old == new || diff(Some(old), Some(new), &WellKnownLists).changes.is_empty()
}
