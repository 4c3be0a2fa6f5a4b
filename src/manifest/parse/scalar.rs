//! Plain YAML scalars, read as Kubernetes reads them.
//!
//! Both follow `sigs.k8s.io/yaml`, which kubectl reads with: `defaultMode: 0644` is 420, `1_000` is 1000, and the words
//! of YAML 1.1, `yes`, `no`, `on`, `off`, `y` and `n`, are booleans (a ConfigMap with `debug: yes` is refused by a real
//! API server, tried with kubectl 1.36).

use serde_json::{Number, Value};

/// What became of a scalar that claims a type which it cannot have.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    /// One sentence with the value.
    pub message: String,
    /// What to write instead.
    pub hint: String,
}

/// A plain (unquoted, untagged) scalar.
pub(super) fn plain(text: &str) -> Result<Value, Unreadable> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "y" | "Y" | "on" | "On" | "ON" => {
            return Ok(Value::Bool(true));
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "n" | "N" | "off" | "Off" | "OFF" => {
            return Ok(Value::Bool(false));
        }
        _ => {}
    }
    if is_infinite_or_nan(text) {
        return Err(Unreadable {
            message: format!("`{text}` has no JSON form, so the API server cannot receive it"),
            hint: format!("write a finite number, or \"{text}\" in quotes if a string is meant"),
        });
    }
    Ok(number(text).map_or_else(|| Value::String(text.to_owned()), Value::Number))
}

/// A scalar under one of the core tags (`!!str`, `!!int`, …); `suffix` is the part behind `!!`.
pub(super) fn tagged(suffix: &str, text: &str) -> Result<Value, Unreadable> {
    let value = match suffix {
        "str" => Some(Value::String(text.to_owned())),
        "null" => plain(text)?.is_null().then_some(Value::Null),
        "bool" => Some(plain(text)?).filter(Value::is_boolean),
        "int" => Some(plain(text)?).filter(|value| value.is_i64() || value.is_u64()),
        "float" => Some(plain(text)?).filter(Value::is_number),
        _ => {
            return Err(Unreadable {
                message: format!("the tag `!!{suffix}` is not supported"),
                hint: "Kubernetes knows strings, numbers, true and false, null, maps and lists; \
                       remove the tag"
                    .to_owned(),
            });
        }
    };
    value.ok_or_else(|| Unreadable {
        message: format!("`{text}` is not a value of the tag `!!{suffix}`"),
        hint: "correct the value or remove the tag".to_owned(),
    })
}

fn is_infinite_or_nan(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(text, ".nan" | ".NaN" | ".NAN")
}

/// The number that `text` spells, if it spells one.
fn number(text: &str) -> Option<Number> {
    let first = *text.as_bytes().first()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    // Underscores group digits, except in a float that begins with its dot.
    let digits = if first != b'.' && text.contains('_') { text.replace('_', "") } else { text.to_owned() };
    integer(&digits).or_else(|| float(&digits))
}

fn integer(text: &str) -> Option<Number> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = unsigned.get(..2).map(str::to_ascii_lowercase);
    let (digits, radix) = match lower.as_deref() {
        Some("0x") => (&unsigned[2..], 16),
        Some("0o") => (&unsigned[2..], 8),
        Some("0b") => (&unsigned[2..], 2),
        Some(_) if unsigned.starts_with('0') => (&unsigned[1..], 8),
        _ => (unsigned, 10),
    };
    if digits.is_empty() || !digits.chars().all(|digit| digit.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        0_i64.checked_sub_unsigned(magnitude).map(Number::from)
    } else if let Ok(small) = i64::try_from(magnitude) {
        Some(Number::from(small))
    } else {
        Some(Number::from(magnitude))
    }
}

fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent.strip_prefix(['+', '-']).unwrap_or(exponent))),
        None => (unsigned, None),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let well_formed = all_digits(whole)
        && all_digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|digits| !digits.is_empty() && all_digits(digits));
    if !well_formed {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_those_of_kubernetes() {
        for (text, value) in [
            ("0", json!(0)),
            ("-0", json!(0)),
            ("+7", json!(7)),
            ("0644", json!(420)),
            ("0o644", json!(420)),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("9223372036854775808", json!(9_223_372_036_854_775_808_u64)),
            ("-9223372036854775808", json!(i64::MIN)),
            ("99999999999999999999", json!(1e20)),
            ("08", json!(8.0)),
            ("1.5", json!(1.5)),
            (".5", json!(0.5)),
            ("5.", json!(5.0)),
            ("1e3", json!(1000.0)),
            ("-1.5E-3", json!(-0.0015)),
        ] {
            assert_eq!(plain(text), Ok(value), "{text}");
        }
    }

    #[test]
    fn words_that_look_like_values_stay_strings() {
        for text in [
            "1Gi",
            "100m",
            "1.2.3",
            "0x",
            "0xG",
            "-",
            "+",
            ".",
            "1e",
            "--1",
            "2001-01-01",
            "12:30",
            "tRue",
            "nULL",
            "1 2",
            "_1",
            "+-1",
            "0o9",
            "1e400",
            "é",
        ] {
            assert_eq!(plain(text), Ok(json!(text)), "{text}");
        }
    }

    #[test]
    fn null_and_booleans() {
        for text in ["", "~", "null", "Null", "NULL"] {
            assert_eq!(plain(text), Ok(Value::Null));
        }
        assert_eq!(plain("True"), Ok(json!(true)));
        assert_eq!(plain("FALSE"), Ok(json!(false)));
        for (text, value) in
            [("yes", true), ("On", true), ("y", true), ("NO", false), ("off", false), ("n", false)]
        {
            assert_eq!(plain(text), Ok(json!(value)), "{text}");
        }
    }

    #[test]
    fn what_json_cannot_carry_is_refused() {
        for text in [".inf", "-.INF", ".nan"] {
            assert!(plain(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_tag_holds_or_is_an_error() {
        assert_eq!(tagged("str", "12"), Ok(json!("12")));
        assert_eq!(tagged("int", "12"), Ok(json!(12)));
        assert!(tagged("int", "twelve").is_err());
        assert!(tagged("bool", "maybe").is_err());
        assert!(tagged("binary", "aGk=").is_err());
    }
}
