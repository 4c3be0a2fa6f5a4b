//! A text in place of form and changes: the first screen, a question, a no, what was written, a problem.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::theme::Theme;
use super::{fitted, put};
use crate::tui::app::{App, Stage};
use crate::tui::layout;
use crate::tui::shown::PageKind;
use crate::tui::update::EXAMPLES;

/// Draws the page, or what stands there without one.
pub fn draw(app: &App, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let mut area = area;
    if !app.turns.is_empty() {
        let width = usize::from(area.width);
        let said = fitted(&app.turns.join(theme.dot()), width.saturating_sub(6));
        put(frame, area, 0, Line::from(Span::styled(theme.rule(&said, width), theme.faint())));
        area = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    }
    match &app.page {
        Some(page) => text(app, page.kind, theme, frame, area),
        None if app.stage == Stage::Ready => welcome(theme, frame, area),
        None => {}
    }
}

fn text(app: &App, kind: PageKind, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let first = match kind {
        PageKind::Asked | PageKind::Answer => theme.notice(),
        PageKind::Written | PageKind::Followed => theme.added(),
        PageKind::Problem => theme.removed(),
    };
    let mut rows = layout::page_rows(app);
    if matches!(kind, PageKind::Written | PageKind::Followed) {
        rows.push(String::new());
        rows.push("(these lines are on the terminal again once you leave: copy them there)".to_owned());
    }
    for (at, row) in rows.iter().enumerate().skip(app.page_top) {
        let style = if at == 0 || row.starts_with("? ") { first } else { Style::new() };
        put(frame, area, at - app.page_top, Line::from(Span::styled(format!(" {row}"), style)));
    }
}

/// What can be done here, and how one begins.
fn welcome(theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let lines = [
        (
            "Say what you need, in English or Chinese. You then see what was understood, field by field, and every change \
             in full; nothing is written before you say yes to it.",
            Style::new(),
        ),
        ("", Style::new()),
        ("For example (Tab puts one into the line):", theme.faint()),
    ];
    let width = usize::from(area.width).saturating_sub(2);
    let mut at = usize::from(area.height >= 12);
    for (line, style) in lines {
        for row in layout::wrapped(line, width) {
            put(frame, area, at, Line::from(Span::styled(format!(" {row}"), style)));
            at += 1;
        }
    }
    for example in EXAMPLES {
        let line = Line::from(vec![
            Span::styled(format!("   {}", theme.prompt()), theme.key()),
            Span::raw(fitted(example, width.saturating_sub(6))),
        ]);
        put(frame, area, at, line);
        at += 1;
    }
}
