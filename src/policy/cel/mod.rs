//! CEL as Kubernetes' admission policies use it: the one place that knows the `cel` crate.
//!
//! What an expression may use: the standard library, the strings, lists, math and encoders extensions, optionals,
//! `cel.bind`, and of Kubernetes' libraries quantity, regex (`find`, `findAll`, `matches`), lists and sets. Missing:
//! `url`, `ip`, `cidr`, `semver`, named formats, `authorizer`, comprehensions with two variables, struct literals. An
//! expression that uses one of them compiles, and its evaluation is [`EvaluationError::Unsupported`] by name.
//!
//! `x.orValue(y)` on something that is no optional is an error, as in Kubernetes with cel-go 0.28 and later; older
//! API servers return `x`.
//!
//! Nothing here can run away: the text is limited ([`LONGEST_SOURCE`]), the nesting too, and every evaluation has a
//! budget of steps and copies (`meter.rs`).

mod compare;
mod functions;
mod meter;
mod node;
mod quantity;
mod rewrite;
#[cfg(test)]
mod tests;

use std::sync::{Arc, LazyLock, OnceLock};

use cel::common::traits::{Indexer, Sizer};
use cel::common::types::{CelBool, CelNull, CelString, MAP_TYPE, Type};
use cel::common::value::{CowVal, Val};
use cel::{Context, Env, ExecutionError, IdedExpr, Value as CelValue};
use serde_json::Value;

pub(super) use meter::{BUDGET, Regexes};
use meter::{Meter, Unknown};

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
    expression: IdedExpr,
    /// Fields that it reads, in the order in which they are written.
    pub accesses: Vec<Access>,
    /// A function or name of Kubernetes that is missing here.
    pub unsupported: Option<String>,
    /// Its text.
    pub source: String,
}

/// Why an evaluation gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EvaluationError {
    /// Kubernetes knows this function and we do not: the outcome is unknown.
    Unsupported(String),
    /// The budget is spent: the outcome is unknown.
    Budget,
    /// The outcome depends on the Namespace, which is not known here.
    UnknownNamespace,
    /// The expression fails, on a cluster too.
    Failed(String),
}

impl EvaluationError {
    /// Whether a cluster would perhaps have given a value.
    pub(super) fn is_incomplete(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

impl std::fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsupported(what) => write!(f, "it uses {what}, which cannot be evaluated here"),
            Self::Budget => write!(f, "it takes more than {BUDGET} steps"),
            Self::UnknownNamespace => {
                write!(f, "it depends on the Namespace object, which is not known here")
            }
            Self::Failed(message) => f.write_str(message),
        }
    }
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
    let rewritten = rewrite::rewrite(parsed, &declared)?;
    Ok(Program {
        expression: rewritten.expression,
        accesses: rewritten.accesses,
        unsupported: rewritten.unsupported,
        source: source.to_owned(),
    })
}

/// An upper bound of how deep the tree of an expression can be, read off its text before any parser recurses over it.
///
/// Within one pair of brackets every operator, dot and bracket since the last `&&`, `||` or comma may nest; those
/// three do not, since the parser balances them.
fn nesting(source: &str) -> usize {
    let (mut open, mut run, mut below, mut deepest) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    let (mut rest, mut previous) = (source, ' ');
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '"' | '\'' => length = literal(rest, c, matches!(previous, 'r' | 'R')),
            '/' if rest.starts_with("//") => length = rest.find('\n').unwrap_or(rest.len()),
            '&' | '|' | ',' => run = 0,
            '(' | '[' | '{' => {
                run += 1;
                below += run;
                open.push(run);
                run = 0;
            }
            ')' | ']' | '}' => {
                run = open.pop().unwrap_or(0);
                below = below.saturating_sub(run);
            }
            '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '?' | '.' => run += 1,
            'i' if rest.starts_with("in ") => run += 1,
            _ => {}
        }
        deepest = deepest.max(below + run);
        previous = c;
        rest = rest.get(length..).unwrap_or_default();
    }
    deepest
}

/// The length of the string literal that `text` begins with; 1 where it does not end, since what follows is then read
/// as something else.
fn literal(text: &str, quote: char, raw: bool) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let long = text.starts_with(&triple);
    let mark = if long { triple } else { quote.to_string() };
    let mut at = mark.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(&mark) {
            return at + mark.len();
        }
        let mut characters = rest.chars();
        let first = characters.next();
        if first == Some('\n') && !long {
            return 1;
        }
        at += first.map_or(1, char::len_utf8);
        if first == Some('\\') && !raw {
            at += characters.next().map_or(0, char::len_utf8);
        }
    }
    1
}

/// An object in the form that expressions read; cheap to clone and to hand to many evaluations.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    value: Box<dyn Val>,
    longest: usize,
}

impl Bound {
    /// Converts a JSON value.
    pub(super) fn new(value: &Value) -> Self {
        Self { value: node::from_json(value), longest: longest_text(value) }
    }

    /// `null`.
    pub(super) fn null() -> Self {
        Self { value: Box::new(CelNull), longest: 0 }
    }
}

fn longest_text(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(longest_text).max().unwrap_or(0),
        Value::Object(map) => map.values().map(longest_text).max().unwrap_or(0),
        _ => 0,
    }
}

/// What the names of an expression stand for.
#[derive(Debug, Clone)]
pub(super) struct Activation<'a> {
    /// `object`
    pub object: &'a Bound,
    /// `oldObject`
    pub old: &'a Bound,
    /// `request`
    pub request: &'a Bound,
    /// `params`
    pub params: &'a Bound,
    /// `namespaceObject`; `None` where there is one and it is not known.
    pub namespace: Option<&'a Bound>,
}

/// One policy's evaluation: the names bound, a budget, and its variables, which are evaluated when first used.
pub(super) struct Evaluation<'a> {
    context: Context<'static, 'static>,
    meter: Meter,
    variables: &'a [(String, Program)],
    values: Vec<OnceLock<Result<Box<dyn Val>, EvaluationError>>>,
}

impl<'a> Evaluation<'a> {
    /// Binds the names.
    ///
    /// # Errors
    /// When the environment could not be built, which is a mistake in this crate.
    pub(super) fn new(
        activation: &Activation<'_>,
        variables: &'a [(String, Program)],
        regexes: Arc<Regexes>,
        budget: u64,
    ) -> Result<Self, EvaluationError> {
        let environment =
            ENVIRONMENT.as_ref().map_err(|error| EvaluationError::Unsupported(error.clone()))?;
        let bound = [
            ("object", activation.object),
            ("oldObject", activation.old),
            ("request", activation.request),
            ("params", activation.params),
        ];
        // Every look at a field may copy its text: with a long one, a step is dearer.
        let longest = bound.iter().map(|(_, bound)| bound.longest).max().unwrap_or(0);
        let meter = Meter::new(budget / (1 + longest as u64 / 16_384), regexes);
        let mut context = Context::with_env(Arc::clone(environment));
        for (name, bound) in bound {
            context.add_variable_as_val(name, bound.value.clone());
        }
        context.add_variable_as_val(
            "namespaceObject",
            match activation.namespace {
                Some(namespace) => namespace.value.clone(),
                None => Box::new(Unknown(meter.clone())),
            },
        );
        context.add_variable_as_val(METER, Box::new(meter.clone()));
        let values = variables.iter().map(|_| OnceLock::new()).collect();
        Ok(Self { context, meter, variables, values })
    }

    /// The value of a validation or match condition.
    ///
    /// # Errors
    /// Why there is none; a value that is no `bool` has [`EvaluationError::Failed`].
    pub(super) fn boolean(&self, program: &Program) -> Result<bool, EvaluationError> {
        self.evaluate(program, |value| {
            value.downcast_ref::<CelBool>().map(|bool| *bool.inner()).ok_or_else(|| {
                EvaluationError::Failed(format!("it gives a {} instead of a bool", value.get_type().name()))
            })
        })
    }

    /// The value of a message or audit annotation: a string, or none for `null`.
    ///
    /// # Errors
    /// Why there is none; another type has [`EvaluationError::Failed`].
    pub(super) fn text(&self, program: &Program) -> Result<Option<String>, EvaluationError> {
        self.evaluate(program, |value| {
            if value.downcast_ref::<CelNull>().is_some() {
                return Ok(None);
            }
            value.downcast_ref::<CelString>().map(|text| Some(text.inner().to_owned())).ok_or_else(|| {
                EvaluationError::Failed(format!("it gives a {} instead of a string", value.get_type().name()))
            })
        })
    }

    fn evaluate<T>(
        &self,
        program: &Program,
        read: impl FnOnce(&dyn Val) -> Result<T, EvaluationError>,
    ) -> Result<T, EvaluationError> {
        if let Some(what) = &program.unsupported {
            return Err(EvaluationError::Unsupported(what.clone()));
        }
        let mut scope = self.context.new_inner_scope();
        scope.add_variable_as_val("variables", Box::new(Variables(self)));
        let value = CelValue::resolve_val(&program.expression, &scope);
        self.trouble()?;
        read(value.map_err(|error| self.explain(&error))?.as_ref())
    }

    /// What makes every outcome of this evaluation unknown, whatever value came out.
    fn trouble(&self) -> Result<(), EvaluationError> {
        if self.meter.is_spent() {
            return Err(EvaluationError::Budget);
        }
        if self.meter.touched_unknown() {
            return Err(EvaluationError::UnknownNamespace);
        }
        // A variable that cannot be evaluated here may have been absorbed by `||`, `&&` or an optional.
        self.values
            .iter()
            .filter_map(|value| value.get()?.as_ref().err())
            .find(|error| error.is_incomplete())
            .map_or(Ok(()), |error| Err(error.clone()))
    }

    fn explain(&self, error: &ExecutionError) -> EvaluationError {
        EvaluationError::Failed(match error {
            ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
            ExecutionError::FunctionError { message, .. } => message.clone(),
            ExecutionError::IndexOutOfBounds(_) => "index out of bounds".to_owned(),
            other => {
                let text = other.to_string();
                text.chars().take(300).collect()
            }
        })
    }

    fn variable(&self, name: &str) -> Result<&dyn Val, EvaluationError> {
        let place = self.variables.iter().position(|(known, _)| known == name);
        let entry = place.and_then(|place| Some((self.variables.get(place)?, self.values.get(place)?)));
        let Some(((_, program), value)) = entry else {
            return Err(EvaluationError::Failed(format!("there is no variable {name}")));
        };
        let value = value.get_or_init(|| {
            self.evaluate(program, |value| node::freeze(value).map_err(|error| self.explain(&error)))
        });
        value.as_ref().map(AsRef::as_ref).map_err(Clone::clone)
    }
}

/// The `variables` of one evaluation as a value: a look at one evaluates it.
#[derive(Clone, Copy)]
struct Variables<'x>(&'x Evaluation<'x>);

impl std::fmt::Debug for Variables<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("variables")
    }
}

impl Val for Variables<'_> {
    fn get_type(&self) -> &Type {
        &MAP_TYPE
    }

    fn cel_type() -> &'static Type {
        &MAP_TYPE
    }

    fn as_indexer<'b, 'v>(&'b self) -> Option<&'b (dyn Indexer + 'v)>
    where
        Self: 'v,
    {
        Some(self)
    }

    fn as_sizer(&self) -> Option<&dyn Sizer> {
        None
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v>
    where
        Self: 'v,
    {
        Box::new(*self)
    }
}

impl Indexer for Variables<'_> {
    fn get<'b, 'v>(&'b self, index: &dyn Val) -> Result<CowVal<'b, 'v>, ExecutionError>
    where
        Self: 'v,
    {
        let name = index.downcast_ref::<CelString>().map(|name| name.inner().to_owned()).unwrap_or_default();
        match self.0.variable(&name) {
            Ok(value) => Ok(CowVal::Borrowed(value)),
            // Never "no such key", which `has()` would take for an answer.
            Err(error) => {
                Err(ExecutionError::function_error("variables", format!("variables.{name}: {error}")))
            }
        }
    }

    fn steal<'v>(self: Box<Self>, index: &dyn Val) -> Result<Box<dyn Val + 'v>, ExecutionError>
    where
        Self: 'v,
    {
        self.get(index).map(CowVal::into_owned)
    }
}
