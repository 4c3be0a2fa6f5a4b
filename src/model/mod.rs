//! A form in, answers out. Backends are synchronous; the driver runs them on a thread of their own.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::constraint::{Answers, Author, Cost, Form, Prompt};

#[cfg(feature = "llama")]
pub mod child;
#[cfg(feature = "llama")]
mod embedded;
pub mod inspect;
#[cfg(feature = "llama")]
mod llama;
mod open;
mod rounds;
mod scripted;
pub mod url;
mod validate;

pub use crate::cancel::Cancel;
pub use open::{DEFAULT_CONTEXT, ModelChoice, OpenOptions, devices, open};
pub use scripted::Scripted;
pub use validate::validate;

/// How a backend wants to be prompted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PromptProfile {
    /// Instructions and worked examples before the request (a general model).
    FewShot,
    /// The bare form (a model trained on it).
    Trained,
}

/// What is known of a loaded model, for people.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    /// `general.name` of the GGUF, or the file name; of a server the model's name there.
    pub name: String,
    /// Where it runs: `CPU (2 threads)`, `Vulkan0: …`; of a server its address, and whether it enforces a schema.
    pub device: String,
    /// See [`PromptProfile`].
    pub profile: PromptProfile,
    /// Parameters, 0 where unknown.
    pub parameters: u64,
    /// Context length in tokens that it was loaded with, 0 where unknown.
    pub context: u32,
}

/// How a backend writes texts of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Not at all: it fills forms.
    None,
    /// Step by step under a grammar: [`Backend::write`].
    Steps,
    /// As a whole, and the text is judged afterwards: [`Backend::compose`].
    Whole,
}

/// Why there are no answers.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The person (or a deadline) stopped it.
    #[error("the model was stopped before it had answered")]
    Cancelled,
    /// The form does not fit into the context.
    #[error("the request needs {needed} tokens and the model's context holds {limit}")]
    TooLong {
        /// Tokens of prefix, body and longest answers.
        needed: usize,
        /// Tokens that the context holds.
        limit: usize,
    },
    /// The candidates could not be turned into tokens, or the model's output left the allowed set. Ends the draft.
    #[error("constrained decoding failed at slot '{slot}': {reason}")]
    Matcher {
        /// Key of the slot.
        slot: String,
        /// What went wrong.
        reason: String,
    },
    /// The weights could not be read or are not supported.
    #[error("cannot load the model '{path}': {reason}")]
    Load {
        /// The file.
        path: String,
        /// What went wrong.
        reason: String,
    },
    /// No file and no installed model has that name.
    #[error("there is no model '{name}': it is neither a file nor installed")]
    NotInstalled {
        /// As it was named.
        name: String,
        /// What to do next.
        hint: String,
    },
    /// The child process that runs the model ended before it answered.
    #[error("the process that runs the model '{path}' ended unexpectedly ({status}): {reason}")]
    Died {
        /// The file.
        path: String,
        /// Exit status or signal.
        status: String,
        /// The last lines that it wrote.
        reason: String,
    },
    /// A model server cannot be asked, or cannot be used as it answers.
    #[error("cannot {attempt} the model server '{server}': {reason}")]
    Server {
        /// What was done with it, as a verb: `ask`, `list the models of`.
        attempt: &'static str,
        /// Its address, without credentials.
        server: String,
        /// What went wrong, with the server's own words made safe to show.
        reason: String,
        /// What to do next.
        hint: String,
    },
    /// The backend answered something that its form does not allow.
    #[error("the model's answer does not fit its form: {0}")]
    Invalid(String),
    /// This build has no such backend.
    #[error("{0}")]
    Unsupported(String),
}

impl ModelError {
    pub(crate) fn not_installed(name: &str, hint: &str) -> Self {
        Self::NotInstalled { name: name.to_owned(), hint: hint.to_owned() }
    }
}

/// Something that fills forms. Implemented by llama.cpp in process (the embedded model), llama.cpp in a child process
/// (a person's GGUF), a server that speaks the OpenAI protocol, a script for tests.
pub trait Backend: Send {
    /// What was loaded.
    fn info(&self) -> &ModelInfo;

    /// What the process that runs the model cannot do; `None` where no process of its own runs it.
    #[cfg(feature = "llama")]
    fn sandbox(&self) -> Option<&child::Sandbox> {
        None
    }

    /// Answers every slot of the form in order. A slot whose candidates are all used up is answered `None` without
    /// being put. Consecutive calls whose `prefix` and `body` share a beginning cost only what is new.
    ///
    /// # Errors
    /// Any [`ModelError`]; there is no partial answer.
    fn fill(&mut self, form: &Form, cancel: &Cancel) -> Result<Answers, ModelError>;

    /// How it can write a text of its own.
    fn writing(&self) -> Writing {
        Writing::None
    }

    /// What all texts that it has written step by step have cost; zero where nothing is measured.
    fn written(&self) -> Cost {
        Cost::default()
    }

    /// Whether it can write a text of its own at all.
    fn writes(&self) -> bool {
        self.writing() != Writing::None
    }

    /// Writes a text after a prompt as a whole, of at most so many tokens.
    ///
    /// # Errors
    /// Any [`ModelError`].
    fn compose(&mut self, prompt: &Prompt, most: usize, cancel: &Cancel) -> Result<String, ModelError> {
        let _ = (prompt, most, cancel);
        Err(ModelError::Unsupported(format!("the model '{}' only fills forms", self.info().name)))
    }

    /// Writes a text after a prompt, step by step as its author says.
    ///
    /// # Errors
    /// Any [`ModelError`]; what the author refuses is [`ModelError::Invalid`].
    fn write(
        &mut self,
        prompt: &Prompt,
        author: &mut dyn Author,
        cancel: &Cancel,
    ) -> Result<Cost, ModelError> {
        let _ = (prompt, author, cancel);
        Err(ModelError::Unsupported(format!("the model '{}' only fills forms", self.info().name)))
    }
}
