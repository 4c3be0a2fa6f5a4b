//! How deep an expression nests, before any parser recurses over it.

/// An upper bound of how deep the tree of an expression can be, read off its text before any parser recurses over it.
///
/// Within one pair of brackets every operator, dot and bracket since the last `&&`, `||` or comma may nest; those
/// three do not, since the parser balances them.
pub(super) fn nesting(source: &str) -> usize {
    let (mut open, mut run, mut below, mut deepest) = (Vec::new(), 0_usize, 0_usize, 0_usize);
    let (mut rest, mut previous) = (source, ' ');
    while let Some(c) = rest.chars().next() {
        let mut length = c.len_utf8();
        match c {
            '"' | '\'' => length = literal(rest, c, matches!(previous, 'r' | 'R')),
            '/' if rest.starts_with("//") => length = rest.find('\n').unwrap_or(rest.len()),
            '&' | '|' | ',' => run = 0,
            '(' | '[' | '{' => {
                run += 1;
                below += run;
                open.push(run);
                run = 0;
            }
            ')' | ']' | '}' => {
                run = open.pop().unwrap_or(0);
                below = below.saturating_sub(run);
            }
            '+' | '-' | '*' | '/' | '%' | '<' | '>' | '=' | '!' | '?' | '.' => run += 1,
            'i' if rest.starts_with("in ") => run += 1,
            _ => {}
        }
        deepest = deepest.max(below + run);
        previous = c;
        rest = rest.get(length..).unwrap_or_default();
    }
    deepest
}

/// The length of the string literal that `text` begins with; 1 where it does not end, since what follows is then read
/// as something else.
fn literal(text: &str, quote: char, raw: bool) -> usize {
    let triple: String = [quote; 3].iter().collect();
    let long = text.starts_with(&triple);
    let mark = if long { triple } else { quote.to_string() };
    let mut at = mark.len();
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with(&mark) {
            return at + mark.len();
        }
        let mut characters = rest.chars();
        let first = characters.next();
        if first == Some('\n') && !long {
            return 1;
        }
        at += first.map_or(1, char::len_utf8);
        if first == Some('\\') && !raw {
            at += characters.next().map_or(0, char::len_utf8);
        }
    }
    1
}
