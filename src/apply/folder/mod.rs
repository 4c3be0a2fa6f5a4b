//! A folder of manifests as a target: what is there, what would be written, and writing it.

mod assemble;
mod documents;
mod kustomization;
mod layout;
mod plan;
mod scan;
#[cfg(test)]
mod tests;
mod write;

use std::fmt;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;

use self::scan::Scan;
pub(super) use self::scan::bytes as read_bytes;
use crate::apply::error::ApplyError;
use crate::apply::plan::TargetId;
use crate::finding::Finding;

/// A folder of manifests, as it was when it was opened.
pub struct FolderTarget {
    dir: PathBuf,
    id: TargetId,
    scan: Scan,
}

impl fmt::Debug for FolderTarget {
    /// Without the objects: Secrets are among them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FolderTarget").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl FolderTarget {
    /// Reads the folder. It need not exist: it is made when something is written. Hidden entries, Helm charts and
    /// symbolic links are left alone; a file that does not parse is a finding.
    ///
    /// # Errors
    /// A path that is no folder, something that cannot be read, or more than a target may hold.
    pub fn open(dir: &Path) -> Result<Self, ApplyError> {
        let real = resolve(dir)?;
        let Some(text) = real.to_str() else {
            return Err(ApplyError::Read {
                path: dir.display().to_string(),
                reason: "its path is not UTF-8, and a plan names it".into(),
            });
        };
        let id = TargetId::Folder { dir: text.to_owned() };
        let scan = Scan::read(&real)?;
        Ok(Self { dir: real, id, scan })
    }

    /// Which target this is.
    pub fn id(&self) -> &TargetId {
        &self.id
    }

    /// The objects of the folder, Secrets with their values.
    pub fn objects(&self) -> impl Iterator<Item = &Value> {
        self.scan.files.values().flat_map(|file| &file.objects).map(|placed| &placed.object)
    }

    /// What could not be read.
    pub fn findings(&self) -> &[Finding] {
        &self.scan.findings
    }
}

/// The absolute path of a folder without symbolic links, as far as it exists.
///
/// # Errors
/// A path with `..` behind something that does not exist, and what the system says.
pub(super) fn resolve(dir: &Path) -> Result<PathBuf, ApplyError> {
    let fail = |reason: String| ApplyError::Read { path: dir.display().to_string(), reason };
    let path = std::path::absolute(dir).map_err(|error| fail(error.to_string()))?;
    for ancestor in path.ancestors() {
        let real = match ancestor.canonicalize() {
            Ok(real) => real,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                // A link that leads nowhere would be followed once its end exists.
                if ancestor.is_symlink() {
                    return Err(fail(format!(
                        "'{}' is a symbolic link that leads nowhere",
                        ancestor.display()
                    )));
                }
                continue;
            }
            Err(error) => return Err(fail(error.to_string())),
        };
        let rest = path.strip_prefix(ancestor).unwrap_or(Path::new(""));
        if rest.components().any(|part| !matches!(part, Component::Normal(_))) {
            return Err(fail("there is '..' behind a folder that does not exist".into()));
        }
        // Joining an empty path would leave a slash at the end.
        return Ok(if rest.as_os_str().is_empty() { real } else { real.join(rest) });
    }
    Err(fail("no part of the path exists".into()))
}
