//! What policies say about the shape of the objects of one kind: the part of them that is a JSON Schema.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::cel::compile::{Constants, schemas};
use super::cel::{Activation, Bound, Evaluation, Limits, Program};
use super::compiled::{Action, Binding, FailurePolicy, Other, Param, Policy, Validation};
use super::fitted::fitted;
use super::kyverno::{self, Verdict};
use super::matching::Match;
use super::params::{Params, params};
use super::review::{Operation, Resource, Review, User, is_namespace};
use super::set::{PolicySet, whole};
use crate::manifest::GroupVersionKind;
use crate::schema::Node;

/// What is known of the objects before there are any.
#[derive(Clone)]
pub struct Intent<'a> {
    /// Their kind.
    pub kind: GroupVersionKind,
    /// Its resource.
    pub resource: Resource,
    /// Its schema, where it is known: what it says anyway is left out of what policies say.
    pub node: Option<Node<'a>>,
    /// The Namespace that they go to, where it is known.
    pub namespace: Option<&'a Value>,
    /// Its name, where that is known: a policy may leave namespaces out by their names.
    pub placed: Option<&'a str>,
    /// Who asks.
    pub user: &'a User,
}

/// One validation of one policy under one binding and one parameter object, for one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// The policy.
    pub policy: String,
    /// Its binding.
    pub binding: String,
    /// Which of its validations, from 0.
    pub validation: usize,
    /// Whether a breach is refused, and not only told.
    pub denies: bool,
    /// Its expression, on one line.
    pub expression: String,
    /// What the policy says of a breach, where that is a plain text.
    pub message: Option<String>,
    /// What of it is known beforehand.
    pub told: Told,
    /// Whether it is said of the Pods that an object of the kind makes.
    pub of_pods: bool,
}

/// What of a validation is known before there is an object.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// The schema of what passes: exactly that.
    Constraint(Value),
    /// Every object of the kind passes.
    Always,
    /// No object of the kind passes.
    Never,
    /// It is no schema, for this reason: objects are asked about when they are there.
    After(String),
    /// It uses this, which cannot be evaluated here: no object passes.
    Incomplete(String),
}

impl Told {
    /// In a word, as it stands in the output.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Constraint(_) => "constraint",
            Self::Always => "always",
            Self::Never => "never",
            Self::After(_) => "after",
            Self::Incomplete(_) => "incomplete",
        }
    }
}

/// Both verdicts on one object: the schema's, where there is one, and the expression's, where it can be evaluated. Passing is
/// `true`.
#[derive(Debug, Clone, PartialEq)]
pub struct Both {
    /// The policy.
    pub policy: String,
    /// Which of its validations, from 0.
    pub validation: usize,
    /// The schema's.
    pub schema: Option<bool>,
    /// Whether the schema is one that lets everything or nothing pass.
    pub is_constant: bool,
    /// The expression's.
    pub expression: Option<bool>,
}

/// The schemas of all validations for one kind, see [`PolicySet::comparison`].
#[derive(Debug)]
pub struct Comparison {
    schemas: Vec<Option<(jsonschema::Validator, bool)>>,
}

impl PolicySet {
    /// What the policies in force say about the shape of new objects of a kind, and about the Pods that such an object makes.
    /// Kinds that a policy does not match have no entry of it.
    pub fn shapes(&self, intent: &Intent<'_>) -> Vec<Shape> {
        let mut shapes = self.own_shapes(intent, &|_| true);
        let of_pods = self.pod_shapes(intent, &shapes);
        shapes.extend(of_pods);
        shapes
    }

    /// What policies that are about Pods, and not about the kind itself, say of the template in it.
    fn pod_shapes(&self, intent: &Intent<'_>, own: &[Shape]) -> Vec<Shape> {
        let group = intent.kind.group.as_str();
        let maker = MAKERS.iter().find(|(of, kind, _)| *of == group && *kind == intent.kind.kind);
        let Some((_, _, way)) = maker else { return Vec::new() };
        let node = intent.node.and_then(|node| way.iter().try_fold(node, |node, field| node.child(field)));
        let resource = Resource { plural: "pods".to_owned(), namespaced: true };
        let pods = Intent { kind: GroupVersionKind::new("v1", "Pod"), resource, node, ..intent.clone() };
        let said: BTreeSet<&str> = own.iter().map(|shape| whole(&shape.policy)).collect();
        let found = self.own_shapes(&pods, &|policy| !said.contains(whole(&policy.name)));
        let of_pods = |shape: Shape| Shape { told: within(shape.told, way), of_pods: true, ..shape };
        found.into_iter().map(of_pods).collect()
    }

    fn own_shapes(&self, intent: &Intent<'_>, wanted: &dyn Fn(&Policy) -> bool) -> Vec<Shape> {
        let skeleton = skeleton(intent);
        let review = review(intent, &skeleton);
        let mut shapes = Vec::new();
        self.each(&review, wanted, &mut |one, constants| {
            for (index, schema) in one.schemas(constants).into_iter().enumerate() {
                let validation = one.policy.validations.get(index);
                let schema = match intent.node {
                    Some(node) => schema.map(|schema| fitted(&schema, node)),
                    None => schema,
                };
                let told = match (validation.and_then(|validation| one.unsupported(validation)), schema) {
                    (Some(what), _) => Told::Incomplete(what),
                    (None, Ok(Value::Bool(true))) => Told::Always,
                    (None, Ok(Value::Bool(false))) => Told::Never,
                    (None, Ok(schema)) => Told::Constraint(schema),
                    (None, Err(reason)) => Told::After(reason),
                };
                let expression = match (validation, &one.policy.other) {
                    (Some(validation), _) => {
                        validation.program.source.split_whitespace().collect::<Vec<_>>().join(" ")
                    }
                    (None, other) => other.as_ref().map_or("", Other::as_str).to_owned(),
                };
                shapes.push(Shape {
                    policy: one.policy.name.clone(),
                    binding: one.binding.name.clone(),
                    validation: index,
                    denies: one.binding.actions.contains(&Action::Deny),
                    expression,
                    message: validation.and_then(|validation| validation.message.clone()),
                    told,
                    of_pods: false,
                });
            }
        });
        shapes
    }

    /// Makes ready to hold both verdicts of all validations against each other.
    pub fn comparison(&self, intent: &Intent<'_>) -> Comparison {
        let skeleton = skeleton(intent);
        let mut schemas = Vec::new();
        self.each(&review(intent, &skeleton), &|_| true, &mut |one, constants| {
            schemas.extend(one.schemas(constants).into_iter().map(|schema| {
                let schema = schema.ok()?;
                let is_constant = matches!(schema, Value::Bool(_));
                Some((jsonschema::validator_for(&schema).ok()?, is_constant))
            }));
        });
        Comparison { schemas }
    }

    /// Both verdicts of all validations on an object of that kind that is to be created.
    pub fn both_verdicts(&self, comparison: &Comparison, intent: &Intent<'_>, object: &Value) -> Vec<Both> {
        let review = review(intent, object);
        let mut schemas = comparison.schemas.iter();
        let placed = review.placed(object);
        let (bound, null) = (Bound::new(&placed), Bound::null());
        let request = Bound::new(&review.request());
        let mut all = Vec::new();
        self.each(&review, &|_| true, &mut |one, constants| {
            let namespace = constants.namespace.as_ref().map(Bound::new);
            let params = Bound::new(&constants.params);
            let activation = Activation {
                object: &bound,
                old: &null,
                request: &request,
                params: &params,
                namespace: namespace.as_ref(),
            };
            let Ok(run) = Evaluation::new(&activation, &one.policy.variables, Limits::of(&self.regexes))
            else {
                let _ = schemas.by_ref().take(one.said()).count();
                return;
            };
            let ignores = one.policy.failure_policy == FailurePolicy::Ignore;
            let verdict = |program: &Program| match run.boolean(program) {
                Ok(verdict) => Ok(Some(verdict)),
                Err(error) if error.is_incomplete() => Err(()),
                Err(_) => Ok(None),
            };
            let selected = one.selects(&placed);
            let conditions: Vec<_> =
                one.policy.conditions.iter().map(|condition| verdict(&condition.program)).collect();
            let mut both = |validation: usize, expression: Option<bool>| {
                let compiled = schemas.next().and_then(Option::as_ref);
                all.push(Both {
                    policy: one.policy.name.clone(),
                    validation,
                    schema: compiled.map(|(validator, _)| validator.is_valid(&placed)),
                    is_constant: compiled.is_some_and(|(_, constant)| *constant),
                    expression,
                });
            };
            for (index, validation) in one.policy.validations.iter().enumerate() {
                let expression = if !selected || conditions.contains(&Ok(Some(false))) {
                    Some(true)
                } else if conditions.iter().any(|one| *one != Ok(Some(true))) {
                    conditions.iter().all(Result::is_ok).then_some(ignores)
                } else {
                    verdict(&validation.program).ok().map(|verdict| verdict.unwrap_or(ignores))
                };
                both(index, expression);
            }
            if let Some(other) = &one.policy.other {
                let passes = match other {
                    Other::Patterns(patterns) if conditions.is_empty() => {
                        Some(match patterns.judge(&placed) {
                            Verdict::Pass | Verdict::Skip => true,
                            Verdict::Fail { .. } => false,
                            Verdict::Error(_) => ignores,
                        })
                    }
                    _ => None,
                };
                both(one.policy.validations.len(), passes.map(|passes| !selected || passes));
            }
        });
        all
    }

    /// Every policy that is wanted, with each binding and parameter that is about a review, and what is constant for it.
    fn each(
        &self,
        review: &Review<'_>,
        wanted: &dyn Fn(&Policy) -> bool,
        then: &mut dyn FnMut(&One<'_>, &Constants<'_>),
    ) {
        for policy in self.loaded.policies.iter().filter(|policy| wanted(policy)) {
            let constraints = policy.constraints.matches_kind(review);
            for binding in &policy.bindings {
                let found = constraints.clone().and(binding.resources.matches_kind(review));
                let both = [policy.constraints.selected_objects(), binding.resources.selected_objects()];
                let selected = both.into_iter().flatten().collect();
                let uncertain = match found {
                    Match::No => continue,
                    Match::OtherVersion(version) => Some(format!("it is written for {version}")),
                    Match::Assumed => {
                        Some("names, labels or the namespace decide whether it applies".to_owned())
                    }
                    Match::Yes => None,
                };
                let one = One { policy, binding, uncertain, selected };
                for param in self.parameters(&one, review) {
                    let (api_version, kind) = kind_of(review.object);
                    let namespace = match (review.namespace, has_namespace(review)) {
                        (_, false) => Some(Value::Null),
                        (known, true) => known.cloned(),
                    };
                    let constants = Constants {
                        api_version,
                        kind,
                        operation: review.operation.as_str(),
                        params: param,
                        namespace,
                        variables: &policy.variables,
                        regexes: Arc::clone(&self.regexes),
                    };
                    then(&one, &constants);
                }
            }
        }
    }

    /// The parameters of a binding: null where it has none, nothing where the policy is skipped without one.
    fn parameters(&self, one: &One<'_>, review: &Review<'_>) -> Vec<Value> {
        match params(one.policy, one.binding, review, &self.loaded.params) {
            Params::Null => vec![Value::Null],
            Params::These(found) => found.into_iter().map(|Param { object, .. }| object.clone()).collect(),
            Params::Skip | Params::Missing(_) => Vec::new(),
        }
    }
}

/// One policy under one binding.
struct One<'a> {
    policy: &'a Policy,
    binding: &'a Binding,
    /// Why it is not certain that it applies.
    uncertain: Option<String>,
    /// Schemas of the objects that it is about, by their labels.
    selected: Vec<Value>,
}

impl One<'_> {
    /// What a validation uses that cannot be evaluated here.
    fn unsupported(&self, validation: &Validation) -> Option<String> {
        let conditions = self.policy.conditions.iter().map(|condition| &condition.program);
        let used = self
            .policy
            .variables
            .iter()
            .filter(|(name, _)| validation.program.source.contains(&format!("variables.{name}")))
            .map(|(_, program)| program);
        let all = conditions.chain(used).chain([&validation.program]);
        all.filter_map(|program| program.unsupported.clone()).next()
    }

    /// Whether it is about an object with these labels.
    fn selects(&self, object: &Value) -> bool {
        self.policy.constraints.selects(object) && self.binding.resources.selects(object)
    }

    /// How many schemas there are: one of each validation, and behind them that of what is no expression.
    fn said(&self) -> usize {
        self.policy.validations.len() + usize::from(self.policy.other.is_some())
    }

    /// These schemas, or why there is none.
    fn schemas(&self, constants: &Constants<'_>) -> Vec<Result<Value, String>> {
        let validations = self.policy.validations.iter().map(|validation| &validation.program);
        let mut all: Vec<Result<Value, String>> = match &self.uncertain {
            Some(reason) => validations.map(|_| Err(reason.clone())).collect(),
            None => {
                let conditions: Vec<&Program> =
                    self.policy.conditions.iter().map(|one| &one.program).collect();
                let ignores = self.policy.failure_policy == FailurePolicy::Ignore;
                schemas(constants, &conditions, validations, ignores)
            }
        };
        all.extend(self.policy.other.as_ref().map(|other| self.schema_of(other)));
        all.into_iter().map(|schema| schema.map(|schema| self.among_selected(schema))).collect()
    }

    /// The schema of what is no expression, or why there is none.
    fn schema_of(&self, other: &Other) -> Result<Value, String> {
        let Other::Patterns(patterns) = other else {
            return Err(format!("{} is no expression", other.as_str()));
        };
        if let Some(reason) = &self.uncertain {
            return Err(reason.clone());
        }
        if !self.policy.conditions.is_empty() {
            return Err("it has conditions besides its pattern".to_owned());
        }
        let ignores = self.policy.failure_policy == FailurePolicy::Ignore;
        kyverno::schema(patterns, ignores)
    }

    /// What is said of the objects that are selected by their labels, said of all.
    fn among_selected(&self, schema: Value) -> Value {
        if self.selected.is_empty() || schema == json!(true) {
            return schema;
        }
        json!({"anyOf": [{"not": {"allOf": self.selected}}, schema]})
    }
}

/// What makes Pods, and the way to the template that a Pod is made of.
const MAKERS: [(&str, &str, &[&str]); 7] = [
    ("apps", "Deployment", &["spec", "template"]),
    ("apps", "StatefulSet", &["spec", "template"]),
    ("apps", "DaemonSet", &["spec", "template"]),
    ("apps", "ReplicaSet", &["spec", "template"]),
    ("", "ReplicationController", &["spec", "template"]),
    ("batch", "Job", &["spec", "template"]),
    ("batch", "CronJob", &["spec", "jobTemplate", "spec", "template"]),
];

/// What is said of a Pod, said of the template at some place.
fn within(told: Told, way: &[&str]) -> Told {
    let schema = match told {
        Told::Constraint(schema) => schema,
        other => return other,
    };
    if speaks_of_identity(&schema) {
        return Told::After("it is about what the cluster gives a Pod".to_owned());
    }
    Told::Constraint(way.iter().rev().fold(schema, |inner, field| {
        let fields = Map::from_iter([((*field).to_owned(), inner)]);
        Value::Object(Map::from_iter([("properties".to_owned(), Value::Object(fields))]))
    }))
}

/// Whether a schema of a Pod says something of what a template has not.
fn speaks_of_identity(schema: &Value) -> bool {
    const GIVEN: [&str; 4] = ["name", "generateName", "namespace", "ownerReferences"];
    match schema {
        Value::Object(map) => map.iter().any(|(key, inner)| {
            let of_metadata = key == "metadata" && {
                let fields = inner.get("properties").and_then(Value::as_object);
                let required = inner.get("required").and_then(Value::as_array);
                fields.is_some_and(|fields| fields.keys().any(|field| GIVEN.contains(&field.as_str())))
                    || required
                        .is_some_and(|names| names.iter().any(|name| GIVEN.iter().any(|given| name == given)))
            };
            of_metadata || speaks_of_identity(inner)
        }),
        Value::Array(items) => items.iter().any(speaks_of_identity),
        _ => false,
    }
}

/// What is known of an object of the kind before there is one.
fn skeleton(intent: &Intent<'_>) -> Value {
    let mut object =
        json!({"apiVersion": intent.kind.api_version(), "kind": intent.kind.kind, "metadata": {}});
    if let Some(name) = intent.placed.filter(|_| intent.resource.namespaced) {
        object["metadata"]["namespace"] = json!(name);
    }
    object
}

fn review<'a>(intent: &Intent<'a>, object: &'a Value) -> Review<'a> {
    Review {
        object,
        old: None,
        operation: Operation::Create,
        resource: intent.resource.clone(),
        namespace: intent.namespace,
        user: intent.user,
        inventory: None,
        is_derived: false,
        cancel: None,
    }
}

fn kind_of(object: &Value) -> (String, String) {
    let text = |name: &str| object.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("apiVersion"), text("kind"))
}

fn has_namespace(review: &Review<'_>) -> bool {
    let key = crate::manifest::ObjectKey::of(review.object);
    review.resource.namespaced && !is_namespace(&key.gvk())
}
