//! The models folder of the cache: one `NAME.gguf` a model, and beside it `NAME.json`, what `model pull` knows of it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::entry::Catalogue;
use crate::source::{self, SourceError};

/// A record is small.
const RECORD_LIMIT: u64 = 64 << 10;

/// What `model pull` wrote beside a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The URL or file that it came from, without credentials.
    pub from: String,
    /// Of the file, as it was written.
    pub sha256: String,
    /// Of the file.
    pub bytes: u64,
    /// Whether the hash was known before; false where the person said to take what comes.
    pub verified: bool,
}

/// One model that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// What a person types: the id of the catalogue where it is one of that, else the file's stem.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Absent where something else put it there.
    pub record: Option<Record>,
}

/// Where models are, in the cache.
pub fn folder(cache: &Path) -> PathBuf {
    cache.join("models")
}

/// The models of the cache, by name; none where there is no folder.
///
/// # Errors
/// The folder cannot be read.
pub fn installed(cache: &Path) -> Result<Vec<Installed>, SourceError> {
    let folder = folder(cache);
    let mut models: Vec<Installed> = source::sizes(&folder)?
        .into_iter()
        .filter_map(|(path, bytes)| {
            let stem =
                path.file_name()?.to_str()?.strip_suffix(".gguf").filter(|stem| !stem.starts_with('.'))?;
            let record = source::read_bytes(&folder.join(format!("{stem}.json")), RECORD_LIMIT).ok();
            let record = record.and_then(|bytes| serde_json::from_slice(&bytes).ok());
            let name = stem.to_owned();
            Some(Installed { name, path, bytes, record })
        })
        .collect();
    // A file under its publisher's name (`make models`) is that entry, unless the entry was pulled too.
    let names: Vec<String> = models.iter().map(|model| model.name.clone()).collect();
    for model in &mut models {
        let known = Catalogue::builtin().models.iter().find(|entry| {
            let stem = entry.upstream.file.trim_end_matches(".gguf");
            stem == model.name && entry.bytes == model.bytes && !names.contains(&entry.id)
        });
        if let Some(entry) = known {
            model.name.clone_from(&entry.id);
        }
    }
    models.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(models)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_is_not_installed() {
        let cache = tempfile::tempdir().unwrap();
        assert_eq!(installed(cache.path()), Ok(Vec::new()), "no folder is no model");
        let folder = folder(cache.path());
        std::fs::create_dir(&folder).unwrap();
        for name in ["own.gguf", "half.gguf.part", ".hidden.gguf", "notes.txt"] {
            std::fs::write(folder.join(name), "GGUF").unwrap();
        }
        let record = r#"{"from": "x", "sha256": "y", "bytes": 4, "verified": false}"#;
        std::fs::write(folder.join("own.json"), record).unwrap();
        let models = installed(cache.path()).unwrap();
        assert_eq!(models.iter().map(|model| model.name.as_str()).collect::<Vec<_>>(), ["own"]);
        assert!(models[0].record.as_ref().is_some_and(|record| !record.verified));
    }
}
