//! What is drawn how. Only the sixteen colours of the terminal itself, and never colour as the only sign: every line has
//! a glyph or a word too.

use ratatui::style::{Color, Modifier, Style};

use crate::config::Style as Look;

/// See the module.
#[derive(Debug, Clone, Copy)]
pub struct Theme(pub Look);

impl Theme {
    /// Something that is added or done.
    pub fn added(self) -> Style {
        self.coloured(Color::Green)
    }

    /// Something that is removed, denied or failed.
    pub fn removed(self) -> Style {
        self.coloured(Color::Red)
    }

    /// Something that wants attention.
    pub fn notice(self) -> Style {
        self.coloured(Color::Yellow)
    }

    /// Keys and marks.
    pub fn key(self) -> Style {
        self.coloured(Color::Cyan)
    }

    /// Headings and names.
    pub fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// What is secondary.
    pub fn faint(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// What keys are for.
    pub fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Between parts of a line.
    pub fn dot(self) -> &'static str {
        self.0.dot()
    }

    /// In front of what is chosen.
    pub fn mark(self) -> &'static str {
        if self.0.plain { "> " } else { "▸ " }
    }

    /// In front of the words that are typed.
    pub fn prompt(self) -> &'static str {
        if self.0.plain { "> " } else { "› " }
    }

    /// A rule that carries a title.
    pub fn rule(self, title: &str, width: usize) -> String {
        use unicode_width::UnicodeWidthStr as _;
        let dash = if self.0.plain { "-" } else { "─" };
        let head = if title.is_empty() { String::new() } else { format!("{} {title} ", dash.repeat(2)) };
        let rest = width.saturating_sub(head.width());
        format!("{head}{}", dash.repeat(rest))
    }

    /// What moves while something runs; nothing where a screen reader would read it out again and again.
    pub fn spinner(self, tick: usize) -> &'static str {
        const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
        if self.0.plain { "*" } else { FRAMES[tick / 2 % FRAMES.len()] }
    }

    fn coloured(self, colour: Color) -> Style {
        if self.0.colour { Style::new().fg(colour) } else { Style::new() }
    }
}
