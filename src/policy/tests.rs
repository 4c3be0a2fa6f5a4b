use std::path::{Path, PathBuf};

use serde_json::json;

use super::*;
use crate::finding::{Finding, Severity};
use crate::manifest::{Budget, Manifest, parse};

mod cluster;
mod semantics;

/// The documents of a YAML text.
pub(super) fn documents(text: &str) -> Vec<Manifest> {
    parse(text.as_bytes(), Some("case"), &Budget::default()).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("policies")
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Every shipped policy with its cases: `allowed-*.yaml` passes, `denied-*.yaml` is denied with each `# expect:`.
#[test]
fn the_shipped_policies_decide_their_cases() {
    let schemas = crate::schema::SchemaSet::bundled(None).unwrap();
    let mut cases = 0;
    let mut policies: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    policies.sort();
    assert!(policies.len() >= 5);
    for policy in policies {
        let set = PolicySet::from_manifests(&documents(&read(&policy.join("policy.yaml")))).unwrap();
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(policy.join("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files {
            let (name, text) = (file.file_stem().unwrap().to_string_lossy().into_owned(), read(&file));
            let mut findings = Vec::new();
            for manifest in documents(&text) {
                let user = User::named("ann");
                // As the API server has it when it asks its policies.
                let object = crate::schema::defaulted(&manifest.object, &schemas);
                let evaluation = set.evaluate(&Review::create(&object, &user));
                findings.extend(evaluation.findings);
            }
            assert!(findings.iter().all(|finding| !finding.incomplete), "{name}: {findings:#?}");
            if name.starts_with("allowed-") {
                assert!(findings.is_empty(), "{}: {findings:#?}", file.display());
            } else {
                assert!(name.starts_with("denied-"), "{}: allowed-*.yaml or denied-*.yaml", file.display());
                let expected: Vec<&str> =
                    text.lines().filter_map(|line| line.strip_prefix("# expect:")).map(str::trim).collect();
                assert!(!expected.is_empty(), "{}: no `# expect:` line", file.display());
                for part in expected {
                    let said =
                        findings.iter().any(|f| f.message.contains(part) && f.severity == Severity::Error);
                    assert!(said, "{}: expected {part:?} in {findings:#?}", file.display());
                }
                assert!(
                    findings.iter().all(|finding| !finding.path.is_empty()),
                    "{}: {findings:#?}",
                    file.display()
                );
            }
            cases += 1;
        }
    }
    assert!(cases >= 25, "{cases}");
}

#[test]
fn findings_of_the_shipped_policies_point_at_the_field() {
    for (policy, case, path) in [
        ("allowed-registries", "denied-other-registry", "/spec/template/spec/containers/0/image"),
        (
            "allowed-registries",
            "denied-init-container",
            "/spec/jobTemplate/spec/template/spec/initContainers/0/image",
        ),
        (
            "no-privileged-host",
            "denied-privileged",
            "/spec/template/spec/containers/1/securityContext/privileged",
        ),
        ("no-privileged-host", "denied-host-network", "/spec/jobTemplate/spec/template/spec/hostNetwork"),
        ("requests-and-limits", "denied-one-of-two", "/spec/template/spec/containers/1/resources/limits"),
        (
            "gpu-cap-per-pod",
            "denied-sixteen",
            "/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu",
        ),
        ("owner-label", "denied-claim", "/metadata/labels/kubectl-copilot.dev~1owner"),
    ] {
        let set =
            PolicySet::from_manifests(&documents(&read(&folder().join(policy).join("policy.yaml")))).unwrap();
        let text = read(&folder().join(policy).join("cases").join(format!("{case}.yaml")));
        let object = documents(&text).remove(0).object;
        let findings = set.evaluate(&Review::create(&object, &User::named("ann"))).findings;
        let paths: Vec<&str> = findings.iter().map(|finding: &Finding| finding.path.as_str()).collect();
        assert_eq!(paths, [path], "{case}");
    }
}

#[test]
fn an_evaluation_does_not_depend_on_the_order_of_keys() {
    let set = PolicySet::from_manifests(&documents(&read(&folder().join("allowed-registries/policy.yaml"))))
        .unwrap();
    let object = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [
        {"name": "a", "image": "x.io/a"}, {"name": "b", "image": "y.io/b"}]}});
    let first = set.evaluate(&Review::create(&object, &User::named("ann")));
    for _ in 0..20 {
        assert_eq!(set.evaluate(&Review::create(&object, &User::named("ann"))), first);
    }
}

#[test]
fn all_shipped_policies_are_compiled_in_and_in_force() {
    let set = PolicySet::platform().unwrap();
    let mut folders: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    let list = set.list();
    assert_eq!(list.iter().map(|policy| policy.name.clone()).collect::<Vec<_>>(), folders);
    for policy in list {
        assert!(
            policy.in_force && policy.description.is_some() && policy.unsupported.is_none(),
            "{policy:?}"
        );
        assert_eq!(policy.actions, ["Deny"]);
    }
    assert_eq!(set.in_force(), folders.len());
}
