//! Configuration file, patterns, policies and schemas: whether they can be read, and what is in force.

use super::{Check, Status, Surroundings};
use crate::config::Config;
use crate::schema::SchemaSet;
use crate::session::{open_patterns, open_policies, open_schemas};

const LEAVE_OUT: &str = "correct the file, or leave it out of the flag or of the configuration file";

/// The configuration file.
pub(super) fn configuration(here: &Surroundings) -> Check {
    const NAME: &str = "configuration";
    if let Some(problem) = &here.config_problem {
        return Check::failed(NAME, problem, "correct the file, or move it away: it is optional");
    }
    match &here.config_file {
        Some(file) if file.exists() => Check::new(NAME, Status::Ok, file.display().to_string()),
        Some(file) => Check::new(NAME, Status::Ok, format!("none ({} is not there)", file.display())),
        None => Check::new(NAME, Status::Warn, "none: there is no home folder to look for it in")
            .hint("set HOME or XDG_CONFIG_HOME"),
    }
}

/// The patterns in force.
pub(super) fn patterns(config: &Config) -> Check {
    const NAME: &str = "patterns";
    let patterns = match open_patterns(config) {
        Ok(patterns) => patterns,
        Err(problem) => return Check::failed(NAME, &problem, LEAVE_OUT),
    };
    let native = patterns.iter().filter(|pattern| pattern.native).count();
    let own = patterns.iter().count() - native;
    Check::new(NAME, Status::Ok, format!("{own} patterns and {native} native kinds can be drafted"))
}

/// The policies in force. One that is not bound, or cannot be evaluated, is named.
pub(super) fn policies(config: &Config) -> Check {
    const NAME: &str = "policies";
    let policies = match open_policies(config) {
        Ok(policies) => policies.list(),
        Err(problem) => return Check::failed(NAME, &problem, LEAVE_OUT),
    };
    if policies.is_empty() {
        let hint = "--policies builtin, --policies DIR, or `policies:` in the configuration file";
        return Check::new(NAME, Status::Ok, "policy: none").hint(hint);
    }
    let names = |wanted: &dyn Fn(&crate::policy::PolicyInfo) -> bool| -> Vec<&str> {
        policies.iter().filter(|policy| wanted(policy)).map(|policy| policy.name.as_str()).collect()
    };
    let in_force = names(&|policy| policy.in_force);
    let idle = names(&|policy| !policy.in_force);
    let unsupported = names(&|policy| policy.in_force && policy.unsupported.is_some());
    let detail = format!("{} in force: {}", in_force.len(), in_force.join(", "));
    if !unsupported.is_empty() {
        let detail = format!("{detail}; cannot be evaluated here: {}", unsupported.join(", "));
        return Check::new(NAME, Status::Warn, detail)
            .hint("what these are about is never allowed here; `kubectl copilot policy list` says why");
    }
    if !idle.is_empty() {
        let detail = format!("{detail}; without a binding: {}", idle.join(", "));
        return Check::new(NAME, Status::Warn, detail)
            .hint("a policy does nothing without a ValidatingAdmissionPolicyBinding");
    }
    Check::new(NAME, Status::Ok, detail)
}

/// The schemas that objects are checked against.
pub(super) fn schemas(config: &Config) -> Check {
    const NAME: &str = "kubernetes";
    match open_schemas(config) {
        Err(problem) => Check::failed(NAME, &problem, "correct --kubernetes-version or --schemas"),
        Ok(schemas) => {
            let custom = schemas.kinds().filter(|kind| kind.definition.is_some()).count();
            let custom = if custom == 0 { String::new() } else { format!(", {custom} custom kinds") };
            let detail = format!(
                "checks are for {}{custom}; bundled: {}",
                schemas.minor(),
                SchemaSet::minors().join(", ")
            );
            Check::new(NAME, Status::Ok, detail)
        }
    }
}
