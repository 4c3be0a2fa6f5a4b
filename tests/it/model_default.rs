//! `model use|info|bench`: a model looked into, tried, measured and made the default, with the small model of this
//! repository as a file.

use std::path::{Path, PathBuf};

use crate::support::Copilot;

fn embedded() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/embedded.gguf")
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/fixtures").join(name)
}

fn config(copilot: &Copilot) -> PathBuf {
    copilot.home().join("../config/kubectl-copilot/config.yaml")
}

fn write_config(copilot: &Copilot, text: &str) {
    std::fs::create_dir_all(config(copilot).parent().unwrap()).unwrap();
    std::fs::write(config(copilot), text).unwrap();
}

/// A file that ends llama.cpp inside of an assertion: a vocabulary with the same token twice.
fn damaged(copilot: &Copilot) -> PathBuf {
    let mut bytes = std::fs::read(fixture("tiny-spm.gguf")).unwrap();
    let places: Vec<usize> =
        bytes.windows(6).enumerate().filter(|(_, window)| *window == b"<0x41>").map(|(at, _)| at).collect();
    for at in places {
        bytes[at..at + 6].copy_from_slice(b"<0x42>");
    }
    let path = copilot.work().join("damaged.gguf");
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The small model, installed under a name.
fn install(copilot: &Copilot, name: &str) {
    let path = embedded().to_str().unwrap().to_owned();
    let _ = copilot.run(["model", "pull", name, "--from", &path, "--unverified"]).expect_code(0);
}

#[test]
fn a_model_that_passes_becomes_the_default_and_nothing_else_changes() {
    let copilot = Copilot::new();
    install(&copilot, "small");
    write_config(
        &copilot,
        "# mine\nowner: alice   # that is me\nmodel: embedded # for now\nkubernetesVersion: \"1.36\"\n",
    );
    let said = copilot.run(["model", "use", "small"]).expect_code(0);
    assert!(said.stdout.contains("10 of 10 right: small is the default now"), "{}", said.stdout);
    assert_eq!(
        std::fs::read_to_string(config(&copilot)).unwrap(),
        "# mine\nowner: alice   # that is me\nmodel: small # for now\nkubernetesVersion: \"1.36\"\n"
    );
    let list = copilot.run(["model", "list", "-o", "json"]).expect_code(0).json();
    assert_eq!(list["default"], "small");
    let drafted =
        copilot.run(["draft", "-o", "json", "-p", "a notebook called x with 2 GPUs"]).expect_code(0);
    assert_eq!(drafted.json()["outcome"], "drafted", "the default answers");
    let doctor = copilot.run(["doctor", "-o", "json"]).expect_code(0).json();
    let checks = doctor["checks"].as_array().unwrap();
    let models = checks.iter().find(|check| check["name"] == "models").unwrap()["detail"].as_str().unwrap();
    assert!(models.contains("1 installed") && models.contains("small answers"), "{models}");

    let said =
        copilot.with_env("KUBECTL_COPILOT_MODEL", "small").run(["model", "use", "embedded"]).expect_code(0);
    assert!(said.stderr.contains("KUBECTL_COPILOT_MODEL is set"), "{}", said.stderr);
    assert!(said.stdout.contains("embedded is the default now"), "there is a way back");
}

#[test]
fn a_file_becomes_the_default_by_its_full_path() {
    let copilot = Copilot::new();
    std::fs::copy(embedded(), copilot.work().join("mine.gguf")).unwrap();
    let _ = copilot.run(["model", "use", "-f", "mine.gguf"]).expect_code(0);
    let text = std::fs::read_to_string(config(&copilot)).unwrap();
    let path = text.trim().strip_prefix("model: ").expect("one line");
    assert!(Path::new(path).is_absolute() && path.ends_with("/work/mine.gguf"), "{text}");
    assert!(Path::new(path).is_file(), "{text}");
}

#[test]
fn a_model_that_fails_does_not_become_the_default() {
    let copilot = Copilot::new();
    let before = "owner: alice\nmodel: embedded\n";
    write_config(&copilot, before);
    let damaged = damaged(&copilot);
    let damaged = damaged.to_str().unwrap();
    let said = copilot.run(["model", "use", "-f", damaged]).expect_code(1);
    assert!(
        said.stderr.contains("damaged.gguf") && said.stderr.contains("the default stays as it was"),
        "{}",
        said.stderr
    );
    // One that loads and knows nothing: weights without training, and a context that holds no request.
    let tiny = fixture("tiny-bpe.gguf");
    let said = copilot.run(["model", "use", "-f", tiny.to_str().unwrap()]).expect_code(1);
    assert!(said.stderr.contains("the default stays as it was"), "{}", said.stderr);
    let said = copilot.run(["model", "use", "qwen2.5-coder-7b"]).expect_code(2);
    assert!(said.stderr.contains("model pull qwen2.5-coder-7b"), "{}", said.stderr);
    let said = copilot.run(["model", "use", "-f", "absent.gguf"]).expect_code(1);
    assert!(said.stderr.contains("absent.gguf"), "{}", said.stderr);
    assert_eq!(std::fs::read_to_string(config(&copilot)).unwrap(), before);
}

#[test]
fn a_configuration_that_cannot_be_changed_alone_is_left_and_the_line_is_said() {
    let copilot = Copilot::new();
    let before = "{owner: alice}\n";
    write_config(&copilot, before);
    let said = copilot.run(["model", "use", "embedded"]).expect_code(2);
    assert!(said.stderr.contains("by hand: model: \"embedded\""), "{}", said.stderr);
    assert_eq!(std::fs::read_to_string(config(&copilot)).unwrap(), before);
    assert_eq!(said.stdout, "", "it is said before the work");
}

#[cfg(unix)]
#[test]
fn a_configuration_that_is_a_link_elsewhere_is_left() {
    let copilot = Copilot::new();
    let elsewhere = copilot.write("dotfiles/config.yaml", "owner: alice\n");
    std::fs::create_dir_all(config(&copilot).parent().unwrap()).unwrap();
    std::os::unix::fs::symlink(&elsewhere, config(&copilot)).unwrap();
    let said = copilot.run(["model", "use", "embedded"]).expect_code(2);
    assert!(said.stderr.contains("by hand: model: \"embedded\""), "{}", said.stderr);
    assert_eq!(copilot.read("dotfiles/config.yaml"), "owner: alice\n");
}

#[test]
fn a_file_says_what_it_is() {
    let copilot = Copilot::new();
    install(&copilot, "small");
    let info = copilot.run(["model", "info", "small", "-o", "json"]).expect_code(0).json();
    assert_eq!((&info["architecture"], &info["layers"]), (&"llama".into(), &6.into()));
    assert_eq!(info["vocabulary"], serde_json::json!({ "type": "gpt2", "size": 2048 }));
    assert_eq!(info["context"], serde_json::json!({ "trained": 512, "loaded": 512 }));
    assert_eq!((&info["licence"], &info["profile"]), (&"apache-2.0".into(), &"trained".into()));
    assert!(info["file"].as_str().unwrap().ends_with("models/small.gguf"), "{info:#}");
    let text = copilot.run(["model", "info"]).expect_code(0).stdout;
    for wanted in
        ["kubectl-copilot embedded", "2048 tokens, byte pairs", "512 trained for", "the file has none"]
    {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }

    let damaged = damaged(&copilot);
    let said = copilot.run(["model", "info", "-f", damaged.to_str().unwrap()]).expect_code(2);
    assert!(
        said.stderr.contains("ended unexpectedly") && said.stderr.contains("GGML_ASSERT"),
        "{}",
        said.stderr
    );
    let said = copilot.run(["model", "info", "--model", "http://127.0.0.1:9"]).expect_code(2);
    assert!(said.stderr.contains("a server tells nothing"), "{}", said.stderr);
}

#[test]
fn a_bench_has_raw_figures_and_one_a_draft() {
    let copilot = Copilot::new();
    install(&copilot, "small");
    for name in ["small", "embedded"] {
        let bench = copilot.run(["model", "bench", name, "-o", "json"]).expect_code(0).json();
        let raw = &bench["raw"];
        assert_eq!(
            (&raw["promptTokens"], &raw["writtenTokens"]),
            (&256.into(), &64.into()),
            "{name}: half a context"
        );
        assert!(
            raw["promptTokensPerSecond"].as_f64().unwrap() > 0.0
                && raw["writtenTokensPerSecond"].as_f64() > Some(0.0)
        );
        let drafts = bench["drafts"].as_array().unwrap();
        assert_eq!(drafts.len(), 10);
        assert!(drafts.iter().all(|draft| draft["right"] == true), "{bench:#}");
        assert!(drafts.iter().any(|draft| draft["sampled"].as_u64() > Some(0)), "{bench:#}");
        assert!(drafts.iter().filter(|draft| draft["forced"].as_u64() > Some(0)).count() >= 9, "{bench:#}");
    }
    let text = copilot.run(["model", "bench"]).expect_code(0).stdout;
    assert!(text.contains("tokens/s read") && text.contains("10 of 10 right"), "{text}");
}
