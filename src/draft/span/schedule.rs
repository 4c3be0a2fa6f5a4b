//! Schedules, as cron: `every night at 2`, `daily at 06:30`, `on weekdays at 7`, `every 15 minutes`, `0 3 * * *`,
//! `每天凌晨两点`, `每周一早上9点`. A time zone beside it is a span of its own (`time.rs`), since a CronJob has a
//! field of its own for it.
//!
//! What cron cannot say exactly (every 45 minutes) is no schedule; its length of time stays and is shown.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, range, whole, words};
use super::time::clock;
use super::words::{CHINESE, WORDS, integer, number};
use crate::pattern::SlotType;

const DAY: &str = r"(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?s?";

static CRON: LazyLock<Rule> = LazyLock::new(|| {
    const FIELD: &str =
        r"(?:(?:\*|[0-9]+(?:-[0-9]+)?)(?:/[0-9]+)?(?:,(?:\*|[0-9]+(?:-[0-9]+)?)(?:/[0-9]+)?)*)";
    const NAMED: &str = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)(?:[-,](?i:mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))*)";
    Rule::new(&format!(
        r"(?P<cron>{FIELD}[ \t]+{FIELD}[ \t]+{FIELD}[ \t]+(?:{FIELD}|{NAMED})[ \t]+(?:{NAMED}|{FIELD}))|(?P<macro>@(?:yearly|annually|monthly|weekly|daily|midnight|hourly))(?-u:\b)"
    ))
});
static INTERVAL: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?-u:\b)(?:every|each|once\s+every)\s+(?P<number>[0-9]+|{WORDS}|other|second)[\s-]*(?P<unit>minutes?|mins?|m|hours?|hrs?|h|days?|weeks?)(?-u:\b)|(?:每隔?|每间隔)\s*(?P<zhnumber>[0-9]+|半|{CHINESE})\s*个?\s*(?P<zhunit>分钟|小时|钟头|天)"
    ))
});
static DAYS: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?-u:\b)(?:(?:every|each)\s+(?:single\s+)?(?P<every>night|day|morning|evening|afternoon|midnight|noon|(?:week|work|business\s+)day|weekend|week|month|hour|minute|{DAY}(?:(?:\s*,\s*|\s*,?\s+and\s+){DAY})*)(?:\s+(?P<partofday>morning|evening|afternoon|night))?(?P<monthday>\s+on\s+the\s+(?:[0-9]{{1,2}}(?:st|nd|rd|th)|first|last))?|(?:once|twice)\s+(?:a|per|every)\s+(?P<once>minute|hour|day|night|week|month)|(?P<adverb>daily|nightly|hourly|weekly|monthly|yearly|annually)(?:\s+on\s+(?P<on>{DAY}|the\s+(?:[0-9]{{1,2}}(?:st|nd|rd|th)|first)))?|(?:on\s+)?(?P<plural>weekdays|workdays|business\s+days|weekends|(?:mon|tues|wednes|thurs|fri|satur|sun)days(?:(?:\s*,\s*|\s*,?\s+and\s+)(?:mon|tues|wednes|thurs|fri|satur|sun)days)*)|(?P<from>monday\s+(?:to|through|till|until|-)\s+friday|mon-fri)|on\s+the\s+(?P<nth>first|[0-9]{{1,2}}(?:st|nd|rd|th))\s+(?:day\s+)?of\s+(?:every|each|the)\s+month)(?-u:\b)"
    ))
});
static CHINESE_DAYS: LazyLock<Rule> = LazyLock::new(|| {
    const WEEKDAY: &str = "(?:周|星期|礼拜)?[一二三四五六日天末]";
    Rule::new(&format!(
        r"每(?:个)?(?P<week>(?:周|星期|礼拜)[一二三四五六日天末](?:\s*(?:和|、|，|到|至|-)\s*{WEEKDAY})*)|每个?(?P<every>工作日|天|日|晚上|晚|夜|早上|早|小时|分钟|周末|周|星期|年)|每个?月(?P<monthday>[0-9]{{1,2}}|{CHINESE})[号日]|(?P<month>每个?月)|(?P<bare>工作日)"
    ))
});
/// A time after the days: `at 2`, `around 9pm`, `06:30`, `凌晨两点`.
static TIME_AFTER: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)^(?:\s*\([a-z ,-]{{1,20}}\))?(?:\s*,?\s*(?:(?P<at>at|around|@)\s+(?:about\s+)?)|(?P<between>(?:\s+[a-z-]+){{1,2}}\s+at\s+))?\s*(?P<clock>(?:[0-9]{{1,2}}:[0-9]{{2}}(?:\s*[ap]\.?m(?-u:\b))?|(?:[0-9]{{1,2}}|{WORDS})\s*[ap]\.?m(?-u:\b)|(?:[0-9]{{1,2}}|{WORDS})(?:\s*o'?clock)?(?-u:\b)|noon(?-u:\b)|midnight(?-u:\b)))(?:\s+in\s+the\s+(?P<part>morning|afternoon|evening|night)(?-u:\b)|\s+at\s+(?P<night>night)(?-u:\b))?"
    ))
});
static TIME_BEFORE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?-u:\b)(?:(?P<at>at|around)\s+)?(?P<clock>[0-9]{{1,2}}:[0-9]{{2}}(?:\s*[ap]\.?m\.?)?|(?:[0-9]{{1,2}}|{WORDS})(?:\s*[ap]\.?m\.?|\s*o'?clock)?|noon|midnight)\s*,?\s*$"
    ))
});
static CHINESE_TIME: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"^\s*(?:的|在|，)?\s*(?P<part>凌晨|早上|早晨|清晨|上午|中午|下午|傍晚|晚上|夜里|夜间|深夜|半夜)?\s*(?P<clock>[0-9]{1,2}:[0-9]{2}|(?:[0-9]{1,2}|[一二两三四五六七八九十]+)\s*[点时]钟?(?:半|一刻|三刻|(?:[0-9]{1,2}|[一二三四五六七八九十]+)分)?)?",
    )
});
/// Words before "every 10 minutes" or "every day" that make it a habit of the program or of the person.
static HABIT_BEFORE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?:checkpoint(?:s|ing)?|sav(?:e|es|ing)|logging|heartbeats?|evaluat(?:e|es|ing)|refresh(?:es)?|polls?|(?-u:\b)(?:i|we|they|people|students|you)\s+(?:\w+\s+){0,2}?(?:use|work|need|open|log\s+in|meet|come)|that\s+i\s+use|used|保存|检查点|存一次)[^.;。；]{0,40}$",
    )
});
static HABIT_AFTER: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)^\s*(?:work(?-u:\b)|use(?-u:\b)|driver|life|standup|meeting|basis|users?|users|users?(?-u:\b)|active|newspaper|business(?-u:\b)|都?(?:要|会|得)?(?:用|使用|上班|工作|登录)|的?(?:工作|使用|日常))",
    )
});

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in CRON.all(scan.text) {
        let at = whole(&captures);
        let text = scan.text.get(at.0..at.1).unwrap_or("");
        let free = !matches!(scan.previous(at.0), Some(c) if c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-'));
        let ends = !matches!(scan.next(at.1), Some(c) if c.is_ascii_alphanumeric() || matches!(c, '/' | '-'));
        if range(&captures, "macro").is_some() || (free && ends && is_cron(text)) {
            scan.strong(SlotType::Schedule, at, text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
    for captures in INTERVAL.all(scan.text) {
        let at = whole(&captures);
        let english = !words(&captures, "unit").is_empty();
        let (count, unit) = if english {
            (words(&captures, "number"), words(&captures, "unit"))
        } else {
            (words(&captures, "zhnumber"), words(&captures, "zhunit"))
        };
        if habit(scan, at) {
            continue;
        }
        let count = match count.to_ascii_lowercase().as_str() {
            "other" | "second" => Some(2.0),
            text => number(text),
        };
        if let Some(cron) = count.and_then(|count| interval(count, unit)) {
            // "every 2 days at 3": the time belongs to it.
            let days = cron.starts_with("0 0 ");
            match after(scan, at, if english { "" } else { "天" }).filter(|_| days) {
                Some((end, (hour, minute))) => {
                    let tail = cron.trim_start_matches("0 0 ").to_owned();
                    scan.strong(SlotType::Schedule, (at.0, end), format!("{minute} {hour} {tail}"));
                }
                None => scan.strong(SlotType::Schedule, at, cron),
            }
        }
    }
    english_days(scan);
    chinese_days(scan);
}

fn habit(scan: &Scan<'_>, at: (usize, usize)) -> bool {
    HABIT_BEFORE.matches(scan.before(at.0)) || HABIT_AFTER.matches(scan.after(at.1))
}

fn english_days(scan: &mut Scan<'_>) {
    for captures in DAYS.all(scan.text) {
        let mut at = whole(&captures);
        if scan.taken(SlotType::Schedule, at)
            || matches!(scan.previous(at.0), Some('-' | '_' | '/' | '.'))
            || matches!(scan.next(at.1), Some('-' | '_' | '/'))
        {
            continue;
        }
        let said = ["every", "once", "adverb", "plural", "from"]
            .iter()
            .map(|group| words(&captures, group))
            .find(|text| !text.is_empty())
            .unwrap_or("")
            .to_ascii_lowercase();
        let nth = ["monthday", "nth", "on"].iter().find_map(|group| ordinal(words(&captures, group)));
        let weekday = day_numbers(words(&captures, "on"));
        let twice =
            scan.text.get(at.0..at.1).is_some_and(|text| text.to_ascii_lowercase().starts_with("twice"));
        let part = said.as_str();
        let of_day = words(&captures, "partofday").to_ascii_lowercase();
        let hint = if of_day.is_empty() { part } else { of_day.as_str() };
        let mut time = None;
        if let Some((end, clock)) = after(scan, at, hint) {
            (at.1, time) = (end, Some(clock));
        } else if let Some((start, clock)) = before(scan, at, hint) {
            (at.0, time) = (start, Some(clock));
        } else if habit(scan, at) {
            continue;
        }
        // Plain "on weekends", "mondays" without a time may speak of anything; "every monday" does not.
        if time.is_none() && !words(&captures, "plural").is_empty() && said != "weekdays" {
            let text = scan.text.get(at.0..at.1).unwrap_or("");
            if !text.to_ascii_lowercase().starts_with("on") {
                continue;
            }
        }
        if let Some(cron) = compose(part, nth, weekday, time, twice) {
            scan.strong(SlotType::Schedule, at, cron);
        }
    }
}

/// The cron line of English days. `part` is what was said: `night`, `monday and friday`, `weekly`.
fn compose(
    part: &str,
    nth: Option<u32>,
    weekday: Option<String>,
    time: Option<(u32, u32)>,
    twice: bool,
) -> Option<String> {
    let usual = match part {
        "noon" => (12, 0),
        "morning" => (6, 0),
        "evening" | "afternoon" => return time.map(|(hour, minute)| format!("{minute} {hour} * * *")),
        _ => (0, 0),
    };
    let (hour, minute) = time.unwrap_or(usual);
    if let Some(day) = nth {
        return Some(format!("{minute} {hour} {day} * *"));
    }
    if let Some(days) = weekday {
        return Some(format!("{minute} {hour} * * {days}"));
    }
    let days = match part {
        "minute" => return Some("* * * * *".to_owned()),
        "hour" | "hourly" => return Some(format!("{} * * * *", if twice { "*/30" } else { "0" })),
        "day" | "daily" if twice && time.is_none() => return Some("0 */12 * * *".to_owned()),
        "night" | "nightly" | "day" | "daily" | "morning" | "midnight" | "noon" => "*".to_owned(),
        "weekday" | "weekdays" | "workday" | "workdays" | "mon-fri" => "1-5".to_owned(),
        "weekend" | "weekends" => "0,6".to_owned(),
        "week" | "weekly" => "0".to_owned(),
        "month" | "monthly" => return Some(format!("{minute} {hour} 1 * *")),
        "yearly" | "annually" => return Some(format!("{minute} {hour} 1 1 *")),
        text if text.starts_with("business")
            || text.starts_with("monday ") && text.ends_with("friday") && !text.contains("and") =>
        {
            "1-5".to_owned()
        }
        text => day_numbers(text)?,
    };
    Some(format!("{minute} {hour} * * {days}"))
}

/// The time after the days, and where it ends.
fn after(scan: &Scan<'_>, at: (usize, usize), part: &str) -> Option<(usize, (u32, u32))> {
    if part.chars().any(super::scan::is_chinese) {
        let captures = CHINESE_TIME.first(scan.after(at.1))?;
        let (_, end) = range(&captures, "clock")?;
        let own = words(&captures, "part");
        let time = clock(words(&captures, "clock"), if own.is_empty() { part } else { own })?;
        return Some((at.1 + end, time));
    }
    let captures = TIME_AFTER.first(scan.after(at.1))?;
    let text = words(&captures, "clock");
    // Without "at" only what can be nothing else: 06:30, 3am, noon.
    // "nightly backups at 3am": what is done may stand between, after an adverb.
    let between = range(&captures, "between").is_some();
    if between && !["daily", "nightly", "weekly", "monthly"].contains(&part) {
        return None;
    }
    let plain = range(&captures, "at").is_none()
        && !between
        && text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_alphabetic())
        && !text.to_ascii_lowercase().ends_with('m')
        && !text.eq_ignore_ascii_case("noon")
        && !text.eq_ignore_ascii_case("midnight");
    let (_, end) = range(&captures, "clock")?;
    if plain || super::noise::is_counted(scan, at.1 + end) {
        return None;
    }
    let said = match (words(&captures, "part"), words(&captures, "night")) {
        ("", "") => part,
        ("", night) => night,
        (part, _) => part,
    };
    Some((at.1 + whole(&captures).1, clock(text, &said.to_ascii_lowercase())?))
}

/// The time before the days (`at 2 every night`, `06:30 daily`), and where it begins.
fn before(scan: &Scan<'_>, at: (usize, usize), part: &str) -> Option<(usize, (u32, u32))> {
    let captures = TIME_BEFORE.first(scan.before(at.0))?;
    let text = words(&captures, "clock");
    let exact = text.contains(':')
        || text.to_ascii_lowercase().trim_end_matches('.').ends_with('m')
        || text.ends_with("noon");
    if range(&captures, "at").is_none() && (!exact || text.to_ascii_lowercase().starts_with("a ")) {
        return None;
    }
    Some((whole(&captures).0, clock(text.trim_end_matches('.'), part)?))
}

fn chinese_days(scan: &mut Scan<'_>) {
    for captures in CHINESE_DAYS.all(scan.text) {
        let mut at = whole(&captures);
        if scan.taken(SlotType::Schedule, at) {
            continue;
        }
        let every = words(&captures, "every");
        let part = match every {
            "晚上" | "晚" | "夜" => "晚上",
            "早上" | "早" => "早上",
            _ => "天",
        };
        let time = after(scan, at, part);
        if let Some((end, _)) = time {
            at.1 = end;
        } else if range(&captures, "bare").is_some() || habit(scan, at) {
            continue;
        }
        let usual = if part == "早上" { (6, 0) } else { (0, 0) };
        let (hour, minute) = time.map_or(usual, |(_, clock)| clock);
        let week = words(&captures, "week");
        let cron = if let Some(day) = number(words(&captures, "monthday")).and_then(integer) {
            (1..=31).contains(&day).then(|| format!("{minute} {hour} {day} * *"))
        } else if range(&captures, "month").is_some() {
            Some(format!("{minute} {hour} 1 * *"))
        } else if !week.is_empty() {
            chinese_weekdays(week).map(|days| format!("{minute} {hour} * * {days}"))
        } else {
            match (every, words(&captures, "bare")) {
                ("小时", _) => Some("0 * * * *".to_owned()),
                ("分钟", _) => Some("* * * * *".to_owned()),
                ("工作日", _) | (_, "工作日") => Some(format!("{minute} {hour} * * 1-5")),
                ("周末", _) => Some(format!("{minute} {hour} * * 0,6")),
                ("周" | "星期", _) => Some(format!("{minute} {hour} * * 0")),
                ("年", _) => Some(format!("{minute} {hour} 1 1 *")),
                _ => Some(format!("{minute} {hour} * * *")),
            }
        };
        if let Some(cron) = cron {
            scan.strong(SlotType::Schedule, at, cron);
        }
    }
}

fn chinese_weekdays(text: &str) -> Option<String> {
    let day = |c: char| match c {
        '日' | '天' => Some(0_u32),
        '一' => Some(1),
        '二' => Some(2),
        '三' => Some(3),
        '四' => Some(4),
        '五' => Some(5),
        '六' => Some(6),
        _ => None,
    };
    if text.contains('末') {
        return Some("0,6".to_owned());
    }
    let days: Vec<u32> = text.chars().filter_map(day).collect();
    let range = text.contains(['到', '至', '-']);
    match days.as_slice() {
        [from, to] if range && from < to => Some(format!("{from}-{to}")),
        [from, 0] if range => Some(format!("{from}-7")),
        [] => None,
        days => Some(list(days)),
    }
}

/// Days of the week as cron numbers: `mondays and thursdays` -> `1,4`.
fn day_numbers(text: &str) -> Option<String> {
    const NAMES: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];
    let mut days = Vec::new();
    for word in text.split(|c: char| !c.is_ascii_alphabetic()) {
        let word = word.to_ascii_lowercase();
        let day =
            NAMES.iter().position(|name| word.starts_with(name)).and_then(|day| u32::try_from(day).ok());
        if let Some(day) = day {
            days.push(day);
        }
    }
    (!days.is_empty()).then(|| list(&days))
}

fn list(days: &[u32]) -> String {
    days.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// `the 15th` -> 15, `the first` -> 1.
fn ordinal(text: &str) -> Option<u32> {
    if text.to_ascii_lowercase().contains("first") {
        return Some(1);
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|day| (1..=31).contains(day))
}

/// Cron can only say intervals that divide the next larger unit.
fn interval(count: f64, unit: &str) -> Option<String> {
    let unit = unit.to_ascii_lowercase();
    if unit.starts_with('h') || unit == "小时" || unit == "钟头" {
        if (count - 0.5).abs() < f64::EPSILON {
            return Some("*/30 * * * *".to_owned());
        }
        return match integer(count)? {
            1 => Some("0 * * * *".to_owned()),
            24 => Some("0 0 * * *".to_owned()),
            count if count > 0 && 24 % count == 0 => Some(format!("0 */{count} * * *")),
            _ => None,
        };
    }
    let count = integer(count)?;
    match unit.as_str() {
        "m" | "min" | "mins" | "minute" | "minutes" | "分钟" => match count {
            1 => Some("* * * * *".to_owned()),
            60 => Some("0 * * * *".to_owned()),
            count if count > 0 && 60 % count == 0 => Some(format!("*/{count} * * * *")),
            _ => None,
        },
        "day" | "days" | "天" => match count {
            1 => Some("0 0 * * *".to_owned()),
            2..=15 => Some(format!("0 0 */{count} * *")),
            _ => None,
        },
        "week" | "weeks" if count == 1 => Some("0 0 * * 0".to_owned()),
        _ => None,
    }
}

/// Five fields within their bounds, at least one of them `*` or a list: `1 2 3 4 5` is more likely a row of numbers.
fn is_cron(text: &str) -> bool {
    const BOUNDS: [(u32, u32); 5] = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)];
    let fields: Vec<&str> = text.split_whitespace().collect();
    fields.len() == 5
        && text.contains('*')
        && fields.iter().zip(BOUNDS).all(|(field, (low, high))| {
            let base = field.split('/').next().unwrap_or("");
            base.split([',', '-'])
                .filter_map(|part| part.parse::<u32>().ok())
                .all(|value| (low..=high).contains(&value))
        })
}
