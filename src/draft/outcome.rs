//! What becomes of a request: the five outcomes and what each carries. Serialised as documented for `draft -o json`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::finding::Finding;

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The person said it.
    Request,
    /// The pattern's default.
    Default,
    /// Policy forbids the default; this is the nearest value that it allows.
    Policy,
    /// A fact of the cluster or of the target folder.
    Cluster,
    /// The person's own name or configuration.
    User,
    /// A model wrote it.
    Model,
}

impl Origin {
    /// Whether it is the person's own word: where policy forbids such a value, the person is asked.
    pub fn is_the_persons(self) -> bool {
        matches!(self, Self::Request | Self::User)
    }
}

/// One value of a draft.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// Parameter of the pattern.
    pub name: String,
    /// The normalised value.
    pub value: Value,
    /// See [`Origin`].
    pub origin: Origin,
    /// `[start, end)` in UTF-8 bytes of the turn that it was said in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub span: Option<[usize; 2]>,
    /// Turn of the span, 0 for the first; present with `span`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub turn: Option<usize>,
    /// Probability of the answer under the unmasked distribution relative to its runner-up, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f32>,
    /// The value as a person would write it, where that differs: `12h` for 43200 seconds. For the eye alone.
    #[serde(skip)]
    pub shown: Option<String>,
}

/// One thing that was asked for: a pattern or a native kind with its values, and the objects that it became.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Thing {
    /// Kind of the pattern (`Notebook`) or the native kind (`CronJob`).
    pub kind: String,
    /// True for a pattern, false for a native kind.
    pub pattern: bool,
    /// Why this kind was chosen, for the person.
    pub why: String,
    /// One line for the person: `Notebook · 2 × GPU · PyTorch · 50Gi home`.
    pub summary: String,
    /// The values, in form order, defaults included.
    pub fields: Vec<Field>,
    /// The rendered objects, in the order in which they are to be applied.
    pub objects: Vec<Value>,
}

/// A strong span that no field took.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unused {
    /// The person's words.
    pub text: String,
    /// Span type, e.g. `duration`.
    #[serde(rename = "type")]
    pub kind: crate::pattern::SlotType,
    /// `[start, end)` in UTF-8 bytes.
    pub span: [usize; 2],
    /// Turn that it was said in.
    pub turn: usize,
}

/// Policy stood in the way of something that the person said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Intervention {
    /// Parameter (or JSON pointer) that it concerns.
    pub path: String,
    /// What was said.
    pub wanted: Value,
    /// The nearest value that passes, where one is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Value>,
    /// Name of the policy.
    pub policy: String,
}

/// A finished draft: every object passed the gate.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// One to four things.
    pub things: Vec<Thing>,
    /// What was said and no field took.
    pub unused: Vec<Unused>,
    /// Warnings and infos; never an error.
    pub findings: Vec<Finding>,
    /// Defaults that policy changed.
    pub interventions: Vec<Intervention>,
    /// Passed and total policies in force that matched, for the person.
    pub policies: (usize, usize),
}

impl Draft {
    /// All objects of all things, in order.
    pub fn objects(&self) -> impl Iterator<Item = &Value> {
        self.things.iter().flat_map(|thing| &thing.objects)
    }
}

/// One open question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// Parameter that is open.
    pub field: String,
    /// The question in the request's language.
    pub text: String,
}

/// The request is good, and something is missing or forbidden: the person is asked.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Asked {
    /// Kind of the thing that is being drafted.
    pub kind: String,
    /// The open questions; never empty.
    pub questions: Vec<Question>,
    /// Where policy forbids what was said: wanted, allowed, policy.
    pub interventions: Vec<Intervention>,
    /// What was understood so far.
    pub fields: Vec<Field>,
    /// What was said and no field took.
    pub unused: Vec<Unused>,
    /// Findings that led to the question.
    pub findings: Vec<Finding>,
}

/// A policy or a check denies the objects and no answer of the person would change that.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Denied {
    /// What was drafted.
    pub draft: Draft,
    /// The findings, errors first.
    pub findings: Vec<Finding>,
    /// True where the verdict is "could not be evaluated" rather than "no" (exit code 3).
    pub incomplete: bool,
}

/// Not something that this tool drafts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declined {
    /// From a closed list, e.g. `off-topic`, `bulk-deletion`, `privilege`, `not-yet`.
    pub code: String,
    /// One clear line in the request's language.
    pub reason: String,
    /// Three requests that would work, in the request's language.
    pub examples: Vec<String>,
}

/// A question that another verb answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// What is free, who holds it, what waits.
    Capacity,
    /// How something goes.
    Status,
    /// Why something does not go.
    Why,
    /// How to reach something.
    Open,
    /// What was applied.
    History,
}

/// The request is a question about the cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Routed {
    /// Which verb answers it.
    pub verb: Verb,
    /// The object that it speaks of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// Objects that passed every gate.
    Drafted(Draft),
    /// Something is missing or forbidden; the person decides.
    Asked(Asked),
    /// The gate said no.
    Denied(Denied),
    /// Not something that is drafted here.
    Declined(Declined),
    /// Another verb answers it.
    Routed(Routed),
}
