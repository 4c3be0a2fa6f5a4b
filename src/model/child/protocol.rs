//! What parent and child say to each other: a frame is four bytes of length (little endian) and as much JSON. The parent
//! speaks first and waits for one reply to each request but [`Request::Prefix`]; for two to [`Request::Load`].

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::constraint::{Answers, Slot, Step, Taken};
use crate::model::inspect::{Description, Throughput};
use crate::model::{ModelError, ModelInfo};

use super::sandbox::Sandbox;

/// Raised with every change of these types.
pub(super) const VERSION: u32 = 4;

/// Longer frames are a fault.
const MAX_FRAME: u32 = 64 << 20;

/// How many prefixes the child remembers; the parent forgets the same ones, oldest first.
const PREFIXES: usize = 16;

/// What to load and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Load {
    /// See [`VERSION`].
    pub version: u32,
    /// The GGUF file.
    pub path: PathBuf,
    /// A LoRA adapter for it.
    pub adapter: Option<PathBuf>,
    /// See [`crate::model::OpenOptions::device`].
    pub device: Option<String>,
    /// Wanted context length in tokens.
    pub context: u32,
    /// CPU threads; all cores when absent.
    pub threads: Option<usize>,
    /// Folder for evaluated prefixes.
    pub cache_dir: Option<PathBuf>,
}

/// From parent to child.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Request {
    /// The first of all, once. Replied to with [`Reply::Closed`], then with [`Reply::Loaded`].
    Load(Load),
    /// A prefix that forms will refer to by its [`prefix_hash`]. Not replied to.
    Prefix {
        /// The text.
        text: String,
    },
    /// A form. Replied to with [`Reply::Answers`].
    Fill {
        /// [`prefix_hash`] of its prefix.
        prefix: String,
        /// See [`crate::constraint::Form`].
        body: String,
        /// See [`crate::constraint::Form`].
        slots: Vec<Slot>,
    },
    /// What the file says of itself. Replied to with [`Reply::Described`].
    Describe,
    /// How fast it runs. Replied to with [`Reply::Measured`].
    Measure,
    /// Begins a text. Replied to with [`Reply::Begun`].
    Begin {
        /// [`prefix_hash`] of its prefix.
        prefix: String,
        /// See [`crate::constraint::Prompt`].
        body: String,
    },
    /// Goes one step on in the text that was begun. Replied to with [`Reply::Taken`].
    Step(Step),
}

/// From child to parent.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Reply {
    /// The child has closed itself; the first reply to a load.
    Closed(Sandbox),
    /// The model is loaded.
    Loaded(ModelInfo),
    /// The form is filled.
    Answers(Answers),
    /// What the file says of itself.
    Described(Box<Description>),
    /// How fast it runs.
    Measured(Throughput),
    /// A text is begun.
    Begun,
    /// A step is taken.
    Taken(Taken),
    /// It could not be done.
    Failed(Problem),
}

/// A [`ModelError`] on its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Problem {
    /// [`ModelError::Cancelled`]
    Cancelled,
    /// [`ModelError::TooLong`]
    TooLong {
        /// As there.
        needed: usize,
        /// As there.
        limit: usize,
    },
    /// [`ModelError::Matcher`]
    Matcher {
        /// As there.
        slot: String,
        /// As there.
        reason: String,
    },
    /// [`ModelError::Load`]
    Load {
        /// As there.
        path: String,
        /// As there.
        reason: String,
    },
    /// Any other, as text.
    Other(String),
}

impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Cancelled => Self::Cancelled,
            ModelError::TooLong { needed, limit } => Self::TooLong { needed, limit },
            ModelError::Matcher { slot, reason } => Self::Matcher { slot, reason },
            ModelError::Load { path, reason } => Self::Load { path, reason },
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<Problem> for ModelError {
    fn from(problem: Problem) -> Self {
        match problem {
            Problem::Cancelled => Self::Cancelled,
            Problem::TooLong { needed, limit } => Self::TooLong { needed, limit },
            Problem::Matcher { slot, reason } => Self::Matcher { slot, reason },
            Problem::Load { path, reason } => Self::Load { path, reason },
            Problem::Other(reason) => Self::Invalid(reason),
        }
    }
}

/// Prefixes that both sides know, by hash. Both sides add in the same order and so forget in the same order.
#[derive(Debug, Default)]
pub(super) struct Prefixes<T> {
    known: VecDeque<(String, T)>,
}

impl<T> Prefixes<T> {
    /// Adds one, and forgets the oldest beyond the limit.
    pub fn add(&mut self, hash: String, value: T) {
        self.known.push_back((hash, value));
        if self.known.len() > PREFIXES {
            self.known.pop_front();
        }
    }

    /// What was added under a hash and not forgotten.
    pub fn get(&self, hash: &str) -> Option<&T> {
        self.known.iter().find(|(known, _)| known == hash).map(|(_, value)| value)
    }
}

/// What a prefix is referred to by: SHA-256 in hexadecimal.
pub(super) fn prefix_hash(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes one frame.
pub(super) fn write_frame(writer: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let bytes = serde_json::to_vec(message)?;
    let length = u32::try_from(bytes.len()).ok().filter(|length| *length <= MAX_FRAME);
    let length =
        length.ok_or_else(|| io::Error::other(format!("a message of {} bytes is too long", bytes.len())))?;
    writer.write_all(&length.to_le_bytes())?;
    writer.write_all(&bytes)?;
    writer.flush()
}

/// Reads one frame; `None` where the stream ends between frames.
pub(super) fn read_frame<T: DeserializeOwned>(reader: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match reader.read(&mut length)? {
        0 => return Ok(None),
        read => reader.read_exact(&mut length[read..])?,
    }
    let length = u32::from_le_bytes(length);
    if length > MAX_FRAME {
        return Err(io::Error::other(format!("a message announces {length} bytes")));
    }
    let mut bytes = Vec::new();
    if reader.take(u64::from(length)).read_to_end(&mut bytes)? < usize::try_from(length).unwrap_or(usize::MAX)
    {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&bytes)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_come_out_as_they_went_in() {
        let mut pipe = Vec::new();
        write_frame(&mut pipe, &Request::Prefix { text: "kind: notebook\n".into() }).expect("written");
        write_frame(&mut pipe, &Reply::Failed(Problem::TooLong { needed: 5000, limit: 4096 }))
            .expect("written");
        let mut pipe = pipe.as_slice();
        let first: Option<Request> = read_frame(&mut pipe).expect("read");
        assert!(matches!(first, Some(Request::Prefix { text }) if text == "kind: notebook\n"));
        let second: Option<Reply> = read_frame(&mut pipe).expect("read");
        assert!(matches!(second, Some(Reply::Failed(Problem::TooLong { needed: 5000, limit: 4096 }))));
        assert!(read_frame::<Reply>(&mut pipe).expect("the end is no error").is_none());
    }

    #[test]
    fn a_cut_or_absurd_frame_is_an_error() {
        let mut frame = Vec::new();
        write_frame(&mut frame, &Request::Prefix { text: "x".into() }).expect("written");
        for cut in 1..frame.len() {
            assert!(read_frame::<Request>(&mut &frame[..cut]).is_err(), "cut after {cut} bytes");
        }
        let noise = b"llama_model_loader: this is no frame";
        assert!(read_frame::<Request>(&mut &noise[..]).is_err());
    }

    #[test]
    fn both_sides_forget_the_same_prefixes() {
        let mut prefixes = Prefixes::default();
        for index in 0..=PREFIXES {
            prefixes.add(index.to_string(), index);
        }
        assert_eq!(prefixes.get("0"), None);
        assert_eq!(prefixes.get("1"), Some(&1));
        assert_eq!(prefixes.get(&PREFIXES.to_string()), Some(&PREFIXES));
    }
}
