//! Everything that the screen knows. Values only: nothing here waits, reads or draws.

use tui_input::Input;

use crate::config::Style;
use crate::draft::FieldEdit;
use crate::model::ModelInfo;
use crate::session::{ExitCode, Problem, Reply};
use crate::tui::message::{Message, Opened};
use crate::tui::shown::{Form, Page, PlanView};

/// What happened.
#[derive(Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(ratatui::crossterm::event::KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The terminal has so many columns and lines now.
    Resize(u16, u16),
    /// A moment has passed.
    Tick,
    /// The worker has something to tell.
    News(Message),
}

/// What is to be done beside drawing.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// Begin a conversation with these words.
    Begin(String),
    /// Answer a question; `None` leaves it.
    Answer(Option<String>),
    /// Decide about the plan.
    Reply(Reply),
    /// Open the editor on this text.
    OpenEditor(String),
    /// Stop what the worker does.
    Stop,
    /// Stop the program until the shell continues it.
    Suspend,
    /// Draw everything anew.
    Redraw,
    /// End.
    Leave,
}

/// What is known of the model.
#[derive(Debug, Clone, PartialEq)]
pub enum Model {
    /// Patterns, schemas, policies and the target are being read.
    Opening,
    /// The model is being loaded.
    Loading,
    /// It is there.
    Ready(ModelInfo),
    /// There is none.
    Missing(Problem),
}

/// What the worker does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// From words to values.
    Drafting,
    /// What would change in the target.
    Planning,
    /// A changed value or text through the gate.
    Checking,
    /// Files.
    Writing,
    /// The conversation comes to its end.
    Leaving,
}

/// Where the conversation stands, as far as the person has to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Words are awaited.
    Ready,
    /// The worker is at it.
    Working(Work),
    /// A question is open.
    Asking,
    /// A plan is shown.
    Deciding,
}

/// Which part of the screen the keys are for while a plan is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The fields.
    Form,
    /// The changes.
    Changes,
    /// The input line.
    Words,
}

/// A field that is being changed.
#[derive(Debug, Clone)]
pub struct Editing {
    /// Which thing of the draft.
    pub thing: usize,
    /// Its parameter.
    pub name: String,
    /// The value as it was put up.
    pub before: String,
    /// What is typed.
    pub input: Input,
    /// Why the last try did not fit.
    pub why: Option<String>,
}

impl Editing {
    /// The change, where there is one.
    pub fn change(&self) -> Option<FieldEdit> {
        let text = self.input.value().trim();
        let is_new = text != self.before;
        is_new.then(|| FieldEdit { thing: self.thing, field: self.name.clone(), text: text.to_owned() })
    }
}

/// What was asked for in this sitting.
#[derive(Debug, Clone, Default)]
pub struct History {
    said: Vec<String>,
    at: Option<usize>,
    unsent: String,
}

impl History {
    /// Keeps words; the same words twice in a row are kept once.
    pub fn keep(&mut self, words: &str) {
        self.at = None;
        if self.said.last().is_none_or(|last| last != words) {
            self.said.push(words.to_owned());
        }
    }

    /// The words before; what stands in the line now is not lost.
    pub fn earlier(&mut self, line: &str) -> Option<String> {
        let at = match self.at {
            None => self.said.len().checked_sub(1)?,
            Some(at) => at.checked_sub(1)?,
        };
        if self.at.is_none() {
            line.clone_into(&mut self.unsent);
        }
        self.at = Some(at);
        self.said.get(at).cloned()
    }

    /// The words behind, and at last the line that was not sent.
    pub fn later(&mut self) -> Option<String> {
        let at = self.at? + 1;
        self.at = Some(at).filter(|at| *at < self.said.len());
        Some(self.said.get(at).cloned().unwrap_or_else(|| std::mem::take(&mut self.unsent)))
    }
}

/// See the module.
#[derive(Debug, Clone)]
pub struct App {
    /// Colour and glyphs.
    pub style: Style,
    /// Columns and lines.
    pub size: (u16, u16),
    /// Moments since the start, for what moves.
    pub tick: usize,
    /// What is known once the engine is open.
    pub opened: Option<Opened>,
    /// See [`Model`].
    pub model: Model,
    /// See [`Stage`].
    pub stage: Stage,
    /// See [`Focus`].
    pub focus: Focus,
    /// The input line.
    pub input: Input,
    /// See [`History`].
    pub history: History,
    /// The person's words in this conversation.
    pub turns: Vec<String>,
    /// The draft.
    pub form: Option<Form>,
    /// Whether the plan is for the form as it stands, and not for a text that was edited by hand.
    pub form_counts: bool,
    /// The row of the form that keys are for.
    pub selected: usize,
    /// See [`Editing`].
    pub editing: Option<Editing>,
    /// The plan.
    pub plan: Option<PlanView>,
    /// The first row of the changes that is shown.
    pub top: usize,
    /// How many rows of the changes have been on the screen.
    pub seen: usize,
    /// A text in place of form and plan.
    pub page: Option<Page>,
    /// The first line of the page that is shown.
    pub page_top: usize,
    /// What has just happened, in a few lines.
    pub notice: Option<String>,
    /// Whether the last question is asked: write?
    pub confirming: bool,
    /// Whether the keys are explained.
    pub help: bool,
    /// How often an example was put into the input line.
    pub example: usize,
    /// Whether the worker has been asked to stop.
    pub stopping: bool,
    /// What was written in this sitting, for the terminal that is left behind.
    pub wrote: String,
    /// How long that was before what was written last: what following came to stands in place of it.
    pub wrote_before: usize,
    /// The exit code, were the program to end now.
    pub code: ExitCode,
}

impl App {
    /// The first screen.
    pub fn new(style: Style, size: (u16, u16)) -> Self {
        Self {
            style,
            size,
            tick: 0,
            opened: None,
            model: Model::Opening,
            stage: Stage::Ready,
            focus: Focus::Form,
            input: Input::default(),
            history: History::default(),
            turns: Vec::new(),
            form: None,
            form_counts: false,
            selected: 0,
            editing: None,
            plan: None,
            top: 0,
            seen: 0,
            page: None,
            page_top: 0,
            notice: None,
            confirming: false,
            help: false,
            example: 0,
            stopping: false,
            wrote: String::new(),
            wrote_before: 0,
            code: ExitCode::Done,
        }
    }

    /// Whether something moves on the screen.
    pub fn is_moving(&self) -> bool {
        matches!(self.stage, Stage::Working(_)) || matches!(self.model, Model::Opening | Model::Loading)
    }

    /// Whether files are being written: then the end has to wait.
    pub fn is_writing(&self) -> bool {
        self.stage == Stage::Working(Work::Writing)
    }

    /// Whether typed characters go into the input line.
    pub fn is_listening(&self) -> bool {
        match self.stage {
            Stage::Ready | Stage::Asking => true,
            Stage::Deciding => self.focus == Focus::Words,
            Stage::Working(_) => false,
        }
    }

    /// Requests that would work, to try out.
    pub fn examples(&self) -> &[String] {
        self.page.as_ref().map_or(&[], |page| &page.examples)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn history_goes_back_and_comes_home_to_the_line_that_was_not_sent() {
        let mut history = History::default();
        assert_eq!(history.earlier("new"), None);
        for words in ["one", "two", "two"] {
            history.keep(words);
        }
        assert_eq!(history.earlier("new").as_deref(), Some("two"));
        assert_eq!(history.earlier("two").as_deref(), Some("one"));
        assert_eq!(history.earlier("one"), None);
        assert_eq!(history.later().as_deref(), Some("two"));
        assert_eq!(history.later().as_deref(), Some("new"));
        assert_eq!(history.later(), None);
    }
}
