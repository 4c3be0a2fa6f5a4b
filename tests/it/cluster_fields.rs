//! Objects that others made and go on managing: this program owns what it changes and nothing else (design D11).

use serde_json::{Value, json};

use crate::support::cluster::{alices, apply, machine, planned};
use crate::support::rig::{Rig, rig};

/// What somebody else applies: `image`, and one variable. The replicas are nobody's.
fn theirs(image: &str) -> String {
    deployment(image, "", "")
}

fn deployment(image: &str, metadata: &str, env: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, labels: {{app: web{metadata}}}}}\nspec:\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      \
         containers:\n        - name: web\n          image: {image}\n          ports: [{{containerPort: 80}}]\n          \
         env: [{{name: MODE, value: fast}}{env}]\n          resources: {{requests: {{cpu: 0.1, memory: 64Mi}}, limits: \
         {{memory: 65536Ki}}}}\n"
    )
}

const NGINX: &str = "docker.io/library/nginx:1.27";

fn live(rig: &Rig, namespace: &str) -> Value {
    let text =
        rig.kubectl(&["get", "deployment", "web", "-n", namespace, "-o", "json", "--show-managed-fields"]);
    serde_json::from_str(&text).expect("a Deployment")
}

/// The fields that a manager has applied.
fn fields(object: &Value, manager: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().expect("managedFields");
    let own = entries.iter().find(|entry| entry["manager"] == manager && entry["operation"] == "Apply");
    own.map_or(Value::Null, |entry| entry["fieldsV1"].clone())
}

/// The fields of the changes that this test makes: one label and one variable.
fn one_label_and_one_variable() -> Value {
    json!({
        "f:metadata": {"f:labels": {"f:team": {}}},
        "f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
            ".": {}, "f:name": {}, "f:env": {"k:{\"name\":\"LEVEL\"}": {".": {}, "f:name": {}, "f:value": {}}},
        }}}}},
    })
}

/// Somebody applies a manifest as another field manager, without force.
fn applied_by_helm(rig: &Rig, copilot: &crate::support::Copilot, namespace: &str, manifest: &str) {
    let file = copilot.write("theirs.yaml", manifest);
    let file = file.to_str().expect("a path");
    rig.kubectl(&["apply", "--server-side", "--field-manager", "helm", "-f", file, "-n", namespace]);
}

#[test]
fn of_an_object_of_others_only_what_changes_becomes_ours() {
    let Some(rig) = rig("fields of an object that others manage") else { return };
    let namespace = alices(rig, "fields");
    let copilot = machine(rig);
    let who = ["--context", "alice", "-n", &namespace];
    applied_by_helm(rig, &copilot, &namespace, &theirs(NGINX));
    let plan_for = |manifest: String| {
        copilot.write("web.yaml", &manifest);
        planned(&copilot, &[&["-f", "web.yaml"], &who[..]].concat())
    };

    let plan = plan_for(deployment(NGINX, ", team: vision", ", {name: LEVEL, value: info}"));
    let change = &plan["changes"][0];
    assert_eq!((&change["action"], &change["checked"]), (&json!("change"), &json!("server")));
    let sent = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "labels": {"team": "vision"}, "namespace": namespace},
        "spec": {"template": {"spec": {"containers": [
            {"name": "web", "env": [{"name": "LEVEL", "value": "info"}]}]}}}});
    assert_eq!(change["body"], sent, "what the plan holds is what is sent");
    apply(&copilot, &plan, &["--wait", "0"]).expect_code(0);
    let after = live(rig, &namespace);
    assert_eq!(fields(&after, "kubectl-copilot"), one_label_and_one_variable());
    let env = &after["spec"]["template"]["spec"]["containers"][0]["env"];
    assert_eq!(env, &json!([{"name": "MODE", "value": "fast"}, {"name": "LEVEL", "value": "info"}]));

    // Its owner goes on changing what it owns, without a conflict, and what is ours stays.
    applied_by_helm(rig, &copilot, &namespace, &theirs("docker.io/library/nginx:1.28"));
    let plan = plan_for(deployment(
        "docker.io/library/nginx:1.28",
        ", team: vision",
        ", {name: LEVEL, value: debug}",
    ));
    assert_eq!(
        plan["changes"][0]["diff"].as_array().map(Vec::len),
        Some(1),
        "{}",
        plan["changes"][0]["diff"]
    );
    apply(&copilot, &plan, &["--wait", "0"]).expect_code(0);
    let after = live(rig, &namespace);
    assert_eq!(
        fields(&after, "kubectl-copilot"),
        one_label_and_one_variable(),
        "neither more nor less than before"
    );
    assert_eq!(after["metadata"]["labels"]["team"], "vision", "what was ours before is not lost");
    let container = &after["spec"]["template"]["spec"]["containers"][0];
    assert_eq!(
        (&container["env"][1]["value"], &container["image"]),
        (&json!("debug"), &json!("docker.io/library/nginx:1.28"))
    );

    // What is so already is no change, whoever made it so.
    let plan = plan_for(deployment(
        "docker.io/library/nginx:1.28",
        ", team: vision",
        ", {name: LEVEL, value: debug}",
    ));
    assert_eq!(plan["changes"][0]["action"], "none", "{plan}");
    // What the manifest does not ask for any more goes, as far as it is ours.
    let plan = plan_for(theirs("docker.io/library/nginx:1.28"));
    apply(&copilot, &plan, &["--wait", "0"]).expect_code(0);
    let after = live(rig, &namespace);
    assert_eq!(after["metadata"]["labels"], json!({"app": "web"}));
    assert_eq!(
        after["spec"]["template"]["spec"]["containers"][0]["env"],
        json!([{"name": "MODE", "value": "fast"}])
    );
    assert_eq!(fields(&after, "kubectl-copilot"), Value::Null, "nothing of it is ours");
}

#[test]
fn a_field_that_others_own_is_a_conflict_by_name_and_the_equal_ones_are_not() {
    let Some(rig) = rig("conflicts with what kubectl has applied") else { return };
    let namespace = alices(rig, "owned");
    let copilot = machine(rig);
    let file = copilot.write("theirs.yaml", &theirs(NGINX));
    rig.kubectl(&["apply", "-f", file.to_str().expect("a path"), "-n", &namespace]);
    let who = ["--context", "alice", "-n", &namespace];
    copilot.write("web.yaml", &theirs("docker.io/library/nginx:1.28"));
    let output = copilot.run([&["plan", "-f", "web.yaml"], &who[..]].concat()).expect_code(1);
    assert!(output.stderr.contains("image (kubectl-client-side-apply"), "{}", output.stderr);
    assert!(!output.stderr.contains("MODE") && !output.stderr.contains("memory"), "{}", output.stderr);

    copilot.write("web.yaml", &deployment(NGINX, ", team: vision", ""));
    let plan = planned(&copilot, &[&["-f", "web.yaml"], &who[..]].concat());
    apply(&copilot, &plan, &["--wait", "0"]).expect_code(0);
    let own = fields(&live(rig, &namespace), "kubectl-copilot");
    assert_eq!(own, json!({"f:metadata": {"f:labels": {"f:team": {}}}}));
}

#[test]
fn a_kept_plan_sends_what_it_shows_and_another_body_is_another_digest() {
    let Some(rig) = rig("the digest of a part") else { return };
    let namespace = alices(rig, "part");
    let copilot = machine(rig);
    applied_by_helm(rig, &copilot, &namespace, &theirs(NGINX));
    copilot.write("web.yaml", &deployment(NGINX, ", team: vision", ""));
    let plan = planned(&copilot, &["-f", "web.yaml", "--context", "alice", "-n", &namespace]);
    let kept = copilot.read("plan.json");
    // Whoever adds a field to the part does not get it past the digest that was agreed to.
    copilot
        .write("plan.json", &kept.replace("\"team\": \"vision\"", "\"team\": \"vision\", \"more\": \"x\""));
    assert_ne!(copilot.read("plan.json"), kept);
    apply(&copilot, &plan, &[]).expect_code(1);
    copilot.write("plan.json", &kept);
    // Its owner has written meanwhile: what was dry-run is not what would be written to.
    applied_by_helm(rig, &copilot, &namespace, &theirs("docker.io/library/nginx:1.28"));
    apply(&copilot, &plan, &[]).expect_code(5);
    assert_eq!(fields(&live(rig, &namespace), "kubectl-copilot"), Value::Null);
}

/// One call at a terminal that is answered with a line: all that a person sees.
#[cfg(unix)]
fn at_a_terminal(copilot: &crate::support::Copilot, arguments: &[&str], answer: &str) -> String {
    use std::io::{Read as _, Write as _};
    let (mut terminal, pts) = pty_process::blocking::open().expect("a pseudo-terminal");
    let mut command = pty_process::blocking::Command::new(env!("CARGO_BIN_EXE_kubectl-copilot"))
        .args(arguments)
        .env_clear();
    for (name, value) in copilot.environment() {
        command = command.env(name, value);
    }
    let mut child = command.current_dir(copilot.work()).spawn(pts).expect("the binary starts");
    writeln!(terminal, "{answer}").expect("the terminal takes a line");
    let mut seen = Vec::new();
    // The end of the other side is an error here.
    let _ = terminal.read_to_end(&mut seen);
    child.wait().expect("it ends");
    String::from_utf8_lossy(&seen).into_owned()
}

#[test]
#[cfg(unix)]
fn a_plan_that_is_shown_again_shows_the_change_and_not_the_part_that_is_sent() {
    let Some(rig) = rig("a kept plan at a terminal") else { return };
    let namespace = alices(rig, "again");
    let copilot = machine(rig);
    applied_by_helm(rig, &copilot, &namespace, &theirs(NGINX));
    copilot.write("web.yaml", &deployment(NGINX, ", team: vision", ""));
    let who = ["--context", "alice", "-n", &namespace];
    planned(&copilot, &[&["-f", "web.yaml"], &who[..]].concat());
    let shown =
        copilot.run([&["plan", "-f", "web.yaml", "--plain"], &who[..]].concat()).expect_code(0).stdout;
    let again = ["apply", "--plan", "plan.json", "--plain"];
    let seen = at_a_terminal(&copilot, &again, "n");
    for text in [&shown, &seen] {
        let changed: Vec<&str> = text
            .lines()
            .map(str::trim_end)
            .filter(|line| line.starts_with(['+', '-']) && !line.starts_with("--- "))
            .collect();
        assert_eq!(changed, ["+    team: vision"], "{text}");
    }
    assert!(seen.contains("nothing was written"), "{seen}");
    // Nobody is asked about a plan that has become stale.
    applied_by_helm(rig, &copilot, &namespace, &theirs("docker.io/library/nginx:1.28"));
    let seen = at_a_terminal(&copilot, &again, "y");
    assert!(seen.contains("has changed") && !seen.contains("[y/N]"), "{seen}");
}
