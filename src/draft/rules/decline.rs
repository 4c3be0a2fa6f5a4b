//! What is declined by rule: by danger first, then by what this version does not do, then by topic.

use crate::draft::rules::cues::{CUES, any, begins, without_politeness};
use crate::draft::rules::native::Named;
use crate::draft::rules::{RuleContext, existing, speaks_of_pattern};
use crate::draft::span::{Span, find_cue, negations};
use crate::pattern::SlotType;

/// Codes in the order in which they are tried.
const DANGERS: [&str; 4] = ["injection", "system-namespace", "privilege", "bulk-deletion"];

/// A code where the request is dangerous in itself, or empty.
pub fn whatever_a_model_says(text: &str, spans: &[Span]) -> Option<&'static str> {
    if is_absurd(text) {
        return Some("empty");
    }
    DANGERS.into_iter().find(|code| CUES.decline.get(*code).is_some_and(|group| {
        let taken_back: Vec<(usize, usize)> = group.never.iter().flat_map(|phrase| find_cue(text, phrase)).collect();
        let denied = negations(text, 0);
        group.cues.iter().flat_map(|cue| find_cue(text, cue)).any(|(start, end)| {
            let inside = |(from, to): &(usize, usize)| *from <= start && end <= *to;
            // What a command does inside its container is the container's affair.
            let in_command = spans.iter().any(|span| {
                matches!(span.kind, SlotType::Command | SlotType::Text | SlotType::KeyValue)
                    && span.start <= start
                    && end <= span.end
            });
            let negated = *code == "privilege" && denied.iter().any(|negation| negation.governs(start, end));
            !taken_back.iter().any(inside) && !negated && (!in_command || *code == "injection")
        })
    }))
}

/// A code where the request is for a later version, or for somebody else altogether.
pub fn not_ours(text: &str, spans: &[Span], native: &[Named], context: &RuleContext<'_>) -> Option<&'static str> {
    if !context.follow_up && touches_existing(text, context) {
        return Some("not-yet");
    }
    let ours = !native.is_empty()
        || speaks_of_pattern(text, context.patterns)
        || spans.iter().any(|span| {
            matches!(
                span.kind,
                SlotType::GpuProduct | SlotType::Image | SlotType::Model | SlotType::Software | SlotType::Quantity
            )
        });
    (!ours && any(text, &CUES.off_topic)).then_some("off-topic")
}

/// Deletion or change of what exists.
fn touches_existing(text: &str, context: &RuleContext<'_>) -> bool {
    let rest = without_politeness(text);
    if begins(rest, &CUES.not_yet.delete) || begins(rest, &CUES.not_yet.change) {
        return true;
    }
    if rest.starts_with('把') && any(rest, &CUES.not_yet.change_zh_ba) && !makes_something_new(rest) {
        return true;
    }
    existing::mentioned(text, context.existing).is_some_and(|(_, kind)| !existing::is_used_by_name(&kind))
}

/// `把镜像 X 部署成…`, `把 X 上线`: the object of 把 is material for something new.
fn makes_something_new(text: &str) -> bool {
    ["部署", "上线", "跑成", "跑起来", "做成", "发布"].iter().any(|word| text.contains(word))
}

/// No letters at all, or one character over and over.
fn is_absurd(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let alphabetic = letters.iter().any(|c| c.is_alphabetic());
    let one_over_and_over = letters.len() > 3 && letters.iter().all(|c| *c == letters[0]);
    !alphabetic || one_over_and_over
}
