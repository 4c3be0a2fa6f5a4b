//! The face of a conversation whose screen is another thread: it sends what is to be shown, and waits for answers.

use std::sync::mpsc::{Receiver, Sender};

use serde_json::Value;

use crate::apply::{ApplyOutcome, Followed, Plan};
use crate::config::Style;
use crate::diff::MaskKey;
use crate::draft::Outcome;
use crate::manifest::ObjectKey;
use crate::manifest::visible::visible_line;
use crate::report;
use crate::session::{Face, PolicyCounts, Problem, Reply};
use crate::tui::message::{Message, Order};
use crate::tui::shown::{Form, Page, PageKind, PlanView};

/// See the module.
pub struct Remote<'a> {
    /// To the screen.
    pub messages: &'a Sender<Message>,
    /// From the screen.
    pub orders: &'a Receiver<Order>,
    /// Glyphs.
    pub style: Style,
    /// What was written last, and how it is reached: both stand above what following comes to.
    pub written: String,
    /// See `written`.
    pub reach: Vec<String>,
}

impl Remote<'_> {
    /// A screen that is gone shows nothing more; that it is gone is noticed at the next question.
    fn tell(&self, message: Message) {
        let _ = self.messages.send(message);
    }

    /// Waits for the order that answers; `None` where the screen is gone.
    fn answer<T>(&self, pick: impl Fn(Order) -> Option<T>) -> Option<T> {
        loop {
            match self.orders.recv() {
                Ok(order) => {
                    if let Some(answer) = pick(order) {
                        return Some(answer);
                    }
                }
                Err(_) => return None,
            }
        }
    }
}

impl Face for Remote<'_> {
    fn outcome(&mut self, outcome: &Outcome, turns: &[String]) {
        self.tell(match outcome {
            Outcome::Drafted(draft) => Message::Draft(Form::new(draft, turns)),
            other => Message::Page(Page::of(other, turns, self.style)),
        });
    }

    fn plan(&mut self, plan: &Plan, existing: &[Value], mask: &MaskKey, policies: PolicyCounts) {
        self.tell(Message::Plan(Box::new(PlanView::new(plan, existing, mask, policies, self.style))));
    }

    fn confirm(&mut self, _: &Plan) -> Reply {
        self.tell(Message::Confirm);
        let reply = |order| match order {
            Order::Reply(reply) => Some(reply),
            _ => None,
        };
        self.answer(reply).unwrap_or(Reply::No)
    }

    fn unfit(&mut self, reason: &str) {
        self.tell(Message::Unfit(reason.to_owned()));
    }

    fn listen(&mut self) -> Option<String> {
        self.tell(Message::Listen);
        let answer = |order| match order {
            Order::Answer(answer) => Some(answer),
            _ => None,
        };
        self.answer(answer).flatten()
    }

    fn edit(&mut self, text: &str) -> Result<Option<String>, Problem> {
        self.tell(Message::Edit(text.to_owned()));
        let edited = |order| match order {
            Order::Edited(edited) => Some(edited),
            _ => None,
        };
        self.answer(edited).unwrap_or(Ok(None))
    }

    fn written(&mut self, outcome: &ApplyOutcome) {
        let text = report::written_text(outcome);
        self.written.clone_from(&text);
        self.reach.clone_from(&outcome.reach);
        self.tell(Message::Page(Page::new(PageKind::Written, &text)));
    }

    fn progress(&mut self, object: &ObjectKey, line: &str) {
        self.tell(Message::Progress(visible_line(&format!("{object}: {line}")).into_owned()));
    }

    fn followed(&mut self, followed: &Followed) {
        let text = format!("{}{}", self.written, report::followed_text(followed, &self.reach));
        self.tell(Message::Page(Page::new(PageKind::Followed, &text)));
    }

    fn unattended(&mut self, _: &Plan) {
        // A screen is a terminal: somebody is there.
    }

    fn problem(&mut self, problem: &Problem) {
        self.tell(Message::Page(problem_page(problem)));
    }
}

/// What went wrong, and what to do.
pub fn problem_page(problem: &Problem) -> Page {
    let hint = problem.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    Page::new(PageKind::Problem, &format!("error: {problem}{hint}"))
}
