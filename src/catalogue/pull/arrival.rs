//! What comes, into the part of a model: its magic, its size, the room on the disk, the hash at the end.

use std::path::{Path, PathBuf};

use super::http::{Head, Sink};
use super::{Note, Order, Progress, PullError, Trust, megabytes};
use crate::manifest::visible::visible_short;
use crate::source::{self, Partial};

/// What a GGUF file begins with.
const MAGIC: &[u8] = b"GGUF";
/// Of a file that is none, shown.
const BEGIN: u64 = 24;

/// A model on its way.
pub(super) struct Arrival<'a> {
    order: &'a Order,
    folder: &'a Path,
    partial: Partial,
    /// Where it comes from, as it is noted and shown.
    from: String,
    note: Note,
    /// Bytes of the whole file, where somebody says so.
    total: Option<u64>,
    progress: &'a mut dyn Progress,
}

impl<'a> Arrival<'a> {
    pub(super) fn new(
        order: &'a Order,
        folder: &'a Path,
        partial: Partial,
        from: String,
        progress: &'a mut dyn Progress,
    ) -> Self {
        let note = partial.note().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        Self { order, folder, partial, from, note, total: order.bytes, progress }
    }

    /// Decides whether what was kept can be gone on with, and gives its length.
    pub(super) fn resume(&mut self) -> Result<u64, PullError> {
        let kept = self.partial.length();
        if kept == 0 {
            return Ok(0);
        }
        let decided_by_hash = matches!(self.order.trust, Trust::Sha256(_));
        let same = self.note.from == self.from && self.note.etag.is_some();
        if !(decided_by_hash || same) {
            self.restart(
                "what was kept cannot be told from another file (no hash, no validator); it begins anew",
            )?;
            return Ok(0);
        }
        if self.order.bytes.is_some_and(|bytes| kept > bytes) {
            self.restart("what was kept is longer than the file; it begins anew")?;
            return Ok(0);
        }
        if let Err(error) = self.magic() {
            self.restart("what was kept is no GGUF file; it begins anew")?;
            tracing::debug!(%error, "a part was dropped");
            return Ok(0);
        }
        self.say(&format!("{} of it are here already; asking for the rest", megabytes(kept)));
        Ok(kept)
    }

    /// All of a local file.
    pub(super) fn copy(&mut self, path: &Path, stopped: &dyn Fn() -> bool) -> Result<(), PullError> {
        let size = source::size(path)?;
        self.restart_silently()?;
        self.head(&Head { start: 0, total: Some(size), etag: None })?;
        let mut ended = false;
        source::read_blocks(path, |block| {
            ended = stopped();
            if !ended {
                self.bytes(block)?;
            }
            Ok::<bool, PullError>(!ended)
        })?;
        if ended { Err(self.stopped()) } else { Ok(()) }
    }

    pub(super) fn length(&self) -> u64 {
        self.partial.length()
    }

    /// The validator of what is kept, where it came from this very address.
    pub(super) fn etag(&self) -> Option<String> {
        self.note.etag.clone().filter(|_| self.note.from == self.from)
    }

    /// Whether nothing is left to be asked for.
    pub(super) fn is_whole(&self) -> bool {
        self.order.bytes == Some(self.partial.length())
    }

    /// Bytes that should have come and did not.
    pub(super) fn missing(&self) -> Option<u64> {
        self.total.and_then(|total| total.checked_sub(self.partial.length())).filter(|missing| *missing > 0)
    }

    pub(super) fn say(&mut self, line: &str) {
        self.progress.say(line);
    }

    /// Begins anew, and says why.
    pub(super) fn restart(&mut self, why: &str) -> Result<(), PullError> {
        self.say(why);
        self.restart_silently()
    }

    fn restart_silently(&mut self) -> Result<(), PullError> {
        self.note = Note::default();
        self.partial.restart().map_err(PullError::from)
    }

    pub(super) fn stopped(&self) -> PullError {
        PullError::Stopped { name: self.order.name.clone(), kept: self.partial.length() }
    }

    pub(super) fn cut_off(&self, reason: String) -> PullError {
        let (name, kept) = (self.order.name.clone(), self.partial.length());
        PullError::CutOff { name, kept, total: self.total, reason }
    }

    /// After an error: what is worth nothing goes, and an empty part too.
    pub(super) fn ended(self, error: PullError) -> PullError {
        let worthless = matches!(error, PullError::NoGguf { .. } | PullError::WrongSize { .. });
        if worthless || self.partial.length() == 0 {
            // The error that is told is the first one.
            if let Err(second) = self.partial.discard() {
                tracing::debug!(%second, "a part could not be removed");
            }
        }
        error
    }

    /// Whole, and what it should be: under its name. Gives path, size and hash.
    pub(super) fn finish(mut self) -> Result<(PathBuf, u64, String), PullError> {
        let (bytes, got) = (self.partial.length(), self.partial.sha256());
        if let Err(error) = self.magic() {
            return Err(self.ended(error));
        }
        if let Some(error) = self.size_error(bytes) {
            return Err(self.ended(error));
        }
        if let Trust::Sha256(expected) = &self.order.trust
            && *expected != got
        {
            let (name, expected) = (self.order.name.clone(), expected.clone());
            self.partial.discard()?;
            return Err(PullError::WrongHash { name, from: self.from, expected, got });
        }
        Ok((self.partial.finish()?, bytes, got))
    }

    fn magic(&mut self) -> Result<(), PullError> {
        let begin = self.partial.first(BEGIN)?;
        if begin.starts_with(MAGIC) {
            return Ok(());
        }
        let text = visible_short(&String::from_utf8_lossy(&begin), 24);
        let begin = if begin.is_empty() { "nothing at all".to_owned() } else { format!("'{text}'") };
        Err(PullError::NoGguf { from: self.from.clone(), begin })
    }

    fn size_error(&self, got: u64) -> Option<PullError> {
        let expected = self.order.bytes.filter(|expected| *expected != got)?;
        let (name, from) = (self.order.name.clone(), self.from.clone());
        Some(PullError::WrongSize { name, from, expected, got })
    }
}

impl Sink for Arrival<'_> {
    type Error = PullError;

    fn head(&mut self, head: &Head) -> Result<(), PullError> {
        if head.start == 0 && self.partial.length() > 0 {
            let why = if self.etag().is_some_and(|etag| head.etag.as_ref() != Some(&etag)) {
                "the file changed at the server since; it begins anew"
            } else {
                "the server sends the whole file and no rest; it begins anew"
            };
            self.restart(why)?;
        }
        if let Some(total) = head.total {
            if let Some(error) = self.size_error(total) {
                return Err(error);
            }
            let needed = total.saturating_sub(self.partial.length());
            if let Some(free) = source::free_bytes(self.folder).filter(|free| *free < needed) {
                let (name, folder) = (self.order.name.clone(), self.folder.display().to_string());
                return Err(PullError::NoRoom { name, folder, needed, free });
            }
        }
        self.total = head.total.or(self.order.bytes);
        self.note = Note { from: self.from.clone(), etag: head.etag.clone() };
        let note = serde_json::to_string(&self.note).unwrap_or_default();
        self.partial.set_note(&note)?;
        self.progress.at(self.partial.length(), self.total);
        Ok(())
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), PullError> {
        let before = self.partial.length();
        self.partial.append(bytes).map_err(|error| PullError::Disk {
            name: self.order.name.clone(),
            kept: self.partial.length(),
            error: Box::new(error),
        })?;
        let now = self.partial.length();
        // As soon as it can be told: nobody waits for gigabytes of something else.
        let enough = u64::try_from(MAGIC.len()).unwrap_or(0);
        if before < enough && now >= enough {
            self.magic()?;
        }
        if let Some(error) = self.order.bytes.filter(|limit| now > *limit).and_then(|_| self.size_error(now))
        {
            return Err(error);
        }
        self.progress.at(now, self.total);
        Ok(())
    }
}
