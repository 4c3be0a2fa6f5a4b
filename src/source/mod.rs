//! The only reader and writer of local files: bounded, atomic, and never outside of the folder that was named.

mod error;
mod private;
mod read;
mod write;

pub use error::{SourceError, Wrong};
pub use private::{private_folder, read_private, secret_key, state_key, write_private};
pub use read::{Limits, files, read_bytes, read_manifests, read_manifests_within, read_text};
pub use write::{contained, create, remove, write_atomic};
