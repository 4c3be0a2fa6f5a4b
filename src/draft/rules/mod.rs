//! Facts before the model (design D12, D13.11): what code can say of a request without any model. It declines what
//! must never be drafted, whatever a model would say, and narrows what the model may choose from.
//!
//! The words are data: `prompts/cues.yaml`. What is certain is decided here; everything else is left to the model.

mod change;
mod cues;
mod kinds;
mod narrow;
mod phrase;
mod reason;

#[cfg(test)]
mod tests;

pub use kinds::native as find_kinds;
pub use kinds::{KindNames, Named, PatternNames};
pub use narrow::{ExistingObject, Narrowed, RuleContext, narrow};
pub use reason::{DeclineCode, examples};

/// Whether the words say that a volume is shared with, or mounted by, what is asked for beside it.
pub fn speaks_of_sharing(text: &str) -> bool {
    cues::cues().is_ok_and(|cues| cues.sharing.matches(text))
}
