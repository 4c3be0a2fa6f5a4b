//! Patterns: kro ResourceGraphDefinitions (`kro.run/v1alpha1`) with a form beside their schema, and their expansion
//! into native objects. Native kinds that can be drafted are patterns with one resource (`patterns/native/`).

mod slot;

pub use slot::{Cues, FormSlot, Per, SlotType};
