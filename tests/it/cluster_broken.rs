//! The connection to the API server breaks while a plan is being applied: a person is told what is there, what is not,
//! and what nobody on this side can know; and the next plan finds out.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::support::Copilot;
use crate::support::cluster::{apply, machine, planned};
use crate::support::copilot::Output;
use crate::support::forwarder::{Forwarder, Lost};
use crate::support::rig::{Rig, rig};

/// Written in this order.
const OBJECTS: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {level: info}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
";

/// What came of an apply whose connection broke.
struct Broken {
    copilot: Copilot,
    namespace: String,
    output: Output,
}

/// Plans over a connection that holds, and applies over one that breaks at the first request that begins so.
fn broken(rig: &Rig, name: &str, lost: Lost, method: &'static str, resource: &'static str) -> Broken {
    let namespace = rig.namespace(name);
    let forwarder = Forwarder::start(rig, "admin");
    let copilot = machine(rig);
    let way = copilot.write("way.yaml", &forwarder.kubeconfig(&namespace));
    let copilot = copilot.with_env("KUBECONFIG", way);
    copilot.write("all.yaml", OBJECTS);
    let plan = planned(&copilot, &["-f", "all.yaml"]);
    forwarder.break_at(lost, move |request| request.starts_with(method) && request.contains(resource));
    let output = apply(&copilot, &plan, &[]);
    assert!(forwarder.is_broken(), "it never came to {method} {resource}\n{}", output.stdout);
    Broken { copilot, namespace, output }
}

impl Broken {
    /// What the output says of each kind, e.g. `NOT applied`; empty for what was applied.
    fn says(&self) -> BTreeMap<&str, &str> {
        let place = format!(" ({})", self.namespace);
        let lines =
            self.output.stdout.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(&place));
        lines
            .map(|line| line.rsplit_once(": ").unwrap_or(("", line)))
            .map(|(said, object)| (object, said))
            .collect()
    }

    /// Plans over a connection that holds.
    fn plan(&self, rig: &Rig) -> Value {
        let kubeconfig = rig.kubeconfig.to_str().expect("a path");
        let who = ["-f", "all.yaml", "--kubeconfig", kubeconfig, "--context", "admin", "-n", &self.namespace];
        planned(&self.copilot, &who)
    }

    /// What the next plan would do with each object.
    fn next(&self, rig: &Rig) -> Vec<String> {
        let plan = self.plan(rig);
        let actions = plan["changes"].as_array().expect("changes").iter();
        actions.filter_map(|change| change["action"].as_str()).map(str::to_owned).collect()
    }
}

#[test]
fn an_answer_that_is_lost_leaves_open_whether_the_object_is_there() {
    let Some(rig) = rig("a connection that breaks in the middle of an apply") else { return };
    // Whether the API server has seen the request makes no difference here: nobody on this side can tell.
    for (name, lost, next) in [
        ("lost-answer", Lost::Answer, ["none", "none", "create"]),
        ("lost-request", Lost::Request, ["none", "create", "create"]),
    ] {
        let broken = broken(rig, name, lost, "POST ", "/services?");
        let says = broken.says();
        assert_eq!(
            says,
            BTreeMap::from([
                ("ConfigMap/settings", ""),
                ("Service/web", "NOT KNOWN whether applied"),
                ("ServiceAccount/runner", "NOT applied"),
            ]),
            "{}",
            broken.output.stdout
        );
        let look = format!("`kubectl get service/web -n {} --context lab` tells", broken.namespace);
        assert!(broken.output.stdout.contains(&look), "{}", broken.output.stdout);
        assert!(broken.output.stdout.contains("make a new plan"), "{}", broken.output.stdout);
        assert_eq!(broken.next(rig), next, "{lost:?}: what is there already is left as it is");
        broken.output.expect_code(4);
    }
}

#[test]
fn the_first_object_may_be_there_already() {
    let Some(rig) = rig("a connection that breaks at the first object of an apply") else { return };
    let broken = broken(rig, "first-answer", Lost::Answer, "POST ", "/configmaps?");
    assert_eq!(broken.says()["ConfigMap/settings"], "NOT KNOWN whether applied", "{}", broken.output.stdout);
    assert_eq!(broken.says()["Service/web"], "NOT applied", "{}", broken.output.stdout);
    assert_eq!(broken.next(rig), ["none", "create", "create"]);
    // Not 2: that would say that nothing was written.
    broken.output.expect_code(4);
}

#[test]
fn what_could_not_be_sent_was_not_applied() {
    let Some(rig) = rig("a connection that breaks between two objects of an apply") else { return };
    // The field manager of the ConfigMap is put right by a second request; what is lost with it is no object.
    let broken = broken(rig, "between", Lost::Request, "PATCH ", "/configmaps/settings?");
    assert_eq!(
        broken.says(),
        BTreeMap::from([
            ("ConfigMap/settings", ""),
            ("Service/web", "NOT applied"),
            ("ServiceAccount/runner", "NOT applied"),
        ]),
        "{}",
        broken.output.stdout
    );
    assert!(broken.output.stdout.contains("cannot be reached"), "{}", broken.output.stdout);
    assert_eq!(broken.next(rig), ["none", "create", "create"]);
    broken.output.expect_code(4);
}

#[test]
fn what_was_left_half_done_is_no_conflict_with_ourselves() {
    let Some(rig) = rig("a change of an object whose creation was cut off") else { return };
    // As above: the API server has the ConfigMap as created by us, and not as applied by us.
    let broken = broken(rig, "half", Lost::Request, "PATCH ", "/configmaps/settings?");
    broken.copilot.write("all.yaml", &OBJECTS.replace("info", "debug"));
    let plan = broken.plan(rig);
    assert_eq!(plan["changes"][0]["action"], "change", "{plan}");
    let kubeconfig = rig.kubeconfig.to_str().expect("a path");
    apply(&broken.copilot, &plan, &["--kubeconfig", kubeconfig]).expect_code(0);
    let level = ["get", "configmap", "settings", "-n", &broken.namespace, "-o", "jsonpath={.data.level}"];
    assert_eq!(rig.kubectl(&level), "debug");
    // Somebody else's field is still theirs.
    let other = r#"{"data": {"level": "warning"}}"#;
    let patch =
        ["patch", "configmap", "settings", "-n", &broken.namespace, "--field-manager", "other", "-p", other];
    rig.kubectl(&patch);
    let file =
        ["plan", "-f", "all.yaml", "--kubeconfig", kubeconfig, "--context", "admin", "-n", &broken.namespace];
    let refused = broken.copilot.run(file).expect_code(1);
    assert!(refused.stderr.contains("/data/level (other)"), "{}", refused.stderr);
}

#[test]
fn before_the_first_write_nothing_was_written() {
    let Some(rig) = rig("a connection that breaks before the first write of an apply") else { return };
    let broken = broken(rig, "before", Lost::Answer, "GET ", "/serviceaccounts/runner");
    assert_eq!(broken.next(rig), ["create"; 3]);
    let output = broken.output.expect_code(2);
    assert!(output.stderr.contains("nothing was written"), "{}", output.stderr);
    assert_eq!(output.stdout, "", "nothing is claimed");
}

#[test]
fn a_change_that_is_not_answered_is_not_known_either() {
    let Some(rig) = rig("a connection that breaks at a change") else { return };
    let namespace = rig.namespace("change-answer");
    rig.create(&OBJECTS.replace("metadata: {", &format!("metadata: {{namespace: {namespace}, ")));
    let forwarder = Forwarder::start(rig, "admin");
    let copilot = machine(rig);
    let way = copilot.write("way.yaml", &forwarder.kubeconfig(&namespace));
    let copilot = copilot.with_env("KUBECONFIG", way);
    copilot.write(
        "settings.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: settings}\ndata: {new: line}\n",
    );
    let plan = planned(&copilot, &["-f", "settings.yaml"]);
    assert_eq!(plan["changes"][0]["action"], Value::from("change"), "{plan}");
    forwarder.break_at(Lost::Answer, |request| request.starts_with("PATCH "));
    let output = apply(&copilot, &plan, &[]).expect_code(4);
    assert!(output.stdout.contains("NOT KNOWN whether applied: ConfigMap/settings"), "{}", output.stdout);
    assert!(output.stdout.contains("was changed is not known"), "{}", output.stdout);
    let line = ["get", "configmap", "settings", "-n", &namespace, "-o", "jsonpath={.data.new}"];
    assert_eq!(rig.kubectl(&line), "line", "the API server had done it");
}
