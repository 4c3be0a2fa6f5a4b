//! Answers requests one at a time for `make bench-llm`, which puts the same ones to other programs in turn.
//!
//!     one_by_one PATH/TO/kubectl-copilot MODEL.gguf THREADS CACHE_FOLDER
//!
//! Reads a row of `tests/requests` a line from standard input. Writes a line of JSON for each: `id`, `ms` from the words to the
//! checked draft, tokens `sampled` and `forced`, and the `document` that `draft -o json` prints. The first line that it writes
//! is `{"ready": true}`: model loaded, instructions evaluated or read from the cache folder.

#![allow(missing_docs, clippy::print_stdout, reason = "a program for one script")]

use std::io::{BufRead as _, Write as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kubectl_copilot::config::{Config, Style, Where};
use kubectl_copilot::constraint::{Answers, Form};
use kubectl_copilot::model::{self, Backend, Cancel, ModelChoice, ModelError, ModelInfo, OpenOptions};
use kubectl_copilot::report::draft_document;
use kubectl_copilot::session::Engine;
use serde_json::{Value, json};

fn main() -> Result<(), String> {
    let mut arguments = std::env::args().skip(1);
    let mut next =
        |what: &str| arguments.next().ok_or_else(|| format!("{what} is missing; see the file's head"));
    let executable = PathBuf::from(next("the path of kubectl-copilot")?);
    let choice = ModelChoice::File(next("the model")?.into());
    let threads = next("the number of threads")?.parse().map_err(|error| format!("threads: {error}"))?;
    let cache = PathBuf::from(next("the cache folder")?);

    let config = Config {
        place: Where::Folder(cache.join("manifests")),
        wait: Duration::ZERO,
        namespace: None,
        owner: None,
        user: Some("alice".into()),
        // The requests were written without knowing any.
        policies: Vec::new(),
        patterns: Vec::new(),
        schemas: Vec::new(),
        kubernetes_version: None,
        model: choice.clone(),
        adapter: None,
        device: None,
        context_tokens: model::DEFAULT_CONTEXT,
        threads: Some(threads),
        cache_dir: cache.clone(),
        state_dir: cache.join("state"),
        executable: executable.clone(),
        editor: None,
        style: Style::NONE,
    };
    let mut engine = Engine::open(config).map_err(|problem| problem.to_string())?;
    let options =
        OpenOptions { cache_dir: Some(cache), threads: Some(threads), ..OpenOptions::new(executable) };
    let inner = model::open(choice, &options).map_err(|error| error.to_string())?;
    let counts = Arc::new(Counts::default());
    let counting = Counting { inner, counts: Arc::clone(&counts) };
    engine.set_backend(Box::new(counting)).map_err(|problem| problem.to_string())?;
    // It leaves a choice, so that the instructions are evaluated.
    answer(&mut engine, "a notebook called warm-up with 64Gi and two GPUs")?;
    say(&json!({ "ready": true }))?;

    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(|error| format!("standard input: {error}"))?;
        let row: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        counts.forced.store(0, Ordering::Relaxed);
        counts.sampled.store(0, Ordering::Relaxed);
        let begun = Instant::now();
        let document = answer(&mut engine, row["request"].as_str().unwrap_or_default())?;
        let ms = begun.elapsed().as_secs_f64() * 1e3;
        let (sampled, forced) =
            (counts.sampled.load(Ordering::Relaxed), counts.forced.load(Ordering::Relaxed));
        say(
            &json!({ "id": row["id"], "ms": ms, "sampled": sampled, "forced": forced, "document": document }),
        )?;
    }
    Ok(())
}

/// One request in a conversation of its own.
fn answer(engine: &mut Engine, request: &str) -> Result<Value, String> {
    engine.begin(None);
    let outcome =
        engine.draft(request, &Cancel::default()).map_err(|problem| format!("{request}: {problem}"))?;
    Ok(draft_document(&outcome))
}

fn say(line: &Value) -> Result<(), String> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(|error| format!("standard output: {error}"))
}

/// Tokens of all answers to one request.
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
