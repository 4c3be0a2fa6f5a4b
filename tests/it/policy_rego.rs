//! Policies in Rego: Gatekeeper's templates with what they compare, and modules as conftest has them.

use serde_json::json;

use crate::support::Copilot;

/// A template that has only Rego, and its constraint.
const TEMPLATE: &str = "\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: uniqueport}
spec:
  crd:
    spec:
      names: {kind: UniquePort}
      validation: {openAPIV3Schema: {type: object, properties: {least: {type: integer, default: 1024}}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package uniqueport

      violation[{\"msg\": msg}] {
        port := input.review.object.spec.ports[_].port
        port < input.parameters.least
        msg := sprintf(\"port %v is below %v\", [port, input.parameters.least])
      }

      violation[{\"msg\": msg}] {
        port := input.review.object.spec.ports[_].port
        other := data.inventory.namespace[_][_][\"Service\"][name]
        other.spec.ports[_].port == port
        msg := sprintf(\"port %v is that of %v\", [port, name])
      }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: UniquePort
metadata: {name: ports}
spec: {match: {kinds: [{apiGroups: [''], kinds: [Service]}]}}
";

fn service(name: &str, port: u32) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: lab}}\nspec: {{selector: {{a: b}}, ports: [{{port: {port}}}]}}\n"
    )
}

#[test]
fn a_template_in_rego_compares_with_the_objects_at_hand() {
    let copilot = Copilot::new();
    copilot.write("p/template.yaml", TEMPLATE);
    copilot.write("a.yaml", &service("a", 8080));
    let plan = |file: &str| {
        let output = copilot.run(["plan", "-f", file, "--policies", "p", "--to", "target"]);
        (output.code, format!("{}{}", output.stdout, output.stderr))
    };
    assert_eq!(plan("a.yaml").0, Some(0), "{}", plan("a.yaml").1);
    copilot.write("low.yaml", &service("a", 80));
    let (code, text) = plan("low.yaml");
    assert!(code == Some(1) && text.contains("port 80 is below 1024 [policy/UniquePort]"), "{text}");
    // What the folder holds already counts; the object itself does not.
    copilot.write("target/b.yaml", &service("b", 8080));
    let (code, text) = plan("a.yaml");
    assert!(code == Some(1) && text.contains("port 8080 is that of b"), "{text}");
    // So do all files of a review.
    copilot.write("pr/two.yaml", &format!("{}---\n{}", service("one", 9000), service("two", 9000)));
    let review = copilot.run(["review", "-f", "pr", "--policies", "p"]);
    let text = format!("{}{}", review.stdout, review.stderr);
    assert!(text.contains("port 9000 is that of two") && text.contains("port 9000 is that of one"), "{text}");
}

#[test]
fn what_cannot_be_compared_or_evaluated_is_never_allowed() {
    let copilot = Copilot::new();
    let asks = TEMPLATE.replace(
        "other := data.inventory.namespace[_][_][\"Service\"][name]",
        "name := http.send({\"url\": \"x\"})",
    );
    for (template, why) in [
        (asks.replace("other.spec.ports[_].port == port\n", "true\n"), "http.send"),
        (TEMPLATE.replace("violation[{\"msg\": msg}] {\n        port := input.review.object.spec.ports[_].port\n        port <", "violation[{\"details\": msg}] {\n        port := input.review.object.spec.ports[_].port\n        port >"), "a violation has no `msg`"),
    ] {
        copilot.write("p/template.yaml", &template);
        copilot.write("a.yaml", &service("a", 8080));
        let output = copilot.run(["plan", "-f", "a.yaml", "--policies", "p", "--to", "target"]);
        let text = format!("{}{}", output.stdout, output.stderr);
        assert_ne!(output.code, Some(0), "{text}");
        assert!(text.contains(why), "{why}: {text}");
    }
    for (text, why) in [
        (TEMPLATE.replace("package uniqueport", "package uniqueport {"), "template.yaml:"),
        (TEMPLATE.replace("violation[", "violations["), "it has no rule `violation`"),
        (TEMPLATE.replace("port < input", "prt < input"), "template.yaml:"),
        (
            TEMPLATE.replace("spec: {match:", "spec: {parameters: {least: low}, match:"),
            "parameters/least: \"low\" is not of type",
        ),
        (
            TEMPLATE.replace("spec: {match:", "spec: {parameters: {leest: 1}, match:"),
            "there is no parameter 'leest'; there are least",
        ),
        (
            TEMPLATE.replace("spec: {match:", "spec: {enforcementActon: warn, match:"),
            "no field 'enforcementActon'",
        ),
    ] {
        copilot.write("p/template.yaml", &text);
        let output = copilot.run(["policy", "list", "--policies", "p"]).expect_code(2);
        assert!(output.stderr.contains(why), "{why}: {}", output.stderr);
    }
}

#[test]
fn of_a_template_with_both_engines_one_is_taken() {
    let copilot = Copilot::new();
    let template = "apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: both}
spec:
  crd: {spec: {names: {kind: Both}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: K8sNativeValidation
      source: {validations: [{expression: 'false', message: by CEL}]}
    - engine: Rego
      source: {version: v1, rego: \"package both\\nviolation contains {\\\"msg\\\": \\\"by Rego\\\"} if true\"}
";
    copilot.write("g/template.yaml", template);
    copilot.write(
        "g/constraint.yaml",
        "apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: Both\nmetadata: {name: both}\n",
    );
    copilot.write("g/service.yaml", &service("a", 80));
    copilot.write(
        "g/suite.yaml",
        "apiVersion: test.gatekeeper.sh/v1alpha1\nkind: Suite\nmetadata: {name: s}\ntests:\n- name: t\n  template: template.yaml\n  \
         constraint: constraint.yaml\n  cases:\n  - {name: c, object: service.yaml, assertions: [{violations: 1, message: by CEL}]}\n",
    );
    copilot.run(["policy", "test", "-f", "g"]).expect_code(0);
    let output = copilot.run(["policy", "test", "-f", "g", "--engine", "rego"]).expect_code(1);
    assert!(output.stdout.contains("by Rego"), "{}", output.stdout);
}

const DENY: &str = "\
package main

deny_root[msg] {
  input.kind == \"Deployment\"
  not input.spec.template.spec.securityContext.runAsNonRoot
  msg := sprintf(\"%s runs as root\", [input.metadata.name])
}

warn[msg] {
  input.kind == \"Pod\"
  msg := \"a Pod\"
}

exception[rules] {
  input.metadata.labels.trusted == \"yes\"
  rules := [\"root\"]
}
";

fn deployment(labels: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d, namespace: lab, labels: {{{labels}}}}}\nspec:\n  selector: \
         {{matchLabels: {{a: b}}}}\n  template: {{metadata: {{labels: {{a: b}}}}, spec: {{containers: [{{name: c, image: 'a:1'}}]}}}}\n"
    )
}

#[test]
fn rules_of_modules_deny_and_warn_about_what_stands_in_files() {
    let copilot = Copilot::new();
    copilot.write("p/deny.rego", DENY);
    copilot.write("d.yaml", &deployment(""));
    let plan = |policies: &str| {
        let output = copilot.run(["plan", "-f", "d.yaml", "--policies", policies, "--to", "target"]);
        (output.code, format!("{}{}", output.stdout, output.stderr))
    };
    let (code, text) = plan("p");
    assert!(code == Some(1) && text.contains("d runs as root [policy/main/deny_root]"), "{text}");
    // Its Pods stand in no file.
    assert!(!text.contains("a Pod"), "{text}");
    assert_eq!(plan("p/deny.rego").0, Some(1), "a file alone is a policy too");
    copilot.write("d.yaml", &deployment("trusted: 'yes'"));
    let (code, text) = plan("p");
    assert!(code == Some(0) && !text.contains("runs as root"), "{text}");
    let listed = copilot.run(["policy", "list", "--policies", "p"]).expect_code(0).stdout;
    assert!(listed.contains("main/deny_root  Deny") && listed.contains("main/warn       Warn"), "{listed}");
    let limits = "package main\ndeny[msg] { input.spec.replicas > data.limits.max; msg := \"many\" }\n";
    copilot.write("p/deny.rego", limits);
    let (code, text) = plan("p");
    assert!(code == Some(2) && text.contains("it reads data.limits"), "{text}");
    copilot.write("p/limits.rego", "package limits\nmax := 1\n");
    assert_eq!(plan("p").0, Some(0));
    copilot.write("p/deny.rego", "package main\ndeny[msg] { msg := }\n");
    let (code, text) = plan("p");
    assert!(code == Some(2) && text.contains("deny.rego:2:"), "{text}");
}

#[test]
fn tests_in_rego_are_run() {
    let copilot = Copilot::new();
    copilot.write("p/deny.rego", DENY);
    copilot.write(
        "p/deny_test.rego",
        "package main\n\ntest_root { deny_root[\"x runs as root\"] with input as {\"kind\": \"Deployment\", \"metadata\": {\"name\": \
         \"x\"}} }\n\ntest_wrong { count(deny_root) == 1 with input as {} }\n\ntest_asks { http.send({\"url\": 1}) }\n",
    );
    let document = copilot.run(["policy", "test", "-f", "p", "-o", "json"]).expect_code(1).json();
    assert_eq!(document["summary"], json!({"pass": 1, "fail": 1, "error": 1, "skip": 0}), "{document:#}");
    copilot.write("q/deny.rego", DENY);
    let output = copilot.run(["policy", "test", "-f", "q"]).expect_code(2);
    assert!(output.stderr.contains("there is no test in it"), "{}", output.stderr);
}

#[test]
fn a_mistake_in_rego_has_its_line_in_the_file() {
    let copilot = Copilot::new();
    let broken = TEMPLATE.replace("port < input.parameters.least", "port < < input.parameters.least");
    let line = broken.lines().position(|line| line.contains("< <")).expect("the line") + 1;
    copilot.write("p/template.yaml", &broken);
    let output = copilot.run(["policy", "list", "--policies", "p"]).expect_code(2);
    let place = format!("template.yaml:{line}: ");
    assert!(output.stderr.contains(&place) && output.stderr.contains("line 5, column"), "{}", output.stderr);
}

#[test]
fn one_file_of_tests_in_rego_is_run_with_what_lies_beside_it() {
    let copilot = Copilot::new();
    copilot.write(
        "p/deny.rego",
        "package main\nimport rego.v1\ndeny contains \"no\" if input.kind == \"Pod\"\n",
    );
    copilot.write(
        "p/a_test.rego",
        "package main\nimport rego.v1\ntest_a if count(deny) == 1 with input as {\"kind\": \"Pod\"}\n",
    );
    copilot.write(
        "p/b_test.rego",
        "package main\nimport rego.v1\ntest_b if count(deny) == 1 with input as {\"kind\": \"Node\"}\n",
    );
    let one = copilot.run(["policy", "test", "-f", "p/a_test.rego", "-o", "json"]).expect_code(0).json();
    assert_eq!(one["summary"], json!({"pass": 1, "fail": 0, "error": 0, "skip": 0}), "{one}");
    let all = copilot.run(["policy", "test", "-f", "p", "-o", "json"]).expect_code(1).json();
    assert_eq!(all["summary"], json!({"pass": 1, "fail": 1, "error": 0, "skip": 0}), "{all}");
}
