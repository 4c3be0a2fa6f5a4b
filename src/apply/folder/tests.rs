//! A folder as a target, end to end: plan, confirm, write.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::FolderTarget;
use crate::apply::secret::GENERATE_ANNOTATION;
use crate::apply::{Action, ApplyError, ApplyOutcome, ApplyWith, Checked, Plan, read_plan, write_plan};
use crate::diff::MaskKey;
use crate::manifest::DRAFT_ANNOTATION;
use crate::manifest::{Budget, Manifest, parse, parse_value, to_yaml};

/// Stands for every value that must not be seen.
const CANARY: &str = "c4naryc4naryc4nary";

struct Target {
    folder: TempDir,
}

impl Target {
    fn new(files: &[(&str, &str)]) -> Self {
        let target = Self { folder: TempDir::new().unwrap() };
        for (name, text) in files {
            target.put(name, text);
        }
        target
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("target")
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn open(&self) -> FolderTarget {
        FolderTarget::open(&self.path()).unwrap()
    }

    fn plan(&self, objects: &[Value]) -> Plan {
        self.open().plan(objects, &mask()).unwrap()
    }

    fn write(&self, plan: Plan) -> Result<ApplyOutcome, ApplyError> {
        self.write_until(plan, &|| false)
    }

    fn write_until(&self, plan: Plan, stop: &dyn Fn() -> bool) -> Result<ApplyOutcome, ApplyError> {
        let digest = plan.digest.clone();
        self.open().write(plan.confirm(&digest).unwrap(), stop)
    }

    /// Every file with its text, hidden ones too.
    fn all(&self) -> Vec<(String, String)> {
        fn walk(folder: &Path, root: &Path, found: &mut Vec<(String, String)>) {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, root, found);
                } else {
                    let name = path.strip_prefix(root).unwrap().display().to_string();
                    found.push((name, fs::read_to_string(&path).unwrap_or_default()));
                }
            }
        }
        let mut found = Vec::new();
        walk(&self.path(), &self.path(), &mut found);
        found.sort();
        found
    }
}

/// What happens to a folder between plan and write.
type Meanwhile<'a> = (&'static str, &'a dyn Fn(&Target));

/// How somebody edits a plan file.
type Edit<'a> = (&'static str, &'a dyn Fn(&mut Value));

fn mask() -> MaskKey {
    MaskKey::new([7; 32])
}

fn config_map(name: &str, value: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "team-a", "annotations": {DRAFT_ANNOTATION: "{}"}},
        "data": {"key": value},
    })
}

fn generated(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": name, "annotations": {
            DRAFT_ANNOTATION: "{}", GENERATE_ANNOTATION: r#"{"token":{"kind":"hex","length":48}}"#,
        }},
        "type": "Opaque",
    })
}

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
fn only_its_own_document_is_replaced() {
    let before = "# head\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: first}   # kept as it is\n---\n# of a\n";
    let after = "---\n\n# last\nkind: Service\napiVersion: v1\nmetadata: {\"name\":  \"s\"}\n";
    let target = Target::new(&[("all.yaml", &format!("{before}{}{after}", to_yaml(&config_map("a", "1"))))]);
    let new = config_map("a", "2");
    let plan = target.plan(std::slice::from_ref(&new));
    assert_eq!(plan.changes[0].action, Action::Change);
    target.write(plan).unwrap();
    assert_eq!(target.text("all.yaml"), format!("{before}{}{after}", to_yaml(&new)));
}

#[test]
fn two_documents_of_one_file_change_in_one_write() {
    let file = format!("{}---\n{}", to_yaml(&config_map("a", "1")), to_yaml(&config_map("b", "1")));
    let target = Target::new(&[("all.yaml", &file)]);
    let plan = target.plan(&[config_map("b", "long\ntext\n"), config_map("a", "2")]);
    assert_eq!(plan.files(), ["all.yaml"]);
    target.write(plan).unwrap();
    let expected =
        format!("{}---\n{}", to_yaml(&config_map("a", "2")), to_yaml(&config_map("b", "long\ntext\n")));
    assert_eq!(target.text("all.yaml"), expected);
}

#[test]
fn the_work_of_others_is_replaced_only_with_a_word() {
    let old = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: team-a\n# why so\ndata:\n  key: '1' # one\n";
    let target = Target::new(&[("a.yaml", old)]);
    let plan = target.plan(&[config_map("a", "1")]);
    assert_eq!(plan.changes[0].action, Action::Replace);
    let rules: Vec<&str> = plan.findings.iter().map(|finding| finding.rule.as_str()).collect();
    assert_eq!(rules, ["target-object-of-others", "target-comments-lost"]);
    assert!(plan.findings[1].message.starts_with("2 comments"));
    assert_eq!(plan.findings[0].file.as_deref(), Some("a.yaml"));
    assert_eq!(plan.findings[0].line, Some(1));
}

#[test]
fn new_files_join_the_kustomization_and_its_comments_stay() {
    let kustomization = "# ours\nresources:\n  - a.yaml # first\n\n# images below\nimages: []\n";
    let target =
        Target::new(&[("kustomization.yaml", kustomization), ("a.yaml", &to_yaml(&config_map("a", "1")))]);
    let plan = target.plan(&[config_map("a", "2"), config_map("b", "1")]);
    assert_eq!(plan.files(), ["configmap-b.yaml", "a.yaml", "kustomization.yaml"], "it comes last");
    let outcome = target.write(plan).unwrap();
    assert_eq!(
        target.text("kustomization.yaml"),
        "# ours\nresources:\n  - a.yaml # first\n  - configmap-b.yaml\n\n# images below\nimages: []\n"
    );
    assert_eq!(
        outcome.apply_with,
        [ApplyWith::Kustomization(outcome.target.dir().unwrap_or_default().to_owned())]
    );
    assert!(target.plan(&[config_map("b", "1")]).is_empty());
}

#[test]
fn a_kustomization_that_cannot_be_edited_is_left_alone_and_said_so() {
    let text = "{resources: [a.yaml]}\n";
    let target = Target::new(&[("kustomization.yaml", text)]);
    let plan = target.plan(&[config_map("b", "1")]);
    assert_eq!(plan.files(), ["configmap-b.yaml"]);
    let finding = plan.findings.iter().find(|finding| finding.rule == "kustomization-unchanged").unwrap();
    assert!(finding.hint.as_ref().unwrap().contains("- configmap-b.yaml"));
    target.write(plan).unwrap();
    assert_eq!(target.text("kustomization.yaml"), text);
}

#[test]
fn the_folders_own_habit_is_followed_where_it_is_clear() {
    let labelled = |name: &str, application: &str| {
        let mut object = config_map(name, "1");
        object["metadata"]["labels"] = json!({"app.kubernetes.io/name": application});
        object
    };
    let by_namespace = Target::new(&[("team-a/x.yaml", &to_yaml(&config_map("x", "1")))]);
    let mut other = config_map("y", "1");
    other["metadata"]["namespace"] = json!("team-b");
    let plan = by_namespace.plan(&[config_map("y", "1"), other]);
    assert_eq!(plan.files(), ["team-a/configmap-y.yaml", "team-b/configmap-y.yaml"]);
    let outcome = by_namespace.write(plan).unwrap();
    assert!(matches!(&outcome.apply_with[..], [ApplyWith::Folder { recursive: true, .. }]));
    let by_application = Target::new(&[("web/x.yaml", &to_yaml(&labelled("x", "web")))]);
    assert_eq!(by_application.plan(&[labelled("y", "db")]).files(), ["db/configmap-y.yaml"]);
    let both = Target::new(&[("team-a/x.yaml", &to_yaml(&labelled("x", "team-a")))]);
    assert_eq!(
        both.plan(&[labelled("y", "db")]).files(),
        ["configmap-y.yaml"],
        "not clear: the folder itself"
    );
    let outside = labelled("y", "../..");
    assert_eq!(by_application.plan(&[outside]).files(), ["configmap-y.yaml"]);
}

#[test]
fn a_name_that_is_taken_is_not_taken_again() {
    let target = Target::new(&[("ConfigMap-A.yaml", "x: 1\n"), ("configmap-a-team-a.yaml", "x: 1\n")]);
    assert_eq!(target.plan(&[config_map("a", "1")]).files(), ["configmap-a-2.yaml"]);
    let mut other = config_map("b", "1");
    other["metadata"]["namespace"] = json!("team-b");
    let plan = target.plan(&[config_map("b", "1"), other]);
    assert_eq!(plan.files(), ["configmap-b.yaml", "configmap-b-team-b.yaml"]);
    let long = config_map(&"n".repeat(250), "1");
    let plan = target.plan(&[long]);
    assert!(plan.files()[0].len() < 230);
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
fn what_is_wrong_with_a_secret_is_not_told_with_its_text() {
    let text = format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: s}}\ndata:\n  k: *{CANARY}\n");
    let target = Target::new(&[("s.yaml", &text)]);
    let plan = target.plan(&[config_map("b", "1")]);
    assert_eq!((plan.findings.len(), plan.findings[0].line), (1, Some(5)));
    assert!(!plan.document().to_string().contains(CANARY));
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

#[cfg(unix)]
mod links {
    use std::os::unix::fs::symlink;

    use super::*;

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
