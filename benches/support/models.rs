//! Real models, from words to a checked draft and to a plan: what a person waits for.
//!
//! | column | what is measured |
//! |---|---|
//! | first ever | `plan -p` in a fresh process with an empty cache: a general model evaluates its instructions |
//! | cold | the same with the prefix on disk and the file in the page cache, median |
//! | warm | request to checked draft in a running process, built-in policies, median and the slowest tenth |
//! | memory | most resident memory of a process that answers all requests, its child included (file pages count) |
//! | forced | tokens that only one continuation was allowed for, of all that were evaluated for answers |

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kubectl_copilot::config::{Config, PolicySource, Style, Where};
use kubectl_copilot::constraint::{Answers, Form};
use kubectl_copilot::draft::Outcome;
use kubectl_copilot::model::{self, Backend, Cancel, ModelChoice, ModelError, ModelInfo, OpenOptions};
use kubectl_copilot::session::Engine;
use serde_json::json;

use super::process;

/// What is asked: every pattern, native kinds, two Chinese ones. All of them can be drafted.
const REQUESTS: [&str; 10] = [
    "a notebook called bench with two GPUs and 64Gi of memory",
    "train with image ghcr.io/acme/trainer:1.4 on 4 H100s, run torchrun train.py --epochs 3",
    "serve Qwen/Qwen2.5-7B-Instruct on one H100",
    "a web service from image ghcr.io/acme/shop:2.1 on port 3000 with 3 replicas",
    "200Gi of storage called corpus",
    "a cron job called nightly with image ghcr.io/acme/backup:1.2 every day at 03:00",
    "a config map called settings with MODE=fast",
    "give me a TensorFlow notebook with one A100 and 100Gi of disk",
    "给我一个叫 bench-zh 的 notebook，两张 GPU，64Gi 内存",
    "部署 nginx，3个副本，端口8080",
];

/// A general model that may lie in the cache.
const FETCHED: [(&str, &str); 2] = [
    ("Qwen2.5-Coder-0.5B", "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"),
    ("Qwen2.5-Coder-1.5B", "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf"),
];

/// Measures every model that is there. `quick` asks each request once and leaves the largest model out.
pub fn report(quick: bool) -> String {
    let mut text = String::from("\nmodels\n");
    let _ = writeln!(
        text,
        "  {:<20} {:>10} {:>9} {:>9} {:>9} {:>9} {:>7} {:>8}",
        "", "first ever", "cold", "warm", "warm 90%", "memory", "forced", "drafted"
    );
    let mut missing = Vec::new();
    match Measured::of(&ModelChoice::Embedded, quick) {
        Ok(measured) => measured.line("embedded", &mut text),
        Err(why) => missing.push(format!("embedded: {why}")),
    }
    for (name, file) in FETCHED.iter().take(if quick { 1 } else { FETCHED.len() }) {
        let path = cache().join("models").join(file);
        if !path.is_file() {
            missing.push(format!("{name}: '{}' is not there (make models fetches the 0.5B)", path.display()));
            continue;
        }
        match Measured::of(&ModelChoice::File(path), quick) {
            Ok(measured) => measured.line(name, &mut text),
            Err(why) => missing.push(format!("{name}: {why}")),
        }
    }
    for line in missing {
        let _ = writeln!(text, "  not run: {line}");
    }
    text
}

/// Where fetched models lie, as the Makefile says.
fn cache() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    named("KUBECTL_COPILOT_CACHE").unwrap_or_else(|| {
        named("XDG_CACHE_HOME")
            .or_else(|| named("HOME").map(|home| home.join(".cache")))
            .unwrap_or_else(std::env::temp_dir)
            .join("kubectl-copilot")
    })
}

/// The figures of one model.
struct Measured {
    first: Duration,
    cold: Duration,
    warm: Vec<Duration>,
    memory: Option<u64>,
    forced: usize,
    sampled: usize,
    drafted: usize,
    asked: usize,
}

impl Measured {
    fn of(choice: &ModelChoice, quick: bool) -> Result<Self, String> {
        let room = tempfile::tempdir().map_err(|error| format!("no temporary folder: {error}"))?;
        let room = room.path();
        // First in process: a build without this model says so here, and the processes below need not be started.
        let mut engine = Engine::open(config(room, choice.clone())).map_err(|problem| problem.to_string())?;
        let counts = Arc::new(Counts::default());
        let options = OpenOptions {
            cache_dir: Some(room.join("warm-cache")),
            ..OpenOptions::new(env!("CARGO_BIN_EXE_kubectl-copilot").into())
        };
        let inner = model::open(choice.clone(), &options).map_err(|error| error.to_string())?;
        let counting = Counting { inner, counts: Arc::clone(&counts) };
        engine.set_backend(Box::new(counting)).map_err(|problem| problem.to_string())?;
        ask(&mut engine, REQUESTS[0])?;
        counts.forced.store(0, Ordering::Relaxed);
        counts.sampled.store(0, Ordering::Relaxed);
        let (mut warm, mut drafted) = (Vec::new(), 0);
        for _ in 0..if quick { 1 } else { 10 } {
            for request in REQUESTS {
                let start = Instant::now();
                let outcome = ask(&mut engine, request)?;
                warm.push(start.elapsed());
                drafted += usize::from(matches!(outcome, Outcome::Drafted(_)));
            }
        }
        drop(engine);
        warm.sort();

        let model = match choice {
            ModelChoice::File(path) => vec!["--model".to_owned(), path.display().to_string()],
            _ => Vec::new(),
        };
        let first = cold(room, &model)?;
        let mut times =
            (0..if quick { 1 } else { 9 }).map(|_| cold(room, &model)).collect::<Result<Vec<_>, _>>()?;
        times.sort();
        Ok(Self {
            first,
            cold: times[times.len() / 2],
            memory: memory(room, &model)?,
            forced: counts.forced.load(Ordering::Relaxed),
            sampled: counts.sampled.load(Ordering::Relaxed),
            asked: warm.len(),
            drafted,
            warm,
        })
    }

    fn line(&self, name: &str, text: &mut String) {
        let milliseconds = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
        let at =
            |share: usize| milliseconds(self.warm[(self.warm.len() * share / 100).min(self.warm.len() - 1)]);
        let share = 100 * self.forced / (self.forced + self.sampled).max(1);
        let memory = self.memory.map_or_else(|| "–".to_owned(), |bytes| format!("{} MB", bytes / 1_000_000));
        let _ = writeln!(
            text,
            "  {name:<20} {:>10} {:>9} {:>9} {:>9} {memory:>9} {:>7} {:>8}",
            milliseconds(self.first),
            milliseconds(self.cold),
            at(50),
            at(90),
            format!("{share} %"),
            format!("{}/{}", self.drafted, self.asked)
        );
    }
}

/// One request in a conversation of its own.
fn ask(engine: &mut Engine, request: &str) -> Result<Outcome, String> {
    engine.begin(None);
    engine.draft(request, &Cancel::default()).map_err(|problem| format!("{request}: {problem}"))
}

/// A process that plans one request against an empty folder.
fn cold(room: &Path, model: &[String]) -> Result<Duration, String> {
    let mut arguments = vec!["plan", "-p", REQUESTS[0], "--policies", "builtin", "--to", "manifests"];
    arguments.extend(model.iter().map(String::as_str));
    let run = process::run(room, &arguments);
    if run.status.success() {
        Ok(run.time)
    } else {
        Err(format!("`plan -p \"{}\"` ended with {}", REQUESTS[0], run.status))
    }
}

/// A process that answers all requests.
fn memory(room: &Path, model: &[String]) -> Result<Option<u64>, String> {
    let rows: String = REQUESTS
        .iter()
        .enumerate()
        .map(|(id, request)| format!("{}\n", json!({ "id": id, "request": request })))
        .collect();
    std::fs::write(room.join("tasks.jsonl"), rows)
        .map_err(|error| format!("cannot write the tasks: {error}"))?;
    let mut arguments = vec!["eval", "--tasks", "tasks.jsonl", "--policies", "builtin"];
    arguments.extend(model.iter().map(String::as_str));
    let run = process::run(room, &arguments);
    if run.status.success() { Ok(run.memory) } else { Err(format!("`eval` ended with {}", run.status)) }
}

/// The configuration of a run in a room of its own.
fn config(room: &Path, model: ModelChoice) -> Config {
    Config {
        place: Where::Folder(room.join("manifests")),
        wait: Duration::ZERO,
        namespace: None,
        owner: None,
        user: Some("alice".into()),
        policies: vec![PolicySource::Builtin],
        patterns: Vec::new(),
        schemas: Vec::new(),
        kubernetes_version: None,
        model,
        adapter: None,
        device: None,
        context_tokens: model::DEFAULT_CONTEXT,
        threads: None,
        cache_dir: room.join("warm-cache"),
        state_dir: room.join("state"),
        executable: env!("CARGO_BIN_EXE_kubectl-copilot").into(),
        editor: None,
        style: Style::NONE,
    }
}

/// Tokens of all answers.
#[derive(Default)]
struct Counts {
    forced: AtomicUsize,
    sampled: AtomicUsize,
}

/// A backend that counts what another one says.
struct Counting {
    inner: Box<dyn Backend>,
    counts: Arc<Counts>,
}

impl Backend for Counting {
    fn info(&self) -> &ModelInfo {
        self.inner.info()
    }

    fn fill(&mut self, form: &Form, cancel: &Cancel) -> Result<Answers, ModelError> {
        let answers = self.inner.fill(form, cancel)?;
        self.counts.forced.fetch_add(answers.forced, Ordering::Relaxed);
        self.counts.sampled.fetch_add(answers.sampled, Ordering::Relaxed);
        Ok(answers)
    }
}
