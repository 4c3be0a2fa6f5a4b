//! Writes what was confirmed (design D9): each object is read again, and is written only where it is still as it was
//! when the plan was made.

use base64::Engine as _;
use serde_json::{Value, json};

use super::ClusterTarget;
use super::fingerprint::fingerprint;
use super::managed::upgrade;
use super::refusal::refused;
use super::server::{Run, Server, ServerError};
use crate::apply::error::ApplyError;
use crate::apply::outcome::ApplyOutcome;
use crate::apply::plan::{Action, ConfirmedPlan, Plan, PlannedChange};
use crate::apply::reach::{place, reach};
use crate::manifest::ObjectKey;
use crate::manifest::visible::visible_line;

/// The annotation of a Secret with generated values: the plan that drew them.
pub const PLAN_ANNOTATION: &str = "kubectl-copilot.dev/plan";

/// So often is read and compared again when a controller writes in between.
const ROUNDS: usize = 5;

/// Why an object was not written.
enum Stopped {
    /// It is not as the plan has it.
    Stale(String),
    /// The server, or the way to it; nothing was stored.
    Failed(String),
    /// The same, and it may have been stored.
    Unknown(String),
}

impl ClusterTarget {
    /// Writes the objects in order; stops at the first that cannot be written, or between two where `stop` says so.
    ///
    /// # Errors
    /// Where nothing was written: [`ApplyError::Stale`], [`ApplyError::OtherTarget`], a server that cannot be asked. What
    /// goes wrong later stands in the outcome, with the list of what is there, what is not, and what nobody knows of.
    pub fn write(
        &self,
        confirmed: ConfirmedPlan,
        stop: &dyn Fn() -> bool,
    ) -> Result<ApplyOutcome, ApplyError> {
        let plan = confirmed.into_plan();
        self.accepts(&plan)?;
        self.compare(&plan)?;
        let mut outcome = ApplyOutcome {
            target: plan.target.clone(),
            digest: plan.digest.clone(),
            written: Vec::new(),
            unknown: Vec::new(),
            not_written: Vec::new(),
            failure: None,
            interrupted: false,
            unfilled: Vec::new(),
            apply_with: Vec::new(),
            reach: Vec::new(),
        };
        let mut now = Vec::new();
        let mut changes = plan.changes.iter().filter(|change| change.action != Action::None);
        for change in changes.by_ref() {
            if stop() {
                outcome.interrupted = true;
                outcome.not_written.push(change.object.to_string());
                break;
            }
            match self.one(change, &plan.digest) {
                Ok(object) => {
                    outcome.written.push(change.object.to_string());
                    now.push(object);
                }
                // Between the comparison and the first write somebody was quicker.
                Err(Stopped::Stale(what)) if outcome.written.is_empty() => {
                    return Err(ApplyError::Stale { changed: vec![what] });
                }
                Err(Stopped::Stale(why) | Stopped::Failed(why)) => {
                    outcome.failure = Some(why);
                    outcome.not_written.push(change.object.to_string());
                    break;
                }
                Err(Stopped::Unknown(why)) => {
                    outcome.failure = Some(why);
                    outcome.unknown.push(change.object.to_string());
                    break;
                }
            }
        }
        outcome.not_written.extend(changes.map(|change| change.object.to_string()));
        outcome.reach = reach(&plan, &self.id, &now);
        Ok(outcome)
    }

    /// Whether everything is as the plan has it, before anything is written.
    pub(super) fn compare(&self, plan: &Plan) -> Result<(), ApplyError> {
        let mut changed = Vec::new();
        for change in &plan.changes {
            let live = self.live(&change.object)?;
            changed.extend(self.difference(change, live.as_ref()));
        }
        if changed.is_empty() { Ok(()) } else { Err(ApplyError::Stale { changed }) }
    }

    fn difference(&self, change: &PlannedChange, live: Option<&Value>) -> Option<String> {
        let object = &change.object;
        match (&change.fingerprint, live) {
            (None, None) => None,
            (None, Some(_)) => Some(format!("{object} has appeared since")),
            (Some(_), None) => Some(format!("{object} is gone")),
            (Some(_), Some(live))
                if live.pointer("/metadata/uid").and_then(Value::as_str) != change.uid.as_deref() =>
            {
                Some(format!("{object} was deleted and made anew"))
            }
            (Some(before), Some(live)) => {
                (fingerprint(live, &self.key) != *before).then(|| format!("{object} has changed"))
            }
        }
    }

    /// Writes one object and returns it as it is now.
    fn one(&self, change: &PlannedChange, digest: &str) -> Result<Value, Stopped> {
        let key = &change.object;
        let failed = |error: &dyn std::fmt::Display| Stopped::Failed(format!("{key}: {error}"));
        let body = change.body.as_ref().ok_or_else(|| failed(&"the plan has no body for it"))?;
        let resource = self.connection().resource(&key.gvk()).map_err(|error| failed(&error))?;
        let server = Server::new(self.connection());
        if change.action == Action::Create {
            let body = drawn(change, body, digest).map_err(|error| failed(&error))?;
            return match server.create(&resource, &body, Run::Real) {
                Ok(answer) => {
                    self.take_over(&server, &resource, key, &answer.object, change);
                    Ok(answer.object)
                }
                Err(ServerError::Status { code: 409, .. }) => {
                    Err(Stopped::Stale(format!("{key} has appeared since")))
                }
                Err(error) => Err(self.stopped(change, &error)),
            };
        }
        for _ in 0..ROUNDS {
            let live = server
                .get(&resource, key)
                .map_err(|error| Stopped::Failed(refused(key, &error).to_string()))?;
            if let Some(what) = self.difference(change, live.as_ref()) {
                return Err(Stopped::Stale(what));
            }
            let mut body = body.clone();
            if let Some(live) = &live {
                for field in ["uid", "resourceVersion"] {
                    body["metadata"][field] = live["metadata"][field].clone();
                }
            }
            match server.apply(&resource, &body, Run::Real) {
                Ok(answer) => return Ok(answer.object),
                // Written in between, by a controller as a rule: read and compare again.
                Err(ServerError::Status { code: 409, causes, .. }) if causes.is_empty() => {}
                Err(error) => return Err(self.stopped(change, &error)),
            }
        }
        Err(failed(&"it is written to all the time by somebody else; try again"))
    }

    /// What a write that did not succeed means for its object.
    fn stopped(&self, change: &PlannedChange, error: &ServerError) -> Stopped {
        let key = &change.object;
        if !error.is_unknown() {
            return Stopped::Failed(refused(key, error).to_string());
        }
        let done = if change.action == Action::Create { "created" } else { "changed" };
        let look = format!("kubectl get {}/{}{}", key.kind.to_lowercase(), key.name, place(change, &self.id));
        let error = visible_line(&error.to_string()).into_owned();
        Stopped::Unknown(format!("{error}; whether {key} was {done} is not known: `{look}` tells"))
    }

    /// What was created becomes what was applied. Where that does not succeed the object is there all the same, and only
    /// a later change will meet a conflict with ourselves.
    fn take_over(
        &self,
        server: &Server<'_>,
        resource: &crate::cluster::ApiResource,
        key: &ObjectKey,
        created: &Value,
        change: &PlannedChange,
    ) {
        let mut now = created.clone();
        for _ in 0..ROUNDS {
            let Some(patch) = upgrade(&now, !change.drawn.is_empty()) else { return };
            match server.patch(resource, key, &patch) {
                Ok(_) => return,
                // A controller was quicker: the patch is made again for what is there now.
                Err(error) if matches!(error.code(), 409 | 422) => match server.get(resource, key) {
                    Ok(Some(live)) => now = live,
                    _ => return,
                },
                Err(error) => {
                    tracing::warn!(object = %key, %error, "the created object's managedFields stay as an update");
                    return;
                }
            }
        }
    }
}

/// The body with its generated values, which exist here and in the request only.
fn drawn(change: &PlannedChange, body: &Value, digest: &str) -> Result<Value, String> {
    if change.drawn.is_empty() {
        return Ok(body.clone());
    }
    let mut body = body.clone();
    body["metadata"]["annotations"][PLAN_ANNOTATION] = json!(digest);
    for one in &change.drawn {
        let Some(key) = one.path.strip_prefix("/data/") else {
            return Err(format!("cannot draw a value for {}", one.path));
        };
        let mut bytes = vec![0_u8; one.length.div_ceil(2)];
        getrandom::fill(&mut bytes).map_err(|error| format!("no random bytes: {error}"))?;
        let mut text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        text.truncate(one.length);
        body["data"][key] = json!(base64::engine::general_purpose::STANDARD.encode(text));
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::objects::creation;

    #[test]
    fn a_value_is_drawn_anew_each_time_and_stands_in_no_plan() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "t", "annotations": {
            "kubectl-copilot.dev/generate": r#"{"token": {"kind": "hex", "length": 48}}"#}}});
        let change = creation(ObjectKey::of(&secret), &secret, None).unwrap();
        let one = drawn(&change, &secret, "sha256:x").unwrap();
        let two = drawn(&change, &secret, "sha256:x").unwrap();
        assert_ne!(one["data"]["token"], two["data"]["token"]);
        let text =
            base64::engine::general_purpose::STANDARD.decode(one["data"]["token"].as_str().unwrap()).unwrap();
        assert_eq!(text.len(), 48);
        assert_eq!(one["metadata"]["annotations"][PLAN_ANNOTATION], "sha256:x");
        assert!(!change.body.unwrap().to_string().contains("\"data\""));
    }
}
