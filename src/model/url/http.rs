//! One HTTP request and its answer: bounded in time and size, given up the moment a person stops it, repeated where the
//! server says that it is busy.
//!
//! The runtime lives on the caller's own thread and runs only while an answer is waited for; nothing is spawned.
//! Redirects are not followed, so that neither words nor key go where nobody sent them. Proxies are those of the
//! environment, but for this machine itself.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, redirect};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tokio::time::Instant;

use super::address::ServerAddress;
use super::key::{ApiKey, KeySource};
use crate::manifest::visible::visible_short;
use crate::model::{Cancel, ModelError};

/// How often a person's stop is looked for.
const LOOK: Duration = Duration::from_millis(40);
/// How often a busy server is asked again, and the first wait where it does not say how long.
const AGAIN: u32 = 3;
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// A server's words in a message of ours, in characters.
const MOST_WORDS: usize = 300;

/// What a request may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Until there is a connection.
    pub connect: Duration,
    /// For one request with all its repetitions. A model on a CPU reads the instructions for minutes the first time.
    pub whole: Duration,
    /// Of an answer, in bytes.
    pub largest: usize,
}

impl Default for Limits {
    /// 10 seconds, 5 minutes, 4 MiB.
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), whole: Duration::from_secs(300), largest: 4 << 20 }
    }
}

/// What a server answered, whatever its status.
#[derive(Debug)]
pub(super) struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
    /// Where a redirect leads.
    location: Option<String>,
    /// How long a busy server wants to be left alone.
    wait: Option<Duration>,
}

impl Reply {
    /// What the server says went wrong, in its own words, not yet safe to show.
    pub(super) fn words(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let value: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        let places = ["/error/message", "/error", "/message", "/detail", "/detail/0/msg"];
        let said = places.iter().find_map(|place| value.pointer(place)?.as_str());
        said.unwrap_or(text.trim()).to_owned()
    }
}

/// The way to one server.
pub(super) struct Http {
    client: Client,
    /// Absent only while it is dropped.
    runtime: Option<Runtime>,
    address: ServerAddress,
    key: Option<(ApiKey, HeaderValue)>,
    limits: Limits,
}

impl Http {
    /// Prepares everything; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelError::Server`] for a key that cannot be read or sent, and where the system has no network.
    pub(super) fn new(address: ServerAddress, key: &KeySource, limits: Limits) -> Result<Self, ModelError> {
        let problem = |attempt: &'static str, reason: String, hint: &str| ModelError::Server {
            attempt,
            server: address.server().to_owned(),
            reason,
            hint: hint.to_owned(),
        };
        let bad_key = |reason: String| {
            problem(
                "use the key for",
                reason,
                "KUBECTL_COPILOT_API_KEY holds the key, or KUBECTL_COPILOT_API_KEY_FILE names a file with it as its only line",
            )
        };
        let key = match key.read().map_err(bad_key)? {
            None => None,
            Some(key) => {
                let header = key.header().map_err(bad_key)?;
                Some((key, header))
            }
        };
        // Whoever was first has chosen; the cluster's client uses the same one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("kubectl-copilot/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(limits.connect)
            .redirect(redirect::Policy::none())
            // Nobody looks after a connection while no request runs, and forms come seldom.
            .pool_max_idle_per_host(0);
        if address.is_loopback() {
            client = client.no_proxy();
        }
        let no_network = "check the system's certificates and limits (ulimit), then run it again";
        let client = client.build().map_err(|error| problem("reach", deepest(&error), no_network))?;
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| problem("reach", error.to_string(), no_network))?;
        Ok(Self { client, runtime: Some(runtime), address, key, limits })
    }

    /// Where it is.
    pub(super) fn address(&self) -> &ServerAddress {
        &self.address
    }

    /// Asks for what lies at `path`.
    ///
    /// # Errors
    /// [`ModelError::Server`] where there is no whole answer, [`ModelError::Cancelled`].
    pub(super) fn get(
        &self,
        path: &str,
        attempt: &'static str,
        cancel: &Cancel,
    ) -> Result<Reply, ModelError> {
        self.ask(|| self.client.get(self.address.endpoint(path)), attempt, cancel)
    }

    /// Sends a document to `path`.
    ///
    /// # Errors
    /// As [`Http::get`].
    pub(super) fn post(
        &self,
        path: &str,
        document: &Value,
        attempt: &'static str,
        cancel: &Cancel,
    ) -> Result<Reply, ModelError> {
        let body = document.to_string();
        let build = || {
            let request = self.client.post(self.address.endpoint(path));
            request.header(CONTENT_TYPE, "application/json").body(body.clone())
        };
        self.ask(build, attempt, cancel)
    }

    /// A text of the server, safe and short enough to show.
    pub(super) fn shown(&self, text: &str) -> String {
        visible_short(self.without_key(text).trim(), MOST_WORDS)
    }

    /// A text of the server in which the key, should it be repeated there, is not readable. To be taken before a text is
    /// cut, which would leave the key's beginning.
    pub(super) fn without_key(&self, text: &str) -> String {
        self.key.as_ref().map_or_else(|| text.to_owned(), |(key, _)| key.hide_in(text))
    }

    /// A problem with this server.
    pub(super) fn problem(
        &self,
        attempt: &'static str,
        reason: impl Into<String>,
        hint: impl Into<String>,
    ) -> ModelError {
        let server = self.address.server().to_owned();
        ModelError::Server { attempt, server, reason: reason.into(), hint: hint.into() }
    }

    /// The body of an answer that is none of an error.
    ///
    /// # Errors
    /// [`ModelError::Server`] with the status, the server's own words, and what to do next.
    pub(super) fn accepted(&self, reply: Reply, attempt: &'static str) -> Result<Vec<u8>, ModelError> {
        if (200..300).contains(&reply.status) {
            return Ok(reply.body);
        }
        let name = reqwest::StatusCode::from_u16(reply.status).ok().and_then(|s| s.canonical_reason());
        let mut reason = format!("it answered {}", reply.status);
        if let Some(name) = name {
            reason.push_str(&format!(" {name}"));
        }
        if let Some(location) = &reply.location {
            reason.push_str(&format!(", a redirect to '{}'", self.shown(location)));
        }
        if let Some(wait) = reply.wait {
            reason.push_str(&format!(", and to ask again in {} s", wait.as_secs()));
        }
        let words = self.shown(&reply.words());
        if !words.is_empty() {
            reason.push_str(&format!(": {words}"));
        }
        Err(self.problem(attempt, reason, self.advice(reply.status)))
    }

    fn advice(&self, status: u16) -> &'static str {
        match status {
            300..=399 => {
                "redirects are not followed, so that your words and the key go nowhere else; name that address with --model"
            }
            401 | 403 if self.key.is_some() => {
                "the server does not take this key: check it and what it may do"
            }
            401 | 403 => {
                "put the key into KUBECTL_COPILOT_API_KEY, or into a file that KUBECTL_COPILOT_API_KEY_FILE names"
            }
            404 | 405 => {
                "check the URL (/v1/models and /v1/chat/completions must lie below it) and the model's name (--model URL#NAME)"
            }
            429 | 503 => "the server is busy or still loading its model: try again in a while",
            500.. => "look into the server's own log, then run it again",
            _ => {
                "check the model's name (--model URL#NAME) and that its context holds the request (about 4000 tokens)"
            }
        }
    }

    /// Runs a request to its end, to its limit, or until a person stops it.
    fn ask(
        &self,
        build: impl Fn() -> RequestBuilder,
        attempt: &'static str,
        cancel: &Cancel,
    ) -> Result<Reply, ModelError> {
        let Some(runtime) = &self.runtime else { return Err(ModelError::Cancelled) };
        let late = || {
            let reason = format!("it did not answer within {} s", self.limits.whole.as_secs_f32());
            self.problem(attempt, reason, "check the server's load, or use a smaller model")
        };
        runtime.block_on(async {
            let until = Instant::now() + self.limits.whole;
            let work = self.repeated(build, attempt, until);
            tokio::select! {
                biased;
                () = stopped(cancel) => Err(ModelError::Cancelled),
                reply = tokio::time::timeout_at(until, work) => reply.unwrap_or_else(|_| Err(late())),
            }
        })
    }

    /// Asks again where the server is busy, as long as there is time.
    async fn repeated(
        &self,
        build: impl Fn() -> RequestBuilder,
        attempt: &'static str,
        until: Instant,
    ) -> Result<Reply, ModelError> {
        let mut next = FIRST_WAIT;
        for _ in 0..AGAIN {
            let reply = self.once(build(), attempt).await?;
            let wait = reply.wait.unwrap_or(next);
            if !matches!(reply.status, 429 | 503) || Instant::now() + wait >= until {
                return Ok(reply);
            }
            tokio::time::sleep(wait).await;
            next *= 2;
        }
        self.once(build(), attempt).await
    }

    async fn once(&self, request: RequestBuilder, attempt: &'static str) -> Result<Reply, ModelError> {
        let request = match &self.key {
            Some((_, header)) => request.header(AUTHORIZATION, header.clone()),
            None => request,
        };
        let response = request.send().await.map_err(|error| {
            let hint = match (error.is_timeout(), error.is_connect()) {
                (true, _) => "check the address, the network and a firewall between",
                (_, true) if self.address.server().starts_with("https") => {
                    "check the address, that the server runs and speaks TLS, and that the system trusts its certificate \
                     (SSL_CERT_FILE); proxies are those of the environment"
                }
                (_, true) => {
                    "check the address and that the server runs; proxies are those of the environment"
                }
                _ => "check the server's log, then run it again",
            };
            let late = format!("there was no connection within {} s", self.limits.connect.as_secs_f32());
            let reason = if error.is_timeout() { late } else { self.shown(&deepest(&error)) };
            self.problem(attempt, reason, hint)
        })?;
        let header = |name| response.headers().get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let status = response.status().as_u16();
        let location = header(LOCATION).filter(|_| (300..400).contains(&status)).map(str::to_owned);
        let seconds = header(RETRY_AFTER).and_then(|seconds| seconds.trim().parse().ok());
        let wait = seconds.map(Duration::from_secs);
        let body = self.body(response, attempt).await?;
        Ok(Reply { status, body, location, wait })
    }

    async fn body(&self, mut response: Response, attempt: &'static str) -> Result<Vec<u8>, ModelError> {
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(None) => return Ok(body),
                Ok(Some(chunk)) if body.len() + chunk.len() <= self.limits.largest => {
                    body.extend_from_slice(&chunk)
                }
                Ok(Some(_)) => {
                    let reason = format!("its answer is larger than {} MiB", self.limits.largest >> 20);
                    return Err(self.problem(
                        attempt,
                        reason,
                        "check that the URL is that of a model server",
                    ));
                }
                Err(error) => {
                    let reason = format!("its answer was cut off: {}", self.shown(&deepest(&error)));
                    return Err(self.problem(
                        attempt,
                        reason,
                        "look into the server's own log, then run it again",
                    ));
                }
            }
        }
    }
}

impl Drop for Http {
    fn drop(&mut self) {
        // A name that is still looked up must not keep the program alive.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Ends when a person stops the work.
async fn stopped(cancel: &Cancel) {
    while !cancel.is_cancelled() {
        tokio::time::sleep(LOOK).await;
    }
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
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn silence_ends_at_the_limit_and_says_so() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let limits = Limits { whole: Duration::from_millis(50), ..Limits::default() };
        let address = ServerAddress::parse(&address).unwrap();
        let http = Http::new(address, &KeySource::Absent, limits).unwrap();
        let error = http.get("models", "list the models of", &Cancel::default()).unwrap_err().to_string();
        assert!(error.contains("did not answer within 0.05 s"), "{error}");
    }

    #[test]
    fn what_was_stopped_before_is_not_sent() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let address = ServerAddress::parse(&address).unwrap();
        let http = Http::new(address, &KeySource::Absent, Limits::default()).unwrap();
        let cancel = Cancel::default();
        cancel.cancel();
        let stopped = http.get("models", "list the models of", &cancel);
        assert!(matches!(stopped, Err(ModelError::Cancelled)), "{stopped:?}");
        assert!(listener.accept().is_err(), "nobody called");
    }

    #[test]
    fn a_server_s_own_words_are_found_where_servers_put_them() {
        for (body, words) in [
            (r#"{"error":{"message":"no such model","code":404}}"#, "no such model"),
            (r#"{"error":"model not found"}"#, "model not found"),
            (r#"{"object":"error","message":"too long"}"#, "too long"),
            (r#"{"detail":[{"msg":"field required"}]}"#, "field required"),
            ("upstream is down\n", "upstream is down"),
            ("", ""),
        ] {
            let reply = Reply { status: 500, body: body.into(), location: None, wait: None };
            assert_eq!(reply.words(), words);
        }
    }
}
