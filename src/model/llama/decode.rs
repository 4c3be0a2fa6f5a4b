//! The loop that fills a form.
//!
//! The text is prefix, body, and a line `key: value` for every round. Keys are forced. Of a value's tokens only those
//! are ever considered with which some candidate that is still possible goes on; where that is one token it is forced,
//! where it is several the likeliest is taken. Forced tokens wait and are evaluated together with the next choice: a
//! decode of llama.cpp is spent on choices alone, and a form that leaves none costs none. A choice is scored with its
//! probability among *all* tokens; what is forced has no score.

use llama_cpp_2::token::LlamaToken;

use crate::constraint::{Answers, Form, Score};

use super::engine::{Engine, Stop, common};
use super::lines::Lines;
use super::paths::Paths;
use crate::model::rounds::Rounds;
use crate::model::{Cancel, ModelError};

/// What a fill has come to.
#[derive(Debug, Default)]
struct Progress {
    /// Evaluated with the next choice.
    pending: Vec<LlamaToken>,
    /// One for each answer.
    scores: Vec<Option<Score>>,
    sampled: usize,
    forced: usize,
}

impl Engine<'_> {
    /// Fills a form. See [`crate::model::Backend::fill`]; the answers are not validated here.
    ///
    /// # Errors
    /// [`ModelError::TooLong`] before anything is evaluated, [`ModelError::Cancelled`], and [`ModelError::Matcher`]
    /// when a candidate has no tokens of its own or llama.cpp fails. The engine can be used again after any of them.
    pub fn fill(&mut self, form: &Form, cancel: &Cancel) -> Result<Answers, ModelError> {
        let first = || form.slots.first().map_or_else(String::new, |slot| slot.key.clone());
        if !form.body.ends_with('\n') {
            return Err(ModelError::Matcher {
                slot: first(),
                reason: "the body does not end a line".to_owned(),
            });
        }
        let mut lines = Vec::with_capacity(form.slots.len());
        for slot in &form.slots {
            let made = Lines::new(&self.tokens, slot);
            lines.push(made.map_err(|reason| ModelError::Matcher { slot: slot.key.clone(), reason })?);
        }
        let (prompt, prefix) = self.prompt(form);
        let answers: usize =
            lines.iter().zip(&form.slots).map(|(lines, slot)| lines.longest(slot.most)).sum();
        let needed = prompt.len() + answers;
        if needed > self.limit() {
            return Err(ModelError::TooLong { needed, limit: self.limit() });
        }
        let stopped = |stop: Stop, slot: String| match stop {
            Stop::Cancelled => ModelError::Cancelled,
            Stop::Failed(reason) => ModelError::Matcher { slot, reason },
        };

        let held = self.rewind(&prompt, prefix, cancel).map_err(|stop| stopped(stop, first()))?;
        let mut progress = Progress::default();
        progress.pending.extend(prompt.iter().skip(held).copied());
        let mut rounds = Rounds::new(form);
        while let Some(round) = rounds.next() {
            let key = || form.slots.get(round.slot).map_or_else(String::new, |slot| slot.key.clone());
            let Some(lines) = lines.get(round.slot) else { continue };
            progress.scores.resize(rounds.len() + 1, None);
            progress.forced += lines.head.len();
            progress.pending.extend(lines.head.iter().copied());
            let mut paths = lines.paths(&round);
            self.value(&mut paths, rounds.len(), &mut progress, cancel)
                .map_err(|stop| stopped(stop, key()))?;
            let choice = paths.end().map_err(|reason| ModelError::Matcher { slot: key(), reason })?;
            rounds.answer(choice, None);
        }
        let Progress { mut scores, sampled, forced, .. } = progress;
        let mut answers = rounds.into_answers();
        scores.resize(answers.len(), None);
        for (answer, score) in answers.iter_mut().zip(scores) {
            answer.score = score;
        }
        let unsound =
            |score: &Score| !score.logprob.is_finite() || score.runner_up.is_some_and(|r| r.is_nan());
        if let Some(bad) = answers.iter().find(|a| a.score.as_ref().is_some_and(unsound)) {
            let slot = form.slots.get(bad.slot).map_or_else(String::new, |slot| slot.key.clone());
            return Err(ModelError::Matcher {
                slot,
                reason: "the model's probabilities are not numbers".to_owned(),
            });
        }
        Ok(Answers { answers, sampled, forced })
    }

    /// The tokens before the first line, and how many of them are the prefix's. No chat template: with ChatML around the
    /// same texts Qwen2.5-Coder-0.5B answered the first 120 of `tests/requests` no better and no worse (61 drafts right,
    /// 2 wrong, both ways), and a template costs tokens.
    fn prompt(&self, form: &Form) -> (Vec<LlamaToken>, usize) {
        let prompt = self.tokens.text(&format!("{}{}", form.prefix, form.body));
        let prefix = common(&self.tokens.text(&form.prefix), &prompt);
        (prompt, prefix)
    }

    /// Writes one value: follows the paths to an end.
    fn value(
        &mut self,
        paths: &mut Paths<'_, LlamaToken>,
        answer: usize,
        progress: &mut Progress,
        cancel: &Cancel,
    ) -> Result<(), Stop> {
        loop {
            let allowed = paths.next();
            let token = match allowed.as_slice() {
                [] => return Ok(()),
                [only] => {
                    progress.forced += 1;
                    *only
                }
                several => {
                    self.flush(progress, cancel)?;
                    progress.sampled += 1;
                    self.choose(several, answer, progress)?
                }
            };
            progress.pending.push(token);
            paths.advance(token);
        }
    }

    /// The likeliest of some tokens after what has been evaluated.
    fn choose(
        &self,
        allowed: &[LlamaToken],
        answer: usize,
        progress: &mut Progress,
    ) -> Result<LlamaToken, Stop> {
        let row = self.last_row();
        let total = log_sum_exp(row);
        let mut best: Option<(LlamaToken, f32)> = None;
        let mut second: Option<f32> = None;
        for token in allowed {
            let logprob = log_probability(row, *token, total);
            match best {
                Some((_, top)) if logprob <= top => second = Some(second.map_or(logprob, |s| s.max(logprob))),
                _ => {
                    second = best.map(|(_, top)| top).or(second);
                    best = Some((*token, logprob));
                }
            }
        }
        let Some((token, logprob)) = best.filter(|(_, logprob)| logprob.is_finite()) else {
            return Err(Stop::Failed("the model's probabilities are not numbers".to_owned()));
        };
        if let Some(slot) = progress.scores.get_mut(answer) {
            let before = slot.map_or(0.0, |score| score.logprob);
            let other = second.map(|s| before + s);
            add(slot, logprob);
            if let (Some(score), Some(other)) = (slot, other) {
                score.runner_up = Some(score.runner_up.map_or(other, |r| r.max(other)));
            }
        }
        Ok(token)
    }

    /// Evaluates what waits, up to a choice.
    fn flush(&mut self, progress: &mut Progress, cancel: &Cancel) -> Result<(), Stop> {
        self.evaluate(&progress.pending, cancel)?;
        progress.pending.clear();
        Ok(())
    }
}

/// Adds a token to a score.
fn add(slot: &mut Option<Score>, logprob: f32) {
    let score = slot.get_or_insert(Score { logprob: 0.0, tokens: 0, runner_up: None });
    score.logprob += logprob;
    score.tokens += 1;
}

/// The natural-log probability of a token, given its row and [`log_sum_exp`] of it.
pub(super) fn log_probability(row: &[f32], token: LlamaToken, total: f32) -> f32 {
    usize::try_from(token.0)
        .ok()
        .and_then(|index| row.get(index))
        .map_or(f32::NEG_INFINITY, |logit| logit - total)
}

/// The logarithm of the sum of exponentials. Terms that are too small to matter are skipped: of the 150,000 of a row
/// all together they would change the sum by less than a millionth.
pub(super) fn log_sum_exp(row: &[f32]) -> f32 {
    const NEGLIGIBLE: f32 = 26.0;
    let top = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = row.iter().map(|x| x - top).filter(|d| *d > -NEGLIGIBLE).map(f32::exp).sum();
    top + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn probabilities_of_a_row_sum_to_one() {
        let row: Vec<f32> = (0..500).map(|i| ((i * 37) % 101) as f32 / 7.0 - 3.0).collect();
        let total = log_sum_exp(&row);
        let sum: f32 = (0..500).map(|i| log_probability(&row, LlamaToken(i), total).exp()).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum}");
        assert_eq!(
            log_probability(&row, LlamaToken(500), total),
            f32::NEG_INFINITY,
            "a token that does not exist"
        );
    }

    #[test]
    fn a_row_without_numbers_has_no_probabilities() {
        assert!(!log_probability(&[f32::NAN; 4], LlamaToken(1), log_sum_exp(&[f32::NAN; 4])).is_finite());
        let hopeless = [f32::NEG_INFINITY; 4];
        assert!(!log_probability(&hopeless, LlamaToken(1), log_sum_exp(&hopeless)).is_finite());
    }
}
