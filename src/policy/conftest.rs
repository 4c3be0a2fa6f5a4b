//! Rego as conftest has it: rules `deny`, `violation` and `warn` (also `deny_NAME` …) of any package, asked about objects as they
//! are, and `exception`, which names rules that do not count.
//!
//! Source: conftest `policy/engine.go`, `docs/exceptions.md`. Other than there, every package counts, and a rule that is `true`
//! without a message is told.

use std::sync::Arc;

use serde_json::Value;

use super::compiled::{Action, Binding, Engine, Other, Policy, RuleOf, Target};
use super::load::PolicyError;
use super::matching::MatchResources;
use super::rego::{Asking, Rego, Version, data_read, rules};

/// One file in Rego.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Module {
    /// The file.
    pub file: String,
    /// Its text.
    pub text: String,
}

impl Module {
    /// Whether it holds tests (`x_test.rego`).
    pub fn is_test(&self) -> bool {
        self.file.ends_with("_test.rego")
    }
}

/// A rule of a package.
#[derive(Debug)]
pub(super) struct ModuleRule {
    rego: Arc<Rego>,
    /// `data.PACKAGE.RULE`
    rule: String,
    /// `data.PACKAGE.exception`, where there is such a rule.
    exception: Option<String>,
    /// What stands behind the first `_` of the rule's name: as exceptions name it.
    short: String,
}

/// Reads modules, all together, into one policy for each rule. Tests are left out.
///
/// # Errors
/// A module that cannot be read.
pub(super) fn policies(modules: &[Module]) -> Result<Vec<Policy>, Vec<PolicyError>> {
    let modules: Vec<&Module> = modules.iter().filter(|module| !module.is_test()).collect();
    if modules.is_empty() {
        return Ok(Vec::new());
    }
    let rego = Arc::new(compiled(&modules)?);
    let roots: Vec<&str> = rego.packages.iter().filter_map(|package| package.split('.').nth(1)).collect();
    for module in &modules {
        if let Some(name) = data_read(&module.text).into_iter().find(|name| !roots.contains(&name.as_str())) {
            return Err(vec![PolicyError {
                file: Some(module.file.clone()),
                line: None,
                column: None,
                message: format!("it reads data.{name}, which no module here gives"),
                hint: "write it as a rule of a package of that name: data files (`--data`) are not read"
                    .to_owned(),
            }]);
        }
    }
    // Rules of one package may stand in several files.
    let mut packages: Vec<(&str, Vec<String>)> = Vec::new();
    for (module, package) in modules.iter().zip(&rego.packages) {
        let found = rules(&module.text);
        match packages.iter_mut().find(|(known, _)| known == package) {
            Some((_, all)) => all.extend(found),
            None => packages.push((package, found)),
        }
    }
    let mut all: Vec<Policy> = Vec::new();
    for (package, rules) in packages {
        let exception = rules.iter().any(|rule| rule == "exception").then(|| format!("{package}.exception"));
        for rule in &rules {
            let Some(action) = action(rule) else { continue };
            let name = format!("{}/{rule}", package.trim_start_matches("data."));
            if all.iter().any(|known| known.name == name) {
                continue;
            }
            let short = rule.split_once('_').map(|(_, short)| short.to_owned()).unwrap_or_default();
            let found = ModuleRule {
                rego: Arc::clone(&rego),
                rule: format!("{package}.{rule}"),
                exception: exception.clone(),
                short,
            };
            all.push(policy(name, package, rule, action, found));
        }
    }
    Ok(all)
}

/// What a rule's name does: `deny`, `violation`, `warn`, each also with `_NAME`.
fn action(rule: &str) -> Option<Action> {
    match rule.split_once('_').map_or(rule, |(first, _)| first) {
        "deny" | "violation" => Some(Action::Deny),
        "warn" => Some(Action::Warn),
        _ => None,
    }
}

fn policy(name: String, package: &str, rule: &str, action: Action, found: ModuleRule) -> Policy {
    let binding = Binding {
        name: name.clone(),
        actions: vec![action],
        resources: Target::Resources(MatchResources::default()),
        params: None,
        of_cluster: false,
    };
    Policy {
        rule_of: Some(RuleOf {
            policy: package.trim_start_matches("data.").to_owned(),
            rule: rule.to_owned(),
        }),
        bindings: vec![binding],
        other: Some(Other::Module(Box::new(found))),
        ..Policy::empty(name, Engine::Conftest)
    }
}

/// Modules as one version of Rego reads them all: the present one, else the one before.
fn compiled(modules: &[&Module]) -> Result<Rego, Vec<PolicyError>> {
    let read = |version| {
        let all: Vec<_> =
            modules.iter().map(|module| (module.file.clone(), module.text.clone(), version)).collect();
        Rego::compile(&all)
    };
    let error = match read(Version::V1) {
        Ok(rego) => return Ok(rego),
        Err(error) => error,
    };
    match read(Version::V0) {
        Ok(rego) => Ok(rego),
        Err(before) => {
            // Which of the two it was meant to be.
            let is_new =
                modules.iter().any(|module| module.text.contains(" if {") || module.text.contains("rego.v1"));
            let said = if is_new { error } else { before };
            Err(vec![PolicyError {
                file: None,
                line: None,
                column: None,
                message: format!("Rego cannot be read: {said}"),
                hint: "correct it; Rego is read by regorus here, which may lack what OPA reads: https://github.com/microsoft/regorus".to_owned(),
            }])
        }
    }
}

impl ModuleRule {
    /// The modules as they are asked about an object: once for all rules of theirs.
    ///
    /// # Errors
    /// As [`Rego::ask`].
    pub(super) fn ask(&self, object: &Value) -> Result<Asking, String> {
        self.rego.ask(object, None)
    }

    /// What the rule says of the object that its modules are asked about: messages.
    ///
    /// # Errors
    /// Why that cannot be said here.
    pub(super) fn messages(&self, asking: &mut Asking) -> Result<Vec<String>, String> {
        if let Some(exception) = &self.exception {
            let lists = asking.value(exception)?.unwrap_or_default();
            let is_named = |list: &Value| {
                list.as_array().is_some_and(|names| names.iter().any(|name| *name == *self.short))
            };
            if lists.as_array().is_some_and(|lists| lists.iter().any(is_named)) {
                return Ok(Vec::new());
            }
        }
        match asking.value(&self.rule)? {
            None | Some(Value::Null | Value::Bool(false)) => Ok(Vec::new()),
            Some(Value::Array(found)) => found
                .iter()
                .map(|one| {
                    let text = one.as_str().or_else(|| one.get("msg").and_then(Value::as_str));
                    text.map(str::to_owned)
                        .ok_or_else(|| "what it finds is no text and has no `msg`".to_owned())
                })
                .collect(),
            Some(Value::String(text)) => Ok(vec![text]),
            Some(_) => Ok(vec![format!("rule {} holds", self.rule.trim_start_matches("data."))]),
        }
    }
}

/// What came of one test of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleTest {
    /// The file.
    pub file: String,
    /// `PACKAGE.test_NAME`.
    pub name: String,
    /// Whether it holds, or why that cannot be said.
    pub holds: Result<bool, String>,
}

/// Runs the tests (`test_…` in `…_test.rego`) of modules.
///
/// # Errors
/// A module that cannot be read.
pub fn run_tests(modules: &[Module]) -> Result<Vec<ModuleTest>, Vec<PolicyError>> {
    let all: Vec<&Module> = modules.iter().collect();
    let rego = compiled(&all)?;
    let mut found = Vec::new();
    for (module, package) in all.iter().zip(&rego.packages).filter(|(module, _)| module.is_test()) {
        for rule in rules(&module.text).into_iter().filter(|rule| rule.starts_with("test_")) {
            let name = format!("{package}.{rule}");
            let holds = rego.value(&name, &Value::Null, None);
            let holds = holds.map(|value| value == Some(Value::Bool(true)));
            let name = name.trim_start_matches("data.").to_owned();
            found.push(ModuleTest { file: module.file.clone(), name, holds });
        }
    }
    Ok(found)
}
