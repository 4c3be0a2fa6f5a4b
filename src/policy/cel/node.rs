//! How Kubernetes objects look to an expression: lists and maps that are shared, ordered and cheap to clone.
//!
//! The `cel` crate keeps maps in a hash map, so `map(key, …)` over labels would give another order, and another
//! message, in every run; and it clones whole containers into loop variables. [`Node`] has neither: its entries are
//! sorted by key and a clone is a reference.

use std::any::Any;
use std::cmp::Ordering;
use std::sync::Arc;

use cel::ExecutionError;
use cel::common::traits::{self, Adder, Container, Indexer, Iterable, Sizer, Zeroer};
use cel::common::types::{
    CelBool, CelBytes, CelDouble, CelDuration, CelInt, CelList, CelMap, CelNull, CelOptional, CelString,
    CelTimestamp, CelType, CelUInt, LIST_TYPE, MAP_TYPE, Type,
};
use cel::common::value::{CowVal, StaticVal, Val};
use serde_json::Value;

use super::functions::{Cidr, Format, Ip, Semver, Url};
use super::quantity::Quantity;

/// One entry of a map.
#[derive(Debug)]
pub(super) struct Entry {
    key: Box<dyn Val>,
    value: Box<dyn Val>,
}

/// A list or a map that an expression may share freely.
#[derive(Debug, Clone)]
pub(super) enum Node {
    /// Elements in order, with the number of values in the whole tree below.
    List(Arc<Vec<Box<dyn Val>>>, u64),
    /// String keys first, sorted; then other keys as they came. With the number of values in the whole tree below.
    Map(Arc<Vec<Entry>>, u64),
}

/// The value that JSON stands for.
pub(super) fn from_json(value: &Value) -> Box<dyn Val> {
    match value {
        Value::Null => Box::new(CelNull),
        Value::Bool(bool) => Box::new(CelBool::from(*bool)),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => Box::new(CelInt::from(int)),
            (None, Some(uint)) => Box::new(CelUInt::from(uint)),
            (None, None) => Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN))),
        },
        Value::String(text) => Box::new(CelString::from(text.clone())),
        Value::Array(items) => Box::new(Node::list(items.iter().map(from_json).collect())),
        Value::Object(map) => Box::new(Node::map(
            map.iter()
                .map(|(key, value)| Entry {
                    key: Box::new(CelString::from(key.clone())),
                    value: from_json(value),
                })
                .collect(),
        )),
    }
}

/// The JSON that a value stands for; `None` where there is none.
pub(super) fn to_json(value: &dyn Val) -> Option<Value> {
    if value.downcast_ref::<CelNull>().is_some() {
        return Some(Value::Null);
    }
    if let Some(bool) = value.downcast_ref::<CelBool>() {
        return Some(Value::from(*bool.inner()));
    }
    if let Some(int) = value.downcast_ref::<CelInt>() {
        return Some(Value::from(*int.inner()));
    }
    if let Some(uint) = value.downcast_ref::<CelUInt>() {
        return Some(Value::from(*uint.inner()));
    }
    if let Some(double) = value.downcast_ref::<CelDouble>() {
        return serde_json::Number::from_f64(*double.inner()).map(Value::Number);
    }
    if let Some(text) = value.downcast_ref::<CelString>() {
        return Some(Value::from(text.inner()));
    }
    match freeze(value).ok()?.as_ref().downcast_ref::<Node>()? {
        Node::List(items, _) => {
            items.iter().map(|item| to_json(item.as_ref())).collect::<Option<Vec<_>>>().map(Value::Array)
        }
        Node::Map(entries, _) => {
            let entry = |entry: &Entry| Some((name(entry)?.to_owned(), to_json(entry.value.as_ref())?));
            entries.iter().map(entry).collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
        }
    }
}

/// The same value, shared where it is a container and owning its strings, so that it can outlive the expression.
///
/// # Errors
/// Names the type of a value that cannot be kept.
pub(super) fn freeze(value: &dyn Val) -> Result<Box<dyn Val>, ExecutionError> {
    macro_rules! copy_of {
        ($($kind:ty),* $(,)?) => {
            $(if let Some(value) = value.downcast_ref::<$kind>() {
                return Ok(Box::new(value.clone()));
            })*
        };
    }
    if let Some(text) = value.downcast_ref::<CelString>() {
        return Ok(Box::new(text.clone().into_static()));
    }
    copy_of!(
        Node,
        CelBool,
        CelInt,
        CelUInt,
        CelDouble,
        CelNull,
        CelDuration,
        CelTimestamp,
        CelType,
        Quantity,
        Ip,
        Cidr,
        Url,
        Semver,
        Format,
    );
    if let Some(list) = value.downcast_ref::<CelList>() {
        let items: Result<Vec<_>, _> = list.inner().iter().map(|item| freeze(item.as_ref())).collect();
        return Ok(Box::new(Node::list(items?)));
    }
    if let Some(map) = value.downcast_ref::<CelMap>() {
        let entries: Result<Vec<_>, ExecutionError> = map
            .inner()
            .iter()
            .map(|(key, value)| Ok(Entry { key: freeze(key.inner())?, value: freeze(value.as_ref())? }))
            .collect();
        return Ok(Box::new(Node::map(entries?)));
    }
    if let Some(optional) = value.downcast_ref::<CelOptional>() {
        return Ok(Box::new(match optional.inner() {
            Some(inner) => CelOptional::of(freeze(inner)?),
            None => CelOptional::none(),
        }));
    }
    if let Some(bytes) = value.downcast_ref::<CelBytes>() {
        return Ok(Box::new(CelBytes::from(bytes.inner().to_vec())));
    }
    if let Some(unknown) = value.downcast_ref::<super::meter::Unknown>() {
        return Ok(Box::new(unknown.clone()));
    }
    Err(ExecutionError::function_error(
        "variables",
        format!("cannot keep a value of type {}", value.get_type().name()),
    ))
}

/// How many values a copy of this one would make: 1 for what is shared, more for long strings and plain containers.
pub(super) fn copy_size(value: &dyn Val) -> u64 {
    if let Some(text) = value.downcast_ref::<CelString>() {
        return 1 + text.inner().len() as u64 / 32;
    }
    if let Some(list) = value.downcast_ref::<CelList>() {
        return list.inner().iter().fold(1, |sum: u64, item| sum.saturating_add(copy_size(item.as_ref())));
    }
    if let Some(map) = value.downcast_ref::<CelMap>() {
        return map
            .inner()
            .values()
            .fold(1, |sum: u64, item| sum.saturating_add(1 + copy_size(item.as_ref())));
    }
    value.downcast_ref::<CelOptional>().and_then(CelOptional::inner).map_or(1, |inner| 1 + copy_size(inner))
}

/// How many values there are in the tree below, shared ones counted wherever they occur.
pub(super) fn tree_size(value: &dyn Val) -> u64 {
    if let Some(Node::List(_, size) | Node::Map(_, size)) = value.downcast_ref::<Node>() {
        return *size;
    }
    if let Some(list) = value.downcast_ref::<CelList>() {
        return list.inner().iter().fold(1, |sum: u64, item| sum.saturating_add(tree_size(item.as_ref())));
    }
    if let Some(map) = value.downcast_ref::<CelMap>() {
        return map
            .inner()
            .values()
            .fold(1, |sum: u64, item| sum.saturating_add(1 + tree_size(item.as_ref())));
    }
    value
        .downcast_ref::<CelOptional>()
        .and_then(CelOptional::inner)
        .map_or_else(|| copy_size(value), tree_size)
}

/// The elements of a list of any make.
///
/// # Errors
/// Names the type where the value is no list.
pub(super) fn elements<'b, 'v>(value: &'b (dyn Val + 'v)) -> Result<Vec<&'b (dyn Val + 'v)>, ExecutionError> {
    let iterable = value.as_iterable().ok_or_else(|| ExecutionError::UnexpectedType {
        got: value.get_type().name().to_owned(),
        want: "list".to_owned(),
    })?;
    let mut items = Vec::new();
    let mut iterator = iterable.iter();
    while let Some(item) = iterator.next() {
        items.push(item);
    }
    Ok(items)
}

/// A key and its value.
pub(super) type Keyed = (Box<dyn Val>, Box<dyn Val>);

/// Keys and values of a map; of a list indices and elements.
///
/// # Errors
/// Names the type where the value is neither, or of what cannot be kept.
pub(super) fn entries(value: &dyn Val) -> Result<Vec<Keyed>, ExecutionError> {
    let items = elements(value)?;
    if value.get_type() != &MAP_TYPE {
        let indexed = items.into_iter().enumerate().map(|(index, item)| {
            let index: Box<dyn Val> = Box::new(CelInt::from(i64::try_from(index).unwrap_or(i64::MAX)));
            Ok((index, freeze(item)?))
        });
        return indexed.collect();
    }
    let indexer = value.as_indexer().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let keyed = items.into_iter().map(|key| Ok((freeze(key)?, freeze(indexer.get(key)?.as_ref())?)));
    keyed.collect()
}

/// The entries of a map or list, each as a list of key and value.
///
/// # Errors
/// As [`entries`].
pub(super) fn pairs(value: &dyn Val) -> Result<Box<dyn Val>, ExecutionError> {
    let pair = |(key, value)| -> Box<dyn Val> { Box::new(Node::list(vec![key, value])) };
    Ok(Box::new(Node::list(entries(value)?.into_iter().map(pair).collect())))
}

/// A map of entries.
pub(super) fn with_entries(entries: impl Iterator<Item = Keyed>) -> Box<dyn Val> {
    Box::new(Node::map(entries.map(|(key, value)| Entry { key, value }).collect()))
}

fn name(entry: &Entry) -> Option<&str> {
    entry.key.downcast_ref::<CelString>().map(CelString::inner)
}

impl Node {
    fn list(items: Vec<Box<dyn Val>>) -> Self {
        let size = items.iter().fold(1, |sum: u64, item| sum.saturating_add(tree_size(item.as_ref())));
        Self::List(Arc::new(items), size)
    }

    fn map(mut entries: Vec<Entry>) -> Self {
        let size = entries.iter().fold(1, |sum: u64, e| sum.saturating_add(1 + tree_size(e.value.as_ref())));
        entries.sort_by(|a, b| match (name(a), name(b)) {
            (Some(a), Some(b)) => a.cmp(b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a
                .key
                .as_comparer()
                .and_then(|key| key.compare(b.key.as_ref()).ok())
                .unwrap_or(Ordering::Equal),
        });
        Self::Map(Arc::new(entries), size)
    }

    /// The value under a key of a map.
    fn find(entries: &[Entry], key: &dyn Val) -> Option<usize> {
        let Some(wanted) = key.downcast_ref::<CelString>() else {
            return entries.iter().position(|entry| entry.key.equals(key));
        };
        entries
            .binary_search_by(|entry| name(entry).map_or(Ordering::Greater, |name| name.cmp(wanted.inner())))
            .ok()
    }
}

impl StaticVal for Node {}

impl Val for Node {
    fn get_type(&self) -> &Type {
        match self {
            Self::List(..) => &LIST_TYPE,
            Self::Map(..) => &MAP_TYPE,
        }
    }

    /// Only a value has an answer; `map` is what objects are.
    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        match self {
            Self::List(..) => Some(self),
            Self::Map(..) => None,
        }
    }

    fn as_container(&self) -> Option<&dyn Container> {
        Some(self)
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        Some(self)
    }

    fn as_zeroer(&self) -> Option<&dyn Zeroer> {
        Some(self)
    }

    /// Deep equality with lists and maps of any make. Expressions compare through `@equals`, which counts its steps.
    fn equals(&self, other: &dyn Val) -> bool {
        super::compare::equal(self, other, &mut |_| Ok(())).unwrap_or(false)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl Adder for Node {
    fn add<'b, 'v>(&'b self, rhs: &(dyn Val + 'v)) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let mut items: Vec<Box<dyn Val + 'v>> = Vec::new();
        for item in elements(self)? {
            items.push(item.clone_as_boxed());
        }
        let mut more = rhs
            .as_iterable()
            .ok_or_else(|| {
                ExecutionError::no_such_overload("_+_", vec!["list".into(), rhs.get_type().name().into()])
            })?
            .iter();
        while let Some(item) = more.next() {
            items.push(item.clone_as_boxed());
        }
        Ok(CowVal::owned(CelList::from(items)))
    }
}

impl Container for Node {
    fn contains(&self, value: &dyn Val) -> Result<bool, ExecutionError> {
        Ok(match self {
            Self::List(items, _) => items.iter().any(|item| item.equals(value)),
            Self::Map(entries, _) => Self::find(entries, value).is_some(),
        })
    }
}

/// The text of a key for a message.
fn key_text(key: &dyn Val) -> String {
    key.downcast_ref::<CelString>().map_or_else(|| format!("{key:?}"), |text| text.inner().to_owned())
}

impl Indexer for Node {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        match self {
            Self::List(items, _) => {
                let at = position(index).ok_or_else(|| ExecutionError::UnexpectedType {
                    got: index.get_type().name().to_owned(),
                    want: "int".to_owned(),
                })?;
                usize::try_from(at)
                    .ok()
                    .and_then(|at| items.get(at))
                    .map(|item| CowVal::Borrowed(item.as_ref()))
                    .ok_or_else(|| ExecutionError::IndexOutOfBounds(at.into()))
            }
            Self::Map(entries, _) => Self::find(entries, index)
                .and_then(|at| entries.get(at))
                .map(|entry| CowVal::Borrowed(entry.value.as_ref()))
                .ok_or_else(|| ExecutionError::no_such_key(&key_text(index))),
        }
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}

/// A whole number, whatever its numeric type.
fn position(index: &dyn Val) -> Option<i64> {
    if let Some(int) = index.downcast_ref::<CelInt>() {
        return Some(*int.inner());
    }
    if let Some(uint) = index.downcast_ref::<CelUInt>() {
        return i64::try_from(*uint.inner()).ok();
    }
    let double = *index.downcast_ref::<CelDouble>()?.inner();
    (double.fract() == 0.0 && double.abs() < 9e15).then_some(double as i64)
}

struct Walk<'b> {
    node: &'b Node,
    next: usize,
}

impl<'b, 'v> traits::Iterator<'b, 'v> for Walk<'b> {
    fn next(&mut self) -> Option<&'b (dyn Val + 'v)> {
        let at = self.next;
        self.next += 1;
        match self.node {
            Node::List(items, _) => items.get(at).map(|item| item.as_ref() as &(dyn Val + 'v)),
            Node::Map(entries, _) => entries.get(at).map(|entry| entry.key.as_ref() as &(dyn Val + 'v)),
        }
    }
}

impl Iterable for Node {
    fn iter<'b, 'v>(&'b self) -> Box<dyn traits::Iterator<'b, 'v> + 'b>
    where
        Self: 'v,
    {
        Box::new(Walk { node: self, next: 0 })
    }
}

impl Sizer for Node {
    fn size(&self) -> CelInt {
        let size = match self {
            Self::List(items, _) => items.len(),
            Self::Map(entries, _) => entries.len(),
        };
        CelInt::from(i64::try_from(size).unwrap_or(i64::MAX))
    }
}

impl Zeroer for Node {
    fn is_zero_value(&self) -> bool {
        *self.size().inner() == 0
    }
}
