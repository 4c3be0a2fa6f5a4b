//! From the regular expressions of Go (RE2), which Kubernetes uses, to those of the `regex` crate.
//!
//! The two agree but for this: `\w \d \s \b` and their opposites are ASCII in RE2 and Unicode here, and inside `[…]`
//! the crate has nested classes and set operations (`&&`, `--`, `~~`) where RE2 has plain characters.

/// The same expression in the crate's syntax.
pub(super) fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut characters = pattern.chars().peekable();
    let (mut class, mut previous) = (false, ' ');
    while let Some(c) = characters.next() {
        match c {
            '\\' => {
                let escaped = characters.next();
                match escaped.and_then(|escaped| ascii(escaped, class)) {
                    Some(text) => out.push_str(text),
                    None => out.extend(std::iter::once(c).chain(escaped)),
                }
                previous = '\\';
                continue;
            }
            '[' if !class => {
                class = true;
                out.push('[');
                if characters.next_if_eq(&'^').is_some() {
                    out.push('^');
                }
                // A bracket that comes first is a character.
                if characters.next_if_eq(&']').is_some() {
                    out.push_str("\\]");
                }
                previous = '[';
                continue;
            }
            '[' if characters.peek() == Some(&':') => {
                out.push('[');
                for inner in characters.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
                previous = ']';
                continue;
            }
            '[' => out.push_str("\\["),
            ']' => {
                class = false;
                out.push(c);
            }
            '&' | '~' | '-' if class && previous == c => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
        previous = c;
    }
    out
}

/// What stands for a class escape in RE2.
fn ascii(escaped: char, class: bool) -> Option<&'static str> {
    Some(match (escaped, class) {
        ('w', false) => "[0-9A-Za-z_]",
        ('w', true) => "0-9A-Za-z_",
        ('W', _) => "[^0-9A-Za-z_]",
        ('d', false) => "[0-9]",
        ('d', true) => "0-9",
        ('D', _) => "[^0-9]",
        ('s', false) => r"[\t\n\f\r ]",
        ('s', true) => r"\t\n\f\r ",
        ('S', _) => r"[^\t\n\f\r ]",
        ('b', false) => r"(?-u:\b)",
        ('B', false) => r"(?-u:\B)",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::translate;

    #[test]
    fn classes_are_ascii_and_brackets_plain() {
        for (pattern, text, expected) in [
            (r"^\w+$", "abc_1", true),
            (r"^\w+$", "né", false),
            (r"^\W$", "é", true),
            (r"^[\w.-]{1,127}$", "a.b-c_1", true),
            (r"^[^\s]+$", "a b", false),
            (r"^\d+$", "٣", false),
            (r"\bfoo\b", "a foo b", true),
            (r"^[[:alpha:]]+$", "abc", true),
            (r"^[a[]+$", "a[", true),
            (r"^[]a]+$", "]a", true),
            (r"^[^]]+$", "a]", false),
            (r"^[a&&b]+$", "&", true),
            (r"^[!--]+$", ",", true),
            (r"^a\.b$", "axb", false),
            (r"^\[x\]$", "[x]", true),
        ] {
            let regex = Regex::new(&translate(pattern)).unwrap_or_else(|error| panic!("{pattern}: {error}"));
            assert_eq!(regex.is_match(text), expected, "{pattern} on {text}, as {}", translate(pattern));
        }
    }
}
