//! The lines around a plan that every face shows in the same words: what would be written, what was checked, what was
//! written and what to do next.

use crate::apply::{ApplyOutcome, Capacity, Followed, Plan, Standing, TargetId, next_steps};
use crate::config::Style;
use crate::manifest::visible::visible_line;
use crate::session::PolicyCounts;

/// `wrote 4 files`, which, what was not written and why, and what to do next.
pub fn written_text(outcome: &ApplyOutcome) -> String {
    let in_cluster = matches!(outcome.target, TargetId::Cluster(_));
    let mut text = if in_cluster {
        let count = outcome.written.len();
        format!("applied {count} {} to {}\n", if count == 1 { "object" } else { "objects" }, outcome.target)
    } else {
        format!("wrote {}\n", files_count(outcome.written.len()))
    };
    for file in &outcome.written {
        text.push_str(&format!("  {file}\n"));
    }
    for object in &outcome.unknown {
        text.push_str(&format!("  NOT KNOWN whether applied: {object}\n"));
    }
    for file in &outcome.not_written {
        text.push_str(&format!("  NOT {}: {file}\n", if in_cluster { "applied" } else { "written" }));
    }
    if let Some(failure) = &outcome.failure {
        text.push_str(&format!("why: {failure}\n"));
    }
    if outcome.interrupted {
        text.push_str(if in_cluster {
            "stopped by you, between two objects\n"
        } else {
            "stopped by you, between two files\n"
        });
    }
    if !outcome.is_complete() {
        text.push_str("to write the rest: make a new plan; what is there already is left as it is\n");
    }
    let steps = next_steps(outcome);
    if !steps.is_empty() {
        text.push_str("next:\n");
    }
    for step in steps {
        text.push_str(&format!("  {step}\n"));
    }
    text
}

/// What following came to, and how what is ready is reached.
pub fn followed_text(followed: &Followed, reach: &[String]) -> String {
    let mut text = String::new();
    for (object, seconds) in &followed.ready {
        if matches!(object.kind.as_str(), "StatefulSet" | "Deployment" | "DaemonSet" | "Job" | "Pod") {
            text.push_str(&format!("ready: {object} ({seconds} s)\n"));
        }
    }
    let (unknown, unready): (Vec<_>, Vec<_>) =
        followed.unready.iter().partition(|one| one.standing == Standing::Unknown);
    for one in unready {
        let word = if one.standing == Standing::Failed { "failed" } else { "not ready" };
        text.push_str(&format!("{word}: {}: {}\n", one.object, one.missing));
        for why in &one.why {
            text.push_str(&format!("  why: {why}\n"));
        }
    }
    // One reason for all of them: it is the same server.
    if let Some(first) = unknown.first() {
        let objects: Vec<String> = unknown.iter().map(|one| one.object.to_string()).collect();
        text.push_str(&format!("not known whether ready: {}\n", objects.join(", ")));
        first.why.iter().for_each(|why| text.push_str(&format!("  why: {why}\n")));
    }
    if followed.interrupted {
        text.push_str("you stopped following; what was applied goes on\n");
    }
    if !reach.is_empty() {
        text.push_str(if followed.is_ready() { "reach it:\n" } else { "once it is ready, reach it:\n" });
        reach.iter().for_each(|command| text.push_str(&format!("  {command}\n")));
    }
    text
}

/// The question before anything is written, without its choices.
pub fn question(plan: &Plan, target: &str) -> String {
    match plan.target {
        TargetId::Folder { .. } => format!("write {} to {target}?", files_count(plan.files().len())),
        TargetId::Cluster(_) => format!("apply to {target}?"),
    }
}

/// `1 file`, `4 files`.
pub fn files_count(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// `files: service-web.yaml, kustomization.yaml in /manifests`; nothing where nothing would be written. A file can be one
/// that no object of the plan names: a kustomization that lists a new one.
pub fn files_line(plan: &Plan) -> String {
    if plan.is_empty() || plan.files().is_empty() {
        String::new()
    } else {
        format!("files: {} in {}\n", plan.files().join(", "), plan.target)
    }
}

/// `checks: schema ok · policy 5/5`: those that passed of those that are about the objects.
pub fn checks_line(policies: PolicyCounts, plan: &Plan, style: Style) -> String {
    let fits = match plan.target {
        TargetId::Folder { .. } => String::new(),
        TargetId::Cluster(_) => format!("{}{}", style.dot(), capacity_words(&plan.capacity)),
    };
    format!("checks: schema ok{}{}{fits}\n", style.dot(), policy_words(policies))
}

fn capacity_words(capacity: &Capacity) -> String {
    let why = capacity.why.as_ref().map(|why| format!(": {}", visible_line(why))).unwrap_or_default();
    let instead = match capacity.would_fit.as_slice() {
        [] => String::new(),
        some => format!("; would fit: {}", some.join(", ")),
    };
    match capacity.verdict.as_str() {
        "fits" => "fits".to_owned(),
        "unknown" => format!("whether it fits is not known{why}"),
        _ => format!("does not fit now{why}{instead}"),
    }
}

fn policy_words(policies: PolicyCounts) -> String {
    match policies {
        PolicyCounts { in_force: 0, .. } => "policy: none".to_owned(),
        PolicyCounts { about: 0, in_force, .. } => format!("policy: none of {in_force} is about this"),
        PolicyCounts { passed, about, .. } => format!("policy {passed}/{about}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::{ApplyWith, Unready};
    use crate::manifest::ObjectKey;

    fn outcome(written: &[&str], not_written: &[&str]) -> ApplyOutcome {
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ApplyOutcome {
            target: TargetId::Folder { dir: "/manifests".into() },
            digest: String::new(),
            written: files(written),
            unknown: Vec::new(),
            not_written: files(not_written),
            failure: None,
            interrupted: false,
            unfilled: Vec::new(),
            apply_with: vec![ApplyWith::Folder { dir: "/manifests".into(), recursive: false }],
            reach: Vec::new(),
        }
    }

    #[test]
    fn what_was_written_is_listed_with_what_to_do_next() {
        let text = written_text(&outcome(&["a.yaml", "b.yaml"], &[]));
        assert_eq!(text, "wrote 2 files\n  a.yaml\n  b.yaml\nnext:\n  kubectl apply -f /manifests\n");
    }

    #[test]
    fn what_was_not_written_is_listed_with_the_reason() {
        let partly =
            ApplyOutcome { failure: Some("no space left".into()), ..outcome(&["a.yaml"], &["b.yaml"]) };
        let text = written_text(&partly);
        assert!(
            text.starts_with("wrote 1 file\n  a.yaml\n  NOT written: b.yaml\nwhy: no space left\n"),
            "{text}"
        );
        assert!(!text.contains("kubectl apply"), "half a plan is not to be applied\n{text}");
        let stopped = ApplyOutcome { interrupted: true, ..outcome(&[], &["a.yaml"]) };
        assert!(written_text(&stopped).contains("stopped by you"));
    }

    #[test]
    fn a_server_that_is_away_is_told_once_and_is_no_failure_of_the_objects() {
        let unready = |name: &str, standing| Unready {
            object: ObjectKey {
                api_version: "apps/v1".into(),
                kind: "Deployment".into(),
                namespace: None,
                name: name.into(),
            },
            missing: "0 of 1 pod is ready".into(),
            why: vec!["no answer".into()],
            standing,
        };
        let all = [("a", Standing::Unknown), ("b", Standing::Waiting), ("c", Standing::Unknown)]
            .map(|(n, s)| unready(n, s));
        let followed = Followed { unready: all.into(), ..Followed::default() };
        assert_eq!(
            followed_text(&followed, &[]),
            "not ready: Deployment/b: 0 of 1 pod is ready\n  why: no answer\nnot known whether ready: Deployment/a, \
             Deployment/c\n  why: no answer\n"
        );
    }

    #[test]
    fn the_checks_tell_no_policies_from_policies_about_something_else() {
        let words = |passed, about, in_force| policy_words(PolicyCounts { passed, about, in_force });
        assert_eq!(words(0, 0, 0), "policy: none");
        assert_eq!(words(0, 0, 5), "policy: none of 5 is about this");
        assert_eq!(words(3, 4, 5), "policy 3/4");
    }
}
