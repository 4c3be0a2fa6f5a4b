//! The requests are what they promise to be, and the scorer can say no.

#![allow(clippy::needless_pass_by_value, reason = "`json!` at the call reads better than `&json!`")]

mod answers;
mod oracle;
mod requests;
mod wrong;

use serde_json::{Value, json};

use super::{Row, Score, score};

/// A row of a request and what is expected of it.
fn row(request: &str, expect: Value) -> Row {
    let row = json!({"id": "t-1", "lang": "en", "family": "test", "request": request, "expect": expect});
    serde_json::from_value(row).unwrap()
}

/// A row that expects one thing.
fn one(request: &str, what: &str, values: Value) -> Row {
    row(request, json!({"outcome": "drafted", "things": [{"what": what, "values": values}]}))
}

fn draft(yaml: &str) -> Value {
    json!({"id": "t-1", "yaml": yaml})
}

#[track_caller]
fn is_right(row: &Row, answer: &Value) {
    let score = score(row, answer);
    assert!(score.right && !score.drafted_but_wrong, "{:?}", score.reasons);
}

/// Wrong, and for the reason that the test is about.
#[track_caller]
fn is_wrong(row: &Row, answer: &Value, because: &str) -> Score {
    let score = score(row, answer);
    assert!(!score.right, "taken for right; expected {because:?}");
    assert!(
        score.reasons.iter().any(|reason| reason.contains(because)),
        "{because:?} not in {:?}",
        score.reasons
    );
    score
}

/// Replaces the only occurrence of `from`.
#[track_caller]
fn with(yaml: &str, from: &str, to: &str) -> Value {
    assert_eq!(yaml.matches(from).count(), 1, "{from:?} must stand in the answer once");
    draft(&yaml.replace(from, to))
}
