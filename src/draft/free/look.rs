//! A second look: what a first draft has no place for is put to the model once more, and the better of both is kept.

use serde_json::Value;

use crate::constraint::walk::{Ground, Lost, Said, Written, lost};
use crate::draft::span::Span;
use crate::pattern::SlotType;

/// What an object lacks of a request. `names`: what the object may be called; the others of them are not looked for.
pub(super) fn missed(
    said: &Said,
    turns: &[String],
    spans: &[Span],
    object: &Value,
    beside: &[String],
) -> Vec<Lost> {
    let begin = |turn: usize| turns.iter().take(turn).map(|line| line.len() + 1).sum::<usize>();
    let is_value = |span: &&Span| {
        matches!(span.kind, SlotType::Count | SlotType::Duration | SlotType::Quantity | SlotType::Cpu)
    };
    let apart: Vec<(usize, usize)> = spans
        .iter()
        .filter(|span| span.strong && !is_value(span))
        .map(|span| (begin(span.turn) + span.start, begin(span.turn) + span.end))
        .collect();
    let texts: Vec<String> = spans
        .iter()
        .filter(|span| span.strong && !span.negated)
        .filter(|span| matches!(span.kind, SlotType::Name | SlotType::Host | SlotType::Path | SlotType::Url))
        .filter_map(|span| span.value.as_str().map(str::to_owned))
        .filter(|text| !beside.contains(text))
        .collect();
    lost(said, object, &texts, &apart)
}

/// How bad a draft is: what it lacks, then what nobody said.
pub(super) fn faults(missed: &[Lost], written: &[Written]) -> (usize, usize) {
    (missed.len(), written.iter().filter(|one| one.ground == Ground::Made).count())
}

/// What is missed, as the end of a request.
pub(super) fn reminder(missed: &[Lost]) -> String {
    let shown = |one: &Lost| match one {
        Lost::Number { value, seconds: true } => format!("{value} seconds"),
        Lost::Number { value, .. } => value.to_string(),
        Lost::Amount(text) | Lost::Text(text) => text.clone(),
    };
    missed.iter().map(shown).collect::<Vec<_>>().join(", ")
}
