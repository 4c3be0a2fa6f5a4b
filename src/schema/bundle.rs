//! The schemas that are compiled into the binary: one compressed document a minor, read component by component.
//!
//! `tools/bundle-schemas.sh` makes the documents and describes their layout: valid JSON with one entry a line. Opening
//! one decompresses it (about 250 KB) and notes where each component stands; a component is parsed when it is first
//! asked for and then kept.

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use flate2::read::GzDecoder;

use super::error::SchemaError;
use super::kinds::KindInfo;
use super::node::Schema;
use crate::manifest::GroupVersionKind;

/// One bundled minor.
struct Source {
    minor: &'static str,
    bytes: &'static [u8],
    opened: OnceLock<Result<Arc<Bundle>, SchemaError>>,
}

impl Source {
    const fn new(minor: &'static str, bytes: &'static [u8]) -> Self {
        Self { minor, bytes, opened: OnceLock::new() }
    }
}

/// Oldest first.
static SOURCES: [Source; 4] = [
    Source::new("1.34", include_bytes!("../../schemas/kubernetes-1.34.json.gz")),
    Source::new("1.35", include_bytes!("../../schemas/kubernetes-1.35.json.gz")),
    Source::new("1.36", include_bytes!("../../schemas/kubernetes-1.36.json.gz")),
    Source::new("1.37", include_bytes!("../../schemas/kubernetes-1.37.json.gz")),
];

/// The kinds and components of one Kubernetes release.
#[derive(Debug)]
pub(super) struct Bundle {
    /// Full version that the data was made from, e.g. `1.36.3`.
    pub(super) version: String,
    /// The kinds, in the order of their group, version and kind.
    pub(super) kinds: BTreeMap<GroupVersionKind, KindInfo>,
    text: String,
    components: HashMap<String, Component>,
}

/// Where a component stands in the text, and what it became.
#[derive(Debug)]
struct Component {
    range: Range<usize>,
    parsed: OnceLock<Option<Schema>>,
}

/// The bundled minors, oldest first.
pub(super) fn minors() -> Vec<&'static str> {
    SOURCES.iter().map(|source| source.minor).collect()
}

/// The bundle of a minor (`1.36`, `v1.36`, `1.36.3`); the newest for `None`.
pub(super) fn open(minor: Option<&str>) -> Result<Arc<Bundle>, SchemaError> {
    let source = match minor {
        None => SOURCES.last(),
        Some(asked) => {
            let mut parts = asked.trim().trim_start_matches('v').split('.');
            let wanted = [parts.next().unwrap_or_default(), parts.next().unwrap_or_default()].join(".");
            SOURCES.iter().find(|source| source.minor == wanted)
        }
    };
    let Some(source) = source else {
        let asked = minor.unwrap_or_default().to_owned();
        return Err(SchemaError::UnknownMinor { asked, bundled: minors().join(", ") });
    };
    source
        .opened
        .get_or_init(|| {
            Bundle::read(source.bytes)
                .map(Arc::new)
                .map_err(|reason| SchemaError::Damaged { minor: source.minor.to_owned(), reason })
        })
        .clone()
}

impl Bundle {
    /// Decompresses a document and notes where its components stand.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut text = String::new();
        GzDecoder::new(bytes).read_to_string(&mut text).map_err(|error| error.to_string())?;
        let mut version = None;
        let mut kinds = BTreeMap::new();
        let mut components = HashMap::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let entry = line.trim_end_matches(['\n', ',']);
            if let Some(rest) = entry.strip_prefix("{\"kubernetes\":\"") {
                version = rest.split('"').next().map(str::to_owned);
            } else if entry.starts_with('{') {
                let info: KindInfo =
                    serde_json::from_str(entry).map_err(|error| format!("{error} in the entry {entry}"))?;
                kinds.insert(info.gvk.clone(), info);
            } else if let Some((name, _)) = entry.strip_prefix('"').and_then(|rest| rest.split_once("\":")) {
                let range = start + name.len() + 3..start + entry.len();
                components.insert(name.to_owned(), Component { range, parsed: OnceLock::new() });
            }
            start += line.len();
        }
        let version = version.ok_or("it has no version")?;
        Ok(Self { version, kinds, text, components })
    }

    /// A component by name; `None` where there is none or it cannot be parsed.
    pub(super) fn component(&self, name: &str) -> Option<&Schema> {
        let component = self.components.get(name)?;
        component
            .parsed
            .get_or_init(|| serde_json::from_str(self.text.get(component.range.clone())?).ok())
            .as_ref()
    }

    /// `1.36` of `1.36.3`.
    pub(super) fn minor(&self) -> &str {
        self.version.rsplit_once('.').map_or(self.version.as_str(), |(minor, _)| minor)
    }

    /// Names of all components.
    #[cfg(test)]
    pub(super) fn component_names(&self) -> impl Iterator<Item = &str> {
        self.components.keys().map(String::as_str)
    }
}
