//! `apply --plan FILE`: shows the plan again and asks; with `--digest D --yes` a script names what it agrees to.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::apply::{Action, ApplyError, ClusterTarget, FolderTarget, Plan, TargetId, read_plan};
use crate::cli::args::{ApplyArgs, Common};
use crate::cli::terminal::{self, Terminal};
use crate::cli::{output, resolve};
use crate::cluster::Connection;
use crate::config::Config;
use crate::diff::MaskKey;
use crate::manifest::ObjectKey;
use crate::model::Cancel;
use crate::report;
use crate::session::{ExitCode, Face as _, Problem, Target};
use crate::source;

/// Runs the verb.
pub fn run(args: &ApplyArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let mut plan: Plan = read_plan(&args.plan)?;
    let mask = MaskKey::new(source::state_key(&config.state_dir).map_err(Problem::new)?);
    let mut target = open(&plan, common, &config, &mask).map_err(Problem::unwritten)?;
    let mut face = Terminal::new(config.style, None, target.name());
    if let Some(problem) = Problem::refused(&plan) {
        return Err(problem);
    }
    let digest = match &args.digest {
        Some(digest) => digest.clone(),
        None => {
            if !terminal::is_interactive() {
                return Err(unattended(args, &plan));
            }
            if let Some(cluster) = target.cluster() {
                cluster.look_again(&mut plan)?;
            }
            let existing: Vec<Value> = target.existing();
            output::print(&report::plan_text(&plan, &existing, &mask, config.style))?;
            output::print(&report::files_line(&plan))?;
            output::print(&report::findings_text(&plan.findings, config.style))?;
            if plan.is_empty() {
                return Ok(ExitCode::Done);
            }
            if !face.confirm_as_it_is(&plan) {
                return Ok(ExitCode::No);
            }
            plan.digest.clone()
        }
    };
    let touched: Vec<ObjectKey> = plan
        .changes
        .iter()
        .filter(|change| change.action != Action::None)
        .map(|change| change.object.clone())
        .collect();
    let confirmed = plan.confirm(&digest).map_err(ApplyError::from)?;
    let stop = || cancel.is_cancelled();
    let outcome = target.write(confirmed, &stop).map_err(|error| Problem::from(error).unwritten())?;
    face.written(&outcome);
    let code = ExitCode::of(&outcome);
    if code != ExitCode::Done {
        return Ok(code);
    }
    let followed =
        target.follow(&touched, config.wait, &stop, &mut |object, line| face.progress(object, line));
    let Some(followed) = followed else { return Ok(code) };
    face.followed(&followed);
    Ok(match (cancel.is_cancelled(), followed.is_ready()) {
        (true, _) => ExitCode::Interrupted,
        (false, true) => ExitCode::Done,
        (false, false) => ExitCode::NotReady,
    })
}

/// The target that the plan is for. A flag that names another one is an error, and nothing is written.
fn open(plan: &Plan, common: &Common, config: &Config, mask: &MaskKey) -> Result<Target, Problem> {
    match &plan.target {
        TargetId::Folder { dir } => {
            let here =
                common.to.as_ref().filter(|to| !plan.target.is_folder(to)).map(|to| to.display().to_string());
            let here = here.or_else(|| common.context.as_ref().map(|context| format!("context {context}")));
            if let Some(here) = here {
                return Err(ApplyError::OtherTarget { plan: dir.clone(), here }.into());
            }
            Ok(Target::Folder(Box::new(FolderTarget::open(Path::new(dir))?), PathBuf::from(dir)))
        }
        TargetId::Cluster(id) => {
            if let Some(to) = &common.to {
                let here = to.display().to_string();
                return Err(ApplyError::OtherTarget { plan: plan.target.to_string(), here }.into());
            }
            let mut options = resolve::cluster(common, config)?;
            // The plan says where it goes, unless a flag says it too: then both have to agree.
            if options.context.is_none() && !id.context.is_empty() && id.context != "in-cluster" {
                options.context = Some(id.context.clone());
            }
            if options.namespace.is_none() {
                options.namespace = Some(id.namespace.clone());
            }
            let cluster = ClusterTarget::new(Connection::open(&options)?, mask.clone())?;
            cluster.accepts(plan)?;
            Ok(Target::Cluster(Box::new(cluster)))
        }
    }
}

fn unattended(args: &ApplyArgs, plan: &Plan) -> Problem {
    Problem::new("without a terminal nothing is asked and nothing is written").code(ExitCode::No).hint(
        format!(
            "read the plan, then: kubectl copilot apply --plan {} --digest {} --yes",
            args.plan.display(),
            plan.digest
        ),
    )
}
