//! Which part of the screen shows what. Both drawing and scrolling ask here, so that they cannot disagree.

use ratatui::layout::{Constraint, Layout, Rect};
use unicode_width::UnicodeWidthChar as _;

use crate::tui::app::{App, Stage};
use crate::tui::shown::{Line, LineKind};

/// The smallest terminal in which something can be decided.
pub const LEAST: (u16, u16) = (40, 10);
/// From this width on, form and changes stand side by side.
const WIDE: u16 = 130;
/// At most so many lines of a notice.
const MOST_NOTICE: usize = 3;

/// The parts, top to bottom. Parts that are not shown have no height.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Areas {
    /// Program, target, policies.
    pub header: Rect,
    /// The page, or form and changes.
    pub body: Rect,
    /// The form with its title.
    pub form: Rect,
    /// The changes with their title.
    pub changes: Rect,
    /// What has just happened.
    pub notice: Rect,
    /// Checks, target, digest.
    pub bar: Rect,
    /// The line in which words are typed, with a rule above.
    pub input: Rect,
    /// What is running, and keys.
    pub status: Rect,
}

/// Whether the terminal is too small to show anything but that.
pub fn is_tiny(app: &App) -> bool {
    app.size.0 < LEAST.0 || app.size.1 < LEAST.1
}

/// See [`Areas`].
pub fn areas(app: &App) -> Areas {
    let whole = Rect::new(0, 0, app.size.0, app.size.1);
    let shows_plan = app.page.is_none() && app.plan.is_some();
    let bar = match () {
        () if !shows_plan || app.stage != Stage::Deciding => 0,
        () if app.confirming => 1 + question(app).len(),
        () => 2,
    };
    let notice = notice_lines(app).len();
    let lines = |height: usize| Constraint::Length(u16::try_from(height).unwrap_or(u16::MAX));
    let rows = [lines(1), Constraint::Fill(1), lines(notice), lines(bar), lines(2), lines(1)];
    let [header, body, notice, bar, input, status] = Layout::vertical(rows).areas(whole);
    let mut areas = Areas { header, body, notice, bar, input, status, ..Areas::default() };
    if app.page.is_none() && app.form.is_some() {
        let wanted = u16::try_from(form_height(app)).unwrap_or(u16::MAX);
        (areas.form, areas.changes) = if app.plan.is_none() {
            (body, Rect::default())
        } else if body.width >= WIDE {
            let [form, changes] =
                Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).spacing(2).areas(body);
            (form, changes)
        } else {
            let most = (body.height / 2).max(3);
            let [form, changes] =
                Layout::vertical([Constraint::Length(wanted.min(most)), Constraint::Fill(1)]).areas(body);
            (form, changes)
        };
    }
    areas
}

/// Title, rows, reason of a refusal, notes.
fn form_height(app: &App) -> usize {
    let Some(form) = &app.form else { return 0 };
    let width = usize::from(app.size.0).saturating_sub(4);
    let why = app.editing.as_ref().and_then(|editing| editing.why.as_deref());
    let why = why.map_or(0, |why| wrapped(why, width).len());
    let notes: usize = form_notes(app).iter().map(|note| wrapped(note, width).len()).sum();
    1 + form.rows.len() + why + notes
}

/// What stands below the form.
pub fn form_notes(app: &App) -> Vec<String> {
    let by_hand = (app.plan.is_some() && !app.form_counts)
        .then(|| "the manifests were edited by hand: the changes below count, not this form".to_owned());
    by_hand.into_iter().chain(app.form.iter().flat_map(|form| form.notes.iter().cloned())).collect()
}

/// The last question, in lines: target and digest stand in it whole, however narrow the terminal is.
pub fn question(app: &App) -> Vec<String> {
    let Some(plan) = &app.plan else { return Vec::new() };
    let text = format!("{}  {}  [y/N]", plan.question, plan.short_digest());
    wrapped(&text, usize::from(app.size.0).saturating_sub(2))
}

/// The notice in lines.
pub fn notice_lines(app: &App) -> Vec<String> {
    let width = usize::from(app.size.0).saturating_sub(2);
    let lines = app.notice.iter().flat_map(|notice| notice.lines());
    lines.flat_map(|line| wrapped(line, width)).take(MOST_NOTICE).collect()
}

/// The lines of the page, examples included, in rows that fit; the first of an example begins with its mark.
pub fn page_rows(app: &App) -> Vec<String> {
    let width = usize::from(app.size.0).saturating_sub(2);
    let mark = if app.style.plain { "-" } else { "›" };
    let page = app.page.iter();
    let lines = page.flat_map(|page| {
        let examples = page.examples.iter().map(move |example| format!("  {mark} {example}"));
        page.lines.iter().cloned().chain(examples)
    });
    lines.flat_map(|line| wrapped(&line, width)).collect()
}

/// The changes in rows that fit: nothing is cut. What goes on below has the sign of its line, and a mark of its own, so
/// that it is not taken for a line.
pub fn change_rows(app: &App) -> Vec<(LineKind, String)> {
    let mark = if app.style.plain { "> " } else { "↳ " };
    let width = usize::from(areas(app).changes.width).saturating_sub(3);
    let lines = app.plan.iter().flat_map(|plan| &plan.lines);
    let mut rows = Vec::new();
    for Line { kind, text } in lines {
        let sign = match kind {
            LineKind::Added => '+',
            LineKind::Removed => '-',
            _ => ' ',
        };
        let pieces = wrapped(text, width).into_iter().enumerate();
        rows.extend(pieces.map(|(at, row)| {
            let row = if at == 0 { row } else { format!("{sign}{mark}{row}") };
            (*kind, row)
        }));
    }
    rows
}

/// Rows of changes that are visible at once; the title takes one.
pub fn change_height(app: &App) -> usize {
    usize::from(areas(app).changes.height).saturating_sub(1)
}

/// The text in pieces of at most `width` columns, broken between words where that is possible.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(2);
    let mut rows = Vec::new();
    let mut row = String::new();
    let mut used = 0;
    // Bytes of the row up to and with its last space, and the columns of these.
    let mut space: Option<(usize, usize)> = None;
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width {
            let (at, columns_before) =
                space.filter(|(at, _)| !row[..*at].trim().is_empty()).unwrap_or((row.len(), used));
            let rest = row.split_off(at);
            rows.push(std::mem::replace(&mut row, rest));
            used -= columns_before;
            space = None;
        }
        row.push(c);
        used += columns;
        if c == ' ' {
            space = Some((row.len(), used));
        }
    }
    rows.push(row);
    rows
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unicode_width::UnicodeWidthStr as _;

    use super::*;

    #[test]
    fn words_stay_whole_where_they_can() {
        assert_eq!(wrapped("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("两张显卡", 5), ["两张", "显卡"]);
        assert_eq!(wrapped("  key: long-value-here", 10), ["  key: ", "long-value", "-here"]);
        assert_eq!(wrapped("", 5), [""]);
    }

    proptest! {
        #[test]
        fn nothing_is_lost_and_everything_fits(text in "[a-z 两é]{0,60}", width in 2_usize..20) {
            let rows = wrapped(&text, width);
            prop_assert_eq!(rows.concat(), text);
            prop_assert!(rows.iter().all(|row| row.width() <= width));
        }
    }
}
