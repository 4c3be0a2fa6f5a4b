//! The semantics of validating admission: constraints, bindings, parameters, conditions, validations, actions.
//!
//! Every decision is made as the API server makes it (`pkg/admission/plugin/policy/validating`), with one addition:
//! what cannot be evaluated here but can on a cluster is an *incomplete* finding whatever `failurePolicy` says, since
//! the cluster would get a value.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::cel::{Activation, Bound, Evaluation as Run, EvaluationError, Limits, Program, Regexes};
use super::compiled::{Action, Binding, Engine, FailurePolicy, Other, Param, Policy, Validation};
use super::conftest::ModuleRule;
use super::gatekeeper::ANY_OBJECT;
use super::kyverno::{Verdict, spoken};
use super::load::Loaded;
use super::locate::{locate, told};
use super::matching::Match;
use super::params::{Params, params};
use super::rego::{Asking, Inventory};
use super::review::{Operation, Review, is_namespace};
use crate::cancel::Cancel;
use crate::finding::{Finding, PolicyOrigin, Severity};
use crate::manifest::ObjectKey;

/// The longest message that a policy may compute, in bytes.
const LONGEST_MESSAGE: usize = 5 * 1024;

/// The answer of a policy set about one object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Evaluation {
    /// What policies said, in the order of policies and bindings.
    pub findings: Vec<Finding>,
    /// Names of the policies that are about the object: constraints, a binding and all match conditions hold.
    pub matched: Vec<String>,
    /// Those among them that had nothing to say.
    pub passed: Vec<String>,
    /// Those that are about objects like it and not about this one: a match condition does not hold.
    pub skipped: Vec<String>,
    /// Those of which an expression failed before they had said anything, whatever their `failurePolicy` makes of that.
    pub failed: Vec<String>,
    /// `auditAnnotations` that the API server would write: `POLICY/KEY` and value.
    pub annotations: Vec<(String, String)>,
}

/// An object and what belongs to it, converted once for all policies.
struct Subject<'a> {
    review: &'a Review<'a>,
    key: ObjectKey,
    /// As policies see it, in its namespace.
    placed: Value,
    object: Bound,
    old: Bound,
    request: Bound,
    /// `None` where there is a Namespace and it is not known.
    namespace: Option<Bound>,
    /// The modules in Rego, once a rule of theirs was asked: a set has one engine for all of them.
    modules: RefCell<Option<Asking>>,
}

impl<'a> Subject<'a> {
    fn new(review: &'a Review<'a>) -> Self {
        let key = ObjectKey::of(review.object);
        let placed = review.placed(review.object);
        let (object, old) = match review.operation {
            Operation::Delete => (
                Bound::null(),
                Bound::new(&review.old.map_or_else(|| placed.clone(), |old| review.placed(old))),
            ),
            _ => (
                Bound::new(&placed),
                review.old.map_or_else(Bound::null, |old| Bound::new(&review.placed(old))),
            ),
        };
        let namespace = match (review.namespace, review.resource.namespaced && !is_namespace(&key.gvk())) {
            (_, false) => Some(Bound::null()),
            (Some(namespace), true) => Some(Bound::new(namespace)),
            (None, true) => None,
        };
        Self {
            review,
            key,
            placed,
            object,
            old,
            request: Bound::new(&review.request()),
            namespace,
            modules: RefCell::default(),
        }
    }
}

/// Evaluates all policies.
pub(super) fn evaluate(loaded: &Loaded, regexes: &Arc<Regexes>, review: &Review<'_>) -> Evaluation {
    let Loaded { policies, params: known, mutated, .. } = loaded;
    let mut evaluation = Evaluation::default();
    let own = ObjectKey::of(review.object).gvk();
    // The API server never asks policies about policies.
    if own.group == "admissionregistration.k8s.io" && own.kind.contains("Admission") {
        return evaluation;
    }
    let is_changed = mutated.contains(review.kind()) || mutated.contains("*");
    let mut subject = None;
    for policy in policies.iter().filter(|policy| !policy.bindings.is_empty()) {
        if review.cancel.is_some_and(Cancel::is_cancelled) {
            evaluation.findings.push(stopped(review));
            break;
        }
        // It is about what stands in files.
        if policy.engine == Engine::Conftest && (review.is_derived || review.operation == Operation::Delete) {
            continue;
        }
        let constraints = policy.constraints.matches(review);
        if constraints == Match::No {
            continue;
        }
        let subject = subject.get_or_insert_with(|| Subject::new(review));
        let (before, mut matched, mut asked) = (evaluation.findings.len(), false, false);
        for binding in &policy.bindings {
            let found = constraints.clone().and(binding.resources.matches(review));
            let one = One { policy, binding, subject, regexes, assumed: found == Match::Assumed, is_changed };
            asked |= found != Match::No;
            matched |= match found {
                Match::No => false,
                Match::OtherVersion(version) => {
                    evaluation.findings.push(one.incomplete(
                        "",
                        format!(
                            "policy '{}' is written for {version}, and the object is not converted here",
                            policy.name
                        ),
                    ));
                    true
                }
                Match::Yes | Match::Assumed => one.run(known, &mut evaluation),
            };
        }
        conceal(&subject.placed, review.old, &mut evaluation);
        if asked && !matched {
            evaluation.skipped.push(policy.name.clone());
        }
        if matched {
            evaluation.matched.push(policy.name.clone());
            if evaluation.findings.len() == before {
                evaluation.passed.push(policy.name.clone());
            }
        }
    }
    evaluation
}

/// Policies that were not asked any more.
fn stopped(review: &Review<'_>) -> Finding {
    let text = "it was stopped before all policies were asked";
    let finding = Finding::new("policies-stopped", Severity::Error, ObjectKey::of(review.object), "", text);
    Finding { incomplete: true, ..finding.with_hint("ask again") }
}

/// Takes the values of a Secret out of everything that is said about it.
fn conceal(object: &Value, old: Option<&Value>, evaluation: &mut Evaluation) {
    if object.get("kind").and_then(Value::as_str) != Some("Secret") {
        return;
    }
    let maps = [Some(object), old].into_iter().flatten().flat_map(|o| [o.get("data"), o.get("stringData")]);
    let values = maps.flatten().filter_map(Value::as_object).flat_map(|map| map.values());
    let plain = values.filter_map(Value::as_str).filter(|value| !value.is_empty());
    // As it is, and as it stands in JSON.
    let secrets: BTreeSet<String> = plain
        .flat_map(|value| {
            let quoted = Value::from(value).to_string();
            [value.to_owned(), quoted.trim_matches('"').to_owned()]
        })
        .collect();
    let texts = evaluation.findings.iter_mut().map(|finding| &mut finding.message);
    for text in texts.chain(evaluation.annotations.iter_mut().map(|(_, value)| value)) {
        for secret in &secrets {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), "***");
            }
        }
    }
}

/// One policy under one binding for one object.
#[derive(Clone, Copy)]
struct One<'a> {
    policy: &'a Policy,
    binding: &'a Binding,
    subject: &'a Subject<'a>,
    regexes: &'a Arc<Regexes>,
    /// Whether labels of a namespace decide that are not known.
    assumed: bool,
    /// Whether the cluster changes objects of the kind before it asks its policies.
    is_changed: bool,
}

impl One<'_> {
    /// Whether the match conditions held for any parameter.
    fn run(&self, known: &[Param], evaluation: &mut Evaluation) -> bool {
        let null = Bound::null();
        match params(self.policy, self.binding, self.subject.review, known) {
            Params::Skip => false,
            Params::Null => self.with_params(&null, None, evaluation),
            Params::These(found) => {
                // Every parameter is asked, also after one has matched.
                let mut matched = false;
                for param in found {
                    matched |= self.with_params(&param.bound, Some(param), evaluation);
                }
                matched
            }
            // The cluster may have what was not read.
            Params::Missing(message) if self.is_asked_there() => {
                let text = format!("policy '{}' cannot be evaluated here: {message}", self.policy.name);
                evaluation.findings.push(self.incomplete("", text));
                true
            }
            Params::Missing(message) => {
                self.failed("", &message, evaluation);
                true
            }
        }
    }

    fn activation<'b>(&'b self, object: &'b Bound, params: &'b Bound) -> Activation<'b> {
        let namespace = self.subject.namespace.as_ref();
        Activation { object, old: &self.subject.old, request: &self.subject.request, params, namespace }
    }

    /// One run over the object of the review.
    fn start_own<'b>(&'b self, params: &'b Bound) -> Result<Run<'b>, EvaluationError> {
        let subject = self.subject;
        let run = self.start(&self.activation(&subject.object, params))?;
        if self.policy.engine == Engine::Gatekeeper {
            let deletes = subject.review.operation == Operation::Delete;
            run.know(ANY_OBJECT, if deletes { &subject.old } else { &subject.object });
        }
        Ok(run)
    }

    fn start<'b>(&'b self, activation: &Activation<'b>) -> Result<Run<'b>, EvaluationError> {
        let limits = Limits { cancel: self.subject.review.cancel, ..Limits::of(self.regexes) };
        Run::new(activation, &self.policy.variables, limits)
    }

    fn with_params(&self, params: &Bound, param: Option<&Param>, evaluation: &mut Evaluation) -> bool {
        match self.conditions(params) {
            Ok(true) => {}
            Ok(false) => return false,
            Err((name, error)) => {
                self.error(&format!("match condition '{name}'"), "", &error, evaluation);
                return true;
            }
        }
        if let Some(other) = &self.policy.other
            && !self.otherwise(other, param, evaluation)
        {
            return false;
        }
        let run = match self.start_own(params) {
            Ok(run) => run,
            Err(error) => {
                self.error("the policy", "", &error, evaluation);
                return true;
            }
        };
        for (index, validation) in self.policy.validations.iter().enumerate() {
            match run.boolean(&validation.program) {
                Ok(true) => {}
                Ok(false) => {
                    let path = self.place(validation, params);
                    self.object(&path, message(&run, validation), evaluation);
                }
                Err(error) => {
                    let path = self.place(validation, params);
                    self.error(&format!("validation {}", index + 1), &path, &error, evaluation);
                }
            }
        }
        self.annotate(&run, evaluation);
        true
    }

    /// Asks what is no expression; false where that is not about the object.
    fn otherwise(&self, other: &Other, param: Option<&Param>, evaluation: &mut Evaluation) -> bool {
        match other {
            Other::Module(rule) => self.tell(self.of_module(rule), evaluation),
            Other::Rego(template) => {
                let param = param.map_or(&Value::Null, |param| &param.object);
                // Of objects that are not all known here nothing follows, neither way.
                let is_whole = self.subject.review.inventory.is_some_and(Inventory::is_whole);
                let said = match template.reads_inventory() && !is_whole && self.is_asked_there() {
                    true => Err(template.lacks_inventory()),
                    false => template.violations(self.subject.review, param, &self.policy.schema),
                };
                self.tell(said, evaluation);
            }
            Other::Patterns(_) if self.subject.review.operation == Operation::Delete => return false,
            Other::Patterns(patterns) => match patterns.judge(&self.subject.placed) {
                Verdict::Pass => {}
                Verdict::Skip => return false,
                Verdict::Fail { message, path } => self.object(&path, message, evaluation),
                Verdict::Error(message) => {
                    self.error("the pattern", "", &EvaluationError::Failed(message), evaluation);
                }
            },
        }
        true
    }

    /// What a rule of a module says.
    fn of_module(&self, rule: &ModuleRule) -> Result<Vec<String>, String> {
        let mut asking = match self.subject.modules.take() {
            Some(asking) => asking,
            None => rule.ask(self.subject.review.object)?,
        };
        let messages = rule.messages(&mut asking)?;
        // After an error it is not asked again.
        self.subject.modules.replace(Some(asking));
        Ok(messages)
    }

    /// What Rego said.
    fn tell(&self, said: Result<Vec<String>, String>, evaluation: &mut Evaluation) {
        match said {
            Ok(messages) => messages.into_iter().for_each(|message| self.object("", message, evaluation)),
            Err(why) => {
                let what = if self.policy.engine == Engine::Conftest { "rule" } else { "policy" };
                let text = format!("{what} '{}' cannot be evaluated here: {why}", self.policy.name);
                evaluation.findings.push(self.incomplete("", text));
            }
        }
    }

    /// An objection.
    fn object(&self, path: &str, message: String, evaluation: &mut Evaluation) {
        let message = match self.policy.engine {
            Engine::Kyverno => spoken(&message, self.subject.review),
            _ => message,
        };
        let message = match self.is_changed_there() {
            true => {
                format!("{message}; the cluster changes such objects before it asks: its dry-run decides")
            }
            false => message,
        };
        let finding = self.finding(self.severity(), path, message);
        evaluation.findings.push(Finding { hint: self.hint(), ..finding });
    }

    /// Whether all match conditions hold. One that is false decides, also where another fails.
    fn conditions(&self, params: &Bound) -> Result<bool, (String, EvaluationError)> {
        if self.policy.conditions.is_empty() {
            return Ok(true);
        }
        // The API server evaluates conditions before it looks the Namespace up.
        let null = Bound::null();
        let activation =
            Activation { namespace: Some(&null), ..self.activation(&self.subject.object, params) };
        let run = self.start(&activation).map_err(|error| ("all".to_owned(), error))?;
        let mut failed = None;
        for condition in &self.policy.conditions {
            match run.boolean(&condition.program) {
                Ok(true) => {}
                Ok(false) => return Ok(false),
                Err(error) => {
                    failed.get_or_insert((condition.name.clone(), error));
                }
            }
        }
        failed.map_or(Ok(true), Err)
    }

    fn annotate(&self, run: &Run<'_>, evaluation: &mut Evaluation) {
        for (key, program) in &self.policy.annotations {
            match run.text(program) {
                Ok(value) => {
                    let value = value.unwrap_or_default();
                    if !value.trim().is_empty() {
                        evaluation
                            .annotations
                            .push((format!("{}/{key}", self.policy.name), value.trim().to_owned()));
                    }
                }
                // Under `Fail` an annotation that fails denies, whatever the actions are.
                Err(EvaluationError::Failed(message))
                    if self.policy.failure_policy == FailurePolicy::Fail =>
                {
                    let text =
                        format!("audit annotation '{key}' of policy '{}' fails: {message}", self.policy.name);
                    evaluation.findings.push(self.finding(Severity::Error, "", text));
                }
                // It does not decide about the object.
                Err(_) => {}
            }
        }
    }

    /// A configuration error: denied under `Fail`, nothing under `Ignore`.
    fn failed(&self, path: &str, message: &str, evaluation: &mut Evaluation) {
        if self.policy.failure_policy == FailurePolicy::Fail {
            let text = format!("policy '{}' cannot decide: {message}", self.policy.name);
            let hint = "put the parameter object beside the policy, or set parameterNotFoundAction: Allow";
            evaluation.findings.push(self.finding(self.severity(), path, text).with_hint(hint));
        }
    }

    fn error(&self, what: &str, path: &str, error: &EvaluationError, evaluation: &mut Evaluation) {
        let name = &self.policy.name;
        let spoke = |finding: &Finding| finding.rule.strip_prefix("policy/") == Some(name);
        if !error.is_incomplete()
            && !evaluation.failed.contains(name)
            && !evaluation.findings.iter().any(spoke)
        {
            evaluation.failed.push(name.clone());
        }
        if error.is_incomplete() {
            let text = format!("{what} of policy '{name}' cannot be evaluated here: {error}");
            evaluation.findings.push(self.incomplete(path, text));
        } else if self.policy.failure_policy == FailurePolicy::Fail {
            let text = format!("{what} of policy '{name}' fails on this object: {error}");
            let hint =
                "the API server refuses it for the same reason; add the field, or ask the policy's owner";
            evaluation.findings.push(self.finding(self.severity(), path, text).with_hint(hint));
        }
    }

    /// Whether the cluster asks policy and binding itself, of an object that its dry-run sees: of Pods that are made of an object it
    /// sees some only.
    fn is_asked_there(&self) -> bool {
        self.is_clusters() && !self.subject.review.is_derived
    }

    /// Whether both are in force on the cluster that the objects go to.
    fn is_clusters(&self) -> bool {
        self.policy.of_cluster && self.binding.of_cluster
    }

    /// What cannot be evaluated here. Of a cluster's own policy the cluster gives the answer: its dry-run stands between every
    /// plan and the objects.
    fn incomplete(&self, path: &str, text: String) -> Finding {
        if self.is_asked_there() {
            let text = format!("{text}; the cluster's dry-run decides");
            return self.finding(Severity::Warning, path, text);
        }
        let hint = match self.policy.other {
            None => "ask the API server: kubectl apply --dry-run=server",
            Some(_) => "correct the policy, or write it without what is missing here",
        };
        Finding { incomplete: true, ..self.finding(self.severity(), path, text).with_hint(hint) }
    }

    fn finding(&self, severity: Severity, path: &str, message: String) -> Finding {
        let rule = format!("policy/{}", self.policy.name);
        let rule_of = self.policy.rule_of.as_ref();
        let origin = PolicyOrigin {
            policy: rule_of.map_or_else(|| self.policy.name.clone(), |of| of.policy.clone()),
            rule: rule_of.map(|of| of.rule.clone()),
            binding: Some(self.binding.name.clone()),
            engine: self.policy.engine.as_str().to_owned(),
        };
        Finding {
            origin: Some(origin),
            ..Finding::new(rule, severity, self.subject.key.clone(), path, message)
        }
    }

    /// Whether the cluster asks about another object than stands here.
    fn is_changed_there(&self) -> bool {
        self.is_changed && self.is_clusters()
    }

    /// The strongest action of the binding.
    fn severity(&self) -> Severity {
        let strongest = match self.binding.actions.iter().max() {
            Some(Action::Warn) => Severity::Warning,
            Some(Action::Audit) => Severity::Info,
            Some(Action::Deny) | None => Severity::Error,
        };
        if self.is_changed_there() { strongest.min(Severity::Warning) } else { strongest }
    }

    fn hint(&self) -> Option<String> {
        self.assumed.then(|| {
            "labels of the namespace, or roles of who asks, decide about the policy and are not known here: it may not apply"
                .to_owned()
        })
    }

    /// The pointer of the field that a validation speaks of.
    fn place(&self, validation: &Validation, params: &Bound) -> String {
        let fails = |object: &Value| {
            let object = Bound::new(object);
            let run = self.start(&self.activation(&object, params));
            run.is_ok_and(|run| run.boolean(&validation.program) != Ok(true))
        };
        let ways = validation.ways.get_or_init(|| told(&validation.program, &self.policy.variables));
        locate(ways, &self.subject.placed, &fails)
    }
}

/// What a failed validation says.
fn message(run: &Run<'_>, validation: &Validation) -> String {
    let computed = validation.message_expression.as_ref().and_then(|program| computed(run, program));
    computed
        .or_else(|| {
            validation.message.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
        })
        .unwrap_or_else(|| {
            let source = validation.program.source.split_whitespace().collect::<Vec<_>>().join(" ");
            format!("failed expression: {source}")
        })
}

/// The computed message, if it is one: a single line, not blank, not too long.
fn computed(run: &Run<'_>, program: &Program) -> Option<String> {
    let text = run.text(program).ok()??;
    let text = text.trim();
    (!text.is_empty() && text.len() <= LONGEST_MESSAGE && !text.contains('\n')).then(|| text.to_owned())
}
