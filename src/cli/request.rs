//! The main job: words in, draft, checks, plan, diff, a yes, files written.

use crate::cli::args::Common;
use crate::cli::resolve;
use crate::cli::terminal::{self, Terminal};
use crate::model::Cancel;
use crate::session::{self, Engine, ExitCode, Problem};

/// Runs one conversation.
pub fn run(request: String, common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let (style, editor) = (config.style, config.editor.clone());
    let mut engine = Engine::open(config)?;
    let mut face = Terminal::new(style, editor, engine.target_name());
    Ok(session::run(&mut engine, &mut face, request, terminal::is_interactive(), cancel))
}
