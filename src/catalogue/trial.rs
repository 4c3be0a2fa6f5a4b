//! Ten requests that a model has to answer before it becomes the default (`models/trial.yaml`). They say whether a model
//! works with this program at all, and not how good it is: for that there is `tests/requests`.

use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::constraint::{Answers, Author, Cost, Form, Prompt};
use crate::draft::{Field, Origin, Outcome};
use crate::model::{Backend, Cancel, ModelError, ModelInfo};

const TEXT: &str = include_str!("../../models/trial.yaml");

/// The requests, and how many have to be right.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// How many right answers make a model fit to be the default.
    pub least: usize,
    /// The requests.
    pub requests: Vec<Row>,
}

/// One request and what must come out.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// The words.
    pub request: String,
    /// Kind of the one thing that is drafted; absent where nothing may be.
    pub drafts: Option<String>,
    /// Its parameters with the person's words for an origin; no other may have that.
    #[serde(default)]
    pub values: Map<String, Value>,
}

impl Trial {
    /// The shipped one.
    ///
    /// # Errors
    /// It does not parse; a test holds that it does.
    pub fn builtin() -> Result<Self, String> {
        serde_saphyr::from_str(TEXT).map_err(|error| format!("the trial's requests cannot be read: {error}"))
    }
}

impl Row {
    /// Whether this came out; otherwise what came in its place.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    pub fn judge(&self, outcome: &Outcome) -> Result<(), String> {
        let Some(kind) = &self.drafts else {
            return match outcome {
                Outcome::Declined(_) => Ok(()),
                other => Err(format!("{}, and had to be declined", came(other))),
            };
        };
        let Outcome::Drafted(draft) = outcome else {
            return Err(format!("{}, and had to be a {kind}", came(outcome)));
        };
        match draft.things.as_slice() {
            [thing] if thing.kind == *kind => self.judge_fields(&thing.fields),
            _ => Err(format!("{}, and had to be a {kind}", came(outcome))),
        }
    }

    fn judge_fields(&self, fields: &[Field]) -> Result<(), String> {
        for (name, wanted) in &self.values {
            match fields.iter().find(|field| field.name == *name) {
                Some(field) if field.value == *wanted => {}
                Some(field) => return Err(format!("{name} became {}, and had to be {wanted}", field.value)),
                None => return Err(format!("{name} is missing, and had to be {wanted}")),
            }
        }
        let taken =
            |field: &&Field| field.origin == Origin::Request && !self.values.contains_key(&field.name);
        match fields.iter().find(taken) {
            Some(field) => Err(format!("{} became {}, which nobody said", field.name, field.value)),
            None => Ok(()),
        }
    }
}

fn came(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Drafted(draft) => {
            let kinds: Vec<&str> = draft.things.iter().map(|thing| thing.kind.as_str()).collect();
            format!("it drafted {}", kinds.join(" and "))
        }
        Outcome::Asked(asked) => {
            let fields: Vec<&str> = asked.questions.iter().map(|question| question.field.as_str()).collect();
            format!("it asked for {}", fields.join(", "))
        }
        Outcome::Denied(_) => "it was denied".to_owned(),
        Outcome::Declined(declined) => format!("it was declined ({})", declined.code),
        Outcome::Routed(_) => "it was taken for a question".to_owned(),
    }
}

/// Tokens of answers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Chosen by the model.
    pub sampled: usize,
    /// With no other choice.
    pub forced: usize,
}

/// A counter that a [`Counted`] backend adds to.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<Mutex<Tokens>>);

impl Counter {
    /// What was counted since the last call.
    pub fn take(&self) -> Tokens {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A backend whose tokens are counted.
pub struct Counted {
    backend: Box<dyn Backend>,
    counter: Counter,
}

impl Counted {
    /// Counts with `counter`.
    pub fn new(backend: Box<dyn Backend>, counter: Counter) -> Self {
        Self { backend, counter }
    }
}

impl Backend for Counted {
    fn info(&self) -> &ModelInfo {
        self.backend.info()
    }

    fn fill(&mut self, form: &Form, cancel: &Cancel) -> Result<Answers, ModelError> {
        let answers = self.backend.fill(form, cancel)?;
        let mut tokens = self.counter.0.lock().unwrap_or_else(PoisonError::into_inner);
        tokens.sampled += answers.sampled;
        tokens.forced += answers.forced;
        Ok(answers)
    }

    fn writes(&self) -> bool {
        self.backend.writes()
    }

    fn write(
        &mut self,
        prompt: &Prompt,
        author: &mut dyn Author,
        cancel: &Cancel,
    ) -> Result<Cost, ModelError> {
        let cost = self.backend.write(prompt, author, cancel)?;
        self.counter.0.lock().unwrap_or_else(PoisonError::into_inner).sampled += cost.sampled;
        Ok(cost)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::draft::{Asked, Declined, Draft, Thing};
    use crate::pattern::PatternSet;

    #[test]
    fn the_shipped_requests_are_ten_and_speak_of_what_there_is() {
        let trial = Trial::builtin().unwrap();
        assert_eq!(trial.requests.len(), 10);
        assert!(trial.least > 5 && trial.least <= 10);
        assert!(trial.requests.iter().any(|row| row.drafts.is_none()), "one that must not be drafted");
        for row in &trial.requests {
            let Some(kind) = &row.drafts else { continue };
            let pattern = PatternSet::builtin().get(kind).unwrap_or_else(|| panic!("no pattern {kind}"));
            for name in row.values.keys().filter(|name| *name != "name") {
                assert!(pattern.parameters.iter().any(|p| p.name == *name), "{kind} has no {name}");
            }
        }
    }

    fn drafted(kind: &str, fields: Vec<(&str, Value, Origin)>) -> Outcome {
        let fields = fields
            .into_iter()
            .map(|(name, value, origin)| Field {
                name: name.to_owned(),
                value,
                origin,
                span: None,
                turn: None,
                confidence: None,
                shown: None,
            })
            .collect();
        let thing = Thing {
            kind: kind.to_owned(),
            pattern: true,
            why: String::new(),
            summary: String::new(),
            fields,
            objects: Vec::new(),
        };
        Outcome::Drafted(Draft { things: vec![thing], ..Draft::default() })
    }

    #[test]
    fn a_wrong_value_and_one_too_many_are_wrong() {
        let values = json!({ "gpus": 2 }).as_object().cloned().unwrap();
        let row = Row { request: String::new(), drafts: Some("Notebook".to_owned()), values };
        let gpus = |count: u32| ("gpus", json!(count), Origin::Request);
        let default = ("cpu", json!("4"), Origin::Default);
        assert_eq!(row.judge(&drafted("Notebook", vec![gpus(2), default.clone()])), Ok(()));
        let extra = ("replicas", json!(2), Origin::Request);
        for (outcome, said) in [
            (drafted("Notebook", vec![gpus(3)]), "gpus became 3"),
            (drafted("Notebook", vec![default]), "gpus is missing"),
            (drafted("Notebook", vec![gpus(2), extra]), "replicas became 2, which nobody said"),
            (drafted("Storage", vec![gpus(2)]), "had to be a Notebook"),
            (Outcome::Asked(Asked::default()), "it asked for"),
        ] {
            let why = row.judge(&outcome).unwrap_err();
            assert!(why.contains(said), "{why}");
        }
        let never = Row { drafts: None, values: Map::new(), ..row };
        assert_eq!(never.judge(&Outcome::Declined(Declined::default())), Ok(()));
        assert!(never.judge(&drafted("Notebook", Vec::new())).is_err());
    }
}
