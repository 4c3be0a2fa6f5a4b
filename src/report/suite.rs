//! What came of the tests of policies: for people, as JSON, as JUnit.

use std::fmt::Write as _;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use crate::config::Style;
use crate::manifest::visible::visible_line;
use crate::suite::{Outcome, Row, Summary};

/// `policy test -o json`.
pub fn suite_document(rows: &[Row]) -> Value {
    json!({"version": 1, "summary": Summary::of(rows), "results": rows})
}

/// Every case that did not pass, one line a suite, and the sums in the last line.
pub fn suite_text(rows: &[Row], style: Style) -> String {
    let mut text = String::new();
    for suite in suites(rows) {
        let own = || rows.iter().filter(|row| row.suite == suite);
        let passed = own().filter(|row| row.outcome == Outcome::Pass).count();
        let _ = writeln!(text, "{}: {passed} of {} as expected", visible_line(suite), own().count());
        for row in own().filter(|row| row.outcome != Outcome::Pass) {
            let mark = match row.outcome {
                Outcome::Fail => style.removed("fail"),
                Outcome::Error => style.notice("error"),
                Outcome::Pass | Outcome::Skip => style.faint("skip"),
            };
            let (case, resource) = (visible_line(&row.case), visible_line(&row.resource));
            let _ = writeln!(text, "  {mark} {case} ({resource}): {}", verdict(row));
            if !row.message.is_empty() {
                let _ = writeln!(text, "       {}", visible_line(&row.message));
            }
        }
    }
    let Summary { pass, fail, error, skip } = Summary::of(rows);
    let _ = writeln!(text, "{} cases: {pass} pass, {fail} fail, {error} error, {skip} skip", rows.len());
    text
}

/// JUnit XML, as CI systems read it.
///
/// # Errors
/// When it cannot be written as XML.
pub fn suite_junit(rows: &[Row]) -> Result<String, String> {
    let mut report = Report::new("policy test");
    for suite in suites(rows) {
        let mut told = TestSuite::new(suite);
        for row in rows.iter().filter(|row| row.suite == suite) {
            let mut status = match row.outcome {
                Outcome::Pass => TestCaseStatus::success(),
                Outcome::Fail => TestCaseStatus::non_success(NonSuccessKind::Failure),
                Outcome::Error => TestCaseStatus::non_success(NonSuccessKind::Error),
                Outcome::Skip => TestCaseStatus::skipped(),
            };
            if row.outcome != Outcome::Pass {
                let told = [verdict(row), row.message.clone()];
                status.set_message(
                    told.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": "),
                );
            }
            let mut case = TestCase::new(row.case.as_str(), status);
            case.set_classname(row.policy.as_str());
            told.add_test_case(case);
        }
        report.add_test_suite(told);
    }
    report.to_string().map_err(|error| error.to_string())
}

/// What was expected and what came.
fn verdict(row: &Row) -> String {
    let expected = row.expected.as_str();
    match row.got {
        None => format!("expected {expected}, could not be evaluated"),
        Some(got) if got == row.expected => format!("{expected} as expected, in other words"),
        Some(got) => format!("expected {expected}, got {}", got.as_str()),
    }
}

/// The suites, in their order.
fn suites(rows: &[Row]) -> Vec<&str> {
    let mut suites: Vec<&str> = Vec::new();
    for row in rows {
        if suites.last() != Some(&row.suite.as_str()) && !suites.contains(&row.suite.as_str()) {
            suites.push(&row.suite);
        }
    }
    suites
}
