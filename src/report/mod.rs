//! Results for people (text) and for machines (JSON). Nothing is decided here.

mod capacity;
mod json;
mod review;
mod text;

pub use capacity::{capacity_document, capacity_text};
pub use json::{draft_document, eval_row};
pub use review::{review_document, review_text};
pub use text::{diff_text, findings_text, outcome_text, plan_text};
