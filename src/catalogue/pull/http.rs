//! One GET of a large file, from a byte on: streamed, given up the moment a person stops it.
//!
//! The runtime lives on the caller's own thread and runs only while bytes are waited for. Redirects are followed, since
//! hubs hand their files out from other hosts, but never from https to http; the token goes to the first host alone.
//! Proxies are those of the environment, but for this machine itself.

use std::time::Duration;

use reqwest::header::{
    ACCEPT_ENCODING, AUTHORIZATION, CONTENT_RANGE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_RANGE, RANGE,
};
use reqwest::{Client, Response, Url, redirect};
use tokio::runtime::{Builder, Runtime};

use crate::manifest::visible::visible_short;
use crate::model::url::is_loopback;

/// How often a person's stop is looked for.
const LOOK: Duration = Duration::from_millis(40);
/// Until there is a connection, and between two pieces of a file.
const CONNECT: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(60);
const REDIRECTS: usize = 10;
/// Of a server's words in a message of ours: bytes that are read, characters that are shown.
const WORDS: usize = 64 << 10;
const SHOWN: usize = 200;

/// What is about to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Offset of the first byte in the file.
    pub start: u64,
    /// Bytes of the whole file, where the server says so.
    pub total: Option<u64>,
    /// The strong validator of this content.
    pub etag: Option<String>,
}

/// Who takes what comes.
pub(super) trait Sink {
    /// Why it takes no more.
    type Error;
    /// Before the first byte.
    fn head(&mut self, head: &Head) -> Result<(), Self::Error>;
    /// A piece, in order.
    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;
}

/// Why it did not come whole.
#[derive(Debug)]
pub(super) enum Failure<E> {
    /// The person stopped it.
    Stopped,
    /// There was no answer.
    Unreachable(String),
    /// The server says no: its status and words.
    Refused(u16, String),
    /// What was asked for from that byte on cannot be had.
    Range,
    /// It ended before the file did.
    Cut(String),
    /// Who takes it wants no more.
    Sink(E),
}

/// One file at one address.
pub(super) struct Remote {
    client: Client,
    /// Absent only while it is dropped.
    runtime: Option<Runtime>,
    url: Url,
    token: Option<HeaderValue>,
}

impl Remote {
    /// Prepares everything; nothing is sent yet.
    ///
    /// # Errors
    /// The system has no network or certificates.
    pub(super) fn new(url: Url, token: Option<HeaderValue>) -> Result<Self, String> {
        // Whoever was first has chosen; the others use the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("kubectl-copilot/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .redirect(redirect::Policy::custom(|attempt| {
                let was_secure = attempt.previous().last().is_some_and(|url| url.scheme() == "https");
                if was_secure && attempt.url().scheme() != "https" {
                    attempt.error("it redirects from https to http")
                } else if attempt.previous().len() > REDIRECTS {
                    attempt.error("it redirects without end")
                } else {
                    attempt.follow()
                }
            }));
        if is_loopback(&url) {
            client = client.no_proxy();
        }
        let client = client.build().map_err(|error| deepest(&error))?;
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        Ok(Self { client, runtime: Some(runtime), url, token })
    }

    /// Whether a token is sent.
    pub(super) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// Asks for the file from byte `from` on; with `etag` only where it is still that content, else all of it.
    pub(super) fn fetch<S: Sink>(
        &self,
        from: u64,
        etag: Option<&str>,
        sink: &mut S,
        stopped: &dyn Fn() -> bool,
    ) -> Result<(), Failure<S::Error>> {
        let Some(runtime) = &self.runtime else { return Err(Failure::Stopped) };
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = until(stopped) => Err(Failure::Stopped),
                result = self.stream(from, etag, sink) => result,
            }
        })
    }

    async fn stream<S: Sink>(
        &self,
        from: u64,
        etag: Option<&str>,
        sink: &mut S,
    ) -> Result<(), Failure<S::Error>> {
        // Bytes are counted and resumed: no compression on the way.
        let mut request = self.client.get(self.url.clone()).header(ACCEPT_ENCODING, "identity");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, token.clone());
        }
        if from > 0 {
            request = request.header(RANGE, format!("bytes={from}-"));
            if let Some(etag) = etag {
                request = request.header(IF_RANGE, etag);
            }
        }
        let mut response = request.send().await.map_err(|error| {
            let late = format!("there was no answer within {} s", CONNECT.as_secs());
            Failure::Unreachable(if error.is_timeout() {
                late
            } else {
                visible_short(&deepest(&error), SHOWN)
            })
        })?;
        let head = match response.status().as_u16() {
            200 => Head { start: 0, total: response.content_length(), etag: strong(response.headers()) },
            206 => ranged(response.headers()).filter(|head| head.start == from).ok_or(Failure::Range)?,
            416 => return Err(Failure::Range),
            status => return Err(Failure::Refused(status, words(response).await)),
        };
        sink.head(&head).map_err(Failure::Sink)?;
        loop {
            match response.chunk().await {
                Ok(Some(bytes)) => sink.bytes(&bytes).map_err(Failure::Sink)?,
                Ok(None) => return Ok(()),
                Err(error) if error.is_timeout() => {
                    return Err(Failure::Cut(format!("nothing came for {} s", SILENCE.as_secs())));
                }
                Err(error) => return Err(Failure::Cut(visible_short(&deepest(&error), SHOWN))),
            }
        }
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // A name that is still looked up must not keep the program alive.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Ends when a person stops the work.
async fn until(stopped: &dyn Fn() -> bool) {
    while !stopped() {
        tokio::time::sleep(LOOK).await;
    }
}

fn header(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// Weak validators do not promise the same bytes.
fn strong(headers: &HeaderMap) -> Option<String> {
    header(headers, ETAG).filter(|etag| etag.starts_with('"')).map(str::to_owned)
}

/// `Content-Range: bytes 5-9/10`.
fn ranged(headers: &HeaderMap) -> Option<Head> {
    let (range, total) = header(headers, CONTENT_RANGE)?.strip_prefix("bytes ")?.split_once('/')?;
    let start = range.split_once('-')?.0.trim().parse().ok()?;
    Some(Head { start, total: total.trim().parse().ok(), etag: strong(headers) })
}

/// What a server says beside its status: plain text in a few words, and no page.
async fn words(mut response: Response) -> String {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes);
        if body.len() > WORDS {
            break;
        }
    }
    let text = String::from_utf8_lossy(&body);
    let value: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let said = value.get("error").and_then(serde_json::Value::as_str).unwrap_or(text.trim());
    if said.starts_with('<') { String::new() } else { visible_short(said, SHOWN) }
}

/// The innermost cause: what is around it says only that a request failed.
fn deepest(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn a_range_says_where_it_begins() {
        let head = ranged(&headers(&[(CONTENT_RANGE, "bytes 5-9/10"), (ETAG, "\"v1\"")])).unwrap();
        assert_eq!(head, Head { start: 5, total: Some(10), etag: Some("\"v1\"".to_owned()) });
        assert_eq!(ranged(&headers(&[(CONTENT_RANGE, "bytes 5-9/*")])).unwrap().total, None);
        for bad in ["bytes */10", "5-9/10", "bytes x-9/10", ""] {
            assert_eq!(ranged(&headers(&[(CONTENT_RANGE, bad)])), None, "{bad}");
        }
    }

    #[test]
    fn a_weak_validator_is_none() {
        assert_eq!(strong(&headers(&[(ETAG, "W/\"v1\"")])), None);
        assert_eq!(strong(&headers(&[(ETAG, "\"v1\"")])).as_deref(), Some("\"v1\""));
    }
}
