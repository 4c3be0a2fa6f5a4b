//! What the worker and the screen say to each other.

use crate::model::{Cancel, ModelInfo};
use crate::session::{ExitCode, Problem, Reply};
use crate::tui::shown::{Form, Page, PlanView};

/// From the worker to the screen.
#[derive(Debug)]
pub enum Message {
    /// The engine is open; the model is being loaded.
    Opened(Opened),
    /// The engine cannot be opened: nothing will work.
    Unopened(Problem),
    /// The model is loaded.
    Loaded(ModelInfo),
    /// There is no model; a request would end in this problem.
    NoModel(Problem),
    /// A draft, field by field.
    Draft(Form),
    /// Any other outcome, as text.
    Page(Page),
    /// A plan.
    Plan(Box<PlanView>),
    /// The person is to decide about the plan that was shown last.
    Confirm,
    /// The person is to answer a question.
    Listen,
    /// The person is to edit this text.
    Edit(String),
    /// A field stays as it was: why.
    Unfit(String),
    /// How far something is that was applied.
    Progress(String),
    /// The conversation is over.
    Over(ExitCode),
}

/// What is known once the engine is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opened {
    /// The target as a person calls it.
    pub target: String,
    /// How many policies are in force.
    pub policies: usize,
}

/// From the screen to the worker.
#[derive(Debug)]
pub enum Order {
    /// A new conversation that begins with these words.
    Begin(String, Cancel),
    /// The answer to a question; `None` leaves it.
    Answer(Option<String>),
    /// What the person decides about the plan.
    Reply(Reply),
    /// The editor was closed.
    Edited(Result<Option<String>, Problem>),
}
