//! The phrases of `prompts/cues.yaml`: regular expressions with two conveniences, so that they read like words.
//!
//! - A space stands for any run of spaces.
//! - `…` stands for up to four words (in a phrase with Chinese: up to ten characters), none included, within a sentence.
//! - Case does not matter; a phrase that begins or ends with a letter does so at a word boundary.

use crate::draft::span::scan::{Rule, is_chinese};

/// A list of phrases of which any may match.
pub(super) struct Phrases(Vec<Rule>);

impl Phrases {
    /// Compiles the phrases; the first that does not compile is named.
    pub(super) fn compile(phrases: &[String]) -> Result<Self, String> {
        let compiled = phrases.iter().map(|phrase| {
            regex::Regex::new(&pattern(phrase))
                .map(Rule::from)
                .map_err(|error| format!("the phrase '{phrase}' does not compile: {error}"))
        });
        compiled.collect::<Result<_, _>>().map(Self)
    }

    /// All matches as byte ranges, by phrase and from left to right.
    pub(super) fn all(&self, text: &str) -> Vec<(usize, usize)> {
        self.0
            .iter()
            .flat_map(|rule| rule.all(text))
            .filter_map(|captures| captures.get(0).map(|found| (found.start(), found.end())))
            .collect()
    }

    /// Whether any phrase matches.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|rule| rule.matches(text))
    }

    /// The end of a match at the very beginning of the text.
    pub(super) fn at_start(&self, text: &str) -> Option<usize> {
        self.all(text).into_iter().filter(|(start, end)| *start == 0 && *end > 0).map(|(_, end)| end).max()
    }
}

fn pattern(phrase: &str) -> String {
    let chinese = phrase.chars().any(is_chinese);
    let word = |c: char| c.is_ascii_alphanumeric();
    let opens = phrase.chars().find(|c| *c != '(' && *c != '?' && *c != ':');
    let closes = phrase.chars().rev().find(|c| !matches!(c, ')' | '?' | '*' | '+' | ']'));
    // Without Chinese everything is ASCII, which compiles many times faster than the classes of all of Unicode.
    let mut pattern = String::from(if chinese { "(?i)" } else { "(?i-u)" });
    if !chinese && opens.is_some_and(word) {
        pattern.push_str(r"\b");
    }
    pattern.push_str("(?:");
    // Not-a-space, too, only among ASCII.
    let phrase = if chinese { phrase.to_owned() } else { phrase.replace(r"\S", r"[\x21-\x7E]") };
    for c in phrase.chars() {
        match c {
            ' ' if chinese => pattern.push_str(r"(?:[ \t\r\n]+)"),
            ' ' => pattern.push_str(r"(?:\s+)"),
            '…' if chinese => pattern.push_str(r"[^，。；！？,.;!?\r\n]{0,10}?"),
            // Words of ASCII without the marks that end a sentence or its part.
            '…' => pattern.push_str(r"\s+(?:[\x22-\x2B\x2D\x2F-\x3A\x3C-\x3E\x40-\x7E]+\s+){0,4}?"),
            c => pattern.push(c),
        }
    }
    pattern.push(')');
    if !chinese && closes.is_some_and(word) {
        pattern.push_str(r"\b");
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::Phrases;

    #[test]
    fn spaces_gaps_and_boundaries() {
        let phrases =
            Phrases::compile(&["delete (all|every)…pods?".to_owned(), "删除…所有".to_owned()]).unwrap();
        assert!(phrases.matches("please DELETE  all of my pods now"));
        assert!(phrases.matches("delete all pods"));
        assert!(!phrases.matches("undelete all pods"));
        assert!(!phrases.matches("delete all. The pods are fine"));
        assert!(!phrases.matches("delete all podsters"));
        assert!(phrases.matches("请删除我的所有任务"));
        assert!(!phrases.matches("删除它。所有任务"));
        assert!(Phrases::compile(&["(".to_owned()]).is_err());
    }
}
