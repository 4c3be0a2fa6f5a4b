//! What a model may answer, without a word about models: forms, slots, candidates; and texts that it writes under a
//! grammar.

mod form;
mod free;
pub mod walk;
mod writing;

pub use form::{Answer, Answers, Candidate, Form, Score, Slot};
pub use free::{FreeKind, FreeState, FreeText, value_of};
pub use writing::{Author, Choice, Cost, Prompt, Step, Taken};
