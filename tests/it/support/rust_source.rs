//! Just enough Rust to ask a source file what it imports: text without comments, literals and tests.

/// The source with comments, the contents of string literals and character literals blanked by spaces. Lines stay
/// where they are.
pub fn code(source: &str) -> String {
    let bytes = source.as_bytes();
    let mut out = String::with_capacity(source.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match bytes[at] {
            b'/' if source[at..].starts_with("//") => {
                source[at..].find('\n').map_or(source.len(), |n| at + n)
            }
            b'/' if source[at..].starts_with("/*") => end_of_block_comment(source, at),
            b'"' => end_of_string(bytes, at),
            b'r' if !follows_word(bytes, at) => match end_of_raw_string(source, at) {
                Some(end) => end,
                None => at,
            },
            b'\'' => end_of_character(source, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            let character = source[at..].chars().next().unwrap_or_default();
            out.push(character);
            at += character.len_utf8();
        } else {
            out.extend(source[at..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

/// Code (see [`code`]) without its inline test modules (`#[cfg(test)]` before `mod … { … }`).
pub fn without_tests(code: &str) -> String {
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(start) = rest.find("#[cfg(test)]") {
        out.push_str(&rest[..start]);
        let item = &rest[start..];
        let end = match (item.find('{'), item.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|semicolon| open < semicolon) => {
                closing_brace(item, open)
            }
            (_, Some(semicolon)) => semicolon + 1,
            _ => item.len(),
        };
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}

fn closing_brace(text: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, character) in text[open..].char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return open + at + 1;
        }
    }
    text.len()
}

fn follows_word(bytes: &[u8], at: usize) -> bool {
    // `br"…"` is a raw string too.
    let before = |back: usize| at.checked_sub(back).map(|at| bytes[at]);
    let word = |byte: Option<u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
    if before(1) == Some(b'b') { word(before(2)) } else { word(before(1)) }
}

fn end_of_block_comment(source: &str, start: usize) -> usize {
    let mut depth = 0_usize;
    let mut at = start;
    while at < source.len() {
        let rest = &source.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    source.len()
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn end_of_raw_string(source: &str, start: usize) -> Option<usize> {
    let after = &source[start + 1..];
    let hashes = after.bytes().take_while(|byte| *byte == b'#').count();
    let body = after[hashes..].strip_prefix('"')?;
    let close = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&close).map_or(body.len(), |at| at + close.len());
    Some(start + 1 + hashes + 1 + length)
}

/// The end of a character literal; `None` for a lifetime.
fn end_of_character(source: &str, start: usize) -> Option<usize> {
    let mut characters = source[start + 1..].char_indices();
    let (_, first) = characters.next()?;
    if first == '\\' {
        // The escaped character itself may be a quote.
        characters.next();
        return characters.find(|(_, c)| *c == '\'').map(|(at, _)| start + 1 + at + 1);
    }
    characters.next().filter(|(_, c)| *c == '\'').map(|(at, _)| start + 1 + at + 1)
}

#[test]
fn comments_and_literals_are_blanked() {
    let source =
        "use crate::a; // crate::b\n/* crate::c /* crate::d */ */ let s = \"crate::e \\\" crate::f\"; 'x'";
    let code = code(source);
    assert!(code.contains("crate::a"), "{code}");
    for hidden in ["b", "c", "d", "e", "f"] {
        assert!(!code.contains(&format!("crate::{hidden}")), "{code}");
    }
    assert_eq!(code.lines().count(), source.lines().count());
}

#[test]
fn raw_strings_end_where_they_end() {
    let code = code("let a = r#\"crate::x \" \"#; crate::y; let for_str = br\"crate::z\"; crate::w; r\"\"");
    assert!(code.contains("crate::y") && code.contains("crate::w"), "{code}");
    assert!(!code.contains("crate::x") && !code.contains("crate::z"), "{code}");
}

#[test]
fn lifetimes_are_no_character_literals() {
    let code = code("fn f<'a>(x: &'a str) -> &'a str { '\\''; '\"'; '中'; crate::a(x) } // '");
    assert!(code.contains("crate::a") && code.contains("<'a>"), "{code}");
}

#[test]
fn test_modules_are_left_out_and_what_follows_stays() {
    let source =
        "mod a;\n#[cfg(test)]\nmod tests;\nmod b;\n#[cfg(test)]\nmod more { fn f() { if x { } } }\nfn c() {}";
    let code = without_tests(source);
    assert!(code.contains("mod a;") && code.contains("mod b;") && code.contains("fn c()"), "{code}");
    assert!(!code.contains("tests") && !code.contains("more"), "{code}");
}
