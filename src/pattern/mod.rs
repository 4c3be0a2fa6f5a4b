//! Patterns: kro ResourceGraphDefinitions (`kro.run/v1alpha1`) with a form beside their schema, and their expansion
//! into native objects. Native kinds that can be drafted are patterns with one resource (`patterns/native/`).
//!
//! What of kro is supported: SimpleSchema without custom types, CEL that reads `schema` alone, `includeWhen`, `forEach`.
//! `readyWhen` and `status` are kro's affair and are read over. Anything that needs another object's state is refused
//! when the pattern is read, by the resource's id and its line.
//!
//! | annotation of the ResourceGraphDefinition | what it holds |
//! |---|---|
//! | `kubectl-copilot.dev/form` | [`PatternForm`] as YAML |
//! | `kubectl-copilot.dev/description` | one sentence |
//! | `kubectl-copilot.dev/example` | an example `spec` as YAML; it is rendered by [`Pattern::check`] |
//! | `kubectl-copilot.dev/rules` | a list of `{rule, message, parameter?}`: CEL that must be true of `schema` |
//! | `kubectl-copilot.dev/native` | `"true"` for a native kind: the schema's group and version are the kind's own |

mod cel;
mod check;
mod complete;
mod definition;
mod error;
mod expand;
mod form;
mod gpus;
mod images;
mod names;
mod parameter;
mod set;
mod simple_schema;
mod slot;
mod template;

pub use complete::Completed;
pub use definition::Pattern;
pub use error::{PatternError, PatternErrors};
pub use expand::OWNER_LABEL;
pub use form::{Derived, Fact, Localized, PatternForm, duration_text};
pub use gpus::{gpu_names, gpu_products};
pub use images::{Catalogue, Entry, Image, Purpose, Variant};
pub use parameter::{Parameter, ParameterKind};
pub use set::PatternSet;
pub use slot::{ClosedList, Cues, FormSlot, Per, SlotType};

#[cfg(test)]
mod tests;
