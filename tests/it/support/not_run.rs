//! Tests that cannot run on this machine (a model is not there) say so, instead of passing in silence.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

/// Adds a line to the `not run: …` lines at the end of `make test`. By hand (`cargo test`) it goes to stderr, which
/// the test harness shows with `--nocapture`.
#[allow(dead_code, reason = "for tests that need what a machine may lack")]
pub fn not_run(what: &str) {
    match std::env::var_os("KUBECTL_COPILOT_NOT_RUN") {
        Some(file) => append(Path::new(&file), what),
        None => eprintln!("not run: {what}"),
    }
}

fn append(file: &Path, what: &str) {
    let mut file =
        OpenOptions::new().create(true).append(true).open(file).expect("the list of what was not run");
    // One write a line: tests run in parallel.
    file.write_all(format!("{what}\n").as_bytes()).expect("the list takes a line");
}

#[test]
fn lines_are_appended() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("list");
    append(&file, "one");
    append(&file, "two");
    assert_eq!(std::fs::read_to_string(&file).expect("the list"), "one\ntwo\n");
}
