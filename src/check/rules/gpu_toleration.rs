//! **gpu-toleration** (info): a Pod that wants a GPU should be let onto GPU nodes.
//!
//! Many clusters keep other work off their GPU nodes with a taint named after the resource (`nvidia.com/gpu`). A Pod
//! that asks for GPUs and does not tolerate that taint stays Pending there, unless the cluster adds the toleration
//! itself (the ExtendedResourceToleration admission plugin does). Nothing is wrong with the object.

use serde_json::Value;

use super::super::Subject;
use super::{about_pod, list, text};
use crate::finding::{Finding, Severity};
use crate::manifest::containers;

const GPUS: [&str; 3] = ["nvidia.com/gpu", "amd.com/gpu", "gpu.intel.com/i915"];

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pod in &subject.pods {
        for gpu in GPUS {
            if wants(&pod.pod, gpu) && !tolerates(&pod.pod, gpu) {
                let message = format!("it asks for {gpu} and does not tolerate a taint of that name");
                let finding =
                    about_pod(subject, pod, "gpu-toleration", Severity::Info, "/spec/tolerations", message);
                findings
                    .push(finding.with_hint(format!("where GPU nodes are tainted, tolerate the key {gpu}")));
            }
        }
    }
    findings
}

fn wants(pod: &Value, gpu: &str) -> bool {
    containers(pod).iter().any(|container| {
        let amount =
            container.container.get("resources").and_then(|all| all.get("limits")).and_then(|l| l.get(gpu));
        amount.is_some_and(|amount| amount.as_str() != Some("0") && amount.as_u64() != Some(0))
    })
}

fn tolerates(pod: &Value, key: &str) -> bool {
    list(pod, "/spec/tolerations").any(|toleration| match text(toleration, "/key") {
        Some(own) => own == key,
        None => text(toleration, "/operator") == Some("Exists"),
    })
}
