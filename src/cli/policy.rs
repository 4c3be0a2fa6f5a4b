//! `policy list`.

use crate::cli::args::{Common, PolicyVerb};
use crate::cli::{output, resolve};
use crate::session::{ExitCode, Problem, open_policies};

/// Runs the verb.
pub fn run(verb: &PolicyVerb, common: &Common) -> Result<ExitCode, Problem> {
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
    }
}
