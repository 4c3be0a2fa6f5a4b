//! An object as a walk writes it.

use serde_json::Value;

use super::leaf::plain_text;
use crate::manifest::ordered_keys;

/// The object as block YAML: the text that a walk writes for it.
pub fn text(object: &Value) -> String {
    let mut lines = String::new();
    if let Value::Object(map) = object {
        for (key, value) in ordered_keys(map) {
            field(&mut lines, "", key, value, 0);
        }
    }
    lines
}

/// A field behind `lead` (blanks, or a dash), with `indent` blanks before the fields beside it.
fn field(lines: &mut String, lead: &str, key: &str, value: &Value, indent: usize) {
    let key = plain_text(&Value::from(key));
    match value {
        Value::Object(map) if map.is_empty() => lines.push_str(&format!("{lead}{key}: {{}}\n")),
        Value::Object(map) => {
            lines.push_str(&format!("{lead}{key}:\n"));
            let blanks = " ".repeat(indent + 2);
            for (key, value) in ordered_keys(map) {
                field(lines, &blanks, key, value, indent + 2);
            }
        }
        Value::Array(list) if list.is_empty() => lines.push_str(&format!("{lead}{key}: []\n")),
        Value::Array(list) => {
            lines.push_str(&format!("{lead}{key}:\n"));
            list.iter().for_each(|value| item(lines, value, indent));
        }
        scalar => lines.push_str(&format!("{lead}{key}: {}\n", plain_text(scalar))),
    }
}

fn item(lines: &mut String, value: &Value, indent: usize) {
    let blanks = " ".repeat(indent);
    match value {
        Value::Object(map) if !map.is_empty() => {
            let mut lead = format!("{blanks}- ");
            for (key, value) in ordered_keys(map) {
                field(lines, &lead, key, value, indent + 2);
                lead = " ".repeat(indent + 2);
            }
        }
        Value::Object(_) => lines.push_str(&format!("{blanks}- {{}}\n")),
        other => lines.push_str(&format!("{blanks}- {}\n", plain_text(other))),
    }
}
