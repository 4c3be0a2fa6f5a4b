//! Lengths of time, in seconds: `12 hours`, `2h30m`, `half an hour`, `two weeks`, `12小时`, `两天`, `一个半小时`.
//! A month counts 30 days and a year 365.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, whole, word_after, words};
use super::words::{CHINESE, DIGITS, WORDS, integer, number};
use crate::pattern::SlotType;

/// `2h30m`, `24h`, `90min`, `7d`, `30s`: unit letters written at the number. `30m` alone is read in `cpu.rs`.
static COMPACT: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?-u:\b)(?:(?P<d>[0-9]+)d)?(?:(?P<h>[0-9]+(?:\.[0-9]+)?)[hH])?(?:(?P<m>[0-9]+)m)?(?:(?P<s>[0-9]+)s)?(?-u:\b)",
    )
});
static ENGLISH: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?-u:\b)(?P<number>{DIGITS}|half\s+an?|{WORDS}|an?)[\s-]*(?P<unit>seconds?|secs?|minutes?|mins?|hours?|hrs?|days?|nights?|weeks?|months?|years?)(?-u:\b)(?P<half>\s+and\s+a\s+half)?"
    ))
});
static CHINESE_RULE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?P<number>{DIGITS}|半|{CHINESE})\s*(?P<measure>个)?(?P<half>半)?\s*(?P<unit>秒钟?|分钟|小时|钟头|天|周|星期|礼拜|月|年)"
    ))
});
/// Two lengths are one where nothing but a conjunction stands between: `2 hours and 30 minutes`.
static JOINT: LazyLock<Rule> = LazyLock::new(|| Rule::new(r"(?i)^(?:\s*(?:,?\s*and\s+)?|又|零)$"));

pub(super) fn scan(scan: &mut Scan<'_>) {
    compact(scan);
    let mut lengths: Vec<((usize, usize), f64, f64)> = Vec::new();
    for captures in ENGLISH.all(scan.text) {
        let at = whole(&captures);
        let unit = words(&captures, "unit").to_ascii_lowercase();
        let text = words(&captures, "number");
        let article = text.eq_ignore_ascii_case("a") || text.eq_ignore_ascii_case("an");
        // "a second notebook" is an ordinal, "4 min 8 max" a range, "2 nights" no length that a machine knows.
        let next = word_after(scan.text, at.1);
        if (article && unit.starts_with("sec"))
            || unit.starts_with("night")
            || (unit == "min" && (next == "max" || scan.after(at.1).contains(" max")))
            || matches!(scan.previous(at.0), Some('.' | '/' | '_' | '$'))
        {
            continue;
        }
        let half = if words(&captures, "half").is_empty() { 0.0 } else { 0.5 };
        if let (Some(count), Some(seconds)) = (number(text), seconds(&unit)) {
            push(&mut lengths, scan, at, (count + half) * seconds, seconds);
        }
    }
    for captures in CHINESE_RULE.all(scan.text) {
        let at = whole(&captures);
        let (unit, measure) = (words(&captures, "unit"), !words(&captures, "measure").is_empty());
        let text = words(&captures, "number");
        // 3月 is March and 2026年 a year: without 个, months and years are dates. 第3天 is an ordinal, 一天 may be "one day".
        if (unit == "月" && !measure)
            || (unit == "年" && text.len() == 4)
            || scan.previous(at.0) == Some('第')
        {
            continue;
        }
        let half = if words(&captures, "half").is_empty() { 0.0 } else { 0.5 };
        if let (Some(count), Some(seconds)) = (number(text), seconds(unit)) {
            push(&mut lengths, scan, at, (count + half) * seconds, seconds);
        }
    }
    for (at, length, _) in lengths {
        if let Some(length) = integer(length.round()) {
            scan.strong(SlotType::Duration, at, length);
        }
    }
}

/// Adds a length, or joins it to the one that it completes (`2 hours` + `30 minutes`; the unit must become smaller).
fn push(
    lengths: &mut Vec<((usize, usize), f64, f64)>,
    scan: &Scan<'_>,
    at: (usize, usize),
    length: f64,
    unit: f64,
) {
    if let Some((last, total, last_unit)) = lengths.last_mut()
        && *last_unit > unit
        && scan.text.get(last.1..at.0).is_some_and(|between| JOINT.matches(between))
    {
        last.1 = at.1;
        *total += length;
        *last_unit = unit;
        return;
    }
    lengths.push((at, length, unit));
}

fn compact(scan: &mut Scan<'_>) {
    for captures in COMPACT.all(scan.text) {
        let at = whole(&captures);
        let part = |name| number(words(&captures, name));
        let parts = [part("d"), part("h"), part("m"), part("s")];
        let only_minutes = parts[2].is_some() && parts.iter().flatten().count() == 1;
        if at.0 == at.1
            || only_minutes
            || parts.iter().all(Option::is_none)
            || matches!(scan.previous(at.0), Some('.' | '-' | '/' | '_' | ':'))
        {
            continue;
        }
        let total: f64 =
            parts.iter().zip([86_400.0, 3600.0, 60.0, 1.0]).filter_map(|(n, s)| n.map(|n| n * s)).sum();
        if let Some(total) = integer(total.round()) {
            scan.strong(SlotType::Duration, at, total);
        }
    }
}

/// Seconds of one unit.
pub(super) fn seconds(unit: &str) -> Option<f64> {
    let english = unit.trim_end_matches('s');
    Some(match english {
        "second" | "sec" | "秒" | "秒钟" => 1.0,
        "minute" | "min" | "分钟" => 60.0,
        "hour" | "hr" | "小时" | "钟头" => 3600.0,
        "day" | "天" => 86_400.0,
        "week" | "周" | "星期" | "礼拜" => 604_800.0,
        "month" | "月" => 2_592_000.0,
        "year" | "年" => 31_536_000.0,
        _ => return None,
    })
}
