//! The main job: words in, draft, checks, plan, diff, a yes, files written.

use crate::cli::args::Common;
use crate::cli::resolve;
use crate::cli::terminal::{self, Terminal};
use crate::model::Cancel;
use crate::session::{self, Engine, ExitCode, Problem};

/// Runs one conversation.
pub fn run(request: String, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let mut face = Terminal::new(config.style, config.editor.clone(), config.target.display().to_string());
    let mut engine = Engine::open(config)?;
    Ok(session::run(&mut engine, &mut face, request, terminal::is_interactive(), cancel))
}
