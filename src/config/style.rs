//! Colour, where the terminal has it. Colour is never the only sign: every line has a glyph or a word too.

/// Whether and how text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// ANSI colours are written.
    pub colour: bool,
    /// Only ASCII and plain lines (`--plain`): for screen readers and logs.
    pub plain: bool,
}

impl Style {
    /// No colour; box characters and middle dots stay.
    pub const NONE: Self = Self { colour: false, plain: false };

    /// Something that is added.
    pub fn added(self, text: &str) -> String {
        self.paint("32", text)
    }

    /// Something that is removed or denied.
    pub fn removed(self, text: &str) -> String {
        self.paint("31", text)
    }

    /// Something that wants attention.
    pub fn notice(self, text: &str) -> String {
        self.paint("33", text)
    }

    /// Headings and names.
    pub fn strong(self, text: &str) -> String {
        self.paint("1", text)
    }

    /// What is secondary.
    pub fn faint(self, text: &str) -> String {
        self.paint("2", text)
    }

    /// The dot between parts of a line.
    pub fn dot(self) -> &'static str {
        if self.plain { " | " } else { " · " }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }
}
