//! Secrets: values that are drawn, filled in or kept in files of their own, and are never shown.

use std::fs;
use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use super::{CANARY, Target, config_map, generated, mask};
use crate::apply::{ApplyError, read_plan, write_plan};
use crate::manifest::{Budget, Manifest, parse, parse_value, to_yaml};

#[test]
fn what_is_wrong_with_a_secret_is_not_told_with_its_text() {
    let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  k: *{CANARY}\n");
    let target = Target::new(&[("s.yaml", &text)]);
    let plan = target.plan(&[config_map("b", "1")]);
    assert_eq!((plan.findings.len(), plan.findings[0].line), (1, Some(5)));
    assert!(!plan.document().to_string().contains(CANARY));
}

#[test]
fn a_generated_value_is_in_no_file_and_is_left_to_be_filled() {
    let target = Target::new(&[("kustomization.yaml", "namespace: lab\nnamePrefix: dev-\nresources: []\n")]);
    let plan = target.plan(&[generated("nb-token")]);
    let drawn = &plan.document()["changes"][0]["drawn"];
    assert_eq!(drawn[0]["path"], "/data/token");
    assert_eq!(drawn[0]["kind"], "hex");
    let outcome = target.write(plan).unwrap();
    let written =
        parse_value(target.text("secret-nb-token.yaml").as_bytes(), None, &Budget::default()).unwrap();
    assert!(written.get("data").is_none() && written.get("stringData").is_none());
    let [secret] = &outcome.unfilled[..] else { panic!("{outcome:?}") };
    assert_eq!((secret.name.as_str(), secret.namespace.as_deref()), ("dev-nb-token", Some("lab")));
    assert_eq!((secret.key.as_str(), secret.length), ("token", 48));
}

#[test]
fn a_value_beside_an_annotation_that_draws_it_is_refused() {
    let mut object = generated("s");
    object["stringData"] = json!({"token": CANARY});
    let error = Target::new(&[]).open().plan(&[object], &mask()).unwrap_err();
    assert!(
        error.to_string().contains("/stringData/token") && !error.to_string().contains(CANARY),
        "{error}"
    );
}

#[test]
fn a_generated_value_that_was_filled_in_is_never_rotated_nor_shown() {
    let mut old = generated("s");
    old["data"] = json!({"token": CANARY});
    let target = Target::new(&[("s.yaml", &to_yaml(&old))]);
    assert!(target.plan(&[generated("s")]).is_empty(), "the value makes no difference");
    let mut new = generated("s");
    new["metadata"]["labels"] = json!({"a": "b"});
    let plan = target.plan(&[new]);
    assert!(!plan.document().to_string().contains(CANARY));
    assert!(!format!("{plan:?} {:?}", target.open()).contains(CANARY));
    let outcome = target.write(plan).unwrap();
    assert!(outcome.unfilled.is_empty());
    let written = parse_value(target.text("s.yaml").as_bytes(), None, &Budget::default()).unwrap();
    assert_eq!(written["data"], json!({"token": CANARY}));
    assert_eq!(written["metadata"]["labels"], json!({"a": "b"}));
}

fn values_from(path: &Path) -> Vec<Manifest> {
    parse(&fs::read(path).unwrap(), Some(path.to_str().unwrap()), &Budget::default()).unwrap()
}

#[test]
fn secret_values_of_a_file_are_written_and_never_kept() {
    let folder = TempDir::new().unwrap();
    let source = folder.path().join("secret.yaml");
    fs::write(
        &source,
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\nstringData: {{k: {CANARY}}}\n"),
    )
    .unwrap();
    let old = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: 0ldc4nary0ld}\n";
    let target = Target::new(&[("s.yaml", old)]);
    let plan = target.open().plan_manifests(&values_from(&source), &mask()).unwrap();
    let file = folder.path().join("plan.json");
    write_plan(&file, &plan).unwrap();
    for shown in [plan.document().to_string(), format!("{plan:?}"), fs::read_to_string(&file).unwrap()] {
        assert!(!shown.contains(CANARY) && !shown.contains("0ldc4nary0ld"), "{shown}");
    }
    let masked = &plan.changes[0].diff;
    assert!(masked.iter().any(|change| change.path == "/stringData/k"), "{masked:?}");
    assert!(plan.findings.iter().any(|finding| finding.rule == "secret-values-in-folder"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let read = read_plan(&file).unwrap();
    assert_eq!(read.digest, plan.digest);
    target.write(read).unwrap();
    assert!(target.text("s.yaml").contains(CANARY));
    fs::write(&source, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {k: other}\n")
        .unwrap();
    let error = read_plan(&file).unwrap_err();
    assert!(matches!(error, ApplyError::Stale { .. }), "{error}");
    fs::remove_file(&source).unwrap();
    assert!(matches!(read_plan(&file), Err(ApplyError::PlanFile { .. })));
}

#[cfg(unix)]
#[test]
fn files_with_secret_values_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let target = Target::new(&[]);
    let object =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": CANARY}});
    target.write(target.plan(&[object, config_map("a", "1")])).unwrap();
    let mode = |name: &str| fs::metadata(target.path().join(name)).unwrap().permissions().mode();
    assert_eq!(mode("secret-s.yaml") & 0o077, 0);
    assert_ne!(mode("configmap-a.yaml") & 0o400, 0);
}

#[test]
fn secret_values_without_a_file_cannot_be_kept() {
    let object =
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "stringData": {"k": CANARY}});
    let target = Target::new(&[]);
    let plan = target.plan(&[object]);
    assert!(!plan.document().to_string().contains(CANARY));
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("plan.json");
    assert!(matches!(write_plan(&file, &plan), Err(ApplyError::ValuesWithoutFile { .. })));
    assert!(!file.exists());
}
