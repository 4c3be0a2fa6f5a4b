//! Policies of files beside those of the cluster that the objects go to: what is left to its dry-run, and what is not.
#![allow(clippy::needless_pass_by_value, reason = "`json!` literals are handed in")]

use serde_json::{Value, json};

use super::semantics::{binding, pod, policy, set};
use crate::finding::Severity;
use crate::manifest::Manifest;
use crate::policy::*;

fn mixed(files: &[Value], cluster: &[Value]) -> Result<PolicySet, Vec<PolicyError>> {
    let rendered = |objects: &[Value]| objects.iter().cloned().map(Manifest::rendered).collect::<Vec<_>>();
    let (manifests, cluster) = (rendered(files), rendered(cluster));
    PolicySet::open(Sources { manifests: &manifests, cluster: &cluster, ..Sources::default() })
}

/// Severity and whether it is incomplete, of everything that is said of the Pod.
fn said(set: &PolicySet, is_derived: bool) -> Vec<(Severity, bool)> {
    let (pod, user) = (pod(), User::named("ann"));
    let review = Review { is_derived, ..Review::create(&pod, &user) };
    set.evaluate(&review).findings.iter().map(|finding| (finding.severity, finding.incomplete)).collect()
}

#[test]
fn what_a_cluster_asks_itself_is_left_to_it_and_nothing_else() {
    let asks =
        policy(json!({"validations": [{"expression": "authorizer.path('/x').check('get').allowed()"}]}));
    let of_cluster = binding("b", json!({}));
    let mixed_set = mixed(&[], &[asks.clone(), of_cluster.clone()]).unwrap();
    assert_eq!(said(&mixed_set, false), [(Severity::Warning, false)]);
    assert_eq!(
        said(&mixed_set, true),
        [(Severity::Error, true)],
        "the Pods of an object are not all asked about there"
    );
    // The cluster knows nothing of a file's binding.
    let mixed_set = mixed(&[binding("mine", json!({}))], &[asks, of_cluster]).unwrap();
    assert_eq!(said(&mixed_set, false), [(Severity::Warning, false), (Severity::Error, true)]);

    let capped = policy(json!({"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"},
        "validations": [{"expression": "object.spec.replicas <= int(params.data.max)"}]}));
    let reference =
        json!({"paramRef": {"name": "max", "namespace": "policies", "parameterNotFoundAction": "Deny"}});
    let mixed_set = mixed(&[], &[capped.clone(), binding("b", reference.clone())]).unwrap();
    assert_eq!(
        said(&mixed_set, false),
        [(Severity::Warning, false)],
        "a parameter may be there and not be readable"
    );
    assert_eq!(said(&set(&[capped, binding("b", reference)]), false), [(Severity::Error, false)]);
}

fn template(kind: &str, rego: &str) -> Value {
    json!({"apiVersion": "templates.gatekeeper.sh/v1", "kind": "ConstraintTemplate", "metadata": {"name": kind.to_lowercase()},
        "spec": {"crd": {"spec": {"names": {"kind": kind}}}, "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": rego}]}})
}

fn constraint(kind: &str, name: &str) -> Value {
    json!({"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": kind, "metadata": {"name": name}})
}

#[test]
fn of_objects_that_are_not_all_known_nothing_follows_on_a_cluster() {
    let synced = "package c\nviolation[{\"msg\": \"not synced\"}] { not data.inventory.cluster }";
    let objects = [template("Synced", synced), constraint("Synced", "c")];
    assert_eq!(said(&mixed(&[], &objects).unwrap(), false), [(Severity::Warning, false)]);
}

#[test]
fn a_file_is_not_in_force_by_what_only_a_cluster_can_read() {
    let broken = template("Broken", "package b\nviolation[{");
    let left = mixed(&[], &[broken.clone(), constraint("Broken", "theirs")]).unwrap();
    assert_eq!(left.left_to_server().len(), 1);
    let errors = mixed(&[constraint("Broken", "mine")], &[broken]).unwrap_err();
    assert!(errors[0].message.contains("the constraint 'mine' is of the kind Broken"), "{errors:?}");
    // A policy that the cluster generates of a template takes its constraints as parameters; a folder's are in force.
    let mut generated =
        policy(json!({"paramKind": {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Never"}}));
    generated["metadata"]["name"] = json!("gatekeeper-never");
    let never = template("Never", "package n\nviolation[{\"msg\": \"never\"}] { true }");
    let mixed_set = mixed(&[never, constraint("Never", "mine")], &[generated]).unwrap();
    assert_eq!(said(&mixed_set, false), [(Severity::Error, false)]);
    // Constraints of two kinds may have one name.
    let two = [
        template("A", "package a\nviolation[{\"msg\": \"a\"}] { true }"),
        constraint("A", "same"),
        template("B", "package b\nviolation[{\"msg\": \"b\"}] { true }"),
        constraint("B", "same"),
    ];
    assert_eq!(said(&set(&two), false).len(), 2);
}

/// A rule of Kyverno for Pods.
fn kyverno(name: &str, rules: Value, spec: Value) -> Value {
    let mut policy = json!({"apiVersion": "kyverno.io/v1", "kind": "ClusterPolicy", "metadata": {"name": name}, "spec": spec});
    policy["spec"]["rules"] = rules;
    policy
}

#[test]
fn what_a_cluster_changes_first_it_judges_otherwise() {
    let pods = json!({"any": [{"resources": {"kinds": ["Pod"]}}]});
    let team = json!({"name": "team", "match": pods,
        "validate": {"failureAction": "Enforce", "message": "a team", "pattern": {"metadata": {"labels": {"team": "?*"}}}}});
    let adds = json!({"name": "adds", "match": {"any": [{"resources": {"kinds": ["v1/Pod"]}}]},
        "mutate": {"patchStrategicMerge": {"metadata": {"labels": {"+(team)": "x"}}}}});
    let alone = kyverno("teams", json!([team]), json!({}));
    assert_eq!(said(&mixed(&[], std::slice::from_ref(&alone)).unwrap(), false), [(Severity::Error, false)]);
    let both = kyverno("teams", json!([adds, team]), json!({}));
    assert_eq!(said(&mixed(&[], std::slice::from_ref(&both)).unwrap(), false), [(Severity::Warning, false)]);
    // One that is asked in the background only says nothing when an object is written.
    let background = kyverno("teams", json!([team]), json!({"admission": false}));
    assert_eq!(said(&mixed(&[], &[background]).unwrap(), false), []);
    // A folder's policy of the same name is the one that is evaluated, with all of its rules.
    let mine = kyverno(
        "teams",
        json!([{"name": "other", "match": pods, "validate": {"pattern": {"kind": "Pod"}}}]),
        json!({}),
    );
    assert_eq!(said(&mixed(&[mine], &[alone]).unwrap(), false), []);
}

#[test]
fn a_constraint_that_leaves_namespaces_out_is_known_of_a_namespace() {
    let mut cap = constraint("Cap", "cap");
    cap["spec"] = json!({"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}], "excludedNamespaces": ["kube-*"]}});
    let mut template = template("Cap", "");
    let source = json!({"validations": [{"expression": "!has(variables.anyObject.spec.hostNetwork)"}]});
    template["spec"]["targets"] = json!([{"target": "admission.k8s.gatekeeper.sh",
        "code": [{"engine": "K8sNativeValidation", "source": source}]}]);
    let (set, user) = (set(&[template, cap]), User::named("ann"));
    let kind = crate::manifest::GroupVersionKind::new("v1", "Pod");
    let shapes = |placed| {
        let (kind, resource) = (kind.clone(), Resource::guess(&kind));
        set.shapes(&Intent { kind, resource, node: None, namespace: None, placed, user: &user })
    };
    assert!(matches!(shapes(None)[0].told, Told::After(_)), "{:?}", shapes(None));
    assert!(matches!(shapes(Some("lab"))[0].told, Told::Constraint(_)), "{:?}", shapes(Some("lab")));
    assert_eq!(shapes(Some("kube-system")), []);
}
