//! The whole line on the real control plane: request, plan by the server's dry-run, apply what was agreed to, follow it;
//! and every way in which it must stop.

use serde_json::Value;

use crate::support::cluster::{alices, digest, machine, planned};
use crate::support::rig::rig;

fn web(name: &str, replicas: u32) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, labels: {{app: {name}}}}}\nspec:\n  replicas: \
         {replicas}\n  selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: \
         {name}}}}}\n    spec:\n      containers:\n        - {{name: web, image: 'docker.io/library/nginx:1.27', \
         resources: {{requests: {{cpu: 100m, memory: 64Mi}}, limits: {{memory: 64Mi}}}}}}\n"
    )
}

#[test]
#[cfg(feature = "llama")]
fn a_person_with_edit_in_one_namespace_gets_from_words_to_a_running_notebook() {
    let Some(rig) = rig("the notebook line on a cluster") else { return };
    let namespace = alices(rig, "line");
    let copilot = machine(rig);
    let who = ["--context", "alice", "-n", &namespace];
    let plan = planned(
        &copilot,
        &[&["-p", "a notebook called mira with two GPUs", "--policies", "builtin"], &who[..]].concat(),
    );
    assert_eq!(plan["target"]["user"], "alice");
    assert!(plan["changes"].as_array().expect("changes").iter().all(|c| c["checked"] == "server"), "{plan}");
    assert_eq!(
        rig.kubectl(&["get", "all,secret,pvc", "-n", &namespace, "-o", "name"]),
        "",
        "a plan writes nothing"
    );

    let applied =
        copilot.run(["apply", "--plan", "plan.json", "--digest", &digest(&plan), "--yes"]).expect_code(0);
    assert!(applied.stdout.contains("applied 4 objects"), "{}", applied.stdout);
    assert!(applied.stdout.contains(&format!("ready: StatefulSet/mira ({namespace})")), "{}", applied.stdout);
    let pod = rig.kubectl(&[
        "get",
        "pod",
        "mira-0",
        "-n",
        &namespace,
        "-o",
        "jsonpath={.status.phase} {.spec.nodeName}",
    ]);
    assert!(pod.starts_with("Running gpu-"), "{pod}");

    // The token was drawn once; it stands nowhere but in the Secret, and the next plan leaves it alone.
    let token =
        || rig.kubectl(&["get", "secret", "mira-token", "-n", &namespace, "-o", "jsonpath={.data.token}"]);
    let drawn = token();
    assert_eq!(drawn.len(), 64, "48 hex digits in base64: {drawn}");
    let shown = format!("{}{}{}", applied.stdout, applied.stderr, copilot.read("plan.json"));
    assert!(!shown.contains(&drawn), "a generated value is shown nowhere");
    let again = planned(
        &copilot,
        &[&["-p", "a notebook called mira with two GPUs", "--policies", "builtin"], &who[..]].concat(),
    );
    let actions: Vec<&str> =
        again["changes"].as_array().expect("changes").iter().filter_map(|c| c["action"].as_str()).collect();
    assert_eq!(actions, ["none"; 4], "what is so already is left alone: {again}");

    let more = planned(
        &copilot,
        &[&["-p", "a notebook called mira with four GPUs", "--policies", "builtin"], &who[..]].concat(),
    );
    copilot.run(["apply", "--plan", "plan.json", "--digest", &digest(&more), "--yes"]).expect_code(0);
    let gpus = "jsonpath={.spec.template.spec.containers[0].resources.limits.nvidia\\.com/gpu}";
    assert_eq!(rig.kubectl(&["get", "statefulset", "mira", "-n", &namespace, "-o", gpus]), "4");
    assert_eq!(token(), drawn, "a change never rotates a token");
}

#[test]
fn every_pattern_and_native_kind_passes_the_servers_dry_run_under_the_restricted_level() {
    let Some(rig) = rig("server dry-run of all patterns") else { return };
    let namespace = rig.namespace("patterns");
    rig.kubectl(&["label", "namespace", &namespace, "pod-security.kubernetes.io/enforce=restricted"]);
    let copilot = machine(rig);
    let list = copilot.run(["pattern", "list"]).expect_code(0);
    let kinds: Vec<&str> = list
        .stdout
        .lines()
        .filter(|l| l.starts_with("  "))
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    assert!(kinds.len() >= 15, "{kinds:?}");
    for kind in kinds {
        let rendered = copilot.run(["pattern", "render", kind, "--name", &kind.to_lowercase()]);
        // A required parameter has no default: those are rendered from words in other tests.
        if rendered.code != Some(0) {
            continue;
        }
        copilot.write(format!("{kind}.yaml"), &rendered.stdout);
        let file = format!("{kind}.yaml");
        let plan = copilot.run(["plan", "-f", &file, "--context", "admin", "-n", &namespace, "-o", "json"]);
        let plan = plan.expect_code(0).json();
        let checked =
            plan["changes"].as_array().expect("changes").iter().all(|change| change["checked"] == "server");
        assert!(checked, "{kind}: {plan}");
    }
}

#[test]
fn the_ninth_gpu_is_explained_before_and_after() {
    let Some(rig) = rig("nine GPUs on nodes of eight") else { return };
    let namespace = rig.namespace("nine");
    let copilot = machine(rig);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: nine}\nspec:\n  tolerations: [{key: nvidia.com/gpu, operator: \
               Exists}]\n  containers:\n    - name: main\n      image: docker.io/library/busybox:1.37\n      resources: \
               {limits: {nvidia.com/gpu: 9}}\n";
    copilot.write("nine.yaml", pod);
    let plan = planned(&copilot, &["-f", "nine.yaml", "--context", "admin", "-n", &namespace]);
    assert_eq!(plan["capacity"]["verdict"], "blocked", "{}", plan["capacity"]);
    let why = plan["capacity"]["why"].as_str().unwrap_or_default();
    assert!(why.contains("9 GPUs") && why.contains('8'), "{why}");
    let applied = copilot
        .run(["apply", "--plan", "plan.json", "--digest", &digest(&plan), "--yes", "--wait", "2"])
        .expect_code(6);
    assert!(applied.stdout.contains("waits for 9 × nvidia.com/gpu"), "{}", applied.stdout);
    rig.kubectl(&["delete", "pod", "nine", "-n", &namespace, "--wait=false"]);
}

#[test]
fn a_policy_on_pods_stops_a_workload_whose_pods_it_would_refuse() {
    let Some(rig) = rig("a policy of the cluster on pods") else { return };
    let namespace = alices(rig, "policy");
    let name = format!("no-nginx-{}", std::process::id());
    rig.create(&format!(
        "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy\nmetadata: {{name: {name}}}\nspec:\n  \
         matchConstraints: {{resourceRules: [{{apiGroups: [''], apiVersions: [v1], operations: [CREATE], resources: \
         [pods]}}]}}\n  validations: [{{expression: \"!object.spec.containers.exists(c, c.image.contains('nginx'))\", \
         message: no nginx here}}]\n---\napiVersion: admissionregistration.k8s.io/v1\nkind: \
         ValidatingAdmissionPolicyBinding\nmetadata: {{name: {name}}}\nspec:\n  policyName: {name}\n  validationActions: \
         [Deny]\n  matchResources: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {namespace}}}}}}}\n"
    ));
    let copilot = machine(rig);
    copilot.write("web.yaml", &web("web", 1));
    // A new policy takes a moment to act: asked again until it does, or this never ends.
    let refused = loop {
        let plan = ["plan", "-f", "web.yaml", "--context", "alice", "-n", &namespace, "--out", "plan.json"];
        let output = copilot.run(plan);
        if output.code != Some(0) {
            break output;
        }
    };
    let refused = refused.expect_code(1);
    assert!(refused.stderr.contains("no nginx here"), "{}", refused.stderr);
    let plan: Value = serde_json::from_str(&copilot.read("plan.json")).expect("a plan");
    let denied =
        copilot.run(["apply", "--plan", "plan.json", "--digest", &digest(&plan), "--yes"]).expect_code(1);
    assert!(denied.stderr.contains("nothing was applied"), "{}", denied.stderr);
    // Who may read policies is told by this program's own reading of it, before the server is asked.
    let admin =
        copilot.run(["plan", "-f", "web.yaml", "--context", "admin", "-n", &namespace]).expect_code(1);
    assert!(admin.stderr.contains(&format!("policy/{name}")), "{}", admin.stderr);
}

#[test]
fn what_changed_or_appeared_since_the_plan_makes_it_stale() {
    let Some(rig) = rig("stale plans") else { return };
    let namespace = rig.namespace("stale");
    let copilot = machine(rig);
    let who = ["--context", "admin", "-n", &namespace];
    copilot.write("web.yaml", &web("web", 1));
    let appears = planned(&copilot, &[&["-f", "web.yaml"], &who[..]].concat());
    rig.kubectl(&[
        "create",
        "deployment",
        "web",
        "--image",
        "docker.io/library/nginx:1.26",
        "-n",
        &namespace,
    ]);
    let apply =
        |plan: &Value| copilot.run(["apply", "--plan", "plan.json", "--digest", &digest(plan), "--yes"]);
    let stale = apply(&appears).expect_code(5);
    assert!(stale.stderr.contains("has appeared since"), "{}", stale.stderr);

    rig.kubectl(&["delete", "deployment", "web", "-n", &namespace]);
    let first = planned(&copilot, &[&["-f", "web.yaml"], &who[..]].concat());
    apply(&first).expect_code(0);
    copilot.write("web.yaml", &web("web", 2));
    let second = planned(&copilot, &[&["-f", "web.yaml"], &who[..]].concat());
    assert_eq!(second["changes"][0]["action"], "change");
    rig.kubectl(&["annotate", "deployment", "web", "team=other", "-n", &namespace]);
    let stale = apply(&second).expect_code(5);
    assert!(stale.stderr.contains("has changed"), "{}", stale.stderr);
    let replicas =
        rig.kubectl(&["get", "deployment", "web", "-n", &namespace, "-o", "jsonpath={.spec.replicas}"]);
    assert_eq!(replicas, "1", "a stale plan writes nothing");
}

#[test]
fn a_field_that_somebody_else_manages_is_not_taken() {
    let Some(rig) = rig("conflicts of field managers") else { return };
    let namespace = rig.namespace("conflict");
    let copilot = machine(rig);
    copilot.write("web.yaml", &web("web", 3));
    let file = copilot.work().join("web.yaml");
    let file = file.to_str().expect("a path");
    rig.kubectl(&["apply", "--server-side", "--field-manager", "helm", "-f", file, "-n", &namespace]);
    copilot.write("web.yaml", &web("web", 5));
    let output =
        copilot.run(["plan", "-f", "web.yaml", "--context", "admin", "-n", &namespace]).expect_code(1);
    assert!(output.stderr.contains("/spec/replicas (helm)"), "{}", output.stderr);
    assert!(output.stderr.contains("not taken by force"), "{}", output.stderr);
}

#[test]
fn a_plan_is_for_one_cluster_namespace_and_user_and_for_one_digest() {
    let Some(rig) = rig("plans of somebody else") else { return };
    let namespace = alices(rig, "bound");
    let copilot = machine(rig);
    copilot.write("web.yaml", &web("web", 1));
    let plan = planned(&copilot, &["-f", "web.yaml", "--context", "admin", "-n", &namespace]);
    let digest = digest(&plan);
    let apply = |more: &[&str]| {
        let mut all = vec!["apply", "--plan", "plan.json", "--digest", &digest, "--yes"];
        all.extend(more);
        copilot.run(all)
    };
    let other = apply(&["--context", "alice"]).expect_code(2);
    assert!(other.stderr.contains("user admin") && other.stderr.contains("user alice"), "{}", other.stderr);
    apply(&["-n", "team-b"]).expect_code(2);
    apply(&["--to", "folder"]).expect_code(2);
    let wrong = ["apply", "--plan", "plan.json", "--digest", "sha256:0", "--yes"];
    copilot.run(wrong).expect_code(1);
    copilot.write("plan.json", &copilot.read("plan.json").replace("nginx:1.27", "nginx:1.28"));
    apply(&[]).expect_code(1);
    assert_eq!(rig.kubectl(&["get", "deployments", "-n", &namespace, "-o", "name"]), "");
}

#[test]
fn who_may_not_is_told_so_and_nothing_is_asked_without_a_terminal() {
    let Some(rig) = rig("rights") else { return };
    let namespace = alices(rig, "rights");
    let copilot = machine(rig);
    copilot.write("web.yaml", &web("web", 1));
    let output =
        copilot.run(["plan", "-f", "web.yaml", "--context", "viewer", "-n", &namespace]).expect_code(2);
    assert!(output.stderr.contains("may not") && output.stderr.contains("RoleBinding"), "{}", output.stderr);
    let plan = planned(&copilot, &["-f", "web.yaml", "--context", "alice", "-n", &namespace]);
    let unattended = copilot.run(["apply", "--plan", "plan.json"]).expect_code(1);
    assert!(unattended.stderr.contains(&digest(&plan)), "{}", unattended.stderr);
    assert_eq!(rig.kubectl(&["get", "deployments", "-n", &namespace, "-o", "name"]), "");
}

/// The line of the output that begins so, without its indent.
#[cfg(feature = "llama")]
fn line<'o>(output: &'o str, begins: &str) -> &'o str {
    let lines = output.lines().map(str::trim_start);
    lines
        .clone()
        .find(|line| line.starts_with(begins))
        .unwrap_or_else(|| panic!("no '{begins}' in\n{output}"))
}

#[test]
#[cfg(feature = "llama")]
fn a_folder_and_the_line_for_its_secret_lead_to_a_running_pod_in_both_orders() {
    let Some(rig) = rig("a folder of manifests on a real API server") else { return };
    for order in ["folder-first", "secret-first"] {
        let namespace = rig.namespace(order);
        let copilot = machine(rig).with_env("USER", "alice");
        let context =
            ["config", "set-context", "admin", "--namespace", &namespace, "--kubeconfig", "own.yaml"];
        let kubeconfig = std::fs::read_to_string(&rig.kubeconfig).expect("the rig's kubeconfig");
        let own = copilot.write("own.yaml", &kubeconfig);
        let copilot = copilot.with_env("KUBECONFIG", own);
        copilot.run_program(rig.kubectl_path(), context).expect_code(0);
        let words = "a notebook called mira with one GPU";
        copilot
            .run(["plan", "-p", words, "--to", "out", "-n", &namespace, "--out", "plan.json"])
            .expect_code(0);
        let plan: Value = serde_json::from_str(&copilot.read("plan.json")).expect("a plan");
        let written =
            copilot.run(["apply", "--plan", "plan.json", "--digest", &digest(&plan), "--yes"]).expect_code(0);
        let folder = line(&written.stdout, "kubectl apply");
        let secret = line(&written.stdout, "(s=$(kubectl");
        let steps = if order == "folder-first" { [folder, secret] } else { [secret, folder] };
        let shell = copilot.with_env("PATH", rig.path());
        for step in steps {
            shell.run_program("/bin/sh", ["-c", step]).expect_code(0);
        }
        rig.kubectl(&["wait", "--for=create", "pod/mira-0", "-n", &namespace, "--timeout=60s"]);
        rig.kubectl(&["wait", "--for=condition=Ready", "pod/mira-0", "-n", &namespace, "--timeout=60s"]);
        let token = ["get", "secret", "mira-token", "-n", &namespace, "-o", "jsonpath={.data.token}"];
        let drawn = rig.kubectl(&token);
        assert_eq!(drawn.len(), 64, "{order}: {drawn}");
        // The same line again leaves the value alone.
        shell.run_program("/bin/sh", ["-c", secret]).expect_code(0);
        assert_eq!(rig.kubectl(&token), drawn, "{order}");
        rig.kubectl(&["delete", "statefulset", "mira", "-n", &namespace, "--wait=false"]);
    }
}
