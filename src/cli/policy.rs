//! `policy list`.

use crate::cli::args::{Common, PolicyVerb};
use crate::cli::resolve;
use crate::session::{ExitCode, Problem, open_policies};

/// Runs the verb.
pub fn run(verb: &PolicyVerb, common: &Common) -> Result<ExitCode, Problem> {
    match verb {
        PolicyVerb::List => {
            let config = resolve::config(common)?;
            let policies = open_policies(&config)?;
            let list = policies.list();
            if list.is_empty() {
                println!("policy: none");
                println!(
                    "hint: --policies builtin, --policies DIR, or `policies:` in the configuration file"
                );
                return Ok(ExitCode::Done);
            }
            let width = list.iter().map(|policy| policy.name.len()).max().unwrap_or(0);
            for policy in &list {
                let actions = policy.actions.join(",");
                let state = if policy.in_force { actions } else { "not bound: does nothing".to_owned() };
                println!("{:width$}  {:<18}  {}", policy.name, state, policy.matches.join(" "));
                if let Some(description) = &policy.description {
                    println!("{:width$}  {description}", "");
                }
            }
            Ok(ExitCode::Done)
        }
    }
}
