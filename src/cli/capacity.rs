//! `capacity`: what is free on the cluster.

use crate::capacity::CapacityReport;
use crate::cli::args::{CapacityArgs, Common, PlanFormat};
use crate::cli::{output, resolve};
use crate::cluster::{Connection, Snapshot};
use crate::report;
use crate::session::{ExitCode, Problem};

/// Runs the verb. Where nodes or pods may not be read, what is known is shown and the answer is incomplete.
pub fn run(args: &CapacityArgs, common: &Common) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let connection = Connection::open(&resolve::cluster(common, &config)?)?;
    let snapshot = Snapshot::read(&connection, connection.namespace())?;
    let capacity = CapacityReport::of(&snapshot);
    match args.output {
        PlanFormat::Json => output::print(&format!("{:#}\n", report::capacity_document(&capacity)))?,
        PlanFormat::Text => {
            output::print(&report::capacity_text(&capacity, connection.namespace(), config.style))?;
            output::tell(&report::findings_text(&capacity.findings, config.style));
        }
    }
    Ok(if capacity.incomplete { ExitCode::Incomplete } else { ExitCode::Done })
}
