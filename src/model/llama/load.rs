//! A GGUF file to weights that are known to be usable.

use std::path::Path;
use std::sync::OnceLock;

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::{
    LlamaBackendDeviceType, LogOptions, list_llama_ggml_backend_devices, send_logs_to_tracing,
};

use crate::model::{Cancel, ModelError, ModelInfo, PromptProfile};

/// Layers to offload where there is a GPU: more than any model has, so all.
const ALL_LAYERS: u32 = 9_999;

/// Metadata key of a GGUF that names how it wants to be prompted: `form` for bare forms.
const PROMPT_KEY: &str = "kubectl-copilot.prompt";

/// Weights of fewer bytes are evaluated on one thread: several would wait for each other longer than they compute.
const SMALL: u64 = 64 << 20;

/// Where llama.cpp's messages go. The first call of a process decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noise {
    /// Nowhere: the process talks to a person.
    Silent,
    /// Standard error: the parent collects it.
    Stderr,
}

/// A loaded model, its device and what is known of it.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(super) model: LlamaModel,
    /// What is known of it; the context length is set by the engine.
    pub info: ModelInfo,
    pub(super) threads: usize,
}

impl Weights {
    /// Loads `path`, memory-mapped, with all layers on the GPU where this build and machine have one. `label` is what a
    /// person knows the file by. `threads` absent means what suits the model and the machine. Raising `cancel` stops a
    /// load.
    ///
    /// # Errors
    /// [`ModelError::Load`]; a badly damaged file may end the process instead, inside llama.cpp.
    pub fn load(
        path: &Path,
        label: &str,
        threads: Option<usize>,
        profile: PromptProfile,
        noise: Noise,
        cancel: &Cancel,
    ) -> Result<Self, ModelError> {
        let failed = |reason: String| ModelError::Load { path: label.to_owned(), reason };
        if !path.is_file() {
            return Err(failed("there is no such file; check the path".to_owned()));
        }
        let backend = backend(noise).map_err(|e| failed(format!("llama.cpp did not start: {e}")))?;
        let stop = cancel.clone();
        let mut params = LlamaModelParams::default()
            .with_use_mmap(true)
            .with_progress_callback(move |_| !stop.is_cancelled());
        if backend.supports_gpu_offload() {
            params = params.with_n_gpu_layers(ALL_LAYERS);
        }
        let model = match LlamaModel::load_from_file(backend, path, &params) {
            Ok(model) => model,
            Err(_) if cancel.is_cancelled() => return Err(ModelError::Cancelled),
            Err(_) => {
                return Err(failed(
                    "llama.cpp refused it: it is damaged, cut short, or of an architecture that it does not know; \
                     download it again or choose another"
                        .to_owned(),
                ));
            }
        };
        supported(&model).map_err(failed)?;
        let threads = threads.unwrap_or_else(|| if model.size() < SMALL { 1 } else { cores() }).max(1);
        // A file says itself that it was trained on bare forms (training/train.py writes this key).
        let profile = match model.meta_val_str(PROMPT_KEY).as_deref() {
            Ok("form") => PromptProfile::Trained,
            _ => profile,
        };
        let name = model.meta_val_str("general.name").ok().filter(|name| !name.trim().is_empty());
        let info = ModelInfo {
            name: name.unwrap_or_else(|| label.to_owned()),
            device: device(threads),
            profile,
            parameters: model.n_params(),
            context: 0,
        };
        Ok(Self { model, info, threads })
    }
}

/// Only vocabularies that the binding knows; asking it for the type of another ends the process.
fn supported(model: &LlamaModel) -> Result<(), String> {
    let kind = model.meta_val_str("tokenizer.ggml.model").unwrap_or_else(|_| "none".to_owned());
    if !matches!(kind.as_str(), "gpt2" | "llama" | "gemma4") {
        return Err(format!(
            "its vocabulary is of the type '{kind}'; only byte-pair (gpt2) and SentencePiece (llama) vocabularies \
             are supported, which all common chat models have"
        ));
    }
    Ok(())
}

/// llama.cpp, started once a process.
pub(super) fn backend(noise: Noise) -> Result<&'static LlamaBackend, String> {
    static BACKEND: OnceLock<Result<LlamaBackend, String>> = OnceLock::new();
    BACKEND
        .get_or_init(|| {
            if noise == Noise::Silent {
                send_logs_to_tracing(LogOptions::default().with_logs_enabled(false));
            }
            LlamaBackend::init().map_err(|e| e.to_string())
        })
        .as_ref()
        .map_err(Clone::clone)
}

/// Cores that this process may use.
fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// The first GPU, else the CPU with its threads.
fn device(threads: usize) -> String {
    let gpu = |kind: LlamaBackendDeviceType| {
        matches!(kind, LlamaBackendDeviceType::Gpu | LlamaBackendDeviceType::IntegratedGpu)
    };
    list_llama_ggml_backend_devices().into_iter().find(|d| gpu(d.device_type)).map_or_else(
        || format!("CPU ({threads} {})", if threads == 1 { "thread" } else { "threads" }),
        |d| format!("{}: {}", d.name, d.description),
    )
}
