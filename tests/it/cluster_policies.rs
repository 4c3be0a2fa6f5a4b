//! The shipped policies on the real API server: its verdict and this program's own agree on every case that ships.

use std::path::{Path, PathBuf};

use kubectl_copilot::manifest::{Budget, Manifest, parse, to_yaml_documents};
use serde_json::{Value, json};

use crate::support::Copilot;
use crate::support::repository::root;
use crate::support::rig::{Rig, rig};

/// So often is asked until a new policy acts: it took the server 218 ms when that was measured.
const PATIENCE: usize = 200;

fn manifests(path: &Path) -> Vec<Manifest> {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    parse(&text, path.to_str(), &Budget::default()).unwrap_or_else(|error| panic!("{error}"))
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    files
}

/// Puts a shipped policy in force for one namespace alone, under a name of its own.
fn enforce(rig: &Rig, folder: &Path, name: &str, namespace: &str) {
    let mut objects: Vec<Value> = Vec::new();
    for manifest in manifests(&folder.join("policy.yaml")) {
        let mut object = manifest.object;
        match object["kind"].as_str().unwrap_or_default() {
            "ValidatingAdmissionPolicy" => object["metadata"]["name"] = json!(name),
            "ValidatingAdmissionPolicyBinding" => {
                object["metadata"]["name"] = json!(name);
                object["spec"]["policyName"] = json!(name);
                object["spec"]["matchResources"] =
                    json!({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}}});
                if object["spec"]["paramRef"].is_object() {
                    object["spec"]["paramRef"]["namespace"] = json!(namespace);
                }
            }
            _ => object["metadata"]["namespace"] = json!(namespace),
        }
        objects.push(object);
    }
    rig.create(&to_yaml_documents(&objects));
}

/// Whether the API server refuses one of the objects, by the policy or before it; any other trouble fails the test.
fn denied_by_server(copilot: &Copilot, rig: &Rig, file: &Path, name: &str, namespace: &str) -> bool {
    let mut denied = false;
    for manifest in manifests(file) {
        copilot.write("one.yaml", &to_yaml_documents(&[manifest.object]));
        let output = copilot.run_program(
            rig.kubectl_path(),
            ["--context", "admin", "create", "--dry-run=server", "-n", namespace, "-f", "one.yaml"],
        );
        if output.code != Some(0) {
            let by_policy = output.stderr.contains(&format!("ValidatingAdmissionPolicy '{name}'"));
            // Validation comes before policies: a GPU that is only requested is no valid Pod.
            let invalid = output.stderr.contains("is invalid");
            assert!(by_policy || invalid, "{}: {}", file.display(), output.stderr);
            denied = true;
        }
    }
    denied
}

/// Whether this program denies it by the policy, which it has read from the cluster.
fn denied_here(copilot: &Copilot, file: &Path, name: &str, namespace: &str) -> bool {
    let file = file.to_str().expect("a path");
    let output = copilot.run(["plan", "-f", file, "--context", "admin", "-n", namespace]);
    let text = format!("{}{}", output.stdout, output.stderr);
    assert!(!text.contains("incomplete"), "{file}: {text}");
    text.lines().any(|line| line.starts_with("error") && line.ends_with(&format!("[policy/{name}]")))
}

#[test]
fn the_server_and_this_program_agree_on_every_case_of_the_shipped_policies() {
    let Some(rig) = rig("verdicts of the shipped policies on a real API server") else { return };
    let copilot = Copilot::new().with_env("KUBECONFIG", rig.kubeconfig.clone());
    let mut cases = 0;
    for folder in files(&root().join("policies")).into_iter().filter(|path| path.is_dir()) {
        let own = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let namespace = rig.namespace(&own);
        let name = namespace.clone();
        enforce(rig, &folder, &name, &namespace);
        let all = files(&folder.join("cases"));
        let is_denied =
            |file: &Path| file.file_name().is_some_and(|n| n.to_string_lossy().starts_with("denied"));
        let canary = all.iter().find(|file| is_denied(file)).expect("a denied case");
        let acts = (0..PATIENCE).any(|_| denied_by_server(&copilot, rig, canary, &name, &namespace));
        assert!(acts, "{own} never denied {}", canary.display());
        for file in &all {
            let expected = is_denied(file);
            if manifests(file).iter().any(|manifest| manifest.key().api_version.contains("kubeflow.org")) {
                // A kind that this control plane does not serve.
                continue;
            }
            let server = denied_by_server(&copilot, rig, file, &name, &namespace);
            assert_eq!(server, expected, "the server's verdict on {}", file.display());
            let here = denied_here(&copilot, file, &name, &namespace);
            assert_eq!(here, expected, "our verdict on {}", file.display());
            cases += 1;
        }
    }
    assert!(cases >= 20, "only {cases} cases");
}

/// Expressions that hold for [`ROLE`], as the API server evaluates them and as this program does.
const HOLD: [&str; 13] = [
    "object.rules == null",
    "object.metadata.labels.orValue({}) == object.metadata.labels",
    "object.metadata.labels.all(k, v, v != '') && object.metadata.labels.exists(k, v, k == 'b' && v == '2')",
    "object.metadata.labels.transformMap(k, v, int(v) * 2) == {'a': 2, 'b': 4}",
    "['x', 'y'].transformList(i, v, string(i) + v) == ['0x', '1y']",
    "object.metadata.labels.transformMapEntry(k, v, {v: k})['1'] == 'a'",
    "[3, 1].sortBy(n, n) == [1, 3] && [1, 1, 2].distinct().size() == 2",
    "quantity('1.5Gi') == quantity('1536Mi') && isIP('10.0.0.1') && semver('1.2.3').major() == 1",
    "true || authorizer.path('/healthz').check('get').allowed()",
    // What an independent port of these functions has otherwise: `src/policy/cel/others.rs`.
    "size('äé€') == 3 && 'abc'.split('') == ['a', 'b', 'c'] && ''.split('') == []",
    "!isSemver('10.0.0.1', true) && isSemver('10.0.1', true)",
    "url('/a/b').getHost() == '' && url('/a/b').getHostname() == ''",
    "url('https://h/p?q=1&q=2#f').getQuery() == {'q': ['1', '2']} && url('https://h/p#f?q=1').getEscapedPath() == '/p' && !isURL('https://h#f')",
];

/// Expressions that the API server does not take.
const REFUSED: [&str; 6] = [
    "cel.bind(x, 1, x == 1)",
    "math.greatest(1, 2) == 2",
    "base64.encode(b'a') == 'YQ=='",
    "object.metadata.name.startWith('a')",
    "object.metadata.name.startsWith('a', 'b')",
    "parseServiceAccount(request.userInfo.username).Name == 'a'",
];

const ROLE: &str = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: empty, labels: {a: '1', b: '2'}}\n";

/// A policy with these validations, for new ClusterRoles of one name only.
fn policy(name: &str, expressions: &[&str]) -> String {
    let validations: Vec<Value> = expressions
        .iter()
        .map(
            |expression| json!({"expression": expression, "message": format!("does not hold: {expression}")}),
        )
        .collect();
    to_yaml_documents(&[
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name},
            "spec": {
                "matchConstraints": {"resourceRules": [{"apiGroups": ["rbac.authorization.k8s.io"], "apiVersions": ["v1"],
                    "operations": ["CREATE"], "resources": ["clusterroles"]}]},
                "matchConditions": [{"name": "own", "expression": "object.metadata.name in ['empty', 'canary']"}],
                "validations": validations}}),
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name}, "spec": {"policyName": name, "validationActions": ["Deny"]}}),
    ])
}

#[test]
fn expressions_mean_here_what_they_mean_on_the_server() {
    let Some(rig) = rig("expressions of policies on a real API server") else { return };
    let copilot = Copilot::new().with_env("KUBECONFIG", rig.kubeconfig.clone());
    let kubectl =
        |args: &[&str]| copilot.run_program(rig.kubectl_path(), [&["--context", "admin"], args].concat());
    for expression in REFUSED {
        copilot.write("p/policy.yaml", &policy("refused", &[expression]));
        let server = kubectl(&["create", "--dry-run=server", "-f", "p/policy.yaml"]);
        assert!(
            server.stderr.contains("undeclared reference") || server.stderr.contains("no matching overload"),
            "{expression}: {}",
            server.stderr
        );
        let here = copilot.run(["policy", "list", "--policies", "p"]).expect_code(2);
        assert!(
            here.stderr.contains("does not compile: undeclared reference"),
            "{expression}: {}",
            here.stderr
        );
    }
    let name = rig.namespace("expressions");
    let acts = "object.metadata.name != 'canary'";
    copilot.write("p/policy.yaml", &policy(&name, &[&[acts], &HOLD[..]].concat()));
    copilot.write("role.yaml", ROLE);
    copilot.write("canary.yaml", &ROLE.replace("empty", "canary"));
    let created = kubectl(&["create", "-f", "p/policy.yaml"]);
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let canary = || kubectl(&["create", "--dry-run=server", "-f", "canary.yaml"]);
    assert!((0..PATIENCE).any(|_| canary().stderr.contains(acts)), "the policy never acted");
    let server = kubectl(&["create", "--dry-run=server", "-f", "role.yaml"]);
    assert_eq!(server.code, Some(0), "{}", server.stderr);
    let plan = |file: &str| copilot.run(["plan", "-f", file, "--to", "empty", "--policies", "p"]);
    let here = plan("role.yaml");
    assert_eq!(here.code, Some(0), "{}{}", here.stdout, here.stderr);
    let here = plan("canary.yaml").expect_code(1);
    assert!(format!("{}{}", here.stdout, here.stderr).contains(acts), "{}", here.stderr);
}
