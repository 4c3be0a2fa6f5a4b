//! Requests and limits: requests ≤ limits; GPUs and other extended resources in whole numbers, requests = limits.

use serde_json::{Map, Value};

use crate::manifest::Quantity;
use crate::schema::structure::Place;
use crate::schema::unknown::similar;
use crate::schema::violation::{Violation, join, show};

/// Resources of a container that are not extended.
const NATIVE: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// What the server asks of every pair of requests and limits.
pub(super) fn requests_and_limits(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let empty = Map::new();
    let map = |field: &str| place.value.get(field).and_then(Value::as_object).unwrap_or(&empty);
    let (requests, limits) = (map("requests"), map("limits"));
    let mut found = Vec::new();
    for (field, amounts) in [("requests", requests), ("limits", limits)] {
        for (resource, amount) in amounts {
            let path = join(&format!("{}/{field}", place.path), resource);
            found.extend(resource_name(resource, &path));
            found.extend(amount_of(resource, amount, &path));
        }
    }
    for (resource, request) in requests {
        let path = join(&format!("{}/requests", place.path), resource);
        found.extend(pair(resource, request, limits.get(resource), &path));
    }
    found
}

/// Whether requests may be smaller than limits.
fn may_overcommit(resource: &str) -> bool {
    NATIVE.contains(&resource)
}

/// Extended resources have a domain: `nvidia.com/gpu`.
fn is_extended(resource: &str) -> bool {
    resource.split_once('/').is_some_and(|(domain, _)| !domain.ends_with("kubernetes.io"))
}

fn resource_name(resource: &str, path: &str) -> Option<Violation> {
    let is_known = NATIVE.contains(&resource) || resource.starts_with("hugepages-") || resource.contains('/');
    if is_known {
        return None;
    }
    let message = format!("`{resource}` is not a resource of a container");
    let hint = match similar(resource, NATIVE.into_iter()) {
        _ if resource.contains("gpu") => "name the vendor too, e.g. `nvidia.com/gpu`".to_owned(),
        Some(close) => format!("did you mean `{close}`?"),
        None => format!("use {}, or an extended resource such as `nvidia.com/gpu`", NATIVE.join(", ")),
    };
    Some(Violation::error("api-resource-name", path, message).hint(hint))
}

fn amount_of(resource: &str, amount: &Value, path: &str) -> Option<Violation> {
    let quantity = Quantity::of(amount).ok()?;
    if quantity.is_negative() {
        let message = format!("{} of `{resource}` is below zero", show(amount));
        return Some(Violation::error("api-requests-limits", path, message).hint("use zero or more"));
    }
    if is_extended(resource) && !quantity.is_whole() {
        let message = format!("`{resource}` is given out whole, and {} is not a whole number", show(amount));
        return Some(
            Violation::error("api-extended-resource", path, message).hint("use a whole number, e.g. 1"),
        );
    }
    None
}

fn pair(resource: &str, request: &Value, limit: Option<&Value>, path: &str) -> Option<Violation> {
    let Some(limit) = limit else {
        if may_overcommit(resource) || !(is_extended(resource) || resource.starts_with("hugepages-")) {
            return None;
        }
        let message = format!("`{resource}` is requested without a limit");
        let hint =
            format!("set `limits` of `{resource}` to {} too; `requests` may then be left out", show(request));
        return Some(Violation::error("api-extended-resource", path, message).hint(hint));
    };
    let (asked, most) = (Quantity::of(request).ok()?, Quantity::of(limit).ok()?);
    if asked != most && !may_overcommit(resource) {
        let message = format!(
            "`{resource}` requests {} and is limited to {}; they must be equal",
            show(request),
            show(limit)
        );
        return Some(
            Violation::error("api-extended-resource", path, message).hint("give both the same number"),
        );
    }
    if asked > most {
        let message = format!("`{resource}` requests {}, more than its limit {}", show(request), show(limit));
        let hint = "raise the limit or lower the request";
        return Some(Violation::error("api-requests-limits", path, message).hint(hint));
    }
    None
}
