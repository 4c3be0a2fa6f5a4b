//! The built program as a process: how long it takes, and how much memory it and its children had at most.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How often memory is looked at. The figure is a high-water mark that the kernel keeps, so nothing between two looks is
/// missed but what a process adds after the last one.
const LOOK: Duration = Duration::from_millis(5);

/// What a run came to.
pub struct Run {
    /// How it ended.
    pub status: ExitStatus,
    /// From start to end.
    pub time: Duration,
    /// Most resident memory in bytes, the process and its children together; absent where `/proc` is.
    pub memory: Option<u64>,
}

/// Runs the built binary with an environment of its own: nothing of the caller's but PATH. `room` holds everything that
/// it reads and writes.
pub fn run(room: &Path, arguments: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-copilot"));
    command.args(arguments).current_dir(room).env_clear();
    command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    command.env("USER", "alice").env("HOME", room).env("KUBECTL_COPILOT_CACHE", room.join("cache"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let start = Instant::now();
    let mut child = command.spawn().expect("the binary was built with the bench");
    let process = child.id();
    let (ended, end) = channel();
    let waiter = std::thread::spawn(move || {
        let status = child.wait();
        let _ = ended.send(start.elapsed());
        status
    });
    let mut most: BTreeMap<u32, u64> = BTreeMap::new();
    let time = loop {
        for one in family(process) {
            if let Some(bytes) = high_water_mark(one) {
                most.insert(one, bytes);
            }
        }
        match end.recv_timeout(LOOK) {
            Ok(time) => break time,
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break start.elapsed(),
        }
    };
    let status =
        waiter.join().expect("the waiting thread ends").expect("a child that was started can be waited for");
    Run { status, time, memory: (!most.is_empty()).then(|| most.values().sum()) }
}

/// The process and its children.
fn family(process: u32) -> Vec<u32> {
    let children = std::fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
        let one: u32 = entry.file_name().to_str()?.parse().ok()?;
        (status(one, "PPid:")? == u64::from(process)).then_some(one)
    });
    std::iter::once(process).chain(children).collect()
}

/// Most resident memory so far, in bytes.
fn high_water_mark(process: u32) -> Option<u64> {
    status(process, "VmHWM:").map(|kibibytes| kibibytes * 1024)
}

/// A number of `/proc/N/status`.
fn status(process: u32, key: &str) -> Option<u64> {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}
