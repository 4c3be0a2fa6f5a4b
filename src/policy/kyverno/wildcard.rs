//! Kyverno's wildcards: `*` is any text, `?` one character.

use serde::Deserialize;

/// A text with wildcards.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(transparent)]
pub(super) struct Wildcard(String);

impl From<&str> for Wildcard {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Wildcard {
    /// Whether a text is meant.
    pub(super) fn matches(&self, text: &str) -> bool {
        matches(&self.0, text)
    }

    /// As it was written.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether a text is more than itself.
pub(super) fn has_wildcards(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// Whether a text is one of those that a pattern means. Takes at most as many steps as both are long, multiplied.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut place) = (0, 0);
    // Where the last star stands, and how much of the text it takes so far.
    let mut star: Option<(usize, usize)> = None;
    while let Some(&next) = text.get(place) {
        match (pattern.get(at), star) {
            (Some('*'), _) => {
                star = Some((at, place));
                at += 1;
            }
            (Some(&one), _) if one == '?' || one == next => {
                at += 1;
                place += 1;
            }
            (_, Some((behind, taken))) => {
                star = Some((behind, taken + 1));
                at = behind + 1;
                place = taken + 1;
            }
            (_, None) => return false,
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_stand_for_text() {
        assert!(matches("kube-*", "kube-system") && !matches("kube-*", "my-kube"));
        assert!(matches("*-?.x", "a-b.x") && !matches("*-?.x", "a-bc.x") && !matches("*-?.x", "a-bzx"));
        assert!(matches("plain", "plain") && !matches("plain", "plainer") && !matches("plainer", "plain"));
        assert!(matches("?*", "a") && !matches("?*", "") && matches("*", "") && matches("", ""));
        assert!(matches("*ab*ab", "abxababab") && !matches("*ab*ab", "ab"));
        assert!(!matches(&"*a".repeat(40), &"a".repeat(30)), "in no time");
    }
}
