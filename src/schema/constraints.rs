//! What a schema says of a value besides its structure: enum, pattern, bounds, lengths, format, and combinations.

use std::collections::HashSet;

use serde_json::Value;

use super::formats::{self, Verdict};
use super::node::{Additional, Schema};
use super::violation::{Violation, join, show, type_of};

/// Whether a value is of a schema type; absent types take anything.
pub(super) fn has_type(type_name: Option<&str>, value: &Value) -> bool {
    match type_name {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("number") => value.is_number(),
        Some("integer") => is_integer(value),
        _ => true,
    }
}

/// Whole numbers count as integers however they are written: `3`, `3.0`, `1e3`.
pub(super) fn is_integer(value: &Value) -> bool {
    value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
}

/// What the value's own constraints say; not its type, not what is inside of it.
pub(super) fn local(schema: &Schema, value: &Value, path: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    if !schema.values.is_empty() && !schema.values.contains(value) {
        found.push(not_allowed(schema, value, path));
    }
    match value {
        Value::String(text) => string(schema, text, value, path, &mut found),
        Value::Number(number) => {
            if let Some(number) = number.as_f64() {
                bounds(schema, number, value, path, &mut found);
            }
        }
        Value::Array(list) => {
            count(list.len(), schema.min_items, schema.max_items, "entries", path, &mut found)
        }
        Value::Object(map) => {
            count(map.len(), schema.min_properties, schema.max_properties, "fields", path, &mut found);
        }
        _ => {}
    }
    if let Some(format) = schema.format.as_deref() {
        match formats::check(format, value) {
            Verdict::Fits => {}
            Verdict::Wrong(described) => {
                let message = format!("{} is not {described}", show(value));
                found.push(Violation::error("schema-format", path, message));
            }
            Verdict::Unknown => found.push(Violation::unevaluated(
                path,
                format!("the format `{format}` of {} is checked by the server only", show(value)),
            )),
        }
    }
    if schema.unique_items || schema.list_type.as_deref() == Some("set") {
        found.extend(repeated(value, path));
    }
    found
}

fn not_allowed(schema: &Schema, value: &Value, path: &str) -> Violation {
    let list: Vec<String> = schema.values.iter().map(show).collect();
    let violation =
        Violation::error("schema-enum", path, format!("{} is not one of {}", show(value), list.join(", ")));
    let nearest = value.as_str().and_then(|text| {
        let names = schema.values.iter().filter_map(Value::as_str);
        super::unknown::similar(text, names)
    });
    match nearest {
        Some(name) => violation.hint(format!("did you mean `{name}`?")),
        None => violation.hint(format!("use one of {}", list.join(", "))),
    }
}

fn string(schema: &Schema, text: &str, value: &Value, path: &str, found: &mut Vec<Violation>) {
    if let Some(pattern) = &schema.pattern {
        match pattern.is_match(text) {
            Some(true) => {}
            Some(false) => {
                let message = format!("{} does not match the pattern {}", show(value), pattern.as_str());
                found.push(Violation::error("schema-pattern", path, message));
            }
            None => found.push(Violation::unevaluated(
                path,
                format!(
                    "the pattern {} could not be compiled, so {} was not checked",
                    pattern.as_str(),
                    show(value)
                ),
            )),
        }
    }
    let length = text.chars().count();
    count(length, schema.min_length, schema.max_length, "characters", path, found);
}

fn count(
    is: usize,
    least: Option<usize>,
    most: Option<usize>,
    what: &str,
    path: &str,
    found: &mut Vec<Violation>,
) {
    if let Some(least) = least.filter(|least| is < *least) {
        let message = format!("it has {is} {what} and needs at least {least}");
        found.push(Violation::error("schema-length", path, message));
    }
    if let Some(most) = most.filter(|most| is > *most) {
        let message = format!("it has {is} {what} and at most {most} are allowed");
        found.push(Violation::error("schema-length", path, message));
    }
}

fn bounds(schema: &Schema, number: f64, value: &Value, path: &str, found: &mut Vec<Violation>) {
    let mut say = |words: String| {
        found.push(Violation::error("schema-range", path, format!("{} {words}", show(value))));
    };
    if let Some(least) = schema.minimum {
        if schema.exclusive_minimum && number <= least {
            say(format!("is not greater than {least}"));
        } else if number < least {
            say(format!("is below the least allowed, {least}"));
        }
    }
    if let Some(most) = schema.maximum {
        if schema.exclusive_maximum && number >= most {
            say(format!("is not less than {most}"));
        } else if number > most {
            say(format!("is above the most allowed, {most}"));
        }
    }
    if let Some(step) = schema.multiple_of.filter(|step| *step != 0.0 && number % step != 0.0) {
        say(format!("is not a multiple of {step}"));
    }
}

/// Entries of a list that stand in it twice.
fn repeated(value: &Value, path: &str) -> Vec<Violation> {
    let mut seen = HashSet::new();
    value
        .as_array()
        .into_iter()
        .flatten()
        .enumerate()
        .filter(|(_, entry)| !seen.insert(entry.to_string()))
        .map(|(index, entry)| {
            let message = format!("{} stands in this list twice", show(entry));
            Violation::error("schema-duplicate", format!("{path}/{index}"), message)
                .hint("remove one of the two entries")
        })
        .collect()
}

/// What `allOf`, `anyOf`, `oneOf` and `not` say.
pub(super) fn combined(schema: &Schema, value: &Value, path: &str) -> Vec<Violation> {
    let mut found = Vec::new();
    for part in &schema.all_of {
        found.extend(inside(part, value, path));
    }
    let held = |parts: &[Schema]| parts.iter().filter(|part| holds(part, value)).count();
    if !schema.any_of.is_empty() && held(&schema.any_of) == 0 {
        found.push(choice(&schema.any_of, value, path, "at least one"));
    }
    if !schema.one_of.is_empty() && held(&schema.one_of) != 1 {
        found.push(choice(&schema.one_of, value, path, "exactly one"));
    }
    if schema.not.as_deref().is_some_and(|part| holds(part, value)) {
        let message = format!("{} is what the schema excludes (`not`)", show(value));
        found.push(Violation::error("schema-choice", path, message));
    }
    found
}

fn choice(parts: &[Schema], value: &Value, path: &str, how_many: &str) -> Violation {
    let fields: Vec<String> = parts
        .iter()
        .filter(|part| !part.required.is_empty())
        .map(|part| format!("`{}`", part.required.join("` and `")))
        .collect();
    let violation = if fields.len() == parts.len() {
        Violation::error("schema-choice", path, format!("{how_many} of {} must be set", fields.join(", ")))
    } else {
        let message =
            format!("{} must fit {how_many} of the {} alternatives of its schema", show(value), parts.len());
        Violation::error("schema-choice", path, message)
    };
    violation.hint(format!("set {how_many} of the alternatives"))
}

/// Whether a value fits a schema that stands within a combination. What could not be evaluated does not count as
/// a misfit here; [`inside`] reports it.
fn holds(schema: &Schema, value: &Value) -> bool {
    inside(schema, value, "").iter().all(|violation| violation.incomplete)
}

/// Everything that a schema within a combination says: it constrains values, it does not name fields.
fn inside(schema: &Schema, value: &Value, path: &str) -> Vec<Violation> {
    if !schema.int_or_string && !has_type(schema.type_name.as_deref(), value) {
        let wanted = schema.type_name.as_deref().unwrap_or_default();
        return vec![Violation::error(
            "schema-type",
            path,
            format!("{} is not of type {wanted}", type_of(value)),
        )];
    }
    let mut found = local(schema, value, path);
    found.extend(combined(schema, value, path));
    if let Value::Object(map) = value {
        for name in schema.required.iter().filter(|name| !map.contains_key(*name)) {
            found.push(Violation::error(
                "schema-required",
                join(path, name),
                format!("`{name}` is required"),
            ));
        }
        for (name, entry) in map {
            let part = schema.properties.get(name).or(match &schema.additional_properties {
                Some(Additional::Schema(values)) => Some(values),
                _ => None,
            });
            if let Some(part) = part {
                found.extend(inside(part, entry, &join(path, name)));
            }
        }
    }
    if let (Value::Array(list), Some(items)) = (value, schema.items.as_deref()) {
        for (index, entry) in list.iter().enumerate() {
            found.extend(inside(items, entry, &format!("{path}/{index}")));
        }
    }
    found
}
