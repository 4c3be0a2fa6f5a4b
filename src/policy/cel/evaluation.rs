//! One evaluation: names bound, a budget, variables that are evaluated when they are first used.

use std::sync::{Arc, OnceLock};

use cel::common::traits::{Indexer, Sizer};
use cel::common::types::{CelBool, CelNull, CelString, MAP_TYPE, Type};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Env, ExecutionError, Value as CelValue};
use serde_json::Value;

use super::meter::{BUDGET, Limits, Meter, Unknown};
use super::{ENVIRONMENT, METER, Program, node};

/// Why an evaluation gave no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum EvaluationError {
    /// Kubernetes knows this function and we do not: the outcome is unknown.
    Unsupported(String),
    /// The budget is spent: the outcome is unknown.
    Budget,
    /// Somebody stopped it: the outcome is unknown.
    Stopped,
    /// The outcome depends on the Namespace, which is not known here.
    UnknownNamespace,
    /// The expression fails, on a cluster too.
    Failed(String),
}

impl EvaluationError {
    /// Whether a cluster would perhaps have given a value.
    pub(in crate::policy) fn is_incomplete(&self) -> bool {
        !matches!(self, Self::Failed(_))
    }
}

impl std::fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unsupported(what) => write!(f, "it uses {what}, which cannot be evaluated here"),
            Self::Stopped => f.write_str("it was stopped"),
            Self::Budget => write!(f, "it takes more than {BUDGET} steps"),
            Self::UnknownNamespace => {
                write!(f, "it depends on the Namespace object, which is not known here")
            }
            Self::Failed(message) => f.write_str(message),
        }
    }
}

/// An object in the form that expressions read; cheap to clone and to hand to many evaluations.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Bound {
    value: Box<dyn Val>,
    longest: usize,
}

impl Bound {
    /// Converts a JSON value.
    pub(in crate::policy) fn new(value: &Value) -> Self {
        Self { value: node::from_json(value), longest: longest_text(value) }
    }

    /// `null`.
    pub(in crate::policy) fn null() -> Self {
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
pub(in crate::policy) struct Activation<'a> {
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
pub(in crate::policy) struct Evaluation<'a> {
    environment: &'static Arc<Env>,
    names: Activation<'a>,
    /// What stands for a namespace that is not known.
    unknown: Unknown,
    meter: Meter,
    variables: &'a [(String, Program)],
    values: Vec<Place>,
}

/// Where the value of a variable is kept once it is known.
type Place = OnceLock<Result<Box<dyn Val>, EvaluationError>>;

impl<'a> Evaluation<'a> {
    /// Binds the names.
    ///
    /// # Errors
    /// When the environment could not be built, which is a mistake in this crate.
    pub(in crate::policy) fn new(
        activation: &Activation<'a>,
        variables: &'a [(String, Program)],
        limits: Limits<'_>,
    ) -> Result<Self, EvaluationError> {
        let environment =
            ENVIRONMENT.as_ref().map_err(|error| EvaluationError::Unsupported(error.clone()))?;
        let Activation { object, old, request, params, .. } = activation;
        // Every look at a field may copy its text: with a long one, a step is dearer.
        let longest = [object, old, request, params].iter().map(|bound| bound.longest).max().unwrap_or(0);
        let budget = limits.budget / (1 + longest as u64 / 16_384);
        let meter = Meter::new(Limits { budget, ..limits });
        let values = variables.iter().map(|_| OnceLock::new()).collect();
        let names = activation.clone();
        Ok(Self { environment, names, unknown: Unknown(meter.clone()), meter, variables, values })
    }

    /// Says what a variable comes to, where that is known without evaluating it.
    pub(in crate::policy) fn know(&self, name: &str, value: &Bound) {
        if let Some((_, place)) = self.place(name) {
            // One that was evaluated before came to the same.
            let _ = place.set(Ok(value.value.clone()));
        }
    }

    /// A variable, and where its value is kept.
    fn place(&self, name: &str) -> Option<(&'a Program, &Place)> {
        let index = self.variables.iter().position(|(known, _)| known == name)?;
        Some((&self.variables.get(index)?.1, self.values.get(index)?))
    }

    /// The value of a validation or match condition.
    ///
    /// # Errors
    /// Why there is none; a value that is no `bool` has [`EvaluationError::Failed`].
    pub(in crate::policy) fn boolean(&self, program: &Program) -> Result<bool, EvaluationError> {
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
    pub(in crate::policy) fn text(&self, program: &Program) -> Result<Option<String>, EvaluationError> {
        self.evaluate(program, |value| {
            if value.downcast_ref::<CelNull>().is_some() {
                return Ok(None);
            }
            value.downcast_ref::<CelString>().map(|text| Some(text.inner().to_owned())).ok_or_else(|| {
                EvaluationError::Failed(format!("it gives a {} instead of a string", value.get_type().name()))
            })
        })
    }

    /// The value of any expression as JSON; `None` where it is none (a quantity, a time, bytes).
    ///
    /// # Errors
    /// Why there is none.
    pub(in crate::policy) fn value(&self, program: &Program) -> Result<Option<Value>, EvaluationError> {
        self.evaluate(program, |value| Ok(node::to_json(value)))
    }

    fn evaluate<T>(
        &self,
        program: &Program,
        read: impl FnOnce(&dyn Val) -> Result<T, EvaluationError>,
    ) -> Result<T, EvaluationError> {
        let mut context = Context::with_env(Arc::clone(self.environment));
        context.set_variable_resolver(self);
        let value = CelValue::resolve_val(&program.expression, &context);
        self.trouble()?;
        read(value.map_err(|error| explain(&error))?.as_ref())
    }

    /// What makes every outcome of this evaluation unknown, whatever value came out.
    fn trouble(&self) -> Result<(), EvaluationError> {
        if self.meter.is_stopped() {
            return Err(EvaluationError::Stopped);
        }
        if self.meter.is_spent() {
            return Err(EvaluationError::Budget);
        }
        if let Some(what) = self.meter.lacking() {
            return Err(EvaluationError::Unsupported(what.to_owned()));
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

    fn variable(&self, name: &str) -> Result<&dyn Val, EvaluationError> {
        let Some((program, value)) = self.place(name) else {
            return Err(EvaluationError::Failed(format!("there is no variable {name}")));
        };
        let value = value.get_or_init(|| {
            self.evaluate(program, |value| node::freeze(value).map_err(|error| explain(&error)))
        });
        value.as_ref().map(AsRef::as_ref).map_err(Clone::clone)
    }
}

/// Names are looked up here and not put into the context, which would copy every value and its name for each evaluation.
impl VariableResolver for Evaluation<'_> {
    fn resolve<'b>(&'b self, name: &str) -> Option<CowVal<'b, 'b>> {
        let bound = match name {
            "object" => self.names.object,
            "oldObject" => self.names.old,
            "request" => self.names.request,
            "params" => self.names.params,
            "namespaceObject" => match self.names.namespace {
                Some(namespace) => namespace,
                None => return Some(CowVal::Borrowed(&self.unknown)),
            },
            "variables" => return Some(CowVal::owned(Variables(self))),
            METER => return Some(CowVal::Borrowed(&self.meter)),
            _ => return None,
        };
        Some(CowVal::Borrowed(bound.value.as_ref()))
    }
}

/// An error without the values that it is about: an object may be a Secret.
fn explain(error: &ExecutionError) -> EvaluationError {
    EvaluationError::Failed(match error {
        ExecutionError::NoSuchKey(key) => format!("no such key: {key}"),
        ExecutionError::FunctionError { message, .. } => message.clone(),
        ExecutionError::IndexOutOfBounds(_) => "index out of bounds".to_owned(),
        ExecutionError::NoSuchOverload(_)
        | ExecutionError::UndeclaredReference(_)
        | ExecutionError::InvalidArgumentCount { .. } => error.to_string(),
        ExecutionError::UnexpectedType { got, want } => {
            let got = got.split(['(', '{', ' ']).next().unwrap_or_default();
            format!("unexpected type: got {got}, want {want}")
        }
        ExecutionError::DivisionByZero(_) | ExecutionError::RemainderByZero(_) => {
            "division by zero".to_owned()
        }
        ExecutionError::Overflow(..) => "the result of an operation is too large".to_owned(),
        ExecutionError::DuplicateKey(_) => "a map has the same key twice".to_owned(),
        ExecutionError::UnsupportedBinaryOperator(operator, ..) => {
            format!("operator '{operator}' does not take operands of these types")
        }
        _ => "an operation does not take values of these types".to_owned(),
    })
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
