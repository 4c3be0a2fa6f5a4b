//! How functions take their arguments.

use cel::ExecutionError;
use cel::common::types::{CelBool, CelInt, CelString};
use cel::common::value::{CowVal, FromVal, Val};

use super::super::compare::equal;
use super::super::meter::Meter;

pub(super) type Outcome<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;
pub(super) type Arguments<'b, 'v> = Vec<CowVal<'b, 'v>>;

/// The argument at `index` as its Rust type.
pub(super) fn argument<'b, 'v, T: FromVal<'b, 'v> + Val>(
    arguments: &'b [CowVal<'_, 'v>],
    index: usize,
    function: &str,
) -> Result<&'b T, ExecutionError> {
    arguments.get(index).and_then(|value| value.as_ref().downcast_ref::<T>()).ok_or_else(|| {
        let types = arguments
            .iter()
            .filter(|argument| argument.as_ref().downcast_ref::<Meter>().is_none())
            .map(|argument| argument.get_type().name().to_owned());
        ExecutionError::no_such_overload(function.trim_start_matches('@'), types.collect())
    })
}

pub(super) fn value<'a, 'b, 'v>(
    arguments: &'a [CowVal<'b, 'v>],
    index: usize,
) -> Result<&'a CowVal<'b, 'v>, ExecutionError> {
    arguments.get(index).ok_or_else(|| ExecutionError::invalid_argument_count(index + 1, arguments.len()))
}

pub(super) fn meter<'a>(arguments: &'a [CowVal<'_, '_>]) -> Result<&'a Meter, ExecutionError> {
    argument(arguments, 0, "meter")
}

pub(super) fn text<'a>(
    arguments: &'a [CowVal<'_, '_>],
    index: usize,
    function: &str,
) -> Result<&'a str, ExecutionError> {
    Ok(argument::<CelString>(arguments, index, function)?.inner())
}

pub(super) fn int(arguments: &[CowVal<'_, '_>], index: usize, function: &str) -> Result<i64, ExecutionError> {
    Ok(*argument::<CelInt>(arguments, index, function)?.inner())
}

pub(super) fn boolean<'b, 'v>(bool: bool) -> Outcome<'b, 'v> {
    Ok(CowVal::owned(CelBool::from(bool)))
}

/// Whether a list has an element that equals `wanted`.
pub(super) fn holds(meter: &Meter, items: &[&dyn Val], wanted: &dyn Val) -> Result<bool, ExecutionError> {
    for item in items {
        if equal(*item, wanted, &mut |units| meter.charge(units))? {
            return Ok(true);
        }
    }
    Ok(false)
}
