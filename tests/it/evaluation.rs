//! Scores what models answered to the requests in `tests/requests/`; run by `make eval-models`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::score::{Table, load_rows, score};
use crate::support::repository;

/// The answers of one model, by the id of the request.
fn answers(file: &Path) -> BTreeMap<String, Value> {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let row = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    text.lines()
        .map(row)
        .map(|row: Value| (row["id"].as_str().expect("an answer has the id of its request").to_owned(), row))
        .collect()
}

#[test]
#[ignore = "needs the answers of models: make eval-models"]
fn answers_of_models() {
    let folder = std::env::var_os("KUBECTL_COPILOT_ANSWERS").expect("KUBECTL_COPILOT_ANSWERS names a folder");
    let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of answers")
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let rows = load_rows(repository::root().join("tests/requests"));
    for file in files {
        let answers = answers(&file);
        let mut table = Table::default();
        for row in &rows {
            let answer = answers.get(&row.id).unwrap_or(&Value::Null);
            let score = score(row, answer);
            if !score.right {
                println!("{}: {}\n    {}", row.id, row.request, score.reasons.join("\n    "));
            }
            table.add(row, &score);
        }
        println!("\n=== {}\n\n{table}", file.file_stem().unwrap_or_default().to_string_lossy());
    }
}
