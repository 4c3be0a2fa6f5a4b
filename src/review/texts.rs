//! Files and folders become texts, within limits. A file that cannot be read is kept as what went wrong.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::{NotReviewed, ReviewError, kustomize};
use crate::source::{self, Limits, SourceError};

/// One text to review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// The file, as it was named.
    pub name: String,
    /// Its bytes, or why there are none.
    pub bytes: Result<Vec<u8>, SourceError>,
}

/// Everything that is to be reviewed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    /// The texts, in the order in which they were named; within a folder in the order of paths.
    pub texts: Vec<Text>,
    /// Files of the folders that are neither YAML nor JSON by their name.
    pub others: Vec<NotReviewed>,
    /// How many more of these there are.
    pub others_left_out: usize,
}

/// Why a file is passed over that has another suffix; there can be very many of these.
pub const OTHER_NAME: &str = "neither YAML nor JSON by its name";

/// Reads files, and folders with everything below them. Names that begin with a dot are left out; a file that is named
/// twice is read once.
///
/// # Errors
/// A path that is not there or a folder that cannot be read; more than the limits allow. What goes wrong below a folder is
/// a text without bytes.
pub fn read(paths: &[PathBuf], limits: &Limits) -> Result<Texts, ReviewError> {
    let mut read = Texts::default();
    let mut seen = BTreeSet::new();
    let mut total = 0;
    for path in paths {
        let listing = source::listing(path, limits)?;
        // A kustomization may be called so, and names the files that are patches.
        let (kustomizations, others): (Vec<PathBuf>, Vec<PathBuf>) =
            listing.others.into_iter().partition(|other| kustomize::is_one(&other.display().to_string()));
        read.others.extend(others.iter().map(|other| NotReviewed {
            file: other.display().to_string(),
            line: None,
            why: OTHER_NAME.to_owned(),
        }));
        read.others_left_out += listing.others_left_out;
        let unread = listing.unread.into_iter();
        read.texts
            .extend(unread.map(|(path, error)| Text { name: path.display().to_string(), bytes: Err(error) }));
        for file in listing.manifests.into_iter().chain(kustomizations) {
            if !seen.insert(plain(&file)) {
                continue;
            }
            let bytes = source::read_bytes(&file, limits.file_bytes);
            total += bytes.as_ref().map_or(0, Vec::len);
            if u64::try_from(total).unwrap_or(u64::MAX) > limits.total_bytes {
                let most = usize::try_from(limits.total_bytes).unwrap_or(usize::MAX);
                return Err(ReviewError::TooLarge { what: path.display().to_string(), most, unit: "bytes" });
            }
            read.texts.push(Text { name: file.display().to_string(), bytes });
        }
    }
    Ok(read)
}

/// The path without `.`, so that `./a.yaml` is `a.yaml`.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|part| *part != Component::CurDir).collect()
}
