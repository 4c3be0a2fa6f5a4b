//! Scores manifests that were drafted freely, for any kind, against `tests/requests/free/`.
//!
//! An answer is *right* when it holds the objects that were asked for and no others, when an API server would accept
//! them, and when every value that the person stated is where the API has it. Besides that, the values that nobody said
//! are counted.
//!
//! `rows` reads the requests, `answer` finds the manifests in what a model wrote, `path` and `means` look for expected
//! values, `schemas` asks what would be refused, `said` and `unsaid` find values that come from nowhere, `table` adds up.

pub mod answer;
mod means;
mod path;
mod rows;
mod said;
mod schemas;
mod table;
#[cfg(test)]
mod tests;
mod unsaid;

pub use means::{may_be_absent, operator};
pub use path::find;
pub use rows::{Row, Wanted, load};
pub use schemas::Schemas;
pub use table::Table;

use kubectl_copilot::manifest::Manifest;
use serde_json::{Map, Value};

use super::{Answered, answered};

/// How an answer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Right,
    /// No YAML, no Kubernetes objects, or objects that the API server would refuse.
    Refused,
    /// Objects that would be accepted and are not what was asked for.
    Wrong,
    Asked,
    /// Declined, or sent to another verb.
    Declined,
    /// An error, or no answer at all.
    Error,
}

/// The verdict on one answer.
#[derive(Clone, Debug)]
pub struct Score {
    pub outcome: Outcome,
    /// Why it is not right; empty when it is.
    pub reasons: Vec<String>,
    /// The values that nobody said, each as `Kind/name: path: value`. Empty where nothing was drafted.
    pub unsaid: Vec<String>,
}

impl Score {
    fn without_objects(outcome: Outcome, reason: String) -> Self {
        Self { outcome, reasons: vec![reason], unsaid: Vec::new() }
    }
}

/// Scores one row of `eval` output: `{id, yaml | asked | declined | routed | error}`.
pub fn score(row: &Row, answer: &Value, schemas: &Schemas) -> Score {
    let without = |outcome, key: &str| Score::without_objects(outcome, format!("{key}: {}", answer[key]));
    match answered(answer) {
        Answered::Drafted => drafted(row, answer["yaml"].as_str().unwrap_or_default(), schemas),
        Answered::Asked => without(Outcome::Asked, "asked"),
        Answered::Declined => without(Outcome::Declined, "declined"),
        Answered::Routed => without(Outcome::Declined, "routed"),
        Answered::Error if answer["error"].is_null() => {
            Score::without_objects(Outcome::Error, "no answer".to_owned())
        }
        Answered::Error => without(Outcome::Error, "error"),
    }
}

fn drafted(row: &Row, text: &str, schemas: &Schemas) -> Score {
    let objects = match answer::manifests(text) {
        Ok(objects) => objects,
        Err(error) => return Score::without_objects(Outcome::Refused, format!("not read: {error}")),
    };
    let refusals = schemas.refusals(&objects);
    let wrong = reasons(row, &objects);
    let outcome = match (refusals.is_empty(), wrong.is_empty()) {
        (true, true) => Outcome::Right,
        (false, _) => Outcome::Refused,
        (true, false) => Outcome::Wrong,
    };
    let unsaid = unsaid::find(row, &objects, schemas);
    Score { outcome, reasons: refusals.into_iter().chain(wrong).collect(), unsaid }
}

/// What keeps the objects from being what was asked for, refusals aside.
fn reasons(row: &Row, objects: &[Manifest]) -> Vec<String> {
    let wanted: Vec<&Wanted> = row.expect.objects.iter().collect();
    let objects: Vec<&Manifest> = objects.iter().filter(|object| !serves(object, objects)).collect();
    fewest(row, &wanted, &objects)
}

/// A StatefulSet needs the headless Service that it names: who adds it adds nothing that nobody asked for.
fn serves(object: &Manifest, objects: &[Manifest]) -> bool {
    let key = object.key();
    let headless = key.kind == "Service" && object.object["spec"]["clusterIP"] == "None";
    let governs = |other: &Manifest| {
        other.key().kind == "StatefulSet" && other.object["spec"]["serviceName"] == key.name.as_str()
    };
    headless && objects.iter().any(governs)
}

/// Objects have no order: of all ways to give each wanted object one of the answer, the one with the fewest reasons.
fn fewest(row: &Row, wanted: &[&Wanted], objects: &[&Manifest]) -> Vec<String> {
    let Some((first, rest)) = wanted.split_first() else {
        return objects.iter().map(|object| format!("nobody asked for {}", object.key())).collect();
    };
    let group = row.group(first);
    let is_of_kind = |object: &Manifest| {
        let gvk = object.key().gvk();
        let version = first.api_version.as_ref();
        gvk.kind == first.kind
            && version.map_or(gvk.group == group, |allowed| allowed.contains(&object.key().api_version))
    };
    let chosen = (0..objects.len()).filter(|index| is_of_kind(objects[*index])).map(|index| {
        let mut others = objects.to_vec();
        let object = others.remove(index);
        let mut reasons = judge(first, &object.object);
        reasons.extend(fewest(row, rest, &others));
        reasons
    });
    chosen.min_by_key(Vec::len).unwrap_or_else(|| {
        let found: Vec<String> = objects.iter().map(|object| object.key().to_string()).collect();
        let mut reasons = vec![format!("there is no {} among {found:?}", first.kind)];
        reasons.extend(fewest(row, rest, objects));
        reasons
    })
}

fn judge(wanted: &Wanted, object: &Value) -> Vec<String> {
    let mut reasons = stated(&wanted.has, &wanted.not, object);
    for ways in &wanted.any_of {
        let each = ways.iter().map(|way| stated(&way.has, &way.not, object));
        reasons.extend(each.min_by_key(Vec::len).unwrap_or_default());
    }
    reasons
}

fn stated(has: &Map<String, Value>, not: &[String], object: &Value) -> Vec<String> {
    let mut reasons = Vec::new();
    for (path, wanted) in has {
        let found = find(path, object);
        if !means::holds(wanted, &found) {
            let values: Vec<String> = found.iter().map(|found| found.value.to_string()).collect();
            reasons.push(format!("{path}: want {wanted}, got [{}]", values.join(", ")));
        }
    }
    for unwanted in not {
        let (path, value) =
            unwanted.split_once(" = ").map_or((unwanted.as_str(), None), |(path, value)| (path, Some(value)));
        let found = find(path, object);
        let is_there = match value {
            None => !found.is_empty(),
            Some(value) => means::holds(&Value::String(value.to_owned()), &found),
        };
        if is_there {
            reasons.push(format!("{unwanted}: the request says otherwise"));
        }
    }
    reasons
}
