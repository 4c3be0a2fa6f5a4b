//! What the families of span types share: the request being read, what was found so far, and compiled patterns.

use regex::{Captures, Regex};
use serde_json::Value;

use super::LexFacts;
use crate::pattern::SlotType;

/// A compiled pattern. One that does not compile matches nothing; the tests of each family would see it at once, and
/// debug builds stop.
pub(crate) struct Rule(Option<Regex>);

impl Rule {
    /// Compiles `pattern` (syntax of the `regex` crate). `\s` means the spaces that people type, the Chinese one
    /// included, and not all of Unicode's, which compile many times slower.
    pub(crate) fn new(pattern: &str) -> Self {
        let compiled = Regex::new(&pattern.replace(r"\s", r"[ \t\r\n\x{3000}]"));
        debug_assert!(compiled.is_ok(), "pattern does not compile: {:?}", compiled.err());
        Self(compiled.ok())
    }

    /// All matches that do not overlap, from left to right.
    pub(crate) fn all<'t>(&self, text: &'t str) -> Vec<Captures<'t>> {
        self.0.as_ref().map(|regex| regex.captures_iter(text).collect()).unwrap_or_default()
    }

    /// The first match.
    pub(crate) fn first<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.0.as_ref().and_then(|regex| regex.captures(text))
    }

    /// Whether it matches anywhere.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.0.as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl From<Regex> for Rule {
    fn from(regex: Regex) -> Self {
        Self(Some(regex))
    }
}

/// Start and end of capture group `group` in bytes of the whole text.
pub(super) fn range(captures: &Captures<'_>, group: &str) -> Option<(usize, usize)> {
    captures.name(group).map(|found| (found.start(), found.end()))
}

/// The words of capture group `group`; empty where it did not take part.
pub(super) fn words<'t>(captures: &Captures<'t>, group: &str) -> &'t str {
    captures.name(group).map_or("", |found| found.as_str())
}

/// Start and end of the whole match.
pub(super) fn whole(captures: &Captures<'_>) -> (usize, usize) {
    captures.get(0).map_or((0, 0), |found| (found.start(), found.end()))
}

/// Something that a family found. `kind` is absent for what is no value but hides others: versions, phone numbers.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Found {
    pub(super) kind: Option<SlotType>,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) value: Value,
    pub(super) strong: bool,
}

impl Found {
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    pub(super) fn covers(&self, other: &Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }
}

/// One pass over one request.
pub(super) struct Scan<'a> {
    pub(super) text: &'a str,
    pub(super) facts: &'a LexFacts<'a>,
    pub(super) found: Vec<Found>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str, facts: &'a LexFacts<'a>) -> Self {
        Self { text, facts, found: Vec::new() }
    }

    fn push(&mut self, kind: Option<SlotType>, (start, end): (usize, usize), value: Value, strong: bool) {
        if start < end && self.text.get(start..end).is_some() {
            self.found.push(Found { kind, start, end, value, strong });
        }
    }

    /// Adds a span that is never dropped silently.
    pub(super) fn strong(&mut self, kind: SlotType, range: (usize, usize), value: impl Into<Value>) {
        self.push(Some(kind), range, value.into(), true);
    }

    /// Adds a span that may go unused without a word.
    pub(super) fn weak(&mut self, kind: SlotType, range: (usize, usize), value: impl Into<Value>) {
        self.push(Some(kind), range, value.into(), false);
    }

    /// Marks a place whose numbers are no values: a version, a phone number.
    pub(super) fn noise(&mut self, range: (usize, usize)) {
        self.push(None, range, Value::Null, false);
    }

    /// Whether something of this type was already found at (part of) this place.
    pub(super) fn taken(&self, kind: SlotType, (start, end): (usize, usize)) -> bool {
        self.found.iter().any(|found| found.kind == Some(kind) && found.start < end && start < found.end)
    }

    /// The same for spans that are never dropped silently.
    pub(super) fn taken_strongly(&self, kind: SlotType, (start, end): (usize, usize)) -> bool {
        let taken = |found: &Found| {
            found.kind == Some(kind) && found.strong && found.start < end && start < found.end
        };
        self.found.iter().any(taken)
    }

    /// The text before a place.
    pub(super) fn before(&self, at: usize) -> &'a str {
        self.text.get(..at).unwrap_or("")
    }

    /// The text from a place on.
    pub(super) fn after(&self, at: usize) -> &'a str {
        self.text.get(at..).unwrap_or("")
    }

    /// The character just before a place.
    pub(super) fn previous(&self, at: usize) -> Option<char> {
        self.before(at).chars().next_back()
    }

    /// The character at a place.
    pub(super) fn next(&self, at: usize) -> Option<char> {
        self.after(at).chars().next()
    }
}

/// Whether a character belongs to Chinese writing (ideographs only, no punctuation).
pub(crate) fn is_chinese(c: char) -> bool {
    matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{2FA1F}' | '〇')
}

/// The word (letters, digits, dashes) that ends just before `at`, lower case, spaces between skipped.
pub(crate) fn word_before(text: &str, at: usize) -> String {
    let head = text.get(..at).unwrap_or("").trim_end();
    let start = head
        .char_indices()
        .rev()
        .take_while(|(_, c)| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '\''))
        .last()
        .map_or(head.len(), |(index, _)| index);
    head.get(start..).unwrap_or("").to_ascii_lowercase()
}

/// The word that starts just after `at`, lower case, spaces between skipped.
pub(crate) fn word_after(text: &str, at: usize) -> String {
    text.get(at..)
        .unwrap_or("")
        .trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '\''))
        .collect::<String>()
        .to_ascii_lowercase()
}

/// Whether a word stands in a list of words that are parted by spaces.
pub(crate) fn among(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|entry| entry == word)
}
