//! Ten requests end in the same objects and the same digest whichever model answers, and what a policy denies is denied
//! by the same policy: values come from the words, and neither objects nor digest hold a model's name, a time or
//! anything random.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use serde_json::Value;

use crate::support::Copilot;
use crate::support::not_run::not_run;

/// The two-GPU notebook, each pattern, two native kinds, two in Chinese, one with a negation.
pub const REQUESTS: &[&str] = &[
    "give me a notebook with two GPUs",
    "a training job called mnist: run `python train.py --epochs 3` with image ghcr.io/acme/trainer:1.4 on 4 GPUs",
    "serve Qwen/Qwen2.5-7B-Instruct on one GPU",
    "I need a web service from ghcr.io/acme/shop:2.1 on port 8080 with three replicas",
    "a 100Gi volume called datasets",
    "create a ConfigMap named settings with LOG_LEVEL=debug",
    "a Deployment called api from image ghcr.io/acme/api:1.0 with 2 replicas",
    "给我一个叫 mira 的 notebook，两张 GPU，64Gi 内存",
    "我要 200Gi 的存储，名字叫 data",
    "a notebook called plain without GPUs, with 16Gi of memory",
];

/// What a policy stands against: the request, and the policy's name.
const DENIED: &[(&str, &str)] = &[
    ("a notebook with 16 GPUs", "gpu-cap-per-pod"),
    ("a web service from evil.example.com/shop:1 on port 8080", "allowed-registries"),
];

/// The embedded model, and of the others those that `make models` has fetched.
fn models() -> Vec<(String, Option<PathBuf>)> {
    let mut models = vec![("embedded".to_owned(), None)];
    for name in ["qwen2.5-coder-0.5b-instruct-q4_k_m", "qwen2.5-coder-1.5b-instruct-q4_k_m"] {
        let file = std::env::var_os("KUBECTL_COPILOT_CACHE")
            .map(|cache| PathBuf::from(cache).join("models").join(format!("{name}.gguf")))
            .filter(|file| file.is_file());
        match file {
            Some(file) => models.push((name.to_owned(), Some(file))),
            None => not_run(&format!("equal objects through {name} (make models fetches it)")),
        }
    }
    models
}

/// The arguments, with the model's file or URL where it is not the embedded one.
fn with_model<'a>(model: Option<&'a OsStr>, arguments: &[&'a str]) -> Vec<OsString> {
    let mut all: Vec<OsString> = arguments.iter().map(OsString::from).collect();
    all.extend(model.into_iter().flat_map(|file| ["--model".into(), file.into()]));
    all
}

/// Digest and objects of each request's plan.
pub fn plans(copilot: &Copilot, model: Option<&OsStr>) -> Vec<(Value, Vec<Value>)> {
    let plan = |request: &&str| {
        let arguments = ["plan", "-p", request, "--policies", "builtin", "--to", "manifests", "-o", "json"];
        let plan = copilot.run(with_model(model, &arguments)).expect_code(0).json();
        let changes = plan["changes"].as_array().expect("a plan has changes");
        (plan["digest"].clone(), changes.iter().map(|change| change["object"].clone()).collect())
    };
    REQUESTS.iter().map(plan).collect()
}

#[test]
fn ten_requests_give_the_same_objects_and_digest_through_every_model() {
    // One machine for all: the digest names the folder that would be written.
    let copilot = Copilot::new().with_env("USER", "alice");
    let mut first: Option<Vec<(Value, Vec<Value>)>> = None;
    for (name, file) in &models() {
        let plans = plans(&copilot, file.as_ref().map(|file| file.as_os_str()));
        let Some(first) = &first else {
            first = Some(plans);
            continue;
        };
        for ((request, one), other) in REQUESTS.iter().zip(first).zip(&plans) {
            assert_eq!(
                one.1, other.1,
                "{request}: other objects through {name} than through the embedded model"
            );
            assert_eq!(one.0, other.0, "{request}: another digest through {name}");
        }
    }
}

#[test]
fn what_is_denied_is_denied_by_the_same_policy_through_every_model() {
    let copilot = Copilot::new().with_env("USER", "alice");
    for (name, file) in &models() {
        for (request, policy) in DENIED {
            let arguments = ["draft", "-p", request, "--policies", "builtin", "-o", "json"];
            let document = copilot
                .run(with_model(file.as_ref().map(|file| file.as_os_str()), &arguments))
                .expect_code(1)
                .json();
            let named = document["interventions"].as_array().into_iter().flatten().map(|i| &i["policy"]);
            let found = document["findings"].as_array().into_iter().flatten().map(|f| &f["rule"]);
            let names: Vec<&str> = named.chain(found).filter_map(Value::as_str).collect();
            assert!(
                names.iter().any(|one| one.contains(policy)),
                "{name}: {request}: {policy} is not named, only {names:?}: {document}"
            );
        }
    }
}
