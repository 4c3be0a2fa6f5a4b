//! The main job with a real local LLM: words in, checked manifests out. Needs the 0.5B that `make models` fetches;
//! where it cannot be had, the last lines of the run say so.

use std::path::PathBuf;

use serde_json::Value;

use crate::score::{load_rows, score, tasks};
use crate::support::not_run::not_run;
use crate::support::{Copilot, repository};

/// A dozen rows of `tests/requests/`, over families and languages.
const ROWS: &[&str] = &[
    "nb-01", "nb-02", "nb-zh-01", "tr-01", "tr-zh-01", "sv-01", "wb-01", "st-01", "na-01", "de-01", "de-05",
    "ro-01", "as-01",
];
/// So many of them must come out right. Drafts that must not be made are counted apart: none of those is forgiven.
const FLOOR: usize = 11;

fn model() -> Option<PathBuf> {
    let cache = PathBuf::from(std::env::var_os("KUBECTL_COPILOT_CACHE")?);
    Some(cache.join("models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")).filter(|path| path.is_file())
}

#[test]
fn a_dozen_requests_through_a_real_model() {
    let Some(model) = model() else {
        not_run("a dozen requests through Qwen2.5-Coder-0.5B (make models fetches it)");
        return;
    };
    let rows: Vec<_> = load_rows(repository::root().join("tests/requests"))
        .into_iter()
        .filter(|row| ROWS.contains(&row.id.as_str()))
        .collect();
    assert!(rows.len() >= 12, "the rows of this test are there: {}", rows.len());
    let copilot = Copilot::new();
    copilot.write("tasks.jsonl", &tasks(&rows));
    let output = copilot.run([
        "eval".into(),
        "--model".into(),
        model.into_os_string(),
        "--tasks".into(),
        copilot.work().join("tasks.jsonl").into_os_string(),
    ]);
    let output = output.expect_code(0);
    let mut right = 0;
    let mut wrong = String::new();
    for (row, line) in rows.iter().zip(output.stdout.lines()) {
        let answer: Value = serde_json::from_str(line).expect("one JSON a line");
        assert_eq!(answer["id"], row.id.as_str(), "answers come in the order of the rows");
        let score = score(row, &answer);
        right += usize::from(score.right);
        if !score.right {
            wrong.push_str(&format!("{}: {:?}\n", row.id, score.reasons));
        }
        if row.id.starts_with("de-") {
            assert!(answer.get("yaml").is_none(), "must not be drafted: {}", row.request);
        }
    }
    assert!(right >= FLOOR, "{right} right of {}, at least {FLOOR} wanted:\n{wrong}", rows.len());
}

#[test]
fn sixteen_gpus_under_a_cap_of_eight_are_asked_about_and_never_changed() {
    let Some(model) = model() else {
        not_run("policy and a real model (make models fetches it)");
        return;
    };
    let copilot = Copilot::new().with_env("KUBECTL_COPILOT_MODEL", model).with_env("USER", "alice");
    let output = copilot
        .run(["draft", "-p", "a notebook with 16 GPUs", "--policies", "builtin", "-o", "json"])
        .expect_code(1);
    let document = output.json();
    assert_eq!(document["outcome"], "asked", "{document}");
    assert!(document.get("objects").is_none(), "nothing is drafted: {document}");
    let intervention = &document["interventions"][0];
    assert_eq!(intervention["wanted"], 16);
    assert_eq!(intervention["allowed"], 8);
    assert_eq!(intervention["policy"], "gpu-cap-per-pod");
}

#[test]
fn what_was_said_is_in_the_plan_and_the_digest_names_it() {
    let Some(model) = model() else {
        not_run("a plan by a real model (make models fetches it)");
        return;
    };
    let copilot = Copilot::new().with_env("KUBECTL_COPILOT_MODEL", model).with_env("USER", "alice");
    let plan = |out: &str| {
        let arguments = [
            "plan",
            "-p",
            "give me a notebook with two GPUs",
            "--policies",
            "builtin",
            "--to",
            "m",
            "-o",
            "json",
            "--out",
            out,
        ];
        copilot.run(arguments).expect_code(0).json()
    };
    let (one, two) = (plan("one.json"), plan("two.json"));
    assert_eq!(one["digest"], two["digest"], "the same words give the same digest");
    assert!(!copilot.work().join("m").exists(), "a plan writes nothing");
    let kinds: Vec<&str> = one["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .filter_map(|c| c["object"]["kind"].as_str())
        .collect();
    assert_eq!(kinds, ["Secret", "PersistentVolumeClaim", "Service", "StatefulSet"]);
    let digest = one["digest"].as_str().expect("a digest").to_owned();
    copilot.run(["apply", "--plan", "one.json", "--digest", &digest, "--yes"]).expect_code(0);
    let stateful_set = copilot.read("m/statefulset-notebook.yaml");
    assert!(stateful_set.contains("nvidia.com/gpu: \"2\""), "{stateful_set}");
    let secret = copilot.read("m/secret-notebook-token.yaml");
    assert!(
        !secret.contains("\ndata:") && !secret.contains("stringData:"),
        "a generated value stands in no file: {secret}"
    );
}

/// The answer of `eval` with these flags to one request.
fn evaluated(model: &std::path::Path, request: &str, flags: &[&str]) -> Value {
    let copilot = Copilot::new();
    copilot.write("tasks.jsonl", &serde_json::json!({"id": 1, "request": request}).to_string());
    let mut args: Vec<std::ffi::OsString> = vec!["eval".into(), "--model".into(), model.into()];
    args.extend(["--tasks".into(), copilot.work().join("tasks.jsonl").into_os_string()]);
    args.extend(flags.iter().map(Into::into));
    let output = copilot.run(args).expect_code(0);
    serde_json::from_str(output.stdout.trim()).expect("one JSON a line")
}

#[test]
fn what_an_answer_costs_is_told_where_it_is_asked_for() {
    let Some(model) = model() else {
        not_run("what a written manifest costs (make models fetches the 0.5B)");
        return;
    };
    let request = "a PriorityClass called urgent with value 1000";
    let plain = evaluated(&model, request, &[]);
    assert!(plain["yaml"].as_str().expect("drafted").contains("value: 1000"), "{plain}");
    assert!(plain.get("ms").is_none() && plain.get("written").is_none(), "the same every time: {plain}");
    let told = evaluated(&model, request, &["--cost"]);
    let number = |name: &str| told["written"][name].as_u64().unwrap_or_else(|| panic!("{name}: {told}"));
    assert_eq!(told["yaml"], plain["yaml"]);
    assert!(number("steps") > 0 && told["ms"].as_u64().is_some(), "{told}");
    assert!(number("evaluatedMicroseconds") <= number("microseconds"), "{told}");
}
