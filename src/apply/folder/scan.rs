//! Reading a folder of manifests: which objects stand in which file, and what cannot be read. Bounded.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

use super::documents::{self, Range};
use super::kustomization;
use crate::apply::digest::sha256;
use crate::apply::error::ApplyError;
use crate::finding::{Finding, Severity};
use crate::manifest::{Budget, ObjectKey, parse_documents};

/// Most manifest files of one target.
const MOST_FILES: usize = 5_000;
/// Most entries of all folders together.
const MOST_ENTRIES: usize = 100_000;
/// Levels of sub-folders.
const DEEPEST: usize = 16;
/// Bytes of one file that is parsed.
const LARGEST: u64 = 4 << 20;
/// Bytes of all files together.
const LARGEST_TOTAL: u64 = 128 << 20;

/// What tells one object from another: the version of an API does not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Identity {
    group: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

impl Identity {
    pub(super) fn of(key: &ObjectKey) -> Self {
        let gvk = key.gvk();
        Self { group: gvk.group, kind: gvk.kind, namespace: key.namespace.clone(), name: key.name.clone() }
    }
}

/// One object and where it stands.
#[derive(Clone)]
pub(super) struct Placed {
    pub object: Value,
    pub identity: Identity,
    /// The document that the object is the whole of; absent for an item of a List and in JSON files.
    pub document: Option<Range>,
    /// Line, 1-based.
    pub line: usize,
}

/// One manifest file or kustomization.
#[derive(Clone)]
pub(super) struct ScannedFile {
    /// Fingerprint of its bytes.
    pub sha256: String,
    pub text: String,
    pub objects: Vec<Placed>,
    /// Why it must not be changed, with the line.
    pub broken: Option<String>,
}

/// Everything that was read. Secrets with their values are in it, so that none of this has a `Debug`.
#[derive(Clone, Default)]
pub(super) struct Scan {
    /// By path below the target.
    pub files: BTreeMap<String, ScannedFile>,
    /// Every entry of every folder that was looked at, lower case: no new file takes such a name.
    pub taken: std::collections::BTreeSet<String>,
    pub findings: Vec<Finding>,
}

impl Scan {
    /// Every place where an object of this identity stands.
    pub(super) fn find<'a>(
        &'a self,
        identity: &'a Identity,
    ) -> impl Iterator<Item = (&'a String, &'a ScannedFile, &'a Placed)> {
        self.files.iter().flat_map(move |(path, file)| {
            file.objects
                .iter()
                .filter(move |placed| placed.identity == *identity)
                .map(move |placed| (path, file, placed))
        })
    }

    /// Path of the kustomization that stands in a folder (empty for the target itself).
    pub(super) fn kustomization_in(&self, folder: &str) -> Option<&str> {
        kustomization::NAMES.iter().find_map(|name| {
            let path = if folder.is_empty() { (*name).to_owned() } else { format!("{folder}/{name}") };
            self.files.get_key_value(&path).map(|(path, _)| path.as_str())
        })
    }

    /// Reads a folder; one that does not exist is empty.
    ///
    /// # Errors
    /// Where a folder or file cannot be read, or a bound is reached.
    pub(super) fn read(dir: &Path) -> Result<Self, ApplyError> {
        let mut walk = Walk { dir, scan: Self::default(), entries: 0, bytes: 0 };
        match fs::metadata(dir) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(walk.scan),
            Err(error) => return Err(read_error(dir, &error)),
            Ok(metadata) if !metadata.is_dir() => {
                return Err(ApplyError::Read {
                    path: dir.display().to_string(),
                    reason: "it is not a folder".into(),
                });
            }
            Ok(_) => {}
        }
        walk.folder("", 0)?;
        Ok(walk.scan)
    }
}

fn read_error(path: &Path, error: &std::io::Error) -> ApplyError {
    ApplyError::Read { path: path.display().to_string(), reason: error.to_string() }
}

struct Walk<'a> {
    dir: &'a Path,
    scan: Scan,
    entries: usize,
    bytes: u64,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &str, depth: usize) -> Result<(), ApplyError> {
        let path = if folder.is_empty() { self.dir.to_owned() } else { self.dir.join(folder) };
        if depth > DEEPEST {
            return Err(self.too_large(format!("'{folder}' is more than {DEEPEST} folders deep")));
        }
        let mut names = Vec::new();
        for entry in fs::read_dir(&path).map_err(|error| read_error(&path, &error))? {
            let entry = entry.map_err(|error| read_error(&path, &error))?;
            self.entries += 1;
            if self.entries > MOST_ENTRIES {
                return Err(self.too_large(format!("it has more than {MOST_ENTRIES} entries")));
            }
            let kind = entry.file_type().map_err(|error| read_error(&entry.path(), &error))?;
            match entry.file_name().into_string() {
                Ok(name) => names.push((name, kind)),
                Err(name) => {
                    let shown = name.to_string_lossy().into_owned();
                    self.note(&shown, None, "the file's name is not UTF-8: it is left alone".into());
                }
            }
        }
        names.sort_by(|a, b| a.0.cmp(&b.0));
        // A Helm chart's templates are no manifests.
        let is_chart = names.iter().any(|(name, _)| name == "Chart.yaml");
        for (name, kind) in names {
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            self.scan.taken.insert(path.to_lowercase());
            if name.starts_with('.') || is_chart {
                continue;
            }
            let is_manifest = is_manifest(&name);
            if kind.is_symlink() {
                if is_manifest {
                    self.note(
                        &path,
                        None,
                        "it is a symbolic link: it was not read, and is never written".into(),
                    );
                }
            } else if kind.is_dir() {
                self.folder(&path, depth + 1)?;
            } else if is_manifest && kind.is_file() {
                self.file(path)?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: String) -> Result<(), ApplyError> {
        let full = self.dir.join(&path);
        let Some(bytes) = bytes(&full)? else { return Ok(()) };
        if self.scan.files.len() >= MOST_FILES {
            return Err(self.too_large(format!("it has more than {MOST_FILES} manifests")));
        }
        self.bytes += bytes.len() as u64;
        if self.bytes > LARGEST_TOTAL {
            return Err(self.too_large(format!("its manifests have more than {} MiB", LARGEST_TOTAL >> 20)));
        }
        let fingerprint = sha256(&bytes);
        let mut file =
            ScannedFile { sha256: fingerprint, text: String::new(), objects: Vec::new(), broken: None };
        match String::from_utf8(bytes) {
            Ok(text) if text.len() as u64 <= LARGEST => file.text = text,
            Ok(_) => file.broken = Some(format!("it has more than {} MiB", LARGEST >> 20)),
            Err(error) => file.broken = Some(error.utf8_error().to_string()),
        }
        match &file.broken {
            Some(why) => self.note(&path, None, format!("the file was not read, and is not changed: {why}")),
            None if !kustomization::is_one(&path) => self.documents(&path, &mut file),
            None => {}
        }
        self.scan.files.insert(path, file);
        Ok(())
    }

    fn documents(&mut self, path: &str, file: &mut ScannedFile) {
        let is_json = path.ends_with(".json");
        let text = std::mem::take(&mut file.text);
        for range in documents::ranges(&text) {
            let content = &text[range.start..range.end];
            if documents::is_blank(content) {
                continue;
            }
            match parse_documents(content.as_bytes(), None, &Budget::default()) {
                Ok(documents) => {
                    let whole = documents.len() == 1 && !is_json;
                    for document in documents {
                        let line = document.locations.get("").map_or(1, |at| at.line) + range.line - 1;
                        place(document.value, whole.then(|| range.clone()), line, &mut file.objects);
                    }
                }
                Err(error) => {
                    let line = error.line + range.line - 1;
                    // The parser quotes what it stumbled over.
                    let message = if text.contains("Secret") {
                        "the reason is not shown, since there may be a Secret in it"
                    } else {
                        error.message.as_str()
                    };
                    self.note(
                        path,
                        Some(line),
                        format!("the file does not parse, and is not changed: {message}"),
                    );
                    file.broken = Some(format!("line {line} does not parse: {message}"));
                }
            }
        }
        file.text = text;
    }

    fn note(&mut self, path: &str, line: Option<usize>, message: String) {
        let key = ObjectKey {
            api_version: String::new(),
            kind: "File".into(),
            namespace: None,
            name: path.to_owned(),
        };
        let finding = Finding::new("target-file-unread", Severity::Warning, key, "", message)
            .with_hint("objects in it are not known here: one of them might be created a second time");
        self.scan.findings.push(Finding { file: Some(path.to_owned()), line, ..finding });
    }

    fn too_large(&self, reason: String) -> ApplyError {
        ApplyError::TooLarge { dir: self.dir.display().to_string(), reason }
    }
}

pub(super) fn is_manifest(name: &str) -> bool {
    let extension =
        Path::new(name).extension().and_then(|extension| extension.to_str()).map(str::to_lowercase);
    matches!(extension.as_deref(), Some("yaml" | "yml" | "json")) || kustomization::is_one(name)
}

/// An object, the items of a list, or nothing where it is some other YAML.
fn place(value: Value, document: Option<Range>, line: usize, objects: &mut Vec<Placed>) {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    let (Some(_), Some(kind)) = (text("apiVersion"), text("kind")) else { return };
    if kind.ends_with("List") && value.get("items").is_some_and(Value::is_array) {
        if let Value::Object(mut list) = value
            && let Some(Value::Array(items)) = list.shift_remove("items")
        {
            for item in items {
                place(item, None, line, objects);
            }
        }
        return;
    }
    let identity = Identity::of(&ObjectKey::of(&value));
    objects.push(Placed { object: value, identity, document, line });
}

/// The bytes of a file; `None` where there is no such file. Never more than the bound and a byte.
pub(in crate::apply) fn bytes(path: &Path) -> Result<Option<Vec<u8>>, ApplyError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(read_error(path, &error)),
    };
    let mut bytes = Vec::new();
    file.take(LARGEST_TOTAL + 1).read_to_end(&mut bytes).map_err(|error| read_error(path, &error))?;
    Ok(Some(bytes))
}
