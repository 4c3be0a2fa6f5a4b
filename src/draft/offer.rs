//! From a pattern's form and the spans of a request to the slots that are put to a model (design D13.1).

use serde_json::Value;

use crate::constraint::{Candidate, Slot};
use crate::draft::anchor::{self, Anchor};
use crate::draft::known::Known;
use crate::draft::span::{Span, dns_label, find_cue};
use crate::pattern::{FormSlot, Pattern, SlotType};

/// More offered slots than this means that the request is not understood.
pub const MOST_SLOTS: usize = 24;
/// How often a list slot is asked.
const MOST_ITEMS: usize = 8;

/// One way to answer an offered slot.
#[derive(Debug, Clone, PartialEq)]
pub struct Option_ {
    /// The person's words (or the closed value).
    pub text: String,
    /// The normalised value, before it takes the parameter's type.
    pub value: Value,
    /// Index of the span, where it is one.
    pub span: Option<usize>,
}

/// A slot that is put to the model, with what each of its candidates means.
#[derive(Debug, Clone, PartialEq)]
pub struct Offered {
    /// The pattern's slot.
    pub slot: FormSlot,
    /// What may answer it.
    pub options: Vec<Option_>,
    /// A span stands beside this slot's cue and is its only candidate: the slot is answered by it.
    pub certain: bool,
}

impl Offered {
    /// The slot as a backend sees it.
    pub fn to_slot(&self, spans: &[Span]) -> Slot {
        let candidates = self
            .options
            .iter()
            .map(|option| Candidate {
                text: option.text.clone(),
                uses: option.span.map(|span| cells(spans, span)).unwrap_or_default(),
            })
            .collect();
        Slot {
            key: self.slot.key.clone(),
            candidates,
            // Of a list the first answer is certain; whether there are more is asked.
            optional: !self.certain,
            most: if self.slot.repeat { MOST_ITEMS } else { 1 },
        }
    }
}

/// The slots of the pattern that have something to be answered with, in form order. `used` spans are left out.
pub fn offers(pattern: &Pattern, text: &str, spans: &[Span], used: &[usize], known: &Known) -> Vec<Offered> {
    let slots = &pattern.form.slots;
    let anchors = anchor::anchors(text, spans, slots);
    let mut offered = Vec::new();
    for (index, slot) in slots.iter().enumerate() {
        let mentioned = anchor::mentions(text, slot);
        let mut options = span_options(slot, index, spans, used, &anchors);
        options.retain(|option| is_possible(pattern, slot, option));
        let beside = |span: usize| anchors[span].is_some_and(|anchor| anchor.slot == index);
        known.narrow(slot, &mut options, |span| spans[span].strong || beside(span));
        let counts = slot.types.contains(&SlotType::Count) && !mentioned;
        if (!slot.core && is_amount(slot)) || counts {
            // Outside the core, and for bare counts, a number is only offered where it stands beside the slot's own words.
            options.retain(|option| option.span.is_some_and(|s| anchors[s].is_some_and(|a| a.slot == index)));
        }
        let anchored: Vec<bool> = options
            .iter()
            .map(|o| o.span.is_some_and(|s| is_sure(anchors[s], index) && is_clear(&spans[s])))
            .collect();
        let closed = closed_options(pattern, slot, text, mentioned);
        let says_closed = !closed.is_empty();
        options.extend(closed);
        drop_repeated(&mut options);
        if options.is_empty() || !(slot.core || mentioned || says_closed || anchored.contains(&true)) {
            continue;
        }
        let certain = options.len() == 1
            && (anchored.first() == Some(&true) || is_only_home(slot, slots, &options, spans));
        offered.push(Offered { slot: slot.clone(), options, certain });
    }
    offered
}

/// The one slot whose value was asked for, where the words are nothing but a value for it: `fast`, `100Gi`.
pub fn answer(pattern: &Pattern, text: &str, spans: &[Span], used: &[usize], asked: &str) -> Option<Offered> {
    let text = text.trim().trim_end_matches(['.', '。', '!', '！']);
    let slot = pattern.form.slots.iter().find(|slot| slot.parameter == asked)?;
    let free = |index: &usize| !used.contains(index);
    let whole = |index: &usize| {
        let span = &spans[*index];
        span.text == text && slot.types.contains(&span.kind) && !span.negated
    };
    let option = match (0..spans.len()).filter(free).find(whole) {
        Some(index) => {
            Option_ { text: text.to_owned(), value: spans[index].value.clone(), span: Some(index) }
        }
        // A lone word is a name only because one was asked for.
        None if slot.types.contains(&SlotType::Name) && dns_label(text).as_deref() == Some(text) => {
            Option_ { text: text.to_owned(), value: text.into(), span: None }
        }
        None => return None,
    };
    is_possible(pattern, slot, &option).then(|| Offered {
        slot: slot.clone(),
        options: vec![option],
        certain: true,
    })
}

/// A person's name is written with a capital; `for datasets` names nobody.
fn is_a_name(option: &Option_, spans: &[Span]) -> bool {
    let strong = option.span.and_then(|span| spans.get(span)).is_some_and(|span| span.strong);
    strong || option.text.starts_with(|c: char| c.is_uppercase())
}

/// Whether the parameter could hold the value at all: one of its closed values, within its bounds.
fn is_possible(pattern: &Pattern, slot: &FormSlot, option: &Option_) -> bool {
    let Some(parameter) = pattern.parameter(&slot.parameter) else { return true };
    if !parameter.one_of.is_empty() {
        let word = option.value.as_str().map(|text| text.split(' ').next().unwrap_or(text).to_lowercase());
        return parameter
            .one_of
            .iter()
            .any(|one| *one == option.value || one.as_str().is_some_and(|one| word.as_deref() == Some(one)));
    }
    // More than a cap that is the pattern's own is asked about; ten times more was meant for something else.
    match (option.value.as_f64(), parameter.maximum.as_ref().and_then(serde_json::Number::as_f64)) {
        (Some(value), Some(most)) => value <= most * 10.0,
        _ => true,
    }
}

/// Whether the slot holds an amount or a length of time.
fn is_amount(slot: &FormSlot) -> bool {
    slot.types.iter().all(|kind| {
        matches!(
            kind,
            SlotType::Count | SlotType::Quantity | SlotType::Cpu | SlotType::Duration | SlotType::Time
        )
    })
}

/// Whether the one candidate is a span of a type that means one thing only, and this slot is the only one of the form
/// that takes it: an image, a model id, a host, a schedule, `KEY=value`.
fn is_only_home(slot: &FormSlot, slots: &[FormSlot], options: &[Option_], spans: &[Span]) -> bool {
    let Some(kind) =
        options.first().and_then(|option| option.span).and_then(|s| spans.get(s)).map(|s| s.kind)
    else {
        return false;
    };
    let speaks_for_itself = matches!(
        kind,
        SlotType::Image
            | SlotType::Model
            | SlotType::Host
            | SlotType::Schedule
            | SlotType::GpuProduct
            | SlotType::AccessMode
            | SlotType::KeyValue
            | SlotType::Command
            | SlotType::Cpu
    ) || (kind == SlotType::Person
        && options.first().is_some_and(|option| is_a_name(option, spans)));
    let strong = options.first().and_then(|option| option.span).is_some_and(|span| spans[span].strong);
    speaks_for_itself
        && (strong || kind == SlotType::Person)
        && slots.iter().filter(|other| other.types.contains(&kind)).all(|other| other.key == slot.key)
}

/// The elementary pieces of the conversation that a span covers: the text is cut wherever any span begins or ends, and
/// two spans overlap exactly where they share a piece.
fn cells(spans: &[Span], index: usize) -> Vec<usize> {
    let mut cuts: Vec<(usize, usize)> =
        spans.iter().flat_map(|span| [(span.turn, span.start), (span.turn, span.end)]).collect();
    cuts.sort_unstable();
    cuts.dedup();
    let Some(span) = spans.get(index) else { return Vec::new() };
    let covers = |cut: &(usize, usize)| cut.0 == span.turn && span.start <= cut.1 && cut.1 < span.end;
    cuts.iter().enumerate().filter(|(_, cut)| covers(cut)).map(|(piece, _)| piece).collect()
}

/// Indices of the spans that share characters (and the turn) with one span, itself included.
pub fn overlapping(spans: &[Span], index: usize) -> Vec<usize> {
    let Some(one) = spans.get(index) else { return Vec::new() };
    let shares = |other: &Span| other.turn == one.turn && other.start < one.end && one.start < other.end;
    spans.iter().enumerate().filter(|(_, other)| shares(other)).map(|(i, _)| i).collect()
}

/// A weak word that merely could be a name is left to the model, whatever stands beside it.
fn is_clear(span: &Span) -> bool {
    span.strong || span.kind != SlotType::Name || span.text.contains(|c: char| c == '-' || c.is_ascii_digit())
}

fn is_sure(anchor: Option<Anchor>, slot: usize) -> bool {
    anchor.is_some_and(|anchor| anchor.slot == slot && anchor.sure)
}

/// Spans of the slot's types that no other slot's cue claims.
fn span_options(
    slot: &FormSlot,
    index: usize,
    spans: &[Span],
    used: &[usize],
    anchors: &[Option<Anchor>],
) -> Vec<Option_> {
    let claimed_elsewhere = |span: usize| anchors[span].is_some_and(|anchor| anchor.slot != index);
    // `for Dana` names a person: not a thing, unless the slot's own words stand beside it.
    let somebody = |(i, span): &(usize, &Span)| {
        span.kind == SlotType::Name
            && anchors[*i].is_none()
            && overlapping(spans, *i).into_iter().any(|other| {
                let other = &spans[other];
                other.kind == SlotType::Person
                    && (other.strong || other.text.starts_with(|c: char| c.is_uppercase()))
            })
    };
    let fits = |one: &(usize, &Span)| {
        let (i, span) = *one;
        slot.types.contains(&span.kind)
            && !span.negated
            && !used.contains(&i)
            && !claimed_elsewhere(i)
            && !somebody(one)
    };
    let mut candidates: Vec<(usize, &Span)> = spans.iter().enumerate().filter(fits).collect();
    // Of the nested ends of one command the lexer marks the sensible one.
    if candidates.iter().any(|(_, span)| span.kind == SlotType::Command && span.strong) {
        candidates.retain(|(_, span)| span.kind != SlotType::Command || span.strong);
    }
    // Where a span stands right beside this slot's cue, the others of its type mean something else.
    let mut beside: Vec<(usize, &Span)> =
        candidates.iter().copied().filter(|(i, _)| is_sure(anchors[*i], index)).collect();
    // `mount the existing claim sat-tiles`: of two words beside a cue, the one that is a name.
    if beside.iter().any(|(_, span)| is_clear(span)) {
        beside.retain(|(_, span)| is_clear(span));
    }
    let chosen = if beside.is_empty() || slot.repeat { candidates } else { beside };
    chosen
        .into_iter()
        .map(|(i, span)| Option_ { text: span.text.clone(), value: span.value.clone(), span: Some(i) })
        .collect()
}

/// Closed values of the parameter that stand in the text, and cue words of a flag.
fn closed_options(pattern: &Pattern, slot: &FormSlot, text: &str, mentioned: bool) -> Vec<Option_> {
    let mut options = Vec::new();
    let parameter = pattern.parameters.iter().find(|parameter| parameter.name == slot.parameter);
    if slot.types.contains(&SlotType::Choice) {
        for value in parameter.iter().flat_map(|parameter| &parameter.one_of) {
            let Some(word) = value.as_str() else { continue };
            if let Some(&(start, end)) = find_cue(text, word).first() {
                let words = text.get(start..end).unwrap_or(word).to_owned();
                options.push(Option_ { text: words, value: value.clone(), span: None });
            }
        }
    }
    if slot.types.contains(&SlotType::Flag) && mentioned {
        options.push(Option_ { text: "yes".into(), value: Value::Bool(true), span: None });
    }
    options
}

/// The same words twice are one candidate (the first place counts).
fn drop_repeated(options: &mut Vec<Option_>) {
    let mut seen: Vec<String> = Vec::new();
    options.retain(|option| {
        let clean = !option.text.is_empty() && option.text != "-" && !option.text.contains(['\n', '\r']);
        let fresh = clean && !seen.contains(&option.text);
        if fresh {
            seen.push(option.text.clone());
        }
        fresh
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::facts::Facts;
    use crate::pattern::PatternSet;

    fn answered(asked: &str, text: &str) -> Option<Value> {
        let pattern = PatternSet::builtin().get("Notebook").unwrap();
        let spans = Facts::builtin().lex(text, 1);
        answer(pattern, text, &spans, &[], asked).map(|offered| offered.options[0].value.clone())
    }

    #[test]
    fn a_lone_value_answers_what_was_asked_and_nothing_else() {
        assert_eq!(answered("storageClass", "fast"), Some("fast".into()));
        assert_eq!(answered("storageClass", " fast. "), Some("fast".into()));
        assert_eq!(answered("disk", "100Gi"), Some("100Gi".into()));
        assert_eq!(answered("gpus", "two"), Some(2.into()));
        assert_eq!(answered("gpus", "fast"), None);
        assert_eq!(answered("storageClass", "make it fast"), None, "a sentence is read as any other");
        assert_eq!(answered("storageClass", "没有"), None);
    }
}
