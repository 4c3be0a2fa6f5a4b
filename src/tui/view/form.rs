//! The form: what was understood, where each value comes from, and the value that is being changed.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr as _;

use super::theme::Theme;
use super::{cursor, fitted, put, window};
use crate::tui::app::{App, Editing, Focus, Stage};
use crate::tui::layout::{self, wrapped};
use crate::tui::shown::{FieldRow, Form, FormRow, safe};

/// The widest column of values, in columns of the terminal: what is longer goes on into the column of the origins.
const WIDEST_VALUE: usize = 30;

/// Draws title, rows and notes.
pub fn draw(app: &App, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let Some(form) = &app.form else { return };
    let width = usize::from(area.width);
    let said = app.turns.join(theme.dot());
    let has_keys = app.stage == Stage::Deciding && app.focus == Focus::Form;
    let style = if has_keys { theme.key() } else { theme.faint() };
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let rows = Rows { app, theme, form, columns: Columns::of(form, width), has_keys };
    let shown = rows.draw(frame, below);
    // Only where something is out of sight does a place say anything.
    let place =
        if shown.0 == form.rows.len() { String::new() } else { format!(" {}/{} ", shown.1, form.rows.len()) };
    let title = fitted(&said, width.saturating_sub(6 + place.width()));
    let line = Line::from(vec![
        Span::styled(theme.rule(&title, width.saturating_sub(place.width() + 2)), style),
        Span::styled(place, theme.faint()),
        Span::styled(theme.rule("", 2), style),
    ]);
    put(frame, area, 0, line);
}

/// How wide names and values are, so that the origins stand below each other.
struct Columns {
    names: usize,
    values: usize,
    origins: usize,
}

impl Columns {
    fn of(form: &Form, width: usize) -> Self {
        let fields = || {
            form.rows
                .iter()
                .filter_map(|row| if let FormRow::Field(field) = row { Some(field) } else { None })
        };
        let widest = |column: fn(&FieldRow) -> usize| fields().map(column).max().unwrap_or(0);
        let names = widest(|field| field.name.width());
        // Mark, and two spaces between columns.
        let room = width.saturating_sub(names + 7);
        let values = widest(|field| field.value.width()).min(WIDEST_VALUE).min(room * 2 / 3);
        Self { names, values, origins: room.saturating_sub(values) }
    }
}

struct Rows<'a> {
    app: &'a App,
    theme: Theme,
    form: &'a Form,
    columns: Columns,
    has_keys: bool,
}

impl Rows<'_> {
    /// How many rows are shown, and up to which.
    fn draw(&self, frame: &mut Frame<'_>, area: Rect) -> (usize, usize) {
        let width = usize::from(area.width).saturating_sub(4);
        let notes: Vec<String> =
            layout::form_notes(self.app).iter().flat_map(|note| wrapped(note, width)).collect();
        let editing = self.app.editing.as_ref();
        let why: Vec<String> = editing
            .and_then(|editing| editing.why.as_deref())
            .into_iter()
            .flat_map(|why| why.lines().flat_map(|line| wrapped(&safe(line), width)))
            .collect();
        let height = usize::from(area.height);
        // Notes stay in sight, as long as a few rows do too.
        let notes_shown = notes.len().min(height.saturating_sub(3));
        let room = height.saturating_sub(notes_shown);
        let top = (self.app.selected + 1 + why.len()).saturating_sub(room);
        let mut at = 0;
        let mut shown = 0;
        for (index, row) in self.form.rows.iter().enumerate().skip(top) {
            if at >= room {
                break;
            }
            shown += 1;
            match row {
                FormRow::Thing(summary) => {
                    let summary = fitted(summary, usize::from(area.width).saturating_sub(2));
                    put(
                        frame,
                        area,
                        at,
                        Line::from(Span::styled(format!(" {summary}"), self.theme.strong())),
                    );
                }
                FormRow::Field(field) => {
                    let is_chosen = index == self.app.selected;
                    match editing.filter(|_| is_chosen) {
                        Some(editing) => self.edited(frame, area, at, field, editing),
                        None => self.field(frame, area, at, field, is_chosen),
                    }
                    if is_chosen {
                        for line in why.iter().take(room.saturating_sub(at + 1)) {
                            at += 1;
                            put(
                                frame,
                                area,
                                at,
                                Line::from(Span::styled(format!("    {line}"), self.theme.removed())),
                            );
                        }
                    }
                }
            }
            at += 1;
        }
        for note in notes.iter().take(notes_shown) {
            put(frame, area, at, Line::from(Span::styled(format!("    {note}"), self.theme.notice())));
            at += 1;
        }
        (shown, top + shown)
    }

    fn name(&self, field: &FieldRow) -> String {
        format!("{}{}", field.name, " ".repeat(self.columns.names.saturating_sub(field.name.width())))
    }

    fn field(&self, frame: &mut Frame<'_>, area: Rect, at: usize, field: &FieldRow, is_chosen: bool) {
        // A long value may go on into the column of the origins: its own stands behind it.
        let most = (self.columns.values + self.columns.origins).saturating_sub(field.origin.width());
        let value = fitted(&field.value, self.columns.values.max(most));
        let pad = " ".repeat(self.columns.values.saturating_sub(value.width()));
        let left = (self.columns.values + self.columns.origins)
            .saturating_sub(value.width().max(self.columns.values));
        let origin = fitted(&field.origin, left);
        let is_chosen = is_chosen && self.app.stage == Stage::Deciding;
        let mark = if is_chosen { self.theme.mark() } else { "  " };
        let style =
            if is_chosen && self.has_keys { self.theme.chosen() } else { ratatui::style::Style::new() };
        let line = Line::from(vec![
            Span::styled(format!(" {mark}"), self.theme.key()),
            Span::raw(format!("{}  ", self.name(field))),
            Span::styled(value, style),
            Span::raw(format!("{pad}  ")),
            Span::styled(origin, self.theme.faint()),
        ]);
        put(frame, area, at, line);
    }

    fn edited(&self, frame: &mut Frame<'_>, area: Rect, at: usize, field: &FieldRow, editing: &Editing) {
        let before = format!(" {}{}  ", self.theme.mark(), self.name(field));
        // One column for the cursor behind the last character, one at the edge.
        let room = usize::from(area.width).saturating_sub(before.width() + 2);
        let from = editing.input.visual_scroll(room);
        let typed = window(editing.input.value(), from, room);
        let pad = " ".repeat((room + 1).saturating_sub(typed.width()));
        let line = Line::from(vec![
            Span::styled(before.clone(), self.theme.key()),
            Span::styled(format!("{typed}{pad}"), self.theme.chosen()),
        ]);
        put(frame, area, at, line);
        if self.app.stage == Stage::Deciding && !self.app.help {
            cursor(frame, area, at, before.width() + editing.input.visual_cursor().saturating_sub(from));
        }
    }
}
