//! Tests in Rego (`test_…` in `…_test.rego`), as `conftest verify` and `opa test` run them: each is `true`, or it fails.

use std::path::Path;

use super::run::SuiteError;
use super::{Decision, Outcome, Row};
use crate::policy::{Module, PolicyError, run_tests};
use crate::source::{self, Limits};

/// Runs the tests of all modules below a path; nothing where there are none. A file of tests is about what lies beside it.
///
/// # Errors
/// A module that cannot be read.
pub(super) fn run(path: &Path) -> Result<Vec<Row>, SuiteError> {
    let is_file = path.is_file() && path.extension().is_some_and(|extension| extension == "rego");
    let home = path.parent().filter(|_| is_file).unwrap_or(path);
    let home = if home.as_os_str().is_empty() { Path::new(".") } else { home };
    let files = source::read_others(home, "rego", &Limits::default())?;
    let modules: Vec<Module> =
        files.into_iter().map(|(file, text)| Module { file: file.display().to_string(), text }).collect();
    if !modules.iter().any(Module::is_test) {
        return Ok(Vec::new());
    }
    let found = run_tests(&modules).map_err(|errors| {
        let shown: Vec<String> = errors.iter().map(PolicyError::to_string).collect();
        SuiteError::new(
            path,
            shown.join("; "),
            errors.first().map(|error| error.hint.clone()).unwrap_or_default(),
        )
    })?;
    let named = |file: &str| !is_file || Path::new(file).file_name() == path.file_name();
    let rows = found.into_iter().filter(|test| named(&test.file)).map(|test| {
        let (got, outcome, message) = match test.holds {
            Ok(true) => (Some(Decision::Allowed), Outcome::Pass, String::new()),
            Ok(false) => (Some(Decision::Denied), Outcome::Fail, "it does not hold".to_owned()),
            Err(why) => (None, Outcome::Error, why),
        };
        let package = test.name.rsplit_once('.').map(|(package, _)| package.to_owned()).unwrap_or_default();
        Row {
            suite: test.file,
            case: test.name,
            policy: package,
            resource: String::new(),
            expected: Decision::Allowed,
            got,
            outcome,
            message,
        }
    });
    Ok(rows.collect())
}
