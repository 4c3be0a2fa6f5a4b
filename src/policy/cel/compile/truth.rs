//! Boolean expressions: for which objects they are true, and for which false.

use cel::IdedExpr;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, Expr};
use serde_json::{Value, json};

use super::constant::Known;
use super::place::Place;
use super::predicate::Predicate;
use super::range::{Side, quantities};
use super::symbol::{Base, Case, Symbol, Truth};
use super::value::{Loop, loop_of, truth_of};
use super::{Compiler, Environment, Reason};
use crate::manifest::Quantity;

/// A comparison of order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Equal,
}

impl Order {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            op::LESS => Self::Less,
            op::LESS_EQUALS => Self::LessOrEqual,
            op::GREATER => Self::Greater,
            op::GREATER_EQUALS => Self::GreaterOrEqual,
            _ => return None,
        })
    }

    /// The same with the sides exchanged.
    fn turned(self) -> Self {
        match self {
            Self::Less => Self::Greater,
            Self::LessOrEqual => Self::GreaterOrEqual,
            Self::Greater => Self::Less,
            Self::GreaterOrEqual => Self::LessOrEqual,
            Self::Equal => Self::Equal,
        }
    }

    pub(super) fn holds<T: PartialOrd + Copy>(self, left: T, right: T) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
            Self::Equal => left == right,
        }
    }
}

impl Compiler<'_> {
    /// When an expression is true, and when false.
    ///
    /// # Errors
    /// Why that cannot be said as schemas.
    pub(super) fn truth(
        &mut self,
        expression: &IdedExpr,
        environment: &Environment,
    ) -> Result<Truth, Reason> {
        self.step()?;
        match self.constant(expression, environment) {
            Some(Known::Value(Value::Bool(known))) => return Ok(Truth::of(known)),
            Some(_) => return Ok(Truth::never()),
            None => {}
        }
        match &expression.expr {
            Expr::Call(call) => self.call_truth(expression, call, environment),
            Expr::Select(select) if select.test => {
                let field = select.field.clone();
                self.symbol(&select.operand, environment)?.truth(|base| has(base, &field))
            }
            Expr::Comprehension(loops) => {
                let (name, scope) = (loops.iter_var.clone(), environment.clone());
                match loop_of(loops) {
                    Some(Loop::All(body)) => {
                        let of = self.symbol(&loops.iter_range, environment)?;
                        self.all(of, &[], &mut |me, element| me.truth(body, &scope.with(&name, element)))
                    }
                    Some(Loop::Exists(body)) => {
                        let of = self.symbol(&loops.iter_range, environment)?;
                        let none = self.all(of, &[], &mut |me, element| {
                            Ok(me.truth(body, &scope.with(&name, element))?.not())
                        });
                        Ok(none?.not())
                    }
                    Some(Loop::ExistsOne(body)) => {
                        let of = self.symbol(&loops.iter_range, environment)?;
                        self.exactly_one(&of, &mut |me, element| me.truth(body, &scope.with(&name, element)))
                    }
                    Some(Loop::Filter(_) | Loop::Map { .. }) => Ok(Truth::never()),
                    None => Err("it has a loop of another kind".to_owned()),
                }
            }
            _ => self.symbol(expression, environment)?.truth(truth_of),
        }
    }

    fn call_truth(
        &mut self,
        expression: &IdedExpr,
        call: &CallExpr,
        environment: &Environment,
    ) -> Result<Truth, Reason> {
        let CallExpr { func_name, target, args } = call;
        match (func_name.as_str(), target, args.as_slice()) {
            (op::LOGICAL_NOT, None, [inner]) => Ok(self.truth(inner, environment)?.not()),
            (op::LOGICAL_AND, None, [left, right]) => self.and(left, right, environment, false),
            (op::LOGICAL_OR, None, [left, right]) => self.and(left, right, environment, true),
            (op::CONDITIONAL, None, [condition, yes, no]) => {
                let when = self.truth(condition, environment)?;
                let mut truth = Truth::never();
                for (when, branch) in [(when.yes, yes), (when.no, no)] {
                    if when != Predicate::False {
                        let branch = self.truth(branch, environment)?;
                        truth.yes = Predicate::any([truth.yes, Predicate::all([when.clone(), branch.yes])]);
                        truth.no = Predicate::any([truth.no, Predicate::all([when, branch.no])]);
                    }
                }
                Ok(truth)
            }
            (op::EQUALS, None, [left, right]) => self.equality(left, right, environment),
            (op::NOT_EQUALS, None, [left, right]) => Ok(self.equality(left, right, environment)?.not()),
            (op::IN, None, [element, list]) => self.contained(element, list, environment),
            (name, None, [left, right]) if Order::of(name).is_some() => {
                let order = Order::of(name).unwrap_or(Order::Equal);
                let (left, right) = (self.symbol(left, environment)?, self.symbol(right, environment)?);
                self.ordered(left, order, right)
            }
            ("startsWith" | "endsWith" | "contains", Some(text), [part]) => {
                let part = self.text(part, environment)?;
                self.symbol(text, environment)?.truth(|base| found(base, func_name, &part))
            }
            ("matches", target, args) if target.iter().len() + args.len() == 2 => {
                let mut both = target.iter().map(Box::as_ref).chain(args);
                let (Some(text), Some(pattern)) = (both.next(), both.next()) else {
                    return Ok(Truth::never());
                };
                let pattern = self.text(pattern, environment)?;
                let regex = self.constants.regexes.get(&pattern);
                self.symbol(text, environment)?.truth(|base| matches(base, &pattern, regex.as_deref().ok()))
            }
            ("hasValue", Some(of), []) => self.symbol(of, environment)?.truth(|base| {
                Ok(match base {
                    Base::Just(inner) => match *inner {
                        Base::At(place) => Truth { yes: place.is_there(), no: Predicate::False },
                        _ => Truth::of(true),
                    },
                    Base::Nothing => Truth::of(false),
                    _ => Truth::never(),
                })
            }),
            ("isGreaterThan" | "isLessThan", Some(left), [right]) => {
                let order = if func_name == "isLessThan" { Order::Less } else { Order::Greater };
                let right = self.symbol(right, environment)?;
                let [(Predicate::True, Base::Amount(bound))] = right.0.as_slice() else {
                    return Err("it compares two quantities of the object".to_owned());
                };
                let bound = *bound;
                self.bounded = true;
                self.symbol(left, environment)?.truth(|base| match base {
                    Base::QuantityAt(place) => Ok(amount(&place, order, bound.nano(), false)),
                    Base::Amount(known) => Ok(Truth::of(order.holds(known.nano(), bound.nano()))),
                    _ => Err("it compares what is no quantity".to_owned()),
                })
            }
            _ => self.symbol(expression, environment)?.truth(truth_of),
        }
    }

    /// `&&`, or with everything turned round `||`.
    fn and(
        &mut self,
        left: &IdedExpr,
        right: &IdedExpr,
        environment: &Environment,
        or: bool,
    ) -> Result<Truth, Reason> {
        let turn = |truth: Truth| if or { truth.not() } else { truth };
        let (left, right) = (self.truth(left, environment), self.truth(right, environment));
        // What decides alone decides, also where the other side cannot be said.
        let decided = |side: &Result<Truth, Reason>| {
            side.as_ref().is_ok_and(|truth| {
                let truth = turn(truth.clone());
                truth.no == Predicate::True
            })
        };
        if decided(&left) || decided(&right) {
            return Ok(turn(Truth::of(false)));
        }
        let (left, right) = (turn(left?), turn(right?));
        Ok(turn(Truth {
            yes: Predicate::all([left.yes, right.yes]),
            no: Predicate::any([left.no, right.no]),
        }))
    }

    fn text(&mut self, expression: &IdedExpr, environment: &Environment) -> Result<String, Reason> {
        match self.symbol(expression, environment)?.known() {
            Some(Value::String(text)) => Ok(text.clone()),
            Some(_) => Err("it looks for what is no text".to_owned()),
            None => Err("it compares two texts of the object".to_owned()),
        }
    }

    fn equality(
        &mut self,
        left: &IdedExpr,
        right: &IdedExpr,
        environment: &Environment,
    ) -> Result<Truth, Reason> {
        let (left, right) = (self.symbol(left, environment)?, self.symbol(right, environment)?);
        let has_size = |symbol: &Symbol| {
            symbol
                .0
                .iter()
                .any(|(_, base)| matches!(base, Base::Size(_) | Base::Compared(..) | Base::WholeAt(_)))
        };
        if has_size(&left) || has_size(&right) {
            return self.ordered(left, Order::Equal, right);
        }
        let (mut yes, mut no) = (Vec::new(), Vec::new());
        for (when, base) in &left.0 {
            for (and, other) in &right.0 {
                let truth = equal(base, other)?;
                yes.push(Predicate::all([when.clone(), and.clone(), truth.yes]));
                no.push(Predicate::all([when.clone(), and.clone(), truth.no]));
            }
        }
        Ok(Truth { yes: Predicate::any(yes), no: Predicate::any(no) })
    }

    /// `element in list`.
    fn contained(
        &mut self,
        element: &IdedExpr,
        list: &IdedExpr,
        environment: &Environment,
    ) -> Result<Truth, Reason> {
        let element = self.symbol(element, environment)?;
        let list = self.symbol(list, environment)?;
        list.truth(|base| match base {
            Base::Constant(Value::Array(items)) => element.clone().truth(|base| one_of(&base, &items)),
            Base::Constant(Value::Object(map)) => {
                let keys: Vec<Value> = map.keys().map(|key| json!(key)).collect();
                element.clone().truth(|base| one_of(&base, &keys))
            }
            Base::At(place) => element.clone().truth(|base| match base {
                Base::Constant(value) => Ok(holds(&place, &value)),
                _ => Err("it looks for one field of the object in another".to_owned()),
            }),
            list @ Base::List(_) => {
                let none = self.all(Symbol::one(list), &[], &mut |_, item| {
                    let ([(when, base)], [(and, other)]) = (item.0.as_slice(), element.0.as_slice()) else {
                        let several = "it looks for what may be several things in a list that it has made";
                        return Err(several.to_owned());
                    };
                    let same = equal(base, other)?;
                    let both = |truth| Predicate::all([when.clone(), and.clone(), truth]);
                    Ok(Truth { yes: both(same.no), no: both(same.yes) })
                });
                Ok(none?.not())
            }
            _ => Ok(Truth::never()),
        })
    }

    fn ordered(&mut self, left: Symbol, order: Order, right: Symbol) -> Result<Truth, Reason> {
        let (of, order, bound) = match (left.known(), right.known()) {
            (_, Some(bound)) => (left, order, bound.clone()),
            (Some(bound), _) => {
                let bound = bound.clone();
                (right, order.turned(), bound)
            }
            _ => return Err("it compares two fields of the object".to_owned()),
        };
        of.truth(|base| self.against(base, order, &bound))
    }

    fn against(&mut self, base: Base, order: Order, bound: &Value) -> Result<Truth, Reason> {
        Ok(match base {
            Base::Size(of) => match bound.as_i64() {
                Some(bound) => self.sized(*of, order, bound)?,
                None => Truth::never(),
            },
            Base::At(place) => match bound {
                Value::Number(_) => number(&place, order, bound),
                Value::String(_) => return Err("it compares texts by order".to_owned()),
                _ => Truth::never(),
            },
            Base::WholeAt(place) => match bound.as_i64() {
                Some(bound) => {
                    self.bounded = true;
                    amount(&place, order, Quantity::from_whole(bound).nano(), true)
                }
                None => return Err("it compares a quantity with what is no whole number".to_owned()),
            },
            Base::Compared(place, than) => {
                self.bounded = true;
                compared(&place, order, bound.as_i64(), &than)?
            }
            Base::Constant(known) => match (known.as_f64(), bound.as_f64()) {
                (Some(left), Some(right)) => Truth::of(order.holds(left, right)),
                _ => Truth::never(),
            },
            _ => return Err("it compares what it has made".to_owned()),
        })
    }
}

fn has(base: Base, field: &str) -> Result<Truth, Reason> {
    Ok(match base {
        Base::At(place) => Truth { yes: place.has(field), no: place.lacks(field) },
        Base::Constant(Value::Object(map)) => Truth::of(map.contains_key(field)),
        Base::Constant(_) => Truth::never(),
        _ => return Err("it asks for a field of what it has made".to_owned()),
    })
}

fn equal(left: &Base, right: &Base) -> Result<Truth, Reason> {
    Ok(match (left, right) {
        (Base::Constant(a), Base::Constant(b)) => Truth::of(same(a, b)),
        (Base::At(place), Base::Constant(value)) | (Base::Constant(value), Base::At(place)) => {
            Truth { yes: place.is(json!({"const": value})), no: place.is(json!({"not": {"const": value}})) }
        }
        (Base::Cased(place, case), Base::Constant(value))
        | (Base::Constant(value), Base::Cased(place, case)) => match value {
            Value::String(text) => pattern(place, cased(text, *case).map(|text| format!("^{text}$"))),
            _ => Truth { yes: Predicate::False, no: place.is(json!({"type": "string"})) },
        },
        (Base::Affixed(before, place, after), Base::Constant(value))
        | (Base::Constant(value), Base::Affixed(before, place, after)) => {
            let middle = value
                .as_str()
                .and_then(|text| text.strip_prefix(before.as_str())?.strip_suffix(after.as_str()));
            let text = json!({"type": "string"});
            match middle {
                Some(middle) => Truth {
                    yes: place.is(json!({"const": middle})),
                    no: place.is(json!({"type": "string", "not": {"const": middle}})),
                },
                None => Truth { yes: Predicate::False, no: place.is(text) },
            }
        }
        (Base::Truth(truth), Base::Constant(Value::Bool(wanted)))
        | (Base::Constant(Value::Bool(wanted)), Base::Truth(truth)) => {
            if *wanted {
                (**truth).clone()
            } else {
                (**truth).clone().not()
            }
        }
        (Base::At(a), Base::At(b)) if a == b => Truth { yes: a.is_there(), no: Predicate::False },
        (Base::At(_), Base::At(_)) => return Err("it compares two fields of the object".to_owned()),
        _ => return Err("it compares what it has made".to_owned()),
    })
}

/// CEL's equality of known values: numbers by value, everything else by type and value.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(_), Value::Number(_)) => a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

fn one_of(base: &Base, items: &[Value]) -> Result<Truth, Reason> {
    Ok(match base {
        Base::Constant(value) => Truth::of(items.iter().any(|item| same(item, value))),
        Base::At(place) if items.is_empty() => Truth { yes: Predicate::False, no: place.is_there() },
        Base::At(place) => {
            Truth { yes: place.is(json!({"enum": items})), no: place.is(json!({"not": {"enum": items}})) }
        }
        Base::Cased(place, case) => {
            let texts = items.iter().filter_map(Value::as_str).filter_map(|text| cased(text, *case));
            let texts: Vec<String> = texts.collect();
            pattern(place, (!texts.is_empty()).then(|| format!("^(?:{})$", texts.join("|"))))
        }
        _ => return Err("it looks for what it has made in a list".to_owned()),
    })
}

/// Whether what stands at a place, a list or a map, has an element or a key.
fn holds(place: &Place, value: &Value) -> Truth {
    let (array, object) = (json!({"type": "array"}), json!({"type": "object"}));
    let with = |mut schema: Value, key: &str, inner: Value| {
        schema[key] = inner;
        schema
    };
    let list_yes = with(array.clone(), "contains", json!({"const": value}));
    let list_no = with(array, "items", json!({"not": {"const": value}}));
    let Value::String(key) = value else {
        return Truth { yes: place.is(list_yes), no: place.is(list_no) };
    };
    let map_yes = with(object.clone(), "required", json!([key]));
    let map_no = with(object, "properties", json!({ key.as_str(): false }));
    Truth {
        yes: place.is(json!({"anyOf": [list_yes, map_yes]})),
        no: place.is(json!({"anyOf": [list_no, map_no]})),
    }
}

/// `text` as a pattern that finds it literally.
fn quoted(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if "\\^$.|?*+()[]{}".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `text` as a pattern that finds it in any case; `None` where text in this case cannot hold it.
fn cased(text: &str, case: Case) -> Option<String> {
    let wrong = |c: char| match case {
        Case::Lower => c.is_ascii_uppercase(),
        Case::Upper => c.is_ascii_lowercase(),
    };
    if text.chars().any(wrong) {
        return None;
    }
    let mut out = String::new();
    for c in text.chars() {
        if c.is_ascii_alphabetic() {
            out.push_str(&format!("[{}{}]", c.to_ascii_lowercase(), c.to_ascii_uppercase()));
        } else {
            out.push_str(&quoted(&c.to_string()));
        }
    }
    Some(out)
}

/// A text at a place that a pattern is found in; `None` finds nothing.
fn pattern(place: &Place, pattern: Option<String>) -> Truth {
    let text = json!({"type": "string"});
    match pattern {
        None => Truth { yes: Predicate::False, no: place.is(text) },
        Some(pattern) => Truth {
            yes: place.is(json!({"type": "string", "pattern": pattern})),
            no: place.is(json!({"type": "string", "not": {"pattern": pattern}})),
        },
    }
}

fn found(base: Base, function: &str, part: &str) -> Result<Truth, Reason> {
    let place_it = |text: String| match function {
        "startsWith" => format!("^{text}"),
        "endsWith" => format!("{text}$"),
        _ => text,
    };
    Ok(match base {
        Base::At(place) => pattern(&place, Some(place_it(quoted(part)))),
        Base::Cased(place, case) => pattern(&place, cased(part, case).map(place_it)),
        Base::Affixed(before, place, after) => affixed(&before, &place, &after, function, part)?,
        Base::Constant(Value::String(text)) => Truth::of(match function {
            "startsWith" => text.starts_with(part),
            "endsWith" => text.ends_with(part),
            _ => text.contains(part),
        }),
        Base::Constant(_) => Truth::never(),
        _ => return Err(format!("it uses {function}() on what it has made")),
    })
}

/// Whether `before`, the text at a place and `after` begin or end with a part.
fn affixed(before: &str, place: &Place, after: &str, function: &str, part: &str) -> Result<Truth, Reason> {
    let text = || place.is(json!({"type": "string"}));
    let never = || Truth { yes: Predicate::False, no: text() };
    let always = || Truth { yes: text(), no: Predicate::False };
    Ok(match function {
        "startsWith" if before.starts_with(part) => always(),
        "startsWith" => match part.strip_prefix(before) {
            // What is wanted of the place itself must not reach into what stands behind it.
            Some(rest) if after.is_empty() => pattern(place, Some(format!("^{}", quoted(rest)))),
            Some(_) => return Err("it looks for the beginning of a text that it has made".to_owned()),
            None => never(),
        },
        "endsWith" if after.ends_with(part) => always(),
        "endsWith" => match part.strip_suffix(after) {
            Some(rest) if before.is_empty() => pattern(place, Some(format!("{}$", quoted(rest)))),
            Some(_) => return Err("it looks for the end of a text that it has made".to_owned()),
            None => never(),
        },
        _ => return Err(format!("it uses {function}() on a text that it has made")),
    })
}

fn matches(base: Base, wanted: &str, regex: Option<&regex::Regex>) -> Result<Truth, Reason> {
    let Some(regex) = regex else { return Ok(Truth::never()) };
    // What schemas' patterns (ECMA 262) and Go's have in common.
    let foreign = ["(?", "[[:", "\\p", "\\P", "\\z", "\\A", "\\Q", "\\a", "\\C", "\\x{", "&&", "--", "~~"];
    if let Some(what) = foreign.iter().find(|part| wanted.contains(**part)) {
        return Err(format!("its pattern uses '{what}'"));
    }
    Ok(match base {
        Base::At(place) => pattern(&place, Some(wanted.to_owned())),
        Base::Constant(Value::String(text)) => Truth::of(regex.is_match(&text)),
        Base::Constant(_) => Truth::never(),
        _ => return Err("it uses matches() on what it has made".to_owned()),
    })
}

fn number(place: &Place, order: Order, bound: &Value) -> Truth {
    if order == Order::Equal {
        return Truth {
            yes: place.is(json!({"const": bound})),
            no: place.is(json!({"not": {"const": bound}})),
        };
    }
    let side = |order| {
        let (key, turned) = match order {
            Order::Less => ("exclusiveMaximum", "minimum"),
            Order::LessOrEqual => ("maximum", "exclusiveMinimum"),
            Order::Greater => ("exclusiveMinimum", "maximum"),
            Order::GreaterOrEqual | Order::Equal => ("minimum", "exclusiveMaximum"),
        };
        (key, turned)
    };
    let (key, turned) = side(order);
    Truth {
        yes: place.is(json!({"type": "number", key: bound})),
        no: place.is(json!({"type": "number", turned: bound})),
    }
}

/// A quantity at a place against a bound in nano-units. Only canonical spellings are told.
fn amount(place: &Place, order: Order, bound: i128, whole: bool) -> Truth {
    let some = |side: Side, nano: i128| match quantities(side, nano, whole) {
        Some(pattern) => place.is(json!({"type": "string", "pattern": pattern})),
        None => Predicate::False,
    };
    let (below, at_most) = (some(Side::Most, bound - 1), some(Side::Most, bound));
    let (above, at_least) = (some(Side::Least, bound + 1), some(Side::Least, bound));
    match order {
        Order::Less => Truth { yes: below, no: at_least },
        Order::LessOrEqual => Truth { yes: at_most, no: above },
        Order::Greater => Truth { yes: above, no: at_most },
        Order::GreaterOrEqual => Truth { yes: at_least, no: below },
        Order::Equal => {
            Truth { yes: Predicate::all([at_most, at_least]), no: Predicate::any([below, above]) }
        }
    }
}

/// `a.compareTo(b) ORDER number`: as a comparison of a and b.
fn compared(place: &Place, order: Order, number: Option<i64>, than: &Quantity) -> Result<Truth, Reason> {
    let sides = [-1_i64, 0, 1].map(|side| number.is_some_and(|number| order.holds(side, number)));
    let nano = than.nano();
    let order = match sides {
        [true, false, false] => Order::Less,
        [true, true, false] => Order::LessOrEqual,
        [false, false, true] => Order::Greater,
        [false, true, true] => Order::GreaterOrEqual,
        [false, true, false] => Order::Equal,
        [true, false, true] => return Ok(amount(place, Order::Equal, nano, false).not()),
        _ => return Err("it compares quantities in another way".to_owned()),
    };
    Ok(amount(place, order, nano, false))
}
