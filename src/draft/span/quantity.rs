//! Quantities of bytes: `64 gigs`, `64GB`, `500Mi`, `half a terabyte`, `64个G`, `两百G`.
//!
//! Kubernetes spellings (`50G`, `50Gi`, `500M`) stay as they are; everything that people write becomes the binary unit.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, range, whole, words};
use super::words::{CHINESE, WORDS, number};
use crate::pattern::SlotType;

const UNITS: &str = concat!(
    r"(?:[Kk]ilobytes?|[Mm]egabytes?|[Gg]igabytes?|[Tt]erabytes?|[Pp]etabytes?",
    r"|[Mm]ebibytes?|[Gg]ibibytes?|[Tt]ebibytes?|[Mm]egs?|[Gg]igs?|[Tt]eras?",
    r"|[KkMmGgTtPp][Ii][Bb]?|[KkMmGgTtPp][Bb]|[MGTPgt])"
);

static DIGITS: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(r"(?-u:\b)(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<gap>[\s-]*)(?P<unit>{UNITS})(?-u:\b)"))
});
static WORDY: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(r"(?-u:\b)(?P<number>(?i:half\s+an?|half|{WORDS}|an?))\s+(?P<unit>{UNITS})(?-u:\b)"))
});
static CHINESE_RULE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?P<number>[0-9]+(?:\.[0-9]+)?|半|{CHINESE})\s*(?P<measure>个)?\s*(?P<unit>{UNITS}(?-u:\b)|吉字节|吉|兆)"
    ))
});
/// What stands after the unit where it is no amount of memory or disk: a rate, a count of model weights.
static NOT_BYTES: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(r"(?i)^(?:/s|ps(?-u:\b)|\s+per\s+second|[\s-]*param|\s*ethernet|\s+network|/秒|参数)")
});

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in DIGITS.all(scan.text) {
        let at = whole(&captures);
        if matches!(scan.previous(at.0), Some('.' | '-' | '/' | '_' | '$')) {
            continue;
        }
        let (number, gap, unit) =
            (words(&captures, "number"), words(&captures, "gap"), words(&captures, "unit"));
        add(scan, at, number, unit, gap.is_empty());
    }
    for captures in WORDY.all(scan.text) {
        add(scan, whole(&captures), words(&captures, "number"), words(&captures, "unit"), false);
    }
    for captures in CHINESE_RULE.all(scan.text) {
        let (text, unit) = (words(&captures, "number"), words(&captures, "unit"));
        let plain_digits = text.starts_with(|c: char| c.is_ascii_digit());
        // Digits that stand directly before an ASCII unit were read above.
        if plain_digits && range(&captures, "measure").is_none() && unit.is_ascii() {
            continue;
        }
        add(scan, whole(&captures), text, unit, false);
    }
}

fn add(scan: &mut Scan<'_>, at: (usize, usize), text: &str, unit: &str, attached: bool) {
    if NOT_BYTES.matches(scan.after(at.1)) {
        scan.noise(at);
        return;
    }
    if let Some(value) = normalise(text, unit, attached) {
        scan.strong(SlotType::Quantity, at, value);
    }
}

/// The Kubernetes spelling. `attached` is true where number and unit were written as one word.
fn normalise(text: &str, unit: &str, attached: bool) -> Option<String> {
    if attached && matches!(unit, "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "M" | "G" | "T" | "P") {
        return Some(format!("{text}{unit}"));
    }
    let mut letter = match unit.chars().next()? {
        '吉' => 'G',
        '兆' => 'M',
        first => first.to_ascii_uppercase(),
    };
    let mut amount = number(text)?;
    if amount <= 0.0 {
        return Some(format!("0{letter}i"));
    }
    // Half a gig is 512Mi: a fraction below one is told in the next smaller unit.
    if amount < 1.0 && (amount * 1024.0).fract() == 0.0 {
        letter = match letter {
            'P' => 'T',
            'T' => 'G',
            'G' => 'M',
            'M' => 'K',
            _ => return None,
        };
        amount *= 1024.0;
    }
    Some(format!("{amount}{letter}i"))
}
