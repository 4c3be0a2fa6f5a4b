//! A compiled schema as it reads for objects of one kind: what the kind's own schema says anyway is left out.

use serde_json::{Map, Value, json};

use super::cel::compile::{alternatives, can_merge, merge};
use crate::schema::Node;

/// Rounds of simplifying.
const MOST_ROUNDS: usize = 4;

/// `schema` without what every object that is valid under `node` holds to, and without what none can be. For these objects both
/// accept the same.
pub(super) fn fitted(schema: &Value, node: Node<'_>) -> Value {
    // What is put together in one round may come down to less in the next.
    let mut now = round(schema, node);
    for _ in 1..MOST_ROUNDS {
        let next = round(&now, node);
        if next == now {
            break;
        }
        now = next;
    }
    now
}

fn round(schema: &Value, node: Node<'_>) -> Value {
    let Some(map) = schema.as_object() else { return schema.clone() };
    let own = type_of(node);
    let mut out = Map::new();
    for (key, value) in map {
        match key.as_str() {
            "type" => match (own, admits(value, own)) {
                (Some(_), true) => {}
                (Some(_), false) => return json!(false),
                (None, _) => {
                    out.insert(key.clone(), value.clone());
                }
            },
            "anyOf" => {
                let parts = parts(value).map(|part| round(part, node));
                let left: Vec<Value> = parts.filter(|part| *part != json!(false)).collect();
                if left.contains(&json!(true)) {
                    continue;
                }
                match alternatives(left) {
                    Value::Bool(false) => return json!(false),
                    Value::Object(one) if one.len() == 1 && one.contains_key("anyOf") => out.extend(one),
                    only => return finish(out, &rest(map, key), node, only),
                }
            }
            "allOf" => {
                let mut left: Vec<Value> = Vec::new();
                for part in parts(value).map(|part| round(part, node)) {
                    match left.last_mut().filter(|last| can_merge(last, &part)) {
                        Some(last) => merge(last, part),
                        None => left.push(part),
                    }
                }
                left.retain(|part| *part != json!(true));
                if left.contains(&json!(false)) {
                    return json!(false);
                }
                match left.len() {
                    0 => {}
                    1 => return finish(out, &rest(map, key), node, left.remove(0)),
                    _ => {
                        out.insert(key.clone(), Value::Array(left));
                    }
                }
            }
            "not" => match round(value, node) {
                Value::Bool(true) => return json!(false),
                Value::Bool(false) => {}
                inner => {
                    out.insert(key.clone(), inner);
                }
            },
            "items" | "contains" => {
                let inner = node.items().map_or_else(|| value.clone(), |items| round(value, items));
                if key == "items" && inner == json!(true) {
                    continue;
                }
                out.insert(key.clone(), inner);
            }
            "properties" => {
                let mut fields = Map::new();
                for (name, inner) in value.as_object().into_iter().flatten() {
                    let inner = node.child(name).map_or_else(|| inner.clone(), |child| round(inner, child));
                    if inner != json!(true) {
                        fields.insert(name.clone(), inner);
                    }
                }
                if !fields.is_empty() {
                    out.insert(key.clone(), Value::Object(fields));
                }
            }
            "required" => {
                let names = parts(value).filter_map(Value::as_str);
                let names: Vec<&str> =
                    names.filter(|name| !node.schema().required.iter().any(|own| own == name)).collect();
                if !names.is_empty() {
                    out.insert(key.clone(), json!(names));
                }
            }
            _ => {
                out.insert(key.clone(), value.clone());
            }
        }
    }
    absorb(out)
}

/// Without the alternatives of which one is said anyway.
fn absorb(mut map: Map<String, Value>) -> Value {
    let is_one_of = |alternatives: &Value, said: &Value| parts(alternatives).any(|one| one == said);
    if let Some(alternatives) = map.shift_remove("anyOf") {
        let around = Value::Object(map);
        let is_said = is_one_of(&alternatives, &around);
        map = taken(around);
        if !is_said {
            map.insert("anyOf".into(), alternatives);
        }
    }
    if let Some(Value::Array(all)) = map.shift_remove("allOf") {
        let around = Value::Object(map);
        let is_kept = |one: &&Value| {
            let only = one.as_object().filter(|map| map.len() == 1).and_then(|map| map.get("anyOf"));
            !only.is_some_and(|alternatives| {
                all.iter().chain([&around]).any(|said| is_one_of(alternatives, said))
            })
        };
        let kept: Vec<Value> = all.iter().filter(is_kept).cloned().collect();
        map = taken(around);
        if let ([only], true) = (kept.as_slice(), map.is_empty()) {
            return only.clone();
        }
        map.insert("allOf".into(), Value::Array(kept));
    }
    if map.is_empty() { json!(true) } else { Value::Object(map) }
}

/// The map that a value is.
fn taken(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

/// A schema of which one combination came down to a single part: both as one.
fn finish(before: Map<String, Value>, behind: &Value, node: Node<'_>, only: Value) -> Value {
    let mut whole = if before.is_empty() { json!(true) } else { Value::Object(before) };
    for next in [only, round(behind, node)] {
        if can_merge(&whole, &next) {
            merge(&mut whole, next);
        } else {
            whole = json!({"allOf": [whole, next]});
        }
    }
    match whole {
        Value::Object(map) => absorb(map),
        other => other,
    }
}

/// What stands behind a key.
fn rest(map: &Map<String, Value>, key: &str) -> Value {
    let behind: Map<String, Value> = map
        .iter()
        .skip_while(|(name, _)| *name != key)
        .skip(1)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    if behind.is_empty() { json!(true) } else { Value::Object(behind) }
}

fn parts(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The type that every valid value of a node has.
fn type_of(node: Node<'_>) -> Option<&str> {
    if node.is_quantity() {
        return Some("string");
    }
    if node.is_int_or_string() || node.schema().nullable {
        return None;
    }
    node.schema().type_name.as_deref()
}

fn admits(types: &Value, own: Option<&str>) -> bool {
    let is = |name: &Value| {
        let name = name.as_str();
        name == own || (name == Some("number") && own == Some("integer"))
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::GroupVersionKind;
    use crate::schema::SchemaSet;

    #[test]
    fn what_the_kind_says_itself_is_left_out() {
        let set = SchemaSet::bundled(None).unwrap();
        let pod = set.kind(&GroupVersionKind::new("v1", "Pod")).unwrap().node;
        let containers = |inner: Value| {
            json!({"type": "object", "required": ["spec"], "properties": {"spec": {
                "type": "object", "required": ["containers"], "properties": {"containers": inner}}}})
        };
        let both = json!({"anyOf": [
            {"type": "array", "items": {"type": "object", "required": ["image"], "properties": {"image": {"type": "string", "pattern": "^a/"}}}},
            {"type": "object", "maxProperties": 0}]});
        let image = json!({"required": ["image"], "properties": {"image": {"pattern": "^a/"}}});
        // The API lets a Pod be without a spec in its schema, and a container without an image.
        let expected = json!({"required": ["spec"], "properties": {"spec": {"properties": {"containers": {"items": image}}}}});
        assert_eq!(fitted(&containers(both), pod), expected);
        assert_eq!(fitted(&json!({"type": "array"}), pod), json!(false), "no Pod is a list");
        assert_eq!(fitted(&json!({"not": {"type": "array"}}), pod), json!(true));
        assert_eq!(
            fitted(&json!({"anyOf": [{"type": "array"}, {"required": ["spec"]}], "maxProperties": 9}), pod),
            json!({"required": ["spec"], "maxProperties": 9})
        );
    }
}
