//! How fast tokens are read and written, without any form.

use std::time::Instant;

use llama_cpp_2::token::LlamaToken;

use super::engine::{Engine, Stop};
use crate::model::inspect::Throughput;
use crate::model::{Cancel, ModelError};

/// Tokens that are read in batches, and written one by one, where the context holds as many.
const PROMPT: usize = 512;
const WRITTEN: usize = 64;

impl Engine<'_> {
    /// Reads and writes tokens that mean nothing; what the context held is forgotten.
    ///
    /// # Errors
    /// [`ModelError::Cancelled`]; [`ModelError::Matcher`] where llama.cpp fails.
    pub(crate) fn measure(&mut self, cancel: &Cancel) -> Result<Throughput, ModelError> {
        let stopped = |stop: Stop| match stop {
            Stop::Cancelled => ModelError::Cancelled,
            Stop::Failed(reason) => ModelError::Matcher { slot: "measure".to_owned(), reason },
        };
        let prompt = PROMPT.min(self.limit() / 2).max(1);
        let written = WRITTEN.min(self.limit() / 4).max(1);
        let words = self.tokens.text(" the quick brown fox jumps over the lazy dog");
        let tokens: Vec<LlamaToken> = words.iter().copied().cycle().take(prompt + written).collect();
        let (first, rest) = tokens.split_at(prompt.min(tokens.len()));
        // Once unmeasured: pages of the file are read in at the first use.
        let held = self.rewind(first, 0, cancel).map_err(stopped)?;
        self.evaluate(&first[held..], cancel).map_err(stopped)?;

        let held = self.rewind(&first[..1], 0, cancel).map_err(stopped)?;
        let pending = &first[held..];
        let start = Instant::now();
        self.evaluate(pending, cancel).map_err(stopped)?;
        let prompt_seconds = start.elapsed().as_secs_f64();
        let start = Instant::now();
        for token in rest {
            self.evaluate(&[*token], cancel).map_err(stopped)?;
        }
        let written_seconds = start.elapsed().as_secs_f64();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Ok(Throughput {
            prompt_tokens: count(pending.len()),
            prompt_seconds,
            written_tokens: count(rest.len()),
            written_seconds,
        })
    }
}
