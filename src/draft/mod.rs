//! From words to objects: typed spans, forms, the model's answers, expansion, checks, repair (design D3, D4, D12, D13).

mod outcome;
pub mod rules;
pub mod span;

pub use outcome::{
    Asked, Declined, Denied, Draft, Field, Intervention, Origin, Outcome, Question, Routed, Thing, Unused,
    Verb,
};
