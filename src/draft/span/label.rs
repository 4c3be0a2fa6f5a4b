//! Words of a person as a DNS label (RFC 1123): what Kubernetes takes as a name.

/// Longest DNS label.
const LONGEST: usize = 63;

/// `Alice's Lab` -> `alices-lab`. Lower case; apostrophes vanish, Latin accents are folded, everything else that is
/// not a letter, digit or dash becomes one dash; at most 63 characters. `None` where nothing is left: a name without
/// ASCII letters or digits is never transliterated.
pub fn dns_label(text: &str) -> Option<String> {
    let mut label = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        let c = fold(c);
        if c.is_ascii_alphanumeric() {
            label.push(c);
        } else if !matches!(c, '\'' | '’' | '`') && !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    label.truncate(LONGEST);
    label.truncate(label.trim_end_matches('-').len());
    (!label.is_empty()).then_some(label)
}

fn fold(c: char) -> char {
    match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ą' => 'a',
        'ç' | 'ć' | 'č' => 'c',
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ę' | 'ě' => 'e',
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'ı' => 'i',
        'ñ' | 'ń' | 'ň' => 'n',
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' => 'o',
        'ś' | 'š' | 'ş' | 'ș' => 's',
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' => 'u',
        'ý' | 'ÿ' => 'y',
        'ź' | 'ż' | 'ž' => 'z',
        'ł' => 'l',
        'ř' => 'r',
        'ť' | 'ț' | 'ţ' => 't',
        'ď' => 'd',
        'ğ' => 'g',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::dns_label;

    #[test]
    fn labels_are_what_kubernetes_accepts() {
        let long = "a".repeat(62) + "-b";
        for (text, expected) in [
            ("Alice's Lab", Some("alices-lab")),
            ("mira-dev", Some("mira-dev")),
            ("My_Notebook.v2", Some("my-notebook-v2")),
            ("--x--", Some("x")),
            ("José Müller", Some("jose-muller")),
            (long.as_str(), Some(&*"a".repeat(62))),
            ("小王", None),
            ("小王-dev", Some("dev")),
            ("…", None),
        ] {
            assert_eq!(dns_label(text).as_deref(), expected, "{text}");
        }
    }
}
