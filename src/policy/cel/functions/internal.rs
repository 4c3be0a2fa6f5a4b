//! What [`super::super::rewrite`] puts into expressions: announcements to the meter, and counted versions of functions.
//! Their names begin with `@`, which no expression can write; their first argument is the [`Meter`].
#![allow(clippy::needless_pass_by_value, reason = "the signature of an overload")]

use cel::common::functions::Function;
use cel::common::types::{CelInt, CelList, CelOptional, CelString, DYN_TYPE, LIST_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::super::compare::equal;
use super::super::meter::{LARGEST_VALUE, LONGEST_TEXT, Meter};
use super::super::node::{copy_size, elements, freeze, from_json, tree_size};
use super::arguments::{Arguments, Outcome, boolean, holds, int, meter, text, value};

pub(in crate::policy::cel) const EQUALS: &str = "@equals";
pub(in crate::policy::cel) const CONTAINS: &str = "@contains";
pub(in crate::policy::cel) const ADD: &str = "@add";
pub(in crate::policy::cel) const MADE: &str = "@made";
pub(in crate::policy::cel) const KEEP: &str = "@keep";
pub(in crate::policy::cel) const LOOP: &str = "@loop";
pub(in crate::policy::cel) const SIZED: &str = "@sized";
pub(in crate::policy::cel) const SQUARED: &str = "@squared";
pub(in crate::policy::cel) const MATCHES: &str = "@matches";
pub(in crate::policy::cel) const FIND: &str = "@find";
pub(in crate::policy::cel) const FIND_ALL: &str = "@findAll";
pub(in crate::policy::cel) const REPLACE: &str = "@replace";
pub(in crate::policy::cel) const RANGE: &str = "@range";
pub(in crate::policy::cel) const UNSUPPORTED: &str = "@unsupported";
pub(in crate::policy::cel) const SERVICE_ACCOUNT: &str = "@parseServiceAccount";
pub(in crate::policy::cel) const OR: &str = "@or";
pub(in crate::policy::cel) const OR_VALUE: &str = "@orValue";

pub(super) fn add_to(env: &mut Env) -> Result<(), DeclarationError> {
    let functions: [(&str, usize, Function); 19] = [
        (EQUALS, 2, equals),
        (CONTAINS, 2, contains),
        (ADD, 2, add),
        (MADE, 1, made),
        (KEEP, 1, keep),
        (LOOP, 2, start_loop),
        (SIZED, 1, sized),
        (SQUARED, 1, squared),
        (MATCHES, 2, matches),
        (FIND, 2, find),
        (FIND_ALL, 2, find_all),
        (FIND_ALL, 3, find_all),
        (REPLACE, 3, replace),
        (REPLACE, 4, replace),
        (RANGE, 1, range),
        (UNSUPPORTED, 1, unsupported),
        (SERVICE_ACCOUNT, 1, service_account),
        (OR, 2, or),
        (OR_VALUE, 2, or_value),
    ];
    for (name, arity, function) in functions {
        let types = (0..=arity).map(|_| DYN_TYPE).collect();
        env.add_overload(name, &format!("{name}/{arity}"), types, function)?;
    }
    Ok(())
}

fn equals<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let meter = meter(&arguments)?;
    let (left, right) = (value(&arguments, 1)?, value(&arguments, 2)?);
    boolean(equal(left.as_ref(), right.as_ref(), &mut |units| meter.charge(units))?)
}

fn contains<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let meter = meter(&arguments)?;
    let (wanted, container) = (value(&arguments, 1)?, value(&arguments, 2)?);
    if container.get_type() == &LIST_TYPE {
        return boolean(holds(meter, &elements(container.as_ref())?, wanted.as_ref())?);
    }
    meter.charge(1)?;
    let types = || vec![wanted.get_type().name().to_owned(), container.get_type().name().to_owned()];
    let map = container.as_container().ok_or_else(|| ExecutionError::no_such_overload("@in", types()))?;
    boolean(map.contains(wanted.as_ref())?)
}

fn add<'b, 'v>(mut arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (Some(right), Some(left)) = (arguments.pop(), arguments.pop()) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    let meter = meter(&arguments)?;
    let size = copy_size(left.as_ref()).saturating_add(copy_size(right.as_ref()));
    let items = |value: &dyn Val| value.as_sizer().map_or(0, |sizer| sizer.size().inner().unsigned_abs());
    meter.charge(size.max(items(left.as_ref()) + items(right.as_ref())))?;
    if let (Some(left), Some(right)) = (left.downcast_ref::<CelString>(), right.downcast_ref::<CelString>())
        && left.inner().len() + right.inner().len() > LONGEST_TEXT
    {
        return Err(too_long(meter));
    }
    let adder = left.as_adder().ok_or_else(|| {
        ExecutionError::no_such_overload(
            "_+_",
            vec![left.get_type().name().to_owned(), right.get_type().name().to_owned()],
        )
    })?;
    Ok(CowVal::Owned(adder.add(right.as_ref())?.into_owned()))
}

/// A text that grew out of bounds ends the whole evaluation, like a spent budget.
fn too_long(meter: &Meter) -> ExecutionError {
    meter.charge(u64::MAX).err().unwrap_or_else(ExecutionError::missing_argument_or_target)
}

/// Announces the copy of a value into a list or map.
fn made<'b, 'v>(mut arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let made = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let size = copy_size(made.as_ref());
    let meter = meter(&arguments)?;
    if size > LARGEST_VALUE {
        return Err(too_long(meter));
    }
    // Values are heavier than steps: this is what bounds the memory.
    meter.charge(size.saturating_mul(4))?;
    Ok(made)
}

/// Announces the copy of a value that a name is about to stand for, and makes it cheap to copy.
fn keep<'b, 'v>(mut arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let kept = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    meter(&arguments)?.charge(copy_size(kept.as_ref()))?;
    Ok(CowVal::Owned(freeze(kept.as_ref())?))
}

/// Announces a loop: its length times the size of its body. Its elements become cheap to copy, and keys ordered.
fn start_loop<'b, 'v>(mut arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let body = int(&arguments, 2, "loop")?.unsigned_abs();
    arguments.pop();
    let range = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let meter = meter(&arguments)?;
    let length = range.as_sizer().map_or(1, |sizer| sizer.size().inner().unsigned_abs());
    meter.charge(length.saturating_mul(body).saturating_add(copy_size(range.as_ref())))?;
    if length == 0 { Ok(range) } else { Ok(CowVal::Owned(freeze(range.as_ref())?)) }
}

/// Announces a function that goes through its whole argument.
fn sized<'b, 'v>(mut arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let argument = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    meter(&arguments)?.charge(tree_size(argument.as_ref()))?;
    Ok(argument)
}

/// Announces a function that compares all elements of a list with each other.
fn squared<'b, 'v>(mut arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let argument = arguments.pop().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let length = argument.as_sizer().map_or(1, |sizer| sizer.size().inner().unsigned_abs());
    meter(&arguments)?.charge(tree_size(argument.as_ref()).saturating_mul(length.max(1)))?;
    Ok(argument)
}

/// Stands for what is missing here; its argument says what that is.
fn unsupported<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    Err(meter(&arguments)?.lacks(text(&arguments, 1, UNSUPPORTED)?))
}

/// Kyverno's `parseServiceAccount(name)`: name and namespace of a service account of which the user's name is given; both are
/// empty for other users.
fn service_account<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let user = text(&arguments, 1, SERVICE_ACCOUNT)?;
    meter(&arguments)?.charge(1)?;
    let account = user.strip_prefix("system:serviceaccount:").and_then(|rest| rest.split_once(':'));
    let (namespace, name) = account.unwrap_or_default();
    let parts = serde_json::json!({"Name": name, "Namespace": namespace});
    Ok(CowVal::Owned(from_json(&parts)))
}

/// `x.or(y)`; on what is no optional `x`.
fn or<'b, 'v>(mut arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (Some(other), Some(this)) = (arguments.pop(), arguments.pop()) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    meter(&arguments)?.charge(1)?;
    let is_empty = this.downcast_ref::<CelOptional>().is_some_and(|optional| optional.option().is_none());
    Ok(if is_empty { other } else { this })
}

/// `x.orValue(y)`; on what is no optional `x`.
fn or_value<'b, 'v>(mut arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (Some(other), Some(this)) = (arguments.pop(), arguments.pop()) else {
        return Err(ExecutionError::missing_argument_or_target());
    };
    let meter = meter(&arguments)?;
    let Some(optional) = this.downcast_ref::<CelOptional>() else { return Ok(this) };
    let Some(inner) = optional.option() else { return Ok(other) };
    meter.charge(1 + copy_size(inner))?;
    Ok(CowVal::Owned(inner.clone_as_boxed()))
}

fn matches<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (meter, text) = (meter(&arguments)?, text(&arguments, 1, MATCHES)?);
    meter.charge(1 + text.len() as u64 / 8)?;
    boolean(meter.regex(self::text(&arguments, 2, MATCHES)?)?.is_match(text))
}

fn find<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (meter, text) = (meter(&arguments)?, text(&arguments, 1, FIND)?);
    meter.charge(1 + text.len() as u64 / 8)?;
    let regex = meter.regex(self::text(&arguments, 2, FIND)?)?;
    let found = regex.find(text).map(|found| found.as_str().to_owned()).unwrap_or_default();
    Ok(CowVal::owned(CelString::from(found)))
}

fn find_all<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (meter, text) = (meter(&arguments)?, text(&arguments, 1, FIND_ALL)?);
    meter.charge(1 + text.len() as u64)?;
    let regex = meter.regex(self::text(&arguments, 2, FIND_ALL)?)?;
    // A negative limit means all.
    let limit = match arguments.get(3) {
        Some(_) => usize::try_from(int(&arguments, 3, FIND_ALL)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let found = regex.find_iter(text).take(limit).map(|found| {
        let found: Box<dyn Val> = Box::new(CelString::from(found.as_str().to_owned()));
        found as Box<dyn Val + 'v>
    });
    Ok(CowVal::owned(CelList::from(found.collect::<Vec<_>>())))
}

fn replace<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let meter = meter(&arguments)?;
    let [text, from, to] = [1, 2, 3].map(|index| text(&arguments, index, REPLACE));
    let (text, from, to) = (text?, from?, to?);
    let limit = match arguments.get(4) {
        Some(_) => usize::try_from(int(&arguments, 4, REPLACE)?).unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    meter.charge(1 + text.len() as u64 / 8)?;
    let grown = text.matches(from).take(limit).count().saturating_mul(to.len().saturating_sub(from.len()));
    if grown > LONGEST_TEXT {
        return Err(too_long(meter));
    }
    Ok(CowVal::owned(CelString::from(text.replacen(from, to, limit))))
}

fn range<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (meter, length) = (meter(&arguments)?, int(&arguments, 1, RANGE)?);
    meter.charge(length.unsigned_abs().saturating_mul(4))?;
    let items = (0..length).map(|number| {
        let number: Box<dyn Val> = Box::new(CelInt::from(number));
        number as Box<dyn Val + 'v>
    });
    Ok(CowVal::owned(CelList::from(items.collect::<Vec<_>>())))
}
