//! Drafts and plans as rows and lines that are safe to show: nothing in them moves a cursor, and secrets are masked.

use serde_json::Value;

use crate::apply::{Action, Plan};
use crate::config::Style;
use crate::diff::{MaskKey, RowKind, rows};
use crate::draft::{Draft, Outcome, editable};
use crate::manifest::visible::visible_line;
use crate::report;
use crate::session::PolicyCounts;

/// One line, as a terminal may show it.
pub fn safe(text: &str) -> String {
    visible_line(text).into_owned()
}

/// The lines of a text, as a terminal may show them.
pub fn safe_lines(text: &str) -> Vec<String> {
    text.lines().map(safe).collect()
}

/// A draft as a form.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Form {
    /// The person's words so far.
    pub turns: Vec<String>,
    /// Things and fields, top to bottom.
    pub rows: Vec<FormRow>,
    /// What policy changed, and what was not used.
    pub notes: Vec<String>,
}

/// One row of a form.
#[derive(Debug, Clone, PartialEq)]
pub enum FormRow {
    /// Sums a thing up.
    Thing(String),
    /// A value that can be changed.
    Field(FieldRow),
}

/// See [`FormRow::Field`].
#[derive(Debug, Clone, PartialEq)]
pub struct FieldRow {
    /// Which thing of the draft.
    pub thing: usize,
    /// Its parameter.
    pub name: String,
    /// The value in one line.
    pub value: String,
    /// The value as it is put up for editing.
    pub text: String,
    /// Where it comes from.
    pub origin: String,
}

impl Form {
    /// The form of a draft.
    pub fn new(draft: &Draft, turns: &[String]) -> Self {
        let mut form_rows = Vec::new();
        for (index, thing) in draft.things.iter().enumerate() {
            form_rows.push(FormRow::Thing(safe(&thing.summary)));
            for (row, field) in report::field_rows(thing, turns).into_iter().zip(&thing.fields) {
                form_rows.push(FormRow::Field(FieldRow {
                    thing: index,
                    name: safe(&row.name),
                    value: safe(&row.value),
                    text: safe(&field.shown.clone().unwrap_or_else(|| editable(&field.value))),
                    origin: safe(&row.origin),
                }));
            }
        }
        let mut notes: Vec<String> =
            draft.interventions.iter().map(|one| safe(&report::intervention_text(one))).collect();
        if !draft.unused.is_empty() {
            let words: Vec<String> = draft.unused.iter().map(|one| format!("\"{}\"", one.text)).collect();
            notes.push(safe(&format!("not used: {}", words.join(", "))));
        }
        Self { turns: turns.iter().map(|turn| safe(turn)).collect(), rows: form_rows, notes }
    }

    /// The field in this row.
    pub fn field(&self, row: usize) -> Option<&FieldRow> {
        match self.rows.get(row) {
            Some(FormRow::Field(field)) => Some(field),
            _ => None,
        }
    }
}

/// What a page is about; decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageKind {
    /// Questions.
    Asked,
    /// A no, or a pointer to another verb.
    Answer,
    /// Something was written.
    Written,
    /// The same, and what following it came to.
    Followed,
    /// Something went wrong.
    Problem,
}

/// A text in place of a form.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// See [`PageKind`].
    pub kind: PageKind,
    /// Its lines.
    pub lines: Vec<String>,
    /// Requests that would work.
    pub examples: Vec<String>,
}

impl Page {
    /// A page without examples.
    pub fn new(kind: PageKind, text: &str) -> Self {
        Self { kind, lines: safe_lines(text), examples: Vec::new() }
    }

    /// The page of an outcome that is no draft, in the words of the command line.
    pub fn of(outcome: &Outcome, turns: &[String], style: Style) -> Self {
        let plain = Style { colour: false, ..style };
        let text = report::outcome_text(outcome, turns, plain);
        match outcome {
            Outcome::Asked(_) => Self::new(PageKind::Asked, &text),
            Outcome::Declined(declined) => Self {
                kind: PageKind::Answer,
                lines: safe_lines(&declined.reason),
                examples: declined.examples.iter().map(|example| safe(example)).collect(),
            },
            _ => Self::new(PageKind::Answer, &text),
        }
    }
}

/// What a line of a plan is; decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineKind {
    /// Begins an object.
    Object,
    /// Begins a group of lines.
    Header,
    /// Only in the new text.
    Added,
    /// Only in the old text.
    Removed,
    /// In both.
    Same,
    /// What the target or a check has to say.
    Finding,
}

/// One line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// See [`LineKind`].
    pub kind: LineKind,
    /// The text, its sign in front.
    pub text: String,
}

/// A plan as it is shown.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlanView {
    /// Where it would be written.
    pub target: String,
    /// `sha256:…`.
    pub digest: String,
    /// The question before anything is written.
    pub question: String,
    /// Nothing would be written.
    pub is_empty: bool,
    /// How many files would be written.
    pub files: usize,
    /// What happens to which object: `+ Service/web`.
    pub objects: Vec<(Action, String)>,
    /// Findings, then the changes in full.
    pub lines: Vec<Line>,
    /// `checks: …`.
    pub checks: String,
}

impl PlanView {
    /// A plan with the objects that exist, secrets masked.
    pub fn new(
        plan: &Plan,
        existing: &[Value],
        mask: &MaskKey,
        policies: PolicyCounts,
        style: Style,
    ) -> Self {
        let plain = Style { colour: false, ..style };
        let line = |kind, text: String| Line { kind, text: safe(&text) };
        let mut lines: Vec<Line> = report::findings_text(&plan.findings, plain)
            .lines()
            .map(|text| line(LineKind::Finding, text.to_owned()))
            .collect();
        for change in plan.changes.iter().filter(|change| change.action != Action::None) {
            let Some((old, new)) = report::change_sides(change, existing) else { continue };
            lines.push(line(LineKind::Object, change.object.to_string()));
            lines.extend(rows(old, Some(new), mask).into_iter().map(|row| {
                let kind = match row.kind {
                    RowKind::Header => LineKind::Header,
                    RowKind::Context => LineKind::Same,
                    RowKind::Insert => LineKind::Added,
                    RowKind::Delete => LineKind::Removed,
                };
                line(kind, format!("{}{}", row.kind.sign(), row.text))
            }));
        }
        let files = report::files_line(plan);
        lines.extend(files.lines().map(|text| line(LineKind::Header, text.to_owned())));
        let object = |change: &crate::apply::PlannedChange| {
            let sign = match change.action {
                Action::Create => "+",
                Action::Change => "~",
                Action::Replace => "!",
                Action::Delete => "-",
                Action::None => "=",
            };
            (change.action, safe(&format!("{sign} {}/{}", change.object.kind, change.object.name)))
        };
        Self {
            target: safe(&plan.target.to_string()),
            digest: plan.digest.clone(),
            files: plan.files().len(),
            question: safe(&report::question(plan, &plan.target.to_string())),
            is_empty: plan.is_empty(),
            objects: plan.changes.iter().map(object).collect(),
            lines,
            checks: safe(report::checks_line(policies, plan, plain).trim_end()),
        }
    }

    /// So much of the digest that a person can compare it.
    pub fn short_digest(&self) -> &str {
        self.digest.get(..19).unwrap_or(&self.digest)
    }
}
