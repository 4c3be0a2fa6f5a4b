//! `doctor`: what works here and what does not. Goes on where the other verbs stop, e.g. at a broken configuration.

use std::io::IsTerminal as _;

use crate::cli::args::{Common, DoctorArgs, DoctorFormat};
use crate::cli::{output, resolve};
use crate::doctor::{self, AskCluster, NoCluster, Surroundings, Terminal};
use crate::model::Cancel;
use crate::session::{ExitCode, Problem};

/// Runs the verb.
pub fn run(args: &DoctorArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let (file, config_problem) = match resolve::config_file() {
        Ok(file) => (file, None),
        Err(problem) => (Default::default(), Some(problem)),
    };
    let config = resolve::config_with(common, file)?;
    let here = Surroundings {
        version: env!("CARGO_PKG_VERSION"),
        features: features(),
        system: format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
        terminal: terminal(config.style.colour),
        config_file: resolve::config_path(),
        config_problem,
        cancel: cancel.clone(),
        kubeconfig: resolve::kubeconfig_files(),
    };
    let checks = match resolve::probe(common, &config) {
        Some(options) => doctor::examine(&here, &config, &AskCluster(options)),
        None => doctor::examine(&here, &config, &NoCluster),
    };
    if cancel.is_cancelled() {
        return Ok(ExitCode::Interrupted);
    }
    output::print(&match args.output {
        DoctorFormat::Text => doctor::text(&checks, config.style),
        DoctorFormat::Json => format!("{:#}\n", doctor::document(&checks)),
    })?;
    Ok(if doctor::all_work(&checks) { ExitCode::Done } else { ExitCode::No })
}

fn features() -> Vec<&'static str> {
    let all = [
        ("llama", cfg!(feature = "llama")),
        ("cuda", cfg!(feature = "cuda")),
        ("vulkan", cfg!(feature = "vulkan")),
        ("metal", cfg!(feature = "metal")),
    ];
    all.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect()
}

fn terminal(colour: bool) -> Terminal {
    let stdout = std::io::stdout().is_terminal();
    let width = terminal_size::terminal_size().filter(|_| stdout).map(|(width, _)| usize::from(width.0));
    Terminal {
        stdin: std::io::stdin().is_terminal(),
        stdout,
        width,
        term: resolve::env("TERM"),
        colour,
        no_color: std::env::var_os("NO_COLOR").is_some(),
        locale: ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(resolve::env),
    }
}
