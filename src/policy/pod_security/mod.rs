//! The Pod Security Standards: levels *baseline* and *restricted*, in every version since 1.0, as
//! `k8s.io/pod-security-admission` has them (`policy/check_*.go`). One function a control; a later version of a control
//! takes the place of an earlier one.
//!
//! <https://kubernetes.io/docs/concepts/security/pod-security-standards/>

mod baseline;
mod restricted;

use serde_json::Value;

use crate::manifest::{ContainerOf, containers};

/// A level of the standards, the stricter the greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing is objected to.
    Privileged,
    /// Known ways out of a container.
    Baseline,
    /// How a container that needs nothing special is written.
    Restricted,
}

impl Level {
    /// As it stands in labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Privileged => "privileged",
            Self::Baseline => "baseline",
            Self::Restricted => "restricted",
        }
    }

    /// The level of a label's value.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Privileged, Self::Baseline, Self::Restricted].into_iter().find(|level| level.as_str() == text)
    }
}

/// The minor version of Kubernetes whose standards are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32);

impl Version {
    /// Whatever is newest.
    pub const LATEST: Self = Self(u32::MAX);

    /// `latest` or `v1.34`.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "latest" {
            return Some(Self::LATEST);
        }
        let minor = text.strip_prefix("v1.")?;
        let canonical = minor == "0" || !minor.starts_with('0');
        let digits = !minor.is_empty() && minor.bytes().all(|byte| byte.is_ascii_digit());
        if canonical && digits { minor.parse().ok().map(Self) } else { None }
    }
}

/// What a namespace's labels ask of its Pods: level and version for `enforce`, `audit` or `warn`.
///
/// # Errors
/// A label whose value is none; the API server then enforces *restricted* (and refuses such a label on the Namespace).
pub fn labelled(namespace: &Value, mode: &str) -> Result<Option<(Level, Version)>, String> {
    let label = |suffix: &str| {
        let name = format!("pod-security.kubernetes.io/{mode}{suffix}");
        let value = namespace.pointer("/metadata/labels")?.get(&name)?.as_str()?;
        Some((name, value.to_owned()))
    };
    let Some((name, level)) = label("") else { return Ok(None) };
    let level = Level::parse(&level).ok_or_else(|| {
        format!("label {name} is '{level}', and no level: privileged, baseline or restricted")
    })?;
    let version = match label("-version") {
        None => Version::LATEST,
        Some((name, version)) => Version::parse(&version)
            .ok_or_else(|| format!("label {name} is '{version}', and no version: latest or v1.N"))?,
    };
    Ok(Some((level, version)))
}

/// What a control objects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The control, in kebab case: `host-ports`.
    pub control: &'static str,
    /// The level that objects.
    pub level: Level,
    /// JSON pointer in the Pod.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What to do next.
    pub hint: &'static str,
}

/// What a level in a version objects to in a Pod.
pub fn objections(pod: &Value, level: Level, version: Version) -> Vec<Objection> {
    let pod = Pod { pod, containers: containers(pod), version };
    let mut found = match level {
        Level::Privileged => Vec::new(),
        Level::Baseline | Level::Restricted => baseline::objections(&pod),
    };
    if level == Level::Restricted {
        let stricter = restricted::objections(&pod);
        // One control says one thing: the stricter level's word stands.
        found.retain(|weak| !stricter.iter().any(|strict| strict.control == weak.control));
        found.extend(stricter);
    }
    found
}

/// A Pod with its containers at hand.
struct Pod<'a> {
    pod: &'a Value,
    containers: Vec<ContainerOf<'a>>,
    version: Version,
}

impl<'a> Pod<'a> {
    fn get(&self, pointer: &str) -> Option<&'a Value> {
        self.pod.pointer(pointer).filter(|value| !value.is_null())
    }

    fn since(&self, minor: u32) -> bool {
        self.version >= Version(minor)
    }

    /// Windows pods have no Linux security context; this is taken into account since 1.25.
    fn is_windows(&self) -> bool {
        self.since(25) && self.get("/spec/os/name").and_then(Value::as_str) == Some("windows")
    }

    /// User namespaces: root inside is nobody outside, and the standards relax, since 1.35.
    fn has_own_users(&self) -> bool {
        self.since(35) && self.get("/spec/hostUsers").and_then(Value::as_bool) == Some(false)
    }

    /// Annotations whose name begins so, with what stands behind that.
    fn annotations(&self, prefix: &'static str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let all = self.get("/metadata/annotations").and_then(Value::as_object);
        all.into_iter()
            .flatten()
            .filter_map(move |(name, value)| Some((name.strip_prefix(prefix)?, value.as_str()?)))
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
            level: Level::Baseline,
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
        message: &str,
        hint: &'static str,
        bad: impl Fn(&Value) -> bool,
    ) -> Option<Objection> {
        self.get(path).filter(|value| bad(value))?;
        Some(Objection {
            control,
            level: Level::Baseline,
            path: path.to_owned(),
            message: message.to_owned(),
            hint,
        })
    }
}

/// A boolean field; absent is `None`.
fn flag(value: &Value, pointer: &str) -> Option<bool> {
    value.pointer(pointer).and_then(Value::as_bool)
}

/// A string field; absent is `None`.
fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// A list field; absent is empty.
fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn controls(spec: &Value, level: Level, version: Version) -> Vec<&'static str> {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec});
        objections(&pod, level, version).into_iter().map(|objection| objection.control).collect()
    }

    #[test]
    fn a_control_holds_from_its_version_on() {
        let probe =
            json!({"containers": [{"name": "a", "livenessProbe": {"httpGet": {"host": "10.0.0.1"}}}]});
        assert!(controls(&probe, Level::Baseline, Version(33)).is_empty());
        assert_eq!(controls(&probe, Level::Baseline, Version(34)), ["host-probes"]);
        let sysctl = json!({"containers": [], "securityContext": {"sysctls": [{"name": "net.ipv4.tcp_notsent_lowat"}]}});
        assert_eq!(controls(&sysctl, Level::Baseline, Version(36)), ["sysctls"]);
        assert!(controls(&sysctl, Level::Baseline, Version::LATEST).is_empty());
    }

    #[test]
    fn the_stricter_level_speaks_once_for_a_control() {
        let adds = json!({"containers": [{"name": "a", "securityContext": {"capabilities": {"add": ["SYS_ADMIN"]}}}]});
        assert_eq!(controls(&adds, Level::Baseline, Version::LATEST), ["capabilities"]);
        let all = controls(&adds, Level::Restricted, Version::LATEST);
        assert_eq!(all.iter().filter(|control| **control == "capabilities").count(), 1, "{all:?}");
        assert!(controls(&adds, Level::Privileged, Version::LATEST).is_empty());
    }

    #[test]
    fn labels_say_level_and_version_and_a_wrong_one_is_no_level() {
        let namespace = |labels: Value| json!({"metadata": {"labels": labels}});
        let enforce = "pod-security.kubernetes.io/enforce";
        let version = "pod-security.kubernetes.io/enforce-version";
        assert_eq!(labelled(&namespace(json!({})), "enforce"), Ok(None));
        assert_eq!(
            labelled(&namespace(json!({enforce: "baseline", version: "v1.29"})), "enforce"),
            Ok(Some((Level::Baseline, Version(29))))
        );
        assert_eq!(
            labelled(&namespace(json!({enforce: "restricted"})), "enforce"),
            Ok(Some((Level::Restricted, Version::LATEST)))
        );
        assert!(labelled(&namespace(json!({enforce: "strict"})), "enforce").is_err());
        for wrong in ["1.29", "v1.029", "v2.1", "v1.", "newest"] {
            assert!(
                labelled(&namespace(json!({enforce: "baseline", version: wrong})), "enforce").is_err(),
                "{wrong}"
            );
        }
    }
}
