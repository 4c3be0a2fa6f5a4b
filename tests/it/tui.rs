//! The full screen as a person has it: the built binary on a pseudo-terminal, keys in, a screen out. The embedded model
//! drafts.

use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use pty_process::Size;
use pty_process::blocking::{Command, Pty};

use crate::support::Copilot;
#[cfg(feature = "llama")]
use crate::support::{cluster::alices, rig::rig};

const ROWS: u16 = 30;
const COLUMNS: u16 = 100;
/// Only there to end a test that hangs.
const DEADLINE: Duration = Duration::from_secs(120);

/// How the program marks a frame (synchronized output).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";

/// A person at a terminal.
struct Person {
    terminal: Pty,
    /// Another handle of the child's side: its modes are looked at when the child is gone.
    modes: rustix::fd::OwnedFd,
    written: Receiver<Vec<u8>>,
    /// The beginning of a frame that is not there whole yet: a person sees whole frames.
    unfinished: Vec<u8>,
    screen: vt100::Parser,
    child: Child,
}

impl Person {
    fn at(copilot: &Copilot, arguments: &[&str]) -> Self {
        let (terminal, pts) = pty_process::blocking::open().expect("a pseudo-terminal");
        terminal.resize(Size::new(ROWS, COLUMNS)).expect("a size");
        let name = rustix::pty::ptsname(&terminal, Vec::new()).expect("a name");
        let flags = rustix::fs::OFlags::RDWR | rustix::fs::OFlags::NOCTTY;
        let modes = rustix::fs::open(name, flags, rustix::fs::Mode::empty()).expect("the other side");
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-copilot")).args(arguments).env_clear();
        for (name, value) in copilot.environment() {
            command = command.env(name, value);
        }
        let child = command.current_dir(copilot.work()).spawn(pts).expect("the binary starts");
        let copy = rustix::io::dup(&terminal).expect("a second handle");
        let (sender, written) = mpsc::channel();
        thread::spawn(move || {
            let mut file = std::fs::File::from(copy);
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = file.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let screen = vt100::Parser::new(ROWS, COLUMNS, 0);
        Self { terminal, modes, written, unfinished: Vec::new(), screen, child }
    }

    /// Shows what was written, up to the last whole frame.
    fn show(&mut self, bytes: &[u8]) {
        self.unfinished.extend_from_slice(bytes);
        let written = &self.unfinished;
        let last = |marker: &[u8]| written.windows(marker.len()).rposition(|window| window == marker);
        let cut = (1..BEGIN.len()).rfind(|length| written.ends_with(&BEGIN[..*length])).unwrap_or(0);
        let whole = match (last(BEGIN), last(END)) {
            (Some(begin), end) if end.is_none_or(|end| end < begin) => begin,
            _ => written.len() - cut,
        };
        let rest = self.unfinished.split_off(whole);
        self.screen.process(&self.unfinished);
        self.unfinished = rest;
    }

    fn keys(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).expect("the terminal takes keys");
    }

    /// Waits until the screen shows a text.
    fn sees(&mut self, text: &str) -> String {
        let deadline = Instant::now() + DEADLINE;
        loop {
            let shown = self.screen.screen().contents();
            if shown.contains(text) {
                return shown;
            }
            match self.written.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.show(&bytes),
                Err(RecvTimeoutError::Timeout) => panic!("'{text}' never came:\n{shown}"),
                Err(RecvTimeoutError::Disconnected) => panic!("the program ended before '{text}':\n{shown}"),
            }
        }
    }

    /// Waits for the end; the exit code, and what is left on the terminal.
    fn ends(&mut self) -> (Option<i32>, String) {
        let code = self.child.wait().expect("the child ends").code();
        while let Ok(bytes) = self.written.recv_timeout(Duration::from_millis(200)) {
            self.show(&bytes);
        }
        let screen = self.screen.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is back");
        assert!(!screen.bracketed_paste(), "pasting is as it was");
        let modes = rustix::termios::tcgetattr(&self.modes).expect("the modes");
        let cooked = rustix::termios::LocalModes::ICANON | rustix::termios::LocalModes::ECHO;
        assert!(modes.local_modes.contains(cooked), "the terminal is cooked and echoes: {modes:?}");
        (code, screen.contents())
    }

    fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).expect("the child is there");
    }
}

fn room() -> Copilot {
    Copilot::new().with_env("TERM", "xterm-256color").with_env("USER", "mira")
}

#[cfg(feature = "llama")]
#[test]
fn a_request_a_changed_field_and_a_yes_become_files() {
    let copilot = room();
    let mut person = Person::at(&copilot, &["--policies", "builtin", "--to", "out"]);
    person.sees("what do you need?");
    person.keys("a notebook called lab with two GPUs\r");
    let shown = person.sees("a writes 4 files");
    assert!(shown.contains("you said \"two\""), "{shown}");
    // name, owner, gpus: 16 is more than policy allows, 4 is not.
    person.keys("j");
    person.keys("j");
    person.keys("\r\u{15}16\r");
    let shown = person.sees("the nearest that passes is 8");
    assert!(shown.contains("gpu-cap-per-pod"), "{shown}");
    // Keys are for the field again as soon as the bar is back.
    person.sees("a writes 4 files");
    person.keys("\u{15}4\r");
    person.sees("4 × GPU");
    person.sees("a writes 4 files");
    person.keys("a");
    let shown = person.sees("[y/N]");
    assert!(shown.contains("/out?") && shown.contains("sha256:"), "{shown}");
    person.keys("y");
    person.sees("wrote 4 files");
    assert!(copilot.read("out/statefulset-lab.yaml").contains("nvidia.com/gpu: \"4\""));
    person.keys("\u{3}");
    let (code, left) = person.ends();
    assert_eq!(code, Some(0), "{left}");
    assert!(left.contains("wrote 4 files"), "said once more:\n{left}");
}

#[cfg(feature = "llama")]
#[test]
fn on_a_cluster_a_request_a_changed_field_and_a_yes_become_a_running_pod() {
    let Some(rig) = rig("the full screen on a cluster") else { return };
    let namespace = alices(rig, "screen");
    let copilot = room().with_env("KUBECONFIG", rig.kubeconfig.clone());
    let mut person = Person::at(&copilot, &["--context", "alice", "-n", &namespace, "--policies", "builtin"]);
    person.sees("what do you need?");
    person.keys("a notebook called lab with two GPUs\r");
    let shown = person.sees(" a applies to");
    assert!(shown.contains("you said \"two\"") && shown.contains("2 × GPU"), "{shown}");
    // name, namespace, owner, gpus: one will do.
    person.keys("jjj");
    person.sees("▸ gpus");
    person.keys("\r\u{15}1\r");
    person.sees("1 × GPU");
    person.sees(" a applies to");
    let none = ["get", "statefulset,pod,secret,pvc", "-n", &namespace, "-o", "name"];
    assert_eq!(rig.kubectl(&none), "", "nothing is applied before the yes");
    person.keys("a");
    let shown = person.sees("[y/N]");
    assert!(shown.contains("apply to") && shown.contains(&namespace) && shown.contains("sha256:"), "{shown}");
    person.keys("y");
    person.sees(&format!("ready: StatefulSet/lab ({namespace})"));
    person.keys("\u{3}");
    let (code, left) = person.ends();
    assert_eq!(code, Some(0), "{left}");
    assert_eq!(left.matches("applied 4 objects").count(), 1, "said once more, and once:\n{left}");
    assert!(left.contains("kubectl port-forward svc/lab "), "{left}");

    let gpus = "jsonpath={.spec.template.spec.containers[0].resources.limits.nvidia\\.com/gpu}";
    assert_eq!(rig.kubectl(&["get", "statefulset", "lab", "-n", &namespace, "-o", gpus]), "1");
    let phase = "jsonpath={.status.phase}";
    assert_eq!(rig.kubectl(&["get", "pod", "lab-0", "-n", &namespace, "-o", phase]), "Running");
}

#[test]
fn a_termination_puts_the_terminal_back() {
    let copilot = room();
    let mut person = Person::at(&copilot, &["--model", "no.gguf"]);
    person.sees("what do you need?");
    assert!(person.screen.screen().alternate_screen());
    person.sees("no model");
    person.keys("给我一个 notebook");
    person.sees("给我一个 notebook");
    person.signal(rustix::process::Signal::TERM);
    assert_eq!(person.ends().0, Some(130));
    assert!(!copilot.work().join("manifests").exists());
}

#[test]
fn an_engine_that_cannot_be_opened_is_told_on_the_screen_and_by_the_code() {
    let copilot = room();
    let mut person = Person::at(&copilot, &["--policies", "nothing-here"]);
    person.sees("error:");
    person.keys("\u{3}");
    assert_eq!(person.ends().0, Some(2));
}

#[test]
fn a_terminal_that_can_show_no_screen_gets_the_hint() {
    let copilot = Copilot::new();
    let mut person = Person::at(&copilot, &[]);
    person.sees("say what you need");
    assert_eq!(person.ends().0, Some(2));
    let piped = copilot.run([""; 0]).expect_code(2);
    assert!(piped.stderr.contains("say what you need"), "{}", piped.stderr);
}
