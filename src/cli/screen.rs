//! No words on a terminal: the full screen.

use crate::cli::args::Common;
use crate::cli::{editor, output, resolve, terminal};
use crate::model::Cancel;
use crate::session::{ExitCode, Problem};
use crate::tui;

/// Whether there is a terminal that can show one.
pub fn is_possible() -> bool {
    terminal::is_interactive() && resolve::has_screen()
}

/// Shows the screen until it is left; what was written is said once more behind it.
pub fn run(common: &Common, cancel: &Cancel) -> Result<ExitCode, Problem> {
    let config = resolve::config(common)?;
    let own = config.editor.clone();
    let left = tui::run(config, &|text| editor::edit(own.as_deref(), text), cancel)?;
    output::print(&left.wrote)?;
    Ok(left.code)
}
