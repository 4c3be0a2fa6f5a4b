//! One child process: started, asked, ended; and the last lines that it wrote to its standard error.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, BufWriter, Read};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::Cancel;

use super::WORKER_VERB;
use super::protocol::{Prefixes, Reply, Request, read_frame, write_frame};

/// How often a wait looks at the cancel flag.
const POLL: Duration = Duration::from_millis(20);

/// How long a child may take to end after its input was closed, and its last words to arrive after it ended.
const PATIENCE: Duration = Duration::from_secs(2);

/// Lines of standard error that are remembered.
const LINES: usize = 40;

/// Lines of them that are shown.
const SHOWN: usize = 6;

/// Bytes of a line that are remembered.
const LINE: u64 = 400;

/// A running child.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: Option<BufWriter<ChildStdin>>,
    replies: Receiver<io::Result<Reply>>,
    said: Arc<Mutex<VecDeque<String>>>,
    /// Closed when standard error has ended.
    silent: Receiver<()>,
    prefixes: Prefixes<()>,
}

/// Why there is no reply. The child is gone, or must be dropped.
#[derive(Debug)]
pub(super) enum Failure {
    /// Somebody asked for it.
    Cancelled,
    /// It sent something that is no reply.
    Protocol(String),
    /// It did not reply for so long.
    TooSlow(Duration),
    /// It ended.
    Died {
        /// Exit status or signal.
        status: String,
        /// Its last lines, fit for a terminal.
        said: String,
    },
}

impl Process {
    /// Starts `executable` as a worker, in a process group of its own: Ctrl-C reaches the parent alone.
    pub fn start(executable: &Path) -> io::Result<Self> {
        let mut command = Command::new(executable);
        command.arg(WORKER_VERB).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // An abort inside llama.cpp would otherwise start a debugger to print a backtrace.
        command.env("GGML_NO_BACKTRACE", "1");
        // GNU OpenMP's threads wait for each other in a loop. Where other programs use the cores too, that multiplies the
        // time of a form (measured on two busy cores: 16 s by default, 11 s with 20,000 turns, 3.5 s with none). A few
        // turns cover the waits of an idle machine; then the thread sleeps.
        command.env("GOMP_SPINCOUNT", "300");
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn()?;
        let missing = || io::Error::other("a pipe to it is missing");
        let input = child.stdin.take().ok_or_else(missing)?;
        let output = child.stdout.take().ok_or_else(missing)?;
        let errors = child.stderr.take().ok_or_else(missing)?;

        let (reply, replies) = channel();
        std::thread::Builder::new().name("model-replies".to_owned()).spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(frame) = read_frame(&mut output).transpose() {
                let is_broken = frame.is_err();
                if reply.send(frame).is_err() || is_broken {
                    break;
                }
            }
        })?;
        let said = Arc::new(Mutex::new(VecDeque::new()));
        let (end, silent) = channel();
        let heard = Arc::clone(&said);
        std::thread::Builder::new().name("model-errors".to_owned()).spawn(move || {
            listen(errors, &heard);
            drop(end);
        })?;
        let input = Some(BufWriter::new(input));
        Ok(Self { child, input, replies, said, silent, prefixes: Prefixes::default() })
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request.
    pub fn send(&mut self, request: &Request) -> Result<(), Failure> {
        let sent = match &mut self.input {
            Some(input) => write_frame(input, request),
            None => Err(io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => self.died(),
            _ => Failure::Protocol(format!("cannot send to the model's process: {error}")),
        })
    }

    /// Sends a prefix unless the child knows it.
    pub fn know_prefix(&mut self, hash: &str, text: &str) -> Result<(), Failure> {
        if self.prefixes.get(hash).is_none() {
            self.send(&Request::Prefix { text: text.to_owned() })?;
            self.prefixes.add(hash.to_owned(), ());
        }
        Ok(())
    }

    /// Waits for a reply; ends the child when `cancel` is raised.
    pub fn receive(&mut self, cancel: &Cancel) -> Result<Reply, Failure> {
        self.receive_within(cancel, None)
    }

    /// The same, but ends the child too when there is no reply within `limit`.
    pub fn receive_within(&mut self, cancel: &Cancel, limit: Option<Duration>) -> Result<Reply, Failure> {
        let start = Instant::now();
        loop {
            match self.replies.recv_timeout(POLL) {
                Ok(Ok(reply)) => return Ok(reply),
                Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(self.died()),
                Ok(Err(error)) => {
                    return Err(Failure::Protocol(format!("the model's process sent no message: {error}")));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.died()),
                Err(RecvTimeoutError::Timeout) if cancel.is_cancelled() => {
                    self.kill();
                    return Err(Failure::Cancelled);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if let Some(limit) = limit.filter(|limit| start.elapsed() > *limit) {
                        self.kill();
                        return Err(Failure::TooSlow(limit));
                    }
                }
            }
        }
    }

    /// The last lines on standard error that `wanted` picks, joined.
    pub fn last_words(&self, wanted: impl Fn(&str) -> bool) -> String {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let mut lines: Vec<&str> =
            said.iter().map(String::as_str).filter(|line| wanted(line)).rev().take(SHOWN).collect();
        lines.reverse();
        lines.dedup();
        lines.join(" | ")
    }

    /// Its end, and what it said before.
    fn died(&mut self) -> Failure {
        let status = match self.end() {
            Ok(status) => status.to_string(),
            Err(error) => format!("unknown: {error}"),
        };
        let _ = self.silent.recv_timeout(PATIENCE);
        Failure::Died { status, said: self.last_words(|_| true) }
    }

    /// Closes its input, lets it end by itself, else ends it.
    fn end(&mut self) -> io::Result<std::process::ExitStatus> {
        self.input = None;
        while let Ok(Ok(_)) = self.replies.recv_timeout(PATIENCE) {}
        if self.silent.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            let _ = self.child.kill();
        }
        self.child.wait()
    }

    fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(Some(_))) {
            let _ = self.end();
        }
    }
}

/// Remembers the last lines of a stream.
fn listen(stream: impl Read, said: &Mutex<VecDeque<String>>) {
    let mut stream = BufReader::new(stream);
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        // A piece of a longer line counts as a line.
        match (&mut stream).take(LINE).read_until(b'\n', &mut bytes) {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let line = printable(&String::from_utf8_lossy(&bytes));
        if !line.is_empty() {
            let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
            if said.len() == LINES {
                said.pop_front();
            }
            said.push_back(line);
        }
    }
}

/// Without anything that a terminal would act on.
fn printable(line: &str) -> String {
    let kept = line.chars().map(|c| if c == '\t' { ' ' } else { c }).filter(|c| !c.is_control());
    kept.collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_child_that_does_not_reply_in_time_is_ended() {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().expect("a folder");
        let silent = folder.path().join("silent");
        std::fs::write(&silent, "#!/bin/sh\nread -r line; read -r line\n").expect("writable");
        std::fs::set_permissions(&silent, PermissionsExt::from_mode(0o700)).expect("writable");
        let mut process = Process::start(&silent).expect("starts");
        let limit = Duration::from_millis(50);
        match process.receive_within(&Cancel::default(), Some(limit)) {
            Err(Failure::TooSlow(after)) => assert_eq!(after, limit),
            other => panic!("{other:?}"),
        }
        assert!(matches!(process.child.try_wait(), Ok(Some(_))), "neither running nor a zombie");
    }

    #[test]
    fn last_words_are_bounded_and_printable() {
        let mut noise = Vec::new();
        for index in 0..1000 {
            noise.extend(format!("line {index} \u{1b}[31mred\u{7}\r\n").bytes());
        }
        noise.extend(std::iter::repeat_n(b'x', 100_000));
        let said = Mutex::new(VecDeque::new());
        listen(noise.as_slice(), &said);
        let said = said.into_inner().expect("not poisoned");
        assert_eq!(said.len(), LINES);
        assert!(said.iter().all(|line| line.len() <= 400 && !line.contains(['\u{1b}', '\u{7}', '\r', '\n'])));
    }
}
