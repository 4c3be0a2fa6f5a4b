//! CEL expressions of patterns: the only file that knows the crate `cel`.
//!
//! An expression may read `schema.spec.*`, `schema.metadata.name`, `schema.metadata.namespace` and the variables of its
//! resource's `forEach`. Everything else, another resource's state above all, is refused when the pattern is read, and
//! so is a function that is not listed here: nothing is found out while objects are being rendered.
//!
//! `null`, `optional.none()` and kro's `omit()` all mean *leave this out*.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use cel::common::ast::{CallExpr, EntryExpr, Expr, LiteralValue};
use cel::common::types::{self, CelList, CelMap, CelOptional};
use cel::common::value::CowVal;
use cel::objects::{Key, Map as CelValueMap, OptionalValue};
use cel::{Context, Env, ExecutionError, IdedExpr, Value as CelValue};
use serde_json::{Map, Number, Value};

/// Longest expression, in bytes.
const LONGEST: usize = 8 * 1024;
/// How deep comprehensions (`map`, `filter`, `all`, …) may be nested; each level multiplies the work.
const DEEPEST: usize = 3;
/// The function that every comprehension's range is wrapped in; no expression can spell it.
const ORDERED: &str = "@ordered";

/// The functions and macros that an expression may call. Time and randomness are not among them.
const FUNCTIONS: &[&str] = &[
    "base64.decode",
    "base64.encode",
    "bool",
    "bytes",
    "charAt",
    "contains",
    "distinct",
    "double",
    "dyn",
    "endsWith",
    "flatten",
    "format",
    "hasValue",
    "indexOf",
    "int",
    "join",
    "lastIndexOf",
    "lists.range",
    "lowerAscii",
    "matches",
    "math.abs",
    "math.ceil",
    "math.floor",
    "math.greatest",
    "math.least",
    "math.round",
    "merge",
    "omit",
    "optional.none",
    "optional.of",
    "optional.ofNonZeroValue",
    "or",
    "orValue",
    "replace",
    "reverse",
    "size",
    "slice",
    "sort",
    "split",
    "startsWith",
    "string",
    "strings.quote",
    "substring",
    "trim",
    "type",
    "uint",
    "upperAscii",
    "value",
];

/// What an expression may name.
pub(super) struct Scope<'a> {
    /// Parameters of the schema; `None` where they do not matter (no check).
    pub parameters: &'a [String],
    /// Ids of the pattern's resources, for a better message.
    pub resources: &'a [String],
    /// Variables of `forEach`.
    pub variables: &'a [String],
}

/// One parsed expression.
#[derive(Debug, Clone)]
pub(super) struct Expression {
    source: String,
    ast: IdedExpr,
}

impl PartialEq for Expression {
    fn eq(&self, other: &Self) -> bool {
        self.source == other.source
    }
}

/// The values that expressions read while one instance is rendered.
pub(super) struct Bindings<'p> {
    context: Context<'p, 'static>,
}

fn environment() -> Result<Arc<Env>, String> {
    static ENVIRONMENT: OnceLock<Result<Arc<Env>, String>> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| build().map(Arc::new).map_err(|error| error.to_string())).clone()
}

fn build() -> Result<Env, cel::DeclarationError> {
    let mut env = Env::stdlib();
    env.add_extension(cel::extensions::strings)?;
    env.add_extension(cel::extensions::lists)?;
    env.add_extension(cel::extensions::math)?;
    env.add_extension(cel::extensions::encoders)?;
    env.add_overload("omit", "omit", vec![], |_| Ok(CowVal::owned(CelOptional::none())))?;
    env.add_overload(ORDERED, "ordered_map", vec![types::MAP_TYPE], ordered_keys)?;
    env.add_overload(ORDERED, "ordered_list", vec![types::LIST_TYPE], |mut arguments| {
        arguments.pop().ok_or_else(|| ExecutionError::invalid_argument_count(1, 0))
    })?;
    env.add_member_overload("merge", "map_merge", types::MAP_TYPE, vec![types::MAP_TYPE], merge)?;
    Ok(env)
}

fn as_map<'a, 'v>(value: Option<&'a CowVal<'_, 'v>>) -> Result<&'a CelMap<'v>, ExecutionError> {
    value
        .and_then(|value| value.as_ref().downcast_ref::<CelMap>())
        .ok_or_else(|| ExecutionError::function_error("merge", "both sides must be maps"))
}

/// The keys of a map in order: CEL leaves the order open, and a rendered object must not differ from run to run.
#[allow(clippy::needless_pass_by_value, reason = "the signature is CEL's")]
fn ordered_keys<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let map = as_map(arguments.first())?;
    let mut keys: Vec<_> = map.inner().keys().cloned().collect();
    keys.sort();
    let keys: Vec<_> = keys.iter().map(|key| key.inner().clone_as_boxed()).collect();
    Ok(CowVal::owned(CelList::from(keys)))
}

/// kro's `a.merge(b)`: the keys of both, those of `b` winning.
#[allow(clippy::needless_pass_by_value, reason = "the signature is CEL's")]
fn merge<'b, 'v>(arguments: Vec<CowVal<'b, 'v>>) -> Result<CowVal<'b, 'v>, ExecutionError> {
    let mut merged = as_map(arguments.first())?.clone().into_inner();
    merged.extend(as_map(arguments.get(1))?.clone().into_inner());
    Ok(CowVal::owned(CelMap::from(merged)))
}

impl Expression {
    /// Parses and checks one expression.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it: syntax, a name that is not in scope, an unknown function, its size.
    pub(super) fn parse(source: &str, scope: &Scope<'_>) -> Result<Self, String> {
        if source.len() > LONGEST {
            return Err(format!("the expression has {} bytes; {LONGEST} are allowed", source.len()));
        }
        let parser = environment()?.parser();
        let mut ast = parser.parse(source).map_err(|errors| {
            let first = errors.errors.first().map_or_else(String::new, |error| error.msg.clone());
            format!("'{source}' is not valid CEL: {first}")
        })?;
        check(&mut ast, scope, &mut Vec::new(), 0)?;
        Ok(Self { source: source.to_owned(), ast })
    }

    /// The expression's text, without `${` and `}`.
    pub(super) fn source(&self) -> &str {
        &self.source
    }

    /// The value; `None` for `null`, `optional.none()` and `omit()`.
    ///
    /// # Errors
    /// A sentence with CEL's own reason.
    pub(super) fn evaluate(&self, bindings: &Bindings<'_>) -> Result<Option<Value>, String> {
        let value = CelValue::resolve(&self.ast, &bindings.context)
            .map_err(|error| format!("'{}' cannot be evaluated: {error}", self.source))?;
        from_cel(&value)
            .map_err(|kind| format!("'{}' yields {kind}, which has no place in an object", self.source))
    }
}

impl Bindings<'static> {
    /// Bindings for one instance. Without a namespace `schema.metadata.namespace` is `null`.
    ///
    /// # Errors
    /// Only where CEL's own library could not be set up.
    pub(super) fn new(
        name: &str,
        namespace: Option<&str>,
        spec: &Map<String, Value>,
    ) -> Result<Self, String> {
        let mut context = Context::with_env(environment()?);
        let metadata = serde_json::json!({ "name": name, "namespace": namespace });
        let schema = serde_json::json!({ "metadata": metadata, "spec": spec });
        context.add_variable_from_value("schema", to_cel(&schema));
        Ok(Self { context })
    }
}

impl<'p> Bindings<'p> {
    /// The same bindings with the variables of one round of `forEach`.
    pub(super) fn with<'q>(&'q self, variables: &[(String, Value)]) -> Bindings<'q>
    where
        'p: 'q,
    {
        let mut context = self.context.new_inner_scope();
        for (name, value) in variables {
            context.add_variable_from_value(name.clone(), to_cel(value));
        }
        Bindings { context }
    }
}

/// Checks names, functions and nesting, and puts every comprehension's range in order. `bound` holds the variables of
/// the enclosing comprehensions.
fn check(
    node: &mut IdedExpr,
    scope: &Scope<'_>,
    bound: &mut Vec<String>,
    depth: usize,
) -> Result<(), String> {
    if let Some(path) = path_of(&node.expr)
        && path.first().is_some_and(|root| root == "schema" && !bound.contains(root))
    {
        return check_path(&path, scope);
    }
    match &mut node.expr {
        Expr::Unspecified | Expr::Literal(_) => Ok(()),
        Expr::Ident(name) => check_name(name, scope, bound),
        Expr::Select(select) => check(&mut select.operand, scope, bound, depth),
        Expr::List(list) => {
            list.elements.iter_mut().try_for_each(|element| check(element, scope, bound, depth))
        }
        Expr::Map(map) => map.entries.iter_mut().try_for_each(|entry| match &mut entry.expr {
            EntryExpr::MapEntry(entry) => {
                check(&mut entry.key, scope, bound, depth)?;
                check(&mut entry.value, scope, bound, depth)
            }
            EntryExpr::StructField(field) => check(&mut field.value, scope, bound, depth),
        }),
        Expr::Struct(object) => Err(format!("the type '{}' is not known", object.type_name)),
        Expr::Call(call) => check_call(call, scope, bound, depth),
        Expr::Comprehension(comprehension) => {
            check(&mut comprehension.iter_range, scope, bound, depth)?;
            check(&mut comprehension.accu_init, scope, bound, depth)?;
            // `sortBy`, `optMap` and the like are spelled as a comprehension over an empty list: no loop.
            let loops =
                !matches!(&comprehension.iter_range.expr, Expr::List(list) if list.elements.is_empty());
            let depth = if loops { depth + 1 } else { depth };
            if depth > DEEPEST {
                return Err(format!("loops are nested more than {DEEPEST} deep"));
            }
            if loops {
                let range = std::mem::take(&mut comprehension.iter_range);
                let call = CallExpr { func_name: ORDERED.to_owned(), target: None, args: vec![range] };
                comprehension.iter_range = IdedExpr { id: node.id, expr: Expr::Call(call) };
            }
            let outer = bound.len();
            bound.push(comprehension.iter_var.clone());
            bound.extend(comprehension.iter_var2.clone());
            bound.push(comprehension.accu_var.clone());
            let result =
                [&mut comprehension.loop_cond, &mut comprehension.loop_step, &mut comprehension.result]
                    .into_iter()
                    .try_for_each(|part| check(part, scope, bound, depth));
            bound.truncate(outer);
            result
        }
    }
}

fn check_call(
    call: &mut CallExpr,
    scope: &Scope<'_>,
    bound: &mut Vec<String>,
    depth: usize,
) -> Result<(), String> {
    let operator = !call.func_name.starts_with(|c: char| c.is_ascii_alphabetic());
    // `lists.range(3)` is parsed as `range` called on the name `lists`.
    let namespaced = call.target.as_ref().and_then(|target| match &target.expr {
        Expr::Ident(name) => Some(format!("{name}.{}", call.func_name)),
        _ => None,
    });
    let in_namespace = namespaced.as_ref().is_some_and(|name| FUNCTIONS.contains(&name.as_str()));
    if !operator && !in_namespace && !FUNCTIONS.contains(&call.func_name.as_str()) {
        return Err(format!(
            "the function '{}' is not supported",
            namespaced.as_ref().unwrap_or(&call.func_name)
        ));
    }
    if !in_namespace && let Some(target) = &mut call.target {
        check(target, scope, bound, depth)?;
    }
    call.args.iter_mut().try_for_each(|argument| check(argument, scope, bound, depth))
}

fn check_name(name: &str, scope: &Scope<'_>, bound: &[String]) -> Result<(), String> {
    // The parser's own variables (`@result`, `@target`) cannot be spelled by anybody.
    if name.starts_with(['@', '#']) || bound.iter().chain(scope.variables).any(|known| known == name) {
        return Ok(());
    }
    if scope.resources.iter().any(|resource| resource == name) {
        return Err(format!("it reads the resource '{name}', whose state is not known before it exists"));
    }
    Err(format!("it reads '{name}', which is neither 'schema' nor a variable of forEach"))
}

/// `schema.spec.x` as `[schema, spec, x]`, through plain and optional selection; `None` for anything else. Parts behind
/// a computed one are left out.
fn path_of(node: &Expr) -> Option<Vec<String>> {
    match node {
        Expr::Ident(name) => Some(vec![name.clone()]),
        Expr::Select(select) => {
            let mut path = path_of(&select.operand.expr)?;
            path.push(select.field.clone());
            Some(path)
        }
        Expr::Call(call) if call.func_name == cel::common::ast::operators::OPT_SELECT => match &call.args[..]
        {
            [operand, IdedExpr { expr: Expr::Literal(LiteralValue::String(field)), .. }] => {
                let mut path = path_of(&operand.expr)?;
                path.push(field.inner().to_owned());
                Some(path)
            }
            _ => None,
        },
        _ => None,
    }
}

fn check_path(path: &[String], scope: &Scope<'_>) -> Result<(), String> {
    let dotted = path.join(".");
    match path.get(1).map(String::as_str) {
        Some("spec") => match path.get(2) {
            Some(parameter) if !scope.parameters.contains(parameter) => {
                let near = super::names::nearest(parameter, scope.parameters.iter().map(String::as_str));
                let near = near.map_or_else(String::new, |near| format!("; did you mean '{near}'?"));
                Err(format!("it reads '{dotted}', and the schema has no parameter '{parameter}'{near}"))
            }
            _ => Ok(()),
        },
        Some("metadata") if matches!(path.get(2).map(String::as_str), Some("name" | "namespace")) => Ok(()),
        _ => Err(format!(
            "it reads '{dotted}'; only schema.spec, schema.metadata.name and schema.metadata.namespace can be read"
        )),
    }
}

fn to_cel(value: &Value) -> CelValue {
    match value {
        Value::Null => CelValue::Null,
        Value::Bool(value) => CelValue::Bool(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => CelValue::Int(value),
            (None, Some(value)) => CelValue::UInt(value),
            (None, None) => number.as_f64().map_or(CelValue::Null, CelValue::Float),
        },
        Value::String(value) => CelValue::String(Arc::new(value.clone())),
        Value::Array(values) => CelValue::List(Arc::new(values.iter().map(to_cel).collect())),
        Value::Object(map) => {
            let map: HashMap<Key, CelValue> =
                map.iter().map(|(key, value)| (Key::String(Arc::new(key.clone())), to_cel(value))).collect();
            CelValue::Map(CelValueMap { map: Arc::new(map) })
        }
    }
}

/// Where a key stands in an object that CEL made, which keeps no order: what identifies comes first, as people write it.
fn place(key: &str) -> usize {
    const FIRST: &[&str] = &["apiVersion", "kind", "metadata", "name", "key"];
    FIRST.iter().position(|first| *first == key).unwrap_or(FIRST.len())
}

/// Back to JSON, keys in order; `None` for what is to be left out, at any depth. The error names the type that JSON has
/// no place for.
fn from_cel(value: &CelValue) -> Result<Option<Value>, &'static str> {
    Ok(Some(match value {
        CelValue::Null => return Ok(None),
        CelValue::Bool(value) => Value::Bool(*value),
        CelValue::Int(value) => Value::from(*value),
        CelValue::UInt(value) => Value::from(*value),
        CelValue::Float(value) => {
            Value::Number(Number::from_f64(*value).ok_or("a number that is not finite")?)
        }
        CelValue::String(value) => Value::String(value.to_string()),
        CelValue::List(values) => {
            let mut list = Vec::with_capacity(values.len());
            for value in values.iter() {
                list.extend(from_cel(value)?);
            }
            Value::Array(list)
        }
        CelValue::Map(map) => {
            let mut entries = Vec::with_capacity(map.map.len());
            for (key, value) in map.map.iter() {
                let Key::String(name) = key else { return Err("a map whose keys are not strings") };
                entries.extend(from_cel(value)?.map(|value| (name.to_string(), value)));
            }
            entries.sort_by(|(a, _), (b, _)| place(a).cmp(&place(b)).then_with(|| a.cmp(b)));
            Value::Object(entries.into_iter().collect())
        }
        CelValue::Opaque(_) => match <&OptionalValue>::try_from(value) {
            Ok(optional) => return optional.value().map_or(Ok(None), from_cel),
            Err(_) => return Err("a value of a foreign type"),
        },
        CelValue::Bytes(_) => return Err("bytes"),
        _ => return Err("a value that is neither text, number, truth value, list nor map"),
    }))
}
