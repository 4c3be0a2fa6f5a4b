//! The ten requests, put to the model of a configuration.

use std::path::PathBuf;
use std::time::Instant;

use crate::catalogue::trial::{Counted, Counter, Trial};
use crate::config::{Config, Where};
use crate::model::{self, Cancel, ModelInfo};
use crate::report::Tried;
use crate::session::{Engine, Problem, model_problem};

/// Loads the model and puts the requests to it, each a conversation of its own. The first one pays for the instructions,
/// and is put once more before anything is measured.
///
/// Neither policies nor patterns nor objects of the person: the requests were written without knowing any.
pub fn run(config: &Config, trial: &Trial, cancel: &Cancel) -> Result<(ModelInfo, Vec<Tried>), Problem> {
    let config = Config {
        place: Where::Folder(nowhere(config)),
        namespace: None,
        policies: Vec::new(),
        patterns: Vec::new(),
        schemas: Vec::new(),
        kubernetes_version: None,
        ..config.clone()
    };
    let options = model::OpenOptions {
        cache_dir: Some(config.cache_dir.join("prefixes")),
        ..super::options(&config, cancel)
    };
    let backend = model::open(config.model.clone(), &options).map_err(model_problem)?;
    let info = backend.info().clone();
    let counter = Counter::default();
    let mut engine = Engine::open(config)?;
    engine.set_backend(Box::new(Counted::new(backend, counter.clone())))?;
    if let Some(first) = trial.requests.first() {
        engine.begin(Some(Vec::new()));
        engine.draft(&first.request, cancel)?;
    }
    let mut tried = Vec::with_capacity(trial.requests.len());
    for row in &trial.requests {
        engine.begin(Some(Vec::new()));
        counter.take();
        let start = Instant::now();
        let outcome = engine.draft(&row.request, cancel)?;
        let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
        let tokens = counter.take();
        tried.push(Tried {
            request: row.request.clone(),
            wrong: row.judge(&outcome).err(),
            milliseconds,
            sampled: tokens.sampled,
            forced: tokens.forced,
        });
    }
    Ok((info, tried))
}

/// A folder that is not there: nothing is read of it, and nothing is written.
fn nowhere(config: &Config) -> PathBuf {
    config.cache_dir.join("no-such-folder")
}
