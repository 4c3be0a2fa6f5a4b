//! How a GGUF is run: an adapter, a device, the memory that it needs, and what its process may do.

use std::path::Path;

use serde_json::Value;

use kubectl_copilot::constraint::{Candidate, Form, Slot};
use kubectl_copilot::model::{Cancel, ModelChoice, ModelError, OpenOptions, open};

use crate::support::{Copilot, repository};

fn fixture(name: &str) -> std::path::PathBuf {
    repository::root().join("models/fixtures").join(name)
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new(env!("CARGO_BIN_EXE_kubectl-copilot").into());
    options.threads = Some(1);
    options
}

/// Twelve choices among the same words.
fn form() -> Form {
    let words = ["kind", "name", "gpus", "memory", "notebook", "training", "lab", "vision"];
    let candidates =
        || words.iter().map(|word| Candidate { text: (*word).into(), uses: Vec::new() }).collect();
    let slot = |key: &str| Slot { key: key.into(), candidates: candidates(), optional: false, most: 1 };
    let keys = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    Form {
        prefix: "Request: lab\nkind: notebook\nname: lab\n\n".repeat(6),
        body: "Request: notebook lab in vision\n".into(),
        slots: keys.iter().map(|key| slot(key)).collect(),
    }
}

fn answers(options: &OpenOptions) -> Value {
    let mut model = open(ModelChoice::File(fixture("tiny-spm.gguf")), options).expect("opens");
    let form = form();
    form.instance(&model.fill(&form, &Cancel::default()).expect("fills"))
}

fn refusal(model: &str, options: &OpenOptions) -> (String, String) {
    match open(ModelChoice::File(fixture(model)), options).err() {
        Some(ModelError::Load { path, reason }) => (path, reason),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_adapter_changes_the_answers_and_its_prefixes_are_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = OpenOptions { cache_dir: Some(folder.path().join("prefixes")), ..options() };
    let adapted = OpenOptions { adapter: Some(fixture("tiny-adapter.gguf")), ..plain.clone() };
    let (before, with) = (answers(&plain), answers(&adapted));
    assert_ne!(before, with, "the adapter is at work");
    let kept = std::fs::read_dir(folder.path().join("prefixes")).expect("readable").count();
    assert_eq!(kept, 2, "one evaluated prefix with the adapter, one without");
    assert_eq!(answers(&plain), before, "nothing of the adapter stays");
    assert_eq!(answers(&adapted), with);
    let model = open(ModelChoice::File(fixture("tiny-spm.gguf")), &adapted).expect("opens");
    assert_eq!(model.info().name, "tiny SentencePiece fixture + tiny-adapter.gguf");
}

#[test]
fn an_adapter_that_does_not_fit_is_refused_by_its_own_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let whole = std::fs::read(fixture("tiny-adapter.gguf")).expect("the fixture is there");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("writable");
        path
    };
    let mut other = whole.clone();
    let at = whole.windows(5).position(|window| window == b"llama").expect("its architecture");
    other[at..at + 5].copy_from_slice(b"qwen2");
    for (adapter, said) in [
        (write("other.gguf", &other), "'qwen2'"),
        (write("cut.gguf", &whole[..whole.len() / 2]), "cut short"),
        (write("end.gguf", &whole[..whole.len() - 8]), "llama.cpp"),
        (write("text.gguf", b"no adapter at all"), "no GGUF"),
        (folder.path().join("absent.gguf"), "no such file"),
        (fixture("tiny-bpe.gguf"), "no LoRA adapter"),
    ] {
        let name = adapter.file_name().expect("has one").to_string_lossy().into_owned();
        let (path, reason) = refusal("tiny-spm.gguf", &OpenOptions { adapter: Some(adapter), ..options() });
        assert!(path.ends_with(&name) && reason.contains(said), "{name}: {path}: {reason}");
    }
    // Of the same architecture, and trained on a model with another vocabulary.
    let adapter = Some(fixture("tiny-adapter.gguf"));
    let (path, reason) = refusal("tiny-bpe.gguf", &OpenOptions { adapter, ..options() });
    assert!(path.ends_with("tiny-adapter.gguf") && reason.contains("another shape"), "{path}: {reason}");
    let (_, reason) = refusal("tiny-adapter.gguf", &options());
    assert!(reason.contains("--adapter"), "an adapter is no model: {reason}");
}

fn doctor(copilot: &Copilot, arguments: &[&str], code: i32) -> Vec<Value> {
    let output = copilot.run([&["doctor", "-o", "json"], arguments].concat()).expect_code(code);
    output.json()["checks"].as_array().expect("checks").clone()
}

fn detail(checks: &[Value], name: &str) -> String {
    let check = checks.iter().find(|check| check["name"] == name);
    check.unwrap_or_else(|| panic!("{name} is checked: {checks:?}"))["detail"]
        .as_str()
        .expect("a text")
        .to_owned()
}

#[test]
fn flags_environment_and_file_name_adapter_device_and_context() {
    let (model, adapter) = (fixture("tiny-spm.gguf"), fixture("tiny-adapter.gguf"));
    let shown = "tiny SentencePiece fixture + tiny-adapter.gguf";
    let copilot = Copilot::new();
    let (model_text, adapter_text) = (model.to_string_lossy(), adapter.to_string_lossy());
    let flags =
        ["--model", &*model_text, "--adapter", &*adapter_text, "--device", "cpu", "--context-tokens", "256"];
    let checks = doctor(&copilot, &flags, 0);
    let model_line = detail(&checks, "model");
    assert!(model_line.starts_with(shown) && model_line.contains("context 256,"), "{model_line}");
    let copilot = Copilot::new()
        .with_env("KUBECTL_COPILOT_MODEL", &model)
        .with_env("KUBECTL_COPILOT_ADAPTER", &adapter)
        .with_env("KUBECTL_COPILOT_DEVICE", "no-such-device");
    let checks = doctor(&copilot, &[], 1);
    assert!(detail(&checks, "model").contains("no device 'no-such-device'"), "{checks:?}");
    assert!(detail(&doctor(&copilot, &["--device", "cpu"], 0), "model").starts_with(shown), "a flag wins");
    // An adapter belongs to a file.
    let output = Copilot::new().run(["doctor", "--adapter", &adapter_text]).expect_code(2);
    assert!(output.stderr.contains("--model FILE --adapter FILE"), "{}", output.stderr);
    let url = ["doctor", "--model", "http://127.0.0.1:9#m", "--device", "cpu"];
    let output = Copilot::new().run(url).expect_code(2);
    assert!(output.stderr.contains("a server chooses its own"), "{}", output.stderr);
}

/// The tiny model, said to be trained for contexts of two thousand million tokens.
fn endless(folder: &Path) -> std::path::PathBuf {
    let mut bytes = std::fs::read(fixture("tiny-spm.gguf")).expect("the fixture is there");
    let layout = crate::support::gguf::Layout::of(&bytes);
    let at = layout.pair("llama.context_length").value.start;
    bytes[at..at + 4].copy_from_slice(&i32::MAX.to_le_bytes());
    let path = folder.join("endless.gguf");
    std::fs::write(&path, bytes).expect("writable");
    path
}

#[cfg(target_os = "linux")]
#[test]
fn what_does_not_fit_into_memory_is_refused_before_it_is_loaded() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = endless(folder.path());
    let wide = OpenOptions { context: u32::MAX, ..options() };
    match open(ModelChoice::File(path.clone()), &wide).err() {
        Some(ModelError::Load { reason, .. }) => {
            assert!(
                reason.contains("a context of 2147483647 tokens") && reason.contains("are available"),
                "{reason}"
            );
            assert!(reason.contains("--context-tokens "), "a smaller context would fit: {reason}");
        }
        other => panic!("{other:?}"),
    }
    open(ModelChoice::File(path), &OpenOptions { context: 512, ..options() }).expect("a smaller one does");
}

#[cfg(target_os = "linux")]
#[test]
fn the_process_of_a_model_is_closed() {
    use kubectl_copilot::model::child::ChildModel;

    let model = ChildModel::open(&fixture("tiny-spm.gguf"), &options()).expect("opens");
    let process = model.process_id().expect("a child");
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("a process");
    let line =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).expect("a line");
    assert_eq!((line("NoNewPrivs:"), line("Seccomp:")), ("1", "2"), "no new rights, and a filter of calls");
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).expect("a process");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a limit");
    assert_eq!(core.split_whitespace().nth(4), Some("0"), "{core}");

    let copilot = Copilot::new().with_env("KUBECTL_COPILOT_MODEL", fixture("tiny-spm.gguf"));
    let checks = doctor(&copilot, &[], 0);
    let said = detail(&checks, "model-sandbox");
    for closed in ["network", "other programs", "core dumps"] {
        assert!(said.split("; open: ").next().is_some_and(|text| text.contains(closed)), "{closed}: {said}");
    }
    // Files need Landlock, which a kernel may lack; then it is said so.
    let has_landlock = !said.contains("has no Landlock");
    assert_eq!(said.contains("; open: "), !has_landlock, "{said}");
    if !has_landlock {
        crate::support::not_run::not_run("files closed to a model's process (this kernel has no Landlock)");
    }
}

#[test]
fn the_embedded_model_needs_no_process_of_its_own() {
    let checks = doctor(&Copilot::new(), &[], 0);
    assert!(checks.iter().all(|check| check["name"] != "model-sandbox"), "{checks:?}");
}
