//! Typed spans: every place of a request that can be the value of a slot, found by code, before any model.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pattern::SlotType;

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
