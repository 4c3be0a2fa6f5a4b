//! Which things a request asks for: code narrows by named kinds, cues and clauses; the model chooses among what is left
//! (design D12, D13.4, D13.5, D13.11).

use std::ops::Range;

use crate::constraint::{Candidate, Form, Slot};
use crate::draft::anchor;
use crate::draft::filled::Filled;
use crate::draft::outcome::Verb;
use crate::draft::prompt::{kind_id, request_line};
use crate::draft::rules::{DeclineCode, Named, Narrowed};
use crate::draft::span::{clauses, find_cue};
use crate::model::{Backend, Cancel, ModelError};
use crate::pattern::{Pattern, PatternSet};

/// At most this many things in one request.
const MOST_THINGS: usize = 4;
/// What the model answers for a request that is nothing of ours.
const NONE: &str = "none";
/// What the model answers for a question about the cluster.
const SHOW: &str = "show";

/// One thing to draft and the words that speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Kind of the pattern or native kind.
    pub kind: String,
    /// Why, for the person.
    pub why: String,
    /// Bytes of the turn that speak of it.
    pub clause: Range<usize>,
}

/// What the request is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Things to draft, at least one.
    Draft(Vec<Kind>),
    /// A question that another verb answers.
    Route(Verb),
    /// Nothing of ours; a code of the closed list.
    Decline(DeclineCode),
}

/// Chooses.
///
/// # Errors
/// What the backend says.
pub fn choose(
    narrowed: &Narrowed,
    text: &str,
    patterns: &PatternSet,
    prefix: &str,
    backend: &mut dyn Backend,
    cancel: &Cancel,
) -> Result<Choice, ModelError> {
    let parts = parts(narrowed, text);
    let mut kinds: Vec<Kind> = Vec::new();
    let mut shown = false;
    for part in parts {
        if let Some(native) = part.native {
            let why = format!("you named the kind {native}");
            kinds.push(Kind { kind: native, why, clause: part.range });
            continue;
        }
        let question = narrowed.question && kinds.is_empty();
        if question && part.hinted.is_empty() {
            shown = true;
            continue;
        }
        let mut ids: Vec<(String, Option<&Pattern>)> = Vec::new();
        let all = patterns.iter().filter(|pattern| !pattern.native);
        for pattern in all {
            if part.hinted.is_empty() || part.hinted.contains(&pattern.kind) {
                ids.push((kind_id(&pattern.kind), Some(pattern)));
            }
        }
        if question {
            ids.push((SHOW.to_owned(), None));
        }
        ids.push((NONE.to_owned(), None));
        let candidates = ids.iter().map(|(id, _)| Candidate { text: id.clone(), uses: Vec::new() }).collect();
        let form = Form {
            prefix: prefix.to_owned(),
            body: request_line(&text[part.range.clone()]),
            slots: vec![Slot { key: "kind".into(), candidates, optional: false, most: 1 }],
        };
        let answers = backend.fill(&form, cancel)?;
        let chosen = answers.answers.first().and_then(|answer| answer.choice).and_then(|i| ids.get(i));
        match chosen {
            Some((_, Some(pattern))) => {
                let why = if part.hinted.contains(&pattern.kind) {
                    format!("your words suggest a {}", pattern.form.title.en)
                } else {
                    format!("the model took it for a {}", pattern.form.title.en)
                };
                kinds.push(Kind { kind: pattern.kind.clone(), why, clause: part.range });
            }
            Some((id, None)) if id == SHOW => shown = true,
            _ => {}
        }
    }
    if kinds.is_empty() {
        return Ok(match narrowed.routes.first() {
            Some(verb) if shown => Choice::Route(*verb),
            _ => Choice::Decline(DeclineCode::OffTopic),
        });
    }
    kinds.truncate(MOST_THINGS);
    widen(&mut kinds, text.len());
    Ok(Choice::Draft(kinds))
}

/// One clause with what its words suggest.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    range: Range<usize>,
    native: Option<String>,
    hinted: Vec<String>,
}

/// The clauses that speak of a thing each. A clause that names nothing joins the one before it.
fn parts(narrowed: &Narrowed, text: &str) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for range in clauses(text) {
        let within = |named: &&Named| range.start <= named.start && named.end <= range.end;
        let first_cue = narrowed.patterns.iter().find(within).map(|named| named.start);
        // `a notebook with a pvc`: what stands behind the thing is a part of it, unless it is written as Kubernetes does.
        let leads =
            |named: &&Named| first_cue.is_none_or(|cue| named.start < cue) || is_written_out(text, named);
        let native = narrowed
            .native
            .iter()
            .filter(within)
            .filter(|named| named.certain)
            .find(leads)
            .map(|native| native.kind.clone());
        let hinted = hinted(narrowed, &range);
        let speaks = native.is_some() || !hinted.is_empty();
        match parts.last_mut() {
            Some(last) if !speaks => last.range.end = range.end,
            Some(last) if last.native.is_none() && last.hinted.is_empty() => {
                *last = Part { range: last.range.start..range.end, native, hinted };
            }
            _ => parts.push(Part { range, native, hinted }),
        }
    }
    if parts.len() > 1 {
        // Two clauses about the same thing (`a notebook …, and the notebook should …`) are one.
        let mut merged: Vec<Part> = Vec::new();
        for part in parts {
            match merged.last_mut() {
                Some(last) if same_thing(last, &part) => last.range.end = part.range.end,
                _ => merged.push(part),
            }
        }
        parts = merged;
    }
    if parts.is_empty() {
        let whole = 0..text.len();
        let hinted = hinted(narrowed, &whole);
        parts.push(Part { range: whole, native: None, hinted });
    }
    parts
}

fn same_thing(one: &Part, other: &Part) -> bool {
    match (&one.native, &other.native) {
        (Some(a), Some(b)) => a == b,
        (None, None) => one.hinted.len() == 1 && one.hinted == other.hinted,
        _ => false,
    }
}

/// Whether a kind is written as Kubernetes writes it, in a way that nothing else is written: `StatefulSet`.
fn is_written_out(text: &str, named: &Named) -> bool {
    let capitals = named.kind.chars().filter(char::is_ascii_uppercase).count();
    text.get(named.start..named.end) == Some(named.kind.as_str())
        && (capitals > 1 || named.kind == "Deployment")
        && !matches!(named.kind.as_str(), "PersistentVolumeClaim" | "ConfigMap")
}

/// Patterns whose cues stand in a part of the words, in order.
fn hinted(narrowed: &Narrowed, range: &Range<usize>) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for named in narrowed.patterns.iter().filter(|n| range.start <= n.start && n.end <= range.end) {
        if !kinds.contains(&named.kind) {
            kinds.push(named.kind.clone());
        }
    }
    kinds
}

/// Words before the first thing and behind the last belong to them; between two, to the first.
fn widen(kinds: &mut [Kind], length: usize) {
    for index in 0..kinds.len() {
        if index == 0 {
            kinds[index].clause.start = 0;
        }
        let end = kinds.get(index + 1).map_or(length, |next| next.clause.start);
        kinds[index].clause.end = end;
    }
}

/// Which of the things a follow-up speaks of: the one whose cue or slot cue it names, else the first.
pub fn which_thing(things: &[Filled], text: &str, narrowed: &Narrowed, patterns: &PatternSet) -> usize {
    let named: Vec<&str> =
        narrowed.patterns.iter().chain(&narrowed.native).map(|named| named.kind.as_str()).collect();
    if let Some(index) = things.iter().position(|thing| named.contains(&thing.kind.as_str())) {
        return index;
    }
    let by_name = |thing: &Filled| {
        !find_cue(text, &kind_id(&thing.kind)).is_empty() || !find_cue(text, &thing.kind).is_empty()
    };
    if let Some(index) = things.iter().position(by_name) {
        return index;
    }
    let speaks = |thing: &Filled| {
        patterns
            .get(&thing.kind)
            .is_some_and(|pattern| pattern.form.slots.iter().any(|slot| anchor::mentions(text, slot)))
    };
    things.iter().position(speaks).unwrap_or(0)
}
