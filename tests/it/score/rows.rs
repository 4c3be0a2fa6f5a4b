//! The requests: one JSON object a line, one file a family.

#![allow(clippy::unwrap_used, clippy::panic, reason = "rows that cannot be read must fail the test")]

use std::path::Path;

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    En,
    Zh,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    pub id: String,
    pub lang: Lang,
    pub family: String,
    pub request: String,
    /// The turns before this one, oldest first.
    #[serde(default)]
    pub earlier: Vec<String>,
    /// Objects that exist already, as YAML documents.
    pub context: Option<String>,
    pub expect: Expect,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase", deny_unknown_fields)]
pub enum Expect {
    Drafted {
        things: Vec<Thing>,
    },
    Asked {
        #[serde(default)]
        missing: Vec<String>,
    },
    Declined,
    Routed {
        verb: String,
        name: Option<String>,
    },
}

/// One thing to be drafted: a pattern or a native kind, and what the person said of it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thing {
    pub what: String,
    pub values: Map<String, Value>,
    /// Other readings of the same words, each in place of `values`.
    #[serde(default)]
    pub any_of: Vec<Map<String, Value>>,
    /// Values that stand in the request and mean something else ("in two weeks").
    #[serde(default)]
    pub not: Map<String, Value>,
}

impl Thing {
    pub fn readings(&self) -> impl Iterator<Item = &Map<String, Value>> {
        std::iter::once(&self.values).chain(&self.any_of)
    }
}

impl Expect {
    pub fn outcome(&self) -> &'static str {
        match self {
            Expect::Drafted { .. } => "drafted",
            Expect::Asked { .. } => "asked",
            Expect::Declined => "declined",
            Expect::Routed { .. } => "routed",
        }
    }
}

impl Row {
    /// All that the person wrote, this turn and the ones before it.
    pub fn words(&self) -> String {
        let turns: Vec<&str> = self.earlier.iter().chain([&self.request]).map(String::as_str).collect();
        turns.join("\n")
    }
}

/// The rows as `eval` takes them, without what is expected: for the tests that have a model.
#[cfg(feature = "llama")]
pub fn tasks(rows: &[Row]) -> String {
    let task = |row: &Row| {
        let task = serde_json::json!({
            "id": row.id, "request": row.request, "earlier": row.earlier, "context": row.context,
        });
        format!("{task}\n")
    };
    rows.iter().map(task).collect()
}

/// Reads every `*.jsonl` file of a folder, in the order of the file names.
///
/// # Panics
/// When the folder cannot be read or a line is not a row: the requests are part of the tests.
pub fn load_rows(dir: impl AsRef<Path>) -> Vec<Row> {
    let dir = dir.as_ref();
    let entries = std::fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "jsonl"));
    files.sort();
    files.iter().flat_map(|file| load_file(file)).collect()
}

fn load_file(file: &Path) -> Vec<Row> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(number, line): (usize, &str)| {
        serde_json::from_str(line)
            .unwrap_or_else(|error| panic!("{}:{}: {error}", file.display(), number + 1))
    };
    lines.map(parse).collect()
}
