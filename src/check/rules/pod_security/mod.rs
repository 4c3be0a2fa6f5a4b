//! **pod-security-…**: the Pod Security Standards, level *restricted*, as of Kubernetes 1.34 and later.
//!
//! What gives a container the node (a privileged container, a Windows host process, the node's namespaces, its paths)
//! is an **error**: `pod-security-privileged`, `-host-process`, `-host-namespaces`, `-host-path`. The other controls of
//! the levels *baseline* and *restricted* are **warnings**, one a control and Pod, since many clusters do without
//! them: `-capabilities`, `-host-ports`, `-host-probes`, `-proc-mount`, `-selinux`, `-app-armor`, `-seccomp`,
//! `-sysctls`, `-volumes`, `-privilege-escalation`, `-run-as-non-root`, `-run-as-user`.
//!
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>

mod baseline;
mod restricted;

use serde_json::Value;

use super::super::Subject;
use super::about_pod;
use crate::finding::{Finding, Severity};
use crate::manifest::{ContainerOf, containers};

/// What a control objects to.
struct Objection {
    /// Behind `pod-security-`.
    control: &'static str,
    severity: Severity,
    /// JSON pointer in the Pod.
    path: String,
    message: String,
    hint: &'static str,
}

pub(super) fn check(subject: &Subject) -> Vec<Finding> {
    let mut findings = Vec::new();
    for view in &subject.pods {
        let pod = Pod { pod: &view.pod, containers: containers(&view.pod) };
        for objection in baseline::objections(&pod).into_iter().chain(restricted::objections(&pod)) {
            let rule = format!("pod-security-{}", objection.control);
            let finding =
                about_pod(subject, view, &rule, objection.severity, &objection.path, objection.message);
            findings.push(finding.with_hint(objection.hint));
        }
    }
    findings
}

/// A Pod with its containers at hand.
struct Pod<'a> {
    pod: &'a Value,
    containers: Vec<ContainerOf<'a>>,
}

impl<'a> Pod<'a> {
    fn get(&self, pointer: &str) -> Option<&'a Value> {
        self.pod.pointer(pointer).filter(|value| !value.is_null())
    }

    /// Windows pods have no Linux security context.
    fn is_windows(&self) -> bool {
        self.get("/spec/os/name").and_then(Value::as_str) == Some("windows")
    }

    /// User namespaces: root inside is nobody outside, and the standards relax.
    fn has_own_users(&self) -> bool {
        self.get("/spec/hostUsers").and_then(Value::as_bool) == Some(false)
    }

    /// One objection for all containers that a control is about; its path is the first one's.
    fn containers(
        &self,
        control: &'static str,
        field: &str,
        what: &str,
        hint: &'static str,
        bad: impl Fn(&Value) -> bool,
    ) -> Option<Objection> {
        let bad: Vec<_> = self.containers.iter().filter(|container| bad(container.container)).collect();
        let first = bad.first()?;
        let names: Vec<String> = bad.iter().map(|container| format!("'{}'", container.name())).collect();
        let word = if names.len() == 1 { "container" } else { "containers" };
        Some(Objection {
            control,
            severity: Severity::Warning,
            path: format!("{}{field}", first.pointer),
            message: format!("{word} {} {what}", names.join(", ")),
            hint,
        })
    }

    /// An objection to the Pod as a whole, where a field has a value that is bad.
    fn field(
        &self,
        control: &'static str,
        path: &str,
        message: String,
        hint: &'static str,
        bad: impl Fn(&Value) -> bool,
    ) -> Option<Objection> {
        self.get(path).filter(|value| bad(value))?;
        Some(Objection { control, severity: Severity::Warning, path: path.to_owned(), message, hint })
    }
}

impl Objection {
    fn error(self) -> Self {
        Self { severity: Severity::Error, ..self }
    }
}
