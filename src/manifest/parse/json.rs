//! JSON texts made ready for the YAML parser, which knows positions: YAML 1.2 is a superset of JSON but for
//! tabs, concatenated documents and surrogate pairs.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// The JSON documents of `text` as `(byte offset, document)`, or `None` where it is not JSON throughout.
pub(super) fn documents(text: &str) -> Option<Vec<(usize, Cow<'_, str>)>> {
    if !text.trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<IgnoredAny>();
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(document) = stream.next() {
        document.ok()?;
        let to = stream.byte_offset();
        let chunk = text.get(from..to)?;
        let start = from + (chunk.len() - chunk.trim_start().len());
        found.push((start, as_yaml(text.get(start..to)?)));
        from = to;
    }
    Some(found)
}

/// Tabs between tokens become spaces (columns stay), pairs of surrogate escapes the character that they mean.
fn as_yaml(json: &str) -> Cow<'_, str> {
    if !json.contains('\t') && !json.contains("\\u") {
        return Cow::Borrowed(json);
    }
    let mut yaml = String::with_capacity(json.len());
    let mut in_string = false;
    let mut rest = json;
    while let Some(character) = rest.chars().next() {
        if in_string && character == '\\' {
            if let Some((paired, length)) = surrogate_pair(rest) {
                yaml.push(paired);
                rest = &rest[length..];
                continue;
            }
            // The escape and what it escapes; JSON makes sure that there is something.
            let length = 1 + rest[1..].chars().next().map_or(0, char::len_utf8);
            yaml.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        if character == '"' {
            in_string = !in_string;
        }
        yaml.push(if character == '\t' && !in_string { ' ' } else { character });
        rest = &rest[character.len_utf8()..];
    }
    Cow::Owned(yaml)
}

fn surrogate_pair(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let escape = text.get(at..at + 6)?;
        u16::from_str_radix(escape.strip_prefix("\\u")?, 16).ok()
    };
    let units = [unit(0)?, unit(6)?];
    if !(0xd800..0xdc00).contains(&units[0]) {
        return None;
    }
    let paired = char::decode_utf16(units).next()?.ok()?;
    Some((paired, 12))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn concatenated_documents_are_told_apart() {
        let found = documents("{\"a\": 1}\n{\"b\":\t2}").unwrap();
        assert_eq!(found, [(0, Cow::Borrowed("{\"a\": 1}")), (9, Cow::Borrowed("{\"b\": 2}"))]);
    }

    #[test]
    fn yaml_is_not_taken_for_json() {
        assert!(documents("a: 1").is_none());
        assert!(documents("{a: 1}").is_none());
        assert!(documents("{\"a\": 1}\n---\nb: 2").is_none());
    }

    #[test]
    fn surrogates_become_characters() {
        let found = documents(r#"["\ud83d\ude00 \u00e9 \\ud83d\\ude00"]"#).unwrap();
        assert_eq!(found[0].1, r#"["😀 \u00e9 \\ud83d\\ude00"]"#);
    }
}
