//! `apply --plan FILE`: shows the plan again and asks; with `--digest D --yes` a script names what it agrees to.

use crate::apply::{ApplyError, FolderTarget, Plan, read_plan};
use crate::cli::args::{ApplyArgs, Common};
use crate::cli::terminal::{self, Terminal};
use crate::cli::{output, resolve};
use crate::diff::MaskKey;
use crate::model::Cancel;
use crate::report;
use crate::session::{ExitCode, Problem};
use crate::source;

/// Runs the verb.
pub fn run(args: &ApplyArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let plan: Plan = read_plan(&args.plan)?;
    let dir = plan.target.dir().to_owned();
    if let Some(to) = &common.to
        && !plan.target.is_folder(to)
    {
        let here = to.display().to_string();
        return Err(ApplyError::OtherTarget { plan: dir, here }.into());
    }
    let target = FolderTarget::open(std::path::Path::new(&dir))?;
    let digest = match &args.digest {
        Some(digest) => digest.clone(),
        None => {
            if !terminal::is_interactive() {
                return Err(Problem::new("without a terminal nothing is asked and nothing is written")
                    .code(ExitCode::No)
                    .hint(format!(
                        "read the plan, then: kubectl copilot apply --plan {} --digest {} --yes",
                        args.plan.display(),
                        plan.digest
                    )));
            }
            let mask = MaskKey::new(source::state_key(&config.state_dir).map_err(Problem::new)?);
            let existing: Vec<serde_json::Value> = target.objects().cloned().collect();
            output::print(&report::plan_text(&plan, &existing, &mask, config.style))?;
            output::print(&report::files_line(&plan))?;
            output::print(&report::findings_text(&plan.findings, config.style))?;
            if plan.is_empty() {
                return Ok(ExitCode::Done);
            }
            if !Terminal::new(config.style, None, dir).confirm_as_it_is(&plan) {
                return Ok(ExitCode::No);
            }
            plan.digest.clone()
        }
    };
    let confirmed = plan.confirm(&digest).map_err(ApplyError::from)?;
    let outcome = target.write(confirmed, &|| cancel.is_cancelled())?;
    output::print(&report::written_text(&outcome))?;
    Ok(ExitCode::of(&outcome))
}
