//! Kubernetes objects as text and data. No IO.

mod key;
pub mod masked;
pub mod normalize;
pub mod parse;
pub mod pointer;
pub mod print;
pub mod quantity;
mod requests;
pub mod visible;
pub mod workload;

pub use key::{GroupVersionKind, ObjectKey};
pub use normalize::{canonical, normalize};
pub use parse::{Budget, Document, ParseError, parse, parse_documents, parse_value};
pub use print::{ordered_keys, to_yaml, to_yaml_documents};
pub use quantity::{Quantity, QuantityError};
pub use requests::{Amounts, is_gpu, pod_limits, pod_requests};
pub use workload::{ContainerKind, ContainerOf, PodOf, containers, pods};

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

/// The annotation of a drafted object that holds pattern, version, name and parameters. Never a secret.
pub const DRAFT_ANNOTATION: &str = "kubectl-copilot.dev/draft";

/// A position in a text: 1-based line and column (in characters).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location {
    /// Line, 1-based.
    pub line: usize,
    /// Column, 1-based, in characters.
    pub column: usize,
}

/// One Kubernetes object together with where its text stood.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The object. Always a JSON object with string `apiVersion` and `kind`.
    pub object: Value,
    /// The file (or other source) it was read from.
    pub file: Option<Arc<str>>,
    /// For each RFC 6901 JSON pointer of the object, where its value begins. Empty for objects that were rendered.
    pub locations: BTreeMap<String, Location>,
}

impl Manifest {
    /// A manifest that was made by code and has no file.
    pub fn rendered(object: Value) -> Self {
        Self { object, file: None, locations: BTreeMap::new() }
    }

    /// The object's identity.
    pub fn key(&self) -> ObjectKey {
        ObjectKey::of(&self.object)
    }

    /// Where the value of a pointer stands, or the nearest one around it: a field that is missing, or that defaults
    /// have set, has no place of its own. `None` for an object that was rendered.
    pub fn nearest(&self, path: &str) -> Option<Location> {
        let mut at = Some(path);
        while let Some(path) = at {
            if let Some(location) = self.locations.get(path) {
                return Some(*location);
            }
            at = pointer::parent(path);
        }
        None
    }
}
