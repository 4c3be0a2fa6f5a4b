//! Kyverno's tests (`kyverno-test.yaml`, `kind: Test` of `cli.kyverno.io`), as `kyverno test` reads them: policies, resources, and
//! what comes of each resource under a policy or one rule of it.
//!
//! Objects are judged as they are written, without the server's defaults, as `kyverno test` does.
//!
//! Source: kyverno `cmd/cli/kubectl-kyverno` (`apis/v1alpha1`, `commands/test`).

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Value, json};

use super::judge::{Asked, evaluation_of, resource_of};
use super::run::{SuiteError, read};
use super::{Decision, Outcome, Row};
use crate::manifest::{Budget, Manifest, ObjectKey, parse_value};
use crate::policy::{Evaluation, Operation, PolicyError, PolicySet, User};
use crate::schema::SchemaSet;
use crate::source::{self, Limits};

/// The hidden folder in which tests lie beside a policy.
pub(super) const FOLDER: &str = ".kyverno-test";

/// The file. What stands in it besides says what is generated or mutated, or answers of registries and clusters.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Test {
    #[serde(default)]
    policies: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    variables: Option<String>,
    #[serde(default)]
    values: Option<Values>,
    #[serde(default)]
    userinfo: Option<String>,
    #[serde(default)]
    exceptions: Vec<String>,
    #[serde(default)]
    param_resources: Vec<String>,
    #[serde(default)]
    results: Vec<Expected>,
}

/// What is expected of some resources.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Expected {
    policy: String,
    #[serde(default)]
    rule: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    resource: Option<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    result: Option<String>,
    /// The old name of `result`.
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    operation: Option<String>,
    #[serde(default)]
    patched_resources: Option<Value>,
    #[serde(default)]
    patched_resource: Option<Value>,
    #[serde(default)]
    generated_resource: Option<Value>,
}

/// Values for single resources, and the namespaces that there are.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    #[serde(default)]
    global_values: BTreeMap<String, Value>,
    #[serde(default)]
    policies: Vec<PolicyValues>,
    #[serde(default)]
    namespace_selector: Vec<Labelled>,
    #[serde(default)]
    namespaces: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PolicyValues {
    name: String,
    #[serde(default)]
    resources: Vec<ResourceValues>,
    #[serde(default)]
    rules: Vec<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceValues {
    name: String,
    #[serde(default)]
    values: BTreeMap<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Labelled {
    name: String,
    #[serde(default)]
    labels: Value,
}

/// The one value that says how something is asked for, and not what a context holds.
const OPERATION: &str = "request.operation";

/// Whether a file is such a test.
pub(super) fn is_test(file: &Path) -> bool {
    file.file_stem().is_some_and(|name| name == "kyverno-test")
}

/// What a test needs besides its results.
struct Room<'a> {
    policies: Vec<Manifest>,
    resources: Vec<Value>,
    values: Values,
    user: User,
    schemas: &'a SchemaSet,
}

/// Runs the tests of one file.
///
/// # Errors
/// The file itself cannot be read. What it names and cannot be read is an `error` row.
pub(super) fn run(file: &Path, schemas: &SchemaSet) -> Result<Vec<Row>, SuiteError> {
    let wrong = |why: String| SuiteError::new(file, why, "correct the file");
    let test: Test =
        serde_json::from_value(document(file).map_err(&wrong)?).map_err(|error| wrong(error.to_string()))?;
    let suite = file.display().to_string();
    let home = file.parent().unwrap_or(Path::new(""));
    let room = Room::of(&test, home, schemas);
    let mut sets: BTreeMap<String, Result<PolicySet, String>> = BTreeMap::new();
    let mut rows = Vec::new();
    let nothing = |case: &str, policy: &str, why: String| Row {
        suite: suite.clone(),
        case: case.to_owned(),
        policy: policy.to_owned(),
        resource: String::new(),
        expected: Decision::Allowed,
        got: None,
        outcome: Outcome::Error,
        message: why,
    };
    if test.results.is_empty() {
        rows.push(nothing("results", "", "it expects nothing: there are no `results`".to_owned()));
    }
    for expected in &test.results {
        let (names, title) = (expected.names(), expected.title(""));
        let names_none = || "it names no `resources`".to_owned();
        if let Some(why) = expected.broken().or_else(|| names.is_empty().then(names_none)) {
            rows.push(nothing(title.trim(), &expected.policy, why));
            continue;
        }
        for name in names {
            let judged = room.as_ref().map_err(Clone::clone).and_then(|room| {
                let policy = last(&expected.policy);
                let set = sets.entry(policy.to_owned()).or_insert_with(|| room.policy(policy));
                set.as_ref().map_err(Clone::clone).and_then(|set| expected.judge(name, room, set))
            });
            let (got, outcome, message) = match judged {
                Ok(Judged { got: None, message }) => (None, Outcome::Error, message),
                Ok(Judged { got: Some(got), message }) => {
                    let outcome = match got {
                        _ if got == expected.decision() => Outcome::Pass,
                        // Kyverno calls it excluded, and passes it whatever is expected.
                        Decision::Skipped => Outcome::Skip,
                        _ => Outcome::Fail,
                    };
                    (Some(got), outcome, message)
                }
                Err(why) => (None, Outcome::Error, why),
            };
            rows.push(Row {
                suite: suite.clone(),
                case: expected.title(name),
                policy: expected.policy.clone(),
                resource: format!("{}/{}", expected.kind, last(name)),
                expected: expected.decision(),
                got,
                outcome,
                message,
            });
        }
    }
    Ok(rows)
}

fn decision(said: &str) -> Option<Decision> {
    Some(match said {
        "pass" => Decision::Allowed,
        "fail" => Decision::Denied,
        "warn" => Decision::Warned,
        "skip" => Decision::Skipped,
        "error" => Decision::Failed,
        _ => return None,
    })
}

/// What came of one resource; without a decision it could not be evaluated.
struct Judged {
    got: Option<Decision>,
    message: String,
}

/// Without the namespace in front.
fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

impl Expected {
    fn names(&self) -> Vec<&str> {
        self.resources.iter().chain(&self.resource).map(String::as_str).collect()
    }

    fn title(&self, name: &str) -> String {
        let rule = if self.rule.is_empty() { String::new() } else { format!("/{}", self.rule) };
        format!("{}{rule}: {} {name}", last(&self.policy), self.kind)
    }

    /// What is expected; without a word that is known, a denial, which [`Expected::broken`] then says.
    fn decision(&self) -> Decision {
        self.said().and_then(decision).unwrap_or(Decision::Denied)
    }

    fn said(&self) -> Option<&str> {
        self.result.as_deref().or(self.status.as_deref()).map(str::trim)
    }

    /// Why nothing can be expected of it.
    fn broken(&self) -> Option<String> {
        match self.said() {
            None => Some("it has no result: pass, fail, skip, warn or error".to_owned()),
            Some(said) if decision(said).is_none() => {
                Some(format!("its result is '{said}', and none: pass, fail, skip, warn or error"))
            }
            Some(_) => None,
        }
    }

    /// What the policy says of the resource of this name.
    fn judge(&self, name: &str, room: &Room<'_>, set: &PolicySet) -> Result<Judged, String> {
        let mutates = [&self.patched_resource, &self.patched_resources, &self.generated_resource];
        if mutates.iter().any(|one| one.is_some()) {
            return Err("it is about what is mutated or generated, which is not done here".to_owned());
        }
        let is_meant = |object: &&Value| {
            let key = ObjectKey::of(object);
            let in_namespace = |wanted: &str| key.namespace.as_deref().unwrap_or("default") == wanted;
            let named = match name.split_once('/') {
                Some((namespace, name)) => key.name == name && in_namespace(namespace),
                None => key.name == name,
            };
            named && (self.kind.is_empty() || last(&self.kind) == key.kind)
        };
        let found: Vec<&Value> = room.resources.iter().filter(is_meant).collect();
        if found.is_empty() {
            return Err(format!("there is no {} '{name}' among the resources of the test", self.kind));
        }
        let mut whole: Option<Judged> = None;
        for object in found {
            let asked = room.asked(object, self, name)?;
            let (around, user) = (room.around(object), &room.user);
            let evaluation = evaluation_of(set, &asked, &around, user, room.schemas);
            let judged = self.read(&evaluation, set)?;
            // Two of one name: what is not as expected is told.
            if whole.as_ref().is_none_or(|known| known.got == Some(self.decision())) {
                whole = Some(judged);
            }
        }
        whole.ok_or_else(|| "nothing was evaluated".to_owned())
    }

    /// What an evaluation says of the rules that are meant.
    fn read(&self, evaluation: &Evaluation, set: &PolicySet) -> Result<Judged, String> {
        let policy = last(&self.policy);
        let is_meant = |title: &str| match title.strip_prefix(policy).and_then(|rest| rest.strip_prefix('/'))
        {
            None => title == policy,
            // A policy of expressions has rules for the makers of Pods only, which its tests do not name.
            Some(_) if self.rule.is_empty() || set.list().iter().any(|info| info.name == policy) => true,
            Some(rule) => {
                let own = rule.strip_prefix("autogen-cronjob-").or_else(|| rule.strip_prefix("autogen-"));
                rule == self.rule || own == Some(self.rule.as_str())
            }
        };
        let titles: Vec<String> =
            set.list().into_iter().map(|info| info.name).filter(|name| is_meant(name)).collect();
        if titles.is_empty() {
            return Err(format!("policy '{policy}' has no rule '{}'", self.rule));
        }
        let mut messages = Vec::new();
        let mut got = Decision::Skipped;
        for title in &titles {
            let rule = format!("policy/{title}");
            let said: Vec<_> = evaluation.findings.iter().filter(|finding| finding.rule == rule).collect();
            messages.extend(said.iter().map(|finding| finding.message.clone()));
            if let Some(incomplete) = said.iter().find(|finding| finding.incomplete) {
                return Ok(Judged { got: None, message: incomplete.message.clone() });
            }
            // A rule of a ClusterPolicy denies where an expression fails, as a ValidatingAdmissionPolicy does.
            let own = if evaluation.failed.contains(title) && title == policy {
                Decision::Failed
            } else if !said.is_empty() {
                Decision::Denied
            } else if evaluation.passed.contains(title) {
                Decision::Allowed
            } else {
                Decision::Skipped
            };
            got = match (got, own) {
                (Decision::Skipped, own) => own,
                (got, Decision::Skipped) => got,
                (got, own) if own == self.decision() => got,
                (_, own) => own,
            };
        }
        Ok(Judged { got: Some(got), message: messages.join("; ") })
    }
}

impl<'a> Room<'a> {
    fn of(test: &Test, home: &Path, schemas: &'a SchemaSet) -> Result<Self, String> {
        if !test.exceptions.is_empty() {
            return Err("it has exceptions from policies, which are not evaluated here".to_owned());
        }
        let manifests = |paths: &[String]| -> Result<Vec<Manifest>, String> {
            let mut all = Vec::new();
            for path in paths {
                for file in files(home, path)? {
                    all.extend(read(&file).map_err(|error| error.message)?);
                }
            }
            Ok(all)
        };
        let mut policies = manifests(&test.policies)?;
        policies.extend(manifests(&test.param_resources)?);
        let resources = manifests(&test.resources)?.into_iter().map(|manifest| manifest.object).collect();
        let value = |path: &String| document(&home.join(path));
        let values = match &test.variables {
            Some(path) => {
                serde_json::from_value(value(path)?).map_err(|error| format!("'{path}': {error}"))?
            }
            None => Values::default(),
        };
        let mut user = User::default();
        if let Some(path) = &test.userinfo {
            let info = value(path)?;
            let text = |pointer: &str| info.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
            let groups = info.pointer("/userInfo/groups").and_then(Value::as_array);
            user.name = text("/userInfo/username").unwrap_or_default();
            user.groups =
                groups.into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect();
        }
        let mut room = Self { policies, resources, values, user, schemas };
        if let Some(more) = &test.values {
            room.values.namespaces.extend(more.namespaces.iter().cloned());
        }
        Ok(room)
    }

    /// The policy of a name, with everything that is no policy of Kyverno.
    fn policy(&self, name: &str) -> Result<PolicySet, String> {
        let is_other = |manifest: &&Manifest| {
            let key = manifest.key();
            !key.gvk().group.ends_with("kyverno.io") || key.name == name
        };
        let found: Vec<Manifest> = self.policies.iter().filter(is_other).cloned().collect();
        if !found.iter().any(|manifest| manifest.key().name == name) {
            return Err(format!("there is no policy '{name}' among the policies of the test"));
        }
        PolicySet::from_manifests(&found)
            .map_err(|errors| errors.iter().map(PolicyError::to_string).collect::<Vec<_>>().join("; "))
    }

    /// What is asked of a resource: created, unless values say otherwise.
    fn asked(&self, object: &Value, expected: &Expected, name: &str) -> Result<Asked, String> {
        let of_policy = self.values.policies.iter().filter(|one| one.name == last(&expected.policy));
        let mut operation = expected.operation.clone();
        for policy in of_policy {
            if !policy.rules.is_empty() {
                return Err("it sets values for rules, which only contexts read".to_owned());
            }
            let own = policy.resources.iter().filter(|one| one.name == last(name));
            for (key, value) in own.flat_map(|one| &one.values) {
                if key != OPERATION {
                    return Err(format!("it sets {key}, which only JMESPath reads"));
                }
                operation = operation.or_else(|| value.as_str().map(str::to_owned));
            }
        }
        let global = self.values.global_values.get(OPERATION).and_then(Value::as_str);
        let operation = operation.or_else(|| global.map(str::to_owned));
        let asked = Asked::created(object.clone());
        Ok(match operation.as_deref() {
            None | Some("CREATE") => asked,
            Some("UPDATE") => Asked { old: Some(object.clone()), operation: Operation::Update, ..asked },
            Some("DELETE") => Asked { old: Some(object.clone()), operation: Operation::Delete, ..asked },
            Some(other) => return Err(format!("operation '{other}' is not asked for here")),
        })
    }

    /// The objects around one, the Namespace that it is in among them: with no labels where the test says none.
    fn around(&self, object: &Value) -> Vec<Value> {
        let key = ObjectKey::of(object);
        let mut around: Vec<Value> = self.values.namespaces.iter().map(namespace).collect();
        around.extend(self.resources.iter().cloned());
        if resource_of(&key, self.schemas).namespaced {
            let name = key.namespace.as_deref().unwrap_or("default");
            let selected = self.values.namespace_selector.iter().find(|one| one.name == name);
            let labels = selected.map(|one| one.labels.clone()).unwrap_or_else(|| json!({}));
            around.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}));
        }
        around
    }
}

/// A namespace of the values, of which tests write the kind as they like.
fn namespace(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(map) = value.as_object_mut() {
        map.insert("apiVersion".into(), json!("v1"));
        map.insert("kind".into(), json!("Namespace"));
    }
    value
}

/// The one document of a file.
fn document(file: &Path) -> Result<Value, String> {
    let text = source::read_text(file).map_err(|error| error.to_string())?;
    parse_value(text.as_bytes(), Some(&file.display().to_string()), &Budget::default())
        .map_err(|error| error.to_string())
}

/// The files of a path of the test: one, or those of a folder.
fn files(home: &Path, path: &str) -> Result<Vec<PathBuf>, String> {
    if path.contains("://") {
        return Err(format!("'{path}' would be fetched, and nothing is"));
    }
    source::files(&home.join(path), &Limits::default()).map_err(|error| error.to_string())
}

/// The policies and resources of a test, for comparisons: policies that cannot be read are left out.
#[cfg(test)]
pub(super) fn material(file: &Path) -> Vec<(PolicySet, Vec<Value>)> {
    let home = file.parent().unwrap_or(Path::new(""));
    let test = document(file).ok().and_then(|document| serde_json::from_value::<Test>(document).ok());
    let schemas = SchemaSet::bundled(None).ok();
    let Some((test, schemas)) = test.zip(schemas) else { return Vec::new() };
    let Ok(room) = Room::of(&test, home, &schemas) else { return Vec::new() };
    let mut names: Vec<&str> = test.results.iter().map(|expected| last(&expected.policy)).collect();
    names.sort_unstable();
    names.dedup();
    let sets = names.into_iter().filter_map(|name| room.policy(name).ok());
    sets.map(|set| (set, room.resources.clone())).collect()
}
