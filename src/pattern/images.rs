//! The image catalogue: which image a piece of software is, and what is true of it. The facts stand in
//! `patterns/images.yaml`, each with its source.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::error::PatternError;

const TEXT: &str = include_str!("../../patterns/images.yaml");

/// What is known of one image repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// Stable name, a DNS label.
    pub id: String,
    /// What people read: `PyTorch`.
    pub title: String,
    /// What people call it, lower case, English and Chinese. The first one is the value that a `software` parameter
    /// holds.
    pub software: Vec<String>,
    /// Which pattern takes it when only the software is named.
    #[serde(default)]
    pub purpose: Purpose,
    /// Image repository with its registry, without a tag.
    pub repository: String,
    /// The tag that is taken where no version was said.
    pub tag: String,
    /// The tag of the CUDA build, taken where GPUs are asked for.
    #[serde(default)]
    pub gpu_tag: Option<String>,
    /// How a version that was said becomes a tag: `{version}` is put in. Absent where versions cannot be chosen.
    #[serde(default)]
    pub version_tag: Option<String>,
    /// User id that it runs as under the restricted Pod Security standard.
    pub uid: i64,
    /// Group id that owns its files.
    pub gid: i64,
    /// Port that it listens on.
    #[serde(default)]
    pub port: Option<u16>,
    /// HTTP path that answers when it is well.
    #[serde(default)]
    pub health: Option<String>,
    /// Home folder of its user.
    #[serde(default)]
    pub home: Option<String>,
    /// Folders, besides home and data, that must be writable and are not so for `uid` in the image.
    #[serde(default)]
    pub writable: Vec<String>,
    /// Folder that holds its data.
    #[serde(default)]
    pub data: Option<String>,
    /// Size of the disk that its data is given where nobody says one; absent where data may go with the pod.
    #[serde(default)]
    pub disk: Option<String>,
    /// Users of images whose tag differs.
    #[serde(default)]
    pub variants: Vec<Variant>,
    /// Command that replaces the image's entrypoint, where that is needed.
    #[serde(default)]
    pub command: Vec<String>,
    /// Arguments that it needs.
    #[serde(default)]
    pub args: Vec<String>,
    /// Plain environment variables that it needs.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Environment variables that must hold a secret.
    #[serde(default)]
    pub secret_env: Vec<String>,
    /// Whether it runs as a plain user, without capabilities, as the restricted standard demands.
    pub rootless: bool,
    /// Why not, and what to take instead; what to know otherwise.
    #[serde(default)]
    pub reason: Option<String>,
    /// Where these facts are from.
    pub source: String,
}

/// A family of tags with a user of its own: `postgres:16-alpine`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Variant {
    /// What such a tag holds, e.g. `alpine`.
    pub tag_contains: String,
    /// Its user id.
    pub uid: i64,
    /// Its group id.
    pub gid: i64,
}

/// What an image is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A server or database: the pattern WebService.
    #[default]
    Service,
    /// An interactive notebook: the pattern Notebook.
    Notebook,
    /// Training: the pattern TrainingJob.
    Training,
    /// Serving a language model: the pattern ModelServer.
    Model,
    /// A tool for Jobs and Pods; it serves nothing.
    Tool,
}

/// A piece of software with the image that it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image<'a> {
    /// `repository:tag`.
    pub reference: String,
    /// The same with CUDA, where there is such a build.
    pub gpu_reference: Option<String>,
    /// What is known of it.
    pub entry: &'a Entry,
}

/// All entries.
#[derive(Debug, Default)]
pub struct Catalogue {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    images: Vec<Entry>,
}

impl Catalogue {
    /// The catalogue that is compiled in. A test makes sure that it can be read; could it not be, it would be empty.
    pub fn builtin() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Self::parse(TEXT).unwrap_or_default())
    }

    fn parse(text: &str) -> Result<Self, PatternError> {
        let file: File = serde_saphyr::from_str(text).map_err(|error| PatternError {
            file: Some("patterns/images.yaml".into()),
            ..PatternError::new(format!("the image catalogue cannot be read: {error}"))
        })?;
        Ok(Self { entries: file.images })
    }

    /// All entries, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entry that goes by this name, for this purpose where several do.
    pub fn entry(&self, name: &str, purpose: Option<Purpose>) -> Option<&Entry> {
        let name = name.trim().to_lowercase();
        let mut found = self.entries.iter().filter(|entry| entry.software.contains(&name));
        match purpose {
            None => found.next(),
            Some(purpose) => found.clone().find(|entry| entry.purpose == purpose).or_else(|| found.next()),
        }
    }

    /// The image of a piece of software, by any of its names and, where one was said, its version; `None` where the name
    /// is not known or the version cannot be had. Of several entries with the name the first in the file.
    pub fn by_software(&self, name: &str, version: Option<&str>) -> Option<Image<'_>> {
        self.entry(name, None)?.image(version)
    }

    /// The same, preferring the entry with this purpose: `pytorch` is a notebook image or a training image.
    pub fn by_software_for(&self, name: &str, version: Option<&str>, purpose: Purpose) -> Option<Image<'_>> {
        self.entry(name, Some(purpose))?.image(version)
    }

    /// The image of a piece of software that listens on this port, where there is one: `nginx` on 80 is the official
    /// image.
    pub fn by_software_on_port(&self, name: &str, version: Option<&str>, port: u16) -> Option<Image<'_>> {
        let name = name.trim().to_lowercase();
        let on_port = |entry: &&Entry| entry.software.contains(&name) && entry.port == Some(port);
        self.entries.iter().find(on_port)?.image(version)
    }

    /// What people read for this name.
    pub fn title(&self, name: &str) -> Option<&str> {
        self.entry(name, None).map(|entry| entry.title.as_str())
    }

    /// Every name and alias, in lower case, without doubles.
    pub fn software_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.entries.iter().flat_map(|entry| entry.software.iter().map(String::as_str)).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What is known of an image reference: the tag, a digest and Docker Hub's spellings (`docker.io/library/…`) do not
    /// matter; the registry does.
    pub fn by_reference(&self, reference: &str) -> Option<&Entry> {
        let wanted = repository_of(reference);
        let mut found = self.entries.iter().filter(|entry| repository_of(&entry.repository) == wanted);
        let first = found.clone().next();
        // Variants of one repository (a tag of its own) are told apart by the tag.
        found.find(|entry| reference.ends_with(&format!(":{}", entry.tag))).or(first)
    }
}

impl Entry {
    /// The image of this entry, of a version where one is given; see [`Entry::reference`].
    pub fn image(&self, version: Option<&str>) -> Option<Image<'_>> {
        let gpu_reference = if version.is_none() { self.gpu_reference() } else { None };
        Some(Image { reference: self.reference(version)?, gpu_reference, entry: self })
    }

    /// `repository:tag` for this version, or for none; `None` where versions of it cannot be chosen or the version is
    /// not one.
    pub fn reference(&self, version: Option<&str>) -> Option<String> {
        let tag = match version {
            None => self.tag.clone(),
            Some(version) => {
                let plain = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'-' | b'_');
                if version.is_empty() || version.len() > 64 || !version.bytes().all(plain) {
                    return None;
                }
                self.version_tag.as_ref()?.replace("{version}", version)
            }
        };
        Some(format!("{}:{tag}", self.repository))
    }

    /// User and group id of an image of this repository, by its tag.
    pub fn user(&self, reference: &str) -> (i64, i64) {
        let tag = reference.rsplit_once(':').map_or("", |(_, tag)| tag);
        self.variants
            .iter()
            .find(|variant| tag.contains(&variant.tag_contains))
            .map_or((self.uid, self.gid), |variant| (variant.uid, variant.gid))
    }

    /// `repository:tag` of the CUDA build, where there is one.
    pub fn gpu_reference(&self) -> Option<String> {
        self.gpu_tag.as_ref().map(|tag| format!("{}:{tag}", self.repository))
    }
}

/// An image reference without digest and tag, in Docker Hub's long spelling.
fn repository_of(reference: &str) -> String {
    let name = reference.split('@').next().unwrap_or_default();
    let name = match name.rsplit_once(':') {
        Some((before, tag)) if !tag.contains('/') => before,
        _ => name,
    };
    match name.split_once('/') {
        Some(("docker.io" | "index.docker.io", rest)) => {
            if rest.contains('/') {
                format!("docker.io/{rest}")
            } else {
                format!("docker.io/library/{rest}")
            }
        }
        Some((registry, _)) if registry.contains(['.', ':']) || registry == "localhost" => name.to_owned(),
        Some(_) => format!("docker.io/{name}"),
        None => format!("docker.io/library/{name}"),
    }
}
