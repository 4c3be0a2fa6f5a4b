//! Text of the model's own within a line: which bytes may follow which, decided byte by byte, so that any cut into tokens
//! can be judged.

use serde::{Deserialize, Serialize};

/// What a text may consist of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FreeKind {
    /// A YAML scalar: a blank, the value, the line break. Plain or in double quotes.
    Scalar,
    /// A blank, a plain scalar without blanks (paths, addresses, identifiers), the line break.
    Word,
    /// A blank, a DNS label (RFC 1123), the line break.
    Label,
    /// A blank, digits, the line break.
    Digits,
}

/// Free text and its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FreeText {
    /// See [`FreeKind`].
    pub kind: FreeKind,
    /// The most bytes of the value itself.
    pub most: usize,
}

/// Where in a text one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Before the blank.
    Head,
    /// Before the value's first byte.
    Start,
    /// Inside a plain value; the byte before.
    Plain(u8),
    /// Inside double quotes.
    Quoted,
    /// After a backslash there.
    Escaped,
    /// Behind the closing quotes.
    Closed,
    /// Over.
    Done,
}

/// Judges a text from its first byte to its last.
#[derive(Debug, Clone, Copy)]
pub struct FreeState {
    rule: FreeText,
    at: At,
    length: usize,
}

impl FreeState {
    /// Nothing is written yet.
    pub fn new(rule: FreeText) -> Self {
        Self { rule, at: At::Head, length: 0 }
    }

    /// Whether the text is complete.
    pub fn is_done(self) -> bool {
        self.at == At::Done
    }

    /// The state behind these bytes; `None` where they may not follow. No bytes lead nowhere.
    pub fn after(self, bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return None;
        }
        bytes.iter().try_fold(self, |state, byte| state.step(*byte))
    }

    fn step(self, byte: u8) -> Option<Self> {
        let kind = self.rule.kind;
        let full = self.length >= self.rule.most;
        let to = |at: At| Some(Self { at, length: self.length + 1, ..self });
        match self.at {
            At::Done => None,
            At::Head => (byte == b' ').then_some(Self { at: At::Start, ..self }),
            At::Start => match byte {
                b'"' if matches!(kind, FreeKind::Scalar | FreeKind::Word) => {
                    Some(Self { at: At::Quoted, ..self })
                }
                _ if starts(kind, byte) => to(At::Plain(byte)),
                _ => None,
            },
            At::Plain(last) => match byte {
                b'\n' => ends(kind, last).then_some(Self { at: At::Done, ..self }),
                // `: ` makes a map of a plain scalar and ` #` a comment.
                b' ' if last == b':' => None,
                // `- ` begins a list.
                b' ' if last == b'-' && self.length == 1 => None,
                b'#' if last == b' ' => None,
                _ if !full && continues(kind, byte) => to(At::Plain(byte)),
                _ => None,
            },
            At::Quoted => match byte {
                b'"' => Some(Self { at: At::Closed, ..self }),
                b'\\' if !full => Some(Self { at: At::Escaped, length: self.length + 1, ..self }),
                b' ' if kind == FreeKind::Word => None,
                _ if byte < 0x20 || byte == 0x7f || full => None,
                _ => to(At::Quoted),
            },
            At::Escaped => {
                matches!(byte, b'"' | b'\\' | b'n' | b't' | b'/').then_some(Self { at: At::Quoted, ..self })
            }
            At::Closed => (byte == b'\n').then_some(Self { at: At::Done, ..self }),
        }
    }
}

fn starts(kind: FreeKind, byte: u8) -> bool {
    match kind {
        FreeKind::Digits => byte.is_ascii_digit(),
        FreeKind::Label => byte.is_ascii_lowercase() || byte.is_ascii_digit(),
        FreeKind::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'$'),
        FreeKind::Scalar => {
            byte.is_ascii_alphanumeric()
                || byte >= 0x80
                || matches!(byte, b'/' | b'.' | b'_' | b'-' | b'$' | b'(' | b'+' | b'=' | b'^' | b'<')
        }
    }
}

fn continues(kind: FreeKind, byte: u8) -> bool {
    match kind {
        FreeKind::Digits => byte.is_ascii_digit(),
        FreeKind::Label => byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-',
        FreeKind::Word => {
            byte.is_ascii_graphic()
                && !matches!(byte, b'"' | b'\'' | b'#' | b'[' | b']' | b'{' | b'}' | b',' | b'`' | b'|')
        }
        FreeKind::Scalar => byte >= 0x20 && byte != 0x7f,
    }
}

fn ends(kind: FreeKind, last: u8) -> bool {
    match kind {
        FreeKind::Digits => true,
        FreeKind::Label => last.is_ascii_alphanumeric(),
        FreeKind::Word | FreeKind::Scalar => !matches!(last, b':' | b' '),
    }
}

/// The value of a finished text: what it says, without blanks, quotes and ends. `None` where it is not whole: cut inside
/// a character, or an escape that means nothing.
pub fn value_of(text: &str) -> Option<String> {
    let text = text.trim();
    match text.strip_prefix('"') {
        None => Some(text.to_owned()),
        Some(_) => serde_json::from_str(text).ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(kind: FreeKind, text: &str) -> bool {
        FreeState::new(FreeText { kind, most: 20 }).after(text.as_bytes()).is_some_and(FreeState::is_done)
    }

    #[test]
    fn a_scalar_is_plain_or_quoted_and_stays_one_value() {
        for good in [" web\n", " \"a: b\"\n", " --epochs=3\n", " a:b\n", " /data\n", " \"tab\\t\"\n"] {
            assert!(accepts(FreeKind::Scalar, good), "{good:?}");
        }
        for bad in [
            " a: b\n",
            " a #b\n",
            " \n",
            "web\n",
            " {a}\n",
            " [a]\n",
            " \"a\n",
            " a:\n",
            " *x\n",
            " - a\n",
            " &x\n",
            " !x\n",
            " |\n",
            " > x\n",
            " 'a'\n",
            " web\nkind: x\n",
            " aaaaaaaaaaaaaaaaaaaaaaaaa\n",
            " \"\\x\"\n",
        ] {
            assert!(!accepts(FreeKind::Scalar, bad), "{bad:?}");
        }
    }

    #[test]
    fn names_and_numbers_have_their_own_letters() {
        assert!(accepts(FreeKind::Label, " web-1\n") && !accepts(FreeKind::Label, " Web\n"));
        assert!(!accepts(FreeKind::Label, " web-\n") && !accepts(FreeKind::Label, " -web\n"));
        assert!(accepts(FreeKind::Digits, " 80\n") && !accepts(FreeKind::Digits, " 8a\n"));
        assert!(accepts(FreeKind::Word, " s3://b/m\n") && !accepts(FreeKind::Word, " a b\n"));
    }

    #[test]
    fn what_was_written_is_read_back() {
        assert_eq!(value_of(" \"a: \\\"b\\\"\"\n").as_deref(), Some("a: \"b\""));
        assert_eq!(value_of(" web\n").as_deref(), Some("web"));
    }
}
