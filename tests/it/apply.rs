//! `apply --plan`: only what was agreed to is written, and only while it is still true.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::support::copilot::Output;
use crate::support::{Copilot, samples};

/// A machine with a plan for a Service in `plan.json`, and the plan's digest.
fn planned() -> (Copilot, String) {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    let digest = plan(&copilot, "web.yaml");
    (copilot, digest)
}

/// Plans a file into `plan.json`; gives the digest.
fn plan(copilot: &Copilot, file: &str) -> String {
    let output = copilot.run(["plan", "-f", file, "-o", "json", "--out", "plan.json"]).expect_code(0);
    output.json()["digest"].as_str().unwrap().to_owned()
}

fn apply(copilot: &Copilot, digest: &str) -> Output {
    copilot.run(["apply", "--plan", "plan.json", "--digest", digest, "--yes"])
}

/// Path and text of all files of a folder; empty where there is none.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return BTreeMap::new() };
    let file = |entry: std::fs::DirEntry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, std::fs::read_to_string(entry.path()).unwrap())
    };
    entries.map(|entry| file(entry.unwrap())).collect()
}

/// A change to a plan's document.
type Edit = fn(&mut Value);

/// Checks that a refusal is one error with a hint, a clean stdout, and an untouched folder.
fn refused(output: &Output, error: &str) {
    assert_eq!(output.stdout, "");
    assert!(output.stderr.starts_with("error: ") && output.stderr.contains("\nhint: "), "{}", output.stderr);
    assert!(output.stderr.contains(error), "{error}\n{}", output.stderr);
}

#[test]
fn what_was_agreed_to_is_written() {
    let (copilot, digest) = planned();
    let output = apply(&copilot, &digest).expect_code(0);
    assert_eq!(output.stderr, "");
    assert!(output.stdout.starts_with("wrote 1 file\n  service-web.yaml\nnext:\n"), "{}", output.stdout);
    let folder = copilot.work().join("manifests");
    let next = format!("  kubectl apply -f {}\n", folder.canonicalize().unwrap().display());
    assert!(output.stdout.ends_with(&next), "{}", output.stdout);
    let written = files(&folder);
    assert_eq!(written.keys().collect::<Vec<_>>(), ["service-web.yaml"]);
    // What was written is what is there: a second plan has nothing to do.
    copilot.run(["plan", "-f", "web.yaml", "--exit-code"]).expect_code(0);
}

#[test]
fn another_digest_writes_nothing() {
    let (copilot, digest) = planned();
    for wrong in [digest.replace("sha256:", ""), format!("sha256:{}", "0".repeat(64)), String::new()] {
        let output = apply(&copilot, &wrong).expect_code(1);
        refused(&output, "nothing was written");
        assert!(files(&copilot.work().join("manifests")).is_empty());
    }
}

#[test]
fn an_edited_plan_is_not_the_plan_that_was_agreed_to() {
    let (copilot, digest) = planned();
    let text = copilot.read("plan.json");
    let edits: &[(&str, Edit)] = &[
        ("body", |plan| plan["changes"][0]["body"]["spec"]["ports"][0]["port"] = 22.into()),
        ("file", |plan| plan["changes"][0]["file"] = "other.yaml".into()),
        ("action", |plan| plan["changes"][0]["action"] = "none".into()),
        ("target", |plan| plan["target"]["dir"] = "/tmp".into()),
        ("changes", |plan| plan["changes"] = Value::Array(Vec::new())),
    ];
    for (what, edit) in edits {
        let mut plan: Value = serde_json::from_str(&text).unwrap();
        edit(&mut plan);
        copilot.write("plan.json", &plan.to_string());
        let output = apply(&copilot, &digest);
        assert_eq!(output.code, Some(1), "{what}\n{}", output.stderr);
        refused(&output, "nothing was written");
        assert!(files(&copilot.work().join("manifests")).is_empty(), "{what}");
    }
}

#[test]
fn an_edited_plan_with_its_own_new_digest_is_refused_by_the_old_one() {
    let (copilot, digest) = planned();
    copilot.write("web.yaml", &samples::SERVICE.replace("80", "22"));
    let other = plan(&copilot, "web.yaml");
    assert_ne!(other, digest);
    refused(&apply(&copilot, &digest).expect_code(1), &digest);
    apply(&copilot, &other).expect_code(0);
}

#[test]
fn a_plan_is_stale_once_the_folder_changed() {
    let copilot = Copilot::new();
    copilot.write("manifests/web.yaml", samples::SERVICE);
    copilot.write("new.yaml", &samples::SERVICE.replace("80", "8080"));
    let digest = plan(&copilot, "new.yaml");
    let by_others = format!("{}# by somebody else\n", samples::SERVICE);
    copilot.write("manifests/web.yaml", &by_others);
    refused(&apply(&copilot, &digest).expect_code(5), "the plan is stale, nothing was written");
    assert_eq!(copilot.read("manifests/web.yaml"), by_others);

    std::fs::remove_file(copilot.work().join("manifests/web.yaml")).unwrap();
    refused(&apply(&copilot, &digest).expect_code(5), "the plan is stale");
    assert!(files(&copilot.work().join("manifests")).is_empty());
}

#[test]
fn a_plan_is_used_once() {
    let (copilot, digest) = planned();
    apply(&copilot, &digest).expect_code(0);
    let before = files(&copilot.work().join("manifests"));
    refused(&apply(&copilot, &digest).expect_code(5), "has appeared");
    assert_eq!(files(&copilot.work().join("manifests")), before);
}

#[test]
fn a_plan_for_another_folder_is_not_written_here() {
    let (copilot, digest) = planned();
    std::fs::create_dir(copilot.work().join("other")).unwrap();
    let arguments = ["apply", "--plan", "plan.json", "--digest", &digest, "--yes", "--to"];
    for other in ["other", "absent"] {
        let output = copilot.run(arguments.into_iter().chain([other])).expect_code(2);
        refused(&output, "the plan is for");
        assert!(files(&copilot.work().join(other)).is_empty());
        assert!(files(&copilot.work().join("manifests")).is_empty());
    }
    copilot.run(arguments.into_iter().chain(["./manifests/"])).expect_code(0);
}

#[test]
fn without_a_terminal_and_a_yes_nothing_is_written() {
    let (copilot, digest) = planned();
    // A yes on stdin is no terminal.
    let copilot = copilot.with_stdin("y\n");
    let output = copilot.run(["apply", "--plan", "plan.json"]).expect_code(1);
    refused(&output, "nothing is written");
    let hint = format!("kubectl copilot apply --plan plan.json --digest {digest} --yes");
    assert!(output.stderr.contains(&hint), "{}", output.stderr);
    assert!(files(&copilot.work().join("manifests")).is_empty());
}

#[test]
fn a_yes_names_what_it_is_for() {
    let (copilot, digest) = planned();
    for (flags, missing) in [(vec!["--yes"], "--digest"), (vec!["--digest", &digest], "--yes")] {
        let output = copilot.run(["apply", "--plan", "plan.json"].into_iter().chain(flags)).expect_code(2);
        assert_eq!(output.stdout, "");
        assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
        assert!(output.stderr.contains(missing), "{}", output.stderr);
        assert!(files(&copilot.work().join("manifests")).is_empty());
    }
}

#[test]
fn a_file_that_is_no_plan_is_an_error() {
    let (copilot, digest) = planned();
    let newer = copilot.read("plan.json").replacen("\"version\": 1", "\"version\": 2", 1);
    for (text, why) in [
        ("kind: Service", "no JSON"),
        ("{}", "no version"),
        ("[]", "no version"),
        (newer.as_str(), "version 2"),
        (r#"{"version": 1, "target": {"cluster": "x"}}"#, "no plan for a folder or a cluster"),
    ] {
        copilot.write("plan.json", text);
        refused(&apply(&copilot, &digest).expect_code(2), why);
    }
    std::fs::remove_file(copilot.work().join("plan.json")).unwrap();
    refused(&apply(&copilot, &digest).expect_code(2), "plan.json");
}

#[test]
fn a_kustomization_lists_what_was_written() {
    let copilot = Copilot::new();
    copilot.write("manifests/kustomization.yaml", samples::KUSTOMIZATION);
    copilot.write("manifests/base.yaml", samples::CONFIG_MAP);
    copilot.write("web.yaml", samples::SERVICE);
    let digest = plan(&copilot, "web.yaml");
    let output = apply(&copilot, &digest).expect_code(0);
    assert!(output.stdout.contains("  kubectl apply -k "), "{}", output.stdout);
    assert_eq!(
        copilot.read("manifests/kustomization.yaml"),
        format!("{}- service-web.yaml\n", samples::KUSTOMIZATION),
        "one line more, and the rest as it was"
    );
}

#[test]
fn a_secret_is_written_from_its_own_file() {
    let copilot = Copilot::new();
    copilot.write("db.yaml", samples::SECRET);
    let digest = plan(&copilot, "db.yaml");
    assert!(!copilot.read("plan.json").contains(samples::CANARY));
    let output = apply(&copilot, &digest).expect_code(0);
    assert!(!output.stdout.contains(samples::CANARY), "{}", output.stdout);
    assert!(copilot.read("manifests/secret-db.yaml").contains(samples::CANARY));
}

#[test]
fn a_secret_whose_file_has_changed_is_not_written() {
    let copilot = Copilot::new();
    copilot.write("db.yaml", samples::SECRET);
    let digest = plan(&copilot, "db.yaml");
    copilot.write("db.yaml", &samples::SECRET.replace("hunter2", "hunter3"));
    refused(&apply(&copilot, &digest).expect_code(5), "db.yaml");
    std::fs::remove_file(copilot.work().join("db.yaml")).unwrap();
    refused(&apply(&copilot, &digest).expect_code(2), "it is gone");
    assert!(files(&copilot.work().join("manifests")).is_empty());
}

#[test]
fn a_generated_secret_has_no_value_anywhere_and_the_next_steps_fill_it() {
    let copilot = Copilot::new();
    let rendered =
        copilot.run(["pattern", "render", "Notebook", "--name", "mira", "-n", "lab"]).expect_code(0);
    copilot.write("mira.yaml", &rendered.stdout);
    let digest = plan(&copilot, "mira.yaml");
    let output = apply(&copilot, &digest).expect_code(0);

    let plan: Value = serde_json::from_str(&copilot.read("plan.json")).unwrap();
    let secret = &plan["changes"][0];
    assert_eq!(secret["object"]["kind"], "Secret");
    assert_eq!(secret["drawn"].as_array().unwrap().len(), 1, "{secret:#}");
    for key in ["data", "stringData"] {
        assert!(secret["body"].get(key).is_none(), "{secret:#}");
        assert!(!copilot.read("manifests/secret-mira-token.yaml").contains(&format!("\n{key}:")));
    }

    let steps: Vec<&str> =
        output.stdout.lines().skip_while(|line| *line != "next:").skip(1).map(str::trim).collect();
    let [apply, fill] = steps.as_slice() else { panic!("two steps\n{}", output.stdout) };
    assert!(apply.starts_with("kubectl apply -f /"), "{apply}");
    assert!(fill.contains("kubectl get secret mira-token -n lab") && fill.contains("/dev/urandom"), "{fill}");
    copilot.run_program("/bin/sh", ["-n", "-c", fill]).expect_code(0);
}

/// Applies the plan in a pseudo terminal where a person types `keys`. `None` where no such terminal can be had.
#[cfg(target_os = "linux")]
fn apply_in_a_terminal(copilot: Copilot, keys: &str) -> Option<(Copilot, Output)> {
    let script = Path::new("/usr/bin/script");
    if !script.exists() {
        crate::support::not_run::not_run("apply in a terminal: /usr/bin/script is not there");
        return None;
    }
    let copilot = copilot.with_stdin(keys);
    let command = format!("'{}' apply --plan plan.json", env!("CARGO_BIN_EXE_kubectl-copilot"));
    let output = copilot.run_program(script, ["--quiet", "--return", "--command", &command, "/dev/null"]);
    Some((copilot, output))
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_the_plan_is_shown_and_a_yes_writes_it() {
    let Some((copilot, output)) = apply_in_a_terminal(planned().0, "y\n") else { return };
    let output = output.expect_code(0);
    for text in ["+kind: Service", "write 1 file to /", "? [y/N] ", "wrote 1 file"] {
        assert!(output.stdout.contains(text), "{text}\n{}", output.stdout);
    }
    assert_eq!(files(&copilot.work().join("manifests")).len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn at_a_terminal_anything_but_a_yes_writes_nothing() {
    // Enter alone, a no, an answer that is none and then a no, an edit (a plan cannot be edited any more), the end.
    for keys in ["\n", "n\n", "maybe\nNo\n", "e\n\n", "\u{4}"] {
        let Some((copilot, output)) = apply_in_a_terminal(planned().0, keys) else { return };
        let output = output.expect_code(1);
        assert!(output.stdout.contains("nothing was written"), "{keys:?}\n{}", output.stdout);
        assert!(files(&copilot.work().join("manifests")).is_empty(), "{keys:?}");
    }
}
