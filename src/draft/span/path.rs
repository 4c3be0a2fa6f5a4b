//! Absolute paths: `/data`, `/mnt/imagenet/train`, `/healthz`; `/` alone only after `path`.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, range};
use crate::pattern::SlotType;

static PATH: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r#"(?:^|[\s"'`(:=,，。：；、（「“]|[^\x00-\x7F]|(?P<host>[a-z]{2,})|(?P<port>:[0-9]{2,5}))(?P<path>/[A-Za-z0-9._~@%+-]+(?:/[A-Za-z0-9._~@%+*-]+)*/?)"#,
    )
});
static ROOT: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r#"(?i)(?:(?-u:\b)path(?:\s+is)?|路径(?:是|为)?)\s*[:=]?\s*["'`]?(?P<path>/)(?:[\s"'`,，。;；.]|$|[^\x00-\x7F])"#,
    )
});

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in PATH.all(scan.text) {
        let Some((start, end)) = range(&captures, "path") else { continue };
        // Letters before the slash are a host (`app.example.com/api`) or no path at all (`and/or`).
        if let Some((host, _)) = range(&captures, "host") {
            let head = scan.before(start);
            let word_start = head.rfind(|c: char| c.is_whitespace() || !c.is_ascii()).map_or(0, |at| at + 1);
            let word = head.get(word_start..).unwrap_or("");
            if !super::host::is_host(word) || host < word_start {
                continue;
            }
        }
        let text = scan.text.get(start..end).unwrap_or("");
        let trimmed = text.trim_end_matches(['.', '-', '%', '+']);
        let letters = trimmed.chars().any(|c| c.is_ascii_alphabetic());
        // "/s", "/h", "/GPU": per something.
        let rate = trimmed.len() <= 2 && !matches!(scan.previous(start), None | Some(' '));
        if trimmed.len() > 1 && letters && !rate {
            scan.strong(SlotType::Path, (start, start + trimmed.len()), trimmed);
        }
    }
    for captures in ROOT.all(scan.text) {
        if let Some(at) = range(&captures, "path") {
            scan.strong(SlotType::Path, at, "/");
        }
    }
}
