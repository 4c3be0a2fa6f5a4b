//! From a plan's objects to the bytes of files. Planning and writing both come through here, so that what is written is
//! what was planned.

use std::collections::BTreeMap;

use serde_json::Value;

use super::documents::{self, Range};
use super::kustomization;
use super::scan::{Identity, Scan, ScannedFile};
use crate::apply::error::ApplyError;
use crate::apply::plan::{Action, PlannedChange};
use crate::apply::secret;
use crate::finding::{Finding, Severity};
use crate::manifest::{Budget, parse_documents, to_yaml};

/// One file as it will be. Without `Debug`: it may hold Secret values.
pub(super) struct Assembled {
    /// Path below the target.
    pub path: String,
    /// Fingerprint of what is there now.
    pub before: Option<String>,
    /// The whole text.
    pub text: String,
    /// Whether it holds Secret values.
    pub private: bool,
}

/// All files, kustomizations last: none of them names a file that is not there yet.
#[derive(Default)]
pub(super) struct Assembly {
    pub files: Vec<Assembled>,
    pub findings: Vec<Finding>,
}

/// The texts that these changes come to.
///
/// # Errors
/// An object whose file cannot be changed without harm to the rest of it.
pub(super) fn assemble(scan: &Scan, changes: &[PlannedChange]) -> Result<Assembly, ApplyError> {
    let mut assembly = Assembly::default();
    let mut edits: BTreeMap<&str, Vec<Edit>> = BTreeMap::new();
    let mut created = Vec::new();
    for change in changes {
        let Some(body) = &change.body else { continue };
        match change.action {
            Action::None => {}
            Action::Create => {
                created.push(change);
                assembly.files.push(Assembled {
                    path: change.file.clone(),
                    before: None,
                    text: to_yaml(body),
                    private: secret::holds_values(body),
                });
            }
            Action::Change | Action::Replace => {
                let edit = edit(scan, change, body)?;
                edits.entry(&change.file).or_default().push(edit);
            }
            Action::Delete => return Err(cannot(change, "a plan for a folder deletes nothing")),
        }
    }
    for (path, edits) in edits {
        let Some(file) = scan.files.get(path) else { continue };
        assembly.files.push(changed(path, file, edits)?);
    }
    kustomize(scan, &created, &mut assembly);
    Ok(assembly)
}

/// One document that becomes another.
struct Edit {
    object: String,
    range: Range,
    body: Value,
}

fn cannot(change: &PlannedChange, reason: impl Into<String>) -> ApplyError {
    ApplyError::CannotEdit {
        object: change.object.to_string(),
        file: change.file.clone(),
        reason: reason.into(),
    }
}

fn edit(scan: &Scan, change: &PlannedChange, body: &Value) -> Result<Edit, ApplyError> {
    let identity = Identity::of(&change.object);
    let found = scan.find(&identity).find(|(path, ..)| **path == change.file);
    let Some((_, file, placed)) = found else { return Err(cannot(change, "it is not there")) };
    if let Some(broken) = &file.broken {
        return Err(cannot(change, broken.clone()));
    }
    let Some(range) = placed.document.clone() else {
        return Err(cannot(
            change,
            "it is an item of a List, or stands in a JSON file, and only YAML documents are changed",
        ));
    };
    let body = secret::with_kept(body, &placed.object, &change.keeps);
    Ok(Edit { object: change.object.to_string(), range, body })
}

fn changed(path: &str, file: &ScannedFile, mut edits: Vec<Edit>) -> Result<Assembled, ApplyError> {
    // From the end, so that the ranges before stay true.
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.range.start));
    let mut text = file.text.clone();
    let mut wanted = values(&file.text);
    for edit in &edits {
        text = documents::replace(&text, &edit.range, &to_yaml(&edit.body));
        let index = documents::ranges(&file.text).iter().position(|range| range.start == edit.range.start);
        if let Some(slot) = index.and_then(|index| wanted.get_mut(index)) {
            *slot = Some(vec![edit.body.clone()]);
        }
    }
    // The proof that the other documents mean what they meant.
    if values(&text) != wanted {
        return Err(ApplyError::CannotEdit {
            object: edits.iter().map(|edit| edit.object.clone()).collect::<Vec<_>>().join(", "),
            file: path.to_owned(),
            reason: "the changed text would not read as what is planned".into(),
        });
    }
    Ok(Assembled {
        path: path.to_owned(),
        before: Some(file.sha256.clone()),
        private: edits.iter().any(|edit| secret::holds_values(&edit.body)),
        text,
    })
}

/// What each range of a text holds; `None` where it does not parse.
fn values(text: &str) -> Vec<Option<Vec<Value>>> {
    documents::ranges(text)
        .iter()
        .map(|range| {
            let content = &text[range.start..range.end];
            if documents::is_blank(content) {
                return Some(Vec::new());
            }
            let documents = parse_documents(content.as_bytes(), None, &Budget::default()).ok()?;
            Some(documents.into_iter().map(|document| document.value).collect())
        })
        .collect()
}

/// Adds new files to the nearest kustomization at or above them.
fn kustomize(scan: &Scan, created: &[&PlannedChange], assembly: &mut Assembly) {
    let mut entries: BTreeMap<&str, Vec<&PlannedChange>> = BTreeMap::new();
    for change in created {
        if let Some(path) = nearest(scan, &change.file) {
            entries.entry(path).or_default().push(change);
        }
    }
    for (path, changes) in entries {
        let Some(file) = scan.files.get(path) else { continue };
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        let new: Vec<String> = changes
            .iter()
            .map(|change| {
                change.file.strip_prefix(folder).unwrap_or(&change.file).trim_start_matches('/').to_owned()
            })
            .collect();
        let edited = match &file.broken {
            Some(why) => Err(why.clone()),
            None => kustomization::add(&file.text, &new),
        };
        match edited {
            Ok(text) if text == file.text => {}
            Ok(text) => assembly.files.push(Assembled {
                path: path.to_owned(),
                before: Some(file.sha256.clone()),
                text,
                private: false,
            }),
            Err(why) => assembly.findings.extend(changes.iter().zip(&new).map(|(change, entry)| {
                let message =
                    format!("'{path}' was not changed, so that this object is not part of it: {why}");
                let finding = Finding::new(
                    "kustomization-unchanged",
                    Severity::Warning,
                    change.object.clone(),
                    "",
                    message,
                )
                .with_hint(format!("add `- {entry}` to its `resources` by hand"));
                Finding { file: Some(path.to_owned()), ..finding }
            })),
        }
    }
}

/// The kustomization that a file belongs to: in its own folder, or the next one above.
pub(super) fn nearest<'a>(scan: &'a Scan, file: &str) -> Option<&'a str> {
    let mut rest = file;
    while let Some((folder, _)) = rest.rsplit_once('/') {
        if let Some(path) = scan.kustomization_in(folder) {
            return Some(path);
        }
        rest = folder;
    }
    scan.kustomization_in("")
}
