//! From a policy's expression to the JSON Schema of the objects that it lets pass, where the expression can be said as
//! one exactly (design D3): by partial evaluation for one kind, with parameters, namespace and request as constants.
//!
//! An expression can be true, false or fail. For every boolean expression two predicates are made, of the objects for
//! which it is *true* and of those for which it is *false*; an object that is in neither makes it fail. A value is a list of
//! alternatives, each with the predicate under which it is this one.
//!
//! | file | its one job |
//! |---|---|
//! | `predicate` | and, or, and schemas at places of the object |
//! | `place` | where a schema stands, and what a schema says of a field that is there or not |
//! | `symbol` | what a value may be |
//! | `constant` | expressions without the object are evaluated |
//! | `truth` | boolean expressions: when true, when false |
//! | `value` | other expressions |
//! | `each` | `all`, `exists`, `exists_one`, sizes: what holds of elements |
//! | `range` | whole numbers and quantities up to a bound, as patterns |
//!
//! What the compiled schema refuses is refused by the expression, and the other way round, for objects as the API server hands
//! them to policies (defaults filled in, quantities in their canonical spelling). What cannot be said has a reason.

mod constant;
mod each;
mod place;
mod predicate;
mod range;
mod symbol;
mod truth;
mod value;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use cel::IdedExpr;
use serde_json::{Value, json};

use super::{Program, Regexes};
pub(in crate::policy) use place::{alternatives, can_merge, merge};
use predicate::Predicate;
use symbol::{Symbol, Truth};

/// Steps of one compilation; more is a reason not to compile.
const MOST_STEPS: usize = 20_000;
/// Alternatives of one value.
const MOST_ALTERNATIVES: usize = 24;
/// The largest schema, in bytes of JSON.
const LARGEST: usize = 64 * 1024;

/// Why an expression cannot be said as a schema.
pub(in crate::policy) type Reason = String;

/// What is constant while a policy is compiled.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Constants<'a> {
    /// `object.apiVersion`.
    pub api_version: String,
    /// `object.kind`.
    pub kind: String,
    /// `request.operation`.
    pub operation: &'a str,
    /// `params`; null where the policy has none.
    pub params: Value,
    /// `namespaceObject`, null for objects that have none; `None` where it is not known.
    pub namespace: Option<Value>,
    /// The policy's variables.
    pub variables: &'a [(String, Program)],
    /// Compiled regular expressions.
    pub regexes: Arc<Regexes>,
}

/// The objects that pass, for each of some validations: those for which all `conditions` are true and the validation is true, and
/// those for which a condition is false. What the validations have in common is compiled once.
///
/// Where one cannot be said as a schema, the reason stands in its place.
pub(in crate::policy) fn schemas<'p>(
    constants: &Constants<'_>,
    conditions: &[&Program],
    validations: impl IntoIterator<Item = &'p Program>,
    ignore_errors: bool,
) -> Vec<Result<Value, Reason>> {
    let mut compiler = Compiler {
        constants,
        steps: 0,
        scopes: 0,
        bounded: false,
        variables: BTreeMap::new(),
        closed: RefCell::default(),
    };
    let environment = Environment::default();
    let truths = conditions.iter().map(|condition| compiler.truth(&condition.parsed, &environment));
    let conditions: Result<Vec<Truth>, Reason> = truths.collect();
    let (steps, bounded) = (compiler.steps, compiler.bounded);
    let schema = |validation: &'p Program| {
        // Each has the budget that it would have alone.
        (compiler.steps, compiler.bounded) = (steps, bounded);
        let conditions = conditions.as_ref().map_err(Clone::clone)?;
        let truth = compiler.truth(&validation.parsed, &environment)?;
        let hold = conditions.iter().map(|truth| truth.yes.clone());
        if ignore_errors {
            // What fails is let pass: everything but what is false.
            let refused = Predicate::all(hold.chain([truth.no])).schema(0)?;
            if compiler.bounded {
                return Err("it compares quantities, and lets pass what fails".to_owned());
            }
            return limited(negated(refused));
        }
        let all = Predicate::all(hold.chain([truth.yes]));
        let any_false = conditions.iter().map(|truth| truth.no.clone());
        limited(Predicate::any(any_false.chain([all])).schema(0)?)
    };
    validations.into_iter().map(schema).collect()
}

/// Everything that a schema does not accept.
fn negated(schema: Value) -> Value {
    match schema {
        Value::Bool(known) => json!(!known),
        other => json!({"not": other}),
    }
}

fn limited(schema: Value) -> Result<Value, Reason> {
    let mut counted = Counted(0);
    serde_json::to_writer(&mut counted, &schema).map_err(|error| error.to_string())?;
    let size = counted.0;
    if size > LARGEST {
        return Err(format!("its schema has {size} bytes; at most {LARGEST} are used"));
    }
    Ok(schema)
}

/// Counts bytes and keeps none.
struct Counted(usize);

impl std::io::Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What names stand for: loop variables and those of `cel.bind`.
#[derive(Debug, Clone, Default)]
struct Environment {
    names: BTreeMap<String, Symbol>,
}

impl Environment {
    fn with(&self, name: &str, symbol: Symbol) -> Self {
        let mut names = self.names.clone();
        names.insert(name.to_owned(), symbol);
        Self { names }
    }
}

/// A variable, compiled.
struct Variable {
    symbol: Result<Symbol, Reason>,
    bounded: bool,
}

struct Compiler<'a> {
    constants: &'a Constants<'a>,
    steps: usize,
    /// The last scope that was opened; 0 is the object.
    scopes: usize,
    /// Whether a quantity is compared, of which only canonical spellings are told.
    bounded: bool,
    /// Variables that were asked for. They see no loop variable, so that each is the same wherever it stands.
    variables: BTreeMap<String, Variable>,
    /// Variables with everything that is known written into them; `None` for those that look at the object.
    closed: RefCell<BTreeMap<String, Option<IdedExpr>>>,
}

impl Compiler<'_> {
    fn step(&mut self) -> Result<(), Reason> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err("it is too large".to_owned()) } else { Ok(()) }
    }

    fn open_scope(&mut self) -> usize {
        self.scopes += 1;
        self.scopes
    }

    fn program(&self, name: &str) -> Option<&IdedExpr> {
        let found = self.constants.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, program)| &program.parsed)
    }

    /// What a variable may be.
    fn variable(&mut self, name: &str) -> Result<Symbol, Reason> {
        if let Some(known) = self.variables.get(name) {
            self.bounded |= known.bounded;
            return known.symbol.clone();
        }
        let program = self.program(name).cloned().ok_or_else(|| format!("variables.{name} is unknown"))?;
        let before = std::mem::take(&mut self.bounded);
        let symbol = self.symbol(&program, &Environment::default());
        let bounded = std::mem::replace(&mut self.bounded, before);
        self.bounded |= bounded;
        // Of one that ran out of steps nothing is known.
        if self.steps <= MOST_STEPS {
            self.variables.insert(name.to_owned(), Variable { symbol: symbol.clone(), bounded });
        }
        symbol
    }
}
