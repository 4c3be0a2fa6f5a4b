//! The lines around the middle: header, notice, the plan in one line, input, status.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::theme::Theme;
use super::{cursor, fitted, put, window};
use crate::report;
use crate::tui::app::{App, Model, Stage, Work};
use crate::tui::shown::{LineKind, PlanView, safe};
use crate::tui::{keys, layout};

/// Program, target, policies.
pub fn header(app: &App, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let name = " kubectl copilot";
    let known = app.opened.as_ref().map(|opened| {
        let policies = match opened.policies {
            0 => "policy: none".to_owned(),
            count => format!("policies: {count}"),
        };
        (safe(&opened.target), policies)
    });
    let Some((target, policies)) = known else {
        return put(frame, area, 0, Line::from(Span::styled(name, theme.strong())));
    };
    let width = usize::from(area.width);
    let fixed = name.width() + "  writes to ".width();
    let policies = format!("{}{policies}", theme.dot());
    // The target is what a person must not mistake: it has the room first.
    let room = width.saturating_sub(fixed + 1);
    let policies = Some(policies).filter(|text| target.width() + text.width() <= room).unwrap_or_default();
    let line = Line::from(vec![
        Span::styled(name, theme.strong()),
        Span::styled("  writes to ", theme.faint()),
        Span::raw(fitted(&target, room)),
        Span::styled(policies, theme.faint()),
    ]);
    put(frame, area, 0, line);
}

/// What has just happened.
pub fn notice(app: &App, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    for (row, line) in layout::notice_lines(app).into_iter().enumerate() {
        put(frame, area, row, Line::from(Span::styled(format!(" {}", safe(&line)), theme.notice())));
    }
}

/// Checks, then target and digest: what a yes is a yes to.
pub fn plan(app: &App, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let Some(plan) = app.plan.as_ref().filter(|_| area.height > 0) else { return };
    let width = usize::from(area.width);
    put(
        frame,
        area,
        0,
        Line::from(Span::styled(fitted(&format!(" {}", checks(app, plan, theme)), width), theme.faint())),
    );
    if app.confirming {
        let style = theme.chosen().patch(theme.strong());
        for (at, line) in layout::question(app).into_iter().enumerate() {
            let pad = " ".repeat(width.saturating_sub(line.width() + 1));
            put(frame, area, at + 1, Line::from(Span::styled(format!(" {line}{pad}"), style)));
        }
        return;
    }
    let digest = plan.short_digest();
    let tail = format!("  {digest}");
    let head = match plan.files {
        0 => "applies to ".to_owned(),
        files => format!("writes {} to ", report::files_count(files)),
    };
    let target = fitted(&plan.target, width.saturating_sub(head.width() + tail.width() + 4));
    let line = Line::from(vec![
        Span::styled(" a ", theme.key()),
        Span::raw(head),
        Span::styled(target, theme.strong()),
        Span::styled(tail, theme.faint()),
    ]);
    put(frame, area, 1, line);
}

/// Checks, warnings, and how much of the changes has not been on the screen yet.
fn checks(app: &App, plan: &PlanView, theme: Theme) -> String {
    let mut text = plan.checks.clone();
    let is_warning = |line: &&crate::tui::shown::Line| {
        line.kind == LineKind::Finding && !line.text.starts_with(' ') && !line.text.starts_with("info")
    };
    let warnings = plan.lines.iter().filter(is_warning).count();
    if warnings > 0 {
        let s = if warnings == 1 { "" } else { "s" };
        text.push_str(&format!("{}{warnings} warning{s}", theme.dot()));
    }
    let unseen = layout::change_rows(app).len().saturating_sub(app.seen);
    if unseen > 0 {
        let s = if unseen == 1 { "" } else { "s" };
        text.push_str(&format!("{}{unseen} line{s} not seen yet", theme.dot()));
    }
    text
}

/// The line in which words are typed, below a rule.
pub fn input(app: &App, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    put(frame, area, 0, Line::from(Span::styled(theme.rule("", width), theme.faint())));
    let prompt = format!(" {}", theme.prompt());
    let typed = app.input.value();
    if !app.is_listening() {
        let text = match (typed.is_empty(), app.stage) {
            (false, _) => typed,
            (true, Stage::Deciding) => "i: say in words what should be different",
            (true, _) => "",
        };
        let room = width.saturating_sub(prompt.width());
        return put(
            frame,
            area,
            1,
            Line::from(Span::styled(format!("{prompt}{}", fitted(text, room)), theme.faint())),
        );
    }
    // One column is left for the cursor behind the last character.
    let room = width.saturating_sub(prompt.width() + 1);
    let from = app.input.visual_scroll(room);
    let shown = if typed.is_empty() {
        let hint = match app.stage {
            Stage::Asking => "your answer",
            Stage::Deciding => "what should be different?",
            _ => "what do you need?",
        };
        Span::styled(fitted(hint, room), theme.faint())
    } else {
        Span::raw(window(typed, from, room))
    };
    put(frame, area, 1, Line::from(vec![Span::styled(prompt.clone(), theme.key()), shown]));
    if !app.help {
        cursor(frame, area, 1, prompt.width() + app.input.visual_cursor().saturating_sub(from));
    }
}

/// What is running or which model answers, and keys.
pub fn status(app: &App, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let width = usize::from(area.width);
    let (text, style) = running(app, theme);
    // The most wanted keys always have room.
    let left = fitted(&format!(" {text}"), width.saturating_sub(38).max(width / 2));
    let mut spans = vec![Span::styled(left.clone(), style)];
    let mut hints: Vec<Span<'_>> = Vec::new();
    let mut used = left.width() + 1;
    for (key, meaning) in keys::hints(app) {
        let columns = key.width() + meaning.width() + 3;
        if used + columns > width {
            break;
        }
        used += columns;
        hints.push(Span::styled(format!("  {key} "), theme.key()));
        hints.push(Span::styled(*meaning, theme.faint()));
    }
    spans.push(Span::raw(" ".repeat((width + 1).saturating_sub(used + 1))));
    spans.extend(hints);
    put(frame, area, 0, Line::from(spans));
}

fn running(app: &App, theme: Theme) -> (String, ratatui::style::Style) {
    let spin = theme.spinner(app.tick);
    let with_model = !matches!(app.model, Model::Opening | Model::Loading);
    match app.stage {
        Stage::Working(_) if app.stopping => (format!("{spin} stopping …"), theme.notice()),
        // What is asked for before the model is there waits for it.
        Stage::Working(work) if with_model => {
            let what = match work {
                Work::Drafting => "drafting",
                Work::Planning => "planning",
                Work::Checking => "checking",
                Work::Writing => "writing",
                Work::Leaving => "leaving",
            };
            (format!("{spin} {what} …"), theme.notice())
        }
        _ => match &app.model {
            Model::Opening => (format!("{spin} reading patterns, schemas, policies …"), theme.notice()),
            Model::Loading => (format!("{spin} loading model …"), theme.notice()),
            Model::Ready(info) => {
                (safe(&format!("{}{}{}", info.name, theme.dot(), info.device)), theme.faint())
            }
            Model::Missing(_) => ("no model".to_owned(), theme.removed()),
        },
    }
}
