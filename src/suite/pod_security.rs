//! Pods under `LEVEL/vMINOR/pass` and `LEVEL/vMINOR/fail`, as `k8s.io/pod-security-admission` has them in `test/testdata`: each
//! passes, or is refused, by the Pod Security Standards of that level and version.

use std::path::Path;

use super::run::{SuiteError, read};
use super::{Decision, Outcome, Row};
use crate::manifest::ObjectKey;
use crate::policy::pod_security::{Level, Version, objections};
use crate::schema::{SchemaSet, defaulted};

/// What a file's path says.
struct Place {
    level: Level,
    version: Version,
    expected: Decision,
}

fn place(file: &Path) -> Option<Place> {
    let mut above = file.parent()?.components().rev().filter_map(|part| part.as_os_str().to_str());
    let expected = match above.next()? {
        "pass" => Decision::Allowed,
        "fail" => Decision::Denied,
        _ => return None,
    };
    let version = Version::parse(above.next()?)?;
    let level = Level::parse(above.next()?)?;
    Some(Place { level, version, expected })
}

/// Whether a file is a case of this format.
pub(super) fn is_case(file: &Path) -> bool {
    place(file).is_some()
}

/// Judges the Pod of one file.
///
/// # Errors
/// A file that cannot be read, or that holds something else.
pub(super) fn run(file: &Path, schemas: &SchemaSet) -> Result<Row, SuiteError> {
    let manifests = read(file)?;
    let (Some(Place { level, version, expected }), [manifest]) = (place(file), manifests.as_slice()) else {
        return Err(SuiteError::new(
            file,
            "it does not hold one object",
            "a case of Pod Security is one Pod",
        ));
    };
    let key = ObjectKey::of(&manifest.object);
    if (key.api_version.as_str(), key.kind.as_str()) != ("v1", "Pod") {
        let why = format!("it holds a {} of {}", key.kind, key.api_version);
        return Err(SuiteError::new(file, why, "a case of Pod Security is one Pod"));
    }
    let said = objections(&defaulted(&manifest.object, schemas), level, version);
    let got = if said.is_empty() { Decision::Allowed } else { Decision::Denied };
    let messages: Vec<String> = said.into_iter().map(|objection| objection.message).collect();
    let folder = file.parent().and_then(Path::parent).unwrap_or(file);
    Ok(Row {
        suite: folder.display().to_string(),
        case: format!(
            "{}/{}",
            if expected == Decision::Allowed { "pass" } else { "fail" },
            file.file_stem().unwrap_or_default().to_string_lossy()
        ),
        policy: format!("Pod Security {}", level.as_str()),
        resource: format!("Pod/{}", key.name),
        expected,
        got: Some(got),
        outcome: if got == expected { Outcome::Pass } else { Outcome::Fail },
        message: messages.join("; "),
    })
}
