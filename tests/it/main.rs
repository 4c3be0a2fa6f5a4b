//! All integration tests, in one binary: one link step, and `architecture.rs` sees to it that no file is forgotten.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "clippy.toml allows these in tests, but does not count the helpers of an integration test as tests"
)]

mod apply;
mod architecture;
mod bad_input;

mod cluster_apply;
mod cluster_broken;
mod cluster_engines;
#[cfg(feature = "llama")]
mod cluster_facts;
mod cluster_fields;
mod cluster_free;
mod cluster_outage;
mod cluster_policies;
mod cluster_quota;
mod cluster_reach;
mod cluster_read;
mod cluster_rollout;
mod cluster_secret;
mod cluster_storage;
mod doctor;
#[cfg(feature = "llama")]
mod evaluation;
mod free_drafting;
mod free_requests;
#[cfg(feature = "vulkan")]
mod gpu;
mod isolation;
#[cfg(feature = "llama")]
mod llama_server;
#[cfg(feature = "llama")]
mod model;
mod model_catalogue;
#[cfg(feature = "llama")]
mod model_damaged;
#[cfg(feature = "llama")]
mod model_default;
#[cfg(feature = "llama")]
mod model_options;
mod model_url;
mod patterns;
mod plan;
mod policies;
mod policy_kyverno;
mod policy_rego;
mod policy_shaping;
mod policy_suites;
#[cfg(feature = "llama")]
mod real_model;
mod review;
#[cfg(feature = "llama")]
mod same_answers;
mod score;
mod support;
#[cfg(unix)]
mod tui;
mod walker;
