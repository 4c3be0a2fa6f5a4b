//! What a yes is to: a digest, one folder, and files that are still as they were; and the plan that is kept.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Target, config_map, generated};
use crate::apply::{ApplyError, Plan, read_plan, write_plan};
use crate::diff::MaskKey;
use crate::manifest::to_yaml;

/// What happens to a folder between plan and write.
type Meanwhile<'a> = (&'static str, &'a dyn Fn(&Target));

/// How somebody edits a plan file.
type Edit<'a> = (&'static str, &'a dyn Fn(&mut Value));

#[test]
fn a_stale_plan_writes_nothing() {
    let changes: [Meanwhile<'_>; 5] = [
        ("a byte", &|target| target.put("a.yaml", &format!("{}\n", to_yaml(&config_map("a", "1"))))),
        ("gone", &|target| fs::remove_file(target.path().join("a.yaml")).unwrap()),
        ("appeared elsewhere", &|target| target.put("b.yaml", &to_yaml(&config_map("b", "0")))),
        ("its file's name is taken", &|target| target.put("configmap-b.yaml", "x: 1\n")),
        ("kustomization", &|target| target.put("kustomization.yaml", "resources: [a.yaml, x.yaml]\n")),
    ];
    for (what, change) in changes {
        let target = Target::new(&[
            ("a.yaml", &to_yaml(&config_map("a", "1"))),
            ("kustomization.yaml", "resources: [a.yaml]\n"),
        ]);
        let plan = target.plan(&[config_map("a", "2"), config_map("b", "1")]);
        change(&target);
        let before = target.all();
        let error = target.write(plan).unwrap_err();
        assert!(matches!(error, ApplyError::Stale { .. }), "{what}: {error}");
        assert_eq!(target.all(), before, "{what}");
    }
}

#[test]
fn an_object_that_was_to_stay_as_it_is_must_still_be_so() {
    let target = Target::new(&[("a.yaml", &to_yaml(&config_map("a", "1")))]);
    let plan = target.plan(&[config_map("a", "1"), config_map("b", "1")]);
    target.put("a.yaml", &to_yaml(&config_map("a", "9")));
    assert!(matches!(target.write(plan), Err(ApplyError::Stale { .. })));
}

#[test]
fn the_digest_is_that_of_bytes_and_target() {
    let target = Target::new(&[("a.yaml", &to_yaml(&config_map("a", "1")))]);
    let digest = |value: &str| target.plan(&[config_map("a", value)]).digest;
    let first = digest("2");
    assert_eq!(first, digest("2"), "the same again");
    assert!(first.starts_with("sha256:") && first.len() == 71);
    assert_ne!(first, digest("3"), "the body");
    let other_mask = target.open().plan(&[config_map("a", "2")], &MaskKey::new([8; 32])).unwrap();
    assert_eq!(first, other_mask.digest, "not the mask");
    let elsewhere = Target::new(&[("a.yaml", &to_yaml(&config_map("a", "1")))]);
    assert_ne!(first, elsewhere.plan(&[config_map("a", "2")]).digest, "the folder");
    target.put("a.yaml", &format!("{} ", to_yaml(&config_map("a", "1"))));
    assert_ne!(first, digest("2"), "a byte of the target");
}

#[test]
fn findings_and_diff_do_not_bind() {
    let target = Target::new(&[]);
    let mut plan = target.plan(&[config_map("a", "1")]);
    let digest = plan.digest.clone();
    plan.findings.clear();
    plan.changes[0].diff.clear();
    plan.capacity.verdict = "fits".into();
    assert!(plan.confirm(&digest).is_ok());
}

#[test]
fn a_yes_is_to_one_plan() {
    let target = Target::new(&[]);
    let plan = target.plan(&[config_map("a", "1")]);
    let other = target.plan(&[config_map("a", "2")]).digest;
    assert!(plan.clone().confirm(&other).is_err());
    let mut edited = plan.clone();
    edited.changes[0].body = Some(config_map("a", "2"));
    let error = edited.confirm(&plan.digest).unwrap_err();
    assert_eq!(error.agreed, plan.digest);
    let mut forged = plan.clone();
    forged.changes[0].file = "../a.yaml".into();
    assert!(forged.confirm(&plan.digest).is_err());
}

#[test]
fn a_plan_is_for_one_folder() {
    let (here, there) = (Target::new(&[]), Target::new(&[]));
    let plan = here.plan(&[config_map("a", "1")]);
    let digest = plan.digest.clone();
    let error = there.open().write(plan.confirm(&digest).unwrap(), &|| false).unwrap_err();
    assert!(matches!(error, ApplyError::OtherTarget { .. }), "{error}");
    assert!(!there.path().exists());
}

#[test]
fn a_plan_whose_bytes_are_not_those_of_its_objects_is_refused() {
    let target = Target::new(&[]);
    let plan = target.plan(&[config_map("a", "1")]);
    let mut writes = plan.writes.clone();
    writes[0].after = format!("sha256:{}", "0".repeat(64));
    let plan = Plan::new(plan.target, plan.changes, writes, plan.findings, plan.capacity);
    assert!(matches!(target.write(plan), Err(ApplyError::Stale { .. })));
}

#[test]
fn a_plan_file_comes_back_as_it_was_and_an_edited_one_does_not() {
    let target = Target::new(&[("a.yaml", &to_yaml(&config_map("a", "1")))]);
    let plan = target.plan(&[config_map("a", "2"), generated("s")]);
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("plan.json");
    write_plan(&file, &plan).unwrap();
    assert_eq!(read_plan(&file).unwrap(), plan);
    let text = fs::read_to_string(&file).unwrap();
    let edit = |change: &dyn Fn(&mut Value)| {
        let mut document: Value = serde_json::from_str(&text).unwrap();
        change(&mut document);
        fs::write(&file, document.to_string()).unwrap();
        read_plan(&file)
    };
    assert!(edit(&|plan| plan["some-later-key"] = json!(1)).is_ok(), "keys may be added");
    let edits: [Edit<'_>; 6] = [
        ("body", &|plan| plan["changes"][0]["body"]["data"]["key"] = json!("3")),
        ("file", &|plan| plan["changes"][0]["file"] = json!("b.yaml")),
        ("folder", &|plan| plan["target"]["dir"] = json!("/elsewhere")),
        ("drawn", &|plan| plan["changes"][1]["drawn"] = json!([])),
        ("action", &|plan| plan["changes"][0]["action"] = json!("none")),
        ("digest", &|plan| plan["digest"] = json!("sha256:0")),
    ];
    for (what, change) in edits {
        let error = edit(change).unwrap_err();
        assert!(matches!(error, ApplyError::WrongDigest(_)), "{what}: {error}");
    }
    let unusable: [Edit<'_>; 3] = [
        ("version 2", &|plan| plan["version"] = json!(2)),
        ("it is no plan", &|plan| plan["target"] = json!({"cluster": "x", "context": "y"})),
        ("it is no plan", &|plan| plan["changes"] = json!(7)),
    ];
    for (why, change) in unusable {
        let error = edit(change).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    }
    fs::write(&file, "not json").unwrap();
    assert!(matches!(read_plan(&file), Err(ApplyError::PlanFile { .. })));
}
