//! Free drafting (design D14): what neither a pattern nor a form covers is written by a model as the object itself, under
//! the kind's schema ([`crate::constraint::walk`]). Every value that nobody said is shown with the origin `model`.
//!
//! | file | its one job |
//! |---|---|
//! | `examples` | worked examples of each kind: `prompts/manifests/` |
//! | `gate` | the gate, and what follows from its verdict |
//! | `kind` | which kinds a request asks for: `prompts/kinds.yaml` |
//! | `look` | what a first draft has no place for, put to the model once more |
//! | `said` | the spans of a request as a manifest can use them |
//! | `write` | the model's text, object by object |
//! | `whole` | a text of a model that cannot be led step by step, let through field by field |
//! | `wire` | what code fills in: places that must agree with each other |

mod examples;
mod gate;
mod kind;
mod look;
pub mod said;
mod whole;
mod wire;
mod write;

pub(in crate::draft) use gate::{accept, label};
pub use kind::{Wanted, described, wanted};
pub use write::{Free, Task, write};
