//! Facts before the model (design D12, D13.11): what code decides alone, from words, spans and what exists.
//!
//! A request that asks for privilege, everybody's secrets, bulk destruction or anything in kube-system is declined here
//! whatever a model says. The words stand in one file, `prompts/cues.yaml`.

mod cues;
mod decline;
mod existing;
mod native;
mod reasons;
mod route;

pub use cues::affirms;
pub use native::Named;
pub use reasons::{examples, reason};

use serde_json::Value;

use crate::draft::outcome::Verb;
use crate::draft::span::Span;
use crate::pattern::PatternSet;

/// What the rules may know.
pub struct RuleContext<'a> {
    /// Patterns and native kinds.
    pub patterns: &'a PatternSet,
    /// Objects of the target.
    pub existing: &'a [Value],
    /// Something is being drafted already: the turn may speak of it.
    pub follow_up: bool,
}

/// What is left for the model to choose from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Narrowed {
    /// Declined, with the code of the closed list (see [`reason`]).
    pub declined: Option<&'static str>,
    /// The verbs that may answer it, best first; empty where it is no question about the cluster.
    pub routes: Vec<Verb>,
    /// Native kinds that are named as such, in order.
    pub native: Vec<Named>,
    /// A follow-up that wants another thing, not a change of the draft.
    pub starts_anew: bool,
}

/// Narrows one turn.
pub fn narrow(text: &str, spans: &[Span], context: &RuleContext<'_>) -> Narrowed {
    let native = native::named(text, spans, context.patterns);
    if let Some(code) = decline::whatever_a_model_says(text, spans) {
        return Narrowed { declined: Some(code), ..Narrowed::default() };
    }
    let routes = route::verbs(text, context);
    if routes.is_empty() {
        if let Some(code) = decline::not_ours(text, spans, &native, context) {
            return Narrowed { declined: Some(code), native, ..Narrowed::default() };
        }
    }
    let starts_anew = context.follow_up && cues::starts_anew(text) && (!native.is_empty() || speaks_of_pattern(text, context.patterns));
    Narrowed { declined: None, routes, native, starts_anew }
}

/// The object that a question speaks of: one that exists, else a name that was said.
pub fn object_name(text: &str, spans: &[Span], context: &RuleContext<'_>) -> Option<String> {
    existing::mentioned(text, context.existing).map(|(name, _)| name).or_else(|| {
        let named = |span: &&Span| span.kind == crate::pattern::SlotType::Name && span.strong;
        spans.iter().find(named).and_then(|span| span.value.as_str().map(str::to_owned))
    })
}

/// Whether a cue of any pattern stands in the words.
fn speaks_of_pattern(text: &str, patterns: &PatternSet) -> bool {
    patterns
        .iter()
        .filter(|pattern| !pattern.native)
        .any(|pattern| pattern.form.cues.iter().any(|cue| !crate::draft::span::find_cue(text, cue).is_empty()))
}

#[cfg(test)]
mod tests;
