//! Whole numbers: digits, number words, `a GPU`, `两张卡`, `双卡`, ports.
//!
//! A part of a GPU (`half a GPU`, `0.5 GPUs`) is a count too, with a fraction as its value: no parameter of integers
//! accepts it, so that the person is told, and it does not silently become one.

use std::sync::LazyLock;

use serde_json::Value;

use super::noise::{COUNTED, is_counted};
use super::scan::{Rule, Scan, among, range, whole, word_after, word_before, words};
use super::words::{CHINESE, WORDS, integer, number};
use crate::pattern::SlotType;

/// More digits than this are no count of anything: phone numbers, ids.
const MOST_DIGITS: usize = 9;

static DIGITS: LazyLock<Rule> = LazyLock::new(|| Rule::new(r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+"));
static WORDY: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(&format!(r"(?i)(?-u:\b)(?P<number>zero|{WORDS})(?-u:\b)")));
static ARTICLE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?-u:\b)(?P<number>a\s+single|single|an?)[\s-]+(?:(?:single|nvidia|amd|big|small|free|spare|dedicated|whole|full|entire|cheap|fast|tesla|geforce)\s+)*(?:gpu|graphics\s+card|gpu\s+card|accelerator|(?P<product>[a-z]*[0-9]+[a-z]*|rtx[\s-]?[0-9]+))(?-u:\b)(?:\s+gpu(?-u:\b))?",
    )
});
static PART: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?-u:\b)(?P<number>half\s+an?|half\s+of\s+an?|[0-9]*\.[0-9]+)\s+(?:of\s+an?\s+)?(?:gpus?|cards?|h100|a100)(?-u:\b)|(?P<half>半)[张块个]?\s*(?:GPU|显?卡)|(?P<zh>[0-9]*\.[0-9]+)\s*[张块个]\s*(?:GPU|显?卡)",
    )
});
static MEASURED: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?P<number>{CHINESE})\s*(?P<measure>[张块个台份颗片路名位套组条次]|核(?:心)?|节点|副本|卡|机)"
    ))
});
static CHINESE_ADJECTIVE: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?P<number>[单双])(?:卡|机|节点|副本|GPU)"));
/// Nouns that make `一个` a number and not an article.
static ONE_OF: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)^\s*(?:nvidia\s*)?(?:gpu|显?卡|副本|节点|核|worker|工作节点|实例|进程|pod(?-u:\b)|replica|机器|服务器|h[128]00|a100|v100|a10|t4|l4)",
    )
});
static TIMES_PRODUCT: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(r"(?i)^(?P<x>\s?[x×*]\s?)(?:gpus?(?-u:\b)|显?卡|nvidia|[a-z]*[0-9]{1,4}[a-z]*s?(?-u:\b)|rtx)")
});
static PRODUCT_TIMES: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(r"(?i)(?:[ahbvlt][0-9]{1,3}s?|gpus?|[345]0[5-9]0|mi[0-9]{3}[xa]?|[0-9]{2}gb?)\s?[x×*]\s?$")
});

/// `32k context`, `上下文 128k`: tokens are counted in 1,024.
static THOUSANDS: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?-u:\b)(?P<number>[0-9]{1,4})k(?-u:\b)(?:[\s-]+(?:tokens?\s+)?(?:of\s+)?(?:context|tokens?|window|上下文))|(?:context(?:\s+(?:length|window|size))?|max\s+model\s+len(?:gth)?|上下文(?:长度|窗口)?)(?:\s+(?:of|is|up\s+to))?\s*[:=]?\s*(?P<behind>[0-9]{1,4})k(?-u:\b)",
    )
});

fn thousands(scan: &mut Scan<'_>) {
    for captures in THOUSANDS.all(scan.text) {
        let Some(at) = range(&captures, "number").or_else(|| range(&captures, "behind")) else { continue };
        let digits = scan.text.get(at.0..at.1).and_then(|text| text.parse::<i64>().ok());
        if let Some(count) = digits {
            scan.strong(SlotType::Count, (at.0, at.1 + 1), count * 1024);
        }
    }
}

pub(super) fn scan(scan: &mut Scan<'_>) {
    digits(scan);
    thousands(scan);
    for captures in WORDY.all(scan.text) {
        let at = whole(&captures);
        let text = words(&captures, "number");
        if matches!(scan.previous(at.0), Some('-' | '_' | '/' | '.'))
            || matches!(scan.next(at.1), Some('_' | '/' | '.') if !sentence_end(scan, at.1))
            || (scan.next(at.1) == Some('-') && !is_counted(scan, at.1 + 1))
            || pronoun(scan, text, at)
        {
            continue;
        }
        let value = if text.eq_ignore_ascii_case("zero") { Some(0.0) } else { number(text) };
        let bare_one = text.eq_ignore_ascii_case("one") && !is_counted(scan, at.1);
        if let Some(value) = value.and_then(integer) {
            if bare_one {
                scan.weak(SlotType::Count, at, value);
            } else {
                scan.strong(SlotType::Count, at, value);
            }
        }
    }
    articles(scan);
    for captures in PART.all(scan.text) {
        let at = ["number", "half", "zh"].iter().find_map(|group| range(&captures, group));
        if let Some(at) = at
            && let Some(part) = number(&scan.text.get(at.0..at.1).unwrap_or("").replace("of ", ""))
        {
            // Whatever else was read into it ("a GPU" = 1) is wrong.
            let end = whole(&captures).1;
            scan.found.retain(|found| {
                found.kind != Some(SlotType::Count) || found.end <= at.0 || end <= found.start
            });
            let value = integer(part).map_or_else(|| Value::from(part), Value::from);
            scan.strong(SlotType::Count, at, value);
        }
    }
    chinese(scan);
}

fn digits(scan: &mut Scan<'_>) {
    for captures in DIGITS.all(scan.text) {
        let (start, end) = whole(&captures);
        let text = scan.text.get(start..end).unwrap_or("");
        let plain = text.replace(',', "");
        if plain.len() > MOST_DIGITS {
            scan.noise((start, end));
            continue;
        }
        let leading_zero = plain.len() > 1 && plain.starts_with('0');
        let (Some(begin), Some(finish)) = (before_digits(scan, start), after_digits(scan, end)) else {
            continue;
        };
        let Ok(mut value) = plain.parse::<i64>() else { continue };
        if leading_zero {
            continue;
        }
        if begin < start {
            value = -value;
        }
        scan.strong(SlotType::Count, (begin, finish), value);
    }
}

/// Where a number that begins at `start` really begins (a minus sign belongs to it), or `None` where it is part of
/// something else.
fn before_digits(scan: &Scan<'_>, start: usize) -> Option<usize> {
    let mut head = scan.before(start).chars().rev();
    match head.next() {
        None => Some(start),
        Some('-') => match head.next() {
            // " -5 GPUs" is negative; "2-4" a range, whose parts are read one by one; "x-5" a name.
            None => Some(start - 1),
            Some(c) if c.is_whitespace() => Some(start - 1),
            Some(c) if c.is_ascii_digit() => Some(start),
            Some(c) if super::scan::is_chinese(c) => Some(start),
            _ => None,
        },
        Some('x' | 'X' | '×' | '*') if PRODUCT_TIMES.matches(scan.before(start)) => Some(start),
        Some('.' | ',') if head.next().is_some_and(|c| c.is_ascii_digit()) => None,
        Some('/' | '#' | '$' | '€' | '£' | '¥' | '+' | '@' | '_' | '\\' | '.' | '第') => None,
        Some(c) if c.is_ascii_alphanumeric() => None,
        Some(_) => Some(start),
    }
}

/// Where a number that seems to end at `end` really ends (a percent sign belongs to it), or `None`.
fn after_digits(scan: &Scan<'_>, end: usize) -> Option<usize> {
    let rest = scan.after(end);
    let mut tail = rest.chars();
    match tail.next() {
        None => Some(end),
        Some('%') => Some(end + 1),
        Some('-') => {
            let next = tail.next();
            let range = next.is_some_and(|c| c.is_ascii_digit());
            let word = word_after(scan.text, end + 1);
            let noun = word.split('-').next().unwrap_or("");
            let noun = among(COUNTED, noun) || super::gpu::starts_product(scan.after(end + 1));
            (range || noun || !next.is_some_and(char::is_alphanumeric)).then_some(end)
        }
        Some('.') => (!tail.next().is_some_and(|c| c.is_ascii_alphanumeric())).then_some(end),
        Some('x' | 'X' | '×' | '*') => TIMES_PRODUCT.matches(rest).then_some(end),
        // Ports of Kubernetes come as 53/UDP.
        Some('/') => {
            let protocol = word_after(scan.text, end + 1);
            ["tcp", "udp", "sctp"].contains(&protocol.as_str()).then_some(end)
        }
        Some('_' | '=' | '@') => None,
        Some(c) if c.is_ascii_alphabetic() => {
            let noun = word_after(scan.text, end);
            (among(COUNTED, noun.as_str()) && noun.len() > 2).then_some(end)
        }
        Some(_) => Some(end),
    }
}

/// `the one with …`, `another one`, `one of them`: no numbers.
fn pronoun(scan: &Scan<'_>, text: &str, at: (usize, usize)) -> bool {
    if !text.eq_ignore_ascii_case("one") {
        return false;
    }
    let before = word_before(scan.text, at.0);
    let after = word_after(scan.text, at.1);
    [
        "the", "this", "that", "which", "another", "new", "same", "each", "no", "every", "any", "first",
        "last", "other",
    ]
    .contains(&before.as_str())
        || ["of", "that", "which", "by", "called", "named"].contains(&after.as_str())
}

fn sentence_end(scan: &Scan<'_>, at: usize) -> bool {
    let mut rest = scan.after(at).chars();
    rest.next() == Some('.') && rest.next().is_none_or(char::is_whitespace)
}

/// `a GPU`, `an H100`, `single GPU`: one. Not where the GPU only describes the next noun (`a GPU notebook`).
fn articles(scan: &mut Scan<'_>) {
    for captures in ARTICLE.all(scan.text) {
        let Some(at) = range(&captures, "number") else { continue };
        if let Some(product) = range(&captures, "product")
            && !super::gpu::starts_product(scan.after(product.0))
        {
            continue;
        }
        let describes = [
            "notebook",
            "node",
            "nodes",
            "machine",
            "job",
            "server",
            "workload",
            "cluster",
            "box",
            "workstation",
            "pod",
            "instance",
            "workbench",
            "environment",
            "training",
            "service",
            "queue",
            "quota",
            "pool",
        ]
        .contains(&word_after(scan.text, whole(&captures).1).as_str());
        let said_single =
            scan.text.get(at.0..at.1).is_some_and(|t| t.to_ascii_lowercase().contains("single"));
        let half = word_before(scan.text, at.0) == "half";
        if (!describes || said_single) && !half && !scan.taken(SlotType::Count, at) {
            scan.strong(SlotType::Count, at, 1);
        }
    }
}

fn chinese(scan: &mut Scan<'_>) {
    for captures in MEASURED.all(scan.text) {
        let Some(at) = range(&captures, "number") else { continue };
        let text = words(&captures, "number");
        if matches!(scan.previous(at.0), Some('第' | '统' | '唯' | '之' | '几' | '数')) {
            continue;
        }
        let measure = words(&captures, "measure");
        let article =
            text == "一" && matches!(measure, "个" | "台" | "份" | "套" | "条" | "次" | "名" | "位");
        if article && !ONE_OF.matches(scan.after(whole(&captures).1)) {
            continue;
        }
        if let Some(value) = number(text).and_then(integer) {
            scan.strong(SlotType::Count, at, value);
        }
    }
    for captures in CHINESE_ADJECTIVE.all(scan.text) {
        if let Some(at) = range(&captures, "number")
            && scan.previous(at.0) != Some('简')
            && let Some(value) = number(words(&captures, "number")).and_then(integer)
        {
            scan.strong(SlotType::Count, at, value);
        }
    }
}
