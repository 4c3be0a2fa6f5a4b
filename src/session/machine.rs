//! The conversation as a pure state machine: events in, effects out. No IO, no clock, no model.
//!
//! ```text
//! Said -> Draft -> Drafted -> Show, Plan -> Planned -> ShowPlan, Confirm -> yes -> Write -> Written
//!                                                                       \-> edit -> Edited -> Judge -> Plan
//!                                                                       \-> change, say -> Drafted | Unfit
//! ```

use serde_json::Value;

use crate::apply::{Action, ApplyError, ApplyOutcome, ConfirmedPlan, Followed, Plan, TargetId};
use crate::draft::{FieldEdit, Outcome};
use crate::manifest::ObjectKey;
use crate::session::driver::Reply;
use crate::session::problem::{ExitCode, Problem};

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// The person said something: a request, or an answer to a question.
    Said(String),
    /// A draft came to its end.
    Drafted(Outcome),
    /// A field cannot be changed as the person wants: why.
    Unfit(String),
    /// The person leaves a question without an answer.
    Left,
    /// The objects were planned against the target.
    Planned(Box<Plan>),
    /// The person answered the question after a plan.
    Replied(Reply),
    /// The editor was closed; `None` where the text was left as it was or emptied.
    Edited(Option<String>),
    /// What was edited passed the gate again.
    Judged(Vec<Value>),
    /// What was edited does not parse or was denied: back to the editor with the reason.
    Refused(String),
    /// Files or objects were written (or not).
    Written(Box<ApplyOutcome>),
    /// What was applied to a cluster is ready, or not.
    Followed(Followed),
    /// Something could not be done.
    Failed(Problem),
    /// Ctrl-C.
    Interrupted,
}

/// What is to be done now.
#[derive(Debug)]
pub enum Effect {
    /// Draft from these words.
    Draft(String),
    /// Change one field of the draft.
    Change(FieldEdit),
    /// Show an outcome.
    Show(Box<Outcome>),
    /// Say why a field stays as it was.
    ShowUnfit(String),
    /// Forget what was said since the plan that is shown.
    TakeBack,
    /// Ask the person to answer the open questions.
    Listen,
    /// Plan these objects against the target.
    Plan(Vec<Value>),
    /// Show a plan in full.
    ShowPlan(Box<Plan>),
    /// Ask whether to write: the default is no.
    Confirm,
    /// Open the editor on these objects, with the reason why the last text was refused.
    Edit(Vec<Value>, Option<(String, String)>),
    /// Parse and check an edited text.
    Judge(String),
    /// Write what was confirmed.
    Write(Box<ConfirmedPlan>),
    /// Show what was written.
    ShowWritten(Box<ApplyOutcome>),
    /// Follow these objects until they are ready.
    Follow(Vec<ObjectKey>),
    /// Show what following came to.
    ShowFollowed(Followed),
    /// Show a problem.
    ShowProblem(Problem),
    /// Tell why nothing is asked or written without a terminal.
    ShowUnattended,
    /// End with this code.
    Finish(ExitCode),
}

/// Where the conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Nothing was said yet.
    Idle,
    /// The model is at work.
    Drafting,
    /// Questions are open.
    Asking,
    /// The target is being read.
    Planning,
    /// A plan was shown; the person decides.
    Deciding,
    /// The editor is open.
    Editing,
    /// Files or objects are being written.
    Writing,
    /// What was applied is becoming ready.
    Following,
    /// Over.
    Over,
}

/// Why the form has no say any more.
const BY_HAND: &str =
    "the manifests were edited by hand, and the form does not know that text: edit it there";

/// See the module.
#[derive(Debug)]
pub struct Machine {
    phase: Phase,
    interactive: bool,
    objects: Vec<Value>,
    plan: Option<Box<Plan>>,
    edited: Option<String>,
    by_hand: bool,
    /// What a confirmed plan touches.
    written: Vec<ObjectKey>,
}

impl Machine {
    /// A conversation. Without a terminal (`interactive == false`) nothing is asked and nothing is written.
    pub fn new(interactive: bool) -> Self {
        Self {
            phase: Phase::Idle,
            interactive,
            objects: Vec::new(),
            plan: None,
            edited: None,
            by_hand: false,
            written: Vec::new(),
        }
    }

    /// Where the conversation stands.
    pub fn phase(&self) -> Phase {
        self.phase
    }

    /// Takes one event and says what is to be done. An event that does not belong to the phase is ignored.
    pub fn handle(&mut self, event: Event) -> Vec<Effect> {
        match (self.phase, event) {
            (Phase::Over, _) => Vec::new(),
            // What is being written is finished up to the end of an object by the writer itself.
            (Phase::Writing, Event::Interrupted) => Vec::new(),
            (_, Event::Interrupted) => self.finish(ExitCode::Interrupted, Vec::new()),
            // An editor that does not start or ends in failure costs nobody the draft.
            (Phase::Editing, Event::Failed(problem)) => {
                let mut effects = vec![Effect::ShowProblem(problem)];
                effects.extend(self.back_to_the_plan());
                effects
            }
            // Nor does a wish that the model fails on, once there is a plan.
            (Phase::Drafting, Event::Failed(problem))
                if self.plan.is_some() && problem.code != ExitCode::Interrupted =>
            {
                self.back_to_what_was_agreed(Effect::ShowProblem(problem))
            }
            (_, Event::Failed(problem)) => {
                let code = problem.code;
                self.finish(code, vec![Effect::ShowProblem(problem)])
            }
            (Phase::Idle | Phase::Asking, Event::Said(text)) => {
                self.phase = Phase::Drafting;
                vec![Effect::Draft(text)]
            }
            (Phase::Drafting, Event::Drafted(outcome)) => self.drafted(outcome),
            (Phase::Drafting, Event::Unfit(reason)) => self.stays(reason),
            (Phase::Asking, Event::Left) if self.plan.is_some() => {
                self.phase = Phase::Deciding;
                vec![Effect::TakeBack, Effect::Confirm]
            }
            (Phase::Asking, Event::Left) => self.finish(ExitCode::No, Vec::new()),
            (Phase::Planning, Event::Planned(plan)) => self.planned(plan),
            (Phase::Deciding, Event::Replied(reply)) => self.replied(reply),
            (Phase::Editing, Event::Edited(None)) => self.back_to_the_plan(),
            (Phase::Editing, Event::Edited(Some(text))) => {
                self.edited = Some(text.clone());
                vec![Effect::Judge(text)]
            }
            (Phase::Editing, Event::Judged(objects)) => {
                self.edited = None;
                self.by_hand = true;
                self.objects.clone_from(&objects);
                self.phase = Phase::Planning;
                vec![Effect::Plan(objects)]
            }
            (Phase::Editing, Event::Refused(reason)) => {
                let last = self.edited.clone().map(|text| (text, reason));
                vec![Effect::Edit(self.objects.clone(), last)]
            }
            (Phase::Writing, Event::Written(outcome)) => {
                let code = ExitCode::of(&outcome);
                let follow = code == ExitCode::Done && matches!(outcome.target, TargetId::Cluster(_));
                if follow {
                    self.phase = Phase::Following;
                    let keys = std::mem::take(&mut self.written);
                    return vec![Effect::ShowWritten(outcome), Effect::Follow(keys)];
                }
                self.finish(code, vec![Effect::ShowWritten(outcome)])
            }
            (Phase::Following, Event::Followed(followed)) => {
                let code = if followed.is_ready() { ExitCode::Done } else { ExitCode::NotReady };
                self.finish(code, vec![Effect::ShowFollowed(followed)])
            }
            _ => Vec::new(),
        }
    }

    fn drafted(&mut self, outcome: Outcome) -> Vec<Effect> {
        let code = match &outcome {
            Outcome::Drafted(draft) => {
                self.objects = draft.objects().cloned().collect();
                self.by_hand = false;
                self.phase = Phase::Planning;
                let objects = self.objects.clone();
                return vec![Effect::Show(Box::new(outcome)), Effect::Plan(objects)];
            }
            Outcome::Asked(_) if self.interactive => {
                self.phase = Phase::Asking;
                return vec![Effect::Show(Box::new(outcome)), Effect::Listen];
            }
            // A wish that comes to nothing leaves the plan as it is.
            _ if self.plan.is_some() => return self.back_to_what_was_agreed(Effect::Show(Box::new(outcome))),
            Outcome::Denied(denied) if denied.incomplete => ExitCode::Incomplete,
            Outcome::Asked(_) | Outcome::Denied(_) | Outcome::Declined(_) | Outcome::Routed(_) => {
                ExitCode::No
            }
        };
        self.finish(code, vec![Effect::Show(Box::new(outcome))])
    }

    fn planned(&mut self, plan: Box<Plan>) -> Vec<Effect> {
        let nothing = plan.is_empty();
        self.plan = Some(plan.clone());
        if nothing {
            return self.finish(ExitCode::Done, vec![Effect::ShowPlan(plan)]);
        }
        if let Some(problem) = Problem::refused(&plan) {
            return self.finish(ExitCode::No, vec![Effect::ShowPlan(plan), Effect::ShowProblem(problem)]);
        }
        if !self.interactive {
            return self.finish(ExitCode::No, vec![Effect::ShowPlan(plan), Effect::ShowUnattended]);
        }
        self.phase = Phase::Deciding;
        vec![Effect::ShowPlan(plan), Effect::Confirm]
    }

    /// The editor is left without a new text. After a text that was refused, the plan is shown again: what would be
    /// written is that, and not what was typed last.
    fn back_to_the_plan(&mut self) -> Vec<Effect> {
        self.phase = Phase::Deciding;
        match (self.edited.take(), &self.plan) {
            (Some(_), Some(plan)) => vec![Effect::ShowPlan(plan.clone()), Effect::Confirm],
            _ => vec![Effect::Confirm],
        }
    }

    /// Says why, and asks about the plan again.
    fn back_to_what_was_agreed(&mut self, why: Effect) -> Vec<Effect> {
        self.phase = Phase::Deciding;
        vec![why, Effect::TakeBack, Effect::Confirm]
    }

    /// A field stays as it was.
    fn stays(&mut self, reason: String) -> Vec<Effect> {
        self.phase = Phase::Deciding;
        vec![Effect::ShowUnfit(reason), Effect::Confirm]
    }

    fn replied(&mut self, reply: Reply) -> Vec<Effect> {
        match reply {
            Reply::Change(_) | Reply::Say(_) if self.by_hand => self.stays(BY_HAND.to_owned()),
            Reply::Change(edit) => {
                self.phase = Phase::Drafting;
                vec![Effect::Change(edit)]
            }
            Reply::Say(text) => {
                self.phase = Phase::Drafting;
                vec![Effect::Draft(text)]
            }
            Reply::No => self.finish(ExitCode::No, Vec::new()),
            Reply::Edit => {
                self.phase = Phase::Editing;
                vec![Effect::Edit(self.objects.clone(), None)]
            }
            Reply::Yes => {
                let Some(plan) = self.plan.take() else { return Vec::new() };
                let digest = plan.digest.clone();
                let touched = plan.changes.iter().filter(|change| change.action != Action::None);
                self.written = touched.map(|change| change.object.clone()).collect();
                match plan.confirm(&digest) {
                    Ok(confirmed) => {
                        self.phase = Phase::Writing;
                        vec![Effect::Write(Box::new(confirmed))]
                    }
                    Err(wrong) => {
                        let problem = Problem::from(ApplyError::from(wrong));
                        self.finish(ExitCode::No, vec![Effect::ShowProblem(problem)])
                    }
                }
            }
        }
    }

    fn finish(&mut self, code: ExitCode, mut effects: Vec<Effect>) -> Vec<Effect> {
        self.phase = Phase::Over;
        effects.push(Effect::Finish(code));
        effects
    }
}

#[cfg(test)]
mod tests;
