//! `doctor`: what works and what does not, each with what to do; nothing is changed by looking.

use std::fs;

use serde_json::Value;

use crate::support::Copilot;
use crate::support::copilot::Output;

const KUBECONFIG: &str = "apiVersion: v1
kind: Config
current-context: lab
contexts:
- {name: lab, context: {cluster: lab, user: jane, namespace: team-a}}
clusters:
- {name: lab, cluster: {server: 'https://127.0.0.1:1'}}
users:
- {name: jane, user: {token: hunter2-canary}}
";

/// A machine with a model where this build can run one.
fn machine() -> Copilot {
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/models/fixtures/tiny-bpe.gguf");
    if cfg!(feature = "llama") {
        Copilot::new().with_env("KUBECTL_COPILOT_MODEL", model)
    } else {
        Copilot::new()
    }
}

fn write_kubeconfig(copilot: &Copilot, text: &str) {
    let folder = copilot.home().join(".kube");
    fs::create_dir_all(&folder).expect("the folder");
    fs::write(folder.join("config"), text).expect("the kubeconfig");
    restrict(&folder.join("config"), 0o600);
}

#[cfg(unix)]
fn restrict(path: &std::path::Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode is set");
}

#[cfg(not(unix))]
fn restrict(_: &std::path::Path, _: u32) {}

fn document(copilot: &Copilot, code: i32) -> Value {
    copilot.run(["doctor", "-o", "json"]).expect_code(code).json()
}

/// The check of that name.
fn check(document: &Value, name: &str) -> Value {
    let checks = document["checks"].as_array().expect("a list of checks");
    checks.iter().find(|check| check["name"] == name).unwrap_or_else(|| panic!("{name}: {document}")).clone()
}

/// Checks status and a part of the detail; what does not work has what to do next.
fn expect(document: &Value, name: &str, status: &str, detail: &str) -> Value {
    let check = check(document, name);
    assert_eq!(check["status"], status, "{check}");
    assert!(check["detail"].as_str().expect("a detail").contains(detail), "{check}");
    assert!(status == "ok" || check["hint"].is_string(), "{check}");
    check
}

#[test]
fn a_fresh_machine_works_and_nothing_is_left_behind() {
    let copilot = machine();
    let document = document(&copilot, 0);
    assert_eq!(document["version"], 1);
    expect(&document, "program", "ok", env!("CARGO_PKG_VERSION"));
    expect(&document, "terminal", "warn", "stdin and stdout are no terminal");
    expect(&document, "locale", "ok", "C.UTF-8");
    expect(&document, "configuration", "ok", "none");
    for folder in ["cache-folder", "state-folder", "state-key", "target-folder"] {
        expect(&document, folder, "ok", "not there yet");
    }
    expect(&document, "patterns", "ok", "patterns");
    expect(&document, "policies", "ok", "policy: none");
    expect(&document, "kubernetes", "ok", "bundled: 1.");
    expect(&document, "kubeconfig", "warn", "none");
    let left: Vec<_> = fs::read_dir(copilot.work()).expect("the folder").flatten().collect();
    assert!(left.is_empty(), "{left:?}");
    let state: Vec<_> =
        fs::read_dir(copilot.home().join("../state")).expect("the folder").flatten().collect();
    assert!(state.is_empty(), "no key is drawn by looking: {state:?}");
}

#[test]
fn the_text_has_a_line_a_check_and_fits_one_screen() {
    let Output { stdout, stderr, .. } = machine().run(["doctor"]).expect_code(0);
    assert_eq!(stderr, "");
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(lines.len() <= 30, "{stdout}");
    assert!(lines[0].starts_with("ok    program"), "{stdout}");
    assert!(lines.iter().any(|line| line.trim_start().starts_with("next: ")), "{stdout}");
    assert!(lines.last().is_some_and(|line| line.ends_with(" 0 fail")), "{stdout}");
}

#[cfg(feature = "llama")]
#[test]
fn the_model_is_loaded_and_described() {
    let check = expect(&document(&machine(), 0), "model", "ok", "loaded in ");
    let detail = check["detail"].as_str().expect("a detail");
    for part in ["tiny-bpe.gguf", "CPU (", "parameters", "context "] {
        assert!(detail.contains(part), "{detail}");
    }
}

#[cfg(feature = "llama")]
#[test]
fn without_a_name_it_is_the_embedded_model() {
    expect(&document(&Copilot::new(), 0), "model", "ok", ", embedded, CPU (");
}

#[cfg(feature = "llama")]
#[test]
fn a_model_that_is_not_there_or_is_none_fails() {
    let copilot = Copilot::new();
    copilot.write("none.gguf", "GGUF and nothing more");
    for (model, detail) in [("absent.gguf", "absent.gguf"), ("none.gguf", "none.gguf")] {
        let copilot = Copilot::new().with_env("KUBECTL_COPILOT_MODEL", copilot.work().join(model));
        expect(&document(&copilot, 1), "model", "fail", detail);
    }
}

#[cfg(not(feature = "llama"))]
#[test]
fn a_build_without_llama_says_what_still_works() {
    let check = expect(&document(&Copilot::new(), 0), "model", "warn", "feature 'llama'");
    assert!(check["hint"].as_str().expect("a hint").contains("review"), "{check}");
    // A model that was asked for and cannot run is no warning.
    let asked = Copilot::new().with_env("KUBECTL_COPILOT_MODEL", "qwen.gguf");
    expect(&document(&asked, 1), "model", "fail", "feature 'llama'");
}

#[test]
fn a_configuration_with_an_unknown_key_fails_and_the_rest_is_still_looked_at() {
    let copilot = machine();
    let folder = copilot.home().join("../config/kubectl-copilot");
    fs::create_dir_all(&folder).expect("the folder");
    fs::write(folder.join("config.yaml"), "polices: [builtin]\n").expect("the file");
    let broken = document(&copilot, 1);
    expect(&broken, "configuration", "fail", "polices");
    expect(&broken, "kubernetes", "ok", "");
    fs::write(folder.join("config.yaml"), "policies: [builtin]\n").expect("the file");
    let document = document(&copilot, 0);
    expect(&document, "configuration", "ok", "config.yaml");
    expect(&document, "policies", "ok", "5 in force: allowed-registries");
}

#[test]
fn policies_patterns_and_schemas_that_cannot_be_read_fail() {
    let copilot = machine();
    copilot.write("broken/x.yaml", "kind: [\n");
    for (flag, name) in [("--policies", "policies"), ("--patterns", "patterns"), ("--schemas", "kubernetes")]
    {
        let document = copilot.run(["doctor", "-o", "json", flag, "broken"]).expect_code(1).json();
        expect(&document, name, "fail", "broken/x.yaml:");
    }
    let document = copilot.run(["doctor", "-o", "json", "--kubernetes-version", "1.2"]).expect_code(1).json();
    expect(&document, "kubernetes", "fail", "1.2");
}

#[test]
fn folders_that_cannot_be_used_fail() {
    let copilot = machine();
    copilot.write("file", "");
    let document = copilot.run(["doctor", "-o", "json", "--to", "file"]).expect_code(1).json();
    expect(&document, "target-folder", "fail", "is no folder");
    let document = copilot.run(["doctor", "-o", "json", "--to", "file/below"]).expect_code(1).json();
    expect(&document, "target-folder", "fail", "cannot be made");
}

#[cfg(unix)]
#[test]
fn a_key_that_others_may_read_fails() {
    let copilot = machine();
    let folder = copilot.home().join("../state/kubectl-copilot");
    fs::create_dir_all(&folder).expect("the folder");
    fs::write(folder.join("mask.key"), [7; 32]).expect("the key");
    restrict(&folder.join("mask.key"), 0o600);
    expect(&document(&copilot, 0), "state-key", "ok", "for you alone");
    restrict(&folder.join("mask.key"), 0o644);
    expect(&document(&copilot, 1), "state-key", "fail", "0644");
    fs::write(folder.join("mask.key"), "short").expect("the key");
    expect(&document(&copilot, 1), "state-key", "fail", "5 bytes");
}

#[test]
fn the_kubeconfig_is_read_and_nothing_of_its_credentials_is_shown() {
    let copilot = machine();
    write_kubeconfig(&copilot, KUBECONFIG);
    let good = document(&copilot, 1);
    expect(&good, "cluster", "fail", "cannot be reached");
    expect(&good, "kubeconfig", "ok", "1 context: lab");
    expect(&good, "context", "ok", "lab: https://127.0.0.1:1, namespace team-a");
    assert!(!good.to_string().contains("hunter2"), "{good}");

    write_kubeconfig(&copilot, &KUBECONFIG.replace("current-context: lab", "current-context: gone"));
    expect(&document(&copilot, 1), "context", "fail", "'gone'");

    write_kubeconfig(&copilot, &KUBECONFIG.replace("hunter2-canary}", "hunter2-canary"));
    let broken = document(&copilot, 1);
    expect(&broken, "kubeconfig", "fail", "does not parse");
    assert!(!broken.to_string().contains("hunter2"), "{broken}");
}

#[cfg(unix)]
#[test]
fn a_kubeconfig_that_others_may_read_is_a_warning() {
    let copilot = machine();
    write_kubeconfig(&copilot, KUBECONFIG);
    restrict(&copilot.home().join(".kube/config"), 0o644);
    expect(&document(&copilot, 1), "kubeconfig", "warn", "others may read");
}

#[test]
fn a_locale_that_is_not_utf8_is_a_warning() {
    let copilot = machine().with_env("LC_ALL", "POSIX");
    expect(&document(&copilot, 0), "locale", "warn", "POSIX is not UTF-8");
}
