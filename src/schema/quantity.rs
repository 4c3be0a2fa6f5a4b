//! Kubernetes quantities (`500m`, `1.5`, `64Gi`, `1e3`), exact.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// Nano-units in one unit: the finest scale of a quantity.
const NANO: i128 = 1_000_000_000;

/// An amount, exact to a billionth; finer amounts are rounded away from zero, as the API server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i128);

/// The text is not a quantity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a quantity such as 500m, 2, 1.5 or 64Gi")]
pub struct QuantityError;

impl Quantity {
    /// Reads a string or a number; `None` for anything else and for what is no quantity.
    pub fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            _ => None,
        }
    }

    /// Whether it is a whole number of units.
    pub fn is_whole(self) -> bool {
        self.0 % NANO == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Quantity {
    /// A plain decimal number of units.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let (whole, rest) =
            (self.0.unsigned_abs() / NANO.unsigned_abs(), self.0.unsigned_abs() % NANO.unsigned_abs());
        let fraction = format!("{rest:09}");
        let fraction = fraction.trim_end_matches('0');
        if fraction.is_empty() { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{fraction}") }
    }
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, text.get(1..).unwrap_or_default()),
            Some(b'+') => (false, text.get(1..).unwrap_or_default()),
            _ => (false, text),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(QuantityError);
        }
        let (binary, decimal) = scale(suffix).ok_or(QuantityError)?;
        let digits = format!("{whole}{fraction}");
        let digits = digits.trim_start_matches('0');
        let mut amount: i128 =
            if digits.is_empty() { 0 } else { digits.parse().map_err(|_| QuantityError)? };
        amount = amount.checked_mul(1_i128 << binary).ok_or(QuantityError)?;
        let power = decimal + 9 - i32::try_from(fraction.len()).map_err(|_| QuantityError)?;
        if amount != 0 {
            let factor = 10_i128.checked_pow(power.unsigned_abs());
            amount = match (factor, power >= 0) {
                (Some(factor), true) => amount.checked_mul(factor).ok_or(QuantityError)?,
                (Some(factor), false) => amount / factor + i128::from(amount % factor != 0),
                (None, true) => return Err(QuantityError),
                (None, false) => 1,
            };
        }
        Ok(Self(if negative { -amount } else { amount }))
    }
}

/// Powers of two and of ten that a suffix stands for.
fn scale(suffix: &str) -> Option<(u32, i32)> {
    Some(match suffix {
        "" => (0, 0),
        "n" => (0, -9),
        "u" => (0, -6),
        "m" => (0, -3),
        "k" => (0, 3),
        "M" => (0, 6),
        "G" => (0, 9),
        "T" => (0, 12),
        "P" => (0, 15),
        "E" => (0, 18),
        "Ki" => (10, 0),
        "Mi" => (20, 0),
        "Gi" => (30, 0),
        "Ti" => (40, 0),
        "Pi" => (50, 0),
        "Ei" => (60, 0),
        other => (0, other.strip_prefix(['e', 'E'])?.parse().ok()?),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quantity(text: &str) -> Quantity {
        text.parse().expect(text)
    }

    #[test]
    fn equal_amounts_in_different_spellings_are_equal() {
        for (one, other) in [
            ("1", "1000m"),
            ("0.5", "500m"),
            ("1Gi", "1024Mi"),
            ("1.5Gi", "1536Mi"),
            ("1e3", "1k"),
            ("1E3", "1000"),
            ("12E", "12e18"),
            (".5", "0.5"),
            ("5.", "5"),
            ("+1", "1"),
            ("0", "0Ei"),
        ] {
            assert_eq!(quantity(one), quantity(other), "{one} and {other}");
        }
        assert!(quantity("1G") < quantity("1Gi"));
        assert!(quantity("-1").is_negative());
    }

    #[test]
    fn what_the_server_cannot_parse_is_refused() {
        for text in
            ["", ".", "1GB", "64 Gi", "1gi", "1Mb", "one", "1.2.3", "--1", "1e", "1e1.5", "0x10", "1K"]
        {
            assert_eq!(text.parse::<Quantity>(), Err(QuantityError), "{text}");
        }
    }

    #[test]
    fn whole_numbers_are_told_from_parts() {
        assert!(quantity("2").is_whole() && quantity("2000m").is_whole() && quantity("1Ki").is_whole());
        assert!(!quantity("1500m").is_whole() && !quantity("1.5").is_whole());
    }

    #[test]
    fn amounts_finer_than_a_billionth_round_away_from_zero() {
        assert_eq!(quantity("0.0000000001"), quantity("1n"));
        assert_eq!(quantity("1500m").to_string(), "1.5");
    }
}
