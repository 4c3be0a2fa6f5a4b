//! Expressions that are not boolean: what they may be.

use std::str::FromStr;

use cel::IdedExpr;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, ComprehensionExpr, Expr};
use serde_json::Value;

use super::constant::Known;
use super::place::Place;
use super::symbol::{Base, Case, Part, Symbol, Transform, Truth};
use super::{Compiler, Environment, Reason};
use crate::manifest::Quantity;

/// What a loop of the language was before it was spelled out.
pub(super) enum Loop<'a> {
    All(&'a IdedExpr),
    Exists(&'a IdedExpr),
    ExistsOne(&'a IdedExpr),
    Filter(&'a IdedExpr),
    Map { keep: Option<&'a IdedExpr>, to: &'a IdedExpr },
}

/// The macro behind a loop.
pub(super) fn loop_of(loops: &ComprehensionExpr) -> Option<Loop<'_>> {
    let Expr::Call(step) = &loops.loop_step.expr else { return None };
    let is_accumulator =
        |expression: &IdedExpr| matches!(&expression.expr, Expr::Ident(name) if *name == loops.accu_var);
    let appended = |expression: &'_ IdedExpr| -> Option<IdedExpr> {
        let Expr::Call(add) = &expression.expr else { return None };
        match (add.func_name.as_str(), add.args.as_slice()) {
            (op::ADD, [accumulator, list]) if is_accumulator(accumulator) => match &list.expr {
                Expr::List(list) if list.elements.len() == 1 => list.elements.first().cloned(),
                _ => None,
            },
            _ => None,
        }
    };
    let makes_list = matches!(&loops.accu_init.expr, Expr::List(list) if list.elements.is_empty());
    match (step.func_name.as_str(), step.args.as_slice()) {
        (op::LOGICAL_AND, [accumulator, body]) if is_accumulator(accumulator) => Some(Loop::All(body)),
        (op::LOGICAL_OR, [accumulator, body]) if is_accumulator(accumulator) => Some(Loop::Exists(body)),
        (op::CONDITIONAL, [keep, then, _]) if makes_list => {
            let element = appended(then)?;
            if matches!(&element.expr, Expr::Ident(name) if *name == loops.iter_var) {
                return Some(Loop::Filter(keep));
            }
            Some(Loop::Map { keep: Some(keep), to: element_of(then)? })
        }
        (op::CONDITIONAL, [body, ..]) => Some(Loop::ExistsOne(body)),
        (op::ADD, _) if makes_list && appended(&loops.loop_step).is_some() => {
            Some(Loop::Map { keep: None, to: element_of(&loops.loop_step)? })
        }
        _ => None,
    }
}

/// The element that `accumulator + [element]` appends.
fn element_of(expression: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(add) = &expression.expr else { return None };
    match &add.args.get(1)?.expr {
        Expr::List(list) => list.elements.first(),
        _ => None,
    }
}

impl Compiler<'_> {
    /// What an expression may be.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub(super) fn symbol(
        &mut self,
        expression: &IdedExpr,
        environment: &Environment,
    ) -> Result<Symbol, Reason> {
        self.step()?;
        match self.constant(expression, environment) {
            Some(Known::Value(value)) => return Ok(Symbol::constant(value)),
            Some(Known::Fails) => return Ok(Symbol::never()),
            None => {}
        }
        match &expression.expr {
            Expr::Ident(name) => match environment.names.get(name) {
                Some(symbol) => Ok(symbol.clone()),
                None if name == "object" => Ok(Symbol::one(Base::At(Place::root(0)))),
                None => Err(format!("it depends on {name}")),
            },
            Expr::Select(select) if select.test => self.boolean(expression, environment),
            Expr::Select(select) => {
                if let Expr::Ident(name) = &select.operand.expr
                    && !environment.names.contains_key(name)
                {
                    match name.as_str() {
                        "variables" => return self.variable(&select.field),
                        "request" => return Err(format!("it depends on request.{}", select.field)),
                        _ => {}
                    }
                }
                let field = select.field.clone();
                self.symbol(&select.operand, environment)?.then(|base| field_of(base, &field))
            }
            Expr::List(list) if list.optional_indices.is_empty() => {
                let parts: Result<Vec<Part>, Reason> =
                    list.elements.iter().map(|one| Ok(Part::One(self.symbol(one, environment)?))).collect();
                Ok(Symbol::one(Base::List(parts?)))
            }
            Expr::Comprehension(loops) => self.loop_value(expression, loops, environment),
            Expr::Call(call) => self.call_value(expression, call, environment),
            Expr::Map(_) => Err("it makes a map".to_owned()),
            _ => Err("it has a part that is not understood".to_owned()),
        }
    }

    fn boolean(&mut self, expression: &IdedExpr, environment: &Environment) -> Result<Symbol, Reason> {
        Ok(Symbol::one(Base::Truth(Box::new(self.truth(expression, environment)?))))
    }

    fn loop_value(
        &mut self,
        expression: &IdedExpr,
        loops: &ComprehensionExpr,
        environment: &Environment,
    ) -> Result<Symbol, Reason> {
        let steps = match loop_of(loops) {
            Some(Loop::All(_) | Loop::Exists(_) | Loop::ExistsOne(_)) => {
                return self.boolean(expression, environment);
            }
            Some(Loop::Filter(keep)) => vec![self.filter(loops, keep, environment)],
            Some(Loop::Map { keep, to }) => {
                let mut steps: Vec<Transform> =
                    keep.iter().map(|keep| self.filter(loops, keep, environment)).collect();
                steps.push(Transform::Map {
                    name: loops.iter_var.clone(),
                    to: to.clone(),
                    environment: environment.clone(),
                });
                steps
            }
            None => return Err("it has a loop of another kind".to_owned()),
        };
        let of = self.symbol(&loops.iter_range, environment)?;
        Ok(Symbol::one(Base::List(vec![Part::Each { of, steps }])))
    }

    fn filter(&self, loops: &ComprehensionExpr, keep: &IdedExpr, environment: &Environment) -> Transform {
        Transform::Filter {
            name: loops.iter_var.clone(),
            keep: keep.clone(),
            environment: environment.clone(),
        }
    }

    fn call_value(
        &mut self,
        expression: &IdedExpr,
        call: &CallExpr,
        environment: &Environment,
    ) -> Result<Symbol, Reason> {
        let CallExpr { func_name, target, args } = call;
        match (func_name.as_str(), target, args.as_slice()) {
            (op::CONDITIONAL, None, [condition, yes, no]) => {
                let truth = self.truth(condition, environment)?;
                let mut all = Vec::new();
                for (when, branch) in [(truth.yes, yes), (truth.no, no)] {
                    if when != super::Predicate::False {
                        let branch = self.symbol(branch, environment)?;
                        all.extend(
                            branch
                                .0
                                .into_iter()
                                .map(|(and, base)| (super::Predicate::all([when.clone(), and]), base)),
                        );
                    }
                }
                Ok(Symbol(all))
            }
            (op::ADD, None, [left, right]) => {
                let (left, right) = (self.symbol(left, environment)?, self.symbol(right, environment)?);
                sum_of(left, right)
            }
            (op::INDEX, None, [operand, index]) => {
                let field = self.key(index, environment)?;
                self.symbol(operand, environment)?.then(|base| field_of(base, &field))
            }
            (op::OPT_INDEX | op::OPT_SELECT, None, [operand, index]) => {
                let field = self.key(index, environment)?;
                self.symbol(operand, environment)?.then(|base| optional_field_of(base, &field))
            }
            ("orValue", Some(target), [default]) => {
                let default = self.symbol(default, environment)?;
                self.symbol(target, environment)?.then(|base| {
                    Ok(match base {
                        Base::Just(inner) => Symbol::one(*inner),
                        Base::Nothing => default.clone(),
                        no_optional => Symbol::one(no_optional),
                    })
                })
            }
            ("value", Some(target), []) => self.symbol(target, environment)?.then(|base| {
                Ok(match base {
                    Base::Just(inner) => Symbol::one(*inner),
                    _ => Symbol::never(),
                })
            }),
            ("optional.of", None, [inner]) | ("of", Some(_), [inner]) if is_optional(target) => {
                self.symbol(inner, environment)?.then(|base| Ok(Symbol::one(Base::Just(Box::new(base)))))
            }
            ("none", Some(_), []) if is_optional(target) => Ok(Symbol::one(Base::Nothing)),
            ("bind", Some(space), [name, value, body]) if matches!(&space.expr, Expr::Ident(space) if space == "cel") =>
            {
                let Expr::Ident(name) = &name.expr else {
                    return Err("cel.bind names no variable".to_owned());
                };
                let bound = self.symbol(value, environment)?;
                self.symbol(body, &environment.with(name, bound))
            }
            ("dyn", None, [inner]) => self.symbol(inner, environment),
            ("size", None, [of]) => Ok(Symbol::one(Base::Size(Box::new(self.symbol(of, environment)?)))),
            ("size", Some(of), []) => Ok(Symbol::one(Base::Size(Box::new(self.symbol(of, environment)?)))),
            ("lowerAscii" | "upperAscii", Some(of), []) => {
                let case = if func_name == "lowerAscii" { Case::Lower } else { Case::Upper };
                self.symbol(of, environment)?.then(|base| match base {
                    Base::At(place) => Ok(Symbol::one(Base::Cased(place, case))),
                    Base::Constant(Value::String(text)) => Ok(Symbol::constant(Value::from(match case {
                        Case::Lower => text.to_ascii_lowercase(),
                        Case::Upper => text.to_ascii_uppercase(),
                    }))),
                    Base::Constant(_) => Ok(Symbol::never()),
                    _ => Err(format!("it uses {func_name}() on what it has made")),
                })
            }
            ("quantity", None, [text]) => self.symbol(text, environment)?.then(|base| match base {
                Base::At(place) => Ok(Symbol::one(Base::QuantityAt(place))),
                Base::Constant(Value::String(text)) => Ok(match Quantity::from_str(&text) {
                    Ok(amount) => Symbol::one(Base::Amount(amount)),
                    Err(_) => Symbol::never(),
                }),
                Base::Constant(_) => Ok(Symbol::never()),
                _ => Err("it makes a quantity of what it has made".to_owned()),
            }),
            ("asInteger", Some(of), []) => self.symbol(of, environment)?.then(|base| match base {
                Base::QuantityAt(place) => Ok(Symbol::one(Base::WholeAt(place))),
                Base::Amount(amount) if amount.is_whole() => {
                    Ok(Symbol::constant(Value::from(amount.whole())))
                }
                Base::Amount(_) => Ok(Symbol::never()),
                _ => Err("it uses asInteger() on what is no quantity".to_owned()),
            }),
            ("compareTo", Some(left), [right]) => {
                let right = self.symbol(right, environment)?;
                let [(super::Predicate::True, Base::Amount(bound))] = right.0.as_slice() else {
                    return Err("it compares two quantities of the object".to_owned());
                };
                let bound = *bound;
                self.symbol(left, environment)?.then(|base| match base {
                    Base::QuantityAt(place) => Ok(Symbol::one(Base::Compared(place, bound))),
                    Base::Amount(amount) => {
                        Ok(Symbol::constant(Value::from(amount.nano().cmp(&bound.nano()) as i64)))
                    }
                    _ => Err("it uses compareTo() on what is no quantity".to_owned()),
                })
            }
            (name, ..) if is_boolean(name) => self.boolean(expression, environment),
            (name, ..) => Err(format!("it uses {}()", name.trim_matches(['@', '_']))),
        }
    }

    /// A constant key of a map.
    fn key(&mut self, index: &IdedExpr, environment: &Environment) -> Result<String, Reason> {
        let index = self.symbol(index, environment)?;
        match index.known() {
            Some(Value::String(key)) => Ok(key.clone()),
            Some(_) => Err("it looks at a list by number".to_owned()),
            None => Err("it looks a key up that depends on the object".to_owned()),
        }
    }
}

/// Two lists one behind the other, or a text between known ones.
fn sum_of(left: Symbol, right: Symbol) -> Result<Symbol, Reason> {
    let is_text = |symbol: &Symbol| {
        let text = |base: &Base| matches!(base, Base::Affixed(..) | Base::Constant(Value::String(_)));
        symbol.0.iter().any(|(_, base)| text(base))
    };
    if is_text(&left) || is_text(&right) {
        return left.then(|left| {
            right.clone().then(|right| {
                Ok(Symbol::one(match (left.clone(), right) {
                    (Base::Constant(Value::String(a)), Base::Constant(Value::String(b))) => {
                        Base::Constant(Value::String(a + &b))
                    }
                    (Base::Constant(Value::String(a)), Base::At(place)) => {
                        Base::Affixed(a, place, String::new())
                    }
                    (Base::At(place), Base::Constant(Value::String(b))) => {
                        Base::Affixed(String::new(), place, b)
                    }
                    (Base::Constant(Value::String(a)), Base::Affixed(before, place, after)) => {
                        Base::Affixed(a + &before, place, after)
                    }
                    (Base::Affixed(before, place, after), Base::Constant(Value::String(b))) => {
                        Base::Affixed(before, place, after + &b)
                    }
                    _ => return Err("it joins two texts of the object".to_owned()),
                }))
            })
        });
    }
    let is_list = |symbol: &Symbol| {
        let list =
            |base: &Base| matches!(base, Base::At(_) | Base::List(_) | Base::Constant(Value::Array(_)));
        symbol.0.iter().all(|(_, base)| list(base))
    };
    if !is_list(&left) || !is_list(&right) {
        return Err("it adds what are no lists".to_owned());
    }
    let parts = [left, right].map(|of| Part::Each { of, steps: Vec::new() });
    Ok(Symbol::one(Base::List(parts.into())))
}

fn is_optional(target: &Option<Box<IdedExpr>>) -> bool {
    target.as_ref().is_none_or(|space| matches!(&space.expr, Expr::Ident(name) if name == "optional"))
}

/// Functions and operators that give a boolean.
fn is_boolean(name: &str) -> bool {
    matches!(
        name,
        op::LOGICAL_AND
            | op::LOGICAL_OR
            | op::LOGICAL_NOT
            | op::EQUALS
            | op::NOT_EQUALS
            | op::IN
            | op::LESS
            | op::LESS_EQUALS
            | op::GREATER
            | op::GREATER_EQUALS
            | "startsWith"
            | "endsWith"
            | "contains"
            | "matches"
            | "hasValue"
            | "isGreaterThan"
            | "isLessThan"
            | "isQuantity"
            | "has"
    )
}

fn field_of(base: Base, field: &str) -> Result<Symbol, Reason> {
    Ok(match base {
        Base::At(place) => Symbol::one(Base::At(place.field(field))),
        Base::Constant(Value::Object(map)) => match map.get(field) {
            Some(value) => Symbol::constant(value.clone()),
            None => Symbol::never(),
        },
        Base::Constant(_) => Symbol::never(),
        // A field of an optional is an optional.
        Base::Just(_) | Base::Nothing => return optional_field_of(base, field),
        Base::Truth(_)
        | Base::Size(_)
        | Base::Cased(..)
        | Base::Affixed(..)
        | Base::WholeAt(_)
        | Base::Compared(..) => Symbol::never(),
        _ => return Err("it looks at a field of what it has made".to_owned()),
    })
}

fn optional_field_of(base: Base, field: &str) -> Result<Symbol, Reason> {
    Ok(match base {
        Base::At(place) => Symbol(vec![
            (place.has(field), Base::Just(Box::new(Base::At(place.field(field))))),
            (place.lacks(field), Base::Nothing),
        ]),
        Base::Constant(Value::Object(map)) => Symbol::one(match map.get(field) {
            Some(value) => Base::Just(Box::new(Base::Constant(value.clone()))),
            None => Base::Nothing,
        }),
        Base::Nothing => Symbol::one(Base::Nothing),
        Base::Just(inner) => return optional_field_of(*inner, field),
        Base::Constant(_) => Symbol::never(),
        _ => return Err("it looks at a field of what it has made".to_owned()),
    })
}

/// An expression that is boolean by its shape, as [`Truth`] of what it may be.
pub(super) fn truth_of(base: Base) -> Result<Truth, Reason> {
    Ok(match base {
        Base::At(place) => Truth {
            yes: place.is(serde_json::json!({"const": true})),
            no: place.is(serde_json::json!({"const": false})),
        },
        Base::Constant(Value::Bool(known)) => Truth::of(known),
        Base::Truth(truth) => *truth,
        // Anything else fails where a boolean is wanted.
        _ => Truth::never(),
    })
}
