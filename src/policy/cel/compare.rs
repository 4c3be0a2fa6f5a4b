//! Deep equality over values of any make, in counted steps.
//!
//! The crate's own lists and maps only equal lists and maps of its own types, so `['a'] == object.spec.args` would be
//! `false` whatever the arguments are. Here containers are compared by what they hold.

use cel::ExecutionError;
use cel::common::traits::Indexer;
use cel::common::types::{CelOptional, Kind};
use cel::common::value::Val;

use super::node::elements;

/// Whether two values are equal. `step` is told how many values were just looked at, and may end the comparison.
///
/// # Errors
/// What `step` returned.
pub(super) fn equal(
    left: &dyn Val,
    right: &dyn Val,
    step: &mut dyn FnMut(u64) -> Result<(), ExecutionError>,
) -> Result<bool, ExecutionError> {
    step(1)?;
    if let (Some(left), Some(right)) =
        (left.downcast_ref::<CelOptional>(), right.downcast_ref::<CelOptional>())
    {
        return match (left.inner(), right.inner()) {
            (Some(left), Some(right)) => equal(left, right, step),
            (left, right) => Ok(left.is_none() && right.is_none()),
        };
    }
    match (left.get_type().kind(), right.get_type().kind()) {
        (Kind::List, Kind::List) => {
            let (left, right) = (elements(left)?, elements(right)?);
            if left.len() != right.len() {
                return Ok(false);
            }
            for (left, right) in left.into_iter().zip(right) {
                if !equal(left, right, step)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Kind::Map, Kind::Map) => {
            let (keys, others) = (elements(left)?, elements(right)?);
            let (Some(left), Some(right)) = (left.as_indexer(), right.as_indexer()) else { return Ok(false) };
            if keys.len() != others.len() {
                return Ok(false);
            }
            for key in keys {
                if !equal_at(left, right, key, step)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        (Kind::List | Kind::Map, _) | (_, Kind::List | Kind::Map) => Ok(false),
        _ => Ok(left.equals(right)),
    }
}

fn equal_at(
    left: &dyn Indexer,
    right: &dyn Indexer,
    key: &dyn Val,
    step: &mut dyn FnMut(u64) -> Result<(), ExecutionError>,
) -> Result<bool, ExecutionError> {
    match (left.get(key), right.get(key)) {
        (Ok(left), Ok(right)) => equal(left.as_ref(), right.as_ref(), step),
        _ => Ok(false),
    }
}
