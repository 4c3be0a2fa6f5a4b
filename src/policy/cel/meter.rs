//! What an evaluation may spend, and what it touched that is not known here.
//!
//! The `cel` crate has no fuel. [`super::rewrite`] therefore puts calls into every expression that tell a [`Meter`]
//! what is about to happen: a loop announces its length times the size of its body before it starts, a copy its
//! length, a comparison each value. When the budget is spent every further announcement fails, and the evaluation ends
//! as *incomplete*. A unit is about one visited node of the expression.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use cel::ExecutionError;
use cel::common::traits::{Adder, Comparer, Indexer, Iterable};
use cel::common::types::Type;
use cel::common::value::{CowVal, StaticVal, Val};
use regex::{Regex, RegexBuilder};

use crate::cancel::Cancel;

/// Units of one evaluation of one policy under one binding and one parameter object: well under a second of work.
pub(in crate::policy) const BUDGET: u64 = 5_000_000;
/// The longest string that an expression may build, in bytes.
pub(super) const LONGEST_TEXT: usize = 64 * 1024;
/// The most values that one built list or map may hold.
pub(super) const LARGEST_VALUE: u64 = 100_000;
/// The largest compiled regular expression, in bytes.
const LARGEST_REGEX: usize = 512 * 1024;
/// Compiled expressions that are kept.
const CACHED_REGEXES: usize = 256;

static METER_TYPE: Type = Type::new_unspecified_type("copilot.Meter");
static UNKNOWN_TYPE: Type = Type::new_unspecified_type("copilot.Unknown");

/// Compiled regular expressions, shared by the evaluations of a policy set. A copy of one would have caches of its own.
#[derive(Debug, Default)]
pub(in crate::policy) struct Regexes(RwLock<HashMap<String, Result<Arc<Regex>, String>>>);

impl Regexes {
    /// The compiled expression.
    ///
    /// # Errors
    /// The parser's message, or that the expression is too large.
    pub(super) fn get(&self, pattern: &str) -> Result<Arc<Regex>, String> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(pattern) {
            return known.clone();
        }
        let mut cache = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if cache.len() >= CACHED_REGEXES {
            cache.clear();
        }
        let compiled = RegexBuilder::new(&super::re2::translate(pattern))
            .size_limit(LARGEST_REGEX)
            .build()
            .map(Arc::new)
            .map_err(|error| format!("'{pattern}' is not a valid regular expression: {error}"));
        cache.insert(pattern.to_owned(), compiled.clone());
        compiled
    }
}

/// What an evaluation may spend.
#[derive(Debug, Clone, Copy)]
pub(in crate::policy) struct Limits<'a> {
    /// Units.
    pub budget: u64,
    /// Ends it at its next step.
    pub cancel: Option<&'a Cancel>,
    /// Compiled regular expressions.
    pub regexes: &'a Arc<Regexes>,
}

impl<'a> Limits<'a> {
    /// A full budget, which nobody ends early.
    pub(in crate::policy) fn of(regexes: &'a Arc<Regexes>) -> Self {
        Self { budget: BUDGET, cancel: None, regexes }
    }
}

#[derive(Debug)]
struct State {
    left: AtomicU64,
    spent: AtomicBool,
    stopped: AtomicBool,
    cancel: Option<Cancel>,
    unknown: AtomicBool,
    unsupported: OnceLock<String>,
    regexes: Arc<Regexes>,
}

/// The budget of one evaluation; bound as `@meter`, which no expression can name.
#[derive(Debug, Clone)]
pub(super) struct Meter(Arc<State>);

impl Meter {
    /// Nothing spent yet.
    pub(super) fn new(limits: Limits<'_>) -> Self {
        Self(Arc::new(State {
            left: AtomicU64::new(limits.budget),
            spent: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
            cancel: limits.cancel.cloned(),
            unknown: AtomicBool::new(false),
            unsupported: OnceLock::new(),
            regexes: Arc::clone(limits.regexes),
        }))
    }

    /// Takes `units` off the budget.
    ///
    /// # Errors
    /// When there are not as many left; then [`Meter::is_spent`] stays true. When it was stopped; then [`Meter::is_stopped`] does.
    pub(super) fn charge(&self, units: u64) -> Result<(), ExecutionError> {
        if self.0.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            self.0.stopped.store(true, Ordering::Relaxed);
            return Err(ExecutionError::function_error("cancel", "the evaluation was stopped"));
        }
        let left = self.0.left.load(Ordering::Relaxed);
        if self.is_spent() || units > left {
            self.0.spent.store(true, Ordering::Relaxed);
            return Err(ExecutionError::function_error("budget", "the evaluation takes too many steps"));
        }
        self.0.left.store(left - units, Ordering::Relaxed);
        Ok(())
    }

    /// Whether an announcement was refused.
    pub(super) fn is_spent(&self) -> bool {
        self.0.spent.load(Ordering::Relaxed)
    }

    /// Whether somebody stopped it.
    pub(super) fn is_stopped(&self) -> bool {
        self.0.stopped.load(Ordering::Relaxed)
    }

    /// Whether something was looked at that is not known here.
    pub(super) fn touched_unknown(&self) -> bool {
        self.0.unknown.load(Ordering::Relaxed)
    }

    /// Remembers that something was asked for that is missing here, and says so.
    pub(super) fn lacks(&self, what: &str) -> ExecutionError {
        let _ = self.0.unsupported.set(what.to_owned());
        ExecutionError::function_error("unsupported", what)
    }

    /// What was asked for and is missing here.
    pub(super) fn lacking(&self) -> Option<&str> {
        self.0.unsupported.get().map(String::as_str)
    }

    /// The regular expression for a pattern.
    pub(super) fn regex(&self, pattern: &str) -> Result<Arc<Regex>, ExecutionError> {
        self.0.regexes.get(pattern).map_err(|message| ExecutionError::function_error("matches", message))
    }
}

impl StaticVal for Meter {}

impl Val for Meter {
    fn get_type(&self) -> &Type {
        &METER_TYPE
    }

    fn cel_type() -> &'static Type {
        &METER_TYPE
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

/// A value that exists on a cluster and is not known here, such as the Namespace of an object in a folder. Any look at
/// it is an error and is remembered, so that the evaluation counts as incomplete even where the error is absorbed.
#[derive(Debug, Clone)]
pub(super) struct Unknown(pub(super) Meter);

impl Unknown {
    /// Remembers the look and says that it failed.
    pub(super) fn touch(&self) -> ExecutionError {
        self.0.0.unknown.store(true, Ordering::Relaxed);
        ExecutionError::function_error("namespaceObject", "the namespace is not known here")
    }
}

impl StaticVal for Unknown {}

impl Val for Unknown {
    fn get_type(&self) -> &Type {
        self.touch();
        &UNKNOWN_TYPE
    }

    fn cel_type() -> &'static Type {
        &UNKNOWN_TYPE
    }

    fn as_adder<'b, 'v>(&'b self) -> Option<&'b (dyn Adder + 'v)>
    where
        Self: 'v,
    {
        self.touch();
        None
    }

    fn as_comparer(&self) -> Option<&dyn Comparer> {
        self.touch();
        None
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        self.touch();
        Some(self)
    }

    fn as_iterable<'b, 'v>(&'b self) -> Option<&'b (dyn Iterable + 'v)>
    where
        Self: 'v,
    {
        self.touch();
        None
    }

    fn equals(&self, _other: &dyn Val) -> bool {
        self.touch();
        false
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl Indexer for Unknown {
    fn get<'b, 'v>(&'b self, _index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Err(self.touch())
    }

    fn steal<'v>(self: Box<Self>, _index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        Err(self.touch())
    }
}
