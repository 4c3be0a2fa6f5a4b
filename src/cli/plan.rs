//! `plan -p REQUEST | -f FILE…`: checks, diff and digest; nothing is written but the plan's own file.

use crate::apply::write_plan;
use crate::check::{CheckReport, Verdict};
use crate::cli::args::{Common, PlanArgs, PlanFormat};
use crate::cli::{draft, output, resolve, words};
use crate::config::Style;
use crate::draft::{Denied, Draft, Outcome};
use crate::manifest::Manifest;
use crate::model::Cancel;
use crate::report;
use crate::session::{Engine, ExitCode, PolicyCounts, Problem};
use crate::source;

/// Runs the verb.
pub fn run(args: &PlanArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let prompt = args.prompt.as_deref().map(words::said).transpose()?;
    let config = resolve::config(common)?;
    let style = config.style;
    let mut engine = Engine::open(config)?;
    let mut header = String::new();
    let (plan, (passed, about)) = match prompt {
        Some(prompt) => match engine.draft(prompt, cancel)? {
            Outcome::Drafted(drafted) => {
                let objects = drafted.objects().cloned().collect::<Vec<_>>();
                let policies = drafted.policies;
                header = report::outcome_text(&Outcome::Drafted(drafted), engine.turns(), style);
                (engine.plan(&objects)?, policies)
            }
            other => {
                output::print(&match args.output {
                    PlanFormat::Text => report::outcome_text(&other, engine.turns(), style),
                    PlanFormat::Json => format!("{:#}\n", report::draft_document(&other)),
                })?;
                return Ok(draft::exit_code(&other));
            }
        },
        None => {
            let mut manifests = read(args)?;
            engine.prepare(&mut manifests)?;
            let report = engine.check(&manifests);
            if report.verdict != Verdict::Allowed {
                return refused(&report, args, style);
            }
            (engine.plan_manifests(&manifests)?, (report.policies_passed, report.policies_total))
        }
    };
    let policies = PolicyCounts { passed, about, in_force: engine.policies().in_force() };
    if let Some(path) = &args.out {
        write_plan(path, &plan)?;
    }
    output::print(&match args.output {
        PlanFormat::Json => format!("{:#}\n", plan.document()),
        PlanFormat::Text => {
            let to_write = match &args.out {
                Some(path) => format!("to write it: kubectl copilot apply --plan {}\n", path.display()),
                None => String::new(),
            };
            format!(
                "{header}{}{}{}{}digest: {}\n{to_write}",
                report::plan_text(&plan, engine.existing(), engine.mask(), style),
                report::files_line(&plan),
                report::findings_text(&plan.findings, style),
                report::checks_line(policies, &plan, style),
                plan.digest,
            )
        }
    })?;
    if let Some(problem) = Problem::refused(&plan) {
        return Err(problem);
    }
    Ok(if args.exit_code && !plan.is_empty() { ExitCode::No } else { ExitCode::Done })
}

/// Says why manifests that were given are not planned: findings and reason on stderr, the document on stdout.
fn refused(report: &CheckReport, args: &PlanArgs, style: Style) -> Result<ExitCode, Problem> {
    let incomplete = report.verdict == Verdict::Incomplete;
    if args.output == PlanFormat::Json {
        let denied = Denied { draft: Draft::default(), findings: report.findings.clone(), incomplete };
        output::print(&format!("{:#}\n", report::draft_document(&Outcome::Denied(denied))))?;
    }
    output::tell(&report::findings_text(&report.findings, style));
    Err(if incomplete {
        Problem::new("nothing is planned: something could not be evaluated, and that is never allowed")
            .hint("name a version, schema or policy that covers it, or plan without the object")
            .code(ExitCode::Incomplete)
    } else {
        Problem::new("nothing is planned: the checks say no")
            .hint("correct what is marked 'error' and plan again")
            .code(ExitCode::No)
    })
}

fn read(args: &PlanArgs) -> Result<Vec<Manifest>, Problem> {
    let mut manifests = Vec::new();
    for path in &args.file {
        manifests.extend(source::read_manifests(path).map_err(Problem::new)?);
    }
    if manifests.is_empty() {
        return Err(Problem::new("there is no object in what -f names")
            .hint("name a file with manifests, or a folder that holds `*.yaml` or `*.json` files"));
    }
    Ok(manifests)
}
