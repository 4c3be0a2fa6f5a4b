//! From a `spec` to objects, in the order in which they are to be applied.

use serde_json::{Map, Value};

use super::cel::Bindings;
use super::complete::Completed;
use super::definition::{OWNER, Pattern, Resource};
use super::error::PatternError;
use super::names::check_name;
use super::template::Template;

/// Most objects that one instance may become.
const MOST: usize = 256;
/// The label that says who an object belongs to.
pub const OWNER_LABEL: &str = "kubectl-copilot.dev/owner";

/// Kinds that live in no namespace.
const CLUSTER_SCOPED: &[&str] = &[
    "Namespace",
    "Node",
    "PersistentVolume",
    "StorageClass",
    "PriorityClass",
    "RuntimeClass",
    "IngressClass",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "ResourceFlavor",
    "ClusterQueue",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "DeviceClass",
    "VolumeSnapshotClass",
];

/// What must exist before what: kinds in the order of applying; a kind that is not listed comes before the routes.
const ORDER: &[&[&str]] = &[
    &["Namespace"],
    &["CustomResourceDefinition"],
    &[
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "ClusterRole",
        "ClusterRoleBinding",
        "ResourceQuota",
        "LimitRange",
    ],
    &["Secret", "ConfigMap"],
    &["StorageClass", "PersistentVolume", "PersistentVolumeClaim"],
    &["ResourceClaimTemplate", "ResourceClaim"],
    &["NetworkPolicy", "Service"],
    &["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"],
];
const ROUTES: &[&str] =
    &["Ingress", "HTTPRoute", "PodDisruptionBudget", "HorizontalPodAutoscaler", "ScaledObject"];

impl Pattern {
    /// Renders the objects of one instance. Calls [`Pattern::complete`] first.
    ///
    /// Without a namespace no `metadata.namespace` is written (a folder that is applied wherever one likes). The
    /// parameter `owner` becomes a label of every object, and of the pods and volume claims that it makes.
    ///
    /// # Errors
    /// Those of [`Pattern::complete`]; an expression that fails; a name that the API server would refuse.
    pub fn expand(
        &self,
        name: &str,
        namespace: Option<&str>,
        spec: &Map<String, Value>,
    ) -> Result<Vec<Value>, PatternError> {
        let namespace = namespace.filter(|_| self.form.namespaced);
        if let Some(namespace) = namespace {
            check_name("Namespace", namespace).map_err(|error| error.with_parameter("namespace"))?;
        }
        let Completed { spec, .. } = self.complete(name, namespace, spec)?;
        let bindings = Bindings::new(name, namespace, &spec).map_err(|reason| self.failure(reason))?;
        let mut objects = Vec::new();
        for resource in &self.resources {
            let fail = |reason: String| PatternError {
                line: resource.line,
                ..self.failure(format!("resource '{}': {reason}", resource.id))
            };
            if !included(resource, &bindings).map_err(fail)? {
                continue;
            }
            for variables in rounds(resource, &bindings).map_err(fail)? {
                let object = resource.template.render(&bindings.with(&variables)).map_err(fail)?;
                objects.push(object.ok_or_else(|| fail("the template has no value".to_owned()))?);
                if objects.len() > MOST {
                    return Err(fail(format!("more than {MOST} objects would be made")));
                }
            }
        }
        let owner = spec.get(OWNER).and_then(Value::as_str);
        for object in &mut objects {
            self.finish(object, namespace, owner)?;
        }
        objects.sort_by_key(|object| rank(object["kind"].as_str().unwrap_or_default()));
        Ok(objects)
    }

    /// The line that sums an instance up for a person; see [`super::PatternForm::summary`].
    pub fn summary(&self, spec: &Map<String, Value>) -> String {
        self.form.summary(&self.kind, spec)
    }

    fn finish(
        &self,
        object: &mut Value,
        namespace: Option<&str>,
        owner: Option<&str>,
    ) -> Result<(), PatternError> {
        let kind = object["kind"].as_str().unwrap_or_default().to_owned();
        let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
        check_name(&kind, name).map_err(|error| PatternError { file: self.file.clone(), ..error })?;
        if let (Some(namespace), Some(metadata)) =
            (namespace, object.get_mut("metadata").and_then(Value::as_object_mut))
            && !CLUSTER_SCOPED.contains(&kind.as_str())
            && !metadata.contains_key("namespace")
        {
            metadata.insert("namespace".to_owned(), Value::from(namespace));
            // Name, then namespace, then the rest, as people write it.
            let rest: Vec<String> =
                metadata.keys().filter(|key| *key != "name" && *key != "namespace").cloned().collect();
            for key in rest {
                if let Some(value) = metadata.shift_remove(&key) {
                    metadata.insert(key, value);
                }
            }
        }
        if let Some(owner) = owner.filter(|owner| !owner.is_empty()) {
            label(object.get_mut("metadata"), owner);
            let claims = object.pointer_mut("/spec/volumeClaimTemplates").and_then(Value::as_array_mut);
            for claim in claims.into_iter().flatten() {
                label(claim.get_mut("metadata"), owner);
            }
            for template in ["/spec/template", "/spec/jobTemplate", "/spec/jobTemplate/spec/template"] {
                if let Some(template @ Value::Object(_)) = object.pointer_mut(template) {
                    if template.get("metadata").is_none() {
                        template["metadata"] = Value::Object(Map::new());
                    }
                    label(template.get_mut("metadata"), owner);
                }
            }
        }
        Ok(())
    }
}

fn label(metadata: Option<&mut Value>, owner: &str) {
    let Some(metadata) = metadata.and_then(Value::as_object_mut) else { return };
    let labels = metadata.entry("labels").or_insert_with(|| Value::Object(Map::new()));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert(OWNER_LABEL.to_owned(), Value::from(owner));
    }
}

fn rank(kind: &str) -> usize {
    let routes = ORDER.len() + 1;
    if ROUTES.contains(&kind) {
        return routes;
    }
    ORDER.iter().position(|kinds| kinds.contains(&kind)).unwrap_or(ORDER.len())
}

fn included(resource: &Resource, bindings: &Bindings<'_>) -> Result<bool, String> {
    for condition in &resource.include_when {
        match condition.render(bindings)? {
            Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => return Ok(false),
            other => return Err(format!("includeWhen yields {other:?}, not true or false")),
        }
    }
    Ok(true)
}

/// The variables of every round: the cartesian product of the lists of `forEach`, one round without variables where
/// there is none.
fn rounds(resource: &Resource, bindings: &Bindings<'_>) -> Result<Vec<Vec<(String, Value)>>, String> {
    let mut rounds: Vec<Vec<(String, Value)>> = vec![Vec::new()];
    for (variable, list) in &resource.for_each {
        let items = elements(variable, list, bindings)?;
        if rounds.len().saturating_mul(items.len()) > MOST {
            return Err(format!("forEach makes more than {MOST} objects"));
        }
        rounds = rounds
            .iter()
            .flat_map(|round| {
                items.iter().map(|item| {
                    let mut round = round.clone();
                    round.push((variable.clone(), item.clone()));
                    round
                })
            })
            .collect();
    }
    Ok(rounds)
}

fn elements(variable: &str, list: &Template, bindings: &Bindings<'_>) -> Result<Vec<Value>, String> {
    match list.render(bindings)? {
        Some(Value::Array(items)) => Ok(items),
        None => Ok(Vec::new()),
        Some(other) => Err(format!("forEach '{variable}' yields {other}, which is not a list")),
    }
}
