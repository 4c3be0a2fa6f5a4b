//! **pod-security-…**: the Pod Security Standards ([`crate::policy::pod_security`]).
//!
//! What gives a container the node (a privileged container, a Windows host process, the node's namespaces, its paths)
//! is an **error** everywhere: `pod-security-privileged`, `-host-process`, `-host-namespaces`, `-host-path`. The other controls
//! of the newest *restricted* are **warnings**, one a control and Pod, since many clusters do without them: `-capabilities`,
//! `-host-ports`, `-host-probes`, `-proc-mount`, `-selinux`, `-app-armor`, `-seccomp`, `-sysctls`, `-volumes`,
//! `-privilege-escalation`, `-run-as-non-root`, `-run-as-user`.
//!
//! Where the Namespace is known and its labels enforce a level (`pod-security.kubernetes.io/enforce`), what that level in that
//! version objects to is an **error**: no such Pod would come to be. The API server looks at Pods only; a workload whose Pods
//! it would refuse is told so here beforehand.

use serde_json::Value;

use super::super::Subject;
use super::about_pod;
use crate::finding::{Finding, Severity};
use crate::policy::pod_security::{Level, Objection, Version, labelled, objections};

/// Controls whose breach gives a container the node.
const GIVES_THE_NODE: [&str; 4] = ["privileged", "host-process", "host-namespaces", "host-path"];

/// What is objected to in the Pods of an object that goes to this namespace.
pub(super) fn check(subject: &Subject, namespace: Option<&Value>) -> Vec<Finding> {
    let name = namespace
        .and_then(|namespace| namespace.pointer("/metadata/name"))
        .and_then(Value::as_str)
        .unwrap_or_default();
    let mut findings = Vec::new();
    let enforced = match namespace.map_or(Ok(None), |namespace| labelled(namespace, "enforce")) {
        Ok(enforced) => enforced,
        Err(why) => {
            // As the API server does with a label that it does not understand.
            if let Some(view) = subject.pods.first() {
                let text = format!("namespace '{name}' enforces 'restricted': its {why}");
                let finding = about_pod(subject, view, "pod-security-label", Severity::Warning, "", text);
                findings.push(finding.with_hint("correct the label of the namespace"));
            }
            Some((Level::Restricted, Version::LATEST))
        }
    };
    for view in &subject.pods {
        let refused =
            enforced.map_or_else(Vec::new, |(level, version)| objections(&view.pod, level, version));
        let newest = objections(&view.pod, Level::Restricted, Version::LATEST);
        let others =
            newest.into_iter().filter(|one| !refused.iter().any(|strict| strict.control == one.control));
        for objection in others {
            let severity = match GIVES_THE_NODE.contains(&objection.control) {
                true => Severity::Error,
                false => Severity::Warning,
            };
            findings.push(told(subject, view, &objection, severity, objection.message.clone()));
        }
        for objection in &refused {
            let level = enforced.map_or("", |(level, _)| level.as_str());
            let text = format!("{}; namespace '{name}' enforces '{level}'", objection.message);
            findings.push(told(subject, view, objection, Severity::Error, text));
        }
    }
    findings
}

fn told(
    subject: &Subject,
    view: &super::super::pods::PodView,
    objection: &Objection,
    severity: Severity,
    text: String,
) -> Finding {
    let rule = format!("pod-security-{}", objection.control);
    about_pod(subject, view, &rule, severity, &objection.path, text).with_hint(objection.hint)
}
