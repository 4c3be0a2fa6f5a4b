//! Environment variables and labels: `KEY=value`, `LOG_LEVEL set to debug`, `set LOG_LEVEL to debug`. The value is
//! always spelt `KEY=value`.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, among, range, whole, words};
use crate::pattern::SlotType;

static PAIR: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r#"(?P<key>[A-Za-z_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_.-]+)?)=(?:"(?P<double>[^"\r\n]*)"|'(?P<single>[^'\r\n]*)'|(?P<plain>[^\s"'`，。；、）]+))"#,
    )
});
static SAID: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r#"(?:(?-u:\b)(?i:set|with)\s+(?P<key1>[A-Z][A-Z0-9_]{2,})\s+(?i:to|as)\s+|(?-u:\b)(?P<key2>[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{3,}[0-9_]*)\s+(?i:set\s+to|is\s+set\s+to|equals)\s+|(?-u:\b)(?P<key3>[A-Z][A-Z0-9_]{2,})\s*(?:设置?为|设置成|设成|等于)\s*)["'`]?(?P<value>[A-Za-z0-9_./:@%+-]+)"#,
    )
});
/// Keys that are fields of the request itself: `gpus=2` says two GPUs.
const FIELDS: &str = "\
    gpu gpus cpu cpus memory mem ram disk storage replicas name namespace ns image port owner model \
    nodes workers schedule queue size count team";
const NO_VARIABLE: &[&str] =
    &["GPU", "GPUS", "CPU", "CPUS", "RAM", "MEMORY", "TTL", "PVC", "IMAGE", "NAME", "PORT"];

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in PAIR.all(scan.text) {
        let (start, mut end) = whole(&captures);
        let key = words(&captures, "key");
        if matches!(scan.previous(start), Some('-' | '/' | '.' | '?' | '&' | '=' | '@' | ':'))
            || (among(FIELDS, key) && key.chars().all(|c| !c.is_ascii_uppercase()))
        {
            continue;
        }
        let value = if range(&captures, "plain").is_some() {
            let plain = words(&captures, "plain");
            let ascii = plain.find(super::scan::is_chinese).and_then(|at| plain.get(..at)).unwrap_or(plain);
            // A value written in Chinese is one; Chinese behind an ASCII value goes on with the sentence.
            let kept = if ascii.is_empty() { plain } else { ascii };
            let kept = kept.trim_end_matches(['.', ',', ';', ')', '!', '?']);
            end -= plain.len() - kept.len();
            kept
        } else if range(&captures, "double").is_some() {
            words(&captures, "double")
        } else {
            words(&captures, "single")
        };
        if value.starts_with('=') || value.is_empty() && range(&captures, "plain").is_some() {
            continue;
        }
        let variable = key.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_');
        let pair = format!("{key}={value}");
        if variable {
            scan.strong(SlotType::KeyValue, (start, end), pair);
        } else {
            scan.weak(SlotType::KeyValue, (start, end), pair);
        }
    }
    for captures in SAID.all(scan.text) {
        let Some(key) = ["key1", "key2", "key3"].iter().find_map(|group| range(&captures, group)) else {
            continue;
        };
        let Some(value) = range(&captures, "value") else { continue };
        let name = scan.text.get(key.0..key.1).unwrap_or("");
        let said = scan.text.get(value.0..value.1).unwrap_or("").trim_end_matches(['.', ':']);
        let at = (key.0, value.0 + said.len());
        if !NO_VARIABLE.contains(&name) && !said.is_empty() && !scan.taken(SlotType::KeyValue, at) {
            scan.strong(SlotType::KeyValue, at, format!("{name}={said}"));
        }
    }
}
