//! Services and Ingresses.

use std::collections::HashSet;

use serde_json::Value;

use super::container::{port_name, port_number};
use super::{entries, has, text};
use crate::schema::metadata::dns_label;
use crate::schema::structure::Place;
use crate::schema::violation::Violation;

/// A Service has ports (unless it is headless or external); with more than one, each has a name of its own.
pub(super) fn ports(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let ports = entries(place.value, &place.path, "ports");
    let is_headless = text(place.value, "clusterIP") == Some("None");
    if ports.is_empty() && !is_headless && text(place.value, "type") != Some("ExternalName") {
        let message = "the Service has no ports";
        found.push(
            Violation::error("schema-required", format!("{}/ports", place.path), message)
                .hint("add `ports`, or `clusterIP: None` for a headless Service"),
        );
    }
    let mut names = HashSet::new();
    for (path, port) in &ports {
        found.extend(port_number(port.get("port"), &format!("{path}/port")));
        found.extend(port_number(port.get("targetPort"), &format!("{path}/targetPort")));
        if let Some((target, reason)) =
            text(port, "targetPort").and_then(|name| Some((name, port_name(name)?)))
        {
            let message = format!("the target port `{target}` {reason}");
            let hint = match target.parse::<u16>() {
                Ok(number) => format!("write the number without quotes: {number}"),
                Err(_) => "use a number, or the name of a container port".to_owned(),
            };
            found.push(Violation::error("api-port-names", format!("{path}/targetPort"), message).hint(hint));
        }
        match text(port, "name") {
            None if ports.len() > 1 => {
                let message = "a Service with more than one port needs a name for each";
                found.push(
                    Violation::error("api-port-names", format!("{path}/name"), message).hint("add `name`"),
                );
            }
            None => {}
            Some(name) => {
                let path = format!("{path}/name");
                if let Some(reason) = dns_label(name) {
                    let message = format!("the port name `{name}` {reason}");
                    found.push(
                        Violation::error("api-port-names", path.clone(), message)
                            .hint("use lower-case letters, digits and `-`, e.g. `http`"),
                    );
                }
                if !names.insert(name) {
                    let message = format!("two ports of this Service are named `{name}`");
                    found.push(Violation::error("api-port-names", path, message).hint("rename one"));
                }
            }
        }
    }
    found
}

/// `ExternalName` needs the name, and nothing else needs it.
pub(super) fn external_name(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let is_external = text(place.value, "type") == Some("ExternalName");
    if !is_external || has(place.value, "externalName") {
        return Vec::new();
    }
    let message = "a Service of type ExternalName needs `externalName`";
    let path = format!("{}/externalName", place.path);
    vec![Violation::error("schema-required", path, message).hint("add `externalName`, e.g. db.example.com")]
}

/// The path of an Ingress rule is absolute, unless its class interprets it.
pub(super) fn ingress_path(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let is_own = text(place.value, "pathType") == Some("ImplementationSpecific");
    let path = format!("{}/path", place.path);
    match text(place.value, "path") {
        Some(route) if !route.starts_with('/') => {
            let message = format!("the path `{route}` does not begin with `/`");
            vec![Violation::error("api-ingress-path", path, message).hint(format!("write `/{route}`"))]
        }
        None if !is_own => {
            let message = "the rule has no path";
            vec![Violation::error("api-ingress-path", path, message).hint("add `path: /`")]
        }
        _ => Vec::new(),
    }
}
