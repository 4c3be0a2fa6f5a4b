//! The command line.

use std::process::ExitCode;

/// Parses arguments, runs the verb and returns its exit code.
pub fn main() -> ExitCode {
    #[cfg(feature = "llama")]
    if std::env::args_os().nth(1).is_some_and(|verb| verb == crate::model::child::WORKER_VERB) {
        return worker();
    }
    ExitCode::from(2)
}

/// The hidden verb: this process runs a model for its parent.
#[cfg(feature = "llama")]
fn worker() -> ExitCode {
    match crate::model::child::worker_main(std::io::stdin(), std::io::stdout()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(2),
    }
}
