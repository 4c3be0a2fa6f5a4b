//! From checked objects to a plan against the folder.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::FolderTarget;
use super::assemble::assemble;
use super::documents;
use super::layout::Layout;
use super::scan::{Identity, Placed, ScannedFile};
use crate::apply::digest::sha256;
use crate::apply::error::ApplyError;
use crate::apply::objects::{checked_key, creation, fields, means_the_same, wrong};
use crate::apply::plan::{Action, Capacity, FileWrite, Plan, PlannedChange};
use crate::apply::secret;
use crate::diff::MaskKey;
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
        Ok(Plan::new(self.id.clone(), changes, writes, findings, Capacity::of_folder()))
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
        let mut change = creation(object_key, object, source.map(|file| &**file))?;
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
