//! Models on a GPU, in a build with the feature `vulkan`. `make test-gpu` runs it on Mesa's software device.

use serde_json::Value;

use crate::support::not_run::not_run;
use crate::support::{Copilot, repository};

/// Requests of several forms, numbers, names and a list of choices among them.
const REQUESTS: [&str; 5] = [
    "a notebook called lab with two GPUs and 64Gi of memory",
    "deploy nginx with 3 replicas on port 8080",
    "500Gi of storage called datasets",
    "train with image pytorch/pytorch:2.4.0 on 4 A100s, run python train.py",
    "一个带两块GPU的notebook，内存64Gi",
];

/// What chooses driver and device is handed on; nothing else of the environment is.
fn copilot() -> Copilot {
    ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "GGML_VK_VISIBLE_DEVICES"]
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
        .fold(Copilot::new(), |copilot, (name, value)| copilot.with_env(name, value))
}

fn checks(arguments: &[&str]) -> Vec<Value> {
    let output = copilot().run([&["doctor", "-o", "json"], arguments].concat()).expect_code(0);
    output.json()["checks"].as_array().expect("checks").clone()
}

fn detail(checks: &[Value], name: &str) -> String {
    let check = checks.iter().find(|check| check["name"] == name);
    check.unwrap_or_else(|| panic!("{name} is checked: {checks:?}"))["detail"]
        .as_str()
        .expect("a text")
        .to_owned()
}

/// Whether there is a device; a line of the run says so where there is none.
fn has_device() -> bool {
    let devices = detail(&checks(&[]), "model-devices");
    let has = devices.contains("Vulkan0: ");
    println!("devices: {devices}");
    if !has {
        not_run("models on a GPU (this machine has no Vulkan device; make test-gpu brings a software one)");
    }
    has
}

fn draft(device: &str, request: &str) -> String {
    copilot().run(["draft", "--device", device, "--to", "m", "-p", request]).expect_code(0).stdout
}

#[test]
fn all_layers_of_the_embedded_model_lie_on_the_device_and_it_answers_the_same() {
    if !has_device() {
        return;
    }
    let line = detail(&checks(&["--device", "Vulkan0"]), "model");
    println!("model: {line}");
    assert!(line.contains("Vulkan0: ") && line.contains(", all ") && line.contains(" layers"), "{line}");
    assert!(detail(&checks(&[]), "model").contains(", CPU ("), "a small model stays on the CPU by itself");
    for request in REQUESTS {
        assert_eq!(draft("Vulkan0", request), draft("cpu", request), "{request}");
    }
}

#[test]
fn a_file_runs_on_the_device_in_its_closed_process() {
    if !has_device() {
        return;
    }
    let model = repository::root().join("models/embedded.gguf");
    let checks = checks(&["--model", &model.to_string_lossy(), "--device", "vulkan0"]);
    let line = detail(&checks, "model");
    println!("model: {line}\nsandbox: {}", detail(&checks, "model-sandbox"));
    assert!(line.contains("Vulkan0: ") && line.contains(", all "), "{line}");
    let said = detail(&checks, "model-sandbox");
    assert!(said.split("; open: ").next().is_some_and(|closed| closed.contains("network")), "{said}");
}

#[test]
fn a_device_that_is_not_there_is_refused_with_those_that_are() {
    let output = copilot().run(["draft", "--device", "CUDA7", "--to", "m", "-p", REQUESTS[0]]).expect_code(2);
    assert!(output.stderr.contains("no device 'CUDA7'"), "{}", output.stderr);
}
