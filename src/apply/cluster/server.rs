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
    /// Nobody knows whether the server has seen it.
    Transport(String),
}

impl ServerError {
    /// The HTTP status, 0 where there was none.
    pub fn code(&self) -> u16 {
        match self {
            Self::Status { code, .. } => *code,
            Self::Transport(_) => 0,
        }
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
            Self::Transport(reason) => f.write_str(reason),
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

    /// Server-side apply by our field manager, never forced.
    ///
    /// # Errors
    /// What the server says: 409 where a field is somebody else's, or the object is not as the body says.
    pub fn apply(&self, resource: &ApiResource, object: &Value, run: Run) -> Result<Answer, ServerError> {
        let key = ObjectKey::of(object);
        let path = format!("{}?{}&force=false", one(resource, &key), query(run));
        self.send("PATCH", &path, "application/apply-patch+yaml", Some(object))
    }

    /// What a server-side apply would make of the object if every field of the body were ours, others' too. A dry-run
    /// and nothing else: there is no request of this program that takes a field by force.
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
        let answer = self.connection.exchange(request, "no answer").map_err(|error| lost(&error))?;
        let json: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
        if (200..300).contains(&answer.status) {
            return Ok(Answer { object: json, warnings: answer.warnings });
        }
        Err(status(answer.status, &json))
    }
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
    fn a_missing_right_is_told_from_a_policy() {
        let no = |message: &str| status(403, &json!({"reason": "Forbidden", "message": message}));
        assert!(no(r#"pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "t""#)
            .is_missing_right());
        assert!(!no(r#"pods "a" is forbidden: violates PodSecurity "restricted:latest""#).is_missing_right());
    }
}
