//! A model fetched whole, or nothing: `NAME.gguf.part` until size, hash and magic are right, `NAME.gguf` then.
//!
//! | file | its one job |
//! |---|---|
//! | `http` | one GET from a byte on |
//! | `arrival` | what comes, into the part: magic, size, room on the disk |
//! | `error` | why not, for people |
//!
//! What arrived stays when the connection ends, and the next pull asks for the rest: with the validator (ETag) of the
//! answer that it came from, so that a file which changed meanwhile begins anew. Where the hash is known beforehand, the
//! rest may come from another mirror too, since the hash decides at the end.

mod arrival;
mod error;
mod http;

use std::path::{Path, PathBuf};

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::installed::{Record, folder};
use super::lookup::path_of;
use crate::manifest::visible::visible_short;
use crate::model::url::{KeySource, is_loopback};
use crate::source::{self, Partial};

use arrival::Arrival;
pub use error::PullError;
use http::{Failure, Remote};

/// How often a download goes on by itself after it was cut off, as long as something came in between.
const AGAIN: usize = 5;
/// The longest name of a model.
const LONGEST_NAME: usize = 120;

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// `http://` or `https://`.
    Url(String),
    /// A file of this machine.
    File(PathBuf),
}

/// What has to be true of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trust {
    /// Their SHA-256, 64 lower-case hexadecimal digits.
    Sha256(String),
    /// Nothing: the person said in so many words to take what comes.
    Anything,
}

/// What to fetch.
#[derive(Debug, Clone)]
pub struct Order {
    /// See [`is_name`].
    pub name: String,
    /// Where from.
    pub origin: Origin,
    /// What has to be true of it.
    pub trust: Trust,
    /// Its size, where it is known beforehand.
    pub bytes: Option<u64>,
    /// The access token, and the address that it is for: it is sent nowhere else, and never unencrypted over a network.
    pub token: (KeySource, String),
    /// Where consent is given, for a message.
    pub page: Option<String>,
}

/// What is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The file.
    pub path: PathBuf,
    /// What is known of it.
    pub record: Record,
    /// It was there before, with this very content.
    pub was_there: bool,
    /// Bytes of it that an earlier call had left.
    pub resumed: u64,
}

/// Who wants to see how it goes.
pub trait Progress {
    /// Something that a person should know, in a line.
    fn say(&mut self, line: &str);
    /// How much is there, and how much there will be.
    fn at(&mut self, done: u64, total: Option<u64>);
}

/// Beside a part: what it is a part of.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Note {
    from: String,
    etag: Option<String>,
}

/// Whether a model can have this name: it becomes a file's.
pub fn is_name(text: &str) -> bool {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    let rest = text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    first && rest && text.len() <= LONGEST_NAME
}

/// A text that is a SHA-256, in lower case.
pub fn parse_sha256(text: &str) -> Option<String> {
    let text = text.trim().trim_start_matches("sha256:").to_ascii_lowercase();
    (text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit())).then_some(text)
}

/// `491.4 MB`, in millions of bytes, as download pages have it.
pub fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// Fetches a model into the cache's models folder.
///
/// # Errors
/// Any [`PullError`]; then there is no file of that name that was not there before.
pub fn pull(
    order: &Order,
    cache: &Path,
    progress: &mut dyn Progress,
    stopped: &dyn Fn() -> bool,
) -> Result<Pulled, PullError> {
    let folder = folder(cache);
    let file = format!("{}.gguf", order.name);
    // `make models` puts files of the catalogue under their publisher's names.
    let path = path_of(&order.name, cache).unwrap_or_else(|| folder.join(&file));
    let from = shown_origin(&order.origin);
    if path.exists() {
        return there_already(order, path, from);
    }
    let Some(partial) = Partial::open(&folder, &file)? else {
        return Err(PullError::Busy { name: order.name.clone() });
    };
    let mut arrival = Arrival::new(order, &folder, partial, from.clone(), progress);
    let resumed = match &order.origin {
        Origin::File(source) => arrival.copy(source, stopped).map(|()| 0),
        Origin::Url(url) => download(order, url, &mut arrival, stopped),
    };
    let resumed = match resumed {
        Ok(resumed) => resumed,
        Err(error) => return Err(arrival.ended(error)),
    };
    let (path, bytes, sha256) = arrival.finish()?;
    let verified = matches!(order.trust, Trust::Sha256(_));
    let record = Record { from, sha256, bytes, verified };
    let text = format!("{:#}\n", serde_json::to_value(&record).unwrap_or_default());
    source::write_atomic(&folder, Path::new(&format!("{}.json", order.name)), text.as_bytes(), 0o644)?;
    Ok(Pulled { path, record, was_there: false, resumed })
}

/// A file of that name is as good as a download where it has the hash.
fn there_already(order: &Order, path: PathBuf, from: String) -> Result<Pulled, PullError> {
    if let Trust::Sha256(expected) = &order.trust {
        let (bytes, sha256) = source::sha256(&path)?;
        if sha256 == *expected {
            let record = Record { from, sha256, bytes, verified: true };
            return Ok(Pulled { path, record, was_there: true, resumed: 0 });
        }
    }
    Err(PullError::Exists { path: path.display().to_string() })
}

/// Asks until all is there, or nothing more comes. Gives the bytes that were there before.
fn download(
    order: &Order,
    url: &str,
    arrival: &mut Arrival<'_>,
    stopped: &dyn Fn() -> bool,
) -> Result<u64, PullError> {
    let url = address(url)?;
    let from = shown_url(&url);
    let remote = Remote::new(url.clone(), token(order, &url)?).map_err(|reason| PullError::Unreachable {
        name: order.name.clone(),
        server: from.clone(),
        reason,
    })?;
    let resumed = arrival.resume()?;
    let (mut again, mut refused_range) = (0, false);
    while !arrival.is_whole() {
        let (before, etag) = (arrival.length(), arrival.etag());
        let failure = match remote.fetch(before, etag.as_deref(), arrival, stopped) {
            Ok(()) => match arrival.missing() {
                None => break,
                Some(missing) => {
                    Failure::Cut(format!("the server ended it {} before its end", megabytes(missing)))
                }
            },
            Err(failure) => failure,
        };
        let unreachable =
            |reason| PullError::Unreachable { name: order.name.clone(), server: from.clone(), reason };
        match failure {
            Failure::Stopped => return Err(arrival.stopped()),
            Failure::Sink(error) => return Err(error),
            Failure::Range if !refused_range => {
                refused_range = true;
                arrival.restart("the server does not have the rest of what was kept; it begins anew")?;
            }
            Failure::Range => {
                return Err(unreachable("it does not send the part that was asked for".to_owned()));
            }
            Failure::Refused(status, words) => {
                let (url, page, with_token) = (from.clone(), order.page.clone(), remote.has_token());
                return Err(PullError::Refused { url, status, words, page, with_token });
            }
            Failure::Cut(reason) if arrival.length() > before && again < AGAIN => {
                again += 1;
                arrival.say(&format!("cut off at {} ({reason}); going on", megabytes(arrival.length())));
            }
            Failure::Cut(reason) | Failure::Unreachable(reason) if arrival.length() > 0 => {
                return Err(arrival.cut_off(reason));
            }
            Failure::Cut(reason) | Failure::Unreachable(reason) => return Err(unreachable(reason)),
        }
    }
    Ok(resumed)
}

/// An address that can be asked, without a password in it.
fn address(text: &str) -> Result<Url, PullError> {
    // What cannot be taken apart may hold a password in any place.
    let shown = if text.contains('@') { "…".to_owned() } else { visible_short(text, 200) };
    let failed = |why: String| PullError::Address { url: shown.clone(), why };
    let url = Url::parse(text).map_err(|error| failed(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(failed("it is no http(s) address".to_owned()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(failed(
            "it holds a user or password, which would stay in the shell's history".to_owned(),
        ));
    }
    Ok(url)
}

/// The token, where this is the address that it is for and nobody on the way can read it.
fn token(order: &Order, url: &Url) -> Result<Option<reqwest::header::HeaderValue>, PullError> {
    let (key, hub) = &order.token;
    let is_hub = Url::parse(hub).is_ok_and(|hub| hub.origin() == url.origin());
    if !is_hub || (url.scheme() != "https" && !is_loopback(url)) {
        return Ok(None);
    }
    let key = key.read().map_err(PullError::Token)?;
    key.map(|key| key.header().map_err(PullError::Token)).transpose()
}

/// Without what stands behind `?`: of a signed address that is a secret.
fn shown_url(url: &Url) -> String {
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    url.to_string()
}

fn shown_origin(origin: &Origin) -> String {
    match origin {
        Origin::Url(text) => address(text).map_or_else(|_| "an address".to_owned(), |url| shown_url(&url)),
        Origin::File(path) => path.display().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::url::ApiKey;

    #[test]
    fn a_name_is_a_file_of_the_folder_and_no_more() {
        assert!(is_name("qwen2.5-coder-0.5b") && is_name("a") && is_name("X_1"));
        let long = "x".repeat(LONGEST_NAME + 1);
        for bad in ["", ".", "..", ".x", "a/b", "a\\b", "-x", "a b", "ü", long.as_str()] {
            assert!(!is_name(bad), "{bad}");
        }
    }

    #[test]
    fn a_hash_is_read_as_pages_print_it() {
        let hash = "AB".repeat(32);
        assert_eq!(parse_sha256(&format!(" sha256:{hash}\n")), Some("ab".repeat(32)));
        assert_eq!(parse_sha256(&hash[1..]), None);
        assert_eq!(parse_sha256(&"xy".repeat(32)), None);
    }

    #[test]
    fn a_password_in_an_address_is_refused_and_not_repeated() {
        for text in ["https://me:hunter2@h/x.gguf", "https://hunter2@h/x", "http://me:hunter2@:x"] {
            let error = address(text).unwrap_err();
            assert!(!format!("{error} {}", error.hint()).contains("hunter2"), "{text}: {error}");
        }
        assert!(address("ftp://h/x").is_err() && address("h/x.gguf").is_err());
        assert_eq!(shown_url(&address("https://h/x.gguf?sig=secret#f").unwrap()), "https://h/x.gguf");
    }

    #[test]
    fn a_token_goes_to_its_own_address_only() {
        let order = Order {
            name: "x".to_owned(),
            origin: Origin::File(PathBuf::new()),
            trust: Trust::Anything,
            bytes: None,
            token: (KeySource::Given(ApiKey::new("hf_canary")), "https://huggingface.co".to_owned()),
            page: None,
        };
        let sent = |order: &Order, url: &str| token(order, &Url::parse(url).unwrap()).unwrap().is_some();
        assert!(sent(&order, "https://huggingface.co/x"));
        assert!(!sent(&order, "https://huggingface.co.evil.example/x"));
        assert!(!sent(&order, "http://huggingface.co/x"));
        assert!(!sent(&order, "https://mirror.example/x"));
        let open =
            Order { token: (order.token.0.clone(), "http://mirror.example".to_owned()), ..order.clone() };
        assert!(!sent(&open, "http://mirror.example/x"), "never unencrypted over a network");
        let here = Order { token: (order.token.0, "http://127.0.0.1:8".to_owned()), ..open };
        assert!(sent(&here, "http://127.0.0.1:8/x"));
    }
}
