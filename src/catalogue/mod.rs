//! Models that can be had, and those that are here.
//!
//! | file | its one job |
//! |---|---|
//! | `entry` | the catalogue: what is recommended, where it comes from, what it scored |
//! | `installed` | the models folder of the cache |
//! | `lookup` | from a name to a file |
//! | `memory` | what a model needs, and what this machine has |
//! | `pull` | a model fetched whole, or nothing |
//! | `trial` | ten requests that a model has to answer before it becomes the default |

mod entry;
mod installed;
mod lookup;
mod memory;
pub mod pull;
pub mod trial;

pub use entry::{Catalogue, Embedded, Entry, HashOrigin, Licence, Scores, Shape, Upstream};
pub use installed::{Installed, Record, folder, installed};
pub use lookup::{EMBEDDED, Found, look_up, path_of};
pub use memory::{available, cache_bytes, needed, parse_cgroup, parse_meminfo};
