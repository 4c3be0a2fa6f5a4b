//! Live schemas: the server's own OpenAPI v3 documents, one a group version, kept on disk under their hashes.

use std::path::Path;

use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::runtime::Handle;

use super::error::{ClusterError, Wrong};
use super::transport::{JSON, Transport};
use crate::source;

/// Largest document that is taken from the cache, in bytes.
const LARGEST: u64 = 64 << 20;

/// What the server publishes about one group version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenApiDocument {
    /// `v1`, `apps/v1`.
    pub group_version: String,
    /// The OpenAPI v3 document, JSON.
    pub bytes: Vec<u8>,
}

/// Where a document is had.
struct Place {
    group_version: String,
    url: String,
    /// Name of its file in the cache; absent where the server gives no hash.
    file: Option<String>,
}

pub(super) async fn documents(
    wanted: &[String],
    transport: &Transport,
    cache_dir: Option<&Path>,
    handle: &Handle,
) -> Result<Vec<OpenApiDocument>, ClusterError> {
    let what = "cannot read the schemas of the cluster";
    let index = transport.read("/openapi/v3", JSON, what).await?;
    let folder = cache_dir.map(|folder| folder.join("openapi"));
    let mut found = Vec::new();
    let mut fetches = tokio::task::JoinSet::new();
    for place in wanted.iter().filter_map(|group_version| place(group_version, &index)) {
        if let Some(bytes) = kept(folder.as_deref(), place.file.as_deref()) {
            found.push(OpenApiDocument { group_version: place.group_version, bytes });
            continue;
        }
        let transport = transport.clone();
        fetches.spawn_on(
            async move {
                let what = format!("cannot read the schemas of {}", place.group_version);
                transport.bytes(&place.url, &what).await.map(|bytes| (place, bytes))
            },
            handle,
        );
    }
    while let Some(fetched) = fetches.join_next().await {
        let (place, bytes) = fetched.map_err(|error| {
            ClusterError::new(Wrong::Internal, what, &error.to_string(), "run it again, and please report it")
        })??;
        keep(folder.as_deref(), place.file.as_deref(), &bytes);
        found.push(OpenApiDocument { group_version: place.group_version, bytes });
    }
    found.sort_by(|one, other| one.group_version.cmp(&other.group_version));
    Ok(found)
}

/// The group versions that the server publishes schemas of.
pub(super) async fn group_versions(transport: &Transport) -> Result<Vec<String>, ClusterError> {
    let index = transport.read("/openapi/v3", JSON, "cannot read which kinds the cluster has").await?;
    let paths = index.get("paths").and_then(Value::as_object);
    let named = |path: &String| {
        let version = path.strip_prefix("apis/").or_else(|| path.strip_prefix("api/"))?;
        (path.starts_with("api/") || version.contains('/')).then(|| version.to_owned())
    };
    Ok(paths.into_iter().flat_map(serde_json::Map::keys).filter_map(named).collect())
}

/// Where the index says that a group version is; `None` where it is not served.
fn place(group_version: &str, index: &Value) -> Option<Place> {
    let prefix = if group_version.contains('/') { "apis" } else { "api" };
    let entry = index.get("paths")?.get(format!("{prefix}/{group_version}"))?;
    let url = entry.get("serverRelativeURL")?.as_str()?;
    // The server's own documents only, whatever an index says.
    if !url.starts_with("/openapi/v3/") || url.contains("..") {
        return None;
    }
    let hash = url.split_once("?hash=").map(|(_, hash)| hash).filter(|hash| !hash.is_empty());
    let file = hash.map(|hash| {
        let digest = Sha256::digest(format!("{group_version}\n{hash}"));
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("{name}.json")
    });
    Some(Place { group_version: group_version.to_owned(), url: url.to_owned(), file })
}

/// A document of before. One that cannot be read is fetched again.
fn kept(folder: Option<&Path>, file: Option<&str>) -> Option<Vec<u8>> {
    let bytes = source::read_private(folder?, file?, LARGEST).ok()??;
    serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_ok().then_some(bytes)
}

/// A cache that cannot be written costs time, nothing else.
fn keep(folder: Option<&Path>, file: Option<&str>, bytes: &[u8]) {
    let (Some(folder), Some(file)) = (folder, file) else { return };
    let written =
        source::private_folder(folder).and_then(|()| source::write_private(&folder.join(file), bytes));
    if let Err(error) = written {
        tracing::debug!(%error, "the schemas of the cluster are not kept");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn index(url: &str) -> Value {
        json!({"paths": {"api/v1": {"serverRelativeURL": url}, "apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1?hash=A"}}})
    }

    #[test]
    fn a_file_of_the_cache_has_the_name_of_its_contents() {
        let one = place("v1", &index("/openapi/v3/api/v1?hash=A")).unwrap();
        let other = place("v1", &index("/openapi/v3/api/v1?hash=B")).unwrap();
        let apps = place("apps/v1", &index("")).unwrap();
        assert!(one.file.is_some());
        assert_ne!(one.file, other.file);
        assert_ne!(one.file, apps.file);
        assert_eq!(place("batch/v1", &index("")).map(|place| place.url), None);
    }

    #[test]
    fn an_index_cannot_lead_elsewhere() {
        for url in [
            "https://elsewhere/openapi/v3/api/v1?hash=A",
            "/api/v1/secrets",
            "/openapi/v3/../../api/v1/secrets",
        ] {
            assert!(place("v1", &index(url)).is_none(), "{url}");
        }
        assert_eq!(place("v1", &index("/openapi/v3/api/v1")).and_then(|place| place.file), None);
    }

    #[test]
    fn what_is_kept_is_found_and_what_is_damaged_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = folder.path().join("openapi");
        keep(Some(&cache), Some("a.json"), b"{\"components\": {}}");
        assert_eq!(kept(Some(&cache), Some("a.json")).as_deref(), Some(b"{\"components\": {}}".as_slice()));
        keep(Some(&cache), Some("b.json"), b"{\"components\": ");
        assert_eq!(kept(Some(&cache), Some("b.json")), None);
        assert_eq!(kept(Some(&cache), Some("c.json")), None);
        assert_eq!(kept(None, Some("a.json")), None);
    }
}
