//! Whether a pattern is fit for use: it is rendered, with its defaults and with its example.

use serde_json::{Map, Value};

use super::definition::Pattern;
use super::error::PatternError;
use super::parameter::{Parameter, ParameterKind};

/// The name that a trial is rendered under.
const TRIAL: &str = "example";

impl Pattern {
    /// What is wrong with the pattern, beyond what [`Pattern::from_manifest`] refuses; empty when nothing is. It is
    /// rendered with its defaults alone (required parameters filled with a trial value) and with its example, with and
    /// without a namespace; the form is compared with the schema.
    pub fn check(&self) -> Vec<PatternError> {
        let mut problems = Vec::new();
        for (what, spec) in [("its example", Some(self.example.clone())), ("its defaults", self.bare())] {
            let Some(spec) = spec else { continue };
            for namespace in [None, Some("trial")] {
                if let Err(error) = self.expand(TRIAL, namespace, &spec) {
                    let message = format!("{} cannot be rendered with {what}: {}", self.kind, error.message);
                    problems.push(PatternError { message, ..error });
                    break;
                }
            }
        }
        problems.extend(self.check_form());
        problems
    }

    /// The least that can be said: the required parameters, and what a rule asks for, from the example.
    fn bare(&self) -> Option<Map<String, Value>> {
        let required = self.parameters.iter().filter(|parameter| parameter.required);
        let mut spec: Map<String, Value> = required
            .map(|parameter| Some((parameter.name.clone(), self.trial_value(parameter)?)))
            .collect::<Option<_>>()?;
        while let Err(PatternError { parameter: Some(parameter), .. }) = self.complete(TRIAL, None, &spec) {
            match self.example.get(&parameter) {
                Some(value) if !spec.contains_key(&parameter) => spec.insert(parameter, value.clone()),
                _ => break,
            };
        }
        Some(spec)
    }

    /// A value for a required parameter: the example's, or one that its kind allows.
    fn trial_value(&self, parameter: &Parameter) -> Option<Value> {
        self.example.get(&parameter.name).cloned().or_else(|| match parameter.kind {
            ParameterKind::String if parameter.pattern.is_none() && parameter.one_of.is_empty() => {
                Some(Value::from(TRIAL))
            }
            ParameterKind::Boolean => Some(Value::Bool(false)),
            _ => parameter.one_of.first().cloned(),
        })
    }

    fn check_form(&self) -> Vec<PatternError> {
        let mut problems = Vec::new();
        let mut keys: Vec<&str> = Vec::new();
        for slot in &self.form.slots {
            if keys.contains(&slot.key.as_str()) {
                problems.push(self.failure(format!("the form has two slots '{}'", slot.key)));
            }
            keys.push(&slot.key);
            let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            if slot.key.is_empty() || !slot.key.chars().all(word) {
                problems.push(self.failure(format!("'{}' is not a key: lower case and '_' only", slot.key)));
            }
            let list = self
                .parameter(&slot.parameter)
                .is_some_and(|p| matches!(p.kind, ParameterKind::List(_) | ParameterKind::Map(_)));
            if slot.repeat && !list {
                problems.push(
                    self.failure(format!(
                        "the slot '{}' repeats, and its parameter holds one value",
                        slot.key
                    )),
                );
            }
            if slot.types.is_empty() {
                problems.push(self.failure(format!("nothing can answer the slot '{}'", slot.key)));
            }
        }
        for parameter in self.parameters.iter().filter(|parameter| parameter.required) {
            if !self.form.slots.is_empty() && !self.form.slots.iter().any(|s| s.parameter == parameter.name) {
                problems.push(self.failure(format!("no slot asks for the required '{}'", parameter.name)));
            }
        }
        problems
    }
}
