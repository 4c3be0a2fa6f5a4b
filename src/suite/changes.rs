//! `tests.json` beside `policy.yaml`: each case is a template with some of its fields changed. This is how kubescape's
//! cel-admission-library tests its policies (`scripts/run-control-tests.py` there): templates, the binding and the
//! parameters lie in a folder `test-resources` further up, and both take the policy's name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Decision;
use super::judge::{Asked, Case};
use super::run::{SuiteError, policies, read};
use crate::manifest::Manifest;
use crate::source;

const FILE: &str = "tests.json";
const POLICY: &str = "policy.yaml";
const RESOURCES: &str = "test-resources";

/// One entry of the file. Other keys are an error: they would change what is tested.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    template: String,
    expected: Expected,
    #[serde(default)]
    field_change_list: Vec<String>,
    binding_template: Option<String>,
    param_template: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Expected {
    Pass,
    Warn,
    Fail,
}

/// Whether a file is such a suite.
pub(super) fn is_suite(file: &Path) -> bool {
    file.file_name().is_some_and(|name| name == FILE) && file.with_file_name(POLICY).is_file()
}

/// The cases of one file.
///
/// # Errors
/// A file that cannot be read, a change that does not fit its template.
pub(super) fn cases(file: &Path) -> Result<Vec<Case>, SuiteError> {
    let wrong = |why: String| SuiteError::new(file, why, "correct the file");
    let entries: Vec<Entry> =
        serde_json::from_str(&source::read_text(file)?).map_err(|error| wrong(error.to_string()))?;
    let resources = resources(file)
        .ok_or_else(|| wrong(format!("there is no folder '{RESOURCES}' beside it or further up")))?;
    let policy = read(&file.with_file_name(POLICY))?;
    let of_policy = |manifest: &&Manifest| manifest.key().kind == "ValidatingAdmissionPolicy";
    let name = policy.iter().find(of_policy).map(|manifest| manifest.key().name).unwrap_or_default();
    let suite = file.display().to_string();
    let mut all = Vec::new();
    for entry in entries {
        let template = |name: &str, changes: &[String]| -> Result<Manifest, SuiteError> {
            let path = resources.join(name);
            let mut manifest = read(&path)?
                .into_iter()
                .next()
                .ok_or_else(|| wrong(format!("there is no object in '{}'", path.display())))?;
            for change in changes {
                apply(&mut manifest.object, change)
                    .map_err(|why| wrong(format!("the case '{}': {why}", entry.name)))?;
            }
            Ok(manifest)
        };
        let params = format!("{name}-params");
        let binding = [
            format!("spec.policyName={name}"),
            format!("metadata.name={name}-binding"),
            format!("spec.paramRef.name={params}"),
        ];
        let mut manifests = policy.clone();
        let has_params = policy.first().is_some_and(|one| one.object.pointer("/spec/paramKind").is_some());
        let mut bound =
            template(entry.binding_template.as_deref().unwrap_or("policy-binding.yaml"), &binding)?;
        if !has_params && let Some(spec) = bound.object.get_mut("spec").and_then(Value::as_object_mut) {
            spec.remove("paramRef");
        }
        manifests.push(bound);
        let configuration = entry.param_template.as_deref().unwrap_or("default-control-configuration.yaml");
        manifests.push(template(configuration, &[format!("metadata.name={params}")])?);
        let set = policies(&manifests)?;
        all.push(Case {
            suite: suite.clone(),
            name: entry.name.clone(),
            policy: name.clone(),
            policies: set,
            objects: vec![Asked::created(template(&entry.template, &entry.field_change_list)?.object)],
            around: Arc::from([]),
            expected: match entry.expected {
                Expected::Pass => Decision::Allowed,
                Expected::Warn => Decision::Warned,
                Expected::Fail => Decision::Denied,
            },
            messages: Vec::new(),
            broken: None,
        });
    }
    Ok(all)
}

/// The nearest folder of templates.
fn resources(file: &Path) -> Option<PathBuf> {
    file.ancestors().map(|above| above.join(RESOURCES)).find(|folder| folder.is_dir())
}

/// `a.b.[0].c=VALUE`: sets a field; what is missing on the way is made. VALUE is JSON, else text.
fn apply(object: &mut Value, change: &str) -> Result<(), String> {
    let (path, text) = change.split_once('=').ok_or_else(|| format!("'{change}' has no '='"))?;
    let value = serde_json::from_str(text).unwrap_or_else(|_| json!(text));
    let mut at = object;
    for part in path.split('.') {
        let index = part.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        at = match index {
            Some(index) => {
                let index: usize = index.parse().map_err(|_| format!("'{part}' is no index"))?;
                if at.is_null() {
                    *at = json!([]);
                }
                let list = at.as_array_mut().ok_or_else(|| format!("'{part}' of '{path}' is in no list"))?;
                if index > list.len() + 1_000 {
                    return Err(format!("'{part}' of '{path}' is far behind the end of its list"));
                }
                while list.len() <= index {
                    list.push(Value::Null);
                }
                list.get_mut(index).ok_or_else(|| format!("'{part}' is no index"))?
            }
            None => {
                if at.is_null() {
                    *at = json!({});
                }
                let map = at.as_object_mut().ok_or_else(|| format!("'{part}' of '{path}' is in no map"))?;
                map.entry(part).or_insert(Value::Null)
            }
        };
    }
    *at = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_makes_what_is_missing_and_refuses_what_does_not_fit() {
        let mut object = json!({"spec": {"containers": [{"image": "a"}]}});
        apply(&mut object, "spec.containers.[0].image=\"b\"").unwrap();
        apply(&mut object, "spec.containers.[1].name=side").unwrap();
        apply(&mut object, "metadata.labels={\"app\": \"x\"}").unwrap();
        assert_eq!(
            object,
            json!({"spec": {"containers": [{"image": "b"}, {"name": "side"}]}, "metadata": {"labels": {"app": "x"}}})
        );
        assert!(apply(&mut object, "spec.[0]=1").is_err(), "an index into a map");
        assert!(apply(&mut object, "spec.containers.name=1").is_err(), "a name into a list");
        assert!(apply(&mut object, "spec").is_err(), "no value");
    }
}
