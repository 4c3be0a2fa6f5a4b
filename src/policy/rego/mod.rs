//! Rego: the one place that knows the `regorus` crate.
//!
//! A step budget bounds every evaluation: the crate asks a time source now and then, and ours counts how often it was asked.
//! What it cannot read or evaluate is an error with its message, and never an empty answer; texts that it reads otherwise than
//! OPA are written anew before ([`source`]). Missing are `http.send`, `time.now_ns` and what else asks something outside.

mod inventory;
mod source;
mod sprintf;

pub use inventory::Inventory;
pub(super) use source::{data_read, rules};

use std::cell::Cell;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::LazyLock;
use std::time::Duration;

use ipnet::IpNet;
use regorus::utils::limits::{ExecutionTimerConfig, TimeSource, set_time_source};
use regorus::{Engine, Value};
use serde_json::Value as Json;

/// Steps of one evaluation, in units of [`EACH`] of the crate's own: about a second of work.
const MOST_CHECKS: u64 = 200_000;
/// Units of work between two looks at the budget.
const EACH: u32 = 64;

thread_local! {
    /// How often this thread has asked for the time.
    static ASKED: Cell<u64> = const { Cell::new(0) };
}

/// A clock that goes on by one whenever it is looked at: a budget of time is then one of steps.
struct Steps;

impl TimeSource for Steps {
    fn now(&self) -> Option<Duration> {
        ASKED.with(|asked| {
            asked.set(asked.get().wrapping_add(1));
            Some(Duration::from_nanos(asked.get()))
        })
    }
}

static STEPS: Steps = Steps;
/// Whether the steps count: set once for the whole program.
static COUNTED: LazyLock<bool> = LazyLock::new(|| set_time_source(&STEPS).is_ok());

/// Which Rego a module is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    /// Before OPA 1.0: `deny[msg] { … }`.
    V0,
    /// Since: `deny contains msg if { … }`.
    V1,
}

/// Modules that are evaluated together.
#[derive(Debug, Clone)]
pub(super) struct Rego {
    engine: Engine,
    /// Packages, `data.NAME`, in the order in which they were given.
    pub(super) packages: Vec<String>,
    /// Whether they read `data.inventory`.
    pub(super) reads_inventory: bool,
}

impl Rego {
    /// Reads modules: name, text and version of each.
    ///
    /// # Errors
    /// Where and why one cannot be read.
    pub(super) fn compile(modules: &[(String, String, Version)]) -> Result<Self, String> {
        if !*COUNTED {
            return Err("the steps of an evaluation cannot be counted".to_owned());
        }
        let mut engine = Engine::new();
        let interval = NonZeroU32::new(EACH).unwrap_or(NonZeroU32::MIN);
        engine.set_execution_timer_config(ExecutionTimerConfig {
            limit: Duration::from_nanos(MOST_CHECKS),
            check_interval: interval,
        });
        // An error of a function is no value, as in OPA.
        engine.set_strict_builtin_errors(false);
        let failed = |error: &dyn std::fmt::Display| one_line(&error.to_string());
        extend(&mut engine).map_err(|error| failed(&error))?;
        let (mut packages, mut reads_inventory) = (Vec::new(), false);
        for (name, text, version) in modules {
            engine.set_rego_v0(*version == Version::V0);
            let prepared = source::prepared(text);
            reads_inventory |= prepared.contains("data.inventory");
            packages.push(engine.add_policy(name.clone(), prepared).map_err(|error| failed(&error))?);
        }
        // The first evaluation makes the engine ready for all: each of its copies would else do so again. What it gives says nothing.
        let first = packages.first().zip(modules.first());
        let rule = first.and_then(|(package, (_, text, _))| {
            Some(format!("{package}.{}", rules(text).into_iter().next()?))
        });
        if let Some(rule) = rule {
            engine.set_input(Value::Null);
            if let Err(error) = engine.eval_rule(rule) {
                // What is wrong whatever is asked.
                let said = one_line(&error.to_string());
                if said.contains("is unsafe") || said.contains("could not find function") {
                    return Err(said);
                }
            }
        }
        Ok(Self { engine, packages, reads_inventory })
    }

    /// The modules with an input, to be asked for several rules. `data` is seen beside the modules.
    ///
    /// # Errors
    /// `data` contradicts a module.
    pub(super) fn ask(&self, input: &Json, data: Option<&Json>) -> Result<Asking, String> {
        let mut engine = self.engine.clone();
        engine.set_input(Value::from(input.clone()));
        if let Some(data) = data {
            engine.add_data(Value::from(data.clone())).map_err(|error| one_line(&error.to_string()))?;
        }
        Ok(Asking { engine })
    }

    /// The value of one rule, as [`Asking::value`] says it.
    ///
    /// # Errors
    /// As there and at [`Rego::ask`].
    pub(super) fn value(
        &self,
        rule: &str,
        input: &Json,
        data: Option<&Json>,
    ) -> Result<Option<Json>, String> {
        self.ask(input, data)?.value(rule)
    }
}

/// Modules and what they are asked about.
#[derive(Debug)]
pub(super) struct Asking {
    engine: Engine,
}

impl Asking {
    /// The value of a rule, `data.PACKAGE.RULE`; nothing where it is undefined. Each has a budget of its own.
    ///
    /// # Errors
    /// Why there is none: what is missing here, a budget that is spent, a contradiction.
    pub(super) fn value(&mut self, rule: &str) -> Result<Option<Json>, String> {
        let value = self.engine.eval_rule(rule.to_owned()).map_err(|error| one_line(&error.to_string()))?;
        match value {
            Value::Undefined => Ok(None),
            value => serde_json::to_value(&value).map(Some).map_err(|error| error.to_string()),
        }
    }
}

/// Functions that the crate has not, or has otherwise.
fn extend(engine: &mut Engine) -> Result<(), impl std::fmt::Display + use<>> {
    engine.add_extension(
        source::SPRINTF.to_owned(),
        2,
        Box::new(|arguments: Vec<Value>| {
            let (Some(Value::String(format)), Some(Value::Array(rest))) =
                (arguments.first(), arguments.get(1))
            else {
                return Ok(Value::Undefined);
            };
            let rest: Vec<Value> = rest.iter().cloned().collect();
            Ok(Value::from(sprintf::sprintf(format, &rest)))
        }),
    )?;
    engine.add_extension(
        "net.cidr_contains".to_owned(),
        2,
        Box::new(|arguments: Vec<Value>| {
            let net = |at: usize| match arguments.get(at) {
                Some(Value::String(text)) => {
                    let address = text.parse::<IpAddr>().map(IpNet::from);
                    text.parse::<IpNet>().ok().or(address.ok())
                }
                _ => None,
            };
            Ok(match (net(0), net(1)) {
                (Some(outer), Some(inner)) => Value::from(outer.contains(&inner)),
                _ => Value::Undefined,
            })
        }),
    )
}

/// The crate shows a text with arrows; what is said is in its last line.
fn one_line(error: &str) -> String {
    let place = error.lines().find_map(|line| line.trim().strip_prefix("--> ")).unwrap_or_default();
    let lines = error.lines().map(str::trim);
    let said: Vec<&str> = lines
        .filter_map(|line| line.strip_prefix("error: ").or_else(|| line.strip_prefix("Error: ")))
        .collect();
    if said.is_empty() {
        return error.split_whitespace().collect::<Vec<_>>().join(" ");
    }
    let place = if place.is_empty() { String::new() } else { format!("{place}: ") };
    format!("{place}{}", said.join(": "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn violations(text: &str, input: &Json) -> Result<Option<Json>, String> {
        let module = ("p.rego".to_owned(), text.to_owned(), Version::V0);
        Rego::compile(&[module]).unwrap().value("data.p.violation", input, None)
    }

    #[test]
    fn rules_give_what_opa_gives() {
        let text = "package p\nviolation[{\"msg\": msg}] {\n  input.n > 3\n  msg := sprintf(\"%v is too many\", [input.n])\n}\n\
                    violation[{\"msg\": \"in\"}] { net.cidr_contains(\"10.0.0.0/8\", input.ip) }\n";
        assert_eq!(violations(text, &json!({"n": 4})), Ok(Some(json!([{"msg": "4 is too many"}]))));
        assert_eq!(violations(text, &json!({"n": 3, "ip": "10.1.2.3"})), Ok(Some(json!([{"msg": "in"}]))));
        assert_eq!(violations(text, &json!({})), Ok(Some(json!([]))));
    }

    #[test]
    fn nothing_runs_away_and_nothing_missing_is_empty() {
        let long = "package p\nviolation[x] { a := numbers.range(1, 100000)[_]; b := numbers.range(1, 100000)[_]; a * b == 7; x := a }";
        let error = violations(long, &json!({})).unwrap_err();
        assert!(error.contains("limit"), "{error}");
        let asks = "package p\nviolation[x] { x := http.send({\"url\": \"http://127.0.0.1\"}) }";
        let module = ("p.rego".to_owned(), asks.to_owned(), Version::V0);
        let outcome =
            Rego::compile(&[module]).and_then(|rego| rego.value("data.p.violation", &json!({}), None));
        assert!(outcome.is_err(), "{outcome:?}");
    }

    #[test]
    fn a_text_that_does_not_parse_says_where() {
        let module = ("p.rego".to_owned(), "package p\nviolation[x] { x := }".to_owned(), Version::V0);
        let error = Rego::compile(&[module]).unwrap_err();
        assert!(error.starts_with("p.rego:2:"), "{error}");
    }
}
