//! A text that a model writes piece by piece under a grammar: the grammar says what is settled and what may come next,
//! the model chooses (design D14). The grammar stays on this side of the pipe; a backend knows only pieces of text.

use std::ops::AddAssign;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::form::Score;
use super::free::FreeText;

/// What a text is written after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prompt {
    /// The same for many requests (instructions, examples): worth caching. Ends with a line break.
    pub prefix: String,
    /// The request. Ends with a line break; the text begins after it.
    pub body: String,
}

/// What may come next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Choice {
    /// One of these texts; none of them is the beginning of another. A single one is taken without asking.
    OneOf(Vec<String>),
    /// A text of the model's own.
    Free(FreeText),
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What stands between the last choice and this one, settled by the grammar.
    pub forced: String,
    /// What may follow it.
    pub choice: Choice,
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    /// The text that was chosen or written.
    pub text: String,
    /// Which of [`Choice::OneOf`] it is; 0 for a text of the model's own.
    pub index: usize,
    /// How sure the model was; absent where it has no probabilities.
    pub score: Option<Score>,
    /// Tokens that the model chose.
    pub sampled: usize,
    /// How long the model was evaluated for it; zero where nothing was measured.
    #[serde(default)]
    pub evaluated: Duration,
}

/// What writing has cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Tokens that the model chose.
    pub sampled: usize,
    /// Pieces of text that the grammar settled.
    pub steps: usize,
    /// How long the model was evaluated.
    pub evaluated: Duration,
    /// How long the steps took as a whole: what is left without `evaluated` is the grammar's, and the way between both.
    pub whole: Duration,
}

impl AddAssign for Cost {
    fn add_assign(&mut self, other: Self) {
        self.sampled += other.sampled;
        self.steps += other.steps;
        self.evaluated += other.evaluated;
        self.whole += other.whole;
    }
}

/// The grammar's side of writing one text.
pub trait Author {
    /// The next step; `None` at the end of the text.
    ///
    /// # Errors
    /// A sentence where nothing can follow: a value that is needed and that nobody gave.
    fn next(&mut self) -> Result<Option<Step>, String>;

    /// Takes what came of the last step.
    ///
    /// # Errors
    /// A sentence where it is not what was offered.
    fn take(&mut self, taken: &Taken) -> Result<(), String>;
}
