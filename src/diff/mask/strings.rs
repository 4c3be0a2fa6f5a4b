//! Credentials inside of texts: URLs, keys, tokens by their form, settings and flags by their names.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{MaskKey, masked, names};

/// What a text is part of, and so what is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    /// A field of an object.
    Plain,
    /// A word of a command line, or a script.
    Command,
    /// A file with settings, or a text of unknown kind.
    Settings,
}

/// A pattern that is compiled once. A test compiles all of them; a text that cannot be searched is masked whole.
struct Pattern(LazyLock<Option<Regex>>);

impl Pattern {
    const fn new(compile: fn() -> Option<Regex>) -> Self {
        Self(LazyLock::new(compile))
    }

    fn replace<'t>(
        &self,
        text: &'t str,
        key: &MaskKey,
        shown: impl Fn(&Captures<'_>) -> String,
    ) -> Cow<'t, str> {
        match self.0.as_ref() {
            Some(pattern) => pattern.replace_all(text, |found: &Captures<'_>| shown(found)),
            None => Cow::Owned(masked(text.as_bytes(), key)),
        }
    }
}

macro_rules! pattern {
    ($name:ident, $pattern:expr) => {
        static $name: Pattern = Pattern::new(|| Regex::new($pattern).ok());
    };
}

// The key's end may be missing in a text that was cut.
pattern!(
    PRIVATE_KEY,
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----(?s:.*?)(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\z)"
);
pattern!(JWT, r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*");
pattern!(
    TOKEN,
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|(?:AKIA|ASIA)[A-Z0-9]{16}|AIza[A-Za-z0-9_-]{30,}|hf_[A-Za-z0-9]{20,}|nvapi-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9_-]{20,}|npm_[A-Za-z0-9]{30,}|dckr_pat_[A-Za-z0-9_-]{20,}|hvs\.[A-Za-z0-9_-]{20,})"
);
pattern!(AUTHORIZATION, r"(?i)\b(bearer|basic)(\s+)([A-Za-z0-9._~+/=-]{12,})");
pattern!(USER_INFO, r"([A-Za-z][A-Za-z0-9+.-]*://)([^\s/?#@'\x22<>]*(?::[^\s/?#'\x22<>]*)?)@");
pattern!(ASSIGNMENT, r#"([\p{L}_][\p{L}\p{N}_.-]*)(=)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"';&|,=][^\s"';&|]*)"#);
pattern!(FLAG, r#"(--?[A-Za-z][A-Za-z0-9_-]*)(\s+)("(?:[^"\\]|\\.)*"|'[^']*'|[^\s"'-][^\s"';&|]*)"#);
pattern!(HEADER, r#"([\p{L}_][\p{L}\p{N}_-]*)(:\s+)([^\s"'][^"'\n]*)"#);
pattern!(
    SETTING,
    r#"(?m)^([ \t]*(?:export[ \t]+|-[ \t]+)?["']?)([\p{L}\p{N}_.\-]+)(["']?[ \t]*[:=][ \t]*)([^\s#].*)$"#
);
pattern!(DIRECTIVE, r"(?mi)^([ \t]*(?:requirepass|masterauth)[ \t]+)(\S+)");
pattern!(ELEMENT, r"<([A-Za-z_][\w.-]*)>([^<>]+)</");

/// `text` with its credentials masked.
pub(super) fn mask(text: &str, carrier: Carrier, key: &MaskKey) -> String {
    let mut text = Cow::Borrowed(text);
    let mut step = |pattern: &Pattern, shown: &dyn Fn(&Captures<'_>) -> String| {
        if let Cow::Owned(changed) = pattern.replace(&text, key, shown) {
            text = Cow::Owned(changed);
        }
    };
    let hide = |value: &str| masked(value.as_bytes(), key);
    step(&PRIVATE_KEY, &|found| hide(&found[0]));
    step(&USER_INFO, &|found| {
        // A user alone (`git@`) is no secret; where there is no colon it may be a token.
        let user = &found[2];
        if user.is_empty() || matches!(user, "git" | "user" | "oauth2accesstoken") || is_hidden(user) {
            found[0].to_owned()
        } else {
            format!("{}{}@", &found[1], hide(user))
        }
    });
    if carrier == Carrier::Settings {
        step(&SETTING, &|found| {
            let value = found[4].trim_end();
            // A block scalar of YAML: what it holds follows in other lines, see below.
            let unquoted = value.trim_end_matches(',').trim_matches(['"', '\'']);
            if is_hidden(value) || is_block(value) || !names::holds_credential_text(&found[2], unquoted) {
                found[0].to_owned()
            } else {
                format!("{}{}{}{}", &found[1], &found[2], &found[3], hide(unquoted))
            }
        });
        step(&DIRECTIVE, &|found| format!("{}{}", &found[1], hide(&found[2])));
        step(&ELEMENT, &|found| {
            if names::holds_credential_text(&found[1], &found[2]) {
                format!("<{}>{}</", &found[1], hide(&found[2]))
            } else {
                found[0].to_owned()
            }
        });
    }
    if carrier != Carrier::Plain {
        step(&FLAG, &|found| named(found, key));
        step(&HEADER, &|found| named(found, key));
    }
    step(&JWT, &|found| hide(&found[0]));
    step(&TOKEN, &|found| hide(&found[0]));
    step(&AUTHORIZATION, &|found| format!("{}{}{}", &found[1], &found[2], hide(&found[3])));
    step(&ASSIGNMENT, &|found| named(found, key));
    if carrier == Carrier::Plain { text.into_owned() } else { blocks(&text, key) }
}

/// Name, separator, value: the value is masked where the name promises a credential, and searched otherwise.
fn named(found: &Captures<'_>, key: &MaskKey) -> String {
    let (name, separator, value) = (&found[1], &found[2], &found[3]);
    let quote = value.chars().next().filter(|first| matches!(first, '"' | '\''));
    let quote = quote.map(String::from).unwrap_or_default();
    let inner = value.strip_prefix(quote.as_str()).unwrap_or(value);
    let inner = inner.strip_suffix(quote.as_str()).unwrap_or(inner);
    let shown = if is_hidden(inner) || is_block(inner.trim()) {
        inner.to_owned()
    } else if names::holds_credential_text(name, inner) {
        masked(inner.as_bytes(), key)
    } else if separator == "=" && inner.contains('=') {
        // `--from-literal=password=x`
        ASSIGNMENT.replace(inner, key, |found| named(found, key)).into_owned()
    } else if inner.contains(": ") {
        HEADER.replace(inner, key, |found| named(found, key)).into_owned()
    } else {
        inner.to_owned()
    };
    format!("{name}{separator}{quote}{shown}{quote}")
}

/// Masked by an earlier step, in whole or in its beginning.
fn is_hidden(value: &str) -> bool {
    value.trim_start_matches(['"', '\'']).starts_with("***(")
        || matches!(value.to_ascii_lowercase().split_once(' '), Some(("bearer" | "basic", rest)) if rest.starts_with("***("))
}

fn is_block(value: &str) -> bool {
    value.starts_with(['|', '>']) && value.len() <= 3
}

/// `password: |` with its lines below, in a text that is YAML: the lines are masked as one value.
fn blocks(text: &str, key: &MaskKey) -> String {
    let begins = |line: &str| {
        let (name, value) = line.split_once(':')?;
        let named = names::is_credential(name.trim().trim_start_matches("- ").trim_matches(['"', '\'']));
        (named && is_block(value.trim())).then(|| indent(line))
    };
    if !text.lines().any(|line| begins(line).is_some()) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len());
    let mut lines = text.split_inclusive('\n').peekable();
    while let Some(line) = lines.next() {
        shown.push_str(line);
        let Some(outer) = begins(line) else { continue };
        let mut value = String::new();
        while let Some(inner) = lines.next_if(|inner| inner.trim().is_empty() || indent(inner) > outer) {
            value.push_str(inner);
        }
        if !value.trim().is_empty() {
            let spaces = " ".repeat(outer + 2);
            let hidden = if value.trim().starts_with("***(") {
                value.trim().to_owned()
            } else {
                masked(value.as_bytes(), key)
            };
            shown.push_str(&format!("{spaces}{hidden}\n"));
        }
    }
    shown
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_pattern_compiles() {
        for pattern in [
            &PRIVATE_KEY,
            &JWT,
            &TOKEN,
            &AUTHORIZATION,
            &USER_INFO,
            &ASSIGNMENT,
            &FLAG,
            &HEADER,
            &SETTING,
            &DIRECTIVE,
            &ELEMENT,
        ] {
            assert!(pattern.0.is_some());
        }
    }

    proptest! {
        #[test]
        fn masking_twice_is_masking_once(text in "[ -~\n]{0,60}|((password|token|image)[:=] ?['\"]?[a-z=$:@/]{0,9}['\"]?[ \n&]?){0,4}") {
            let key = MaskKey::new([7; 32]);
            for carrier in [Carrier::Plain, Carrier::Command, Carrier::Settings] {
                let once = mask(&text, carrier, &key);
                prop_assert_eq!(&mask(&once, carrier, &key), &once);
            }
        }
    }
}
