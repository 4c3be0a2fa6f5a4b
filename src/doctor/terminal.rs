//! Whether a person can be asked here, and what the terminal can show.

use super::{Check, Status};

/// The terminal as the command line sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terminal {
    /// Stdin is a terminal.
    pub stdin: bool,
    /// Stdout is a terminal.
    pub stdout: bool,
    /// Columns, where known.
    pub width: Option<usize>,
    /// `TERM`.
    pub term: Option<String>,
    /// Colour is written.
    pub colour: bool,
    /// `NO_COLOR` is set.
    pub no_color: bool,
    /// The locale, from `LC_ALL`, `LC_CTYPE` or `LANG`, the first that is set.
    pub locale: Option<String>,
}

/// Fewer columns break the lines of a diff.
const NARROW: usize = 60;

/// Terminal, colour and locale.
pub(super) fn checks(terminal: &Terminal) -> [Check; 3] {
    [asks(terminal), colour(terminal), locale(terminal)]
}

fn asks(terminal: &Terminal) -> Check {
    const NAME: &str = "terminal";
    let width = terminal.width.map(|width| format!(", {width} columns")).unwrap_or_default();
    let missing = match (terminal.stdin, terminal.stdout) {
        (true, true) => {
            let narrow = terminal.width.is_some_and(|width| width < NARROW);
            let term = terminal.term.as_deref().unwrap_or("not set");
            let status = if narrow { Status::Warn } else { Status::Ok };
            let check = Check::new(NAME, status, format!("TERM is {term}{width}"));
            return if narrow { check.hint("make the window wider: diffs need 60 columns") } else { check };
        }
        (false, true) => "stdin is",
        (true, false) => "stdout is",
        (false, false) => "stdin and stdout are",
    };
    Check::new(NAME, Status::Warn, format!("{missing} no terminal: nothing is asked, so nothing is written"))
        .hint("in a script: plan --out plan.json, then apply --plan plan.json --digest SHA256 --yes")
}

fn colour(terminal: &Terminal) -> Check {
    let why = if terminal.colour {
        "on"
    } else if terminal.no_color {
        "off: NO_COLOR is set"
    } else if terminal.term.as_deref() == Some("dumb") {
        "off: TERM is dumb"
    } else if !terminal.stdout {
        "off: stdout is no terminal"
    } else {
        "off: --plain or --color says so"
    };
    Check::new("colour", Status::Ok, why)
}

fn locale(terminal: &Terminal) -> Check {
    const NAME: &str = "locale";
    let hint = "set a UTF-8 locale, e.g. export LANG=C.UTF-8";
    match &terminal.locale {
        Some(locale) if is_utf8(locale) => Check::new(NAME, Status::Ok, locale),
        Some(locale) => {
            Check::new(NAME, Status::Warn, format!("{locale} is not UTF-8: names and glyphs may be garbled"))
                .hint(hint)
        }
        None => Check::new(NAME, Status::Warn, "none is set: names and glyphs may be garbled").hint(hint),
    }
}

fn is_utf8(locale: &str) -> bool {
    let lower = locale.to_ascii_lowercase();
    lower.contains("utf-8") || lower.contains("utf8")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn terminal() -> Terminal {
        Terminal {
            stdin: true,
            stdout: true,
            width: Some(100),
            term: Some("xterm".into()),
            colour: true,
            no_color: false,
            locale: Some("en_US.UTF-8".into()),
        }
    }

    #[test]
    fn a_usual_terminal_is_fine() {
        assert!(checks(&terminal()).iter().all(|check| check.status == Status::Ok && check.hint.is_none()));
    }

    #[test]
    fn what_is_missing_is_said_with_what_to_do() {
        for (changed, at, detail) in [
            (Terminal { stdin: false, ..terminal() }, 0, "stdin is no terminal"),
            (Terminal { stdout: false, ..terminal() }, 0, "stdout is no terminal"),
            (Terminal { width: Some(40), ..terminal() }, 0, "40 columns"),
            (Terminal { locale: Some("POSIX".into()), ..terminal() }, 2, "POSIX is not UTF-8"),
            (Terminal { locale: None, ..terminal() }, 2, "none is set"),
        ] {
            let check = &checks(&changed)[at];
            assert_eq!(check.status, Status::Warn, "{check:?}");
            assert!(check.detail.contains(detail) && check.hint.is_some(), "{check:?}");
        }
    }

    #[test]
    fn colour_says_why_it_is_off() {
        let off = |changed: Terminal| colour(&Terminal { colour: false, ..changed }).detail;
        assert!(off(Terminal { no_color: true, ..terminal() }).contains("NO_COLOR"));
        assert!(off(Terminal { term: Some("dumb".into()), ..terminal() }).contains("dumb"));
        assert!(off(terminal()).contains("--plain"));
    }
}
