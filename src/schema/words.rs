//! Names of kinds and fields as people say them.

/// `CronJob` -> `cron job`, `NIMCache` -> `nim cache`.
pub fn in_words(name: &str) -> String {
    let mut words = String::new();
    let letters: Vec<char> = name.chars().collect();
    for (index, c) in letters.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| letters.get(before));
        // A word begins behind a small letter, and with the last capital of an abbreviation: `NIMCache`.
        let behind_small = before.is_some_and(char::is_ascii_lowercase);
        let ends_capitals = before.is_some_and(char::is_ascii_uppercase)
            && letters.get(index + 1).is_some_and(char::is_ascii_lowercase);
        if c.is_ascii_uppercase() && (behind_small || ends_capitals) {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capitals_begin_words_and_abbreviations_are_one() {
        assert_eq!(in_words("readinessProbe"), "readiness probe");
        assert_eq!(in_words("NIMCache"), "nim cache");
        assert_eq!(in_words("storageClassName"), "storage class name");
    }
}
