//! The checks on one screen, and as a document.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Check, Status};
use crate::config::Style;
use crate::manifest::visible::visible_line;

/// `doctor -o json`.
pub fn document(checks: &[Check]) -> Value {
    json!({ "version": 1, "checks": checks })
}

/// One line a check, what to do below it, the sums at the end.
pub fn text(checks: &[Check], style: Style) -> String {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0);
    let mut text = String::new();
    for check in checks {
        let word = match check.status {
            Status::Ok => style.added("ok  "),
            Status::Warn => style.notice("warn"),
            Status::Fail => style.removed("fail"),
        };
        let _ = writeln!(text, "{word}  {:width$}  {}", check.name, one_line(&check.detail));
        if let Some(hint) = &check.hint {
            let _ = writeln!(text, "      {:width$}  next: {}", "", one_line(hint));
        }
    }
    let count = |status: Status| checks.iter().filter(|check| check.status == status).count();
    let (ok, warn, fail) = (count(Status::Ok), count(Status::Warn), count(Status::Fail));
    let _ = writeln!(text, "{ok} ok, {warn} warn, {fail} fail");
    text
}

/// Several errors stand one behind the other; what a terminal would act on is shown.
fn one_line(text: &str) -> String {
    visible_line(&text.trim_end().replace('\n', "; ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_a_check_and_what_to_do_below() {
        let checks = [
            Check::new("model", Status::Ok, "loaded"),
            Check::new("state-key", Status::Fail, "others may \u{1b}[2J read it").hint("chmod 600 it"),
        ];
        let text = text(&checks, Style::NONE);
        assert_eq!(
            text,
            "ok    model      loaded\nfail  state-key  others may ␛[2J read it\n                 next: chmod 600 it\n1 ok, 0 warn, 1 fail\n"
        );
    }
}
