//! The walk over an object along its schema: unknown fields, types, required fields, constraints, list keys.
//!
//! Built-in kinds are judged as their Go types decode (null is "not set", an empty string passes an enum), custom kinds as
//! their structural schema says. On the way the walk notes which component stands where; the rules of the API that a
//! schema cannot say ([`super::api_rules`]) and the checks of metadata start from these places.

use std::collections::BTreeMap;

use serde_json::Value;

use super::constraints::{combined, has_type, is_integer, local};
use super::kinds::KindSchema;
use super::node::Node;
use super::set::SchemaSet;
use super::unknown::{self, Enclosing};
use super::violation::{Violation, join, show, type_of};
use crate::manifest::Quantity;

/// A value whose type is a named component.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    /// Name of the component.
    pub(super) component: &'a str,
    /// JSON pointer of the value.
    pub(super) path: String,
    /// The value.
    pub(super) value: &'a Value,
}

/// What a walk found.
pub(super) struct Walked<'a> {
    pub(super) violations: Vec<Violation>,
    pub(super) places: Vec<Place<'a>>,
}

/// Walks an object along the schema of its kind.
pub(super) fn walk<'a>(set: &'a SchemaSet, kind: KindSchema<'a>, object: &'a Value) -> Walked<'a> {
    let mut walk = Walk {
        set,
        around: Vec::new(),
        name: String::new(),
        walked: Walked { violations: Vec::new(), places: Vec::new() },
    };
    walk.value(kind.node, object, "", kind.info.definition.is_none());
    walk.walked
}

struct Walk<'a> {
    set: &'a SchemaSet,
    around: Vec<Enclosing<'a>>,
    /// What the next object is called in hints.
    name: String,
    walked: Walked<'a>,
}

impl<'a> Walk<'a> {
    fn say(&mut self, violation: Violation) {
        self.walked.violations.push(violation);
    }

    /// `native` is true within types that the server decodes into Go types.
    fn value(&mut self, node: Node<'a>, value: &'a Value, path: &str, native: bool) {
        if let Some(name) = node.broken() {
            return self.say(Violation::unevaluated(
                path,
                format!("the schema of this field, `{name}`, is missing, so {} was not checked", show(value)),
            ));
        }
        let native = native || node.component().is_some();
        let (schema, site) = (node.schema(), node.site());
        if value.is_null() {
            if !is_null_accepted(node, native) {
                self.say(wrong_type(node, value, path).hint("remove the field or give it a value"));
            }
            return;
        }
        if let Some(component) = node.component() {
            self.walked.places.push(Place { component, path: path.to_owned(), value });
        }
        if node.is_quantity() {
            return self.quantity(value, path);
        }
        let fits = if node.is_int_or_string() {
            value.is_string() || is_integer(value)
        } else {
            has_type(schema.type_name.as_deref(), value)
        };
        if !fits {
            let violation = wrong_type(node, value, path);
            return self.say(match type_hint(schema.type_name.as_deref(), value) {
                Some(hint) => violation.hint(hint),
                None => violation,
            });
        }
        // An empty string is how a Go client says "not set".
        if !(native && value.as_str() == Some("") && !schema.values.is_empty()) {
            self.walked.violations.extend(local(schema, value, path));
        }
        if !node.is_int_or_string() || !native {
            self.walked.violations.extend(combined(schema, value, path));
        }
        if !std::ptr::eq(site, schema) {
            self.walked.violations.extend(local(site, value, path));
            self.walked.violations.extend(combined(site, value, path));
        }
        match value {
            Value::Object(map) => {
                let name = std::mem::take(&mut self.name);
                self.around.push(Enclosing { node, name: name.clone() });
                self.object(node, map, path, native);
                self.around.pop();
                self.name = name;
            }
            Value::Array(list) => self.array(node, list, path, native),
            _ => {}
        }
    }

    fn object(&mut self, node: Node<'a>, map: &'a serde_json::Map<String, Value>, path: &str, native: bool) {
        let schema = node.schema();
        for (field, value) in map {
            let at = join(path, field);
            if let Some(child) = node.property(field).or_else(|| node.values()) {
                self.name.clone_from(field);
                self.value(child, value, &at, native);
            } else if schema.embedded_resource && matches!(field.as_str(), "apiVersion" | "kind" | "metadata")
            {
                self.embedded(field, value, &at);
            } else if !node.is_open() && !is_free(node) {
                let hint = unknown::hint(field, &self.around);
                let message = match self.around.last().map(|object| object.name.as_str()) {
                    None | Some("") => format!("unknown field `{field}`"),
                    Some(name) => format!("unknown field `{field}` in `{name}`"),
                };
                self.say(Violation::error("schema-unknown-field", at, message).hint(hint));
            }
        }
        for field in &schema.required {
            let is_missing = match map.get(field) {
                None => true,
                Some(value) => native && value.is_null(),
            };
            // What has a default is set by the server.
            if is_missing && node.property(field).and_then(Node::default).is_none() {
                let message = match self.around.last().map(|object| object.name.as_str()) {
                    None | Some("") => format!("required field `{field}` is missing"),
                    Some(name) => format!("required field `{field}` is missing in `{name}`"),
                };
                let kind = node.property(field).map(|child| describe(child)).unwrap_or_default();
                let hint = format!("add `{field}`{kind}");
                self.say(Violation::error("schema-required", join(path, field), message).hint(hint));
            }
        }
        if schema.embedded_resource {
            for field in ["apiVersion", "kind"].into_iter().filter(|field| !map.contains_key(*field)) {
                let message = format!("required field `{field}` is missing: this is an object of its own");
                let violation = Violation::error("schema-required", join(path, field), message);
                self.say(violation.hint(format!("add `{field}`")));
            }
        }
    }

    /// `apiVersion`, `kind` and `metadata` of an object within an object.
    fn embedded(&mut self, field: &str, value: &'a Value, path: &str) {
        if field != "metadata" {
            if !value.is_string() {
                let message = format!("`{field}` is {}, not a string", type_of(value));
                self.say(Violation::error("schema-type", path, message));
            }
        } else if let Some(schema) = self.set.component(super::crd::OBJECT_META) {
            self.name = "metadata".to_owned();
            self.value(Node::new(self.set, schema), value, path, true);
        }
    }

    fn array(&mut self, node: Node<'a>, list: &'a [Value], path: &str, native: bool) {
        if let Some(items) = node.items() {
            let name = format!("{}[]", self.name);
            for (index, entry) in list.iter().enumerate() {
                if native && entry.is_null() {
                    let violation = wrong_type(items, entry, &format!("{path}/{index}"));
                    self.say(violation.hint("remove the empty entry"));
                    continue;
                }
                self.name.clone_from(&name);
                self.value(items, entry, &format!("{path}/{index}"), native);
            }
        }
        for schema in [node.schema(), node.site()] {
            if schema.list_type.as_deref() == Some("map") && !schema.list_map_keys.is_empty() {
                let found = same_keys(node, &schema.list_map_keys, list, path);
                self.walked.violations.extend(found);
                break;
            }
        }
    }

    fn quantity(&mut self, value: &Value, path: &str) {
        if !value.is_string() && !value.is_number() {
            let message = format!("{} is {}, not a quantity", show(value), type_of(value));
            self.say(Violation::error("schema-type", path, message).hint("write it as 500m, 2 or 64Gi"));
        } else if Quantity::of(value).is_err() {
            let message = format!("{} is not a quantity", show(value));
            self.say(Violation::error("schema-quantity", path, message).hint(quantity_hint(value)));
        }
    }
}

/// Entries of a list that have the same keys as an earlier one.
fn same_keys(node: Node<'_>, keys: &[String], list: &[Value], path: &str) -> Vec<Violation> {
    let mut first: BTreeMap<Vec<String>, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for (index, entry) in list.iter().enumerate() {
        let Some(map) = entry.as_object() else { continue };
        if !keys.iter().any(|key| map.contains_key(key)) {
            continue;
        }
        let values: Vec<Option<&Value>> = keys
            .iter()
            .map(|key| {
                let default = || node.items()?.property(key)?.default();
                map.get(key).or_else(default)
            })
            .collect();
        let identity = values.iter().map(|value| value.map(Value::to_string).unwrap_or_default()).collect();
        let earlier = *first.entry(identity).or_insert(index);
        if earlier != index {
            let named: Vec<String> = keys
                .iter()
                .zip(values)
                .filter_map(|(key, value)| Some(format!("`{key}` {}", show(value?))))
                .collect();
            let message = format!("entry {index} has the same {} as entry {earlier}", named.join(" and "));
            found.push(
                Violation::error("schema-duplicate", format!("{path}/{index}"), message)
                    .hint("rename or remove one of the two entries"),
            );
        }
    }
    found
}

/// A native type that is any JSON.
fn is_free(node: Node<'_>) -> bool {
    node.component().is_some() && node.schema().type_name.is_none()
}

fn is_null_accepted(node: Node<'_>, native: bool) -> bool {
    let (schema, site) = (node.schema(), node.site());
    native
        || schema.nullable
        || site.nullable
        || node.default().is_some()
        || (schema.type_name.is_none() && !schema.int_or_string)
}

fn wrong_type(node: Node<'_>, value: &Value, path: &str) -> Violation {
    let wanted = if node.is_int_or_string() {
        "an integer or a string"
    } else {
        article(node.schema().type_name.as_deref().unwrap_or_default())
    };
    let message = match value {
        Value::Null => format!("it is null, not {wanted}"),
        Value::Object(_) | Value::Array(_) => format!("it is {}, not {wanted}", type_of(value)),
        scalar => format!("{} is {}, not {wanted}", show(scalar), type_of(scalar)),
    };
    Violation::error("schema-type", path, message)
}

fn article(type_name: &str) -> &'static str {
    match type_name {
        "object" => "an object",
        "array" => "a list",
        "string" => "a string",
        "boolean" => "a boolean",
        "integer" => "an integer",
        "number" => "a number",
        _ => "a value of the schema's type",
    }
}

/// How a value of the wrong type is written in the right one.
fn type_hint(type_name: Option<&str>, value: &Value) -> Option<String> {
    match (type_name, value) {
        (Some("string"), Value::Bool(_)) => Some(
            "put it in quotes as it is written; true, false, yes, no, on, off, y and n are booleans without them"
                .to_owned(),
        ),
        (Some("string"), Value::Number(_)) => Some(format!("put it in quotes: \"{value}\"")),
        (Some("integer" | "number"), Value::String(text)) if text.trim().parse::<f64>().is_ok() => {
            Some(format!("write it without quotes: {}", text.trim()))
        }
        (Some("integer"), Value::Number(_)) => Some("use a whole number".to_owned()),
        (Some("boolean"), Value::String(text)) => match text.to_lowercase().as_str() {
            "true" | "yes" | "on" => Some("write true, without quotes".to_owned()),
            "false" | "no" | "off" => Some("write false, without quotes".to_owned()),
            _ => Some("write true or false".to_owned()),
        },
        (Some("array"), Value::Object(_) | Value::String(_)) => {
            Some("make it a list: start each entry with `- `".to_owned())
        }
        (Some("object"), Value::Array(_)) => {
            Some("remove the `- ` in front: this is one object, not a list".to_owned())
        }
        _ => None,
    }
}

/// ` (an object)` behind the name of a field that is to be added.
fn describe(node: Node<'_>) -> String {
    let kind = if node.is_quantity() {
        "a quantity such as 500m or 64Gi"
    } else if node.is_int_or_string() {
        "an integer or a string"
    } else {
        match node.schema().type_name.as_deref() {
            Some(name) => article(name),
            None => return String::new(),
        }
    };
    format!(" ({kind})")
}

/// `64GB` → `64Gi` is the usual slip.
fn quantity_hint(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default().trim();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let suffix = match unit.trim().to_lowercase().as_str() {
        "k" | "kb" | "kib" | "ki" => "Ki",
        "m" | "mb" | "mib" | "mi" => "Mi",
        "g" | "gb" | "gib" | "gi" | "gig" | "gigs" => "Gi",
        "t" | "tb" | "tib" | "ti" => "Ti",
        _ => return "write it as 500m, 2, 1.5 or 64Gi".to_owned(),
    };
    if number.is_empty() {
        return "write it as 500m, 2, 1.5 or 64Gi".to_owned();
    }
    format!("did you mean `{number}{suffix}`?")
}
