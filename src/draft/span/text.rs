//! Quoted and fenced text, byte for byte: the span and its value are what stands between the marks.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, range, words};
use crate::pattern::SlotType;

static FENCE: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?s)```(?:[A-Za-z0-9_+-]*\r?\n)?(?P<inner>.+?)\r?\n?```"));
static QUOTES: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r#""(?P<double>[^"\r\n]+)"|“(?P<curly>[^“”\r\n]+)”|「(?P<corner>[^「」\r\n]+)」|『(?P<white>[^『』\r\n]+)』|(?:^|[\s(:=,，：（]|[^\x00-\x7F])'(?P<single>[^'\r\n]+)'|`(?P<tick>[^`\r\n]+)`"#,
    )
});

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in FENCE.all(scan.text) {
        if let Some(at) = range(&captures, "inner") {
            scan.strong(SlotType::Text, at, words(&captures, "inner"));
        }
    }
    for captures in QUOTES.all(scan.text) {
        let inner = ["double", "curly", "corner", "white", "single", "tick"]
            .iter()
            .find_map(|group| range(&captures, group));
        if let Some(at) = inner
            && !scan.taken(SlotType::Text, at)
        {
            scan.strong(SlotType::Text, at, scan.text.get(at.0..at.1).unwrap_or(""));
        }
    }
}
