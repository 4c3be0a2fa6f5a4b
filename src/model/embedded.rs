//! The model that is compiled into the binary: `models/embedded.gguf` at build time.
//!
//! llama.cpp loads from a path only. On Linux the bytes go into an anonymous file in memory, elsewhere into a private
//! temporary file that is removed once it is loaded; no file that somebody else could have written is trusted.

use std::io::{self, Write};
use std::path::PathBuf;

use super::llama::{Engine, EngineOptions, InProcess, LoadOptions, Noise, Weights};
use super::{Cancel, ModelError, OpenOptions, PromptProfile};

/// What a person sees where a file name would stand.
const LABEL: &str = "embedded model";

/// The weights, if this build has any.
#[cfg(has_embedded_model)]
static WEIGHTS: Option<&[u8]> =
    Some(include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/models/embedded.gguf")));
#[cfg(not(has_embedded_model))]
static WEIGHTS: Option<&[u8]> = None;

/// Loads the embedded model.
///
/// # Errors
/// [`ModelError::Unsupported`] in a build without weights, [`ModelError::Load`] when they cannot be loaded.
pub(super) fn open(options: &OpenOptions) -> Result<InProcess, ModelError> {
    from_bytes(weights()?, LABEL, options)
}

fn weights() -> Result<&'static [u8], ModelError> {
    WEIGHTS.ok_or_else(|| {
        ModelError::Unsupported(
            "this build has no embedded model (models/embedded.gguf was not there when it was built); name a GGUF \
             file with --model"
                .to_owned(),
        )
    })
}

/// Loads the embedded model on the caller's own thread, for who wants more of it than answers.
///
/// # Errors
/// As [`open`], and what `work` says.
pub(super) fn with_engine<T>(
    options: &OpenOptions,
    work: impl FnOnce(&Weights, &mut Engine<'_>) -> Result<T, ModelError>,
) -> Result<T, ModelError> {
    let weights = load(weights()?, LABEL, options)?;
    let mut engine = Engine::new(&weights, EngineOptions { context: options.context, prefixes: None })?;
    work(&weights, &mut engine)
}

/// Loads a GGUF from memory into this process; its prompts are bare forms.
pub(super) fn from_bytes(
    bytes: &'static [u8],
    label: &'static str,
    options: &OpenOptions,
) -> Result<InProcess, ModelError> {
    let wanted = options.clone();
    let load = move || load(bytes, label, &wanted);
    InProcess::start(label, load, EngineOptions { context: options.context, prefixes: None })
}

fn load(bytes: &[u8], label: &str, options: &OpenOptions) -> Result<Weights, ModelError> {
    let file = private_file(bytes)
        .map_err(|e| ModelError::Load { path: label.to_owned(), reason: format!("cannot unpack it: {e}") })?;
    let options = LoadOptions {
        path: file.path,
        label: label.to_owned(),
        // An adapter is a stranger's file, and nothing shields this process from it.
        adapter: None,
        device: options.device.clone(),
        threads: options.threads,
        context: options.context,
        profile: PromptProfile::Trained,
        noise: Noise::Silent,
    };
    Weights::load(&options, &Cancel::default())
}

/// A file that can be opened by its path for as long as this value lives.
struct PrivateFile<T> {
    path: PathBuf,
    _owner: T,
}

#[cfg(target_os = "linux")]
fn private_file(bytes: &[u8]) -> io::Result<PrivateFile<memfd::Memfd>> {
    use std::os::fd::AsRawFd;

    let memfd = memfd::MemfdOptions::new().create("model").map_err(io::Error::other)?;
    memfd.as_file().write_all(bytes)?;
    let path = format!("/proc/self/fd/{}", memfd.as_file().as_raw_fd()).into();
    Ok(PrivateFile { path, _owner: memfd })
}

#[cfg(not(target_os = "linux"))]
fn private_file(bytes: &[u8]) -> io::Result<PrivateFile<tempfile::NamedTempFile>> {
    let mut file = tempfile::Builder::new().prefix("kubectl-copilot-").suffix(".gguf").tempfile()?;
    file.write_all(bytes)?;
    Ok(PrivateFile { path: file.path().to_path_buf(), _owner: file })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::{Candidate, Form, Slot};
    use crate::model::Backend;

    static FIXTURE: &[u8] = include_bytes!("../../models/fixtures/tiny-bpe.gguf");

    fn options() -> OpenOptions {
        OpenOptions { context: 256, ..OpenOptions::new("copilot".into()) }
    }

    #[test]
    fn a_model_in_memory_answers() {
        let mut model = from_bytes(FIXTURE, "fixture", &options()).expect("loads without a file of its own");
        assert_eq!((model.info().profile, model.info().context), (PromptProfile::Trained, 256));
        assert_eq!(model.info().device, "CPU (1 thread)", "a small model does not take all cores");
        let port = Candidate { text: "80".into(), uses: vec![0] };
        let slots = vec![Slot { key: "port".into(), candidates: vec![port], optional: false, most: 1 }];
        let form = Form { prefix: String::new(), body: "Request: port 80\n".into(), slots };
        let answers = model.fill(&form, &Cancel::default()).expect("fills");
        assert_eq!(form.instance(&answers), serde_json::json!({ "port": "80" }));
    }

    #[test]
    fn weights_that_are_none_are_an_error() {
        let error =
            from_bytes(b"GGUF and nothing more", "fixture", &options()).err().expect("refused").to_string();
        assert!(error.contains("fixture") && error.contains("GGUF"), "{error}");
    }
}
