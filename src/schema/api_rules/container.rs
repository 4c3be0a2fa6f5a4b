//! Containers: image, ports, mounts, probes, environment.

use std::collections::HashSet;

use serde_json::Value;

use super::{entries, has, text};
use crate::schema::structure::Place;
use crate::schema::violation::{Violation, show};

/// What a probe can do.
const PROBE_HANDLERS: [&str; 4] = ["exec", "grpc", "httpGet", "tcpSocket"];

/// What a lifecycle hook can do.
const LIFECYCLE_HANDLERS: [&str; 4] = ["exec", "httpGet", "sleep", "tcpSocket"];

/// A container has an image, without spaces around it.
pub(super) fn image(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let path = format!("{}/image", place.path);
    match text(place.value, "image") {
        None => {
            let message = match text(place.value, "name") {
                Some(name) => format!("the container `{name}` has no image"),
                None => "the container has no image".to_owned(),
            };
            vec![Violation::error("api-image", path, message).hint("add `image`")]
        }
        Some(image) if image.trim() != image => {
            let message = format!("the image `{image}` begins or ends with a space");
            vec![Violation::error("api-image", path, message).hint(format!("write `{}`", image.trim()))]
        }
        Some(_) => Vec::new(),
    }
}

/// Ports are 1 to 65535; their names are unique and at most 15 characters.
pub(super) fn ports(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let mut names = HashSet::new();
    for (path, port) in entries(place.value, &place.path, "ports") {
        for field in ["containerPort", "hostPort"] {
            let is_unset = field == "hostPort" && port.get(field).and_then(Value::as_i64) == Some(0);
            if !is_unset {
                found.extend(port_number(port.get(field), &format!("{path}/{field}")));
            }
        }
        let Some(name) = text(port, "name") else { continue };
        if let Some(reason) = port_name(name) {
            let message = format!("the port name `{name}` {reason}");
            found.push(
                Violation::error("api-port-names", format!("{path}/name"), message)
                    .hint("use at most 15 lower-case letters, digits and `-`, e.g. `http`"),
            );
        }
        if !names.insert(name) {
            let message = format!("two ports of this container are named `{name}`");
            found
                .push(Violation::error("api-port-names", format!("{path}/name"), message).hint("rename one"));
        }
    }
    found
}

/// What is wrong with a port number, where it is a number.
pub(super) fn port_number(value: Option<&Value>, path: &str) -> Option<Violation> {
    let number = value?.as_i64()?;
    if (1..=65535).contains(&number) {
        return None;
    }
    let message = format!("{number} is not a port number");
    Some(Violation::error("schema-range", path, message).hint("use 1 to 65535"))
}

/// What keeps a text from being a port name (IANA service name), as the end of a sentence.
pub(super) fn port_name(name: &str) -> Option<&'static str> {
    if name.len() > 15 {
        Some("has more than 15 characters")
    } else if !name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-') {
        Some("may have only lower-case letters, digits and `-`")
    } else if !name.contains(|c: char| c.is_ascii_lowercase()) {
        Some("needs at least one letter")
    } else if name.starts_with('-') || name.ends_with('-') || name.contains("--") {
        Some("begins or ends with `-`, or has two of them in a row")
    } else {
        None
    }
}

/// A mount path is not empty and has no colon.
pub(super) fn mount_paths(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    entries(place.value, &place.path, "volumeMounts")
        .into_iter()
        .filter_map(|(path, mount)| {
            let target = mount.get("mountPath").and_then(Value::as_str)?;
            let (what, hint) = if target.is_empty() {
                ("is empty", "give the directory inside the container, e.g. /data")
            } else if target.contains(':') {
                ("contains `:`", "remove the colon; a mount path is only the place inside the container")
            } else {
                return None;
            };
            let message = format!("the mount path `{target}` {what}");
            Some(Violation::error("api-volume-mount", format!("{path}/mountPath"), message).hint(hint))
        })
        .collect()
}

/// A probe has exactly one handler; liveness and startup succeed at the first success.
pub(super) fn probes(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    for field in ["livenessProbe", "readinessProbe", "startupProbe"] {
        let Some(probe) = place.value.get(field).filter(|probe| probe.is_object()) else { continue };
        let path = format!("{}/{field}", place.path);
        found.extend(one_handler(probe, &PROBE_HANDLERS, &path, field));
        let threshold = probe.get("successThreshold").and_then(Value::as_i64);
        if field != "readinessProbe" && threshold.is_some_and(|threshold| threshold > 1) {
            let message = format!("`successThreshold` of a {field} must be 1");
            found.push(
                Violation::error("api-probe-handler", format!("{path}/successThreshold"), message)
                    .hint("remove `successThreshold`"),
            );
        }
    }
    found
}

/// A lifecycle hook has exactly one handler.
pub(super) fn lifecycle(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let name = place.path.rsplit('/').next().unwrap_or_default();
    one_handler(place.value, &LIFECYCLE_HANDLERS, &place.path, name).into_iter().collect()
}

fn one_handler(value: &Value, handlers: &[&str], path: &str, name: &str) -> Option<Violation> {
    let set: Vec<&str> = handlers.iter().copied().filter(|handler| has(value, handler)).collect();
    let message = match set.as_slice() {
        [_] => return None,
        [] => format!("`{name}` says nothing to do"),
        several => format!("`{name}` has {}; only one is allowed", several.join(" and ")),
    };
    let hint = format!("set exactly one of {}", handlers.join(", "));
    Some(Violation::error("api-probe-handler", path, message).hint(hint))
}

/// A variable has a usable name, and a value or a source, not both; a source is exactly one.
pub(super) fn env(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let name = place.value.get("name").and_then(Value::as_str);
    if let Some(name) = name.filter(|name| name.is_empty() || name.contains('=') || !name.is_ascii()) {
        let message = format!("{} cannot name an environment variable", show(&Value::from(name)));
        found.push(
            Violation::error("api-env-name", format!("{}/name", place.path), message)
                .hint("use letters, digits and `_`; the value goes under `value`"),
        );
    }
    let Some(source) = place.value.get("valueFrom").and_then(Value::as_object) else { return found };
    let path = format!("{}/valueFrom", place.path);
    if text(place.value, "value").is_some() {
        let message = format!("`{}` has both `value` and `valueFrom`", name.unwrap_or_default());
        found.push(Violation::error("api-env-value", path.clone(), message).hint("remove one of the two"));
    }
    let sources: Vec<&str> =
        source.iter().filter(|(_, value)| !value.is_null()).map(|(field, _)| field.as_str()).collect();
    if sources.len() != 1 {
        let message = format!("`valueFrom` needs exactly one source and has {}", sources.len());
        found.push(
            Violation::error("api-env-value", path, message)
                .hint("set one of configMapKeyRef, secretKeyRef, fieldRef, resourceFieldRef"),
        );
    }
    found
}
