//! The controls of level *restricted*: how a container that needs nothing special is written.

use serde_json::Value;

use super::baseline::is_confined;
use super::{Level, Objection, Pod, flag, list, text};

/// Sources of volumes that hold no part of the node.
const VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

/// What this level objects to.
pub(super) fn objections(pod: &Pod<'_>) -> Vec<Objection> {
    let linux = !pod.is_windows();
    let when =
        |holds: bool, control: fn(&Pod<'_>) -> Option<Objection>| if holds { control(pod) } else { None };
    let all = [
        volumes(pod),
        when(linux && pod.since(8), escalation),
        when(linux && pod.since(22), capabilities),
        when(linux && pod.since(19), seccomp),
        when(pod.since(35), proc_mount),
        non_root(pod),
        when(pod.since(23), root_user),
    ];
    all.into_iter().flatten().map(|objection| Objection { level: Level::Restricted, ..objection }).collect()
}

fn volumes(pod: &Pod<'_>) -> Option<Objection> {
    let (index, volume) = list(pod.pod, "/spec/volumes").enumerate().find(|(_, volume)| {
        let Some(volume) = volume.as_object() else { return false };
        // hostPath has a control of its own.
        !volume.keys().any(|key| key == "hostPath" || VOLUMES.contains(&key.as_str()))
    })?;
    Some(Objection {
        control: "volumes",
        level: Level::Restricted,
        path: format!("/spec/volumes/{index}"),
        message: format!("volume '{}' is of a restricted type", text(volume, "/name").unwrap_or_default()),
        hint: "use a PersistentVolumeClaim",
    })
}

/// An unmasked /proc, also for a Pod with its own users.
fn proc_mount(pod: &Pod<'_>) -> Option<Objection> {
    pod.containers(
        "proc-mount",
        "/securityContext/procMount",
        "sees an unmasked /proc",
        "leave procMount out",
        |container| !matches!(text(container, "/securityContext/procMount"), None | Some("Default")),
    )
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
    let by_pod = pod.get("/spec/securityContext/seccompProfile");
    let hint = "set securityContext.seccompProfile.type: RuntimeDefault";
    pod.containers("seccomp", "/securityContext", "has no seccomp profile", hint, |container| {
        let own = container.pointer("/securityContext/seccompProfile").filter(|profile| !profile.is_null());
        !own.or(by_pod).is_some_and(is_confined)
    })
    .or_else(|| {
        let path = "/spec/securityContext/seccompProfile";
        pod.field("seccomp", path, "the pod switches seccomp off", hint, |profile| !is_confined(profile))
    })
}

fn non_root(pod: &Pod<'_>) -> Option<Objection> {
    if pod.has_own_users() {
        return None;
    }
    let by_pod = flag(pod.pod, "/spec/securityContext/runAsNonRoot");
    let hint = "set securityContext.runAsNonRoot: true";
    pod.containers(
        "run-as-non-root",
        "/securityContext",
        "may run as root (runAsNonRoot is not true)",
        hint,
        |container| flag(container, "/securityContext/runAsNonRoot").or(by_pod) != Some(true),
    )
    .or_else(|| {
        let path = "/spec/securityContext/runAsNonRoot";
        pod.field("run-as-non-root", path, "the pod may run as root (runAsNonRoot is false)", hint, |value| {
            value.as_bool() == Some(false)
        })
    })
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
            "the pod runs as root",
            "set another runAsUser",
            is_root,
        )
    })
}
