//! Nothing here reaches a cluster or the caller's home: not the binary, and not what runs in `tools/isolated.sh`.

use std::path::Path;

use crate::support::listener::Listener;
use crate::support::{Copilot, repository};

/// What a verb is tried with. A verb that does not know an argument refuses it, which is fine: the question is only
/// whether anything connects on the way.
const ARGUMENTS: &[&[&str]] = &[
    &[],
    &["--help"],
    &["-p", "a notebook called mira with two GPUs"],
    &["-p", "how many GPUs are free?"],
    &["-p", "a notebook called mira with two GPUs", "--to", "manifests", "--out", "plan.json"],
    &["-f", "service.yaml"],
    &["-f", "service.yaml", "--policies", "builtin"],
    &["--plan", "plan.json"],
    &["list"],
    &["mira"],
];

const SERVICE: &str = "apiVersion: v1
kind: Service
metadata: {name: web, namespace: default}
spec: {selector: {app: web}, ports: [{port: 80}]}
";

/// A machine on which every usual way to a cluster leads to `listener`.
fn poisoned(listener: &Listener) -> Copilot {
    let address = listener.address();
    let copilot = Copilot::new();
    let config = copilot.home().join(".kube/config");
    std::fs::create_dir_all(copilot.home().join(".kube")).expect("the folder of the kubeconfig");
    std::fs::write(&config, listener.kubeconfig()).expect("the kubeconfig");
    copilot.write("service.yaml", SERVICE);
    copilot
        .with_env("KUBECONFIG", &config)
        .with_env("KUBERNETES_SERVICE_HOST", address.ip().to_string())
        .with_env("KUBERNETES_SERVICE_PORT", address.port().to_string())
        .with_env("HTTP_PROXY", format!("http://{address}"))
        .with_env("HTTPS_PROXY", format!("http://{address}"))
}

/// The verbs that the help names, in its order.
fn verbs(copilot: &Copilot) -> Vec<String> {
    let help = copilot.run(["--help"]).expect_code(0).stdout;
    let verbs: Vec<String> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        // A verb stands two spaces in; wrapped descriptions stand further in.
        .filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')))
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect();
    assert!(verbs.len() > 3, "the help names its verbs under 'Commands:'\n{help}");
    verbs
}

/// Verbs that are about a cluster, whatever else is said.
const ABOUT_A_CLUSTER: [&str; 2] = ["capacity", "doctor"];

/// Verbs that plan against a target: a cluster, or the folder of `--to`.
const WITH_A_TARGET: [&str; 3] = ["draft", "plan", "apply"];

#[test]
fn no_other_verb_connects_to_a_cluster() {
    let listener = Listener::start();
    let copilot = poisoned(&listener);
    let mut verbs = verbs(&copilot);
    for verb in ABOUT_A_CLUSTER {
        assert!(verbs.iter().any(|known| known == verb), "there is no verb {verb}");
    }
    verbs.retain(|verb| !ABOUT_A_CLUSTER.contains(&verb.as_str()));
    for arguments in ARGUMENTS {
        // Words, `draft`, `plan` and `apply` have a cluster for their target where there is one, unless a folder is named.
        let to = ["--to", "out"];
        let output = copilot.run(arguments.iter().chain(&to).copied());
        assert_eq!(listener.connections(), 0, "{arguments:?} connected\n{output:?}");
        for verb in &verbs {
            let to = if WITH_A_TARGET.contains(&verb.as_str()) { &to[..] } else { &[] };
            let output = copilot.run([verb.as_str()].into_iter().chain(arguments.iter().chain(to).copied()));
            assert_eq!(listener.connections(), 0, "{verb} {arguments:?} connected\n{output:?}");
        }
    }
}

#[test]
fn the_trap_is_a_trap() {
    let listener = Listener::start();
    let copilot = poisoned(&listener);
    let script = r#"exec 3<>"/dev/tcp/$KUBERNETES_SERVICE_HOST/$KUBERNETES_SERVICE_PORT""#;
    copilot.run_program("/bin/bash", ["-c", script]).expect_code(0);
    assert_eq!(listener.connections(), 1);
}

/// Runs a command through `tools/isolated.sh` as a caller with a poisoned home.
fn isolated(caller: &Copilot, command: &[&str]) -> crate::support::copilot::Output {
    let script = repository::root().join("tools/isolated.sh");
    caller.run_program(script, command.iter().copied())
}

#[test]
fn make_demo_and_make_test_do_not_see_the_callers_home_or_clusters() {
    let listener = Listener::start();
    let caller = poisoned(&listener)
        .with_env("KUBECTL_COPILOT_MODEL", "the caller's model")
        .with_env("CARGO_TARGET_DIR", "/given/target");
    let environment = isolated(&caller, &["/usr/bin/env"]).expect_code(0).stdout;

    let home = caller.home();
    let home = home.to_str().expect("a path in UTF-8");
    // What a build needs is handed on by explicit path; nothing else may point into the caller's home.
    let allowed = ["CARGO_HOME=", "RUSTUP_HOME=", "OLDPWD=", "PWD="];
    for line in environment.lines().filter(|line| !allowed.iter().any(|name| line.starts_with(name))) {
        assert!(!line.contains(home), "{line}");
        assert!(!line.starts_with("KUBERNETES_SERVICE_"), "{line}");
        assert!(!line.starts_with("KUBECTL_COPILOT_MODEL"), "{line}");
    }
    let value = |name: &str| {
        let line = environment.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} is not set\n{environment}")).to_owned()
    };
    assert_eq!(value("CARGO_HOME"), format!("{home}/.cargo"));
    assert_eq!(value("CARGO_TARGET_DIR"), "/given/target");
    let cache = caller.home().with_file_name("cache").join("kubectl-copilot");
    assert_eq!(Path::new(&value("KUBECTL_COPILOT_CACHE")), cache);

    // The room is gone, with everything in it.
    let room = value("HOME");
    assert!(room.starts_with(caller.tmp().to_str().expect("a path in UTF-8")), "{room}");
    assert!(!Path::new(&room).exists(), "{room} was left behind");
    for name in
        ["KUBECONFIG", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"]
    {
        assert!(Path::new(&value(name)).starts_with(caller.tmp()), "{name}={}", value(name));
    }
}

#[test]
fn the_isolated_binary_connects_to_nothing() {
    let listener = Listener::start();
    let caller = poisoned(&listener);
    let binary = env!("CARGO_BIN_EXE_kubectl-copilot");
    for arguments in ARGUMENTS {
        let command: Vec<&str> = [binary].into_iter().chain(arguments.iter().copied()).collect();
        let output = isolated(&caller, &command);
        assert_eq!(listener.connections(), 0, "{arguments:?} connected\n{output:?}");
    }
}

#[test]
fn the_exit_code_is_the_commands_and_the_room_is_removed_after_a_failure() {
    let caller = Copilot::new();
    let output = isolated(&caller, &["/bin/sh", "-c", "echo left >\"$HOME/file\"; exit 7"]).expect_code(7);
    assert_eq!(output.stdout, "");
    assert_eq!(std::fs::read_dir(caller.tmp()).expect("the folder for temporary files").count(), 0);
    isolated(&caller, &[]).expect_code(2);
}
