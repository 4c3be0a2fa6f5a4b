//! Places of an object and what a schema says of them.

use serde_json::{Map, Value, json};

use super::predicate::Predicate;

/// A way from the root of a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    pub scope: usize,
    pub fields: Vec<String>,
}

impl Place {
    pub(super) fn root(scope: usize) -> Self {
        Self { scope, fields: Vec::new() }
    }

    pub(super) fn field(&self, name: &str) -> Self {
        let mut fields = self.fields.clone();
        fields.push(name.to_owned());
        Self { scope: self.scope, fields }
    }

    /// The place is there and is so.
    pub(super) fn is(&self, leaf: Value) -> Predicate {
        if leaf == json!(false) {
            return Predicate::False;
        }
        let schema = self.fields.iter().rev().fold(leaf, |inner, field| {
            let mut map = object();
            map.insert("required".into(), json!([field]));
            if inner != json!(true) {
                map.insert("properties".into(), json!({ field.as_str(): inner }));
            }
            Value::Object(map)
        });
        if schema == json!(true) { Predicate::True } else { Predicate::Is(self.scope, schema) }
    }

    /// The place is there, whatever it is.
    pub(super) fn is_there(&self) -> Predicate {
        self.is(json!(true))
    }

    /// The place is a map without this field.
    pub(super) fn lacks(&self, field: &str) -> Predicate {
        let mut map = object();
        map.insert("properties".into(), json!({ field: false }));
        self.is(Value::Object(map))
    }

    /// The place is a map with this field.
    pub(super) fn has(&self, field: &str) -> Predicate {
        let mut map = object();
        map.insert("required".into(), json!([field]));
        self.is(Value::Object(map))
    }
}

fn object() -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("type".into(), json!("object"));
    map
}

/// Two schemas as one that accepts what both accept, where that needs no `allOf`.
pub(super) fn merged(left: &Value, right: &Value) -> Option<Value> {
    if left == right || right == &json!(true) {
        return Some(left.clone());
    }
    if left == &json!(true) {
        return Some(right.clone());
    }
    let (a, b) = (left.as_object()?, right.as_object()?);
    let mut both = a.clone();
    for (key, value) in b {
        let Some(known) = both.get(key) else {
            // These two belong to `contains` and change what it says.
            if matches!(key.as_str(), "contains" | "minContains" | "maxContains")
                && a.keys().any(|k| k.contains("ontains"))
            {
                return None;
            }
            both.insert(key.clone(), value.clone());
            continue;
        };
        if known == value {
            continue;
        }
        let one = match key.as_str() {
            "required" => {
                let mut names: Vec<Value> = known.as_array()?.clone();
                for name in value.as_array()? {
                    if !names.contains(name) {
                        names.push(name.clone());
                    }
                }
                Value::Array(names)
            }
            "properties" => {
                let mut fields = known.as_object()?.clone();
                for (name, schema) in value.as_object()? {
                    let next = match fields.get(name) {
                        None => schema.clone(),
                        Some(known) => merged(known, schema)
                            .unwrap_or_else(|| json!({"allOf": [known.clone(), schema.clone()]})),
                    };
                    fields.insert(name.clone(), next);
                }
                Value::Object(fields)
            }
            "items" => {
                merged(known, value).unwrap_or_else(|| json!({"allOf": [known.clone(), value.clone()]}))
            }
            _ => return None,
        };
        both.insert(key.clone(), one);
    }
    Some(Value::Object(both))
}
