//! What the integration tests share.

pub mod copilot;
pub mod listener;
pub mod model_server;
pub mod not_run;
pub mod repository;
pub mod rig;
pub mod rust_source;
pub mod samples;

pub use copilot::Copilot;
