//! What a person should know about the way to a model that is not on this machine.

use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;
use crate::model::ModelChoice;

/// A warning where requests travel so that everybody on the way can read and change them.
pub fn server_finding(model: &ModelChoice) -> Option<Finding> {
    let ModelChoice::Server(server) = model else { return None };
    if !server.address.is_exposed() {
        return None;
    }
    let object = ObjectKey {
        api_version: String::new(),
        kind: "Model".to_owned(),
        namespace: None,
        name: server.address.server().to_owned(),
    };
    let message = "requests leave this machine unencrypted: who is on the way can read them, the names in them, and \
                   the key";
    let hint = "use https://, or a tunnel to the server (ssh -L, kubectl port-forward) and its address on this machine";
    Some(Finding::new("model-not-encrypted", Severity::Warning, object, "", message).with_hint(hint))
}
