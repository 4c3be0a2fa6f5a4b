//! Expressions that do not look at the object are evaluated, by the same engine as everything else.

use cel::IdedExpr;
use cel::common::ast::IdedEntryExpr;
use cel::common::ast::{
    CallExpr, ComprehensionExpr, EntryExpr, Expr, ListExpr, LiteralValue, MapEntryExpr, MapExpr, SelectExpr,
};
use serde_json::{Value, json};

use super::super::{Activation, Bound, Declared, Evaluation, EvaluationError, Limits, Program, rewrite};
use super::{Compiler, Environment};

/// What an expression without the object comes to.
pub(super) enum Known {
    Value(Value),
    /// It fails, whatever the object is.
    Fails,
}

impl Compiler<'_> {
    /// Evaluates an expression that does not look at the object; `None` where it does, or where its value is no JSON.
    pub(super) fn constant(&self, expression: &IdedExpr, environment: &Environment) -> Option<Known> {
        if let Expr::Literal(literal) = &expression.expr {
            return json_of(literal).map(Known::Value);
        }
        let closed = self.closed(expression, environment, &mut Vec::new())?;
        let rewritten =
            rewrite::rewrite(closed, &Declared { params: true, kyverno: false, minor: None, variables: &[] })
                .ok()?;
        let program = Program::new(IdedExpr::default(), rewritten, String::new());
        let null = Bound::null();
        let params = Bound::new(&self.constants.params);
        let namespace = self.constants.namespace.as_ref().map(Bound::new);
        let activation = Activation {
            object: &null,
            old: &null,
            request: &null,
            params: &params,
            namespace: namespace.as_ref(),
        };
        let run = Evaluation::new(&activation, &[], Limits::of(&self.constants.regexes)).ok()?;
        match run.value(&program) {
            Ok(value) => value.map(Known::Value),
            Err(EvaluationError::Failed(_)) => Some(Known::Fails),
            Err(_) => None,
        }
    }

    /// The expression with everything that is known written into it; `None` where it looks at the object.
    fn closed(
        &self,
        expression: &IdedExpr,
        environment: &Environment,
        bound: &mut Vec<String>,
    ) -> Option<IdedExpr> {
        let expr = match &expression.expr {
            Expr::Literal(_) => expression.expr.clone(),
            Expr::Ident(name) if bound.contains(name) => expression.expr.clone(),
            Expr::Ident(name) => match environment.names.get(name) {
                Some(symbol) => literal(symbol.known()?),
                None => match name.as_str() {
                    "object" | "request" | "authorizer" | "variables" => return None,
                    "namespaceObject" => {
                        self.constants.namespace.as_ref()?;
                        expression.expr.clone()
                    }
                    _ => expression.expr.clone(),
                },
            },
            Expr::Select(select) => return self.closed_select(select, environment, bound),
            Expr::Call(call) => {
                // `math`, `sets`, … in front of a function are names of libraries.
                let target = match &call.target {
                    Some(target) => Some(Box::new(self.closed(target, environment, bound)?)),
                    None => None,
                };
                let args: Option<Vec<IdedExpr>> =
                    call.args.iter().map(|argument| self.closed(argument, environment, bound)).collect();
                Expr::Call(CallExpr { func_name: call.func_name.clone(), target, args: args? })
            }
            Expr::List(list) => {
                let elements: Option<Vec<IdedExpr>> =
                    list.elements.iter().map(|element| self.closed(element, environment, bound)).collect();
                Expr::List(ListExpr { elements: elements?, optional_indices: list.optional_indices.clone() })
            }
            Expr::Map(map) => {
                let mut map = map.clone();
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        entry.key = self.closed(&entry.key, environment, bound)?;
                        entry.value = self.closed(&entry.value, environment, bound)?;
                    }
                }
                Expr::Map(map)
            }
            Expr::Comprehension(loops) => {
                let iter_range = self.closed(&loops.iter_range, environment, bound)?;
                let accu_init = self.closed(&loops.accu_init, environment, bound)?;
                let depth = bound.len();
                bound.extend([loops.iter_var.clone(), loops.accu_var.clone()]);
                bound.extend(loops.iter_var2.clone());
                let inner = [&loops.loop_cond, &loops.loop_step, &loops.result]
                    .map(|part| self.closed(part, environment, bound));
                bound.truncate(depth);
                let [cond, step, result] = inner;
                Expr::Comprehension(Box::new(ComprehensionExpr {
                    iter_range,
                    iter_var: loops.iter_var.clone(),
                    iter_var2: loops.iter_var2.clone(),
                    accu_var: loops.accu_var.clone(),
                    accu_init,
                    loop_cond: cond?,
                    loop_step: step?,
                    result: result?,
                }))
            }
            Expr::Struct(_) | Expr::Unspecified => return None,
        };
        Some(IdedExpr { id: expression.id, expr })
    }

    fn closed_variable(&self, name: &str) -> Option<IdedExpr> {
        if let Some(known) = self.closed.borrow().get(name) {
            return known.clone();
        }
        let program = self.program(name)?;
        let closed = self.closed(program, &Environment::default(), &mut Vec::new());
        self.closed.borrow_mut().insert(name.to_owned(), closed.clone());
        closed
    }

    fn closed_select(
        &self,
        select: &SelectExpr,
        environment: &Environment,
        bound: &mut Vec<String>,
    ) -> Option<IdedExpr> {
        let known = |value: Value| Some(IdedExpr { id: 0, expr: literal(&value) });
        if let Expr::Ident(name) = &select.operand.expr
            && !bound.contains(name)
            && !environment.names.contains_key(name)
            && !select.test
        {
            match (name.as_str(), select.field.as_str()) {
                ("object", "kind") => return known(json!(self.constants.kind)),
                ("object", "apiVersion") => return known(json!(self.constants.api_version)),
                ("request", "operation") => return known(json!(self.constants.operation)),
                ("request", "dryRun") => return known(json!(false)),
                ("request", "kind" | "requestKind") => {
                    let (group, version) = self
                        .constants
                        .api_version
                        .split_once('/')
                        .unwrap_or(("", &self.constants.api_version));
                    let kind = &self.constants.kind;
                    return known(json!({"group": group, "version": version, "kind": kind}));
                }
                ("variables", name) => return self.closed_variable(name),
                _ => {}
            }
        }
        let operand = Box::new(self.closed(&select.operand, environment, bound)?);
        let expr = Expr::Select(SelectExpr { operand, field: select.field.clone(), test: select.test });
        Some(IdedExpr { id: 0, expr })
    }
}

fn json_of(literal: &LiteralValue) -> Option<Value> {
    Some(match literal {
        LiteralValue::Boolean(value) => json!(value.inner()),
        LiteralValue::Int(value) => json!(value.inner()),
        LiteralValue::UInt(value) => json!(value.inner()),
        LiteralValue::Double(value) => json!(value.inner()),
        LiteralValue::String(value) => json!(value.inner()),
        LiteralValue::Null => Value::Null,
        LiteralValue::Bytes(_) => return None,
    })
}

/// A JSON value as it would be written.
fn literal(value: &Value) -> Expr {
    let ided = |expr| IdedExpr { id: 0, expr };
    match value {
        Value::Null => Expr::Literal(LiteralValue::Null),
        Value::Bool(known) => Expr::Literal(LiteralValue::Boolean((*known).into())),
        Value::Number(number) => Expr::Literal(match (number.as_i64(), number.as_u64()) {
            (Some(int), _) => LiteralValue::Int(int.into()),
            (None, Some(uint)) => LiteralValue::UInt(uint.into()),
            (None, None) => LiteralValue::Double(number.as_f64().unwrap_or(f64::NAN).into()),
        }),
        Value::String(text) => Expr::Literal(LiteralValue::String(text.clone().into())),
        Value::Array(items) => {
            Expr::List(ListExpr::new(items.iter().map(|item| ided(literal(item))).collect()))
        }
        Value::Object(map) => Expr::Map(MapExpr {
            entries: map
                .iter()
                .map(|(key, value)| IdedEntryExpr {
                    id: 0,
                    expr: EntryExpr::MapEntry(MapEntryExpr {
                        key: ided(literal(&json!(key))),
                        value: ided(literal(value)),
                        optional: false,
                    }),
                })
                .collect(),
        }),
    }
}
