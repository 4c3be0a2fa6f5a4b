//! The tool's own folders (state, cache): for their owner alone, with a key that is drawn once.

use std::fs;
use std::io;
use std::path::Path;

use super::error::{SourceError, Wrong};
use super::read::read_bytes;
use super::write::{sync_folder, temporary, write_atomic};

const FILE_MODE: u32 = 0o600;

/// Makes a folder that only its owner may enter (0700), or takes the rights of others away from one that is there.
///
/// # Errors
/// The path is a link or a file, the folder is somebody else's, or the system refuses.
pub fn private_folder(path: &Path) -> Result<(), SourceError> {
    const WHAT: &str = "cannot use the private folder";
    let failed = |error: io::Error| SourceError::io(path, WHAT, &error);
    create(path).map_err(failed)?;
    let metadata = fs::symlink_metadata(path).map_err(failed)?;
    if !metadata.is_dir() {
        return Err(SourceError::new(
            path,
            Wrong::Other,
            WHAT,
            "it is a link or a file",
            "move it away, or name another folder in the configuration",
        ));
    }
    restrict(path).map_err(failed)
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
fn restrict(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    // Only the owner of a folder may do this, which is the check that it is ours.
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Writes a file for its owner alone (0600), as a whole. A missing folder is made, for its owner alone too; one that
/// is there keeps its rights.
///
/// # Errors
/// The path names no file or is a link that leads elsewhere; those of [`write_atomic`].
pub fn write_private(path: &Path, bytes: &[u8]) -> Result<(), SourceError> {
    let Some(name) = path.file_name() else {
        return Err(SourceError::new(
            path,
            Wrong::Other,
            "cannot write the file",
            "it has no name",
            "name a file",
        ));
    };
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    create(folder).map_err(|error| SourceError::io(folder, "cannot make the folder", &error))?;
    write_atomic(folder, Path::new(name), bytes, FILE_MODE).map(|_| ())
}

/// The bytes of a file in a private folder, at most `limit`; `None` where there is none.
///
/// # Errors
/// The file is a link, is larger than `limit`, or the system refuses.
pub fn read_private(folder: &Path, name: &str, limit: u64) -> Result<Option<Vec<u8>>, SourceError> {
    const WHAT: &str = "cannot read the private file";
    let path = folder.join(name);
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => read_bytes(&path, limit).map(Some),
        Ok(_) => Err(SourceError::new(
            &path,
            Wrong::Other,
            WHAT,
            "it is not a plain file",
            "move it out of the folder",
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(SourceError::io(&path, WHAT, &error)),
    }
}

/// The 32 byte key of that name in a private folder; drawn from the system's randomness at the first call, the same
/// ever after, also where two processes call at once.
///
/// # Errors
/// The file is there and is no key; no randomness; those of [`private_folder`] and [`read_private`].
pub fn secret_key(folder: &Path, name: &str) -> Result<[u8; 32], SourceError> {
    const WHAT: &str = "cannot make the key";
    private_folder(folder)?;
    let path = folder.join(name);
    if let Some(key) = read_key(folder, name)? {
        return Ok(key);
    }
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| {
        let hint = "the system has no source of randomness; check the installation";
        SourceError::new(&path, Wrong::Other, WHAT, error.to_string(), hint)
    })?;
    let file = temporary(folder, &key, FILE_MODE).map_err(|error| SourceError::io(&path, WHAT, &error))?;
    match file.persist_noclobber(&path) {
        Ok(_) => {
            sync_folder(folder).map_err(|error| SourceError::io(folder, WHAT, &error))?;
            Ok(key)
        }
        Err(error) => {
            // Another process was first: its key counts.
            read_key(folder, name)?.ok_or_else(|| SourceError::io(&path, WHAT, &error.error))
        }
    }
}

/// The key of masked values ([`secret_key`] of one fixed name) in the state folder.
///
/// # Errors
/// Those of [`secret_key`].
pub fn state_key(state_folder: &Path) -> Result<[u8; 32], SourceError> {
    secret_key(state_folder, STATE_KEY)
}

/// File name of [`state_key`].
pub const STATE_KEY: &str = "mask.key";

/// [`state_key`] where it was drawn already; nothing is made.
///
/// # Errors
/// Those of [`read_private`]; the file is no key.
pub fn read_state_key(state_folder: &Path) -> Result<Option<[u8; 32]>, SourceError> {
    read_key(state_folder, STATE_KEY)
}

fn read_key(folder: &Path, name: &str) -> Result<Option<[u8; 32]>, SourceError> {
    let Some(bytes) = read_private(folder, name, 1024)? else { return Ok(None) };
    let length = bytes.len();
    bytes.try_into().map(Some).map_err(|_| {
        SourceError::new(
            &folder.join(name),
            Wrong::Other,
            "cannot use the key",
            format!("it has {length} bytes instead of 32"),
            "remove the file; a new key is drawn then, and earlier masked values no longer compare",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_drawn_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state/copilot");
        let key = secret_key(&state, "mask.key").unwrap();
        assert_eq!(secret_key(&state, "mask.key").unwrap(), key);
        assert_ne!(secret_key(&state, "other.key").unwrap(), key);
    }

    #[test]
    fn a_damaged_key_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("mask.key"), "short").unwrap();
        let error = secret_key(folder.path(), "mask.key").unwrap_err().to_string();
        assert!(error.contains("5 bytes") && error.contains("remove the file"), "{error}");
    }

    #[test]
    fn what_is_not_there_is_none() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read_private(folder.path(), "absent", 10), Ok(None));
        write_private(&folder.path().join("present"), b"x").unwrap();
        assert_eq!(read_private(folder.path(), "present", 10), Ok(Some(b"x".to_vec())));
        assert!(read_private(folder.path(), "present", 0).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn nobody_else_may_read() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        fs::create_dir(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
        let path = state.join("journal");
        write_private(&path, b"x").unwrap();
        write_private(&folder.path().join("new/deep/journal"), b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&state), mode(&path)), (0o755, 0o600), "a folder that is there keeps its rights");
        assert_eq!(mode(&folder.path().join("new/deep")), 0o700);
        secret_key(&state, "key").unwrap();
        assert_eq!(mode(&state), 0o700);
        assert_eq!(mode(&state.join("key")), 0o600);

        let link = folder.path().join("link");
        symlink(&state, &link).unwrap();
        assert!(private_folder(&link).is_err());
        symlink("/etc/hostname", state.join("linked")).unwrap();
        assert!(read_private(&state, "linked", 1000).is_err());
    }
}
