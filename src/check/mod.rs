//! The gate before anything is proposed.
