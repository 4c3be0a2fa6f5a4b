//! The model that answers: loaded, as the first request would load it.

use std::time::Instant;

use super::{Check, Status};
use crate::config::Config;
use crate::model::{self, ModelChoice, ModelError, ModelInfo, OpenOptions};
use crate::session::model_problem;

const NAME: &str = "model";
const REST: &str = "review, plan -f and apply need no model";

/// Loads the model and lets go of it. A file is loaded in a child process, so that a damaged one ends only that.
pub(super) fn check(config: &Config) -> Check {
    let options = OpenOptions { threads: config.threads, ..OpenOptions::new(config.executable.clone()) };
    let named = match &config.model {
        ModelChoice::File(path) => Some(path.display().to_string()),
        ModelChoice::Embedded | ModelChoice::Scripted(_) => None,
    };
    let start = Instant::now();
    match model::open(config.model.clone(), &options) {
        Ok(backend) => {
            let from = named.map(|file| format!(" ({file})")).unwrap_or_else(|| ", embedded".to_owned());
            let took = start.elapsed().as_millis();
            Check::new(NAME, Status::Ok, format!("{}, loaded in {took} ms", known(backend.info(), &from)))
        }
        // A build without llama.cpp was asked for by whoever built it; one without weights was not.
        Err(error @ ModelError::Unsupported(_)) if named.is_none() && !cfg!(feature = "llama") => {
            Check::new(NAME, Status::Warn, error.to_string())
                .hint(format!("to draft, use another build; {REST}"))
        }
        Err(error) => {
            let hint = format!(
                "name a GGUF file: --model FILE, KUBECTL_COPILOT_MODEL, or `model:` in the configuration file; {REST}"
            );
            Check::failed(NAME, &model_problem(error), &hint)
        }
    }
}

/// `Qwen2.5 (qwen.gguf), CPU (2 threads), 494M parameters, context 4096`.
fn known(info: &ModelInfo, from: &str) -> String {
    let mut text = format!("{}{from}, {}", info.name, info.device);
    if info.parameters > 0 {
        text.push_str(&format!(", {} parameters", short(info.parameters)));
    }
    if info.context > 0 {
        text.push_str(&format!(", context {}", info.context));
    }
    text
}

/// `494M`, `7.6B`.
fn short(count: u64) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..1_000_000 => format!("{}K", count / 1_000),
        1_000_000..1_000_000_000 => format!("{}M", count / 1_000_000),
        _ => format!("{}.{}B", count / 1_000_000_000, count / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_short() {
        let shorts = [999, 26_000, 494_032_768, 7_615_616_512].map(short);
        assert_eq!(shorts, ["999", "26K", "494M", "7.6B"]);
    }
}
