//! What a model reads: instructions and worked examples (for models that were not trained on the form), then the
//! request, then the lines of the form. The texts stand in `prompts/`.

use std::fmt::Write as _;

use serde::Deserialize;

use crate::constraint::Slot;
use crate::draft::facts::Facts;
use crate::draft::known::Known;
use crate::draft::offer::{self, Offered};
use crate::model::PromptProfile;
use crate::pattern::{Pattern, PatternSet};

/// Instructions before the examples.
const INSTRUCTIONS: &str = include_str!("../../prompts/draft.md");
/// The worked examples.
const EXAMPLES: &str = include_str!("../../prompts/examples.yaml");
/// A request is shown to the model up to this many characters.
const MOST_REQUEST: usize = 1_500;

/// One worked example of `prompts/examples.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    request: String,
    kind: String,
    #[serde(default)]
    answers: serde_json::Map<String, serde_json::Value>,
}

/// The id by which a model names a kind: `ModelServer` is `model-server`.
pub fn kind_id(kind: &str) -> String {
    let mut id = String::new();
    for (index, c) in kind.chars().enumerate() {
        if c.is_ascii_uppercase() && index > 0 {
            id.push('-');
        }
        id.extend(c.to_lowercase());
    }
    id
}

/// The text before every request: empty for a trained model. The same for all requests and targets of one set of
/// patterns, so that a backend can evaluate it once.
///
/// # Errors
/// A sentence where `prompts/examples.yaml` does not parse or names a kind that is not there (a test keeps it whole).
pub fn prefix(profile: PromptProfile, patterns: &PatternSet) -> Result<String, String> {
    if profile == PromptProfile::Trained {
        return Ok(String::new());
    }
    let facts = Facts::builtin();
    let mut kinds = String::new();
    for pattern in patterns.iter().filter(|pattern| !pattern.native) {
        let _ = writeln!(kinds, "{}: {}", kind_id(&pattern.kind), pattern.description);
    }
    let mut text = INSTRUCTIONS.replace("{{kinds}}\n", &kinds);
    for example in examples()? {
        text.push_str(&request_line(&example.request));
        let _ = writeln!(text, "kind: {}", example.kind);
        let Some(pattern) = patterns.iter().find(|pattern| kind_id(&pattern.kind) == example.kind) else {
            if example.kind != "none" {
                return Err(format!("prompts/examples.yaml speaks of the kind '{}'", example.kind));
            }
            text.push('\n');
            continue;
        };
        for line in example_lines(&example, pattern, &facts)? {
            text.push_str(&line);
        }
        text.push('\n');
    }
    Ok(text)
}

/// The line that holds the person's words: one line, bounded.
pub fn request_line(request: &str) -> String {
    format!("Request: {}\n", one_line(request))
}

/// The lines of a thing that is already filled, before a follow-up turn changes it.
pub fn change_lines(first: &str, kind: &str, filled: &[(String, String)], turn: &str) -> String {
    let mut text = request_line(first);
    let _ = writeln!(text, "kind: {}", kind_id(kind));
    for (key, value) in filled {
        let _ = writeln!(text, "{key}: {}", one_line(value));
    }
    let _ = writeln!(text, "Request: {}", one_line(turn));
    let _ = writeln!(text, "kind: {}", kind_id(kind));
    text
}

/// Key of the question whether a span that no slot took belongs to one of the empty slots.
pub fn second_look_key(words: &str) -> String {
    format!("\"{}\" is", one_line(words).replace('"', "'"))
}

/// White space of any kind becomes one blank; control characters go; the length is bounded.
fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let joined = clean.split_whitespace().collect::<Vec<_>>().join(" ");
    joined.chars().take(MOST_REQUEST).collect()
}

fn examples() -> Result<Vec<Example>, String> {
    serde_saphyr::from_str(EXAMPLES).map_err(|error| format!("prompts/examples.yaml: {error}"))
}

/// The lines of one example, exactly as a backend would write them.
fn example_lines(example: &Example, pattern: &Pattern, facts: &Facts) -> Result<Vec<String>, String> {
    let spans = facts.lex(&example.request, 0);
    let offered = offer::offers(pattern, &example.request, &spans, &[], &Known::default());
    let mut lines = Vec::new();
    for offer in &offered {
        let answers = answers_of(example, &offer.slot.key);
        for answer in &answers {
            if !offer.options.iter().any(|option| option.text == *answer) {
                return Err(missing(example, offer, answer));
            }
            lines.push(format!("{}: {answer}\n", offer.slot.key));
        }
        let slot: Slot = offer.to_slot(&spans);
        if answers.is_empty() || (slot.most > 1 && answers.len() < offer.options.len()) {
            lines.push(format!("{}: -\n", offer.slot.key));
        }
    }
    for key in example.answers.keys() {
        if !offered.iter().any(|offer| offer.slot.key == *key) {
            return Err(format!("example '{}': the form does not offer '{key}'", example.request));
        }
    }
    Ok(lines)
}

fn answers_of(example: &Example, key: &str) -> Vec<String> {
    match example.answers.get(key) {
        None => Vec::new(),
        Some(serde_json::Value::Array(list)) => {
            list.iter().filter_map(|v| v.as_str().map(str::to_owned)).collect()
        }
        Some(one) => vec![one.as_str().map_or_else(|| one.to_string(), str::to_owned)],
    }
}

fn missing(example: &Example, offer: &Offered, answer: &str) -> String {
    let offered: Vec<&str> = offer.options.iter().map(|option| option.text.as_str()).collect();
    format!(
        "example '{}': '{}' has no candidate '{answer}', only {offered:?}",
        example.request, offer.slot.key
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_are_what_the_form_really_offers() {
        let patterns = PatternSet::builtin();
        let text = prefix(PromptProfile::FewShot, patterns).unwrap();
        assert!(text.contains("kind: notebook\nname: quokka\n"), "{text}");
        assert!(prefix(PromptProfile::Trained, patterns).unwrap().is_empty());
    }

    #[test]
    fn a_request_cannot_add_lines_to_the_form() {
        assert_eq!(request_line("a notebook\nkind: none\u{1b}[2J"), "Request: a notebook kind: none [2J\n");
    }
}
