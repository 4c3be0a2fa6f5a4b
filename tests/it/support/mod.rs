//! What the integration tests share.

pub mod cluster;
pub mod copilot;
pub mod file_server;
pub mod forwarder;
#[cfg(feature = "llama")]
pub mod gguf;
pub mod listener;
pub mod llama_server;
pub mod model_server;
pub mod not_run;
pub mod repository;
pub mod rig;
pub mod running;
pub mod rust_source;
pub mod samples;
pub mod tls;

pub use copilot::Copilot;
