//! Times of day, dates and time zones: `14:00`, `9pm`, `2026-11-24`, `Nov 24`, `by Friday`, `明天`, `12月3日`.
//!
//! Dates stay in the person's words (lower case), ISO dates as they are, times become `HH:MM`, zones their IANA name.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, range, whole, words};
use super::words::{WORDS, number};
use crate::pattern::SlotType;

const MONTH: &str = r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)";
const DAY: &str = r"(?:mon|tues?|wednes|thurs?|fri|satur|sun)day";

static DATES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        Rule::new(r"(?-u:\b)[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?Z?)?(?-u:\b)"),
        Rule::new(
            r"(?-u:\b)(?:[0-9]{4}[/.][0-9]{1,2}[/.][0-9]{1,2}|[0-9]{1,2}[/.][0-9]{1,2}[/.][0-9]{4})(?-u:\b)",
        ),
        Rule::new(&format!(
            r"(?i)(?-u:\b)(?:{MONTH}\.?|(?-i:May))\s+[0-9]{{1,2}}(?:st|nd|rd|th)?(?-u:\b)(?:,?\s+[0-9]{{4}}(?-u:\b))?"
        )),
        Rule::new(&format!(
            r"(?i)(?-u:\b)(?:the\s+)?[0-9]{{1,2}}(?:st|nd|rd|th)?\.?\s+(?:of\s+)?(?:{MONTH}|(?-i:May))(?-u:\b)(?:\.?\s+[0-9]{{4}}(?-u:\b))?"
        )),
        Rule::new(
            r"(?i)(?-u:\b)(?:by|until|till|before|on|due)\s+(?:the\s+)?(?P<at>[0-9]{1,2}(?:st|nd|rd|th)|[0-9]{1,2}/[0-9]{1,2})(?-u:\b)",
        ),
        Rule::new(
            r"(?i)(?-u:\b)(?:in|since|until|till|by|from|year|before|after)\s+(?P<at>(?:19|20)[0-9]{2})(?-u:\b)",
        ),
        Rule::new(&format!(
            r"(?i)(?-u:\b)(?:by|until|till|before|on|next|this|due|due\s+on)\s+(?P<at>{DAY})(?-u:\b)(?:\s+(?:morning|afternoon|evening|night))?"
        )),
        Rule::new(
            r"(?i)(?-u:\b)(?:tomorrow|tonight|today|yesterday|next\s+(?:week|month|year|quarter)|this\s+(?:week|weekend|month|evening)|(?:the\s+)?end\s+of\s+(?:the\s+|this\s+|next\s+)?(?:day|week|month|quarter|year))(?-u:\b)",
        ),
        Rule::new(
            r"(?:[0-9]{4}\s*年\s*)?[0-9]{1,2}\s*月\s*(?:[0-9]{1,2}\s*[日号])?|[0-9]{4}\s*年|[0-9]{1,2}\s*[号日]",
        ),
        Rule::new(
            r"[一二三四五六七八九十]+月[一二三四五六七八九十]+[日号]|今天|明天|后天|今晚|明晚|昨天|下个?(?:周|星期|礼拜)[一二三四五六日天末]?|本周[一二三四五六日天末]?|这?周末|下个月|月底|年底|下周",
        ),
    ]
});
static CLOCKS: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        Rule::new(r"(?i)(?-u:\b)[0-9]{1,2}:[0-9]{2}(?::[0-9]{2})?(?:\s*[ap]\.?m(?-u:\b)\.?)?"),
        Rule::new(&format!(
            r"(?i)(?-u:\b)(?:[0-9]{{1,2}}|{WORDS})(?:\s*[ap]\.?m(?-u:\b)\.?|\s+o'?clock(?-u:\b))"
        )),
        Rule::new(r"(?i)(?-u:\b)(?:noon|midnight|midday)(?-u:\b)"),
        Rule::new(
            r"(?:凌晨|早上|早晨|清晨|上午|中午|下午|傍晚|晚上|夜里|夜间|深夜|半夜)?\s*(?:[0-9]{1,2}|[一二两三四五六七八九十]+)\s*(?:点钟?(?:半|一刻|三刻|(?:[0-9]{1,2}|[一二三四五六七八九十]+)分)?|时(?:[0-9]{1,2}分)?)",
        ),
    ]
});
static CLOCK: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)^\s*(?P<part>凌晨|早上|早晨|清晨|上午|中午|下午|傍晚|晚上|夜里|夜间|深夜|半夜)?\s*(?:(?P<word>noon|midday|midnight)|(?P<hour>[0-9]{{1,2}}|{WORDS}|[一二两三四五六七八九十]+)(?::(?P<minute>[0-9]{{2}})(?::[0-9]{{2}})?)?\s*(?P<half>[ap])?(?:\.?m\.?)?(?:\s+o'?clock)?(?:[点时]钟?(?P<zh>半|一刻|三刻|(?:[0-9]{{1,2}}|[一二三四五六七八九十]+)分)?)?)\s*$"
    ))
});
static ZONE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?:(?-u:\b)(?P<iana>(?:Africa|America|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Za-z_]+(?:/[A-Za-z_]+)?)(?-u:\b)|(?-u:\b)(?P<utc>UTC|GMT)(?-u:\b)|(?P<beijing>(?i:(?-u:\b)(?:Beijing|China|Shanghai)\s+time)|北京时间)|(?-u:\b)(?P<central>CEST|CET)(?-u:\b))",
    )
});
const NOUNS_OF_COUNTS: [&str; 12] = [
    "gpu", "gpus", "node", "nodes", "replica", "replicas", "worker", "workers", "cores", "cpus", "pods",
    "cards",
];

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in ZONE.all(scan.text) {
        let at = whole(&captures);
        let zone = if range(&captures, "utc").is_some() {
            "Etc/UTC"
        } else if range(&captures, "beijing").is_some() {
            "Asia/Shanghai"
        } else if range(&captures, "central").is_some() {
            "CET"
        } else {
            words(&captures, "iana")
        };
        scan.strong(SlotType::Time, at, zone);
    }
    for rule in DATES.iter() {
        for captures in rule.all(scan.text) {
            let at = range(&captures, "at").unwrap_or_else(|| whole(&captures));
            // "on 8 May" is a date, "May 2 GPUs …" is not.
            let counted = NOUNS_OF_COUNTS.contains(&super::scan::word_after(scan.text, at.1).as_str());
            let continued = matches!(scan.next(at.1), Some('个' | '-' | '/'));
            if !counted && !continued && !scan.taken(SlotType::Time, at) {
                let text = scan.text.get(at.0..at.1).unwrap_or("").to_lowercase();
                let iso = text.len() > 10 && text.as_bytes().get(4) == Some(&b'-');
                scan.strong(SlotType::Time, at, if iso { text.to_uppercase() } else { text });
            }
        }
    }
    for rule in CLOCKS.iter() {
        for captures in rule.all(scan.text) {
            let at = whole(&captures);
            let text = scan.text.get(at.0..at.1).unwrap_or("");
            let trimmed = text.trim_end();
            let at = (at.0 + (text.len() - text.trim_start().len()), at.0 + trimmed.len());
            if !scan.taken(SlotType::Time, at)
                && !matches!(scan.previous(at.0), Some('.' | '-' | ':'))
                && let Some((hour, minute)) = clock(text, "")
            {
                scan.strong(SlotType::Time, at, format!("{hour:02}:{minute:02}"));
            }
        }
    }
}

/// Hour and minute of a time of day. `part` is the part of the day that was said elsewhere (`night`, `evening`,
/// `晚上`, …) and decides between morning and evening where the time itself does not.
pub(super) fn clock(text: &str, part: &str) -> Option<(u32, u32)> {
    let captures = CLOCK.first(text)?;
    match words(&captures, "word").to_ascii_lowercase().as_str() {
        "noon" | "midday" => return Some((12, 0)),
        "midnight" => return Some((0, 0)),
        _ => {}
    }
    let said = words(&captures, "hour");
    let hour = small(said)?;
    let minute = match (words(&captures, "minute"), words(&captures, "zh")) {
        ("", "") => 0,
        ("", "半") => 30,
        ("", "一刻") => 15,
        ("", "三刻") => 45,
        ("", minutes) => small(minutes.trim_end_matches('分'))?,
        (minutes, _) => small(minutes)?,
    };
    let own = words(&captures, "part");
    let part = if own.is_empty() { part } else { own };
    let hour = match words(&captures, "half").to_ascii_lowercase().as_str() {
        "a" => hour % 12,
        "p" if hour <= 12 => hour % 12 + 12,
        // 06:30 and 14:00 are said exactly.
        _ if said.starts_with('0') || hour > 12 => hour,
        _ => by_part(hour, part),
    };
    (hour < 24 && minute < 60).then_some((hour, minute))
}

fn by_part(hour: u32, part: &str) -> u32 {
    match part {
        "night" | "nightly" | "夜里" | "夜间" | "深夜" | "半夜" | "晚上" | "晚" => match hour {
            12 => 0,
            6..=11 => hour + 12,
            _ => hour,
        },
        "evening" | "afternoon" | "下午" | "傍晚" if hour < 12 => hour + 12,
        "中午" if hour < 3 => hour + 12,
        "凌晨" if hour == 12 => 0,
        _ => hour,
    }
}

/// A whole number below 100.
fn small(text: &str) -> Option<u32> {
    let value = super::words::integer(number(text)?)?;
    u32::try_from(value).ok().filter(|value| *value < 100)
}
