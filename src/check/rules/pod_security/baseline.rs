//! The controls of level *baseline*: known ways out of a container.

use serde_json::Value;

use super::super::{flag, list, text};
use super::{Objection, Pod};

/// Capabilities that a container may add.
const CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];
/// Kernel parameters that are of the Pod alone.
const SYSCTLS: [&str; 12] = [
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.ping_group_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
];
const SELINUX_TYPES: [&str; 5] =
    ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];

/// What this level objects to.
pub(super) fn objections(pod: &Pod<'_>) -> Vec<Objection> {
    let mut found = host(pod);
    let once = [
        pod.containers(
            "privileged",
            "/securityContext/privileged",
            "is privileged: it has the node",
            "leave securityContext.privileged out",
            |container| flag(container, "/securityContext/privileged") == Some(true),
        )
        .map(Objection::error),
        pod.containers(
            "host-process",
            "/securityContext/windowsOptions",
            "runs as a process of the Windows host",
            "leave windowsOptions.hostProcess out",
            |container| flag(container, "/securityContext/windowsOptions/hostProcess") == Some(true),
        )
        .map(Objection::error),
        pod.containers(
            "capabilities",
            "/securityContext/capabilities/add",
            "adds capabilities beyond those of an ordinary container",
            "leave capabilities.add out",
            |container| {
                list(container, "/securityContext/capabilities/add")
                    .any(|added| !added.as_str().is_some_and(|added| CAPABILITIES.contains(&added)))
            },
        ),
        pod.containers(
            "host-ports",
            "/ports",
            "takes a port of the node (hostPort)",
            "use a Service to be reached",
            |container| {
                list(container, "/ports")
                    .any(|port| port.get("hostPort").and_then(Value::as_u64).unwrap_or(0) > 0)
            },
        ),
        pod.containers(
            "host-probes",
            "",
            "has a probe or handler that names another host",
            "leave its host out",
            |container| {
                let probes = [
                    "/livenessProbe",
                    "/readinessProbe",
                    "/startupProbe",
                    "/lifecycle/postStart",
                    "/lifecycle/preStop",
                ];
                probes.iter().any(|probe| {
                    let host =
                        |action: &str| text(container, &format!("{probe}/{action}/host")).unwrap_or_default();
                    ["httpGet", "tcpSocket"].iter().any(|action| !host(action).is_empty())
                })
            },
        ),
        pod.containers(
            "proc-mount",
            "/securityContext/procMount",
            "sees an unmasked /proc",
            "leave procMount out",
            |container| {
                !pod.has_own_users()
                    && !matches!(text(container, "/securityContext/procMount"), None | Some("Default"))
            },
        ),
        pod.containers(
            "selinux",
            "/securityContext/seLinuxOptions",
            "sets SELinux options",
            "leave seLinuxOptions out",
            |c| selinux(c.pointer("/securityContext/seLinuxOptions")),
        ),
        pod.field(
            "selinux",
            "/spec/securityContext/seLinuxOptions",
            "the pod sets SELinux options".to_owned(),
            "leave seLinuxOptions out",
            |options| selinux(Some(options)),
        ),
        pod.containers(
            "app-armor",
            "/securityContext/appArmorProfile",
            "switches AppArmor off",
            "use the type RuntimeDefault",
            |container| text(container, "/securityContext/appArmorProfile/type") == Some("Unconfined"),
        ),
        pod.field(
            "app-armor",
            "/spec/securityContext/appArmorProfile",
            "the pod switches AppArmor off".to_owned(),
            "use the type RuntimeDefault",
            |profile| text(profile, "/type") == Some("Unconfined"),
        ),
        pod.field(
            "sysctls",
            "/spec/securityContext/sysctls",
            "the pod sets kernel parameters of the node".to_owned(),
            "leave them out, or ask whoever runs the cluster",
            |all| list(all, "").any(|one| !text(one, "/name").is_some_and(|name| SYSCTLS.contains(&name))),
        ),
    ];
    found.extend(once.into_iter().flatten());
    found
}

/// What belongs to the node.
fn host(pod: &Pod<'_>) -> Vec<Objection> {
    let shared = [
        ("hostNetwork", "the pod uses the network of the node"),
        ("hostPID", "the pod sees the processes of the node"),
        ("hostIPC", "the pod shares memory with the node"),
    ];
    let namespaces = shared.into_iter().filter_map(|(field, message)| {
        let path = format!("/spec/{field}");
        pod.field("host-namespaces", &path, message.to_owned(), "leave it out", |value| {
            value.as_bool() == Some(true)
        })
    });
    let process = pod.field(
        "host-process",
        "/spec/securityContext/windowsOptions",
        "the pod runs as processes of the Windows host".to_owned(),
        "leave windowsOptions.hostProcess out",
        |options| flag(options, "/hostProcess") == Some(true),
    );
    let paths = list(pod.pod, "/spec/volumes").enumerate().filter_map(|(index, volume)| {
        volume.get("hostPath").filter(|path| !path.is_null())?;
        Some(Objection {
            control: "host-path",
            severity: crate::finding::Severity::Error,
            path: format!("/spec/volumes/{index}/hostPath"),
            message: format!(
                "volume '{}' mounts a path of the node",
                text(volume, "/name").unwrap_or_default()
            ),
            hint: "use a PersistentVolumeClaim or an emptyDir",
        })
    });
    namespaces.chain(process).map(Objection::error).chain(paths).collect()
}

fn selinux(options: Option<&Value>) -> bool {
    options.is_some_and(|options| {
        !SELINUX_TYPES.contains(&text(options, "/type").unwrap_or_default())
            || text(options, "/user").is_some_and(|user| !user.is_empty())
            || text(options, "/role").is_some_and(|role| !role.is_empty())
    })
}
