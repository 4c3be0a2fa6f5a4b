//! `model use`: a model becomes the default of the configuration file, once it has shown that it works.

use std::path::Path;

use crate::catalogue::trial::Trial;
use crate::catalogue::{EMBEDDED, path_of};
use crate::cli::args::{Common, ModelUseArgs};
use crate::cli::model::{as_file, trial};
use crate::cli::{output, resolve};
use crate::config::{Config, with_model};
use crate::model::{Cancel, ModelChoice};
use crate::report::trial_text;
use crate::session::{ExitCode, Problem};
use crate::source;

/// Runs the verb. Exit code 1 where the model fails: then nothing is changed.
pub fn run(args: &ModelUseArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let named = args.file.as_deref().map(as_file).or_else(|| args.name.clone());
    let Some(named) = named else { return Err(Problem::new("no model is named")) };
    let path = resolve::config_path().ok_or_else(|| {
        Problem::new("there is no place for a configuration file: neither HOME nor XDG_CONFIG_HOME is set")
    })?;
    let config = super::config(Some(&named), common)?;
    // Before the work: what cannot be written afterwards is said at once.
    let (value, text) = edited(&config, &named, &path)?;
    let requests = Trial::builtin().map_err(Problem::new)?;
    // A model that does not load, or ends, has failed too, unless the person stopped it.
    let (info, tried) = trial::run(&config, &requests, cancel).map_err(|problem| match problem.code {
        ExitCode::Interrupted => problem,
        _ => Problem { what: format!("{}; the default stays as it was", problem.what), ..problem }
            .code(ExitCode::No),
    })?;
    let right = tried.iter().filter(|one| one.wrong.is_none()).count();
    output::print(&format!("{} on {}\n{}", info.name, info.device, trial_text(&tried, config.style)))?;
    if right < requests.least {
        return Err(Problem::new(format!(
            "{right} of {} requests came out right, and {} have to: the default stays as it was",
            tried.len(),
            requests.least
        ))
        .hint("--model uses it all the same, for one call; `kubectl copilot model list` shows what others scored")
        .code(ExitCode::No));
    }
    write(&path, &text).map_err(|problem| by_hand(problem, &value, &path))?;
    output::print(&format!(
        "{right} of {} right: {value} is the default now ({})\n",
        tried.len(),
        path.display()
    ))?;
    if resolve::env("KUBECTL_COPILOT_MODEL").is_some() {
        output::tell("KUBECTL_COPILOT_MODEL is set, and comes before the configuration file\n");
    }
    Ok(ExitCode::Done)
}

/// What is to stand behind `model:`, and the whole text with it.
fn edited(config: &Config, named: &Path, path: &Path) -> Result<(String, String), Problem> {
    let text = if path.exists() { source::read_text(path).map_err(Problem::new)? } else { String::new() };
    let value = value(config, named)?;
    let edited = with_model(&text, &value).map_err(|why| {
        by_hand(Problem::new(format!("cannot change {}: {why}", path.display())), &value, path)
    })?;
    Ok((value, edited))
}

/// An installed model by its name, so that the cache may move; a file by its full path, so that the folder may change.
fn value(config: &Config, named: &Path) -> Result<String, Problem> {
    let text = named.to_string_lossy();
    Ok(match &config.model {
        ModelChoice::Embedded => EMBEDDED.to_owned(),
        ModelChoice::Server(server) => server.address.to_string(),
        ModelChoice::File(path) if path_of(&text, &config.cache_dir).as_ref() == Some(path) => {
            text.into_owned()
        }
        ModelChoice::File(path) => {
            let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
            let path: std::path::PathBuf = path.components().collect();
            path.to_str().map(str::to_owned).ok_or_else(|| {
                Problem::new(format!("the path '{}' is not UTF-8", path.display()))
                    .hint("a configuration file is: move or rename the model")
            })?
        }
        ModelChoice::NotInstalled { name, hint } => {
            return Err(Problem::new(format!(
                "there is no model '{name}': it is neither a file nor installed"
            ))
            .hint(hint.clone()));
        }
        ModelChoice::Scripted(_) => return Err(Problem::new("no model is named")),
    })
}

fn write(path: &Path, text: &str) -> Result<(), Problem> {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Problem::new(format!("'{}' is no file", path.display())));
    };
    let mode = source::mode(path).unwrap_or(0o644);
    source::write_atomic(folder, Path::new(name), text.as_bytes(), mode).map(drop).map_err(Problem::new)
}

fn by_hand(problem: Problem, value: &str, path: &Path) -> Problem {
    let value = serde_json::to_string(value).unwrap_or_default();
    problem.hint(format!("write this line into {} by hand: model: {value}", path.display()))
}
