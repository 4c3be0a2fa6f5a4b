//! A filled thing becomes objects: defaults are completed, the pattern is expanded, and each object carries what it
//! was made from in one annotation, so that a later change can start there (design D13.6).

use serde_json::{Map, Value, json};

use crate::draft::filled::{Chosen, Filled};
use crate::draft::outcome::{Field, Origin, Thing};
use crate::draft::required::FIELD;
use crate::manifest::{DRAFT_ANNOTATION, canonical};
use crate::pattern::{FormSlot, Pattern, PatternError, SlotType, duration_text};

/// Expands the thing.
///
/// # Errors
/// What the pattern says: a value out of range, a template that cannot be evaluated.
pub fn objects(pattern: &Pattern, filled: &Filled) -> Result<Vec<Value>, PatternError> {
    let name = filled.text("name").unwrap_or_default();
    let namespace = filled.text("namespace");
    let mut objects = pattern.expand(name, namespace, &filled.spec())?;
    let annotation = annotation(pattern, filled);
    for object in &mut objects {
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            let annotations =
                metadata.entry("annotations").or_insert_with(|| Value::Object(Map::new())).as_object_mut();
            if let Some(annotations) = annotations {
                annotations.insert(DRAFT_ANNOTATION.into(), Value::String(annotation.clone()));
            }
            if !filled.labels.is_empty() {
                let labels = metadata.entry("labels").or_insert_with(|| Value::Object(Map::new()));
                for (key, chosen) in &filled.labels {
                    labels[key.as_str()] = chosen.value.clone();
                }
            }
        }
    }
    Ok(objects)
}

/// Only what was said or decided is kept: defaults may change with the pattern's version.
fn annotation(pattern: &Pattern, filled: &Filled) -> String {
    let parameters: Map<String, Value> = filled
        .values
        .iter()
        .filter(|(name, chosen)| *name != "name" && *name != "namespace" && chosen.origin != Origin::Default)
        .map(|(name, chosen)| (name.clone(), chosen.value.clone()))
        .collect();
    let key = if pattern.native { "kind" } else { "pattern" };
    canonical(&json!({
        key: pattern.kind,
        "version": pattern.version,
        "name": filled.text("name").unwrap_or_default(),
        "parameters": parameters,
    }))
}

/// The thing as it is shown: all fields in form order, defaults included.
///
/// # Errors
/// What the pattern says.
pub fn thing(pattern: &Pattern, filled: &Filled, objects: Vec<Value>) -> Result<Thing, PatternError> {
    let name = filled.text("name").unwrap_or_default();
    let completed = pattern.complete(name, filled.text("namespace"), &filled.spec())?;
    let mut fields = Vec::new();
    let mut order: Vec<&str> = vec!["name", "namespace", "owner"];
    order.extend(pattern.form.slots.iter().map(|slot| slot.parameter.as_str()));
    order.extend(pattern.parameters.iter().map(|parameter| parameter.name.as_str()));
    let mut seen = std::collections::BTreeSet::new();
    for parameter in order {
        if !seen.insert(parameter) {
            continue;
        }
        if let Some(chosen) = filled.values.get(parameter) {
            fields.push(field(parameter, chosen));
        } else if let Some(value) = completed.spec.get(parameter).filter(|value| !is_empty(value)) {
            fields.push(field(parameter, &Chosen::decided(value.clone(), Origin::Default)));
        }
    }
    for field in &mut fields {
        let is_time = |slot: &&FormSlot| slot.types.contains(&SlotType::Duration);
        let slot = pattern.form.slots.iter().find(|slot| slot.parameter == field.name);
        field.shown = slot.filter(is_time).and_then(|_| field.value.as_u64()).map(duration_text);
    }
    fields.extend(filled.labels.iter().map(|(key, chosen)| field(&format!("{FIELD}{key}"), chosen)));
    let mut all = completed.spec;
    all.insert("name".into(), Value::from(name));
    Ok(Thing {
        kind: pattern.kind.clone(),
        pattern: !pattern.native,
        why: filled.why.clone(),
        summary: pattern.form.summary(&pattern.kind, &all),
        fields,
        objects,
    })
}

/// A value with where it comes from, as it is told.
pub fn field(name: &str, chosen: &Chosen) -> Field {
    Field {
        shown: None,
        name: name.to_owned(),
        value: chosen.value.clone(),
        origin: chosen.origin,
        span: chosen.said.map(|(_, start, end)| [start, end]),
        turn: chosen.said.map(|(turn, _, _)| turn),
        confidence: chosen.confidence,
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}
