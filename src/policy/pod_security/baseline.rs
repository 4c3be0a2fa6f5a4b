//! The controls of level *baseline*: known ways out of a container.

use serde_json::Value;

use super::{Level, Objection, Pod, flag, list, text};

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
/// Kernel parameters that are of the Pod alone, with the minor version since which they count as such.
const SYSCTLS: [(&str, u32); 14] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
    ("net.ipv4.tcp_slow_start_after_idle", 37),
    ("net.ipv4.tcp_notsent_lowat", 37),
];
/// SELinux types, with the minor version since which they are allowed.
const SELINUX_TYPES: [(&str, u32); 5] = [
    ("", 0),
    ("container_t", 0),
    ("container_init_t", 0),
    ("container_kvm_t", 0),
    ("container_engine_t", 31),
];
/// Annotations of profiles before there were fields.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

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
        ),
        pod.containers(
            "host-process",
            "/securityContext/windowsOptions",
            "runs as a process of the Windows host",
            "leave windowsOptions.hostProcess out",
            |container| flag(container, "/securityContext/windowsOptions/hostProcess") == Some(true),
        ),
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
                    .any(|port| port.get("hostPort").and_then(Value::as_i64).unwrap_or(0) != 0)
            },
        ),
        pod.containers(
            "host-probes",
            "",
            "has a probe or handler that names another host",
            "leave its host out",
            |container| {
                if !pod.since(34) {
                    return false;
                }
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
            |c| selinux(pod, c.pointer("/securityContext/seLinuxOptions")),
        ),
        pod.field(
            "selinux",
            "/spec/securityContext/seLinuxOptions",
            "the pod sets SELinux options",
            "leave seLinuxOptions out",
            |options| selinux(pod, Some(options)),
        ),
        pod.containers(
            "app-armor",
            "/securityContext/appArmorProfile",
            "switches AppArmor off",
            "use the type RuntimeDefault",
            |container| {
                container
                    .pointer("/securityContext/appArmorProfile")
                    .is_some_and(|profile| !is_confined(profile))
            },
        ),
        pod.field(
            "app-armor",
            "/spec/securityContext/appArmorProfile",
            "the pod switches AppArmor off",
            "use the type RuntimeDefault",
            |profile| !is_confined(profile),
        ),
        pod.field(
            "sysctls",
            "/spec/securityContext/sysctls",
            "the pod sets kernel parameters of the node",
            "leave them out, or ask whoever runs the cluster",
            |all| list(all, "").any(|one| !text(one, "/name").is_some_and(|name| is_of_the_pod(pod, name))),
        ),
    ];
    found.extend(once.into_iter().flatten());
    found.extend(annotations(pod));
    found.extend(seccomp(pod));
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
        pod.field("host-namespaces", &path, message, "leave it out", |value| value.as_bool() == Some(true))
    });
    let process = pod.field(
        "host-process",
        "/spec/securityContext/windowsOptions",
        "the pod runs as processes of the Windows host",
        "leave windowsOptions.hostProcess out",
        |options| flag(options, "/hostProcess") == Some(true),
    );
    let paths = list(pod.pod, "/spec/volumes").enumerate().filter_map(|(index, volume)| {
        volume.get("hostPath").filter(|path| !path.is_null())?;
        Some(Objection {
            control: "host-path",
            level: Level::Baseline,
            path: format!("/spec/volumes/{index}/hostPath"),
            message: format!(
                "volume '{}' mounts a path of the node",
                text(volume, "/name").unwrap_or_default()
            ),
            hint: "use a PersistentVolumeClaim or an emptyDir",
        })
    });
    namespaces.chain(process).chain(paths).collect()
}

fn selinux(pod: &Pod<'_>, options: Option<&Value>) -> bool {
    options.is_some_and(|options| {
        let kind = text(options, "/type").unwrap_or_default();
        !SELINUX_TYPES.iter().any(|(known, since)| *known == kind && pod.since(*since))
            || text(options, "/user").is_some_and(|user| !user.is_empty())
            || text(options, "/role").is_some_and(|role| !role.is_empty())
    })
}

fn is_of_the_pod(pod: &Pod<'_>, name: &str) -> bool {
    SYSCTLS.iter().any(|(known, since)| *known == name && pod.since(*since))
}

/// Whether an AppArmor or seccomp profile is the runtime's or a file of the node.
pub(super) fn is_confined(profile: &Value) -> bool {
    matches!(text(profile, "/type"), Some("RuntimeDefault" | "Localhost"))
}

/// AppArmor profiles as annotations, in every version.
fn annotations(pod: &Pod<'_>) -> Option<Objection> {
    let allowed =
        |value: &str| value.is_empty() || value == "runtime/default" || value.starts_with("localhost/");
    let (container, _) = pod.annotations(APP_ARMOR).find(|(_, value)| !allowed(value))?;
    Some(Objection {
        control: "app-armor",
        level: Level::Baseline,
        path: "/metadata/annotations".to_owned(),
        message: format!("an annotation switches AppArmor off for container '{container}'"),
        hint: "leave the annotation out",
    })
}

/// Seccomp profiles that are stated and bad: as fields since 1.19, as annotations before.
fn seccomp(pod: &Pod<'_>) -> Option<Objection> {
    if !pod.since(19) {
        return seccomp_annotations(pod);
    }
    let unconfined = "switches seccomp off";
    let hint = "use the type RuntimeDefault";
    pod.containers("seccomp", "/securityContext/seccompProfile", unconfined, hint, |container| {
        container.pointer("/securityContext/seccompProfile").is_some_and(|profile| !is_confined(profile))
    })
    .or_else(|| {
        let path = "/spec/securityContext/seccompProfile";
        pod.field("seccomp", path, "the pod switches seccomp off", hint, |profile| !is_confined(profile))
    })
}

fn seccomp_annotations(pod: &Pod<'_>) -> Option<Objection> {
    let allowed = |value: &str| {
        matches!(value, "runtime/default" | "docker/default") || value.starts_with("localhost/")
    };
    let of_pod = pod.annotations(SECCOMP_POD).find(|(rest, value)| rest.is_empty() && !allowed(value));
    let names: Vec<String> = pod.containers.iter().map(|container| container.name().to_owned()).collect();
    let of_container = pod
        .annotations(SECCOMP_CONTAINER)
        .find(|(name, value)| names.iter().any(|own| own == name) && !allowed(value));
    of_pod.or(of_container)?;
    Some(Objection {
        control: "seccomp",
        level: Level::Baseline,
        path: "/metadata/annotations".to_owned(),
        message: "an annotation switches seccomp off".to_owned(),
        hint: "leave the annotation out",
    })
}
