//! The lines run in a real shell, with a kubectl on PATH that writes down its arguments and its standard input.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use super::*;
use crate::apply::plan::TargetId;

/// Answers `get` with the contents of `answer`, keeps argv and stdin of everything.
const KUBECTL: &str = r#"#!/bin/sh
printf '%s\n' "$*" >> "$LOG/argv"
case $1 in
get) cat "$LOG/answer"; exit "$(cat "$LOG/status")";;
create) cat > "$LOG/stdin";;
patch) cat /dev/stdin > "$LOG/stdin";;
esac
"#;

struct Run {
    log: TempDir,
    output: Output,
}

impl Run {
    fn argv(&self) -> Vec<String> {
        fs::read_to_string(self.log.path().join("argv")).unwrap().lines().map(str::to_owned).collect()
    }

    fn stdin(&self) -> Option<serde_json::Value> {
        let text = fs::read_to_string(self.log.path().join("stdin")).ok()?;
        Some(serde_json::from_str(&text).unwrap())
    }
}

fn executable(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn run(line: &str, answer: &str, status: u8, extra: &[(&str, &str)]) -> Run {
    let log = TempDir::new().unwrap();
    executable(&log.path().join("kubectl"), KUBECTL);
    for (name, text) in extra {
        executable(&log.path().join(name), text);
    }
    fs::write(log.path().join("answer"), answer).unwrap();
    fs::write(log.path().join("status"), status.to_string()).unwrap();
    let output = Command::new("/bin/sh")
        .arg("-c")
        .arg(line)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", log.path().display()))
        .env("LOG", log.path())
        .output()
        .unwrap();
    Run { log, output }
}

fn secret() -> UnfilledSecret {
    UnfilledSecret {
        name: "nb-token".into(),
        namespace: Some("team-a".into()),
        secret_type: "Opaque".into(),
        key: "token".into(),
        length: 47,
    }
}

fn value_of(run: &Run) -> String {
    run.stdin().unwrap()["stringData"]["token"].as_str().unwrap().to_owned()
}

#[test]
fn before_the_folder_was_applied_the_secret_is_created_with_the_value() {
    let run = run(&fill(&secret()), "", 0, &[]);
    assert!(run.output.status.success(), "{:?}", run.output);
    let object = run.stdin().unwrap();
    assert_eq!(object["kind"], "Secret");
    assert_eq!(object["type"], "Opaque");
    assert_eq!(object["metadata"], serde_json::json!({"name": "nb-token"}));
    let value = value_of(&run);
    assert_eq!(value.len(), 47);
    assert!(value.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let argv = run.argv();
    assert_eq!(argv[1], "create -f - -n team-a");
    assert!(argv.iter().all(|line| !line.contains(&value)));
    assert!(!String::from_utf8_lossy(&run.output.stdout).contains(&value));
}

#[test]
fn afterwards_only_the_missing_key_is_added_and_only_to_what_was_read() {
    let run = run(&fill(&secret()), "4711", 0, &[]);
    assert!(run.output.status.success(), "{:?}", run.output);
    assert_eq!(
        run.stdin().unwrap()["metadata"],
        serde_json::json!({"name": "nb-token", "resourceVersion": "4711"})
    );
    let value = value_of(&run);
    assert_eq!(run.argv()[1], "patch secret nb-token --type=merge --patch-file=/dev/stdin -n team-a");
    assert!(run.argv().iter().all(|line| !line.contains(&value)));
}

#[test]
fn a_key_that_is_there_is_never_rotated() {
    let run = run(&fill(&secret()), "4711 set", 0, &[]);
    assert!(run.output.status.success());
    assert_eq!(run.argv().len(), 1, "only the look");
    assert!(run.stdin().is_none());
    assert!(String::from_utf8_lossy(&run.output.stdout).contains("left as it is"));
}

#[test]
fn the_look_asks_for_presence_and_never_for_the_value() {
    let run = run(&fill(&secret()), "1 set", 0, &[]);
    let expected = "get secret nb-token -n team-a --ignore-not-found -o go-template=\
                    {{.metadata.resourceVersion}}{{if .data}}{{if index .data \"token\"}} set{{end}}{{end}}";
    assert_eq!(run.argv(), [expected]);
}

#[test]
fn nothing_is_sent_where_the_look_fails() {
    let run = run(&fill(&secret()), "", 1, &[]);
    assert_eq!(run.output.status.code(), Some(1));
    assert_eq!(run.argv().len(), 1);
    assert!(run.stdin().is_none());
}

#[test]
fn a_value_that_could_not_be_drawn_is_not_an_empty_value() {
    let run = run(&fill(&secret()), "4711", 0, &[("od", "#!/bin/sh\nexit 1\n")]);
    let sent = fs::read_to_string(run.log.path().join("stdin")).unwrap_or_default();
    assert_eq!(sent, "", "kubectl refuses an empty document");
}

#[test]
fn two_runs_draw_two_values() {
    let line = fill(&secret());
    assert_ne!(value_of(&run(&line, "", 0, &[])), value_of(&run(&line, "", 0, &[])));
}

#[test]
fn names_cannot_leave_their_quotes() {
    let hostile = UnfilledSecret {
        name: "a'; touch \"$LOG/pwned\"; '\\".into(),
        namespace: Some("-x $(touch $LOG/pwned)".into()),
        secret_type: "a\"b'c".into(),
        key: "tls.key".into(),
        length: 32,
    };
    let run = run(&fill(&hostile), "", 0, &[]);
    assert!(!run.log.path().join("pwned").exists());
    let object = run.stdin().unwrap();
    assert_eq!(object["metadata"]["name"], hostile.name.as_str());
    assert_eq!(object["type"], "a\"b'c");
    assert_eq!(object["stringData"]["tls.key"].as_str().unwrap().len(), 32);
}

#[test]
fn a_line_has_one_line_and_no_value() {
    let line = fill(&secret());
    assert!(!line.contains('\n'));
    assert!(line.starts_with('(') && line.ends_with(')'), "a shell of its own: {line}");
}

fn outcome(apply_with: Vec<ApplyWith>) -> ApplyOutcome {
    ApplyOutcome {
        target: TargetId::Folder { dir: "/m".into() },
        digest: "sha256:0".into(),
        written: vec!["a.yaml".into()],
        unknown: Vec::new(),
        not_written: Vec::new(),
        failure: None,
        interrupted: false,
        unfilled: vec![secret()],
        apply_with,
        reach: Vec::new(),
    }
}

#[test]
fn the_folder_comes_first() {
    let steps =
        next_steps(&outcome(vec![ApplyWith::Folder { dir: "/my files/it's".into(), recursive: true }]));
    assert_eq!(steps.len(), 2);
    assert_eq!(steps[0], r"kubectl apply -R -f '/my files/it'\''s'");
    assert!(steps[1].contains("nb-token"));
    let steps = next_steps(&outcome(vec![ApplyWith::Kustomization("/m".into())]));
    assert_eq!(steps[0], "kubectl apply -k /m");
    let steps = next_steps(&outcome(vec![ApplyWith::Folder { dir: "/m".into(), recursive: false }]));
    assert_eq!(steps[0], "kubectl apply -f /m");
}

#[test]
fn what_is_half_written_is_not_applied() {
    let mut outcome = outcome(vec![ApplyWith::Kustomization("/m".into())]);
    outcome.not_written.push("b.yaml".into());
    assert!(next_steps(&outcome).is_empty());
}
