//! A review for people and for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::text::findings_text;
use crate::config::Style;
use crate::manifest::visible::visible_line;
use crate::review::{Counts, NotReviewed, OTHER_NAME, Review};

/// Files of other kinds that are named in the text; the document has all of them.
const NAMED: usize = 20;

/// `review -o json`. The keys of a change (`existing`, `suppressed`, `changes`, `impact`) are there and empty: files
/// alone say nothing of what was before.
pub fn review_document(review: &Review) -> Value {
    let Counts { error, warning, info, incomplete } = review.counts;
    json!({
        "version": 1,
        "summary": {
            "objects": review.objects,
            "files": review.files,
            "error": error,
            "warning": warning,
            "info": info,
            "existing": 0,
            "suppressed": 0,
            "incomplete": incomplete,
        },
        "against": { "kubernetes": review.kubernetes, "policies": review.policies },
        "findings": review.findings,
        "findingsLeftOut": review.left_out,
        "notReviewed": review.not_reviewed,
        "notReviewedLeftOut": review.not_reviewed_left_out,
        "changes": [],
        "impact": [],
    })
}

/// Findings, what was passed over, and the sums in the last line.
pub fn review_text(review: &Review, style: Style) -> String {
    let mut text = findings_text(&review.findings, style);
    if review.left_out > 0 {
        let _ = writeln!(text, "… and {} more, the mildest", review.left_out);
    }
    let (others, named): (Vec<&NotReviewed>, Vec<&NotReviewed>) =
        review.not_reviewed.iter().partition(|one| one.why == OTHER_NAME);
    let mut passed_over: Vec<String> = named.iter().take(NAMED).map(|one| named_text(one)).collect();
    if named.len() > NAMED {
        passed_over.push(format!("{} more files", named.len() - NAMED));
    }
    if !others.is_empty() {
        let names: Vec<&str> = others.iter().take(3).map(|one| one.file.as_str()).collect();
        let more = others.len() - names.len() + review.not_reviewed_left_out;
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        passed_over.push(format!("{}{more} ({OTHER_NAME})", names.join(", ")));
    }
    for line in passed_over {
        let _ = writeln!(text, "{}", style.faint(&visible_line(&format!("not reviewed: {line}"))));
    }
    text.push_str(&sums(review, style));
    text
}

/// `k8s/values.yaml:7 (no manifest: …)`.
fn named_text(one: &NotReviewed) -> String {
    let line = one.line.map(|line| format!(":{line}")).unwrap_or_default();
    format!("{}{line} ({})", one.file, one.why)
}

/// `reviewed 4 objects in 2 files: 1 error, 2 warnings · policy: none · Kubernetes 1.37`.
fn sums(review: &Review, style: Style) -> String {
    let Counts { error, warning, info, incomplete } = review.counts;
    let plural = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    let mut found = vec![plural(error, "error"), plural(warning, "warning")];
    if info > 0 {
        found.push(format!("{info} info"));
    }
    if incomplete > 0 {
        found.push(format!("{incomplete} not evaluated"));
    }
    let policies = match review.policies {
        0 => "policy: none".to_owned(),
        1 => "1 policy in force".to_owned(),
        count => format!("{count} policies in force"),
    };
    let dot = style.dot();
    format!(
        "reviewed {} in {}: {}{dot}{policies}{dot}Kubernetes {}\n",
        plural(review.objects, "object"),
        plural(review.files, "file"),
        found.join(", "),
        review.kubernetes,
    )
}
