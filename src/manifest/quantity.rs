//! Kubernetes quantities as exact numbers: `100m`, `1.5Gi`, `2e3`.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde_json::Value;

/// Nano units in one.
const NANO: i128 = 1_000_000_000;
/// The API server caps a quantity here: 2^63 - 1.
const MAX: i128 = (i64::MAX as i128) * NANO;
/// More digits than anybody means; the arithmetic below is exact up to here.
const MAX_DIGITS: usize = 27;

/// How a quantity was written, and so how its canonical form is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Powers of 1000: `n u m k M G T P E`.
    DecimalSi,
    /// Powers of 1024: `Ki Mi Gi Ti Pi Ei`.
    BinarySi,
    /// An exponent: `2e3`.
    DecimalExponent,
}

/// An amount of a resource, exact to a nano unit. `1000m`, `1` and `1e0` are equal.
#[derive(Debug, Clone, Copy)]
pub struct Quantity {
    nano: i128,
    format: Format,
}

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a quantity: {why}; write a number with an optional suffix, e.g. 500m, 2, 16Gi")]
pub struct QuantityError {
    /// What was to be read, cut where it is long.
    pub text: String,
    /// Which rule it breaks.
    pub why: &'static str,
}

impl Quantity {
    /// A whole number, e.g. a count of GPUs.
    pub fn from_whole(whole: i64) -> Self {
        Self { nano: i128::from(whole) * NANO, format: Format::DecimalSi }
    }

    /// Of a field: a string, or a number as YAML allows it (`cpu: 2`, `cpu: 0.5`).
    ///
    /// # Errors
    /// Anything else, and a string that is no quantity.
    pub fn of(value: &Value) -> Result<Self, QuantityError> {
        match value {
            Value::String(text) => text.parse(),
            Value::Number(number) => number.to_string().parse(),
            other => Err(QuantityError {
                text: super::visible::visible_short(&other.to_string(), 40),
                why: "it is neither a string nor a number",
            }),
        }
    }

    /// The amount in nano units (10^-9).
    pub fn nano(&self) -> i128 {
        self.nano
    }

    /// The amount rounded up to a whole number, as the API server does for counts and bytes.
    pub fn whole(&self) -> i64 {
        let rounded = self.nano.div_euclid(NANO) + i128::from(self.nano.rem_euclid(NANO) > 0);
        i64::try_from(rounded).unwrap_or(if self.nano < 0 { i64::MIN } else { i64::MAX })
    }

    /// Whether it is a whole number of units: of what cannot be divided, half a GPU is none.
    pub fn is_whole(&self) -> bool {
        self.nano % NANO == 0
    }

    /// True for 0, however written.
    pub fn is_zero(&self) -> bool {
        self.nano == 0
    }

    /// True below 0.
    pub fn is_negative(&self) -> bool {
        self.nano < 0
    }

    /// How it was written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The sum, in the format of the left side (of the right side where the left is 0). Capped like every quantity.
    #[must_use]
    pub fn add(&self, other: &Self) -> Self {
        let format = if self.is_zero() { other.format } else { self.format };
        Self { nano: (self.nano + other.nano).clamp(-MAX, MAX), format }
    }

    /// The difference, under the rules of [`Quantity::add`].
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        self.add(&Self { nano: -other.nano, format: other.format })
    }

    /// The amount `count` times, capped like every quantity.
    #[must_use]
    pub fn times(&self, count: u64) -> Self {
        let nano = self.nano.checked_mul(i128::from(count)).unwrap_or(if self.nano < 0 { -MAX } else { MAX });
        Self { nano: nano.clamp(-MAX, MAX), format: self.format }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nano == other.nano
    }
}

impl Eq for Quantity {}

impl Hash for Quantity {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.nano.hash(state);
    }
}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nano.cmp(&other.nano)
    }
}

impl fmt::Display for Quantity {
    /// The canonical form: no fraction, the largest suffix that allows that. A binary amount below 1024, or with a
    /// fraction of a byte, is written decimally.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DECIMAL: [&str; 10] = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
        const BINARY: [&str; 7] = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        if self.nano == 0 {
            return f.write_str("0");
        }
        let whole = self.nano / NANO;
        if self.format == Format::BinarySi && self.nano % NANO == 0 && whole.abs() >= 1024 {
            let (amount, steps) = reduced(whole, 1024, BINARY.len() - 1);
            return write!(f, "{amount}{}", BINARY.get(steps).unwrap_or(&""));
        }
        let (amount, steps) = reduced(self.nano, 1000, DECIMAL.len() - 1);
        match (self.format, steps) {
            (Format::DecimalExponent, 3) => write!(f, "{amount}"),
            (Format::DecimalExponent, _) => {
                let exponent = i64::try_from(steps).unwrap_or(0) * 3 - 9;
                write!(f, "{amount}e{exponent}")
            }
            _ => write!(f, "{amount}{}", DECIMAL.get(steps).unwrap_or(&"")),
        }
    }
}

/// Divides as often as it goes without a rest, at most `limit` times.
fn reduced(mut amount: i128, by: i128, limit: usize) -> (i128, usize) {
    let mut steps = 0;
    while steps < limit && amount % by == 0 {
        amount /= by;
        steps += 1;
    }
    (amount, steps)
}

impl FromStr for Quantity {
    type Err = QuantityError;

    fn from_str(text: &str) -> Result<Self, QuantityError> {
        let fail = |why| QuantityError { text: super::visible::visible_short(text, 40), why };
        let (negative, unsigned) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            Some(_) => (false, text),
            None => return Err(fail("it is empty")),
        };
        let end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') {
            return Err(fail("it has two points"));
        }
        if whole.is_empty() && fraction.is_empty() {
            return Err(fail("it has no digits"));
        }
        let unit = unit(suffix).ok_or_else(|| fail("its suffix is unknown"))?;
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        if whole.len() + fraction.len() > MAX_DIGITS {
            return Err(fail("it has more than 27 digits"));
        }
        let digits: u128 = if whole.is_empty() && fraction.is_empty() {
            0
        } else {
            format!("{whole}{fraction}").parse().map_err(|_| fail("its digits cannot be read"))?
        };
        let magnitude = scaled(digits, fraction.len(), &unit);
        let nano = if negative { -magnitude } else { magnitude };
        Ok(Self { nano, format: unit.format })
    }
}

/// What a suffix multiplies with: `2^binary * 10^decimal`.
struct Unit {
    binary: u32,
    decimal: i32,
    format: Format,
}

fn unit(suffix: &str) -> Option<Unit> {
    let decimal = |decimal| Some(Unit { binary: 0, decimal, format: Format::DecimalSi });
    let binary = |binary| Some(Unit { binary, decimal: 0, format: Format::BinarySi });
    match suffix {
        "n" => decimal(-9),
        "u" => decimal(-6),
        "m" => decimal(-3),
        "" => decimal(0),
        "k" => decimal(3),
        "M" => decimal(6),
        "G" => decimal(9),
        "T" => decimal(12),
        "P" => decimal(15),
        "E" => decimal(18),
        "Ki" => binary(10),
        "Mi" => binary(20),
        "Gi" => binary(30),
        "Ti" => binary(40),
        "Pi" => binary(50),
        "Ei" => binary(60),
        _ => {
            let exponent = suffix.strip_prefix(['e', 'E'])?;
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            // Beyond three digits the amount is the cap or one nano unit anyway.
            let size: i32 = digits.parse().unwrap_or(999).min(999);
            let decimal = if exponent.starts_with('-') { -size } else { size };
            Some(Unit { binary: 0, decimal, format: Format::DecimalExponent })
        }
    }
}

/// `digits * 10^-fraction * unit` in nano units, rounded away from zero and capped, as the API server does.
fn scaled(digits: u128, fraction: usize, unit: &Unit) -> i128 {
    if digits == 0 {
        return 0;
    }
    let power = unit.decimal + 9 - i32::try_from(fraction).unwrap_or(i32::MAX / 2);
    let cap = MAX.unsigned_abs();
    let magnitude = if unit.binary > 0 {
        // At most 2^60 * 10^9, below 2^90.
        let factor = (1_u128 << unit.binary) * NANO.unsigned_abs();
        let divisor = 10_u128.checked_pow(u32::try_from(fraction).unwrap_or(u32::MAX));
        divisor.map_or(1, |divisor| multiplied(digits, factor, divisor, cap))
    } else if power >= 0 {
        let factor = 10_u128.checked_pow(power.unsigned_abs());
        factor.and_then(|factor| digits.checked_mul(factor)).unwrap_or(cap)
    } else {
        let divisor = 10_u128.checked_pow(power.unsigned_abs());
        divisor.map_or(1, |divisor| digits.div_ceil(divisor))
    };
    i128::try_from(magnitude.min(cap)).unwrap_or(MAX)
}

/// `value * factor / divisor`, rounded up, at most `cap`; exact although the product needs more than 128 bits.
/// `value` and `divisor` are at most 10^27, `factor` is below 2^90.
fn multiplied(value: u128, factor: u128, divisor: u128, cap: u128) -> u128 {
    let (mut quotient, mut rest) = (0_u128, 0_u128);
    for bit in (0..u128::BITS - factor.leading_zeros()).rev() {
        quotient = quotient.saturating_mul(2);
        rest *= 2;
        if factor >> bit & 1 == 1 {
            rest += value % divisor;
            quotient = quotient.saturating_add(value / divisor);
        }
        quotient = quotient.saturating_add(rest / divisor);
        rest %= divisor;
        if quotient > cap {
            return cap;
        }
    }
    quotient + u128::from(rest > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn q(text: &str) -> Quantity {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_one_amount_are_equal() {
        for (one, two) in [
            ("1000m", "1"),
            ("1", "1e0"),
            ("1.5Gi", "1536Mi"),
            ("0.5", "500m"),
            (".5", "500m"),
            ("5.", "5"),
            ("1E", "1e18"),
            ("1E3", "1k"),
            ("2e-3", "2m"),
            ("+1Ki", "1024"),
            ("-1k", "-1000"),
            ("0", "0Gi"),
            ("000", "-0"),
            ("0.1u", "100n"),
        ] {
            assert_eq!(q(one), q(two), "{one} {two}");
        }
        assert_ne!(q("1G"), q("1Gi"));
        assert_ne!(q("1m"), q("1M"));
    }

    #[test]
    fn order_is_that_of_the_amounts() {
        assert!(q("900m") < q("1"));
        assert!(q("1G") < q("1Gi"));
        assert!(q("-1") < q("0"));
        assert!(q("64Gi") > q("64G"));
    }

    #[test]
    fn the_canonical_form_is_the_servers() {
        for (text, form) in [
            ("1000m", "1"),
            ("0.5", "500m"),
            ("1024Mi", "1Gi"),
            ("1.5Gi", "1536Mi"),
            ("0.5Ki", "512"),
            ("1.0001Ki", "1024102400u"),
            ("1000000", "1M"),
            ("1234", "1234"),
            ("1e3", "1e3"),
            ("12e2", "1200"),
            ("100e-3", "100e-3"),
            ("-2000m", "-2"),
            ("0.0000000001", "1n"),
            ("0Gi", "0"),
        ] {
            assert_eq!(q(text).to_string(), form, "{text}");
        }
    }

    #[test]
    fn too_much_is_capped_and_too_little_is_rounded_up() {
        assert_eq!(q("9Ei").nano(), MAX);
        assert_eq!(q("1e99"), q("100E"));
        assert_eq!(q("-1e99").nano(), -MAX);
        assert_eq!(q("1e-99").nano(), 1);
        assert_eq!(q("-1e-99").nano(), -1);
        assert_eq!(q("0.0000000000000000000000001Ei").nano(), 116);
        assert_eq!(q("1.1").whole(), 2);
        assert_eq!(q("-1.1").whole(), -1);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in [
            "", "-", ".", "Gi", "1gi", "1 Gi", "1GB", "1K", "1.2.3", "1e", "1e+", "0x10", "１", "1Gi ",
            "--1", "1ee3", "NaN", "1e3Gi", "1_000",
        ] {
            assert!(text.parse::<Quantity>().is_err(), "{text}");
        }
        let error = "4gigs".parse::<Quantity>().unwrap_err().to_string();
        assert!(error.contains("4gigs") && error.contains("16Gi"), "{error}");
    }

    #[test]
    fn numbers_of_a_manifest_are_quantities() {
        assert_eq!(Quantity::of(&json!(2)), Ok(q("2")));
        assert_eq!(Quantity::of(&json!(0.5)), Ok(q("500m")));
        assert!(Quantity::of(&json!(true)).is_err());
    }

    #[test]
    fn whole_numbers_are_told_from_parts() {
        assert!(q("2").is_whole() && q("2000m").is_whole() && q("1Ki").is_whole());
        assert!(!q("1500m").is_whole() && !q("1.5").is_whole());
    }

    #[test]
    fn sums_keep_the_left_format() {
        assert_eq!(q("1Gi").add(&q("1Gi")).to_string(), "2Gi");
        assert_eq!(q("0").add(&q("1Gi")).to_string(), "1Gi");
        assert_eq!(q("1").subtract(&q("1500m")).to_string(), "-500m");
        assert_eq!(q("250m").times(4), q("1"));
        assert_eq!(q("1E").times(1000).nano(), MAX);
    }

    fn spelled() -> impl Strategy<Value = String> {
        "[+-]?[0-9]{1,6}(\\.[0-9]{1,6})?(n|u|m||k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e[0-9]|E-[0-9])"
    }

    proptest! {
        #[test]
        fn the_canonical_form_is_the_same_amount(text in spelled()) {
            let quantity = q(&text);
            let again = q(&quantity.to_string());
            // The spelling may change once more, as with the API server: 62.5Ki is 64000, and 64000 is 64k.
            prop_assert_eq!(again, quantity);
        }

        #[test]
        fn addition_commutes_below_the_cap(one in -1_000_000_i64..1_000_000, two in -1_000_000_i64..1_000_000) {
            let (a, b) = (Quantity::from_whole(one), Quantity::from_whole(two));
            prop_assert_eq!(a.add(&b), b.add(&a));
            prop_assert_eq!(a.add(&b).whole(), one + two);
        }

        #[test]
        fn no_text_panics(text in ".*") {
            let _ = text.parse::<Quantity>();
        }
    }
}
