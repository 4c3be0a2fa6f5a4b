//! A form: slots in a fixed order, each with the candidates that may answer it (design D4, D13).
//!
//! Local backends write it as lines `key: value`, where the key is forced and the value is one of the slot's
//! candidates or `-`; a backend that only knows JSON Schema gets [`Form::json_schema`].

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One thing that a slot may be answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// What the model reads and writes: the span's own words, or the closed value. Never empty, no line break, not `-`.
    pub text: String,
    /// The pieces of the conversation that this candidate uses up (the text is cut wherever a span begins or ends): once
    /// it is chosen, every later candidate that shares one of them is gone, since a span serves one slot.
    pub uses: Vec<usize>,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The key as the model sees it, e.g. `gpus`.
    pub key: String,
    /// What may answer it. Not empty when it is put; it may become empty once spans are used up, and is then skipped.
    pub candidates: Vec<Candidate>,
    /// Whether `-` (nothing) may be answered.
    pub optional: bool,
    /// How often it is asked at most; a list slot is asked again until `-`. 1 for a scalar.
    pub most: usize,
}

/// What is put to a model at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// Text before the body that is the same for many requests (instructions, examples): worth caching.
    pub prefix: String,
    /// The request and the lines answered so far; ends with a line break.
    pub body: String,
    /// The questions, in order.
    pub slots: Vec<Slot>,
}

/// How sure a backend was of one answer, from the *unmasked* distribution: the mask hides exactly the places where
/// the model was overruled.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Sum of natural-log probabilities over every token of the value, forced ones included, line break included.
    pub logprob: f32,
    /// How many tokens the value has.
    pub tokens: usize,
    /// Log probability of the best other candidate (or `-`), as far as it was evaluated; absent where there was none.
    pub runner_up: Option<f32>,
}

/// One answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Index of the slot in [`Form::slots`].
    pub slot: usize,
    /// Index of the candidate; `None` for `-`, and for a slot that was skipped for want of candidates.
    pub choice: Option<usize>,
    /// Absent where the backend has no scores or the slot was skipped.
    pub score: Option<Score>,
}

/// The answers of a form, in the order in which they were given; a list slot has several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Answers {
    /// See the type.
    pub answers: Vec<Answer>,
    /// Tokens that the model chose (more than one continuation was alive).
    pub sampled: usize,
    /// Tokens that were forced.
    pub forced: usize,
}

impl Form {
    /// The form as JSON Schema (2020-12): a flat object, all keys required in form order, each one of its candidates
    /// or `-`; a list slot is an array.
    pub fn json_schema(&self) -> Value {
        let mut properties = serde_json::Map::new();
        for slot in &self.slots {
            // Two pieces of the request may read the same; a server may refuse an `enum` that says something twice.
            let mut values: Vec<&str> = Vec::new();
            for candidate in &slot.candidates {
                if !values.contains(&candidate.text.as_str()) {
                    values.push(&candidate.text);
                }
            }
            if slot.optional {
                values.push("-");
            }
            let one = json!({ "type": "string", "enum": values });
            let schema = if slot.most > 1 {
                json!({ "type": "array", "items": one, "maxItems": slot.most })
            } else {
                one
            };
            properties.insert(slot.key.clone(), schema);
        }
        let required: Vec<&String> = properties.keys().collect();
        json!({ "type": "object", "required": required, "additionalProperties": false, "properties": properties })
    }

    /// The answers as the object that [`Form::json_schema`] describes. An index that does not exist becomes a string
    /// that no schema of a form accepts, so that validation refuses it.
    pub fn instance(&self, answers: &Answers) -> Value {
        let mut object = serde_json::Map::new();
        for (index, slot) in self.slots.iter().enumerate() {
            let mut texts = answers.answers.iter().filter(|a| a.slot == index).map(|a| match a.choice {
                None => "-".to_owned(),
                Some(choice) => {
                    slot.candidates.get(choice).map_or_else(|| "\u{0}".to_owned(), |c| c.text.clone())
                }
            });
            let value = if slot.most > 1 {
                Value::from(texts.filter(|t| t != "-").collect::<Vec<_>>())
            } else {
                texts.next().map_or(Value::Null, Value::from)
            };
            object.insert(slot.key.clone(), value);
        }
        Value::Object(object)
    }
}
