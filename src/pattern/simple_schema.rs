//! kro's SimpleSchema: `replicas: integer | default=1 minimum=1 maximum=8`.
//!
//! Markers that only concern a CustomResourceDefinition (`immutable`, `printColumn`) are read and have no effect here.
//! Custom types are not supported and are refused by name.

use serde_json::{Map, Number, Value};

use super::parameter::{Parameter, ParameterKind};

/// Where in a schema something is wrong, as a JSON pointer below it, and what.
pub(super) type SchemaError = (String, String);

/// Deepest nesting of objects.
const DEEPEST: usize = 8;

/// Reads the fields of a schema in their order.
///
/// # Errors
/// The pointer of the field (below the given object) and one sentence.
pub(super) fn parse(fields: &Map<String, Value>) -> Result<Vec<Parameter>, SchemaError> {
    parse_at(fields, "", 0)
}

fn parse_at(fields: &Map<String, Value>, at: &str, depth: usize) -> Result<Vec<Parameter>, SchemaError> {
    if depth > DEEPEST {
        return Err((at.to_owned(), format!("objects are nested more than {DEEPEST} deep")));
    }
    let mut parameters = Vec::with_capacity(fields.len());
    for (name, definition) in fields {
        let pointer = format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
        let fail = |reason: String| (pointer.clone(), format!("parameter '{name}': {reason}"));
        if !is_field_name(name) {
            return Err(fail(
                "a name has letters and digits only and begins with a lower-case letter".to_owned(),
            ));
        }
        parameters.push(match definition {
            Value::String(text) => field(name, text).map_err(fail)?,
            Value::Object(inner) => {
                Parameter::new(name, ParameterKind::Object(parse_at(inner, &pointer, depth + 1)?))
            }
            other => {
                return Err(fail(format!("expected a type such as 'string | default=\"x\"', found {other}")));
            }
        });
    }
    Ok(parameters)
}

/// A name that CEL can select with a dot.
fn is_field_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(|c| c.is_ascii_alphanumeric())
}

fn field(name: &str, text: &str) -> Result<Parameter, String> {
    let (kind, markers) = text.split_once('|').unwrap_or((text, ""));
    let mut parameter = Parameter::new(name, kind_of(kind.trim(), 0)?);
    let mut default = None;
    for (key, value) in read_markers(markers)? {
        let refuse = |what: &str| format!("{key}={value} is not {what}");
        match key.as_str() {
            "required" => parameter.required = flag(&value).ok_or_else(|| refuse("true or false"))?,
            "default" => default = Some(value),
            "description" => parameter.description = Some(value),
            "enum" => {
                parameter.one_of = value
                    .split(',')
                    .map(|one| typed(&parameter.kind, one.trim()))
                    .collect::<Result<_, _>>()?;
            }
            "minimum" => parameter.minimum = Some(number(&value).ok_or_else(|| refuse("a number"))?),
            "maximum" => parameter.maximum = Some(number(&value).ok_or_else(|| refuse("a number"))?),
            "pattern" => parameter.pattern = Some(value),
            "minLength" | "maxLength" | "minItems" | "maxItems" => {
                let limit: u64 = value.parse().map_err(|_| refuse("a whole number"))?;
                parameter.limits.insert(key, Value::from(limit));
            }
            "uniqueItems" => {
                let unique = flag(&value).ok_or_else(|| refuse("true or false"))?;
                parameter.limits.insert(key, Value::Bool(unique));
            }
            "immutable" | "printColumn" => {}
            _ => return Err(format!("the marker '{key}' is not known")),
        }
    }
    parameter.default = default.map(|text| typed(&parameter.kind, &text)).transpose()?;
    if parameter.required && parameter.default.is_some() {
        return Err("it is required and has a default; say only one of the two".to_owned());
    }
    Ok(parameter)
}

fn kind_of(text: &str, depth: usize) -> Result<ParameterKind, String> {
    if depth > DEEPEST {
        return Err(format!("the type is nested more than {DEEPEST} deep"));
    }
    if let Some(item) = text.strip_prefix("[]") {
        return Ok(ParameterKind::List(Box::new(kind_of(item, depth + 1)?)));
    }
    if let Some(value) = text.strip_prefix("map[string]") {
        return Ok(ParameterKind::Map(Box::new(kind_of(value, depth + 1)?)));
    }
    match text {
        "string" => Ok(ParameterKind::String),
        "integer" => Ok(ParameterKind::Integer),
        "boolean" => Ok(ParameterKind::Boolean),
        "float" => Ok(ParameterKind::Float),
        "object" => Ok(ParameterKind::Object(Vec::new())),
        _ => Err(format!(
            "the type '{text}' is not supported; use string, integer, boolean, float, object, []type, map[string]type \
             or nested fields"
        )),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}

fn number(text: &str) -> Option<Number> {
    text.parse::<i64>().map(Number::from).ok().or_else(|| text.parse().ok().and_then(Number::from_f64))
}

/// A marker's text as a value of the parameter's kind.
fn typed(kind: &ParameterKind, text: &str) -> Result<Value, String> {
    let refuse = |what: &str| format!("'{text}' is not {what}");
    match kind {
        ParameterKind::String => Ok(Value::from(text)),
        ParameterKind::Integer => text.parse::<i64>().map(Value::from).map_err(|_| refuse("a whole number")),
        ParameterKind::Float => number(text).map(Value::Number).ok_or_else(|| refuse("a number")),
        ParameterKind::Boolean => flag(text).map(Value::Bool).ok_or_else(|| refuse("true or false")),
        _ => serde_json::from_str(text).map_err(|error| format!("'{text}' is not valid JSON: {error}")),
    }
}

/// `key=value` pairs; a value in double quotes may hold blanks, `|`, `\"` and `\\`.
fn read_markers(text: &str) -> Result<Vec<(String, String)>, String> {
    let mut markers = Vec::new();
    let mut rest = text.trim_start_matches([' ', '|', '\n']);
    while !rest.is_empty() {
        let (key, after) = rest
            .split_once('=')
            .ok_or_else(|| format!("'{}' is not of the form marker=value", rest.trim()))?;
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => unquote(quoted).ok_or_else(|| format!("the quote of {key}=\"… is not closed"))?,
            None => {
                let end = after.find([' ', '|', '\n']).unwrap_or(after.len());
                (after[..end].to_owned(), &after[end..])
            }
        };
        markers.push((key.trim().to_owned(), value));
        rest = after.trim_start_matches([' ', '|', '\n']);
    }
    Ok(markers)
}

/// The text up to the closing quote, unescaped, and what follows it.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()? {
                (_, escaped @ ('"' | '\\')) => value.push(escaped),
                (_, other) => value.extend(['\\', other]),
            },
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn one(text: &str) -> Result<Parameter, String> {
        field("x", text)
    }

    #[test]
    fn types_markers_and_defaults() {
        let gpus = one("integer | default=0 minimum=0 maximum=64 description=\"GPUs | of a pod\"").unwrap();
        assert_eq!(gpus.default, Some(json!(0)));
        assert_eq!((gpus.minimum, gpus.maximum), (Some(0.into()), Some(64.into())));
        assert_eq!(gpus.description.as_deref(), Some("GPUs | of a pod"));

        let cpu = one("string | default=4").unwrap();
        assert_eq!(cpu.default, Some(json!("4")), "a default takes the type of its parameter");
        let choice = one(r#"string | enum="a, b" pattern="^\w\\.\"$""#).unwrap();
        assert_eq!(choice.one_of, [json!("a"), json!("b")]);
        assert_eq!(choice.pattern.as_deref(), Some(r#"^\w\."$"#));
        assert_eq!(one(r#"[]string | default="[]""#).unwrap().default, Some(json!([])));
        assert_eq!(
            one("map[string][]integer").unwrap().kind,
            ParameterKind::Map(Box::new(ParameterKind::List(Box::new(ParameterKind::Integer))))
        );
    }

    #[test]
    fn nested_fields_make_an_object() {
        let fields =
            json!({ "ingress": { "host": "string | required=true", "tls": "boolean | default=true" } });
        let parameters = parse(fields.as_object().unwrap()).unwrap();
        let schema = super::super::parameter::object_schema(&parameters);
        assert_eq!(schema["properties"]["ingress"]["required"], json!(["host"]));
        assert_eq!(schema["properties"]["ingress"]["additionalProperties"], json!(false));
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, why) in [
            ("str", "the type 'str'"),
            ("integer | default=two", "'two' is not a whole number"),
            ("string | requird=true", "the marker 'requird'"),
            ("string | default=\"open", "is not closed"),
            ("string | required=true default=\"x\"", "only one of the two"),
            ("boolean | default=yes", "true or false"),
            ("string | nonsense", "marker=value"),
        ] {
            let error = one(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        let (pointer, message) = parse(json!({ "a": { "b": "what" } }).as_object().unwrap()).unwrap_err();
        assert_eq!(pointer, "/a/b");
        assert!(message.contains("parameter 'b'"), "{message}");
    }
}
