//! `plan -f`: what would be written, the digest to agree to, and every reason not to plan.

use serde_json::Value;

use crate::support::{Copilot, samples};

/// The digest that a plan in text names.
fn digest(stdout: &str) -> &str {
    let line = stdout.lines().find_map(|line| line.strip_prefix("digest: "));
    line.unwrap_or_else(|| panic!("no digest\n{stdout}"))
}

fn names(folder: &std::path::Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

#[test]
fn a_new_object_is_shown_in_full_and_nothing_is_written() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    let output = copilot.run(["plan", "-f", "web.yaml"]).expect_code(0);
    let stdout = &output.stdout;
    assert!(stdout.starts_with("+ Service/web\n"), "{stdout}");
    for line in ["+kind: Service", "+  - port: 80", "checks: schema ok · policy: none"] {
        assert!(stdout.lines().any(|found| found == line), "{line}\n{stdout}");
    }
    let hex = digest(stdout).strip_prefix("sha256:").unwrap();
    assert!(hex.len() == 64 && hex.chars().all(|c| c.is_ascii_hexdigit()), "{hex}");
    assert!(stdout.contains("files: service-web.yaml in "), "{stdout}");
    assert!(!stdout.contains("to write it"), "without --out there is nothing to apply\n{stdout}");
    assert_eq!(output.stderr, "");
    assert_eq!(names(&copilot.work()), ["web.yaml"]);
}

#[test]
fn the_same_plan_has_the_same_digest_and_another_has_another() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    copilot.write("other.yaml", &samples::SERVICE.replace("80", "81"));
    let digest_of = |file: &str| {
        let output = copilot.run(["plan", "-f", file]).expect_code(0);
        digest(&output.stdout).to_owned()
    };
    assert_eq!(digest_of("web.yaml"), digest_of("web.yaml"));
    assert_ne!(digest_of("web.yaml"), digest_of("other.yaml"));
}

#[test]
fn a_change_is_a_diff_against_the_folder() {
    let copilot = Copilot::new();
    copilot.write("manifests/web.yaml", samples::SERVICE);
    copilot.write("new.yaml", &samples::SERVICE.replace("80", "8080"));
    let output = copilot.run(["plan", "-f", "new.yaml"]).expect_code(0);
    let changed: Vec<&str> = output
        .stdout
        .lines()
        .filter(|line| line.contains("port:") && (line.starts_with('+') || line.starts_with('-')))
        .collect();
    assert_eq!(changed, ["-  - port: 80", "+  - port: 8080"], "{}", output.stdout);
    assert!(output.stdout.contains("files: web.yaml in "), "it stays in its file\n{}", output.stdout);
}

#[test]
fn exit_code_1_tells_of_changes_where_it_is_asked_for() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    let arguments = ["plan", "-f", "web.yaml", "--exit-code"];
    copilot.run(arguments).expect_code(1);
    copilot.write("manifests/web.yaml", samples::SERVICE);
    let output = copilot.run(arguments).expect_code(0);
    assert!(output.stdout.starts_with("= Service/web\n"), "{}", output.stdout);
    assert!(!output.stdout.contains("files:"), "{}", output.stdout);
}

#[test]
fn the_json_has_the_documented_keys_and_is_what_out_keeps() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    let output = copilot.run(["plan", "-f", "web.yaml", "-o", "json", "--out", "plan.json"]).expect_code(0);
    let plan = output.json();
    assert_eq!(plan["version"], 1);
    let keys: Vec<&String> = plan.as_object().unwrap().keys().collect();
    for key in ["version", "digest", "target", "changes", "findings", "capacity"] {
        assert!(keys.iter().any(|found| *found == key), "{key} is documented\n{plan:#}");
    }
    let change = &plan["changes"][0];
    assert_eq!(change["action"], "create");
    assert_eq!(change["object"]["kind"], "Service");
    assert_eq!(change["checked"], "local");
    assert_eq!(change["body"]["spec"]["ports"][0]["port"], 80);
    for list in ["drawn", "loses", "diff"] {
        assert!(change[list].is_array(), "{list}\n{plan:#}");
    }
    let dir = plan["target"]["dir"].as_str().unwrap();
    assert!(std::path::Path::new(dir).is_absolute() && dir.ends_with("/manifests"), "{dir}");
    assert_eq!(plan["capacity"]["verdict"], "unknown");
    assert_eq!(serde_json::from_str::<Value>(&copilot.read("plan.json")).unwrap(), plan);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(copilot.work().join("plan.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "a plan is for its owner");
    }
}

#[test]
fn a_kustomization_gets_the_new_resource_and_the_plan_says_so() {
    let copilot = Copilot::new();
    copilot.write("manifests/kustomization.yaml", samples::KUSTOMIZATION);
    copilot.write("manifests/base.yaml", samples::CONFIG_MAP);
    copilot.write("web.yaml", samples::SERVICE);
    let output = copilot.run(["plan", "-f", "web.yaml"]).expect_code(0);
    assert!(output.stdout.contains("files: service-web.yaml, kustomization.yaml in "), "{}", output.stdout);
}

#[test]
fn a_policy_that_says_no_is_named() {
    let copilot = Copilot::new();
    copilot.write("pod.yaml", samples::POD);
    let arguments = ["plan", "-f", "pod.yaml", "--out", "plan.json", "--policies", "builtin"];
    let output = copilot.run(arguments).expect_code(1);
    assert_eq!(output.stdout, "");
    let denial = "error pod.yaml:6:12: Pod/web (shop) /spec/containers/0/image: \
                  image 'evil.example.com/web:1' of container 'web' is not from an allowed registry";
    assert!(output.stderr.contains(denial), "{}", output.stderr);
    assert!(output.stderr.contains("[policy/allowed-registries]"), "{}", output.stderr);
    assert!(output.stderr.contains("error: nothing is planned"), "{}", output.stderr);
    assert_eq!(names(&copilot.work()), ["pod.yaml"], "no plan is kept");
    // The same without policies is fine.
    copilot.run(["plan", "-f", "pod.yaml"]).expect_code(0);
}

#[test]
fn a_refusal_is_json_where_json_was_asked_for() {
    let copilot = Copilot::new();
    copilot.write("pod.yaml", samples::POD);
    let output =
        copilot.run(["plan", "-f", "pod.yaml", "-o", "json", "--policies", "builtin"]).expect_code(1);
    let document = output.json();
    assert_eq!(document["version"], 1);
    assert_eq!(document["outcome"], "denied");
    assert_eq!(document["reason"], "policy");
    let findings = document["findings"].as_array().unwrap();
    let denied = findings.iter().find(|finding| finding["rule"] == "policy/allowed-registries").unwrap();
    assert_eq!(denied["origin"]["policy"], "allowed-registries");
    assert_eq!((&denied["file"], &denied["line"]), (&"pod.yaml".into(), &6.into()));
}

#[test]
fn policies_that_are_about_something_else_are_not_called_none() {
    let copilot = Copilot::new();
    copilot.write("settings.yaml", samples::CONFIG_MAP);
    let output = copilot.run(["plan", "-f", "settings.yaml", "--policies", "builtin"]).expect_code(0);
    assert!(output.stdout.contains("policy: none of 5 is about this"), "{}", output.stdout);
}

#[test]
fn a_schema_error_has_its_place_and_a_suggestion() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", &samples::SERVICE.replace("selector:", "selektor:"));
    let output = copilot.run(["plan", "-f", "web.yaml"]).expect_code(1);
    let line = output.stderr.lines().next().unwrap();
    assert!(line.starts_with("error web.yaml:6:13: Service/web (shop) /spec/selektor: "), "{line}");
    assert!(output.stderr.contains("hint: did you mean `selector`?"), "{}", output.stderr);
}

#[test]
fn the_place_is_in_the_file_and_document_of_the_object() {
    let copilot = Copilot::new();
    let second = samples::SERVICE.replace("selector:", "selektor:").replace("name: web", "name: shop");
    copilot.write("app/a.yaml", samples::CONFIG_MAP);
    copilot.write("app/b.yaml", &format!("{}---\n{second}", samples::SERVICE));
    let output = copilot.run(["plan", "-f", "app"]).expect_code(1);
    assert!(output.stderr.starts_with("error app/b.yaml:14:13: Service/shop"), "{}", output.stderr);
}

#[test]
fn what_cannot_be_evaluated_is_not_allowed() {
    let copilot = Copilot::new();
    copilot.write("policies/ask.yaml", samples::POLICY_ABOUT_RIGHTS);
    copilot.write("web.yaml", samples::SERVICE);
    let output =
        copilot.run(["plan", "-f", "web.yaml", "--policies", "policies", "--out", "p.json"]).expect_code(3);
    assert_eq!(output.stdout, "");
    assert!(output.stderr.contains("[policy/asks-the-cluster]"), "{}", output.stderr);
    assert!(output.stderr.contains("could not be evaluated, and that is never allowed"), "{}", output.stderr);
    assert!(!copilot.work().join("p.json").exists());
}

#[test]
fn a_secret_value_is_nowhere() {
    let copilot = Copilot::new();
    copilot.write("manifests/db.yaml", &samples::SECRET.replace(samples::CANARY, "another-value-9174"));
    copilot.write("db.yaml", samples::SECRET);
    for format in ["text", "json"] {
        let output =
            copilot.run(["plan", "-f", "db.yaml", "-o", format, "--out", "plan.json"]).expect_code(0);
        for text in [&output.stdout, &output.stderr, &copilot.read("plan.json")] {
            assert!(!text.contains(samples::CANARY) && !text.contains("another-value-9174"), "{text}");
            assert!(!text.contains(samples::CANARY_BASE64), "{text}");
        }
    }
    // That it differs is seen all the same.
    let output = copilot.run(["plan", "-f", "db.yaml"]).expect_code(0);
    assert_eq!(output.stdout.matches("password: \"***(").count(), 2, "{}", output.stdout);
}

#[test]
fn an_error_about_a_secret_does_not_tell_its_value() {
    let copilot = Copilot::new();
    let key = |line: &str| samples::SECRET.replace("stringData:", line);
    for (text, code) in [
        // No base64.
        (key("data:"), 1),
        // A field that does not exist.
        (key("stringDate:"), 1),
        // No map.
        (samples::SECRET.replace("stringData:\n  password:", "stringData:"), 1),
        // No YAML.
        (format!("{}  \"oops\n", samples::SECRET), 2),
    ] {
        copilot.write("db.yaml", &text);
        for format in ["text", "json"] {
            let output = copilot.run(["plan", "-f", "db.yaml", "-o", format]).expect_code(code);
            assert!(output.stderr.contains("db.yaml:"), "{}", output.stderr);
            for stream in [output.stdout, output.stderr] {
                assert!(!stream.contains(samples::CANARY), "{stream}");
            }
        }
    }
}

#[test]
fn manifests_that_cannot_be_read_are_one_error_with_what_to_do() {
    let copilot = Copilot::new();
    copilot.write("empty/README.md", "nothing");
    copilot.write("broken.yaml", "kind: Pod\nmetadata: {name: x\n");
    copilot.write("twice.yaml", &format!("{0}---\n{0}", samples::SERVICE));
    for (file, error) in [
        ("absent.yaml", "error: absent.yaml: cannot read the manifests: "),
        ("empty", "error: there is no object in what -f names\nhint: "),
        ("broken.yaml", "error: broken.yaml:"),
        ("twice.yaml", "error: cannot plan Service/web (shop): it is given twice\nhint: "),
    ] {
        let output = copilot.run(["plan", "-f", file]).expect_code(2);
        assert!(output.stderr.starts_with(error), "{}", output.stderr);
        assert_eq!(output.stderr.matches("error:").count(), 1, "{}", output.stderr);
        assert_eq!(output.stdout, "");
    }
}

#[test]
fn a_plan_file_that_cannot_be_written_is_an_error() {
    let copilot = Copilot::new();
    copilot.write("web.yaml", samples::SERVICE);
    copilot.write("file", "");
    let output = copilot.run(["plan", "-f", "web.yaml", "--out", "file/plan.json"]).expect_code(2);
    assert_eq!(output.stdout, "", "what was not kept is not shown as if it were");
    assert!(
        output.stderr.contains("file/plan.json") && output.stderr.contains("hint: "),
        "{}",
        output.stderr
    );
}
