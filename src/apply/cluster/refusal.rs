//! What the API server says no to, as findings and errors for people.

use crate::apply::cluster::server::ServerError;
use crate::apply::error::ApplyError;
use crate::apply::plan::Loses;
use crate::finding::{Finding, PolicyOrigin, Severity};
use crate::manifest::ObjectKey;
use crate::manifest::visible::visible_line;

/// Why an object cannot be written, from the answer to its dry-run.
pub(super) fn refused(key: &ObjectKey, error: &ServerError) -> ApplyError {
    let message = visible_line(&error.to_string()).into_owned();
    match error {
        ServerError::Unreachable(_) | ServerError::Transport(_) => {
            ApplyError::Server { object: key.to_string(), reason: message }
        }
        ServerError::Status { code: 401, .. } => ApplyError::NotKnown { reason: message },
        _ if error.is_missing_right() => ApplyError::NoRight { object: key.to_string(), reason: message },
        ServerError::Status { code: 409, causes, .. } if !causes.is_empty() => {
            ApplyError::Conflict { object: key.to_string(), loses: conflicts(causes) }
        }
        ServerError::Status { code: 400 | 403 | 409 | 413 | 422, .. } => ApplyError::Refused {
            object: key.to_string(),
            reason: message,
            policy: policy(&message_of(error)),
        },
        ServerError::Status { code: 404, .. } => {
            ApplyError::Refused { object: key.to_string(), reason: message, policy: None }
        }
        ServerError::Status { .. } => ApplyError::Server { object: key.to_string(), reason: message },
    }
}

/// The Pods of a workload would be refused: it would be created and never get one.
pub(super) fn pod_refused(owner: &ObjectKey, template: &str, error: &ServerError) -> Finding {
    let message = visible_line(&error.to_string()).into_owned();
    if error.is_missing_right() || error.code() == 0 {
        return Finding::new(
            "pods-not-dry-run",
            Severity::Warning,
            owner.clone(),
            template,
            format!("whether its pods would be admitted is not known: {message}"),
        );
    }
    let mut finding = Finding::new(
        "server-refuses-pods",
        Severity::Error,
        owner.clone(),
        template,
        format!("the API server would refuse its pods: {message}"),
    );
    finding.origin = policy(&message_of(error)).map(|policy| PolicyOrigin {
        policy,
        rule: None,
        binding: None,
        engine: "admission".into(),
    });
    finding
}

/// A `Warning` header.
pub(super) fn warned(key: &ObjectKey, text: &str) -> Finding {
    Finding::new("server-warning", Severity::Warning, key.clone(), "", visible_line(text).into_owned())
}

fn message_of(error: &ServerError) -> String {
    match error {
        ServerError::Status { message, .. } => message.clone(),
        ServerError::Unreachable(_) | ServerError::Transport(_) => String::new(),
    }
}

/// `.spec.replicas` is owned by `kubectl-scale`: field and manager of each conflict.
fn conflicts(causes: &[(String, String)]) -> Vec<Loses> {
    causes
        .iter()
        .map(|(field, message)| Loses {
            field: pointer(field),
            manager: message.split('"').nth(1).unwrap_or(message).to_owned(),
        })
        .collect()
}

/// `.spec.template.spec.containers[name="web"].image` as a JSON pointer, as far as it can be one.
fn pointer(field: &str) -> String {
    field.replace('.', "/")
}

/// The name of the policy, where the message names one: `ValidatingAdmissionPolicy 'x' with binding 'y' denied request`.
fn policy(message: &str) -> Option<String> {
    let rest = message.split_once("ValidatingAdmissionPolicy '")?.1;
    rest.split('\'').next().map(str::to_owned)
}
