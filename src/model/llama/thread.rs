//! A backend that runs llama.cpp on a thread of its own: a context borrows its model, and both live on that thread.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use crate::constraint::{Answers, Form};
use crate::model::{Backend, Cancel, ModelError, ModelInfo, validate};

use super::{Engine, EngineOptions, Weights};

/// One form to be filled.
struct Job {
    form: Form,
    cancel: Cancel,
    reply: Sender<Result<Answers, ModelError>>,
}

/// A model that runs in this process.
pub(crate) struct InProcess {
    info: ModelInfo,
    jobs: Option<Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl InProcess {
    /// Starts the thread, loads with `load` there, and waits until that is done.
    ///
    /// # Errors
    /// What `load` and [`Engine::new`] say; [`ModelError::Load`] when there is no thread to be had.
    pub fn start(
        label: &str,
        load: impl FnOnce() -> Result<Weights, ModelError> + Send + 'static,
        options: EngineOptions,
    ) -> Result<Self, ModelError> {
        let failed = |reason: &str| ModelError::Load { path: label.to_owned(), reason: reason.to_owned() };
        let (jobs, inbox) = channel();
        let (loaded, answer) = channel();
        let thread = std::thread::Builder::new()
            .name("model".to_owned())
            .spawn(move || run(load, options, &loaded, &inbox))
            .map_err(|e| failed(&format!("cannot start a thread for it: {e}")))?;
        let info = answer.recv().map_err(|_| failed("its thread ended while loading"))??;
        Ok(Self { info, jobs: Some(jobs), thread: Some(thread) })
    }

    fn died(&self) -> ModelError {
        ModelError::Died {
            path: self.info.name.clone(),
            status: "its thread ended".to_owned(),
            reason: "this is a fault of the program; please report it".to_owned(),
        }
    }
}

fn run(
    load: impl FnOnce() -> Result<Weights, ModelError>,
    options: EngineOptions,
    loaded: &Sender<Result<ModelInfo, ModelError>>,
    jobs: &Receiver<Job>,
) {
    let weights = match load() {
        Ok(weights) => weights,
        Err(error) => {
            let _ = loaded.send(Err(error));
            return;
        }
    };
    let mut engine = match Engine::new(&weights, options) {
        Ok(engine) => engine,
        Err(error) => {
            let _ = loaded.send(Err(error));
            return;
        }
    };
    // Whoever waited may be gone; then the job channel is closed too and the loop does not run.
    let _ = loaded.send(Ok(engine.info().clone()));
    while let Ok(job) = jobs.recv() {
        let _ = job.reply.send(engine.fill(&job.form, &job.cancel));
    }
}

impl Backend for InProcess {
    fn info(&self) -> &ModelInfo {
        &self.info
    }

    fn fill(&mut self, form: &Form, cancel: &Cancel) -> Result<Answers, ModelError> {
        let (reply, answer) = channel();
        let job = Job { form: form.clone(), cancel: cancel.clone(), reply };
        self.jobs.as_ref().ok_or_else(|| self.died())?.send(job).map_err(|_| self.died())?;
        let answers = answer.recv().map_err(|_| self.died())??;
        validate(form, &answers)?;
        Ok(answers)
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
