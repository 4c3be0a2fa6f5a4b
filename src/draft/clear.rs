//! Negation: `no GPU`, `without the time limit`, `不要显卡` clear the slot whose cue follows.

use serde_json::Value;

use crate::draft::filled::{Chosen, Filled};
use crate::draft::outcome::Origin;
use crate::draft::span::{Negation, Span, negations};
use crate::pattern::{FormSlot, ParameterKind, Pattern};

/// Clears what a follow-up negates. Returns the spans that are spent by it.
pub fn cleared(
    pattern: &Pattern,
    text: &str,
    turn: usize,
    spans: &[Span],
    filled: &mut Filled,
) -> Vec<usize> {
    let mut spent = Vec::new();
    for (slot, negation) in negated_slots(pattern, text, turn) {
        if slot.parameter == "name" || slot.parameter == "namespace" {
            continue;
        }
        filled.values.remove(&slot.parameter);
        zero(pattern, slot, &negation, filled);
        let inside = |span: &Span| span.start >= negation.start && span.end <= negation.end;
        spent.extend(spans.iter().enumerate().filter(|(_, span)| inside(span)).map(|(i, _)| i));
    }
    spent
}

/// For a first turn: a number whose default is not 0 becomes 0 where it was negated and nothing else was said.
pub fn first(pattern: &Pattern, text: &str, turn: usize, filled: &mut Filled) {
    for (slot, negation) in negated_slots(pattern, text, turn) {
        if !filled.values.contains_key(&slot.parameter) {
            zero(pattern, slot, &negation, filled);
        }
    }
}

fn negated_slots<'p>(pattern: &'p Pattern, text: &str, turn: usize) -> Vec<(&'p FormSlot, Negation)> {
    let mut found = Vec::new();
    for negation in negations(text, turn) {
        let slot = pattern.form.slots.iter().find(|slot| slot.cues.iter().any(|cue| negation.speaks_of(cue)));
        if let Some(slot) = slot {
            found.push((slot, negation));
        }
    }
    found
}

fn zero(pattern: &Pattern, slot: &FormSlot, negation: &Negation, filled: &mut Filled) {
    let Some(parameter) = pattern.parameters.iter().find(|p| p.name == slot.parameter) else { return };
    let least = parameter.minimum.as_ref().and_then(serde_json::Number::as_i64).unwrap_or(0);
    let default = parameter.default.as_ref().and_then(Value::as_i64).unwrap_or(0);
    if parameter.kind == ParameterKind::Integer && least <= 0 && default != 0 {
        let mut chosen = Chosen::decided(0, Origin::Request);
        chosen.said = Some((negation.turn, negation.start, negation.end));
        filled.values.insert(slot.parameter.clone(), chosen);
    }
}
