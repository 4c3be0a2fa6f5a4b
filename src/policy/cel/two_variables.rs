//! Comprehensions with two variables (`l.all(i, v, …)`, `m.transformList(k, v, …)`), which the `cel` crate has not: each becomes
//! one over the `[key, value]` of its range, with both names bound in front of its body.
//!
//! Source: cel-go `ext/comprehensions.go`; in Kubernetes since 1.32.

use cel::IdedExpr;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr, ListExpr, LiteralValue, MapExpr};

use super::functions::{ENTRIES, INSERT, MERGE};

/// What a pair is called in the new comprehension; no expression can write it.
pub(super) const PAIR: &str = "@pair";
const RESULT: &str = "@result";

/// What a call of this name with these arguments is as a comprehension with one variable; `None` where it is none with two.
pub(super) fn with_one(name: &str, target: &IdedExpr, args: &[IdedExpr]) -> Option<ComprehensionExpr> {
    let (Expr::Ident(first), Expr::Ident(second)) = (&args.first()?.expr, &args.get(1)?.expr) else {
        return None;
    };
    let body = |expression: &IdedExpr| {
        let inner = bind(second, pair_part(1), expression.clone());
        bind(first, pair_part(0), inner)
    };
    let result = || ident(RESULT);
    let truth = |value: bool| literal(LiteralValue::Boolean(value.into()));
    let plus = |item: IdedExpr| call(op::ADD, vec![result(), list(vec![item])]);
    let kept = |filter: Option<&IdedExpr>, step: IdedExpr| match filter {
        Some(filter) => call(op::CONDITIONAL, vec![body(filter), step, result()]),
        None => step,
    };
    let empty_map = || IdedExpr { id: 0, expr: Expr::Map(MapExpr { entries: Vec::new() }) };
    let (init, condition, step, end) = match (name, args.get(2..)?) {
        ("all", [test]) => (
            truth(true),
            call(op::NOT_STRICTLY_FALSE, vec![result()]),
            call(op::LOGICAL_AND, vec![result(), body(test)]),
            result(),
        ),
        ("exists", [test]) => (
            truth(false),
            call(op::NOT_STRICTLY_FALSE, vec![call(op::LOGICAL_NOT, vec![result()])]),
            call(op::LOGICAL_OR, vec![result(), body(test)]),
            result(),
        ),
        ("existsOne" | "exists_one", [test]) => (
            int(0),
            truth(true),
            call(op::CONDITIONAL, vec![body(test), call(op::ADD, vec![result(), int(1)]), result()]),
            call(op::EQUALS, vec![result(), int(1)]),
        ),
        ("transformList", [filter @ .., to]) if filter.len() < 2 => {
            (list(Vec::new()), truth(true), kept(filter.first(), plus(body(to))), result())
        }
        ("transformMap", [filter @ .., to]) if filter.len() < 2 => {
            let step = call(INSERT, vec![result(), pair_part(0), body(to)]);
            (empty_map(), truth(true), kept(filter.first(), step), result())
        }
        ("transformMapEntry", [filter @ .., to]) if filter.len() < 2 => {
            let step = call(MERGE, vec![result(), body(to)]);
            (empty_map(), truth(true), kept(filter.first(), step), result())
        }
        _ => return None,
    };
    Some(ComprehensionExpr {
        iter_range: call(ENTRIES, vec![target.clone()]),
        iter_var: PAIR.to_owned(),
        iter_var2: None,
        accu_var: RESULT.to_owned(),
        accu_init: init,
        loop_cond: condition,
        loop_step: step,
        result: end,
    })
}

fn of(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn ident(name: &str) -> IdedExpr {
    of(Expr::Ident(name.to_owned()))
}

fn literal(value: LiteralValue) -> IdedExpr {
    of(Expr::Literal(value))
}

fn int(value: i64) -> IdedExpr {
    literal(LiteralValue::Int(value.into()))
}

fn list(items: Vec<IdedExpr>) -> IdedExpr {
    of(Expr::List(ListExpr::new(items)))
}

fn call(name: &str, args: Vec<IdedExpr>) -> IdedExpr {
    of(Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args }))
}

fn pair_part(index: i64) -> IdedExpr {
    call(op::INDEX, vec![ident(PAIR), int(index)])
}

/// A name for a value in a body.
fn bind(name: &str, value: IdedExpr, body: IdedExpr) -> IdedExpr {
    of(Expr::Comprehension(Box::new(bound(name.to_owned(), value, body))))
}

/// What `cel.bind(name, value, body)` is: a loop over nothing whose accumulator is the name.
pub(super) fn bound(name: String, value: IdedExpr, body: IdedExpr) -> ComprehensionExpr {
    ComprehensionExpr {
        iter_range: list(Vec::new()),
        iter_var: "@unused".to_owned(),
        iter_var2: None,
        accu_var: name.clone(),
        accu_init: value,
        loop_cond: literal(LiteralValue::Boolean(false.into())),
        loop_step: of(Expr::Ident(name)),
        result: body,
    }
}
