//! `quantity('1.5Gi')`: Kubernetes' resource quantities as CEL values.

use std::cmp::Ordering;
use std::str::FromStr;

use cel::ExecutionError;
use cel::common::traits::Comparer;
use cel::common::types::Type;
use cel::common::value::Val;

use super::value::expression_value;
use crate::manifest;

/// The CEL type of a quantity.
pub(super) static QUANTITY_TYPE: Type = Type::new_unspecified_type("kubernetes.Quantity");

const NANO: i128 = 1_000_000_000;

/// A resource quantity in nano-units, which is the precision of the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Quantity(i128);

impl Quantity {
    /// Reads `1`, `500m`, `1.5Gi`, `1e3`.
    ///
    /// # Errors
    /// Why the text is no quantity.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        manifest::Quantity::from_str(text).map(|read| Self(read.nano())).map_err(|error| error.to_string())
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

expression_value!(Quantity, QUANTITY_TYPE, comparable);

/// For `sort`, `min` and `max` of lists.
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
        assert_eq!(value("1500m").as_integer(), None);
        assert_eq!(value("2").as_integer(), Some(2));
        assert!((value("1500m").as_float() - 1.5).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_quantity_is_refused() {
        for text in ["", "Gi", "1gb", "1 Gi", "1..2", "1.2.3", ".", "--1", "1Gii", "1e"] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }
}
