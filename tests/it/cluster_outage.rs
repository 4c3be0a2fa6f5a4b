//! The API server itself goes away, on a control plane of its own: between plan and apply, and while a rollout is followed.
//! Each ends with one message, and what was planned or applied goes on once the server is back.

use crate::support::Copilot;
use crate::support::cluster::{apply, digest, machine, planned};
use crate::support::rig::{Rig, own_rig};
use crate::support::running::Running;

const API_SERVER: &str = "kube-apiserver";

/// One pod, on nodes with a label that none has yet.
const WAITS: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: settings, namespace: team-a}
data: {level: info}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: team-a}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      nodeSelector: {chosen: 'yes'}
      containers:
        - {name: web, image: 'docker.io/library/nginx:1.27', resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 64Mi}}}
";

#[test]
fn an_api_server_that_goes_away_and_comes_back() {
    let Some(mut rig) = own_rig("an API server that goes away") else { return };
    let copilot = machine(&rig);
    copilot.write("waits.yaml", WAITS);
    between_plan_and_apply(&mut rig, &copilot);
    while_a_rollout_is_followed(&mut rig, &copilot);
    until_the_deadline(&mut rig, &copilot);
}

/// Nothing is written, which is said; the same plan applies later.
fn between_plan_and_apply(rig: &mut Rig, copilot: &Copilot) {
    let plan = planned(copilot, &["-f", "waits.yaml", "--context", "alice"]);
    rig.kill(API_SERVER);
    let away = apply(copilot, &plan, &["--wait", "0"]).expect_code(2);
    assert_eq!(away.stdout, "");
    let lines: Vec<&str> = away.stderr.lines().collect();
    assert!(
        matches!(lines[..], [error, hint] if error.starts_with("error: ") && hint.starts_with("hint: ")),
        "{lines:?}"
    );
    for part in [rig.server.trim_end_matches('/'), "cannot be reached", "nothing was written"] {
        assert!(lines[0].contains(part), "'{part}' is not in: {}", lines[0]);
    }
    rig.start_again(API_SERVER);
    let applied = apply(copilot, &plan, &["--wait", "0"]).expect_code(0);
    assert!(applied.stdout.contains("applied 2 objects"), "{}", applied.stdout);
}

/// Following goes on over the outage.
fn while_a_rollout_is_followed(rig: &mut Rig, copilot: &Copilot) {
    copilot.write("waits.yaml", &WAITS.replace("nginx:1.27", "nginx:1.28"));
    let plan = planned(copilot, &["-f", "waits.yaml", "--context", "alice"]);
    let digest = digest(&plan);
    let mut running = Running::start(
        copilot,
        &["apply", "--plan", "plan.json", "--digest", &digest, "--yes", "--wait", "170"],
    );
    running.says("waits for a node");
    rig.kill(API_SERVER);
    running.says("waiting for Deployment/web (team-a): the API server cannot be asked");
    rig.start_again(API_SERVER);
    rig.kubectl(&["label", "node", "cpu-1", "chosen=yes"]);
    running.says("ready: Deployment/web (team-a)");
    let output = running.ends().expect_code(0);
    let away = output.stdout.matches("the API server cannot be asked").count();
    assert_eq!(away, 1, "said once, and not at each look:\n{}", output.stdout);
}

/// What is not seen ready when the time is over is not called failed either.
fn until_the_deadline(rig: &mut Rig, copilot: &Copilot) {
    copilot.write("waits.yaml", &WAITS.replace("chosen: 'yes'", "chosen: 'no'"));
    let plan = planned(copilot, &["-f", "waits.yaml", "--context", "alice"]);
    let digest = digest(&plan);
    let mut running = Running::start(
        copilot,
        &["apply", "--plan", "plan.json", "--digest", &digest, "--yes", "--wait", "10"],
    );
    running.says("waiting for Deployment/web (team-a)");
    rig.kill(API_SERVER);
    let output = running.ends().expect_code(6);
    assert!(
        output.stdout.contains("not known whether ready: Deployment/web (team-a)\n  why: "),
        "{}",
        output.stdout
    );
    assert!(!output.stdout.contains("failed"), "{}", output.stdout);
    assert_eq!(output.stderr, "");
}
