//! The scorer can say no.

#![allow(clippy::needless_pass_by_value, reason = "`json!` at the call reads better than `&json!`")]

use serde_json::{Value, json};

use super::*;

/// A request for one object, with one right answer.
fn row(request: &str, expect: Value, reference: &str) -> Row {
    let row = json!({"id": "t-1", "lang": "en", "family": "test", "request": request, "expect": {"objects": [expect]},
        "reference": reference});
    serde_json::from_value(row).expect("a row")
}

fn scored(row: &Row, yaml: &str) -> Score {
    score(row, &json!({"id": "t-1", "yaml": yaml}), &Schemas::builtin())
}

#[track_caller]
fn ends(row: &Row, yaml: &str, outcome: Outcome, because: &str) {
    let score = scored(row, yaml);
    assert_eq!(score.outcome, outcome, "{:?}", score.reasons);
    assert!(
        score.reasons.iter().any(|reason| reason.contains(because)),
        "{because:?} not in {:?}",
        score.reasons
    );
}

const QUOTA: &str = "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: caps, namespace: lab}\nspec: {hard: {requests.cpu: \"4\"}}\n";

fn quota() -> Row {
    let has = json!({"metadata.name": "caps", "metadata.namespace": "lab", "spec.hard['requests.cpu']": 4});
    row("quota caps in lab: 4 cpus", json!({"kind": "ResourceQuota", "has": has}), QUOTA)
}

#[test]
fn right_wrong_and_refused_are_told_apart() {
    let row = quota();
    let right = scored(&row, &format!("Sure!\n```yaml\n{QUOTA}```\n"));
    assert_eq!((right.outcome, right.reasons.len()), (Outcome::Right, 0), "{:?}", right.reasons);
    ends(&row, &QUOTA.replace("\"4\"", "\"5\""), Outcome::Wrong, "requests.cpu");
    ends(&row, &QUOTA.replace(", namespace: lab", ""), Outcome::Wrong, "metadata.namespace");
    ends(&row, &QUOTA.replace("hard:", "hards:"), Outcome::Refused, "hards");
    ends(&row, &QUOTA.replace("ResourceQuota", "ResourceQuotas"), Outcome::Refused, "ResourceQuotas");
    ends(&row, "I'd rather: not: say", Outcome::Refused, "not read");
    ends(&row, "", Outcome::Wrong, "there is no ResourceQuota");
}

#[test]
fn an_object_that_nobody_asked_for_is_wrong() {
    let more = format!("{QUOTA}---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: lab}}\n");
    ends(&quota(), &more, Outcome::Wrong, "nobody asked for Namespace/lab");
    ends(&quota(), &format!("{QUOTA}---\n{QUOTA}"), Outcome::Wrong, "nobody asked for ResourceQuota/caps");
}

#[test]
fn a_statefulset_may_bring_the_service_that_it_names() {
    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec:\n  serviceName: db\n  selector: {matchLabels: {app: db}}\n  template:\n    metadata: {labels: {app: db}}\n    spec: {containers: [{name: db, image: \"redis:7\"}]}\n";
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {clusterIP: None, selector: {app: db}, ports: [{port: 6379}]}\n";
    let row =
        row("StatefulSet db, redis:7", json!({"kind": "StatefulSet", "has": {"metadata.name": "db"}}), set);
    assert_eq!(scored(&row, &format!("{set}---\n{service}")).outcome, Outcome::Right);
    let other = service.replace("clusterIP: None, ", "");
    ends(&row, &format!("{set}---\n{other}"), Outcome::Wrong, "nobody asked for Service/db");
}

#[test]
fn the_same_kind_of_another_group_is_another_kind() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {ports: [{port: 80}]}\n";
    let row = row("service a, port 80", json!({"kind": "Service", "has": {"metadata.name": "a"}}), service);
    ends(
        &row,
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: {name: a}\n",
        Outcome::Wrong,
        "no Service",
    );
}

#[test]
fn one_of_several_ways_is_enough_and_what_is_excluded_counts() {
    let pdb = |field: &str| {
        format!(
            "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {{name: a}}\nspec: {{{field}, selector: {{matchLabels: {{app: a}}}}}}\n"
        )
    };
    let expect = json!({"kind": "PodDisruptionBudget", "has": {"metadata.name": "a"}, "not": ["spec.minAvailable = 50%"],
        "anyOf": [[{"has": {"spec.maxUnavailable": 1}}, {"has": {"spec.minAvailable": "2"}}]]});
    let row = row("at most one of three down", expect, &pdb("maxUnavailable: 1"));
    assert_eq!(scored(&row, &pdb("maxUnavailable: 1")).outcome, Outcome::Right);
    assert_eq!(scored(&row, &pdb("minAvailable: 2")).outcome, Outcome::Right);
    ends(&row, &pdb("minAvailable: 1"), Outcome::Wrong, "spec.m");
    ends(&row, &pdb("minAvailable: 50%"), Outcome::Wrong, "says otherwise");
}

#[test]
fn answers_without_objects_are_counted_by_what_they_are() {
    let row = quota();
    let of = |answer: Value| score(&row, &answer, &Schemas::builtin()).outcome;
    assert_eq!(of(json!({"asked": "which namespace?"})), Outcome::Asked);
    assert_eq!(of(json!({"declined": "no"})), Outcome::Declined);
    assert_eq!(of(json!({"routed": {"verb": "capacity"}})), Outcome::Declined);
    assert_eq!(of(json!({"error": "out of length"})), Outcome::Error);
    assert_eq!(of(Value::Null), Outcome::Error);
}

#[test]
fn values_that_nobody_said_are_found_and_no_others() {
    let deployment = "apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {kubectl-copilot.dev/owner: ann}}
spec:
  replicas: 3
  strategy: {type: RollingUpdate, rollingUpdate: {maxSurge: 25%, maxUnavailable: 40%}}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web, tier: frontend}}
    spec:
      terminationGracePeriodSeconds: 30
      containers:
      - name: main
        image: docker.io/library/nginx:1.27
        imagePullPolicy: Always
        command: [sh, -c, nginx]
        resources: {limits: {memory: 64Gi, cpu: 500m}}
";
    let row = row(
        "Deployment web: nginx:1.27, three replicas, 64 gigs",
        json!({"kind": "Deployment", "has": {"spec.replicas": 3}}),
        deployment,
    );
    let unsaid = scored(&row, deployment).unsaid;
    let unsaid: Vec<&str> = unsaid.iter().map(|line| line.rsplit(": ").next().expect("a value")).collect();
    assert_eq!(unsaid, ["\"40%\"", "\"frontend\"", "\"500m\""]);
}

#[test]
fn the_table_adds_up() {
    let row = quota();
    let mut table = Table::default();
    table.add(&row, false, &scored(&row, QUOTA));
    table.add(&row, true, &scored(&row, &QUOTA.replace("\"4\"", "\"5\"")));
    table.add(&row, false, &scored(&row, ": :"));
    table.add(&row, false, &score(&row, &json!({"declined": "no"}), &Schemas::builtin()));
    let total = table.total;
    assert_eq!((total.rows, total.right, total.refused, total.wrong, total.not_drafted), (4, 1, 1, 1, 1));
    assert_eq!((total.unsaid, total.with_unsaid, table.custom.rows, table.chinese.rows), (1, 1, 1, 0));
    assert!(table.to_string().contains("all                  4      1   25.0 %"), "{table}");
}
