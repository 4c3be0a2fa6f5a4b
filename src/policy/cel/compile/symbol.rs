//! What a value may be.

use cel::IdedExpr;
use serde_json::Value;

use super::place::Place;
use super::predicate::Predicate;
use super::{Environment, MOST_ALTERNATIVES, Reason};
use crate::manifest::Quantity;

/// When a boolean expression is true, and when false; where neither, it fails.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    pub yes: Predicate,
    pub no: Predicate,
}

impl Truth {
    pub(super) fn of(known: bool) -> Self {
        Self { yes: Predicate::of(known), no: Predicate::of(!known) }
    }

    /// It fails for every object.
    pub(super) fn never() -> Self {
        Self { yes: Predicate::False, no: Predicate::False }
    }

    pub(super) fn not(self) -> Self {
        Self { yes: self.no, no: self.yes }
    }

    /// True or false at all.
    pub(super) fn is_defined(&self) -> Predicate {
        Predicate::any([self.yes.clone(), self.no.clone()])
    }
}

/// One thing that a value may be.
#[derive(Debug, Clone)]
pub(super) enum Base {
    /// Known.
    Constant(Value),
    /// A known quantity.
    Amount(Quantity),
    /// What stands at a place, which has to be there.
    At(Place),
    /// An optional without a value.
    Nothing,
    /// An optional with one.
    Just(Box<Base>),
    /// The text at a place between two known ones.
    Affixed(String, Place, String),
    /// A text with its letters in one case.
    Cased(Place, Case),
    /// `quantity(…)` of a text at a place.
    QuantityAt(Place),
    /// `quantity(…).asInteger()` of a text at a place.
    WholeAt(Place),
    /// `a.compareTo(b)` with a known quantity b.
    Compared(Place, Quantity),
    /// The size of what a list, map or text is.
    Size(Box<Symbol>),
    /// A list, or lists one behind the other.
    List(Vec<Part>),
    /// A boolean.
    Truth(Box<Truth>),
}

/// Which case letters are put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    Lower,
    Upper,
}

/// A part of a list.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// One element.
    One(Symbol),
    /// The elements of another list, with what `filter` and `map` do to each.
    Each { of: Symbol, steps: Vec<Transform> },
}

/// A loop that makes a list of a list.
#[derive(Debug, Clone)]
pub(super) enum Transform {
    Filter { name: String, keep: IdedExpr, environment: Environment },
    Map { name: String, to: IdedExpr, environment: Environment },
}

/// A value: alternatives, each with the objects for which it is this one. For all others it fails.
#[derive(Debug, Clone)]
pub(super) struct Symbol(pub Vec<(Predicate, Base)>);

impl Symbol {
    pub(super) fn one(base: Base) -> Self {
        Self(vec![(Predicate::True, base)])
    }

    pub(super) fn constant(value: Value) -> Self {
        Self::one(Base::Constant(value))
    }

    /// It fails for every object.
    pub(super) fn never() -> Self {
        Self(Vec::new())
    }

    /// The value, where it is one constant.
    pub(super) fn known(&self) -> Option<&Value> {
        match self.0.as_slice() {
            [(Predicate::True, Base::Constant(value))] => Some(value),
            _ => None,
        }
    }

    /// What `then` makes of each alternative.
    pub(super) fn then(self, mut then: impl FnMut(Base) -> Result<Symbol, Reason>) -> Result<Symbol, Reason> {
        let mut all = Vec::new();
        for (when, base) in self.0 {
            for (and, next) in then(base)?.0 {
                let both = Predicate::all([when.clone(), and]);
                if both != Predicate::False {
                    all.push((both, next));
                }
            }
        }
        if all.len() > MOST_ALTERNATIVES {
            return Err("a value in it may be too many things".to_owned());
        }
        Ok(Symbol(all))
    }

    /// When what `then` says of each alternative is true, and when false.
    pub(super) fn truth(self, mut then: impl FnMut(Base) -> Result<Truth, Reason>) -> Result<Truth, Reason> {
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for (when, base) in self.0 {
            let truth = then(base)?;
            yes.push(Predicate::all([when.clone(), truth.yes]));
            no.push(Predicate::all([when, truth.no]));
        }
        Ok(Truth { yes: Predicate::any(yes), no: Predicate::any(no) })
    }

    /// The objects for which there is a value at all.
    pub(super) fn is_defined(&self) -> Predicate {
        Predicate::any(self.0.iter().map(|(when, base)| {
            let there = match base {
                Base::At(place) => place.is_there(),
                _ => Predicate::True,
            };
            Predicate::all([when.clone(), there])
        }))
    }
}
