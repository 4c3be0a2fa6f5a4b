//! What the model may answer: a form of slots with finite candidates, and the same form as JSON Schema.

mod form;

pub use form::{Answer, Answers, Candidate, Form, Score, Slot};
