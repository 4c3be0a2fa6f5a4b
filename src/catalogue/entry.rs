//! The catalogue that is compiled in: `models/catalogue.yaml`, which says what each key means.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

const TEXT: &str = include_str!("../../models/catalogue.yaml");

/// Where Hugging Face is, unless a mirror of it is named.
const HUB: &str = "https://huggingface.co";

/// Everything that is recommended.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Catalogue {
    /// Of the file's form.
    pub version: u32,
    /// The model that is compiled into the program.
    pub embedded: Embedded,
    /// The others, smallest of a family first.
    pub models: Vec<Entry>,
}

/// The model that is compiled into the program.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Embedded {
    /// For people.
    pub title: String,
    /// What it scored.
    pub scores: Scores,
}

/// One model.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Entry {
    /// What a person types, e.g. `qwen2.5-coder-0.5b`; the installed file's stem.
    pub id: String,
    /// As the publisher calls it.
    pub title: String,
    /// E.g. `Qwen2.5-Coder`.
    pub family: String,
    /// As the publisher says, e.g. `1.5B`.
    pub parameters: String,
    /// E.g. `Q4_K_M`.
    pub quantisation: String,
    /// Under what terms.
    pub licence: Licence,
    /// Where the file is.
    pub upstream: Upstream,
    /// Of the file.
    pub bytes: u64,
    /// Of the file, in hexadecimal; absent where nobody could be asked.
    pub sha256: Option<String>,
    /// Where the hash was seen; there with `sha256`.
    pub hash: Option<HashOrigin>,
    /// What its memory is computed from.
    pub shape: Shape,
    /// Whether it was run with this program.
    pub run: bool,
    /// What it scored; there where it was run.
    pub scores: Option<Scores>,
}

/// Terms of use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// SPDX where there is one.
    pub name: String,
    /// Its text.
    pub url: String,
    /// What a person should know before using it at work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A file in a repository of Hugging Face.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// `OWNER/NAME`.
    pub repository: String,
    /// The commit; what is behind it never changes.
    pub revision: String,
    /// Path in the repository.
    pub file: String,
    /// By whom and from what, where it is not the publisher's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub converted: Option<String>,
    /// Whether it asks for consent and an access token.
    #[serde(default)]
    pub gated: bool,
}

/// Where a hash was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum HashOrigin {
    /// The file that was run here has it.
    Run,
    /// It is published; the file was not fetched here.
    Published,
}

/// What the key-value cache is computed from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shape {
    /// Layers.
    pub layers: u64,
    /// Key-value heads of each.
    pub key_value_heads: u64,
    /// Numbers of each.
    pub head_size: u64,
    /// Tokens of the vocabulary.
    pub vocabulary: u64,
}

/// What a model scored over `tests/requests`. Pairs are `[count, of]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scores {
    /// `YYYY-MM-DD`.
    pub date: String,
    /// Requests that were to be drafted, and were drafted right.
    pub drafts_right: [u32; 2],
    /// Chinese rows with the right outcome.
    pub chinese_right: [u32; 2],
    /// Requests that must not be drafted, and were not.
    pub declined_right: [u32; 2],
    /// Drafts that were wrong, of all rows.
    pub drafted_wrong: [u32; 2],
}

impl Catalogue {
    /// The one that is compiled in; a test holds that it parses. Empty where it should not.
    pub fn builtin() -> &'static Self {
        static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
        CATALOGUE.get_or_init(|| Self::parse(TEXT).unwrap_or_else(|_| Self::empty()))
    }

    /// Reads the form of `models/catalogue.yaml`.
    ///
    /// # Errors
    /// What does not parse, or does not go together.
    pub fn parse(text: &str) -> Result<Self, String> {
        let catalogue: Self = serde_saphyr::from_str(text).map_err(|error| error.to_string())?;
        for entry in &catalogue.models {
            entry.check().map_err(|why| format!("{}: {why}", entry.id))?;
        }
        Ok(catalogue)
    }

    /// The entry whose file has this size, in bytes.
    pub fn of_size(&self, bytes: u64) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.bytes == bytes)
    }

    /// The entry of that id, whatever the case.
    pub fn get(&self, id: &str) -> Option<&Entry> {
        self.models.iter().find(|entry| entry.id.eq_ignore_ascii_case(id))
    }

    fn empty() -> Self {
        let none = [0, 0];
        let scores = Scores {
            date: String::new(),
            drafts_right: none,
            chinese_right: none,
            declined_right: none,
            drafted_wrong: none,
        };
        Self { version: 1, embedded: Embedded { title: String::new(), scores }, models: Vec::new() }
    }
}

impl Entry {
    /// Where its file is, at Hugging Face or at a mirror that is built like it (`HF_ENDPOINT`).
    pub fn url(&self, endpoint: Option<&str>) -> String {
        let Upstream { repository, revision, file, .. } = &self.upstream;
        let hub = endpoint.unwrap_or(HUB).trim_end_matches('/');
        format!("{hub}/{repository}/resolve/{revision}/{file}")
    }

    /// The page of its repository.
    pub fn page(&self) -> String {
        format!("{HUB}/{}", self.upstream.repository)
    }

    fn check(&self) -> Result<(), String> {
        let is_hash =
            |text: &String| text.len() == 64 && text.bytes().all(|b| b"0123456789abcdef".contains(&b));
        match (&self.sha256, self.hash) {
            (Some(hash), _) if !is_hash(hash) => Err(format!("'{hash}' is no SHA-256")),
            (Some(_), None) | (None, Some(_)) => Err("sha256 and hash come together".to_owned()),
            _ if self.run != self.scores.is_some() => {
                Err("what was run has scores, and nothing else".to_owned())
            }
            _ if !crate::catalogue::pull::is_name(&self.id) => Err("the id is no file name".to_owned()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_shipped_catalogue_is_whole() {
        let catalogue = Catalogue::parse(TEXT).unwrap();
        assert_eq!(&catalogue, Catalogue::builtin());
        let ids: BTreeSet<&str> = catalogue.models.iter().map(|entry| entry.id.as_str()).collect();
        assert_eq!(ids.len(), catalogue.models.len(), "an id stands once");
        let families: BTreeSet<&str> = catalogue.models.iter().map(|entry| entry.family.as_str()).collect();
        assert!(families.len() >= 3, "{families:?}");
        for entry in &catalogue.models {
            assert_eq!(entry.upstream.revision.len(), 40, "{}: pinned to a commit", entry.id);
            assert!(entry.licence.url.starts_with("https://"), "{}", entry.id);
            assert_eq!(
                catalogue.of_size(entry.bytes).map(|one| &one.id),
                Some(&entry.id),
                "sizes tell files apart"
            );
            assert!(entry.upstream.file.ends_with(".gguf"), "{}", entry.id);
        }
        assert!(catalogue.models.iter().any(|entry| entry.run) && catalogue.models.iter().any(|e| !e.run));
    }

    #[test]
    fn an_entry_that_contradicts_itself_is_refused() {
        for (old, new) in [
            ("run: true", "run: false"),
            ("    hash: run", "    hash: guessed"),
            ("1d9614638d18024d", "not-a-hash"),
            ("id: qwen2.5-coder-0.5b", "id: ../../outside"),
        ] {
            assert!(Catalogue::parse(&TEXT.replacen(old, new, 1)).is_err(), "{new}");
        }
    }

    #[test]
    fn a_mirror_is_built_like_the_hub() {
        let entry = Catalogue::builtin().get("QWEN2.5-coder-0.5b").unwrap();
        let file = "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/ebb2015119c907b064c512bf053e945850b5875f/\
                    qwen2.5-coder-0.5b-instruct-q4_k_m.gguf";
        assert_eq!(entry.url(None), format!("https://huggingface.co/{file}"));
        assert_eq!(entry.url(Some("http://mirror:1/hf/")), format!("http://mirror:1/hf/{file}"));
    }
}
