//! Built-in rules: what is worth saying whatever policies are in force. One file a rule; its doc comment is its manual.

use serde_json::Value;

use super::Subject;
use crate::finding::{Finding, Severity};

pub mod gpu_toleration;
pub mod image_tag;
pub mod pod_security;
pub mod secret_in_env;
pub mod system_namespace;

/// A rule looks at one object and its Pods.
type Rule = fn(&Subject) -> Vec<Finding>;

/// All rules but that of Pod Security, which looks at the Namespace too.
const RULES: [Rule; 4] =
    [system_namespace::check, image_tag::check, secret_in_env::check, gpu_toleration::check];

/// Runs all rules for an object that goes to this Namespace, where it is known.
pub(super) fn run(subject: &Subject, namespace: Option<&Value>) -> Vec<Finding> {
    let all = RULES.iter().flat_map(|rule| rule(subject));
    all.chain(pod_security::check(subject, namespace)).collect()
}

/// A finding about a field of one of the subject's Pods, put at the subject's field.
fn about_pod(
    subject: &Subject,
    pod: &super::pods::PodView,
    rule: &str,
    severity: Severity,
    path: &str,
    message: String,
) -> Finding {
    Finding::new(rule, severity, subject.key.clone(), pod.owner_path(path), message)
}

/// A string field; absent is `None`.
fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    value.pointer(pointer).and_then(Value::as_str)
}

/// A list field; absent is empty.
fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value.pointer(pointer).and_then(Value::as_array).into_iter().flatten()
}
