//! Scores the answers of `kubectl copilot eval` against the requests in `tests/requests/`.
//!
//! An answer is *right* when the rendered objects hold every value that the person stated and nothing
//! that nobody asked for, or when the request was asked back, declined or routed as expected. Only the
//! objects are measured, never a pattern's parameters: whoever fills the form and however it is rendered,
//! a GPU is a limit on `nvidia.com/gpu` and a host is a rule of an Ingress.
//!
//! `rows` reads the requests, `things` tells the objects of an answer apart, `facets` reads stated values
//! from objects, `values` compares them, `unasked` finds what nobody asked for, `table` adds it all up. `free` has the
//! requests for any kind, which are scored by paths.

mod facets;
pub mod free;
mod rows;
mod table;
#[cfg(test)]
mod tests;
mod things;
mod unasked;
mod values;

#[cfg(feature = "llama")]
pub use rows::tasks;
pub use rows::{Expect, Lang, Row, Thing, load_rows};
pub use table::{Share, Table};

use serde_json::{Map, Value};
use things::Group;

/// What an answer did, before anybody asks whether it was right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answered {
    Drafted,
    Asked,
    Declined,
    Routed,
    /// An error, or none of the keys that a row of `eval` has.
    Error,
}

/// The verdict on one answer.
#[derive(Clone, Debug)]
pub struct Score {
    pub right: bool,
    /// There were objects to look at, and they are not what was asked for. The worst outcome.
    pub drafted_but_wrong: bool,
    /// Why it is not right; empty when it is.
    pub reasons: Vec<String>,
    pub answered: Answered,
}

/// Scores one row of `eval` output: `{id, yaml | asked | declined | routed: {verb, name?} | error}`.
pub fn score(row: &Row, answer: &Value) -> Score {
    let answered = answered(answer);
    let reasons = reasons(row, answer, answered);
    let right = reasons.is_empty();
    Score { right, drafted_but_wrong: !right && answered == Answered::Drafted, reasons, answered }
}

fn answered(answer: &Value) -> Answered {
    let has = |key: &str| answer.get(key).is_some_and(|value| !value.is_null());
    match () {
        () if has("error") => Answered::Error,
        () if has("yaml") => Answered::Drafted,
        () if has("routed") => Answered::Routed,
        () if has("asked") => Answered::Asked,
        () if has("declined") => Answered::Declined,
        () => Answered::Error,
    }
}

fn reasons(row: &Row, answer: &Value, answered: Answered) -> Vec<String> {
    if answer.get("id").is_some_and(|id| id.as_str() != Some(&row.id)) {
        return vec![format!("the answer is for {}, not for {}", answer["id"], row.id)];
    }
    match (&row.expect, answered) {
        (_, Answered::Error) => vec![format!("no answer: {}", answer.get("error").unwrap_or(&Value::Null))],
        (Expect::Drafted { things }, Answered::Drafted) => drafted(row, things, &answer["yaml"]),
        (Expect::Asked { missing }, Answered::Asked) => asked(missing, answer),
        (Expect::Routed { verb, name }, Answered::Routed) => routed(verb, name.as_deref(), &answer["routed"]),
        (Expect::Declined, Answered::Declined) => Vec::new(),
        (expected, _) => vec![format!("expected {}, got {answered:?}", expected.outcome())],
    }
}

/// The question must be about what is missing, where the answer says what it asks for.
fn asked(missing: &[String], answer: &Value) -> Vec<String> {
    let asked = &answer["asked"];
    let fields = asked.get("missing").or_else(|| answer.get("missing")).and_then(Value::as_array);
    let questions = asked["questions"].as_array();
    let named: Vec<&str> = match (fields, questions) {
        (Some(fields), _) => fields.iter().filter_map(Value::as_str).map(last_segment).collect(),
        (None, Some(questions)) => {
            questions.iter().filter_map(|question| question["field"].as_str()).collect()
        }
        (None, None) => return Vec::new(),
    };
    let absent = missing.iter().filter(|field| !named.contains(&field.as_str()));
    absent.map(|field| format!("did not ask for {field}, but for {named:?}")).collect()
}

fn last_segment(path: &str) -> &str {
    path.rsplit(['.', '/']).next().unwrap_or(path)
}

fn routed(verb: &str, name: Option<&str>, routed: &Value) -> Vec<String> {
    let to = routed.as_str().or_else(|| routed["verb"].as_str()).unwrap_or_default();
    let mut reasons = Vec::new();
    if to != verb {
        reasons.push(format!("routed to {to:?}, not to {verb:?}"));
    }
    if let (Some(name), Some(found)) = (name, routed["name"].as_str())
        && name != found
    {
        reasons.push(format!("routed about {found:?}, not about {name:?}"));
    }
    reasons
}

fn drafted(row: &Row, things: &[Thing], yaml: &Value) -> Vec<String> {
    let documents = match serde_saphyr::from_multiple::<Value>(yaml.as_str().unwrap_or_default()) {
        Ok(documents) => documents,
        Err(error) => return vec![format!("the answer is not YAML: {error}")],
    };
    let groups = things::group(&documents, things);
    if groups.len() != things.len() {
        let found: Vec<String> = groups.iter().map(Group::describe).collect();
        return vec![format!(
            "{} things asked for, {} drafted: {}",
            things.len(),
            groups.len(),
            found.join(", ")
        )];
    }
    fewest(things, &groups, &|thing, group| judge(row, thing, group, &documents))
}

/// Things have no order: the assignment of groups to things with the fewest reasons is the one meant.
fn fewest<'a>(
    things: &[Thing],
    groups: &[Group<'a>],
    judge: &dyn Fn(&Thing, &Group<'a>) -> Vec<String>,
) -> Vec<String> {
    let Some((thing, rest)) = things.split_first() else { return Vec::new() };
    let assignments = (0..groups.len()).map(|chosen| {
        let mut others = groups.to_vec();
        let group = others.remove(chosen);
        let mut reasons = judge(thing, &group);
        reasons.extend(fewest(rest, &others, judge));
        reasons
    });
    assignments.min_by_key(Vec::len).unwrap_or_default()
}

/// One thing against the objects that were drafted for it; of several readings the kindest counts.
fn judge(row: &Row, thing: &Thing, group: &Group<'_>, documents: &[Value]) -> Vec<String> {
    if !group.may_be(&thing.what) {
        return vec![format!("{} asked for, {} drafted", thing.what, group.describe())];
    }
    let readings = thing.readings().map(|values| {
        let mut reasons = stated(values, group);
        reasons.extend(excluded(&thing.not, group));
        reasons.extend(unasked::find(row, thing, values, group, documents));
        reasons
    });
    readings.min_by_key(Vec::len).unwrap_or_default()
}

/// Every value that the person stated is in the objects; `null` states that there is none.
fn stated(values: &Map<String, Value>, group: &Group<'_>) -> Vec<String> {
    let wrong = values.iter().filter(|(facet, want)| !facets::holds(group, facet, want));
    wrong
        .map(|(facet, want)| format!("{facet}: want {want}, got {:?}", facets::observed(group, facet)))
        .collect()
}

/// A number that belongs to something else in the sentence did not end up in a field.
fn excluded(not: &Map<String, Value>, group: &Group<'_>) -> Vec<String> {
    let wrong = not.iter().filter(|(facet, value)| facets::holds(group, facet, value));
    wrong.map(|(facet, value)| format!("{facet}: {value} is not what the request means")).collect()
}
