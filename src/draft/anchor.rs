//! Which words stand beside which span: `two GPUs`, `port 8080`, `64G内存`, `namespace vision`.
//!
//! A number that stands directly beside a cue of exactly one slot can only answer that slot. Untrained models put such
//! a number into a second slot too (17 of 60 requests, when that was tried), so code decides it before any model is asked.

use std::ops::Range;

use crate::draft::span::{Span, find_cue};
use crate::pattern::{FormSlot, SlotType};

/// A span that belongs to one slot by its neighbours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anchor {
    /// Index into the slots that were given.
    pub slot: usize,
    /// The cue stands immediately beside the span, so that no other reading is likely.
    pub sure: bool,
}

/// One occurrence of a cue of a slot in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Occurrence {
    slot: usize,
    range: Range<usize>,
    /// Binds only to what follows it: `in vision`, `Deployment web`.
    leads: bool,
}

/// Cues that only bind to what follows them.
const LEADING: &[&str] = &["in", "into", "在"];
/// Kinds that a name is written directly behind: `Deployment web with …`.
const NAMED_KINDS: &[&str] =
    &["deployment", "pod", "job", "cronjob", "statefulset", "daemonset", "configmap", "service", "训练任务"];

/// Words that may stand between a span and its cue without breaking the bond, e.g. `64 gigs of memory`.
const GLUE: &[&str] = &[
    "of",
    "the",
    "a",
    "an",
    "is",
    "to",
    "as",
    "for",
    "per",
    "each",
    "x",
    "at",
    "be",
    "it",
    "more",
    "total",
    "on",
    "=",
    ":",
    "：",
    "×",
    "*",
    "的",
    "个",
    "张",
    "块",
    "台",
    "份",
    "核",
    "为",
    "是",
    "要",
    "到",
    "成",
    "改成",
    "设为",
    "nvidia",
    "free",
    "new",
    "big",
    "large",
    "extra",
    "dedicated",
    "whole",
    "full",
    "size",
    "limit",
    "count",
    "number",
    "most",
    "least",
    "up",
    "it",
    "times",
    "about",
    "around",
    "of:",
    "exactly",
    "up",
    "大小",
    "数量",
    "数",
    "每台",
    "每个",
    "名字",
    "号",
    "leave",
];

/// Characters that end a bond: a cue behind a comma belongs to something else.
const STOPS: &[char] = &[',', ';', '.', '，', '。', '；', '、', '(', ')', '\n', '+', '&'];

/// For each span, the slot that it stands beside; `None` where nothing or more than one thing is near. Spans and slots
/// are matched one to one, as many as possible, nearest first.
pub fn anchors(text: &str, spans: &[Span], slots: &[FormSlot]) -> Vec<Option<Anchor>> {
    let lower = text.to_ascii_lowercase();
    let occurrences = occurrences(text, slots, spans);
    let mut pairs: Vec<Pair> = Vec::new();
    for (span_index, span) in spans.iter().enumerate().filter(|(_, span)| binds(span.kind)) {
        for (index, occurrence) in occurrences.iter().enumerate() {
            let slot = &slots[occurrence.slot];
            if !slot.types.contains(&span.kind) {
                continue;
            }
            if let Some(cost) = distance(&lower, span, occurrence, spans) {
                pairs.push(Pair { span: span_index, occurrence: index, cost });
            }
        }
    }
    let chosen = assign(&pairs, spans);
    let mut result = vec![None; spans.len()];
    for pair in chosen {
        let slot = occurrences[pair.occurrence].slot;
        result[pair.span] = Some(Anchor { slot, sure: pair.cost <= 1 });
    }
    result
}

/// Whether a cue of the slot stands anywhere in the text.
pub fn mentions(text: &str, slot: &FormSlot) -> bool {
    slot.cues.iter().any(|cue| !find_cue(text, cue).is_empty())
}

/// Types whose place beside a cue says which slot is meant. A command or a quoted text holds words of every kind.
fn binds(kind: SlotType) -> bool {
    matches!(
        kind,
        SlotType::Count
            | SlotType::Quantity
            | SlotType::Cpu
            | SlotType::Duration
            | SlotType::Name
            | SlotType::Person
            | SlotType::Software
            | SlotType::Path
    )
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    span: usize,
    occurrence: usize,
    cost: usize,
}

fn occurrences(text: &str, slots: &[FormSlot], spans: &[Span]) -> Vec<Occurrence> {
    let mut found: Vec<Occurrence> = Vec::new();
    for (slot, form_slot) in slots.iter().enumerate() {
        for cue in &form_slot.cues {
            found.extend(find_cue(text, cue).into_iter().map(|(start, end)| Occurrence {
                slot,
                range: start..end,
                leads: LEADING.contains(&cue.as_str()),
            }));
        }
        // `two H100s`: the product is the noun that the number counts.
        if form_slot.types.contains(&SlotType::Count) && form_slot.cues.iter().any(|cue| cue == "gpu") {
            let products = spans.iter().filter(|span| span.kind == SlotType::GpuProduct);
            found.extend(products.map(|span| Occurrence { slot, range: span.start..span.end, leads: false }));
        }
        if form_slot.parameter == "name" {
            for (start, end) in NAMED_KINDS.iter().flat_map(|kind| find_cue(text, kind)) {
                // Only directly behind: `a Deployment of …` names nothing.
                let direct = |span: &Span| {
                    span.kind == SlotType::Name && text[end..].trim_start().len() == text.len() - span.start
                };
                if spans.iter().any(direct) {
                    found.push(Occurrence { slot, range: start..end, leads: true });
                }
            }
        }
    }
    // A cue inside a longer one (`memory` in `shared memory`) is not an occurrence of its own.
    let all = found.clone();
    found.retain(|one| {
        !all.iter().any(|other| {
            other.range.start <= one.range.start
                && one.range.end <= other.range.end
                && other.range.len() > one.range.len()
        })
    });
    found.sort_by_key(|one| (one.range.start, one.slot));
    found.dedup();
    joined(found, text)
}

/// Two cues of one slot that follow each other are one: the `in` and the `namespace` of `in namespace vision`.
fn joined(occurrences: Vec<Occurrence>, text: &str) -> Vec<Occurrence> {
    let mut joined: Vec<Occurrence> = Vec::new();
    for one in occurrences {
        let follows = |last: &Occurrence| {
            last.slot == one.slot
                && last.range.end <= one.range.start
                && text[last.range.end..one.range.start].trim().is_empty()
        };
        match joined.last_mut() {
            Some(last) if follows(last) => {
                last.range.end = one.range.end;
                last.leads |= one.leads;
            }
            _ => joined.push(one),
        }
    }
    joined
}

/// Words between a span and a cue, doubled, plus one where the cue stands before the span (`two GPUs` binds tighter
/// than `GPUs two`). `None` where something else stands between them.
fn distance(lower: &str, span: &Span, occurrence: &Occurrence, spans: &[Span]) -> Option<usize> {
    let cue = &occurrence.range;
    let (gap, before) = if span.end <= cue.start && !occurrence.leads {
        (span.end..cue.start, 0)
    } else if cue.end <= span.start {
        (cue.end..span.start, 1)
    } else {
        return None;
    };
    let between = &lower[gap.clone()];
    if between.chars().any(|c| STOPS.contains(&c)) || between.len() > 40 {
        return None;
    }
    let crossed = |other: &Span| {
        matches!(
            other.kind,
            SlotType::Count | SlotType::Quantity | SlotType::Cpu | SlotType::Image | SlotType::Duration
        ) && other.start >= gap.start
            && other.end <= gap.end
            && other.end > other.start
    };
    if spans.iter().any(crossed) {
        return None;
    }
    let words = foreign_words(between, spans, gap.start);
    (words <= 2).then_some(words * 2 + before)
}

/// How many words stand in the gap that are neither glue nor part of a GPU product (`2 H100 GPUs`).
fn foreign_words(between: &str, spans: &[Span], offset: usize) -> usize {
    let mut count = 0;
    let mut position = 0;
    for word in between.split_inclusive([' ', '\t']) {
        let start = offset + position;
        position += word.len();
        let trimmed = word.trim();
        if trimmed.is_empty() || GLUE.contains(&trimmed) {
            continue;
        }
        let inside_product = spans.iter().any(|span| {
            span.kind == SlotType::GpuProduct && span.start <= start && start + trimmed.len() <= span.end
        });
        if inside_product {
            continue;
        }
        if trimmed.is_ascii() {
            count += 1;
        } else {
            // Chinese has no spaces: what is left after the glue words counts by two characters a word.
            let mut rest = trimmed.to_owned();
            for glue in GLUE.iter().filter(|glue| !glue.is_ascii()) {
                rest = rest.replace(glue, "");
            }
            count += rest.chars().count().div_ceil(2);
        }
    }
    count
}

/// The one-to-one assignment with the most pairs and, among those, the least cost. Overlapping spans count as one.
fn assign(pairs: &[Pair], spans: &[Span]) -> Vec<Pair> {
    fn overlap(spans: &[Span], a: usize, b: usize) -> bool {
        a == b || (spans[a].start < spans[b].end && spans[b].start < spans[a].end)
    }
    fn search(
        order: &[usize],
        pairs: &[Pair],
        spans: &[Span],
        taken: &mut Vec<Pair>,
        best: &mut (usize, usize, Vec<Pair>),
        budget: &mut usize,
    ) {
        let cost: usize = taken.iter().map(|pair| pair.cost).sum();
        if taken.len() > best.0 || (taken.len() == best.0 && cost < best.1) {
            *best = (taken.len(), cost, taken.clone());
        }
        let Some((&span, rest)) = order.split_first() else { return };
        if *budget == 0 || taken.len() + order.len() < best.0 {
            return;
        }
        *budget -= 1;
        for pair in pairs.iter().filter(|pair| pair.span == span) {
            let free = taken
                .iter()
                .all(|other| other.occurrence != pair.occurrence && !overlap(spans, other.span, pair.span));
            if free {
                taken.push(*pair);
                search(rest, pairs, spans, taken, best, budget);
                taken.pop();
            }
        }
        search(rest, pairs, spans, taken, best, budget);
    }
    let mut order: Vec<usize> = pairs.iter().map(|pair| pair.span).collect();
    order.sort_unstable();
    order.dedup();
    let mut sorted = pairs.to_vec();
    sorted.sort_by_key(|pair| (pair.span, pair.cost));
    let mut best = (0, usize::MAX, Vec::new());
    let mut budget = 20_000;
    search(&order, &sorted, spans, &mut Vec::new(), &mut best, &mut budget);
    best.2
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn slot(key: &str, types: &[SlotType], cues: &[&str]) -> FormSlot {
        FormSlot {
            key: key.into(),
            parameter: key.into(),
            types: types.to_vec(),
            list: None,
            core: true,
            cues: cues.iter().map(|c| (*c).to_owned()).collect(),
            per: None,
            repeat: false,
            ask: None,
            ask_zh: None,
        }
    }

    fn span(text: &str, words: &str, kind: SlotType) -> Span {
        let start = text.find(words).unwrap();
        Span {
            kind,
            turn: 0,
            start,
            end: start + words.len(),
            text: words.into(),
            value: json!(words),
            strong: true,
            per: None,
            negated: false,
        }
    }

    fn slots() -> Vec<FormSlot> {
        vec![
            slot("gpus", &[SlotType::Count], &["gpu", "card", "卡", "显卡"]),
            slot("memory", &[SlotType::Quantity], &["memory", "ram", "内存"]),
            slot("disk", &[SlotType::Quantity], &["disk", "storage", "硬盘"]),
            slot("port", &[SlotType::Count], &["port", "端口"]),
        ]
    }

    fn keys(text: &str, words: &[(&str, SlotType)]) -> Vec<Option<String>> {
        let spans: Vec<Span> = words.iter().map(|(w, k)| span(text, w, *k)).collect();
        let slots = slots();
        anchors(text, &spans, &slots).iter().map(|a| a.map(|a| slots[a.slot].key.clone())).collect()
    }

    #[test]
    fn a_number_belongs_to_the_noun_behind_it() {
        use SlotType::{Count, Quantity};
        assert_eq!(
            keys("two GPUs and 64Gi of memory", &[("two", Count), ("64Gi", Quantity)]),
            [Some("gpus".to_owned()), Some("memory".to_owned())]
        );
    }

    #[test]
    fn a_key_before_its_number_wins_where_that_binds_more_numbers() {
        use SlotType::Quantity;
        assert_eq!(
            keys("memory 64Gi disk 100Gi", &[("64Gi", Quantity), ("100Gi", Quantity)]),
            [Some("memory".to_owned()), Some("disk".to_owned())]
        );
    }

    #[test]
    fn chinese_needs_no_spaces() {
        use SlotType::{Count, Quantity};
        assert_eq!(
            keys("两张显卡，内存64G，端口8080", &[("两", Count), ("64G", Quantity), ("8080", Count)]),
            [Some("gpus".to_owned()), Some("memory".to_owned()), Some("port".to_owned())]
        );
    }

    #[test]
    fn a_comma_or_another_number_breaks_the_bond() {
        use SlotType::{Count, Quantity};
        assert_eq!(keys("100Gi, memory is fine", &[("100Gi", Quantity)]), [None]);
        assert_eq!(keys("3 of 4 cards", &[("3", Count), ("4", Count)]), [None, Some("gpus".to_owned())]);
    }
}
