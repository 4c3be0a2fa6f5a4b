//! Quoted texts that go on in the next line without being indented: `sigs.k8s.io/yaml` reads them, YAML 1.2 does not allow them.

use super::{Fault, Location};

/// What the parser says of such a text, at its quote.
const SAID: &str = "invalid indentation in quoted scalar";
/// Spaces in front of each line that goes on; how many there are says nothing.
const SPACES: &str = "                                                                ";

/// The text with the lines indented in which the quoted one at a fault goes on; `None` where the fault is another one.
pub(super) fn indented(text: &str, fault: &Fault) -> Option<String> {
    if !fault.message.contains(SAID) {
        return None;
    }
    let start = offset(text, fault.at)?;
    let end = start + closing(text.get(start..)?)?;
    let inside = text.get(start..end)?.replace('\n', &format!("\n{SPACES}"));
    Some(format!("{}{inside}{}", text.get(..start)?, text.get(end..)?))
}

fn offset(text: &str, at: Location) -> Option<usize> {
    let line = text.split_inclusive('\n').take(at.line - 1).map(str::len).sum::<usize>();
    let (column, _) = text.get(line..)?.char_indices().nth(at.column - 1)?;
    Some(line + column)
}

/// Where a quoted text ends, behind its quote.
fn closing(text: &str) -> Option<usize> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, char)) = chars.next() {
        if char == '\\' && quote == '"' {
            chars.next();
        } else if char == quote {
            // Two are one inside.
            if quote == '\'' && chars.next_if(|(_, next)| *next == quote).is_some() {
                continue;
            }
            return Some(at + 1);
        }
    }
    None
}
