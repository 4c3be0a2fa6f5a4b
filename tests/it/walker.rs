//! The schema walker: what can be written under it and what cannot.

use std::time::Duration;

use serde_json::{Value, json};

use kubectl_copilot::constraint::walk::rules::Rules;
use kubectl_copilot::constraint::walk::{Ground, Number, Said, Source, Walk, Written, text};
use kubectl_copilot::constraint::{Author, Choice, Prompt, Taken};
use kubectl_copilot::draft::{Facts, free};
use kubectl_copilot::manifest::{Budget, ObjectKey, parse_value};
use kubectl_copilot::model::{Backend, Cancel, Scripted};
use kubectl_copilot::schema::SchemaSet;

use crate::free_requests::rows;

fn rules() -> &'static Rules {
    Rules::builtin().expect("whole")
}

fn said(text: &str) -> Said {
    let numbers = text
        .split(|c: char| !c.is_ascii_digit())
        .filter_map(|digits| digits.parse().ok())
        .map(|value| Number { value, seconds: false, at: Vec::new() })
        .collect();
    let words = text.split_whitespace().map(|word| word.trim_matches([',', '.']).to_owned()).collect();
    let mut said = Said::of(text);
    said.numbers = numbers;
    said.words = words;
    said
}

/// Writes `text` (without its head, which the walk settles) and gives the object.
fn write(kind: &str, said: &Said, text: &str) -> Result<(Value, Vec<Written>), String> {
    let set = SchemaSet::bundled(None).expect("bundled");
    let info = set.find_kind(kind)[0];
    let schema = set.kind(&info.gvk).expect("served");
    let mut walk = Walk::new(schema, &["web".to_owned()], &[], said, rules());
    let head =
        format!("apiVersion: {}\nkind: {}\nmetadata:\n  name: web\n", info.gvk.api_version(), info.gvk.kind);
    let mut backend = Scripted::new(Vec::new()).with_texts([format!("{head}{text}```\n")]);
    let prompt = Prompt { prefix: String::new(), body: String::new() };
    backend.write(&prompt, &mut walk, &Cancel::default()).map_err(|error| error.to_string())?;
    if let Some(missing) = walk.missing() {
        return Err(format!("missing {missing}"));
    }
    walk.finish().ok_or_else(|| "no end".to_owned())
}

/// As [`write`]; what was written is what the object says.
#[track_caller]
fn write_all(kind: &str, said: &Said, text: &str) -> Result<(Value, Vec<Written>), String> {
    let (object, written) = write(kind, said, text)?;
    let whole = parse_value(text.as_bytes(), None, &Budget::default()).expect("YAML");
    assert_eq!(object["spec"], whole["spec"], "what was written is what the object says");
    Ok((object, written))
}

const INGRESS: &str = "\
spec:
  ingressClassName: nginx
  rules:
  - host: shop.example.com
    http:
      paths:
      - path: /
        pathType: Prefix
        backend:
          service:
            name: web
            port:
              number: 8080
";

#[test]
fn an_ingress_is_written_under_its_schema() {
    let said = said("an nginx ingress for shop.example.com to the service web on port 8080");
    let (object, written) = write_all("Ingress", &said, INGRESS).expect("written");
    assert_eq!(
        object["spec"]["rules"][0]["http"]["paths"][0]["backend"]["service"]["port"]["number"],
        json!(8080)
    );
    let source = |path: &str| written.iter().find(|one| one.path.ends_with(path)).map(|one| one.source);
    assert_eq!(source("/host"), Some(Source::Said));
    assert_eq!(source("/number"), Some(Source::Said));
    assert_eq!(source("/pathType"), Some(Source::Model), "nobody said it");
}

#[test]
fn keys_may_come_in_any_order_and_what_is_required_cannot_be_left_out() {
    let said = said("an nginx ingress for a.example.com to web on 80");
    let late = INGRESS
        .replace("      - path: /\n        pathType: Prefix\n", "      - pathType: Prefix\n        path: /\n")
        .replace("8080", "80")
        .replace("shop", "a");
    assert!(write_all("Ingress", &said, &late).is_ok());
    let without = late.replace(
        "      - pathType: Prefix\n        path: /\n        backend",
        "      - path: /\n        backend",
    );
    let error = write("Ingress", &said, &without).expect_err("pathType is required");
    assert!(error.contains("```"), "{error}");
}

#[test]
fn a_field_that_does_not_exist_and_a_number_that_nobody_said_cannot_be_written() {
    let said = said("an ingress for a.example.com to web on 80");
    let invented = INGRESS.replace("ingressClassName", "className");
    assert!(write("Ingress", &said, &invented).expect_err("no such field").contains("className"));
    let other = INGRESS.replace("8080", "9090");
    assert!(write("Ingress", &said, &other).expect_err("nobody said it").contains("9090"));
}

#[test]
fn a_probe_has_one_handler_and_a_job_ends_with_a_restart_policy() {
    let mut said = said("a job web with busybox:1.36 and a liveness probe on /ready port 8080");
    said.images = vec!["busybox:1.36".to_owned()];
    let job = "spec:\n  template:\n    spec:\n      containers:\n      - name: web\n        image: busybox:1.36\n        livenessProbe:\n          httpGet:\n            path: /ready\n            port: 8080\n";
    assert!(write_all("Job", &said, &format!("{job}      restartPolicy: Never\n")).is_ok());
    assert!(write("Job", &said, job).is_err(), "restartPolicy is missing");
    let two = job.replace(
        "            port: 8080\n",
        "            port: 8080\n          tcpSocket:\n            port: 8080\n",
    );
    assert!(write("Job", &said, &format!("{two}      restartPolicy: Never\n")).is_err());
    let always = format!("{job}      restartPolicy: Always\n");
    assert!(write("Job", &said, &always).is_err());
}

#[test]
fn what_nobody_said_and_nothing_needs_is_left_out() {
    let mut said =
        said("a pod web with busybox:1.36, env LOG_LEVEL=debug, mounted at /data from the claim corpus");
    said.images = vec!["busybox:1.36".to_owned()];
    said.pairs = vec![("LOG_LEVEL".to_owned(), "debug".to_owned())];
    let container = "spec:\n  containers:\n  - name: web\n    image: busybox:1.36\n    env:\n    - name: LOG_LEVEL\n      value: debug\n";
    let mount = "    volumeMounts:\n    - name: data\n      mountPath: /data\n";
    let volume = "  volumes:\n  - name: data\n    persistentVolumeClaim:\n      claimName: corpus\n";
    let whole = format!("{container}{mount}{volume}");
    let (object, _) = write_all("Pod", &said, &whole).expect("all of it was said");
    let more = format!(
        "{container}    - name: REDIS_PASSWORD\n      value: secret\n{mount}  - name: side\n    image: busybox:1.36\n{volume}"
    );
    let (other, written) = write("Pod", &said, &more).expect("written");
    assert_eq!(other["spec"], object["spec"], "neither a variable nor the same container again");
    assert!(written.iter().all(|one| one.ground != Ground::Made), "{written:?}");
}

#[test]
fn what_a_server_wrote_and_nobody_said_is_told_and_not_taken() {
    let mut said = said("a pod web with busybox:1.36");
    said.images = vec!["busybox:1.36".to_owned()];
    let set = SchemaSet::bundled(None).expect("bundled");
    let kind = set.kind(&set.find_kind("Pod")[0].gvk).expect("served");
    let mut walk = Walk::new(kind, &["web".to_owned()], &[], &said, rules());
    let container = json!({"name": "web", "image": "busybox:1.36", "workingDir": "/srv", "env": [{"name": "TOKEN", "value": "abc"}]});
    let wrote = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web"}, "spec": {"containers": [container]}});
    let refused = walk.admit(&wrote).expect("the rest of it is whole").join("; ");
    let (object, _) = walk.finish().expect("an end");
    assert_eq!(object["spec"], json!({"containers": [{"name": "web", "image": "busybox:1.36"}]}));
    assert!(refused.contains("/srv") && refused.contains("TOKEN"), "{refused}");
}

#[test]
fn a_value_that_is_needed_stays_though_nobody_said_it() {
    let said = said("an nginx ingress for a.example.com on 80");
    let text = INGRESS.replace("8080", "80").replace("shop", "a").replace("name: web", "name: frontdoor");
    let (_, written) = write_all("Ingress", &said, &text).expect("written");
    let made: Vec<&str> =
        written.iter().filter(|one| one.ground == Ground::Made).map(|one| one.path.as_str()).collect();
    assert_eq!(made, ["/spec/rules/0/http/paths/0/backend/service/name"]);
}

#[test]
fn an_image_that_nobody_named_is_missing_and_not_invented() {
    let said = said("a pod web");
    let text = "spec:\n  containers:\n  - name: web\n    image: nginx\n";
    assert_eq!(write("Pod", &said, text).expect_err("no image"), "missing image");
}

#[test]
fn the_largest_kind_is_begun_without_reading_it_all() {
    let set = SchemaSet::bundled(None).expect("bundled");
    let said = said("a deployment web");
    for info in set.kinds() {
        let mut walk =
            Walk::new(set.kind(&info.gvk).expect("served"), &["web".to_owned()], &[], &said, rules());
        walk.next().expect("the name");
        walk.take(&Taken {
            text: " web\n".into(),
            index: 0,
            score: None,
            sampled: 0,
            evaluated: Duration::ZERO,
        })
        .expect("taken");
        match walk.next() {
            Ok(Some(step)) => {
                assert!(matches!(step.choice, Choice::OneOf(texts) if !texts.is_empty()), "{info:?}")
            }
            Ok(None) => assert!(walk.missing().is_some(), "{info:?}"),
            Err(error) => assert!(error.contains("nothing can be written"), "{info:?}: {error}"),
        }
    }
}

/// An amount that is a whole number is written as one.
fn numeric(value: &mut Value, amount: bool) {
    match value {
        Value::Object(map) => {
            for (key, inner) in map {
                let holds = matches!(
                    key.as_str(),
                    "hard"
                        | "limits"
                        | "requests"
                        | "default"
                        | "defaultRequest"
                        | "max"
                        | "min"
                        | "averageValue"
                );
                numeric(inner, amount || holds);
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|inner| numeric(inner, false)),
        Value::String(text) if amount => {
            if let Ok(number) = text.parse::<i64>() {
                *value = Value::from(number);
            }
        }
        _ => {}
    }
}

/// What code fills in after the walk.
fn unwired(object: &Value) -> Value {
    let mut object = object.clone();
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    let workload = matches!(kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet");
    if let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut).filter(|_| workload) {
        spec.remove("selector");
        if let Some(template) = spec.get_mut("template").and_then(Value::as_object_mut) {
            template.remove("metadata");
        }
    }
    if matches!(kind.as_str(), "Role" | "ClusterRole") {
        for rule in object.get_mut("rules").and_then(Value::as_array_mut).into_iter().flatten() {
            if let Some(rule) = rule.as_object_mut() {
                rule.remove("apiGroups");
            }
        }
    }
    if let Some(role) = object.get_mut("roleRef").and_then(Value::as_object_mut) {
        role.remove("apiGroup");
    }
    numeric(&mut object, false);
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(subject) = subject.as_object_mut() {
            subject.remove("apiGroup");
        }
    }
    object
}

#[test]
fn every_reference_of_the_requests_can_be_written() {
    let set = SchemaSet::bundled(None).expect("bundled");
    let mut failed = Vec::new();
    let mut all = 0;
    for row in rows() {
        for manifest in row.reference() {
            let object = unwired(&manifest.object);
            let key = ObjectKey::of(&object);
            let Some(kind) = set.kind(&key.gvk()) else { continue };
            all += 1;
            let said = free::said::said(&row.request, &Facts::builtin().lex(&row.request, 0));
            let namespaces: Vec<String> = key.namespace.iter().cloned().collect();
            let mut walk = Walk::new(kind, std::slice::from_ref(&key.name), &namespaces, &said, rules());
            let mut backend = Scripted::new(Vec::new()).with_texts([format!("{}```\n", text(&object))]);
            let prompt = Prompt { prefix: String::new(), body: String::new() };
            let outcome = backend.write(&prompt, &mut walk, &Cancel::default());
            if let Err(error) = outcome {
                failed.push(format!("{} {}: {error}", row.id, key.kind));
            } else if let Some(missing) = walk.missing() {
                failed.push(format!("{} {}: missing {missing}", row.id, key.kind));
            }
        }
    }
    println!("{} of {all} cannot be written:\n{}", failed.len(), failed.join("\n"));
    assert!(failed.len() * 20 <= all, "{} of {all}", failed.len());
}
