//! `model list` and `model pull`: whole or nothing, over loopback. What a model does once it is here is in
//! `model_default.rs`.

use std::path::PathBuf;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::Copilot;
use crate::support::file_server::{Answer, FileServer};

/// A file that begins as a GGUF does; the rest is no model, and differs by `seed`.
fn content(bytes: usize, seed: u8) -> Vec<u8> {
    let rest = (0..bytes.saturating_sub(4)).map(|at| (at % 251) as u8 ^ seed);
    b"GGUF".iter().copied().chain(rest).collect()
}

fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn models(copilot: &Copilot) -> PathBuf {
    copilot.home().join("../cache/kubectl-copilot/models")
}

/// What stands in the models folder, but for locks.
fn files(copilot: &Copilot) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(models(copilot)) else { return Vec::new() };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| !name.ends_with(".lock")).collect();
    names.sort();
    names
}

fn model(list: &Value, name: &str) -> Value {
    let models = list["models"].as_array().expect("models");
    models.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name} in {list:#}")).clone()
}

const SIZE: usize = 700_000;
const HALF: usize = 300_000;

#[test]
fn the_list_says_what_can_be_had_and_what_was_never_run() {
    let copilot = Copilot::new();
    let list = copilot.run(["model", "list", "-o", "json"]).expect_code(0).json();
    assert_eq!((&list["version"], &list["default"]), (&1.into(), &"embedded".into()));
    let half = model(&list, "qwen2.5-coder-0.5b");
    assert_eq!(half["scores"]["draftsRight"], serde_json::json!([133, 137]));
    assert_eq!((&half["run"], &half["installed"]), (&true.into(), &Value::Null));
    assert_eq!(half["licence"]["name"], "Apache-2.0");
    assert!(half["memory"].as_u64().unwrap() > half["bytes"].as_u64().unwrap());
    let three = model(&list, "qwen2.5-coder-3b");
    assert_eq!((&three["run"], &three["scores"]), (&false.into(), &Value::Null));
    assert_eq!(three["licence"]["name"], "Qwen-Research", "not the licence of its brothers");
    let text = copilot.run(["model", "list"]).expect_code(0).stdout;
    let line = |name: &str| text.lines().find(|line| line.contains(name)).expect("a line").to_owned();
    assert!(line("qwen3-4b").contains("not run here"), "{text}");
    assert!(line("> ").contains("embedded"), "{text}");
    assert!(files(&copilot).is_empty(), "a list makes nothing");
}

#[test]
fn a_model_is_fetched_checked_and_listed() {
    let copilot = Copilot::new();
    let bytes = content(SIZE, 0);
    let server = FileServer::of(&bytes, Some("\"v1\""));
    let url = server.url("/some/where/Own-Model.gguf?signature=canary");
    let sha256 = hash(&bytes);
    let said =
        copilot.run(["model", "pull", "--from", &url, "--sha256", &sha256.to_uppercase()]).expect_code(0);
    assert!(said.stdout.contains("model use Own-Model"), "{}", said.stdout);
    assert!(said.stderr.contains("0.7 MB of 0.7 MB"), "{}", said.stderr);
    assert_eq!(files(&copilot), ["Own-Model.gguf", "Own-Model.json"]);
    assert_eq!(std::fs::read(models(&copilot).join("Own-Model.gguf")).unwrap(), bytes);
    let list = copilot.run(["model", "list", "-o", "json"]).expect_code(0);
    assert!(!list.stdout.contains("canary"), "the signature of an address is a secret");
    let here = model(&list.json(), "Own-Model");
    assert_eq!((&here["installed"]["verified"], &here["inCatalogue"]), (&true.into(), &false.into()));
    assert_eq!(here["installed"]["sha256"], sha256);

    let again = copilot.run(["model", "pull", "--from", &url, "--sha256", &sha256]).expect_code(0);
    assert!(again.stdout.contains("was there already"), "{}", again.stdout);
    assert_eq!(server.asked().len(), 1, "what is there is not asked for");
    let other = copilot.run(["model", "pull", "--from", &url, "--sha256", &"0".repeat(64)]).expect_code(2);
    assert!(other.stderr.contains("is there already"), "{}", other.stderr);
    assert_eq!(std::fs::read(models(&copilot).join("Own-Model.gguf")).unwrap(), bytes, "it is as it was");
}

#[test]
fn what_was_cut_off_is_kept_and_gone_on_with() {
    let copilot = Copilot::new();
    let bytes = content(SIZE, 0);
    let sent = bytes.clone();
    let server = FileServer::start(move |asked, number| match number {
        0 => Answer::file(asked, &sent, Some("\"v1\"")).cut_after(HALF),
        // Twice in a row without anything new: it is given up.
        1 => Answer::file(asked, &sent, Some("\"v1\"")).cut_after(0),
        _ => Answer::file(asked, &sent, Some("\"v1\"")),
    });
    let pull = ["model", "pull", "big", "--from", &server.url("/big.gguf"), "--sha256", &hash(&bytes)];
    let cut = copilot.run(pull).expect_code(2);
    assert!(cut.stderr.contains("was cut off at 0.3 MB of 0.7 MB"), "{}", cut.stderr);
    assert!(cut.stderr.contains("the same command goes on"), "{}", cut.stderr);
    assert_eq!(files(&copilot), ["big.gguf.part", "big.gguf.part.json"], "nothing stands under its name");
    let list = copilot.run(["model", "list", "-o", "json"]).expect_code(0).stdout;
    assert!(!list.contains("big"), "half a model is none: {list}");

    let done = copilot.run(pull).expect_code(0);
    assert!(done.stdout.contains("0.3 MB of it were kept"), "{}", done.stdout);
    let asked = server.asked();
    let last = asked.last().unwrap();
    assert_eq!(last.header("range"), Some(format!("bytes={HALF}-").as_str()));
    assert_eq!(last.header("if-range"), Some("\"v1\""));
    assert_eq!(last.sent, SIZE - HALF, "only the rest is sent");
    assert_eq!(std::fs::read(models(&copilot).join("big.gguf")).unwrap(), bytes);
    assert_eq!(files(&copilot), ["big.gguf", "big.json"]);
}

#[test]
fn one_call_goes_on_by_itself_while_something_comes() {
    let copilot = Copilot::new();
    let bytes = content(SIZE, 0);
    let sent = bytes.clone();
    let server = FileServer::start(move |asked, number| {
        let answer = Answer::file(asked, &sent, Some("\"v1\""));
        if number < 2 { answer.cut_after(HALF) } else { answer }
    });
    let url = server.url("/x.gguf");
    let done = copilot.run(["model", "pull", "x", "--from", &url, "--sha256", &hash(&bytes)]).expect_code(0);
    assert!(done.stderr.contains("going on"), "{}", done.stderr);
    let ranges: Vec<Option<String>> =
        server.asked().iter().map(|asked| asked.header("range").map(str::to_owned)).collect();
    assert_eq!(ranges, [None, Some(format!("bytes={HALF}-")), Some(format!("bytes={}-", 2 * HALF))]);
    assert_eq!(std::fs::read(models(&copilot).join("x.gguf")).unwrap(), bytes);
}

/// Leaves half of `bytes` in the part of `x`, as a server with this validator left it.
fn half(copilot: &Copilot, bytes: &[u8], etag: Option<&'static str>, url: &str) {
    let folder = models(copilot);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("x.gguf.part"), &bytes[..HALF]).unwrap();
    let note = serde_json::json!({ "from": url, "etag": etag });
    std::fs::write(folder.join("x.gguf.part.json"), note.to_string()).unwrap();
}

#[test]
fn a_file_that_changed_at_the_server_begins_anew() {
    let copilot = Copilot::new();
    let (old, new) = (content(SIZE, 1), content(SIZE + 5, 2));
    let server = FileServer::of(&new, Some("\"v2\""));
    half(&copilot, &old, Some("\"v1\""), &server.url("/x.gguf"));
    let url = server.url("/x.gguf");
    let done = copilot.run(["model", "pull", "x", "--from", &url, "--sha256", &hash(&new)]).expect_code(0);
    assert!(done.stderr.contains("changed at the server"), "{}", done.stderr);
    assert_eq!(server.asked()[0].header("if-range"), Some("\"v1\""));
    assert_eq!(std::fs::read(models(&copilot).join("x.gguf")).unwrap(), new, "no byte of the old one");
}

#[test]
fn a_server_without_ranges_begins_anew() {
    let copilot = Copilot::new();
    let bytes = content(SIZE, 0);
    let sent = bytes.clone();
    let server = FileServer::start(move |_, _| Answer::whole(&sent, None));
    half(&copilot, &bytes, None, &server.url("/x.gguf"));
    let url = server.url("/x.gguf");
    let done = copilot.run(["model", "pull", "x", "--from", &url, "--sha256", &hash(&bytes)]).expect_code(0);
    assert!(done.stderr.contains("begins anew"), "{}", done.stderr);
    assert_eq!(std::fs::read(models(&copilot).join("x.gguf")).unwrap(), bytes);
}

#[test]
fn the_rest_may_come_from_a_mirror_where_the_hash_is_known_and_only_there() {
    let bytes = content(SIZE, 0);
    let server = FileServer::of(&bytes, Some("\"mirror\""));
    let url = server.url("/x.gguf");
    let copilot = Copilot::new();
    half(&copilot, &bytes, Some("\"first\""), "https://elsewhere.example/x.gguf");
    let _ = copilot.run(["model", "pull", "x", "--from", &url, "--sha256", &hash(&bytes)]).expect_code(0);
    assert_eq!(
        server.asked()[0].header("if-range"),
        None,
        "a validator of one server means nothing to another"
    );
    assert_eq!(server.asked()[0].sent, SIZE - HALF);

    let copilot = Copilot::new();
    half(&copilot, &content(SIZE, 9), Some("\"first\""), "https://elsewhere.example/x.gguf");
    let _ = copilot.run(["model", "pull", "x", "--from", &url, "--unverified"]).expect_code(0);
    assert_eq!(server.asked()[1].header("range"), None, "nothing would tell the two files apart");
    assert_eq!(std::fs::read(models(&copilot).join("x.gguf")).unwrap(), bytes);
    let list = copilot.run(["model", "list"]).expect_code(0).stdout;
    assert!(list.contains("installed, unverified"), "{list}");
}

#[test]
fn a_wrong_hash_is_removed_and_never_used() {
    let copilot = Copilot::new();
    let bytes = content(SIZE, 0);
    let server = FileServer::of(&bytes, Some("\"v1\""));
    let wrong = "ab".repeat(32);
    let url = server.url("/x.gguf");
    let said = copilot.run(["model", "pull", "x", "--from", &url, "--sha256", &wrong]).expect_code(2);
    assert!(said.stderr.contains(&wrong) && said.stderr.contains(&hash(&bytes)), "{}", said.stderr);
    assert!(said.stderr.contains("removed and never used"), "{}", said.stderr);
    assert!(files(&copilot).is_empty(), "{:?}", files(&copilot));
}

#[test]
fn nothing_is_taken_unseen() {
    let copilot = Copilot::new();
    let server = FileServer::of(&content(SIZE, 0), None);
    let url = server.url("/x.gguf");
    let said = copilot.run(["model", "pull", "--from", &url]).expect_code(2);
    assert!(said.stderr.contains("--sha256") && said.stderr.contains("--unverified"), "{}", said.stderr);
    let said = copilot.run(["model", "pull", "--from", &url, "--sha256", "abc"]).expect_code(2);
    assert!(said.stderr.contains("64 hexadecimal digits"), "{}", said.stderr);
    // The catalogue's own hash is not overruled.
    let hash = "0".repeat(64);
    let said = copilot
        .run(["model", "pull", "qwen2.5-coder-0.5b", "--from", &url, "--sha256", &hash])
        .expect_code(2);
    assert!(said.stderr.contains("is not the hash that the catalogue has"), "{}", said.stderr);
    for name in ["../x", "a/b", ".x"] {
        let said = copilot.run(["model", "pull", name, "--from", &url, "--unverified"]).expect_code(2);
        assert!(said.stderr.contains("cannot be a model's name"), "{}", said.stderr);
    }
    assert!(server.asked().is_empty(), "nobody was asked");
    assert!(files(&copilot).is_empty());
}

#[test]
fn the_catalogue_is_pinned_and_another_file_in_its_place_is_refused_at_once() {
    let server = FileServer::of(&content(SIZE, 0), Some("\"v1\""));
    let copilot = Copilot::new().with_env("HF_ENDPOINT", server.url(""));
    let said = copilot.run(["model", "pull", "qwen2.5-coder-0.5b"]).expect_code(2);
    assert!(said.stderr.contains("it has 700000 bytes, and the catalogue says 491400064"), "{}", said.stderr);
    assert!(said.stderr.contains("licence: Apache-2.0"), "{}", said.stderr);
    assert_eq!(
        server.asked()[0].line,
        "GET /Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF/resolve/ebb2015119c907b064c512bf053e945850b5875f/\
         qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"
    );
    assert!(files(&copilot).is_empty());
    let said = copilot.run(["model", "pull", "qwen2.5-coder-3b"]).expect_code(2);
    assert!(said.stderr.contains("not for commercial use"), "{}", said.stderr);
    let said = copilot.run(["model", "pull", "qwen2.5-coder-0.5"]).expect_code(2);
    assert!(said.stderr.contains("did you mean qwen2.5-coder-0.5b?"), "{}", said.stderr);
}

#[test]
fn a_page_in_place_of_a_file_is_not_downloaded_to_its_end() {
    let copilot = Copilot::new();
    let server = FileServer::start(|_, _| {
        let page = format!("<!doctype html><title>\u{1b}[2J</title>{}", "x".repeat(SIZE));
        Answer::whole(page.as_bytes(), None).silent_after(HALF)
    });
    let url = server.url("/x.gguf");
    let said = copilot.run(["model", "pull", "--from", &url, "--unverified"]).expect_code(2);
    assert!(said.stderr.contains("no GGUF file: it begins with '<!doctype html>"), "{}", said.stderr);
    assert!(!said.stderr.contains('\u{1b}'), "{:?}", said.stderr);
    assert!(files(&copilot).is_empty());
}

#[test]
fn a_server_that_says_no_is_told_with_what_to_do() {
    for (status, words, wanted) in [
        ("404 Not Found", "Entry not found", "check the address"),
        ("403 Forbidden", "{\"error\": \"Access to model is restricted\"}", "HF_TOKEN"),
        ("503 Service Unavailable", "", "try again in a while"),
    ] {
        let copilot = Copilot::new();
        let server = FileServer::start(move |_, _| Answer::status(status, words));
        let url = server.url("/x.gguf");
        let said = copilot.run(["model", "pull", "--from", &url, "--unverified"]).expect_code(2);
        assert!(said.stderr.contains(&status[..3]) && said.stderr.contains(wanted), "{}", said.stderr);
        assert!(files(&copilot).is_empty());
    }
}

#[test]
fn a_token_goes_to_the_hub_and_not_where_it_redirects_or_to_a_mirror() {
    const TOKEN: &str = "hf_canary0123456789";
    let bytes = content(SIZE, 0);
    let store = FileServer::of(&bytes, Some("\"v1\""));
    let target = store.url("/blob");
    let hub = FileServer::start(move |_, _| Answer::status("302 Found", "").with("Location", &target));
    let copilot = Copilot::new().with_env("HF_TOKEN", TOKEN).with_env("HF_ENDPOINT", hub.url(""));
    let url = hub.url("/own/model.gguf");
    let said = copilot.run(["model", "pull", "--from", &url, "--sha256", &hash(&bytes)]).expect_code(0);
    assert!(!said.stdout.contains(TOKEN) && !said.stderr.contains(TOKEN), "{said:?}");
    assert_eq!(hub.asked()[0].header("authorization"), Some(format!("Bearer {TOKEN}").as_str()));
    assert_eq!(store.asked()[0].header("authorization"), None);

    let mirror = FileServer::of(&bytes, None);
    let url = mirror.url("/y.gguf");
    let _ = copilot.run(["model", "pull", "y", "--from", &url, "--sha256", &hash(&bytes)]).expect_code(0);
    assert_eq!(mirror.asked()[0].header("authorization"), None);

    let file = copilot.write("token", &format!("{TOKEN}\n"));
    let refusing = FileServer::start(|_, _| Answer::status("401 Unauthorized", ""));
    let copilot = Copilot::new().with_env("HF_TOKEN_PATH", file).with_env("HF_ENDPOINT", refusing.url(""));
    let said = copilot.run(["model", "pull", "llama-3.2-1b"]).expect_code(2);
    assert!(refusing.asked()[0].header("authorization").is_some_and(|sent| sent.contains(TOKEN)));
    let page = "accept the terms at https://huggingface.co/bartowski/Llama-3.2-1B-Instruct-GGUF";
    assert!(said.stderr.contains(page) && said.stderr.contains("is one of that account"), "{}", said.stderr);
}

#[test]
fn the_environments_proxy_is_asked_in_place_of_the_server() {
    let bytes = content(SIZE, 0);
    let proxy = FileServer::of(&bytes, None);
    let copilot = Copilot::new().with_env("HTTP_PROXY", proxy.url("")).with_env("http_proxy", proxy.url(""));
    let url = "http://models.invalid/x.gguf";
    let _ = copilot.run(["model", "pull", "--from", url, "--sha256", &hash(&bytes)]).expect_code(0);
    assert_eq!(proxy.asked()[0].line, format!("GET {url}"));
    let copilot = copilot.with_env("NO_PROXY", "models.invalid").with_env("no_proxy", "models.invalid");
    let said = copilot.run(["model", "pull", "y", "--from", url, "--unverified"]).expect_code(2);
    assert!(said.stderr.contains("cannot fetch 'y' from 'http://models.invalid/x.gguf'"), "{}", said.stderr);
    assert_eq!(proxy.asked().len(), 1);
}

#[test]
fn a_file_of_this_machine_is_copied_under_the_same_rules() {
    let copilot = Copilot::new();
    let bytes = content(SIZE, 0);
    let path = copilot.work().join("mine.gguf");
    std::fs::write(&path, &bytes).unwrap();
    let path = path.to_str().unwrap();
    let _ = copilot.run(["model", "pull", "--from", path]).expect_code(2);
    let wrong = "0".repeat(64);
    let _ = copilot.run(["model", "pull", "--from", path, "--sha256", &wrong]).expect_code(2);
    assert!(files(&copilot).is_empty());
    let _ = copilot.run(["model", "pull", "--from", path, "--sha256", &hash(&bytes)]).expect_code(0);
    assert_eq!(std::fs::read(models(&copilot).join("mine.gguf")).unwrap(), bytes);
    let text = copilot.write("notes.gguf", "no model\n");
    let text = text.to_str().unwrap();
    let said = copilot.run(["model", "pull", "--from", text, "--unverified"]).expect_code(2);
    assert!(said.stderr.contains("no GGUF file: it begins with 'no model"), "{}", said.stderr);
    let said = copilot.run(["model", "pull", "--from", "absent.gguf", "--unverified"]).expect_code(2);
    assert!(said.stderr.contains("absent.gguf"), "{}", said.stderr);
    assert_eq!(files(&copilot), ["mine.gguf", "mine.json"]);
}

/// The binary, started by a shell that first runs `before`.
#[cfg(unix)]
fn shell(copilot: &Copilot, before: &str, arguments: &[&str]) -> crate::support::copilot::Output {
    let script = format!("{before}; exec \"$@\"");
    let program = env!("CARGO_BIN_EXE_kubectl-copilot");
    copilot.run_program("/bin/bash", [&["-c", &script, "bash", program], arguments].concat())
}

#[cfg(unix)]
#[test]
fn a_disk_that_is_full_in_the_middle_keeps_what_arrived() {
    let copilot = Copilot::new();
    let bytes = content(SIZE, 0);
    let server = FileServer::of(&bytes, Some("\"v1\""));
    let pull = ["model", "pull", "x", "--from", &server.url("/x.gguf"), "--sha256", &hash(&bytes)];
    // A file may have 300 KiB: the write fails as it does on a full disk.
    let said = shell(&copilot, "trap '' XFSZ; ulimit -f 300", &pull).expect_code(2);
    assert!(said.stderr.contains("x.gguf.part") && said.stderr.contains("make room"), "{}", said.stderr);
    assert!(said.stderr.contains("what arrived is kept"), "{}", said.stderr);
    assert!(!files(&copilot).contains(&"x.gguf".to_owned()));
    let _ = copilot.run(pull).expect_code(0);
    let asked = server.asked();
    assert_eq!(asked[1].header("range"), Some("bytes=307200-"), "300 KiB are there");
    assert_eq!(std::fs::read(models(&copilot).join("x.gguf")).unwrap(), bytes);
}

#[cfg(target_os = "linux")]
#[test]
fn room_on_the_disk_is_looked_for_first() {
    let copilot = Copilot::new();
    let folder = models(&copilot);
    std::fs::create_dir_all(&folder).unwrap();
    let mount = format!("mount -t tmpfs -o size=256k tmpfs '{}'", folder.display());
    let can = std::process::Command::new("unshare").args(["-Urm", "bash", "-c", &mount]).output();
    if !can.is_ok_and(|output| output.status.success()) {
        crate::support::not_run::not_run("a full disk before a download (no user namespaces here)");
        return;
    }
    let bytes = content(SIZE, 0);
    let server = FileServer::of(&bytes, None);
    let program = env!("CARGO_BIN_EXE_kubectl-copilot");
    let script = format!("{mount} && exec \"$@\"");
    let url = server.url("/x.gguf");
    let arguments =
        ["-Urm", "bash", "-c", &script, "bash", program, "model", "pull", "--from", &url, "--unverified"];
    let said = copilot.run_program("/usr/bin/unshare", arguments).expect_code(2);
    assert!(said.stderr.contains("'x' needs 0.7 MB more on the disk"), "{}", said.stderr);
    assert!(said.stderr.contains("KUBECTL_COPILOT_CACHE"), "{}", said.stderr);
}

#[cfg(unix)]
#[test]
fn a_stop_keeps_what_arrived_and_two_pulls_do_not_mix() {
    let copilot = Copilot::new();
    let bytes = content(SIZE, 0);
    let sent = bytes.clone();
    let server = FileServer::start(move |asked, number| {
        let answer = Answer::file(asked, &sent, Some("\"v1\""));
        if number == 0 { answer.silent_after(HALF) } else { answer }
    });
    let pull = ["model", "pull", "x", "--from", &server.url("/x.gguf"), "--sha256", &hash(&bytes)];
    let first = copilot.start(pull);
    server.wait_until_silent();
    let busy = copilot.run(pull).expect_code(2);
    assert!(busy.stderr.contains("another `model pull` of 'x' is running"), "{}", busy.stderr);
    first.interrupt();
    let stopped = first.finish().expect_code(130);
    assert!(stopped.stderr.contains("was stopped"), "{}", stopped.stderr);
    assert!(!files(&copilot).contains(&"x.gguf".to_owned()));
    let _ = copilot.run(pull).expect_code(0);
    assert_eq!(std::fs::read(models(&copilot).join("x.gguf")).unwrap(), bytes);
}

#[test]
fn a_name_that_nothing_has_says_what_could_be_pulled_and_stops_nothing_else() {
    let copilot = Copilot::new();
    let config = copilot.home().join("../config/kubectl-copilot");
    std::fs::create_dir_all(&config).unwrap();
    std::fs::write(config.join("config.yaml"), "model: qwen2.5-coder-0.5b\n").unwrap();
    let said = copilot.run(["draft", "-p", "a notebook with one GPU"]).expect_code(2);
    assert!(said.stderr.contains("there is no model 'qwen2.5-coder-0.5b'"), "{}", said.stderr);
    assert!(said.stderr.contains("model pull qwen2.5-coder-0.5b"), "{}", said.stderr);
    copilot.write("web.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n");
    let _ = copilot.run(["review", "-f", "web.yaml"]).expect_code(0);
    let doctor = copilot.run(["doctor", "-o", "json"]).expect_code(1).json();
    let checks = doctor["checks"].as_array().unwrap();
    let check = |name: &str| checks.iter().find(|check| check["name"] == name).expect("a check");
    assert_eq!(check("model")["status"], "fail");
    assert!(check("model")["hint"].as_str().unwrap().contains("model pull"), "{doctor:#}");
    assert!(check("models")["detail"].as_str().unwrap().contains("none installed"), "{doctor:#}");
    let said = copilot.run(["--model", "qwen2.5-codr-0.5b", "draft", "-p", "a notebook"]).expect_code(2);
    assert!(said.stderr.contains("did you mean qwen2.5-coder-0.5b"), "{}", said.stderr);
}
