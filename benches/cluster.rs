//! What a person waits for on a cluster: the plan after a draft, `capacity`, the first frame of the full screen. Measured
//! against the test control plane; where that was not built, this says so and measures the screen alone.

#![allow(missing_docs, clippy::expect_used, reason = "a bench that cannot begin has nothing to say")]
#![allow(
    clippy::panic,
    clippy::print_stderr,
    reason = "what starts the control plane is shared with the tests"
)]

mod support {
    #[path = "../../tests/it/support/not_run.rs"]
    pub mod not_run;
    #[path = "../../tests/it/support/repository.rs"]
    #[allow(dead_code, reason = "the tests use all of it")]
    pub mod repository;
    #[path = "../../tests/it/support/rig.rs"]
    #[allow(dead_code, reason = "the tests use all of it")]
    pub mod rig;
}

use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use kubectl_copilot::cluster::ConnectOptions;
use kubectl_copilot::config::{Config, PolicySource, Style, Where};
use kubectl_copilot::diff::MaskKey;
use kubectl_copilot::model::ModelChoice;
use kubectl_copilot::pattern::PatternSet;
use kubectl_copilot::session::Engine;
use serde_json::json;

use support::rig::{Rig, rig};

/// Whom everything is asked as: somebody who may see the nodes, so that there is most to read.
const CONTEXT: &str = "admin";

/// A configuration for the rig, with everything of this program in a room of its own.
fn config(rig: &Rig, room: &Path) -> Config {
    let options = ConnectOptions {
        kubeconfig: Some(rig.kubeconfig.clone()),
        context: Some(CONTEXT.into()),
        namespace: Some("team-a".into()),
        cache_dir: Some(room.join("cache")),
        ..ConnectOptions::new(MaskKey::new([7; 32]))
    };
    Config {
        place: Where::Cluster(Box::new(options)),
        wait: Duration::ZERO,
        namespace: Some("team-a".into()),
        owner: None,
        user: Some("alice".into()),
        policies: vec![PolicySource::Builtin],
        patterns: Vec::new(),
        schemas: Vec::new(),
        kubernetes_version: None,
        model: ModelChoice::Scripted(Vec::new()),
        adapter: None,
        device: None,
        context_tokens: kubectl_copilot::model::DEFAULT_CONTEXT,
        threads: None,
        cache_dir: room.join("cache"),
        state_dir: room.join("state"),
        executable: env!("CARGO_BIN_EXE_kubectl-copilot").into(),
        editor: None,
        style: Style::NONE,
    }
}

/// From the four objects of a notebook to a plan: each read and dry-run by the API server, its Pod too, and the checks.
fn planning(c: &mut Criterion) {
    let Some(rig) = rig("the benches on a cluster") else { return };
    let room = tempfile::tempdir().expect("a temporary folder");
    let engine = Engine::open(config(rig, room.path())).unwrap_or_else(|problem| panic!("{problem}"));
    let spec = json!({ "gpus": 2, "memory": "64Gi", "owner": "alice" });
    let pattern = PatternSet::builtin().get("Notebook").expect("a shipped pattern");
    let notebook = pattern.expand("bench", Some("team-a"), spec.as_object().expect("an object"));
    let notebook = notebook.expect("it renders");
    assert_eq!(notebook.len(), 4);
    c.bench_function("cluster/plan of a notebook after the draft", |b| {
        b.iter(|| engine.plan(black_box(&notebook)).unwrap_or_else(|problem| panic!("{problem}")));
    });
}

/// The built program with nothing of the caller's but `PATH`.
fn program(room: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-copilot"));
    command.current_dir(room).env_clear().env("HOME", room).env("USER", "alice");
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command
}

/// `capacity` as a whole process, connection and certificates included.
fn capacity(c: &mut Criterion) {
    let Some(rig) = rig("the benches on a cluster") else { return };
    let room = tempfile::tempdir().expect("a temporary folder");
    let run = || {
        let mut command = program(room.path());
        command.args(["capacity", "--context", CONTEXT]).env("KUBECONFIG", &rig.kubeconfig);
        let ended = command.stdin(Stdio::null()).stdout(Stdio::null()).status().expect("the program starts");
        assert!(ended.success(), "capacity ended with {ended}");
    };
    c.bench_function("cluster/capacity as a process", |b| b.iter(run));
}

/// From the start of the process to its first whole frame on a terminal. The end of the process is not counted.
#[cfg(unix)]
fn first_frame(c: &mut Criterion) {
    use pty_process::{Size, blocking};
    use std::io::Read as _;

    /// How the program marks the end of a frame (synchronized output).
    const END: &[u8] = b"\x1b[?2026l";
    let room = tempfile::tempdir().expect("a temporary folder");
    let once = || {
        let (mut terminal, child_side) = blocking::open().expect("a pseudo-terminal");
        terminal.resize(Size::new(30, 100)).expect("a size");
        let mut command = blocking::Command::new(env!("CARGO_BIN_EXE_kubectl-copilot")).env_clear();
        command = command.env("HOME", room.path()).env("TERM", "xterm-256color").env("USER", "alice");
        let begun = Instant::now();
        let mut child = command.current_dir(room.path()).spawn(child_side).expect("the program starts");
        let (mut shown, mut bytes) = (Vec::new(), [0; 4096]);
        while !shown.windows(END.len()).any(|window| window == END) {
            let count = terminal.read(&mut bytes).expect("the program shows something");
            shown.extend_from_slice(&bytes[..count]);
        }
        let took = begun.elapsed();
        child.kill().expect("the program still runs");
        child.wait().expect("the program ends");
        took
    };
    c.bench_function("first frame of the full screen", |b| {
        b.iter_custom(|times| (0..times).map(|_| once()).sum());
    });
}

#[cfg(not(unix))]
fn first_frame(_: &mut Criterion) {}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .without_plots()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(10);
    targets = planning, capacity, first_frame
}
criterion_main!(benches);
