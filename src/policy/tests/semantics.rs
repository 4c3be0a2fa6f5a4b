//! What the API server does with constraints, bindings, parameters, conditions, messages, failures and actions.
#![allow(clippy::needless_pass_by_value, reason = "`json!` literals are handed in")]

use serde_json::{Value, json};

use super::documents;
use crate::finding::Severity;
use crate::manifest::{GroupVersionKind, Location, Manifest};
use crate::policy::*;

pub(super) fn policy(spec: Value) -> Value {
    let mut all = json!({
        "matchConstraints": {"resourceRules": [{
            "operations": ["*"], "apiGroups": ["*"], "apiVersions": ["*"], "resources": ["*"]}]},
        "validations": [{"expression": "false", "message": "no"}],
    });
    for (key, value) in spec.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "p"}, "spec": all})
}

pub(super) fn binding(name: &str, spec: Value) -> Value {
    let mut all = json!({"policyName": "p", "validationActions": ["Deny"]});
    for (key, value) in spec.as_object().unwrap() {
        all[key] = value.clone();
    }
    json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name}, "spec": all})
}

fn config_map(name: &str, namespace: Option<&str>, max: u32) -> Value {
    let mut map = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "labels": {"team": "a"}}, "data": {"max": max.to_string()}});
    if let Some(namespace) = namespace {
        map["metadata"]["namespace"] = json!(namespace);
    }
    map
}

pub(super) fn set(objects: &[Value]) -> PolicySet {
    let manifests: Vec<Manifest> = objects.iter().cloned().map(Manifest::rendered).collect();
    PolicySet::from_manifests(&manifests).unwrap_or_else(|errors| panic!("{errors:#?}"))
}

fn errors(objects: &[Value]) -> Vec<PolicyError> {
    let manifests: Vec<Manifest> = objects.iter().cloned().map(Manifest::rendered).collect();
    PolicySet::from_manifests(&manifests).err().unwrap_or_default()
}

pub(super) fn pod() -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "lab", "labels": {"app": "web"}},
        "spec": {"replicas": 3, "containers": [{"name": "web", "image": "nginx"}]}})
}

fn evaluate(set: &PolicySet) -> Evaluation {
    set.evaluate(&Review::create(&pod(), &User::named("ann")))
}

/// What a policy with one binding says of the pod.
fn said(spec: Value) -> Vec<(Severity, String, bool)> {
    let evaluation = evaluate(&set(&[policy(spec), binding("b", json!({}))]));
    evaluation.findings.into_iter().map(|f| (f.severity, f.message, f.incomplete)).collect()
}

#[test]
fn a_policy_without_a_binding_does_nothing_and_says_so() {
    let set = set(&[policy(json!({}))]);
    assert_eq!(evaluate(&set), Evaluation::default());
    assert!(!set.list()[0].in_force);
    assert_eq!(set.in_force(), 0);
}

#[test]
fn actions_decide_how_bad_a_failure_is() {
    for (actions, severity) in [
        (json!(["Deny"]), Severity::Error),
        (json!(["Deny", "Audit"]), Severity::Error),
        (json!(["Warn"]), Severity::Warning),
        (json!(["Warn", "Audit"]), Severity::Warning),
        (json!(["Audit"]), Severity::Info),
    ] {
        let set = set(&[policy(json!({})), binding("b", json!({"validationActions": actions}))]);
        let evaluation = evaluate(&set);
        assert_eq!(evaluation.findings[0].severity, severity, "{actions}");
        let origin = evaluation.findings[0].origin.clone().unwrap();
        assert_eq!((origin.policy.as_str(), origin.binding.as_deref()), ("p", Some("b")));
        assert_eq!((evaluation.matched.len(), evaluation.passed.len()), (1, 0));
    }
}

#[test]
fn every_matching_binding_speaks() {
    let elsewhere = json!({"matchResources": {"objectSelector": {"matchLabels": {"app": "other"}}}});
    let set = set(&[
        policy(json!({})),
        binding("one", json!({})),
        binding("two", json!({"validationActions": ["Warn"]})),
        binding("three", elsewhere),
    ]);
    let findings = evaluate(&set).findings;
    let bindings: Vec<_> = findings.iter().map(|f| f.origin.clone().unwrap().binding.unwrap()).collect();
    assert_eq!(bindings, ["one", "two"]);
}

#[test]
fn parameters_come_by_name_by_selector_and_from_the_namespace_of_the_object() {
    let capped = policy(json!({"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{"expression": "object.spec.replicas <= int(params.data.max)",
            "messageExpression": "'at most ' + params.data.max"}]}));
    let with = |reference: Value, maps: &[Value]| {
        let mut objects = vec![capped.clone(), binding("b", json!({"paramRef": reference}))];
        objects.extend_from_slice(maps);
        let evaluation = evaluate(&set(&objects));
        evaluation.findings.iter().map(|finding| finding.message.clone()).collect::<Vec<_>>()
    };
    let name = |action: &str| json!({"name": "cap", "parameterNotFoundAction": action});
    assert_eq!(with(name("Deny"), &[config_map("cap", Some("lab"), 2)]), ["at most 2"]);
    assert_eq!(with(name("Deny"), &[config_map("cap", Some("lab"), 5)]), Vec::<String>::new());
    assert_eq!(with(name("Deny"), &[config_map("cap", None, 2)]), ["at most 2"]);
    // of another namespace, or not there at all
    assert_eq!(with(name("Allow"), &[config_map("cap", Some("other"), 2)]), Vec::<String>::new());
    let missing = with(name("Deny"), &[config_map("cap", Some("other"), 2)]);
    assert!(missing[0].contains("ConfigMap 'cap' in namespace lab was not found"), "{missing:?}");
    let placed = json!({"name": "cap", "namespace": "other", "parameterNotFoundAction": "Deny"});
    assert_eq!(with(placed, &[config_map("cap", Some("other"), 1)]), ["at most 1"]);
    // each of several
    let selector = json!({"selector": {"matchLabels": {"team": "a"}}, "parameterNotFoundAction": "Deny"});
    let maps =
        [config_map("a", Some("lab"), 1), config_map("b", Some("lab"), 9), config_map("c", Some("lab"), 2)];
    assert_eq!(with(selector, &maps), ["at most 1", "at most 2"]);
}

#[test]
fn without_a_param_ref_params_is_null() {
    let set = set(&[
        policy(json!({"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
            "validations": [{"expression": "params == null"}]})),
        binding("b", json!({})),
    ]);
    assert_eq!(evaluate(&set).passed, ["p"]);
}

#[test]
fn a_false_match_condition_skips_even_where_another_fails() {
    let conditions = |expressions: &[&str]| {
        let all: Vec<Value> = expressions
            .iter()
            .enumerate()
            .map(|(i, expression)| json!({"name": format!("c{i}"), "expression": expression}))
            .collect();
        json!(all)
    };
    let matched = |expressions: &[&str]| {
        let set =
            set(&[policy(json!({"matchConditions": conditions(expressions)})), binding("b", json!({}))]);
        let evaluation = evaluate(&set);
        (evaluation.matched.len(), evaluation.findings.first().map(|finding| finding.message.clone()))
    };
    assert_eq!(matched(&["object.metadata.name == 'web'"]), (1, Some("no".to_owned())));
    assert_eq!(matched(&["request.userInfo.username == 'bob'"]), (0, None));
    assert_eq!(matched(&["object.nothing.here", "false"]), (0, None));
    let (count, message) = matched(&["object.nothing.here", "true"]);
    assert_eq!(count, 1);
    assert!(
        message
            .unwrap()
            .contains("match condition 'c0' of policy 'p' fails on this object: no such key: nothing")
    );
}

#[test]
fn the_failure_policy_decides_about_errors_and_about_nothing_else() {
    let broken = json!([{"expression": "object.spec.missing == 1"}]);
    let failed = said(json!({"validations": broken}));
    assert!(failed[0].1.contains("no such key: missing"), "{failed:?}");
    assert_eq!(failed[0].0, Severity::Error);
    assert!(!failed[0].2);
    assert_eq!(said(json!({"failurePolicy": "Ignore", "validations": broken})), []);
    assert_eq!(said(json!({"failurePolicy": "Ignore"}))[0].1, "no", "false is no error");
    let number = said(json!({"validations": [{"expression": "object.spec.replicas"}]}));
    assert!(number[0].1.contains("int instead of a bool"), "{number:?}");
}

#[test]
fn what_cannot_be_evaluated_here_is_incomplete_whatever_the_failure_policy_says() {
    for expression in [
        "authorizer.group('').resource('pods').namespace('lab').check('create').allowed()",
        "namespaceObject.metadata.labels['env'] == 'dev'",
        "lists.range(100000).all(a, lists.range(100000).all(b, true))",
        "authorizer.path('/healthz').check('get').allowed() || true",
    ] {
        for failure in ["Fail", "Ignore"] {
            let found = said(json!({"failurePolicy": failure, "validations": [{"expression": expression}]}));
            assert!(found.len() == 1 && found[0].2, "{expression} {failure}: {found:?}");
        }
    }
    let set = set(&[
        policy(json!({"validations": [{"expression": "authorizer.path('/x').check('get').allowed()"}]})),
        binding("b", json!({})),
    ]);
    assert!(set.list()[0].unsupported.as_deref().is_some_and(|what| what.contains("authorizer")));
    assert!(evaluate(&set).passed.is_empty());
}

#[test]
fn a_known_namespace_is_looked_at() {
    let set = set(&[
        policy(json!({"validations": [{"expression": "namespaceObject.metadata.labels['env'] == 'dev'"}]})),
        binding("b", json!({})),
    ]);
    let (pod, user) = (pod(), User::named("ann"));
    let namespace = json!({"metadata": {"name": "lab", "labels": {"env": "dev"}}});
    let review = Review { namespace: Some(&namespace), ..Review::create(&pod, &user) };
    assert_eq!(set.evaluate(&review).passed, ["p"]);
}

#[test]
fn a_policy_for_labelled_namespaces_says_that_it_may_not_apply() {
    let selector = json!({"matchResources": {"namespaceSelector": {"matchLabels": {"env": "prod"}}}});
    let finding = evaluate(&set(&[policy(json!({})), binding("b", selector)])).findings.remove(0);
    assert_eq!(finding.severity, Severity::Error);
    assert!(finding.hint.unwrap().contains("may not apply"));
}

#[test]
fn messages_are_computed_or_given_or_the_expression() {
    for (validation, expected) in [
        (
            json!({"expression": "false", "messageExpression": "'pod ' + object.metadata.name", "message": "m"}),
            "pod web",
        ),
        (json!({"expression": "false", "messageExpression": "object.x", "message": "m"}), "m"),
        (json!({"expression": "false", "messageExpression": "'  '", "message": "m"}), "m"),
        (json!({"expression": "false", "messageExpression": "'a\\nb'", "message": "m"}), "m"),
        (json!({"expression": "object.spec.replicas\n  > 5"}), "failed expression: object.spec.replicas > 5"),
    ] {
        assert_eq!(said(json!({"validations": [validation]}))[0].1, expected);
    }
}

#[test]
fn variables_are_lazy_and_an_unused_error_is_none() {
    let variables = json!([
        {"name": "broken", "expression": "object.nothing.here"},
        {"name": "double", "expression": "object.spec.replicas * 2"},
        {"name": "more", "expression": "variables.double + 1"},
    ]);
    let with =
        |expression: &str| said(json!({"variables": variables, "validations": [{"expression": expression}]}));
    assert_eq!(with("variables.more == 7 && variables.more - variables.double == 1"), []);
    assert_eq!(with("true || variables.broken"), []);
    assert!(with("has(variables.broken)")[0].1.contains("variables.broken: no such key: nothing"));
}

#[test]
fn an_update_sees_the_old_object_and_a_deletion_only_that() {
    let set = set(&[
        policy(json!({"validations": [{"expression":
            "request.operation == 'UPDATE' ? object.spec.replicas >= oldObject.spec.replicas : \
             object == null && oldObject.metadata.name == 'web'"}]})),
        binding("b", json!({})),
    ]);
    let (new, user, mut old) = (pod(), User::named("ann"), pod());
    let update = |old: &Value| {
        let review = Review { old: Some(old), operation: Operation::Update, ..Review::create(&new, &user) };
        set.evaluate(&review).findings.len()
    };
    assert_eq!(update(&old), 0);
    old["spec"]["replicas"] = json!(4);
    assert_eq!(update(&old), 1);
    let delete = Review { operation: Operation::Delete, ..Review::create(&new, &user) };
    assert_eq!(set.evaluate(&delete).findings, []);
}

#[test]
fn audit_annotations_are_kept_and_their_failure_denies() {
    let annotated = |value: &str| {
        let spec =
            json!({"validations": [], "auditAnnotations": [{"key": "image", "valueExpression": value}]});
        evaluate(&set(&[policy(spec), binding("b", json!({"validationActions": ["Audit"]}))]))
    };
    let written = annotated("object.spec.containers[0].image");
    assert_eq!(written.annotations, [("p/image".to_owned(), "nginx".to_owned())]);
    assert!(annotated("null").annotations.is_empty());
    assert_eq!(annotated("object.nothing").findings[0].severity, Severity::Error);
}

#[test]
fn an_object_of_another_shape_than_the_policys_version_is_incomplete() {
    let rules = json!({"resourceRules": [{"operations": ["*"], "apiGroups": ["autoscaling"], "apiVersions": ["v1"],
        "resources": ["horizontalpodautoscalers"]}]});
    let set = set(&[policy(json!({"matchConstraints": rules})), binding("b", json!({}))]);
    let scaler =
        json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "h"}});
    let evaluation = set.evaluate(&Review::create(&scaler, &User::named("ann")));
    assert!(evaluation.findings[0].incomplete);
}

#[test]
fn policies_are_not_asked_about_policies() {
    let set = set(&[policy(json!({})), binding("b", json!({}))]);
    let object = policy(json!({}));
    assert_eq!(set.evaluate(&Review::create(&object, &User::named("ann"))), Evaluation::default());
}

#[test]
fn a_folder_with_a_mistake_is_refused_with_all_of_them() {
    let bad = |spec: Value, expected: &str| {
        let found = errors(&[policy(spec), binding("b", json!({}))]);
        assert!(found.iter().any(|error| error.message.contains(expected)), "{expected}: {found:#?}");
    };
    bad(json!({"validation": []}), "no field 'validation'");
    bad(json!({"validations": [{"expresion": "true"}]}), "no field 'expresion'");
    bad(
        json!({"validations": [{"expression": "object.spec.("}]}),
        "spec.validations[0].expression does not compile",
    );
    bad(json!({"validations": [{"expression": "params.x == 1"}]}), "paramKind");
    bad(json!({"validations": [{"expression": "variables.x"}]}), "variables.x");
    bad(json!({"validations": []}), "needs validations");
    bad(json!({"failurePolicy": "Sometimes"}), "failurePolicy");
    bad(json!({"matchConstraints": {"resourceRules": []}}), "resourceRules is missing");
    bad(json!({"matchConstraints": {"rules": []}}), "unknown field `rules`");
    bad(json!({"matchConditions": [{"expression": "true"}]}), "name is missing");
    let bind = |spec: Value, expected: &str| {
        let found = errors(&[policy(json!({})), binding("b", spec)]);
        assert!(found.iter().any(|error| error.message.contains(expected)), "{expected}: {found:#?}");
    };
    bind(json!({"policyName": "other"}), "names the policy 'other', which is not here");
    bind(json!({"validationActions": ["Deny", "Warn"]}), "cannot stand together");
    bind(json!({"validationActions": []}), "needs Deny, Warn or Audit");
    bind(json!({"paramRef": {"name": "x", "parameterNotFoundAction": "Deny"}}), "has no paramKind");
    bind(json!({"paramRef": {"name": "x"}}), "parameterNotFoundAction");
    assert_eq!(errors(&[policy(json!({})), policy(json!({}))]).len(), 1);
}

#[test]
fn an_error_has_its_place() {
    let mut manifest = Manifest::rendered(policy(json!({"validations": [{"expression": "object.("}]})));
    manifest.file = Some("policies/p.yaml".into());
    manifest.locations.insert("/spec/validations/0".to_owned(), Location { line: 12, column: 5 });
    let found = PolicySet::from_manifests(&[manifest]).unwrap_err();
    assert!(
        found[0].to_string().starts_with("policies/p.yaml:12:5: ValidatingAdmissionPolicy/p: "),
        "{}",
        found[0]
    );
}

#[test]
fn other_engines_are_refused_by_name() {
    for (text, engine) in [
        ("apiVersion: mutations.gatekeeper.sh/v1\nkind: Assign\nmetadata: {name: x}", "Gatekeeper"),
        ("apiVersion: config.gatekeeper.sh/v1alpha1\nkind: Config\nmetadata: {name: x}", "Gatekeeper"),
        ("apiVersion: policies.kyverno.io/v1\nkind: MutatingPolicy\nmetadata: {name: x}", "Kyverno"),
        ("apiVersion: kyverno.io/v2\nkind: CleanupPolicy\nmetadata: {name: x}", "Kyverno"),
        (
            "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: x}",
            "webhooks",
        ),
    ] {
        let found = PolicySet::from_manifests(&documents(text)).unwrap_err();
        assert!(found[0].message.contains(engine), "{}", found[0]);
        assert!(!found[0].hint.is_empty());
    }
    let params = documents("apiVersion: example.com/v1\nkind: Limits\nmetadata: {name: x}\nmax: 3");
    assert!(PolicySet::from_manifests(&params).unwrap().is_empty());
}

#[test]
fn what_changes_objects_is_named_and_nothing_is_asked_of_it() {
    let text = "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicy\nmetadata: {name: sidecar}\nspec:\n  \
                matchConstraints: {resourceRules: [{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [pods]}]}\n\
                ---\napiVersion: admissionregistration.k8s.io/v1\nkind: MutatingAdmissionPolicyBinding\nmetadata: {name: \
                everywhere}\nspec: {policyName: sidecar}";
    let set = PolicySet::from_manifests(&documents(text)).unwrap();
    let list = set.list();
    let [only] = list.as_slice() else { panic!("{list:?}") };
    assert!(only.mutates && only.in_force && only.matches == ["pods"] && only.bindings == ["everywhere"]);
    assert!(evaluate(&set).matched.is_empty());
}

#[test]
fn a_constraint_that_is_a_policys_parameter_is_one() {
    let kind = json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Replicas"});
    let generated = policy(json!({
        "paramKind": kind,
        "validations": [{"expression": "object.spec.replicas <= params.spec.most"}],
    }));
    let bound = binding("b", json!({"paramRef": {"name": "x", "parameterNotFoundAction": "Deny"}}));
    let constraint = |most: u32| {
        json!({"apiVersion": kind["apiVersion"], "kind": kind["kind"], "metadata": {"name": "x"},
            "spec": {"most": most}})
    };
    let denied = |most| evaluate(&set(&[generated.clone(), bound.clone(), constraint(most)])).findings.len();
    assert_eq!((denied(3), denied(2)), (0, 1));
    // Without such a policy it belongs to a template of Gatekeeper.
    assert!(errors(&[constraint(3)])[0].message.contains("spec has no field 'most'"));
}

#[test]
fn the_values_of_a_secret_are_in_no_message() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "lab"},
        "stringData": {"password": "hunter2"}});
    let set = set(&[
        policy(json!({
            "validations": [
                {"expression": "false", "messageExpression": "'it is ' + object.stringData.password"},
                {"expression": "object.stringData.password + 1 == ''"},
                {"expression": "quantity(object.stringData.password).sign() == 1"},
            ],
            "auditAnnotations": [{"key": "k", "valueExpression": "object.stringData.password"}],
        })),
        binding("b", json!({})),
    ]);
    let evaluation = set.evaluate(&Review::create(&secret, &User::named("ann")));
    assert_eq!(evaluation.findings.len(), 3);
    assert!(!format!("{evaluation:?}").contains("hunter2"), "{evaluation:#?}");
}

#[test]
fn what_is_said_of_pods_is_known_of_what_makes_them() {
    let pods = json!({"resourceRules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}]});
    let told = |expression: &str, kind: &str| {
        let rule = policy(json!({"matchConstraints": pods, "validations": [{"expression": expression}]}));
        let kind = GroupVersionKind::new(if kind == "CronJob" { "batch/v1" } else { "apps/v1" }, kind);
        let user = User::named("ann");
        let intent = Intent {
            resource: Resource::guess(&kind),
            kind,
            node: None,
            namespace: None,
            placed: None,
            user: &user,
        };
        let shapes = set(&[rule, binding("b", json!({}))]).shapes(&intent);
        shapes.into_iter().map(|shape| (shape.of_pods, shape.told)).collect::<Vec<_>>()
    };
    let quiet = "!has(object.spec.hostNetwork)";
    let constraint = |kind: &str| match told(quiet, kind).as_slice() {
        [(true, Told::Constraint(schema))] => schema.clone(),
        other => panic!("{other:?}"),
    };
    let schema = constraint("Deployment");
    let network = "/properties/spec/properties/hostNetwork";
    assert_eq!(
        schema.pointer(&format!("/properties/spec/properties/template{network}")),
        Some(&json!(false))
    );
    let schema = constraint("CronJob");
    let way = "/properties/spec/properties/jobTemplate/properties/spec/properties/template";
    assert_eq!(schema.pointer(&format!("{way}{network}")), Some(&json!(false)));
    assert!(matches!(told("object.metadata.name != 'x'", "Deployment").as_slice(), [(true, Told::After(_))]));
    assert!(told(quiet, "ConfigMap").is_empty());
}

#[test]
fn what_was_not_asked_before_a_stop_is_incomplete() {
    let set = set(&[policy(json!({"validations": [{"expression": "true"}]})), binding("b", json!({}))]);
    let cancel = crate::cancel::Cancel::default();
    let (pod, user) = (pod(), User::named("ann"));
    let review = Review { cancel: Some(&cancel), ..Review::create(&pod, &user) };
    assert_eq!(set.evaluate(&review).findings, []);
    cancel.cancel();
    let findings = set.evaluate(&review).findings;
    assert!(
        matches!(findings.as_slice(), [one] if one.incomplete && one.rule == "policies-stopped"),
        "{findings:?}"
    );
}
