//! What a request says: its words, and its numbers in any spelling and unit.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use kubectl_copilot::manifest::Quantity;
use regex::{Captures, Regex};

/// Words and numbers of a request.
pub struct Said {
    words: BTreeSet<String>,
    /// The request without spaces and signs: `config map` and `ConfigMap` are the same there.
    squashed: String,
    numbers: Vec<f64>,
    /// Days of the week as cron numbers them.
    days: Vec<f64>,
}

/// Factors of a unit behind a number. `GB` and `gigs` are read both ways, since people write both for both.
const UNITS: &[(&str, &[f64])] = &[
    ("s sec secs second seconds 秒", &[1.0]),
    ("min mins minute minutes 分钟 分", &[60.0]),
    ("h hr hrs hour hours 小时", &[3600.0]),
    ("d day days 天", &[86400.0]),
    ("m", &[0.001, 60.0]),
    ("ki kb", &[1024.0, 1e3]),
    ("mi mb megs", &[1_048_576.0, 1e6]),
    ("gi gb g gig gigs", &[1_073_741_824.0, 1e9]),
    ("ti tb t", &[1_099_511_627_776.0, 1e12]),
    ("pm 点", &[1.0]),
];

const NUMBERS: &[(&str, &str)] = &[
    ("0", "no none zero never without 无"),
    ("0.5", "half 半"),
    ("1", "a an one single once"),
    ("2", "two twice"),
    ("3", "three"),
    ("4", "four"),
    ("5", "five"),
    ("6", "six"),
    ("7", "seven"),
    ("8", "eight"),
    ("9", "nine"),
    ("10", "ten"),
    ("11", "eleven"),
    ("12", "twelve dozen"),
    ("15", "fifteen"),
    ("20", "twenty"),
    ("30", "thirty"),
];

/// A word without its plural: `pods/log` and "pod logs" are the same.
fn singular(word: &str) -> &str {
    word.strip_suffix('s').filter(|rest| rest.len() > 1).unwrap_or(word)
}

/// What a word stands for in the API.
const SYNONYMS: &[(&str, &str)] =
    &[("内存", "memory"), ("只读", "readonly"), ("mem", "memory"), ("用户组", "group")];

const DAYS: [&str; 7] = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern")
}

static NUMBER: LazyLock<Regex> = LazyLock::new(|| regex(r"(\d+(?:\.\d+)?)\s*(\p{Han}{1,2}|[a-z]+)?"));
static ASCII_WORD: LazyLock<Regex> = LazyLock::new(|| regex(r"[a-z]+"));
static CHINESE_NUMBER: LazyLock<Regex> = LazyLock::new(|| regex("[零一二两三四五六七八九十百千万半]+"));
static PER: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(?:per|every|each)\s+(second|minute|hour|day)\b"));
static DURATION: LazyLock<Regex> = LazyLock::new(|| regex(r"^(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$"));

impl Said {
    pub fn of(request: &str) -> Self {
        let request = request.to_lowercase();
        let mut words: BTreeSet<String> = tokens(&request).collect();
        for (said, meant) in SYNONYMS {
            if request.contains(said) {
                words.insert((*meant).to_owned());
            }
        }
        let plain = digits(&request);
        let mut numbers: Vec<f64> = words.iter().filter_map(|word| word.parse().ok()).collect();
        for found in NUMBER.captures_iter(&plain) {
            let number: f64 = found[1].parse().unwrap_or_default();
            numbers.push(number);
            let unit = found.get(2).map_or("", |unit| unit.as_str());
            numbers.extend(factors(unit).map(|factor| number * factor));
            if unit == "pm" {
                numbers.push(number + 12.0);
            }
        }
        let days = (0..7).filter(|day| request.contains(DAYS[*day])).map(|day| day as f64).collect();
        Self { squashed: squashed(&request), words, numbers, days }
    }

    /// Adds what may be repeated: names of objects.
    pub fn add(&mut self, text: &str) {
        self.words.extend(tokens(&text.to_lowercase()));
    }

    /// Whether a text is made of words and numbers of the request.
    pub fn has_text(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        let is_said = |token: &str| {
            self.words.contains(token) || token.parse().is_ok_and(|number| self.has_number(number))
        };
        tokens(&text).all(|token| is_said(&token))
            || (squashed(&text).len() > 3 && self.squashed.contains(singular(&squashed(&text))))
            || self.has_amount(&text)
            || self.has_schedule(&text)
    }

    /// Whether a number was said, in any spelling.
    pub fn has_number(&self, number: f64) -> bool {
        self.numbers.iter().any(|said| (said - number).abs() <= number.abs() * 1e-9)
    }

    /// A quantity (`500m`, `64Gi`), a percentage or a duration (`1h30m`).
    fn has_amount(&self, text: &str) -> bool {
        let quantity = Quantity::of(
            &text.replace("gi", "Gi").replace("mi", "Mi").replace("ti", "Ti").replace("ki", "Ki").into(),
        );
        let percent = text.strip_suffix('%').and_then(|number| number.parse().ok());
        let amounts = [quantity.ok().map(|quantity| quantity.nano() as f64 / 1e9), percent, seconds(text)];
        amounts.into_iter().flatten().any(|amount| self.has_number(amount))
    }

    /// A cron line whose numbers were said; 0 is where nothing was.
    fn has_schedule(&self, text: &str) -> bool {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let is_said = |(place, field): (usize, &&str)| {
            field.split(['*', '/', ',', '-']).filter(|part| !part.is_empty()).all(|part| {
                match part.parse::<f64>() {
                    Ok(number) => {
                        number == 0.0
                            || self.has_number(number)
                            || (place == 4 && self.days.contains(&(number % 7.0)))
                    }
                    Err(_) => DAYS.contains(&part) && self.has_text(part),
                }
            })
        };
        fields.len() == 5 && fields.iter().enumerate().all(is_said)
    }
}

fn tokens(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| !c.is_alphanumeric() || !c.is_ascii()).filter(|part| !part.is_empty());
    parts.map(|part| singular(part).to_owned()).collect::<Vec<_>>().into_iter()
}

fn squashed(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

fn factors(unit: &str) -> impl Iterator<Item = f64> {
    let chinese = unit.chars().next().map(String::from).unwrap_or_default();
    let named = UNITS.iter().filter(move |(names, _)| {
        names.split(' ').any(|name| name == unit || (!name.is_ascii() && name == chinese))
    });
    named.flat_map(|(_, factors)| factors.iter().copied()).collect::<Vec<_>>().into_iter()
}

/// The text with number words as digits: `ten minutes`, `per hour`, `五分钟`.
fn digits(text: &str) -> String {
    let text = PER.replace_all(text, "1 $1");
    let text = ASCII_WORD.replace_all(&text, |found: &Captures<'_>| {
        let of_word = NUMBERS.iter().find(|(_, words)| words.split(' ').any(|word| word == &found[0]));
        of_word.map_or_else(|| found[0].to_owned(), |(number, _)| (*number).to_owned())
    });
    let number = |found: &Captures<'_>| chinese(&found[0]).to_string();
    CHINESE_NUMBER.replace_all(&text, number).into_owned()
}

/// `二十五` is 25, `两` is 2, `半` is 0.5.
fn chinese(text: &str) -> f64 {
    let (mut sum, mut digit) = (0.0, None);
    for c in text.chars() {
        let unit = match c {
            '半' => return 0.5,
            '十' => 10.0,
            '百' => 100.0,
            '千' => 1000.0,
            '万' => 10_000.0,
            _ => {
                let place = "零一二三四五六七八九".chars().position(|other| other == c);
                digit = Some(place.unwrap_or(2) as f64);
                continue;
            }
        };
        sum += digit.take().unwrap_or(1.0) * unit;
    }
    sum + digit.unwrap_or_default()
}

fn seconds(text: &str) -> Option<f64> {
    let found = DURATION.captures(text).filter(|_| !text.is_empty())?;
    let part =
        |index, factor| found.get(index).map_or(0.0, |part| part.as_str().parse().unwrap_or(0.0) * factor);
    Some(part(1, 3600.0) + part(2, 60.0) + part(3, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_said_in_words_units_and_chinese() {
        for (request, text) in [
            ("wait ten minutes", "600"),
            ("two pods per minute", "60"),
            ("within an hour", "1h0m0s"),
            ("64 gigs of memory", "64Gi"),
            ("half a CPU", "500m"),
            ("at most 25%", "25%"),
            ("冷却时间五分钟", "300"),
            ("结束后 30 分钟清理", "1800"),
            ("二十五个副本", "25"),
            ("两个副本", "2"),
            ("Mondays 6 am", "0 6 * * 1"),
            ("every day at 01:30", "30 1 * * *"),
            ("every 15 minutes", "*/15 * * * *"),
            ("nginx 1.27", "nginx:1.27"),
            ("update config maps", "configmaps"),
            ("the config map of web", "configmaps"),
            ("get pod logs", "pods/log"),
        ] {
            assert!(Said::of(request).has_text(text), "{request}: {text}");
        }
    }

    #[test]
    fn what_was_not_said_is_not_there() {
        for (request, text) in [
            ("three replicas", "4"),
            ("64 gigs of memory", "32Gi"),
            ("wait 10 minutes", "60"),
            ("nginx", "nginx:latest"),
            ("every day at 2", "0 3 * * *"),
            ("a web service", "example.com"),
        ] {
            assert!(!Said::of(request).has_text(text), "{request}: {text}");
        }
    }
}
