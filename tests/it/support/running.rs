//! A call of the binary that is still running: what it says is seen line by line, so that something can happen to its
//! surroundings in the middle of it.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::Copilot;
use super::copilot::Output;

/// Only there to end a test that hangs.
const DEADLINE: Duration = Duration::from_secs(180);

/// See the module.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    stdout: String,
    stderr: Option<JoinHandle<String>>,
    deadline: Instant,
}

impl Running {
    /// Calls the binary with these arguments.
    pub fn start(copilot: &Copilot, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_kubectl-copilot"))
            .args(arguments)
            .env_clear()
            .envs(copilot.environment())
            .current_dir(copilot.work())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let mut stderr = child.stderr.take().expect("stderr is piped");
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let stderr = thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).expect("stderr is text");
            text
        });
        let deadline = Instant::now() + DEADLINE;
        Self { child, lines, stdout: String::new(), stderr: Some(stderr), deadline }
    }

    /// Waits for the next line that holds a text.
    pub fn says(&mut self, text: &str) {
        loop {
            match self.line() {
                Some(line) if line.contains(text) => return,
                Some(_) => {}
                None => {
                    let stderr = self.stderr();
                    panic!("it ended before '{text}':\n{}\n{stderr}", self.stdout);
                }
            }
        }
    }

    /// Waits for the end.
    pub fn ends(mut self) -> Output {
        while self.line().is_some() {}
        let code = self.child.wait().expect("the child can be awaited").code();
        Output { code, stdout: std::mem::take(&mut self.stdout), stderr: self.stderr() }
    }

    fn line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(self.deadline.saturating_duration_since(Instant::now())) {
            Ok(line) => {
                self.stdout.push_str(&line);
                self.stdout.push('\n');
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("still running:\n{}", self.stdout),
        }
    }

    fn stderr(&mut self) -> String {
        self.stderr.take().map(|reader| reader.join().expect("the reader ended")).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended has nothing left to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
