//! Which language to answer in.

use serde::{Deserialize, Serialize};

use super::scan::is_chinese;

/// The languages that the tool answers in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English, and whatever is not Chinese.
    #[default]
    En,
    /// Chinese.
    Zh,
}

/// The language of a request: Chinese where at least half of its words (a Chinese character counts as one) are.
/// A Chinese name in an English sentence does not make it Chinese.
pub fn language(text: &str) -> Language {
    let chinese = text.chars().filter(|c| is_chinese(*c)).count();
    let latin = text
        .split(|c: char| c.is_whitespace() || is_chinese(c))
        .filter(|word| word.chars().any(|c| c.is_ascii_alphabetic()))
        .count();
    if chinese > 0 && chinese >= latin { Language::Zh } else { Language::En }
}

#[cfg(test)]
mod tests {
    use super::{Language, language};

    #[test]
    fn the_language_of_the_sentence_not_of_its_names() {
        for (text, expected) in [
            ("a notebook with two GPUs", Language::En),
            ("给我一个notebook，两张GPU", Language::Zh),
            ("create a notebook called 小王", Language::En),
            ("要两张A100跑 meta-llama/Llama-3.1-8B", Language::Zh),
            ("", Language::En),
            ("42", Language::En),
        ] {
            assert_eq!(language(text), expected, "{text}");
        }
    }
}
