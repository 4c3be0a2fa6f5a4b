//! Reading files and folders of manifests, within limits.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::error::{SourceError, Wrong};
use crate::manifest::{Budget, Manifest, parse};

/// How much one call may read. More is an error, never a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Files in one folder and below.
    pub files: usize,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files together.
    pub total_bytes: u64,
    /// Levels of folders.
    pub depth: usize,
    /// Names of hidden folders that are read all the same.
    pub hidden: &'static [&'static str],
}

impl Default for Limits {
    /// 10 000 files, 10 MiB each, 128 MiB together, 32 levels, nothing hidden.
    fn default() -> Self {
        Self { files: 10_000, file_bytes: 10 << 20, total_bytes: 128 << 20, depth: 32, hidden: &[] }
    }
}

/// The bytes of one file (or pipe), at most `limit` of them.
///
/// # Errors
/// The file is not there, may not be read, is a folder, or is larger than `limit`.
pub fn read_bytes(path: &Path, limit: u64) -> Result<Vec<u8>, SourceError> {
    const WHAT: &str = "cannot read the file";
    let file = File::open(path).map_err(|error| SourceError::io(path, WHAT, &error))?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| SourceError::io(path, WHAT, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        let why = format!("it is larger than {limit} bytes");
        return Err(SourceError::new(path, Wrong::TooLarge, WHAT, why, "split it into smaller files"));
    }
    Ok(bytes)
}

/// The text of one file, at most [`Limits::file_bytes`] of the default limits.
///
/// # Errors
/// As [`read_bytes`], and where the file is not UTF-8.
pub fn read_text(path: &Path) -> Result<String, SourceError> {
    let bytes = read_bytes(path, Limits::default().file_bytes)?;
    String::from_utf8(bytes).map_err(|error| {
        let why = format!("byte {} is not UTF-8", error.utf8_error().valid_up_to());
        SourceError::new(path, Wrong::Other, "cannot read the text", why, "save the file as UTF-8")
    })
}

/// The Kubernetes objects of a file, or of all `*.yaml`, `*.yml` and `*.json` files in a folder and below, in the
/// order of their paths, within the default limits.
///
/// Names that begin with a dot are left out. A link that stays inside of the folder is followed once; one that leads
/// out of it is an error, since leaving the file out quietly could leave out a policy.
///
/// # Errors
/// A file or folder that cannot be read, is too large or does not parse; a link that leads out of the folder.
pub fn read_manifests(path: &Path) -> Result<Vec<Manifest>, SourceError> {
    read_manifests_within(path, &Limits::default())
}

/// [`read_manifests`] within the given limits.
///
/// # Errors
/// As [`read_manifests`].
pub fn read_manifests_within(path: &Path, limits: &Limits) -> Result<Vec<Manifest>, SourceError> {
    read_manifests_of(path, limits, &|_| true)
}

/// [`read_manifests_within`] of the files that are wanted.
///
/// # Errors
/// As [`read_manifests`].
pub fn read_manifests_of(
    path: &Path,
    limits: &Limits,
    wanted: &dyn Fn(&Path) -> bool,
) -> Result<Vec<Manifest>, SourceError> {
    let mut manifests = Vec::new();
    let mut total = 0_u64;
    let budget =
        Budget { bytes: usize::try_from(limits.file_bytes).unwrap_or(usize::MAX), ..Budget::default() };
    for file in files(path, limits)?.into_iter().filter(|file| wanted(file)) {
        let bytes = read_bytes(&file, limits.file_bytes)?;
        total = total.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        if total > limits.total_bytes {
            let why = format!("its files have more than {} bytes together", limits.total_bytes);
            return Err(SourceError::new(path, Wrong::TooLarge, "cannot read the manifests", why, NARROWER));
        }
        manifests.extend(parse(&bytes, Some(&file.display().to_string()), &budget)?);
    }
    Ok(manifests)
}

/// The files with a given extension that are no manifests, in a folder and below, with their texts; `path` itself where it is such
/// a file.
///
/// # Errors
/// A file that cannot be read; more of other files than are listed.
pub fn read_others(
    path: &Path,
    extension: &str,
    limits: &Limits,
) -> Result<Vec<(PathBuf, String)>, SourceError> {
    let is_one = |file: &Path| file.extension().is_some_and(|own| own == extension);
    if !path.is_dir() {
        return if is_one(path) { Ok(vec![(path.to_owned(), read_text(path)?)]) } else { Ok(Vec::new()) };
    }
    let listing = listing(path, limits)?;
    if listing.others_left_out > 0 {
        let why = format!("it has more than {MOST_OTHERS} files that are no manifests");
        return Err(SourceError::new(path, Wrong::TooLarge, WHAT, why, NARROWER));
    }
    let files = listing.others.into_iter().filter(|file| is_one(file));
    files.map(|file| read_text(&file).map(|text| (file, text))).collect()
}

const NARROWER: &str = "name a smaller folder, or single files";
const WHAT: &str = "cannot read the folder";

/// The manifest files that [`read_manifests`] reads: `path` itself where it is no folder, whatever its name.
///
/// # Errors
/// As [`read_manifests`], without reading the files.
pub fn files(path: &Path, limits: &Limits) -> Result<Vec<PathBuf>, SourceError> {
    let listing = listing(path, limits)?;
    match listing.unread.into_iter().next() {
        Some((_, error)) => Err(error),
        None => Ok(listing.manifests),
    }
}

/// What a folder and those below it hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing {
    /// The files that [`read_manifests`] reads.
    pub manifests: Vec<PathBuf>,
    /// Files of other names, hidden ones left out; the first thousand of them.
    pub others: Vec<PathBuf>,
    /// How many more of these there are.
    pub others_left_out: usize,
    /// Folders and links below that cannot be read, with the reason.
    pub unread: Vec<(PathBuf, SourceError)>,
}

/// Other files that are named by [`listing`].
const MOST_OTHERS: usize = 1_000;

/// [`files`], and those that it passes over. A folder or link below that cannot be read is a part of the answer.
///
/// # Errors
/// `path` itself cannot be read; more files or levels than the limits allow.
pub fn listing(path: &Path, limits: &Limits) -> Result<Listing, SourceError> {
    let metadata =
        fs::metadata(path).map_err(|error| SourceError::io(path, "cannot read the manifests", &error))?;
    if !metadata.is_dir() {
        return Ok(Listing { manifests: vec![path.to_owned()], ..Listing::default() });
    }
    let root = fs::canonicalize(path).map_err(|error| SourceError::io(path, WHAT, &error))?;
    let seen = BTreeSet::from([root.clone()]);
    let mut walk = Walk { root: &root, limits, seen, found: Listing::default() };
    walk.folder(path, 1)?;
    Ok(walk.found)
}

struct Walk<'a> {
    root: &'a Path,
    limits: &'a Limits,
    /// Real paths that were visited, so that a link is followed once and a circle ends.
    seen: BTreeSet<PathBuf>,
    found: Listing,
}

impl Walk<'_> {
    fn folder(&mut self, folder: &Path, depth: usize) -> Result<(), SourceError> {
        if depth > self.limits.depth {
            let why = format!("it lies deeper than {} levels", self.limits.depth);
            return Err(SourceError::new(folder, Wrong::TooLarge, WHAT, why, NARROWER));
        }
        let mut entries = fs::read_dir(folder)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| SourceError::io(folder, WHAT, &error))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if name.starts_with('.') && !self.limits.hidden.contains(&name.as_ref()) {
                continue;
            }
            let path = entry.path();
            match self.entry(&path, depth) {
                Err(error) if error.wrong() == Wrong::TooLarge => return Err(error),
                Err(error) => self.found.unread.push((path, error)),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &Path, depth: usize) -> Result<(), SourceError> {
        let named_so = is_manifest_name(path);
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            // A dangling link to something that is no manifest is nobody's business.
            Err(_) if !named_so => return Ok(()),
            Err(error) => return Err(SourceError::io(path, "cannot read the manifest", &error)),
        };
        let is_manifest = named_so && metadata.is_file();
        if !is_manifest && !metadata.is_dir() {
            if self.found.others.len() < MOST_OTHERS {
                self.found.others.push(path.to_owned());
            } else {
                self.found.others_left_out += 1;
            }
            return Ok(());
        }
        let real = fs::canonicalize(path).map_err(|error| SourceError::io(path, WHAT, &error))?;
        if !real.starts_with(self.root) {
            return Err(SourceError::new(
                path,
                Wrong::Outside,
                "will not follow the link",
                format!("it leads out of the folder, to {}", real.display()),
                "copy the file into the folder, or remove the link",
            ));
        }
        if !self.seen.insert(real) {
            return Ok(());
        }
        if metadata.is_dir() {
            return self.folder(path, depth + 1);
        }
        self.found.manifests.push(path.to_owned());
        if self.found.manifests.len() > self.limits.files {
            let why = format!("it has more than {} manifest files", self.limits.files);
            return Err(SourceError::new(self.root, Wrong::TooLarge, WHAT, why, NARROWER));
        }
        Ok(())
    }
}

fn is_manifest_name(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    extension
        .is_some_and(|extension| matches!(extension.to_ascii_lowercase().as_str(), "yaml" | "yml" | "json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: NAME}\n";

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        folder
    }

    fn pod(name: &str) -> String {
        POD.replace("NAME", name)
    }

    fn names(path: &Path) -> Vec<String> {
        let manifests = read_manifests(path).unwrap_or_else(|error| panic!("{error}"));
        manifests.iter().map(|manifest| manifest.key().name).collect()
    }

    #[test]
    fn a_folder_is_read_in_the_order_of_its_paths() {
        let folder = folder(&[
            ("b.yml", &pod("b")),
            ("a/z.json", r#"{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "az"}}"#),
            ("c.YAML", &pod("c")),
            ("README.md", "no: manifest"),
            (".git/x.yaml", "not read"),
            (".hidden.yaml", "not read"),
        ]);
        assert_eq!(names(folder.path()), ["az", "b", "c"]);
        let manifests = read_manifests(folder.path()).unwrap();
        assert!(manifests[1].file.as_deref().unwrap().ends_with("b.yml"));
    }

    #[test]
    fn what_is_passed_over_is_listed_beside() {
        let folder = folder(&[("a.yaml", ""), ("README.md", ""), ("x/Makefile", ""), (".git/config", "")]);
        let listing = listing(folder.path(), &Limits::default()).unwrap();
        let below = |paths: &[PathBuf]| -> Vec<PathBuf> {
            paths.iter().map(|path| path.strip_prefix(folder.path()).unwrap().to_owned()).collect()
        };
        assert_eq!(below(&listing.manifests), [Path::new("a.yaml")]);
        assert_eq!(below(&listing.others), [Path::new("README.md"), Path::new("x/Makefile")]);
        assert_eq!(listing.others_left_out, 0);
    }

    #[test]
    fn a_named_file_needs_no_suffix() {
        let folder = folder(&[("manifest.txt", &pod("a"))]);
        assert_eq!(names(&folder.path().join("manifest.txt")), ["a"]);
    }

    #[test]
    fn errors_name_the_file_and_what_to_do() {
        let folder = folder(&[("a.yaml", "kind: Pod\nkind: Pod\n")]);
        let error = read_manifests(folder.path()).unwrap_err().to_string();
        assert!(error.contains("a.yaml:2:1: the key `kind` stands twice"), "{error}");
        let error = read_manifests(&folder.path().join("absent")).unwrap_err();
        assert_eq!(error.wrong(), Wrong::NotFound);
        assert!(
            error.to_string().contains("absent") && error.to_string().contains("check the path"),
            "{error}"
        );
        assert!(read_text(folder.path()).is_err());
        fs::write(folder.path().join("latin"), b"caf\xe9").unwrap();
        let error = read_text(&folder.path().join("latin")).unwrap_err().to_string();
        assert!(error.contains("byte 3 is not UTF-8"), "{error}");
    }

    #[test]
    fn limits_are_errors() {
        let folder = folder(&[("a.yaml", &pod("a")), ("b.yaml", &pod("b")), ("x/y/c.yaml", &pod("c"))]);
        let size = u64::try_from(pod("a").len()).unwrap();
        for limits in [
            Limits { files: 2, ..Limits::default() },
            Limits { file_bytes: size - 1, ..Limits::default() },
            Limits { total_bytes: 3 * size - 1, ..Limits::default() },
            Limits { depth: 2, ..Limits::default() },
        ] {
            let error = read_manifests_within(folder.path(), &limits).unwrap_err();
            assert_eq!(error.wrong(), Wrong::TooLarge, "{limits:?}: {error}");
        }
        let exact = Limits { files: 3, file_bytes: size, total_bytes: 3 * size, depth: 3, hidden: &[] };
        assert_eq!(read_manifests_within(folder.path(), &exact).unwrap().len(), 3);
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_inside_only() {
        use std::os::unix::fs::symlink;
        let outside = folder(&[("secret.yaml", &pod("outside")), ("sub/x.yaml", &pod("outside"))]);
        // As a volume of a ConfigMap looks: visible links into a hidden folder.
        let inside = folder(&[("..data/policy.yaml", &pod("policy"))]);
        symlink("..data/policy.yaml", inside.path().join("policy.yaml")).unwrap();
        symlink("policy.yaml", inside.path().join("same.yaml")).unwrap();
        symlink(".", inside.path().join("circle")).unwrap();
        symlink("/nowhere", inside.path().join("dangling")).unwrap();
        assert_eq!(names(inside.path()), ["policy"]);

        let link = inside.path().join("link.yaml");
        symlink(outside.path().join("secret.yaml"), &link).unwrap();
        let error = read_manifests(inside.path()).unwrap_err();
        assert_eq!(error.wrong(), Wrong::Outside);
        assert!(error.to_string().contains("link.yaml"), "{error}");
        fs::remove_file(&link).unwrap();
        symlink(outside.path().join("sub"), &link).unwrap();
        assert_eq!(read_manifests(inside.path()).unwrap_err().wrong(), Wrong::Outside);

        let listing = listing(inside.path(), &Limits::default()).unwrap();
        assert_eq!(listing.manifests, [inside.path().join("policy.yaml")], "the others are still there");
        assert_eq!(listing.unread.iter().map(|(path, _)| path).collect::<Vec<_>>(), [&link]);
    }
}
