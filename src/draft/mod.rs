//! From words to objects: typed spans, forms, the model's answers, expansion, checks, repair (design D3, D4, D12, D13).

mod anchor;
mod assent;
mod clear;
mod drafter;
mod facts;
mod fill;
mod filled;
pub mod free;
mod gate;
mod kinds;
mod known;
mod link;
mod offer;
mod outcome;
pub mod place;
mod prompt;
mod render;
mod required;
pub mod rules;
pub mod span;
pub mod training;
mod values;
mod words;

pub use drafter::{Amended, Drafter, FieldEdit, Library, Reading, editable};
pub use facts::Facts;
pub use filled::{Chosen, Conversation, Filled, Open};
pub use free::Free;
pub use known::Known;
pub use outcome::{
    Asked, Declined, Denied, Draft, Field, Intervention, Origin, Outcome, Question, Routed, Thing, Unused,
    Verb,
};
pub use place::Setting;
pub use prompt::prefix;
