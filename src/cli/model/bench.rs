//! `model bench`: tokens a second, raw and in drafts.

use crate::catalogue::trial::Trial;
use crate::cli::args::{Common, ModelBenchArgs, PlanFormat};
use crate::cli::model::{as_file, trial};
use crate::cli::output;
use crate::model::inspect::measure;
use crate::model::{Cancel, ModelChoice};
use crate::report::{bench_document, bench_text};
use crate::session::{ExitCode, Problem, model_problem};

/// Runs the verb. Of a server only the drafts are measured: it does not say what it does.
pub fn run(args: &ModelBenchArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let named = args.file.as_deref().map(as_file).or_else(|| args.name.clone());
    let config = super::config(named.as_ref(), common)?;
    let requests = Trial::builtin().map_err(Problem::new)?;
    let raw = match &config.model {
        ModelChoice::Server(_) => None,
        choice => Some(measure(choice, &super::options(&config, cancel), cancel).map_err(model_problem)?),
    };
    let (info, tried) = trial::run(&config, &requests, cancel)?;
    output::print(&match args.output {
        PlanFormat::Text => bench_text(&info, raw.as_ref(), &tried, config.style),
        PlanFormat::Json => format!("{:#}\n", bench_document(&info, raw.as_ref(), &tried)),
    })?;
    Ok(ExitCode::Done)
}
