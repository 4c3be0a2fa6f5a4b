//! The model that answers: loaded, as the first request would load it.

use std::time::Instant;

use super::{Check, Status};
use crate::config::Config;
use crate::model::{self, Cancel, ModelChoice, ModelError, ModelInfo, OpenOptions};
use crate::session::{model_problem, server_finding};

const NAME: &str = "model";
const REST: &str = "review, plan -f and apply need no model";

/// The model itself, and how requests travel to it where it is a server.
pub(super) fn checks(config: &Config, cancel: &Cancel) -> Vec<Check> {
    let mut checks = Vec::new();
    check(config, cancel, &mut checks);
    checks.extend(devices());
    checks.extend(transport(config));
    checks
}

/// What everybody between here and the server can read is a warning, whether or not the server answers.
fn transport(config: &Config) -> Option<Check> {
    let finding = server_finding(&config.model)?;
    Some(
        Check::new("model-transport", Status::Warn, format!("{}: {}", finding.object.name, finding.message))
            .hint(finding.hint.unwrap_or_default()),
    )
}

/// Loads the model and lets go of it. A file is loaded in a child process, so that a damaged one ends only that.
fn check(config: &Config, cancel: &Cancel, checks: &mut Vec<Check>) {
    let options = OpenOptions {
        adapter: config.adapter.clone(),
        device: config.device.clone(),
        context: config.context_tokens,
        threads: config.threads,
        cancel: cancel.clone(),
        ..OpenOptions::new(config.executable.clone())
    };
    let named = match &config.model {
        ModelChoice::File(path) => Some(path.display().to_string()),
        ModelChoice::Server(server) => Some(server.address.to_string()),
        ModelChoice::NotInstalled { name, .. } => Some(name.clone()),
        ModelChoice::Embedded | ModelChoice::Scripted(_) => None,
    };
    // A server stands in its model's description, with what it does with a schema.
    let is_server = matches!(config.model, ModelChoice::Server(_));
    let start = Instant::now();
    let mut closed = None;
    checks.push(match model::open(config.model.clone(), &options) {
        Ok(backend) => {
            closed = sandbox(backend.as_ref());
            let from = match named {
                _ if is_server => String::new(),
                Some(file) => format!(" ({file})"),
                None => ", embedded".to_owned(),
            };
            let (took, done) = (start.elapsed().as_millis(), if is_server { "answers" } else { "loaded" });
            Check::new(NAME, Status::Ok, format!("{}, {done} in {took} ms", known(backend.info(), &from)))
        }
        // A build without llama.cpp was asked for by whoever built it; one without weights was not.
        Err(error @ ModelError::Unsupported(_)) if named.is_none() && !cfg!(feature = "llama") => {
            Check::new(NAME, Status::Warn, error.to_string())
                .hint(format!("to draft, name a model server (--model URL), or use another build; {REST}"))
        }
        Err(error) => {
            let hint = format!(
                "name a GGUF file or a model server: --model FILE|URL, KUBECTL_COPILOT_MODEL, or `model:` in the \
                 configuration file; {REST}"
            );
            Check::failed(NAME, &model_problem(error), &hint)
        }
    });
    checks.extend(closed);
}

/// The GPUs, in a build that can use some.
fn devices() -> Option<Check> {
    let has_gpu = cfg!(any(feature = "cuda", feature = "vulkan", feature = "metal"));
    has_gpu.then(|| match model::devices().as_slice() {
        [] => {
            Check::new("model-devices", Status::Warn, "this build finds no GPU here; models run on the CPU")
                .hint("is the driver installed, and may you use its device (groups video, render)?")
        }
        devices => Check::new("model-devices", Status::Ok, format!("cpu; {}", devices.join("; "))),
    })
}

/// What the process that runs the model cannot do.
#[cfg(feature = "llama")]
fn sandbox(backend: &dyn model::Backend) -> Option<Check> {
    let sandbox = backend.sandbox()?;
    let status = if sandbox.open.is_empty() { Status::Ok } else { Status::Warn };
    let check = Check::new("model-sandbox", status, sandbox.to_string());
    let hint = "take models from people whom you trust; a newer Linux closes more";
    Some(if sandbox.open.is_empty() { check } else { check.hint(hint) })
}

#[cfg(not(feature = "llama"))]
fn sandbox(_: &dyn model::Backend) -> Option<Check> {
    None
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
