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
