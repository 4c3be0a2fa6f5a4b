//! `draft -p REQUEST`: only the manifests on stdout; everything for people goes to stderr.

use crate::cli::args::{Common, DraftArgs, DraftFormat};
use crate::cli::{output, resolve, words};
use crate::draft::Outcome;
use crate::manifest::to_yaml_documents;
use crate::model::Cancel;
use crate::report;
use crate::session::{Engine, ExitCode, Problem};

/// Runs the verb.
pub fn run(args: &DraftArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let prompt = words::said(&args.prompt)?;
    let config = resolve::config(common)?;
    let style = config.style;
    let mut engine = Engine::open(config)?;
    for earlier in &args.earlier {
        engine.draft(earlier, cancel)?;
    }
    let outcome = engine.draft(prompt, cancel)?;
    let for_people = report::outcome_text(&outcome, engine.turns(), style);
    match args.output {
        DraftFormat::Json => {
            let document = report::draft_document(&outcome);
            output::print(&format!("{document:#}\n"))?;
        }
        DraftFormat::Yaml => {
            output::tell(&for_people);
            if let Outcome::Drafted(draft) = &outcome {
                let objects: Vec<serde_json::Value> = draft.objects().cloned().collect();
                output::print(&to_yaml_documents(&objects))?;
            }
        }
    }
    Ok(exit_code(&outcome))
}

/// The documented exit code of an outcome.
pub fn exit_code(outcome: &Outcome) -> ExitCode {
    match outcome {
        Outcome::Drafted(_) => ExitCode::Done,
        Outcome::Denied(denied) if denied.incomplete => ExitCode::Incomplete,
        Outcome::Asked(_) | Outcome::Denied(_) | Outcome::Declined(_) | Outcome::Routed(_) => ExitCode::No,
    }
}
