//! From checked objects to a plan, by the API server's dry-run of the exact requests and of the Pods that would follow.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::ClusterTarget;
use super::fingerprint::fingerprint;
use super::managed::is_managed;
use super::refusal::{pod_refused, refused, warned};
use super::server::{Answer, Run, Server, ServerError};
use super::share::{owns_all, part};
use super::write::PLAN_ANNOTATION;
use crate::apply::error::ApplyError;
use crate::apply::objects::{checked_key, creation, fields, means_the_same, wrong};
use crate::apply::plan::{Action, Capacity, Checked, Plan, PlannedChange};
use crate::apply::secret;
use crate::cluster::ApiResource;
use crate::diff::mask;
use crate::finding::{Finding, Severity};
use crate::manifest::{Manifest, ObjectKey, pods};

/// The Pod under a name that the server makes up: one of the workload's own may be there already.
fn nameless(pod: &Value) -> Value {
    let mut pod = pod.clone();
    let name: String = pod["metadata"]["name"].as_str().unwrap_or("pod").chars().take(57).collect();
    if let Some(metadata) = pod.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("name");
        metadata.insert("generateName".to_owned(), json!(format!("{name}-")));
    }
    pod
}

/// A body that was tried out, and what came of it.
struct Tried {
    body: Value,
    answer: Answer,
}

impl ClusterTarget {
    /// What writing these objects would do, in their order. They have passed the checks already. Nothing is written.
    ///
    /// # Errors
    /// An object that is given twice or has no name; what the server refuses, and fields that others manage.
    pub fn plan(&self, objects: &[Value]) -> Result<Plan, ApplyError> {
        self.plan_all(objects.iter().map(|object| (object, None)))
    }

    /// The same for objects with files: a Secret with values can then be kept in a plan file, by path and hash.
    ///
    /// # Errors
    /// As [`ClusterTarget::plan`].
    pub fn plan_manifests(&self, manifests: &[Manifest]) -> Result<Plan, ApplyError> {
        self.plan_all(manifests.iter().map(|manifest| (&manifest.object, manifest.file.as_deref())))
    }

    fn plan_all<'a>(
        &self,
        objects: impl Iterator<Item = (&'a Value, Option<&'a str>)>,
    ) -> Result<Plan, ApplyError> {
        let mut seen = BTreeSet::new();
        let mut made: BTreeSet<String> = BTreeSet::new();
        let mut findings = Vec::new();
        let mut changes = Vec::new();
        for (object, file) in objects {
            let (object, key, resource) = self.placed(object)?;
            if !seen.insert(key.clone()) {
                return Err(wrong(&key, "it is given twice"));
            }
            // What goes into a namespace of the same plan cannot be tried out before that is there.
            let early = key.namespace.as_ref().is_some_and(|namespace| made.contains(namespace));
            if key.kind == "Namespace" {
                made.insert(key.name.clone());
            }
            let change = self.change(key, &object, file, &resource, early, &mut findings)?;
            changes.push(change);
        }
        let capacity = Capacity::unknown("it was not looked at");
        Ok(Plan::new(self.id(), changes, Vec::new(), findings, capacity))
    }

    /// The object as it will be sent: with the context's namespace where it names none. And what the server calls it.
    fn placed(&self, object: &Value) -> Result<(Value, ObjectKey, ApiResource), ApplyError> {
        let mut key = checked_key(object)?;
        let resource = self.connection().resource(&key.gvk())?;
        let mut object = object.clone();
        match (&key.namespace, resource.namespaced) {
            (None, true) => {
                let namespace = self.id.namespace.clone();
                object["metadata"]["namespace"] = json!(namespace);
                key.namespace = Some(namespace);
            }
            (Some(namespace), false) => {
                let reason = format!("{} has no namespaces, and it names '{namespace}'", key.kind);
                return Err(wrong(&key, reason));
            }
            _ => {}
        }
        Ok((object, key, resource))
    }

    fn change(
        &self,
        key: ObjectKey,
        object: &Value,
        file: Option<&str>,
        resource: &ApiResource,
        early: bool,
        findings: &mut Vec<Finding>,
    ) -> Result<PlannedChange, ApplyError> {
        let server = Server::new(self.connection());
        let mut change = creation(key, object, file)?;
        if early {
            let message = "its namespace is made by this plan, so that the server could not try it out";
            findings.push(Finding::new("not-dry-run", Severity::Info, change.object.clone(), "", message));
            change.diff = fields(None, object, &self.key);
            return Ok(change);
        }
        let no = |error: &ServerError| refused(&change.object, error);
        let Some(live) = server.get(resource, &change.object).map_err(|error| no(&error))? else {
            let answer = server.create(resource, object, Run::Dry).map_err(|error| no(&error))?;
            findings.extend(answer.warnings.iter().map(|text| warned(&change.object, text)));
            change.checked = Checked::Server;
            change.diff = fields(None, object, &self.key);
            self.pods(&server, &change.object, object, findings)?;
            return Ok(change);
        };
        change.keeps = secret::filled(&live, &change.drawn);
        let mut sent = object.clone();
        if let Some(plan) = live.pointer("/metadata/annotations").and_then(|all| all.get(PLAN_ANNOTATION))
            && !change.keeps.is_empty()
        {
            // Which plan drew the values stays on record.
            sent["metadata"]["annotations"][PLAN_ANNOTATION] = plan.clone();
            change.body = Some(sent.clone());
        }
        let tried = self.tried(&server, resource, &sent, &live).map_err(|error| no(&error))?;
        findings.extend(tried.answer.warnings.iter().map(|text| warned(&change.object, text)));
        change.checked = Checked::Server;
        // A value that was drawn before stays: nothing is drawn for it again.
        change.drawn.retain(|drawn| !change.keeps.contains(&drawn.path));
        change.uid = live.pointer("/metadata/uid").and_then(Value::as_str).map(str::to_owned);
        change.fingerprint = Some(fingerprint(&live, &self.key));
        let (before, after) = (mask(&live, &self.key), mask(&tried.answer.object, &self.key));
        change.action = if means_the_same(&before, &after) && change.drawn.is_empty() {
            Action::None
        } else {
            Action::Change
        };
        if change.action == Action::Change {
            change.body = Some(tried.body);
            change.diff = fields(Some(&before), &after, &self.key);
            if !is_managed(&live) {
                let message = "this object was not written by kubectl-copilot: the fields of the diff become its own, and \
                               the others stay with those who manage them";
                findings.push(Finding::new(
                    "target-object-of-others",
                    Severity::Warning,
                    change.object.clone(),
                    "",
                    message,
                ));
            }
            // Of an object that others have a part in, the manifest alone is not what its Pods are made from.
            self.pods(&server, &change.object, &tried.answer.object, findings)?;
        }
        change.shown = Some(Box::new((self.shown(&live), self.shown(&tried.answer.object))));
        Ok(change)
    }

    /// Finds the body for an object that exists, by dry-runs: all of the manifest where all of it is ours, else only what
    /// changes and what is ours already.
    fn tried(
        &self,
        server: &Server<'_>,
        resource: &ApiResource,
        wanted: &Value,
        live: &Value,
    ) -> Result<Tried, ServerError> {
        let exactly =
            |body: Value| server.apply(resource, &body, Run::Dry).map(|answer| Tried { body, answer });
        // Values of a Secret are kept in no plan but read again from their file, and there is no part of a file.
        if secret::holds_values(wanted) || owns_all(wanted, live) {
            return exactly(wanted.clone());
        }
        let whole = server.try_whole(resource, wanted)?;
        let Some(part) = part(wanted, live, &whole.object) else { return exactly(wanted.clone()) };
        let tried = exactly(part)?;
        // The part has to come to what the whole would: what is left out must never be what is lost.
        if means_the_same(&whole.object, &tried.answer.object) { Ok(tried) } else { exactly(wanted.clone()) }
    }

    /// Tries out the Pods that a workload would create: a policy on Pods lets a Deployment in that never gets one.
    fn pods(
        &self,
        server: &Server<'_>,
        owner: &ObjectKey,
        object: &Value,
        findings: &mut Vec<Finding>,
    ) -> Result<(), ApplyError> {
        if owner.kind == "Pod" {
            return Ok(());
        }
        for one in pods(object) {
            let resource = self.connection().resource(&ObjectKey::of(&one.pod).gvk())?;
            if let Err(error) = server.create(&resource, &nameless(&one.pod), Run::Dry) {
                findings.push(pod_refused(owner, &one.template, &error));
            }
        }
        Ok(())
    }

    /// An object as it is now, secret values included.
    pub(super) fn live(&self, key: &ObjectKey) -> Result<Option<Value>, ApplyError> {
        let resource = self.connection().resource(&key.gvk())?;
        Server::new(self.connection()).get(&resource, key).map_err(|error| refused(key, &error))
    }
}
