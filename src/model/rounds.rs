//! How a form is gone through: which slot is put next and with which candidates. Every backend follows it, and
//! `super::validate` replays it, so that all of them mean the same by "used up" and "asked again".

use std::collections::BTreeSet;

use crate::constraint::{Answer, Form, Score};

/// One putting of one slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Round {
    /// Index of the slot in [`Form::slots`].
    pub slot: usize,
    /// Indices of the candidates that may still be chosen, in form order; not empty.
    pub alive: Vec<usize>,
    /// Whether `-` may be answered: the slot is optional, or it is a list slot that has an answer already.
    pub none: bool,
}

/// Goes through a form. Call [`Rounds::next`], answer what it gives with [`Rounds::answer`], until it gives nothing.
#[derive(Debug)]
pub(crate) struct Rounds<'f> {
    form: &'f Form,
    slot: usize,
    asked: usize,
    used: BTreeSet<usize>,
    chosen: Vec<usize>,
    answers: Vec<Answer>,
}

impl<'f> Rounds<'f> {
    /// At the first slot, with nothing used up.
    pub fn new(form: &'f Form) -> Self {
        Self { form, slot: 0, asked: 0, used: BTreeSet::new(), chosen: Vec::new(), answers: Vec::new() }
    }

    /// What is put next; slots without a candidate left are answered `None` on the way. `None` at the form's end.
    pub fn next(&mut self) -> Option<Round> {
        while let Some(slot) = self.form.slots.get(self.slot) {
            let alive: Vec<usize> = if self.asked < slot.most {
                let free = |index: &usize| !self.chosen.contains(index);
                (0..slot.candidates.len()).filter(free).filter(|i| self.is_alive(slot, *i)).collect()
            } else {
                Vec::new()
            };
            if !alive.is_empty() {
                return Some(Round { slot: self.slot, alive, none: slot.optional || self.asked > 0 });
            }
            if self.asked == 0 {
                self.answers.push(Answer { slot: self.slot, choice: None, score: None });
            }
            self.leave();
        }
        None
    }

    /// Takes the answer to the round that [`Rounds::next`] gave last, and returns its index in the answers.
    pub fn answer(&mut self, choice: Option<usize>, score: Option<Score>) -> usize {
        self.answers.push(Answer { slot: self.slot, choice, score });
        match (choice, self.form.slots.get(self.slot)) {
            (Some(index), Some(slot)) => {
                self.asked += 1;
                self.chosen.push(index);
                if let Some(candidate) = slot.candidates.get(index) {
                    self.used.extend(candidate.uses.iter().copied());
                }
            }
            _ => self.leave(),
        }
        self.answers.len() - 1
    }

    /// The answers so far, in order; their scores may be filled in later.
    pub fn into_answers(self) -> Vec<Answer> {
        self.answers
    }

    /// How many answers there are.
    pub fn len(&self) -> usize {
        self.answers.len()
    }

    fn is_alive(&self, slot: &crate::constraint::Slot, index: usize) -> bool {
        slot.candidates.get(index).is_some_and(|c| c.uses.iter().all(|span| !self.used.contains(span)))
    }

    fn leave(&mut self) {
        self.slot += 1;
        self.asked = 0;
        self.chosen.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constraint::{Candidate, Slot};

    fn slot(key: &str, candidates: &[(&str, &[usize])], optional: bool, most: usize) -> Slot {
        let candidates = candidates
            .iter()
            .map(|(text, uses)| Candidate { text: (*text).into(), uses: uses.to_vec() })
            .collect();
        Slot { key: key.into(), candidates, optional, most }
    }

    fn form(slots: Vec<Slot>) -> Form {
        Form { prefix: String::new(), body: "Request: x\n".into(), slots }
    }

    #[test]
    fn a_span_serves_one_slot() {
        let form = form(vec![
            slot("gpus", &[("4", &[0])], true, 1),
            slot("replicas", &[("4", &[0]), ("2", &[1])], true, 1),
            slot("memory", &[("4", &[0])], true, 1),
        ]);
        let mut rounds = Rounds::new(&form);
        assert_eq!(rounds.next().map(|r| r.alive), Some(vec![0]));
        rounds.answer(Some(0), None);
        let second = rounds.next().expect("replicas is put");
        assert_eq!((second.slot, second.alive), (1, vec![1]));
        rounds.answer(None, None);
        assert_eq!(rounds.next(), None, "memory has no candidate left");
        let answers = rounds.into_answers();
        assert_eq!(answers.iter().map(|a| a.choice).collect::<Vec<_>>(), [Some(0), None, None]);
    }

    #[test]
    fn a_list_slot_is_asked_until_nothing_or_its_limit() {
        let form = form(vec![slot("port", &[("80", &[0]), ("443", &[1]), ("8080", &[2])], false, 2)]);
        let mut rounds = Rounds::new(&form);
        assert!(!rounds.next().expect("asked").none, "a required list needs a first answer");
        rounds.answer(Some(1), None);
        let second = rounds.next().expect("asked again");
        assert_eq!((second.alive, second.none), (vec![0, 2], true));
        rounds.answer(Some(2), None);
        assert_eq!(rounds.next(), None, "at most two");
    }

    #[test]
    fn a_closed_value_is_not_chosen_twice_in_one_list() {
        let form = form(vec![slot("mode", &[("ReadOnlyMany", &[]), ("ReadWriteOnce", &[])], true, 8)]);
        let mut rounds = Rounds::new(&form);
        rounds.next();
        rounds.answer(Some(0), None);
        assert_eq!(rounds.next().map(|r| r.alive), Some(vec![1]));
    }
}
