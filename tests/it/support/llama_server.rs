//! llama.cpp's own server with the 0.5B, as somebody would run it for a team: `tools/llama-server.sh build` builds it, and
//! `make models` fetches the model. Where either is missing, the tests that need it say that they did not run.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use serde_json::Value;

use super::not_run::not_run;

/// The path that `tools/llama-server.sh build` prints.
const SERVER: &str = "KUBECTL_COPILOT_LLAMA_SERVER";
/// Tokens of context for each of its slots: a form of many keys with its instructions has about 3000.
const CONTEXT: usize = 4096;
/// Tokens that the answer may have by which a server is tried out.
const TRIAL: u64 = 64;
/// One at a time: each takes half a gigabyte and all cores.
static ONE: Mutex<()> = Mutex::new(());

/// A running server. It ends with its owner.
pub struct LlamaServer {
    child: Child,
    address: String,
    log: Option<JoinHandle<String>>,
    _one: MutexGuard<'static, ()>,
}

/// The 0.5B as a file, where `make models` has fetched it.
pub fn small_model() -> Option<PathBuf> {
    let cache = PathBuf::from(std::env::var_os("KUBECTL_COPILOT_CACHE")?);
    Some(cache.join("models/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf")).filter(|path| path.is_file())
}

/// A server that works at `slots` requests at once. Where one cannot be started, `what` is noted as not run.
pub fn llama_server(what: &str, slots: usize) -> Option<LlamaServer> {
    let Some(program) = std::env::var_os(SERVER).map(PathBuf::from).filter(|path| path.is_file()) else {
        not_run(&format!("{what} ({SERVER} names no llama-server; make test-llama-server builds it)"));
        return None;
    };
    let Some(model) = small_model() else {
        not_run(&format!("{what} (make models fetches the model)"));
        return None;
    };
    // A test that failed while it held the lock left nothing behind: its server ended with it.
    let one = ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut child = Command::new(program)
        .args(["--host", "127.0.0.1", "--port", "0", "--threads", "2", "--slots", "--metrics"])
        .args(["--parallel".to_owned(), slots.to_string()])
        .args(["--ctx-size".to_owned(), (CONTEXT * slots).to_string()])
        .arg("--model")
        .arg(model)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("llama-server can be started");
    let mut lines = BufReader::new(child.stderr.take().expect("stderr is piped")).lines();
    let mut said = String::new();
    let address = loop {
        let Some(Ok(line)) = lines.next() else {
            let status = child.wait().expect("llama-server can be awaited");
            panic!("llama-server ended with {status} before it was ready:\n{said}");
        };
        if let Some((_, address)) = line.split_once("listening on http://") {
            break address.trim().to_owned();
        }
        said.push_str(&line);
        said.push('\n');
    };
    // Nobody must stop reading, or it stops at a full pipe.
    let log = thread::spawn(move || lines.map_while(Result::ok).collect::<Vec<_>>().join("\n"));
    Some(LlamaServer { child, address, log: Some(log), _one: one })
}

impl LlamaServer {
    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Host and port.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().expect("llama-server can be killed");
        self.child.wait().expect("llama-server can be awaited");
    }

    /// Waits until no slot works.
    pub fn wait_until_idle(&self) {
        self.wait_until("all slots are idle", |slots| slots.iter().all(|slot| !works(slot)));
    }

    /// Waits until a slot works at a form and not at the question by which the server is tried out, which is the shorter.
    pub fn wait_until_form(&self) {
        let is_form = |slot: &Value| works(slot) && slot["params"]["n_predict"].as_u64() > Some(TRIAL);
        self.wait_until("a slot works at a form", |slots| slots.iter().any(is_form));
    }

    /// It answers between two steps of its model: to ask is to wait.
    fn wait_until(&self, what: &str, is_so: impl Fn(&[Value]) -> bool) {
        let mut last = String::new();
        for _ in 0..100_000 {
            last = self.get("/slots");
            let slots: Vec<Value> = serde_json::from_str(&last).expect("a list of slots");
            if is_so(&slots) {
                return;
            }
        }
        panic!("not so: {what}: {last}");
    }

    /// A document of it, over a connection of its own.
    fn get(&self, path: &str) -> String {
        use std::io::{Read as _, Write as _};
        let mut stream = std::net::TcpStream::connect(&self.address).expect("llama-server listens");
        let host = &self.address;
        write!(stream, "GET {path} HTTP/1.0\r\nHost: {host}\r\nConnection: close\r\n\r\n")
            .expect("a request");
        let mut text = String::new();
        stream.read_to_string(&mut text).expect("an answer");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(head.starts_with("HTTP/1.") && head.contains(" 200 "), "{path}: {head}");
        body.to_owned()
    }
}

/// Whether a slot works, as the server says.
fn works(slot: &Value) -> bool {
    slot["is_processing"] == true
}

impl Drop for LlamaServer {
    fn drop(&mut self) {
        // One that has ended has nothing left to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(log) = self.log.take().map(JoinHandle::join)
            && thread::panicking()
        {
            eprintln!("--- llama-server\n{}", log.unwrap_or_default());
        }
    }
}
