//! Outcomes and plans as a person reads them in a terminal.

use std::fmt::Write as _;

use serde_json::Value;
use unicode_width::UnicodeWidthStr as _;

use crate::apply::{Action, Plan, PlannedChange};
use crate::config::Style;
use crate::diff::{MaskKey, Row, RowKind, rows};
use crate::draft::{
    Asked, Declined, Draft, Field, Intervention, Origin, Outcome, Routed, Thing, Unused, Verb,
};
use crate::finding::{Finding, Severity};
use crate::manifest::ObjectKey;
use crate::manifest::visible::visible_line;

/// What became of a request. `turns` are the person's words, to quote from.
pub fn outcome_text(outcome: &Outcome, turns: &[String], style: Style) -> String {
    let mut text = String::new();
    match outcome {
        Outcome::Drafted(draft) => {
            draft_text(&mut text, draft, turns, style);
        }
        Outcome::Asked(asked) => asked_text(&mut text, asked, style),
        Outcome::Denied(denied) => {
            draft_text(&mut text, &denied.draft, turns, style);
            let what =
                if denied.incomplete { "not allowed: something could not be evaluated" } else { "denied" };
            let _ = writeln!(text, "{}", style.removed(what));
            text.push_str(&findings_text(&denied.findings, style));
        }
        Outcome::Declined(declined) => declined_text(&mut text, declined, style),
        Outcome::Routed(routed) => {
            let _ = writeln!(text, "{}", routed_text(routed));
        }
    }
    text
}

fn draft_text(text: &mut String, draft: &Draft, turns: &[String], style: Style) {
    for thing in &draft.things {
        let _ = writeln!(text, "{}", style.strong(&thing.summary));
        thing_text(text, thing, turns, style);
    }
    for one in &draft.interventions {
        let _ = writeln!(text, "{}", style.notice(&intervention_text(one)));
    }
    text.push_str(&unused_line(&draft.unused));
}

/// One row of a form, safe to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRow {
    /// Parameter of the pattern.
    pub name: String,
    /// The value in one line.
    pub value: String,
    /// Where it comes from, in words.
    pub origin: String,
}

/// The values of a thing as rows.
pub fn field_rows(thing: &Thing, turns: &[String]) -> Vec<FieldRow> {
    let row = |field: &Field| FieldRow {
        name: field.name.clone(),
        value: field.shown.clone().unwrap_or_else(|| value_text(&field.value)),
        origin: origin_text(field, turns),
    };
    thing.fields.iter().map(row).collect()
}

fn thing_text(text: &mut String, thing: &Thing, turns: &[String], style: Style) {
    let rows: Vec<(String, String, String)> =
        field_rows(thing, turns).into_iter().map(|row| (row.name, row.value, row.origin)).collect();
    let width = |column: fn(&(String, String, String)) -> usize| rows.iter().map(column).max().unwrap_or(0);
    let names = width(|row| row.0.width());
    let values = width(|row| row.1.width()).min(48);
    for (name, value, origin) in &rows {
        let name_pad = " ".repeat(names.saturating_sub(name.width()));
        let origin = style.faint(origin);
        if value.width() > values {
            // A value that would push everything aside has a line of its own, so that the origins stay one column.
            let indent = " ".repeat(names + values + 6);
            let _ = writeln!(text, "  {name}{name_pad}  {value}\n{indent}{origin}");
            continue;
        }
        let value_pad = " ".repeat(values - value.width());
        let _ = writeln!(text, "  {name}{name_pad}  {value}{value_pad}  {origin}");
    }
}

/// Where a value comes from, in words.
fn origin_text(field: &Field, turns: &[String]) -> String {
    match field.origin {
        Origin::Request => {
            let said = field.span.and_then(|[start, end]| {
                turns.get(field.turn.unwrap_or(0)).and_then(|turn| turn.get(start..end))
            });
            said.map_or_else(
                || "you said".to_owned(),
                |words| format!("you said \"{}\"", visible_line(words)),
            )
        }
        Origin::Default => "default".into(),
        Origin::Policy => "policy".into(),
        Origin::Cluster => "from the target".into(),
        Origin::User => "you".into(),
        Origin::Model => "the model wrote this".into(),
    }
}

fn value_text(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Array(list) => list.iter().map(value_text).collect::<Vec<_>>().join(" "),
        Value::Object(map) => {
            map.iter().map(|(k, v)| format!("{k}={}", value_text(v))).collect::<Vec<_>>().join(" ")
        }
        other => other.to_string(),
    };
    visible_line(&text).into_owned()
}

/// What was said and no value took, in one line.
pub fn unused_line(unused: &[Unused]) -> String {
    if unused.is_empty() {
        return "not used: –\n".to_owned();
    }
    let words: Vec<String> = unused.iter().map(|one| format!("\"{}\"", visible_line(&one.text))).collect();
    format!("not used: {}\n", words.join(", "))
}

/// What policy changed or forbids, in one line.
pub fn intervention_text(one: &Intervention) -> String {
    match &one.allowed {
        Some(allowed) => format!(
            "policy {}: {} {} is not allowed; the nearest that is: {}",
            one.policy,
            one.path,
            value_text(&one.wanted),
            value_text(allowed)
        ),
        None => format!("policy {}: {} {} is not allowed", one.policy, one.path, value_text(&one.wanted)),
    }
}

fn asked_text(text: &mut String, asked: &Asked, style: Style) {
    for one in &asked.interventions {
        let _ = writeln!(text, "{}", style.notice(&intervention_text(one)));
    }
    for question in &asked.questions {
        let _ = writeln!(text, "? {}", question.text);
    }
    text.push_str(&findings_text(&asked.findings, style));
    if !asked.unused.is_empty() {
        text.push_str(&unused_line(&asked.unused));
    }
}

fn declined_text(text: &mut String, declined: &Declined, style: Style) {
    let _ = writeln!(text, "{}", style.notice(&declined.reason));
    for example in &declined.examples {
        let _ = writeln!(text, "  {} {example}", if style.plain { "-" } else { "›" });
    }
}

fn routed_text(routed: &Routed) -> String {
    let verb = match routed.verb {
        Verb::Capacity => "capacity",
        Verb::Status => "status",
        Verb::Why => "why",
        Verb::Open => "open",
        Verb::History => "history",
    };
    let name = routed.name.as_ref().map(|name| format!(" {}", visible_line(name))).unwrap_or_default();
    format!("this is a question about the cluster: kubectl copilot {verb}{name}")
}

/// Findings, one a line, hints below.
pub fn findings_text(findings: &[Finding], style: Style) -> String {
    let mut text = String::new();
    // What may not be read is one line together: each of them for itself says the same.
    let unread: Vec<&Finding> = findings.iter().filter(|finding| is_unread(finding)).collect();
    let together = unread.len() > 1;
    if together {
        let kinds: Vec<&str> = unread.iter().map(|finding| finding.object.kind.as_str()).collect();
        let _ = writeln!(
            text,
            "{} with your rights these cannot be read, and nothing is guessed in their place: {}",
            style.notice("warning"),
            visible_line(&kinds.join(", "))
        );
        text.push_str(
            "  hint: ask the cluster's administrators for the right to list them, where you need it\n",
        );
    }
    for finding in findings.iter().filter(|finding| !(together && is_unread(finding))) {
        let word = match finding.severity {
            _ if finding.incomplete => style.removed("incomplete"),
            Severity::Error => style.removed("error"),
            Severity::Warning => style.notice("warning"),
            Severity::Info => style.faint("info"),
        };
        let place = match (&finding.file, finding.line, finding.column) {
            (Some(file), Some(line), Some(column)) => format!("{file}:{line}:{column}: "),
            (Some(file), Some(line), None) => format!("{file}:{line}: "),
            (Some(file), None, _) => format!("{file}: "),
            _ => String::new(),
        };
        // A finding about a whole file is about no object, and the place has said which file.
        let is_file = finding.object.api_version.is_empty() && finding.object.kind == "File";
        let object = match (is_file && finding.file.is_some(), finding.path.as_str()) {
            (true, _) => String::new(),
            (false, "") => format!("{}: ", finding.object),
            (false, path) => format!("{} {path}: ", finding.object),
        };
        // Names and fields come from somebody's file, as the message does.
        let said = format!("{place}{object}{} [{}]", finding.message, finding.rule);
        let _ = writeln!(text, "{word} {}", visible_line(&said));
        if let Some(hint) = &finding.hint {
            let _ = writeln!(text, "  hint: {}", visible_line(hint));
        }
    }
    text
}

/// A source of facts that this person may not read.
fn is_unread(finding: &Finding) -> bool {
    matches!(finding.rule.as_str(), "cluster-not-readable" | "cluster-policies-not-readable")
}

/// The plan: one line an object, then each diff in full.
pub fn plan_text(plan: &Plan, existing: &[Value], mask: &MaskKey, style: Style) -> String {
    let mut text = String::new();
    let line: Vec<String> = plan
        .changes
        .iter()
        .map(|change| {
            let what = format!("{}/{}", change.object.kind, change.object.name);
            match change.action {
                Action::Create => style.added(&format!("+ {what}")),
                Action::Change => style.notice(&format!("~ {what}")),
                Action::Replace => style.notice(&format!("! {what}")),
                Action::Delete => style.removed(&format!("- {what}")),
                Action::None => style.faint(&format!("= {what}")),
            }
        })
        .collect();
    let _ = writeln!(text, "{}", line.join("  "));
    for change in plan.changes.iter().filter(|change| change.action != Action::None) {
        let Some((old, new)) = change_sides(change, existing) else { continue };
        let _ = writeln!(text, "{}", style.strong(&format!("--- {}", change.object)));
        text.push_str(&diff_text(old, Some(new), mask, style));
    }
    text
}

/// An object before and after: as the cluster's dry-run has them, else the target's object and the body.
pub fn change_sides<'a>(
    change: &'a PlannedChange,
    existing: &'a [Value],
) -> Option<(Option<&'a Value>, &'a Value)> {
    if let Some(shown) = &change.shown {
        return Some((Some(&shown.0), &shown.1));
    }
    let body = change.body.as_ref()?;
    // A cluster's objects are known by name alone until they are planned against.
    let old = existing
        .iter()
        .filter(|object| {
            object.get("spec").is_some() || object.get("data").is_some() || !change.file.is_empty()
        })
        .find(|object| ObjectKey::of(object) == change.object);
    Some((old, body))
}

/// One object's change as unified YAML, secrets masked.
pub fn diff_text(old: Option<&Value>, new: Option<&Value>, mask: &MaskKey, style: Style) -> String {
    let mut text = String::new();
    for Row { kind, text: line } in rows(old, new, mask) {
        let shown = match kind {
            RowKind::Insert => style.added(&format!("+{line}")),
            RowKind::Delete => style.removed(&format!("-{line}")),
            RowKind::Header => style.faint(&line),
            RowKind::Context => format!(" {line}"),
        };
        let _ = writeln!(text, "{shown}");
    }
    text
}
