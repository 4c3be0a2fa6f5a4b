//! From a grammar's requests to training rows: kind line, form lines, follow-ups.

use kubectl_copilot::draft::training::{Bench, Segment};

use crate::grammar::{Grammar, Said};
use crate::values::Random;

/// One row, or why it was left out.
pub enum Row {
    /// Text segments with whether each is learned.
    Whole(Vec<Segment>),
    /// A stated value is not among the form's candidates.
    Missed {
        /// The request.
        request: String,
        /// Why.
        reason: String,
    },
}

/// Makes rows without end.
pub struct Rows<'a> {
    english: &'a Grammar,
    chinese: &'a Grammar,
    bench: &'a Bench,
    random: Random,
    share: f64,
}

impl<'a> Rows<'a> {
    /// A source of rows.
    pub fn new(english: &'a Grammar, chinese: &'a Grammar, bench: &'a Bench, seed: u64, share: f64) -> Self {
        Self { english, chinese, bench, random: Random::new(seed), share }
    }

    /// The next row: a follow-up one time in six, else a request.
    pub fn next_row(&mut self) -> Row {
        let grammar = if self.random.chance(self.share) { self.chinese } else { self.english };
        let kinds: Vec<&String> = grammar.requests.keys().collect();
        // Declining is as frequent as three patterns, since anything at all can be said that is not ours.
        let at = self.random.below(kinds.len() + 2);
        let kind = kinds.get(at).map_or("none", |kind| kind.as_str()).to_owned();
        let said = match grammar.requests.get(&kind).map(|list| grammar.say(list, &mut self.random)) {
            Some(Ok(said)) => self.vary(said),
            Some(Err(reason)) => return Row::Missed { request: String::new(), reason },
            None => {
                return Row::Missed { request: String::new(), reason: format!("no requests for '{kind}'") };
            }
        };
        let change = if self.random.chance(0.17) {
            grammar.changes.get(&kind).and_then(|list| grammar.say(list, &mut self.random).ok())
        } else {
            None
        };
        let made = match &change {
            None => self.bench.request(&said.text, &kind, &said.values),
            Some(change) => self.bench.change(&said.text, &kind, &said.values, &change.text, &change.values),
        };
        match made {
            Ok(segments) => Row::Whole(segments),
            Err(reason) => Row::Missed { request: change.map_or(said.text, |change| change.text), reason },
        }
    }

    /// Small slips and habits: a capital at the start, a full stop, a please.
    fn vary(&mut self, mut said: Said) -> Said {
        if self.random.chance(0.3) {
            let mut chars = said.text.chars();
            if let Some(first) = chars.next() {
                let first_is_value =
                    said.values.iter().any(|(_, value)| said.text.starts_with(value.as_str()));
                if first.is_ascii_lowercase() && !first_is_value {
                    said.text = first.to_ascii_uppercase().to_string() + chars.as_str();
                }
            }
        }
        if self.random.chance(0.15) && said.text.is_ascii() {
            said.text.push('.');
        }
        said
    }
}
