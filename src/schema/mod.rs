//! What the API server accepts, by group, version and kind.
