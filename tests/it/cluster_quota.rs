//! Whether it fits, for a person who may see nothing but their own namespace: its quota still speaks.

use crate::support::cluster::{alices, apply, machine, planned};
use crate::support::rig::rig;

fn workers(name: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec:\n  replicas: \
         {replicas}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: \
         {name}}}}}\n    spec:\n      tolerations: [{{key: nvidia.com/gpu, operator: Exists}}]\n      containers:\n        \
         - {{name: main, image: 'docker.io/library/busybox:1.37', resources: {{limits: {{nvidia.com/gpu: 1}}}}}}\n"
    )
}

#[test]
fn a_quota_says_no_though_no_node_may_be_read() {
    let Some(rig) = rig("quota for a person without rights on nodes") else { return };
    let namespace = alices(rig, "quota");
    rig.kubectl(&["create", "quota", "gpu", "-n", &namespace, "--hard=requests.nvidia.com/gpu=4"]);
    // Until it is counted, the API server refuses what it would count.
    rig.kubectl(&["wait", "--for=jsonpath={.status.used}", "quota/gpu", "-n", &namespace, "--timeout=60s"]);
    let copilot = machine(rig);
    let who = ["--context", "alice", "-n", &namespace];
    let plan_for = |name: &str, replicas: u32| {
        copilot.write("web.yaml", &workers(name, replicas));
        planned(&copilot, &[&["-f", "web.yaml"], &who[..]].concat())
    };

    let many = plan_for("many", 5);
    assert_eq!(many["capacity"]["verdict"], "blocked", "{}", many["capacity"]);
    let why = many["capacity"]["why"].as_str().unwrap_or_default();
    assert!(why.contains("quota 'gpu'") && why.contains("0 of 4 GPUs are used and 5 GPUs more"), "{why}");
    assert_eq!(many["capacity"]["would_fit"][0], "4 GPUs in all", "{}", many["capacity"]);
    let text = copilot.run([&["plan", "-f", "web.yaml"], &who[..]].concat()).expect_code(0);
    let shown = format!("{}{}", text.stdout, text.stderr);
    assert!(shown.contains("does not fit now: quota 'gpu'"), "{shown}");

    let few = plan_for("few", 2);
    assert_eq!(
        few["capacity"]["verdict"], "unknown",
        "what is not known is never 'fits': {}",
        few["capacity"]
    );
    let why = few["capacity"]["why"].as_str().unwrap_or_default();
    assert!(why.starts_with("the nodes of the cluster may not be read"), "{why}");
    assert!(why.contains("has room: 0 of 4 GPUs are used and 2 GPUs more are asked for"), "{why}");

    apply(&copilot, &few, &[]).expect_code(0);
    let more = plan_for("more", 3);
    let why = more["capacity"]["why"].as_str().unwrap_or_default();
    assert_eq!(more["capacity"]["verdict"], "blocked", "{why}");
    assert!(why.contains("2 of 4 GPUs are used (ReplicaSet/few-"), "{why}");
    rig.kubectl(&["delete", "deployment", "few", "-n", &namespace, "--wait=false"]);
}
