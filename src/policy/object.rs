//! One manifest that is being read as a part of policies: fields with their places, and expressions that are compiled.

use std::sync::OnceLock;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::cel::{self, Declared, Program};
use super::compiled::{
    Action, Binding, Condition, Engine, FailurePolicy, ParamRef, ParamSource, Policy, Target, Validation,
};
use super::load::PolicyError;
use super::matching::MatchResources;
use crate::manifest::Manifest;

/// A manifest that is being read.
#[derive(Clone, Copy)]
pub(super) struct Object<'a> {
    pub manifest: &'a Manifest,
    /// The minor of Kubernetes that has to take its expressions; `None` for any.
    pub minor: Option<u32>,
}

impl<'a> Object<'a> {
    /// An error at a JSON pointer, or at the nearest enclosing value whose place is known.
    pub(super) fn error(self, pointer: &str, message: String) -> PolicyError {
        let mut at = pointer;
        let location = loop {
            if let Some(location) = self.manifest.locations.get(at) {
                break Some(location);
            }
            match at.rsplit_once('/') {
                Some((parent, _)) => at = parent,
                None => break None,
            }
        };
        PolicyError {
            file: self.manifest.file.as_deref().map(str::to_owned),
            line: location.map(|location| location.line),
            column: location.map(|location| location.column),
            message,
            hint: format!("correct it; see {} for the fields", self.documentation()),
        }
    }

    /// Where the fields of its kind are described.
    fn documentation(self) -> &'static str {
        let group = self.manifest.key().gvk().group;
        if group.ends_with("gatekeeper.sh") {
            "https://open-policy-agent.github.io/gatekeeper/website/docs/constrainttemplates"
        } else if group.ends_with("kyverno.io") {
            "https://kyverno.io/docs/policy-types"
        } else {
            "`kubectl explain validatingadmissionpolicy.spec`"
        }
    }

    pub(super) fn named(self, pointer: &str, message: &str) -> PolicyError {
        self.error(pointer, format!("{}: {message}", self.manifest.key()))
    }

    pub(super) fn get(self, pointer: &str) -> Option<&'a Value> {
        self.manifest.object.pointer(pointer).filter(|value| !value.is_null())
    }

    pub(super) fn read<T: DeserializeOwned>(self, pointer: &str) -> Result<Option<T>, PolicyError> {
        let Some(value) = self.get(pointer) else { return Ok(None) };
        serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|error| self.named(pointer, &format!("{}: {error}", field(pointer))))
    }

    pub(super) fn fields(self, pointer: &str, known: &[&str]) -> Result<&'a Map<String, Value>, PolicyError> {
        let map = self
            .get(pointer)
            .and_then(Value::as_object)
            .ok_or_else(|| self.named(pointer, &format!("{} is missing or no map", field(pointer))))?;
        match map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(unknown) => Err(self.named(
                &format!("{pointer}/{unknown}"),
                &format!("{} has no field '{unknown}'; it has {}", field(pointer), known.join(", ")),
            )),
            None => Ok(map),
        }
    }

    pub(super) fn text(self, pointer: &str) -> Result<String, PolicyError> {
        self.read::<String>(pointer)?
            .filter(|text| !text.trim().is_empty())
            .ok_or_else(|| self.named(pointer, &format!("{} is missing or empty", field(pointer))))
    }

    pub(super) fn matching(self, pointer: &str) -> Result<MatchResources, PolicyError> {
        let matching = self.read::<MatchResources>(pointer)?.unwrap_or_default();
        for (name, selector) in [
            ("namespaceSelector", &matching.namespace_selector),
            ("objectSelector", &matching.object_selector),
        ] {
            selector
                .verify()
                .map_err(|error| self.named(&format!("{pointer}/{name}"), &format!("{name}: {error}")))?;
        }
        Ok(matching)
    }

    pub(super) fn binding(self) -> Result<(String, Binding), PolicyError> {
        self.fields("/spec", &["policyName", "validationActions", "matchResources", "paramRef"])?;
        let mut actions = self.read::<Vec<Action>>("/spec/validationActions")?.unwrap_or_default();
        actions.sort();
        actions.dedup();
        if actions.is_empty() {
            return Err(
                self.named("/spec/validationActions", "spec.validationActions needs Deny, Warn or Audit")
            );
        }
        if actions.contains(&Action::Deny) && actions.contains(&Action::Warn) {
            return Err(self.named("/spec/validationActions", "Deny and Warn cannot stand together"));
        }
        let params = self.read::<ParamRef>("/spec/paramRef")?;
        if let Some(reference) = &params {
            if reference.name.is_some() == reference.selector.is_some() {
                return Err(self.named("/spec/paramRef", "spec.paramRef needs either a name or a selector"));
            }
            if reference.parameter_not_found_action.is_none() {
                return Err(self
                    .named("/spec/paramRef", "spec.paramRef needs parameterNotFoundAction: Allow or Deny"));
            }
            if let Some(selector) = &reference.selector {
                selector.verify().map_err(|error| self.named("/spec/paramRef/selector", &error))?;
            }
        }
        let binding = Binding {
            name: self.text("/metadata/name")?,
            actions,
            resources: Target::Resources(self.matching("/spec/matchResources")?),
            params: params.map(ParamSource::Reference),
            of_cluster: false,
        };
        Ok((self.text("/spec/policyName")?, binding))
    }

    pub(super) fn policy(self) -> Result<Policy, Vec<PolicyError>> {
        let header = || -> Result<Policy, PolicyError> {
            self.fields(
                "/spec",
                &[
                    "failurePolicy",
                    "paramKind",
                    "matchConstraints",
                    "matchConditions",
                    "variables",
                    "validations",
                    "auditAnnotations",
                ],
            )?;
            let name = self.text("/metadata/name")?;
            Ok(Policy {
                description: self.description(),
                failure_policy: self.read::<FailurePolicy>("/spec/failurePolicy")?.unwrap_or_default(),
                param_kind: self.read("/spec/paramKind")?,
                constraints: self.matching("/spec/matchConstraints")?,
                ..Policy::empty(name, Engine::Kubernetes)
            })
        };
        let mut policy = header().map_err(|error| vec![error])?;
        let mut errors = Vec::new();
        if policy.constraints.resource_rules.is_empty() {
            errors.push(
                self.named(
                    "/spec/matchConstraints",
                    "spec.matchConstraints.resourceRules is missing or empty",
                ),
            );
        }
        self.expressions(&Places::below("/spec"), &[], &mut policy, &mut errors);
        if policy.validations.is_empty() && policy.annotations.is_empty() && errors.is_empty() {
            errors.push(self.named("/spec", "a policy needs validations or auditAnnotations"));
        }
        if errors.is_empty() { Ok(policy) } else { Err(errors) }
    }

    /// The first annotation that says what the policy is for.
    pub(super) fn description(self) -> Option<String> {
        let annotations = self.get("/metadata/annotations")?;
        ["kubernetes.io/description", "description"]
            .iter()
            .find_map(|key| annotations.get(*key).and_then(Value::as_str))
            .map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Compiles everything that is an expression. Variables see those above them, the rest sees all. `before` are variables
    /// in front of those that are written in the policy.
    pub(super) fn expressions(
        self,
        places: &Places,
        before: &[(&str, &str)],
        policy: &mut Policy,
        errors: &mut Vec<PolicyError>,
    ) {
        let params = policy.param_kind.is_some();
        let (kyverno, minor) = (policy.engine == Engine::Kyverno, self.minor);
        let mut names: Vec<String> = Vec::new();
        for (name, expression) in before {
            match cel::compile(expression, Declared { params, kyverno, minor, variables: &names }) {
                Ok(program) => {
                    policy.variables.push(((*name).to_owned(), program));
                    names.push((*name).to_owned());
                }
                Err(error) => {
                    errors.push(self.named(&places.variables, &format!("variable {name}: {error}")))
                }
            }
        }
        self.each(&places.variables, &["name", "expression"], errors, |at| {
            let name = self.text(&format!("{at}/name"))?;
            let program = self.compile(
                &format!("{at}/expression"),
                Declared { params, kyverno, minor, variables: &names },
            )?;
            if names.contains(&name) {
                return Err(self.named(at, &format!("there is more than one variable named '{name}'")));
            }
            names.push(name.clone());
            policy.variables.push((name, program));
            Ok(())
        });
        let declared = Declared { params, kyverno, minor, variables: &names };
        self.each(&places.conditions, &["name", "expression"], errors, |at| {
            let name = self.text(&format!("{at}/name"))?;
            let program = self.compile(&format!("{at}/expression"), declared)?;
            policy.conditions.push(Condition { name, program });
            Ok(())
        });
        self.each(
            &places.validations,
            &["expression", "message", "messageExpression", "reason"],
            errors,
            |at| {
                let program = self.compile(&format!("{at}/expression"), declared)?;
                let pointer = format!("{at}/messageExpression");
                let message_expression = match self.get(&pointer) {
                    Some(_) => Some(self.compile(&pointer, declared)?),
                    None => None,
                };
                // Only read: the reason is a code of HTTP answers.
                self.read::<String>(&format!("{at}/reason"))?;
                policy.validations.push(Validation {
                    program,
                    message: self.read::<String>(&format!("{at}/message"))?,
                    message_expression,
                    ways: OnceLock::new(),
                });
                Ok(())
            },
        );
        self.each(&places.annotations, &["key", "valueExpression"], errors, |at| {
            let key = self.text(&format!("{at}/key"))?;
            let program = self.compile(&format!("{at}/valueExpression"), declared)?;
            policy.annotations.push((key, program));
            Ok(())
        });
    }

    /// Runs `read` for the pointer of each entry of a list.
    fn each(
        self,
        pointer: &str,
        known: &[&str],
        errors: &mut Vec<PolicyError>,
        mut read: impl FnMut(&str) -> Result<(), PolicyError>,
    ) {
        let Some(value) = self.get(pointer) else { return };
        let Some(entries) = value.as_array() else {
            errors.push(self.named(pointer, &format!("{} is no list", field(pointer))));
            return;
        };
        for index in 0..entries.len() {
            let at = format!("{pointer}/{index}");
            if let Err(error) = self.fields(&at, known).and_then(|_| read(&at)) {
                errors.push(error);
            }
        }
    }

    fn compile(self, pointer: &str, declared: Declared<'_>) -> Result<Program, PolicyError> {
        let source = self.text(pointer)?;
        cel::compile(&source, declared).map_err(|error| PolicyError {
            hint: "correct the expression; a policy that cannot be compiled is not accepted by the API server either".to_owned(),
            ..self.named(pointer, &format!("{} does not compile: {error}", field(pointer)))
        })
    }
}

/// Where the expressions of a policy stand: pointers of lists.
pub(super) struct Places {
    pub variables: String,
    pub conditions: String,
    pub validations: String,
    pub annotations: String,
}

impl Places {
    /// As a ValidatingAdmissionPolicy has them below its `spec`.
    pub(super) fn below(base: &str) -> Self {
        let at = |name: &str| format!("{base}/{name}");
        Self {
            variables: at("variables"),
            conditions: at("matchConditions"),
            validations: at("validations"),
            annotations: at("auditAnnotations"),
        }
    }
}

/// A pointer as people write fields: `spec.validations[0].expression`.
fn field(pointer: &str) -> String {
    pointer.split('/').skip(1).fold(String::new(), |mut text, part| {
        if part.parse::<usize>().is_ok() {
            text.push_str(&format!("[{part}]"));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(part);
        }
        text
    })
}
