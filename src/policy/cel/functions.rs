//! The functions that Kubernetes adds to CEL, and the ones that [`super::rewrite`] puts into expressions.
//!
//! Kubernetes' own: quantities, `find`, `findAll`, `matches`, `isSorted`, `sum`, `min`, `max`, `indexOf`,
//! `lastIndexOf` on lists, `sets.*`. The internal ones begin with `@`, which no expression can write; their first
//! argument is the [`Meter`].

use std::cmp::Ordering;

use cel::common::functions::Function;
use cel::common::types::{
    CelBool, CelDouble, CelInt, CelList, CelString, DYN_TYPE, INT_TYPE, LIST_TYPE, STRING_TYPE,
};
use cel::common::value::{CowVal, FromVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::compare::equal;
use super::meter::{LARGEST_VALUE, LONGEST_TEXT, Meter};
use super::node::{copy_size, elements, freeze, tree_size};
use super::quantity::{QUANTITY_TYPE, Quantity};

pub(super) const EQUALS: &str = "@equals";
pub(super) const CONTAINS: &str = "@contains";
pub(super) const ADD: &str = "@add";
pub(super) const MADE: &str = "@made";
pub(super) const KEEP: &str = "@keep";
pub(super) const LOOP: &str = "@loop";
pub(super) const SIZED: &str = "@sized";
pub(super) const SQUARED: &str = "@squared";
pub(super) const MATCHES: &str = "@matches";
pub(super) const FIND: &str = "@find";
pub(super) const FIND_ALL: &str = "@findAll";
pub(super) const REPLACE: &str = "@replace";
pub(super) const RANGE: &str = "@range";

type Outcome<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;
type Arguments<'b, 'v> = Vec<CowVal<'b, 'v>>;

/// The standard library, the extensions that Kubernetes turns on, and the functions of this file.
///
/// # Errors
/// When two functions collide, which is a mistake in this file.
pub(super) fn environment() -> Result<Env, DeclarationError> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings)?;
    env.add_extension(cel::extensions::lists)?;
    env.add_extension(cel::extensions::math)?;
    env.add_extension(cel::extensions::encoders)?;
    internal(&mut env)?;
    quantities(&mut env)?;
    lists(&mut env)?;
    for (name, function) in [
        ("sets.contains", sets_contains as Function),
        ("sets.equivalent", sets_equivalent),
        ("sets.intersects", sets_intersects),
    ] {
        // The meter is put in front of the two lists by the rewriting.
        env.add_overload(name, name, vec![DYN_TYPE, LIST_TYPE, LIST_TYPE], function)?;
    }
    Ok(env)
}

fn internal(env: &mut Env) -> Result<(), DeclarationError> {
    let functions: [(&str, usize, Function); 15] = [
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
    ];
    for (name, arity, function) in functions {
        let types = (0..=arity).map(|_| DYN_TYPE).collect();
        env.add_overload(name, &format!("{name}/{arity}"), types, function)?;
    }
    Ok(())
}

/// The argument at `index` as its Rust type.
fn argument<'b, 'v, T: FromVal<'b, 'v> + Val>(
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

fn value<'a, 'b, 'v>(
    arguments: &'a [CowVal<'b, 'v>],
    index: usize,
) -> Result<&'a CowVal<'b, 'v>, ExecutionError> {
    arguments.get(index).ok_or_else(|| ExecutionError::invalid_argument_count(index + 1, arguments.len()))
}

fn meter<'a>(arguments: &'a [CowVal<'_, '_>]) -> Result<&'a Meter, ExecutionError> {
    argument(arguments, 0, "meter")
}

fn text<'a>(
    arguments: &'a [CowVal<'_, '_>],
    index: usize,
    function: &str,
) -> Result<&'a str, ExecutionError> {
    Ok(argument::<CelString>(arguments, index, function)?.inner())
}

fn int(arguments: &[CowVal<'_, '_>], index: usize, function: &str) -> Result<i64, ExecutionError> {
    Ok(*argument::<CelInt>(arguments, index, function)?.inner())
}

fn boolean<'b, 'v>(bool: bool) -> Outcome<'b, 'v> {
    Ok(CowVal::owned(CelBool::from(bool)))
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

fn holds(meter: &Meter, items: &[&dyn Val], wanted: &dyn Val) -> Result<bool, ExecutionError> {
    for item in items {
        if equal(*item, wanted, &mut |units| meter.charge(units))? {
            return Ok(true);
        }
    }
    Ok(false)
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

fn quantities(env: &mut Env) -> Result<(), DeclarationError> {
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

fn lists(env: &mut Env) -> Result<(), DeclarationError> {
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

/// Functions that an expression may call by name, with what the rewriting has to do about them.
pub(super) fn cost_of(name: &str, member: bool, arguments: usize) -> Option<Cost> {
    Some(match (name, member, arguments) {
        // what is done in one step
        ("size", false, 1) | ("size", true, 0) => Cost::Step,
        ("startsWith" | "endsWith", true, 1) => Cost::Step,
        ("has" | "type" | "dyn" | "int" | "uint" | "double" | "bool", false, 1) => Cost::Step,
        ("value" | "hasValue", true, 0) | ("or" | "orValue", true, 1) => Cost::Step,
        ("optional.none", false, 0) | ("optional.of" | "optional.ofNonZeroValue", false, 1) => Cost::Step,
        ("isInteger" | "asInteger" | "asApproximateFloat" | "sign", true, 0) => Cost::Step,
        ("compareTo" | "isGreaterThan" | "isLessThan" | "add" | "sub", true, 1) => Cost::Step,
        (
            "getDate" | "getDayOfMonth" | "getDayOfWeek" | "getDayOfYear" | "getFullYear" | "getHours"
            | "getMilliseconds" | "getMinutes" | "getMonth" | "getSeconds",
            true,
            0 | 1,
        ) => Cost::Step,
        (
            "math.abs" | "math.bitNot" | "math.ceil" | "math.floor" | "math.isFinite" | "math.isInf"
            | "math.isNaN" | "math.round" | "math.sign" | "math.sqrt" | "math.trunc",
            false,
            1,
        ) => Cost::Step,
        (
            "math.bitAnd" | "math.bitOr" | "math.bitXor" | "math.bitShiftLeft" | "math.bitShiftRight",
            false,
            2,
        ) => Cost::Step,
        // what goes through its arguments once
        ("string" | "bytes" | "duration" | "timestamp" | "quantity" | "isQuantity", false, 1) => {
            Cost::Arguments
        }
        ("base64.encode" | "base64.decode" | "strings.quote", false, 1) => Cost::Arguments,
        ("math.@max" | "math.@min", false, 1 | 2) => Cost::Arguments,
        ("contains", true, 1) | ("charAt" | "format", true, 1) => Cost::Arguments,
        ("indexOf" | "lastIndexOf" | "split" | "substring" | "join", true, 0..=2) => Cost::Arguments,
        (
            "lowerAscii" | "upperAscii" | "trim" | "reverse" | "sort" | "isSorted" | "sum" | "min" | "max",
            true,
            0,
        ) => Cost::Arguments,
        ("slice", true, 2) | ("flatten", true, 0 | 1) | ("@sortByAssociatedKeys", true, 1) => Cost::Arguments,
        // what compares everything with everything
        ("distinct", true, 0) => Cost::Square,
        // what has a counted version of its own
        ("matches", _, _) => Cost::Replaced(MATCHES),
        ("find", true, 1) => Cost::Replaced(FIND),
        ("findAll", true, 1 | 2) => Cost::Replaced(FIND_ALL),
        ("replace", true, 2 | 3) => Cost::Replaced(REPLACE),
        ("lists.range", false, 1) => Cost::Replaced(RANGE),
        ("sets.contains", false, 2) => Cost::Replaced("sets.contains"),
        ("sets.equivalent", false, 2) => Cost::Replaced("sets.equivalent"),
        ("sets.intersects", false, 2) => Cost::Replaced("sets.intersects"),
        _ => return None,
    })
}

/// What a call costs; see [`cost_of`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cost {
    /// One step.
    Step,
    /// The size of its arguments.
    Arguments,
    /// The size of its receiver times its length.
    Square,
    /// Counted by the internal function that takes its place.
    Replaced(&'static str),
}
