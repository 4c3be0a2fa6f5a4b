//! What can be done with a folder, found out by trying, without leaving anything behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What a folder is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// It is there, and files can be written to it.
    Writable,
    /// It is there, and files cannot be written to it, with the system's reason.
    ReadOnly(String),
    /// It is not there, and can be made.
    Absent,
    /// It is not there and cannot be made: the nearest folder above it, and the reason.
    Unreachable(PathBuf, String),
    /// There is something else of that name.
    NoFolder,
}

/// Looks at a folder. Whether it can be written is found out with a temporary file, since permission bits do not say it
/// all (other owners, read-only mounts, quotas); the file is gone when this returns.
pub fn probe(path: &Path) -> Folder {
    match fs::metadata(path) {
        Ok(metadata) if !metadata.is_dir() => Folder::NoFolder,
        Ok(_) => match try_to_write(path) {
            Ok(()) => Folder::Writable,
            Err(error) => Folder::ReadOnly(error.to_string()),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => above(path),
        Err(error) => Folder::Unreachable(path.to_owned(), error.to_string()),
    }
}

/// Whether a folder that is not there can be made in the nearest one that is.
fn above(path: &Path) -> Folder {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    // A dangling link is there, and no folder can be made in its place.
    if fs::symlink_metadata(path).is_ok() {
        return Folder::NoFolder;
    }
    let Some(parent) = absolute.ancestors().skip(1).find(|parent| parent.exists()) else {
        return Folder::Unreachable(absolute, "no folder above it is there".to_owned());
    };
    match try_to_write(parent) {
        Ok(()) => Folder::Absent,
        Err(error) => Folder::Unreachable(parent.to_owned(), error.to_string()),
    }
}

fn try_to_write(folder: &Path) -> io::Result<()> {
    tempfile::Builder::new().prefix(".kubectl-copilot-").tempfile_in(folder)?.close()
}

/// The permission bits of a file or folder (`0o600`); `None` where there is nothing, or the system has no such bits.
#[cfg(unix)]
pub fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).ok().map(|metadata| metadata.permissions().mode() & 0o777)
}

/// The permission bits of a file or folder; this system has none.
#[cfg(not(unix))]
pub fn mode(_: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_there_and_one_that_can_be_made() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(probe(folder.path()), Folder::Writable);
        assert_eq!(probe(&folder.path().join("a/b/c")), Folder::Absent);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
    }

    #[test]
    fn what_is_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(probe(&folder.path().join("file")), Folder::NoFolder);
        assert!(matches!(probe(&folder.path().join("file/below")), Folder::Unreachable(..)));
    }

    #[cfg(unix)]
    #[test]
    fn the_bits_are_those_of_the_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key");
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(mode(&file), Some(0o640));
        assert_eq!(mode(&folder.path().join("absent")), None);
    }
}
