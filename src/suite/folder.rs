//! A folder of policies with `allowed-*` and `denied-*` manifests beside them or in its folder `cases`.
//!
//! Lines of a case's file that begin with `# expect:` are parts of messages that have to come. With `# operation: DELETE`
//! its objects are taken away; with `# operation: UPDATE` an object that stands there twice is first as it is, then as it
//! would be.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::Decision;
use super::judge::{Asked, Case};
use super::run::{Folder, SuiteError, policies, read};
use crate::manifest::{Budget, Manifest, ObjectKey, parse};
use crate::policy::Operation;
use crate::source;

/// What a case's file says by its name.
fn expected(file: &Path) -> Option<Decision> {
    let name = file.file_name()?.to_str()?;
    if name.starts_with("allowed-") {
        Some(Decision::Allowed)
    } else if name.starts_with("denied-") {
        Some(Decision::Denied)
    } else {
        None
    }
}

/// Whether a file is a case of this format. A policy of such a name (`allowed-registries.yaml`) is none.
pub(super) fn is_case(file: &Path) -> bool {
    let is_policy = || source::read_text(file).is_ok_and(|text| text.contains("kyverno.io/v"));
    expected(file).is_some() && (home(file) != file.parent().unwrap_or(Path::new("")) || !is_policy())
}

/// The folder that a case's file belongs to: above `cases`, if it lies there.
pub(super) fn home(file: &Path) -> PathBuf {
    let folder = file.parent().unwrap_or(Path::new(""));
    let is_cases = folder.file_name().is_some_and(|name| name == "cases");
    if is_cases { folder.parent().unwrap_or(folder).to_owned() } else { folder.to_owned() }
}

/// The cases of one folder. `files` are all manifests directly in it and in its `cases`.
///
/// # Errors
/// A policy that cannot be read.
pub(super) fn cases(folder: &Folder) -> Result<Vec<Case>, SuiteError> {
    let (cases, others): (Vec<&PathBuf>, Vec<&PathBuf>) = folder.files.iter().partition(|file| is_case(file));
    let mut manifests: Vec<Manifest> = Vec::new();
    for file in others {
        manifests.extend(read(file)?);
    }
    let set = policies(&manifests)?;
    let names: Vec<String> = set.list().into_iter().map(|policy| policy.name).collect();
    let policy = names.join(", ");
    if names.is_empty() {
        let text = "there are cases and no policies in it";
        return Err(SuiteError::new(&folder.path, text, "put the policies beside the folder 'cases'"));
    }
    let around: Arc<[Value]> = manifests.into_iter().map(|manifest| manifest.object).collect();
    let suite = folder.path.display().to_string();
    let mut all = Vec::new();
    for file in cases {
        let Some(expected) = expected(file) else { continue };
        let read = source::read_text(file).map_err(SuiteError::from).and_then(|text| {
            let found = parse(text.as_bytes(), Some(&file.display().to_string()), &Budget::default())?;
            let objects: Vec<Value> = found.into_iter().map(|manifest| manifest.object).collect();
            let asked = asked(objects, marked(&text, "# operation:").next(), file)?;
            Ok((asked, marked(&text, "# expect:").map(str::to_owned).collect()))
        });
        // One case that cannot be read says nothing about the others.
        let (objects, messages, broken) = match read {
            Ok((objects, messages)) => (objects, messages, None),
            Err(error) => (Vec::new(), Vec::new(), Some(format!("{}; {}", error.message, error.hint))),
        };
        all.push(Case {
            suite: suite.clone(),
            name: file.file_stem().unwrap_or_default().to_string_lossy().into_owned(),
            policy: policy.clone(),
            policies: set.clone(),
            objects,
            around: Arc::clone(&around),
            expected,
            messages,
            broken,
        });
    }
    Ok(all)
}

/// What stands behind a mark at the beginning of lines.
fn marked<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = &'a str> {
    text.lines().filter_map(move |line| line.strip_prefix(mark)).map(str::trim)
}

fn asked(objects: Vec<Value>, operation: Option<&str>, file: &Path) -> Result<Vec<Asked>, SuiteError> {
    if objects.is_empty() {
        return Err(SuiteError::new(file, "there is no object in it", "a case is one or more manifests"));
    }
    match operation {
        None | Some("CREATE") => Ok(objects.into_iter().map(Asked::created).collect()),
        Some("DELETE") => Ok(objects
            .into_iter()
            .map(|object| Asked { old: Some(object.clone()), object, operation: Operation::Delete })
            .collect()),
        Some("UPDATE") => {
            let mut all: Vec<Asked> = Vec::new();
            for object in objects {
                let key = ObjectKey::of(&object);
                match all.iter_mut().find(|asked| ObjectKey::of(&asked.object) == key) {
                    Some(asked) => {
                        let old = std::mem::replace(&mut asked.object, object);
                        (asked.old, asked.operation) = (Some(old), Operation::Update);
                    }
                    None => all.push(Asked::created(object)),
                }
            }
            all.retain(|asked| asked.operation == Operation::Update);
            if all.is_empty() {
                let text = "it says `# operation: UPDATE` and has no object twice";
                return Err(SuiteError::new(file, text, "write the object as it is, then as it would be"));
            }
            Ok(all)
        }
        Some(other) => {
            Err(SuiteError::new(file, format!("'{other}' is no operation"), "it is CREATE, UPDATE or DELETE"))
        }
    }
}
