//! Absolute URLs of any scheme: `https://…`, `s3://…`, `pvc://…`, `hf://…`.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, whole};
use crate::pattern::SlotType;

static URL: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r#"(?-u:\b)[A-Za-z][A-Za-z0-9+.-]*://[^\s"'`<>，。；、）】「」“”]+|(?-u:\b)git@[A-Za-z0-9.-]+:[A-Za-z0-9._/-]+"#,
    )
});

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in URL.all(scan.text) {
        let (start, end) = whole(&captures);
        let text = scan.text.get(start..end).unwrap_or("");
        // Chinese goes on without a space: a URL ends with ASCII.
        let ascii =
            text.find(|c: char| super::scan::is_chinese(c)).and_then(|at| text.get(..at)).unwrap_or(text);
        let trimmed = ascii.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', ']', '}']);
        if trimmed.ends_with("//") {
            continue;
        }
        scan.strong(SlotType::Url, (start, start + trimmed.len()), trimmed);
    }
}
