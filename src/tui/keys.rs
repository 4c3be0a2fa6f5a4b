//! Which key means what where, and how the footer says so.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::InputRequest;

use crate::tui::app::{App, Focus, Stage};

/// What the keys are for at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// The keys are explained.
    Help,
    /// The last question.
    Confirm,
    /// A value is being typed.
    Field,
    /// Words are being typed.
    Words,
    /// A row of the form is chosen.
    Form,
    /// The changes are read.
    Changes,
    /// The worker is at it.
    Working,
}

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// End the program.
    Quit,
    /// Out of where one is: close, clear, leave or stop, whichever comes first.
    Back,
    /// Ctrl-C: like [`Command::Back`], and out of everything at last.
    Interrupt,
    /// Show or hide the keys.
    Help,
    /// Draw everything anew.
    Redraw,
    /// Back to the shell for a while.
    Suspend,
    /// Send the line.
    Send,
    /// Put an example into the line.
    Example,
    /// The words before.
    Earlier,
    /// The words behind.
    Later,
    /// Change the line or the value.
    Type(InputRequest),
    /// A row up.
    Up,
    /// A row down.
    Down,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// Between form and changes.
    OtherPane,
    /// Into the input line.
    Words,
    /// Change the chosen field.
    ChangeField,
    /// Take the typed value.
    TakeField,
    /// Open the editor.
    Editor,
    /// Ask the last question.
    Ask,
    /// Write.
    Yes,
    /// Not now.
    NotNow,
    /// Leave the draft.
    LeaveDraft,
}

/// See [`Context`].
pub fn context(app: &App) -> Context {
    if app.help {
        return Context::Help;
    }
    match app.stage {
        Stage::Working(_) => Context::Working,
        Stage::Ready | Stage::Asking => Context::Words,
        Stage::Deciding if app.confirming => Context::Confirm,
        Stage::Deciding if app.editing.is_some() => Context::Field,
        Stage::Deciding => match app.focus {
            Focus::Form => Context::Form,
            Focus::Changes => Context::Changes,
            Focus::Words => Context::Words,
        },
    }
}

/// What a key means; `empty` where nothing is typed yet.
pub fn command(context: Context, key: KeyEvent, empty: bool) -> Option<Command> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('c') if control => return Some(Command::Interrupt),
        KeyCode::Char('z') if control => return Some(Command::Suspend),
        KeyCode::Char('l') if control => return Some(Command::Redraw),
        KeyCode::F(1) => return Some(Command::Help),
        _ => {}
    }
    match context {
        Context::Help => Some(Command::Help),
        Context::Confirm => Some(match key.code {
            KeyCode::Char('y' | 'Y') if !control => Command::Yes,
            _ => Command::NotNow,
        }),
        Context::Field => match key.code {
            KeyCode::Enter => Some(Command::TakeField),
            KeyCode::Esc => Some(Command::Back),
            _ => typing(key),
        },
        Context::Words => match key.code {
            KeyCode::Char('?') if empty => Some(Command::Help),
            KeyCode::Char('d') if control && empty => Some(Command::Interrupt),
            KeyCode::Enter => Some(Command::Send),
            KeyCode::Esc => Some(Command::Back),
            KeyCode::Tab => Some(Command::Example),
            KeyCode::Up => Some(Command::Earlier),
            KeyCode::Down => Some(Command::Later),
            KeyCode::PageUp => Some(Command::PageUp),
            KeyCode::PageDown => Some(Command::PageDown),
            _ => typing(key),
        },
        Context::Working => match key.code {
            KeyCode::Char('?') => Some(Command::Help),
            KeyCode::Esc => Some(Command::Back),
            _ => moving(key),
        },
        Context::Form | Context::Changes => match key.code {
            KeyCode::Char('?') => Some(Command::Help),
            KeyCode::Char('q') => Some(Command::Quit),
            KeyCode::Char('a') => Some(Command::Ask),
            KeyCode::Char('e') => Some(Command::Editor),
            KeyCode::Char('n') => Some(Command::LeaveDraft),
            KeyCode::Char('i' | '/') => Some(Command::Words),
            KeyCode::Tab | KeyCode::BackTab => Some(Command::OtherPane),
            KeyCode::Enter if context == Context::Form => Some(Command::ChangeField),
            KeyCode::Esc => Some(Command::Back),
            _ => moving(key),
        },
    }
}

fn moving(key: KeyEvent) -> Option<Command> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => Some(Command::Up),
        KeyCode::Down | KeyCode::Char('j') => Some(Command::Down),
        KeyCode::PageUp => Some(Command::PageUp),
        KeyCode::PageDown | KeyCode::Char(' ') => Some(Command::PageDown),
        KeyCode::Char('u') if control => Some(Command::PageUp),
        KeyCode::Char('d') if control => Some(Command::PageDown),
        KeyCode::Home | KeyCode::Char('g') => Some(Command::Top),
        KeyCode::End | KeyCode::Char('G') => Some(Command::Bottom),
        _ => None,
    }
}

/// The keys of a shell's line.
fn typing(key: KeyEvent) -> Option<Command> {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    let request = match key.code {
        KeyCode::Char('a') if control => InputRequest::GoToStart,
        KeyCode::Char('e') if control => InputRequest::GoToEnd,
        KeyCode::Char('b') if control => InputRequest::GoToPrevChar,
        KeyCode::Char('f') if control => InputRequest::GoToNextChar,
        KeyCode::Char('w') if control => InputRequest::DeletePrevWord,
        KeyCode::Char('u') if control => InputRequest::DeleteLine,
        KeyCode::Char('k') if control => InputRequest::DeleteTillEnd,
        KeyCode::Char('b') if alt => InputRequest::GoToPrevWord,
        KeyCode::Char('f') if alt => InputRequest::GoToNextWord,
        KeyCode::Char(_) if control || alt => return None,
        KeyCode::Char(c) => InputRequest::InsertChar(c),
        KeyCode::Backspace if control || alt => InputRequest::DeletePrevWord,
        KeyCode::Backspace => InputRequest::DeletePrevChar,
        KeyCode::Delete => InputRequest::DeleteNextChar,
        KeyCode::Left if control => InputRequest::GoToPrevWord,
        KeyCode::Right if control => InputRequest::GoToNextWord,
        KeyCode::Left => InputRequest::GoToPrevChar,
        KeyCode::Right => InputRequest::GoToNextChar,
        KeyCode::Home => InputRequest::GoToStart,
        KeyCode::End => InputRequest::GoToEnd,
        _ => return None,
    };
    Some(Command::Type(request))
}

/// Key and meaning, the most wanted first: the footer shows as many as fit.
pub fn hints(app: &App) -> &'static [(&'static str, &'static str)] {
    match (context(app), app.stage) {
        (Context::Help, _) => &[("any key", "back")],
        (Context::Confirm, _) => &[("y", "write"), ("any other key", "not now")],
        (Context::Field, _) => &[("Enter", "take"), ("Esc", "keep the old value")],
        (Context::Words, Stage::Asking) => &[("Enter", "answer"), ("Esc", "leave"), ("F1", "keys")],
        (Context::Words, Stage::Deciding) => &[("Enter", "draft again"), ("Esc", "back"), ("F1", "keys")],
        (Context::Words, _) => {
            &[("Enter", "draft"), ("F1", "keys"), ("Ctrl-C", "quit"), ("Tab", "example"), ("Up", "history")]
        }
        (Context::Working, _) => &[("Esc", "stop")],
        (Context::Form, _) => &[
            ("Enter", "change"),
            ("a", "write"),
            ("?", "keys"),
            ("Tab", "changes"),
            ("e", "editor"),
            ("i", "words"),
            ("n", "leave"),
        ],
        (Context::Changes, _) => &[
            ("Up/Down", "scroll"),
            ("a", "write"),
            ("?", "keys"),
            ("Tab", "form"),
            ("e", "editor"),
            ("n", "leave"),
        ],
    }
}

/// All keys, for the overlay.
pub const ALL: &[(&str, &str)] = &[
    ("Enter", "draft from the line; change the chosen field"),
    ("Tab", "an example into the line; form or changes"),
    ("Up, Down", "earlier words; rows of the form; scroll"),
    ("PgUp, PgDn, g, G", "scroll the changes or the page"),
    ("i", "say in words what should be different"),
    ("e", "open the manifests in $EDITOR"),
    ("a, then y", "write what is shown; nothing else writes"),
    ("n", "leave the draft; nothing is written"),
    ("Esc", "back; stop what is running"),
    ("Ctrl-C", "clear the line, stop, quit"),
    ("q", "quit, where no text is typed"),
    ("Ctrl-Z, Ctrl-L", "back to the shell; draw anew"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn key(code: KeyCode) -> KeyEvent {
        KeyEvent::new(code, KeyModifiers::NONE)
    }

    fn control(c: char) -> KeyEvent {
        KeyEvent::new(KeyCode::Char(c), KeyModifiers::CONTROL)
    }

    const ALL_CONTEXTS: [Context; 7] = [
        Context::Help,
        Context::Confirm,
        Context::Field,
        Context::Words,
        Context::Form,
        Context::Changes,
        Context::Working,
    ];

    #[test]
    fn only_a_y_under_the_last_question_writes() {
        let codes = ('!'..='~').map(KeyCode::Char).chain([
            KeyCode::Enter,
            KeyCode::Esc,
            KeyCode::Tab,
            KeyCode::Char(' '),
        ]);
        for code in codes {
            for context in ALL_CONTEXTS {
                let yes = command(context, key(code), false) == Some(Command::Yes);
                let is_y = context == Context::Confirm && matches!(code, KeyCode::Char('y' | 'Y'));
                assert_eq!(yes, is_y, "{context:?} {code:?}");
            }
        }
        assert_eq!(command(Context::Confirm, control('y'), true), Some(Command::NotNow));
    }

    #[test]
    fn the_way_out_works_everywhere() {
        for context in ALL_CONTEXTS {
            assert_eq!(command(context, control('c'), false), Some(Command::Interrupt));
            assert_eq!(command(context, control('z'), false), Some(Command::Suspend));
        }
    }

    #[test]
    fn letters_are_text_where_text_is_typed() {
        for c in "aenqy?两".chars() {
            for context in [Context::Words, Context::Field] {
                let typed = Command::Type(InputRequest::InsertChar(c));
                assert_eq!(command(context, key(KeyCode::Char(c)), false), Some(typed));
            }
        }
        assert_eq!(command(Context::Words, key(KeyCode::Char('?')), true), Some(Command::Help));
    }
}
