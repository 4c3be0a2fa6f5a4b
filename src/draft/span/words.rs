//! Numbers as people write them: digits, English number words, Chinese numerals. Fragments for patterns, and their
//! meaning.

/// Digits, thousands separated by commas or not, with an optional fraction.
pub(super) const DIGITS: &str = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+(?:\.[0-9]+)?)";

/// English number words up to 999, `dozen`, `a couple of`, `a pair of`; no article alone.
pub(super) const WORDS: &str = concat!(
    r"(?:half\s+a\s+dozen|(?:an?\s+|two\s+|three\s+)?dozen|(?:an?\s+)?couple(?:\s+of)?|(?:an?\s+)?pair\s+of",
    r"|(?:one|two|three|four|five|six|seven|eight|nine|a)[\s-]+hundred",
    r"(?:[\s-]+(?:and[\s-]+)?(?:(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)",
    r"(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?|ten|eleven|twelve|thirteen|fourteen|fifteen",
    r"|sixteen|seventeen|eighteen|nineteen|one|two|three|four|five|six|seven|eight|nine))?",
    r"|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)",
    r"(?:[\s-](?:one|two|three|four|five|six|seven|eight|nine))?",
    r"|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen",
    r"|one|two|three|four|five|six|seven|eight|nine)"
);

/// Chinese numerals.
pub(super) const CHINESE: &str = "[零〇一二两俩三四五六七八九十百千万]+";

/// What a number means, in any of the three spellings; `a`/`an`/`single`/`单` are 1, `half`/`半` is 0.5, `双` is 2.
/// `None` for what is no number (`两三`: two or three).
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    match text.as_str() {
        "a" | "an" | "single" | "a single" | "单" => return Some(1.0),
        "half" | "half a" | "half an" | "半" | "半个" => return Some(0.5),
        "双" => return Some(2.0),
        _ => {}
    }
    if text.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return text.replace(',', "").parse().ok();
    }
    if text.is_ascii() { english(&text) } else { chinese(&text).map(f64::from) }
}

fn english(text: &str) -> Option<f64> {
    let parts: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == '-').filter(|part| !part.is_empty()).collect();
    match parts.as_slice() {
        ["half", "a", "dozen"] => return Some(6.0),
        ["dozen"] | ["a" | "an", "dozen"] => return Some(12.0),
        [count, "dozen"] => return unit(count).map(|count| f64::from(count) * 12.0),
        ["a" | "an", "couple" | "pair", ..] | ["couple" | "pair", ..] => return Some(2.0),
        _ => {}
    }
    if parts.is_empty() {
        return None;
    }
    let mut total = 0;
    for part in parts {
        match part {
            "and" => {}
            "hundred" => total *= 100,
            "a" => total += 1,
            _ => total += unit(part)?,
        }
    }
    Some(f64::from(total))
}

fn unit(word: &str) -> Option<u32> {
    const SMALL: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let at = |list: &[&str]| list.iter().position(|name| *name == word).and_then(|at| u32::try_from(at).ok());
    at(&SMALL).or_else(|| at(&TENS).map(|tens| (tens + 2) * 10))
}

fn chinese(text: &str) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    let (mut total, mut section, mut digit, mut scale) = (0_u32, 0_u32, None, 1);
    for c in text.chars() {
        let value = match c {
            '零' | '〇' => {
                scale = 1;
                continue;
            }
            '一' => 1,
            '二' | '两' | '俩' => 2,
            '三' => 3,
            '四' => 4,
            '五' => 5,
            '六' => 6,
            '七' => 7,
            '八' => 8,
            '九' => 9,
            '十' | '百' | '千' => {
                scale = match c {
                    '十' => 10,
                    '百' => 100,
                    _ => 1000,
                };
                section = section.checked_add(digit.take().unwrap_or(1) * scale)?;
                continue;
            }
            '万' => {
                section = section.checked_add(digit.take().unwrap_or(0))?;
                total = total.checked_add(section.checked_mul(10_000)?)?;
                section = 0;
                continue;
            }
            _ => return None,
        };
        // Two digits side by side are "two or three", not a number.
        if digit.replace(value).is_some() {
            return None;
        }
    }
    // 一百五 is 150: a last digit stands for the next lower place.
    let last = digit.unwrap_or(0) * if scale >= 100 { scale / 10 } else { 1 };
    total.checked_add(section)?.checked_add(last)
}

/// A whole number, where the number is one.
pub(super) fn integer(number: f64) -> Option<i64> {
    // Exact for every integer of this size.
    #[allow(clippy::cast_possible_truncation)]
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_in_three_spellings() {
        for (text, expected) in [
            ("64", Some(64.0)),
            ("1,000", Some(1000.0)),
            ("1.5", Some(1.5)),
            ("twenty-four", Some(24.0)),
            ("two hundred and fifty", Some(250.0)),
            ("a couple of", Some(2.0)),
            ("half a dozen", Some(6.0)),
            ("two dozen", Some(24.0)),
            ("两", Some(2.0)),
            ("十二", Some(12.0)),
            ("一百五", Some(150.0)),
            ("一百零五", Some(105.0)),
            ("两万三千", Some(23_000.0)),
            ("半", Some(0.5)),
            ("两三", None),
            ("banana", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
