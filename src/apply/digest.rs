//! The digest of a plan: what a yes is bound to.

use std::fmt::Write as _;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::apply::plan::Plan;
use crate::manifest::{canonical, to_yaml};

/// `sha256:` and the hexadecimal hash.
pub(super) fn sha256(bytes: &[u8]) -> String {
    let mut text = String::from("sha256:");
    for byte in Sha256::digest(bytes) {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Over target, each object's key, file, fingerprint (or ABSENT) and exact text, and each file's bytes before and
/// after. Findings, capacity and the masked diff are left out: they may differ from one person to the next.
pub(super) fn of(plan: &Plan) -> String {
    let changes: Vec<Value> = plan
        .changes
        .iter()
        .map(|change| {
            json!({
                "action": change.action,
                "object": change.object,
                "uid": change.uid,
                "resourceVersion": change.resource_version,
                "fingerprint": change.fingerprint.as_deref().unwrap_or("ABSENT"),
                // By its hash, so that a Secret's text is never part of a longer string that might be kept.
                "text": change.body.as_ref().map(|body| sha256(to_yaml(body).as_bytes())),
                "keeps": change.keeps,
                "drawn": change.drawn,
                "loses": change.loses,
                "checked": change.checked,
                "file": change.file,
            })
        })
        .collect();
    let writes: Vec<Value> = plan
        .writes
        .iter()
        .map(|write| {
            json!({
                "file": write.file,
                "before": write.before.as_deref().unwrap_or("ABSENT"),
                "after": write.after,
            })
        })
        .collect();
    let contents =
        json!({ "version": plan.version, "target": plan.target, "changes": changes, "writes": writes });
    sha256(canonical(&contents).as_bytes())
}
