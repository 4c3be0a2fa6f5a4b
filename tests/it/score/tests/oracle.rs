//! Every request can be answered rightly, and every value that it states is measured: plain objects made
//! from the expected values are right, and wrong as soon as one of the values is left out.

use serde_json::{Map, Value, json};

use super::requests::rows;
use crate::score::{Expect, Row, Thing, score};

type Values = Map<String, Value>;

#[test]
fn every_request_can_be_answered_rightly() {
    for row in rows() {
        let score = score(&row, &answer(&row, &|thing| thing.values.clone()));
        assert!(score.right, "{}: {:?}", row.id, score.reasons);
    }
}

#[test]
fn every_stated_value_is_measured() {
    for (row, things) in drafted() {
        for facet in things.iter().flat_map(|thing| thing.values.iter()).filter(|pair| !is_default(pair)) {
            let without = |thing: &Thing| {
                let kept = thing.values.iter().filter(|pair| *pair != facet);
                kept.map(|(facet, value)| (facet.clone(), value.clone())).collect()
            };
            assert!(!score(&row, &answer(&row, &without)).right, "{}: {facet:?} is not measured", row.id);
        }
    }
}

#[test]
fn every_excluded_value_is_measured() {
    for (row, things) in drafted() {
        for (facet, value) in things.iter().flat_map(|thing| &thing.not) {
            let misread = |thing: &Thing| {
                let mut values = thing.values.clone();
                if thing.not.contains_key(facet) {
                    values.insert(facet.clone(), value.clone());
                }
                values
            };
            assert!(!score(&row, &answer(&row, &misread)).right, "{}: not {facet} {value}", row.id);
        }
    }
}

fn drafted() -> Vec<(Row, Vec<Thing>)> {
    let with_things = |row: Row| match &row.expect {
        Expect::Drafted { things } => Some((row.clone(), things.clone())),
        _ => None,
    };
    rows().into_iter().filter_map(with_things).collect()
}

/// What the objects below have anyway.
fn is_default((facet, value): &(&String, &Value)) -> bool {
    match facet.as_str() {
        "gpus" => **value == 0,
        "replicas" => **value == 1,
        _ => value.is_null(),
    }
}

fn answer(row: &Row, values: &dyn Fn(&Thing) -> Values) -> Value {
    match &row.expect {
        Expect::Drafted { things } => {
            let numbered = things.iter().enumerate();
            let objects = numbered.flat_map(|(number, thing)| objects(&thing.what, number, &values(thing)));
            let documents: Vec<String> = objects.map(|object| object.to_string()).collect();
            json!({"id": row.id, "yaml": documents.join("\n---\n")})
        }
        Expect::Asked { missing } => json!({"id": row.id, "asked": {"missing": missing}}),
        Expect::Declined => json!({"id": row.id, "declined": "no"}),
        Expect::Routed { verb, name } => json!({"id": row.id, "routed": {"verb": verb, "name": name}}),
    }
}

/// The plainest objects that hold these values.
fn objects(what: &str, number: usize, values: &Values) -> Vec<Value> {
    let of = |facet: &str| values.get(facet).cloned().unwrap_or(Value::Null);
    let replicas = || values.get("replicas").cloned().unwrap_or(json!(1));
    let template = || json!({"spec": pod(values)});
    let job = || {
        let nodes = values.get("nodes").cloned().unwrap_or(json!(1));
        json!({
            "completions": nodes, "parallelism": nodes, "backoffLimit": of("retries"),
            "activeDeadlineSeconds": of("time_limit"), "template": template()
        })
    };
    let set = || json!({"replicas": replicas(), "template": template()});
    let mut objects = match what {
        "Notebook" => vec![(
            "StatefulSet",
            json!({"replicas": 1, "template": template(), "volumeClaimTemplates": [{"spec": claim(values)}]}),
        )],
        "TrainingJob" => vec![("Job", job())],
        "ModelServer" | "WebService" => vec![("Deployment", set()), ("PersistentVolumeClaim", claim(values))],
        "Storage" | "PersistentVolumeClaim" => vec![("PersistentVolumeClaim", claim(values))],
        "CronJob" => vec![("CronJob", json!({"schedule": of("schedule"), "jobTemplate": {"spec": job()}}))],
        "Job" => vec![("Job", job())],
        "Pod" => vec![("Pod", pod(values))],
        "Service" => {
            let selector = json!({"app": of("selector")});
            vec![(
                "Service",
                json!({"type": of("type"), "selector": selector, "ports": [{"port": of("port")}]}),
            )]
        }
        "ConfigMap" | "Namespace" => vec![(what, Value::Null)],
        kind => vec![(kind, set())],
    };
    if values.get("host").is_some_and(|host| !host.is_null()) {
        objects.push(("Ingress", json!({"rules": [{"host": of("host")}]})));
    }
    let name = values.get("name").cloned().unwrap_or_else(|| json!(format!("thing-{number}")));
    let mark = json!({"kind": what, "name": name}).to_string();
    let metadata = json!({
        "name": name, "namespace": of("namespace"), "labels": {"example.com/owner": of("owner")},
        "annotations": {"kubectl-copilot.dev/draft": mark}
    });
    let object = |(kind, spec)| json!({"kind": kind, "metadata": metadata, "spec": spec, "data": of("data")});
    objects.into_iter().map(object).collect()
}

fn pod(values: &Values) -> Value {
    let of = |facet: &str| values.get(facet).cloned().unwrap_or(Value::Null);
    let text = |facet: &str| values.get(facet).and_then(Value::as_str).unwrap_or_default();
    let software = text("software").replace(' ', ":");
    let image = if text("image").is_empty() { software } else { text("image").to_string() };
    let mut args: Vec<String> = text("command").split_whitespace().map(str::to_string).collect();
    if let Some(model) = values.get("model").and_then(Value::as_str) {
        args.extend(["--model".into(), model.into()]);
    }
    if let Some(length) = values.get("context_length") {
        args.push(format!("--max-model-len={length}"));
    }
    let env = values.get("env").and_then(Value::as_object).into_iter().flatten();
    let env: Vec<Value> = env.map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({
        "nodeSelector": {"nvidia.com/gpu.product": of("gpu_type")},
        "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": of("claim")}}],
        "containers": [{
            "image": image, "args": args, "env": env, "ports": [{"containerPort": of("port")}],
            "volumeMounts": [{"name": "data"}],
            "resources": {
                "requests": {"cpu": of("cpu"), "memory": of("memory")},
                "limits": {"nvidia.com/gpu": values.get("gpus").cloned().unwrap_or(json!(0))}
            }
        }]
    })
}

fn claim(values: &Values) -> Value {
    let size = values.get("size").or(values.get("disk")).cloned().unwrap_or(Value::Null);
    let of = |facet: &str| values.get(facet).cloned().unwrap_or(Value::Null);
    json!({
        "accessModes": [of("access_mode")], "storageClassName": of("storage_class"),
        "resources": {"requests": {"storage": size}}
    })
}
