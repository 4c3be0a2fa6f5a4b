//! Cue words: where one stands in a text, and the boolean spans that they make.

use serde_json::Value;

use super::Span;
use super::negation::negations;
use crate::pattern::SlotType;

/// All places of a cue word in a text, as byte ranges. Case does not matter; a space of the cue stands for any run of
/// spaces or one dash; an English cue ends at word boundaries and may be in the plural; a Chinese one stands anywhere.
pub fn find_cue(text: &str, cue: &str) -> Vec<(usize, usize)> {
    let cue = cue.trim();
    if cue.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let Some(rest) = text.get(at..) else {
            at += 1;
            continue;
        };
        match length_at(rest, cue) {
            Some(length) if bounded(text, at, at + length, cue) => {
                let plural = plural(text, at + length);
                found.push((at, at + length + plural));
                at += length.max(1);
            }
            _ => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    found
}

/// A boolean span for each cue that stands in the text: value true, or false and `negated` where a negation governs it.
pub fn flags(text: &str, turn: usize, cues: &[String]) -> Vec<Span> {
    let negations = negations(text, turn);
    let mut spans: Vec<Span> = Vec::new();
    for cue in cues {
        for (start, end) in find_cue(text, cue) {
            if spans.iter().any(|span| span.start < end && start < span.end) {
                continue;
            }
            let negated = negations.iter().any(|negation| negation.governs(start, end));
            spans.push(Span {
                kind: SlotType::Flag,
                turn,
                start,
                end,
                text: text.get(start..end).unwrap_or("").to_owned(),
                value: Value::Bool(!negated),
                strong: false,
                per: None,
                negated,
            });
        }
    }
    spans.sort_by_key(|span| span.start);
    spans
}

/// How many bytes of `text` the cue takes at its beginning.
fn length_at(text: &str, cue: &str) -> Option<usize> {
    let mut rest = text.char_indices().peekable();
    for wanted in cue.chars() {
        if wanted == ' ' {
            let (_, first) = rest.next()?;
            if !(first.is_whitespace() || first == '-') {
                return None;
            }
            while rest.peek().is_some_and(|(_, c)| c.is_whitespace()) {
                rest.next();
            }
        } else {
            let (_, c) = rest.next()?;
            if !c.to_lowercase().eq(wanted.to_lowercase()) {
                return None;
            }
        }
    }
    Some(rest.peek().map_or(text.len(), |(at, _)| *at))
}

fn bounded(text: &str, start: usize, end: usize, cue: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let first = cue.chars().next().is_some_and(word);
    let last = cue.chars().next_back().is_some_and(word);
    let before = text.get(..start).and_then(|head| head.chars().next_back()).is_some_and(word);
    let after = text.get(end + plural(text, end)..).and_then(|tail| tail.chars().next()).is_some_and(word);
    !(first && before || last && after)
}

/// 1 for a plural `s` that ends the word.
fn plural(text: &str, end: usize) -> usize {
    let ends_in_letter =
        text.get(..end).and_then(|head| head.chars().next_back()).is_some_and(|c| c.is_ascii_alphabetic());
    let mut rest = text.get(end..).unwrap_or("").chars();
    let plural = ends_in_letter
        && rest.next() == Some('s')
        && !rest.next().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
    usize::from(plural)
}
