//! Places of an object and what a schema says of them.

use std::sync::Arc;

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
                map.insert("properties".into(), one(field, inner));
            }
            Value::Object(map)
        });
        if schema == json!(true) { Predicate::True } else { Predicate::Is(self.scope, Arc::new(schema)) }
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
    let is_other = |key: &&String| !matches!(key.as_str(), "required" | "properties");
    let empty = Map::new();
    let (mine, theirs) = (there.get("properties").and_then(Value::as_object).unwrap_or(&empty), fields);
    let others = |map: &Map<String, Value>| map.keys().filter(is_other).count();
    let same_fields = mine.iter().all(|(name, schema)| name == field || theirs.get(name) == Some(schema))
        && theirs.keys().all(|name| name == field || mine.contains_key(name));
    let same_names = match absent.get("required").and_then(Value::as_array) {
        None => required.len() == 1,
        Some(names) => {
            names.len() + 1 == required.len()
                && names.iter().eq(required.iter().filter(|name| *name != field))
        }
    };
    let same_rest = others(there) == others(absent)
        && there.iter().filter(|(key, _)| is_other(key)).all(|(key, value)| absent.get(key) == Some(value));
    if !same_fields || !same_names || !same_rest {
        return None;
    }
    let mut one = there.clone();
    let left: Vec<Value> = required.iter().filter(|name| *name != field).cloned().collect();
    if left.is_empty() {
        one.shift_remove("required");
    } else {
        one.insert("required".into(), Value::Array(left));
    }
    Some(if one.is_empty() { json!(true) } else { Value::Object(one) })
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
    let either = joined(mine, theirs)
        .unwrap_or_else(|| one("anyOf", Value::Array(vec![mine.clone(), theirs.clone()])));
    // Written anew and not cloned and changed: the field is most of it, at every level.
    let mut either = Some(either);
    let mut fields = Map::new();
    for (field, schema) in own {
        let schema = if field == name { either.take() } else { None }.unwrap_or_else(|| schema.clone());
        fields.insert(field.clone(), schema);
    }
    let mut fields = Some(Value::Object(fields));
    let mut changed = Map::new();
    for (key, value) in a {
        let value = if key == "properties" { fields.take() } else { None }.unwrap_or_else(|| value.clone());
        changed.insert(key.clone(), value);
    }
    Some(Value::Object(changed))
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
    match left.len() {
        0 => json!(false),
        1 => left.remove(0),
        _ => one("anyOf", Value::Array(left)),
    }
}

/// A map with one key. `json!` would write its value anew.
pub(super) fn one(key: &str, value: Value) -> Value {
    let mut map = Map::new();
    map.insert(key.to_owned(), value);
    Value::Object(map)
}

/// Whether two schemas can be one without `allOf`.
pub(in crate::policy) fn can_merge(left: &Value, right: &Value) -> bool {
    if left == right || *left == Value::Bool(true) || *right == Value::Bool(true) {
        return true;
    }
    let (Some(a), Some(b)) = (left.as_object(), right.as_object()) else { return false };
    let counts = a.keys().any(|key| key.contains("ontains"));
    b.iter().all(|(key, value)| match (a.get(key), key.as_str()) {
        // These belong to `contains` and change what it says.
        (None, "contains" | "minContains" | "maxContains") => !counts,
        (None, _) => true,
        (Some(known), _) if known == value => true,
        (Some(known), "required") => known.is_array() && value.is_array(),
        (Some(known), "properties") => known.is_object() && value.is_object(),
        (Some(_), "items") => true,
        _ => false,
    })
}

/// Makes one of two schemas that [`can_merge`].
pub(in crate::policy) fn merge(left: &mut Value, right: Value) {
    if *left == right || right == Value::Bool(true) {
        return;
    }
    if *left == Value::Bool(true) {
        *left = right;
        return;
    }
    let (Some(both), Value::Object(right)) = (left.as_object_mut(), right) else { return };
    for (key, value) in right {
        let Some(known) = both.get_mut(&key) else {
            both.insert(key, value);
            continue;
        };
        match (key.as_str(), known, value) {
            (_, known, value) if *known == value => {}
            ("required", Value::Array(names), Value::Array(more)) => {
                for name in more {
                    if !names.contains(&name) {
                        names.push(name);
                    }
                }
            }
            ("properties", Value::Object(fields), Value::Object(more)) => {
                for (name, schema) in more {
                    match fields.get_mut(&name) {
                        None => {
                            fields.insert(name, schema);
                        }
                        Some(known) => both_of(known, schema),
                    }
                }
            }
            (_, known, value) => both_of(known, value),
        }
    }
}

/// Both schemas as one, with `allOf` where it has to be.
fn both_of(known: &mut Value, other: Value) {
    if can_merge(known, &other) {
        merge(known, other);
    } else {
        let own = known.take();
        *known = one("allOf", Value::Array(vec![own, other]));
    }
}
