//! Readiness of one object, kind by kind, as `kubectl rollout status` judges it.

use serde_json::Value;

/// How far an object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It does what it is for.
    Ready,
    /// Not yet, and what is missing: `1 of 2 pods are ready`.
    Waiting(String),
    /// It will not get there by itself.
    Failed(String),
}

/// Judges an object that was read from the API server. Kinds without a life of their own are ready.
pub fn progress(object: &Value) -> Progress {
    match object.get("kind").and_then(Value::as_str).unwrap_or_default() {
        "Deployment" => deployment(object),
        "StatefulSet" => stateful_set(object),
        "DaemonSet" => daemon_set(object),
        "Job" => job(object),
        "Pod" => pod(object),
        _ => Progress::Ready,
    }
}

fn deployment(object: &Value) -> Progress {
    if !is_observed(object) {
        return Progress::Waiting("the controller has not seen it yet".into());
    }
    if let Some(condition) = condition(object, "Progressing")
        && condition["reason"] == "ProgressDeadlineExceeded"
    {
        return Progress::Failed(text(condition, "message", "it made no progress within its deadline"));
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let updated = number(object, "/status/updatedReplicas").unwrap_or(0);
    let available = number(object, "/status/availableReplicas").unwrap_or(0);
    let all = number(object, "/status/replicas").unwrap_or(0);
    if updated < wanted || available < wanted {
        return waiting(available.min(updated), wanted);
    }
    // The pods that count as available may be those of before the change.
    match all.saturating_sub(updated) {
        0 => Progress::Ready,
        1 => Progress::Waiting("1 pod of before the change has not been replaced yet".into()),
        old => Progress::Waiting(format!("{old} pods of before the change have not been replaced yet")),
    }
}

fn stateful_set(object: &Value) -> Progress {
    if !is_observed(object) {
        return Progress::Waiting("the controller has not seen it yet".into());
    }
    let wanted = number(object, "/spec/replicas").unwrap_or(1);
    let ready = number(object, "/status/readyReplicas").unwrap_or(0);
    let updated = number(object, "/status/updatedReplicas").unwrap_or(ready);
    if ready >= wanted && updated >= wanted { Progress::Ready } else { waiting(ready.min(updated), wanted) }
}

fn daemon_set(object: &Value) -> Progress {
    let seen = is_observed(object);
    match number(object, "/status/desiredNumberScheduled").filter(|_| seen) {
        None => Progress::Waiting("the controller has not seen it yet".into()),
        Some(wanted) => {
            let ready = number(object, "/status/numberReady").unwrap_or(0);
            if ready >= wanted { Progress::Ready } else { waiting(ready, wanted) }
        }
    }
}

/// A Job is where it should be once its pods run, or it has come to its end.
fn job(object: &Value) -> Progress {
    if let Some(condition) = condition(object, "Failed").filter(|condition| condition["status"] == "True") {
        return Progress::Failed(text(condition, "message", "the job failed"));
    }
    if condition(object, "Complete").is_some_and(|condition| condition["status"] == "True") {
        return Progress::Ready;
    }
    if object.pointer("/spec/suspend").and_then(Value::as_bool) == Some(true) {
        return Progress::Waiting("it is suspended, as a queue does until there is room".into());
    }
    let parallel = number(object, "/spec/parallelism").unwrap_or(1);
    let wanted = number(object, "/spec/completions").map_or(parallel, |all| parallel.min(all));
    let done = number(object, "/status/succeeded").unwrap_or(0);
    let ready = number(object, "/status/ready").unwrap_or(0);
    if ready + done >= wanted { Progress::Ready } else { waiting(ready + done, wanted) }
}

fn pod(object: &Value) -> Progress {
    match object.pointer("/status/phase").and_then(Value::as_str) {
        Some("Succeeded") => Progress::Ready,
        Some("Failed") => {
            let status = object.get("status").unwrap_or(&Value::Null);
            Progress::Failed(text(status, "message", "the pod failed"))
        }
        _ if condition(object, "Ready").is_some_and(|condition| condition["status"] == "True") => {
            Progress::Ready
        }
        _ => Progress::Waiting("the pod is not ready".into()),
    }
}

/// The controller has seen the newest spec.
fn is_observed(object: &Value) -> bool {
    let generation = number(object, "/metadata/generation").unwrap_or(0);
    number(object, "/status/observedGeneration").is_some_and(|seen| seen >= generation)
}

fn waiting(ready: u64, wanted: u64) -> Progress {
    Progress::Waiting(format!(
        "{ready} of {wanted} {} ready",
        if wanted == 1 { "pod is" } else { "pods are" }
    ))
}

fn number(object: &Value, pointer: &str) -> Option<u64> {
    object.pointer(pointer).and_then(Value::as_u64)
}

/// The condition of a type.
pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object.pointer("/status/conditions")?.as_array()?.iter().find(|condition| condition["type"] == kind)
}

/// A field's text, or another where it is empty.
pub(super) fn text(value: &Value, field: &str, otherwise: &str) -> String {
    let found = value.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
    found.unwrap_or(otherwise).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_new_spec_that_no_controller_has_seen_is_not_ready() {
        let old = json!({"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 1},
            "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1}});
        assert!(matches!(progress(&old), Progress::Waiting(_)));
        let mut seen = old;
        seen["status"]["observedGeneration"] = json!(2);
        assert_eq!(progress(&seen), Progress::Ready);
    }

    #[test]
    fn pods_of_before_the_change_do_not_make_it_ready() {
        let changed = json!({"kind": "Deployment", "metadata": {"generation": 2}, "spec": {"replicas": 1},
            "status": {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 1, "availableReplicas": 1}});
        let Progress::Waiting(missing) = progress(&changed) else {
            panic!("the new pod may be the one that waits")
        };
        assert_eq!(missing, "1 pod of before the change has not been replaced yet");
    }

    #[test]
    fn pods_are_counted() {
        let set = json!({"kind": "StatefulSet", "metadata": {"generation": 1}, "spec": {"replicas": 2},
            "status": {"observedGeneration": 1, "readyReplicas": 1, "updatedReplicas": 2}});
        assert_eq!(progress(&set), Progress::Waiting("1 of 2 pods are ready".into()));
        let fresh = json!({"kind": "StatefulSet", "metadata": {"generation": 1}, "spec": {"replicas": 1}});
        assert!(matches!(progress(&fresh), Progress::Waiting(_)), "no status yet");
    }

    #[test]
    fn a_job_is_ready_when_its_pods_run_and_failed_when_it_says_so() {
        let job = |status: Value| json!({"kind": "Job", "spec": {"parallelism": 2, "completions": 2}, "status": status});
        assert_eq!(progress(&job(json!({"ready": 2, "active": 2}))), Progress::Ready);
        assert_eq!(progress(&job(json!({"ready": 1, "succeeded": 1}))), Progress::Ready);
        assert!(matches!(progress(&job(json!({"active": 2}))), Progress::Waiting(_)));
        let failed =
            json!({"conditions": [{"type": "Failed", "status": "True", "message": "backoff limit"}]});
        assert_eq!(progress(&job(failed)), Progress::Failed("backoff limit".into()));
    }

    #[test]
    fn what_has_no_life_of_its_own_is_ready() {
        assert_eq!(progress(&json!({"kind": "ConfigMap"})), Progress::Ready);
        assert_eq!(
            progress(&json!({"kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}})),
            Progress::Ready
        );
    }
}
