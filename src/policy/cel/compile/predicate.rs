//! Predicates on objects: schemas of places, and combinations of them.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Reason;
use super::place::{alternatives, can_merge, merge, one};

/// Which objects are meant. A schema is rooted in a scope: the object (0), or an element of a list that is being gone through.
/// Parts are shared: a predicate stands in many others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Predicate {
    True,
    False,
    Is(usize, Arc<Value>),
    All(Arc<[Predicate]>),
    Any(Arc<[Predicate]>),
}

impl Predicate {
    pub(super) fn of(known: bool) -> Self {
        if known { Self::True } else { Self::False }
    }

    /// All of them.
    pub(super) fn all(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for part in parts {
            match part {
                Self::True => {}
                Self::False => return Self::False,
                Self::All(inner) => inner.iter().for_each(|one| push(&mut kept, one.clone())),
                other => push(&mut kept, other),
            }
        }
        match kept.len() {
            0 => Self::True,
            1 => kept.remove(0),
            _ => Self::All(kept.into()),
        }
    }

    /// Any of them.
    pub(super) fn any(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for part in parts {
            match part {
                Self::False => {}
                Self::True => return Self::True,
                Self::Any(inner) => inner.iter().for_each(|one| push(&mut kept, one.clone())),
                other => push(&mut kept, other),
            }
        }
        match kept.len() {
            0 => Self::False,
            1 => kept.remove(0),
            _ => Self::Any(kept.into()),
        }
    }

    /// Whether it speaks of this scope, and of any other.
    pub(super) fn speaks_of(&self, scope: usize) -> (bool, bool) {
        match self {
            Self::True | Self::False => (false, false),
            Self::Is(own, _) => (*own == scope, *own != scope),
            Self::All(parts) | Self::Any(parts) => parts.iter().fold((false, false), |(own, other), part| {
                let (a, b) = part.speaks_of(scope);
                (own || a, other || b)
            }),
        }
    }

    /// As one schema.
    ///
    /// # Errors
    /// It speaks of another scope.
    pub(super) fn schema(&self, scope: usize) -> Result<Value, Reason> {
        Ok(match self {
            Self::True => json!(true),
            Self::False => json!(false),
            Self::Is(own, schema) if *own == scope => Value::clone(schema),
            Self::Is(..) => return Err("it compares an element with something outside of it".to_owned()),
            Self::All(parts) => {
                let mut schemas: Vec<Value> = Vec::new();
                for part in parts.iter() {
                    let next = part.schema(scope)?;
                    match schemas.iter_mut().find(|known| can_merge(known, &next)) {
                        Some(known) => merge(known, next),
                        None => schemas.push(next),
                    }
                }
                if schemas.len() == 1 { schemas.remove(0) } else { one("allOf", Value::Array(schemas)) }
            }
            Self::Any(parts) => {
                let schemas: Result<Vec<Value>, Reason> =
                    parts.iter().map(|part| part.schema(scope)).collect();
                alternatives(schemas?)
            }
        })
    }
}

fn push(kept: &mut Vec<Predicate>, part: Predicate) {
    if !kept.contains(&part) {
        kept.push(part);
    }
}
