//! Defaults that the API server has in code rather than in its schema: `pkg/apis/*/v1/defaults.go` of Kubernetes, for the
//! types that policies and people look at. Feature-gated ones are left out.

use serde_json::{Map, Value, json};

use crate::manifest::GroupVersionKind;

type Fields = Map<String, Value>;

/// Mode of projected files, 0644.
const FILE_MODE: i64 = 0o644;

/// What a type fills in wherever it stands. Children were filled in before.
pub(super) fn type_defaults(component: &str, map: &mut Fields) {
    match component.strip_prefix("io.k8s.api.").unwrap_or_default() {
        "core.v1.PodSpec" => pod_spec(map),
        "core.v1.Container" | "core.v1.EphemeralContainer" => container(map),
        "core.v1.Probe" => {
            for (field, value) in [
                ("timeoutSeconds", 1),
                ("periodSeconds", 10),
                ("successThreshold", 1),
                ("failureThreshold", 3),
            ] {
                set_number(map, field, value);
            }
        }
        "core.v1.HTTPGetAction" => {
            set(map, "path", "/");
            set(map, "scheme", "HTTP");
        }
        "core.v1.ObjectFieldSelector" => set(map, "apiVersion", "v1"),
        "core.v1.Volume" => volume(map),
        "core.v1.SecretVolumeSource"
        | "core.v1.ConfigMapVolumeSource"
        | "core.v1.DownwardAPIVolumeSource"
        | "core.v1.ProjectedVolumeSource" => set(map, "defaultMode", FILE_MODE),
        "core.v1.ServiceAccountTokenProjection" => set(map, "expirationSeconds", 3600),
        "core.v1.ServiceSpec" => service_spec(map),
        "core.v1.PersistentVolumeClaimSpec" => set(map, "volumeMode", "Filesystem"),
        "core.v1.PersistentVolumeSpec" => {
            set(map, "persistentVolumeReclaimPolicy", "Retain");
            set(map, "volumeMode", "Filesystem");
        }
        "apps.v1.DeploymentSpec" => deployment_spec(map),
        "apps.v1.StatefulSetSpec" => stateful_set_spec(map),
        "apps.v1.DaemonSetSpec" => daemon_set_spec(map),
        "apps.v1.ReplicaSetSpec" => set(map, "replicas", 1),
        "batch.v1.CronJobSpec" => {
            set(map, "concurrencyPolicy", "Allow");
            set(map, "suspend", false);
            set(map, "successfulJobsHistoryLimit", 3);
            set(map, "failedJobsHistoryLimit", 1);
        }
        "autoscaling.v2.HorizontalPodAutoscalerSpec" | "autoscaling.v1.HorizontalPodAutoscalerSpec" => {
            set(map, "minReplicas", 1);
        }
        "networking.v1.NetworkPolicySpec" => network_policy_spec(map),
        "networking.v1.NetworkPolicyPort" => set(map, "protocol", "TCP"),
        "rbac.v1.RoleRef" => set(map, "apiGroup", "rbac.authorization.k8s.io"),
        "rbac.v1.Subject" if matches!(text(map, "kind"), Some("User" | "Group")) => {
            set(map, "apiGroup", "rbac.authorization.k8s.io");
        }
        "storage.v1.StorageClass" => {
            set(map, "reclaimPolicy", "Delete");
            set(map, "volumeBindingMode", "Immediate");
        }
        _ => {}
    }
}

/// What only an object as a whole fills in: a Pod does what a Pod template does not, and a Job what a JobSpec within a
/// CronJob does not.
pub(super) fn whole_object(gvk: &GroupVersionKind, map: &mut Fields) {
    match (gvk.group.as_str(), gvk.kind.as_str()) {
        ("", "Pod") => {
            if let Some(spec) = child(map, "spec") {
                pod(spec);
            }
        }
        ("batch", "Job") => job(map),
        ("", "Secret") => set(map, "type", "Opaque"),
        ("", "Namespace") => {
            let Some(metadata) = child(map, "metadata") else { return };
            let Some(name) = text(metadata, "name").map(str::to_owned) else { return };
            if let Some(labels) = child_or_new(metadata, "labels") {
                labels.insert("kubernetes.io/metadata.name".to_owned(), Value::from(name));
            }
        }
        // These types are the object itself, which no reference leads to.
        ("storage.k8s.io", "StorageClass") => type_defaults("io.k8s.api.storage.v1.StorageClass", map),
        _ => {}
    }
}

fn text<'m>(map: &'m Fields, field: &str) -> Option<&'m str> {
    map.get(field).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// Sets a field that is absent, null or an empty text.
fn set(map: &mut Fields, field: &str, value: impl Into<Value>) {
    if map.get(field).is_none_or(|value| value.is_null() || value.as_str() == Some("")) {
        map.insert(field.to_owned(), value.into());
    }
}

/// The same for numbers of which zero means "not set".
fn set_number(map: &mut Fields, field: &str, value: i64) {
    if map.get(field).is_none_or(|value| value.is_null() || value.as_i64() == Some(0)) {
        map.insert(field.to_owned(), value.into());
    }
}

fn child<'m>(map: &'m mut Fields, field: &str) -> Option<&'m mut Fields> {
    map.get_mut(field).and_then(Value::as_object_mut)
}

/// The object in a field, an empty one where there was none; `None` where something else stands there.
fn child_or_new<'m>(map: &'m mut Fields, field: &str) -> Option<&'m mut Fields> {
    set(map, field, json!({}));
    child(map, field)
}

fn pod_spec(map: &mut Fields) {
    set(map, "restartPolicy", "Always");
    set(map, "terminationGracePeriodSeconds", 30);
    set(map, "dnsPolicy", "ClusterFirst");
    set(map, "schedulerName", "default-scheduler");
    set(map, "securityContext", json!({}));
}

fn container(map: &mut Fields) {
    let policy = pull_policy(text(map, "image").unwrap_or_default());
    set(map, "imagePullPolicy", policy);
    set(map, "terminationMessagePath", "/dev/termination-log");
    set(map, "terminationMessagePolicy", "File");
}

/// `Always` for the tag `latest`, said or implied; a digest implies no tag.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').map_or((image, None), |(name, digest)| (name, Some(digest)));
    let last = name.rsplit('/').next().unwrap_or_default();
    let is_latest = match last.split_once(':') {
        Some((_, tag)) => tag == "latest",
        None => digest.is_none() && !last.is_empty(),
    };
    if is_latest { "Always" } else { "IfNotPresent" }
}

fn volume(map: &mut Fields) {
    if map.keys().all(|field| field == "name") {
        map.insert("emptyDir".to_owned(), json!({}));
    }
    if let Some(image) = child(map, "image") {
        let policy = pull_policy(text(image, "reference").unwrap_or_default());
        set(image, "pullPolicy", policy);
    }
}

fn containers<'m>(spec: &'m mut Fields, list: &str) -> impl Iterator<Item = &'m mut Fields> {
    spec.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten().filter_map(Value::as_object_mut)
}

/// A Pod, not a template: requests are the limits where only these are set, ports on the host's network are the host's.
fn pod(spec: &mut Fields) {
    let is_on_host = spec.get("hostNetwork").and_then(Value::as_bool) == Some(true);
    for list in ["initContainers", "containers"] {
        for container in containers(spec, list) {
            if let Some(resources) = child(container, "resources") {
                requests_from_limits(resources);
            }
            if !is_on_host {
                continue;
            }
            for port in containers(container, "ports") {
                if let Some(number) = port.get("containerPort").and_then(Value::as_i64) {
                    set_number(port, "hostPort", number);
                }
            }
        }
    }
    set(spec, "enableServiceLinks", true);
}

fn requests_from_limits(resources: &mut Fields) {
    let Some(limits) =
        resources.get("limits").and_then(Value::as_object).filter(|map| !map.is_empty()).cloned()
    else {
        return;
    };
    if let Some(requests) = child_or_new(resources, "requests") {
        for (resource, limit) in limits {
            requests.entry(resource).or_insert(limit);
        }
    }
}

fn service_spec(map: &mut Fields) {
    set(map, "type", "ClusterIP");
    set(map, "sessionAffinity", "None");
    let kind = text(map, "type").unwrap_or_default().to_owned();
    for port in containers(map, "ports") {
        let is_unset = port.get("targetPort").is_none_or(|target| target == 0 || target == "");
        if let Some(number) = port.get("port").cloned().filter(|_| is_unset) {
            port.insert("targetPort".to_owned(), number);
        }
    }
    if text(map, "sessionAffinity") == Some("ClientIP")
        && let Some(config) = child_or_new(map, "sessionAffinityConfig")
        && let Some(client) = child_or_new(config, "clientIP")
    {
        set(client, "timeoutSeconds", 10_800);
    }
    let has_external_addresses =
        map.get("externalIPs").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if matches!(kind.as_str(), "NodePort" | "LoadBalancer") || (kind == "ClusterIP" && has_external_addresses)
    {
        set(map, "externalTrafficPolicy", "Cluster");
    }
    if kind != "ExternalName" {
        set(map, "internalTrafficPolicy", "Cluster");
    }
    if kind == "LoadBalancer" {
        set(map, "allocateLoadBalancerNodePorts", true);
    }
}

fn deployment_spec(map: &mut Fields) {
    set(map, "replicas", 1);
    set(map, "revisionHistoryLimit", 10);
    set(map, "progressDeadlineSeconds", 600);
    rolling_update(map, "strategy", &[("maxSurge", json!("25%")), ("maxUnavailable", json!("25%"))]);
}

fn daemon_set_spec(map: &mut Fields) {
    set(map, "revisionHistoryLimit", 10);
    rolling_update(map, "updateStrategy", &[("maxSurge", json!(0)), ("maxUnavailable", json!(1))]);
}

fn stateful_set_spec(map: &mut Fields) {
    set(map, "replicas", 1);
    set(map, "revisionHistoryLimit", 10);
    set(map, "podManagementPolicy", "OrderedReady");
    rolling_update(map, "updateStrategy", &[("partition", json!(0))]);
    if let Some(policy) = child_or_new(map, "persistentVolumeClaimRetentionPolicy") {
        set(policy, "whenDeleted", "Retain");
        set(policy, "whenScaled", "Retain");
    }
}

/// The strategy RollingUpdate, and its settings where it is that.
fn rolling_update(map: &mut Fields, field: &str, settings: &[(&str, Value)]) {
    let Some(strategy) = child_or_new(map, field) else { return };
    set(strategy, "type", "RollingUpdate");
    if text(strategy, "type") != Some("RollingUpdate") {
        return;
    }
    if let Some(update) = child_or_new(strategy, "rollingUpdate") {
        for (setting, value) in settings {
            set(update, setting, value.clone());
        }
    }
}

fn job(map: &mut Fields) {
    let Some(spec) = child(map, "spec") else { return };
    if !spec.contains_key("completions") && !spec.contains_key("parallelism") {
        set(spec, "completions", 1);
    }
    set(spec, "parallelism", 1);
    let retries = if spec.contains_key("backoffLimitPerIndex") { i64::from(i32::MAX) } else { 6 };
    set(spec, "backoffLimit", retries);
    set(spec, "completionMode", "NonIndexed");
    set(spec, "suspend", false);
    set(spec, "manualSelector", false);
    let replacement = if spec.contains_key("podFailurePolicy") { "Failed" } else { "TerminatingOrFailed" };
    set(spec, "podReplacementPolicy", replacement);
    let labels = spec.get("template").and_then(|template| template.pointer("/metadata/labels")).cloned();
    let Some(metadata) = child(map, "metadata") else { return };
    let has_labels =
        metadata.get("labels").and_then(Value::as_object).is_some_and(|labels| !labels.is_empty());
    if let Some(labels) = labels.filter(|labels| labels.is_object() && !has_labels) {
        metadata.insert("labels".to_owned(), labels);
    }
}

fn network_policy_spec(map: &mut Fields) {
    let is_list =
        |map: &Fields, field: &str| map.get(field).and_then(Value::as_array).is_some_and(|l| !l.is_empty());
    if is_list(map, "policyTypes") {
        return;
    }
    let types = if is_list(map, "egress") { json!(["Ingress", "Egress"]) } else { json!(["Ingress"]) };
    map.insert("policyTypes".to_owned(), types);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tag_decides_when_an_image_is_pulled() {
        for (image, policy) in [
            ("nginx", "Always"),
            ("nginx:latest", "Always"),
            ("registry:5000/nginx", "Always"),
            ("nginx:1.27", "IfNotPresent"),
            ("registry:5000/team/nginx:1.27", "IfNotPresent"),
            ("nginx@sha256:abc", "IfNotPresent"),
            ("nginx:latest@sha256:abc", "Always"),
            ("", "IfNotPresent"),
        ] {
            assert_eq!(pull_policy(image), policy, "{image}");
        }
    }
}
