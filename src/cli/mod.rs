//! The command line: one file per verb, one place that prints errors and chooses exit codes.

mod apply;
mod args;
mod capacity;
mod doctor;
mod draft;
mod editor;
mod eval;
mod model;
mod output;
mod pattern;
mod plan;
mod policy;
mod request;
mod resolve;
mod review;
mod screen;
mod terminal;
mod words;

use std::io::IsTerminal as _;

use clap::{CommandFactory as _, Parser as _};

use crate::cli::args::{Cli, Verb};
use crate::config::Style;
use crate::model::Cancel;
use crate::session::{ExitCode, Problem};

/// Parses arguments, runs the verb and returns its exit code.
pub fn main() -> std::process::ExitCode {
    let parsed = Cli::try_parse();
    if let Some(problem) = mistyped(&parsed) {
        terminal::print_problem(&problem, Style { colour: false, plain: true });
        return std::process::ExitCode::from(problem.code as u8);
    }
    let cli = match parsed {
        Ok(cli) => cli,
        Err(error) => {
            // clap prints help and version to stdout with code 0, and usage errors to stderr.
            let code = if error.use_stderr() { ExitCode::CouldNot } else { ExitCode::Done };
            let _ = error.print();
            return std::process::ExitCode::from(code as u8);
        }
    };
    if matches!(cli.verb, Some(Verb::ModelWorker)) {
        return worker();
    }
    let full_screen =
        cli.verb.is_none() && cli.words.is_empty() && cli.prompt.is_none() && screen::is_possible();
    start_log(full_screen);
    let style = resolve::style(&cli.common);
    let cancel = Cancel::default();
    listen_for_interrupts(&cancel);
    let result = if full_screen { screen::run(&cli.common, &cancel) } else { dispatch(cli, &cancel) };
    let code = match result {
        Ok(code) => code,
        Err(problem) => {
            terminal::print_problem(&problem, style);
            problem.code
        }
    };
    std::process::ExitCode::from(code as u8)
}

/// A mistyped verb before flags: it would become a request, or clap would blame the flags behind it.
fn mistyped(parsed: &Result<Cli, clap::Error>) -> Option<Problem> {
    match parsed {
        Ok(cli) if cli.verb.is_some() => return None,
        Err(error) if !error.use_stderr() => return None,
        _ => {}
    }
    let arguments: Vec<String> =
        std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned()).collect();
    let first = arguments.first()?;
    let known = Cli::command().get_subcommands().any(|verb| verb.get_name() == first);
    if known { None } else { words::mistyped_verb(&arguments) }
}

fn dispatch(cli: Cli, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let Cli { verb, words, prompt, common } = cli;
    if verb.is_some() && (prompt.is_some() || !words.is_empty()) {
        let before = prompt.unwrap_or_else(|| words.join(" "));
        return Err(Problem::new(format!("there is a request ('{before}') before the verb")).hint(
            "put the verb first: kubectl copilot draft -p \"…\"; flags may stand on either side of it",
        ));
    }
    match verb {
        Some(Verb::Draft(args)) => draft::run(&args, &common, cancel),
        Some(Verb::Plan(args)) => plan::run(&args, &common, cancel),
        Some(Verb::Apply(args)) => apply::run(&args, &common, cancel),
        Some(Verb::Review(args)) => review::run(&args, &common, cancel),
        Some(Verb::Doctor(args)) => doctor::run(&args, &common, cancel),
        Some(Verb::Capacity(args)) => capacity::run(&args, &common),
        Some(Verb::Pattern(verb)) => pattern::run(&verb, &common),
        Some(Verb::Policy(verb)) => policy::run(&verb, &common, cancel),
        Some(Verb::Model(verb)) => model::run(&verb, &common, cancel),
        Some(Verb::Eval(args)) => eval::run(&args, &common, cancel),
        Some(Verb::ModelWorker) => Ok(ExitCode::Done),
        None => {
            let request = match prompt {
                Some(prompt) => words::said(&prompt)?.to_owned(),
                None => words::request(&words)?,
            };
            request::run(request, &common, cancel)
        }
    }
}

/// The first Ctrl-C asks whatever runs to stop at the next safe point; the second ends the program where it stands,
/// unless files are being written (a rename is atomic, so nothing is left in doubt).
fn listen_for_interrupts(cancel: &Cancel) {
    let cancel = cancel.clone();
    let handler = move || {
        if cancel.is_cancelled() {
            crate::tui::restore();
            #[allow(
                clippy::exit,
                reason = "the person insists; nothing is left in doubt since each write is atomic"
            )]
            std::process::exit(ExitCode::Interrupted as i32);
        }
        cancel.cancel();
        if !terminal::is_busy() {
            #[allow(clippy::exit, reason = "a prompt waits for a line that will not come")]
            std::process::exit(ExitCode::Interrupted as i32);
        }
    };
    if let Err(error) = ctrlc::set_handler(handler) {
        tracing::warn!(%error, "Ctrl-C ends the program without clearing up");
    }
}

/// A log for finding faults, off unless asked for; never with bodies or secret values. A full screen is not written over.
fn start_log(full_screen: bool) {
    if full_screen && std::io::stderr().is_terminal() {
        return;
    }
    if let Some(filter) = resolve::log_filter() {
        let filter = tracing_subscriber::EnvFilter::new(filter);
        let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
    }
}

#[cfg(feature = "llama")]
fn worker() -> std::process::ExitCode {
    match crate::model::child::worker_main(std::io::stdin(), std::io::stdout()) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(_) => std::process::ExitCode::from(ExitCode::CouldNot as u8),
    }
}

#[cfg(not(feature = "llama"))]
fn worker() -> std::process::ExitCode {
    std::process::ExitCode::from(ExitCode::CouldNot as u8)
}
