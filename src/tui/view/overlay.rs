//! What covers the screen: the keys, and the word about a terminal that is too small.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthStr as _;

use super::theme::Theme;
use super::{fitted, put};
use crate::tui::app::App;
use crate::tui::keys;
use crate::tui::layout::{LEAST, wrapped};

/// The keys, in the middle of the screen.
pub fn keys(app: &App, theme: Theme, frame: &mut Frame<'_>) {
    let (width, height) = (app.size.0.min(72), app.size.1);
    let wanted = u16::try_from(keys::ALL.len() + 2).unwrap_or(u16::MAX).min(height);
    let area = Rect { x: (app.size.0 - width) / 2, y: (height - wanted) / 2, width, height: wanted };
    // A margin, so that what is covered does not read on into it.
    let (left, right) = (area.x.saturating_sub(1), (area.right() + 1).min(app.size.0));
    frame.render_widget(Clear, Rect { x: left, width: right - left, ..area });
    let columns = usize::from(width);
    put(frame, area, 0, Line::from(Span::styled(theme.rule("keys", columns), theme.key())));
    let widest = keys::ALL.iter().map(|(key, _)| key.width()).max().unwrap_or(0);
    for (at, (key, meaning)) in keys::ALL.iter().enumerate() {
        let pad = " ".repeat(widest - key.width());
        let room = columns.saturating_sub(widest + 5);
        let line = Line::from(vec![
            Span::styled(format!("  {key}{pad}  "), theme.key()),
            Span::raw(fitted(meaning, room)),
        ]);
        put(frame, area, at + 1, line);
    }
    put(frame, area, keys::ALL.len() + 1, Line::from(Span::styled(theme.rule("", columns), theme.key())));
}

/// How large the terminal has to be.
pub fn too_small(app: &App, frame: &mut Frame<'_>) {
    let (width, height) = app.size;
    let text =
        format!("the terminal is {width}x{height}; at least {}x{} is needed. Ctrl-C quits", LEAST.0, LEAST.1);
    let area = frame.area();
    for (at, row) in wrapped(&text, usize::from(width)).into_iter().enumerate() {
        put(frame, area, at, Line::from(row));
    }
}
