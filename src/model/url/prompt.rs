//! A form in words, for a model that answers with one JSON object: what every model reads, then the keys with what may
//! stand behind them. The words are listed even where the server enforces them, since it does not show the model its schema.

use std::fmt::Write as _;

use crate::constraint::{Form, Slot};

use super::answer::Misfit;

/// What is put to the model first.
pub(super) fn question(form: &Form) -> String {
    let mut text =
        format!("{}{}\nThe form goes on with these keys, in this order:\n", form.prefix, form.body);
    for slot in &form.slots {
        let _ = writeln!(text, "{}: {}", quoted(&slot.key), choices(slot));
    }
    text.push_str(
        "\nAnswer with one JSON object and nothing else: exactly these keys, in this order. A value is one of the words \
         that are listed for its key, written exactly so. Where the request does not say it, the value is \"-\" (an \
         empty list for a list). The same words of the request serve one key only.\n",
    );
    text
}

/// What is said to an answer that does not fit.
pub(super) fn objection(answer: &str, misfit: &Misfit) -> String {
    format!(
        "You answered {answer}; that is not allowed because {}. Answer once more with the whole JSON object and nothing \
         else.",
        misfit.reason
    )
}

fn choices(slot: &Slot) -> String {
    let mut texts: Vec<&str> = Vec::new();
    for candidate in &slot.candidates {
        if !texts.contains(&candidate.text.as_str()) {
            texts.push(&candidate.text);
        }
    }
    let listed = texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", ");
    match (slot.most > 1, slot.optional) {
        (true, true) => format!("a list of at most {} of {listed}", slot.most),
        (true, false) => format!("a list of at least one and at most {} of {listed}", slot.most),
        (false, true) => format!("one of {listed}, or \"-\""),
        (false, false) => format!("one of {listed}"),
    }
}

/// A text as JSON writes it.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Tokens that an answer may have: no token is shorter than a byte, so the longest answer fits, with white space around
/// it. Bounded, since some servers refuse what the context cannot hold.
pub(super) fn most_tokens(form: &Form) -> usize {
    let bytes: usize = form
        .slots
        .iter()
        .map(|slot| {
            let longest = slot.candidates.iter().map(|c| quoted(&c.text).len()).max().unwrap_or(0);
            quoted(&slot.key).len() + (longest + 4) * slot.most.min(slot.candidates.len().max(1)) + 8
        })
        .sum();
    (bytes + 64).min(2_048)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::Candidate;

    #[test]
    fn a_form_is_told_with_all_that_may_be_answered() {
        let candidate = |text: &str| Candidate { text: text.into(), uses: Vec::new() };
        let slot = |key: &str, texts: &[&str], optional, most| Slot {
            key: key.into(),
            candidates: texts.iter().map(|text| candidate(text)).collect(),
            optional,
            most,
        };
        let form = Form {
            prefix: "Fill in.\n\n".into(),
            body: "Request: x\n".into(),
            slots: vec![
                slot("kind", &["notebook"], false, 1),
                slot("\"4\" is", &["gpus", "gpus"], true, 1),
                slot("port", &["80", "443"], true, 8),
            ],
        };
        let text = question(&form);
        assert!(text.starts_with("Fill in.\n\nRequest: x\n\nThe form goes on"), "{text}");
        for line in [
            "\n\"kind\": one of \"notebook\"\n",
            "\n\"\\\"4\\\" is\": one of \"gpus\", or \"-\"\n",
            "\n\"port\": a list of at most 8 of \"80\", \"443\"\n",
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!((64..300).contains(&most_tokens(&form)));
    }
}
