//! Typed spans: every place of a request that can be the value of a slot, found by code, before any model.
//!
//! One file a family of types; each only adds what it finds. `overlap` then decides which readings of the same place
//! stay, and `per` and `negation` mark what is said about them. Nothing here knows patterns or forms.
//!
//! | file | finds |
//! |---|---|
//! | `numbers`, `words` | counts: digits, number words, Chinese numerals |
//! | `quantity`, `cpu`, `gpu` | resources |
//! | `duration`, `time`, `schedule` | time |
//! | `image`, `software`, `model` | what runs |
//! | `host`, `path`, `url` | where it is reached and mounted |
//! | `command`, `key_value`, `text` | what is passed on byte for byte |
//! | `name`, `person`, `access` | names, owners, volumes |
//! | `noise` | numbers that are no values: versions, phone numbers |

mod access;
mod clauses;
mod command;
mod cpu;
mod cue;
mod duration;
mod gpu;
mod host;
mod image;
mod key_value;
mod label;
mod language;
mod model;
mod name;
mod negation;
mod noise;
mod numbers;
mod overlap;
mod path;
mod per;
mod person;
mod quantity;
pub(crate) mod scan;
mod schedule;
mod software;
mod text;
mod time;
mod url;
mod words;

#[cfg(test)]
mod tests;

pub use clauses::clauses;
pub use cue::{find_cue, flags};
pub use label::dns_label;
pub use language::{Language, language};
pub use negation::{Negation, negations};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pattern::SlotType;
use scan::Scan;

/// One place of a request that can be the value of a slot of its type. Spans of different types may overlap.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Span {
    /// What it can be.
    #[serde(rename = "type")]
    pub kind: SlotType,
    /// Which turn of the conversation it stands in, 0 for the first.
    pub turn: usize,
    /// First byte in that turn's text (UTF-8).
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// The person's own words: `text[start..end]`.
    pub text: String,
    /// What it means, normalised: a number for counts and durations (seconds), a string for the rest.
    pub value: Value,
    /// Strong spans (numbers, quantities, products, images, paths, …) are never dropped silently: what no field took is
    /// shown to the person. A bare word that merely could be a name is weak.
    pub strong: bool,
    /// `each`/`per node`/`每台` (node) or `in total`/`over three machines`/`一共` (total) stands with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per: Option<crate::pattern::Per>,
    /// A negation governs it: `no GPU`, `without …`, `不要…`. Negated spans answer nothing; they clear slots.
    #[serde(default)]
    pub negated: bool,
}

impl Span {
    /// Whether two spans of the same turn share a byte. Once one of them is used, the other one is no longer open.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.turn == other.turn && self.start < other.end && other.start < self.end
    }
}

/// What the lexer may know beside the request.
#[derive(Debug, Clone, Copy, Default)]
pub struct LexFacts<'a> {
    /// Names and aliases of the image catalogue, e.g. `postgres`, `postgresql`.
    pub software: &'a [String],
    /// Namespaces that exist.
    pub namespaces: &'a [String],
    /// Names of objects that exist.
    pub objects: &'a [String],
    /// Values of the node label `nvidia.com/gpu.product` that nodes carry.
    pub gpu_products: &'a [String],
    /// The person's own user name; where it stands in the request, it is a person.
    pub user: Option<&'a str>,
}

/// Every span of one turn, sorted by start, the longer ones of the same start first. `turn` is copied into the spans.
/// Never fails; what nothing is found in gives an empty list.
pub fn lex(text: &str, turn: usize, facts: &LexFacts<'_>) -> Vec<Span> {
    let mut scan = Scan::new(text, facts);
    // Text first, since commands look at quotes; noise and resources before what excludes them.
    text::scan(&mut scan);
    url::scan(&mut scan);
    command::scan(&mut scan);
    key_value::scan(&mut scan);
    image::scan(&mut scan);
    model::scan(&mut scan);
    host::scan(&mut scan);
    path::scan(&mut scan);
    schedule::scan(&mut scan);
    time::scan(&mut scan);
    gpu::scan(&mut scan);
    quantity::scan(&mut scan);
    duration::scan(&mut scan);
    cpu::scan(&mut scan);
    access::scan(&mut scan);
    software::scan(&mut scan);
    name::scan(&mut scan);
    person::scan(&mut scan);
    noise::scan(&mut scan);
    numbers::scan(&mut scan);
    let found = overlap::settle(scan.found.clone());
    let mut spans: Vec<Span> = found
        .into_iter()
        .filter_map(|found| {
            Some(Span {
                kind: found.kind?,
                turn,
                start: found.start,
                end: found.end,
                text: text.get(found.start..found.end)?.to_owned(),
                value: found.value,
                strong: found.strong,
                per: None,
                negated: false,
            })
        })
        .collect();
    spans.sort_by(|a, b| {
        (a.start, std::cmp::Reverse(a.end), a.kind).cmp(&(b.start, std::cmp::Reverse(b.end), b.kind))
    });
    spans.dedup_by(|a, b| (a.kind, a.start, a.end) == (b.kind, b.start, b.end));
    per::mark(text, &mut spans, &scan);
    let negations = negations(text, turn);
    for span in &mut spans {
        let quoted = matches!(span.kind, SlotType::Text | SlotType::Command | SlotType::KeyValue);
        span.negated = !quoted && negations.iter().any(|negation| negation.governs(span.start, span.end));
    }
    spans
}
