//! The loop that writes a text under a grammar (design D14).
//!
//! A text is a row of whole lines; a line is cut into tokens from its beginning, so that its tokens are those of running
//! text however many steps it was made in. Where several texts may follow, their lines' tokens form a trie and the model
//! decides wherever they part; tokens on which all agree cost nothing until the next decision needs a row.

use std::collections::HashMap;
use std::time::Duration;

use llama_cpp_2::token::LlamaToken;

use crate::constraint::{Choice, FreeState, FreeText, Prompt, Score, Step, Taken};

use super::decode::{log_probability, log_sum_exp};
use super::engine::{Engine, Stop, common};
use super::paths::Paths;
use super::tokens::Tokens;
use crate::model::{Cancel, ModelError};

/// A text of the model's own: the likeliest tokens that are looked at before all of them are.
const LIKELIEST: usize = 48;

/// Longer lines than this are a fault.
const LONGEST_LINE: usize = 4_096;

/// The text that is being written.
#[derive(Debug, Default)]
pub(super) struct Writing {
    /// Tokens of the prompt and of all lines that are complete.
    base: Vec<LlamaToken>,
    /// The line so far.
    line: String,
    /// Tokens of lines and beginnings of lines, by text.
    cut: HashMap<String, Vec<LlamaToken>>,
    /// How many tokens were held when the last row was made: that row is still there.
    row: Option<usize>,
}

impl Writing {
    fn cut(&mut self, tokens: &Tokens<'_>, text: &str) -> Result<Vec<LlamaToken>, Stop> {
        if let Some(known) = self.cut.get(text) {
            return Ok(known.clone());
        }
        let made = tokens.after_line_break(text).map_err(Stop::Failed)?;
        self.cut.insert(text.to_owned(), made.clone());
        Ok(made)
    }

    /// Takes text that is settled: whole lines go to the base.
    fn settle(&mut self, tokens: &Tokens<'_>, text: &str) -> Result<(), Stop> {
        self.line.push_str(text);
        if let Some(end) = self.line.rfind('\n') {
            let rest = self.line.split_off(end + 1);
            let whole = std::mem::replace(&mut self.line, rest);
            for line in whole.split_inclusive('\n') {
                let cut = self.cut(tokens, line)?;
                self.base.extend(cut);
            }
        }
        if self.line.len() > LONGEST_LINE {
            return Err(Stop::Failed("a line grew beyond all measure".to_owned()));
        }
        Ok(())
    }
}

impl Engine<'_> {
    /// Begins a text after a prompt; the one before is forgotten.
    ///
    /// # Errors
    /// [`ModelError::TooLong`], [`ModelError::Cancelled`], [`ModelError::Matcher`].
    pub fn begin(&mut self, prompt: &Prompt, cancel: &Cancel) -> Result<(), ModelError> {
        let base = self.tokens.text(&format!("{}{}", prompt.prefix, prompt.body));
        let prefix = common(&self.tokens.text(&prompt.prefix), &base);
        if base.len() >= self.limit() {
            return Err(ModelError::TooLong { needed: base.len(), limit: self.limit() });
        }
        self.rewind(&base, prefix, cancel).map_err(failed)?;
        let cut = std::mem::take(&mut self.writing.cut);
        self.writing = Writing { base, cut, ..Writing::default() };
        Ok(())
    }

    /// Goes one step on.
    ///
    /// # Errors
    /// As for [`Engine::begin`]; the text cannot be gone on with after any of them.
    pub fn step(&mut self, step: &Step, cancel: &Cancel) -> Result<Taken, ModelError> {
        let mut writing = std::mem::take(&mut self.writing);
        let before = self.evaluating;
        let taken = self.go_on(&mut writing, step, cancel);
        self.writing = writing;
        let taken = Taken { evaluated: self.evaluating - before, ..taken.map_err(failed)? };
        let needed = self.writing.base.len() + self.writing.line.len();
        if needed > self.limit() {
            return Err(ModelError::TooLong { needed, limit: self.limit() });
        }
        Ok(taken)
    }

    fn go_on(&mut self, writing: &mut Writing, step: &Step, cancel: &Cancel) -> Result<Taken, Stop> {
        writing.settle(&self.tokens, &step.forced)?;
        let taken = match &step.choice {
            Choice::OneOf(texts) => self.one_of(writing, texts, cancel)?,
            Choice::Free(rule) => self.free(writing, *rule, cancel)?,
        };
        if matches!(step.choice, Choice::OneOf(_)) {
            writing.settle(&self.tokens, &taken.text)?;
        }
        Ok(taken)
    }

    /// The likeliest of some texts, decided wherever their tokens part.
    fn one_of(&mut self, writing: &mut Writing, texts: &[String], cancel: &Cancel) -> Result<Taken, Stop> {
        let taken = |index: usize, score: Option<Score>, sampled: usize| {
            let text = texts.get(index).cloned().unwrap_or_default();
            Taken { text, index, score, sampled, evaluated: Duration::ZERO }
        };
        match texts {
            [] => return Err(Stop::Failed("nothing may follow".to_owned())),
            [_] => return Ok(taken(0, None, 0)),
            _ => {}
        }
        let mut cuts = Vec::with_capacity(texts.len());
        for text in texts {
            let line = format!("{}{text}", writing.line);
            let mut cut = Vec::new();
            for part in line.split_inclusive('\n') {
                cut.extend(writing.cut(&self.tokens, part)?);
            }
            cuts.push(cut);
        }
        let mut paths =
            Paths::new(cuts.iter().enumerate().map(|(i, cut)| (Some(i), cut.as_slice())).collect());
        let mut written: Vec<LlamaToken> = Vec::new();
        let mut score: Option<Score> = None;
        let mut sampled = 0;
        loop {
            let allowed = paths.next();
            let token = match allowed.as_slice() {
                [] => break,
                [only] => *only,
                _ => {
                    let row = self.row_after(writing, &written, cancel)?;
                    let (token, step) = likeliest(row, &allowed)?;
                    add(&mut score, step);
                    sampled += 1;
                    token
                }
            };
            written.push(token);
            paths.advance(token);
            // Once a single text is left there is nothing to decide any more.
            if let Some(index) = paths.only() {
                return Ok(taken(index, score, sampled));
            }
        }
        let index = paths.end().map_err(Stop::Failed)?.unwrap_or_default();
        Ok(taken(index, score, sampled))
    }

    /// Text of the model's own, token by token, by the rule.
    fn free(&mut self, writing: &mut Writing, rule: FreeText, cancel: &Cancel) -> Result<Taken, Stop> {
        let mut written = if writing.line.is_empty() {
            Vec::new()
        } else {
            let line = writing.line.clone();
            writing.cut(&self.tokens, &line)?
        };
        let mut state = FreeState::new(rule);
        let mut bytes = Vec::new();
        let mut score = None;
        let mut sampled = 0;
        while !state.is_done() {
            let row = self.row_after(writing, &written, cancel)?.to_vec();
            let Some((token, piece, next)) = self.likeliest_by(&row, state) else {
                return Err(Stop::Failed("no token of the vocabulary may follow".to_owned()));
            };
            let total = log_sum_exp(&row);
            let logprob = log_probability(&row, token, total);
            add(&mut score, Score { logprob, tokens: 1, runner_up: None });
            state = next;
            bytes.extend(piece);
            written.push(token);
            sampled += 1;
            if bytes.len() > LONGEST_LINE {
                return Err(Stop::Failed("a value grew beyond all measure".to_owned()));
            }
        }
        let text = String::from_utf8(bytes)
            .map_err(|_| Stop::Failed("the model wrote half a character".to_owned()))?;
        if text.ends_with('\n') {
            // The model's own tokens stand, whether or not they are those of running text.
            writing.base.extend(written);
            writing.line.clear();
        } else {
            writing.line.push_str(&text);
        }
        Ok(Taken { text, index: 0, score, sampled, evaluated: Duration::ZERO })
    }

    /// The row after the base and these tokens of the line.
    fn row_after(
        &mut self,
        writing: &mut Writing,
        line: &[LlamaToken],
        cancel: &Cancel,
    ) -> Result<&[f32], Stop> {
        let base = writing.base.len();
        let length = base + line.len();
        if length >= self.limit() {
            return Err(Stop::Failed(format!(
                "the text outgrew the model's context of {} tokens",
                self.limit()
            )));
        }
        let shared = common(&self.held, &writing.base);
        let held = if shared == base { base + common(&self.held[base..], line) } else { shared };
        if writing.row == Some(length) && held == length && self.held.len() == length {
            return Ok(self.last_row());
        }
        writing.row = None;
        let keep = self.truncate(held.min(length.saturating_sub(1)));
        let pending: Vec<LlamaToken> = writing.base.iter().chain(line).skip(keep).copied().collect();
        self.evaluate(&pending, cancel)?;
        writing.row = Some(length);
        Ok(self.last_row())
    }

    /// The likeliest token that the rule lets follow, with its bytes and the state behind it.
    fn likeliest_by(&self, row: &[f32], state: FreeState) -> Option<(LlamaToken, Vec<u8>, FreeState)> {
        let fits = |index: usize| {
            let token = LlamaToken(i32::try_from(index).ok()?);
            let piece = self.tokens.piece(token);
            let next = state.after(&piece)?;
            Some((token, piece, next))
        };
        let first =
            (0..row.len()).filter(|index| row[*index].is_finite()).max_by(|a, b| row[*a].total_cmp(&row[*b]));
        if let Some(found) = first.and_then(fits) {
            return Some(found);
        }
        let mut order: Vec<usize> = (0..row.len()).filter(|index| row[*index].is_finite()).collect();
        let by_logit = |a: &usize, b: &usize| row[*b].total_cmp(&row[*a]);
        if order.len() > LIKELIEST {
            order.select_nth_unstable_by(LIKELIEST, by_logit);
        }
        let head = LIKELIEST.min(order.len());
        order[..head].sort_unstable_by(by_logit);
        if let Some(found) = order[..head].iter().copied().find_map(fits) {
            return Some(found);
        }
        order[head..].sort_unstable_by(by_logit);
        order[head..].iter().copied().find_map(fits)
    }
}

fn failed(stop: Stop) -> ModelError {
    match stop {
        Stop::Cancelled => ModelError::Cancelled,
        Stop::Failed(reason) => ModelError::Matcher { slot: "manifest".to_owned(), reason },
    }
}

/// The likeliest of some tokens and how likely it is among all; the runner-up is the next of them.
fn likeliest(row: &[f32], allowed: &[LlamaToken]) -> Result<(LlamaToken, Score), Stop> {
    let total = log_sum_exp(row);
    let mut ranked: Vec<(LlamaToken, f32)> =
        allowed.iter().map(|token| (*token, log_probability(row, *token, total))).collect();
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1));
    match ranked.first() {
        Some((token, logprob)) if logprob.is_finite() => {
            let runner_up = ranked.get(1).map(|(_, logprob)| *logprob);
            Ok((*token, Score { logprob: *logprob, tokens: 1, runner_up }))
        }
        _ => Err(Stop::Failed("the model's probabilities are not numbers".to_owned())),
    }
}

fn add(sum: &mut Option<Score>, step: Score) {
    let slot = sum.get_or_insert(Score { logprob: 0.0, tokens: 0, runner_up: None });
    let other = step.runner_up.map(|other| slot.logprob + other);
    slot.logprob += step.logprob;
    slot.tokens += step.tokens;
    slot.runner_up = match (slot.runner_up, other) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    };
}
