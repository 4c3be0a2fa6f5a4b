//! What works here and what does not, each line with what to do next.
//!
//! Nothing is changed by looking: no key is drawn, no folder is made, and a cluster is asked, never told. The command line hands
//! in what it sees of the environment ([`Surroundings`]), since nobody else reads it; who can ask a cluster implements
//! [`ClusterProbe`].

mod cluster;
mod folders;
mod kubeconfig;
mod model;
mod models;
mod rules;
mod show;
mod terminal;

pub use cluster::AskCluster;
pub use kubeconfig::{ClusterProbe, Kubeconfig, NoCluster};
pub use show::{document, text};
pub use terminal::Terminal;

use std::path::PathBuf;

use crate::config::Config;
use crate::model::Cancel;
use crate::session::Problem;

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// It works.
    Ok,
    /// Something does not work, and what this program is for does.
    Warn,
    /// Something that was asked for, or that everything needs, does not work.
    Fail,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Check {
    /// Stable, kebab case.
    pub name: &'static str,
    /// How it is.
    pub status: Status,
    /// What was found, in one sentence.
    pub detail: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
}

impl Check {
    /// A check without a hint.
    pub fn new(name: &'static str, status: Status, detail: impl Into<String>) -> Self {
        Self { name, status, detail: detail.into(), hint: None }
    }

    /// The same with what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What could not be done, with its own hint, or this one where it has none.
    fn failed(name: &'static str, problem: &Problem, hint: &str) -> Self {
        Self::new(name, Status::Fail, &problem.what).hint(problem.hint.as_deref().unwrap_or(hint))
    }
}

/// What the command line sees of the environment.
#[derive(Debug, Clone)]
pub struct Surroundings {
    /// Version of this program.
    pub version: &'static str,
    /// The features that it was built with.
    pub features: Vec<&'static str>,
    /// E.g. `linux x86_64`.
    pub system: String,
    /// The terminal.
    pub terminal: Terminal,
    /// Where the configuration file is looked for; `None` where there is no home folder.
    pub config_file: Option<PathBuf>,
    /// Why the configuration file was not taken, where it was not.
    pub config_problem: Option<Problem>,
    /// Ends the wait for a model server.
    pub cancel: Cancel,
    /// The files that may hold a kubeconfig, in kubectl's order.
    pub kubeconfig: Vec<PathBuf>,
}

/// Looks at everything. The model is loaded, which can take a while.
pub fn examine(here: &Surroundings, config: &Config, cluster: &dyn ClusterProbe) -> Vec<Check> {
    let mut checks = vec![program(here)];
    checks.extend(terminal::checks(&here.terminal));
    checks.push(rules::configuration(here));
    checks.extend(folders::checks(config));
    checks.push(rules::patterns(config));
    checks.push(rules::policies(config));
    checks.push(rules::schemas(config));
    checks.push(models::check(config));
    checks.extend(model::checks(config, &here.cancel));
    checks.extend(kubeconfig::checks(&here.kubeconfig, cluster));
    checks
}

/// Whether nothing failed.
pub fn all_work(checks: &[Check]) -> bool {
    checks.iter().all(|check| check.status != Status::Fail)
}

fn program(here: &Surroundings) -> Check {
    let features = if here.features.is_empty() { "none".to_owned() } else { here.features.join(", ") };
    let detail = format!("kubectl-copilot {}, features: {features}, {}", here.version, here.system);
    Check::new("program", Status::Ok, detail)
}
