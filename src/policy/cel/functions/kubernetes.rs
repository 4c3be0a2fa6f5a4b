//! Kubernetes' own libraries: quantities, `isSorted`, `sum`, `min`, `max`, `indexOf`, `lastIndexOf` on lists, sets.
#![allow(clippy::needless_pass_by_value, reason = "the signature of an overload")]

use std::cmp::Ordering;

use cel::common::functions::Function;
use cel::common::types::{CelDouble, CelInt, DYN_TYPE, INT_TYPE, LIST_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::super::compare::equal;
use super::super::meter::Meter;
use super::super::node::{elements, freeze};
use super::super::quantity::{QUANTITY_TYPE, Quantity};
use super::arguments::{Arguments, Outcome, argument, boolean, holds, meter, text, value};

pub(super) fn quantities(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_overload("quantity", "string_to_quantity", vec![STRING_TYPE], |arguments| {
        let parsed = Quantity::parse(text(&arguments, 0, "quantity")?);
        Ok(CowVal::owned(parsed.map_err(|message| ExecutionError::function_error("quantity", message))?))
    })?;
    env.add_overload("isQuantity", "is_quantity_string", vec![STRING_TYPE], |arguments| {
        boolean(Quantity::parse(text(&arguments, 0, "isQuantity")?).is_ok())
    })?;
    let own = || QUANTITY_TYPE.to_owned();
    env.add_member_overload("isInteger", "quantity_is_integer", own(), vec![], |arguments| {
        boolean(argument::<Quantity>(&arguments, 0, "isInteger")?.as_integer().is_some())
    })?;
    env.add_member_overload("asInteger", "quantity_as_integer", own(), vec![], |arguments| {
        let integer = argument::<Quantity>(&arguments, 0, "asInteger")?.as_integer();
        let none =
            || ExecutionError::function_error("asInteger", "the quantity is no whole number of 64 bits");
        Ok(CowVal::owned(CelInt::from(integer.ok_or_else(none)?)))
    })?;
    env.add_member_overload("asApproximateFloat", "quantity_as_float", own(), vec![], |arguments| {
        let quantity = argument::<Quantity>(&arguments, 0, "asApproximateFloat")?;
        Ok(CowVal::owned(CelDouble::from(quantity.as_float())))
    })?;
    env.add_member_overload("sign", "quantity_sign", own(), vec![], |arguments| {
        Ok(CowVal::owned(CelInt::from(argument::<Quantity>(&arguments, 0, "sign")?.sign())))
    })?;
    env.add_member_overload("compareTo", "quantity_compare", own(), vec![own()], |arguments| {
        let ordering = compare(&arguments, "compareTo")?;
        Ok(CowVal::owned(CelInt::from(ordering as i64)))
    })?;
    env.add_member_overload("isGreaterThan", "quantity_greater", own(), vec![own()], |arguments| {
        boolean(compare(&arguments, "isGreaterThan")? == Ordering::Greater)
    })?;
    env.add_member_overload("isLessThan", "quantity_less", own(), vec![own()], |arguments| {
        boolean(compare(&arguments, "isLessThan")? == Ordering::Less)
    })?;
    for other in [QUANTITY_TYPE.to_owned(), INT_TYPE] {
        let id = other.name().to_owned();
        env.add_member_overload(
            "add",
            &format!("quantity_add_{id}"),
            own(),
            vec![other.to_owned()],
            |arguments| arithmetic(&arguments, "add", Quantity::add),
        )?;
        env.add_member_overload("sub", &format!("quantity_sub_{id}"), own(), vec![other], |arguments| {
            arithmetic(&arguments, "sub", Quantity::sub)
        })?;
    }
    Ok(())
}

fn compare(arguments: &[CowVal<'_, '_>], function: &str) -> Result<Ordering, ExecutionError> {
    Ok(argument::<Quantity>(arguments, 0, function)?.cmp(argument::<Quantity>(arguments, 1, function)?))
}

fn arithmetic<'b, 'v>(
    arguments: &[CowVal<'_, '_>],
    function: &str,
    operation: fn(Quantity, Quantity) -> Option<Quantity>,
) -> Outcome<'b, 'v> {
    let left = *argument::<Quantity>(arguments, 0, function)?;
    let right = match arguments.get(1).and_then(|right| right.as_ref().downcast_ref::<CelInt>()) {
        Some(int) => Quantity::from_int(*int.inner()),
        None => *argument::<Quantity>(arguments, 1, function)?,
    };
    let too_large = || ExecutionError::function_error(function, "the result is too large for a quantity");
    operation(left, right).map(CowVal::owned).ok_or_else(too_large)
}

pub(super) fn lists(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_member_overload("isSorted", "list_is_sorted", LIST_TYPE, vec![], |arguments| {
        let list = elements(value(&arguments, 0)?.as_ref())?;
        for pair in list.windows(2) {
            if let [left, right] = pair
                && ordering(*left, *right)? == Ordering::Greater
            {
                return boolean(false);
            }
        }
        boolean(true)
    })?;
    env.add_member_overload("sum", "list_sum", LIST_TYPE, vec![], |arguments| sum(&arguments))?;
    env.add_member_overload("min", "list_min", LIST_TYPE, vec![], |arguments| {
        extreme(arguments, "min", Ordering::Less)
    })?;
    env.add_member_overload("max", "list_max", LIST_TYPE, vec![], |arguments| {
        extreme(arguments, "max", Ordering::Greater)
    })?;
    env.add_member_overload("indexOf", "list_index_of", LIST_TYPE, vec![DYN_TYPE], |arguments| {
        let list = elements(value(&arguments, 0)?.as_ref())?;
        let wanted = value(&arguments, 1)?.as_ref();
        Ok(CowVal::owned(place(list.iter().position(|item| same(*item, wanted)))))
    })?;
    env.add_member_overload("lastIndexOf", "list_last_index_of", LIST_TYPE, vec![DYN_TYPE], |arguments| {
        let list = elements(value(&arguments, 0)?.as_ref())?;
        let wanted = value(&arguments, 1)?.as_ref();
        Ok(CowVal::owned(place(list.iter().rposition(|item| same(*item, wanted)))))
    })
}

fn same(left: &dyn Val, right: &dyn Val) -> bool {
    equal(left, right, &mut |_| Ok(())).unwrap_or(false)
}

fn place(position: Option<usize>) -> CelInt {
    CelInt::from(position.and_then(|position| i64::try_from(position).ok()).unwrap_or(-1))
}

fn ordering(left: &dyn Val, right: &dyn Val) -> Result<Ordering, ExecutionError> {
    let types = || vec![left.get_type().name().to_owned(), right.get_type().name().to_owned()];
    left.as_comparer().ok_or_else(|| ExecutionError::no_such_overload("_<_", types()))?.compare(right)
}

fn sum<'b, 'v>(arguments: &[CowVal<'_, '_>]) -> Outcome<'b, 'v> {
    let items = elements(value(arguments, 0)?.as_ref())?;
    let mut items = items.into_iter();
    // The sum of nothing is an int 0 here; Kubernetes knows the element type and takes that type's zero.
    let Some(first) = items.next() else { return Ok(CowVal::owned(CelInt::from(0))) };
    if !["int", "uint", "double", "google.protobuf.Duration"].contains(&first.get_type().name()) {
        return Err(ExecutionError::no_such_overload(
            "sum",
            vec![format!("list({})", first.get_type().name())],
        ));
    }
    let mut total: Box<dyn Val> = freeze(first)?;
    for item in items {
        let next = match total.as_adder() {
            Some(adder) => freeze(adder.add(item)?.as_ref())?,
            None => return Err(ExecutionError::missing_argument_or_target()),
        };
        total = next;
    }
    Ok(CowVal::Owned(total))
}

fn extreme<'b, 'v>(arguments: Arguments<'b, 'v>, name: &str, wanted: Ordering) -> Outcome<'b, 'v> {
    let items = elements(value(&arguments, 0)?.as_ref())?;
    let mut best: Option<&dyn Val> = None;
    for item in items {
        best = match best {
            Some(best) if ordering(item, best)? != wanted => Some(best),
            _ => Some(item),
        };
    }
    let best =
        best.ok_or_else(|| ExecutionError::function_error(name, format!("{name} called on an empty list")))?;
    Ok(CowVal::Owned(freeze(best)?))
}

/// `sets.contains`, `sets.equivalent`, `sets.intersects`. The rewriting puts the meter in front of the two lists.
pub(super) fn sets(env: &mut Env) -> Result<(), DeclarationError> {
    for (name, function) in [
        ("sets.contains", sets_contains as Function),
        ("sets.equivalent", sets_equivalent),
        ("sets.intersects", sets_intersects),
    ] {
        env.add_overload(name, name, vec![DYN_TYPE, LIST_TYPE, LIST_TYPE], function)?;
    }
    Ok(())
}

fn sets_contains<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (meter, left, right) = two_lists(&arguments)?;
    boolean(covers(meter, &left, &right)?)
}

fn sets_equivalent<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (meter, left, right) = two_lists(&arguments)?;
    boolean(covers(meter, &left, &right)? && covers(meter, &right, &left)?)
}

fn sets_intersects<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (meter, left, right) = two_lists(&arguments)?;
    for item in right {
        if holds(meter, &left, item)? {
            return boolean(true);
        }
    }
    boolean(false)
}

type Lists<'a> = (&'a Meter, Vec<&'a dyn Val>, Vec<&'a dyn Val>);

fn two_lists<'a>(arguments: &'a [CowVal<'_, '_>]) -> Result<Lists<'a>, ExecutionError> {
    let list = |index| elements(value(arguments, index)?.as_ref());
    Ok((meter(arguments)?, list(1)?, list(2)?))
}

fn covers(meter: &Meter, list: &[&dyn Val], wanted: &[&dyn Val]) -> Result<bool, ExecutionError> {
    for item in wanted {
        if !holds(meter, list, *item)? {
            return Ok(false);
        }
    }
    Ok(true)
}
