//! Claims for storage.

use serde_json::Value;

use crate::manifest::Quantity;
use crate::schema::structure::Place;
use crate::schema::violation::{Violation, show};

/// A claim says how it is mounted and how large it is.
pub(super) fn claim(place: &Place<'_>, _: &Value) -> Vec<Violation> {
    let mut found = Vec::new();
    let modes: Vec<&str> = place
        .value
        .get("accessModes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let path = format!("{}/accessModes", place.path);
    if modes.is_empty() {
        let message = "a claim needs at least one access mode";
        found.push(Violation::error("api-claim", path, message).hint("add `accessModes: [ReadWriteOnce]`"));
    } else if modes.contains(&"ReadWriteOncePod") && modes.len() > 1 {
        let message = "ReadWriteOncePod cannot stand with another access mode";
        found.push(Violation::error("api-claim", path, message).hint("keep one of them"));
    }
    let path = format!("{}/resources/requests/storage", place.path);
    match place.value.pointer("/resources/requests/storage") {
        None | Some(Value::Null) => {
            let message = "a claim needs a size";
            found.push(
                Violation::error("api-claim", path, message)
                    .hint("add `resources.requests.storage`, e.g. 10Gi"),
            );
        }
        Some(size) => {
            if Quantity::of(size).is_ok_and(|size| size.is_zero() || size.is_negative()) {
                let message = format!("the size {} is not above zero", show(size));
                found.push(Violation::error("api-claim", path, message).hint("give a size such as 10Gi"));
            }
        }
    }
    found
}
