//! The changes in full: every line can be reached, none is cut.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::theme::Theme;
use super::{fitted, put};
use crate::apply::Action;
use crate::tui::app::{App, Focus, Stage};
use crate::tui::layout;
use crate::tui::shown::{LineKind, PlanView};

/// Draws title and rows.
pub fn draw(app: &App, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let Some(plan) = app.plan.as_ref().filter(|_| area.height > 0) else { return };
    put(frame, area, 0, title(app, plan, theme, usize::from(area.width)));
    let height = layout::change_height(app);
    let rows = layout::change_rows(app);
    for (at, (kind, text)) in rows.iter().skip(app.top).take(height).enumerate() {
        put(frame, area, at + 1, Line::from(Span::styled(text.as_str(), style(*kind, theme))));
    }
}

/// What happens to which object, and where in the changes the screen is.
fn title(app: &App, plan: &PlanView, theme: Theme, width: usize) -> Line<'static> {
    let has_keys = app.stage == Stage::Deciding && app.focus == Focus::Changes;
    let edge = if has_keys { theme.key() } else { theme.faint() };
    let rows = layout::change_rows(app).len();
    let shown = (app.top + layout::change_height(app)).min(rows);
    let place = format!(" {shown}/{rows} ");
    let mut spans = vec![Span::styled(theme.rule("", 2), edge)];
    let mut used = 2 + place.width() + 2;
    for (action, object) in &plan.objects {
        let room = width.saturating_sub(used + 1);
        if room < 4 {
            break;
        }
        let text = fitted(object, room);
        used += text.width() + 1;
        let style = match action {
            Action::Create => theme.added(),
            Action::Change | Action::Replace => theme.notice(),
            Action::Delete => theme.removed(),
            Action::None => theme.faint(),
        };
        spans.push(Span::styled(format!(" {text}"), style));
    }
    let rest = width.saturating_sub(used);
    let rule = if rest > 1 { format!(" {}", theme.rule("", rest - 1)) } else { " ".repeat(rest) };
    spans.push(Span::styled(rule, edge));
    spans.push(Span::styled(place, theme.faint()));
    spans.push(Span::styled(theme.rule("", 2), edge));
    Line::from(spans)
}

fn style(kind: LineKind, theme: Theme) -> Style {
    match kind {
        LineKind::Object => theme.strong(),
        LineKind::Header => theme.faint(),
        LineKind::Added => theme.added(),
        LineKind::Removed => theme.removed(),
        LineKind::Same => Style::new(),
        LineKind::Finding => theme.notice(),
    }
}
