//! What a plan says of a folder: which objects are there, and which cannot be planned.

use serde_json::{Value, json};

use super::{Target, config_map, mask};
use crate::apply::{Action, ApplyError, Checked};
use crate::manifest::to_yaml;

#[test]
fn a_new_folder_is_made_with_one_file_for_each_object() {
    let target = Target::new(&[]);
    let objects = [config_map("Settings.x", "1"), config_map("other", "2")];
    let plan = target.plan(&objects);
    assert_eq!(plan.files(), ["configmap-settings.x.yaml", "configmap-other.yaml"]);
    assert!(
        plan.changes.iter().all(|change| change.action == Action::Create && change.fingerprint.is_none())
    );
    assert!(!target.path().exists(), "planning writes nothing");
    let outcome = target.write(plan).unwrap();
    assert!(outcome.is_complete());
    assert_eq!(outcome.written, ["configmap-settings.x.yaml", "configmap-other.yaml"]);
    assert_eq!(target.text("configmap-other.yaml"), to_yaml(&objects[1]));
    assert_eq!(target.all().len(), 2, "no temporary file is left");
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let target = Target::new(&[("mine.yaml", &to_yaml(&config_map("a", "1")))]);
    let plan = target.plan(&[config_map("a", "1")]);
    assert_eq!(plan.changes[0].action, Action::None);
    assert!(plan.is_empty());
    assert!(plan.changes[0].diff.is_empty());
    assert!(target.write(plan).unwrap().written.is_empty());
}

#[test]
fn another_spelling_of_the_same_is_no_change() {
    let claim = |size: &str| {
        json!({
            "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "home"},
            "spec": {"resources": {"requests": {"storage": size}}},
        })
    };
    let target = Target::new(&[("home.yaml", &to_yaml(&claim("1024Mi")))]);
    assert!(target.plan(&[claim("1Gi")]).is_empty());
    assert_eq!(target.plan(&[claim("2Gi")]).files(), ["home.yaml"]);
}

#[test]
fn another_version_of_the_api_is_the_same_object() {
    let old = "apiVersion: apps/v1beta1\nkind: Deployment\nmetadata: {name: web, namespace: team-a}\n";
    let target = Target::new(&[("web.yaml", old)]);
    let new = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "team-a"}});
    let plan = target.plan(std::slice::from_ref(&new));
    assert_eq!(plan.files(), ["web.yaml"]);
    let elsewhere = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "team-b"}});
    assert_eq!(target.plan(&[elsewhere]).files(), ["deployment-web.yaml"]);
}

#[test]
fn a_file_that_does_not_parse_is_a_finding_and_stays() {
    let broken = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: team-a}\n---\na: [\n";
    let target = Target::new(&[("configmap-b.yaml", broken), ("values.yaml", "replicas: 2\n")]);
    let plan = target.plan(&[config_map("b", "1")]);
    assert_eq!(plan.files(), ["configmap-b-team-a.yaml"]);
    let [finding] = &plan.findings[..] else { panic!("{:?}", plan.findings) };
    assert_eq!(
        (finding.rule.as_str(), finding.file.as_deref()),
        ("target-file-unread", Some("configmap-b.yaml"))
    );
    assert!(finding.line.is_some_and(|line| line >= 5), "{finding:?}");
    let error = target.open().plan(&[config_map("a", "1")], &mask()).unwrap_err();
    assert!(matches!(error, ApplyError::CannotEdit { .. }), "{error}");
    target.write(plan).unwrap();
    assert_eq!(target.text("configmap-b.yaml"), broken);
}

#[test]
fn an_object_that_stands_twice_is_not_guessed_at() {
    let text = to_yaml(&config_map("a", "1"));
    let target = Target::new(&[("base/a.yaml", &text), ("overlay/a.yaml", &text)]);
    let error = target.open().plan(&[config_map("a", "2")], &mask()).unwrap_err();
    assert!(error.to_string().contains("base/a.yaml:1, overlay/a.yaml:1"), "{error}");
}

#[test]
fn an_item_of_a_list_is_known_and_not_edited() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [config_map("a", "1")]});
    let target =
        Target::new(&[("list.yaml", &to_yaml(&list)), ("b.json", &config_map("b", "1").to_string())]);
    assert!(target.plan(&[config_map("a", "1"), config_map("b", "1")]).is_empty());
    for name in ["a", "b"] {
        let error = target.open().plan(&[config_map(name, "2")], &mask()).unwrap_err();
        assert!(matches!(error, ApplyError::CannotEdit { .. }), "{error}");
    }
}

#[test]
fn objects_that_cannot_be_told_apart_are_refused() {
    let target = Target::new(&[]);
    let nameless = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"generateName": "x-"}});
    for (objects, why) in
        [(vec![nameless], "no metadata.name"), (vec![config_map("a", "1"), config_map("a", "2")], "twice")]
    {
        let error = target.open().plan(&objects, &mask()).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn the_document_has_the_documented_keys() {
    let target = Target::new(&[("a.yaml", &to_yaml(&config_map("a", "1")))]);
    let document = target.plan(&[config_map("a", "2")]).document();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&document), ["version", "digest", "target", "changes", "writes", "findings", "capacity"]);
    assert_eq!(keys(&document["target"]), ["dir"]);
    assert_eq!(
        keys(&document["changes"][0]),
        ["action", "object", "fingerprint", "body", "drawn", "loses", "checked", "diff", "file"]
    );
    assert_eq!(document["changes"][0]["action"], "change");
    assert_eq!(document["changes"][0]["checked"], json!(Checked::Local));
    assert_eq!(document["changes"][0]["diff"], json!([{"path": "/data/key", "from": "1", "to": "2"}]));
    assert_eq!(document["capacity"]["verdict"], "unknown");
}

#[test]
fn charts_and_hidden_folders_are_no_manifests() {
    let target = Target::new(&[
        ("chart/Chart.yaml", "name: x\n"),
        ("chart/templates/a.yaml", "{{ .Values }}: [\n"),
        (".git/a.yaml", "a: [\n"),
    ]);
    let opened = target.open();
    assert!(opened.findings().is_empty() && opened.objects().next().is_none());
}
