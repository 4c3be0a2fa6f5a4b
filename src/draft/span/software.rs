//! Software that the image catalogue knows, with its version where one is said: `postgres 16`, `nginx`, `redis v7.2`.

use super::LexFacts;
use super::scan::Scan;
use crate::pattern::SlotType;

pub(super) fn scan(scan: &mut Scan<'_>) {
    let lower = scan.text.to_ascii_lowercase();
    let facts: &LexFacts<'_> = scan.facts;
    // Longer names first, so that "pytorch lightning" is not "pytorch".
    let mut names: Vec<&String> = facts.software.iter().filter(|name| !name.trim().is_empty()).collect();
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in names {
        let needle = name.trim().to_ascii_lowercase();
        for (start, _) in lower.match_indices(&needle) {
            let end = start + needle.len();
            if !bounded(scan, start, end) || scan.taken(SlotType::Software, (start, end)) {
                continue;
            }
            let (end, version) = version(scan, end);
            let value = if version.is_empty() { needle.clone() } else { format!("{needle} {version}") };
            scan.strong(SlotType::Software, (start, end), value);
        }
    }
}

/// ASCII names end at other characters than those of names; Chinese ones end anywhere.
fn bounded(scan: &Scan<'_>, start: usize, end: usize) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '/' | '@');
    let ascii_start = scan.next(start).is_some_and(|c| c.is_ascii());
    let before = scan.previous(start).is_some_and(|c| word(c) || matches!(c, '-' | '.' | '='));
    let mut rest = scan.after(end).chars();
    let after = match rest.next() {
        Some(c) if word(c) => true,
        Some('-' | '.') => {
            rest.next().is_some_and(|c| c.is_ascii_alphanumeric()) && !scan.after(end).starts_with("-based")
        }
        _ => false,
    };
    !ascii_start || (!before && !after)
}

/// The version behind a name, and where it ends. A whole number that counts what follows (`redis 2 replicas`) is none.
fn version(scan: &Scan<'_>, end: usize) -> (usize, String) {
    let rest = scan.after(end);
    let trimmed = rest.trim_start();
    let mut skipped = rest.len() - trimmed.len();
    let mut body = trimmed;
    for word in ["version ", "Version ", "版本", "v", "V"] {
        if let Some(tail) = body.strip_prefix(word) {
            let inner = tail.trim_start();
            if inner.starts_with(|c: char| c.is_ascii_digit()) {
                skipped += body.len() - inner.len();
                body = inner;
                break;
            }
        }
    }
    let length = body.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(body.len());
    let number = body.get(..length).unwrap_or("").trim_end_matches('.');
    let at = end + skipped + number.len();
    let glued = scan
        .next(at)
        .is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, ':' | '_' | '/' | '%' | 'x' | '×'));
    let whole = !number.contains('.');
    if number.is_empty()
        || skipped == 0
        || glued
        || number.len() > 12
        || (whole && number.len() > 4)
        || (whole && super::noise::is_counted(scan, at))
    {
        return (end, String::new());
    }
    (at, number.to_owned())
}
