//! What is known of a model's file, and how fast it runs here: for people who choose one. A file is looked into in the child
//! process, as it is run there: a damaged one ends only that.

use serde::{Deserialize, Serialize};

use super::{Cancel, ModelChoice, ModelError, ModelInfo, OpenOptions};

/// What a GGUF says of itself, and what it takes to run it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Description {
    /// E.g. `qwen2`.
    pub architecture: String,
    /// E.g. `Q4_K_M`; absent where the file does not say.
    pub quantisation: Option<String>,
    /// Of the weights.
    pub bytes: u64,
    /// Layers.
    pub layers: u64,
    /// Key-value heads of a layer; 0 where layers differ or the model has none.
    pub key_value_heads: u64,
    /// Numbers of a key-value head.
    pub head_size: u64,
    /// Type of the vocabulary: `gpt2` (byte pairs), `llama` (SentencePiece).
    pub vocabulary_type: String,
    /// Tokens of the vocabulary.
    pub vocabulary: u64,
    /// Context that it was trained for, in tokens.
    pub trained_context: u32,
    /// The chat template, cut where it is very long.
    pub template: Option<String>,
    /// `general.license`.
    pub licence: Option<String>,
    /// Bytes that the process holds now and held at most, with weights and context; absent where the system does not say.
    pub resident: Option<u64>,
}

/// How fast tokens are read and written, without any form.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Throughput {
    /// Tokens that were read in batches.
    pub prompt_tokens: u32,
    /// How long that took.
    pub prompt_seconds: f64,
    /// Tokens that were written one by one.
    pub written_tokens: u32,
    /// How long that took.
    pub written_seconds: f64,
}

impl Throughput {
    /// Tokens read a second.
    pub fn prompt_rate(&self) -> f64 {
        f64::from(self.prompt_tokens) / self.prompt_seconds.max(1e-9)
    }

    /// Tokens written a second.
    pub fn written_rate(&self) -> f64 {
        f64::from(self.written_tokens) / self.written_seconds.max(1e-9)
    }
}

/// What is known of a model, without asking it anything.
///
/// # Errors
/// As [`super::open`]; [`ModelError::Unsupported`] for a server, which tells nothing of its file.
pub fn describe(choice: &ModelChoice, options: &OpenOptions) -> Result<(ModelInfo, Description), ModelError> {
    match choice {
        ModelChoice::File(path) => file::describe(path, options),
        ModelChoice::Embedded => file::describe_embedded(options),
        ModelChoice::NotInstalled { name, hint } => Err(ModelError::not_installed(name, hint)),
        ModelChoice::Server(_) | ModelChoice::Scripted(_) => Err(of_a_file_only()),
    }
}

/// How fast a model reads and writes on this machine.
///
/// # Errors
/// As [`describe`]; [`ModelError::Cancelled`].
pub fn measure(
    choice: &ModelChoice,
    options: &OpenOptions,
    cancel: &Cancel,
) -> Result<Throughput, ModelError> {
    match choice {
        ModelChoice::File(path) => file::measure(path, options, cancel),
        ModelChoice::Embedded => file::measure_embedded(options, cancel),
        ModelChoice::NotInstalled { name, hint } => Err(ModelError::not_installed(name, hint)),
        ModelChoice::Server(_) | ModelChoice::Scripted(_) => Err(of_a_file_only()),
    }
}

fn of_a_file_only() -> ModelError {
    ModelError::Unsupported("only a GGUF file can be looked into; a server tells nothing of it".to_owned())
}

#[cfg(feature = "llama")]
mod file {
    use std::path::Path;

    use super::{Description, Throughput};
    use crate::model::child::ChildModel;
    use crate::model::{Backend as _, Cancel, ModelError, ModelInfo, OpenOptions, embedded};

    pub(super) fn describe(
        path: &Path,
        options: &OpenOptions,
    ) -> Result<(ModelInfo, Description), ModelError> {
        let mut model = ChildModel::open(path, options)?;
        let description = model.describe(&options.cancel)?;
        Ok((model.info().clone(), description))
    }

    pub(super) fn measure(
        path: &Path,
        options: &OpenOptions,
        cancel: &Cancel,
    ) -> Result<Throughput, ModelError> {
        ChildModel::open(path, options)?.measure(cancel)
    }

    pub(super) fn describe_embedded(options: &OpenOptions) -> Result<(ModelInfo, Description), ModelError> {
        embedded::with_engine(options, |weights, engine| Ok((engine.info().clone(), weights.describe())))
    }

    pub(super) fn measure_embedded(options: &OpenOptions, cancel: &Cancel) -> Result<Throughput, ModelError> {
        embedded::with_engine(options, |_, engine| engine.measure(cancel))
    }
}

#[cfg(not(feature = "llama"))]
mod file {
    use std::path::Path;

    use super::{Description, Throughput};
    use crate::model::open::without_llama;
    use crate::model::{Cancel, ModelError, ModelInfo, OpenOptions};

    pub(super) fn describe(path: &Path, _: &OpenOptions) -> Result<(ModelInfo, Description), ModelError> {
        Err(without_llama(&format!("look into the model '{}'", path.display())))
    }

    pub(super) fn measure(path: &Path, _: &OpenOptions, _: &Cancel) -> Result<Throughput, ModelError> {
        Err(without_llama(&format!("run the model '{}'", path.display())))
    }

    pub(super) fn describe_embedded(_: &OpenOptions) -> Result<(ModelInfo, Description), ModelError> {
        Err(without_llama("look into the embedded model"))
    }

    pub(super) fn measure_embedded(_: &OpenOptions, _: &Cancel) -> Result<Throughput, ModelError> {
        Err(without_llama("run the embedded model"))
    }
}
