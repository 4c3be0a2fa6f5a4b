//! Templates: JSON with `${…}` in its strings, and how values are put in.
//!
//! A string that is exactly one `${…}` becomes the expression's value, whatever its type; where that value is absent
//! (`null`, `optional.none()`, `omit()`) the key or list item is left out. A string with text around `${…}` becomes
//! text, and only scalars may be put into it. A list that the template writes out, and of which every item was left out,
//! is left out too; an object is kept, since an empty one means something (`emptyDir: {}`). Values are data from beginning to end: no string is ever parsed again.

use serde_json::{Map, Value};

use super::cel::{Bindings, Expression, Scope};

/// Where in a template something is wrong, as a JSON pointer below it, and what.
pub(super) type TemplateError = (String, String);

/// Deepest nesting of a template.
const DEEPEST: usize = 64;

/// One node of a template.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Template {
    /// Holds no expression.
    Fixed(Value),
    /// `${…}` and nothing else.
    Whole(Expression),
    /// Text with expressions in it.
    Text(Vec<Part>),
    /// A list of which some item holds an expression.
    List(Vec<Template>),
    /// An object of which some value holds an expression.
    Object(Vec<(String, Template)>),
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    /// As it stands.
    Fixed(String),
    /// To be evaluated.
    Expression(Expression),
}

impl Template {
    /// Reads a template and compiles its expressions.
    ///
    /// # Errors
    /// The pointer of the value (below the given one) and one sentence.
    pub(super) fn parse(value: &Value, scope: &Scope<'_>) -> Result<Self, TemplateError> {
        Self::parse_at(value, scope, &mut String::new(), 0)
    }

    fn parse_at(
        value: &Value,
        scope: &Scope<'_>,
        at: &mut String,
        depth: usize,
    ) -> Result<Self, TemplateError> {
        if depth > DEEPEST {
            return Err((at.clone(), format!("the template is nested more than {DEEPEST} deep")));
        }
        let length = at.len();
        let template = match value {
            Value::String(text) => Self::parse_text(text, scope).map_err(|reason| (at.clone(), reason))?,
            Value::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.iter().enumerate() {
                    at.push_str(&format!("/{index}"));
                    list.push(Self::parse_at(item, scope, at, depth + 1)?);
                    at.truncate(length);
                }
                let fixed = list.iter().all(|item| matches!(item, Self::Fixed(_)));
                if fixed { Self::Fixed(value.clone()) } else { Self::List(list) }
            }
            Value::Object(map) => {
                let mut object = Vec::with_capacity(map.len());
                for (key, item) in map {
                    at.push('/');
                    at.push_str(&key.replace('~', "~0").replace('/', "~1"));
                    if key.contains("${") {
                        return Err((at.clone(), format!("an expression cannot stand in a key ('{key}')")));
                    }
                    object.push((key.clone(), Self::parse_at(item, scope, at, depth + 1)?));
                    at.truncate(length);
                }
                let fixed = object.iter().all(|(_, item)| matches!(item, Self::Fixed(_)));
                if fixed { Self::Fixed(value.clone()) } else { Self::Object(object) }
            }
            other => Self::Fixed(other.clone()),
        };
        Ok(template)
    }

    /// Reads one string. Messages and conditions are read with it too.
    ///
    /// # Errors
    /// One sentence: an expression that is not closed, or what is wrong with it.
    pub(super) fn parse_text(text: &str, scope: &Scope<'_>) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(start) = rest.find("${") {
            if start > 0 {
                parts.push(Part::Fixed(rest[..start].to_owned()));
            }
            let body = &rest[start + 2..];
            let end =
                end_of_expression(body).ok_or_else(|| format!("the '${{' in '{text}' is not closed"))?;
            parts.push(Part::Expression(Expression::parse(body[..end].trim(), scope)?));
            rest = &body[end + 1..];
        }
        if parts.is_empty() {
            return Ok(Self::Fixed(Value::from(text)));
        }
        if !rest.is_empty() {
            parts.push(Part::Fixed(rest.to_owned()));
        }
        Ok(match <[Part; 1]>::try_from(parts) {
            Ok([Part::Expression(expression)]) => Self::Whole(expression),
            Ok([fixed]) => Self::Text(vec![fixed]),
            Err(parts) => Self::Text(parts),
        })
    }

    /// The value, `None` where it is to be left out.
    ///
    /// # Errors
    /// One sentence: an expression that fails, or a list or map that is put into text.
    pub(super) fn render(&self, bindings: &Bindings<'_>) -> Result<Option<Value>, String> {
        match self {
            Self::Fixed(value) => Ok(Some(value.clone())),
            Self::Whole(expression) => expression.evaluate(bindings),
            Self::Text(parts) => {
                let mut text = String::new();
                for part in parts {
                    match part {
                        Part::Fixed(fixed) => text.push_str(fixed),
                        Part::Expression(expression) => text.push_str(&scalar(expression, bindings)?),
                    }
                }
                Ok(Some(Value::String(text)))
            }
            Self::List(items) => {
                let mut list = Vec::with_capacity(items.len());
                for item in items {
                    list.extend(item.render(bindings)?);
                }
                Ok((!list.is_empty()).then_some(Value::Array(list)))
            }
            Self::Object(fields) => {
                let mut object = Map::new();
                for (key, field) in fields {
                    if let Some(value) = field.render(bindings)? {
                        object.insert(key.clone(), value);
                    }
                }
                Ok(Some(Value::Object(object)))
            }
        }
    }
}

fn scalar(expression: &Expression, bindings: &Bindings<'_>) -> Result<String, String> {
    match expression.evaluate(bindings)? {
        Some(Value::String(text)) => Ok(text),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Bool(value)) => Ok(value.to_string()),
        Some(_) => Err(format!("'{}' is a list or a map and cannot stand inside text", expression.source())),
        None => Err(format!("'{}' has no value and cannot stand inside text", expression.source())),
    }
}

/// Where the `}` stands that closes an expression: braces are counted, string literals skipped.
fn end_of_expression(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut open = 0_usize;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' => open += 1,
            b'}' if open == 0 => return Some(at),
            b'}' => open -= 1,
            b'"' | b'\'' => at = end_of_string(bytes, at)?,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The index of the quote that closes the string literal which begins at `start`. A raw string (`r'…'`) has no escapes.
fn end_of_string(bytes: &[u8], start: usize) -> Option<usize> {
    let quote = bytes[start];
    let raw = start > 0
        && matches!(bytes[start - 1], b'r' | b'R')
        && !(start > 1 && bytes[start - 2].is_ascii_alphanumeric());
    let triple = bytes[start..].starts_with(&[quote; 3]);
    let width = if triple { 3 } else { 1 };
    let mut at = start + width;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !raw => at += 1,
            byte if byte == quote && (!triple || bytes[at..].starts_with(&[quote; 3])) => {
                return Some(at + width - 1);
            }
            _ => {}
        }
        at += 1;
    }
    None
}
