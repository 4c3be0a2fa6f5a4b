//! Writing files as a whole or not at all, and never outside of a folder.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Component, Path, PathBuf};

use super::error::{SourceError, Wrong};

const WRITE: &str = "cannot write the file";

/// The path of `relative` inside `root`. Links on the way are resolved and must stay inside; what does not exist yet
/// is fine.
///
/// # Errors
/// `relative` is empty, absolute or has `..`; a link on the way leads out of `root` or nowhere; the system refuses.
pub fn contained(root: &Path, relative: &Path) -> Result<PathBuf, SourceError> {
    const WHAT: &str = "will not use the path";
    let outside = |why: String| {
        let hint = "give a path below the folder, without `..` and without links that lead elsewhere";
        SourceError::new(relative, Wrong::Outside, WHAT, why, hint)
    };
    let mut parts = Vec::new();
    for component in relative.components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                return Err(outside(format!("it may leave {}", root.display())));
            }
        }
    }
    if parts.is_empty() {
        return Err(outside("it names no file".to_owned()));
    }
    let root = match fs::canonicalize(root) {
        Ok(root) => root,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(root.join(relative)),
        Err(error) => return Err(SourceError::io(root, WHAT, &error)),
    };
    let mut path = root.clone();
    for part in parts {
        path.push(part);
        let metadata = match fs::symlink_metadata(&path) {
            Ok(metadata) => metadata,
            // From here on nothing exists, and so nothing can lead elsewhere.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(SourceError::io(&path, WHAT, &error)),
        };
        if metadata.is_symlink() {
            let real = fs::canonicalize(&path)
                .map_err(|error| outside(format!("the link {} leads nowhere: {error}", path.display())))?;
            if !real.starts_with(&root) {
                return Err(outside(format!("the link {} leads to {}", path.display(), real.display())));
            }
            path = real;
        }
    }
    Ok(path)
}

/// Writes a file below `root` as a whole: to a temporary file in the same folder, to the disk, then in place of the
/// old one. Missing folders are made. `mode` are the permission bits (e.g. `0o644`); they are ignored where the
/// system has none. Gives the path that was written.
///
/// # Errors
/// Those of [`contained`], and whatever the system says; the old file is then as it was.
pub fn write_atomic(root: &Path, relative: &Path, bytes: &[u8], mode: u32) -> Result<PathBuf, SourceError> {
    let path = contained(root, relative)?;
    let folder = path.parent().unwrap_or(root);
    fs::create_dir_all(folder).map_err(|error| SourceError::io(folder, "cannot make the folder", &error))?;
    let temporary = temporary(folder, bytes, mode).map_err(|error| SourceError::io(&path, WRITE, &error))?;
    temporary.persist(&path).map_err(|error| SourceError::io(&path, WRITE, &error.error))?;
    sync_folder(folder).map_err(|error| SourceError::io(folder, WRITE, &error))?;
    Ok(path)
}

/// A new file at a path that the person named, to be written bit by bit; what was there is gone.
///
/// # Errors
/// Whatever the system says.
pub fn create(path: &Path) -> Result<io::BufWriter<fs::File>, SourceError> {
    fs::File::create(path).map(io::BufWriter::new).map_err(|error| SourceError::io(path, WRITE, &error))
}

/// Removes a file below `root`. False where there was none.
///
/// # Errors
/// Those of [`contained`]; the path is a folder; whatever the system says.
pub fn remove(root: &Path, relative: &Path) -> Result<bool, SourceError> {
    let path = contained(root, relative)?;
    match fs::remove_file(&path) {
        Ok(()) => {
            let folder = path.parent().unwrap_or(root);
            sync_folder(folder).map_err(|error| SourceError::io(folder, "cannot remove the file", &error))?;
            Ok(true)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(SourceError::io(&path, "cannot remove the file", &error)),
    }
}

/// A file with its content on the disk, under a name of its own.
pub(super) fn temporary(folder: &Path, bytes: &[u8], mode: u32) -> io::Result<tempfile::NamedTempFile> {
    // Hidden, so that a reader of the folder leaves it out.
    let mut file = tempfile::Builder::new().prefix(".kubectl-copilot-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    set_mode(file.as_file(), mode)?;
    file.as_file().sync_all()?;
    Ok(file)
}

#[cfg(unix)]
fn set_mode(file: &fs::File, mode: u32) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(mode & 0o777))
}

#[cfg(not(unix))]
fn set_mode(_: &fs::File, _: u32) -> io::Result<()> {
    Ok(())
}

/// A rename is on the disk when its folder is.
#[cfg(unix)]
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(super) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_written_with_its_folders_and_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = write_atomic(root.path(), Path::new("lab/web.yaml"), b"one", 0o640).unwrap();
        write_atomic(root.path(), Path::new("./lab/web.yaml"), b"two", 0o640).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        let left: Vec<_> = fs::read_dir(root.path().join("lab")).unwrap().collect();
        assert_eq!(left.len(), 1, "no temporary file stays behind");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
        }
    }

    #[test]
    fn a_new_root_is_made() {
        let parent = tempfile::tempdir().unwrap();
        let root = parent.path().join("new/folder");
        write_atomic(&root, Path::new("a.yaml"), b"x", 0o644).unwrap();
        assert_eq!(fs::read(root.join("a.yaml")).unwrap(), b"x");
    }

    #[test]
    fn a_path_may_not_leave_the_root() {
        let root = tempfile::tempdir().unwrap();
        for path in ["../a", "a/../../b", "/etc/passwd", "", ".", "a/.."] {
            let error = contained(root.path(), Path::new(path)).unwrap_err();
            assert_eq!(error.wrong(), Wrong::Outside, "{path}");
        }
        assert!(contained(root.path(), Path::new("a/b/c.yaml")).is_ok());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_out_of_the_root_is_refused_and_one_inside_is_followed() {
        use std::os::unix::fs::symlink;
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("x"), "kept").unwrap();
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("real")).unwrap();
        symlink(outside.path(), root.path().join("folder")).unwrap();
        symlink(outside.path().join("x"), root.path().join("file")).unwrap();
        symlink("/nowhere/at/all", root.path().join("dangling")).unwrap();
        symlink("real", root.path().join("alias")).unwrap();
        for path in ["folder/x", "folder/new/y", "file", "dangling"] {
            let error = write_atomic(root.path(), Path::new(path), b"bad", 0o644).unwrap_err();
            assert_eq!(error.wrong(), Wrong::Outside, "{path}: {error}");
            assert!(remove(root.path(), Path::new(path)).is_err());
        }
        assert_eq!(fs::read(outside.path().join("x")).unwrap(), b"kept");
        write_atomic(root.path(), Path::new("alias/y"), b"good", 0o644).unwrap();
        assert_eq!(fs::read(root.path().join("real/y")).unwrap(), b"good");
    }

    #[test]
    fn removing_says_whether_there_was_something() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("a"), "x").unwrap();
        assert_eq!(remove(root.path(), Path::new("a")), Ok(true));
        assert_eq!(remove(root.path(), Path::new("a")), Ok(false));
    }

    #[test]
    fn a_failed_write_leaves_the_old_file() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join("a.yaml")).unwrap();
        let error = write_atomic(root.path(), Path::new("a.yaml"), b"x", 0o644).unwrap_err();
        assert!(error.to_string().contains("a.yaml"), "{error}");
        assert!(root.path().join("a.yaml").is_dir());
    }

    proptest! {
        #[test]
        fn a_contained_path_lies_in_the_root(path in "(\\.\\.|\\.|a|b|/){0,6}") {
            let root = tempfile::tempdir().unwrap();
            if let Ok(found) = contained(root.path(), Path::new(&path)) {
                prop_assert!(found.starts_with(fs::canonicalize(root.path()).unwrap()));
                prop_assert!(!found.components().any(|part| part == Component::ParentDir));
            }
        }
    }
}
