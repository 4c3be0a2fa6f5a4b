//! The rows of `tests/requests/free/`.

use std::path::Path;

use kubectl_copilot::manifest::{Budget, Manifest, parse};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::score::Lang;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub id: String,
    pub lang: Lang,
    pub family: String,
    pub request: String,
    pub expect: Expect,
    /// One right answer, as YAML.
    pub reference: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pub objects: Vec<Wanted>,
}

/// One object that was asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Wanted {
    /// The allowed ones; without them any version of the API group that the reference has.
    pub api_version: Option<Vec<String>>,
    pub kind: String,
    /// Path and value of all that was said.
    pub has: Map<String, Value>,
    /// Paths that lead nowhere, or `PATH = VALUE` that does not hold.
    #[serde(default)]
    pub not: Vec<String>,
    /// Choices between ways of saying the same: of each, one holds.
    #[serde(default)]
    pub any_of: Vec<Vec<Way>>,
}

/// One of several ways that the API has for the same thing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Way {
    #[serde(default)]
    pub has: Map<String, Value>,
    #[serde(default)]
    pub not: Vec<String>,
}

impl Row {
    /// The objects of the reference.
    ///
    /// # Panics
    /// Where it cannot be read: the rows are part of the tests.
    pub fn reference(&self) -> Vec<Manifest> {
        parse(self.reference.as_bytes(), None, &Budget::default())
            .unwrap_or_else(|error| panic!("{}: the reference: {error}", self.id))
    }

    /// The API group of an object that was asked for, as the reference has it.
    pub fn group(&self, wanted: &Wanted) -> String {
        let reference = self.reference();
        let group = reference.iter().map(|object| object.key().gvk()).find(|gvk| gvk.kind == wanted.kind);
        group.unwrap_or_else(|| panic!("{}: the reference has no {}", self.id, wanted.kind)).group
    }
}

/// Reads every `*.jsonl` of a folder, in the order of the file names.
///
/// # Panics
/// When the folder cannot be read or a line is no row: the rows are part of the tests.
pub fn load(folder: &Path) -> Vec<Row> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.expect("an entry of a folder").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    let mut rows = Vec::new();
    for file in files {
        let text =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for (number, line) in text.lines().enumerate() {
            let row = serde_json::from_str(line);
            rows.push(row.unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), number + 1)));
        }
    }
    rows
}
