//! The `format` of strings and numbers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// What can be said of a value under a format.
pub(super) enum Verdict {
    /// It fits, or the server ignores this format.
    Fits,
    /// It does not fit; the format is described.
    Wrong(&'static str),
    /// The server checks this format and this module does not.
    Unknown,
}

/// Formats of custom resources that the server checks and this module does not.
const UNCHECKED: [&str; 12] = [
    "bsonobjectid",
    "uri",
    "email",
    "hostname",
    "mac",
    "isbn",
    "isbn10",
    "isbn13",
    "creditcard",
    "ssn",
    "hexcolor",
    "rgbcolor",
];

/// Checks a value of the right type against a format.
pub(super) fn check(format: &str, value: &Value) -> Verdict {
    let (fits, described) = match (format, value) {
        ("int32", Value::Number(number)) => (
            number.as_f64().is_some_and(|n| (-2_147_483_648.0..=2_147_483_647.0).contains(&n)),
            "a 32-bit integer",
        ),
        ("int64", Value::Number(number)) => {
            // An integral float within the range is fine, e.g. 1e3.
            let fits =
                number.is_i64() || number.as_f64().is_some_and(|n| n.abs() < 9.2e18 && !number.is_u64());
            (fits, "a 64-bit integer")
        }
        ("date-time", Value::String(text)) => {
            (DateTime::parse_from_rfc3339(text).is_ok(), "a time such as 2026-01-31T08:00:00Z")
        }
        ("date", Value::String(text)) => {
            (NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(), "a date such as 2026-01-31")
        }
        ("byte", Value::String(text)) => (is_base64(text), "base64"),
        ("ipv4", Value::String(text)) => (text.parse::<Ipv4Addr>().is_ok(), "an IPv4 address"),
        ("ipv6", Value::String(text)) => (text.parse::<Ipv6Addr>().is_ok(), "an IPv6 address"),
        ("cidr", Value::String(text)) => (is_cidr(text), "a network such as 10.0.0.0/8"),
        ("uuid" | "uuid3" | "uuid4" | "uuid5", Value::String(text)) => (is_uuid(text), "a UUID"),
        ("duration", Value::String(text)) => (is_duration(text), "a duration such as 1h30m"),
        (other, Value::String(_)) if UNCHECKED.contains(&other) => return Verdict::Unknown,
        _ => return Verdict::Fits,
    };
    if fits { Verdict::Fits } else { Verdict::Wrong(described) }
}

/// Standard alphabet with padding; line breaks are ignored.
fn is_base64(text: &str) -> bool {
    let text: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let (body, _) = text.split_at(text.len() - padding);
    text.len().is_multiple_of(4)
        && padding <= 2
        && body.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'))
}

fn is_cidr(text: &str) -> bool {
    let Some((address, length)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    length.parse::<u8>().is_ok_and(|length| length <= most)
}

fn is_uuid(text: &str) -> bool {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    digits.len() == 32 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A Go duration: `1h30m`, `1.5s`, `-2ms`, `0`.
fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut parts = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        let unit = ["ns", "us", "µs", "ms", "s", "m", "h", "d", "w"].into_iter().find_map(|unit| {
            let after = tail.strip_prefix(unit)?;
            let ends = after.is_empty() || after.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            ends.then_some(after)
        });
        match unit {
            Some(after) if number.parse::<f64>().is_ok() => rest = after,
            _ => return false,
        }
        parts += 1;
    }
    parts > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_needs_its_alphabet_and_padding() {
        for text in ["", "aGk=", "aGVsbG8=", "YWJj\nZGVm"] {
            assert!(is_base64(text), "{text}");
        }
        for text in ["plain text", "aGk", "a===", "pass-word", "=aaa"] {
            assert!(!is_base64(text), "{text}");
        }
    }

    #[test]
    fn durations_are_those_of_go() {
        for text in ["0", "1h30m", "1.5s", "-2ms", "300ms"] {
            assert!(is_duration(text), "{text}");
        }
        for text in ["", "1", "h", "1 h", "1hour"] {
            assert!(!is_duration(text), "{text}");
        }
    }

    #[test]
    fn networks_need_an_address_and_a_length() {
        assert!(is_cidr("10.0.0.0/8") && is_cidr("fd00::/8"));
        assert!(!is_cidr("10.0.0.0") && !is_cidr("10.0.0.0/33") && !is_cidr("ten/8"));
    }
}
