//! State -> cells. Nothing here changes the state; `layout` says where everything stands.

mod bars;
mod changes;
mod form;
mod overlay;
mod page;
mod theme;

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use crate::tui::app::App;
use crate::tui::layout;
use theme::Theme;

/// Draws the whole screen.
pub fn view(app: &App, frame: &mut Frame<'_>) {
    let theme = Theme(app.style);
    if layout::is_tiny(app) {
        return overlay::too_small(app, frame);
    }
    let areas = layout::areas(app);
    bars::header(app, theme, frame, areas.header);
    if app.page.is_none() && app.form.is_some() {
        form::draw(app, theme, frame, areas.form);
        changes::draw(app, theme, frame, areas.changes);
    } else {
        page::draw(app, theme, frame, areas.body);
    }
    bars::notice(app, theme, frame, areas.notice);
    bars::plan(app, theme, frame, areas.bar);
    bars::input(app, theme, frame, areas.input);
    bars::status(app, theme, frame, areas.status);
    if app.help {
        overlay::keys(app, theme, frame);
    }
}

/// One line at a row of an area; nothing where the area ends before.
fn put(frame: &mut Frame<'_>, area: Rect, row: usize, line: Line<'_>) {
    let Some(row) = u16::try_from(row).ok().filter(|row| *row < area.height) else { return };
    frame.render_widget(Paragraph::new(line), Rect { y: area.y + row, height: 1, ..area });
}

/// The cursor in a line that is `columns` in; the line is scrolled so far that it is visible.
fn cursor(frame: &mut Frame<'_>, area: Rect, row: usize, columns: usize) {
    let within = |offset: usize, length: u16| u16::try_from(offset).ok().filter(|offset| *offset < length);
    if let (Some(x), Some(y)) = (within(columns, area.width), within(row, area.height)) {
        frame.set_cursor_position(Position::new(area.x + x, area.y + y));
    }
}

/// What of a text is visible in so many columns, from a column on. A character that is cut in two is a space.
fn window(text: &str, from: usize, width: usize) -> String {
    use unicode_width::UnicodeWidthChar as _;
    let mut shown = String::new();
    let mut at = 0;
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if at >= from && at + columns <= from + width {
            shown.push(c);
        } else if at < from && at + columns > from {
            shown.push(' ');
        }
        at += columns;
    }
    shown
}

/// The text in so many columns; `…` where something is cut.
fn fitted(text: &str, width: usize) -> String {
    use unicode_width::UnicodeWidthStr as _;
    if text.width() <= width {
        text.to_owned()
    } else {
        format!("{}…", window(text, 0, width.saturating_sub(1)))
    }
}
