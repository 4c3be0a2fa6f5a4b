//! What holds of the elements of a list (or the keys of a map), and how many there are.

use serde_json::{Value, json};

use super::place::{Place, one};
use super::predicate::Predicate;
use super::symbol::{Base, Part, Symbol, Transform, Truth};
use super::truth::Order;
use super::{Compiler, Reason};

/// What is asked of an element.
type Body<'b, 'a> = &'b mut dyn FnMut(&mut Compiler<'a>, Symbol) -> Result<Truth, Reason>;

impl<'a> Compiler<'a> {
    /// `all` over a list after some steps: true where it is true of every element, false where it is false of one (whatever
    /// the others are).
    pub(super) fn all(
        &mut self,
        of: Symbol,
        steps: &[Transform],
        body: Body<'_, 'a>,
    ) -> Result<Truth, Reason> {
        Ok(self.whole(of, steps, body)?.truth)
    }

    fn whole(&mut self, of: Symbol, steps: &[Transform], body: Body<'_, 'a>) -> Result<Whole, Reason> {
        let (mut yes, mut no, mut there) = (Vec::new(), Vec::new(), Vec::new());
        for (when, base) in of.0 {
            let Whole { truth, made } = self.whole_of(base, steps, body)?;
            yes.push(Predicate::all([when.clone(), truth.yes]));
            no.push(Predicate::all([when.clone(), truth.no]));
            there.push(Predicate::all([when, made]));
        }
        let truth = Truth { yes: Predicate::any(yes), no: Predicate::any(no) };
        Ok(Whole { truth, made: Predicate::any(there) })
    }

    fn whole_of(&mut self, base: Base, steps: &[Transform], body: Body<'_, 'a>) -> Result<Whole, Reason> {
        self.step()?;
        match base {
            Base::At(place) => {
                let scope = self.open_scope();
                let element = Symbol::one(Base::At(Place::root(scope)));
                let Whole { truth, made } = self.element(element, steps, body)?;
                let all_made = for_all(&place, scope, &made)?;
                let yes = for_all(&place, scope, &Predicate::all([made, truth.yes]))?;
                let no = Predicate::all([for_some(&place, scope, &truth.no)?, all_made.clone()]);
                Ok(Whole { truth: Truth { yes, no }, made: all_made })
            }
            Base::Constant(Value::Array(items)) => {
                let items = items.into_iter().map(Symbol::constant);
                self.each_of(items.collect(), steps, body)
            }
            Base::Constant(Value::Object(map)) => {
                let keys = map.keys().map(|key| Symbol::constant(json!(key)));
                self.each_of(keys.collect(), steps, body)
            }
            Base::List(parts) => {
                let (mut yes, mut no, mut there) = (Vec::new(), Vec::new(), Vec::new());
                for part in parts {
                    let Whole { truth, made } = match part {
                        Part::One(symbol) => {
                            let defined = symbol.is_defined();
                            let Whole { truth, made } = self.element(symbol, steps, body)?;
                            Whole { truth, made: Predicate::all([defined, made]) }
                        }
                        Part::Each { of, steps: inner } => {
                            let both: Vec<Transform> = inner.iter().chain(steps).cloned().collect();
                            self.whole(of, &both, body)?
                        }
                    };
                    yes.push(truth.yes);
                    no.push(truth.no);
                    there.push(made);
                }
                Ok(Whole::of(yes, no, there))
            }
            // No list and no map: it fails.
            _ => Ok(Whole { truth: Truth::never(), made: Predicate::False }),
        }
    }

    fn each_of(
        &mut self,
        items: Vec<Symbol>,
        steps: &[Transform],
        body: Body<'_, 'a>,
    ) -> Result<Whole, Reason> {
        let (mut yes, mut no, mut all_made) = (Vec::new(), Vec::new(), Vec::new());
        for item in items {
            let Whole { truth, made } = self.element(item, steps, body)?;
            yes.push(truth.yes);
            no.push(truth.no);
            all_made.push(made);
        }
        Ok(Whole::of(yes, no, all_made))
    }

    /// One element through the steps to the body: what is filtered out is true of everything.
    fn element(&mut self, element: Symbol, steps: &[Transform], body: Body<'_, 'a>) -> Result<Whole, Reason> {
        let (mut kept, mut gone, mut current) = (Predicate::True, Predicate::False, element);
        let mut made = Predicate::True;
        for step in steps {
            match step {
                Transform::Filter { name, keep, environment } => {
                    let truth = self.truth(keep, &environment.with(name, current.clone()))?;
                    made = Predicate::all([made, Predicate::any([gone.clone(), truth.is_defined()])]);
                    gone = Predicate::any([gone, Predicate::all([kept.clone(), truth.no])]);
                    kept = Predicate::all([kept, truth.yes]);
                }
                Transform::Map { name, to, environment } => {
                    current = self.symbol(to, &environment.with(name, current))?;
                    made = Predicate::all([made, Predicate::any([gone.clone(), current.is_defined()])]);
                }
            }
        }
        let truth = body(self, current)?;
        let yes = Predicate::any([gone, Predicate::all([kept.clone(), truth.yes])]);
        Ok(Whole { truth: Truth { yes, no: Predicate::all([kept, truth.no]) }, made })
    }

    /// `exists_one`: of a list of the object itself.
    pub(super) fn exactly_one(&mut self, of: &Symbol, body: Body<'_, 'a>) -> Result<Truth, Reason> {
        let [(Predicate::True, Base::At(place))] = of.0.as_slice() else {
            return Err("it uses exists_one() on a list that it has made".to_owned());
        };
        let scope = self.open_scope();
        let truth = body(self, Symbol::one(Base::At(Place::root(scope))))?;
        let (yes, defined) = (truth.yes.schema(scope)?, truth.is_defined().schema(scope)?);
        let with = |least: u64, most: u64| json!({"type": "array", "items": defined, "contains": yes, "minContains": least, "maxContains": most});
        let several = json!({"type": "array", "items": defined, "contains": yes, "minContains": 2});
        Ok(Truth { yes: place.is(with(1, 1)), no: Predicate::any([place.is(with(0, 0)), place.is(several)]) })
    }

    /// The size of something against a number.
    pub(super) fn sized(&mut self, of: Symbol, order: Order, bound: i64) -> Result<Truth, Reason> {
        of.truth(|base| match base {
            Base::At(place) => Ok(size_at(&place, order, bound)),
            Base::Constant(value) => {
                Ok(length(&value).map_or_else(Truth::never, |length| Truth::of(order.holds(length, bound))))
            }
            list @ Base::List(_) => self.list_sized(list, order, bound),
            _ => Err("it counts what it has made".to_owned()),
        })
    }

    /// Of a list that was made only whether it is empty is told, or how many elements of one list are left.
    fn list_sized(&mut self, list: Base, order: Order, bound: i64) -> Result<Truth, Reason> {
        let verdicts = [0, 1, 2].map(|size| order.holds(size, bound));
        let [empty, one, two] = verdicts;
        if one == two && (order != Order::Equal || bound <= 0) && bound <= 1 {
            let is_empty = self.all(Symbol::one(list), &[], &mut |_, _| Ok(Truth::of(false)))?;
            return Ok(match (empty, one) {
                (true, false) => is_empty,
                (false, true) => is_empty.not(),
                // Decided, as long as there is a list.
                (known, _) => {
                    let there = is_empty.is_defined();
                    let no = Predicate::False;
                    if known { Truth { yes: there, no } } else { Truth { yes: no, no: there } }
                }
            });
        }
        let Base::List(parts) = list else { return Ok(Truth::never()) };
        let [Part::Each { of, steps }] = parts.as_slice() else {
            return Err("it counts several lists".to_owned());
        };
        let [(Predicate::True, Base::At(place))] = of.0.as_slice() else {
            return Err("it counts a list that it has made".to_owned());
        };
        let scope = self.open_scope();
        let element = Symbol::one(Base::At(Place::root(scope)));
        let counted = self.element(element, steps, &mut |_, _| Ok(Truth::of(false)))?;
        let (kept, made) = (counted.truth.no.schema(scope)?, counted.made.schema(scope)?);
        let between = |least: i64, most: Option<i64>| {
            if most.is_some_and(|most| most < 0) {
                return Predicate::False;
            }
            let mut schema =
                json!({"type": "array", "items": made, "contains": kept, "minContains": least.max(0)});
            if let Some(most) = most {
                schema["maxContains"] = json!(most);
            }
            place.is(schema)
        };
        let (below, above) = (between(0, Some(bound - 1)), between(bound + 1, None));
        let (at_most, at_least) = (between(0, Some(bound)), between(bound, None));
        Ok(match order {
            Order::Less => Truth { yes: below, no: at_least },
            Order::LessOrEqual => Truth { yes: at_most, no: above },
            Order::Greater => Truth { yes: above, no: at_most },
            Order::GreaterOrEqual => Truth { yes: at_least, no: below },
            Order::Equal => Truth { yes: between(bound, Some(bound)), no: Predicate::any([below, above]) },
        })
    }
}

/// What is asked of one element or of all, and whether there is a list to ask: steps before the body succeed, since lists are made
/// whole before anything looks at them.
struct Whole {
    truth: Truth,
    made: Predicate,
}

impl Whole {
    /// True where it is true of all parts and all are made, false where it is false of one and all are made.
    fn of(yes: Vec<Predicate>, no: Vec<Predicate>, made: Vec<Predicate>) -> Self {
        let made = Predicate::all(made);
        let yes = Predicate::all(yes.into_iter().chain([made.clone()]));
        let no = Predicate::all([Predicate::any(no), made.clone()]);
        Self { truth: Truth { yes, no }, made }
    }
}

/// The elements of the list, or the keys of the map, at a place are all so.
fn for_all(place: &Place, scope: usize, predicate: &Predicate) -> Result<Predicate, Reason> {
    let any_list = || place.is(json!({"type": ["array", "object"]}));
    match predicate.speaks_of(scope) {
        _ if *predicate == Predicate::True => Ok(any_list()),
        (_, false) => {
            let schema = predicate.schema(scope)?;
            let keys = match schema.get("type").and_then(Value::as_str) {
                // Keys are texts: none may be there.
                Some("object" | "array" | "number") => json!({"type": "object", "maxProperties": 0}),
                _ => typed("object", "propertyNames", schema.clone()),
            };
            Ok(place.is(one("anyOf", Value::Array(vec![typed("array", "items", schema), keys]))))
        }
        (false, true) => Ok(Predicate::any([Predicate::all([predicate.clone(), any_list()]), empty(place)])),
        (true, true) => match predicate {
            Predicate::All(parts) => {
                let all: Result<Vec<Predicate>, Reason> =
                    parts.iter().map(|part| for_all(place, scope, part)).collect();
                Ok(Predicate::all(all?))
            }
            Predicate::Any(parts) => {
                let (inner, outer): (Vec<&Predicate>, Vec<&Predicate>) =
                    parts.iter().partition(|part| part.speaks_of(scope).0);
                if outer.is_empty() {
                    return Err("it compares an element with something outside of it".to_owned());
                }
                let outer = Predicate::any(outer.into_iter().cloned());
                let inner = Predicate::any(inner.into_iter().cloned());
                Ok(Predicate::any([Predicate::all([outer, any_list()]), for_all(place, scope, &inner)?]))
            }
            _ => Err("it compares an element with something outside of it".to_owned()),
        },
    }
}

/// An element of the list, or a key of the map, at a place is so.
fn for_some(place: &Place, scope: usize, predicate: &Predicate) -> Result<Predicate, Reason> {
    match predicate.speaks_of(scope) {
        _ if *predicate == Predicate::False => Ok(Predicate::False),
        (_, false) => {
            let schema = predicate.schema(scope)?;
            let list = typed("array", "contains", schema.clone());
            let never_a_key =
                matches!(schema.get("type").and_then(Value::as_str), Some("object" | "array" | "number"));
            if never_a_key {
                return Ok(place.is(list));
            }
            let keys = typed("object", "not", one("propertyNames", one("not", schema)));
            Ok(place.is(one("anyOf", Value::Array(vec![list, keys]))))
        }
        (false, true) => Ok(Predicate::all([predicate.clone(), filled(place)])),
        (true, true) => match predicate {
            Predicate::Any(parts) => {
                let all: Result<Vec<Predicate>, Reason> =
                    parts.iter().map(|part| for_some(place, scope, part)).collect();
                Ok(Predicate::any(all?))
            }
            Predicate::All(parts) => {
                let (inner, outer): (Vec<&Predicate>, Vec<&Predicate>) =
                    parts.iter().partition(|part| part.speaks_of(scope).0);
                if outer.is_empty() {
                    return Err("it compares an element with something outside of it".to_owned());
                }
                let inner = for_some(place, scope, &Predicate::all(inner.into_iter().cloned()))?;
                Ok(Predicate::all(outer.into_iter().cloned().chain([inner])))
            }
            _ => Err("it compares an element with something outside of it".to_owned()),
        },
    }
}

/// A schema of a type with one more keyword.
fn typed(kind: &str, keyword: &str, value: Value) -> Value {
    let mut schema = one("type", Value::from(kind));
    if let Some(map) = schema.as_object_mut() {
        map.insert(keyword.to_owned(), value);
    }
    schema
}

fn empty(place: &Place) -> Predicate {
    place.is(json!({"anyOf": [{"type": "array", "maxItems": 0}, {"type": "object", "maxProperties": 0}]}))
}

fn filled(place: &Place) -> Predicate {
    place.is(json!({"anyOf": [{"type": "array", "minItems": 1}, {"type": "object", "minProperties": 1}]}))
}

fn length(value: &Value) -> Option<i64> {
    let length = match value {
        Value::String(text) => text.chars().count(),
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => return None,
    };
    i64::try_from(length).ok()
}

fn size_at(place: &Place, order: Order, bound: i64) -> Truth {
    let between = |least: i64, most: Option<i64>| {
        if most.is_some_and(|most| most < 0) {
            return Predicate::False;
        }
        let schema = |kind: &str, name: &str| {
            let mut schema = json!({"type": kind});
            if least > 0 {
                schema[format!("min{name}")] = json!(least);
            }
            if let Some(most) = most {
                schema[format!("max{name}")] = json!(most);
            }
            schema
        };
        place.is(json!({"anyOf": [schema("array", "Items"), schema("object", "Properties"), schema("string", "Length")]}))
    };
    let (below, above) = (between(0, Some(bound - 1)), between(bound + 1, None));
    let (at_most, at_least) = (between(0, Some(bound)), between(bound, None));
    match order {
        Order::Less => Truth { yes: below, no: at_least },
        Order::LessOrEqual => Truth { yes: at_most, no: above },
        Order::Greater => Truth { yes: above, no: at_most },
        Order::GreaterOrEqual => Truth { yes: at_least, no: below },
        Order::Equal => Truth { yes: between(bound, Some(bound)), no: Predicate::any([below, above]) },
    }
}
