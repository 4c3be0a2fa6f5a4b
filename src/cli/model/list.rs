//! `model list`: what is installed, what can be pulled, and whether it fits.

use crate::catalogue::{EMBEDDED, Installed, available, folder, installed};
use crate::cli::args::{Common, ModelListArgs, PlanFormat};
use crate::cli::output;
use crate::config::Config;
use crate::model::ModelChoice;
use crate::report::{ModelList, model_list_document, model_list_text};
use crate::session::{ExitCode, Problem};

/// Runs the verb.
pub fn run(args: &ModelListArgs, common: &Common) -> Result<ExitCode, Problem> {
    let config = super::config(None, common)?;
    let installed = installed(&config.cache_dir).map_err(Problem::new)?;
    let list = ModelList {
        folder: folder(&config.cache_dir).display().to_string(),
        default: default_name(&config, &installed),
        installed,
        memory: available(),
    };
    output::print(&match args.output {
        PlanFormat::Text => model_list_text(&list, config.style),
        PlanFormat::Json => format!("{:#}\n", model_list_document(&list)),
    })?;
    Ok(ExitCode::Done)
}

/// The model that answers without `--model`, by the name that the list has for it.
fn default_name(config: &Config, installed: &[Installed]) -> String {
    match &config.model {
        ModelChoice::Embedded | ModelChoice::Scripted(_) => EMBEDDED.to_owned(),
        ModelChoice::Server(server) => server.address.to_string(),
        ModelChoice::NotInstalled { name, .. } => format!("{name} (not installed)"),
        ModelChoice::File(path) => installed
            .iter()
            .find(|model| model.path == *path)
            .map_or_else(|| path.display().to_string(), |model| model.name.clone()),
    }
}
