//! One thing is filled: its form is put to the model, the answers become values, and what was left over is looked at
//! a second time (design D4: nothing that was said is lost).

use serde_json::Value;

use crate::constraint::{Answer, Candidate, Form, Slot};
use crate::draft::filled::{Chosen, Filled};
use crate::draft::known::Known;
use crate::draft::offer::{self, Offered};
use crate::draft::outcome::Origin;
use crate::draft::prompt;
use crate::draft::span::Span;
use crate::draft::values;
use crate::model::{Backend, Cancel, ModelError};
use crate::pattern::{FormSlot, Parameter, ParameterKind, Pattern, Per};

/// What a model is told about one thing.
pub struct Task<'a> {
    /// The pattern whose form is put.
    pub pattern: &'a Pattern,
    /// The words that speak of this thing: the turn, or its clause.
    pub text: &'a str,
    /// All spans of the conversation that may still be used, with positions in `text`'s turn.
    pub spans: &'a [Span],
    /// Names that the cluster has.
    pub known: &'a Known,
    /// The parameter that the person was asked for, where these words may be the answer.
    pub asked: Option<&'a str>,
    /// Fixed text before.
    pub prefix: &'a str,
    /// Request and kind lines; ends with a line break.
    pub body: String,
}

/// What became of a task beside the values.
#[derive(Debug, Default)]
pub struct Left {
    /// Words that cannot mean what their slot needs: parameter and sentence.
    pub misfits: Vec<(String, String)>,
    /// More slots are offered than a person can have meant.
    pub too_many: bool,
}

/// Puts the form and writes the answers into `filled`. `used` collects the spans that a value took.
///
/// # Errors
/// What the backend says.
pub fn fill(
    task: &Task<'_>,
    filled: &mut Filled,
    used: &mut Vec<usize>,
    backend: &mut dyn Backend,
    cancel: &Cancel,
) -> Result<Left, ModelError> {
    let mut left = Left::default();
    let answer = task.asked.and_then(|asked| offer::answer(task.pattern, task.text, task.spans, used, asked));
    let offered = match answer {
        Some(answer) => vec![answer],
        None => offer::offers(task.pattern, task.text, task.spans, used, task.known),
    };
    if offered.len() > offer::MOST_SLOTS {
        left.too_many = true;
        return Ok(left);
    }
    let mut lines = task.body.clone();
    let mut answered: Vec<(FormSlot, usize)> = Vec::new();
    if !offered.is_empty() {
        let form = Form {
            prefix: task.prefix.to_owned(),
            body: task.body.clone(),
            slots: offered.iter().map(|offer| offer.to_slot(task.spans)).collect(),
        };
        let answers = backend.fill(&form, cancel)?;
        for answer in &answers.answers {
            let Some(offer) = offered.get(answer.slot) else { continue };
            let option = answer.choice.and_then(|choice| offer.options.get(choice));
            lines.push_str(&format!("{}: {}\n", offer.slot.key, option.map_or("-", |o| o.text.as_str())));
            if let Some(option) = option {
                take(task, filled, &offer.slot, option, answer, &mut left);
                if let Some(span) = option.span {
                    used.extend(offer::overlapping(task.spans, span));
                    answered.push((offer.slot.clone(), span));
                }
            }
        }
    }
    second_look(task, &lines, &offered, filled, used, backend, cancel, &mut left)?;
    divide(task, filled, &answered, &mut left);
    Ok(left)
}

/// Writes one answer into the thing.
fn take(
    task: &Task<'_>,
    filled: &mut Filled,
    slot: &FormSlot,
    option: &offer::Option_,
    answer: &Answer,
    left: &mut Left,
) {
    let parameter = parameter_of(task.pattern, &slot.parameter);
    match values::typed(&parameter, &option.value) {
        Err(why) => left.misfits.push((slot.parameter.clone(), why)),
        Ok(value) => {
            let earlier = filled.get(&slot.parameter).filter(|_| slot.repeat).cloned();
            let span = option.span.and_then(|index| task.spans.get(index));
            filled.values.insert(
                slot.parameter.clone(),
                Chosen {
                    value: values::joined(earlier.as_ref(), value),
                    origin: Origin::Request,
                    said: span.map(|span| (span.turn, span.start, span.end)),
                    confidence: confidence(answer),
                },
            );
        }
    }
}

/// The parameter of this name; `name`, `namespace` and `owner` are implicit strings.
pub fn parameter_of(pattern: &Pattern, name: &str) -> Parameter {
    pattern
        .parameters
        .iter()
        .find(|parameter| parameter.name == name)
        .cloned()
        .unwrap_or_else(|| Parameter::new(name, ParameterKind::String))
}

/// Each strong span that nothing took is put once more: which of the still empty slots of its type, or none.
#[allow(clippy::too_many_arguments)]
fn second_look(
    task: &Task<'_>,
    lines: &str,
    offered: &[Offered],
    filled: &mut Filled,
    used: &mut Vec<usize>,
    backend: &mut dyn Backend,
    cancel: &Cancel,
    left: &mut Left,
) -> Result<(), ModelError> {
    let turn = task.spans.iter().map(|span| span.turn).max().unwrap_or(0);
    for (index, span) in task.spans.iter().enumerate() {
        if !span.strong || span.negated || span.turn != turn || used.contains(&index) {
            continue;
        }
        // What the form has offered, and was not answered, was refused for that slot already: only the slots that a
        // claim by another slot's cue kept from it are asked now.
        let was_offered = |slot: &FormSlot| {
            offered
                .iter()
                .any(|o| o.slot.key == slot.key && o.options.iter().any(|option| option.span == Some(index)))
        };
        let fits = |slot: &&FormSlot| {
            slot.types.contains(&span.kind)
                && (slot.core || slot.repeat)
                && (slot.repeat || !filled.values.contains_key(&slot.parameter))
                && !was_offered(slot)
        };
        let open: Vec<FormSlot> = task.pattern.form.slots.iter().filter(fits).cloned().collect();
        if open.is_empty() {
            continue;
        }
        let candidates = open.iter().map(|slot| Candidate { text: slot.key.clone(), uses: vec![] }).collect();
        let key = prompt::second_look_key(&span.text);
        let form = Form {
            prefix: task.prefix.to_owned(),
            body: lines.to_owned(),
            slots: vec![Slot { key, candidates, optional: true, most: 1 }],
        };
        let answers = backend.fill(&form, cancel)?;
        let Some(answer) = answers.answers.first() else { continue };
        if let Some(slot) = answer.choice.and_then(|choice| open.get(choice)) {
            let option =
                offer::Option_ { text: span.text.clone(), value: span.value.clone(), span: Some(index) };
            take(task, filled, slot, &option, answer, left);
            used.extend(offer::overlapping(task.spans, index));
        }
    }
    Ok(())
}

/// Numbers that were said for all nodes together become numbers for one.
fn divide(task: &Task<'_>, filled: &mut Filled, answered: &[(FormSlot, usize)], left: &mut Left) {
    let nodes = filled.get("nodes").and_then(Value::as_u64).unwrap_or(1);
    for (slot, index) in answered {
        let Some(span) = task.spans.get(*index) else { continue };
        let Some(chosen) = filled.values.get_mut(&slot.parameter) else { continue };
        // `12 GPUs over three machines`: the words that mean a total may stand with either number.
        let nodes_say_total = answered.iter().any(|(other, i)| {
            other.parameter == "nodes" && task.spans.get(*i).is_some_and(|s| s.per == Some(Per::Total))
        });
        let said = if nodes_say_total && span.per.is_none() { Some(Per::Total) } else { span.per };
        if slot.parameter == "nodes" {
            continue;
        }
        match values::per_node(&chosen.value, said, slot.per, nodes) {
            Ok(value) => chosen.value = value,
            Err(why) => left.misfits.push((slot.parameter.clone(), why)),
        }
    }
}

/// Probability of the answer against its best rival, from the unmasked distribution.
pub fn confidence(answer: &Answer) -> Option<f32> {
    let score = answer.score?;
    let own = score.logprob.exp();
    Some(score.runner_up.map_or(1.0, |rival| {
        let rival = rival.exp();
        if own + rival > 0.0 { own / (own + rival) } else { 0.0 }
    }))
}
