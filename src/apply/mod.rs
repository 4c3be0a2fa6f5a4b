//! Plan, digest, and the only writer of a target.
