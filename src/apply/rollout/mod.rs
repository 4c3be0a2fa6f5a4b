//! How far an applied object is, read off the object itself, and why it does not get further. Pure: who asks again, and
//! until when, is decided elsewhere.

mod progress;
mod why;

pub use progress::{Progress, progress};
pub use why::{Surroundings, why};
