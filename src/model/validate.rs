//! Answers are held against their form, whichever backend gave them.

use crate::constraint::{Answers, Form};

use super::ModelError;
use super::rounds::Rounds;

/// Checks that `answers` is what filling `form` can give: every slot in order, no candidate twice, none whose spans an
/// earlier answer used up, nothing missing, nothing beside; and that the object they make fits [`Form::json_schema`].
///
/// # Errors
/// [`ModelError::Invalid`] with the slot and what is wrong about its answer.
pub fn validate(form: &Form, answers: &Answers) -> Result<(), ModelError> {
    let open = replay(form, answers)?;
    let mut relaxed = form.clone();
    for slot in open {
        // Required, but its candidates were used up before it came: it was not put, and `-` stands for that.
        if let Some(slot) = relaxed.slots.get_mut(slot) {
            slot.optional = true;
        }
    }
    let validator = jsonschema::validator_for(&relaxed.json_schema())
        .map_err(|e| ModelError::Invalid(format!("the form has no usable schema: {e}")))?;
    let instance = form.instance(answers);
    match validator.iter_errors(&instance).next() {
        None => Ok(()),
        Some(error) => Err(ModelError::Invalid(format!("at '{}': {error}", error.instance_path()))),
    }
}

/// Follows the answers through the form; gives the slots that were not put for want of candidates.
fn replay(form: &Form, answers: &Answers) -> Result<Vec<usize>, ModelError> {
    let key = |slot: usize| form.slots.get(slot).map_or("?", |s| s.key.as_str());
    let mut rounds = Rounds::new(form);
    let mut given = answers.answers.iter();
    let mut skipped = Vec::new();
    loop {
        let before = rounds.len();
        let round = rounds.next();
        for _ in before..rounds.len() {
            match given.next() {
                Some(answer) if answer.choice.is_none() && answer.score.is_none() => {
                    skipped.push(answer.slot)
                }
                Some(answer) => {
                    let problem = "has an answer although it has no candidate left";
                    return Err(ModelError::Invalid(format!("slot '{}' {problem}", key(answer.slot))));
                }
                None => return Err(ModelError::Invalid("there are fewer answers than slots".to_owned())),
            }
        }
        let Some(round) = round else { break };
        let answer = given
            .next()
            .ok_or_else(|| ModelError::Invalid(format!("slot '{}' has no answer", key(round.slot))))?;
        let problem = match answer.choice {
            _ if answer.slot != round.slot => format!("is answered where '{}' was put", key(round.slot)),
            None if !round.none => "is required and was answered with nothing".to_owned(),
            Some(choice) if !round.alive.contains(&choice) => {
                format!("was answered with candidate {choice}, which does not exist or is used up")
            }
            _ => {
                rounds.answer(answer.choice, None);
                continue;
            }
        };
        return Err(ModelError::Invalid(format!("slot '{}' {problem}", key(answer.slot))));
    }
    match given.next() {
        None => Ok(skipped),
        Some(answer) => {
            Err(ModelError::Invalid(format!("slot '{}' is answered too often", key(answer.slot))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::{Answer, Candidate, Slot};

    fn form() -> Form {
        let four = Candidate { text: "4".into(), uses: vec![0] };
        let two = Candidate { text: "2".into(), uses: vec![1] };
        let slot = |key: &str, candidates: Vec<Candidate>, optional| Slot {
            key: key.into(),
            candidates,
            optional,
            most: 1,
        };
        Form {
            prefix: String::new(),
            body: "Request: 4 GPUs, 2 replicas\n".into(),
            slots: vec![
                slot("gpus", vec![four.clone(), two.clone()], false),
                slot("replicas", vec![four.clone(), two], true),
                slot("cpus", vec![four], false),
            ],
        }
    }

    fn answers(choices: &[(usize, Option<usize>)]) -> Answers {
        let answers = choices.iter().map(|&(slot, choice)| Answer { slot, choice, score: None }).collect();
        Answers { answers, sampled: 0, forced: 0 }
    }

    #[test]
    fn accepts_what_a_form_allows() {
        validate(&form(), &answers(&[(0, Some(0)), (1, Some(1)), (2, None)]))
            .expect("cpus has no candidate left");
        validate(&form(), &answers(&[(0, Some(1)), (1, None), (2, Some(0))])).expect("each answered once");
    }

    #[test]
    fn refuses_everything_else() {
        for (choices, word) in [
            (vec![(0, None), (1, None), (2, Some(0))], "required"),
            (vec![(0, Some(0)), (1, Some(0)), (2, None)], "used up"),
            (vec![(0, Some(7)), (1, None), (2, Some(0))], "does not exist"),
            (vec![(0, Some(0)), (1, None)], "fewer"),
            (vec![(0, Some(1)), (1, None)], "no answer"),
            (vec![(1, None), (0, Some(1)), (2, Some(0))], "was put"),
            (vec![(0, Some(1)), (1, None), (2, Some(0)), (2, Some(0))], "too often"),
            (vec![(0, Some(0)), (1, None), (2, Some(0))], "no candidate left"),
        ] {
            let error = validate(&form(), &answers(&choices)).expect_err("must be refused").to_string();
            assert!(error.contains(word), "{choices:?}: {error}");
        }
    }
}
