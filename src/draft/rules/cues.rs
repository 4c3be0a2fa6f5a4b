//! The cue lists of `prompts/cues.yaml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::draft::span::find_cue;

/// Compiled in; a test reads it strictly.
const TEXT: &str = include_str!("../../../prompts/cues.yaml");

/// The file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cues {
    /// Code -> what is declined, see the file.
    pub decline: BTreeMap<String, Group>,
    /// Verbs of what a later version does.
    pub not_yet: NotYet,
    /// Words that may stand before a verb.
    pub polite: Vec<String>,
    /// Questions.
    pub route: Route,
    /// Topics that are not ours.
    pub off_topic: Vec<String>,
    /// Begins of another thing in a follow-up.
    pub anew: Vec<String>,
    /// Agreement.
    pub yes: Vec<String>,
}

/// Cues, and what takes a match back.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Group {
    /// The cues.
    pub cues: Vec<String>,
    /// Longer phrases in which a cue means something else.
    #[serde(default)]
    pub never: Vec<String>,
}

/// See the file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct NotYet {
    /// Verbs of deletion.
    pub delete: Vec<String>,
    /// Verbs of change.
    pub change: Vec<String>,
    /// Chinese: the verb behind `把 X`.
    pub change_zh_ba: Vec<String>,
}

/// See the file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Route {
    /// Words that make a question.
    pub ask: Vec<String>,
    /// Begins of a wish.
    pub not_ask: Vec<String>,
    /// Verb -> words.
    pub verbs: BTreeMap<String, Vec<String>>,
    /// What a question must speak of.
    pub about: Vec<String>,
}

/// The lists. The file is compiled in and a test parses it, so the empty lists of a broken one are never seen.
pub static CUES: LazyLock<Cues> = LazyLock::new(|| serde_saphyr::from_str(TEXT).unwrap_or_default());

/// Whether any of the cues stands in the text.
pub fn any(text: &str, cues: &[String]) -> bool {
    cues.iter().any(|cue| !find_cue(text, cue).is_empty())
}

/// The text behind leading polite words, punctuation and blanks.
pub fn without_politeness(text: &str) -> &str {
    let mut rest = text.trim_start_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation());
    loop {
        let longest = CUES
            .polite
            .iter()
            .filter_map(|word| find_cue(rest, word).first().filter(|(start, _)| *start == 0).map(|(_, end)| *end))
            .max();
        let Some(end) = longest else { return rest };
        rest = rest[end..].trim_start_matches(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | '!' | '！'));
    }
}

/// Whether the text begins with one of the cues.
pub fn begins(text: &str, cues: &[String]) -> bool {
    cues.iter().any(|cue| find_cue(text, cue).first().is_some_and(|(start, _)| *start == 0))
}

/// Whether a follow-up wants another thing.
pub fn starts_anew(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    any(&lower, &CUES.anew)
}

/// Whether the answer to a question is a plain yes.
pub fn affirms(text: &str) -> bool {
    let clean = text.trim().trim_end_matches(['.', '!', '。', '！', ',', '，']).to_lowercase();
    CUES.yes.iter().any(|yes| *yes == clean)
        || CUES.yes.iter().any(|yes| {
            clean.strip_prefix(yes.as_str()).is_some_and(|rest| rest.starts_with([' ', ',', '，']) && rest.chars().count() < 24)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_whole() {
        let cues: Cues = serde_saphyr::from_str(TEXT).unwrap();
        assert!(cues.decline.len() >= 4 && cues.route.verbs.len() == 5, "{cues:?}");
        let all = cues.decline.values().flat_map(|group| &group.cues).chain(&cues.polite).chain(&cues.off_topic);
        for cue in all {
            assert_eq!(*cue, cue.to_lowercase(), "cues are lower case");
            assert!(!cue.trim().is_empty());
        }
    }

    #[test]
    fn polite_words_are_no_verb() {
        assert_eq!(without_politeness("Please, can you delete nb"), "delete nb");
        assert_eq!(without_politeness("请帮我删除 nb"), "删除 nb");
        assert_eq!(without_politeness("notebook"), "notebook");
    }

    #[test]
    fn a_yes_is_short() {
        assert!(affirms("Yes!") && affirms("好的") && affirms("ok, do it"));
        assert!(!affirms("yes but with three replicas and another image please"));
        assert!(!affirms("no"));
    }
}
