//! What the API server fills in when an object is created.

mod native;

use serde_json::{Map, Value};

use super::node::Node;
use super::set::SchemaSet;
use crate::manifest::ObjectKey;

/// A copy of an object with what the API server would fill in on CREATE: the defaults that the schema states, and for
/// built-in types those of the server's code that policies and people look at (see `defaults/native.rs`). What admission
/// plugins add (service account, tolerations, limit ranges) is not a default and not in it. An object of an unknown kind is
/// returned as it is; a status is left alone.
pub fn defaulted(object: &Value, set: &SchemaSet) -> Value {
    let mut result = object.clone();
    if let Some(kind) = set.kind(&ObjectKey::of(object).gvk()) {
        fill(kind.node, &mut result, kind.info.definition.is_none());
        if let (true, Value::Object(map)) = (kind.info.definition.is_none(), &mut result) {
            native::whole_object(&kind.info.gvk, map);
        }
    }
    result
}

/// Fills in a value and all that is inside of it. `is_native` is true within types that the server decodes into Go types:
/// there null is "not set".
fn fill(node: Node<'_>, value: &mut Value, is_native: bool) {
    let is_native = is_native || node.component().is_some();
    match value {
        Value::Object(map) => fill_object(node, map, is_native),
        Value::Array(list) => {
            if let Some(items) = node.items() {
                list.iter_mut().for_each(|entry| fill(items, entry, is_native));
            }
        }
        // The server holds a quantity as a string, however it was written: a policy's `quantity(…)` takes nothing else.
        Value::Number(number) if node.is_quantity() => *value = Value::String(number.to_string()),
        _ => {}
    }
}

fn fill_object(node: Node<'_>, map: &mut Map<String, Value>, is_native: bool) {
    if is_native {
        map.retain(|_, value| !value.is_null());
    }
    for (field, child) in node.properties() {
        let Some(default) = child.default() else { continue };
        let accepts_null = child.schema().nullable || child.site().nullable;
        let is_unset = match map.get(field) {
            None => true,
            Some(value) => value.is_null() && !accepts_null,
        };
        if is_unset {
            map.insert(field.to_owned(), default.clone());
        }
    }
    for (field, value) in map.iter_mut() {
        if field == "status" {
            continue;
        }
        if let Some(child) = node.property(field).or_else(|| node.values()) {
            fill(child, value, is_native);
        }
    }
    if let Some(component) = node.component() {
        native::type_defaults(component, map);
    }
}
