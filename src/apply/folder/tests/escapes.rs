//! Nothing is written outside the folder, through a link or by a path.

use super::{Target, config_map};
use crate::apply::{ApplyError, Plan};

#[cfg(unix)]
mod links {
    use std::fs;
    use std::os::unix::fs::symlink;

    use tempfile::TempDir;

    use super::{ApplyError, Target, config_map};
    use crate::apply::Action;
    use crate::apply::folder::FolderTarget;
    use crate::manifest::to_yaml;

    #[test]
    fn nothing_is_written_through_a_link() {
        let outside = TempDir::new().unwrap();
        fs::write(outside.path().join("a.yaml"), to_yaml(&config_map("a", "1"))).unwrap();
        let target = Target::new(&[("team-a/x.yaml", &to_yaml(&config_map("x", "1")))]);
        symlink(outside.path().join("a.yaml"), target.path().join("a.yaml")).unwrap();
        let plan = target.plan(&[config_map("a", "2")]);
        assert_eq!(plan.changes[0].action, Action::Create, "what stands behind a link is not of this folder");
        assert!(plan.findings.iter().any(|finding| finding.file.as_deref() == Some("a.yaml")));
        // The sub-folder becomes a link after the plan.
        fs::remove_dir_all(target.path().join("team-a")).unwrap();
        symlink(outside.path(), target.path().join("team-a")).unwrap();
        let error = target.write(plan).unwrap_err();
        assert!(matches!(error, ApplyError::Escapes { .. }), "{error}");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_became_a_link_is_refused() {
        let outside = TempDir::new().unwrap();
        let other = outside.path().join("other.yaml");
        fs::write(&other, to_yaml(&config_map("a", "1"))).unwrap();
        let target = Target::new(&[("a.yaml", &to_yaml(&config_map("a", "1")))]);
        let plan = target.plan(&[config_map("a", "2")]);
        fs::remove_file(target.path().join("a.yaml")).unwrap();
        symlink(&other, target.path().join("a.yaml")).unwrap();
        let error = target.write(plan).unwrap_err();
        assert!(matches!(error, ApplyError::Escapes { .. }), "{error}");
        assert_eq!(fs::read_to_string(&other).unwrap(), to_yaml(&config_map("a", "1")));
    }

    #[test]
    fn the_folder_itself_may_be_reached_through_a_link() {
        let target = Target::new(&[("a.yaml", &to_yaml(&config_map("a", "1")))]);
        let link = target.folder.path().join("link");
        symlink(target.path(), &link).unwrap();
        let linked = FolderTarget::open(&link).unwrap();
        assert_eq!(linked.id(), target.open().id());
        assert!(linked.id().is_folder(&link));
        // The folder becomes a link between opening and writing.
        let (opened, plan) = (target.open(), target.plan(&[config_map("b", "1")]));
        let moved = target.folder.path().join("moved");
        fs::rename(target.path(), &moved).unwrap();
        symlink(&moved, target.path()).unwrap();
        let digest = plan.digest.clone();
        let error = opened.write(plan.confirm(&digest).unwrap(), &|| false).unwrap_err();
        assert!(matches!(error, ApplyError::OtherTarget { .. }), "{error}");
        symlink(target.folder.path().join("nowhere"), target.folder.path().join("dangling")).unwrap();
        assert!(FolderTarget::open(&target.folder.path().join("dangling/sub")).is_err());
    }
}

#[test]
fn paths_that_lead_out_or_are_no_manifests_are_refused() {
    let target = Target::new(&[]);
    for file in ["../a.yaml", "/tmp/a.yaml", "a/../../b.yaml", ".git/config.yaml", ".bashrc", "run.sh", ""] {
        let mut plan = target.plan(&[config_map("a", "1")]);
        file.clone_into(&mut plan.changes[0].file);
        file.clone_into(&mut plan.writes[0].file);
        // Somebody who makes plans by hand can make a digest too.
        let plan = Plan::new(plan.target, plan.changes, plan.writes, plan.findings, plan.capacity);
        let error = target.write(plan).unwrap_err();
        assert!(matches!(error, ApplyError::Escapes { .. }), "{file}: {error}");
    }
    assert!(!target.path().exists());
}
