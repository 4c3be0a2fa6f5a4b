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

use std::collections::BTreeMap;
use std::sync::Arc;

use cel::IdedExpr;
use serde_json::{Value, json};

use super::{Program, Regexes};
pub(in crate::policy) use place::{alternatives, merged};
use predicate::Predicate;
use symbol::Symbol;

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

/// The objects that pass: those for which all `conditions` are true and the validation is true, and those for which a
/// condition is false.
///
/// # Errors
/// Why that cannot be said as a schema.
pub(in crate::policy) fn schema(
    constants: &Constants<'_>,
    conditions: &[&Program],
    validation: &Program,
    ignore_errors: bool,
) -> Result<Value, Reason> {
    let mut compiler = Compiler { constants, steps: 0, scopes: 0, bounded: false };
    let environment = Environment::default();
    let mut all = Vec::new();
    let mut any_false = Vec::new();
    for condition in conditions {
        let truth = compiler.truth(&condition.parsed, &environment)?;
        all.push(truth.yes);
        any_false.push(truth.no);
    }
    let truth = compiler.truth(&validation.parsed, &environment)?;
    let passes = if ignore_errors {
        // What fails is let pass: everything but what is false.
        let refused = Predicate::all(all.into_iter().chain([truth.no]));
        let schema = refused.schema(0)?;
        if compiler.bounded {
            return Err("it compares quantities, and lets pass what fails".to_owned());
        }
        return limited(negated(schema));
    } else {
        all.push(truth.yes);
        Predicate::any(any_false.into_iter().chain([Predicate::all(all)]))
    };
    limited(passes.schema(0)?)
}

/// Everything that a schema does not accept.
fn negated(schema: Value) -> Value {
    match schema {
        Value::Bool(known) => json!(!known),
        other => json!({"not": other}),
    }
}

fn limited(schema: Value) -> Result<Value, Reason> {
    let size = schema.to_string().len();
    if size > LARGEST {
        return Err(format!("its schema has {size} bytes; at most {LARGEST} are used"));
    }
    Ok(schema)
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

struct Compiler<'a> {
    constants: &'a Constants<'a>,
    steps: usize,
    /// The last scope that was opened; 0 is the object.
    scopes: usize,
    /// Whether a quantity is compared, of which only canonical spellings are told.
    bounded: bool,
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

    fn variable(&self, name: &str) -> Option<&IdedExpr> {
        let found = self.constants.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, program)| &program.parsed)
    }
}
