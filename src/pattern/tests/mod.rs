//! Tests of the whole module: the engine on patterns of its own, the patterns and native kinds that are shipped, and the
//! image catalogue.

#![allow(clippy::needless_pass_by_value, reason = "values are written where they are used")]

mod catalogue;
mod engine;
mod forms;
mod schema;
mod shipped;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Pattern, PatternError};
use crate::manifest::{Location, Manifest};

/// An object of values.
fn spec(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        other => panic!("{other} is not an object"),
    }
}

/// A pattern of the kind `Thing` with this schema and these resources; `lines` says where pointers stand.
fn manifest(schema: Value, resources: Value, annotations: Value, lines: &[(&str, usize)]) -> Manifest {
    let object = json!({
        "apiVersion": "kro.run/v1alpha1",
        "kind": "ResourceGraphDefinition",
        "metadata": { "name": "thing", "annotations": annotations },
        "spec": { "schema": { "apiVersion": "v1alpha1", "kind": "Thing", "spec": schema }, "resources": resources },
    });
    let locations: BTreeMap<String, Location> = lines
        .iter()
        .map(|(pointer, line)| ((*pointer).to_owned(), Location { line: *line, column: 3 }))
        .collect();
    Manifest { object, file: Some("thing.yaml".into()), locations }
}

fn pattern(schema: Value, resources: Value) -> Result<Pattern, PatternError> {
    Pattern::from_manifest(&manifest(schema, resources, json!({}), &[]))
}

/// A pattern with one ConfigMap whose `data` is given.
fn config_map(schema: Value, data: Value) -> Result<Pattern, PatternError> {
    let template = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "${schema.metadata.name}" }, "data": data,
    });
    pattern(schema, json!([{ "id": "config", "template": template }]))
}
