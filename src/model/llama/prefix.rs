//! Evaluated prompt prefixes on disk.
//!
//! The instructions and examples before a request are the same each time, and evaluating them is most of the work of a
//! first request. Their keys and values are kept in a file a prefix, in a folder that only the user can read.
//!
//! The name of a file is `<key>-<checksum>.kv`. The **key** is a hash of everything that the state depends on: the model,
//! this program's version, the device, the context length and the prefix's tokens. The **model** is known by its size,
//! modification time and inode, by its first and last MiB, and by everything before its tensors (architecture,
//! vocabulary, shapes): hashing a whole GGUF takes seconds and would cost more than the cache saves; somebody who changes
//! the middle of a file in place, keeping its length, and sets its time back, gets old states. The **checksum** is
//! that of the content, and is verified before llama.cpp reads it, since llama.cpp trusts such a file. A file that does
//! not fit its checksum is removed and made anew. Everything here is best effort: a cache that cannot be read or
//! written costs time, never an answer.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use llama_cpp_2::context::LlamaContext;
use llama_cpp_2::token::LlamaToken;
use sha2::{Digest, Sha256};

use super::load::Weights;

/// Files that are kept, the newest.
const KEPT: usize = 16;

/// Shorter prefixes are evaluated faster than they are read.
const WORTH: usize = 64;

/// Bytes at either end of a model that are hashed.
const END: u64 = 1 << 20;

/// A folder of evaluated prefixes, for one model and context.
#[derive(Debug)]
pub(crate) struct PrefixCache {
    folder: PathBuf,
    owner: Sha256,
}

impl PrefixCache {
    /// The cache for `weights`, which were loaded from `model`, with contexts of `context` tokens. `None` when the folder
    /// cannot be made or the model cannot be identified.
    pub fn new(folder: &Path, model: &Path, weights: &Weights, context: u32) -> Option<Self> {
        make_private(folder).ok()?;
        let mut owner = Sha256::new();
        owner.update(concat!(
            env!("CARGO_PKG_NAME"),
            " ",
            env!("CARGO_PKG_VERSION"),
            " llama-cpp-2 0.1.160 f16 f16\0"
        ));
        owner.update(weights.info.device.as_bytes());
        owner.update(context.to_le_bytes());
        identify(model, weights.model.size(), &mut owner).ok()?;
        if let Some(adapter) = &weights.adapter_path {
            owner.update(b"adapter\0");
            identify(adapter, 0, &mut owner).ok()?;
        }
        Some(Self { folder: folder.to_path_buf(), owner })
    }

    /// Whether a prefix of so many tokens is long enough to be kept.
    pub fn is_worth_it(&self, tokens: usize) -> bool {
        tokens >= WORTH
    }

    /// Puts the state of `prefix` into the context's sequence. On `false` the sequence may hold anything.
    pub fn load(&self, context: &mut LlamaContext<'_>, sequence: i32, prefix: &[LlamaToken]) -> bool {
        let key = self.key(prefix);
        for path in self.files() {
            let Some((_, checksum)) = name(&path).filter(|(k, _)| *k == key) else { continue };
            if hash_file(&path).is_ok_and(|hash| hash == checksum)
                && let Ok((tokens, _)) = context.state_seq_load_file(&path, sequence, prefix.len())
                && tokens == prefix
            {
                touch(&path);
                return true;
            }
            tracing::debug!(path = %path.display(), "a damaged prefix file is removed");
            let _ = fs::remove_file(&path);
        }
        false
    }

    /// Keeps the state of the sequence, which holds exactly `prefix`.
    pub fn store(&self, context: &LlamaContext<'_>, sequence: i32, prefix: &[LlamaToken]) {
        if let Err(error) = self.write(context, sequence, prefix) {
            tracing::debug!(folder = %self.folder.display(), %error, "a prefix was not kept");
        }
        self.clean();
    }

    fn write(&self, context: &LlamaContext<'_>, sequence: i32, prefix: &[LlamaToken]) -> io::Result<()> {
        // Only the user can read a temporary file of this crate; llama.cpp writes into it by its name.
        let file = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(&self.folder)?;
        context.state_seq_save_file(file.path(), sequence, prefix).map_err(io::Error::other)?;
        let checksum = hash_file(file.path())?;
        let path = self.folder.join(format!("{}-{checksum}.kv", self.key(prefix)));
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    }

    fn key(&self, prefix: &[LlamaToken]) -> String {
        let mut hash = self.owner.clone();
        for token in prefix {
            hash.update(token.0.to_le_bytes());
        }
        hex(&hash.finalize())
    }

    /// The files of the cache, in no order.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).filter(|path| name(path).is_some()).collect()
    }

    /// Removes all but the newest files.
    fn clean(&self) {
        let age = |path: &PathBuf| fs::metadata(path).and_then(|m| m.modified()).ok();
        let mut files: Vec<(Option<SystemTime>, PathBuf)> =
            self.files().into_iter().map(|p| (age(&p), p)).collect();
        files.sort_unstable_by(|a, b| b.cmp(a));
        for (_, path) in files.into_iter().skip(KEPT) {
            let _ = fs::remove_file(path);
        }
    }
}

/// Key and checksum of a cache file's name.
fn name(path: &Path) -> Option<(&str, &str)> {
    let (key, checksum) = path.file_name()?.to_str()?.strip_suffix(".kv")?.split_once('-')?;
    (key.len() == 64 && checksum.len() == 64).then_some((key, checksum))
}

/// Hashes what tells one model file from another; `tensors` is the size of its tensors in bytes.
fn identify(path: &Path, tensors: u64, hash: &mut Sha256) -> io::Result<()> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    let size = metadata.len();
    hash.update(size.to_le_bytes());
    let modified = metadata.modified().ok().and_then(|t| t.duration_since(SystemTime::UNIX_EPOCH).ok());
    hash.update(modified.map_or(0, |t| t.as_nanos()).to_le_bytes());
    hash.update(inode(&metadata).to_le_bytes());
    let head = END.max(size.saturating_sub(tensors)).min(size);
    io::copy(&mut (&mut file).take(head), &mut HashWriter(hash))?;
    file.seek(SeekFrom::Start(size.saturating_sub(END)))?;
    io::copy(&mut file, &mut HashWriter(hash))?;
    Ok(())
}

#[cfg(unix)]
fn inode(metadata: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_: &fs::Metadata) -> u64 {
    0
}

/// Makes a folder that only the user can enter.
pub(crate) fn make_private(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// A file that was used is a new one.
fn touch(path: &Path) {
    let _ = File::options().append(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
}

fn hash_file(path: &Path) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut File::open(path)?, &mut HashWriter(&mut hash))?;
    Ok(hex(&hash.finalize()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Writes into a hash.
struct HashWriter<'a>(&'a mut Sha256);

impl io::Write for HashWriter<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
