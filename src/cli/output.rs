//! The one place that writes to stdout: a reader that has gone is no error, a full disk is one.

use std::io::{ErrorKind, Write as _};

use crate::session::Problem;

/// Writes a text to stdout, at once. Where nobody reads any more (`… | head -1`) the rest is dropped.
///
/// # Errors
/// What the system says, e.g. a full disk behind a redirection.
pub fn print(text: &str) -> Result<(), Problem> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Problem::new(format!("cannot write to stdout: {error}"))
                .hint("check what stdout is redirected to; then run it again"))
        }
        _ => Ok(()),
    }
}

/// Writes a text to stderr. Where that fails there is nobody to tell.
pub fn tell(text: &str) {
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}
