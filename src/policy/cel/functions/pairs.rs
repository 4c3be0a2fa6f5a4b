//! What comprehensions with two variables need: keys and values of a list or map, and maps that grow.
#![allow(clippy::needless_pass_by_value, reason = "the signature of an overload")]

use cel::common::functions::Function;
use cel::common::types::DYN_TYPE;
use cel::common::value::CowVal;
use cel::{DeclarationError, Env, ExecutionError};

use super::super::node::{Keyed, entries, freeze, pairs, tree_size, with_entries};
use super::arguments::{Arguments, Outcome, meter, value};

/// The `[key, value]` of each entry: of a list with its index.
pub(in crate::policy::cel) const ENTRIES: &str = "@entries";
/// A map with one entry more.
pub(in crate::policy::cel) const INSERT: &str = "@insert";
/// A map with the entries of another one too.
pub(in crate::policy::cel) const MERGE: &str = "@merge";

pub(super) fn add_to(env: &mut Env) -> Result<(), DeclarationError> {
    let functions: [(&str, usize, Function); 3] =
        [(ENTRIES, 1, all_entries), (INSERT, 3, insert), (MERGE, 2, merge)];
    for (name, arity, function) in functions {
        let types = (0..=arity).map(|_| DYN_TYPE).collect();
        env.add_overload(name, &format!("{name}/{arity}"), types, function)?;
    }
    Ok(())
}

fn all_entries<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let of = value(&arguments, 1)?.as_ref();
    meter(&arguments)?.charge(tree_size(of))?;
    Ok(CowVal::Owned(pairs(of)?))
}

fn insert<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (map, key, new) = (value(&arguments, 1)?, value(&arguments, 2)?, value(&arguments, 3)?);
    meter(&arguments)?.charge(tree_size(map.as_ref()).saturating_add(tree_size(new.as_ref())))?;
    let new = vec![(freeze(key.as_ref())?, freeze(new.as_ref())?)];
    grown(map, new)
}

fn merge<'b, 'v>(arguments: Arguments<'b, 'v>) -> Outcome<'b, 'v> {
    let (map, more) = (value(&arguments, 1)?, value(&arguments, 2)?);
    meter(&arguments)?.charge(tree_size(map.as_ref()).saturating_add(tree_size(more.as_ref())))?;
    grown(map, entries(more.as_ref())?)
}

fn grown<'b, 'v>(map: &CowVal<'_, '_>, new: Vec<Keyed>) -> Outcome<'b, 'v> {
    let known = entries(map.as_ref())?;
    if new.iter().any(|(key, _)| known.iter().any(|(other, _)| other.equals(key.as_ref()))) {
        return Err(ExecutionError::function_error("insert", "a key is there twice"));
    }
    Ok(CowVal::Owned(with_entries(known.into_iter().chain(new))))
}
