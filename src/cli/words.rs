//! A request from words on the command line, and the guard against a mistyped verb that would become one.

use crate::session::Problem;

/// The verbs that a first word is compared with; some are verbs of later versions.
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

/// What may stand behind `pattern`, `policy` and `model`.
const SUB_VERBS: &[&str] =
    &["list", "show", "render", "check", "new", "explain", "test", "pull", "use", "info", "bench"];

/// The nearest of some names, where one is within two edits (one for a word of up to three letters).
pub fn nearest<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |name: &str| strsim::damerau_levenshtein(word, &name.to_lowercase());
    let most = if word.chars().count() <= 3 { 1 } else { 2 };
    names
        .map(|name| (distance(name), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// The request, or why these words are none.
///
/// # Errors
/// No words; a single word; a first word that is nearly a verb.
pub fn request(words: &[String]) -> Result<String, Problem> {
    let text = words.join(" ");
    let mut parts = text.split_whitespace();
    let Some(first) = parts.next() else {
        return Err(nothing());
    };
    let second = parts.next();
    let verb = nearest(first, VERBS.iter().copied());
    // A Chinese sentence has no spaces: one word of it may be all.
    if second.is_none() && first.is_ascii() {
        let problem = Problem::new(format!("'{first}' is neither a verb nor a request"));
        return Err(match verb {
            Some(verb) if verb == first => {
                problem.hint("this version has no such verb; --help shows those it has")
            }
            Some(verb) => problem
                .hint(format!("did you mean `kubectl copilot {verb}`? A request has more than one word")),
            None => problem.hint(format!("say it in a few words, or: kubectl copilot -p \"{first}\"")),
        });
    }
    // A verb of a later version, or a slip, followed by more: never silently a request.
    let Some(verb) = verb.filter(|_| words.len() > 1) else { return Ok(text) };
    let sub_verb = words.len() == 2 && second.is_some_and(|second| SUB_VERBS.contains(&second));
    if verb == first {
        return Err(Problem::new(format!("'{first}' is not a verb of this version"))
            .hint(format!("a request goes into one pair of quotes: kubectl copilot \"{first} …\"")));
    }
    if sub_verb {
        return Err(slip(first, verb));
    }
    Ok(text)
}

/// What was given with -p, where there is a word in it.
///
/// # Errors
/// Nothing but spaces.
pub fn said(prompt: &str) -> Result<&str, Problem> {
    if prompt.trim().is_empty() { Err(nothing()) } else { Ok(prompt) }
}

fn nothing() -> Problem {
    Problem::new("say what you need, e.g. kubectl copilot \"give me a notebook with two GPUs\"")
        .hint("kubectl copilot --help shows the verbs")
}

/// Why these arguments are a mistyped verb rather than a request: the first is nearly one, and flags follow.
pub fn mistyped_verb(arguments: &[String]) -> Option<Problem> {
    let (first, rest) = arguments.split_first()?;
    let verb = nearest(first, VERBS.iter().copied()).filter(|_| !first.starts_with('-'))?;
    rest.iter().any(|word| word.starts_with('-')).then(|| {
        if verb == first {
            Problem::new(format!("'{first}' is not a verb of this version")).hint("--help shows those it has")
        } else {
            slip(first, verb)
        }
    })
}

fn slip(first: &str, verb: &str) -> Problem {
    Problem::new(format!("'{first}' is not a verb"))
        .hint(format!("did you mean `kubectl copilot {verb}`? A request goes into one pair of quotes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &[&str]) -> Vec<String> {
        text.iter().map(|word| (*word).to_owned()).collect()
    }

    fn hint(problem: Problem) -> String {
        problem.hint.unwrap_or_default()
    }

    #[test]
    fn a_single_word_is_no_request() {
        assert!(hint(request(&words(&["aply"])).unwrap_err()).contains("copilot apply"));
        assert!(hint(request(&words(&["notebook"])).unwrap_err()).contains("-p \"notebook\""));
        assert!(!hint(request(&words(&["capacity"])).unwrap_err()).contains("did you mean"));
        for nothing in [words(&[]), words(&[""]), words(&["  ", " "])] {
            assert!(request(&nothing).unwrap_err().to_string().contains("say what you need"));
        }
    }

    #[test]
    fn a_sentence_is_a_request_however_it_is_quoted() {
        for (given, text) in [
            (words(&["give me a notebook"]), "give me a notebook"),
            (words(&["give", "me", "a", "notebook"]), "give me a notebook"),
            (words(&["给我一个笔记本"]), "给我一个笔记本"),
            (words(&["open a notebook for me"]), "open a notebook for me"),
        ] {
            assert_eq!(request(&given).as_deref(), Ok(text));
        }
    }

    #[test]
    fn a_verb_of_a_later_version_is_named() {
        let problem = request(&words(&["status", "nb"])).unwrap_err();
        assert!(problem.to_string().contains("not a verb of this version"), "{problem}");
        assert!(hint(problem).contains("quotes"));
    }

    #[test]
    fn a_mistyped_verb_with_a_verb_of_its_own_is_no_request() {
        assert!(hint(request(&words(&["pattren", "list"])).unwrap_err()).contains("copilot pattern"));
        assert_eq!(request(&words(&["plain", "notebook"])).as_deref(), Ok("plain notebook"));
    }

    #[test]
    fn a_first_word_that_is_nearly_a_verb_before_flags_is_one() {
        let problem = mistyped_verb(&words(&["pln", "-f", "x.yaml"])).unwrap();
        assert!(hint(problem).contains("copilot plan"));
        assert_eq!(mistyped_verb(&words(&["notebook", "-f", "x"])), None);
        assert_eq!(mistyped_verb(&words(&["pln", "x"])), None);
        assert_eq!(mistyped_verb(&words(&["my", "notebook", "--plain"])), None, "'my' is not nearly 'why'");
        assert_eq!(mistyped_verb(&words(&["-p", "a notebook", "--plain"])), None);
        assert_eq!(mistyped_verb(&words(&[])), None);
    }
}
