//! Rules of the API that a schema cannot say and that everybody trips over. Each is a small function over the places
//! of one type, wherever in an object that type stands; the table names them all.

mod autoscaling;
mod batch;
mod container;
mod pod;
mod resources;
mod selectors;
mod service;
mod storage;

use serde_json::Value;

use super::structure::Place;
use super::violation::Violation;

/// One rule: a place of the type it is for, the whole object, and what it finds.
type Rule = fn(&Place<'_>, &Value) -> Vec<Violation>;

/// Which rule is for which type.
const RULES: &[(&str, Rule)] = &[
    ("io.k8s.api.core.v1.PodSpec", pod::container_names),
    ("io.k8s.api.core.v1.PodSpec", pod::volumes),
    ("io.k8s.api.core.v1.PodSpec", pod::mounts),
    ("io.k8s.api.core.v1.PodSpec", pod::resource_claims),
    ("io.k8s.api.core.v1.Container", container::image),
    ("io.k8s.api.core.v1.Container", container::ports),
    ("io.k8s.api.core.v1.Container", container::mount_paths),
    ("io.k8s.api.core.v1.Container", container::probes),
    ("io.k8s.api.core.v1.LifecycleHandler", container::lifecycle),
    ("io.k8s.api.core.v1.EnvVar", container::env),
    ("io.k8s.api.core.v1.ResourceRequirements", resources::requests_and_limits),
    ("io.k8s.api.core.v1.PersistentVolumeClaimSpec", storage::claim),
    ("io.k8s.api.core.v1.ServiceSpec", service::ports),
    ("io.k8s.api.core.v1.ServiceSpec", service::external_name),
    ("io.k8s.api.networking.v1.HTTPIngressPath", service::ingress_path),
    ("io.k8s.api.batch.v1.JobSpec", batch::restart_policy),
    ("io.k8s.api.batch.v1.CronJobSpec", batch::schedule),
    ("io.k8s.api.apps.v1.DeploymentSpec", selectors::template_labels),
    ("io.k8s.api.apps.v1.StatefulSetSpec", selectors::template_labels),
    ("io.k8s.api.apps.v1.DaemonSetSpec", selectors::template_labels),
    ("io.k8s.api.apps.v1.ReplicaSetSpec", selectors::template_labels),
    ("io.k8s.api.apps.v1.DeploymentSpec", selectors::restart_policy),
    ("io.k8s.api.apps.v1.StatefulSetSpec", selectors::restart_policy),
    ("io.k8s.api.apps.v1.DaemonSetSpec", selectors::restart_policy),
    ("io.k8s.api.apps.v1.ReplicaSetSpec", selectors::restart_policy),
    ("io.k8s.api.apps.v1.DeploymentSpec", selectors::strategy),
    ("io.k8s.api.apps.v1.StatefulSetSpec", selectors::service_name),
    ("io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec", autoscaling::replicas),
    ("io.k8s.api.policy.v1.PodDisruptionBudgetSpec", autoscaling::disruption_budget),
];

/// Applies every rule to every place that it is for.
pub(super) fn check(object: &Value, places: &[Place<'_>]) -> Vec<Violation> {
    places
        .iter()
        .flat_map(|place| {
            RULES
                .iter()
                .filter(|(component, _)| *component == place.component)
                .flat_map(move |(_, rule)| rule(place, object))
        })
        .collect()
}

/// The entries of a list field, with their pointers.
fn entries<'a>(value: &'a Value, path: &str, field: &str) -> Vec<(String, &'a Value)> {
    let list = value.get(field).and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .enumerate()
        .map(|(index, entry)| (format!("{path}/{field}/{index}"), entry))
        .collect()
}

/// A text field, unless it is empty.
fn text<'a>(value: &'a Value, field: &str) -> Option<&'a str> {
    value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Whether a field is there and not null.
fn has(value: &Value, field: &str) -> bool {
    value.get(field).is_some_and(|value| !value.is_null())
}
