//! The image catalogue, by itself and against the patterns that take its facts.

use serde_json::{Value, json};

use super::spec;
use crate::pattern::{Catalogue, PatternSet, Purpose};

#[test]
fn the_catalogue_can_be_read_and_is_consistent() {
    let catalogue = Catalogue::builtin();
    assert!(catalogue.iter().count() > 25);
    let mut ids: Vec<&str> = catalogue.iter().map(|entry| entry.id.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), catalogue.iter().count(), "ids are unique");
    for entry in catalogue.iter() {
        assert!(entry.uid > 0 && entry.gid > 0, "{}: the restricted standard has no root", entry.id);
        assert!(!entry.tag.is_empty() && entry.tag != "latest", "{}: a tag that moves", entry.id);
        assert!(entry.rootless || entry.reason.is_some(), "{}: why not?", entry.id);
        assert!(!entry.source.is_empty(), "{}: where from?", entry.id);
        let found = catalogue.by_reference(&entry.reference(None).unwrap()).unwrap();
        assert_eq!(found.repository, entry.repository);
        for name in &entry.software {
            assert_eq!(*name, name.to_lowercase(), "{}", entry.id);
        }
        let absolute = |path: &String| path.starts_with('/') && !path.ends_with('/');
        let folders = entry.writable.iter().chain(&entry.home).chain(&entry.data);
        assert!(folders.clone().all(absolute), "{}", entry.id);
        for name in &entry.secret_env {
            assert!(!entry.env.contains_key(name), "{}: {name} is no plain variable", entry.id);
        }
    }
}

#[test]
fn software_becomes_an_image() {
    let reference = |name: &str, version: Option<&str>| {
        Catalogue::builtin().by_software(name, version).map(|i| i.reference)
    };
    assert_eq!(reference("Postgres", Some("16")).as_deref(), Some("postgres:16"));
    assert_eq!(reference("postgresql", None).as_deref(), Some("postgres:17"));
    assert_eq!(reference("nginx", None).as_deref(), Some("nginxinc/nginx-unprivileged:1.29"));
    assert_eq!(reference("pytorch", Some("2.1")), None, "a version that cannot be had is not made up");
    assert_eq!(reference("postgres", Some("16 --privileged")), None);
    assert_eq!(reference("no-such-thing", None), None);
    let torch = Catalogue::builtin().by_software_for("torch", None, Purpose::Notebook).unwrap();
    assert!(torch.gpu_reference.unwrap().contains(":cuda"), "without such a tag the image is CPU only");
    assert!(Catalogue::builtin().software_names().contains(&"向量数据库"));
}

#[test]
fn a_reference_is_known_by_its_repository() {
    let id = |reference: &str| Catalogue::builtin().by_reference(reference).map(|entry| entry.id.as_str());
    for reference in
        ["postgres", "postgres:16-alpine", "docker.io/postgres:16", "docker.io/library/postgres@sha256:ab"]
    {
        assert_eq!(id(reference), Some("postgres"), "{reference}");
    }
    assert_eq!(id("registry.example.com/postgres:16"), None, "another registry, another image");
    assert_eq!(id("localhost:5000/postgres"), None);
    assert_eq!(id("tensorflow/tensorflow:2.19.0-gpu"), Some("tensorflow"));
    let postgres = Catalogue::builtin().by_reference("postgres:16-alpine").unwrap();
    assert_eq!((postgres.user("postgres:16-alpine"), postgres.user("postgres:16")), ((70, 70), (999, 999)));
}

/// Every service of the catalogue, rendered by name alone, carries the catalogue's facts.
#[test]
fn patterns_take_the_facts_of_the_catalogue() {
    let web = PatternSet::builtin().get("WebService").unwrap();
    let services = Catalogue::builtin().iter().filter(|entry| entry.purpose == Purpose::Service);
    for entry in services {
        let objects = web.expand("x", None, &spec(json!({ "software": entry.software[0] }))).unwrap();
        let find = |kind: &str| objects.iter().find(|object| object["kind"] == kind);
        let pod = &find("Deployment").unwrap()["spec"]["template"]["spec"];
        let container = &pod["containers"][0];
        let context = &pod["securityContext"];
        assert_eq!(container["image"], json!(entry.reference(None)), "{}", entry.id);
        assert_eq!(
            (&context["runAsUser"], &context["fsGroup"]),
            (&json!(entry.uid), &json!(entry.gid)),
            "{}",
            entry.id
        );
        assert_eq!(container["ports"][0]["containerPort"], json!(entry.port), "{}", entry.id);
        assert_eq!(find("Service").unwrap()["spec"]["ports"][0]["port"], json!(entry.port), "{}", entry.id);
        match &entry.health {
            Some(path) => {
                assert_eq!(container["readinessProbe"]["httpGet"]["path"], json!(path), "{}", entry.id)
            }
            None => assert!(container["readinessProbe"]["tcpSocket"].is_object(), "{}", entry.id),
        }
        let mounted = |path: &String| {
            let mounts = container["volumeMounts"].as_array().map(Vec::as_slice).unwrap_or_default();
            mounts.iter().any(|mount| mount["mountPath"] == json!(path))
        };
        let folders = entry.writable.iter().chain(&entry.home).chain(&entry.data);
        for folder in folders {
            assert!(mounted(folder), "{}: {folder} is not writable", entry.id);
        }
        assert_eq!(find("PersistentVolumeClaim").is_some(), entry.disk.is_some(), "{}", entry.id);
        let list = |list: &Vec<String>| if list.is_empty() { Value::Null } else { json!(list) };
        assert_eq!(container["args"], list(&entry.args), "{}", entry.id);
        let low = entry.port.is_some_and(|port| port < 1024);
        assert_eq!(context["sysctls"].is_array(), low, "{}: a low port needs unlocking", entry.id);
        match find("Secret") {
            None => assert!(entry.secret_env.is_empty(), "{}", entry.id),
            Some(secret) => {
                let text =
                    secret["metadata"]["annotations"]["kubectl-copilot.dev/generate"].as_str().unwrap();
                let drawn: Value = serde_json::from_str(text).unwrap();
                for name in &entry.secret_env {
                    assert_eq!(drawn[name], json!({ "kind": "hex", "length": 48 }), "{}", entry.id);
                }
                assert!(secret.get("data").is_none() && secret.get("stringData").is_none());
            }
        }
    }
}

#[test]
fn notebooks_run_as_their_image_wants() {
    let notebook = PatternSet::builtin().get("Notebook").unwrap();
    for entry in Catalogue::builtin().iter().filter(|entry| entry.purpose == Purpose::Notebook) {
        let objects = notebook.expand("x", None, &spec(json!({ "software": entry.software[0] }))).unwrap();
        let pod = &objects.last().unwrap()["spec"]["template"]["spec"];
        assert_eq!(pod["containers"][0]["image"], json!(entry.reference(None)), "{}", entry.id);
        assert_eq!(
            pod["securityContext"]["fsGroup"],
            json!(entry.gid),
            "without it the home cannot be written"
        );
        assert_eq!(pod["containers"][0]["volumeMounts"][0]["mountPath"], json!(entry.home));
        assert_eq!(pod["containers"][0]["readinessProbe"]["httpGet"]["path"], json!(entry.health));
    }
}
