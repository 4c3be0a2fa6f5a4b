//! Questions about the cluster, and the verb that answers each.

use crate::draft::outcome::Verb;
use crate::draft::rules::cues::{CUES, any, begins, without_politeness};
use crate::draft::rules::{RuleContext, existing, speaks_of_pattern};

/// Verbs in the order in which they are tried: what was done, what is wrong, how to get there, what is free, how it goes.
const ORDER: [(&str, Verb); 5] = [
    ("history", Verb::History),
    ("why", Verb::Why),
    ("open", Verb::Open),
    ("capacity", Verb::Capacity),
    ("status", Verb::Status),
];

/// The verbs that can answer the text, best first; empty where it is no question about cluster things.
pub fn verbs(text: &str, context: &RuleContext<'_>) -> Vec<Verb> {
    let asks = CUES.route.ask.iter().any(|cue| match cue.as_str() {
        "?" | "？" => text.contains(cue.as_str()),
        cue => !crate::draft::span::find_cue(text, cue).is_empty(),
    });
    if !asks || begins(without_politeness(text), &CUES.route.not_ask) || begins(text.trim(), &CUES.route.not_ask) {
        return Vec::new();
    }
    let about = any(text, &CUES.route.about)
        || speaks_of_pattern(text, context.patterns)
        || existing::mentioned(text, context.existing).is_some();
    if !about {
        return Vec::new();
    }
    ORDER
        .into_iter()
        .filter(|(name, _)| CUES.route.verbs.get(*name).is_some_and(|words| any(text, words)))
        .map(|(_, verb)| verb)
        .collect()
}
