//! The requests that plan and writer make of an API server. This file, and no other, can change a cluster.
//!
//! Every call is one HTTP request without retries: a write that is repeated blindly may be written twice.

use http::Request;
use http::header::{ACCEPT, CONTENT_TYPE};
use serde_json::Value;

use crate::apply::cluster::managed::FIELD_MANAGER;
use crate::cluster::{ApiResource, Connection};
use crate::manifest::ObjectKey;

/// Whether a request is really carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Run {
    /// All of admission, nothing stored.
    Dry,
    /// Stored.
    Real,
}

/// What the server answered, or why there is no answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ServerError {
    /// The server said no.
    Status {
        /// HTTP status.
        code: u16,
        /// `Conflict`, `Invalid`, `Forbidden` …
        reason: String,
        /// For people.
        message: String,
        /// Field and message of each cause.
        causes: Vec<(String, String)>,
    },
    /// There was nobody to send it to: the server has not seen it.
    Unreachable(String),
    /// Nobody knows whether the server has seen it.
    Transport(String),
}

impl ServerError {
    /// The HTTP status, 0 where there was none.
    pub fn code(&self) -> u16 {
        match self {
            Self::Status { code, .. } => *code,
            Self::Unreachable(_) | Self::Transport(_) => 0,
        }
    }

    /// Whether a write that ended so may have been carried out all the same: the connection broke, or what stands before
    /// the server (502) or the server itself (504) gave up waiting for the end of it.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::Transport(_) | Self::Status { code: 502 | 504, .. })
    }

    /// Role-based access control says no, not an admission plug-in: both answer 403.
    pub fn is_missing_right(&self) -> bool {
        matches!(self, Self::Status { code: 403, message, .. }
            if message.contains(" cannot ") && message.contains(" resource "))
    }
}

impl std::fmt::Display for ServerError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Status { message, .. } => f.write_str(message),
            Self::Unreachable(reason) | Self::Transport(reason) => f.write_str(reason),
        }
    }
}

/// What came back: the object, and the warnings that came with it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Answer {
    /// The object.
    pub object: Value,
    /// Texts of `Warning` headers.
    pub warnings: Vec<String>,
}

/// See the module.
pub(super) struct Server<'a> {
    connection: &'a Connection,
}

impl<'a> Server<'a> {
    /// Over a connection.
    pub fn new(connection: &'a Connection) -> Self {
        Self { connection }
    }

    /// The object as it is, secret values included: they must not leave this module unmasked.
    ///
    /// # Errors
    /// What the server says; that there is none is no error.
    pub fn get(&self, resource: &ApiResource, key: &ObjectKey) -> Result<Option<Value>, ServerError> {
        match self.send("GET", &one(resource, key), "", None) {
            Ok(answer) => Ok(Some(answer.object)),
            Err(error) if error.code() == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// POST: the object must not be there.
    ///
    /// # Errors
    /// What the server says.
    pub fn create(&self, resource: &ApiResource, object: &Value, run: Run) -> Result<Answer, ServerError> {
        let key = ObjectKey::of(object);
        let path = format!("{}?{}", resource.path(key.namespace.as_deref(), None), query(run));
        self.send("POST", &path, "application/json", Some(object))
    }

    /// Server-side apply by our field manager, never forced against anybody else. An object that was created by us, and
    /// whose entry could not be turned into one of an apply (the connection broke in between), conflicts with ourselves:
    /// nobody loses a field then.
    ///
    /// # Errors
    /// What the server says: 409 where a field is somebody else's, or the object is not as the body says.
    pub fn apply(&self, resource: &ApiResource, object: &Value, run: Run) -> Result<Answer, ServerError> {
        let key = ObjectKey::of(object);
        let send = |force: bool| {
            let path = format!("{}?{}&force={force}", one(resource, &key), query(run));
            self.send("PATCH", &path, "application/apply-patch+yaml", Some(object))
        };
        match send(false) {
            // All conflicts are told at once; and what is really written carries the resourceVersion that they are of.
            Err(ServerError::Status { code: 409, causes, .. }) if is_with_ourselves(&causes) => send(true),
            other => other,
        }
    }

    /// What a server-side apply would make of the object if every field of the body were ours, others' too. A dry-run
    /// and nothing else: there is no request of this program that takes a field of others by force.
    ///
    /// # Errors
    /// What the server says.
    pub fn try_whole(&self, resource: &ApiResource, object: &Value) -> Result<Answer, ServerError> {
        let key = ObjectKey::of(object);
        let path = format!("{}?{}&force=true", one(resource, &key), query(Run::Dry));
        self.send("PATCH", &path, "application/apply-patch+yaml", Some(object))
    }

    /// A JSON patch.
    ///
    /// # Errors
    /// What the server says.
    pub fn patch(
        &self,
        resource: &ApiResource,
        key: &ObjectKey,
        patch: &Value,
    ) -> Result<Answer, ServerError> {
        let path = format!("{}?fieldManager={FIELD_MANAGER}", one(resource, key));
        self.send("PATCH", &path, "application/json-patch+json", Some(patch))
    }

    /// One request, once.
    fn send(
        &self,
        method: &str,
        path: &str,
        media: &str,
        body: Option<&Value>,
    ) -> Result<Answer, ServerError> {
        let mut request = Request::builder().method(method).uri(path).header(ACCEPT, "application/json");
        if !media.is_empty() {
            request = request.header(CONTENT_TYPE, media);
        }
        let lost = |error: &dyn std::fmt::Display| ServerError::Transport(error.to_string());
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let request = request.body(body).map_err(|error| lost(&error))?;
        let answer = self.connection.exchange(request, "no answer").map_err(|error| {
            if error.is_unsent() { ServerError::Unreachable(error.to_string()) } else { lost(&error) }
        })?;
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if (200..300).contains(&answer.status) {
            return Ok(Answer { object: json, warnings: answer.warnings });
        }
        Err(status(answer.status, &json))
    }
}

/// Whether there are conflicts, and all of them are with our own field manager: `conflict with "kubectl-copilot" using v1`.
fn is_with_ourselves(causes: &[(String, String)]) -> bool {
    let ours = format!("conflict with \"{FIELD_MANAGER}\" ");
    !causes.is_empty() && causes.iter().all(|(_, message)| message.starts_with(&ours))
}

fn one(resource: &ApiResource, key: &ObjectKey) -> String {
    resource.path(key.namespace.as_deref(), Some(&key.name))
}

fn status(code: u16, json: &Value) -> ServerError {
    let text = |field: &str| json.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let causes = json.pointer("/details/causes").and_then(Value::as_array).into_iter().flatten();
    let field = |cause: &Value, name: &str| cause[name].as_str().unwrap_or_default().to_owned();
    let mut message = text("message");
    if message.is_empty() {
        // Not the body: it may be anything, from anybody.
        message = format!("it answered with HTTP status {code}");
    }
    ServerError::Status {
        code,
        reason: text("reason"),
        message,
        causes: causes.map(|cause| (field(cause, "field"), field(cause, "message"))).collect(),
    }
}

fn query(run: Run) -> String {
    let dry = if run == Run::Dry { "&dryRun=All" } else { "" };
    format!("fieldManager={FIELD_MANAGER}&fieldValidation=Strict{dry}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_conflict_with_ourselves_is_none() {
        let causes = |managers: &[&str]| -> Vec<(String, String)> {
            let message =
                |manager: &&str| (".data.a".to_owned(), format!("conflict with \"{manager}\" using v1"));
            managers.iter().map(message).collect()
        };
        assert!(is_with_ourselves(&causes(&["kubectl-copilot"])));
        for others in [&[][..], &["helm"], &["kubectl-copilot", "helm"], &["kubectl-copilot-2"]] {
            assert!(!is_with_ourselves(&causes(others)), "{others:?}");
        }
    }

    #[test]
    fn a_server_that_gave_up_waiting_may_have_written() {
        assert!(status(504, &json!({})).is_unknown() && !status(409, &json!({})).is_unknown());
        assert!(ServerError::Transport(String::new()).is_unknown());
        assert!(!ServerError::Unreachable(String::new()).is_unknown());
    }

    #[test]
    fn a_missing_right_is_told_from_a_policy() {
        let no = |message: &str| status(403, &json!({"reason": "Forbidden", "message": message}));
        assert!(no(r#"pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "t""#)
            .is_missing_right());
        assert!(!no(r#"pods "a" is forbidden: violates PodSecurity "restricted:latest""#).is_missing_right());
    }
}
