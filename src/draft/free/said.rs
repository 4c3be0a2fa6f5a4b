//! The spans of a request as a manifest can use them.

use std::sync::OnceLock;

use serde_json::Value;

use crate::constraint::walk::{Number, Said};
use crate::draft::span::Span;
use crate::draft::span::scan::Rule;
use crate::pattern::{Catalogue, SlotType};

/// All of a conversation: the words of its turns and their spans.
pub fn said(text: &str, spans: &[Span]) -> Said {
    let mut said = Said::of(text);
    for span in spans {
        let value = span.value.as_str().unwrap_or(&span.text);
        match span.kind {
            SlotType::Count => number(&mut said, span.value.as_i64(), false, None),
            SlotType::Duration => number(&mut said, span.value.as_i64(), true, None),
            SlotType::Quantity => push(&mut said.quantities, value),
            SlotType::Cpu => push(
                &mut said.cpus,
                &span.value.as_str().map_or_else(|| span.value.to_string(), str::to_owned),
            ),
            SlotType::Image => push(&mut said.images, value),
            SlotType::Software => {
                for image in images_of(value) {
                    push(&mut said.images, &image);
                }
            }
            SlotType::Schedule => push(&mut said.schedules, value),
            _ => {}
        }
    }
    for found in pairs()
        .all(text)
        .into_iter()
        .chain(labels().all(text))
        .chain(keys().all(text))
        .chain(chinese_keys().all(text))
    {
        let part = |name: &str| {
            found.name(name).map_or("", |part| part.as_str()).trim_end_matches(['.', ',']).to_owned()
        };
        let pair = (part("k"), part("v"));
        if !said.pairs.contains(&pair) {
            said.pairs.push(pair);
        }
    }
    // `50m` is an amount.
    let is_amount = |at: usize| {
        text.get(at..)
            .is_some_and(|tail| tail.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with("m "))
    };
    for found in digits()
        .all(text)
        .into_iter()
        .filter(|found| !found.name("n").is_some_and(|digits| is_amount(digits.start())))
    {
        let at = found.name("n").map(|digits| digits.start());
        if at.is_some_and(|at| is_part(spans, at)) {
            continue;
        }
        number(&mut said, found.name("n").and_then(|digits| digits.as_str().parse().ok()), false, at);
    }
    for found in times().all(text) {
        // `500m` is half a core.
        let amount = found.name("n").and_then(|digits| text.get(digits.start()..=digits.end()));
        if amount.is_some_and(|amount| amount.ends_with('m') && said.cpus.iter().any(|cpu| cpu == amount)) {
            continue;
        }
        let count: Option<i64> = found.name("n").and_then(|digits| digits.as_str().parse().ok());
        let unit = match found.name("u").or_else(|| found.name("z")).map_or("", |unit| unit.as_str()) {
            "s" | "秒" => 1,
            "m" | "分钟" => 60,
            "h" | "小时" => 3_600,
            _ => 86_400,
        };
        let at = found.name("n").map(|digits| digits.start());
        number(&mut said, count.and_then(|count| count.checked_mul(unit)), true, at);
    }
    for found in spelled_times().all(text) {
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str()).to_lowercase();
        let (count, unit) = (part("n") + &part("z"), part("u") + &part("w"));
        let count = SPELLED.iter().find(|(word, _)| *word == count).map(|(_, value)| *value);
        let unit = match unit.as_str() {
            "second" | "秒" => 1,
            "minute" | "分钟" => 60,
            "hour" | "小时" => 3_600,
            _ => 86_400,
        };
        let seconds = count.map_or(unit / 2, |count| count * unit);
        number(&mut said, Some(seconds), true, found.get(0).map(|whole| whole.start()));
    }
    for (words, seconds) in [
        (["per second", "every second", "每秒"], 1),
        (["per minute", "every minute", "每分钟"], 60),
        (["per hour", "every hour", "每小时"], 3_600),
    ] {
        if words.iter().any(|word| said.text().contains(word)) {
            number(&mut said, Some(seconds), true, None);
        }
    }
    for (index, list) in NUMBER_WORDS.iter().enumerate() {
        let places: Vec<usize> = list.iter().filter_map(|word| said.places(word).first().copied()).collect();
        for at in places {
            number(&mut said, i64::try_from(index).ok(), false, Some(at));
        }
    }
    for found in percents().all(text) {
        let text = found.name("n").map_or("", |digits| digits.as_str());
        push(&mut said.percents, &format!("{text}%"));
        number(&mut said, text.parse().ok(), false, None);
    }
    for found in amounts().all(text) {
        let text = found.name("n").map_or("", |amount| amount.as_str());
        let list = if text.ends_with('m') { &mut said.cpus } else { &mut said.quantities };
        push(list, text);
    }
    for word in words().all(text) {
        let word = word.name("w").map_or("", |word| word.as_str()).trim_end_matches(['.', '/', '-']);
        // What stands around `=` and `:` is two words.
        if word.len() <= 63
            && word.starts_with(|c: char| c.is_ascii_alphanumeric())
            && word.ends_with(|c: char| c.is_ascii_alphanumeric())
        {
            push(&mut said.words, word);
            let image =
                said.images.iter().any(|image| image.contains(word)) || text.contains(&format!("://{word}"));
            if !image
                && word.matches('/').count() == 1
                && word.split('/').next().is_some_and(|domain| domain.contains('.'))
            {
                push(&mut said.resources, word);
            }
        }
    }
    const LABELS: [&str; 6] = ["label", "annotat", "标签", "注解", "注释", "queue"];
    said.labels = !said.pairs.is_empty()
        || !said.resources.is_empty()
        || LABELS.iter().any(|word| text.to_lowercase().contains(word));
    said
}

/// Whether what stands at a byte of the first turn is a part of something else: of a command, an image, a name.
fn is_part(spans: &[Span], at: usize) -> bool {
    let whole = |span: &&Span| {
        matches!(
            span.kind,
            SlotType::Command
                | SlotType::Image
                | SlotType::Name
                | SlotType::Path
                | SlotType::Host
                | SlotType::Url
                | SlotType::Model
                | SlotType::Schedule
        )
    };
    spans
        .iter()
        .filter(whole)
        .any(|span| span.turn == 0 && span.strong && (span.start..span.end).contains(&at))
}

fn number(said: &mut Said, value: Option<i64>, seconds: bool, at: Option<usize>) {
    let Some(value) = value else { return };
    let known = said
        .numbers
        .iter_mut()
        .find(|known| known.value == value && (known.seconds == seconds || known.seconds));
    match known {
        Some(known) => {
            known.at.extend(at.filter(|at| !known.at.contains(at)).into_iter().collect::<Vec<_>>())
        }
        None => said.numbers.push(Number { value, seconds, at: at.into_iter().collect() }),
    }
}

fn push(list: &mut Vec<String>, text: &str) {
    if !text.is_empty() && !list.iter().any(|known| known == text) {
        list.push(text.to_owned());
    }
}

/// The images of a piece of software, with a version behind it where one was said.
fn images_of(software: &str) -> Vec<String> {
    let catalogue = Catalogue::builtin();
    let whole = catalogue.by_software(software, None);
    let image = whole.or_else(|| {
        let (name, version) = software.trim().rsplit_once([' ', ':'])?;
        catalogue.by_software(name.trim(), Some(version))
    });
    image.map(|image| image.reference).into_iter().collect()
}

/// Words for numbers, `no retries` among them.
const NUMBER_WORDS: [&[&str]; 13] = [
    &["no ", "none ", "zero", "never ", "without ", "not ", "不重试", "不要重试", "不保留", "零"],
    &["one ", "one,", "single", "once", "一个", "1个", "一次"],
    &["two ", "twice", "both", "两个", "两次", "二"],
    &["three ", "三个", "三次"],
    &["four ", "四个"],
    &["five ", "五个"],
    &["six ", "六个"],
    &["seven ", "七个"],
    &["eight ", "八个"],
    &["nine ", "九个"],
    &["ten ", "十个"],
    &["eleven "],
    &["twelve ", "a dozen ", "十二个"],
];

/// Numbers before a unit of time; half of one is none of them.
const SPELLED: [(&str, i64); 24] = [
    ("a", 1),
    ("an", 1),
    ("one", 1),
    ("一", 1),
    ("two", 2),
    ("两", 2),
    ("二", 2),
    ("three", 3),
    ("三", 3),
    ("four", 4),
    ("四", 4),
    ("five", 5),
    ("五", 5),
    ("six", 6),
    ("六", 6),
    ("seven", 7),
    ("七", 7),
    ("eight", 8),
    ("八", 8),
    ("nine", 9),
    ("九", 9),
    ("ten", 10),
    ("十", 10),
    ("twelve", 12),
];

/// A length of time in words: `ten minutes`, `half an hour`, `五分钟`.
fn spelled_times() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| Rule::new(r"(?i)(?:(?-u:\b)(?P<n>half an|an|a|one|two|three|four|five|six|seven|eight|nine|ten|twelve)\s(?P<u>second|minute|hour|day)s?(?-u:\b)|(?P<z>[一两二三四五六七八九十半])个?(?P<w>秒|分钟|小时|天))"))
}

/// A length of time, by the first letter of its unit.
fn times() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| Rule::new(r"(?:^|[^A-Za-z0-9._-])(?P<n>[0-9]{1,6})\s?(?:(?P<u>[smhd])(?:|ec|ecs|econd|econds|in|ins|inute|inutes|our|ours|ay|ays)(?-u:\b)|(?P<z>秒|分钟|小时|天))"))
}

/// Digits that are no part of a name, a version or an address.
fn digits() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| Rule::new(r"(?:^|[\s:=(（,，、\p{Han}])(?P<n>[0-9]{1,9})(?:$|[\s)）,，、。;；:%]|\.(?:\s|$)|\p{Han}|[a-z]{0,12}(?:\s|$))"))
}

/// `app=web`; `app: web` is left to the model.
fn pairs() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| Rule::new(r"(?P<k>[A-Za-z0-9][A-Za-z0-9._/-]*)=(?P<v>[A-Za-z0-9][A-Za-z0-9._/-]*)"))
}

/// `labelled app: web`, `parameter tier: fast`.
fn labels() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| {
        Rule::new(
            r"(?i)(?:labels?|labelled|labeled|pods with|selector|annotations?|parameters?|标签|注解|参数)\s*[:：]?\s*(?P<k>[A-Za-z][A-Za-z0-9._/-]*):\s(?P<v>[A-Za-z0-9][A-Za-z0-9._/@-]*)",
        )
    })
}

/// `key leaf is longjing`, `variable REGION set to south`.
fn keys() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| {
        Rule::new(
            r#"(?i:(?-u:\b)key|variable|env)\s*"?(?P<k>[A-Za-z][A-Za-z0-9._-]*)"?\s*(?:(?i:is|set to|with the value|with value|equals)\s|=)\s*"?(?P<v>[A-Za-z0-9][^\s,，。;；、"]*)"#,
        )
    })
}

/// `键 greeting 的值是 welcome back`, `变量 REGION 等于 south`.
fn chinese_keys() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| {
        Rule::new(r#"(?:键|变量)\s*"?(?P<k>[A-Za-z][A-Za-z0-9._-]*)"?\s*(?:的值)?\s*(?:是|为|等于|设为|设成)\s*"?(?P<v>[A-Za-z0-9][A-Za-z0-9 ._/:-]*[A-Za-z0-9])"#)
    })
}

fn percents() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| Rule::new(r"(?P<n>[0-9]{1,3})\s?(?:%|percent|％)"))
}

fn amounts() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| {
        Rule::new(
            r"(?:^|[\s:=(（,，、/\p{Han}])(?P<n>[0-9]+(?:\.[0-9]+)?(?:m|Ki|Mi|Gi|Ti|Pi|k|M|G|T))(?-u:\b)",
        )
    })
}

fn words() -> &'static Rule {
    static RULE: OnceLock<Rule> = OnceLock::new();
    RULE.get_or_init(|| Rule::new(r"(?P<w>[A-Za-z0-9][A-Za-z0-9._/-]*)"))
}

/// Names that were said, the likeliest first.
pub fn names(spans: &[Span]) -> Vec<String> {
    let mut names = Vec::new();
    for strong in [true, false] {
        for span in
            spans.iter().filter(|span| span.kind == SlotType::Name && span.strong == strong && !span.negated)
        {
            if let Value::String(name) = &span.value {
                push(&mut names, name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::facts::Facts;

    fn of(text: &str) -> Said {
        said(text, &Facts::builtin().lex(text, 0))
    }

    #[test]
    fn numbers_percents_and_amounts_are_told_from_names() {
        let said = of(
            "HPA for web-2 between 2 and 10 pods at 70% cpu, 500m cpu, 64Gi, check every 30 seconds on port:8080",
        );
        let values: Vec<i64> = said.numbers.iter().map(|number| number.value).collect();
        assert!([2, 10, 70, 30, 8080].iter().all(|wanted| values.contains(wanted)), "{values:?}");
        assert!(said.numbers.iter().any(|number| number.seconds && number.value == 30));
        assert_eq!(said.percents, ["70%"]);
        assert!(said.cpus.contains(&"500m".to_owned()) && said.quantities.contains(&"64Gi".to_owned()));
        let none = of("image registry.example.com/app:1.27 at 10.0.0.0/16");
        assert!(none.numbers.is_empty(), "{:?}", none.numbers);
    }
}
