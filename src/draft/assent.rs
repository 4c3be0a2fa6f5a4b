//! Whether the answer to a question is a plain yes.

/// Words that agree, lower case.
const YES: &[&str] = &[
    "y",
    "yes",
    "yes please",
    "yep",
    "yeah",
    "sure",
    "ok",
    "okay",
    "fine",
    "do it",
    "do that",
    "go ahead",
    "agreed",
    "please do",
    "that is fine",
    "that's fine",
    "好",
    "好的",
    "可以",
    "行",
    "是",
    "是的",
    "同意",
    "没问题",
    "嗯",
    "就这样",
];

/// A short answer that agrees and says nothing else.
pub fn agrees(text: &str) -> bool {
    let clean = text.trim().trim_end_matches(['.', '!', '。', '！', ',', '，']).to_lowercase();
    let parts: Vec<&str> = clean.split([',', '，']).map(str::trim).filter(|part| !part.is_empty()).collect();
    !parts.is_empty() && parts.iter().all(|part| YES.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_says_nothing_else() {
        assert!(agrees("Yes!") && agrees("好的") && agrees("ok, do it") && agrees("yes please"));
        assert!(!agrees("yes but with three replicas") && !agrees("no") && !agrees(""));
    }
}
