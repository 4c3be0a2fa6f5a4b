//! The model layer from outside: a GGUF in a child process, damaged files, a killed child, a real model where there is
//! one.

use std::path::{Path, PathBuf};
use std::process::Command;

use kubectl_copilot::constraint::{Candidate, Form, Slot};
use kubectl_copilot::model::child::ChildModel;
use kubectl_copilot::model::{Backend, Cancel, ModelChoice, ModelError, OpenOptions, PromptProfile, open};

use crate::support::not_run::not_run;

fn options() -> OpenOptions {
    let mut options = OpenOptions::new(env!("CARGO_BIN_EXE_kubectl-copilot").into());
    options.threads = Some(1);
    options
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fixtures").join(name)
}

fn slot(key: &str, candidates: &[&str], optional: bool) -> Slot {
    let candidates =
        candidates.iter().map(|text| Candidate { text: (*text).into(), uses: Vec::new() }).collect();
    Slot { key: key.into(), candidates, optional, most: 1 }
}

fn form() -> Form {
    Form {
        prefix: "kind: notebook\nname: lab\n\n".into(),
        body: "Request: notebook lab in vision\n".into(),
        slots: vec![slot("kind", &["notebook", "training"], false), slot("name", &["lab", "vision"], true)],
    }
}

/// A copy of the tiny model with `old` replaced by `new`, of the same length, wherever it stands.
fn patched(folder: &Path, old: &[u8], new: &[u8]) -> PathBuf {
    let mut bytes = std::fs::read(fixture("tiny-spm.gguf")).expect("the fixture is there");
    let places: Vec<usize> =
        bytes.windows(old.len()).enumerate().filter(|(_, w)| *w == old).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        bytes[at..at + new.len()].copy_from_slice(new);
    }
    let path = folder.join("damaged.gguf");
    std::fs::write(&path, bytes).expect("writable");
    path
}

#[test]
fn a_file_is_run_in_a_child() {
    let mut model = open(ModelChoice::File(fixture("tiny-spm.gguf")), &options()).expect("opens");
    assert_eq!(model.info().name, "tiny SentencePiece fixture");
    assert_eq!(model.info().profile, PromptProfile::FewShot);
    assert_eq!(model.info().context, 512, "no more than the model was trained for");
    assert!(model.info().parameters > 10_000);
    let first = model.fill(&form(), &Cancel::default()).expect("fills");
    assert!(first.answers.iter().all(|answer| answer.score.is_some()));
    let again = model.fill(&form(), &Cancel::default()).expect("fills");
    assert_eq!(form().instance(&again), form().instance(&first));
    let mut long = form();
    long.body = format!("Request: {}\n", "many words ".repeat(400));
    assert!(matches!(model.fill(&long, &Cancel::default()), Err(ModelError::TooLong { limit: 512, .. })));
    model.fill(&form(), &Cancel::default()).expect("a form that was too long does no harm");
}

#[test]
fn a_file_that_ends_llama_cpp_is_an_error_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    // A vocabulary with the same token twice: an assertion inside llama.cpp aborts the process.
    let path = patched(folder.path(), b"<0x41>", b"<0x42>");
    match open(ModelChoice::File(path), &options()).err() {
        Some(ModelError::Died { path, status, reason }) => {
            assert!(path.ends_with("damaged.gguf"), "{path}");
            assert!(status.contains("signal"), "{status}");
            assert!(reason.contains("GGML_ASSERT") && reason.len() < 4000, "{reason}");
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_is_no_model_is_refused_with_a_reason() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(fixture("tiny-spm.gguf")).expect("the fixture is there");
    let cut = folder.path().join("cut.gguf");
    std::fs::write(&cut, &whole[..whole.len() * 2 / 3]).expect("writable");
    let text = folder.path().join("text.gguf");
    std::fs::write(&text, "not a model\n").expect("writable");
    for path in [cut, text, folder.path().join("missing.gguf"), fixture("other-vocabulary.gguf")] {
        let name = path.file_name().expect("has one").to_string_lossy().into_owned();
        match open(ModelChoice::File(path), &options()).err() {
            Some(ModelError::Load { path, reason }) => {
                assert!(path.contains(&name) && !reason.is_empty(), "{path}: {reason}");
                assert!(!reason.contains(char::is_control), "{reason:?}");
            }
            other => panic!("{name}: {other:?}"),
        }
    }
}

#[test]
fn an_executable_that_is_no_worker_is_an_error() {
    let mut options = options();
    options.executable = "/nonexistent/kubectl-copilot".into();
    let error =
        open(ModelChoice::File(fixture("tiny-spm.gguf")), &options).err().expect("refused").to_string();
    assert!(error.contains("/nonexistent/kubectl-copilot"), "{error}");
    if cfg!(target_os = "linux") {
        options.executable = "/bin/false".into();
        let error = open(ModelChoice::File(fixture("tiny-spm.gguf")), &options).err().expect("refused");
        assert!(matches!(error, ModelError::Died { .. }), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_killed_child_is_replaced_at_the_next_form() {
    let mut model = ChildModel::open(&fixture("tiny-spm.gguf"), &options()).expect("opens");
    let before = model.fill(&form(), &Cancel::default()).expect("fills");
    let killed = model.process_id().expect("a child");
    assert!(Command::new("kill").args(["-9", &killed.to_string()]).status().expect("kill runs").success());
    match model.fill(&form(), &Cancel::default()) {
        Err(ModelError::Died { status, .. }) => assert!(status.contains("signal: 9"), "{status}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(model.process_id(), None, "nothing is left of it");
    let after = model.fill(&form(), &Cancel::default()).expect("a new child answers");
    assert_ne!(model.process_id(), Some(killed));
    assert_eq!(form().instance(&after), form().instance(&before));
}

#[cfg(unix)]
#[test]
fn a_stop_ends_the_child_even_when_it_does_not_answer() {
    let mut model = ChildModel::open(&fixture("tiny-spm.gguf"), &options()).expect("opens");
    let stuck = model.process_id().expect("a child");
    assert!(Command::new("kill").args(["-STOP", &stuck.to_string()]).status().expect("kill runs").success());
    let cancel = Cancel::default();
    let person = cancel.clone();
    let stopped = std::thread::scope(|scope| {
        let fill = scope.spawn(|| model.fill(&form(), &cancel));
        person.cancel();
        fill.join().expect("does not panic")
    });
    assert!(matches!(stopped, Err(ModelError::Cancelled)), "{stopped:?}");
    if model.process_id().is_none() {
        assert!(is_gone(stuck), "neither running nor a zombie");
    }
    drop(model);
    // Where the stop came before the form was sent, the child was kept; dropping the model ended it.
    assert!(is_gone(stuck), "neither running nor a zombie");
}

#[cfg(unix)]
#[test]
fn dropping_the_model_ends_the_child() {
    let model = ChildModel::open(&fixture("tiny-spm.gguf"), &options()).expect("opens");
    let child = model.process_id().expect("a child");
    drop(model);
    assert!(is_gone(child), "neither running nor a zombie");
}

/// Whether no process has this id. `kill -0` succeeds for zombies too.
#[cfg(unix)]
fn is_gone(process: u32) -> bool {
    let output = Command::new("kill").args(["-0", &process.to_string()]).output().expect("kill runs");
    !output.status.success()
}

#[test]
fn a_child_whose_parent_is_gone_ends() {
    let child = Command::new(env!("CARGO_BIN_EXE_kubectl-copilot"))
        .arg("__model-worker")
        .stdin(std::process::Stdio::null())
        .output()
        .expect("runs");
    assert!(child.status.success() && child.stdout.is_empty(), "{child:?}");
}

/// The real model that `make models` fetched, or the one that `KUBECTL_COPILOT_TEST_MODEL` names.
fn real_model() -> Option<PathBuf> {
    let named = std::env::var_os("KUBECTL_COPILOT_TEST_MODEL").map(PathBuf::from);
    let fetched = || {
        let cache = PathBuf::from(std::env::var_os("KUBECTL_COPILOT_CACHE")?);
        Some(cache.join("models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")).filter(|path| path.is_file())
    };
    named.or_else(fetched)
}

#[test]
fn a_real_model_fills_in_what_the_request_says() {
    let Some(path) = real_model() else {
        not_run("the test with a real model (make models fetches it)");
        return;
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut options = options();
    options.threads = None;
    options.cache_dir = Some(folder.path().to_path_buf());
    let form = Form {
        prefix:
            "Fill in the form with words of the request. A dash means that the request does not say it.\n\n\
                 Request: a jupyter notebook called deep-lab with two GPUs and 64Gi of memory\n\
                 name: deep-lab\ngpus: two\nmemory: 64Gi\n\n\
                 Request: notebook for vision-test, 16Gi memory\n\
                 name: vision-test\ngpus: -\nmemory: 16Gi\n\n"
                .into(),
        body: "Request: I need a workbench mira-dev with 4 GPUs, 120Gi memory\n".into(),
        slots: vec![
            slot("name", &["workbench", "mira-dev", "memory"], true),
            slot("gpus", &["4", "120"], true),
            slot("memory", &["120Gi"], true),
        ],
    };
    let expected = serde_json::json!({ "name": "mira-dev", "gpus": "4", "memory": "120Gi" });
    for round in ["evaluated", "from the prefix cache"] {
        let mut model = open(ModelChoice::File(path.clone()), &options).expect("opens");
        let answers = model.fill(&form, &Cancel::default()).expect("fills");
        assert_eq!(form.instance(&answers), expected, "{round}");
        assert_eq!(std::fs::read_dir(folder.path()).expect("readable").count(), 1, "{round}");
    }
}
