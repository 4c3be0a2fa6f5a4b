//! The command line.

/// Parses arguments, runs the verb and returns its exit code.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(2)
}
