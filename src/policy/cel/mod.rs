//! CEL as Kubernetes' admission policies use it: the one place that knows the `cel` crate.
//!
//! What an expression may use: the standard library, the strings and lists extensions, optionals, comprehensions with two
//! variables, and Kubernetes' libraries quantity, regex (`find`, `findAll`, `matches`), lists, sets, `url`, `ip`, `cidr`, `semver`
//! and named formats; in policies of Kyverno the math and encoders extensions, `cel.bind` and `parseServiceAccount` too. A function
//! that Kubernetes has not does not compile, as on an API server. Missing here are `authorizer`, struct literals, and the libraries
//! of Kyverno that ask a cluster, a registry or a clock: an expression that uses one of them compiles, and where its evaluation gets
//! there it is [`EvaluationError::Unsupported`] by name.
//!
//! `x.orValue(y)` on something that is no optional is `x`, as in all releases of Kubernetes up to 1.36 (cel-go 0.26); with
//! cel-go 0.28 and later it is an error.
//!
//! Which functions there are hangs on the minor of Kubernetes: an API server takes into new policies what the release before it
//! knows too (`functions/since.rs`).
//!
//! Nothing here can run away: the text is limited ([`LONGEST_SOURCE`]), the nesting too, and every evaluation has a
//! budget of steps and copies (`meter.rs`).

mod compare;
pub(super) mod compile;
mod evaluation;
mod functions;
mod meter;
mod nesting;
mod node;
#[cfg(test)]
mod others;
mod quantity;
mod re2;
mod rewrite;
#[cfg(test)]
mod spec;
#[cfg(test)]
mod tests;
mod two_variables;
mod value;

use std::sync::{Arc, LazyLock};

use cel::{Env, IdedExpr};

pub(super) use evaluation::{Activation, Bound, Evaluation, EvaluationError};
pub(super) use meter::{Limits, Regexes};
use nesting::nesting;

/// The name of the meter in an evaluation; no expression can write it.
const METER: &str = "@meter";
/// The longest expression, in bytes.
pub(super) const LONGEST_SOURCE: usize = 16 * 1024;
/// How deep an expression may nest, brackets, chains of operators and field accesses counted: parsing and evaluating
/// recurse over them.
const DEEPEST_SOURCE: usize = 250;

static ENVIRONMENT: LazyLock<Result<Arc<Env>, String>> =
    LazyLock::new(|| functions::environment().map(Arc::new).map_err(|error| error.to_string()));

/// What an expression may name besides `object`, `oldObject`, `request` and `namespaceObject`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared<'a> {
    /// Whether the policy has a `paramKind`.
    pub params: bool,
    /// Whether the names that Kyverno adds exist; what they stand for is not known here.
    pub kyverno: bool,
    /// The minor of Kubernetes that has to take the expression; `None` for any.
    pub minor: Option<u32>,
    /// Names of the variables above it.
    pub variables: &'a [String],
}

/// One step of a way into an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// A field of a map.
    Field(String),
    /// An element of a list.
    Index(usize),
    /// Some element, which the text does not say.
    Any,
}

/// Where the way begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Root {
    /// `object`
    Object,
    /// `variables.NAME`
    Variable(String),
}

/// A field that an expression reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Access {
    /// Where it begins.
    pub root: Root,
    /// The way from there.
    pub segments: Vec<Segment>,
}

impl Access {
    fn then(mut self, segment: Segment) -> Self {
        self.segments.push(segment);
        self
    }
}

/// A compiled expression.
#[derive(Debug)]
pub(super) struct Program {
    /// As it is evaluated.
    expression: IdedExpr,
    /// As it was written.
    parsed: IdedExpr,
    /// Fields that it reads, in the order in which they are written.
    pub accesses: Vec<Access>,
    /// A function or name of Kubernetes that is missing here.
    pub unsupported: Option<String>,
    /// Its text.
    pub source: String,
}

/// Compiles an expression.
///
/// # Errors
/// What is wrong with the text, in one line: syntax, length, nesting, or a name that nothing declares.
pub(super) fn compile(source: &str, declared: Declared<'_>) -> Result<Program, String> {
    if source.len() > LONGEST_SOURCE {
        return Err(format!("the expression has {} bytes; at most {LONGEST_SOURCE} are read", source.len()));
    }
    let depth = nesting(source);
    if depth > DEEPEST_SOURCE {
        return Err(format!("the expression nests {depth} levels deep; at most {DEEPEST_SOURCE} are read"));
    }
    let environment = ENVIRONMENT.as_ref().map_err(Clone::clone)?;
    let parsed = environment.parser().enable_ident_escape_syntax(true).parse(source).map_err(|errors| {
        let first = errors.errors.first();
        let message = first.map_or("it cannot be parsed", |error| error.msg.as_str());
        match first.map(|error| error.pos) {
            Some((line, column)) if line > 0 => format!("line {line}, column {column}: {message}"),
            _ => message.to_owned(),
        }
    })?;
    let rewritten = rewrite::rewrite(parsed.clone(), &declared)?;
    Ok(Program::new(parsed, rewritten, source.to_owned()))
}

impl Program {
    fn new(parsed: IdedExpr, rewritten: rewrite::Rewritten, source: String) -> Self {
        let rewrite::Rewritten { expression, accesses, unsupported } = rewritten;
        Self { expression, parsed, accesses, unsupported, source }
    }
}
