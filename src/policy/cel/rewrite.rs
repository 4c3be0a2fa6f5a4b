//! From a parsed expression to one that can be evaluated safely, and what can be read off it on the way.
//!
//! Every place where work or memory can multiply is announced to the meter: loops, copies into lists and maps,
//! concatenation, comparison, functions that go through their arguments. Names are checked here too, since the `cel`
//! crate has no type checker: an unknown variable is a mistake of the policy's author, a function that we do not have
//! makes the policy *incomplete*.

use cel::IdedExpr;
use cel::common::ast::operators as op;
use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, ListExpr, LiteralValue, SelectExpr};
use cel::common::types::CelInt;

use super::functions::{self, Cost, cost_of};
use super::two_variables;
use super::{Access, DEEPEST_SOURCE, Declared, Root, Segment};

/// Names that stand for types.
const TYPES: [&str; 12] = [
    "int",
    "uint",
    "double",
    "bool",
    "string",
    "bytes",
    "list",
    "map",
    "null_type",
    "type",
    "optional_type",
    "google",
];
/// First parts of function names.
const NAMESPACES: [&str; 7] = ["optional", "math", "lists", "sets", "base64", "strings", "format"];

/// What Kyverno's policies may name besides: values and libraries that ask a cluster, a registry or a clock.
const KYVERNO: [&str; 15] = [
    "resource",
    "image",
    "images",
    "imageData",
    "http",
    "globalContext",
    "exceptions",
    "json",
    "yaml",
    "random",
    "time",
    "x509",
    "user",
    "generator",
    "authorizer",
];

/// Functions that Kyverno's policies have and Kubernetes' own have not, and the name spaces of such.
const KYVERNO_FUNCTIONS: [&str; 1] = ["parseServiceAccount"];
const KYVERNO_SPACES: [&str; 3] = ["math.", "base64.", "cel."];

/// Whether Kubernetes' own policies have a function of this name.
fn is_kubernetes(name: &str) -> bool {
    !KYVERNO_FUNCTIONS.contains(&name) && !KYVERNO_SPACES.iter().any(|space| name.starts_with(space))
}

/// What a rewriting found.
pub(super) struct Rewritten {
    /// The expression to evaluate.
    pub expression: IdedExpr,
    /// Field accesses on objects, in the order in which they are written.
    pub accesses: Vec<Access>,
    /// A function or name that exists in Kubernetes and not here.
    pub unsupported: Option<String>,
}

/// Rewrites an expression.
///
/// # Errors
/// A name that nothing declares, or a nesting that is too deep.
pub(super) fn rewrite(expression: IdedExpr, declared: &Declared<'_>) -> Result<Rewritten, String> {
    if deeper_than(&expression, DEEPEST_SOURCE) {
        return Err(format!("the expression nests more than {DEEPEST_SOURCE} levels deep"));
    }
    let mut rewriter =
        Rewriter { declared, scope: Vec::new(), accesses: Vec::new(), unsupported: None, error: None };
    let expression = rewriter.visit(expression, true);
    match rewriter.error {
        Some(error) => Err(error),
        None => Ok(Rewritten { expression, accesses: rewriter.accesses, unsupported: rewriter.unsupported }),
    }
}

/// The expressions directly inside one.
fn children(expression: &IdedExpr) -> Vec<&IdedExpr> {
    match &expression.expr {
        Expr::Call(call) => call.target.iter().map(Box::as_ref).chain(&call.args).collect(),
        Expr::Comprehension(c) => vec![&c.iter_range, &c.accu_init, &c.loop_cond, &c.loop_step, &c.result],
        Expr::List(list) => list.elements.iter().collect(),
        Expr::Map(map) => map.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect(),
        Expr::Struct(structure) => {
            structure.entries.iter().flat_map(|entry| entry_parts(&entry.expr)).collect()
        }
        Expr::Select(select) => vec![&select.operand],
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => Vec::new(),
    }
}

fn entry_parts(entry: &EntryExpr) -> Vec<&IdedExpr> {
    match entry {
        EntryExpr::StructField(field) => vec![&field.value],
        EntryExpr::MapEntry(entry) => vec![&entry.key, &entry.value],
    }
}

fn deeper_than(expression: &IdedExpr, limit: usize) -> bool {
    let mut open = vec![(expression, 1)];
    while let Some((expression, depth)) = open.pop() {
        if depth > limit {
            return true;
        }
        open.extend(children(expression).into_iter().map(|child| (child, depth + 1)));
    }
    false
}

/// How many nodes an expression has.
fn nodes(expression: &IdedExpr) -> i64 {
    let (mut open, mut count) = (vec![expression], 0);
    while let Some(expression) = open.pop() {
        count += 1;
        open.extend(children(expression));
    }
    count
}

fn ided(expr: Expr) -> IdedExpr {
    IdedExpr { id: 0, expr }
}

fn call(name: &str, args: Vec<IdedExpr>) -> Expr {
    Expr::Call(CallExpr { func_name: name.to_owned(), target: None, args })
}

/// A call of an internal function, the meter in front.
fn metered(name: &str, args: Vec<IdedExpr>) -> Expr {
    let mut all = vec![ided(Expr::Ident(super::METER.to_owned()))];
    all.extend(args);
    call(name, all)
}

/// Names of what an expression is about.
const VALUES: [&str; 5] = ["object", "oldObject", "request", "namespaceObject", "params"];

/// A field by its index: the crate would look for all of `object.spec.x` as one name first, and for all of its beginnings.
fn indexed(operand: IdedExpr, field: String) -> Expr {
    call(op::INDEX, vec![operand, ided(Expr::Literal(LiteralValue::String(field.into())))])
}

/// Whether an expression may give an optional by what it says: an index of one is nothing where a field of one is an error.
fn may_be_optional(expression: &IdedExpr) -> bool {
    match &expression.expr {
        Expr::Ident(_) | Expr::Comprehension(_) => false,
        Expr::Select(select) => may_be_optional(&select.operand),
        Expr::Call(call) if call.func_name == op::INDEX => call.args.first().is_none_or(may_be_optional),
        _ => true,
    }
}

/// The name at the beginning of a chain of fields.
fn root(expression: &IdedExpr) -> Option<&str> {
    match &expression.expr {
        Expr::Ident(name) => Some(name),
        Expr::Select(select) => root(&select.operand),
        _ => None,
    }
}

struct Rewriter<'a> {
    declared: &'a Declared<'a>,
    scope: Vec<(String, Option<Access>)>,
    accesses: Vec<Access>,
    unsupported: Option<String>,
    error: Option<String>,
}

impl Rewriter<'_> {
    fn visit_box(&mut self, expression: IdedExpr, record: bool) -> Box<IdedExpr> {
        Box::new(self.visit(expression, record))
    }

    /// `record` is false for the operand of an access that was recorded as a whole.
    fn visit(&mut self, expression: IdedExpr, record: bool) -> IdedExpr {
        let access = if record { self.access(&expression) } else { None };
        let IdedExpr { id, expr } = expression;
        let expr = match expr {
            Expr::Literal(_) | Expr::Unspecified => expr,
            Expr::Ident(name) => match self.name(&name) {
                None => Expr::Ident(name),
                Some(what) => self.unsupported(what),
            },
            Expr::Select(select) => {
                let recorded = self.record(access);
                self.select(select, record && !recorded)
            }
            Expr::List(list) => Expr::List(self.list(list)),
            Expr::Map(mut map) => {
                for entry in &mut map.entries {
                    if let EntryExpr::MapEntry(entry) = &mut entry.expr {
                        entry.key = self.visit(std::mem::take(&mut entry.key), true);
                        entry.value = self.made(std::mem::take(&mut entry.value));
                    }
                }
                Expr::Map(map)
            }
            Expr::Struct(structure) => self.unsupported(format!("{}{{…}}", structure.type_name)),
            Expr::Comprehension(comprehension) => {
                Expr::Comprehension(Box::new(self.comprehension(*comprehension)))
            }
            Expr::Call(inner) => {
                let chain = matches!(inner.func_name.as_str(), op::INDEX | op::OPT_INDEX | op::OPT_SELECT);
                let recorded = chain && self.record(access);
                self.call(inner, record && !recorded)
            }
        };
        IdedExpr { id, expr }
    }

    fn record(&mut self, access: Option<Access>) -> bool {
        access.is_some_and(|access| {
            self.accesses.push(access);
            true
        })
    }

    /// What stands in the place of something that is missing here: it fails, and only where it is asked for.
    fn unsupported(&mut self, what: String) -> Expr {
        self.unsupported.get_or_insert_with(|| what.clone());
        metered(functions::UNSUPPORTED, vec![ided(Expr::Literal(LiteralValue::String(what.into())))])
    }

    fn is_bound(&self, name: &str) -> bool {
        name.starts_with('@') || self.scope.iter().any(|(bound, _)| bound == name)
    }

    /// Checks a name; for one that is missing here what that is.
    fn name(&mut self, name: &str) -> Option<String> {
        let plain = name.trim_start_matches('.');
        if self.is_bound(name) || TYPES.contains(&plain) {
            return None;
        }
        match plain {
            "object" | "oldObject" | "request" | "namespaceObject" => {}
            "params" if self.declared.params => {}
            name if self.declared.kyverno && KYVERNO.contains(&name) => {
                return Some(format!("Kyverno's {name}"));
            }
            "authorizer" => return Some("authorizer".to_owned()),
            "variables" => return Some("variables without a name behind it".to_owned()),
            "params" => self.fail("`params` is used and the policy has no spec.paramKind".to_owned()),
            _ => self.fail(format!("undeclared reference to '{name}'")),
        }
        None
    }

    fn fail(&mut self, error: String) {
        self.error.get_or_insert(error);
    }

    fn is_variables(&self, expression: &IdedExpr) -> bool {
        matches!(&expression.expr, Expr::Ident(name) if name == "variables" && !self.is_bound(name))
    }

    fn select(&mut self, select: SelectExpr, record: bool) -> Expr {
        if self.is_variables(&select.operand) {
            if !self.declared.variables.contains(&select.field) {
                self.fail(format!(
                    "undefined field 'variables.{}': a variable may use only those above it",
                    select.field
                ));
            }
            if select.test {
                return Expr::Select(select);
            }
            return indexed(ided(Expr::Ident("variables".to_owned())), select.field);
        }
        let SelectExpr { operand, field, test } = select;
        // Parts of a name that nothing here declares are those of a type.
        let is_value = !test
            && !may_be_optional(&operand)
            && root(&operand).is_none_or(|name| self.is_bound(name) || VALUES.contains(&name));
        let operand = self.visit_box(*operand, record);
        if is_value { indexed(*operand, field) } else { Expr::Select(SelectExpr { operand, field, test }) }
    }

    fn list(&mut self, mut list: ListExpr) -> ListExpr {
        list.elements = list.elements.into_iter().map(|element| self.made(element)).collect();
        list
    }

    /// An element of a list or map that is being built: its copy is announced.
    fn made(&mut self, element: IdedExpr) -> IdedExpr {
        let element = self.visit(element, true);
        match element.expr {
            Expr::Literal(_) => element,
            _ => ided(metered(functions::MADE, vec![element])),
        }
    }

    fn comprehension(&mut self, mut c: ComprehensionExpr) -> ComprehensionExpr {
        // `cel.bind` and its kin are loops over nothing whose accumulator is the name.
        let binds = matches!(&c.iter_range.expr, Expr::List(list) if list.elements.is_empty());
        let element = self.access(&c.iter_range).map(|access| access.then(Segment::Any));
        let bound = self.access(&c.accu_init);
        let init = self.visit(c.accu_init, true);
        c.accu_init = if binds { ided(metered(functions::KEEP, vec![init])) } else { init };
        if !binds {
            let weight = 2 + nodes(&c.loop_step);
            let range = self.visit(c.iter_range, true);
            let weight = ided(Expr::Literal(LiteralValue::Int(CelInt::from(weight))));
            c.iter_range = ided(metered(functions::LOOP, vec![range, weight]));
        }
        let depth = self.scope.len();
        self.scope.push((c.accu_var.clone(), bound));
        self.scope.push((c.iter_var.clone(), element));
        c.loop_cond = self.visit(c.loop_cond, true);
        c.loop_step = self.visit(c.loop_step, true);
        c.result = self.visit(c.result, true);
        self.scope.truncate(depth);
        c
    }

    fn call(&mut self, inner: CallExpr, record: bool) -> Expr {
        let CallExpr { func_name, target, mut args } = inner;
        if target.is_none() {
            match (func_name.as_str(), args.len()) {
                (op::EQUALS | op::NOT_EQUALS, 2) if args.iter().any(is_scalar) => {
                    // One step whatever stands on the other side: nothing to announce. The scalar is on the right, so that it is
                    // the other side that compares.
                    let mut args = self.visit_all(args);
                    if args.first().is_some_and(is_scalar) {
                        args.reverse();
                    }
                    return call(&func_name, args);
                }
                (op::EQUALS | op::NOT_EQUALS | op::IN, 2) => {
                    let args = self.visit_all(args);
                    let name = if func_name == op::IN { functions::CONTAINS } else { functions::EQUALS };
                    let compared = metered(name, args);
                    return if func_name == op::NOT_EQUALS {
                        call(op::LOGICAL_NOT, vec![ided(compared)])
                    } else {
                        compared
                    };
                }
                // The accumulator of a macro stays as it is: the crate appends to it in place.
                (op::ADD, 2) if !is_accumulator(args.first()) => {
                    return metered(functions::ADD, self.visit_all(args));
                }
                (op::OPT_SELECT | op::INDEX | op::OPT_INDEX, 2) => {
                    if args.first().is_some_and(|operand| self.is_variables(operand)) {
                        return self.unsupported("variables without a plain name behind it".to_owned());
                    }
                    let index = args.pop();
                    let mut visited: Vec<_> =
                        args.into_iter().map(|operand| self.visit(operand, record)).collect();
                    visited.extend(index.map(|index| self.visit(index, true)));
                    return call(&func_name, visited);
                }
                // The crate writes the text of an error for each `!`, whether there is one or not.
                (op::LOGICAL_NOT, 1) => {
                    args = self.visit_all(args);
                    let known = |is: bool| ided(Expr::Literal(LiteralValue::Boolean(is.into())));
                    args.extend([known(false), known(true)]);
                    return call(op::CONDITIONAL, args);
                }
                (name, _) if is_operator(name) => return call(name, self.visit_all(args)),
                _ => {}
            }
        }
        self.function(func_name, target, args)
    }

    fn visit_all(&mut self, args: Vec<IdedExpr>) -> Vec<IdedExpr> {
        args.into_iter().map(|argument| self.visit(argument, true)).collect()
    }

    fn function(&mut self, name: String, target: Option<Box<IdedExpr>>, args: Vec<IdedExpr>) -> Expr {
        let namespace = target.as_ref().and_then(|target| match &target.expr {
            Expr::Ident(space) if !self.is_bound(space) => Some(space.clone()),
            _ => None,
        });
        if let Some(space) = namespace {
            if space == "cel" && name == "bind" && args.len() == 3 {
                if !self.declared.kyverno {
                    self.fail("undeclared reference to 'cel': Kubernetes has no cel.bind()".to_owned());
                }
                return self.bind(args);
            }
            if NAMESPACES.contains(&space.as_str()) || space == "cel" || space == "ip" || space == "cidr" {
                let full = format!("{space}.{name}");
                return self.known(&full, name, target, args, false);
            }
        }
        let two = target.as_ref().and_then(|target| two_variables::with_one(&name, target, &args));
        if let Some(comprehension) = two {
            self.since(&name, functions::TWO_VARIABLES);
            return Expr::Comprehension(Box::new(self.comprehension(comprehension)));
        }
        let full = name.clone();
        let member = target.is_some();
        self.known(&full, name, target, args, member)
    }

    /// A call of a function by its full name; `target` is a receiver only for a `member`, else a namespace.
    fn known(
        &mut self,
        full: &str,
        name: String,
        target: Option<Box<IdedExpr>>,
        args: Vec<IdedExpr>,
        member: bool,
    ) -> Expr {
        let is_known = self.declared.kyverno || is_kubernetes(full);
        if is_known && let Some(since) = functions::since(full) {
            self.since(full, since);
        }
        let cost = if is_known { cost_of(full, member, args.len()) } else { None };
        let receiver = if member { target.map(|target| self.visit(*target, true)) } else { None };
        let args = self.visit_all(args);
        let Some(cost) = cost else {
            let shape = format!("{}{full}() with {} arguments", if member { "." } else { "" }, args.len());
            // What is called on something that is missing is missing for the same reason.
            return match receiver {
                Some(IdedExpr { expr, .. }) if is_unsupported(&expr) => expr,
                _ if self.declared.kyverno => self.unsupported(shape),
                _ => {
                    self.fail(format!("undeclared reference to '{full}': Kubernetes has no {shape}"));
                    Expr::Literal(LiteralValue::Null)
                }
            };
        };
        let announce = |wrapper: &str, argument: IdedExpr| match argument.expr {
            Expr::Literal(_) => argument,
            _ => ided(metered(wrapper, vec![argument])),
        };
        match cost {
            Cost::Replaced(internal) => metered(internal, receiver.into_iter().chain(args).collect()),
            Cost::Step if member => {
                Expr::Call(CallExpr { func_name: name, target: receiver.map(Box::new), args })
            }
            Cost::Step => call(full, args),
            Cost::Arguments | Cost::Square => {
                let wrapper = if cost == Cost::Square { functions::SQUARED } else { functions::SIZED };
                let receiver = receiver.map(|receiver| Box::new(announce(wrapper, receiver)));
                let args = args.into_iter().map(|argument| announce(functions::SIZED, argument)).collect();
                let func_name = if member { name } else { full.to_owned() };
                Expr::Call(CallExpr { func_name, target: receiver, args })
            }
        }
    }

    /// A function that is younger than the Kubernetes that has to take it is one that it has not.
    fn since(&mut self, name: &str, since: u32) {
        if let Some(minor) = self.declared.minor.filter(|minor| !self.declared.kyverno && *minor < since) {
            let name = name.trim_start_matches('@');
            self.fail(format!(
                "undeclared reference to '{name}': new policies may use it from Kubernetes 1.{since} on, and this is 1.{minor}"
            ));
        }
    }

    /// `cel.bind(name, value, body)`.
    fn bind(&mut self, args: Vec<IdedExpr>) -> Expr {
        let mut args = args.into_iter();
        let (Some(name), Some(value), Some(body)) = (args.next(), args.next(), args.next()) else {
            return Expr::Unspecified;
        };
        let Expr::Ident(name) = name.expr else {
            self.fail("the first argument of cel.bind must be a simple name".to_owned());
            return Expr::Literal(LiteralValue::Null);
        };
        Expr::Comprehension(Box::new(self.comprehension(two_variables::bound(name, value, body))))
    }

    /// Which field of which object an expression speaks of, as far as its text says.
    fn access(&self, expression: &IdedExpr) -> Option<Access> {
        match &expression.expr {
            Expr::Ident(name) => match self.scope.iter().rev().find(|(bound, _)| bound == name) {
                Some((_, access)) => access.clone(),
                None if name == "object" => Some(Access { root: Root::Object, segments: Vec::new() }),
                None => None,
            },
            Expr::Select(select) if self.is_variables(&select.operand) => {
                Some(Access { root: Root::Variable(select.field.clone()), segments: Vec::new() })
            }
            Expr::Select(select) => {
                Some(self.access(&select.operand)?.then(Segment::Field(select.field.clone())))
            }
            Expr::Call(call) => match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
                (functions::ENTRIES, None, [of]) => self.access(of),
                // The value of a pair stands where the pair does, its key stands nowhere.
                (op::INDEX, None, [IdedExpr { expr: Expr::Ident(name), .. }, index])
                    if name == two_variables::PAIR =>
                {
                    let access = self.scope.iter().rev().find(|(bound, _)| bound == name)?.1.clone();
                    access.filter(|_| segment(index) == Segment::Index(1))
                }
                (op::INDEX | op::OPT_INDEX | op::OPT_SELECT, None, [operand, index]) => {
                    Some(self.access(operand)?.then(segment(index)))
                }
                ("orValue" | "or" | "value" | "distinct" | "sort", Some(target), _) => self.access(target),
                (op::ADD, None, [left, right]) => self.access(left).or_else(|| self.access(right)),
                (op::CONDITIONAL, None, [_, yes, no]) => self.access(yes).or_else(|| self.access(no)),
                _ => None,
            },
            // A filter keeps elements of its range.
            Expr::Comprehension(c) => match &c.loop_step.expr {
                Expr::Call(step) if step.func_name == op::CONDITIONAL => self.access(&c.iter_range),
                _ => None,
            },
            _ => None,
        }
    }
}

fn segment(index: &IdedExpr) -> Segment {
    match &index.expr {
        Expr::Literal(LiteralValue::String(text)) => Segment::Field(text.inner().to_owned()),
        Expr::Literal(LiteralValue::Int(int)) => {
            usize::try_from(*int.inner()).map_or(Segment::Any, Segment::Index)
        }
        _ => Segment::Any,
    }
}

/// A text or a truth value that stands in the expression.
fn is_scalar(expression: &IdedExpr) -> bool {
    matches!(&expression.expr, Expr::Literal(LiteralValue::String(_) | LiteralValue::Boolean(_)))
}

fn is_unsupported(expression: &Expr) -> bool {
    matches!(expression, Expr::Call(call) if call.func_name == functions::UNSUPPORTED)
}

fn is_accumulator(expression: Option<&IdedExpr>) -> bool {
    matches!(expression.map(|expression| &expression.expr), Some(Expr::Ident(name)) if name.starts_with('@'))
}

fn is_operator(name: &str) -> bool {
    matches!(
        name,
        op::CONDITIONAL
            | op::LOGICAL_AND
            | op::LOGICAL_OR
            | op::LOGICAL_NOT
            | op::SUBSTRACT
            | op::ADD
            | op::MULTIPLY
            | op::DIVIDE
            | op::MODULO
            | op::GREATER
            | op::GREATER_EQUALS
            | op::LESS
            | op::LESS_EQUALS
            | op::NEGATE
            | op::NOT_STRICTLY_FALSE
    )
}
