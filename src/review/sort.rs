//! Texts become objects. What is no manifest is named; what should be one and is not is a finding with its place.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::helm::{self, Charts};
use super::kustomize;
use super::texts::{Text, Texts};
use super::{NotReviewed, ReviewError, about_file};
use crate::cancel::Cancel;
use crate::finding::Finding;
use crate::manifest::{Budget, Document, Location, Manifest, ParseError, parse_documents};
use crate::source::SourceError;

/// Most values (maps, lists and scalars) of one review; each costs a few hundred bytes while it is looked at.
const MOST_VALUES: usize = 2_000_000;

/// What the texts hold.
#[derive(Debug, Default)]
pub(super) struct Sorted {
    /// The objects, in the order of the texts.
    pub manifests: Vec<Manifest>,
    /// What is no manifest.
    pub not_reviewed: Vec<NotReviewed>,
    /// What should be one and is not.
    pub findings: Vec<Finding>,
    /// Files with at least one object.
    pub files: usize,
}

/// Sorts the texts.
///
/// # Errors
/// [`ReviewError::TooLarge`]; [`ReviewError::Stopped`] where that is asked for between two files.
pub(super) fn sort(texts: Texts, cancel: &Cancel) -> Result<Sorted, ReviewError> {
    let mut sorter = Sorter {
        patches: kustomize::patches(&texts.texts),
        charts: Charts::among(&texts.texts),
        sorted: Sorted { not_reviewed: texts.others, ..Sorted::default() },
        values: 0,
    };
    for text in texts.texts {
        if cancel.is_cancelled() {
            return Err(ReviewError::Stopped);
        }
        sorter.text(&text);
        if sorter.values > MOST_VALUES {
            return Err(ReviewError::TooLarge { what: text.name, most: MOST_VALUES, unit: "values" });
        }
    }
    let mut sorted = sorter.sorted;
    sorted.findings.extend(sorter.charts.findings());
    sorted.not_reviewed.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    Ok(sorted)
}

struct Sorter {
    /// Files that kustomizations name as patches.
    patches: BTreeSet<PathBuf>,
    charts: Charts,
    sorted: Sorted,
    values: usize,
}

impl Sorter {
    fn text(&mut self, text: &Text) {
        let name = &text.name;
        let bytes = match &text.bytes {
            Ok(bytes) => bytes,
            Err(error) => return self.sorted.findings.push(unread(name, error)),
        };
        if self.charts.is_template(name, bytes) {
            return self.charts.meet(name, bytes);
        }
        let documents = match parse_documents(bytes, Some(name), &Budget::default()) {
            Ok(documents) => documents,
            // Most templates are no YAML; a manifest may well have braces, in a string.
            Err(_) if helm::brace_line(bytes).is_some() => return self.charts.meet(name, bytes),
            Err(error) => return self.sorted.findings.push(broken(&error, bytes)),
        };
        if let Some(why) = self.other_tool(name) {
            return self.pass_over(name, None, why);
        }
        let before = self.sorted.manifests.len();
        let plain: Vec<Option<Location>> =
            documents.into_iter().filter_map(|document| self.document(document, name, bytes)).collect();
        let has_objects = self.sorted.manifests.len() > before;
        self.sorted.files += usize::from(has_objects);
        match plain.as_slice() {
            [] => {}
            places if has_objects => {
                for place in places {
                    self.pass_over(name, place.map(|place| place.line), PLAIN);
                }
            }
            _ => self.pass_over(name, None, PLAIN),
        }
    }

    /// What a file is to another tool, by its name and the names around it.
    fn other_tool(&self, name: &str) -> Option<&'static str> {
        if kustomize::is_one(name) {
            Some(KUSTOMIZATION)
        } else if helm::is_chart(name) {
            Some("the description of a Helm chart")
        } else if self.patches.contains(&kustomize::joined(Path::new(""), name)) {
            Some("a kustomize patch, which is a part of an object")
        } else {
            None
        }
    }

    /// Takes the objects of a document; gives its place back where it is some other YAML.
    fn document(&mut self, document: Document, file: &str, bytes: &[u8]) -> Option<Option<Location>> {
        let place = document.locations.get("").copied();
        if kustomize::is_kind(&document.value) {
            self.pass_over(file, place.map(|place| place.line), KUSTOMIZATION);
            return None;
        }
        if !is_meant_for_kubernetes(&document.value) {
            return Some(place);
        }
        match document.into_manifests(Some(file)) {
            Ok(manifests) => {
                self.values += manifests.iter().map(|manifest| manifest.locations.len()).sum::<usize>();
                self.sorted.manifests.extend(manifests);
            }
            Err(error) => self.sorted.findings.push(broken(&error, bytes)),
        }
        None
    }

    fn pass_over(&mut self, file: &str, line: Option<usize>, why: &str) {
        self.sorted.not_reviewed.push(NotReviewed { file: file.to_owned(), line, why: why.to_owned() });
    }
}

const PLAIN: &str = "no manifest: it has no apiVersion and kind";
const KUSTOMIZATION: &str =
    "a kustomization; to review what it builds: kubectl kustomize DIR | kubectl copilot review -f -";

/// Whether a document has what only Kubernetes' objects have: both of `apiVersion` and `kind`, or one of them beside
/// `metadata`, which is an object that lacks the other.
fn is_meant_for_kubernetes(value: &Value) -> bool {
    let has = |field: &str| value.get(field).is_some();
    match (has("apiVersion"), has("kind")) {
        (true, true) => true,
        (false, false) => false,
        _ => has("metadata"),
    }
}

/// A file that was not read.
fn unread(file: &str, error: &SourceError) -> Finding {
    let (message, hint) = match error {
        SourceError::File { what, why, hint, .. } => (format!("{what}: {why}"), Some((*hint).to_owned())),
        SourceError::Parse(error) => (error.message.clone(), error.hint.clone()),
    };
    Finding { hint, ..about_file("file-unread", file, 1, 1, message) }
}

/// A text that does not parse. The parser quotes what it stumbled over, which must not be a Secret's value.
fn broken(error: &ParseError, bytes: &[u8]) -> Finding {
    let file = error.file.as_deref().unwrap_or_default();
    let may_hold_secrets = bytes.windows(6).any(|word| word == b"Secret");
    let (message, hint) = if may_hold_secrets {
        let message =
            "the file does not parse here; the reason is not shown, since there may be a Secret in it";
        (message.to_owned(), None)
    } else {
        (format!("the file does not parse: {}", error.message), error.hint.clone())
    };
    Finding { hint, ..about_file("manifest-unreadable", file, error.line, error.column, message) }
}
