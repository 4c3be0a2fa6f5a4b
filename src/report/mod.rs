//! Results for people (text) and for machines (JSON). Nothing is decided here.

mod capacity;
mod json;
mod lines;
mod models;
mod policy;
mod review;
mod suite;
mod text;

pub use capacity::{capacity_document, capacity_text};
pub use json::{draft_document, eval_row};
pub use lines::{checks_line, files_count, files_line, followed_text, question, written_text};
pub use models::{
    ModelList, Tried, bench_document, bench_text, model_info_document, model_info_text, model_list_document,
    model_list_text, trial_text,
};
pub use policy::{Explained, explain_document, explain_text, policies_document, policies_text};
pub use review::{review_document, review_text};
pub use suite::{suite_document, suite_junit, suite_text};
pub use text::{
    FieldRow, change_sides, diff_text, field_rows, findings_text, intervention_text, outcome_text, plan_text,
    unused_line,
};
