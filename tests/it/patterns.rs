//! `pattern list | show | render | check`.

use crate::support::{Copilot, repository};

const CACHE: &str = r#"apiVersion: kro.run/v1alpha1
kind: ResourceGraphDefinition
metadata:
  name: cache
  annotations:
    kubectl-copilot.dev/description: A cache in memory.
spec:
  schema:
    apiVersion: v1alpha1
    kind: Cache
    spec:
      size: string | default="1Gi"
  resources:
  - id: config
    template:
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${schema.metadata.name}"}
      data: {size: "${schema.spec.size}"}
"#;

/// Every kind that `pattern list` names.
fn kinds(copilot: &Copilot) -> Vec<String> {
    let list = copilot.run(["pattern", "list"]).expect_code(0).stdout;
    let kinds = list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next());
    kinds.map(str::to_owned).collect()
}

#[test]
fn every_shipped_pattern_is_listed() {
    let copilot = Copilot::new();
    let kinds = kinds(&copilot);
    for folder in ["patterns", "patterns/native"] {
        for entry in std::fs::read_dir(repository::root().join(folder)).unwrap() {
            let path = entry.unwrap().path();
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if !text.contains("kind: ResourceGraphDefinition") {
                continue;
            }
            let kind = text.lines().filter_map(|line| line.strip_prefix("    kind: ")).next().unwrap();
            assert!(kinds.iter().any(|found| found == kind), "{kind} of {}", path.display());
        }
    }
}

#[test]
fn every_kind_can_be_shown_and_is_named_without_regard_to_case() {
    let copilot = Copilot::new();
    for kind in kinds(&copilot) {
        let output = copilot.run(["pattern", "show", &kind.to_lowercase()]).expect_code(0);
        assert!(output.stdout.starts_with(&format!("{kind} (")), "{}", output.stdout);
        assert!(output.stdout.contains("\nparameters:\n"), "{}", output.stdout);
    }
}

#[test]
fn a_kind_that_is_not_there_is_answered_with_those_that_are() {
    let copilot = Copilot::new();
    for verb in ["show", "render"] {
        let output = copilot.run(["pattern", verb, "Notbook"]).expect_code(2);
        assert_eq!(output.stdout, "");
        let hint = "error: there is no pattern 'Notbook'\nhint: did you mean Notebook? There are: Notebook, ";
        assert!(output.stderr.starts_with(hint), "{}", output.stderr);
        let output = copilot.run(["pattern", verb, "Mainframe"]).expect_code(2);
        assert!(output.stderr.contains("\nhint: There are: Notebook, "), "{}", output.stderr);
    }
}

#[test]
fn values_are_rendered() {
    let copilot = Copilot::new();
    let arguments = ["pattern", "render", "Notebook", "--name", "mira", "-n", "lab", "--set", "gpus=2"];
    let output = copilot.run(arguments).expect_code(0);
    assert_eq!(output.stderr, "");
    assert!(output.stdout.contains("nvidia.com/gpu: 2") || output.stdout.contains("nvidia.com/gpu: \"2\""));
    assert_eq!(
        output.stdout.matches("\n  namespace: lab\n").count(),
        output.stdout.matches("\nkind: ").count()
    );
}

#[test]
fn a_value_that_does_not_fit_is_one_error_with_a_hint() {
    let copilot = Copilot::new();
    for (set, error) in [
        ("gpus=many", "parameter 'gpus' of Notebook: "),
        ("gpus=-1", "parameter 'gpus' of Notebook"),
        ("wheels=4", "Notebook has no parameter 'wheels'"),
        ("gpus", "there is no '=' in it"),
        ("gpus={", "--set gpus:"),
    ] {
        let output = copilot.run(["pattern", "render", "Notebook", "--set", set]).expect_code(2);
        assert_eq!(output.stdout, "", "{set}");
        assert!(
            output.stderr.starts_with("error: ") && output.stderr.contains("\nhint: "),
            "{}",
            output.stderr
        );
        assert!(output.stderr.contains(error), "{set}\n{}", output.stderr);
    }
    let output = copilot.run(["pattern", "render", "Notebook", "--name", "No Name"]).expect_code(2);
    assert!(output.stderr.contains("'No Name"), "{}", output.stderr);
}

#[test]
fn what_is_shipped_is_fit_for_use_under_what_is_shipped() {
    let copilot = Copilot::new();
    for policies in [&[][..], &["--policies", "builtin"]] {
        let output = copilot.run(["pattern", "check"].iter().chain(policies)).expect_code(0);
        let kinds = kinds(&copilot);
        assert_eq!(output.stdout.lines().count(), kinds.len(), "{}", output.stdout);
        for kind in kinds {
            assert!(output.stdout.contains(&format!("{kind}: ok\n")), "{kind}\n{}", output.stdout);
        }
    }
}

#[test]
fn a_pattern_of_ones_own_is_checked_listed_and_rendered() {
    let copilot = Copilot::new();
    copilot.write("patterns/cache.yaml", CACHE);
    let output = copilot.run(["pattern", "check", "-f", "patterns"]).expect_code(0);
    assert_eq!(output.stdout, "Cache: ok\n");
    let list = copilot.run(["pattern", "list", "--patterns", "patterns"]).expect_code(0).stdout;
    assert!(list.contains("  Cache ") && list.contains("  Notebook "), "{list}");
    let output = copilot
        .run(["pattern", "render", "Cache", "--patterns", "patterns", "--set", "size=2Gi"])
        .expect_code(0);
    assert!(output.stdout.ends_with("data:\n  size: 2Gi\n"), "{}", output.stdout);
    copilot.run(["pattern", "render", "Cache"]).expect_code(2);
}

#[test]
fn a_pattern_of_ones_own_takes_the_place_of_a_shipped_one() {
    let copilot = Copilot::new();
    copilot.write("mine.yaml", &CACHE.replace("kind: Cache", "kind: Notebook"));
    let output = copilot.run(["pattern", "render", "Notebook", "--patterns", "mine.yaml"]).expect_code(0);
    assert!(output.stdout.contains("kind: ConfigMap"), "{}", output.stdout);
}

#[test]
fn an_error_in_a_pattern_has_file_line_and_column() {
    let copilot = Copilot::new();
    copilot.write("typo.yaml", &CACHE.replace("spec.size}", "spec.sise}"));
    copilot.write("syntax.yaml", &CACHE.replace("kind: Cache", "kind: Cache: x"));
    copilot.write("no-pattern.yaml", crate::support::samples::SERVICE);
    for (file, error) in [
        ("typo.yaml", "error: typo.yaml:19:20: resource 'config': it reads 'schema.spec.sise'"),
        ("syntax.yaml", "error: syntax.yaml:10:"),
        ("no-pattern.yaml", "error: no-pattern.yaml:2:7: v1 Service is not a pattern"),
    ] {
        for arguments in [["pattern", "check", "-f", file], ["pattern", "list", "--patterns", file]] {
            let output = copilot.run(arguments).expect_code(2);
            assert_eq!(output.stdout, "");
            assert!(output.stderr.starts_with(error), "{error}\n{}", output.stderr);
        }
    }
    let output = copilot.run(["pattern", "check", "-f", "typo.yaml"]).expect_code(2);
    assert!(output.stderr.contains("did you mean 'size'?"), "{}", output.stderr);
}

#[test]
fn a_pattern_that_policies_deny_is_not_ok() {
    let copilot = Copilot::new();
    let pod = r#"kind: Pod
      metadata: {name: "${schema.metadata.name}"}
      spec: {containers: [{name: cache, image: "evil.example.com/cache:1"}]}
"#;
    let template = CACHE.split("kind: ConfigMap").next().unwrap();
    copilot.write(
        "pod.yaml",
        &format!("{}{pod}", template.replace("size: string | default=\"1Gi\"", "size: string")),
    );
    let output = copilot.run(["pattern", "check", "-f", "pod.yaml", "--policies", "builtin"]).expect_code(1);
    assert!(output.stdout.starts_with("Cache: not ok\n"), "{}", output.stdout);
    assert!(output.stdout.contains("[policy/allowed-registries]"), "{}", output.stdout);
}
