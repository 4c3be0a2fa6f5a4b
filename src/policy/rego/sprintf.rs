//! `sprintf` as OPA has it, which is Go's: a missing argument is said in the text and is no error.

use regorus::Value;
use serde_json::Value as Json;

/// The text of a format and its arguments.
pub(super) fn sprintf(format: &str, arguments: &[Value]) -> String {
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    let mut rest = arguments.iter();
    while let Some(char) = chars.next() {
        if char != '%' {
            out.push(char);
            continue;
        }
        let mut flags = String::new();
        while let Some(flag) = chars.next_if(|next| "+-# 0".contains(*next)) {
            flags.push(flag);
        }
        let mut digits = || {
            let mut number = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                number.push(digit);
            }
            number.parse::<usize>().ok()
        };
        let width = digits().map(|width| width.min(MOST_WIDTH));
        let precision = if chars.next_if_eq(&'.').is_some() {
            let mut number = String::new();
            while let Some(digit) = chars.next_if(char::is_ascii_digit) {
                number.push(digit);
            }
            Some(number.parse::<usize>().unwrap_or(0).min(MOST_WIDTH))
        } else {
            None
        };
        match chars.next() {
            None => out.push_str("%!(NOVERB)"),
            Some('%') => out.push('%'),
            Some(verb) => match rest.next() {
                None => out.push_str(&format!("%!{verb}(MISSING)")),
                Some(value) => {
                    out.push_str(&padded(&formatted(verb, value, precision, &flags), width, &flags))
                }
            },
        }
    }
    let more: Vec<String> = rest.map(|value| format!("{}={}", type_name(value), text(value))).collect();
    if !more.is_empty() {
        out.push_str(&format!("%!(EXTRA {})", more.join(", ")));
    }
    out
}

/// The widest that one argument is made.
const MOST_WIDTH: usize = 1_000;

fn formatted(verb: char, value: &Value, precision: Option<usize>, flags: &str) -> String {
    let whole = whole(value);
    let number = match value {
        Value::Number(_) => serde_json::to_value(value).ok().as_ref().and_then(Json::as_f64),
        _ => None,
    };
    let sign = if flags.contains('+') { "+" } else { "" };
    match (verb, value, whole, number) {
        ('v', ..) => text(value),
        ('s', Value::String(text), ..) => match precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_string(),
        },
        ('s', Value::Number(_) | Value::Bool(_) | Value::Null, ..) => wrong(verb, value),
        ('s', ..) => text(value),
        ('q', Value::String(text), ..) => Json::from(text.to_string()).to_string(),
        ('d', _, Some(whole), _) => {
            if whole >= 0 {
                format!("{sign}{whole}")
            } else {
                whole.to_string()
            }
        }
        ('x', _, Some(whole), _) => format!("{whole:x}"),
        ('X', _, Some(whole), _) => format!("{whole:X}"),
        ('o', _, Some(whole), _) => format!("{whole:o}"),
        ('b', _, Some(whole), _) => format!("{whole:b}"),
        ('t', Value::Bool(bool), ..) => bool.to_string(),
        ('f' | 'F', _, None, Some(number)) => format!("{number:.*}", precision.unwrap_or(6)),
        ('g', _, None, Some(number)) => number.to_string(),
        _ => wrong(verb, value),
    }
}

fn wrong(verb: char, value: &Value) -> String {
    format!("%!{verb}({}={})", type_name(value), text(value))
}

fn padded(text: &str, width: Option<usize>, flags: &str) -> String {
    match width {
        None => text.to_owned(),
        Some(width) if flags.contains('-') => format!("{text:<width$}"),
        Some(width) if flags.contains('0') => format!("{text:0>width$}"),
        Some(width) => format!("{text:>width$}"),
    }
}

/// A number without a fraction.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(_) => serde_json::to_value(value).ok().as_ref().and_then(Json::as_i64),
        _ => None,
    }
}

/// What Go calls the type.
fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Number(_) if whole(value).is_some() => "int",
        Value::Number(_) => "float64",
        _ => "string",
    }
}

/// A value as OPA writes it: a text as it is, what is inside others with its quotes.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_string(),
        other => inner(other),
    }
}

fn inner(value: &Value) -> String {
    let list = |items: Vec<String>| items.join(", ");
    match value {
        Value::String(text) => Json::from(text.to_string()).to_string(),
        Value::Array(items) => format!("[{}]", list(items.iter().map(inner).collect())),
        Value::Set(items) if items.is_empty() => "set()".to_owned(),
        Value::Set(items) => format!("{{{}}}", list(items.iter().map(inner).collect())),
        Value::Object(map) => {
            let entries = map.iter_sorted().map(|(key, value)| format!("{}: {}", inner(key), inner(value)));
            format!("{{{}}}", list(entries.collect()))
        }
        Value::Undefined => "<undefined>".to_owned(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(format: &str, arguments: &Json) -> String {
        let arguments: Vec<Value> =
            arguments.as_array().unwrap().iter().map(|one| Value::from(one.clone())).collect();
        sprintf(format, &arguments)
    }

    #[test]
    fn texts_are_those_of_go() {
        for (format, arguments, expected) in [
            ("<%v> %s", json!(["a", "b"]), "<a> b"),
            ("%v", json!([["a", 1, {"b": null}]]), "[\"a\", 1, {\"b\": null}]"),
            ("%v and %v", json!(["a"]), "a and %!v(MISSING)"),
            ("%d %5d %-3d| %03d", json!([1, 2, 3, 4]), "1     2 3  | 004"),
            ("%d", json!(["x"]), "%!d(string=x)"),
            ("%.2f %q 100%%", json!([1.234, "a\"b"]), "1.23 \"a\\\"b\" 100%"),
            ("plain", json!([1]), "plain%!(EXTRA int=1)"),
            ("%", json!([]), "%!(NOVERB)"),
        ] {
            assert_eq!(told(format, &arguments), expected, "{format}");
        }
    }
}
