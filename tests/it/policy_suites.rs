//! `policy test`: the tests of policies in the formats of their authors, with cases that hold and cases that do not.

use serde_json::Value;

use crate::support::{Copilot, repository, samples};

const BINDING: &str = "\
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: few-replicas}
spec: {policyName: few-replicas, validationActions: [Deny]}
";

const POLICY: &str = "\
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: few-replicas}
spec:
  matchConstraints:
    resourceRules:
      - {apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}
  validations:
    - expression: object.spec.replicas <= 5
      message: at most five
    - expression: oldObject == null || object.spec.replicas >= oldObject.spec.replicas
      message: never fewer
";

fn deployment(replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: lab}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec: {{containers: \
         [{{name: web, image: 'nginx:1.27'}}]}}\n"
    )
}

fn suite(copilot: &Copilot) {
    copilot.write("p/policy.yaml", &format!("{POLICY}{BINDING}"));
    copilot.write("p/cases/allowed-five.yaml", &deployment(5));
    copilot.write("p/cases/denied-six.yaml", &format!("# expect: at most five\n{}", deployment(6)));
    let fewer =
        format!("# operation: UPDATE\n# expect: never fewer\n{}---\n{}", deployment(3), deployment(2));
    copilot.write("p/cases/denied-fewer.yaml", &fewer);
}

fn json(copilot: &Copilot, code: i32) -> Value {
    copilot.run(["policy", "test", "-f", "p", "-o", "json"]).expect_code(code).json()
}

#[test]
fn a_policy_without_a_binding_says_nothing_and_that_is_said() {
    let copilot = Copilot::new();
    suite(&copilot);
    copilot.write("p/policy.yaml", POLICY);
    let document = json(&copilot, 1);
    let results = document["results"].as_array().expect("rows");
    let six = results.iter().find(|row| row["case"] == "denied-six").expect("the case");
    assert_eq!(six["message"], "without a binding nothing is said by few-replicas");
}

#[test]
fn a_folder_of_policies_may_hold_their_tests() {
    let copilot = Copilot::new();
    suite(&copilot);
    copilot.write("p/cases/denied-broken.yaml", "kind: [\n");
    copilot.write(
        "p/sub/suite.yaml",
        "kind: Suite\napiVersion: test.gatekeeper.sh/v1alpha1\nmetadata: {name: s}\ntests: []\n",
    );
    copilot.write("p/sub/tests.json", "[]");
    let output = copilot.run(["policy", "list", "--policies", "p"]).expect_code(0);
    assert!(output.stdout.contains("few-replicas  Deny"), "{}", output.stdout);
    // Other files are policies, or errors.
    copilot.write("p/denied-broken.yaml", "kind: [\n");
    copilot.run(["policy", "list", "--policies", "p"]).expect_code(2);
}

#[test]
fn the_shipped_policies_pass_their_own_tests() {
    let policies = repository::root().join("policies");
    let copilot = Copilot::new();
    let args = ["policy".into(), "test".into(), "-f".into(), policies.into_os_string()];
    let output = copilot.run(args).expect_code(0);
    assert!(output.stdout.contains(" 0 fail, 0 error, 0 skip"), "{}", output.stdout);
}

#[test]
fn cases_are_creations_updates_and_messages() {
    let copilot = Copilot::new();
    suite(&copilot);
    let document = json(&copilot, 0);
    assert_eq!(document["summary"], serde_json::json!({"pass": 3, "fail": 0, "error": 0, "skip": 0}));
    let result = &document["results"][0];
    for (key, value) in [
        ("case", "allowed-five"),
        ("policy", "few-replicas"),
        ("resource", "Deployment/web"),
        ("expected", "allowed"),
        ("got", "allowed"),
        ("outcome", "pass"),
    ] {
        assert_eq!(result[key], value, "{document}");
    }
}

#[test]
fn a_case_that_does_not_hold_fails_and_says_what_came() {
    let copilot = Copilot::new();
    suite(&copilot);
    copilot.write("p/cases/allowed-nine.yaml", &deployment(9));
    copilot.write("p/cases/denied-other-words.yaml", &format!("# expect: too many\n{}", deployment(6)));
    let output = copilot.run(["policy", "test", "-f", "p"]).expect_code(1);
    for part in [
        "p: 3 of 5 as expected",
        "fail allowed-nine (Deployment/web): expected allowed, got denied",
        "no message says 'too many': at most five",
        "5 cases: 3 pass, 2 fail, 0 error, 0 skip",
    ] {
        assert!(output.stdout.contains(part), "{part}\n{}", output.stdout);
    }
    let junit = copilot.run(["policy", "test", "-f", "p", "-o", "junit"]).expect_code(1).stdout;
    assert!(
        junit.contains("name=\"policy test\" tests=\"5\"") && junit.matches("<failure").count() == 2,
        "{junit}"
    );
}

#[test]
fn what_cannot_be_evaluated_is_an_error_and_never_a_pass() {
    let copilot = Copilot::new();
    copilot.write("p/policy.yaml", samples::POLICY_ABOUT_RIGHTS);
    copilot.write("p/cases/allowed-any.yaml", samples::SERVICE);
    let document = json(&copilot, 3);
    let result = &document["results"][0];
    assert_eq!((&result["outcome"], result.get("got")), (&"error".into(), None), "{document}");
    assert!(result["message"].as_str().is_some_and(|text| text.contains("authorizer")), "{document}");
}

#[test]
fn templates_with_changed_fields_are_a_suite() {
    let copilot = Copilot::new();
    copilot.write("controls/C-1/policy.yaml", POLICY);
    copilot.write("test-resources/web.yaml", &deployment(2));
    copilot.write("test-resources/policy-binding.yaml", BINDING.trim_start_matches("---\n"));
    copilot.write("test-resources/default-control-configuration.yaml", samples::CONFIG_MAP);
    let tests = r#"[
        {"name": "two", "template": "web.yaml", "expected": "pass"},
        {"name": "nine", "template": "web.yaml", "expected": "fail", "field_change_list": ["spec.replicas=9"]},
        {"name": "wrong", "template": "web.yaml", "expected": "fail", "field_change_list": ["spec.replicas=4"]}
    ]"#;
    copilot.write("controls/C-1/tests.json", tests);
    let document = copilot.run(["policy", "test", "-f", "controls", "-o", "json"]).expect_code(1).json();
    let outcomes: Vec<&str> = document["results"]
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["outcome"].as_str())
        .collect();
    assert_eq!(outcomes, ["pass", "pass", "fail"], "{document}");
    copilot.write("controls/C-1/tests.json", &tests.replace("expected", "expects"));
    let output = copilot.run(["policy", "test", "-f", "controls"]).expect_code(2);
    assert!(output.stderr.contains("expects"), "{}", output.stderr);
}

#[test]
fn pods_under_level_and_version_are_judged_by_the_pod_security_standards() {
    let copilot = Copilot::new();
    let pod = |spec: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec:\n  containers: [{{name: a, image: 'b:1'}}]\n{spec}"
        )
    };
    let sysctl = pod("  securityContext: {sysctls: [{name: net.ipv4.tcp_rmem, value: '1'}]}\n");
    copilot.write("data/baseline/v1.31/fail/sysctls.yaml", &sysctl);
    copilot.write("data/baseline/v1.32/pass/sysctls.yaml", &sysctl);
    copilot.write("data/baseline/v1.32/fail/host.yaml", &pod("  hostNetwork: true\n"));
    copilot.write("data/restricted/v1.32/pass/plain.yaml", &pod(""));
    let document = copilot.run(["policy", "test", "-f", "data", "-o", "json"]).expect_code(1).json();
    assert_eq!(document["summary"], serde_json::json!({"pass": 3, "fail": 1, "error": 0, "skip": 0}));
}

#[test]
fn where_there_is_no_test_nothing_passed() {
    let copilot = Copilot::new();
    copilot.write("p/policy.yaml", POLICY);
    let output = copilot.run(["policy", "test", "-f", "p"]).expect_code(2);
    assert!(output.stderr.contains("there is no test in it"), "{}", output.stderr);
    copilot.write("q/allowed-x.yaml", samples::SERVICE);
    let output = copilot.run(["policy", "test", "-f", "q"]).expect_code(2);
    assert!(output.stderr.contains("no policies"), "{}", output.stderr);
}

const TEMPLATE: &str = "\
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: maxreplicas}
spec:
  crd: {spec: {names: {kind: MaxReplicas}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    code:
    - engine: K8sNativeValidation
      source:
        variables:
        - {name: most, expression: 'has(variables.params.most) ? variables.params.most : 3'}
        validations:
        - expression: '!has(variables.anyObject.spec.replicas) || variables.anyObject.spec.replicas <= variables.most'
          messageExpression: '\"at most \" + string(variables.most)'
";

fn constraint(name: &str, rest: &str) -> String {
    format!(
        "apiVersion: constraints.gatekeeper.sh/v1beta1
kind: MaxReplicas
metadata: {{name: {name}}}
spec:
  match:
    kinds: [{{apiGroups: [apps], kinds: [Deployment]}}]
{rest}  parameters: {{most: 5}}
"
    )
}

#[test]
fn a_gatekeeper_suite_is_a_suite_and_its_template_is_a_policy() {
    let copilot = Copilot::new();
    copilot.write("g/template.yaml", TEMPLATE);
    copilot.write("g/constraint.yaml", &constraint("few", ""));
    copilot.write("g/five.yaml", &deployment(5));
    copilot.write("g/six.yaml", &deployment(6));
    let review = format!(
        "apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\nrequest:\n  operation: UPDATE\n  object:\n{}",
        deployment(9).lines().map(|line| format!("    {line}\n")).collect::<String>()
    );
    copilot.write("g/review.yaml", &review);
    copilot.write(
        "g/suite.yaml",
        "apiVersion: test.gatekeeper.sh/v1alpha1
kind: Suite
metadata: {name: replicas}
tests:
- name: few
  template: template.yaml
  constraint: constraint.yaml
  cases:
  - {name: five, object: five.yaml, assertions: [{violations: no}]}
  - {name: six, object: six.yaml, assertions: [{violations: 1, message: 'at most 5'}]}
  - {name: review, object: review.yaml, assertions: [{violations: yes}]}
  - {name: other-words, object: six.yaml, assertions: [{violations: yes, message: 'at most 3'}]}
  - {name: later, object: six.yaml, skip: true, assertions: [{violations: yes}]}
  - {name: absent, object: none.yaml, assertions: [{violations: yes}]}
  - {name: perhaps, object: six.yaml, assertions: [{violations: maybe}]}
",
    );
    let document = copilot.run(["policy", "test", "-f", "g", "-o", "json"]).expect_code(1).json();
    assert_eq!(
        document["summary"],
        serde_json::json!({"pass": 3, "fail": 1, "error": 2, "skip": 1}),
        "{document}"
    );
    // The same files are policies for everything else.
    let output =
        copilot.run(["policy", "list", "--policies", "g/template.yaml", "--policies", "g/constraint.yaml"]);
    let text = output.expect_code(0).stdout;
    assert!(text.contains("MaxReplicas  Deny") && text.contains("apps/Deployment"), "{text}");
    let args =
        ["plan", "-f", "g/six.yaml", "--policies", "g/template.yaml", "--policies", "g/constraint.yaml"];
    let output = copilot.run(args).expect_code(1);
    assert!(
        format!("{}{}", output.stdout, output.stderr).contains("at most 5 [policy/MaxReplicas]"),
        "{}",
        output.stderr
    );
}

#[test]
fn a_constraint_without_its_template_and_one_that_only_warns() {
    let copilot = Copilot::new();
    copilot.write("c.yaml", &constraint("few", ""));
    copilot.write("web.yaml", &deployment(6));
    let output = copilot.run(["policy", "list", "--policies", "c.yaml"]).expect_code(2);
    assert!(
        output.stderr.contains("of the kind MaxReplicas, of which there is no template"),
        "{}",
        output.stderr
    );
    copilot.write("p/t.yaml", TEMPLATE);
    for (rest, code, said) in [
        ("", 1, true),
        ("  enforcementAction: warn\n", 0, true),
        ("  enforcementAction: dryrun\n", 0, true),
        ("    excludedNamespaces: ['la*']\n", 0, false),
        ("    namespaces: [lab]\n", 1, true),
        ("    labelSelector: {matchLabels: {tier: gold}}\n", 0, false),
    ] {
        copilot.write("p/c.yaml", &constraint("few", rest));
        let output = copilot.run(["review", "-f", "web.yaml", "--policies", "p"]).expect_code(code);
        assert_eq!(output.stdout.contains("at most 5"), said, "{rest}: {}", output.stdout);
    }
    copilot.write("p/c.yaml", &constraint("few", "  enforcementAction: scoped\n"));
    let output = copilot.run(["review", "-f", "web.yaml", "--policies", "p"]).expect_code(2);
    assert!(output.stderr.contains("enforcementAction is 'scoped'"), "{}", output.stderr);
}

#[test]
fn a_case_that_cannot_be_read_is_an_error_and_the_others_are_judged() {
    let copilot = Copilot::new();
    suite(&copilot);
    copilot.write("p/cases/allowed-bad.yaml", "kind: [\n");
    copilot.write("p/cases/denied-empty.yaml", "# nothing\n");
    copilot.write("p/cases/denied-other.yaml", &format!("# operation: PATCH\n{}", deployment(6)));
    let document = json(&copilot, 3);
    assert_eq!(
        document["summary"],
        serde_json::json!({"pass": 3, "fail": 0, "error": 3, "skip": 0}),
        "{document}"
    );
}

#[test]
fn a_constraint_for_some_namespaces_is_explained_as_uncertain_and_not_as_absent() {
    let copilot = Copilot::new();
    copilot.write("p/t.yaml", TEMPLATE);
    copilot.write("p/c.yaml", &constraint("few", "    namespaces: [lab]\n"));
    let explain = |kind: &str| {
        copilot.run(["policy", "explain", "--policies", "p", "--kind", kind]).expect_code(0).stdout
    };
    assert!(
        explain("Deployment").contains("Deployment: checked after the draft"),
        "{}",
        explain("Deployment")
    );
    assert!(
        explain("Job").contains("it says nothing about Job; it is about apps/Deployment"),
        "{}",
        explain("Job")
    );
}
