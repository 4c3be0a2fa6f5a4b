//! The context: what it holds, and evaluating what is new.

use std::num::NonZeroU32;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::context::params::LlamaContextParams;
use llama_cpp_2::llama_batch::LlamaBatch;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::token::LlamaToken;

use super::device::Placement;
use super::load::{Noise, Weights, backend};
use super::prefix::PrefixCache;
use super::tokens::Tokens;
use super::write::Writing;
use crate::model::{Cancel, ModelError, ModelInfo};

/// Tokens that are evaluated at once: as long as a stop may have to wait, and enough to use the machine fully.
pub(super) const CHUNK: u32 = 128;

/// The one sequence of the context.
const SEQUENCE: i32 = 0;

/// `new_context` changes the model and must not run twice at a time.
static NEW_CONTEXT: Mutex<()> = Mutex::new(());

/// What an engine is made with.
#[derive(Debug, Default)]
pub(crate) struct EngineOptions {
    /// Wanted context length in tokens; 0 and anything above the model's own mean the model's own.
    pub context: u32,
    /// See [`PrefixCache`].
    pub prefixes: Option<PrefixCache>,
}

/// A context over some weights. Remembers which tokens it holds, so that only what differs is evaluated.
pub(crate) struct Engine<'m> {
    pub(super) tokens: Tokens<'m>,
    pub(super) model: &'m LlamaModel,
    info: ModelInfo,
    context: LlamaContext<'m>,
    batch: LlamaBatch<'static>,
    /// The tokens whose keys and values the context holds, from position 0.
    pub(super) held: Vec<LlamaToken>,
    prefixes: Option<PrefixCache>,
    pub(super) writing: Writing,
    /// How long llama.cpp has evaluated so far.
    pub(super) evaluating: Duration,
}

/// Why something was not evaluated.
#[derive(Debug)]
pub(super) enum Stop {
    /// Somebody asked for it.
    Cancelled,
    /// llama.cpp said no; the context was emptied.
    Failed(String),
}

impl<'m> Engine<'m> {
    /// A fresh context.
    ///
    /// # Errors
    /// [`ModelError::Load`] when there is not enough memory for it.
    pub fn new(weights: &'m Weights, options: EngineOptions) -> Result<Self, ModelError> {
        let failed = |reason: String| ModelError::Load { path: weights.info.name.clone(), reason };
        let trained = weights.model.n_ctx_train();
        let wanted = if options.context == 0 { trained } else { options.context.min(trained) };
        let threads = i32::try_from(weights.threads).unwrap_or(1);
        let backend = backend(Noise::Silent).map_err(failed)?;
        // Measured on CPUs with 1,280 tokens held: the batches of 4 to 8 tokens that a form is made of take an eighth
        // less time without flash attention; a prefix takes a sixth more, once.
        let is_on_gpu = weights.placement != Placement::Cpu;
        let attention = if is_on_gpu {
            llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_AUTO
        } else {
            llama_cpp_sys_2::LLAMA_FLASH_ATTN_TYPE_DISABLED
        };
        let params = LlamaContextParams::default()
            .with_n_ctx(NonZeroU32::new(wanted))
            .with_n_batch(CHUNK)
            .with_n_ubatch(CHUNK)
            .with_n_seq_max(1)
            .with_n_threads(threads)
            .with_n_threads_batch(threads)
            .with_flash_attention_policy(attention)
            .with_offload_kqv(is_on_gpu)
            .with_op_offload(is_on_gpu)
            .with_no_perf(true);
        let mut context = {
            let _one_at_a_time = NEW_CONTEXT.lock().unwrap_or_else(PoisonError::into_inner);
            weights.model.new_context(backend, params).map_err(|_| {
                failed(format!(
                    "llama.cpp could not make a context of {wanted} tokens; is there enough memory?"
                ))
            })?
        };
        if let Some(adapter) = &weights.adapter {
            let mut adapter = adapter.lock().unwrap_or_else(PoisonError::into_inner);
            let put = context.lora_adapter_set(&mut adapter, 1.0);
            put.map_err(|e| failed(format!("its adapter cannot be put to use: {e}")))?;
        }
        let mut info = weights.info.clone();
        info.context = context.n_ctx();
        let capacity = usize::try_from(context.n_batch()).unwrap_or(1).max(1);
        Ok(Self {
            tokens: Tokens::new(&weights.model),
            model: &weights.model,
            info,
            context,
            batch: LlamaBatch::new(capacity, 1),
            held: Vec::new(),
            prefixes: options.prefixes,
            writing: Writing::default(),
            evaluating: Duration::ZERO,
        })
    }

    /// The model, with the context length that it really has.
    pub fn info(&self) -> &ModelInfo {
        &self.info
    }

    /// Makes the context hold a beginning of `prompt`, as long as can be had without evaluating, and gives its length:
    /// at least one token is always left, since the rows of what is held are gone. When the first `prefix` tokens are
    /// not held yet, they are taken from the prefix cache, or evaluated and put there.
    pub(super) fn rewind(
        &mut self,
        prompt: &[LlamaToken],
        prefix: usize,
        cancel: &Cancel,
    ) -> Result<usize, Stop> {
        let prefix = prefix.min(prompt.len().saturating_sub(1));
        let mut keep = common(&self.held, prompt).min(prompt.len().saturating_sub(1));
        if keep < prefix
            && let Some(cache) = self.prefixes.take()
        {
            let wanted = &prompt[..prefix];
            let mut outcome = Ok(());
            if cache.is_worth_it(prefix) {
                self.truncate(0);
                if cache.load(&mut self.context, SEQUENCE, wanted) {
                    self.held = wanted.to_vec();
                } else {
                    self.truncate(0);
                    outcome = self.evaluate(wanted, cancel);
                    if outcome.is_ok() {
                        cache.store(&self.context, SEQUENCE, wanted);
                    }
                }
            }
            self.prefixes = Some(cache);
            outcome?;
            keep = common(&self.held, prompt).min(prompt.len().saturating_sub(1));
        }
        Ok(self.truncate(keep))
    }

    /// Evaluates `tokens` after what is held. The row of the last one can be read with [`Engine::last_row`] afterwards.
    pub(super) fn evaluate(&mut self, tokens: &[LlamaToken], cancel: &Cancel) -> Result<(), Stop> {
        let size = usize::try_from(self.context.n_batch()).unwrap_or(1).max(1);
        let mut left = tokens.len();
        for chunk in tokens.chunks(size) {
            if cancel.is_cancelled() {
                return Err(Stop::Cancelled);
            }
            left -= chunk.len();
            let begun = Instant::now();
            let decoded = self.decode(chunk, left == 0);
            self.evaluating += begun.elapsed();
            if let Err(reason) = decoded {
                self.clear();
                return Err(Stop::Failed(reason));
            }
        }
        Ok(())
    }

    /// The logits after the last token that was evaluated.
    pub(super) fn last_row(&self) -> &[f32] {
        self.context.get_logits_ith(self.batch.n_tokens() - 1)
    }

    /// Tokens that the context can hold.
    pub(super) fn limit(&self) -> usize {
        usize::try_from(self.info.context).unwrap_or(usize::MAX)
    }

    fn decode(&mut self, chunk: &[LlamaToken], is_last: bool) -> Result<(), String> {
        self.batch.clear();
        for (index, token) in chunk.iter().enumerate() {
            let position = i32::try_from(self.held.len() + index).map_err(|e| e.to_string())?;
            let row = is_last && index + 1 == chunk.len();
            self.batch.add(*token, position, &[SEQUENCE], row).map_err(|e| e.to_string())?;
        }
        let at = self.held.len();
        self.context.decode(&mut self.batch).map_err(|e| {
            format!("llama.cpp could not evaluate {} tokens at position {at}: {e}", chunk.len())
        })?;
        self.held.extend(chunk);
        Ok(())
    }

    /// Forgets everything from token `keep` on; everything where the model cannot forget in part (recurrent models).
    pub(super) fn truncate(&mut self, keep: usize) -> usize {
        if keep >= self.held.len() {
            return self.held.len();
        }
        let from = u32::try_from(keep).ok();
        if keep > 0 && matches!(self.context.clear_kv_cache_seq(Some(0), from, None), Ok(true)) {
            self.held.truncate(keep);
        } else {
            self.clear();
        }
        self.held.len()
    }

    fn clear(&mut self) {
        self.context.clear_kv_cache();
        self.held.clear();
    }
}

/// How many tokens two texts share from their start.
pub(super) fn common(a: &[LlamaToken], b: &[LlamaToken]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}
