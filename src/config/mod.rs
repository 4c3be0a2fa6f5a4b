//! Files, environment and flags become one value.
