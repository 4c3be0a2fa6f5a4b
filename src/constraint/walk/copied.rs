//! Commands and their arguments are copied from the request, word for word: a model that may write them freely goes on with
//! options that nobody asked for.

use serde_json::Value;

use super::rules::Rules;
use super::said::Said;

/// What a command may begin with though nobody said it.
const SHELLS: [&str; 4] = ["sh", "bash", "/bin/sh", "/bin/bash"];
/// What a shell reads its script from.
const SCRIPT: [&str; 2] = ["-c", "-lc"];
/// Scripts to choose from.
const MOST_SCRIPTS: usize = 200;
/// Clauses of one script.
const MOST_CLAUSES: usize = 4;

/// Whether a word is a shell.
pub(super) fn is_shell(word: &str) -> bool {
    SHELLS.contains(&word)
}

/// What may follow the entries that a command has; empty for nothing more. `as_arguments`: they are those of a program that
/// nobody named.
pub(super) fn next(said: &Said, rules: &Rules, entries: &[Value], as_arguments: bool) -> Vec<String> {
    let text = said.original();
    let words = words(text);
    let at_end = |from: usize, word: &str| ends_clause(text, from + word.len());
    let last = entries.last().and_then(Value::as_str);
    let mut found: Vec<String> = match last {
        None => {
            let shells = SHELLS.iter().filter(|_| !as_arguments).map(|shell| (*shell).to_owned());
            let firsts: Vec<String> = words
                .iter()
                .filter(|(at, word)| {
                    (as_arguments && word.starts_with('-')) || begins_a_command(text, *at, word, rules, said)
                })
                .map(|(_, word)| (*word).to_owned())
                .collect();
            if firsts.is_empty() { Vec::new() } else { firsts.into_iter().chain(shells).collect() }
        }
        Some(flag) if SCRIPT.contains(&flag) && entries.len() > 1 => scripts(text, &words),
        Some(last) => {
            // What goes on where all of it stands; where it stands nowhere as a whole, what follows its last word.
            let is_here = |window: &[(usize, &str)]| {
                window.iter().zip(entries).all(|((_, word), entry)| entry.as_str() == Some(*word))
            };
            let whole = words.windows(entries.len()).any(is_here);
            let size = if whole { entries.len() } else { 1 };
            let followers = words
                .windows(size + 1)
                .filter(|run| !whole || is_here(run))
                .filter_map(|run| Some((run.get(size - 1)?, run.get(size)?)))
                .filter(|(own, next)| own.1 == last && !at_end(own.0, last) && !leads_on(text, **next, said))
                .map(|(_, next)| next.1.to_owned())
                .collect::<Vec<_>>()
                .into_iter();
            let shell = SHELLS.contains(&last).then(|| SCRIPT[0].to_owned());
            followers.chain(shell).collect()
        }
    };
    let mut seen: Vec<String> = Vec::new();
    found.retain(|one| {
        let fresh = !one.is_empty() && !seen.contains(one);
        seen.push(one.clone());
        fresh
    });
    found
}

/// Whether a word of the request can be the first of a command.
fn begins_a_command(text: &str, at: usize, word: &str, rules: &Rules, said: &Said) -> bool {
    let is = |one: &String| one == word;
    if said.images.iter().any(is) || word.contains('=') || word.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let head = text
        .get(..at)
        .unwrap_or_default()
        .trim_end()
        .trim_end_matches(['"', '\'', '`', ':', '：', '('])
        .to_lowercase();
    let head = head.trim_end();
    let introduced = rules.introduce_commands.iter().any(|lead| {
        head.strip_suffix(lead.as_str())
            .is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()) || !lead.is_ascii())
    });
    let file = word.starts_with("./")
        || word.starts_with('/')
        || [".sh", ".py", ".js"].iter().any(|end| word.ends_with(end));
    // `python sync.py` begins with python.
    let behind_program = rules.programs.iter().any(|program| {
        head.strip_suffix(program.as_str())
            .is_some_and(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric()))
    });
    let file = file && !behind_program;
    let article = matches!(
        word,
        "a" | "an"
            | "the"
            | "it"
            | "on"
            | "as"
            | "in"
            | "at"
            | "from"
            | "to"
            | "and"
            | "up"
            | "every"
            | "only"
            | "once"
    );
    rules.programs.iter().any(is) || file || (introduced && !article)
}

/// Whether a command ends here: punctuation stands before the next word, or Chinese does.
fn ends_clause(text: &str, at: usize) -> bool {
    let tail = text.get(at..).unwrap_or_default().trim_start_matches(['"', '\'', '`']);
    let mut next = tail.chars();
    match next.next() {
        None => true,
        Some(',' | ';' | '.' | ':' | ')') => next.next().is_none_or(char::is_whitespace),
        Some(c) => !c.is_ascii() || tail.trim_start().starts_with(|c: char| !c.is_ascii()),
    }
}

/// Whether a word leads to what a command is not: `from` the image, `in namespace feeds`.
fn leads_on(text: &str, (at, word): (usize, &str), said: &Said) -> bool {
    let tail = text.get(at + word.len()..).unwrap_or_default().trim_start();
    let place = ["namespace", "ns "].iter().any(|start| tail.starts_with(start));
    let image = said.images.iter().any(|image| tail.starts_with(image.as_str()) || image == word);
    let leads = matches!(word, "from" | "in" | "of" | "on" | "using" | "with" | "via" | "image");
    (leads && (place || image)) || said.images.iter().any(|image| image == word)
}

/// The words that a command can consist of, without the punctuation and quotes around them, each with where it begins.
fn words(text: &str) -> Vec<(usize, &str)> {
    const AROUND: [char; 8] = ['"', '\'', '`', '(', ')', ',', ';', ':'];
    let mut found = Vec::new();
    let mut start = None;
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        let inside = !c.is_whitespace() && c.is_ascii();
        match (start, inside) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                start = None;
                let word = text.get(from..at).unwrap_or_default();
                let head = word.len() - word.trim_start_matches(AROUND).len();
                let word = word.trim_matches(AROUND);
                // The end of a sentence.
                let word = word.strip_suffix('.').unwrap_or(word);
                if !word.is_empty() {
                    found.push((from + head, word));
                }
            }
            _ => {}
        }
    }
    found
}

/// What a shell may be given: what stands in quotes, and what goes from a word to the end of its clause.
fn scripts(text: &str, words: &[(usize, &str)]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for (open, close) in [('"', '"'), ('\'', '\''), ('`', '`'), ('“', '”')] {
        let mut rest = text;
        while let Some((_, tail)) = rest.split_once(open) {
            let Some((inner, after)) = tail.split_once(close) else { break };
            found.push(inner.to_owned());
            rest = after;
        }
    }
    let is_end = |c: char| matches!(c, ',' | ';' | '，' | '；' | '。' | '\n');
    for (from, _) in words {
        let tail = text.get(*from..).unwrap_or_default();
        let mut ends: Vec<usize> =
            tail.char_indices().filter(|(_, c)| is_end(*c)).map(|(at, _)| at).take(MOST_CLAUSES).collect();
        ends.push(tail.len());
        for end in ends {
            let script = tail.get(..end).unwrap_or_default().trim_end_matches(['.', '"', '\'', '`', ' ']);
            if script.contains(' ') && found.len() < MOST_SCRIPTS {
                found.push(script.to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn next(text: &str, entries: &[Value]) -> Vec<String> {
        super::next(&Said::of(text), Rules::builtin().expect("whole"), entries, false)
    }

    const TEXT: &str =
        "job prep from acme/prep:2 running python prep.py --shards 40, then (once) sh -c \"a | b\"; 4Gi";

    #[test]
    fn a_word_is_followed_by_the_one_that_was_said_behind_it() {
        assert!(next(TEXT, &[]).contains(&"python".to_owned()));
        assert_eq!(next(TEXT, &[json!("python")]), ["prep.py"]);
        assert_eq!(next(TEXT, &[json!("python"), json!("prep.py"), json!("--shards")]), ["40"]);
        assert!(next(TEXT, &[json!("nobody-said-this")]).is_empty());
    }

    #[test]
    fn a_shell_is_given_a_whole_clause_or_what_stands_in_quotes() {
        let scripts = next(TEXT, &[json!("sh"), json!("-c")]);
        assert!(scripts.contains(&"a | b".to_owned()), "{scripts:?}");
        assert!(scripts.contains(&"python prep.py --shards 40".to_owned()), "{scripts:?}");
        assert!(!scripts.iter().any(|script| script == "rm -rf /"));
    }

    #[test]
    fn chinese_words_are_no_part_of_a_command() {
        assert_eq!(next("镜像 a/b:1，执行python x.py，完成数 20", &[json!("python")]), ["x.py"]);
    }
}
