//! `policy list`: what is in force, what is not, and what cannot be used.

use crate::support::{Copilot, samples};

#[test]
fn without_policies_it_says_none_and_how_to_have_some() {
    let output = Copilot::new().run(["policy", "list"]).expect_code(0);
    assert!(output.stdout.starts_with("policy: none\nhint: --policies builtin"), "{}", output.stdout);
}

#[test]
fn the_shipped_set_is_in_force() {
    let output = Copilot::new().run(["policy", "list", "--policies", "builtin"]).expect_code(0);
    let names =
        ["allowed-registries", "gpu-cap-per-pod", "no-privileged-host", "owner-label", "requests-and-limits"];
    for name in names {
        let line = output.stdout.lines().find(|line| line.starts_with(name));
        let line = line.unwrap_or_else(|| panic!("{name}\n{}", output.stdout));
        assert!(line.contains(" Deny ") && line.contains(" pods "), "{line}");
    }
    assert!(!output.stdout.contains("cannot be evaluated"), "{}", output.stdout);
}

#[test]
fn a_policy_without_a_binding_does_nothing_and_is_said_to() {
    let copilot = Copilot::new();
    copilot.write("policies/ports.yaml", samples::POLICY);
    let output = copilot.run(["policy", "list", "--policies", "policies"]).expect_code(0);
    assert!(output.stdout.contains("\nno-node-port  not bound  -           services\n"), "{}", output.stdout);
    assert!(output.stdout.contains("without a binding it does nothing"), "{}", output.stdout);
}

#[test]
fn a_policy_that_cannot_be_evaluated_here_is_said_to() {
    let copilot = Copilot::new();
    copilot.write("policies/ask.yaml", samples::POLICY_ABOUT_RIGHTS);
    let output = copilot.run(["policy", "list", "--policies", "policies"]).expect_code(0);
    let told = "what makes it ask for authorizer, which cannot be evaluated here";
    assert!(output.stdout.contains(told), "{}", output.stdout);
}

#[test]
fn a_name_that_no_kind_has_is_told() {
    let copilot = Copilot::new();
    copilot
        .write("policies/ports.yaml", &samples::POLICY.replace("[services]", "[servcies, pods, pods/exec]"));
    let output = copilot.run(["policy", "list", "--policies", "policies"]).expect_code(0);
    let told = "no kind is known here as servcies: correct it, or name its definition with --schemas";
    assert!(output.stdout.contains(told), "{}", output.stdout);
    let document =
        copilot.run(["policy", "list", "--policies", "policies", "-o", "json"]).expect_code(0).json();
    let policy = &document["policies"][0];
    assert_eq!(policy["unknownKinds"], serde_json::json!(["servcies"]), "{document}");
    assert_eq!((&policy["name"], &policy["inForce"]), (&"no-node-port".into(), &false.into()), "{document}");
}

#[test]
fn policies_of_the_configuration_are_in_force_and_a_flag_is_over_them() {
    let copilot = Copilot::new();
    let config = copilot.home().with_file_name("config").join("kubectl-copilot/config.yaml");
    copilot.write(config, "policies: [builtin]\n");
    copilot.write("ports.yaml", samples::POLICY);
    let output = copilot.run(["policy", "list"]).expect_code(0);
    assert!(output.stdout.contains("allowed-registries"), "{}", output.stdout);
    let output = copilot.run(["policy", "list", "--policies", "ports.yaml"]).expect_code(0);
    assert!(!output.stdout.contains("allowed-registries"), "{}", output.stdout);
}

/// Folders that cannot be used: text of a file in it, what the error says, what the hint says.
const UNUSABLE: &[(&str, &str, &str)] = &[
    (
        "apiVersion: templates.gatekeeper.sh/v1\nkind: ConstraintTemplate\nmetadata: {name: k8srequiredlabels}\nspec:\n  crd: {spec: {names: {kind: K8sRequiredLabels}}}\n  targets: [{target: admission.k8s.gatekeeper.sh, rego: 'package x'}]\n",
        "error: policies/p.yaml:6:57: ConstraintTemplate/k8srequiredlabels: it has no rule `violation`",
        "gatekeeper",
    ),
    (
        "apiVersion: kyverno.io/v2\nkind: CleanupPolicy\nmetadata: {name: labels}\n",
        "error: policies/p.yaml:2:7: CleanupPolicy/labels belongs to Kyverno",
        "ValidatingPolicy",
    ),
    ("kind: [\n", "error: policies/p.yaml:", ""),
    (samples::CONFIG_MAP, "error: there is no policy in 'policies'", "builtin"),
];

#[test]
fn a_folder_that_cannot_be_used_stops_every_verb() {
    for (text, error, hint) in UNUSABLE {
        let copilot = Copilot::new();
        copilot.write("policies/p.yaml", text);
        copilot.write("web.yaml", samples::SERVICE);
        for verb in [&["policy", "list"][..], &["plan", "-f", "web.yaml"], &["pattern", "check"]] {
            let output = copilot.run(verb.iter().chain(&["--policies", "policies"])).expect_code(2);
            assert_eq!(output.stdout, "");
            assert!(output.stderr.starts_with(error), "{error}\n{}", output.stderr);
            assert!(output.stderr.contains(hint), "{hint}\n{}", output.stderr);
        }
    }
}

#[test]
fn a_policy_that_does_not_compile_has_its_place() {
    let copilot = Copilot::new();
    copilot.write("policies/p.yaml", &samples::POLICY.replace("object.spec.?type", "object.spec.("));
    let output = copilot.run(["policy", "list", "--policies", "policies"]).expect_code(2);
    assert!(output.stderr.starts_with("error: policies/p.yaml:9:17: "), "{}", output.stderr);
    assert!(
        output.stderr.contains("no-node-port") && output.stderr.contains("\nhint: "),
        "{}",
        output.stderr
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let copilot = Copilot::new();
    copilot.write("policies/a.yaml", UNUSABLE[0].0);
    copilot.write("policies/b.yaml", UNUSABLE[1].0);
    let output = copilot.run(["policy", "list", "--policies", "policies"]).expect_code(2);
    assert!(
        output.stderr.contains("a.yaml:6:57") && output.stderr.contains("b.yaml:2:7"),
        "{}",
        output.stderr
    );
}

#[test]
fn an_absent_or_empty_folder_is_never_no_policies() {
    let copilot = Copilot::new();
    std::fs::create_dir(copilot.work().join("empty")).unwrap();
    for (folder, error) in [("absent", "error: absent: "), ("empty", "error: there is no policy in 'empty'")]
    {
        let output = copilot.run(["policy", "list", "--policies", folder]).expect_code(2);
        assert!(output.stderr.starts_with(error), "{}", output.stderr);
    }
}

/// A policy of which one part is a schema, one is checked afterwards and one cannot be evaluated here.
const THREE_WAYS: &str = "apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: {name: three-ways}
spec:
  matchConstraints:
    resourceRules:
    - {apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: [services]}
  validations:
  - expression: object.spec.type in ['ClusterIP', 'LoadBalancer']
  - expression: object.spec.ports.all(p, p.port == p.targetPort)
  - expression: authorizer.group('').resource('pods').check('get').allowed()
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: {name: three-ways}
spec: {policyName: three-ways, validationActions: [Deny]}
";

#[test]
fn each_validation_is_in_the_constraint_or_checked_after_or_not_evaluable() {
    let copilot = Copilot::new();
    copilot.write("policies/p.yaml", THREE_WAYS);
    let args = ["policy", "explain", "--policies", "policies"];
    let text = copilot.run(args).expect_code(0).stdout;
    for part in [
        "Service: in the constraint",
        r#"{"required":["spec"],"properties":{"spec":{"required":["type"],"properties":{"type":{"enum":["ClusterIP","LoadBalancer"]}}}}}"#,
        "Service: checked after the draft (it compares two fields of the object)",
        "Service: not allowed where it asks for authorizer, which cannot be evaluated here",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let document = copilot.run(args.iter().chain(&["-o", "json"])).expect_code(0).json();
    let validations = document["policies"][0]["kinds"][0]["validations"].as_array().expect("validations");
    let how: Vec<&str> = validations.iter().filter_map(|one| one["how"].as_str()).collect();
    assert_eq!(how, ["constraint", "after", "incomplete"], "{document}");
}

#[test]
fn a_policy_or_kind_that_is_not_there_cannot_be_explained() {
    let copilot = Copilot::new();
    let output = copilot.run(["policy", "explain", "none", "--policies", "builtin"]).expect_code(2);
    assert!(
        output.stderr.contains("no policy 'none'") && output.stderr.contains("owner-label"),
        "{}",
        output.stderr
    );
    let output =
        copilot.run(["policy", "explain", "--policies", "builtin", "--kind", "Spaceship"]).expect_code(2);
    assert!(output.stderr.contains("no kind 'Spaceship'"), "{}", output.stderr);
    let output =
        copilot.run(["policy", "explain", "owner-label", "--policies", "builtin", "--kind", "deploy"]);
    let text = output.expect_code(0).stdout;
    assert!(text.contains("Deployment: in the constraint") && !text.contains("Pod:"), "{text}");
}
