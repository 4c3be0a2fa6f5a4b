//! The requests that plan and writer make of an API server. This file, and no other, can change a cluster.
//!
//! Every call is one HTTP request without retries: a write that is repeated blindly may be written twice.

use serde_json::Value;

use crate::apply::cluster::managed::FIELD_MANAGER;
use crate::cluster::{Connection, Resource};
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
            Self::Transport(reason) => write!(f, "no answer: {reason}"),
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
    pub fn get(&self, resource: &Resource, key: &ObjectKey) -> Result<Option<Value>, ServerError> {
        match self.send("GET", &path(resource, key, true), "", None) {
            Ok(answer) => Ok(Some(answer.object)),
            Err(error) if error.code() == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// POST: the object must not be there.
    ///
    /// # Errors
    /// What the server says.
    pub fn create(&self, resource: &Resource, object: &Value, run: Run) -> Result<Answer, ServerError> {
        let key = ObjectKey::of(object);
        let path = format!("{}?{}", path(resource, &key, false), query(run));
        self.send("POST", &path, "application/json", Some(object))
    }

    /// Server-side apply by our field manager, never forced.
    ///
    /// # Errors
    /// What the server says: 409 where a field is somebody else's, or the object is not as the body says.
    pub fn apply(&self, resource: &Resource, object: &Value, run: Run) -> Result<Answer, ServerError> {
        let key = ObjectKey::of(object);
        let path = format!("{}?{}&force=false", path(resource, &key, true), query(run));
        self.send("PATCH", &path, "application/apply-patch+yaml", Some(object))
    }

    /// A JSON patch.
    ///
    /// # Errors
    /// What the server says.
    pub fn patch(&self, resource: &Resource, key: &ObjectKey, patch: &Value) -> Result<Answer, ServerError> {
        let path = format!("{}?{}", path(resource, key, true), query(Run::Real));
        self.send("PATCH", &path, "application/json-patch+json", Some(patch))
    }

    /// The objects of a collection, at most `most`; none where it may not be read: what is missing explains less, and
    /// nothing else follows from it.
    pub fn list(&self, path: &str, most: usize) -> Vec<Value> {
        let more = if path.contains('?') { '&' } else { '?' };
        match self.send("GET", &format!("{path}{more}limit={most}"), "", None) {
            Ok(answer) => answer.object["items"].as_array().cloned().unwrap_or_default(),
            Err(error) => {
                tracing::debug!(path, %error, "not read");
                Vec::new()
            }
        }
    }

    fn send(&self, method: &str, path: &str, media: &str, body: Option<&Value>) -> Result<Answer, ServerError> {
        let body = body.map(|body| body.to_string().into_bytes()).unwrap_or_default();
        let reply = self.connection.send(method, path, media, body).map_err(|error| {
            ServerError::Transport(error.to_string())
        })?;
        let json: Value = serde_json::from_slice(&reply.body).unwrap_or(Value::Null);
        if (200..300).contains(&reply.status) {
            return Ok(Answer { object: json, warnings: reply.warnings });
        }
        Err(status(reply.status, &json, &reply.body))
    }
}

fn status(code: u16, json: &Value, raw: &[u8]) -> ServerError {
    let text = |field: &str| json.get(field).and_then(Value::as_str).unwrap_or_default().to_owned();
    let causes = json.pointer("/details/causes").and_then(Value::as_array).into_iter().flatten();
    let field = |cause: &Value, name: &str| cause[name].as_str().unwrap_or_default().to_owned();
    let mut message = text("message");
    if message.is_empty() {
        message = format!("HTTP status {code}: {}", String::from_utf8_lossy(raw).chars().take(200).collect::<String>());
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

/// The path of a collection, or of one object in it. Names are checked before: they need no escapes.
fn path(resource: &Resource, key: &ObjectKey, one: bool) -> String {
    let gvk = key.gvk();
    let root = if gvk.group.is_empty() {
        format!("/api/{}", gvk.version)
    } else {
        format!("/apis/{}/{}", gvk.group, gvk.version)
    };
    let place = match (&key.namespace, resource.namespaced) {
        (Some(namespace), true) => format!("/namespaces/{namespace}"),
        _ => String::new(),
    };
    let name = if one { format!("/{}", key.name) } else { String::new() };
    format!("{root}{place}/{}{name}", resource.plural)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn key(api: &str, kind: &str, namespace: Option<&str>) -> ObjectKey {
        ObjectKey { api_version: api.into(), kind: kind.into(), namespace: namespace.map(Into::into), name: "a".into() }
    }

    #[test]
    fn paths_are_those_of_the_api() {
        let sets = Resource { plural: "statefulsets".into(), namespaced: true };
        let set = key("apps/v1", "StatefulSet", Some("team"));
        assert_eq!(path(&sets, &set, true), "/apis/apps/v1/namespaces/team/statefulsets/a");
        assert_eq!(path(&sets, &set, false), "/apis/apps/v1/namespaces/team/statefulsets");
        let namespaces = Resource { plural: "namespaces".into(), namespaced: false };
        assert_eq!(path(&namespaces, &key("v1", "Namespace", None), true), "/api/v1/namespaces/a");
    }

    #[test]
    fn a_missing_right_is_told_from_a_policy() {
        let no = |message: &str| status(403, &json!({"reason": "Forbidden", "message": message}), b"");
        assert!(no(r#"pods is forbidden: User "x" cannot create resource "pods" in API group "" in the namespace "t""#)
            .is_missing_right());
        assert!(!no(r#"pods "a" is forbidden: violates PodSecurity "restricted:latest""#).is_missing_right());
    }
}
