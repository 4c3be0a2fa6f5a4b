//! Suites are found by their files, and each is run by its format.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::judge::judge;
use super::{Row, changes, folder, gator, kyverno, pod_security, rego};
use crate::manifest::{Manifest, ParseError};
use crate::policy::{PolicyError, PolicySet, Prefer};
use crate::schema::SchemaSet;
use crate::source::{self, Limits, SourceError};

/// Why suites could not be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuiteError {
    /// What was attempted, on what, and why it failed.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl SuiteError {
    pub(super) fn new(path: &Path, why: impl fmt::Display, hint: impl Into<String>) -> Self {
        Self { message: format!("cannot run the tests of '{}': {why}", path.display()), hint: hint.into() }
    }
}

impl From<SourceError> for SuiteError {
    fn from(error: SourceError) -> Self {
        Self { message: error.to_string(), hint: "the tests of policies are read from here".to_owned() }
    }
}

impl From<ParseError> for SuiteError {
    fn from(error: ParseError) -> Self {
        Self { message: error.to_string(), hint: "correct the file".to_owned() }
    }
}

/// A folder with its manifests.
#[derive(Debug, Default)]
pub(super) struct Folder {
    pub path: PathBuf,
    pub files: Vec<PathBuf>,
}

/// Runs all suites below these paths, in order. Of a template of Gatekeeper with two engines one is taken. `cancelled` is asked
/// between suites.
///
/// # Errors
/// A path, policy or case that cannot be read; a path below which there is no suite.
pub fn run(
    paths: &[PathBuf],
    schemas: &SchemaSet,
    prefer: Prefer,
    cancelled: &dyn Fn() -> bool,
) -> Result<Vec<Row>, SuiteError> {
    let mut rows = Vec::new();
    for path in paths {
        let files = source::files(path, &Limits { hidden: &[kyverno::FOLDER], ..Limits::default() })?;
        let mut found = false;
        for changes in files.iter().filter(|file| changes::is_suite(file)) {
            if cancelled() {
                return Ok(rows);
            }
            found = true;
            rows.extend(changes::cases(changes)?.into_iter().map(|case| judge(case, schemas)));
        }
        for suite in files.iter().filter(|file| gator::is_suite(file)) {
            if cancelled() {
                return Ok(rows);
            }
            found = true;
            rows.extend(gator::run(suite, schemas, prefer)?);
        }
        if cancelled() {
            return Ok(rows);
        }
        let tests = rego::run(path)?;
        found |= !tests.is_empty();
        rows.extend(tests);
        for test in files.iter().filter(|file| kyverno::is_test(file)) {
            if cancelled() {
                return Ok(rows);
            }
            found = true;
            rows.extend(kyverno::run(test, schemas)?);
        }
        for case in files.iter().filter(|file| pod_security::is_case(file)) {
            if cancelled() {
                return Ok(rows);
            }
            found = true;
            rows.push(pod_security::run(case, schemas)?);
        }
        for folder in folders_of(&files) {
            if cancelled() {
                return Ok(rows);
            }
            found = true;
            rows.extend(folder::cases(&folder)?.into_iter().map(|case| judge(case, schemas)));
        }
        if !found {
            let hint = "a suite is a folder of policies with allowed-*.yaml and denied-*.yaml in it or in its folder 'cases', a tests.json beside a \
                        policy.yaml, a suite.yaml of Gatekeeper, a kyverno-test.yaml, tests in Rego (x_test.rego), or Pods under LEVEL/vMINOR/pass and LEVEL/vMINOR/fail";
            return Err(SuiteError::new(path, "there is no test in it", hint));
        }
    }
    Ok(rows)
}

/// Folders that have cases, each with the manifests directly in it and in its `cases`.
pub(super) fn folders_of(files: &[PathBuf]) -> Vec<Folder> {
    let mut folders: BTreeMap<PathBuf, Folder> = BTreeMap::new();
    for file in files.iter().filter(|file| folder::is_case(file)) {
        let home = folder::home(file);
        folders
            .entry(home.clone())
            .or_insert(Folder { path: home, files: Vec::new() })
            .files
            .push(file.clone());
    }
    for folder in folders.values_mut() {
        let direct = |file: &&PathBuf| file.parent() == Some(folder.path.as_path()) && !folder::is_case(file);
        let others: Vec<PathBuf> = files.iter().filter(direct).cloned().collect();
        folder.files.extend(others);
    }
    folders.into_values().collect()
}

/// The manifests of one file.
pub(super) fn read(file: &Path) -> Result<Vec<Manifest>, SuiteError> {
    Ok(source::read_manifests(file)?)
}

/// The policies among manifests.
pub(super) fn policies(manifests: &[Manifest]) -> Result<PolicySet, SuiteError> {
    PolicySet::from_manifests(manifests).map_err(|errors| {
        let shown: Vec<String> = errors.iter().map(PolicyError::to_string).collect();
        let hint = errors.first().map(|error| error.hint.clone()).unwrap_or_default();
        SuiteError { message: shown.join("\n"), hint }
    })
}
