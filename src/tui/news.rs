//! What the worker tells -> another state.

use crate::apply::Action as Change;
use crate::session::ExitCode;
use crate::tui::app::{Action, App, Focus, Model, Stage, Work};
use crate::tui::face::problem_page;
use crate::tui::message::Message;
use crate::tui::shown::{Form, Page, PageKind, PlanView};

/// Takes what the worker tells.
pub fn take(app: &mut App, message: Message) -> Vec<Action> {
    match message {
        Message::Opened(opened) => {
            app.opened = Some(opened);
            app.model = Model::Loading;
        }
        Message::Unopened(problem) => {
            app.code = problem.code;
            app.page = Some(problem_page(&problem));
            app.model = Model::Missing(problem);
        }
        Message::Loaded(info) => app.model = Model::Ready(info),
        Message::NoModel(problem) => {
            if app.page.is_none() && app.form.is_none() {
                app.page = Some(problem_page(&problem));
            }
            app.model = Model::Missing(problem);
        }
        Message::Draft(form) => draft(app, form),
        Message::Page(page) => show(app, page),
        Message::Plan(plan) => planned(app, *plan),
        Message::Confirm => decide(app),
        Message::Listen => app.stage = Stage::Asking,
        Message::Edit(text) => return vec![Action::OpenEditor(text)],
        Message::Unfit(reason) => unfit(app, reason),
        Message::Progress(line) => progress(app, &line),
        Message::Over(code) => over(app, code),
    }
    Vec::new()
}

fn draft(app: &mut App, form: Form) {
    // The row that was chosen stays chosen, wherever it stands now.
    let chosen = app.form.as_ref().and_then(|old| old.field(app.selected));
    let same = |row: &usize| {
        form.field(*row).zip(chosen).is_some_and(|(new, old)| new.thing == old.thing && new.name == old.name)
    };
    let rows = 0..form.rows.len();
    let first = || rows.clone().find(|row| form.field(*row).is_some());
    app.selected = rows.clone().find(same).or_else(first).unwrap_or(0);
    app.turns.clone_from(&form.turns);
    app.form = Some(form);
    app.page = None;
    app.editing = None;
    app.form_counts = true;
    app.stage = Stage::Working(Work::Planning);
}

/// What became of a wish while a plan is shown is said beside it; else it has the screen.
fn show(app: &mut App, page: Page) {
    let beside = app.plan.is_some() && matches!(page.kind, PageKind::Answer | PageKind::Problem);
    if beside && !app.is_writing() {
        app.notice = Some(page.lines.join("\n"));
        return;
    }
    if matches!(page.kind, PageKind::Written | PageKind::Followed) {
        if page.kind == PageKind::Written {
            app.wrote_before = app.wrote.len();
        }
        app.wrote.truncate(app.wrote_before);
        app.wrote.push_str(&page.lines.join("\n"));
        app.wrote.push('\n');
    }
    app.page = Some(page);
    app.page_top = 0;
    app.example = 0;
}

fn planned(app: &mut App, plan: PlanView) {
    // Between a draft and its plan the worker shows nothing else: another plan without a draft comes from the editor.
    let drafted = app.stage == Stage::Working(Work::Planning);
    let is_new = app.plan.as_ref().is_none_or(|old| old.digest != plan.digest);
    app.form_counts &= drafted || !is_new;
    app.top = 0;
    app.seen = 0;
    if plan.is_empty {
        let is_so = |(action, _): &&(Change, String)| *action == Change::None;
        let mut lines: Vec<String> =
            plan.objects.iter().filter(is_so).map(|(_, object)| object.clone()).collect();
        lines.push(format!("everything is so already in {}: nothing is to be written", plan.target));
        lines.push(plan.checks.clone());
        app.page = Some(Page { kind: PageKind::Answer, lines, examples: Vec::new() });
    }
    app.plan = Some(plan);
}

fn decide(app: &mut App) {
    app.stage = Stage::Deciding;
    app.page = None;
    app.confirming = false;
    if app.focus == Focus::Words {
        app.focus = Focus::Form;
    }
    if let Some(form) = &app.form {
        app.turns.clone_from(&form.turns);
    }
}

/// How far something is that was applied: one line below what was applied.
fn progress(app: &mut App, line: &str) {
    if let Some(page) = &mut app.page {
        page.lines.push(line.to_owned());
    }
}

/// The reason stands where the value was typed, or beside the plan.
fn unfit(app: &mut App, reason: String) {
    match &mut app.editing {
        Some(editing) => editing.why = Some(reason),
        None => app.notice = Some(reason),
    }
}

fn over(app: &mut App, code: ExitCode) {
    let left = app.stage == Stage::Working(Work::Leaving);
    app.code = match code {
        ExitCode::No | ExitCode::Interrupted => ExitCode::Done,
        other => other,
    };
    match code {
        _ if left => app.notice = Some("left: nothing was written".to_owned()),
        ExitCode::Interrupted if app.stopping || app.page.is_none() => {
            app.page = None;
            app.notice = Some("stopped: nothing was written".to_owned());
            // What was typed is not lost.
            if let Some(words) = app.turns.last().filter(|_| app.input.value().is_empty()) {
                app.input = tui_input::Input::new(words.clone());
            }
        }
        _ => {
            // A problem that was said beside the plan goes on being read without it.
            if let Some(notice) = app.notice.take().filter(|_| app.page.is_none()) {
                app.page = Some(Page::new(PageKind::Problem, &notice));
            }
        }
    }
    if left {
        app.page = None;
    }
    app.stage = Stage::Ready;
    app.form = None;
    app.plan = None;
    app.editing = None;
    app.confirming = false;
    app.stopping = false;
    app.focus = Focus::Form;
}
