//! A hermetic runner of the built binary: it sees nothing of the machine but `PATH`.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long one call may take before the test fails. Generous: it only has to end a call that hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// One person's machine: a home folder, a working folder and nothing else. Calls share both, so that a test can
/// plan with one call and apply with the next. Removed when dropped.
#[must_use]
pub struct Copilot {
    room: TempDir,
    environment: BTreeMap<OsString, OsString>,
    stdin: Vec<u8>,
    deadline: Duration,
}

/// What one call left behind.
#[derive(Debug)]
pub struct Output {
    /// Exit code; `None` when a signal ended the process.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

impl Copilot {
    /// A fresh machine without kubeconfig, configuration or installed model; UTC, English, 100 columns, no terminal.
    pub fn new() -> Self {
        let room =
            tempfile::Builder::new().prefix("kubectl-copilot-it.").tempdir().expect("a temporary folder");
        let mut environment = BTreeMap::new();
        let mut set = |name: &str, value: OsString| {
            environment.insert(OsString::from(name), value);
        };
        set("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, folder) in [
            ("HOME", "home"),
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_RUNTIME_DIR", "runtime"),
            ("TMPDIR", "tmp"),
        ] {
            let path = room.path().join(folder);
            std::fs::create_dir(&path).expect("a folder of the room");
            set(name, path.into());
        }
        std::fs::create_dir(room.path().join("work")).expect("the working folder");
        set("KUBECONFIG", room.path().join("home/.kube/config").into());
        set("TZ", "UTC".into());
        set("LANG", "C.UTF-8".into());
        set("LC_ALL", "C.UTF-8".into());
        set("TERM", "dumb".into());
        set("COLUMNS", "100".into());
        Self { room, environment, stdin: Vec::new(), deadline: DEADLINE }
    }

    /// The same machine with an environment variable set for all calls.
    pub fn with_env(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// The same machine without an environment variable.
    pub fn without_env(mut self, name: &str) -> Self {
        self.environment.remove(&OsString::from(name));
        self
    }

    /// The same machine with lines of this many columns.
    pub fn with_width(self, columns: u16) -> Self {
        self.with_env("COLUMNS", columns.to_string())
    }

    /// The same machine; each call reads this text from standard input (otherwise it is empty).
    pub fn with_stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// The same machine; a call may take this long before the test fails, where a real model works for many.
    pub fn with_deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// The working folder of all calls.
    pub fn work(&self) -> PathBuf {
        self.room.path().join("work")
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.room.path().join("home")
    }

    /// The folder for temporary files; empty again after each well-behaved call.
    pub fn tmp(&self) -> PathBuf {
        self.room.path().join("tmp")
    }

    /// Writes a file, given relative to the working folder, and returns its full path.
    pub fn write(&self, path: impl AsRef<Path>, text: &str) -> PathBuf {
        let path = self.work().join(path);
        let folder = path.parent().expect("a file has a folder");
        std::fs::create_dir_all(folder).expect("the folder of the file");
        std::fs::write(&path, text).expect("the file");
        path
    }

    /// Reads a file, given relative to the working folder.
    pub fn read(&self, path: impl AsRef<Path>) -> String {
        let path = self.work().join(path);
        std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// The environment of all calls, for who starts the binary in another way.
    pub fn environment(&self) -> impl Iterator<Item = (&OsString, &OsString)> {
        self.environment.iter()
    }

    /// Calls the binary with these arguments.
    #[must_use = "a call that nobody looks at tests nothing: use `expect_code`"]
    pub fn run<S: Into<OsString>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.run_program(env!("CARGO_BIN_EXE_kubectl-copilot"), arguments)
    }

    /// Starts the binary with these arguments and goes on.
    #[cfg(unix)]
    pub fn start<S: Into<OsString>>(&self, arguments: impl IntoIterator<Item = S>) -> Running {
        let program = Path::new(env!("CARGO_BIN_EXE_kubectl-copilot"));
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let child = self.spawn(program, &arguments);
        Running { child, what: format!("{arguments:?}"), deadline: self.deadline }
    }

    /// Calls another program in the same room, e.g. a script of the repository.
    #[must_use = "a call that nobody looks at tests nothing: use `expect_code`"]
    pub fn run_program<S: Into<OsString>>(
        &self,
        program: impl AsRef<Path>,
        arguments: impl IntoIterator<Item = S>,
    ) -> Output {
        let program = program.as_ref();
        let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
        let child = self.spawn(program, &arguments);
        finish(child, self.stdin.clone(), &format!("{} {arguments:?}", program.display()), self.deadline)
    }

    fn spawn(&self, program: &Path, arguments: &[OsString]) -> Child {
        Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(&self.environment)
            .current_dir(self.work())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", program.display()))
    }
}

/// A call that has not ended.
#[cfg(unix)]
pub struct Running {
    child: Child,
    what: String,
    deadline: Duration,
}

#[cfg(unix)]
impl Running {
    /// What Ctrl-C does.
    pub fn interrupt(&self) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, rustix::process::Signal::INT).expect("the child is there");
    }

    /// Waits for its end.
    pub fn finish(self) -> Output {
        finish(self.child, Vec::new(), &self.what, self.deadline)
    }
}

impl Output {
    /// The same output, after it has been checked that the exit code is `code`; the panic shows both streams.
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(
            self.code,
            Some(code),
            "exit code\n--- stdout\n{}\n--- stderr\n{}",
            self.stdout,
            self.stderr
        );
        self
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not JSON: {error}\n{}\n{}", self.stdout, self.stderr))
    }
}

/// Feeds, drains and awaits the child; kills it at the deadline.
fn finish(mut child: Child, stdin: Vec<u8>, what: &str, patience: Duration) -> Output {
    let mut input = child.stdin.take().expect("stdin is piped");
    // A child that does not read its input closes the pipe: that is its right.
    let feeder = thread::spawn(move || drop(input.write_all(&stdin)));
    let (sender, receiver) = mpsc::channel();
    drain(0, child.stdout.take().expect("stdout is piped"), sender.clone());
    drain(1, child.stderr.take().expect("stderr is piped"), sender);

    let deadline = Instant::now() + patience;
    let mut texts = [String::new(), String::new()];
    for _ in 0..2 {
        match receiver.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
            Ok((stream, text)) => texts[stream] = text,
            Err(_) => {
                child.kill().expect("the child can be killed");
                panic!("still running after {} s: {what}", patience.as_secs());
            }
        }
    }
    let status = child.wait().expect("the child can be awaited");
    feeder.join().expect("the feeder ended");
    let [stdout, stderr] = texts;
    Output { code: status.code(), stdout, stderr }
}

fn drain(stream: usize, mut from: impl Read + Send + 'static, to: mpsc::Sender<(usize, String)>) {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        let text = match from.read_to_end(&mut bytes) {
            Ok(_) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => format!("cannot read the stream: {error}"),
        };
        // Nobody listens any more only after the deadline, and then the test has failed already.
        to.send((stream, text)).unwrap_or_default();
    });
}

#[test]
fn the_child_sees_only_the_room() {
    let copilot = Copilot::new().with_width(60).with_env("MARK", "here").without_env("TERM");
    let output = copilot.run_program("/usr/bin/env", [""; 0]).expect_code(0);
    let mut names: Vec<&str> =
        output.stdout.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    names.sort_unstable();
    let expected = [
        "COLUMNS",
        "HOME",
        "KUBECONFIG",
        "LANG",
        "LC_ALL",
        "MARK",
        "PATH",
        "TMPDIR",
        "TZ",
        "XDG_CACHE_HOME",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
        "XDG_RUNTIME_DIR",
        "XDG_STATE_HOME",
    ];
    assert_eq!(names, expected);
    assert!(output.stdout.contains("COLUMNS=60\n"), "{}", output.stdout);
}

#[test]
fn stdin_streams_and_exit_code_are_handed_on() {
    let copilot = Copilot::new().with_stdin("{\"a\": 1}");
    let output = copilot.run_program("/bin/sh", ["-c", "cat; echo oh >&2; exit 7"]).expect_code(7);
    assert_eq!(output.json(), serde_json::json!({"a": 1}));
    assert_eq!(output.stderr, "oh\n");
}

#[test]
fn files_are_written_and_read_in_the_working_folder() {
    let copilot = Copilot::new();
    let path = copilot.write("team/web.yaml", "kind: Service\n");
    assert!(path.starts_with(copilot.work()), "{}", path.display());
    let output = copilot.run_program("/bin/cat", ["team/web.yaml"]).expect_code(0);
    assert_eq!(output.stdout, copilot.read("team/web.yaml"));
}

#[test]
fn version_and_help_need_nothing_and_leave_nothing_behind() {
    let copilot = Copilot::new();
    let version = copilot.run(["--version"]).expect_code(0);
    assert_eq!(version.stdout.trim(), format!("kubectl-copilot {}", env!("CARGO_PKG_VERSION")));
    let help = copilot.run(["--help"]).expect_code(0);
    assert!(help.stdout.contains("Usage: kubectl copilot"), "{}", help.stdout);
    for folder in [copilot.home(), copilot.tmp(), copilot.work()] {
        let left: Vec<_> = std::fs::read_dir(&folder).expect("the folder").flatten().collect();
        assert!(left.is_empty(), "{left:?}");
    }
}
