//! Where an object goes: into its own document, into the kustomization, under a name that is free.

use serde_json::json;

use super::{Target, config_map};
use crate::apply::{Action, ApplyWith};
use crate::manifest::to_yaml;

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
