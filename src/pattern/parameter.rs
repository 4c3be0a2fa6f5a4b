//! Parameters of a pattern, and the JSON Schema that they make together.

use std::fmt;

use serde_json::{Map, Number, Value, json};

/// What a parameter holds.
#[derive(Debug, Clone, Default, PartialEq)]
pub enum ParameterKind {
    /// Text.
    #[default]
    String,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// `true` or `false`.
    Boolean,
    /// A list of one kind of value.
    List(Box<ParameterKind>),
    /// Text keys to one kind of value.
    Map(Box<ParameterKind>),
    /// An object with fields of its own; without any, its content is not described.
    Object(Vec<Parameter>),
}

/// One parameter of a pattern's schema.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Parameter {
    /// Its name in `spec`.
    pub name: String,
    /// See [`ParameterKind`].
    pub kind: ParameterKind,
    /// Its value where nobody gives one.
    pub default: Option<Value>,
    /// Whether it must be given.
    pub required: bool,
    /// The closed list of its values; empty where there is none.
    pub one_of: Vec<Value>,
    /// Smallest number.
    pub minimum: Option<Number>,
    /// Largest number.
    pub maximum: Option<Number>,
    /// Regular expression (ECMA 262) that text must match somewhere.
    pub pattern: Option<String>,
    /// What it is for, as one sentence.
    pub description: Option<String>,
    /// Further keywords of JSON Schema: `minLength`, `maxLength`, `minItems`, `maxItems`, `uniqueItems`.
    pub limits: Map<String, Value>,
}

impl Parameter {
    /// A parameter of a kind, with nothing else said about it.
    pub(crate) fn new(name: impl Into<String>, kind: ParameterKind) -> Self {
        Self { name: name.into(), kind, ..Self::default() }
    }

    /// The parameter's own JSON Schema.
    pub fn json_schema(&self) -> Value {
        let mut schema = match self.kind.json_schema() {
            Value::Object(schema) => schema,
            _ => Map::new(),
        };
        let mut set = |keyword: &str, value: Option<Value>| {
            if let Some(value) = value {
                schema.insert(keyword.to_owned(), value);
            }
        };
        set("description", self.description.clone().map(Value::from));
        set("default", self.default.clone());
        set("enum", (!self.one_of.is_empty()).then(|| Value::Array(self.one_of.clone())));
        set("minimum", self.minimum.clone().map(Value::Number));
        set("maximum", self.maximum.clone().map(Value::Number));
        set("pattern", self.pattern.clone().map(Value::from));
        schema.extend(self.limits.clone());
        Value::Object(schema)
    }
}

impl ParameterKind {
    fn json_schema(&self) -> Value {
        match self {
            Self::String => json!({ "type": "string" }),
            Self::Integer => json!({ "type": "integer" }),
            Self::Float => json!({ "type": "number" }),
            Self::Boolean => json!({ "type": "boolean" }),
            Self::List(item) => json!({ "type": "array", "items": item.json_schema() }),
            Self::Map(value) => json!({ "type": "object", "additionalProperties": value.json_schema() }),
            Self::Object(fields) if fields.is_empty() => json!({ "type": "object" }),
            Self::Object(fields) => object_schema(fields),
        }
    }
}

impl fmt::Display for ParameterKind {
    /// As SimpleSchema writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::String => f.write_str("string"),
            Self::Integer => f.write_str("integer"),
            Self::Float => f.write_str("float"),
            Self::Boolean => f.write_str("boolean"),
            Self::List(item) => write!(f, "[]{item}"),
            Self::Map(value) => write!(f, "map[string]{value}"),
            Self::Object(_) => f.write_str("object"),
        }
    }
}

/// The schema of an object with these fields and no others.
pub(super) fn object_schema(fields: &[Parameter]) -> Value {
    let properties: Map<String, Value> =
        fields.iter().map(|field| (field.name.clone(), field.json_schema())).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    let required: Vec<&str> =
        fields.iter().filter(|field| field.required).map(|field| field.name.as_str()).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// The defaults of an object's fields, at every depth, put where the object has no value of its own. Returns the names
/// that were filled at the top.
pub(super) fn fill_defaults(fields: &[Parameter], object: &mut Map<String, Value>) -> Vec<String> {
    let mut filled = Vec::new();
    for field in fields {
        if let (None, Some(default)) = (object.get(&field.name), &field.default) {
            object.insert(field.name.clone(), default.clone());
            filled.push(field.name.clone());
        }
        if let (ParameterKind::Object(inner), Some(Value::Object(object))) =
            (&field.kind, object.get_mut(&field.name))
        {
            fill_defaults(inner, object);
        }
    }
    filled
}
