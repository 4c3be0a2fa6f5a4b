//! What the tests on the control plane begin with: somebody's machine, a namespace of their own, a plan and its digest.

use serde_json::Value;

use super::Copilot;
use super::copilot::Output;
use super::rig::Rig;

/// Somebody's machine with the rig's kubeconfig and a context chosen by flags.
pub fn machine(rig: &Rig) -> Copilot {
    Copilot::new().with_env("KUBECONFIG", rig.kubeconfig.clone())
}

/// A namespace of its own in which alice has nothing but a RoleBinding to `edit`.
pub fn alices(rig: &Rig, name: &str) -> String {
    let namespace = rig.namespace(name);
    rig.kubectl(&[
        "create",
        "rolebinding",
        "alice",
        "-n",
        &namespace,
        "--clusterrole",
        "edit",
        "--user",
        "alice",
    ]);
    namespace
}

/// A plan that is made, and kept in `plan.json`.
pub fn planned(copilot: &Copilot, arguments: &[&str]) -> Value {
    let mut all = vec!["plan", "-o", "json", "--out", "plan.json"];
    all.extend(arguments);
    copilot.run(all).expect_code(0).json()
}

/// What a yes to a plan is a yes to.
pub fn digest(plan: &Value) -> String {
    plan["digest"].as_str().expect("a digest").to_owned()
}

/// Agrees to `plan.json`, as a script does.
#[must_use = "a call that nobody looks at tests nothing: use `expect_code`"]
pub fn apply(copilot: &Copilot, plan: &Value, more: &[&str]) -> Output {
    let digest = digest(plan);
    let mut all = vec!["apply", "--plan", "plan.json", "--digest", &digest, "--yes"];
    all.extend(more);
    copilot.run(all)
}
