//! Kyverno's policies: what is evaluated of them, what they are for the makers of Pods, their tests, and what is refused by name.

use serde_json::{Value, json};

use crate::support::Copilot;

/// A ValidatingPolicy on Pods.
const NO_LATEST: &str = "\
apiVersion: policies.kyverno.io/v1
kind: ValidatingPolicy
metadata: {name: no-latest}
spec:
  validationActions: [Deny]
  matchConstraints:
    resourceRules:
      - {apiGroups: [''], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [pods]}
  validations:
    - expression: object.spec.containers.all(c, !c.image.endsWith(':latest'))
      message: the tag latest is not allowed
";

/// A ClusterPolicy with one rule of CEL; `REST` stands in the rule.
const FEW_GPUS: &str = "\
apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: few-gpus}
spec:
  validationFailureAction: Enforce
  rules:
    - name: at-most-two
      match: {any: [{resources: {kinds: [Pod], operations: [CREATE, UPDATE]}}]}
REST      validate:
        message: at most 2 GPUs
        cel:
          expressions:
            - expression: object.spec.containers.all(c, int(c.?resources.?limits[?'nvidia.com/gpu'].orValue('0')) <= 2)
";

fn few_gpus(rest: &str) -> String {
    FEW_GPUS.replace("REST", rest)
}

fn pod(name: &str, namespace: &str, image: &str, gpus: u32) -> String {
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{containers: [{{name: c, image: \
         '{image}', resources: {{limits: {{nvidia.com/gpu: '{gpus}'}}}}}}]}}\n"
    )
}

fn deployment(image: &str, gpus: u32) -> String {
    let spec = format!(
        "{{containers: [{{name: c, image: '{image}', resources: {{limits: {{nvidia.com/gpu: '{gpus}'}}}}}}]}}"
    );
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d, namespace: lab}}\nspec:\n  selector: {{matchLabels: {{a: \
         b}}}}\n  template: {{metadata: {{labels: {{a: b}}}}, spec: {spec}}}\n"
    )
}

/// Findings of policies in a plan of one manifest.
fn findings(copilot: &Copilot, manifest: &str) -> Vec<(String, String)> {
    copilot.write("object.yaml", manifest);
    let output = copilot.run(["plan", "-f", "object.yaml", "--policies", "p", "--to", "empty", "-o", "json"]);
    let document: Value = serde_json::from_str(&output.stdout).expect("JSON");
    let found = document["findings"].as_array().cloned().unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of_kyverno = found.iter().filter(|finding| finding["origin"]["engine"] == "Kyverno");
    let mut found: Vec<_> = of_kyverno.map(|one| (text(&one["rule"]), text(&one["message"]))).collect();
    found.sort();
    found
}

#[test]
fn a_policy_on_pods_is_one_on_what_makes_them() {
    let copilot = Copilot::new();
    copilot.write("p/no-latest.yaml", NO_LATEST);
    copilot.write("p/few-gpus.yaml", &few_gpus(""));
    let said = |rule: &str, text: &str| (format!("policy/{rule}"), text.to_owned());
    assert_eq!(findings(&copilot, &pod("a", "lab", "nginx:1.27", 2)), []);
    assert_eq!(
        findings(&copilot, &pod("a", "lab", "nginx:latest", 3)),
        [said("few-gpus/at-most-two", "at most 2 GPUs"), said("no-latest", "the tag latest is not allowed")]
    );
    // Told once, at the Deployment, though the policy is about its Pods too.
    assert_eq!(
        findings(&copilot, &deployment("nginx:latest", 3)),
        [
            said("few-gpus/autogen-at-most-two", "at most 2 GPUs"),
            said("no-latest/autogen", "the tag latest is not allowed")
        ]
    );
    let listed = copilot.run(["policy", "list", "--policies", "p"]).expect_code(0).stdout;
    for line in ["few-gpus/autogen-cronjob-at-most-two  Deny", "no-latest/autogen                     Deny"] {
        assert!(listed.contains(line), "{listed}");
    }
    let explained =
        copilot.run(["policy", "explain", "no-latest/autogen", "--policies", "p", "--kind", "Deployment"]);
    assert!(
        explained.stdout.contains("in the constraint") && explained.stdout.contains(":latest$"),
        "{}",
        explained.stdout
    );
}

#[test]
fn what_a_rule_excludes_and_where_it_is_not_written_once_more() {
    let copilot = Copilot::new();
    let exclude = "      exclude: {any: [{resources: {namespaces: ['big-*']}}]}\n";
    copilot.write("p/few-gpus.yaml", &few_gpus(exclude));
    assert_eq!(findings(&copilot, &pod("a", "big-lab", "nginx:1.27", 3)), []);
    assert_eq!(findings(&copilot, &pod("a", "lab", "nginx:1.27", 3)).len(), 1);
    // A rule for some Pods says nothing of Deployments; what it says of their Pods it still says.
    let named = "      exclude: {any: [{resources: {names: ['free-*']}}]}\n";
    copilot.write("p/few-gpus.yaml", &few_gpus(named));
    assert_eq!(findings(&copilot, &pod("free-1", "lab", "nginx:1.27", 3)), []);
    let listed = copilot.run(["policy", "list", "--policies", "p"]).expect_code(0).stdout;
    assert!(!listed.contains("autogen"), "{listed}");
    let only = few_gpus("").replace(
        "metadata: {name: few-gpus}",
        "metadata: {name: few-gpus, annotations: {pod-policies.kyverno.io/autogen-controllers: 'Job,CronJob'}}",
    );
    copilot.write("p/few-gpus.yaml", &only);
    let listed = copilot.run(["policy", "list", "--policies", "p"]).expect_code(0).stdout;
    assert!(listed.contains("batch/v1/Job") && !listed.contains("apps/v1/Deployment"), "{listed}");
}

#[test]
fn what_is_not_evaluated_of_kyverno_is_refused_by_name() {
    let copilot = Copilot::new();
    let rule = |body: &str| {
        format!(
            "apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nmetadata: {{name: x}}\nspec:\n  rules:\n  - name: r\n    match: {{any: \
             [{{resources: {{kinds: [Pod]}}}}]}}\n{body}\n"
        )
    };
    for (text, why) in [
        (rule("    mutate: {patchStrategicMerge: {metadata: {labels: {a: b}}}}"), "rule 'r' mutates objects"),
        (rule("    generate: {kind: ConfigMap}"), "rule 'r' generates objects"),
        (rule("    verifyImages: [{imageReferences: ['*']}]"), "rule 'r' verifies images"),
        (rule("    validate: {deny: {conditions: {any: []}}}"), "rule 'r' denies by JMESPath"),
        (
            rule("    preconditions: {all: []}\n    validate: {cel: {expressions: [{expression: 'true'}]}}"),
            "JMESPath",
        ),
        (rule("    validate: {cel: {expression: 'true'}}"), "has no field 'expression'"),
        (
            rule("    validate: {failureAction: Sometimes, cel: {expressions: [{expression: 'true'}]}}"),
            "'Sometimes'",
        ),
        (
            NO_LATEST.replace("endsWith", "endWith").replace("object.spec", "obejct.spec"),
            "undeclared reference to 'obejct'",
        ),
        (rule("    validate: {pattern: {spec: {'%(containers)': '?*'}}}"), "'%(containers)' has no anchor"),
        (
            rule("    validate: {pattern: {spec: {nodeName: '{{ request.name }}'}}}"),
            "variables in its pattern",
        ),
        (NO_LATEST.replace("kind: ValidatingPolicy", "kind: ImageValidatingPolicy"), "belongs to Kyverno"),
        (NO_LATEST.replace("  validationActions: [Deny]", "  evaluation: {mode: JSON}"), "evaluation.mode"),
    ] {
        copilot.write("p/policy.yaml", &text);
        let output = copilot.run(["policy", "list", "--policies", "p"]).expect_code(2);
        assert!(output.stderr.contains(why), "{why}: {}", output.stderr);
        assert!(
            output.stderr.contains("policy.yaml:") && output.stderr.contains("hint: "),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn what_asks_a_registry_is_never_allowed() {
    let copilot = Copilot::new();
    let asks = NO_LATEST.replace(
        "!c.image.endsWith(':latest')",
        "c.image.startsWith('ours/') || image.GetMetadata(c.image).config.Env == []",
    );
    copilot.write("p/policy.yaml", &asks);
    copilot.write("a.yaml", &pod("a", "lab", "theirs/x:1", 1));
    let output = copilot.run(["plan", "-f", "a.yaml", "--policies", "p", "--to", "empty"]);
    assert_eq!(output.code, Some(3), "{}{}", output.stdout, output.stderr);
    assert!(
        format!("{}{}", output.stdout, output.stderr).contains("it uses Kyverno's image"),
        "{}",
        output.stderr
    );
    // Where nothing is asked of the registry, nothing is open.
    assert_eq!(findings(&copilot, &pod("a", "lab", "ours/x:1", 1)), []);
}

#[test]
fn a_test_of_kyverno_is_read_as_its_author_wrote_it() {
    let copilot = Copilot::new();
    copilot.write("p/no-latest.yaml", NO_LATEST);
    copilot.write(
        "p/few-gpus.yaml",
        &few_gpus("      exclude: {any: [{resources: {namespaceSelector: {matchLabels: {free: 'yes'}}}}]}\n"),
    );
    let pods = [
        pod("good", "lab", "nginx:1.27", 1),
        pod("bad", "lab", "nginx:latest", 3),
        pod("free", "open", "nginx:1.27", 8),
    ];
    copilot.write(
        "p/.kyverno-test/pods.yaml",
        &format!("{}---\n{}", pods.join("---\n"), deployment("nginx:latest", 1)),
    );
    copilot.write(
        "p/.kyverno-test/values.yaml",
        "apiVersion: cli.kyverno.io/v1alpha1\nkind: Values\nnamespaceSelector: [{name: open, labels: {free: 'yes'}}]\n",
    );
    let test = |results: &str| {
        format!(
            "apiVersion: cli.kyverno.io/v1alpha1\nkind: Test\nmetadata: {{name: t}}\npolicies: [../no-latest.yaml, \
             ../few-gpus.yaml]\nresources: [pods.yaml]\nvariables: values.yaml\nresults:\n{results}"
        )
    };
    copilot.write(
        "p/.kyverno-test/kyverno-test.yaml",
        &test(
            "- {policy: no-latest, kind: Pod, resources: [good], result: pass, isValidatingPolicy: true}
- {policy: no-latest, kind: Pod, resources: [bad], result: fail}
- {policy: no-latest, kind: Deployment, resources: [lab/d], result: fail}
- {policy: few-gpus, rule: at-most-two, kind: Pod, resources: [good, lab/bad], result: fail}
- {policy: few-gpus, rule: at-most-two, kind: Deployment, resources: [d], result: pass}
- {policy: few-gpus, rule: at-most-two, kind: Pod, resources: [free], result: skip}
- {policy: few-gpus, rule: other, kind: Pod, resources: [good], result: pass}
- {policy: few-gpus, rule: at-most-two, kind: Pod, resources: [nobody], result: pass}
- {policy: absent, kind: Pod, resources: [good], result: pass}
",
        ),
    );
    let document = copilot.run(["policy", "test", "-f", "p", "-o", "json"]).expect_code(1).json();
    assert_eq!(document["summary"], json!({"pass": 6, "fail": 1, "error": 3, "skip": 0}), "{document:#}");
    let results = document["results"].as_array().expect("rows");
    let failed = results.iter().find(|row| row["outcome"] == "fail").expect("one fails");
    assert_eq!(
        (&failed["resource"], &failed["expected"], &failed["got"]),
        (&json!("Pod/good"), &json!("denied"), &json!("allowed"))
    );
    // A test that expects nothing, or nobody knows what, is none.
    for (results, why) in [
        ("[]\n", "there are no `results`"),
        ("\n- {policy: no-latest, kind: Pod, resources: [bad], result: passs}\n", "'passs'"),
        ("\n- {policy: no-latest, kind: Pod, resources: [bad], resut: pass}\n", "it has no result"),
        ("\n- {policy: no-latest, kind: Pod, resources: [], result: pass}\n", "names no `resources`"),
    ] {
        copilot.write(
            "q/.kyverno-test/kyverno-test.yaml",
            &test("X").replace("results:\nX", &format!("results: {results}")),
        );
        let output = copilot.run(["policy", "test", "-f", "q"]).expect_code(3);
        assert!(
            output.stdout.contains(why) && output.stdout.contains("0 pass, 0 fail, 1 error"),
            "{why}: {}",
            output.stdout
        );
    }
    for why in ["has no rule 'other'", "there is no Pod 'nobody'", "there is no policy 'absent'"] {
        assert!(
            results.iter().any(|row| row["message"].as_str().is_some_and(|text| text.contains(why))),
            "{why}"
        );
    }
}

#[test]
fn a_pattern_is_known_before_there_is_a_draft() {
    let copilot = Copilot::new();
    copilot.write(
        "p/policy.yaml",
        "apiVersion: kyverno.io/v1
kind: ClusterPolicy
metadata: {name: images}
spec:
  rules:
  - name: tags
    match: {any: [{resources: {kinds: [Pod]}}]}
    validate:
      failureAction: Enforce
      message: 'no :latest in {{ request.object.metadata.name }}'
      pattern: {spec: {containers: [{image: '!*:latest'}], =(hostNetwork): false}}
  - name: amount
    match: {any: [{resources: {kinds: [Service]}}]}
    validate: {failureAction: Enforce, message: many ports, pattern: {spec: {ports: [{port: '>1024'}]}}}
",
    );
    let explain = |kind: &str| {
        let arguments = ["policy", "explain", "--kind", kind, "--policies", "p", "-o", "json"];
        let document = copilot.run(arguments).expect_code(0).json();
        let all = document["policies"].as_array().expect("policies").clone();
        let kinds = all.iter().flat_map(|policy| policy["kinds"].as_array().cloned().unwrap_or_default());
        kinds
            .flat_map(|kind| kind["validations"].as_array().cloned().unwrap_or_default())
            .collect::<Vec<Value>>()
    };
    let of_pods = explain("Deployment");
    assert_eq!(of_pods.len(), 1, "{of_pods:?}");
    assert_eq!(of_pods[0]["how"], "constraint", "{of_pods:?}");
    let template =
        &of_pods[0]["schema"]["properties"]["spec"]["properties"]["template"]["properties"]["spec"];
    let container = &template["properties"]["containers"]["items"];
    assert_eq!(container["properties"]["image"]["not"]["pattern"], "^[\\s\\S]*:latest$", "{of_pods:?}");
    assert_eq!(template["properties"]["hostNetwork"]["enum"], serde_json::json!([false]), "{of_pods:?}");
    let of_services = explain("Service");
    assert_eq!(of_services[0]["how"], "after", "{of_services:?}");
    assert_eq!(of_services[0]["reason"], "it compares amounts");

    let found = findings(&copilot, &deployment("docker.io/library/nginx:latest", 0));
    assert_eq!(found, [("policy/images/autogen-tags".to_owned(), "no :latest in d".to_owned())]);
}
