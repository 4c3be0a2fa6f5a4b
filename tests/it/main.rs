//! All integration tests, in one binary.

#[cfg(feature = "llama")]
mod model;
