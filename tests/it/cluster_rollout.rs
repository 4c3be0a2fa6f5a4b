//! Why what was applied does not become ready, each reason in its own words. The simulated nodes let a pod go the way that
//! its annotation says (tests/controlplane/stages.yaml).

use crate::support::cluster::{alices, apply, machine, planned};
use crate::support::rig::rig;

/// A way that a pod can go, the state in which it stays, and how that is explained.
struct Way {
    becomes: &'static str,
    /// Field of the container's status that shows it, and its value.
    seen: (&'static str, &'static str),
    explained: &'static str,
}

const WAYS: [Way; 4] = [
    Way {
        becomes: "image-pull-backoff",
        seen: ("state.waiting.reason", "ImagePullBackOff"),
        explained: "cannot pull its image docker.io/library/nginx:1.27: does it exist, and may the cluster read it?",
    },
    Way {
        becomes: "crash-loop",
        seen: ("state.waiting.reason", "CrashLoopBackOff"),
        explained: "ends again and again with exit code 1: kubectl logs crash-loop-0 --previous -n NAMESPACE",
    },
    Way {
        becomes: "oom-killed",
        seen: ("lastState.terminated.reason", "OOMKilled"),
        explained: "was killed because it used more memory than its limit",
    },
    Way {
        becomes: "not-ready",
        seen: ("started", "true"),
        explained: "runs, and its readiness probe does not succeed yet",
    },
];

fn stateful_set(becomes: &str, round: u32) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: StatefulSet\nmetadata: {{name: {becomes}, labels: {{round: '{round}'}}}}\nspec:\n  \
         serviceName: {becomes}\n  selector: {{matchLabels: {{app: {becomes}}}}}\n  template:\n    metadata:\n      \
         labels: {{app: {becomes}}}\n      annotations: {{kubectl-copilot.test/becomes: {becomes}}}\n    spec:\n      \
         containers:\n        - {{name: main, image: 'docker.io/library/nginx:1.27', resources: {{requests: {{cpu: 10m, \
         memory: 16Mi}}, limits: {{memory: 16Mi}}}}}}\n"
    )
}

/// All ways, and one that goes well.
fn all(round: u32) -> String {
    WAYS.iter()
        .map(|way| way.becomes)
        .chain(["running"])
        .map(|becomes| stateful_set(becomes, round))
        .collect()
}

#[test]
fn each_reason_why_a_pod_does_not_run_is_told_in_its_own_words() {
    let Some(rig) = rig("why a rollout does not get further") else { return };
    let namespace = alices(rig, "reasons");
    let copilot = machine(rig);
    let who = ["-f", "all.yaml", "--context", "alice", "-n", &namespace];
    copilot.write("all.yaml", &all(1));
    let plan = planned(&copilot, &who);
    apply(&copilot, &plan, &["--wait", "0"]).expect_code(0);
    for way in &WAYS {
        let pod = format!("pod/{}-0", way.becomes);
        let (field, value) = way.seen;
        let state = format!("--for=jsonpath={{.status.containerStatuses[0].{field}}}={value}");
        rig.kubectl(&["wait", "--for=create", &pod, "-n", &namespace, "--timeout=60s"]);
        rig.kubectl(&["wait", &state, &pod, "-n", &namespace, "--timeout=60s"]);
    }
    let ready = "--for=condition=Ready";
    rig.kubectl(&["wait", "--for=create", "pod/running-0", "-n", &namespace, "--timeout=60s"]);
    rig.kubectl(&["wait", ready, "pod/running-0", "-n", &namespace, "--timeout=60s"]);
    let replicas = "--for=jsonpath={.status.readyReplicas}=1";
    rig.kubectl(&["wait", replicas, "statefulset/running", "-n", &namespace, "--timeout=60s"]);

    // Another label on the workloads alone: their pods stay as they are, and are followed once more.
    copilot.write("all.yaml", &all(2));
    let plan = planned(&copilot, &who);
    let output = apply(&copilot, &plan, &["--wait", "1"]).expect_code(6);
    for way in &WAYS {
        let Way { becomes, explained, .. } = way;
        let told = format!(
            "not ready: StatefulSet/{becomes} ({namespace}): 0 of 1 pod is ready\n  why: container 'main' of {becomes}-0 {}",
            explained.replace("NAMESPACE", &namespace)
        );
        assert!(output.stdout.contains(&told), "{told}\nis not in\n{}", output.stdout);
    }
    assert!(
        output.stdout.contains(&format!("ready: StatefulSet/running ({namespace})")),
        "{}",
        output.stdout
    );
    assert_eq!(output.stdout.matches("  why: ").count(), WAYS.len(), "one reason each:\n{}", output.stdout);
}
