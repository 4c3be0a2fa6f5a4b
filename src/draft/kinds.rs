//! Which things a request asks for: code narrows by named kinds, cues and clauses; the model chooses among what is left
//! (design D12, D13.4, D13.5, D13.11).

use std::ops::Range;

use crate::constraint::{Candidate, Form, Slot};
use crate::draft::anchor;
use crate::draft::filled::{Filled, Open};
use crate::draft::outcome::Verb;
use crate::draft::prompt::{kind_id, request_line};
use crate::draft::rules::{DeclineCode, Named, Narrowed};
use crate::draft::span::{Span, clauses, find_cue};
use crate::model::{Backend, Cancel, ModelError};
use crate::pattern::{Catalogue, Pattern, PatternSet, Purpose, SlotType};

/// At most this many things in one request.
const MOST_THINGS: usize = 4;
/// What the model answers for a request that is nothing of ours.
const NONE: &str = "none";

/// One thing to draft and the words that speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// Kind of the pattern or native kind.
    pub kind: String,
    /// Why, for the person.
    pub why: String,
    /// Bytes of the turn that speak of it.
    pub clause: Range<usize>,
    /// No word for it stands there that could mean nothing else.
    pub guessed: bool,
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
    spans: &[Span],
    patterns: &PatternSet,
    prefix: &str,
    backend: &mut dyn Backend,
    cancel: &Cancel,
) -> Result<Choice, ModelError> {
    if let (true, Some(verb)) = (narrowed.question, narrowed.routes.first()) {
        return Ok(Choice::Route(*verb));
    }
    let parts = parts(narrowed, text, spans, patterns);
    let mut kinds: Vec<Kind> = Vec::new();
    for part in parts {
        if let Some(native) = part.native {
            let why = format!("you named the kind {native}");
            // Pods are what most other objects are about.
            let guessed = native == "Pod";
            kinds.push(Kind { kind: native, why, clause: part.range, guessed });
            continue;
        }
        let mut ids: Vec<(String, Option<&Pattern>)> = Vec::new();
        let all = patterns.iter().filter(|pattern| !pattern.native);
        for pattern in all {
            if part.hinted.is_empty() || part.hinted.contains(&pattern.kind) {
                ids.push((kind_id(&pattern.kind), Some(pattern)));
            }
        }
        // Words for one pattern and something only it can hold: there is nothing left to decide.
        if !(part.hinted.len() == 1 && has_evidence(spans, &part.range)) {
            ids.push((NONE.to_owned(), None));
        }
        let candidates = ids.iter().map(|(id, _)| Candidate { text: id.clone(), uses: Vec::new() }).collect();
        let form = Form {
            prefix: prefix.to_owned(),
            body: request_line(&text[part.range.clone()]),
            slots: vec![Slot { key: "kind".into(), candidates, optional: false, most: 1 }],
        };
        let answers = backend.fill(&form, cancel)?;
        let chosen = answers.answers.first().and_then(|answer| answer.choice).and_then(|i| ids.get(i));
        if let Some((_, Some(pattern))) = chosen {
            let why = if part.hinted.contains(&pattern.kind) {
                format!("your words suggest a {}", pattern.form.title.en)
            } else {
                format!("the model took it for a {}", pattern.form.title.en)
            };
            let guessed = part.hinted.is_empty();
            kinds.push(Kind { kind: pattern.kind.clone(), why, clause: part.range, guessed });
        }
    }
    if kinds.is_empty() {
        return Ok(Choice::Decline(DeclineCode::OffTopic));
    }
    kinds.truncate(MOST_THINGS);
    widen(&mut kinds, text.len());
    Ok(Choice::Draft(kinds))
}

/// Whether the words hold something that only a workload or a volume can: an image, a model id, GPUs, amounts.
fn has_evidence(spans: &[Span], range: &Range<usize>) -> bool {
    spans.iter().any(|span| {
        matches!(
            span.kind,
            SlotType::Image
                | SlotType::Model
                | SlotType::Software
                | SlotType::GpuProduct
                | SlotType::Quantity
                | SlotType::Cpu
                | SlotType::Command
        ) && span.strong
            && range.start <= span.start
            && span.end <= range.end
    })
}

/// One clause with what its words suggest.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Part {
    range: Range<usize>,
    native: Option<String>,
    hinted: Vec<String>,
    /// Servers that are named, lower case: a redis and an nginx are two things of one pattern.
    servers: Vec<String>,
}

/// The clauses that speak of a thing each. A clause that names nothing joins the one before it.
fn parts(narrowed: &Narrowed, text: &str, spans: &[Span], patterns: &PatternSet) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for range in split(narrowed, text, spans) {
        let within = |named: &&Named| range.start <= named.start && named.end <= range.end;
        let cues = narrowed.patterns.iter().filter(|named| !inside_value(named, spans));
        let first_cue = cues.clone().find(within).map(|named| named.start);
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
        let hinted = hinted(narrowed, &range, spans, patterns);
        let servers: Vec<String> = spans
            .iter()
            .filter(|span| range.start <= span.start && span.end <= range.end)
            .filter(|span| span.kind == SlotType::Software && is_server(span))
            .map(|span| span.text.to_lowercase())
            .collect();
        let speaks = native.is_some() || !hinted.is_empty();
        match parts.last_mut() {
            Some(last) if !speaks => last.range.end = range.end,
            Some(last) if last.native.is_none() && last.hinted.is_empty() => {
                *last = Part { range: last.range.start..range.end, native, hinted, servers };
            }
            _ => parts.push(Part { range, native, hinted, servers }),
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
        let hinted = hinted(narrowed, &whole, spans, patterns);
        parts.push(Part { range: whole, native: None, hinted, servers: Vec::new() });
    }
    parts
}

fn same_thing(one: &Part, other: &Part) -> bool {
    match (&one.native, &other.native) {
        (Some(a), Some(b)) => a == b,
        (None, None) => {
            one.hinted.len() == 1
                && one.hinted == other.hinted
                && (one.servers.is_empty() || other.servers.is_empty() || one.servers == other.servers)
        }
        _ => false,
    }
}

/// Whether a kind is written as Kubernetes writes it, in a way that nothing else is written: `StatefulSet`.
fn is_written_out(text: &str, named: &Named) -> bool {
    text.get(named.start..named.end) == Some(named.kind.as_str())
        && !matches!(named.kind.as_str(), "PersistentVolumeClaim" | "ConfigMap")
}

/// Patterns whose cues, or whose software, stand in a part of the words, in order. Room to store things is a part of
/// most things, so the pattern that only stores is meant where nothing else is.
fn hinted(narrowed: &Narrowed, range: &Range<usize>, spans: &[Span], patterns: &PatternSet) -> Vec<String> {
    let within = |start: usize, end: usize| range.start <= start && end <= range.end;
    let mut kinds: Vec<String> = Vec::new();
    let cues = narrowed.patterns.iter().filter(|named| !inside_value(named, spans));
    for named in cues.filter(|named| within(named.start, named.end)) {
        if !kinds.contains(&named.kind) {
            kinds.push(named.kind.clone());
        }
    }
    let server = |span: &&Span| {
        span.kind == SlotType::Software && !span.negated && within(span.start, span.end) && is_server(span)
    };
    // A model's id is said of something that serves it, unless something else is meant by name.
    let model = |span: &&Span| {
        span.kind == SlotType::Model && span.strong && !span.negated && within(span.start, span.end)
    };
    let only_web = kinds.iter().all(|kind| kind == "WebService" || kind == "Storage");
    let imaged = |span: &Span| span.kind == SlotType::Image && span.strong && within(span.start, span.end);
    if only_web && !spans.iter().any(imaged) && spans.iter().any(|span| model(&span)) {
        kinds.clear();
        let takes = |pattern: &&Pattern| {
            !pattern.native && pattern.form.slots.iter().any(|slot| slot.types.contains(&SlotType::Model))
        };
        kinds.extend(patterns.iter().filter(takes).map(|pattern| pattern.kind.clone()));
    }
    if spans.iter().any(|span| server(&span)) {
        let takes = |pattern: &&Pattern| {
            !pattern.native
                && pattern.form.derived.iter().any(|derived| derived.from == "software")
                && pattern.parameter("replicas").is_some()
                && pattern.form.slots.iter().all(|slot| !slot.types.contains(&SlotType::Model))
        };
        for pattern in patterns.iter().filter(takes) {
            if !kinds.contains(&pattern.kind) {
                kinds.push(pattern.kind.clone());
            }
        }
    }
    if kinds.len() > 1 {
        kinds.retain(|kind| kind != "Storage");
    }
    kinds
}

/// Whether a cue stands inside a value: the `app` of `app=web`, the `notebook` of an image.
fn inside_value(named: &Named, spans: &[Span]) -> bool {
    spans.iter().any(|span| {
        matches!(
            span.kind,
            SlotType::KeyValue
                | SlotType::Image
                | SlotType::Host
                | SlotType::Command
                | SlotType::Model
                | SlotType::Url
        ) && span.start <= named.start
            && named.end <= span.end
            && (span.kind != SlotType::Command || span.strong)
    })
}

/// Whether a piece of software is a server or database, as the image catalogue knows it.
fn is_server(span: &Span) -> bool {
    Catalogue::builtin()
        .entry(software_name(span), None)
        .is_some_and(|entry| entry.purpose == Purpose::Service)
}

/// `postgres 16` is the software `postgres`.
fn software_name(span: &Span) -> &str {
    let text = span.value.as_str().unwrap_or(&span.text);
    text.split(' ').next().unwrap_or(text)
}

/// A server or a model id that is named is a thing of its own, unless a word for the thing stands beside it.
fn thing_by_itself(span: &Span) -> Option<Named> {
    let server = span.kind == SlotType::Software && is_server(span);
    let model = span.kind == SlotType::Model && span.strong;
    (!span.negated && (server || model)).then(|| Named {
        kind: if model { "ModelServer".to_owned() } else { span.text.to_lowercase() },
        start: span.start,
        end: span.end,
        certain: true,
    })
}

/// The clauses, cut further where another kind or pattern is introduced inside one: `…, and I also want a notebook`.
fn split(narrowed: &Narrowed, text: &str, spans: &[Span]) -> Vec<Range<usize>> {
    const ANOTHER: &[&str] =
        &[" also ", " and ", " plus ", "另外", "还要", "还需要", "再要", "再来", "以及", "外加"];
    const SURELY: &[&str] = &[
        " also ",
        " plus ",
        " and give me ",
        " and i need ",
        " and we need ",
        " separate",
        "另外",
        "还要",
        "还需要",
        "再要",
        "再来",
        "外加",
    ];
    let mut ranges = Vec::new();
    for clause in clauses(text) {
        let mut things: Vec<Named> = narrowed
            .native
            .iter()
            .filter(|named| named.certain)
            .chain(&narrowed.patterns)
            .cloned()
            .chain(spans.iter().filter_map(thing_by_itself))
            .filter(|named| clause.start <= named.start && named.end <= clause.end)
            .collect();
        things.sort_by_key(|named| named.start);
        let mut from = clause.start;
        for pair in things.windows(2) {
            let (first, second) = (&pair[0], &pair[1]);
            if first.kind == second.kind || second.start < first.end {
                continue;
            }
            let between = text[first.end..second.start].to_ascii_lowercase();
            let words = if second.kind == "Storage" { SURELY } else { ANOTHER };
            let cut = words.iter().filter_map(|word| between.rfind(word)).max();
            let part = [" with ", " using ", " mount"].iter().any(|word| between.contains(word))
                && !between.contains("also");
            if let Some(cut) = cut.filter(|_| !part) {
                ranges.push(from..first.end + cut);
                from = first.end + cut;
            }
        }
        ranges.push(from..clause.end);
    }
    ranges
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
pub fn which_thing(
    things: &[Filled],
    text: &str,
    narrowed: &Narrowed,
    patterns: &PatternSet,
    open: Option<&Open>,
) -> usize {
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
    let asked = |thing: &Filled| open.is_some_and(|open| open.kind == thing.kind);
    things.iter().position(speaks).or_else(|| things.iter().position(asked)).unwrap_or(0)
}
