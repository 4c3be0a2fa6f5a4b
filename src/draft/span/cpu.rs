//! CPU: `4 cores`, `8 vCPUs`, `500m`, `half a core`, `8核`, `4c8g`.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, range, whole, words};
use super::words::{CHINESE, DIGITS, WORDS, integer, number};
use crate::pattern::SlotType;

static BEFORE_NOUN: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?-u:\b)(?P<number>{DIGITS}|half\s+an?|{WORDS}|an?)[\s-]*(?:virtual\s+)?(?:v?cpus?(?:\s+cores?)?|cores?|processors?)(?-u:\b)"
    ))
});
static CHINESE_RULE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?P<number>{DIGITS}|半|{CHINESE})\s*个?\s*(?:核心?|v?cpu(?-u:\b)(?:\s*核心?)?|处理器)"
    ))
});
/// `4c8g`, `8C16G`: cores and memory in one word.
static SHORTHAND: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?i)(?-u:\b)(?P<cores>[0-9]+)c(?P<memory>[0-9]+)g(?-u:\b)"));
static MILLI: LazyLock<Rule> = LazyLock::new(|| Rule::new(r"(?-u:\b)(?P<number>[0-9]+)m(?-u:\b)"));
static AFTER_NOUN: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?-u:\b)v?cpus?(?:\s+(?:limits?|requests?|cores?))?(?:\s*[:=]\s*|\s+(?:of|to|is|at)\s+|\s*(?:核心?数?)?\s*(?:是|为|要)?\s*)(?P<number>[0-9]+(?:\.[0-9]+)?)",
    )
});
/// Words that make `30m` minutes.
static MINUTES_BEFORE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?:timeout|deadline|ttl|after|every|within|grace|interval|period|wait|last|for|超时|每隔?)(?:\s+(?:of|is|at|to|about|the))*\s*[:=]?\s*$",
    )
});
static CPU_NEAR: LazyLock<Rule> = LazyLock::new(|| Rule::new(r"(?i)(?:cpus?|cores?|核)"));

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in BEFORE_NOUN.all(scan.text) {
        let at = whole(&captures);
        let next = super::scan::word_after(scan.text, at.1);
        // "4 CPU nodes" counts nodes; "a CPU notebook" counts nothing.
        let counts_other = matches!(
            next.as_str(),
            "nodes"
                | "node"
                | "machines"
                | "machine"
                | "servers"
                | "server"
                | "notebook"
                | "job"
                | "only"
                | "limit"
                | "limits"
                | "request"
                | "requests"
                | "utilization"
                | "usage"
        );
        let number = words(&captures, "number");
        let article = number.eq_ignore_ascii_case("a") || number.eq_ignore_ascii_case("an");
        if (counts_other
            && (article
                || next.starts_with("node")
                || next.starts_with("machine")
                || next.starts_with("server")))
            || matches!(scan.previous(at.0), Some('.' | '/' | '_'))
        {
            continue;
        }
        add(scan, at, number);
    }
    for captures in CHINESE_RULE.all(scan.text) {
        let at = whole(&captures);
        let chinese = scan.text.get(at.0..at.1).is_some_and(|text| text.chars().any(super::scan::is_chinese));
        if chinese && !scan.taken(SlotType::Cpu, at) {
            add(scan, at, words(&captures, "number"));
        }
    }
    for captures in SHORTHAND.all(scan.text) {
        let (start, _) = whole(&captures);
        let (Some((_, cores_end)), Some(memory)) = (range(&captures, "cores"), range(&captures, "memory"))
        else {
            continue;
        };
        add(scan, (start, cores_end + 1), words(&captures, "cores"));
        scan.strong(
            SlotType::Quantity,
            (memory.0, memory.1 + 1),
            format!("{}Gi", words(&captures, "memory")),
        );
    }
    milli(scan);
    after_noun(scan);
}

/// `500m` is half a core; `30m` may as well be half an hour, and is offered as both unless the words beside it tell.
fn milli(scan: &mut Scan<'_>) {
    for captures in MILLI.all(scan.text) {
        let at = whole(&captures);
        let Some(count) = words(&captures, "number").parse::<i64>().ok().filter(|count| *count > 0) else {
            continue;
        };
        if matches!(scan.previous(at.0), Some('.' | '-' | '/' | '_')) {
            continue;
        }
        let before = scan.before(at.0);
        let cpu_near = CPU_NEAR.matches(tail(before, 16)) || CPU_NEAR.matches(head(scan.after(at.1), 12));
        let minutes = MINUTES_BEFORE.matches(before) && !cpu_near;
        if !minutes {
            scan.strong(SlotType::Cpu, at, words_of(scan, at));
        }
        if minutes || (count < 100 && !cpu_near) {
            scan.strong(SlotType::Duration, at, count * 60);
        }
    }
}

/// `cpu: 4`, `CPU limit of 2`: the noun first. Not where the noun belongs to a number before it (`4 cpu 8 Gi`).
fn after_noun(scan: &mut Scan<'_>) {
    for captures in AFTER_NOUN.all(scan.text) {
        let all = whole(&captures);
        let Some(at) = range(&captures, "number") else { continue };
        let glued = scan.next(at.1).is_some_and(|c| c.is_ascii_alphanumeric() || c == '%' || c == '_');
        if !glued
            && !scan.taken(SlotType::Cpu, all)
            && !scan.text.get(..all.0).is_some_and(|t| t.ends_with(['-', '_', '/']))
        {
            add(scan, at, words(&captures, "number"));
        }
    }
}

fn add(scan: &mut Scan<'_>, at: (usize, usize), text: &str) {
    if let Some(value) = number(text).and_then(normalise) {
        scan.strong(SlotType::Cpu, at, value);
    }
}

fn normalise(cores: f64) -> Option<String> {
    if let Some(whole) = integer(cores) {
        return Some(whole.to_string());
    }
    integer((cores * 1000.0).round()).map(|milli| format!("{milli}m"))
}

fn words_of(scan: &Scan<'_>, (start, end): (usize, usize)) -> String {
    scan.text.get(start..end).unwrap_or("").to_owned()
}

/// The last `count` characters.
fn tail(text: &str, count: usize) -> &str {
    text.char_indices().rev().take(count).last().and_then(|(at, _)| text.get(at..)).unwrap_or("")
}

/// The first `count` characters.
fn head(text: &str, count: usize) -> &str {
    text.char_indices().nth(count).and_then(|(at, _)| text.get(..at)).unwrap_or(text)
}
