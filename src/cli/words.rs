//! A request from words on the command line, and the guard against a mistyped verb that would become one.

use crate::session::Problem;

/// The verbs that a first word is compared with.
const VERBS: &[&str] = &[
    "draft",
    "plan",
    "apply",
    "review",
    "capacity",
    "undo",
    "history",
    "status",
    "why",
    "open",
    "pattern",
    "policy",
    "model",
    "eval",
    "doctor",
    "completion",
    "help",
];

/// The request, or why these words are none.
///
/// # Errors
/// No words; a single word; a first word that is nearly a verb.
pub fn request(words: &[String]) -> Result<String, Problem> {
    let text = words.join(" ");
    let mut parts = text.split_whitespace();
    let Some(first) = parts.next() else {
        return Err(Problem::new(
            "say what you need, e.g. kubectl copilot \"give me a notebook with two GPUs\"",
        )
        .hint("kubectl copilot --help shows the verbs"));
    };
    let single = parts.next().is_none() && first.is_ascii();
    let nearest = VERBS.iter().map(|verb| (strsim::damerau_levenshtein(first, verb), *verb)).min();
    let Some((distance, verb)) = nearest else { return Ok(text) };
    if single {
        let problem = Problem::new(format!("'{first}' is neither a verb nor a request"));
        return Err(if distance <= 2 {
            problem.hint(format!("did you mean `kubectl copilot {verb}`? A request has more than one word"))
        } else {
            problem.hint(format!("say it in a few words, or: kubectl copilot -p \"{first}\""))
        });
    }
    // A verb of a later version, or a slip, followed by more: never silently a request.
    let looks_like_flags = words.len() > 1 && words.iter().skip(1).any(|word| word.starts_with('-'));
    if words.len() > 1 && distance <= 2 && (distance == 0 || looks_like_flags) {
        return Err(Problem::new(format!("'{first}' is not a verb of this version"))
            .hint(format!("did you mean `kubectl copilot {verb}`? A request goes into one pair of quotes")));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &[&str]) -> Vec<String> {
        text.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_single_word_is_no_request() {
        let problem = request(&words(&["aply"])).unwrap_err();
        assert!(problem.hint.is_some_and(|hint| hint.contains("apply")));
        assert!(request(&words(&["notebook"])).is_err());
    }

    #[test]
    fn a_sentence_is_a_request_however_it_is_quoted() {
        assert_eq!(request(&words(&["give me a notebook"])).as_deref(), Ok("give me a notebook"));
        assert_eq!(request(&words(&["give", "me", "a", "notebook"])).as_deref(), Ok("give me a notebook"));
        assert_eq!(request(&words(&["给我一个笔记本"])).as_deref(), Ok("给我一个笔记本"));
        assert_eq!(request(&words(&["open a notebook for me"])).as_deref(), Ok("open a notebook for me"));
    }

    #[test]
    fn a_verb_of_a_later_version_is_named() {
        assert!(request(&words(&["status", "nb"])).is_err());
    }
}
