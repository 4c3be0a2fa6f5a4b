//! A text in the person's own editor.

use std::io::Write as _;
use std::process::Command;

use crate::session::Problem;

/// Opens the editor on a text; `None` where it was left unchanged or emptied.
///
/// # Errors
/// The editor cannot be started, or ends in failure.
pub fn edit(editor: Option<&str>, text: &str) -> Result<Option<String>, Problem> {
    let editor = editor.unwrap_or("vi");
    let mut file = tempfile::Builder::new()
        .prefix("kubectl-copilot-")
        .suffix(".yaml")
        .tempfile()
        .map_err(|error| Problem::new(format!("cannot make a file for the editor: {error}")))?;
    file.write_all(text.as_bytes())
        .and_then(|()| file.flush())
        .map_err(|error| Problem::new(format!("cannot write the file for the editor: {error}")))?;
    // The editor's value is a command line of the person's own, as git and kubectl read it.
    let status = Command::new("/bin/sh")
        .arg("-c")
        .arg(format!("{editor} \"$1\""))
        .arg("editor")
        .arg(file.path())
        .status()
        .map_err(|error| {
            Problem::new(format!("cannot start the editor '{editor}': {error}"))
                .hint("set EDITOR, e.g. EDITOR=nano")
        })?;
    if !status.success() {
        return Err(Problem::new(format!("the editor '{editor}' ended with {status}; nothing was written"))
            .hint("set EDITOR, e.g. EDITOR=nano"));
    }
    let edited = crate::source::read_text(file.path()).map_err(Problem::new)?;
    Ok(Some(edited).filter(|edited| edited != text && !edited.trim().is_empty()))
}
