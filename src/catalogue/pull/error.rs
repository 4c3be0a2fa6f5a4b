//! Why a model could not be fetched, and what to do about it.

use thiserror::Error;

use super::megabytes;
use crate::source::SourceError;

/// See the module. Nothing of it ever stands under the model's name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PullError {
    /// The person stopped it.
    #[error("the download of '{name}' was stopped at {}", megabytes(*kept))]
    Stopped {
        /// Of the model.
        name: String,
        /// Bytes that stay.
        kept: u64,
    },
    /// Another process is at it.
    #[error("another `model pull` of '{name}' is running")]
    Busy {
        /// Of the model.
        name: String,
    },
    /// Something else has that name.
    #[error("'{path}' is there already, and is not known to be the same")]
    Exists {
        /// The file.
        path: String,
    },
    /// The address is none, or holds what it should not.
    #[error("cannot fetch from '{url}': {why}")]
    Address {
        /// Without credentials.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// The access token cannot be read or sent.
    #[error("cannot use the access token: {0}")]
    Token(String),
    /// There is no answer.
    #[error("cannot fetch '{name}' from '{server}': {reason}")]
    Unreachable {
        /// Of the model.
        name: String,
        /// Its address.
        server: String,
        /// What went wrong.
        reason: String,
    },
    /// The server says no.
    #[error("cannot fetch '{url}': the server answered {status}{}", said(words))]
    Refused {
        /// Without credentials.
        url: String,
        /// HTTP status.
        status: u16,
        /// The server's own words, safe to show; may be empty.
        words: String,
        /// Where consent is given, of a model of the catalogue.
        page: Option<String>,
        /// Whether a token was sent.
        with_token: bool,
    },
    /// The connection ended before the file did.
    #[error("the download of '{name}' was cut off at {}: {reason}", of(*kept, *total))]
    CutOff {
        /// Of the model.
        name: String,
        /// Bytes that stay.
        kept: u64,
        /// Bytes of the file, where the server says so.
        total: Option<u64>,
        /// What went wrong.
        reason: String,
    },
    /// The file has another size than the catalogue says.
    #[error("what lies at '{from}' is not '{name}': it has {got} bytes, and the catalogue says {expected}")]
    WrongSize {
        /// Of the model.
        name: String,
        /// Where it was looked for.
        from: String,
        /// Bytes of the catalogue.
        expected: u64,
        /// Bytes there.
        got: u64,
    },
    /// The file has another hash than it should.
    #[error("what came from '{from}' is not '{name}': its SHA-256 is {got}, and it should be {expected}")]
    WrongHash {
        /// Of the model.
        name: String,
        /// Where it came from.
        from: String,
        /// As it should be.
        expected: String,
        /// As it is.
        got: String,
    },
    /// It is no model file at all.
    #[error("what lies at '{from}' is no GGUF file: it begins with {begin}")]
    NoGguf {
        /// Where it came from.
        from: String,
        /// The first bytes, safe to show.
        begin: String,
    },
    /// The disk has no room for it.
    #[error("'{name}' needs {} more on the disk of '{folder}', and there are {}", megabytes(*needed), megabytes(*free))]
    NoRoom {
        /// Of the model.
        name: String,
        /// The models folder.
        folder: String,
        /// Bytes that are still to come.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// It could not be written on.
    #[error("the download of '{name}' stopped at {}: {error}", megabytes(*kept))]
    Disk {
        /// Of the model.
        name: String,
        /// Bytes that stay.
        kept: u64,
        /// Why.
        error: Box<SourceError>,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Source(#[from] SourceError),
}

impl PullError {
    /// What to do next.
    pub fn hint(&self) -> String {
        const AGAIN: &str = "what arrived is kept; the same command goes on from there";
        const MIRROR: &str = "--from URL|FILE takes it from a mirror or from a file that you have";
        match self {
            Self::Stopped { .. } | Self::CutOff { .. } | Self::Disk { .. } => AGAIN.to_owned(),
            Self::Busy { .. } => "wait for it, or stop it".to_owned(),
            Self::Exists { .. } => {
                "move it away or remove it, or give the new one another name: model pull NAME --from …"
                    .to_owned()
            }
            Self::Address { .. } => "write it as https://HOST/PATH/FILE.gguf".to_owned(),
            Self::Token(_) => {
                "HF_TOKEN holds the token, or HF_TOKEN_PATH names a file with it as its only line".to_owned()
            }
            Self::Unreachable { .. } => format!(
                "check the address and the network (HTTPS_PROXY, HTTP_PROXY and NO_PROXY are respected, SSL_CERT_FILE names \
                 other certificates); {MIRROR}"
            ),
            Self::Refused { status: 401 | 403, page, with_token, .. } => {
                let consent = page.as_ref().map_or_else(
                    || "the file is not for everybody".to_owned(),
                    |page| format!("accept the terms at {page} with your account there"),
                );
                let token = if *with_token {
                    "and check that the token in HF_TOKEN or HF_TOKEN_PATH is one of that account"
                } else {
                    "and put an access token into HF_TOKEN, or into a file that HF_TOKEN_PATH names"
                };
                format!("{consent}, {token}; {MIRROR}")
            }
            Self::Refused { status: 404 | 410, .. } => format!("check the address; {MIRROR}"),
            Self::Refused { status: 429 | 500.., .. } => format!("try again in a while; {MIRROR}"),
            Self::Refused { .. } => MIRROR.to_owned(),
            Self::WrongSize { .. } => format!("nothing was kept of it; {MIRROR}"),
            Self::WrongHash { .. } => {
                format!(
                    "it was removed and never used; fetch it again, and where that does not help: {MIRROR}"
                )
            }
            Self::NoGguf { .. } => {
                "nothing was kept of it; name the GGUF file itself, not the page that links to it".to_owned()
            }
            Self::NoRoom { .. } => {
                "make room, or put the cache on another disk: KUBECTL_COPILOT_CACHE or XDG_CACHE_HOME"
                    .to_owned()
            }
            Self::Source(_) => {
                "the models folder is `models` in the cache: `kubectl copilot doctor` shows where".to_owned()
            }
        }
    }
}

fn said(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(": {words}") }
}

/// `1.2 of 491.4 MB`.
fn of(kept: u64, total: Option<u64>) -> String {
    match total {
        Some(total) => format!("{} of {}", megabytes(kept), megabytes(total)),
        None => megabytes(kept),
    }
}
