//! What the rows hold: enough of each, nothing twice, only canonical values.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::score::things::{NATIVE, PATTERNS, is_native};
use crate::score::values::{cron, dns_label, quantity};
use crate::score::{Expect, Lang, Row, Thing, load_rows};

pub fn rows() -> Vec<Row> {
    load_rows(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/requests"))
}

fn things(rows: &[Row]) -> impl Iterator<Item = (&Row, &Thing)> {
    rows.iter().flat_map(|row| match &row.expect {
        Expect::Drafted { things } => things.iter().map(|thing| (row, thing)).collect(),
        _ => Vec::new(),
    })
}

#[test]
fn there_are_enough_of_each() {
    let rows = rows();
    let count = |wanted: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| wanted(row)).count();
    assert!(rows.len() >= 100);
    assert!(count(&|row| row.lang == Lang::Zh) >= 20);
    assert!(count(&|row| matches!(row.expect, Expect::Declined)) >= 18);
    assert!(count(&|row| matches!(row.expect, Expect::Asked { .. })) >= 8);
    assert!(count(&|row| matches!(row.expect, Expect::Routed { .. })) >= 6);
    assert!(count(&|row| !row.earlier.is_empty()) >= 8);
    assert!(count(&|row| matches!(&row.expect, Expect::Drafted { things } if things.len() > 1)) >= 6);
}

#[test]
fn every_pattern_and_most_native_kinds_are_asked_for() {
    let rows = rows();
    let mut whats: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, thing) in things(&rows) {
        *whats.entry(&thing.what).or_default() += 1;
    }
    assert!(PATTERNS.iter().all(|pattern| whats.get(pattern).is_some_and(|count| *count >= 3)), "{whats:?}");
    assert!(NATIVE.iter().filter(|kind| whats.contains_key(**kind)).count() >= 8, "{whats:?}");
    assert!(whats.keys().all(|what| PATTERNS.contains(what) || NATIVE.contains(what)), "{whats:?}");
}

#[test]
fn every_verb_is_routed_to() {
    let rows = rows();
    let verbs: BTreeSet<&str> = rows
        .iter()
        .filter_map(|row| match &row.expect {
            Expect::Routed { verb, .. } => Some(verb.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(verbs.into_iter().collect::<Vec<_>>(), ["capacity", "history", "open", "status", "why"]);
}

#[test]
fn ids_and_requests_are_unique() {
    let rows = rows();
    let ids: BTreeSet<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let requests: BTreeSet<(&str, &[String])> =
        rows.iter().map(|row| (row.request.as_str(), row.earlier.as_slice())).collect();
    assert_eq!((ids.len(), requests.len()), (rows.len(), rows.len()));
}

#[test]
fn language_is_the_language_of_the_request() {
    let han = |c: char| ('\u{4e00}'..='\u{9fff}').contains(&c);
    for row in rows() {
        assert_eq!(row.request.chars().any(han), row.lang == Lang::Zh, "{}", row.id);
    }
}

#[test]
fn context_is_yaml() {
    for row in rows() {
        let Some(context) = &row.context else { continue };
        let documents: Vec<Value> = serde_saphyr::from_multiple(context).unwrap();
        assert!(documents.iter().all(|document| document["kind"].is_string()), "{}", row.id);
    }
}

#[test]
fn values_are_canonical() {
    let rows = rows();
    for (row, thing) in things(&rows) {
        for values in thing.readings().chain([&thing.not]) {
            for (facet, value) in values {
                assert!(may_have(&thing.what, facet), "{}: a {} has no {facet}", row.id, thing.what);
                assert!(is_canonical(facet, value), "{}: {facet}: {value}", row.id);
            }
        }
    }
}

/// A value that the person did not write cannot be expected: names, images, models and the like are in the request.
#[test]
fn copied_values_stand_in_the_request() {
    let rows = rows();
    for (row, thing) in things(&rows) {
        let words = row.words();
        for facet in ["image", "model", "command", "host", "claim", "storage_class", "namespace"] {
            let Some(value) = thing.values.get(facet).and_then(Value::as_str) else { continue };
            assert!(words.to_lowercase().contains(&value.to_lowercase()), "{}: {facet}: {value}", row.id);
        }
        for (key, value) in
            ["env", "data"].iter().filter_map(|facet| thing.values.get(*facet)).flat_map(pairs)
        {
            assert!(words.contains(&format!("{key}={}", value.as_str().unwrap())), "{}: {key}", row.id);
        }
        for facet in ["name", "owner"] {
            let Some(value) = thing.values.get(facet).and_then(Value::as_str) else { continue };
            assert!(dns_label(&words).contains(value), "{}: {facet}: {value}", row.id);
        }
    }
}

fn pairs(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn may_have(what: &str, facet: &str) -> bool {
    let own: &[&str] = match what {
        "Notebook" => &[
            "software",
            "image",
            "gpus",
            "gpu_type",
            "cpu",
            "memory",
            "disk",
            "storage_class",
            "env",
            "claim",
        ],
        "TrainingJob" => &[
            "image",
            "command",
            "gpus",
            "nodes",
            "gpu_type",
            "cpu",
            "memory",
            "claim",
            "env",
            "time_limit",
            "retries",
        ],
        "ModelServer" => &[
            "model",
            "image",
            "gpus",
            "gpu_type",
            "replicas",
            "cpu",
            "memory",
            "disk",
            "port",
            "host",
            "context_length",
            "env",
        ],
        "WebService" => {
            &["image", "software", "replicas", "port", "cpu", "memory", "disk", "host", "env", "command"]
        }
        "Storage" | "PersistentVolumeClaim" => &["size", "access_mode", "storage_class"],
        "ConfigMap" => &["data"],
        "Service" => &["port", "type", "selector"],
        "Namespace" => &[],
        _ => &[
            "image",
            "command",
            "gpus",
            "gpu_type",
            "replicas",
            "port",
            "cpu",
            "memory",
            "env",
            "schedule",
            "time_limit",
            "retries",
        ],
    };
    let of_all = ["name", "namespace"].contains(&facet) || (facet == "owner" && !is_native(what));
    (of_all && !(what == "Namespace" && facet == "namespace")) || own.contains(&facet)
}

fn is_canonical(facet: &str, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match facet {
        "host" if value.is_null() => true,
        "gpus" | "nodes" | "replicas" | "port" | "context_length" | "time_limit" | "retries" => {
            value.is_u64()
        }
        "memory" | "disk" | "size" => quantity(text).is_some_and(|bytes| bytes >= 1e6),
        "cpu" => quantity(text).is_some_and(|cores| cores < 1e3),
        "name" | "namespace" | "owner" | "claim" | "storage_class" | "selector" => {
            !text.is_empty() && dns_label(text) == text
        }
        "gpu_type" => !text.is_empty() && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit()),
        "schedule" => cron(text) == text && text.split(' ').count() == 5,
        "access_mode" => {
            ["ReadWriteOnce", "ReadWriteMany", "ReadOnlyMany", "ReadWriteOncePod"].contains(&text)
        }
        "type" => ["ClusterIP", "NodePort", "LoadBalancer"].contains(&text),
        "env" | "data" => {
            value.as_object().is_some_and(|map: &Map<String, Value>| map.values().all(Value::is_string))
        }
        _ => !text.is_empty(),
    }
}
