//! A GGUF file to weights that are known to be usable.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::model::{LlamaLoraAdapter, LlamaModel};
use llama_cpp_2::{LogOptions, send_logs_to_tracing};

use super::device::{Placement, choose, gpus};
use super::engine::CHUNK;
use super::gguf::Header;
use super::memory::{Need, available};
use crate::model::{Cancel, ModelError, ModelInfo, PromptProfile};

/// Layers to offload where all fit: more than any model has.
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

/// What to load and how.
#[derive(Debug, Clone)]
pub(crate) struct LoadOptions {
    /// The GGUF file.
    pub path: PathBuf,
    /// What a person knows it by.
    pub label: String,
    /// A LoRA adapter for it, as GGUF.
    pub adapter: Option<PathBuf>,
    /// `cpu` or the name of a GPU; the first GPU when absent.
    pub device: Option<String>,
    /// CPU threads; what suits the model and the machine when absent.
    pub threads: Option<usize>,
    /// Tokens of the context that will be made; 0 and anything above the model's own mean the model's own.
    pub context: u32,
    /// How it is prompted, unless its file says so.
    pub profile: PromptProfile,
    /// See [`Noise`].
    pub noise: Noise,
}

/// A loaded model, its device and what is known of it.
#[derive(Debug)]
pub(crate) struct Weights {
    pub(super) model: LlamaModel,
    /// Of the model; llama.cpp wants to change it where it is put to use.
    pub(super) adapter: Option<Mutex<LlamaLoraAdapter>>,
    /// Where the adapter comes from.
    pub(super) adapter_path: Option<PathBuf>,
    pub(super) placement: Placement,
    /// What is known of it; the context length is set by the engine.
    pub info: ModelInfo,
    pub(super) threads: usize,
}

impl Weights {
    /// Loads a model, memory-mapped, with as many layers on the GPU as fit where this build and machine have one, after it
    /// was found to fit into memory. Raising `cancel` stops a load.
    ///
    /// # Errors
    /// [`ModelError::Load`]; a badly damaged file may end the process instead, inside llama.cpp.
    pub fn load(options: &LoadOptions, cancel: &Cancel) -> Result<Self, ModelError> {
        let LoadOptions { path, label, .. } = options;
        let failed = |reason: String| ModelError::Load { path: label.clone(), reason };
        let header = header(path).map_err(failed)?;
        is_supported(&header).map_err(failed)?;
        let adapter = options.adapter.as_deref();
        let added = adapter.map(|adapter| adapter_size(adapter, header.architecture())).transpose()?;
        let weights = data(&header, path).map_err(failed)?.saturating_add(added.unwrap_or(0));
        let context = context(&header, options.context).map_err(failed)?;
        let need = Need::of(&header, weights, context, CHUNK);

        let backend = backend(options.noise).map_err(|e| failed(format!("llama.cpp did not start: {e}")))?;
        let is_small = need.weights < SMALL;
        let placement = choose(options.device.as_deref(), &gpus(), &need, is_small).map_err(failed)?;
        if let Some(available) = available() {
            placement.of_machine(&need).check(available).map_err(failed)?;
        }
        let stop = cancel.clone();
        let mut params = LlamaModelParams::default()
            .with_use_mmap(true)
            .with_progress_callback(move |_| !stop.is_cancelled());
        let (devices, layers) = match &placement {
            Placement::Cpu => (vec![], 0),
            Placement::Gpu { index, layers, of, .. } if layers == of => (vec![*index], ALL_LAYERS),
            Placement::Gpu { index, layers, .. } => {
                (vec![*index], u32::try_from(*layers).unwrap_or(ALL_LAYERS))
            }
        };
        params = params
            .with_devices(&devices)
            .map_err(|e| failed(format!("the device cannot be used: {e}")))?
            .with_n_gpu_layers(layers);
        let mut model = match LlamaModel::load_from_file(backend, path, &params) {
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
        let lora = adapter.map(|adapter| put_on(&mut model, adapter)).transpose()?;
        let threads = options.threads.unwrap_or_else(|| if is_small { 1 } else { cores() }).max(1);
        // A file says itself that it was trained on bare forms (training/train.py writes this key).
        let profile = match model.meta_val_str(PROMPT_KEY).as_deref() {
            Ok("form") => PromptProfile::Trained,
            _ => options.profile,
        };
        let name = model.meta_val_str("general.name").ok().filter(|name| !name.trim().is_empty());
        let mut name = name.unwrap_or_else(|| label.clone());
        if let Some(adapter) = adapter {
            name.push_str(&format!(" + {}", label_of(adapter)));
        }
        let info = ModelInfo {
            name,
            device: placement.describe(threads),
            profile,
            parameters: model.n_params(),
            context: 0,
        };
        let adapter_path = options.adapter.clone();
        Ok(Self { model, adapter: lora.map(Mutex::new), adapter_path, placement, info, threads })
    }
}

/// What a person knows a file by.
pub(crate) fn label_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

/// The beginning of a file that is there.
fn header(path: &Path) -> Result<Header, String> {
    if !path.exists() {
        return Err("there is no such file; check the path".to_owned());
    }
    Header::read(path)
}

/// The context that will be made, in tokens: no more than the model was trained for.
fn context(header: &Header, wanted: u32) -> Result<u32, String> {
    let trained = match header.of_architecture("context_length") {
        None => return Ok(wanted),
        // The binding ends the process for what llama.cpp would take for a negative number.
        Some(trained) => i32::try_from(trained).ok().and_then(|trained| u32::try_from(trained).ok()),
    };
    match trained {
        Some(trained) if trained > 0 => Ok(if wanted == 0 { trained } else { wanted.min(trained) }),
        _ => Err("it is damaged: the length of its context is no sensible number".to_owned()),
    }
}

/// Bytes of the tensors of all parts.
fn data(header: &Header, path: &Path) -> Result<u64, String> {
    let mut sum = header.data;
    for part in header.parts(path).iter().skip(1) {
        let read = self::header(part).map_err(|e| format!("its part '{}': {e}", part.display()))?;
        sum = sum.saturating_add(read.data);
    }
    Ok(sum)
}

/// Bytes of the tensors of an adapter for models of this architecture.
fn adapter_size(path: &Path, architecture: &str) -> Result<u64, ModelError> {
    let failed = |reason: String| ModelError::Load { path: path.display().to_string(), reason };
    let header = header(path).map_err(failed)?;
    let kind = header.text("adapter.type").unwrap_or("none");
    if header.text("general.type") != Some("adapter") || kind != "lora" {
        return Err(failed(
            "it is no LoRA adapter; convert_lora_to_gguf.py of llama.cpp makes one of what a training wrote"
                .to_owned(),
        ));
    }
    if header.architecture() != architecture {
        return Err(failed(format!(
            "it is an adapter for models of the architecture '{}', and the model is of '{}'; take the model that it was \
             trained on",
            printable(header.architecture()),
            printable(architecture)
        )));
    }
    Ok(header.data)
}

/// Loads an adapter for a model.
fn put_on(model: &mut LlamaModel, path: &Path) -> Result<LlamaLoraAdapter, ModelError> {
    model.lora_adapter_init(path).map_err(|_| ModelError::Load {
        path: path.display().to_string(),
        reason: "llama.cpp refused the adapter: it is damaged, or was trained on a model of another shape"
            .to_owned(),
    })
}

/// A model that writes text, with a vocabulary that the binding knows: asking it for the type of another ends the process.
fn is_supported(header: &Header) -> Result<(), String> {
    if let Some(kind) = header.text("general.type").filter(|kind| *kind != "model") {
        let hint = if kind == "adapter" { "; name it with --adapter, and its base with --model" } else { "" };
        return Err(format!("it is no model, it is of the type '{kind}'{hint}"));
    }
    let kind = match header.text("tokenizer.ggml.model") {
        Some("gpt2" | "llama" | "gemma4") => return Ok(()),
        Some("none" | "no_vocab") | None => {
            return Err(
                "it has no vocabulary, so it cannot read or write text; choose a chat model".to_owned()
            );
        }
        Some("bert") => "'bert' (WordPiece, as embedding models have it)",
        Some("t5") => "'t5' (unigram, as encoder-decoder models have it)",
        Some("rwkv") => "'rwkv'",
        Some(other) => &format!("'{}'", printable(other)),
    };
    Err(format!(
        "its vocabulary is of the type {kind}; only byte-pair (gpt2) and SentencePiece (llama) vocabularies are \
         supported, which all common chat models have"
    ))
}

/// Without anything that a terminal would act on.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
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
