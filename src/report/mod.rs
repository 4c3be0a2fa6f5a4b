//! Results for people (text) and for machines (JSON). Nothing is decided here.

mod capacity;
mod json;
mod text;

pub use capacity::{capacity_document, capacity_text};
pub use json::{draft_document, eval_row};
pub use text::{diff_text, findings_text, outcome_text, plan_text};
