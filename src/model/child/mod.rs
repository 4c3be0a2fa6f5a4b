//! A person's GGUF runs in a child process: a damaged file may end the process inside llama.cpp, and a running
//! evaluation can only be stopped from outside. Its crash is one clear error, and the next form starts a new one.
//!
//! | file | its one job |
//! |---|---|
//! | `protocol` | what parent and child say to each other, and how it is framed |
//! | `process` | one child process: started, asked, ended; its last words |
//! | `sandbox` | what the child may still do |
//! | `inspect` | what is asked beside forms |
//! | `worker` | the child's side |
//!
//! The child is this program's own executable with the verb [`WORKER_VERB`]; it ends when its standard input closes, so
//! it does not outlive its parent.

mod inspect;
mod process;
mod protocol;
mod sandbox;
mod worker;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::constraint::{Answers, Author, Cost, Form, Prompt, Step, Taken};

use super::{Backend, Cancel, ModelError, ModelInfo, OpenOptions, PromptProfile, Writing, validate};
use process::{Failure, Process};
use protocol::{Load, Reply, Request};

pub use sandbox::Sandbox;
pub use worker::worker_main;

/// The hidden verb that makes the executable a worker; it has no arguments.
pub const WORKER_VERB: &str = "__model-worker";

/// How long a child may take to start and to close itself.
const CLOSE_LIMIT: Duration = Duration::from_secs(30);

/// A GGUF in a child process.
#[derive(Debug)]
pub struct ChildModel {
    executable: PathBuf,
    load: Load,
    info: ModelInfo,
    sandbox: Sandbox,
    written: Cost,
    /// Absent after a stop or a crash, until the next form.
    process: Option<Process>,
}

impl ChildModel {
    /// Starts a child and has it load `path`.
    ///
    /// # Errors
    /// [`ModelError::Load`] when the file cannot be loaded or the child cannot be started, [`ModelError::Died`] when
    /// loading ended the child.
    pub fn open(path: &Path, options: &OpenOptions) -> Result<Self, ModelError> {
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        let path = absolute(path);
        let load = Load {
            version: protocol::VERSION,
            path,
            adapter: options.adapter.as_deref().map(absolute),
            device: options.device.clone(),
            context: options.context,
            threads: options.threads,
            cache_dir: options.cache_dir.clone(),
        };
        let executable = options.executable.clone();
        let (process, sandbox, info) = start(&executable, &load, &Cancel::default())?;
        Ok(Self { executable, load, info, sandbox, written: Cost::default(), process: Some(process) })
    }

    /// The child's process id, while there is a child.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }
}

impl Backend for ChildModel {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn sandbox(&self) -> Option<&Sandbox> {
        Some(&self.sandbox)
    }

    fn fill(&mut self, form: &Form, cancel: &Cancel) -> Result<Answers, ModelError> {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let mut process = match self.process.take() {
            Some(process) => process,
            None => start(&self.executable, &self.load, cancel)?.0,
        };
        let prefix = protocol::prefix_hash(&form.prefix);
        let reply = process
            .know_prefix(&prefix, &form.prefix)
            .and_then(|()| {
                process.send(&Request::Fill { prefix, body: form.body.clone(), slots: form.slots.clone() })
            })
            .and_then(|()| process.receive(cancel));
        // Only a child that answered is kept; dropping any other ends it.
        let reply = reply.map_err(|failure| ended(&self.load, process.id(), failure))?;
        self.process = Some(process);
        match reply {
            Reply::Answers(answers) => {
                validate(form, &answers)?;
                Ok(answers)
            }
            Reply::Failed(problem) => Err(problem.into()),
            _ => {
                self.process = None;
                Err(astray("a form"))
            }
        }
    }

    fn written(&self) -> Cost {
        self.written
    }

    fn writing(&self) -> Writing {
        if self.info.profile == PromptProfile::FewShot { Writing::Steps } else { Writing::None }
    }

    fn write(
        &mut self,
        prompt: &Prompt,
        author: &mut dyn Author,
        cancel: &Cancel,
    ) -> Result<Cost, ModelError> {
        if cancel.is_cancelled() {
            return Err(ModelError::Cancelled);
        }
        let mut process = match self.process.take() {
            Some(process) => process,
            None => start(&self.executable, &self.load, cancel)?.0,
        };
        let prefix = protocol::prefix_hash(&prompt.prefix);
        let begin = Request::Begin { prefix: prefix.clone(), body: prompt.body.clone() };
        let begun = process
            .know_prefix(&prefix, &prompt.prefix)
            .and_then(|()| process.send(&begin))
            .and_then(|()| process.receive(cancel));
        match begun.map_err(|failure| ended(&self.load, process.id(), failure))? {
            Reply::Begun => {}
            Reply::Failed(problem) => {
                self.process = Some(process);
                return Err(problem.into());
            }
            _ => return Err(astray("a prompt")),
        }
        let mut cost = Cost::default();
        let start = Instant::now();
        loop {
            let step = match author.next() {
                Ok(Some(step)) => step,
                Ok(None) => {
                    self.process = Some(process);
                    cost.whole = start.elapsed();
                    self.written += cost;
                    return Ok(cost);
                }
                Err(reason) => {
                    self.process = Some(process);
                    return Err(ModelError::Invalid(reason));
                }
            };
            let taken = match step_of(&mut process, step, cancel) {
                Ok(Ok(taken)) => taken,
                Ok(Err(problem)) => {
                    self.process = Some(process);
                    return Err(problem);
                }
                Err(failure) => return Err(ended(&self.load, process.id(), failure)),
            };
            cost.sampled += taken.sampled;
            cost.steps += 1;
            cost.evaluated += taken.evaluated;
            if let Err(reason) = author.take(&taken) {
                self.process = Some(process);
                return Err(ModelError::Invalid(reason));
            }
        }
    }
}

/// One step of a text; the outer error is one of the process.
fn step_of(process: &mut Process, step: Step, cancel: &Cancel) -> Result<Result<Taken, ModelError>, Failure> {
    process.send(&Request::Step(step))?;
    Ok(match process.receive(cancel)? {
        Reply::Taken(taken) => Ok(taken),
        Reply::Failed(problem) => Err(problem.into()),
        _ => {
            return Err(Failure::Protocol(
                "the model's process answered a step with something else".to_owned(),
            ));
        }
    })
}

fn astray(what: &str) -> ModelError {
    ModelError::Invalid(format!("the model's process answered {what} with something else"))
}

/// A child that has closed itself and loaded.
fn start(
    executable: &Path,
    load: &Load,
    cancel: &Cancel,
) -> Result<(Process, Sandbox, ModelInfo), ModelError> {
    let failed = |reason: String| ModelError::Load { path: load.path.display().to_string(), reason };
    let other = || failed("its process answered with something else".to_owned());
    let mut process = Process::start(executable)
        .map_err(|e| failed(format!("cannot start '{}' to run it: {e}", executable.display())))?;
    let died = |process: &Process, failure| ended(load, process.id(), failure);
    let closed = process
        .send(&Request::Load(load.clone()))
        .and_then(|()| process.receive_within(cancel, Some(CLOSE_LIMIT)));
    let sandbox = match closed.map_err(|failure| died(&process, failure))? {
        Reply::Closed(sandbox) => sandbox,
        Reply::Failed(problem) => return Err(problem.into()),
        _ => return Err(other()),
    };
    tracing::debug!(process = process.id(), %sandbox, "the model's process");
    let limit = load_limit(&load.path);
    match process.receive_within(cancel, Some(limit)).map_err(|failure| died(&process, failure))? {
        Reply::Loaded(info) => Ok((process, sandbox, info)),
        Reply::Failed(problem) => Err(match ModelError::from(problem) {
            ModelError::Load { path, reason } => {
                let said = process.last_words(|line| line.contains("error") || line.contains("failed"));
                let reason = if said.is_empty() { reason } else { format!("{reason} (llama.cpp: {said})") };
                ModelError::Load { path, reason }
            }
            other => other,
        }),
        _ => Err(other()),
    }
}

/// How long loading may take: half a minute, and as long as a slow disk needs to read the file.
fn load_limit(path: &Path) -> Duration {
    const SLOWEST: u64 = 5_000_000;
    let bytes = path.metadata().map_or(0, |metadata| metadata.len());
    Duration::from_secs(30 + bytes / SLOWEST)
}

fn ended(load: &Load, process: u32, failure: Failure) -> ModelError {
    match failure {
        Failure::Cancelled => ModelError::Cancelled,
        Failure::Protocol(reason) => ModelError::Invalid(reason),
        Failure::TooSlow(limit) => ModelError::Load {
            path: load.path.display().to_string(),
            reason: format!(
                "it was not loaded after {} seconds, and its process was ended; the file may be damaged, or the disk too \
                 slow",
                limit.as_secs()
            ),
        },
        Failure::Died { status, said } => {
            tracing::debug!(process, status, "the model's process ended");
            let reason = if said.is_empty() { "it wrote nothing before".to_owned() } else { said };
            ModelError::Died { path: load.path.display().to_string(), status, reason }
        }
    }
}
