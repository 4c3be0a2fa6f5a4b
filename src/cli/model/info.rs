//! `model info`: what a file says of itself, and what it takes to run it.

use crate::catalogue::{Catalogue, available};
use crate::cli::args::{Common, ModelInfoArgs, PlanFormat};
use crate::cli::model::{as_file, file_of};
use crate::cli::output;
use crate::model::Cancel;
use crate::model::inspect::describe;
use crate::report::{model_info_document, model_info_text};
use crate::session::{ExitCode, Problem, model_problem};

/// Runs the verb.
pub fn run(args: &ModelInfoArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let named = args.file.as_deref().map(as_file).or_else(|| args.name.clone());
    let config = super::config(named.as_ref(), common)?;
    // Before it is loaded, which takes some of it.
    let free = available();
    let described = describe(&config.model, &super::options(&config, cancel));
    let (mut info, mut description) = described.map_err(model_problem)?;
    let file = file_of(&config.model);
    // Files seldom say their licence, and call themselves as their maker does. No two of the catalogue have one size.
    if let Some(entry) = Catalogue::builtin().of_size(description.bytes) {
        info.name = format!("{} ({})", entry.title, entry.id);
        description.licence.get_or_insert_with(|| format!("{}, by the catalogue", entry.licence.name));
    }
    output::print(&match args.output {
        PlanFormat::Text => model_info_text(&info, &description, file.as_deref(), free),
        PlanFormat::Json => format!("{:#}\n", model_info_document(&info, &description, file.as_deref())),
    })?;
    Ok(ExitCode::Done)
}
