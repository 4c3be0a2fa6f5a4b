//! What the API server accepts, by group, version and kind.
//!
//! A [`SchemaSet`] holds the kinds of one Kubernetes minor (bundled with the binary), those of
//! CustomResourceDefinitions that were added to it, and those that a server publishes. [`validate()`] says what is wrong
//! with one object as the server would with strict field validation, [`defaulted`] fills in what the server would fill
//! in, [`SchemaSet::list_keys`] tells how the entries of a list are told apart. No IO: schemas are compiled in, CRDs come
//! as parsed manifests and a server's documents as bytes.

mod api_rules;
mod bundle;
mod constraints;
mod crd;
mod defaults;
mod error;
mod formats;
mod kinds;
mod list_keys;
mod live;
mod metadata;
mod node;
mod set;
mod structure;
mod unknown;
mod validate;
mod violation;
mod words;

pub use defaults::defaulted;
pub use error::SchemaError;
pub use kinds::{KindInfo, KindSchema};
pub use node::{Additional, Node, Pattern, Schema};
pub use set::SchemaSet;
pub use validate::validate;
pub use words::in_words;

#[cfg(test)]
mod tests;
