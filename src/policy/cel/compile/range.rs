//! Whole numbers from or up to a bound as patterns, and quantities in their canonical spelling.

/// A pattern (without anchors) of the whole numbers 0 to `most`, without leading zeros.
pub(super) fn up_to(most: u128) -> String {
    let digits: Vec<u8> = most.to_string().bytes().map(|byte| byte - b'0').collect();
    let mut parts = Vec::new();
    // Fewer digits.
    if digits.len() > 1 {
        parts.push("0".to_owned());
        match digits.len() - 1 {
            1 => parts.push("[1-9]".to_owned()),
            shorter => parts.push(format!("[1-9][0-9]{{0,{}}}", shorter - 1)),
        }
    }
    // As many: equal up to a digit, smaller there, anything behind.
    let mut head = String::new();
    for (index, digit) in digits.iter().enumerate() {
        let least = u8::from(index == 0 && digits.len() > 1);
        if *digit > least {
            parts.push(format!("{head}{}{}", class(least, digit - 1), any(digits.len() - index - 1)));
        }
        head.push(char::from(b'0' + digit));
    }
    parts.push(head);
    format!("(?:{})", parts.join("|"))
}

/// A pattern (without anchors) of the whole numbers from `least` on, without leading zeros.
pub(super) fn from(least: u128) -> String {
    if least == 0 {
        return "(?:0|[1-9][0-9]*)".to_owned();
    }
    let digits: Vec<u8> = least.to_string().bytes().map(|byte| byte - b'0').collect();
    let mut parts = vec![format!("[1-9][0-9]{{{},}}", digits.len())];
    let mut head = String::new();
    for (index, digit) in digits.iter().enumerate() {
        if *digit < 9 {
            parts.push(format!("{head}{}{}", class(digit + 1, 9), any(digits.len() - index - 1)));
        }
        head.push(char::from(b'0' + digit));
    }
    parts.push(head);
    format!("(?:{})", parts.join("|"))
}

fn class(from: u8, to: u8) -> String {
    match from == to {
        true => from.to_string(),
        false => format!("[{from}-{to}]"),
    }
}

fn any(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        _ => format!("[0-9]{{{count}}}"),
    }
}

/// Suffixes of quantities with the nano-units of one.
const SUFFIXES: [(&str, u128); 16] = [
    ("n", 1),
    ("u", 1_000),
    ("m", 1_000_000),
    ("", 1_000_000_000),
    ("k", 1_000_000_000_000),
    ("M", 1_000_000_000_000_000),
    ("G", 1_000_000_000_000_000_000),
    ("T", 1_000_000_000_000_000_000_000),
    ("P", 1_000_000_000_000_000_000_000_000),
    ("E", 1_000_000_000_000_000_000_000_000_000),
    ("Ki", 1_024_000_000_000),
    ("Mi", 1_048_576_000_000_000),
    ("Gi", 1_073_741_824_000_000_000),
    ("Ti", 1_099_511_627_776_000_000_000),
    ("Pi", 1_125_899_906_842_624_000_000_000),
    ("Ei", 1_152_921_504_606_846_976_000_000_000),
];

/// Which side of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// At most so much.
    Most,
    /// At least so much.
    Least,
}

/// A pattern of the quantities (whole digits and a suffix, not negative) on one side of a bound in nano-units. `whole`:
/// only suffixes that make a whole number of units. `None` where there is none.
pub(super) fn quantities(side: Side, nano: i128, whole: bool) -> Option<String> {
    let mut parts = Vec::new();
    for (suffix, unit) in SUFFIXES {
        if whole && unit < 1_000_000_000 {
            continue;
        }
        let number = match (side, u128::try_from(nano)) {
            // Nothing that is not negative is below a negative bound, everything is above it.
            (Side::Most, Err(_)) => continue,
            (Side::Least, Err(_)) => from(0),
            (Side::Most, Ok(nano)) => up_to(nano / unit),
            (Side::Least, Ok(nano)) => from(nano.div_ceil(unit)),
        };
        parts.push(format!("{number}{suffix}"));
    }
    (!parts.is_empty()).then(|| format!("^(?:{})$", parts.join("|")))
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    #[test]
    fn numbers_on_either_side_of_a_bound() {
        for bound in (0..130).chain([199, 200, 808, 999, 1000, 1001, 4096, 10_000]) {
            let below = Regex::new(&format!("^{}$", up_to(bound))).unwrap();
            let above = Regex::new(&format!("^{}$", from(bound))).unwrap();
            for number in (0..1_100).chain([4_095, 4_096, 4_097, 9_999, 10_000, 10_001, 99_999]) {
                let text = number.to_string();
                assert_eq!(below.is_match(&text), number <= bound, "{number} up to {bound}");
                assert_eq!(above.is_match(&text), number >= bound, "{number} from {bound}");
            }
            assert!(!below.is_match("00") && !above.is_match("01"), "leading zeros");
        }
    }

    #[test]
    fn quantities_on_either_side_of_a_bound() {
        let gibi = 1_073_741_824_000_000_000;
        let most = Regex::new(&quantities(Side::Most, 10 * gibi, false).unwrap()).unwrap();
        let least = Regex::new(&quantities(Side::Least, 10 * gibi, false).unwrap()).unwrap();
        for (text, below, above) in [
            ("10Gi", true, true),
            ("11Gi", false, true),
            ("10240Mi", true, true),
            ("10241Mi", false, true),
            ("1Ti", false, true),
            ("500m", true, false),
            ("10G", true, false),
            ("0", true, false),
            ("1.5Gi", false, false),
            ("-1", false, false),
        ] {
            assert_eq!((most.is_match(text), least.is_match(text)), (below, above), "{text}");
        }
    }
}
