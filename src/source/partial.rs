//! A file that arrives in pieces: it is `NAME.part` until it is whole, and only then stands under its name.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::error::SourceError;
use super::read::read_text;
use super::write::{sync_folder, write_atomic};

const WHAT: &str = "cannot write the file";
const BLOCK: usize = 1 << 20;

/// A file on its way. Only one of a name at a time, over all processes; dropping it keeps what arrived.
#[derive(Debug)]
pub struct Partial {
    folder: PathBuf,
    name: String,
    file: File,
    length: u64,
    hash: Sha256,
    /// Held as long as this lives. A file of its own: the part is renamed, and would take its lock along.
    _lock: File,
}

impl Partial {
    /// What arrived of `name` so far, or nothing yet. `None` where another process is at it.
    ///
    /// # Errors
    /// The folder or file cannot be made or read.
    pub fn open(folder: &Path, name: &str) -> Result<Option<Self>, SourceError> {
        let failed = |path: &Path, error: &io::Error| SourceError::io(path, WHAT, error);
        fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        let lock_path = folder.join(format!(".{name}.lock"));
        let lock = File::create(&lock_path).map_err(|error| failed(&lock_path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => return Ok(None),
            Err(fs::TryLockError::Error(error)) => return Err(failed(&lock_path, &error)),
        }
        let path = part(folder, name);
        let mut options = File::options();
        let mut file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(|error| failed(&path, &error))?;
        let (length, hash) = digest(&mut file).map_err(|error| failed(&path, &error))?;
        Ok(Some(Self { folder: folder.to_owned(), name: name.to_owned(), file, length, hash, _lock: lock }))
    }

    /// Bytes that are there.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// SHA-256 of what is there, in hexadecimal.
    pub fn sha256(&self) -> String {
        hexadecimal(self.hash.clone())
    }

    /// The first bytes, at most `count`.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn first(&mut self, count: u64) -> Result<Vec<u8>, SourceError> {
        let mut bytes = Vec::new();
        let read = self.file.seek(SeekFrom::Start(0)).and_then(|_| {
            (&mut self.file).take(count).read_to_end(&mut bytes)?;
            self.file.seek(SeekFrom::Start(self.length))
        });
        read.map(|_| bytes).map_err(|error| self.failed(&error))
    }

    /// What was noted beside it: where the rest can be had.
    pub fn note(&self) -> Option<String> {
        read_text(&self.folder.join(self.note_name())).ok()
    }

    /// Notes something beside it, in place of what was noted.
    ///
    /// # Errors
    /// The note cannot be written.
    pub fn set_note(&self, text: &str) -> Result<(), SourceError> {
        write_atomic(&self.folder, Path::new(&self.note_name()), text.as_bytes(), 0o644).map(drop)
    }

    /// Adds bytes at the end.
    ///
    /// # Errors
    /// The disk is full, the file may not grow, or the system refuses. What was written before stays.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), SourceError> {
        self.file.write_all(bytes).map_err(|error| self.failed(&error))?;
        self.hash.update(bytes);
        self.length = self.length.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        Ok(())
    }

    /// Forgets what arrived.
    ///
    /// # Errors
    /// The file cannot be cut.
    pub fn restart(&mut self) -> Result<(), SourceError> {
        let cut = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        cut.map_err(|error| self.failed(&error))?;
        self.length = 0;
        self.hash = Sha256::new();
        Ok(())
    }

    /// It is whole: to the disk, and under its name, in place of what was there.
    ///
    /// # Errors
    /// Whatever the system says; the part stays then.
    pub fn finish(self) -> Result<PathBuf, SourceError> {
        let path = self.folder.join(&self.name);
        let done = self
            .file
            .sync_all()
            .and_then(|()| fs::rename(part(&self.folder, &self.name), &path))
            .and_then(|()| sync_folder(&self.folder));
        done.map_err(|error| self.failed(&error))?;
        // A note without its part means nothing and does no harm.
        let _ = fs::remove_file(self.folder.join(self.note_name()));
        Ok(path)
    }

    /// It is worth nothing: takes it away.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn discard(self) -> Result<(), SourceError> {
        let path = part(&self.folder, &self.name);
        let _ = fs::remove_file(self.folder.join(self.note_name()));
        fs::remove_file(&path).map_err(|error| SourceError::io(&path, "cannot remove the file", &error))
    }

    fn note_name(&self) -> String {
        format!("{}.part.json", self.name)
    }

    fn failed(&self, error: &io::Error) -> SourceError {
        SourceError::io(&part(&self.folder, &self.name), WHAT, error)
    }
}

/// Where what arrived of a file stands.
fn part(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.part"))
}

/// Length and hash of a file; it is read to its end.
fn digest(file: &mut File) -> io::Result<(u64, Sha256)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut length, mut hash) = (0, Sha256::new());
    let mut block = vec![0; BLOCK];
    loop {
        let count = file.read(&mut block)?;
        hash.update(&block[..count]);
        length += u64::try_from(count).unwrap_or(0);
        if count == 0 {
            return Ok((length, hash));
        }
    }
}

/// Bytes of a file.
///
/// # Errors
/// There is no such file, or it is a folder.
pub fn size(path: &Path) -> Result<u64, SourceError> {
    let failed = |error: io::Error| SourceError::io(path, "cannot read the file", &error);
    let metadata = fs::metadata(path).map_err(failed)?;
    if metadata.is_dir() { Err(failed(io::ErrorKind::IsADirectory.into())) } else { Ok(metadata.len()) }
}

/// Length and SHA-256 of a file.
///
/// # Errors
/// The file cannot be read.
pub fn sha256(path: &Path) -> Result<(u64, String), SourceError> {
    let read = File::open(path).and_then(|mut file| digest(&mut file));
    read.map(|(length, hash)| (length, hexadecimal(hash)))
        .map_err(|error| SourceError::io(path, "cannot read the file", &error))
}

/// Hands a file over in blocks, in order, until its end or until `take` says false.
///
/// # Errors
/// The file cannot be read, or what `take` says.
pub fn read_blocks<E: From<SourceError>>(
    path: &Path,
    mut take: impl FnMut(&[u8]) -> Result<bool, E>,
) -> Result<(), E> {
    let failed = |error: io::Error| E::from(SourceError::io(path, "cannot read the file", &error));
    let mut file = File::open(path).map_err(failed)?;
    let mut block = vec![0; BLOCK];
    loop {
        let count = file.read(&mut block).map_err(failed)?;
        if count == 0 || !take(&block[..count])? {
            return Ok(());
        }
    }
}

/// The plain files of a folder with their sizes, not those of folders below; none where there is no folder.
///
/// # Errors
/// The folder cannot be read.
pub fn sizes(folder: &Path) -> Result<Vec<(PathBuf, u64)>, SourceError> {
    let failed = |error: io::Error| SourceError::io(folder, "cannot read the folder", &error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut files = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        // A dangling link is no file.
        if let Ok(metadata) = fs::metadata(&path)
            && metadata.is_file()
        {
            files.push((path, metadata.len()));
        }
    }
    Ok(files)
}

/// Bytes that can still be written to the disk of a folder that is there; `None` where the system does not say.
#[cfg(unix)]
pub fn free_bytes(folder: &Path) -> Option<u64> {
    rustix::fs::statvfs(folder).ok().map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Bytes that can still be written to the disk of a folder; this system is not asked.
#[cfg(not(unix))]
pub fn free_bytes(_: &Path) -> Option<u64> {
    None
}

fn hexadecimal(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn pieces_become_a_file_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let mut partial = Partial::open(folder.path(), "m.gguf").unwrap().unwrap();
        partial.append(b"a").unwrap();
        partial.set_note("here").unwrap();
        drop(partial);
        assert!(!folder.path().join("m.gguf").exists());
        let mut partial = Partial::open(folder.path(), "m.gguf").unwrap().unwrap();
        assert_eq!((partial.length(), partial.note().as_deref()), (1, Some("here")));
        partial.append(b"bc").unwrap();
        assert_eq!(partial.first(2).unwrap(), b"ab");
        partial.append(b"").unwrap();
        assert_eq!(partial.sha256(), ABC);
        let path = partial.finish().unwrap();
        assert_eq!(sha256(&path).unwrap(), (3, ABC.to_owned()));
        assert!(!folder.path().join("m.gguf.part").exists());
        assert!(!folder.path().join("m.gguf.part.json").exists());
    }

    #[test]
    fn two_do_not_write_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let first = Partial::open(folder.path(), "m").unwrap().unwrap();
        assert!(Partial::open(folder.path(), "m").unwrap().is_none());
        assert!(Partial::open(folder.path(), "other").unwrap().is_some());
        drop(first);
        assert!(Partial::open(folder.path(), "m").unwrap().is_some());
    }

    #[test]
    fn what_is_worth_nothing_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let mut partial = Partial::open(folder.path(), "m").unwrap().unwrap();
        partial.append(b"x").unwrap();
        partial.set_note("x").unwrap();
        partial.restart().unwrap();
        assert_eq!(partial.length(), 0);
        partial.append(b"abc").unwrap();
        assert_eq!(partial.sha256(), ABC);
        partial.discard().unwrap();
        let left: Vec<_> = sizes(folder.path()).unwrap().into_iter().map(|(path, _)| path).collect();
        assert_eq!(left, [folder.path().join(".m.lock")]);
    }
}
