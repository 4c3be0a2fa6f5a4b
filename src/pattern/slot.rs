//! The form of a pattern: which questions are put to the model, in which order, and what may answer them.
//!
//! It stands in the annotation `kubectl-copilot.dev/form` of the ResourceGraphDefinition, since kro's SimpleSchema
//! has neither titles nor cue words.

use serde::{Deserialize, Serialize};

/// What kind of words can answer a slot. The lexer (`draft/span/`) finds spans of these types in a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SlotType {
    /// A DNS label: names, namespaces, queues, storage classes, claims (RFC 1123).
    Name,
    /// A container image reference.
    Image,
    /// A known piece of software, optionally with a version: `postgres 16`; the image catalogue turns it into an image.
    Software,
    /// A model id, `owner/name`, or a known short name.
    Model,
    /// A DNS host name with at least one dot.
    Host,
    /// An absolute path inside a container or an HTTP path.
    Path,
    /// A command line: `python train.py --epochs 3`.
    Command,
    /// `KEY=value`.
    KeyValue,
    /// A whole number, number words included.
    Count,
    /// A Kubernetes quantity of bytes, after normalising (`64 gigs` -> `64Gi`).
    Quantity,
    /// A CPU quantity: `4`, `500m`, `half a core`.
    Cpu,
    /// A length of time, in seconds after normalising.
    Duration,
    /// A time of day or date.
    Time,
    /// A schedule, cron after normalising.
    Schedule,
    /// A GPU product: `H100`, `A100 80GB`.
    GpuProduct,
    /// Free text in quotes or a fence, byte for byte.
    Text,
    /// A volume access mode, `ReadWriteMany` after normalising.
    AccessMode,
    /// An absolute URL.
    Url,
    /// A person, team or group; a DNS label after normalising.
    Person,
    /// Said or not said, by a cue word.
    Flag,
    /// One of the parameter's closed values.
    Choice,
}

impl SlotType {
    /// What it is called where patterns are shown.
    pub fn words(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Image => "image",
            Self::Software => "software",
            Self::Model => "model id",
            Self::Host => "host name",
            Self::Path => "path",
            Self::Command => "command",
            Self::KeyValue => "KEY=value",
            Self::Count => "whole number",
            Self::Quantity => "amount of bytes",
            Self::Cpu => "CPU cores",
            Self::Duration => "length of time",
            Self::Time => "time",
            Self::Schedule => "schedule",
            Self::GpuProduct => "GPU product",
            Self::Text => "quoted text",
            Self::AccessMode => "access mode",
            Self::Url => "URL",
            Self::Person => "person or team",
            Self::Flag => "yes or no",
            Self::Choice => "one of the closed values",
        }
    }
}

/// Whether a number is meant for each node (replica, worker) or for all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Per {
    /// The parameter holds the number for one node; a total that was said is divided by the count of nodes.
    Node,
    /// The parameter holds the number for all nodes together.
    Total,
}

/// Names of which a cluster has a closed list. Without a cluster, or where the list may not be read, any name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClosedList {
    /// Namespaces of the cluster.
    Namespaces,
    /// StorageClasses of the cluster.
    StorageClasses,
    /// PriorityClasses of the cluster.
    PriorityClasses,
    /// Kueue LocalQueues of the namespace.
    Queues,
    /// PersistentVolumeClaims of the namespace.
    Claims,
}

impl ClosedList {
    /// One of them, in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Namespaces => "namespace",
            Self::StorageClasses => "storage class",
            Self::PriorityClasses => "priority class",
            Self::Queues => "queue",
            Self::Claims => "volume claim",
        }
    }

    /// Whether each namespace has its own.
    pub fn is_namespaced(self) -> bool {
        matches!(self, Self::Queues | Self::Claims)
    }
}

/// Words that bring a slot or a pattern into play, lower case, English and Chinese.
pub type Cues = Vec<String>;

/// One question of a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormSlot {
    /// The key that the model sees, e.g. `gpus`. Lower case, one word (underscores allowed).
    pub key: String,
    /// The parameter of the pattern's schema that the answer is written to. `name`, `namespace` and `owner` are those of
    /// the thing itself where the schema has no parameter of that name.
    pub parameter: String,
    /// Which spans can answer it; several are tried as one list.
    #[serde(rename = "type")]
    pub types: Vec<SlotType>,
    /// Offered whenever a candidate exists; other slots only when a cue (or a closed value) is in the request.
    #[serde(default)]
    pub core: bool,
    /// The closed list that the answer is from, where the cluster has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<ClosedList>,
    /// Cue words of this slot.
    #[serde(default)]
    pub cues: Cues,
    /// See [`Per`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub per: Option<Per>,
    /// Asked again until the model answers `-` (lists and maps).
    #[serde(default)]
    pub repeat: bool,
    /// The question that is put to the person when the slot is required and open, in English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<String>,
    /// The same in Chinese.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask_zh: Option<String>,
}
