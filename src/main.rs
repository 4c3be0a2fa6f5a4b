//! The binary: hands arguments and environment to the command line and returns its exit code.

fn main() -> std::process::ExitCode {
    kubectl_copilot::cli::main()
}
