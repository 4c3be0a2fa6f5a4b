//! What people get wrong: one clear error on stderr with what to do next, and nothing on stdout.

use crate::support::copilot::Output;
use crate::support::{Copilot, samples};

/// Checks exit code 2, an empty stdout and an error that begins so; gives the hint.
fn usage_error(output: Output, error: &str) -> String {
    let output = output.expect_code(2);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.starts_with(&format!("error: {error}")), "{error}\n{}", output.stderr);
    output.stderr.lines().filter_map(|line| line.strip_prefix("hint: ")).collect()
}

#[test]
fn no_words() {
    for arguments in [&[][..], &[""], &["  "], &["-p", " "], &["draft", "-p", ""], &["plan", "-p", " "]] {
        let hint = usage_error(Copilot::new().run(arguments.iter().copied()), "say what you need");
        assert!(hint.contains("--help"), "{arguments:?} {hint}");
    }
}

#[test]
fn a_single_word() {
    let copilot = Copilot::new();
    let hint = usage_error(copilot.run(["aply"]), "'aply' is neither a verb nor a request");
    assert!(hint.contains("did you mean `kubectl copilot apply`?"), "{hint}");
    let hint = usage_error(copilot.run(["notebook"]), "'notebook' is neither a verb nor a request");
    assert!(hint.contains("kubectl copilot -p \"notebook\""), "{hint}");
}

#[test]
fn a_mistyped_verb_never_becomes_a_request() {
    let copilot = Copilot::new();
    for (arguments, verb) in [
        (&["pln", "-f", "web.yaml"][..], "plan"),
        (&["pln", "-p", "a notebook"], "plan"),
        (&["aplly", "--plan", "plan.json", "--yes"], "apply"),
        (&["plan2", "me", "--to", "folder"], "plan"),
        (&["pattren", "list"], "pattern"),
    ] {
        let output = copilot.run(arguments.iter().copied());
        let hint = usage_error(output, &format!("'{}' is not a verb", arguments[0]));
        assert!(hint.contains(&format!("did you mean `kubectl copilot {verb}`?")), "{hint}");
    }
}

#[test]
fn a_verb_of_another_version() {
    let copilot = Copilot::new();
    for arguments in [&["status", "mira"][..], &["history", "-o", "json"], &["undo", "x", "--plain"]] {
        let output = copilot.run(arguments.iter().copied());
        let error = format!("'{}' is not a verb of this version", arguments[0]);
        assert!(!usage_error(output, &error).is_empty());
    }
}

#[test]
fn flags_that_do_not_exist_or_do_not_go_together() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    for (arguments, error) in [
        (&["--frobnicate"][..], "unexpected argument '--frobnicate'"),
        (&["plan", "--fil", "web.yaml"], "unexpected argument '--fil'"),
        (&["plan", "-f", "web.yaml", "-p", "a notebook"], "the argument '--file <PATH>' cannot be used with"),
        (&["plan"], "the following required arguments were not provided"),
        (&["plan", "-f", "web.yaml", "-o", "xml"], "invalid value 'xml' for '--output"),
        (&["plan", "-f", "web.yaml", "--threads", "0"], "invalid value '0' for '--threads"),
        (&["pattern", "list", "extra"], "unexpected argument 'extra'"),
        (&["plan", "web.yaml"], "unexpected argument 'web.yaml'"),
    ] {
        usage_error(copilot.run(arguments.iter().copied()), error);
    }
    let output = copilot.run(["plan"]);
    assert!(output.stderr.contains("--prompt") && output.stderr.contains("--file"), "{}", output.stderr);
}

#[test]
fn a_target_that_is_a_file() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    let hint =
        usage_error(copilot.run(["plan", "-f", "web.yaml", "--to", "web.yaml"]), "cannot read the target '");
    assert!(!hint.is_empty());
    assert_eq!(copilot.read("web.yaml"), samples::SERVICE);
}

#[test]
fn a_configuration_that_cannot_be_used_stops_everything() {
    let copilot = Copilot::new();
    let config = copilot.home().with_file_name("config").join("kubectl-copilot/config.yaml");
    let named = config.display().to_string();
    for (text, error) in [
        (
            "polices: [builtin]\n",
            format!("{named}:1:1: cannot read the configuration: unknown field `polices`"),
        ),
        ("owner: mira\npolicies: 3\n", format!("{named}:2:11: cannot read the configuration")),
        ("to: [\n", format!("{named}:")),
    ] {
        copilot.write(&config, text);
        for arguments in [&["policy", "list"][..], &["pattern", "list"], &["-p", "a notebook"]] {
            let hint = usage_error(copilot.run(arguments.iter().copied()), &error);
            assert!(hint.contains("policies"), "{hint}");
        }
    }
    std::fs::remove_file(&config).unwrap();
    std::fs::create_dir(&config).unwrap();
    usage_error(copilot.run(["policy", "list"]), &named);
}

#[test]
fn a_model_that_is_not_there() {
    let copilot = Copilot::new();
    let output = copilot.run(["draft", "-p", "a notebook", "--model", "/nonexistent.gguf"]).expect_code(2);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.starts_with("error: cannot "), "{}", output.stderr);
    assert!(output.stderr.contains("nonexistent.gguf"), "{}", output.stderr);
    assert_eq!(output.stderr.matches("error:").count(), 1, "{}", output.stderr);
    if cfg!(feature = "llama") {
        assert!(
            output.stderr.contains("no such file") && output.stderr.contains("\nhint: "),
            "{}",
            output.stderr
        );
    } else {
        assert!(output.stderr.contains("feature 'llama'"), "{}", output.stderr);
    }
}

#[test]
fn an_empty_model_variable_is_none() {
    let copilot = Copilot::new().with_env("KUBECTL_COPILOT_MODEL", "");
    copilot.run(["policy", "list"]).expect_code(0);
}

#[test]
fn a_kubernetes_version_without_schemas() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    for version in ["1.20", "newest", ""] {
        let arguments = ["plan", "-f", "web.yaml", "--kubernetes-version", version];
        let output = copilot.run(arguments).expect_code(2);
        assert!(output.stderr.contains("1.34, 1.35, 1.36, 1.37"), "{}", output.stderr);
    }
    for version in ["1.34", "1.37"] {
        copilot.run(["plan", "-f", "web.yaml", "--kubernetes-version", version]).expect_code(0);
    }
}

#[test]
fn a_reader_that_has_gone_is_no_error() {
    let copilot = Copilot::new();
    let script =
        format!("'{}' pattern list | :; exit ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_kubectl-copilot"));
    let output = copilot.run_program("/bin/bash", ["-c", &script]).expect_code(0);
    assert_eq!(output.stderr, "");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    let copilot = Copilot::new();
    let binary = env!("CARGO_BIN_EXE_kubectl-copilot");
    for verb in ["pattern list", "pattern show Notebook", "policy list", "pattern check"] {
        let script = format!("'{binary}' {verb} >/dev/full");
        let output = copilot.run_program("/bin/bash", ["-c", &script]);
        usage_error(output, "cannot write to stdout: ");
    }
}
