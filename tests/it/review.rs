//! `review -f PATH`: verdicts and exit codes, what is passed over, and what never reaches the terminal.

use crate::support::copilot::Output;
use crate::support::{Copilot, samples};

const GOOD: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: shop}
data: {level: info}
";

/// A warning: the image has no tag.
const UNTAGGED: &str = "apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop}
spec:
  containers:
  - {name: web, image: nginx}
";

const WIDGET: &str = "apiVersion: example.com/v1
kind: Widget
metadata: {name: one, namespace: shop}
spec: {size: 3}
";

const CRD: &str = "apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  names: {kind: Widget, plural: widgets}
  scope: Namespaced
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties: {spec: {type: object, properties: {size: {type: integer}}}}
";

fn review(copilot: &Copilot, arguments: &[&str]) -> Output {
    copilot.run(["review"].iter().chain(arguments).copied())
}

/// The rules of the findings, in their order.
fn rules(output: &Output) -> Vec<String> {
    let findings = output.json()["findings"].as_array().expect("findings").clone();
    findings.iter().map(|finding| finding["rule"].as_str().expect("a rule").to_owned()).collect()
}

#[test]
fn good_manifests_are_exit_code_0() {
    let copilot = Copilot::new();
    copilot.write("k8s/settings.yaml", GOOD);
    copilot.write("k8s/deep/web.yaml", samples::SERVICE);
    let output = review(&copilot, &["-f", "k8s"]).expect_code(0);
    assert_eq!(output.stderr, "");
    let last = output.stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("reviewed 2 objects in 2 files: 0 errors, 0 warnings"), "{last}");
    assert!(last.contains("policy: none") && last.contains("Kubernetes 1."), "{last}");
}

#[test]
fn the_document_has_all_keys_from_the_start() {
    let copilot = Copilot::new();
    copilot.write("settings.yaml", GOOD);
    copilot.write("README.md", "# not a manifest");
    let document = review(&copilot, &["-f", ".", "-o", "json"]).expect_code(0).json();
    assert_eq!(document["version"], 1);
    for (key, count) in [
        ("objects", 1),
        ("error", 0),
        ("warning", 0),
        ("info", 0),
        ("existing", 0),
        ("suppressed", 0),
        ("incomplete", 0),
    ] {
        assert_eq!(document["summary"][key], count, "{key}");
    }
    for key in ["findings", "changes", "impact"] {
        assert_eq!(document[key], serde_json::json!([]), "{key}");
    }
    assert_eq!(document["notReviewed"][0]["file"], "./README.md");
}

#[test]
fn a_wrong_manifest_is_exit_code_1_with_file_and_line() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", &samples::SERVICE.replace("ports:", "port:"));
    let output = review(&copilot, &["-f", "web.yaml"]).expect_code(1);
    assert!(output.stdout.contains("error web.yaml:7:"), "{}", output.stdout);
    assert!(output.stdout.contains("did you mean `ports`?"), "{}", output.stdout);
    let document = review(&copilot, &["-f", "web.yaml", "-o", "json"]).expect_code(1).json();
    let finding = &document["findings"][0];
    assert_eq!((&finding["file"], &finding["severity"]), (&"web.yaml".into(), &"error".into()));
    assert!(finding["line"].is_u64() && finding["column"].is_u64(), "{finding}");
    assert_eq!(finding["object"]["kind"], "Service");
}

#[test]
fn policies_are_evaluated_on_the_pods_too() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::POD);
    let output = review(&copilot, &["-f", "web.yaml", "--policies", "builtin", "-o", "json"]).expect_code(1);
    assert!(rules(&output).contains(&"policy/allowed-registries".to_owned()), "{:?}", rules(&output));
    assert!(output.json()["findings"].as_array().unwrap().iter().all(|finding| finding["line"].is_u64()));
    // A policy that asks the API server cannot be evaluated, and is not skipped.
    copilot.write("policies/ask.yaml", samples::POLICY_ABOUT_RIGHTS);
    copilot.write("service.yaml", samples::SERVICE);
    let output = review(&copilot, &["-f", "service.yaml", "--policies", "policies"]).expect_code(3);
    assert!(output.stdout.contains("1 not evaluated"), "{}", output.stdout);
}

#[test]
fn fail_on_says_from_which_severity_it_fails() {
    let copilot = Copilot::new();
    copilot.write("pod.yaml", UNTAGGED);
    copilot.write("wrong.yaml", &GOOD.replace("\ndata:", "\ndat:"));
    for (file, fail_on, code) in [
        ("pod.yaml", "error", 0),
        ("pod.yaml", "warning", 1),
        ("pod.yaml", "info", 1),
        ("pod.yaml", "never", 0),
        ("wrong.yaml", "error", 1),
        ("wrong.yaml", "never", 0),
    ] {
        let output = review(&copilot, &["-f", file, "--fail-on", fail_on]).expect_code(code);
        assert!(output.stdout.contains(file), "{file} {fail_on}\n{}", output.stdout);
    }
    assert!(review(&copilot, &["-f", "pod.yaml", "--fail-on", "fatal"]).expect_code(2).stdout.is_empty());
}

#[test]
fn a_kind_without_schema_is_incomplete_whatever_fail_on_says() {
    let copilot = Copilot::new();
    copilot.write("k8s/widget.yaml", WIDGET);
    for fail_on in ["error", "never"] {
        let output = review(&copilot, &["-f", "k8s", "--fail-on", fail_on]).expect_code(3);
        assert!(output.stdout.contains("k8s/widget.yaml:2:"), "{}", output.stdout);
        assert!(output.stdout.contains("--schemas PATH"), "{}", output.stdout);
    }
    copilot.write("crds/widget.yaml", CRD);
    review(&copilot, &["-f", "k8s", "--schemas", "crds"]).expect_code(0);
    // Among the files, in whatever order they are named.
    review(&copilot, &["-f", "k8s", "-f", "crds"]).expect_code(0);
    copilot.write("k8s/widget.yaml", &WIDGET.replace('3', "three"));
    let output = review(&copilot, &["-f", "k8s", "-f", "crds", "-o", "json"]).expect_code(1);
    assert_eq!(rules(&output), ["schema-type"]);
}

#[test]
fn a_broken_file_has_its_place_and_the_others_are_reviewed() {
    let copilot = Copilot::new();
    copilot.write("k8s/a.yaml", "apiVersion: v1\nkind: Pod\nmetadata: {name: [}\n");
    copilot.write("k8s/b.yaml", &GOOD.replace("\ndata:", "\ndat:"));
    std::fs::write(copilot.work().join("k8s/c.yaml"), b"kind: caf\xe9").expect("the file");
    let output = review(&copilot, &["-f", "k8s", "-o", "json"]).expect_code(1);
    let document = output.json();
    let places: Vec<String> = document["findings"]
        .as_array()
        .expect("findings")
        .iter()
        .map(|finding| {
            format!("{} {}:{}", finding["rule"], finding["file"], finding["line"]).replace('"', "")
        })
        .collect();
    let expected = [
        "manifest-unreadable k8s/a.yaml:3",
        "schema-unknown-field k8s/b.yaml:4",
        "manifest-unreadable k8s/c.yaml:1",
    ];
    assert_eq!(places, expected);
    assert_eq!(document["summary"]["objects"], 1);
}

#[test]
fn what_is_no_manifest_is_named_and_no_error() {
    let copilot = Copilot::new();
    copilot.write("k8s/settings.yaml", GOOD);
    copilot.write("k8s/kustomization.yaml", samples::KUSTOMIZATION);
    copilot.write("k8s/values.yaml", "replicas: 2\n");
    copilot.write("k8s/README.md", "# here");
    let output = review(&copilot, &["-f", "k8s"]).expect_code(0);
    for name in ["kustomization.yaml", "values.yaml", "README.md"] {
        assert!(output.stdout.contains(&format!("not reviewed: k8s/{name} (")), "{}", output.stdout);
    }
    // A patch is a part of an object; the kustomization that names it may be called `Kustomization`.
    copilot.write("overlay/Kustomization", "patches:\n- path: ../k8s/patch.yaml\n");
    copilot.write("k8s/patch.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n");
    review(&copilot, &["-f", "k8s"]).expect_code(1);
    let output = review(&copilot, &["-f", "k8s", "-f", "overlay"]).expect_code(0);
    assert!(output.stdout.contains("k8s/patch.yaml (a kustomize patch"), "{}", output.stdout);
    // Nothing but such files is no review.
    let output = review(&copilot, &["-f", "k8s/values.yaml"]).expect_code(2);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.starts_with("error: there is no object in what -f names"), "{}", output.stderr);
}

#[test]
fn a_chart_is_one_message_and_incomplete() {
    let copilot = Copilot::new();
    copilot.write("web/Chart.yaml", "apiVersion: v2\nname: web\n");
    copilot.write("web/values.yaml", "name: web\n");
    for name in ["a", "b"] {
        let template = GOOD.replace("settings", "{{ .Values.name }}");
        copilot.write(format!("web/templates/{name}.yaml"), &template);
    }
    let output = review(&copilot, &["-f", "web"]).expect_code(3);
    assert_eq!(output.stdout.matches("helm-template").count(), 1, "{}", output.stdout);
    assert!(output.stdout.contains("helm template web | kubectl copilot review -f -"), "{}", output.stdout);
}

#[test]
fn the_same_object_in_two_files_is_a_finding() {
    let copilot = Copilot::new();
    copilot.write("a.yaml", GOOD);
    copilot.write("b.yaml", GOOD);
    let output = review(&copilot, &["-f", ".", "--fail-on", "warning", "-o", "json"]).expect_code(1);
    assert_eq!(rules(&output), ["duplicate-object"]);
    let finding = &output.json()["findings"][0];
    assert_eq!(finding["file"], "./b.yaml");
    assert!(finding["message"].as_str().unwrap().contains("a.yaml:1"), "{finding}");
    // One file that is named twice is one file.
    review(&copilot, &["-f", "a.yaml", "-f", "./a.yaml", "--fail-on", "warning"]).expect_code(0);
}

#[test]
fn stdin_is_reviewed_as_a_file() {
    let wrong = GOOD.replace("\ndata:", "\ndat:");
    let output = review(&Copilot::new().with_stdin(wrong), &["-f", "-", "-o", "json"]).expect_code(1);
    assert_eq!(output.json()["findings"][0]["file"], "stdin");
    review(&Copilot::new().with_stdin(GOOD), &["-f", "-"]).expect_code(0);
    review(&Copilot::new(), &["-f", "-"]).expect_code(2);
}

#[cfg(unix)]
#[test]
fn a_link_out_of_the_folder_is_a_finding_and_not_followed() {
    let copilot = Copilot::new();
    copilot.write("k8s/settings.yaml", GOOD);
    copilot.write("secret.yaml", samples::SECRET);
    std::os::unix::fs::symlink("../secret.yaml", copilot.work().join("k8s/z.yaml")).expect("the link");
    let output = review(&copilot, &["-f", "k8s", "-o", "json"]).expect_code(1);
    assert_eq!(rules(&output), ["file-unread"]);
    let document = output.json();
    assert_eq!(
        (&document["findings"][0]["file"], &document["summary"]["objects"]),
        (&"k8s/z.yaml".into(), &1.into())
    );
}

#[test]
fn a_path_that_is_not_there_and_no_path_are_usage_errors() {
    let copilot = Copilot::new();
    let output = review(&copilot, &["-f", "absent.yaml"]).expect_code(2);
    assert!(output.stderr.contains("absent.yaml") && output.stderr.contains("check the path"));
    review(&copilot, &[]).expect_code(2);
}

#[test]
fn what_a_file_says_never_acts_on_the_terminal() {
    let copilot = Copilot::new();
    let hostile = GOOD
        .replace("settings", "\"x\\e[2J\\u202etxt\"")
        .replace("level", "\"\\e]0;owned\\a\"")
        .replace("info", "{}");
    copilot.write("k8s/bad\u{1b}[31m.yaml", &hostile);
    copilot.write("k8s/plain\u{9b}2J.yaml", "a: 1\n");
    let output = review(&copilot, &["-f", "k8s"]).expect_code(1);
    let shown = format!("{}{}", output.stdout, output.stderr);
    for character in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
        assert!(!shown.contains(character), "{shown:?}");
    }
    assert!(shown.contains("␛[2J"), "{shown}");
}

#[test]
fn values_of_a_secret_are_shown_nowhere() {
    let copilot = Copilot::new();
    let wrong = samples::SECRET.replace("password: ", "password: 12345 # ");
    copilot.write("a.yaml", &samples::SECRET.replace("metadata:", "metadat:"));
    copilot.write("b.yaml", &wrong.replace("stringData", "data"));
    copilot.write("c.yaml", &format!("{}  password: {}\n", samples::SECRET, samples::CANARY));
    for format in ["text", "json"] {
        let output = review(&copilot, &["-f", ".", "-o", format]).expect_code(1);
        let shown = format!("{}{}", output.stdout, output.stderr);
        assert!(!shown.contains(samples::CANARY) && !shown.contains("12345"), "{shown}");
    }
}

#[test]
fn two_runs_say_the_same() {
    let copilot = Copilot::new();
    for (index, text) in [UNTAGGED, WIDGET, GOOD, samples::POD, "kind: [\n"].iter().enumerate() {
        copilot.write(format!("k8s/{index}/x.yaml"), text);
    }
    let run =
        || review(&copilot, &["-f", "k8s", "--policies", "builtin", "-o", "json"]).expect_code(1).stdout;
    assert_eq!(run(), run());
}
