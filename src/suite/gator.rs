//! Gatekeeper's suites (`kind: Suite` of `test.gatekeeper.sh`), as `gator verify` reads them: a template, a constraint, and
//! cases of an object (or an AdmissionReview) with what has to be found.

use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::judge::{Asked, findings_of};
use super::run::{SuiteError, read};
use super::{Decision, Outcome, Row};
use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;
use crate::policy::{Operation, PolicyError, PolicySet, Prefer, Sources};
use crate::schema::SchemaSet;
use crate::source;

/// The file. Other keys are left alone: they are the suite's own name and the like.
#[derive(Debug, Deserialize)]
struct Suite {
    #[serde(default)]
    tests: Vec<Test>,
    #[serde(default)]
    skip: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Test {
    name: String,
    #[serde(default)]
    template: String,
    #[serde(default)]
    constraint: String,
    expansion: Option<String>,
    #[serde(default)]
    invalid: bool,
    #[serde(default)]
    skip: bool,
    #[serde(default)]
    cases: Vec<One>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct One {
    name: String,
    object: String,
    #[serde(default)]
    inventory: Vec<String>,
    #[serde(default)]
    assertions: Vec<Assertion>,
    #[serde(default)]
    skip: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Assertion {
    violations: Option<Value>,
    message: Option<String>,
}

/// Whether a file is such a suite.
pub(super) fn is_suite(file: &Path) -> bool {
    let named =
        file.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with("suite."));
    named && source::read_text(file).is_ok_and(|text| text.contains("test.gatekeeper.sh/"))
}

/// Runs the suite of one file.
///
/// # Errors
/// The suite itself cannot be read. What a test names and cannot be read is an `error` row.
pub(super) fn run(file: &Path, schemas: &SchemaSet, prefer: Prefer) -> Result<Vec<Row>, SuiteError> {
    let wrong = |why: String| SuiteError::new(file, why, "correct the file");
    let manifests = read(file)?;
    let Some(manifest) = manifests.into_iter().find(|manifest| manifest.key().kind == "Suite") else {
        return Err(wrong("there is no Suite in it".to_owned()));
    };
    let suite: Suite = serde_json::from_value(manifest.object).map_err(|error| wrong(error.to_string()))?;
    let home = file.parent().unwrap_or(Path::new(""));
    let name = file.display().to_string();
    let mut rows = Vec::new();
    for test in &suite.tests {
        let row = |case: &str, expected: Decision, outcome: Outcome, message: String| Row {
            suite: name.clone(),
            case: format!("{}/{case}", test.name),
            policy: test.template.clone(),
            resource: String::new(),
            expected,
            got: None,
            outcome,
            message,
        };
        if suite.skip || test.skip {
            rows.push(row("", Decision::Allowed, Outcome::Skip, "the suite skips it".to_owned()));
            continue;
        }
        let policies = policies(home, test, prefer);
        if test.invalid {
            let (outcome, message) = match policies {
                Err(why) => (Outcome::Pass, why),
                Ok(_) => {
                    (Outcome::Fail, "the constraint is expected to be invalid, and it is not".to_owned())
                }
            };
            rows.push(row("invalid", Decision::Denied, outcome, message));
            continue;
        }
        for case in &test.cases {
            if case.skip {
                rows.push(row(&case.name, case.expected(), Outcome::Skip, "the suite skips it".to_owned()));
                continue;
            }
            let judged = policies.clone().and_then(|set| judge(home, case, &set, schemas));
            rows.push(match judged {
                Ok(judged) => Row {
                    case: format!("{}/{}", test.name, case.name),
                    suite: name.clone(),
                    policy: test.template.clone(),
                    ..judged
                },
                Err(why) => row(&case.name, case.expected(), Outcome::Error, why),
            });
        }
    }
    Ok(rows)
}

fn policies(home: &Path, test: &Test, prefer: Prefer) -> Result<PolicySet, String> {
    if test.expansion.is_some() {
        return Err("it expands objects by a template, which is not done here".to_owned());
    }
    let mut manifests = Vec::new();
    for path in [&test.template, &test.constraint] {
        manifests.extend(read(&home.join(path)).map_err(|error| error.message)?);
    }
    PolicySet::open(Sources { manifests: &manifests, prefer, ..Sources::default() })
        .map_err(|errors| errors.iter().map(PolicyError::to_string).collect::<Vec<_>>().join("; "))
}

fn judge(home: &Path, case: &One, set: &PolicySet, schemas: &SchemaSet) -> Result<Row, String> {
    let load = |path: &String| -> Result<Vec<Value>, String> {
        let path: PathBuf = home.join(path);
        let found = read(&path).map_err(|error| error.message)?;
        Ok(found.into_iter().map(|manifest| manifest.object).collect())
    };
    let object = load(&case.object)?
        .into_iter()
        .next()
        .ok_or_else(|| format!("there is no object in '{}'", case.object))?;
    let mut around = Vec::new();
    for path in &case.inventory {
        around.extend(load(path)?);
    }
    let asked = asked(object)?;
    let key = ObjectKey::of(&asked.object);
    let found = findings_of(set, &asked, &around, schemas);
    let expected = case.expected();
    let said: Vec<&str> = found.iter().map(|finding| finding.message.as_str()).collect();
    let message = said.join("; ");
    let row = |got, outcome, message| Row {
        suite: String::new(),
        case: String::new(),
        policy: String::new(),
        resource: format!("{}/{}", key.kind, key.name),
        expected,
        got,
        outcome,
        message,
    };
    if let Some(incomplete) = found.iter().find(|finding| finding.incomplete) {
        return Ok(row(None, Outcome::Error, incomplete.message.clone()));
    }
    let got = match found.iter().map(|finding| finding.severity).max() {
        None => Decision::Allowed,
        Some(Severity::Error) => Decision::Denied,
        Some(_) => Decision::Warned,
    };
    for assertion in &case.assertions {
        if let Err(why) = assertion.holds(&found)? {
            return Ok(row(Some(got), Outcome::Fail, format!("{why}: {message}")));
        }
    }
    Ok(row(Some(got), Outcome::Pass, message))
}

/// What is asked of an object, or of an AdmissionReview.
fn asked(object: Value) -> Result<Asked, String> {
    if object.get("kind").and_then(Value::as_str) != Some("AdmissionReview") {
        return Ok(Asked::created(object));
    }
    let part =
        |name: &str| object.pointer(&format!("/request/{name}")).filter(|value| !value.is_null()).cloned();
    let operation = match part("operation").as_ref().and_then(Value::as_str) {
        Some("CREATE") => Operation::Create,
        Some("UPDATE") => Operation::Update,
        Some("DELETE") => Operation::Delete,
        other => return Err(format!("the AdmissionReview is of the operation {other:?}")),
    };
    let old = part("oldObject");
    let object = part("object").or_else(|| old.clone()).ok_or("the AdmissionReview has no object")?;
    Ok(Asked { object, old, operation })
}

impl One {
    /// What its assertions come to.
    fn expected(&self) -> Decision {
        let some = self.assertions.is_empty() || self.assertions.iter().any(|one| !one.wants_none());
        if some { Decision::Denied } else { Decision::Allowed }
    }
}

impl Assertion {
    fn wants_none(&self) -> bool {
        match &self.violations {
            Some(Value::String(text)) => text == "no",
            Some(Value::Bool(some)) => !some,
            Some(Value::Number(number)) => number.as_u64() == Some(0),
            _ => false,
        }
    }

    /// Whether as many are found as are wanted; the inner error says how many were.
    fn holds(&self, found: &[Finding]) -> Result<Result<(), String>, String> {
        let is_known = match &self.violations {
            None | Some(Value::Bool(_) | Value::Number(_)) => true,
            Some(other) => matches!(other.as_str(), Some("yes" | "no")),
        };
        if !is_known {
            let said = self.violations.clone().unwrap_or_default();
            return Err(format!("violations are {said}; that is yes, no or a number"));
        }
        let pattern = self.message.as_ref().map(|message| Regex::new(message)).transpose();
        let pattern = pattern.map_err(|error| format!("a message of the suite is no pattern: {error}"))?;
        let is_meant = |finding: &&Finding| pattern.as_ref().is_none_or(|one| one.is_match(&finding.message));
        let count = found.iter().filter(is_meant).count();
        let about =
            self.message.as_ref().map(|message| format!(" that match '{message}'")).unwrap_or_default();
        let told = |wanted: &str| Err(format!("{wanted} violations{about} are expected, {count} found"));
        Ok(match &self.violations {
            Some(Value::Number(number)) => {
                if number.as_u64() == u64::try_from(count).ok() {
                    Ok(())
                } else {
                    told(&number.to_string())
                }
            }
            _ if self.wants_none() => {
                if count == 0 {
                    Ok(())
                } else {
                    told("no")
                }
            }
            _ => {
                if count > 0 {
                    Ok(())
                } else {
                    told("some")
                }
            }
        })
    }
}

/// The policies and objects of a suite, for comparisons: what cannot be read is left out.
#[cfg(test)]
pub(super) fn material(file: &Path) -> Vec<(PolicySet, Vec<Value>)> {
    let home = file.parent().unwrap_or(Path::new(""));
    let suite = read(file).ok().into_iter().flatten().find(|manifest| manifest.key().kind == "Suite");
    let suite = suite.and_then(|manifest| serde_json::from_value::<Suite>(manifest.object).ok());
    let mut all = Vec::new();
    for test in suite.iter().flat_map(|suite| &suite.tests) {
        let Ok(set) = policies(home, test, Prefer::Expressions) else { continue };
        let objects =
            test.cases.iter().filter_map(|case| read(&home.join(&case.object)).ok()?.into_iter().next());
        all.push((
            set,
            objects.filter_map(|manifest| asked(manifest.object).ok().map(|asked| asked.object)).collect(),
        ));
    }
    all
}
