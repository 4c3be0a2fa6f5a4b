//! The full screen: the same conversation as on the command line, with a form whose fields can be changed.
//!
//! ```text
//! keys ─> update(&mut App, Msg) -> actions ─> orders ─> worker: session::run(engine, Remote) ─┐
//!              ^                                                                              │
//!              └──────────────────────── messages: outcome, plan, confirm, … ─────────────────┘
//! view(&App, &mut Frame)
//! ```
//!
//! | file | what |
//! |---|---|
//! | `app` | everything that the screen knows; values only |
//! | `shown` | drafts and plans as rows and lines that are safe to show |
//! | `message` | what the worker tells the screen, and the screen the worker |
//! | `update`, `keys`, `news` | what happened -> another state, and what is to be done: keys, and what the worker tells |
//! | `layout` | which part of the screen shows what |
//! | `view` | state -> cells; changes nothing |
//! | `face`, `worker` | the engine in a thread of its own, behind the [`Face`](crate::session::Face) of every conversation |
//! | `screen` | the terminal's modes, and that they are put back whatever happens |
//! | `run` | joins all of these |
//!
//! Nothing is decided here: what may follow what is the [`Machine`](crate::session::Machine)'s business.

mod app;
mod face;
mod keys;
mod layout;
mod message;
mod news;
mod run;
mod screen;
mod shown;
mod update;
mod view;
mod worker;

#[cfg(test)]
mod tests;

pub use run::{Left, run};
pub use screen::restore;
