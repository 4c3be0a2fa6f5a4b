//! A backend that answers from a list, for tests of everything that stands above a model.

use std::collections::VecDeque;
use std::time::Duration;

use crate::constraint::{Answers, Author, Choice, Cost, Form, FreeState, Prompt, Step, Taken};

use super::rounds::{Round, Rounds};
use super::{Backend, Cancel, ModelError, ModelInfo, PromptProfile, Writing, validate};

/// Answers by key. An entry is taken when its key is put and its text is among the candidates; within one form each
/// entry is taken once, so a list slot takes its entries in order. A slot without an entry is answered `-`.
#[derive(Debug, Clone)]
pub struct Scripted {
    info: ModelInfo,
    script: Vec<(String, String)>,
    texts: VecDeque<String>,
}

impl Scripted {
    /// A backend that knows these `(key, text)` pairs; the text `-` is "nothing".
    pub fn new(script: Vec<(String, String)>) -> Self {
        let info = ModelInfo {
            name: "scripted".to_owned(),
            device: "none".to_owned(),
            profile: PromptProfile::FewShot,
            parameters: 0,
            context: 0,
        };
        Self { info, script, texts: VecDeque::new() }
    }

    /// The same, and these texts, one for each that it is asked to write.
    #[must_use]
    pub fn with_texts(mut self, texts: impl IntoIterator<Item = String>) -> Self {
        self.texts.extend(texts);
        self
    }

    /// The candidate that the script names for this round; marks its entry as taken.
    fn choose(&self, form: &Form, round: &Round, taken: &mut [bool]) -> Result<Option<usize>, ModelError> {
        let Some(slot) = form.slots.get(round.slot) else { return Ok(None) };
        let mut refused = None;
        let mut answered = false;
        for ((key, text), taken) in self.script.iter().zip(taken.iter_mut()) {
            if *key != slot.key {
                continue;
            }
            if *taken {
                answered = true;
                continue;
            }
            if text == "-" && round.none {
                *taken = true;
                return Ok(None);
            }
            let named = |index: &&usize| slot.candidates.get(**index).is_some_and(|c| c.text == *text);
            if let Some(index) = round.alive.iter().find(named) {
                *taken = true;
                return Ok(Some(*index));
            }
            refused = refused.or(Some(text));
        }
        match refused {
            Some(text) if !answered => {
                let offered: Vec<&str> = round
                    .alive
                    .iter()
                    .filter_map(|i| slot.candidates.get(*i))
                    .map(|c| c.text.as_str())
                    .collect();
                let problem = format!("the script answers slot '{}' with '{text}'", slot.key);
                Err(ModelError::Invalid(format!("{problem}, which is not among {offered:?}")))
            }
            _ if round.none => Ok(None),
            _ => Err(ModelError::Invalid(format!(
                "the script has no answer for the required slot '{}'",
                slot.key
            ))),
        }
    }
}

impl Backend for Scripted {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn fill(&mut self, form: &Form, cancel: &Cancel) -> Result<Answers, ModelError> {
        let mut taken = vec![false; self.script.len()];
        let mut rounds = Rounds::new(form);
        while let Some(round) = rounds.next() {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let choice = self.choose(form, &round, &mut taken)?;
            rounds.answer(choice, None);
        }
        let answers = Answers { answers: rounds.into_answers(), sampled: 0, forced: 0 };
        validate(form, &answers)?;
        Ok(answers)
    }

    fn writing(&self) -> Writing {
        if self.texts.is_empty() { Writing::None } else { Writing::Steps }
    }

    fn write(&mut self, _: &Prompt, author: &mut dyn Author, cancel: &Cancel) -> Result<Cost, ModelError> {
        let text = self
            .texts
            .pop_front()
            .ok_or_else(|| ModelError::Invalid("the script has no text left".to_owned()))?;
        let mut rest = text.as_str();
        let mut cost = Cost::default();
        while let Some(step) = author.next().map_err(ModelError::Invalid)? {
            if cancel.is_cancelled() {
                return Err(ModelError::Cancelled);
            }
            let taken = follow(&mut rest, &step)?;
            author.take(&taken).map_err(ModelError::Invalid)?;
            cost.steps += 1;
        }
        Ok(cost)
    }
}

/// Takes from a text what a step offers.
fn follow(rest: &mut &str, step: &Step) -> Result<Taken, ModelError> {
    let astray = |what: String| {
        let next: String = rest.chars().take(60).collect();
        ModelError::Invalid(format!("the script goes on with {next:?}, {what}"))
    };
    let after = rest
        .strip_prefix(step.forced.as_str())
        .ok_or_else(|| astray(format!("where {:?} is settled", step.forced)))?;
    let (text, index) = match &step.choice {
        Choice::OneOf(texts) => {
            let found = texts.iter().position(|text| after.starts_with(text.as_str()));
            let index = found.ok_or_else(|| {
                let next: String = after.chars().take(60).collect();
                ModelError::Invalid(format!("the script goes on with {next:?}, which is not among {texts:?}"))
            })?;
            (texts[index].clone(), index)
        }
        Choice::Free(rule) => {
            let mut state = FreeState::new(*rule);
            let mut length = 0;
            for byte in after.bytes() {
                state = state.after(&[byte]).ok_or_else(|| astray(format!("where {rule:?} is wanted")))?;
                length += 1;
                if state.is_done() {
                    break;
                }
            }
            (after.get(..length).unwrap_or_default().to_owned(), 0)
        }
    };
    *rest = after.get(text.len()..).unwrap_or_default();
    Ok(Taken { text, index, score: None, sampled: 0, evaluated: Duration::ZERO })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::{Candidate, Slot};

    fn form() -> Form {
        let candidate = |text: &str, span| Candidate { text: text.into(), uses: vec![span] };
        let slot =
            |key: &str, candidates, optional, most| Slot { key: key.into(), candidates, optional, most };
        Form {
            prefix: String::new(),
            body: "Request: lab with 2 GPUs on 80 and 443\n".into(),
            slots: vec![
                slot("name", vec![candidate("lab", 0)], false, 1),
                slot("gpus", vec![candidate("2", 1), candidate("80", 2)], true, 1),
                slot("port", vec![candidate("80", 2), candidate("443", 3)], true, 8),
            ],
        }
    }

    fn fill(script: &[(&str, &str)]) -> Result<serde_json::Value, ModelError> {
        let script = script.iter().map(|(k, t)| ((*k).to_owned(), (*t).to_owned())).collect();
        let form = form();
        Scripted::new(script).fill(&form, &Cancel::default()).map(|answers| form.instance(&answers))
    }

    #[test]
    fn answers_from_the_script() {
        let filled =
            fill(&[("name", "lab"), ("port", "443"), ("gpus", "2"), ("port", "80")]).expect("fits the form");
        assert_eq!(filled, serde_json::json!({ "name": "lab", "gpus": "2", "port": ["443", "80"] }));
        let filled = fill(&[("name", "lab")]).expect("the others are optional");
        assert_eq!(filled, serde_json::json!({ "name": "lab", "gpus": "-", "port": [] }));
    }

    #[test]
    fn an_answer_that_was_not_offered_is_an_error() {
        let error = fill(&[("name", "lab"), ("gpus", "16")]).expect_err("16 is no candidate").to_string();
        assert!(error.contains("gpus") && error.contains("16") && error.contains("80"), "{error}");
        let error =
            fill(&[("name", "lab"), ("gpus", "80"), ("port", "80")]).expect_err("used up").to_string();
        assert!(error.contains("port"), "{error}");
        assert!(fill(&[]).is_err(), "name is required");
    }
}
