//! Writing: what cannot be written, what is interrupted, and what is said of it.

use std::cell::Cell;
use std::fs;

use serde_json::json;
use tempfile::TempDir;

use super::{Target, config_map};
use crate::apply::folder::FolderTarget;
use crate::manifest::to_yaml;

#[test]
fn what_cannot_be_written_is_said_and_nothing_is() {
    let target = Target::new(&[("a.yaml", &to_yaml(&config_map("a", "1")))]);
    let path = target.path().join("a.yaml");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let before = target.all();
    let error = target.write(target.plan(&[config_map("b", "1"), config_map("a", "2")])).unwrap_err();
    assert!(error.to_string().contains("read-only; nothing was written"), "{error}");
    assert_eq!(target.all(), before);
    // A file stands where the target's parent was to be.
    let target = Target { folder: TempDir::new().unwrap() };
    let plan = target.plan(&[config_map("a", "1")]);
    fs::write(target.path(), "").unwrap();
    let digest = plan.digest.clone();
    assert!(FolderTarget::open(&target.path()).is_err());
    fs::remove_file(target.path()).unwrap();
    let opened = target.open();
    fs::write(target.path(), "").unwrap();
    assert!(opened.write(plan.confirm(&digest).unwrap(), &|| false).is_err());
}

#[test]
fn folders_that_were_made_in_vain_go_again() {
    let target = Target::new(&[("team-a/x.yaml", &to_yaml(&config_map("x", "1")))]);
    let path = target.path().join("team-a/x.yaml");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let mut other = config_map("y", "1");
    other["metadata"]["namespace"] = json!("team-b");
    assert!(target.write(target.plan(&[other, config_map("x", "2")])).is_err());
    assert!(!target.path().join("team-b").exists());
}

#[test]
fn a_failure_between_two_files_says_what_is_there_and_what_is_not() {
    let target = Target::new(&[("c.yaml", &to_yaml(&config_map("c", "1")))]);
    let plan = target.plan(&[config_map("a", "1"), config_map("b", "1"), config_map("c", "2")]);
    // Somebody takes the name of the second file while the first one is put in place.
    let outcome = target
        .write_until(plan, &|| {
            if target.path().join("configmap-a.yaml").exists() {
                target.put("configmap-b.yaml", "theirs: true\n");
            }
            false
        })
        .unwrap();
    assert!(outcome.is_partly_applied());
    assert_eq!(outcome.written, ["configmap-a.yaml"]);
    assert_eq!(outcome.not_written, ["configmap-b.yaml", "c.yaml"]);
    let failure = outcome.failure.unwrap();
    assert!(failure.contains("'configmap-b.yaml' has appeared") && !failure.contains("nothing"), "{failure}");
    assert_eq!(target.text("configmap-b.yaml"), "theirs: true\n");
    assert_eq!(target.text("c.yaml"), to_yaml(&config_map("c", "1")));
    assert_eq!(target.all().len(), 3, "no temporary file is left");
}

#[test]
fn a_change_between_reading_and_renaming_is_not_overwritten() {
    let target = Target::new(&[
        ("a.yaml", &to_yaml(&config_map("a", "1"))),
        ("b.yaml", &to_yaml(&config_map("b", "1"))),
    ]);
    let plan = target.plan(&[config_map("a", "2"), config_map("b", "2")]);
    let theirs = to_yaml(&config_map("b", "theirs"));
    let asked = Cell::new(0);
    let outcome = target
        .write_until(plan, &|| {
            asked.set(asked.get() + 1);
            if asked.get() == 2 {
                target.put("b.yaml", &theirs);
            }
            false
        })
        .unwrap();
    assert_eq!((outcome.written.len(), outcome.not_written.len()), (1, 1));
    assert_eq!(target.text("b.yaml"), theirs);
}

#[test]
fn a_stop_comes_between_two_files() {
    let target = Target::new(&[]);
    let objects = [config_map("a", "1"), config_map("b", "1")];
    let outcome = target.write_until(target.plan(&objects), &|| true).unwrap();
    assert!(outcome.interrupted && outcome.written.is_empty());
    assert!(!target.path().exists());
    let stop = || target.path().join("configmap-a.yaml").exists();
    let outcome = target.write_until(target.plan(&objects), &stop).unwrap();
    assert!(outcome.interrupted);
    assert_eq!(outcome.written, ["configmap-a.yaml"]);
    assert_eq!(outcome.not_written, ["configmap-b.yaml"]);
}
