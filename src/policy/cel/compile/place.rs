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

/// Two schemas as one that accepts what either accepts, where that needs no `anyOf` at the outside.
pub(in crate::policy) fn joined(left: &Value, right: &Value) -> Option<Value> {
    if left == right {
        return Some(left.clone());
    }
    absent_or(left, right).or_else(|| absent_or(right, left)).or_else(|| inside(left, right))
}

/// A field that is so, or is not there: it is so where it is there.
fn absent_or(there: &Value, absent: &Value) -> Option<Value> {
    let (there, absent) = (there.as_object()?, absent.as_object()?);
    let fields = absent.get("properties")?.as_object()?;
    let (field, _) = fields.iter().find(|(_, schema)| **schema == json!(false))?;
    let required = there.get("required")?.as_array()?;
    if !required.iter().any(|name| name == field) {
        return None;
    }
    // The two agree on everything else.
    let mut one = there.clone();
    let others: Vec<Value> = required.iter().filter(|name| *name != field).cloned().collect();
    if others.is_empty() {
        one.shift_remove("required");
    } else {
        one.insert("required".into(), Value::Array(others));
    }
    let without = |map: &Map<String, Value>| {
        let mut map = map.clone();
        if let Some(fields) = map.get_mut("properties").and_then(Value::as_object_mut) {
            fields.shift_remove(field);
            if fields.is_empty() {
                map.shift_remove("properties");
            }
        }
        map
    };
    let (a, b) = (without(&one), without(absent));
    let agree = a.len() == b.len() && a.iter().all(|(key, value)| b.get(key) == Some(value));
    agree.then(|| if one.is_empty() { json!(true) } else { Value::Object(one) })
}

/// Two schemas that differ in one field only: either, of that field.
fn inside(left: &Value, right: &Value) -> Option<Value> {
    let (a, b) = (left.as_object()?, right.as_object()?);
    let (own, other) = (a.get("properties")?.as_object()?, b.get("properties")?.as_object()?);
    let same = |key: &&String| key.as_str() == "properties" || a.get(*key) == b.get(*key);
    if a.len() != b.len() || !a.keys().all(|key| same(&key)) || own.len() != other.len() {
        return None;
    }
    let mut differing = own.iter().filter(|(name, schema)| other.get(*name) != Some(*schema));
    let (name, mine) = differing.next()?;
    let theirs = other.get(name)?;
    if differing.next().is_some() {
        return None;
    }
    let either = joined(mine, theirs).unwrap_or_else(|| json!({"anyOf": [mine, theirs]}));
    let mut one = a.clone();
    if let Some(fields) = one.get_mut("properties").and_then(Value::as_object_mut) {
        fields.insert(name.clone(), either);
    }
    Some(Value::Object(one))
}

/// Schemas of which one has to hold, as few as can be.
pub(in crate::policy) fn alternatives(schemas: Vec<Value>) -> Value {
    let mut left: Vec<Value> = Vec::new();
    for schema in schemas {
        // What is not alone may be a list of alternatives itself.
        let inner = match schema.as_object() {
            Some(map) if map.len() == 1 => map.get("anyOf").and_then(Value::as_array).cloned(),
            _ => None,
        };
        for mut next in inner.unwrap_or_else(|| vec![schema]) {
            while let Some((index, both)) =
                left.iter().enumerate().find_map(|(index, known)| Some((index, joined(known, &next)?)))
            {
                left.remove(index);
                next = both;
            }
            left.push(next);
        }
    }
    match left.as_slice() {
        [] => json!(false),
        [only] => only.clone(),
        _ => json!({"anyOf": left}),
    }
}

/// Two schemas as one that accepts what both accept, where that needs no `allOf`.
pub(in crate::policy) fn merged(left: &Value, right: &Value) -> Option<Value> {
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
