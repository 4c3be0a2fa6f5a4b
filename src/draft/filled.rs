//! What is known of a thing before it is rendered: values with where they come from, and the conversation they grow in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::draft::free::Free;
use crate::draft::outcome::{Intervention, Origin, Unused};

/// One value that somebody said or code decided.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Chosen {
    /// The normalised value, in the type of its parameter.
    pub value: Value,
    /// Where it comes from.
    pub origin: Origin,
    /// Turn and `[start, end)` in bytes, where it was said.
    pub said: Option<(usize, usize, usize)>,
    /// Confidence of the model, 0 to 1.
    pub confidence: Option<f32>,
}

impl Chosen {
    /// A value that code decided.
    pub fn decided(value: impl Into<Value>, origin: Origin) -> Self {
        Self { value: value.into(), origin, said: None, confidence: None }
    }
}

/// One thing of a conversation: its kind and what is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Filled {
    /// Kind of the pattern or native kind.
    pub kind: String,
    /// Why this kind, for the person.
    pub why: String,
    /// Parameter -> value. `name`, `namespace` and `owner` are among them.
    pub values: BTreeMap<String, Chosen>,
    /// Labels that policies require beside what the pattern writes: key -> value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, Chosen>,
}

impl Filled {
    /// A thing of which nothing is known yet.
    pub fn new(kind: impl Into<String>, why: impl Into<String>) -> Self {
        Self { kind: kind.into(), why: why.into(), values: BTreeMap::new(), labels: BTreeMap::new() }
    }

    /// The value of a parameter.
    pub fn get(&self, parameter: &str) -> Option<&Value> {
        self.values.get(parameter).map(|chosen| &chosen.value)
    }

    /// The value of a parameter as text.
    pub fn text(&self, parameter: &str) -> Option<&str> {
        self.get(parameter).and_then(Value::as_str)
    }

    /// Every value but name and namespace, as the pattern's spec.
    pub fn spec(&self) -> Map<String, Value> {
        let own = |(name, _): &(&String, &Chosen)| *name != "name" && *name != "namespace";
        self.values.iter().filter(own).map(|(name, chosen)| (name.clone(), chosen.value.clone())).collect()
    }
}

/// A value that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Open {
    /// Kind of the thing that it is of.
    pub kind: String,
    /// Its parameter.
    pub field: String,
}

/// What was said so far and what it came to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// The person's turns, in order.
    pub turns: Vec<String>,
    /// The things as they stand after the last turn; empty where nothing is being drafted.
    pub things: Vec<Filled>,
    /// The question that is open.
    #[serde(default)]
    pub open: Option<Open>,
    /// What policy would allow in place of what was said, while that question is open.
    pub pending: Vec<Intervention>,
    /// Objects that a model writes as a whole, where the conversation is about such.
    #[serde(default)]
    pub free: Option<Free>,
    /// What the newest draft left unused: a field that is changed by hand does not make it used.
    #[serde(default)]
    pub unused: Vec<Unused>,
}
