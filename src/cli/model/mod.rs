//! `model list|pull|use|info|bench`.

mod bench;
mod default;
mod info;
mod list;
mod progress;
mod pull;
mod trial;

use std::path::{Path, PathBuf};

use crate::cli::args::{Common, ModelVerb};
use crate::cli::resolve;
use crate::config::{Config, ConfigFile};
use crate::model::{Cancel, ModelChoice, OpenOptions};
use crate::session::{ExitCode, Problem};

/// Runs the verb.
pub fn run(verb: &ModelVerb, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    match verb {
        ModelVerb::List(args) => list::run(args, common),
        ModelVerb::Pull(args) => pull::run(args, common, cancel),
        ModelVerb::Use(args) => default::run(args, common, cancel),
        ModelVerb::Info(args) => info::run(args, common, cancel),
        ModelVerb::Bench(args) => bench::run(args, common, cancel),
    }
}

/// The configuration of a run in which a model is named by a verb's own argument, in place of `--model`.
fn config(named: Option<&PathBuf>, common: &Common) -> Result<Config, Problem> {
    let mut common = common.clone();
    if let Some(named) = named {
        common.model = Some(named.clone());
    }
    let file = resolve::config_file()?;
    config_in_a_folder(&common, file)
}

/// No cluster is asked for anything of this, and no folder of manifests is read.
fn config_in_a_folder(common: &Common, file: ConfigFile) -> Result<Config, Problem> {
    let common = Common { to: Some(PathBuf::from("manifests")), ..common.clone() };
    resolve::config_with(&common, file)
}

/// A file that was named as one is one, whatever is installed under that name.
fn as_file(path: &Path) -> PathBuf {
    if path.components().count() == 1 { Path::new(".").join(path) } else { path.to_owned() }
}

fn options(config: &Config, cancel: &Cancel) -> OpenOptions {
    OpenOptions {
        adapter: config.adapter.clone(),
        device: config.device.clone(),
        context: config.context_tokens,
        threads: config.threads,
        cancel: cancel.clone(),
        ..OpenOptions::new(config.executable.clone())
    }
}

/// The file that a choice stands for, as it is shown.
fn file_of(choice: &ModelChoice) -> Option<String> {
    match choice {
        ModelChoice::File(path) => Some(path.display().to_string()),
        _ => None,
    }
}
