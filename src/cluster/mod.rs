//! Read-only access to a cluster. The one place that spawns tasks.
//!
//! ```text
//! ConnectOptions -> Connection::open -> Connection: get, list, may, rules, schemas, policies
//!                                       Snapshot::read(&Connection) -> facts and what could not be read
//! ```
//!
//! * [`Connection`] has no public method that changes anything. The few requests that are sent by POST (who am I, may I) ask
//!   a question and store nothing.
//! * Calls block and have time-outs; below them runs one small runtime, which nobody else sees.
//! * Secret values are masked before an object leaves this module.
//! * What may not be read is a finding and a smaller [`Snapshot`], never a guess.
//!
//! The environment is not read here: the command line hands in what it says ([`ConnectOptions`]). Credential plug-ins
//! that a kubeconfig names are started by the client library with the environment of this process, as kubectl does.

mod access;
mod connection;
mod discovery;
mod error;
mod existing;
mod facts;
mod identity;
mod kubeconfig;
mod openapi;
mod options;
mod policies;
mod policy_engines;
mod proxy;
mod read;
mod redact;
mod runtime;
mod snapshot;
#[cfg(test)]
mod tests;
mod transport;

pub use access::{Access, Ask, Rule, Rules};
pub use connection::Connection;
pub use discovery::ApiResource;
pub use error::{ClusterError, Wrong};
pub use existing::Existing;
pub use facts::{LocalQueue, Node, PodUse, Quota, Taint};
pub use identity::{ClusterIdentity, ServerVersion, UserIdentity};
pub use openapi::OpenApiDocument;
pub use options::{ConnectOptions, Timeouts};
pub use policies::ClusterPolicies;
pub use read::{Listed, Selector};
pub use snapshot::Snapshot;
