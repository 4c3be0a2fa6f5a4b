//! Why a workload is not ready, by rules over its pods, their events and what they mount. Texts of the cluster are data:
//! they are quoted, bounded and made visible, and nothing follows from their wording but where a rule names it.

use serde_json::Value;

use super::progress::{condition, text};
use crate::manifest::visible::visible_short;

/// A text of the cluster is quoted up to this many characters.
const MOST: usize = 300;

/// What is looked at beside the workload.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// Its pods.
    pub pods: Vec<Value>,
    /// Events of the workload and of its pods.
    pub events: Vec<Value>,
    /// Claims that its pods mount.
    pub claims: Vec<Value>,
}

/// The reasons, most telling first; empty where nothing speaks for itself.
pub fn why(workload: &Value, around: &Surroundings) -> Vec<String> {
    let mut reasons = Vec::new();
    for pod in &around.pods {
        reasons.extend(unscheduled(pod, around));
        reasons.extend(containers(pod));
    }
    if around.pods.is_empty() {
        reasons.extend(no_pods(workload, around));
    }
    let mut seen = std::collections::BTreeSet::new();
    reasons.retain(|reason| seen.insert(reason.clone()));
    reasons
}

fn unscheduled(pod: &Value, around: &Surroundings) -> Option<String> {
    let condition = condition(pod, "PodScheduled")
        .filter(|condition| condition["status"] == "False" && condition["reason"] != "SchedulingGated")?;
    let message = text(condition, "message", "the scheduler found no node");
    let name = name(pod);
    if let Some(claim) =
        around.claims.iter().find(|claim| is_unbound(claim) && message.contains("PersistentVolume"))
    {
        let claim = text(&claim["metadata"], "name", "?");
        return Some(format!(
            "{name} waits for its volume: no PersistentVolume fits the claim '{claim}' (size, access mode, storage class)"
        ));
    }
    Some(match gpu_of(&message) {
        Some(resource) => {
            let wanted = wanted(pod, &resource);
            format!(
                "{name} waits for {wanted} × {resource}: no node has so many free ({}); \
                 `kubectl copilot capacity` shows who holds them",
                quote(&message)
            )
        }
        None => format!("{name} waits for a node: {}", quote(&message)),
    })
}

/// The extended resource that the scheduler found too little of.
fn gpu_of(message: &str) -> Option<String> {
    message
        .split("Insufficient ")
        .skip(1)
        // `nvidia.com/gpu` holds a dot itself.
        .map(|part| part.split([',', ' ']).next().unwrap_or("").trim_end_matches('.').to_owned())
        .find(|resource| resource.contains('/'))
}

/// How much of a resource a pod asks for.
fn wanted(pod: &Value, resource: &str) -> String {
    let containers = pod.pointer("/spec/containers").and_then(Value::as_array).into_iter().flatten();
    let total: u64 = containers
        .filter_map(|container| container.pointer("/resources/limits")?.get(resource))
        .filter_map(|amount| amount.as_str().and_then(|text| text.parse().ok()).or_else(|| amount.as_u64()))
        .sum();
    total.to_string()
}

fn containers(pod: &Value) -> Vec<String> {
    let list = |field: &str| pod.pointer(field).and_then(Value::as_array).cloned().unwrap_or_default();
    let pod_name = name(pod);
    let mut reasons = Vec::new();
    let statuses = [list("/status/initContainerStatuses"), list("/status/containerStatuses")].concat();
    for status in &statuses {
        let container = format!("container '{}' of {pod_name}", text(status, "name", "?"));
        if status.pointer("/lastState/terminated/reason").is_some_and(|reason| reason == "OOMKilled")
            || status.pointer("/state/terminated/reason").is_some_and(|reason| reason == "OOMKilled")
        {
            reasons.push(format!(
                "{container} was killed because it used more memory than its limit: ask for more"
            ));
            continue;
        }
        let Some(waiting) = status.pointer("/state/waiting") else {
            let runs = status.pointer("/state/running").is_some();
            if runs && status["ready"] == false {
                reasons.push(format!("{container} runs, and its readiness probe does not succeed yet"));
            }
            continue;
        };
        let message = quote(&text(waiting, "message", ""));
        match waiting["reason"].as_str().unwrap_or_default() {
            "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" => {
                let image = text(status, "image", "?");
                reasons.push(format!(
                    "{container} cannot pull its image {}: does it exist, and may the cluster read it?",
                    quote(&image)
                ));
            }
            "CrashLoopBackOff" => {
                let code = status.pointer("/lastState/terminated/exitCode").and_then(Value::as_i64);
                let code = code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
                // Named in full: it is copied into a shell that may look elsewhere.
                let namespace = pod.pointer("/metadata/namespace").and_then(Value::as_str);
                let place =
                    namespace.map(|name| format!(" -n {}", visible_short(name, 253))).unwrap_or_default();
                reasons.push(format!(
                    "{container} ends again and again{code}: kubectl logs {pod_name} --previous{place}"
                ));
            }
            "CreateContainerConfigError" => {
                reasons.push(format!("{container} misses something that it refers to: {message}"));
            }
            "PodInitializing" | "ContainerCreating" | "" => {}
            reason => reasons.push(format!("{container} waits: {} {message}", quote(reason))),
        }
    }
    reasons
}

/// No pod at all: the controller was refused, which it says in a condition or an event.
fn no_pods(workload: &Value, around: &Surroundings) -> Vec<String> {
    let failure = condition(workload, "ReplicaFailure").map(|condition| text(condition, "message", ""));
    let events = around
        .events
        .iter()
        .filter(|event| event["type"] == "Warning")
        .filter(|event| event["reason"].as_str().is_some_and(|reason| reason.starts_with("FailedCreate")))
        .map(|event| text(event, "message", ""));
    failure
        .into_iter()
        .chain(events)
        .filter(|message| !message.is_empty())
        .map(|message| format!("its pods cannot be created: {}", quote(&message)))
        .collect()
}

fn is_unbound(claim: &Value) -> bool {
    claim.pointer("/status/phase").is_some_and(|phase| phase == "Pending")
}

fn name(pod: &Value) -> String {
    visible_short(pod.pointer("/metadata/name").and_then(Value::as_str).unwrap_or("a pod"), 253)
}

fn quote(text: &str) -> String {
    visible_short(text, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[allow(clippy::needless_pass_by_value, reason = "it is made where it is handed over")]
    fn pod(status: Value) -> Value {
        json!({"metadata": {"name": "mira-0"}, "status": status,
            "spec": {"containers": [{"name": "notebook", "resources": {"limits": {"nvidia.com/gpu": "9"}}}]}})
    }

    fn reasons(pods: Vec<Value>) -> String {
        why(&json!({"kind": "StatefulSet"}), &Surroundings { pods, ..Surroundings::default() }).join("\n")
    }

    #[test]
    fn the_ninth_gpu_is_explained() {
        let text = reasons(vec![pod(json!({"phase": "Pending", "conditions": [{
            "type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/4 nodes are available: 4 Insufficient nvidia.com/gpu. preemption: 0/4 nodes are available.",
        }]}))]);
        assert!(text.contains("mira-0 waits for 9 × nvidia.com/gpu") && text.contains("capacity"), "{text}");
    }

    #[test]
    fn a_container_that_does_not_start_is_explained() {
        let container = |state: Value| {
            pod(
                json!({"containerStatuses": [{"name": "notebook", "image": "x:1", "ready": false, "state": state}]}),
            )
        };
        let text = reasons(vec![container(json!({"waiting": {"reason": "ImagePullBackOff"}}))]);
        assert!(text.contains("cannot pull its image x:1"), "{text}");
        let text = reasons(vec![container(
            json!({"waiting": {"reason": "CreateContainerConfigError", "message": "couldn't find key token"}}),
        )]);
        assert!(text.contains("couldn't find key token"), "{text}");
        let text = reasons(vec![container(json!({"running": {}}))]);
        assert!(text.contains("readiness probe"), "{text}");
        let killed = pod(
            json!({"containerStatuses": [{"name": "notebook", "state": {"waiting": {"reason": "CrashLoopBackOff"}},
            "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}]}),
        );
        let text = reasons(vec![killed]);
        assert!(text.contains("more memory than its limit"), "{text}");
    }

    #[test]
    fn a_volume_that_nothing_fits_is_named() {
        let waiting = pod(
            json!({"conditions": [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable",
            "message": "0/4 nodes are available: 4 node(s) didn't find available persistent volumes to bind PersistentVolumes."}]}),
        );
        let claim = json!({"metadata": {"name": "mira-home"}, "status": {"phase": "Pending"}});
        let around = Surroundings { pods: vec![waiting], claims: vec![claim], ..Surroundings::default() };
        let text = why(&json!({}), &around).join("\n");
        assert!(text.contains("'mira-home'"), "{text}");
    }

    #[test]
    fn pods_that_are_refused_are_explained_by_the_servers_words() {
        let event =
            json!({"type": "Warning", "reason": "FailedCreate", "message": "exceeded quota: gpus\u{1b}[2J"});
        let around = Surroundings { events: vec![event], ..Surroundings::default() };
        let text = why(&json!({"kind": "StatefulSet"}), &around).join("\n");
        assert!(text.contains("exceeded quota") && !text.contains('\u{1b}'), "{text}");
    }
}
