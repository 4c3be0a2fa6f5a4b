//! The lines around a plan that every face shows in the same words: what would be written, what was checked, what was
//! written and what to do next.

use crate::apply::{ApplyOutcome, Plan, next_steps};
use crate::config::Style;
use crate::session::PolicyCounts;

/// `wrote 4 files`, which, what was not written and why, and what to do next.
pub fn written_text(outcome: &ApplyOutcome) -> String {
    let mut text = format!("wrote {}\n", files_count(outcome.written.len()));
    for file in &outcome.written {
        text.push_str(&format!("  {file}\n"));
    }
    for file in &outcome.not_written {
        text.push_str(&format!("  NOT written: {file}\n"));
    }
    if let Some(failure) = &outcome.failure {
        text.push_str(&format!("why: {failure}\n"));
    }
    if outcome.interrupted {
        text.push_str("stopped by you, between two files\n");
    }
    if !outcome.not_written.is_empty() {
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

/// `1 file`, `4 files`.
pub fn files_count(count: usize) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// `files: service-web.yaml, kustomization.yaml in /manifests`; nothing where nothing would be written. A file can be one
/// that no object of the plan names: a kustomization that lists a new one.
pub fn files_line(plan: &Plan) -> String {
    if plan.is_empty() {
        String::new()
    } else {
        format!("files: {} in {}\n", plan.files().join(", "), plan.target)
    }
}

/// `checks: schema ok · policy 5/5`: those that passed of those that are about the objects.
pub fn checks_line(policies: PolicyCounts, style: Style) -> String {
    let policy = match policies {
        PolicyCounts { in_force: 0, .. } => "policy: none".to_owned(),
        PolicyCounts { about: 0, in_force, .. } => format!("policy: none of {in_force} is about this"),
        PolicyCounts { passed, about, .. } => format!("policy {passed}/{about}"),
    };
    format!("checks: schema ok{}{policy}\n", style.dot())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::{ApplyWith, TargetId};

    fn outcome(written: &[&str], not_written: &[&str]) -> ApplyOutcome {
        let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        ApplyOutcome {
            target: TargetId::Folder { dir: "/manifests".into() },
            digest: String::new(),
            written: files(written),
            not_written: files(not_written),
            failure: None,
            interrupted: false,
            unfilled: Vec::new(),
            apply_with: vec![ApplyWith::Folder { dir: "/manifests".into(), recursive: false }],
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
    fn the_checks_tell_no_policies_from_policies_about_something_else() {
        let style = Style { colour: false, plain: true };
        let line = |passed, about, in_force| checks_line(PolicyCounts { passed, about, in_force }, style);
        assert!(line(0, 0, 0).ends_with("policy: none\n"));
        assert!(line(0, 0, 5).ends_with("policy: none of 5 is about this\n"));
        assert!(line(3, 4, 5).ends_with("policy 3/4\n"));
    }
}
