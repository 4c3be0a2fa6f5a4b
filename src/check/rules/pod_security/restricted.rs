//! The controls of level *restricted*: how a container that needs nothing special is written.

use serde_json::Value;

use super::super::{flag, list, text};
use super::{Objection, Pod};

/// Sources of volumes that hold no part of the node.
const VOLUMES: [&str; 8] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// What this level objects to.
pub(super) fn objections(pod: &Pod<'_>) -> Vec<Objection> {
    let linux = !pod.is_windows();
    let all = [
        volumes(pod),
        if linux { escalation(pod) } else { None },
        if linux { capabilities(pod) } else { None },
        if linux { seccomp(pod) } else { None },
        non_root(pod),
        root_user(pod),
    ];
    all.into_iter().flatten().collect()
}

fn volumes(pod: &Pod<'_>) -> Option<Objection> {
    let (index, volume) = list(pod.pod, "/spec/volumes").enumerate().find(|(_, volume)| {
        let Some(volume) = volume.as_object() else { return false };
        // hostPath has a control of its own; `image` is allowed since it is read-only and the runtime's.
        volume.keys().any(|key| {
            !matches!(key.as_str(), "name" | "hostPath" | "image") && !VOLUMES.contains(&key.as_str())
        })
    })?;
    Some(Objection {
        control: "volumes",
        severity: crate::finding::Severity::Warning,
        path: format!("/spec/volumes/{index}"),
        message: format!("volume '{}' is of a restricted type", text(volume, "/name").unwrap_or_default()),
        hint: "use a PersistentVolumeClaim",
    })
}

fn escalation(pod: &Pod<'_>) -> Option<Objection> {
    pod.containers(
        "privilege-escalation",
        "/securityContext",
        "may gain privileges (allowPrivilegeEscalation is not false)",
        "set securityContext.allowPrivilegeEscalation: false",
        |container| flag(container, "/securityContext/allowPrivilegeEscalation") != Some(false),
    )
}

fn capabilities(pod: &Pod<'_>) -> Option<Objection> {
    pod.containers(
        "capabilities",
        "/securityContext",
        "does not drop all capabilities, or adds one",
        "set securityContext.capabilities.drop: [ALL]; only NET_BIND_SERVICE may be added",
        |container| {
            let drops =
                list(container, "/securityContext/capabilities/drop").any(|one| one.as_str() == Some("ALL"));
            let adds = list(container, "/securityContext/capabilities/add")
                .any(|one| one.as_str() != Some("NET_BIND_SERVICE"));
            !drops || adds
        },
    )
}

fn seccomp(pod: &Pod<'_>) -> Option<Objection> {
    let by_pod = text(pod.pod, "/spec/securityContext/seccompProfile/type");
    pod.containers(
        "seccomp",
        "/securityContext",
        "has no seccomp profile",
        "set securityContext.seccompProfile.type: RuntimeDefault",
        |container| {
            let effective = text(container, "/securityContext/seccompProfile/type").or(by_pod);
            !matches!(effective, Some("RuntimeDefault" | "Localhost"))
        },
    )
}

fn non_root(pod: &Pod<'_>) -> Option<Objection> {
    if pod.has_own_users() {
        return None;
    }
    let by_pod = flag(pod.pod, "/spec/securityContext/runAsNonRoot");
    pod.containers(
        "run-as-non-root",
        "/securityContext",
        "may run as root (runAsNonRoot is not true)",
        "set securityContext.runAsNonRoot: true",
        |container| flag(container, "/securityContext/runAsNonRoot").or(by_pod) != Some(true),
    )
}

fn root_user(pod: &Pod<'_>) -> Option<Objection> {
    if pod.has_own_users() {
        return None;
    }
    let is_root = |user: &Value| user.as_i64() == Some(0);
    pod.containers(
        "run-as-user",
        "/securityContext/runAsUser",
        "runs as root",
        "set another runAsUser",
        |container| container.pointer("/securityContext/runAsUser").is_some_and(is_root),
    )
    .or_else(|| {
        pod.field(
            "run-as-user",
            "/spec/securityContext/runAsUser",
            "the pod runs as root".to_owned(),
            "set another runAsUser",
            is_root,
        )
    })
}
