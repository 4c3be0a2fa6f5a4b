//! The only reader and writer of local files: bounded, atomic, and never outside of the folder that was named.

mod error;
mod partial;
mod private;
mod probe;
mod read;
mod write;

pub use error::{SourceError, Wrong};
pub use partial::{Partial, free_bytes, read_blocks, sha256, size, sizes};
pub use private::{
    STATE_KEY, private_folder, read_private, read_state_key, secret_key, state_key, write_private,
};
pub use probe::{Folder, mode, probe};
pub use read::{
    Limits, Listing, files, listing, read_bytes, read_manifests, read_manifests_of, read_manifests_within,
    read_others, read_text,
};
pub use write::{contained, create, remove, write_atomic};
