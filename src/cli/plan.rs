//! `plan -p REQUEST | -f FILE…`: checks, diff and digest; nothing is written but the plan's own file.

use crate::apply::write_plan;
use crate::check::Verdict;
use crate::cli::args::{Common, PlanArgs, PlanFormat};
use crate::cli::{draft, resolve, terminal};
use crate::draft::Outcome;
use crate::manifest::Manifest;
use crate::model::Cancel;
use crate::report;
use crate::session::{Engine, ExitCode, Problem};
use crate::source;

/// Runs the verb.
pub fn run(args: &PlanArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let style = config.style;
    let mut engine = Engine::open(config)?;
    let mut header = String::new();
    let (plan, policies) = match &args.prompt {
        Some(prompt) => match engine.draft(prompt, cancel)? {
            Outcome::Drafted(drafted) => {
                let objects = drafted.objects().cloned().collect::<Vec<_>>();
                let policies = drafted.policies;
                header = report::outcome_text(&Outcome::Drafted(drafted), engine.turns(), style);
                (engine.plan(&objects)?, policies)
            }
            other => {
                match args.output {
                    PlanFormat::Text => print!("{}", report::outcome_text(&other, engine.turns(), style)),
                    PlanFormat::Json => println!("{:#}", report::draft_document(&other)),
                }
                return Ok(draft::exit_code(&other));
            }
        },
        None => {
            let manifests = read(args)?;
            let report = engine.check(&manifests);
            if report.verdict != Verdict::Allowed {
                eprint!("{}", report::findings_text(&report.findings, style));
                let incomplete = report.verdict == Verdict::Incomplete;
                return Ok(if incomplete { ExitCode::Incomplete } else { ExitCode::No });
            }
            (engine.plan_manifests(&manifests)?, (report.policies_passed, report.policies_total))
        }
    };
    if let Some(path) = &args.out {
        write_plan(path, &plan)?;
    }
    match args.output {
        PlanFormat::Json => println!("{:#}", plan.document()),
        PlanFormat::Text => {
            print!("{header}{}", report::plan_text(&plan, engine.existing(), engine.mask(), style));
            print!("{}", report::findings_text(&plan.findings, style));
            print!("{}", terminal::checks_line(policies, style));
            println!("digest: {}", plan.digest);
            if let Some(path) = &args.out {
                println!("to write it: kubectl copilot apply --plan {}", path.display());
            }
        }
    }
    Ok(if args.exit_code && !plan.is_empty() { ExitCode::No } else { ExitCode::Done })
}

fn read(args: &PlanArgs) -> Result<Vec<Manifest>, Problem> {
    let mut manifests = Vec::new();
    for path in &args.file {
        manifests.extend(source::read_manifests(path).map_err(Problem::new)?);
    }
    if manifests.is_empty() {
        return Err(Problem::new("there is no object in what -f names"));
    }
    Ok(manifests)
}
