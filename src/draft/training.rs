//! The same forms as in use, with the right answers in them: what a model is trained on (`training/corpus`).

use serde::Serialize;

use crate::draft::facts::Facts;
use crate::draft::known::Known;
use crate::draft::offer;
use crate::draft::prompt;
use crate::pattern::{Pattern, PatternSet};

/// A piece of text, and whether a model is to learn to write it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segment(pub String, pub bool);

/// Makes rows from requests and what they say.
pub struct Bench {
    patterns: &'static PatternSet,
    facts: Facts,
}

impl Bench {
    /// With the built-in patterns.
    pub fn builtin() -> Self {
        Self { patterns: PatternSet::builtin(), facts: Facts::builtin() }
    }

    /// A request: the kind line, then the form. `said` holds slot keys with the person's words.
    ///
    /// # Errors
    /// A value that the form does not offer: a fault of the phrase, the lexer or the form.
    pub fn request(&self, text: &str, kind: &str, said: &[(String, String)]) -> Result<Vec<Segment>, String> {
        let mut segments = vec![
            Segment(format!("{}kind:", prompt::request_line(text)), false),
            Segment(format!(" {kind}\n"), true),
        ];
        if let Some(pattern) = self.pattern(kind) {
            self.form(pattern, text, said, &mut segments)?;
        } else if !matches!(kind, "none" | "show") {
            return Err(format!("there is no kind '{kind}'"));
        }
        Ok(segments)
    }

    /// A follow-up turn on a filled form.
    ///
    /// # Errors
    /// As [`Bench::request`].
    pub fn change(
        &self,
        first: &str,
        kind: &str,
        said: &[(String, String)],
        turn: &str,
        changed: &[(String, String)],
    ) -> Result<Vec<Segment>, String> {
        let pattern = self.pattern(kind).ok_or_else(|| format!("there is no kind '{kind}'"))?;
        let known: Vec<(String, String)> = said.to_vec();
        let mut segments = vec![Segment(prompt::change_lines(first, &pattern.kind, &known, turn), false)];
        self.form(pattern, turn, changed, &mut segments)?;
        Ok(segments)
    }

    /// The spans of a text and the slots that a kind's form would put, for people who write patterns, cues or phrases.
    pub fn explain(&self, text: &str, kind: &str) -> String {
        let spans = self.facts.lex(text, 0);
        let mut lines: Vec<String> = spans
            .iter()
            .map(|span| {
                let strong = if span.strong { "strong" } else { "weak" };
                let negated = if span.negated { ", negated" } else { "" };
                format!(
                    "{:?} \"{}\" = {} ({strong}{negated}{})",
                    span.kind,
                    span.text,
                    span.value,
                    span.per.map(|per| format!(", per {per:?}")).unwrap_or_default()
                )
            })
            .collect();
        lines.push(format!("clauses {:?}", crate::draft::span::clauses(text)));
        if let Some(pattern) = self.pattern(kind) {
            for offer in offer::offers(pattern, text, &spans, &[], &Known::default()) {
                let options: Vec<&str> = offer.options.iter().map(|option| option.text.as_str()).collect();
                lines.push(format!(
                    "{}{} {options:?}",
                    offer.slot.key,
                    if offer.certain { " (certain):" } else { ":" }
                ));
            }
        }
        lines.join("\n")
    }

    fn pattern(&self, kind: &str) -> Option<&'static Pattern> {
        self.patterns.iter().find(|pattern| prompt::kind_id(&pattern.kind) == kind)
    }

    fn form(
        &self,
        pattern: &Pattern,
        text: &str,
        said: &[(String, String)],
        segments: &mut Vec<Segment>,
    ) -> Result<(), String> {
        let spans = self.facts.lex(text, 0);
        let offered = offer::offers(pattern, text, &spans, &[], &Known::default());
        if offered.len() > offer::MOST_SLOTS {
            return Err(format!("{} slots are offered", offered.len()));
        }
        let mut used: Vec<usize> = Vec::new();
        let mut found = 0;
        for offer in &offered {
            let key = &offer.slot.key;
            let alive: Vec<&offer::Option_> = offer
                .options
                .iter()
                .filter(|option| option.span.is_none_or(|span| !used.contains(&span)))
                .collect();
            let wanted: Vec<&String> =
                said.iter().filter(|(k, _)| k == key).map(|(_, value)| value).collect();
            if alive.is_empty() {
                if wanted.is_empty() {
                    continue;
                }
                return Err(format!("{key}: the words {wanted:?} are used up"));
            }
            for value in &wanted {
                let Some(option) = alive.iter().find(|option| option.text == **value) else {
                    let texts: Vec<&str> = alive.iter().map(|option| option.text.as_str()).collect();
                    return Err(format!("{key}: '{value}' is not offered, only {texts:?}"));
                };
                segments.push(Segment(format!("{key}:"), false));
                segments.push(Segment(format!(" {value}\n"), true));
                used.extend(option.span.map(|span| offer::overlapping(&spans, span)).unwrap_or_default());
                found += 1;
            }
            if wanted.is_empty() || (offer.slot.repeat && alive.len() > wanted.len()) {
                if offer.certain && !offer.slot.repeat {
                    let text = &offer.options[0].text;
                    return Err(format!("{key}: '{text}' is certain, and the phrase does not say it"));
                }
                segments.push(Segment(format!("{key}:"), false));
                segments.push(Segment(" -\n".to_owned(), true));
            }
        }
        if found < said.len() {
            let offered_keys: Vec<&str> = offered.iter().map(|offer| offer.slot.key.as_str()).collect();
            let lost: Vec<&String> =
                said.iter().map(|(key, _)| key).filter(|key| !offered_keys.contains(&key.as_str())).collect();
            return Err(format!("no slot is offered for {lost:?}"));
        }
        Ok(())
    }
}
