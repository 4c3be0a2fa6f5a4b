//! From a choice of model to a backend that can be asked.

use std::path::{Path, PathBuf};

use super::url::{Server, UrlModel};
use super::{Backend, Cancel, ModelError, Scripted};

/// Which model answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelChoice {
    /// The small model that is compiled into the binary.
    Embedded,
    /// A GGUF file; it is loaded and run in a child process.
    File(PathBuf),
    /// A name that is neither a file nor installed: an error as soon as it is opened, and not before, since much of what
    /// this program does needs no model.
    NotInstalled {
        /// As it was named.
        name: String,
        /// What to do next.
        hint: String,
    },
    /// A model of a server that speaks the OpenAI protocol.
    Server(Box<Server>),
    /// Fixed answers by key, for tests and demonstrations. See [`Scripted`].
    Scripted(Vec<(String, String)>),
}

/// How to open it.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// This program's own executable file, which is started once more as the process that runs a GGUF file.
    pub executable: PathBuf,
    /// Folder for evaluated prompt prefixes; made when missing. Without one nothing is kept between runs.
    pub cache_dir: Option<PathBuf>,
    /// A LoRA adapter (GGUF) for a [`ModelChoice::File`].
    pub adapter: Option<PathBuf>,
    /// `cpu`, or a GPU of [`devices`] by its name; when absent the first GPU, for a very small model the processor.
    pub device: Option<String>,
    /// CPU threads; when absent all available cores, one for a very small model.
    pub threads: Option<usize>,
    /// Tokens that the context should hold; at most what the model was trained for.
    pub context: u32,
    /// Ends opening before it is done: a server may take its time.
    pub cancel: Cancel,
}

/// The context length that is asked for when nobody says otherwise, in tokens.
pub const DEFAULT_CONTEXT: u32 = 4096;

impl OpenOptions {
    /// All cores, the default context, no prefix cache.
    pub fn new(executable: PathBuf) -> Self {
        Self {
            executable,
            cache_dir: None,
            adapter: None,
            device: None,
            threads: None,
            context: DEFAULT_CONTEXT,
            cancel: Cancel::default(),
        }
    }
}

/// Opens the chosen model and waits until it is loaded.
///
/// # Errors
/// [`ModelError::Load`] when the weights cannot be read, [`ModelError::NotInstalled`] for a name that nothing has, [`ModelError::Died`] when reading them ended the child
/// process, [`ModelError::Server`] when a server cannot be used, [`ModelError::Cancelled`] when it was stopped meanwhile,
/// [`ModelError::Unsupported`] when this build lacks the feature `llama` or has no embedded model.
pub fn open(choice: ModelChoice, options: &OpenOptions) -> Result<Box<dyn Backend>, ModelError> {
    match choice {
        ModelChoice::Scripted(script) => Ok(Box::new(Scripted::new(script))),
        ModelChoice::Embedded => embedded(options),
        ModelChoice::File(path) => file(&path, options),
        ModelChoice::NotInstalled { name, hint } => Err(ModelError::not_installed(&name, &hint)),
        ModelChoice::Server(server) => Ok(Box::new(UrlModel::open(*server, &options.cancel)?)),
    }
}

/// The GPUs that this build can use here, with what is free on them, for people. Starts llama.cpp in this process.
#[cfg(feature = "llama")]
pub fn devices() -> Vec<String> {
    super::llama::gpu_names()
}

/// None: this build has no llama.cpp.
#[cfg(not(feature = "llama"))]
pub fn devices() -> Vec<String> {
    Vec::new()
}

#[cfg(feature = "llama")]
fn embedded(options: &OpenOptions) -> Result<Box<dyn Backend>, ModelError> {
    Ok(Box::new(super::embedded::open(options)?))
}

#[cfg(feature = "llama")]
fn file(path: &Path, options: &OpenOptions) -> Result<Box<dyn Backend>, ModelError> {
    Ok(Box::new(super::child::ChildModel::open(path, options)?))
}

#[cfg(not(feature = "llama"))]
fn embedded(_: &OpenOptions) -> Result<Box<dyn Backend>, ModelError> {
    Err(without_llama("run the embedded model"))
}

#[cfg(not(feature = "llama"))]
fn file(path: &Path, _: &OpenOptions) -> Result<Box<dyn Backend>, ModelError> {
    Err(without_llama(&format!("run the model '{}'", path.display())))
}

#[cfg(not(feature = "llama"))]
pub(super) fn without_llama(what: &str) -> ModelError {
    ModelError::Unsupported(format!(
        "cannot {what}: this build has no llama.cpp; name a model server (--model URL), or build it with the feature 'llama' (on by default)"
    ))
}

#[cfg(all(test, not(feature = "llama")))]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_llama_says_which_feature_is_missing() {
        for choice in [ModelChoice::Embedded, ModelChoice::File("qwen.gguf".into())] {
            let error =
                open(choice, &OpenOptions::new("copilot".into())).err().expect("unsupported").to_string();
            assert!(error.contains("feature 'llama'"), "{error}");
        }
    }
}
