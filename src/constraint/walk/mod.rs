//! The schema walker: writes one manifest as block YAML, line by line, under the schema of its kind (design D14).
//!
//! At the beginning of a line the next pieces are finite: the fields of the innermost object that are not there yet, in any
//! order; a new entry of the innermost list; a field of an enclosing object, which closes the inner ones once all that they
//! need is there; the end. A value is one of a closed list (the schema's, or what the request says) or text of the
//! model's own, which is marked so.
//!
//! | file | its one job |
//! |---|---|
//! | [`said`] | what the request says, as a manifest can use it |
//! | [`rules`] | what the API wants beyond its schemas: `prompts/manifest.yaml` |
//! | `leaf` | what a scalar may be |
//! | `due` | what may not be left out |
//! | `entries` | what the entries of lists and maps may be |
//! | `copied` | commands, word for word from the request |
//! | `narrow` | what policies say of single places |
//! | `near` | which number belongs to which field |
//! | `sides` | which amounts are requests and which are limits |
//! | `known` | what worked examples of the kind have |
//! | `frame` | what is open: objects, lists, maps, and which fields may follow |
//! | `spoken` | whether the request speaks of a field |
//! | `lost` | what was said and has no place, and where it may go |
//! | `admit` | a manifest that was written elsewhere, let through field by field |
//! | `text` | an object as a walk writes it |
//! | `volumes` | volumes and their mounts agree |
//! | `worth` | what a value stands on; what nobody said and nothing needs is left out |
//! | `write` | the steps |

mod admit;
mod copied;
mod due;
mod entries;
mod frame;
mod known;
mod leaf;
mod lost;
mod narrow;
mod near;
pub mod rules;
pub mod said;
mod sides;
mod spoken;
mod text;
mod volumes;
mod worth;
mod write;

pub use known::Known;
pub use lost::{Lost, lost};
pub use narrow::Narrow;
pub use said::{Number, Said};
pub use text::text;
pub use worth::Ground;
pub use write::{Source, Walk, Written};
