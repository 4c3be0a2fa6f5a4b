//! The conversation: a pure state machine ([`Machine`]), the engine that carries out what it asks for ([`Engine`]) and
//! the driver that joins the two to a face ([`run`]).

mod driver;
mod engine;
mod exposure;
mod facts;
mod machine;
mod open;
mod place;
mod problem;
mod target;

pub use driver::{Face, PolicyCounts, Reply, run};
pub use engine::{Engine, Judged, model_problem};
pub use exposure::server_finding;
pub use machine::{Effect, Event, Machine, Phase};
pub use open::{open_cluster_policies, open_patterns, open_policies, open_schemas, owner_label};
pub use problem::{ExitCode, Problem};
pub use target::Target;
