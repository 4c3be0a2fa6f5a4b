//! One request and its answer: bounded, with a time-out, and with errors that a person can act on.
//!
//! Answers are read here and not by the client library's own helpers, which write a body that they cannot parse into
//! the log; a body may be a Secret.

use std::io::ErrorKind;
use std::time::Duration;

use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE, WARNING};
use http_body_util::{BodyExt as _, Limited};
use kube::client::Body;
use serde_json::Value;

use super::error::{ClusterError, Wrong};

/// Largest answer that is taken, in bytes. A page of 500 large Pods is about 10 MB.
const LARGEST: usize = 128 << 20;
/// Waits before a read is repeated that the server was too busy for.
const RETRY_AFTER: [Duration; 2] = [Duration::from_millis(150), Duration::from_millis(600)];

/// How an answer is asked for.
pub(super) const JSON: &str = "application/json";
/// Lists without anything but the objects' metadata.
pub(super) const NAMES_ONLY: &str =
    "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

/// The way to one server as one user. Cheap to clone.
#[derive(Clone)]
pub(super) struct Transport {
    pub client: kube::Client,
    /// The server's address without credentials.
    pub server: String,
    pub context: String,
    pub limit: Duration,
}

/// An answer of the server, whatever it says.
pub(crate) struct Answer {
    /// HTTP status.
    pub(crate) status: u16,
    /// Texts of `Warning` headers.
    pub(crate) warnings: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Transport {
    /// Reads a JSON document. `what` is the attempt for messages: `cannot read Pod/a`.
    pub(super) async fn read(&self, path: &str, accept: &str, what: &str) -> Result<Value, ClusterError> {
        let answer = self.get(path, accept, what).await?;
        self.value(&self.accepted(answer, what)?, what)
    }

    /// [`Transport::read`]; `None` where there is no such thing (404).
    pub(super) async fn find(&self, path: &str, what: &str) -> Result<Option<Value>, ClusterError> {
        let answer = self.get(path, JSON, what).await?;
        if answer.status == 404 {
            return Ok(None);
        }
        self.value(&self.accepted(answer, what)?, what).map(Some)
    }

    /// Reads a document as it is.
    pub(super) async fn bytes(&self, path: &str, what: &str) -> Result<Vec<u8>, ClusterError> {
        let answer = self.get(path, JSON, what).await?;
        self.accepted(answer, what)
    }

    /// Asks a question that the API puts into a POST: a review of the caller's own identity or rights. The server
    /// stores nothing of it, so it is reading.
    pub(super) async fn ask(&self, path: &str, review: &Value, what: &str) -> Result<Value, ClusterError> {
        let answer = self.repeated(|| Self::review(path, review), what).await?;
        self.value(&self.accepted(answer, what)?, what)
    }

    async fn get(&self, path: &str, accept: &str, what: &str) -> Result<Answer, ClusterError> {
        self.repeated(|| Request::get(path).header(ACCEPT, accept).body(Body::from(Vec::new())), what).await
    }

    fn review(path: &str, review: &Value) -> Result<Request<Body>, http::Error> {
        Request::post(path)
            .header(ACCEPT, JSON)
            .header(CONTENT_TYPE, JSON)
            .body(Body::from(review.to_string().into_bytes()))
    }

    /// Sends, and once more where the server says that it is busy.
    async fn repeated(
        &self,
        request: impl Fn() -> Result<Request<Body>, http::Error>,
        what: &str,
    ) -> Result<Answer, ClusterError> {
        let mut waits = RETRY_AFTER.into_iter();
        loop {
            let built = request().map_err(|error| {
                let hint = "check the names in the request";
                ClusterError::new(Wrong::Internal, what, &error.to_string(), hint)
            })?;
            let answer = self.once(built, what).await?;
            match waits.next().filter(|_| [429, 503, 504].contains(&answer.status)) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Ok(answer),
            }
        }
    }

    /// Sends one request, once, and waits for its answer no longer than the limit.
    pub(super) async fn once(&self, request: Request<Body>, what: &str) -> Result<Answer, ClusterError> {
        tokio::time::timeout(self.limit, self.answer(request, what)).await.unwrap_or_else(|_| {
            let why = format!("{} did not answer within {:?}", self.server, self.limit);
            let hint = "check the network and the server's load, then run it again";
            Err(ClusterError::new(Wrong::TimedOut, what, &why, hint))
        })
    }

    async fn answer(&self, request: Request<Body>, what: &str) -> Result<Answer, ClusterError> {
        let response = self.client.send(request).await.map_err(|error| self.failed(&error, what))?;
        let status = response.status().as_u16();
        let warnings = response.headers().get_all(WARNING).iter();
        let warnings = warnings.filter_map(|header| header.to_str().ok()).map(warning).collect();
        let body = Limited::new(response.into_body(), LARGEST).collect().await.map_err(|error| {
            let broken = error.downcast_ref::<http_body_util::LengthLimitError>().is_none();
            let (wrong, why, hint) = if broken {
                let why = format!("the connection to {} broke: {error}", self.server);
                (Wrong::Unreachable, why, "check the network, then run it again")
            } else {
                let why = format!("the answer is larger than {} MiB", LARGEST >> 20);
                (Wrong::TooLarge, why, "ask for less: one namespace, fewer kinds")
            };
            ClusterError::new(wrong, what, &why, hint)
        })?;
        Ok(Answer { status, warnings, body: body.to_bytes().to_vec() })
    }

    /// The body of a good answer; the server's own words of any other.
    fn accepted(&self, answer: Answer, what: &str) -> Result<Vec<u8>, ClusterError> {
        if (200..300).contains(&answer.status) {
            return Ok(answer.body);
        }
        let status: Option<Value> = serde_json::from_slice(&answer.body).ok();
        let said = status.as_ref().and_then(|status| status.get("message")?.as_str()).unwrap_or_default();
        Err(self.refused(answer.status, said, what))
    }

    fn refused(&self, status: u16, said: &str, what: &str) -> ClusterError {
        let context = &self.context;
        match status {
            401 => ClusterError::new(
                Wrong::Unauthorized,
                what,
                &format!("{} does not accept the credentials of context '{context}' (401)", self.server),
                "they may have expired: log in again, or choose another --context",
            ),
            403 => {
                let why = if said.is_empty() { "it is forbidden (403)" } else { said };
                let hint = "ask the cluster's administrators for this right, or choose another --context";
                ClusterError::new(Wrong::Forbidden, what, why, hint)
            }
            _ => {
                let why = match said {
                    "" => format!("{} answered with status {status}", self.server),
                    said => format!("{said} ({status})"),
                };
                let hint = "check that the kubeconfig names a Kubernetes API server, and its health";
                ClusterError::new(Wrong::Answer(status), what, &why, hint)
            }
        }
    }

    fn value(&self, body: &[u8], what: &str) -> Result<Value, ClusterError> {
        serde_json::from_slice(body).map_err(|error| {
            // Only the place: the text may be a Secret.
            let why = format!(
                "the answer of {} is no JSON (line {}, column {})",
                self.server,
                error.line(),
                error.column()
            );
            let hint = "check that the kubeconfig names a Kubernetes API server, not a page before it";
            ClusterError::new(Wrong::Answer(0), what, &why, hint)
        })
    }

    /// A request that got no answer.
    fn failed(&self, error: &kube::Error, what: &str) -> ClusterError {
        if let kube::Error::Auth(error) = error {
            return credentials(error, None, what);
        }
        let (reason, refused) = last_cause(error);
        let (server, lower) = (&self.server, reason.to_lowercase());
        if lower.contains("certificate") || lower.contains("tls") {
            let hint =
                "check `certificate-authority` of the cluster in the kubeconfig, and the server's address";
            let why = format!("the certificate of {server} is not accepted: {reason}");
            return ClusterError::new(Wrong::Untrusted, what, &why, hint);
        }
        let hint = "check that the cluster runs and that the address in the kubeconfig is right";
        let failed = ClusterError::new(
            Wrong::Unreachable,
            what,
            &format!("{server} cannot be reached: {reason}"),
            hint,
        );
        if refused { failed.unsent() } else { failed }
    }
}

/// The words of the last cause, which are what the network said; and whether the connection was refused: that has carried
/// nothing, which no other failure is sure of.
fn last_cause(error: &(dyn std::error::Error + 'static)) -> (String, bool) {
    let mut last = error;
    let mut refused = false;
    loop {
        let io = last.downcast_ref::<std::io::Error>();
        refused |= io.is_some_and(|io| io.kind() == ErrorKind::ConnectionRefused);
        // What an IO error was made of is not its source.
        let inside = io.and_then(|io| io.get_ref()).map(|error| error as &(dyn std::error::Error + 'static));
        match inside.or_else(|| last.source()) {
            Some(cause) => last = cause,
            None => return (last.to_string(), refused),
        }
    }
}

/// Credentials that could not be had. What a plug-in printed to stdout is never shown: it may be a token.
pub(super) fn credentials(
    error: &kube::client::AuthError,
    plugin: Option<&super::kubeconfig::Plugin>,
    what: &str,
) -> ClusterError {
    use kube::client::AuthError;
    let name = plugin.map_or("the credential plug-in".to_owned(), |plugin| {
        format!("the credential plug-in '{}'", plugin.command)
    });
    let install = plugin.and_then(|plugin| plugin.install_hint.clone());
    let (why, hint) = match error {
        AuthError::AuthExecStart(error) => (
            format!("{name} cannot be started: {error}"),
            install
                .unwrap_or_else(|| "install it, or correct the user's `exec` in the kubeconfig".to_owned()),
        ),
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr).trim().to_owned();
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            (
                format!("{name} failed ({}){said}", out.status),
                "run it by hand to see why; it may want you to log in again".to_owned(),
            )
        }
        AuthError::AuthExecParse(_) => (
            format!("{name} printed no ExecCredential"),
            "check its version and the `apiVersion` of the user's `exec` in the kubeconfig".to_owned(),
        ),
        other => {
            (other.to_string(), "correct the user's entry in the kubeconfig, or log in again".to_owned())
        }
    };
    ClusterError::new(Wrong::Credentials, what, &why, hint)
}

/// The text of `299 - "text"`.
fn warning(header: &str) -> String {
    let text = header.split_once('"').map_or(header, |(_, rest)| rest.strip_suffix('"').unwrap_or(rest));
    text.replace("\\\"", "\"")
}

/// A part of a path or of a query, percent-encoded.
pub(super) fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
        encoded
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_is_its_text() {
        assert_eq!(warning(r#"299 - "violates \"restricted\"!""#), r#"violates "restricted"!"#);
    }

    #[test]
    fn only_a_refused_connection_has_surely_carried_nothing() {
        let inside = |kind: ErrorKind| std::io::Error::other(std::io::Error::from(kind));
        assert!(last_cause(&inside(ErrorKind::ConnectionRefused)).1);
        for kind in [ErrorKind::ConnectionReset, ErrorKind::UnexpectedEof, ErrorKind::TimedOut] {
            assert!(!last_cause(&inside(kind)).1, "{kind}");
        }
    }

    #[test]
    fn what_could_lead_elsewhere_is_encoded() {
        assert_eq!(encoded("team-a.v1_x~"), "team-a.v1_x~");
        assert_eq!(encoded("a/../b?c=d&e"), "a%2F..%2Fb%3Fc%3Dd%26e");
        assert_eq!(encoded("system:node ä"), "system%3Anode%20%C3%A4");
    }
}
