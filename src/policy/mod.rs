//! Kubernetes' own admission policies, evaluated without a cluster.
//!
//! A [`PolicySet`] is read from the manifests of a folder: ValidatingAdmissionPolicies, their bindings, and the objects
//! that they take as parameters. [`PolicySet::evaluate`] says what the API server would say about one [`Review`].
//!
//! What a cluster knows and a folder does not:
//! * **Labels of the namespace.** A `namespaceSelector` that the namespace's name alone does not decide counts as
//!   matching, and a finding of such a policy says that it may not apply. A policy of which we cannot know that it is
//!   out of force is in force.
//! * **The Namespace object.** An expression that looks at `namespaceObject` gives an incomplete finding.
//! * **The namespace.** An object without one is in `default` for expressions that read it.
//! * **Functions that are missing here** (`policy/cel/mod.rs` lists them), and an evaluation that takes too many steps, give an incomplete
//!   finding that names them.
//!
//! Incomplete is never "allowed": the verdict of the gate is then *incomplete*.

mod builtin;
mod cel;
mod compiled;
mod conftest;
mod evaluate;
mod fitted;
mod gatekeeper;
mod kyverno;
mod load;
mod locate;
mod matching;
mod object;
mod params;
pub mod pod_security;
mod rego;
mod review;
mod selector;
mod set;
mod shape;
#[cfg(test)]
mod tests;

pub use conftest::{Module, ModuleTest, run_tests};
pub use evaluate::Evaluation;
pub use load::{LeftToServer, PolicyError, Prefer, Sources};
pub use rego::Inventory;
pub use review::{Operation, Resource, Review, User};
pub use set::{PolicyInfo, PolicySet, whole};
pub use shape::{Both, Comparison, Intent, Shape, Told};
