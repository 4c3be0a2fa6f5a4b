//! Joins the machine, the engine and a face: takes effects one by one, does what they say, hands events back.

use std::collections::VecDeque;

use serde_json::Value;

use crate::apply::{ApplyOutcome, Followed, Plan};
use crate::diff::MaskKey;
use crate::draft::{Amended, Conversation, FieldEdit, Outcome};
use crate::manifest::ObjectKey;
use crate::model::Cancel;
use crate::session::engine::{Engine, Judged};
use crate::session::machine::{Effect, Event, Machine};
use crate::session::problem::{ExitCode, Problem};

/// What the person answers to "write?".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Write what was shown.
    Yes,
    /// Leave everything as it is.
    No,
    /// Open the editor on the objects.
    Edit,
    /// Change one field of the form.
    Change(FieldEdit),
    /// Say what should be different.
    Say(String),
}

/// What the policies came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PolicyCounts {
    /// Policies that are about the objects and had nothing to say.
    pub passed: usize,
    /// Policies that are about the objects.
    pub about: usize,
    /// Policies in force.
    pub in_force: usize,
}

/// How a person is spoken to: a terminal line by line, or a full screen. A face decides nothing.
pub trait Face {
    /// Shows what became of a request. `turns` are the person's words.
    fn outcome(&mut self, outcome: &Outcome, turns: &[String]);
    /// Shows a plan in full, with the objects that exist.
    fn plan(&mut self, plan: &Plan, existing: &[Value], mask: &MaskKey, policies: PolicyCounts);
    /// Asks whether to write. Anything but a clear yes is no.
    fn confirm(&mut self, plan: &Plan) -> Reply;
    /// Says why a field cannot be changed as the person wants; it stays as it was.
    fn unfit(&mut self, reason: &str);
    /// Asks for one more line; `None` when the person leaves.
    fn listen(&mut self) -> Option<String>;
    /// Opens an editor on a text; `None` where it was left unchanged or emptied.
    ///
    /// # Errors
    /// Where no editor can be started.
    fn edit(&mut self, text: &str) -> Result<Option<String>, Problem>;
    /// Shows what was written.
    fn written(&mut self, outcome: &ApplyOutcome);
    /// Says how far an object is that was applied.
    fn progress(&mut self, object: &ObjectKey, line: &str);
    /// Shows what following came to.
    fn followed(&mut self, followed: &Followed);
    /// Says that without a terminal nothing is asked and nothing is written, and what to do instead.
    fn unattended(&mut self, plan: &Plan);
    /// Shows a problem.
    fn problem(&mut self, problem: &Problem);
}

/// Runs one conversation that begins with `words`.
pub fn run(
    engine: &mut Engine,
    face: &mut dyn Face,
    words: String,
    interactive: bool,
    cancel: &Cancel,
) -> ExitCode {
    let mut machine = Machine::new(interactive);
    let mut shown: Option<Plan> = None;
    // What the engine knew when the plan on the screen was made.
    let mut agreed = Conversation::default();
    let mut policies = PolicyCounts { in_force: engine.policies().in_force(), ..PolicyCounts::default() };
    let mut effects: VecDeque<Effect> = machine.handle(Event::Said(words)).into();
    while let Some(effect) = effects.pop_front() {
        let event = match effect {
            Effect::Finish(code) => return code,
            Effect::Draft(text) => Some(match engine.draft(&text, cancel) {
                Ok(outcome) => drafted(outcome, &mut policies),
                Err(problem) => Event::Failed(problem),
            }),
            Effect::Change(edit) => Some(match engine.change_field(&edit) {
                Ok(Amended::Fits(outcome)) => drafted(outcome, &mut policies),
                Ok(Amended::Unfit(reason)) => Event::Unfit(reason),
                Err(problem) => Event::Failed(problem),
            }),
            Effect::ShowUnfit(reason) => {
                face.unfit(&reason);
                None
            }
            Effect::TakeBack => {
                engine.set_conversation(agreed.clone());
                None
            }
            Effect::Show(outcome) => {
                face.outcome(&outcome, engine.turns());
                None
            }
            Effect::Listen => Some(face.listen().map_or(Event::Left, Event::Said)),
            Effect::Plan(objects) => Some(match engine.plan(&objects) {
                Ok(plan) => Event::Planned(Box::new(plan)),
                Err(problem) => Event::Failed(problem),
            }),
            Effect::ShowPlan(plan) => {
                face.plan(&plan, engine.existing(), engine.mask(), policies);
                agreed.clone_from(engine.conversation());
                shown = Some(*plan);
                None
            }
            Effect::Confirm => shown.as_ref().map(|plan| Event::Replied(face.confirm(plan))),
            Effect::Edit(objects, last) => Some(edit(face, &objects, last)),
            Effect::Judge(text) => Some(match engine.judge(&text) {
                Judged::Passed(objects, counts) => {
                    (policies.passed, policies.about) = counts;
                    Event::Judged(objects)
                }
                Judged::Refused(reason) => Event::Refused(reason),
            }),
            Effect::Write(confirmed) => Some(match engine.write(*confirmed, cancel) {
                Ok(outcome) => Event::Written(Box::new(outcome)),
                Err(problem) => Event::Failed(problem),
            }),
            Effect::ShowWritten(outcome) => {
                face.written(&outcome);
                None
            }
            Effect::Follow(objects) => {
                let mut tell = |object: &ObjectKey, line: &str| face.progress(object, line);
                Some(Event::Followed(engine.follow(&objects, cancel, &mut tell).unwrap_or_default()))
            }
            Effect::ShowFollowed(followed) => {
                face.followed(&followed);
                None
            }
            Effect::ShowProblem(problem) => {
                face.problem(&problem);
                None
            }
            Effect::ShowUnattended => {
                if let Some(plan) = &shown {
                    face.unattended(plan);
                }
                None
            }
        };
        // A stop that came while something ran counts before what that something came to.
        if cancel.is_cancelled() && !matches!(event, Some(Event::Written(_))) {
            let over = machine.handle(Event::Interrupted);
            if !over.is_empty() {
                // What else was to be done, a question above all, is not done any more.
                effects.clear();
                effects.extend(over);
            }
        }
        if let Some(event) = event {
            effects.extend(machine.handle(event));
        }
    }
    ExitCode::CouldNot
}

/// A draft came to its end: what the policies came to is kept for the plan.
fn drafted(outcome: Outcome, policies: &mut PolicyCounts) -> Event {
    if let Outcome::Drafted(draft) = &outcome {
        (policies.passed, policies.about) = draft.policies;
    }
    Event::Drafted(outcome)
}

/// Opens the editor; the reason of a refusal stands on top as comments.
fn edit(face: &mut dyn Face, objects: &[Value], last: Option<(String, String)>) -> Event {
    let text = match last {
        None => crate::manifest::to_yaml_documents(objects),
        Some((text, reason)) => {
            let own: Vec<&str> = text.lines().skip_while(|line| line.starts_with("# ! ")).collect();
            let mut commented: String = reason.lines().map(|line| format!("# ! {line}\n")).collect();
            commented.push_str(&own.join("\n"));
            commented.push('\n');
            commented
        }
    };
    match face.edit(&text) {
        Ok(edited) => Event::Edited(edited),
        Err(problem) => Event::Failed(problem),
    }
}

#[cfg(test)]
mod tests;
