//! `policy list`, `policy test`.

use crate::cli::args::{Common, PolicyTestArgs, PolicyVerb, SuiteFormat};
use crate::cli::{output, resolve};
use crate::model::Cancel;
use crate::report;
use crate::session::{ExitCode, Problem, open_policies, open_schemas};
use crate::suite::{self, Summary};

/// Runs the verb.
pub fn run(verb: &PolicyVerb, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    match verb {
        PolicyVerb::List => {
            let config = resolve::config(common)?;
            let policies = open_policies(&config)?;
            let list = policies.list();
            if list.is_empty() {
                output::print(
                    "policy: none\nhint: --policies builtin, --policies DIR, or `policies:` in the configuration file\n",
                )?;
                return Ok(ExitCode::Done);
            }
            let width = list.iter().map(|policy| policy.name.len()).max().unwrap_or(0);
            let mut text = String::new();
            for policy in &list {
                let actions = policy.actions.join(",");
                let state = if policy.in_force { actions } else { "not bound: does nothing".to_owned() };
                text.push_str(&format!(
                    "{:width$}  {:<22}  {}\n",
                    policy.name,
                    state,
                    policy.matches.join(" ")
                ));
                if let Some(description) = &policy.description {
                    text.push_str(&format!("{:width$}  {description}\n", ""));
                }
                if let Some(what) = &policy.unsupported {
                    text.push_str(&format!(
                        "{:width$}  cannot be evaluated here ({what}): what it is about is never allowed\n",
                        ""
                    ));
                }
            }
            output::print(&text)?;
            Ok(ExitCode::Done)
        }
        PolicyVerb::Test(args) => test(args, common, cancel),
    }
}

/// `policy test`: 1 where a case failed, 3 where one could not be evaluated and none failed.
fn test(args: &PolicyTestArgs, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let schemas = open_schemas(&config)?;
    let rows = suite::run(&args.file, &schemas, &|| cancel.is_cancelled())
        .map_err(|error| Problem::new(error.message).hint(error.hint))?;
    if cancel.is_cancelled() {
        return Ok(ExitCode::Interrupted);
    }
    output::print(&match args.output {
        SuiteFormat::Text => report::suite_text(&rows, config.style),
        SuiteFormat::Json => format!("{:#}\n", report::suite_document(&rows)),
        SuiteFormat::Junit => report::suite_junit(&rows).map_err(Problem::new)?,
    })?;
    let Summary { fail, error, .. } = Summary::of(&rows);
    Ok(match (fail, error) {
        (0, 0) => ExitCode::Done,
        (0, _) => ExitCode::Incomplete,
        _ => ExitCode::No,
    })
}
