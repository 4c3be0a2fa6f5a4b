//! From a model's JSON object back to the candidates of a form. What the object says is gone through in the same rounds as
//! every other backend's answers, so that a piece of the request serves one slot here too.

use std::collections::VecDeque;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::constraint::{Answers, Form, Slot};
use crate::manifest::visible::visible_short;
use crate::model::rounds::Rounds;
use crate::model::validate;

use super::prompt::quoted;

/// A value of the model in a message, in characters.
const MOST_SHOWN: usize = 80;

/// Why an answer cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misfit {
    /// In words that complete "that is not allowed because …".
    pub reason: String,
    /// A slot and the text that it cannot have: it need not be offered again.
    pub never: Option<(usize, String)>,
}

impl Misfit {
    /// A misfit that says nothing about what can be offered.
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), never: None }
    }
}

/// The answers that an object gives to a form.
///
/// # Errors
/// The first thing about it that does not fit.
pub(super) fn answers(form: &Form, text: &str) -> Result<Answers, Misfit> {
    let Entries(entries) = serde_json::from_str(text)
        .map_err(|error| Misfit::new(format!("it is not one JSON object with each key once ({error})")))?;
    let mut given: Vec<Given> = form.slots.iter().map(|_| Given::default()).collect();
    for (key, value) in entries {
        let place = form.slots.iter().position(|slot| slot.key == key);
        let Some((slot, given)) = place.and_then(|at| Some((form.slots.get(at)?, given.get_mut(at)?))) else {
            return Err(Misfit::new(format!("the form has no key {}", shown(&key))));
        };
        given.texts = texts(slot, value)?;
    }
    let mut rounds = Rounds::new(form);
    while let Some(round) = rounds.next() {
        let Some((slot, given)) = form.slots.get(round.slot).zip(given.get_mut(round.slot)) else { break };
        let choice = match given.next() {
            Some(text) => {
                let named = |index: &&usize| slot.candidates.get(**index).is_some_and(|c| c.text == text);
                let index = round.alive.iter().find(named).copied();
                Some(index.ok_or_else(|| unfit(round.slot, slot, &text))?)
            }
            None if round.none => None,
            None => return Err(Misfit::new(format!("{} needs an answer", quoted(&slot.key)))),
        };
        given.chosen.extend(choice.and_then(|index| slot.candidates.get(index)).map(|c| c.text.clone()));
        given.put = true;
        rounds.answer(choice, None);
    }
    for (index, (slot, given)) in form.slots.iter().zip(&mut given).enumerate() {
        let Some(text) = given.next() else { continue };
        let exists = slot.candidates.iter().any(|candidate| candidate.text == text);
        // A required slot whose words are all used up is not put; its schema still asks for one of them.
        if given.put || slot.optional || !exists {
            return Err(unfit(index, slot, &text));
        }
    }
    let answers = Answers { answers: rounds.into_answers(), sampled: 0, forced: 0 };
    validate(form, &answers).map_err(|error| Misfit::new(error.to_string()))?;
    Ok(answers)
}

/// The answers of a form that leaves no choice: a kind that was named, a name that stands there alone. They need no
/// request.
pub(super) fn only_answers(form: &Form) -> Option<Answers> {
    let mut rounds = Rounds::new(form);
    while let Some(round) = rounds.next() {
        match (round.alive.as_slice(), round.none) {
            ([only], false) => rounds.answer(Some(*only), None),
            _ => return None,
        };
    }
    Some(Answers { answers: rounds.into_answers(), sampled: 0, forced: 0 })
}

/// What is said for one slot.
#[derive(Debug, Default)]
struct Given {
    texts: VecDeque<String>,
    chosen: Vec<String>,
    /// Whether the slot was put.
    put: bool,
}

impl Given {
    /// The next text that says something: `-` says nothing, and what stands twice in a list was said once.
    fn next(&mut self) -> Option<String> {
        loop {
            let text = self.texts.pop_front()?;
            if text != "-" && !self.chosen.contains(&text) {
                return Some(text);
            }
        }
    }
}

/// The texts of a value. Models write `4` for `"4"`, `"80"` for `["80"]` and the reverse; each can mean one thing only.
fn texts(slot: &Slot, value: Value) -> Result<VecDeque<String>, Misfit> {
    let list = match value {
        Value::Array(list) if slot.most > 1 || list.len() == 1 => list,
        one => vec![one],
    };
    let text = |value: Value| match value {
        Value::Null => Ok("-".to_owned()),
        Value::String(text) => Ok(text.trim().to_owned()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(yes) => Ok(yes.to_string()),
        other => {
            let form = if slot.most > 1 { "a list of words" } else { "one word" };
            let problem = format!("{} is answered with {}", quoted(&slot.key), shown(&other.to_string()));
            Err(Misfit::new(format!("{problem}, where {form} is asked for")))
        }
    };
    list.into_iter().map(text).collect()
}

/// Why a slot cannot have this text.
fn unfit(index: usize, slot: &Slot, text: &str) -> Misfit {
    let exists = slot.candidates.iter().any(|candidate| candidate.text == text);
    let (key, text) = (quoted(&slot.key), text.to_owned());
    let why = if exists {
        "which an earlier key has used already, or which is more than the key takes"
    } else {
        "which is not among the words that are listed for it"
    };
    let reason = format!("{key} is answered with {}, {why}", shown(&text));
    Misfit { reason, never: exists.then_some((index, text)) }
}

/// Words of the model, safe and short enough for a message.
fn shown(text: &str) -> String {
    format!("\"{}\"", visible_short(text, MOST_SHOWN))
}

/// An object whose keys differ: a second value for one key would silently win.
struct Entries(Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor)
    }
}

struct EntriesVisitor;

impl<'de> Visitor<'de> for EntriesVisitor {
    type Value = Entries;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
        let mut entries: Vec<(String, Value)> = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, Value>()? {
            if entries.iter().any(|(known, _)| *known == key) {
                return Err(serde::de::Error::custom("a key stands in it twice"));
            }
            entries.push((key, value));
        }
        Ok(Entries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::Candidate;

    fn slot(key: &str, candidates: &[(&str, usize)], optional: bool, most: usize) -> Slot {
        let candidates =
            candidates.iter().map(|(text, span)| Candidate { text: (*text).into(), uses: vec![*span] });
        Slot { key: key.into(), candidates: candidates.collect(), optional, most }
    }

    fn form() -> Form {
        Form {
            prefix: String::new(),
            body: "Request: lab with 4 GPUs on 80 and 443, 4 copies\n".into(),
            slots: vec![
                slot("name", &[("lab", 0)], false, 1),
                slot("gpus", &[("4", 1), ("80", 2), ("4", 4)], true, 1),
                slot("replicas", &[("4", 1), ("4", 4)], true, 1),
                slot("port", &[("80", 2), ("443", 3)], true, 8),
                slot("cpus", &[("4", 1), ("4", 4)], true, 1),
            ],
        }
    }

    fn choices(text: &str) -> Result<Vec<(usize, Option<usize>)>, Misfit> {
        let answers = answers(&form(), text)?;
        Ok(answers.answers.iter().map(|answer| (answer.slot, answer.choice)).collect())
    }

    #[test]
    fn an_object_becomes_candidates() {
        let all = r#"{"name":"lab","gpus":"4","replicas":"4","port":["443","80"],"cpus":"-"}"#;
        let chosen = choices(all).expect("fits");
        // The second 4 of the request is another 4; after both, cpus has nothing left.
        let expected = [(0, Some(0)), (1, Some(0)), (2, Some(1)), (3, Some(1)), (3, Some(0)), (4, None)];
        assert_eq!(chosen, expected);
        let least = choices(r#"{"port":80,"gpus":null,"name":[" lab "]}"#).expect("fits");
        assert_eq!(least, [(0, Some(0)), (1, None), (2, None), (3, Some(0)), (3, None), (4, None)]);
        let twice =
            choices(r#"{"name":"lab","port":["80","80","-","443"]}"#).expect("said twice is said once");
        assert_eq!(twice[3..5], [(3, Some(0)), (3, Some(1))]);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        for (text, word) in [
            ("notebook", "not one JSON object"),
            ("[]", "not one JSON object"),
            (r#"{"name":"lab"} {"#, "not one JSON object"),
            (r#"{"name":"lab","name":"lab"}"#, "twice"),
            (r#"{"name":"lab","gpu":"4"}"#, "no key \"gpu\""),
            (r#"{"gpus":"4"}"#, "\"name\" needs an answer"),
            (r#"{"name":"-"}"#, "\"name\" needs an answer"),
            (r#"{"name":"lab","gpus":"16"}"#, "\"gpus\" is answered with \"16\", which is not among"),
            (r#"{"name":"lab","gpus":["4","80"]}"#, "where one word is asked for"),
            (r#"{"name":"lab","port":[["80"]]}"#, "where a list of words is asked for"),
            (r#"{"name":"lab","port":["80","443","8080"]}"#, "not among"),
            (r#"{"name":"lab","gpus":"\u001b[2J"}"#, "␛[2J"),
        ] {
            let reason = choices(text).expect_err("must not be taken").reason;
            assert!(reason.contains(word), "{text}: {reason}");
        }
    }

    #[test]
    fn words_that_are_used_up_are_not_offered_again() {
        let misfit = choices(r#"{"name":"lab","gpus":"80","port":["80"]}"#).expect_err("80 serves one slot");
        assert_eq!(misfit.never, Some((3, "80".to_owned())));
        let misfit =
            choices(r#"{"name":"lab","gpus":"4","replicas":"4","cpus":"4"}"#).expect_err("there are two 4");
        assert_eq!(misfit.never, Some((4, "4".to_owned())));
        let misfit = choices(r#"{"name":"lab","gpus":"16"}"#).expect_err("is no candidate");
        assert_eq!(misfit.never, None);
    }

    #[test]
    fn a_form_without_a_choice_needs_no_model() {
        let mut form = form();
        form.slots = vec![slot("kind", &[("notebook", 9)], false, 1), slot("name", &[("lab", 0)], false, 1)];
        let only = only_answers(&form).expect("there is one way to answer it");
        assert_eq!(only.answers.iter().map(|a| a.choice).collect::<Vec<_>>(), [Some(0), Some(0)]);
        form.slots.push(slot("gpus", &[("4", 1)], true, 1));
        assert_eq!(only_answers(&form), None, "4 or nothing");
    }

    #[test]
    fn a_required_slot_without_words_left_takes_none() {
        let mut form = form();
        form.slots = vec![slot("gpus", &[("4", 1)], true, 1), slot("replicas", &[("4", 1)], false, 1)];
        let taken = answers(&form, r#"{"gpus":"4","replicas":"4"}"#).expect("its schema allows nothing else");
        assert_eq!(taken.answers.iter().map(|a| a.choice).collect::<Vec<_>>(), [Some(0), None]);
    }
}
