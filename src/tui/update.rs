//! What happened -> another state, and what is to be done. Nothing here waits, reads or draws.

use ratatui::crossterm::event::{KeyEvent, KeyEventKind};
use tui_input::{Input, InputRequest};

use crate::manifest::visible::visible_line;
use crate::session::Reply;
use crate::tui::app::{Action, App, Editing, Focus, Model, Msg, Stage, Work};
use crate::tui::keys::{self, Command, Context};
use crate::tui::shown::FormRow;
use crate::tui::{layout, news};

/// Requests to begin with, in both languages.
pub const EXAMPLES: [&str; 3] = [
    "give me a notebook with two GPUs",
    "serve Qwen/Qwen2.5-7B-Instruct on one H100",
    "给我一个带一张 GPU 的 notebook，64Gi 内存",
];

/// Takes what happened.
pub fn update(app: &mut App, msg: Msg) -> Vec<Action> {
    let actions = match msg {
        // Some systems report the release of a key as well.
        Msg::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
        Msg::Key(key) => pressed(app, key),
        Msg::Paste(text) => {
            paste(app, &text);
            Vec::new()
        }
        Msg::Resize(width, height) => {
            app.size = (width, height);
            Vec::new()
        }
        Msg::Tick => {
            app.tick = app.tick.wrapping_add(1);
            Vec::new()
        }
        Msg::News(message) => news::take(app, message),
    };
    keep_in_sight(app);
    actions
}

/// Scrolling ends where the text does, and what has been on the screen is remembered.
fn keep_in_sight(app: &mut App) {
    let height = layout::change_height(app);
    if app.plan.is_none() || height == 0 {
        return;
    }
    let rows = layout::change_rows(app).len();
    app.top = app.top.min(rows.saturating_sub(height));
    if app.stage == Stage::Deciding && app.page.is_none() && !layout::is_tiny(app) {
        app.seen = app.seen.max((app.top + height).min(rows));
    }
}

fn pressed(app: &mut App, key: KeyEvent) -> Vec<Action> {
    let context = keys::context(app);
    // What cannot be seen is not decided: only the way out is open.
    let tiny = layout::is_tiny(app);
    let empty = app.input.value().is_empty();
    match keys::command(context, key, empty) {
        Some(command) if !tiny || matches!(command, Command::Interrupt | Command::Suspend) => {
            obey(app, context, command)
        }
        _ => Vec::new(),
    }
}

fn obey(app: &mut App, context: Context, command: Command) -> Vec<Action> {
    match command {
        Command::Quit => return vec![Action::Leave],
        Command::Suspend => return vec![Action::Suspend],
        Command::Redraw => return vec![Action::Redraw],
        Command::Help => app.help = !app.help,
        Command::Back => return back(app, context),
        Command::Interrupt => return interrupt(app, context),
        Command::Send => return send(app),
        Command::Example => example(app),
        Command::Earlier => {
            if let Some(words) = app.history.earlier(app.input.value()) {
                app.input = Input::new(words);
            }
        }
        Command::Later => {
            if let Some(words) = app.history.later() {
                app.input = Input::new(words);
            }
        }
        Command::Type(request) => {
            type_in(app, context, request);
        }
        Command::Up | Command::Down | Command::Top | Command::Bottom if context == Context::Form => {
            choose(app, command);
        }
        Command::Up => scroll(app, |top, _| top.saturating_sub(1)),
        Command::Down => scroll(app, |top, _| top + 1),
        Command::PageUp => scroll(app, |top, page| top.saturating_sub(page)),
        Command::PageDown => scroll(app, |top, page| top + page),
        Command::Top => scroll(app, |_, _| 0),
        Command::Bottom => scroll(app, |_, _| usize::MAX),
        Command::OtherPane => {
            app.focus = if app.focus == Focus::Form { Focus::Changes } else { Focus::Form };
        }
        Command::Words => {
            app.focus = Focus::Words;
            app.notice = None;
        }
        Command::ChangeField => edit_field(app),
        Command::TakeField => return take_field(app),
        Command::Editor => return work(app, Work::Checking, Action::Reply(Reply::Edit)),
        Command::Ask => {
            app.confirming = true;
            app.notice = None;
        }
        Command::NotNow => app.confirming = false,
        Command::Yes => {
            app.confirming = false;
            return work(app, Work::Writing, Action::Reply(Reply::Yes));
        }
        Command::LeaveDraft => return work(app, Work::Leaving, Action::Reply(Reply::No)),
    }
    Vec::new()
}

/// The worker gets something to do.
fn work(app: &mut App, work: Work, action: Action) -> Vec<Action> {
    app.stage = Stage::Working(work);
    app.notice = None;
    app.stopping = false;
    vec![action]
}

/// Out of where one is, without leaving the program or the draft.
fn back(app: &mut App, context: Context) -> Vec<Action> {
    match context {
        Context::Help => app.help = false,
        Context::Confirm => app.confirming = false,
        Context::Field => app.editing = None,
        Context::Working => return stop(app),
        Context::Words => match app.stage {
            Stage::Asking => return work(app, Work::Leaving, Action::Answer(None)),
            Stage::Deciding => app.focus = Focus::Form,
            _ => app.notice = None,
        },
        Context::Form | Context::Changes => {
            app.notice = Some("n leaves this draft, q ends the program; nothing is written".to_owned());
        }
    }
    Vec::new()
}

/// Ctrl-C: first the line, then what is running, then the program. Files that are being written are finished.
fn interrupt(app: &mut App, context: Context) -> Vec<Action> {
    match context {
        Context::Working if app.stopping && !app.is_writing() => vec![Action::Leave],
        Context::Words if !app.input.value().is_empty() => {
            app.input.reset();
            Vec::new()
        }
        Context::Words if app.stage == Stage::Ready => vec![Action::Leave],
        Context::Form | Context::Changes => vec![Action::Leave],
        _ => back(app, context),
    }
}

fn stop(app: &mut App) -> Vec<Action> {
    app.stopping = true;
    vec![Action::Stop]
}

fn send(app: &mut App) -> Vec<Action> {
    let words = app.input.value().trim().to_owned();
    // Without an engine nobody takes words; the page says why.
    let nobody = app.opened.is_none() && matches!(app.model, Model::Missing(_));
    if words.is_empty() || nobody {
        return Vec::new();
    }
    let action = match app.stage {
        Stage::Ready => {
            app.turns.clear();
            Action::Begin(words.clone())
        }
        Stage::Asking => Action::Answer(Some(words.clone())),
        Stage::Deciding => Action::Reply(Reply::Say(words.clone())),
        Stage::Working(_) => return Vec::new(),
    };
    app.input.reset();
    app.history.keep(&words);
    app.turns.push(words);
    app.page = None;
    app.page_top = 0;
    app.focus = Focus::Form;
    work(app, Work::Drafting, action)
}

fn example(app: &mut App) {
    let mut examples: Vec<String> = app.examples().to_vec();
    if examples.is_empty() && app.stage == Stage::Ready {
        examples = EXAMPLES.map(str::to_owned).to_vec();
    }
    if let Some(example) = examples.get(app.example % examples.len().max(1)) {
        app.input = Input::new(example.clone());
        app.example += 1;
    }
}

fn type_in(app: &mut App, context: Context, request: InputRequest) {
    let request = match request {
        InputRequest::InsertChar(c) => match typed(c) {
            Some(c) => InputRequest::InsertChar(c),
            None => return,
        },
        other => other,
    };
    match (&mut app.editing, context) {
        (Some(editing), Context::Field) => {
            editing.why = None;
            editing.input.handle(request);
        }
        _ => {
            app.input.handle(request);
        }
    }
}

/// A pasted text goes where typed text goes, in one line.
fn paste(app: &mut App, text: &str) {
    let context = keys::context(app);
    if matches!(context, Context::Words | Context::Field) && !layout::is_tiny(app) {
        for c in text.trim_end_matches(['\r', '\n']).chars() {
            type_in(app, context, InputRequest::InsertChar(c));
        }
    }
}

/// A character as it may stand in a line: no control, format or direction character.
fn typed(c: char) -> Option<char> {
    let mut bytes = [0; 4];
    let text: &str = c.encode_utf8(&mut bytes);
    match c {
        '\t' | '\n' | '\r' => Some(' '),
        c if visible_line(text) == text => Some(c),
        _ => None,
    }
}

/// The next field above or below; headings are passed over.
fn choose(app: &mut App, command: Command) {
    let Some(form) = &app.form else { return };
    let fields: Vec<usize> =
        (0..form.rows.len()).filter(|row| matches!(form.rows.get(*row), Some(FormRow::Field(_)))).collect();
    let next = match command {
        Command::Up => fields.iter().rfind(|row| **row < app.selected),
        Command::Down => fields.iter().find(|row| **row > app.selected),
        Command::Top => fields.first(),
        _ => fields.last(),
    };
    app.selected = next.copied().unwrap_or(app.selected);
}

fn scroll(app: &mut App, to: impl Fn(usize, usize) -> usize) {
    if app.page.is_some() || app.plan.is_none() {
        let page = usize::from(layout::areas(app).body.height).saturating_sub(1).max(1);
        let last = layout::page_rows(app).len().saturating_sub(page);
        app.page_top = to(app.page_top, page).min(last);
    } else {
        // One row stays in sight, so that a reader keeps the thread.
        let page = layout::change_height(app).saturating_sub(1).max(1);
        app.top = to(app.top, page);
    }
}

fn edit_field(app: &mut App) {
    let field = app.form.as_ref().and_then(|form| form.field(app.selected));
    app.editing = field.map(|field| Editing {
        thing: field.thing,
        name: field.name.clone(),
        before: field.text.clone(),
        input: Input::new(field.text.clone()),
        why: None,
    });
    app.notice = None;
}

fn take_field(app: &mut App) -> Vec<Action> {
    match app.editing.as_ref().and_then(Editing::change) {
        Some(change) => work(app, Work::Checking, Action::Reply(Reply::Change(change))),
        None => {
            app.editing = None;
            Vec::new()
        }
    }
}
