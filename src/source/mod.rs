//! The only reader and writer of local files.
