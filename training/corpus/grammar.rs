//! A grammar of phrases. A file holds named lists of alternatives; an alternative is text with
//!
//! | written | becomes |
//! |---|---|
//! | `[rule]` | one alternative of the list `rule` |
//! | `{key}` | a value drawn from the value list `key`, recorded as what the slot `key` holds |
//! | `{key:list}` | the same, drawn from another value list |
//! | `{-:list}` | a value that belongs to no slot: a distractor |
//! | `(text)` | the text, or nothing; parentheses nest |
//!
//! `N% text` at the start of an alternative makes it N times as likely as the others (whole numbers).

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::values::{self, Random};

/// What the alternatives of one kind may be used for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grammar {
    /// Kind id (or `none`, `show`) -> requests.
    pub requests: BTreeMap<String, Vec<String>>,
    /// Kind id -> follow-up turns that set or clear fields.
    #[serde(default)]
    pub changes: BTreeMap<String, Vec<String>>,
    /// Named lists.
    pub rules: BTreeMap<String, Vec<String>>,
    /// Value lists; an entry that begins with `%` is a generator of `values.rs`.
    pub values: BTreeMap<String, Vec<String>>,
}

/// A request and what it says: slot key -> the person's words, several for a list slot.
#[derive(Debug, Default, Clone)]
pub struct Said {
    /// The text.
    pub text: String,
    /// In the order in which they were said.
    pub values: Vec<(String, String)>,
}

impl Grammar {
    /// Reads the file's text.
    pub fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error>> {
        Ok(serde_saphyr::from_str(text)?)
    }

    /// One request from an alternative of a list.
    pub fn say(&self, list: &[String], random: &mut Random) -> Result<Said, String> {
        let mut said = Said::default();
        let alternative = pick(list, random).ok_or("an empty list of alternatives")?;
        self.expand(alternative, random, &mut said, 0)?;
        said.text = tidy(&said.text);
        Ok(said)
    }

    fn expand(&self, text: &str, random: &mut Random, said: &mut Said, depth: usize) -> Result<(), String> {
        if depth > 20 {
            return Err(format!("the phrases call themselves without end: {text}"));
        }
        let mut rest = text;
        while let Some(at) = rest.find(['[', '{', '(']) {
            said.text.push_str(&rest[..at]);
            let open = rest[at..].chars().next().unwrap_or_default();
            let (inside, after) = enclosed(&rest[at..], open).ok_or_else(|| format!("unbalanced: {text}"))?;
            match open {
                '[' => {
                    let list =
                        self.rules.get(inside).ok_or_else(|| format!("no rule '{inside}' (in: {text})"))?;
                    let alternative =
                        pick(list, random).ok_or_else(|| format!("rule '{inside}' is empty"))?;
                    self.expand(alternative, random, said, depth + 1)?;
                }
                '{' => {
                    let (key, list) = inside.split_once(':').unwrap_or((inside, inside));
                    let value = self.value(list, random)?;
                    said.text.push_str(&value);
                    if key != "-" {
                        said.values.push((key.to_owned(), value));
                    }
                }
                _ => {
                    if random.chance(0.5) {
                        self.expand(inside, random, said, depth + 1)?;
                    }
                }
            }
            rest = after;
        }
        said.text.push_str(rest);
        Ok(())
    }

    fn value(&self, list: &str, random: &mut Random) -> Result<String, String> {
        let entries = self.values.get(list).ok_or_else(|| format!("no value list '{list}'"))?;
        let entry = pick(entries, random).ok_or_else(|| format!("value list '{list}' is empty"))?;
        match entry.strip_prefix('%') {
            Some(generator) => values::generate(generator, random),
            None => Ok(entry.to_owned()),
        }
    }
}

/// The text between an opening bracket and its own closing one, and what follows.
fn enclosed(text: &str, open: char) -> Option<(&str, &str)> {
    let close = match open {
        '[' => ']',
        '{' => '}',
        _ => ')',
    };
    let mut depth = 0;
    for (index, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some((&text[open.len_utf8()..index], &text[index + close.len_utf8()..]));
            }
        }
    }
    None
}

/// One alternative, weighted.
fn pick<'a>(list: &'a [String], random: &mut Random) -> Option<&'a str> {
    fn weighted(entry: &str) -> (usize, &str) {
        entry
            .split_once("% ")
            .and_then(|(number, rest)| number.parse().ok().map(|weight| (weight, rest)))
            .unwrap_or((1, entry))
    }
    let total: usize = list.iter().map(|entry| weighted(entry).0).sum();
    if total == 0 {
        return None;
    }
    let mut at = random.below(total);
    for entry in list {
        let (weight, text) = weighted(entry);
        if at < weight {
            return Some(text);
        }
        at -= weight;
    }
    None
}

/// Double blanks and blanks before punctuation, as optional parts leave them behind.
fn tidy(text: &str) -> String {
    let mut clean = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for (from, to) in
        [(" ,", ","), (" .", "."), (" ?", "?"), (",,", ","), (", .", "."), (" ，", "，"), (" 。", "。")]
    {
        clean = clean.replace(from, to);
    }
    // `with with`, `using from`: an optional part brought a preposition of its own.
    for (from, to) in [
        ("with with ", "with "),
        ("using with ", "with "),
        ("having with ", "with "),
        ("- with with ", "with "),
        ("that has with ", "with "),
        ("using using ", "using "),
        ("with using ", "using "),
        ("having using ", "using "),
        ("that has using ", "using "),
        ("with from ", "from "),
        ("using from ", "from "),
        ("having from ", "from "),
        ("that has from ", "from "),
        ("with image", "image"),
        ("with on ", "on "),
        ("using on ", "on "),
        ("with run", "run"),
        ("with at ", "at "),
        ("using at ", "at "),
        ("with and ", "and "),
        ("with under ", "under "),
        ("and and ", "and "),
        ("and with ", "and "),
        ("with owned", "owned"),
        ("with for ", "for "),
        ("with mount", "mount"),
        ("with that runs", "that runs"),
        ("with reachable", "reachable"),
        ("with exposed", "exposed"),
        ("an a ", "a "),
    ] {
        clean = clean.replace(from, to);
    }
    clean.trim_matches([' ', ',', '，']).to_owned()
}
