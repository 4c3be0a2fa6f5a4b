//! Secrets whose values come from a file: a kept plan has none of them, and reads them again.

use crate::support::cluster::{apply, machine, planned};
use crate::support::rig::rig;

#[test]
fn a_secret_of_a_file_without_a_namespace_is_applied_from_a_kept_plan() {
    let Some(rig) = rig("values of a Secret from a kept plan") else { return };
    let namespace = rig.namespace("values");
    let copilot = machine(rig);
    let secret = |value: &str| {
        format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: db}}\nstringData: {{password: {value}}}\n")
    };
    for value in ["hunter2-first", "hunter2-second"] {
        copilot.write("secret.yaml", &secret(value));
        let plan = planned(&copilot, &["-f", "secret.yaml", "--context", "admin", "-n", &namespace]);
        assert!(!copilot.read("plan.json").contains("hunter2"));
        apply(&copilot, &plan, &[]).expect_code(0);
        let live = rig.kubectl(&["get", "secret", "db", "-n", &namespace, "-o", "jsonpath={.data.password}"]);
        assert_eq!(live, base64(value));
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
