//! Why there is no schema.

use thiserror::Error;

/// Why a set of schemas could not be made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum SchemaError {
    /// No schemas of this Kubernetes version are in the binary.
    #[error("no schemas of Kubernetes {asked} are bundled; bundled are {bundled}: choose one of these")]
    UnknownMinor {
        /// What was asked for.
        asked: String,
        /// The bundled minors, joined by commas.
        bundled: String,
    },
    /// The compiled-in data cannot be read: the build is broken.
    #[error(
        "the bundled schemas of Kubernetes {minor} cannot be read ({reason}); build again from a clean checkout"
    )]
    Damaged {
        /// Minor, e.g. `1.36`.
        minor: String,
        /// What the reader said.
        reason: String,
    },
    /// A server's OpenAPI document that cannot be used.
    #[error(
        "cannot use the server's schemas of {group_version}: {reason}; the bundled ones can be used instead"
    )]
    OpenApi {
        /// `v1`, `apps/v1`.
        group_version: String,
        /// What is wrong.
        reason: String,
    },
    /// A CustomResourceDefinition that cannot be used.
    #[error("cannot use the CustomResourceDefinition '{name}'{}: {reason}", source_of(file.as_deref()))]
    CustomResource {
        /// `metadata.name` of the definition.
        name: String,
        /// The file it came from.
        file: Option<String>,
        /// What is wrong and what to do.
        reason: String,
    },
}

/// ` (file.yaml)` where a file is known.
fn source_of(file: Option<&str>) -> String {
    file.map(|file| format!(" ({file})")).unwrap_or_default()
}
