//! Text from elsewhere made safe to show: what would move a cursor, change a colour or turn the reading
//! direction is written out instead.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with every control, format and direction character made visible. Line feeds stay.
///
/// C0 controls become their picture (`\u{1b}` is `␛`, a tab is `␉`), everything else `<U+202E>`.
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, true)
}

/// [`visible`] for one line: line feeds become `␊` as well.
pub fn visible_line(text: &str) -> Cow<'_, str> {
    replaced(text, false)
}

/// [`visible_line`], cut behind `limit` characters with `…`. For values inside a message.
pub fn visible_short(text: &str, limit: usize) -> String {
    let short: String = text.chars().take(limit).collect();
    let mut shown = visible_line(&short).into_owned();
    if short.len() < text.len() {
        shown.push('…');
    }
    shown
}

fn replaced(text: &str, keep_line_feeds: bool) -> Cow<'_, str> {
    let hidden = |character: char| is_hidden(character) && !(keep_line_feeds && character == '\n');
    if !text.chars().any(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if !hidden(character) {
            shown.push(character);
            continue;
        }
        let code = u32::from(character);
        match code {
            0..=0x1f => shown.extend(char::from_u32(0x2400 + code)),
            0x7f => shown.push('␡'),
            _ => {
                // Writing to a String cannot fail.
                let _ = write!(shown, "<U+{code:04X}>");
            }
        }
    }
    Cow::Owned(shown)
}

/// True for characters that a terminal or a page acts on instead of showing them.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn escapes_are_written_out() {
        assert_eq!(visible("a\u{1b}[31mred\u{7f}"), "a␛[31mred␡");
        assert_eq!(visible("\u{9b}31m\u{202e}txt"), "<U+009B>31m<U+202E>txt");
        assert_eq!(visible("a\nb\tc"), "a\nb␉c");
        assert_eq!(visible_line("a\nb\r"), "a␊b␍");
    }

    #[test]
    fn readable_text_is_left_alone() {
        assert!(matches!(visible("两张 H100, naïve 😀"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_long_value_is_cut() {
        assert_eq!(visible_short("abcdef", 3), "abc…");
        assert_eq!(visible_short("abc", 3), "abc");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!visible_line(&text).chars().any(is_hidden));
        }
    }
}
