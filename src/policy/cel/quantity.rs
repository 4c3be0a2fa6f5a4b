//! `quantity('1.5Gi')`: Kubernetes' resource quantities as CEL values.
//!
//! Kept as a whole number of nano-units, which is the precision of the API; more digits are rounded away from zero,
//! as `resource.ParseQuantity` does.

use std::any::Any;
use std::cmp::Ordering;

use cel::ExecutionError;
use cel::common::traits::Comparer;
use cel::common::types::Type;
use cel::common::value::{StaticVal, Val};

/// The CEL type of a quantity.
pub(super) static QUANTITY_TYPE: Type = Type::new_unspecified_type("kubernetes.Quantity");

const NANO: i128 = 1_000_000_000;

/// A resource quantity in nano-units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity(i128);

impl Quantity {
    /// Reads `1`, `500m`, `1.5Gi`, `1e3`.
    ///
    /// # Errors
    /// Says what a quantity looks like, with the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        read(text).map(Self).ok_or_else(|| {
            format!("'{text}' is not a quantity: a number with at most one of n u m k M G T P E Ki Mi Gi Ti Pi Ei behind it")
        })
    }

    /// From a whole number of units.
    pub(super) fn from_int(int: i64) -> Self {
        Self(i128::from(int) * NANO)
    }

    /// The whole number of units, if it is one and fits.
    pub(super) fn as_integer(self) -> Option<i64> {
        (self.0 % NANO == 0).then(|| i64::try_from(self.0 / NANO).ok()).flatten()
    }

    /// The nearest floating-point number of units.
    pub(super) fn as_float(self) -> f64 {
        self.0 as f64 / NANO as f64
    }

    /// -1, 0 or 1.
    pub(super) fn sign(self) -> i64 {
        self.0.signum() as i64
    }

    /// The sum, if it fits.
    pub(super) fn add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, if it fits.
    pub(super) fn sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }
}

fn read(text: &str) -> Option<i128> {
    let (negative, rest) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
    let (number, suffix) = rest.split_at(digits);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() && fraction.is_empty() || fraction.contains('.') || number.len() > 30 {
        return None;
    }
    let (times, by) = factor(suffix)?;
    // number * times / by, in nano-units, rounded away from zero
    let mantissa: i128 = format!("{whole}{fraction}").parse().ok()?;
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?.checked_mul(by)?;
    let (nano, scale) = if scale % NANO == 0 { (1, scale / NANO) } else { (NANO, scale) };
    let top = mantissa.checked_mul(times)?.checked_mul(nano)?;
    let value = top / scale + i128::from(top % scale != 0);
    Some(if negative { -value } else { value })
}

/// What a suffix multiplies and divides by.
fn factor(suffix: &str) -> Option<(i128, i128)> {
    Some(match suffix {
        "" => (1, 1),
        "n" => (1, NANO),
        "u" => (1, 1_000_000),
        "m" => (1, 1_000),
        "k" => (1_000, 1),
        "M" => (1_000_000, 1),
        "G" => (1_000_000_000, 1),
        "T" => (1_000_000_000_000, 1),
        "P" => (1_000_000_000_000_000, 1),
        "E" => (1_000_000_000_000_000_000, 1),
        "Ki" => (1 << 10, 1),
        "Mi" => (1 << 20, 1),
        "Gi" => (1 << 30, 1),
        "Ti" => (1 << 40, 1),
        "Pi" => (1 << 50, 1),
        "Ei" => (1 << 60, 1),
        exponent => {
            let exponent: i32 = exponent.strip_prefix(['e', 'E'])?.parse().ok()?;
            let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
            if exponent < 0 { (1, power) } else { (power, 1) }
        }
    })
}

impl StaticVal for Quantity {}

impl Val for Quantity {
    fn get_type(&self) -> &Type {
        &QUANTITY_TYPE
    }

    fn cel_type() -> &'static Type {
        &QUANTITY_TYPE
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        Some(self)
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>() == Some(self)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// For the lists library (`sort`, `min`, `max`); `<` on quantities is no CEL operator of Kubernetes, and is harmless.
impl Comparer for Quantity {
    fn compare(&self, other: &dyn Val) -> Result<Ordering, ExecutionError> {
        other.downcast_ref::<Self>().map(|other| self.cmp(other)).ok_or_else(|| {
            ExecutionError::no_such_overload("compareTo", vec![QUANTITY_TYPE.name().to_owned()])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Quantity;

    #[test]
    fn quantities_compare_by_value_and_not_by_spelling() {
        let value = |text: &str| Quantity::parse(text).unwrap();
        for (left, right) in
            [("1", "1000m"), ("1Ki", "1024"), ("1.5Gi", "1536Mi"), ("1e3", "1k"), ("-1", "-1000m")]
        {
            assert_eq!(value(left), value(right), "{left} {right}");
        }
        assert!(value("999Mi") < value("1Gi"));
        assert!(value("1G") < value("1Gi"));
        assert_eq!(value("0.0000000001").sign(), 1, "rounded away from zero");
        assert_eq!(value("1500m").as_integer(), None);
        assert_eq!(value("2").as_integer(), Some(2));
        assert!((value("1500m").as_float() - 1.5).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in
            ["", "Gi", "1gb", "1 Gi", "1..2", "1.2.3", ".", "--1", "1Gii", "1e", "9999999999999999999999999E"]
        {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }
}
