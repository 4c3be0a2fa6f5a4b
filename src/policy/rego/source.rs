//! Rego as OPA reads it, written so that `regorus` reads the same.
//!
//! | OPA | here |
//! |---|---|
//! | a line that begins with `(` or `[` is an expression of its own | a `;` is put in front, lest it be a call of the line above |
//! | `head {…} {…}` is two rules | the head is written twice |
//! | arguments of a negated call are evaluated in front of it: `not f(x.y)` is undefined where `x.y` is | they are bound in front of it |
//! | `sprintf` says `%!v(MISSING)` where an argument is missing | our own takes its place ([`super::sprintf`]) |

/// The name of our own `sprintf`.
pub(super) const SPRINTF: &str = "copilot_sprintf";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    /// A string or a number.
    Literal,
    Open,
    Close,
    Operator,
}

/// A token, by its place in the text.
#[derive(Debug, Clone, Copy)]
struct Token {
    kind: Kind,
    start: usize,
    end: usize,
    /// Whether it is the first of its line.
    first: bool,
}

/// Words behind which an expression has not ended.
const OPEN_ENDED: [&str; 12] =
    ["not", "some", "in", "if", "contains", "with", "as", "else", "every", "default", "import", "package"];

/// A bracket that is open.
struct Bracket {
    /// Whether statements stand in it: a rule's body, or a comprehension behind its `|`.
    is_body: bool,
    /// Where its opening token is.
    at: usize,
}

/// The text for `regorus`.
pub(super) fn prepared(text: &str) -> String {
    let tokens = tokens(text);
    let token =
        |at: usize| tokens.get(at).and_then(|token| text.get(token.start..token.end)).unwrap_or_default();
    let mut edits: Vec<Edit> = Vec::new();
    let mut open: Vec<Bracket> = Vec::new();
    // The first token of the rule that is being read, its body's bracket, and the bracket that closed the last body.
    let (mut head, mut body, mut closed): (usize, Option<usize>, Option<usize>) = (0, None, None);
    for (at, one) in tokens.iter().enumerate() {
        let before = at.checked_sub(1);
        let behind_expression = before.is_some_and(|before| {
            let previous = tokens.get(before).map(|token| token.kind);
            let word = token(before);
            match previous {
                Some(Kind::Word) => !OPEN_ENDED.contains(&word),
                Some(Kind::Literal | Kind::Close) => true,
                _ => false,
            }
        });
        if open.is_empty() && one.kind != Kind::Close {
            let goes_on = token(at) == "{" && closed.is_some() && closed == before;
            if goes_on && let Some(body) = body {
                let from = tokens.get(head).map_or(0, |token| token.start);
                let to = tokens.get(body).map_or(from, |token| token.start);
                let text = text.get(from..to).unwrap_or_default().trim_end().to_owned();
                edits.push(Edit { from: one.start, to: one.start, text: format!("\n{text} ") });
            } else if token(at) != "else"
                && (closed.is_some() && closed == before || (one.first && behind_expression))
            {
                (head, body) = (at, None);
            }
        }
        match (one.kind, token(at)) {
            (Kind::Open, bracket) => {
                let in_body = open.last().is_some_and(|bracket| bracket.is_body);
                if one.first && in_body && behind_expression && bracket != "{" {
                    edits.push(Edit { from: one.start, to: one.start, text: "; ".to_owned() });
                }
                let previous = before.map(&token).unwrap_or_default();
                let opens_body = bracket == "{"
                    && (open.is_empty() || previous == "else")
                    && (behind_expression || matches!(previous, "if" | "else"));
                if opens_body && open.is_empty() && body.is_none() {
                    body = Some(at);
                }
                open.push(Bracket { is_body: opens_body || is_every(&tokens, &token, at), at });
            }
            (Kind::Close, _) => {
                let was = open.pop();
                if open.is_empty() && was.is_some_and(|bracket| bracket.is_body && token(bracket.at) == "{") {
                    closed = Some(at);
                }
            }
            (Kind::Operator, "|") => {
                if let Some(bracket) = open.last_mut().filter(|bracket| token(bracket.at) != "(") {
                    bracket.is_body = true;
                }
            }
            (Kind::Word, "sprintf")
                if token(at + 1) == "(" && before.is_none_or(|before| token(before) != ".") =>
            {
                edits.push(Edit { from: one.start, to: one.end, text: SPRINTF.to_owned() });
            }
            (Kind::Word, "not") => edits.extend(hoisted(text, &tokens, at)),
            _ => {}
        }
    }
    applied(text, edits)
}

/// The names of the rules that a module declares, in their order: the first words of lines outside of all brackets.
pub(in crate::policy) fn rules(text: &str) -> Vec<String> {
    let (mut names, mut depth): (Vec<String>, usize) = (Vec::new(), 0);
    let mut goes_on = false;
    for token in tokens(text) {
        let word = text.get(token.start..token.end).unwrap_or_default();
        match token.kind {
            Kind::Open => depth += 1,
            Kind::Close => depth = depth.saturating_sub(1),
            Kind::Word
                if depth == 0
                    && token.first
                    && !goes_on
                    && !matches!(word, "package" | "import" | "default" | "else")
                    && !names.iter().any(|known| known == word) =>
            {
                names.push(word.to_owned());
            }
            _ => {}
        }
        goes_on = token.kind == Kind::Operator || OPEN_ENDED.contains(&word);
    }
    names
}

/// What a module reads of `data`: the names behind it.
pub(in crate::policy) fn data_read(text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let word =
        |at: usize| tokens.get(at).and_then(|token| text.get(token.start..token.end)).unwrap_or_default();
    let reads = |at: &usize| {
        let is_name = at.checked_sub(1).is_none_or(|before| word(before) != ".");
        is_name && word(*at) == "data" && word(at + 1) == "."
    };
    (0..tokens.len()).filter(reads).map(|at| word(at + 2).to_owned()).collect()
}

/// Whether a `{` is the body of `every x in xs {`.
fn is_every<'t>(tokens: &[Token], token: &impl Fn(usize) -> &'t str, at: usize) -> bool {
    let line = tokens.get(..at).unwrap_or_default();
    let start = line.iter().rposition(|token| token.first).unwrap_or(0);
    token(at) == "{" && (start..at).any(|place| token(place) == "every")
}

/// A part of the text that is replaced.
struct Edit {
    from: usize,
    to: usize,
    text: String,
}

fn applied(text: &str, mut edits: Vec<Edit>) -> String {
    edits.sort_by_key(|edit| edit.from);
    let (mut out, mut at) = (String::with_capacity(text.len()), 0);
    for edit in edits {
        out.push_str(text.get(at..edit.from).unwrap_or_default());
        out.push_str(&edit.text);
        at = edit.to;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    out
}

/// Bindings in front of `not f(a.b, c)`, for the arguments that are references.
fn hoisted(text: &str, tokens: &[Token], not: usize) -> Vec<Edit> {
    let token =
        |at: usize| tokens.get(at).and_then(|token| text.get(token.start..token.end)).unwrap_or_default();
    let mut at = not + 1;
    while tokens.get(at).is_some_and(|token| token.kind == Kind::Word) && token(at + 1) == "." {
        at += 2;
    }
    if tokens.get(at).is_none_or(|token| token.kind != Kind::Word) || token(at + 1) != "(" {
        return Vec::new();
    }
    let (mut depth, mut arguments, mut from) = (0_usize, Vec::new(), at + 2);
    let mut place = at + 1;
    loop {
        let Some(one) = tokens.get(place) else { return Vec::new() };
        match one.kind {
            Kind::Open => depth += 1,
            Kind::Close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    arguments.push(from..place);
                    break;
                }
            }
            Kind::Operator if depth == 1 && token(place) == "," => {
                arguments.push(from..place);
                from = place + 1;
            }
            _ => {}
        }
        place += 1;
    }
    let mut edits = Vec::new();
    let mut bound = String::new();
    for argument in arguments {
        let (Some(first), Some(last)) =
            (tokens.get(argument.start), tokens.get(argument.end.saturating_sub(1)))
        else {
            continue;
        };
        let is_reference = first.kind == Kind::Word
            && argument.len() > 1
            && matches!(token(argument.start + 1), "." | "[")
            && argument.clone().all(|place| !matches!(token(place), "(" | "{" | "_" | "|"))
            && argument.clone().all(|place| {
                tokens.get(place).is_some_and(|token| {
                    token.kind != Kind::Operator || text.get(token.start..token.end) == Some(".")
                })
            });
        if !is_reference {
            continue;
        }
        let name = format!("__argument_{}", first.start);
        bound.push_str(&format!("{name} := {}; ", text.get(first.start..last.end).unwrap_or_default()));
        edits.push(Edit { from: first.start, to: last.end, text: name });
    }
    if let Some(not) = tokens.get(not).filter(|_| !bound.is_empty()) {
        edits.push(Edit { from: not.start, to: not.start, text: bound });
    }
    edits
}

fn tokens(text: &str) -> Vec<Token> {
    let bytes = text.as_bytes();
    let (mut tokens, mut at, mut first) = (Vec::new(), 0, true);
    while let Some(&byte) = bytes.get(at) {
        let start = at;
        let kind = match byte {
            b'\n' => {
                first = true;
                at += 1;
                continue;
            }
            byte if byte.is_ascii_whitespace() => {
                at += 1;
                continue;
            }
            b'#' => {
                at += text.get(at..).and_then(|rest| rest.find('\n')).unwrap_or(bytes.len() - at);
                continue;
            }
            b'"' => {
                at += 1;
                while let Some(&inner) = bytes.get(at) {
                    at += if inner == b'\\' { 2 } else { 1 };
                    if inner == b'"' {
                        break;
                    }
                }
                Kind::Literal
            }
            b'`' => {
                at += 1;
                at += text
                    .get(at..)
                    .and_then(|rest| rest.find('`'))
                    .map_or(bytes.len() - at, |found| found + 1);
                Kind::Literal
            }
            b'(' | b'[' | b'{' => {
                at += 1;
                Kind::Open
            }
            b')' | b']' | b'}' => {
                at += 1;
                Kind::Close
            }
            byte if byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii() => {
                let is_word = |byte: &u8| *byte == b'_' || byte.is_ascii_alphanumeric() || !byte.is_ascii();
                let is_number = byte.is_ascii_digit();
                while bytes.get(at).is_some_and(|byte| is_word(byte) || (is_number && *byte == b'.')) {
                    at += 1;
                }
                if is_number { Kind::Literal } else { Kind::Word }
            }
            _ => {
                at += 1;
                Kind::Operator
            }
        };
        let end = at.min(bytes.len());
        tokens.push(Token { kind, start, end, first });
        first = false;
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bracket_on_a_line_of_its_own_begins_an_expression() {
        let text = "spread(x) {\n  input.least\n  (x.max - x.min) >= input.least\n}\n";
        assert_eq!(prepared(text), "spread(x) {\n  input.least\n  ; (x.max - x.min) >= input.least\n}\n");
        for same in [
            "a {\n  f(\n    (1 + 2))\n}",
            "a {\n  x :=\n    (1 + 2)\n  not\n (x)\n}",
            "a := [x |\n  x := input.y[_]]",
            "a := {\n  \"k\": 1,\n  \"l\":\n [2]}",
        ] {
            assert_eq!(prepared(same), same);
        }
        assert_eq!(prepared("a := [x | x := f(y)\n  (x > 1)]"), "a := [x | x := f(y)\n  ; (x > 1)]");
    }

    #[test]
    fn a_second_body_is_a_second_rule() {
        let text = "package p\nviolation[{\"msg\": m}] { m := \"a\" } { m := \"b\" }\nother { true }\n";
        let wanted = "package p\nviolation[{\"msg\": m}] { m := \"a\" } \nviolation[{\"msg\": m}] { m := \"b\" }\nother { true }\n";
        assert_eq!(prepared(text), wanted);
        for same in [
            "f(x) = {\"a\": x} { x > 1 } else = {} { true }",
            "a { true }\nb = c { true }",
            "x = {\"a\": 1}\ny { true }",
        ] {
            assert_eq!(prepared(same), same);
        }
    }

    #[test]
    fn what_is_read_of_data_is_known() {
        let text =
            "package p\nimport data.lib.x\ndeny[m] { input.data.y > data.limits.max; m := \"data.z\" }";
        assert_eq!(data_read(text), ["lib", "limits"]);
    }

    #[test]
    fn rules_are_named_by_the_first_words_of_lines() {
        let text = "package p\nimport data.lib.x as y\ndefault allow = false\nallow { true }\ndeny[msg] {\n  msg := \"no\"\n}\n\
                    deny[msg] { msg := x }\nwarn_tag contains msg if { msg := 1 }\nx :=\n  1\n";
        assert_eq!(rules(text), ["allow", "deny", "warn_tag", "x"]);
    }

    #[test]
    fn arguments_of_a_negated_call_come_first() {
        assert_eq!(
            prepared("a { not f(x, input.y) }"),
            "a { __argument_13 := input.y; not f(x, __argument_13) }"
        );
        for same in [
            "a { not f(x, y) }",
            "a { not input.x }",
            "a { not f(x[_]) }",
            "a { not x.y == 1 }",
            "a { not f(g(x.y)) }",
        ] {
            assert_eq!(prepared(same), same);
        }
        assert_eq!(
            prepared("m := sprintf(\"sprintf(%v\", [1]) # sprintf("),
            "m := copilot_sprintf(\"sprintf(%v\", [1]) # sprintf("
        );
    }
}
