//! The models that are installed, and which of them is the default.

use super::{Check, Status};
use crate::catalogue::{EMBEDDED, folder, installed};
use crate::config::Config;
use crate::manifest::visible::visible_short;
use crate::model::ModelChoice;
use crate::source;

const NAME: &str = "models";

/// What lies in the models folder. None is no fault: there is one inside the program.
pub(super) fn check(config: &Config) -> Check {
    let models = match installed(&config.cache_dir) {
        Ok(models) => models,
        Err(error) => {
            return Check::new(NAME, Status::Warn, error.to_string())
                .hint("name another cache: KUBECTL_COPILOT_CACHE or XDG_CACHE_HOME");
        }
    };
    let place = folder(&config.cache_dir);
    let names: Vec<String> = models.iter().map(|model| visible_short(&model.name, 60)).collect();
    let here = match names.len() {
        0 => "none installed".to_owned(),
        count => format!("{count} installed in {}: {}", place.display(), names.join(", ")),
    };
    let answers = match &config.model {
        ModelChoice::Embedded | ModelChoice::Scripted(_) => EMBEDDED.to_owned(),
        ModelChoice::Server(server) => server.address.to_string(),
        ModelChoice::NotInstalled { name, .. } => visible_short(name, 60),
        ModelChoice::File(path) => models
            .iter()
            .find(|model| model.path == *path)
            .map_or_else(|| path.display().to_string(), |model| visible_short(&model.name, 60)),
    };
    let parts = source::sizes(&place).unwrap_or_default();
    let unfinished =
        parts.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "part")).count();
    let unfinished = match unfinished {
        0 => String::new(),
        count => format!("; {count} not fetched to its end (`model pull` goes on)"),
    };
    let check = Check::new(NAME, Status::Ok, format!("{here}; {answers} answers{unfinished}"));
    if models.is_empty() { check.hint("kubectl copilot model list shows what can be had") } else { check }
}
