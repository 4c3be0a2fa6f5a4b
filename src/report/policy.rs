//! What policies are and what becomes of them: for people and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::config::Style;
use crate::manifest::visible::visible_line;
use crate::policy::{LeftToServer, PolicyInfo, Shape, Told};

/// Characters of a schema that are shown to people.
const MOST_SCHEMA: usize = 600;

/// A policy with what its validations are for some kinds.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The policy.
    pub info: PolicyInfo,
    /// Group, version and kind (`apps/v1 Deployment`), and what the policy says of it.
    pub kinds: Vec<(String, Vec<Shape>)>,
    /// Those of the names in [`PolicyInfo::matches`] by which no kind is known.
    pub unknown: Vec<String>,
}

/// `policy explain -o json`.
pub fn explain_document(all: &[Explained]) -> Value {
    let policies: Vec<Value> = all
        .iter()
        .map(|one| {
            let kinds: Vec<Value> = one
                .kinds
                .iter()
                .map(|(kind, shapes)| json!({"kind": kind, "validations": shapes.iter().map(shape).collect::<Vec<_>>()}))
                .collect();
            json!({"policy": one.info, "kinds": kinds})
        })
        .collect();
    json!({"version": 1, "policies": policies})
}

fn shape(shape: &Shape) -> Value {
    let mut value = json!({
        "binding": shape.binding,
        "validation": shape.validation,
        "expression": shape.expression,
        "how": shape.told.as_str(),
    });
    if shape.of_pods {
        value["ofPods"] = json!(true);
    }
    match &shape.told {
        Told::Constraint(schema) => value["schema"] = schema.clone(),
        Told::After(reason) | Told::Incomplete(reason) => value["reason"] = json!(reason),
        Told::Always | Told::Never => {}
    }
    value
}

/// `policy list -o json`: `{version, policies: [{…, constraint: {known, validations}}], byClusterOnly: [{object, why}]}`.
pub fn policies_document(all: &[Explained], left: &[LeftToServer]) -> Value {
    let policies: Vec<Value> = all
        .iter()
        .map(|Explained { info, kinds, unknown }| {
            let (known, validations) = known_beforehand(kinds);
            let mut value = json!(info);
            value["constraint"] = json!({"known": known, "validations": validations});
            if !unknown.is_empty() {
                value["unknownKinds"] = json!(unknown);
            }
            value
        })
        .collect();
    let left: Vec<Value> = left.iter().map(|one| json!({"object": one.object, "why": one.why})).collect();
    json!({"version": 1, "policies": policies, "byClusterOnly": left})
}

/// `policy list`: one line a policy, with how many of its validations are in the constraint for all kinds that it is about. `left`:
/// what only the cluster evaluates.
pub fn policies_text(all: &[Explained], left: &[LeftToServer], style: Style) -> String {
    let heads = ["POLICY", "ACTION", "CONSTRAINT", "ABOUT"].map(str::to_owned);
    let rows: Vec<[String; 4]> = all
        .iter()
        .map(|Explained { info, kinds, .. }| {
            let state = match (info.mutates, info.in_force) {
                (true, _) => "mutates".to_owned(),
                (false, true) => info.actions.join(","),
                (false, false) => "not bound".to_owned(),
            };
            let about = visible_line(&info.matches.join(" ")).into_owned();
            [visible_line(&info.name).into_owned(), state, in_constraint(kinds), about]
        })
        .collect();
    let width = |column: usize| {
        let cells = rows.iter().chain([&heads]).filter_map(|row| row.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths = [0, 1, 2].map(width);
    let line = |[name, action, constraint, about]: &[String; 4]| {
        let [first, second, third] = widths;
        format!("{name:first$}  {action:second$}  {constraint:third$}  {about}").trim_end().to_owned()
    };
    let mut text = format!("{}\n", style.faint(&line(&heads)));
    for (row, Explained { info, unknown, .. }) in rows.iter().zip(all) {
        let _ = writeln!(text, "{}", line(row));
        let mut notes: Vec<String> = info.description.iter().cloned().collect();
        let others: Vec<&str> =
            info.bindings.iter().map(String::as_str).filter(|name| *name != info.name).collect();
        if !others.is_empty() {
            notes.push(format!("bound by {}", others.join(", ")));
        }
        if info.mutates {
            notes.push("it changes objects on a cluster, and is not evaluated here".to_owned());
        } else if !info.in_force {
            notes.push("without a binding it does nothing".to_owned());
        }
        if !unknown.is_empty() {
            let names = unknown.join(", ");
            notes.push(format!(
                "no kind is known here as {names}: correct it, or name its definition with --schemas"
            ));
        }
        if let Some(what) = &info.unsupported {
            notes
                .push(format!("not allowed is what makes it ask for {what}, which cannot be evaluated here"));
        }
        for note in notes {
            let _ = writeln!(text, "{:1$}  {2}", "", widths[0], visible_line(&note));
        }
    }
    if !left.is_empty() {
        let _ = writeln!(text, "{}", style.faint("checked by the cluster only, in its dry-run:"));
        for LeftToServer { object, why } in left {
            let _ = writeln!(text, "  {}: {}", visible_line(&object.to_string()), visible_line(why));
        }
    }
    text
}

/// How many validations are known beforehand for every kind that they are about, of how many; in words.
fn in_constraint(kinds: &[(String, Vec<Shape>)]) -> String {
    match known_beforehand(kinds) {
        (_, 0) => "-".to_owned(),
        (known, all) => format!("{known} of {all}"),
    }
}

/// How many validations are known beforehand for every kind that they are about, of how many.
fn known_beforehand(kinds: &[(String, Vec<Shape>)]) -> (usize, usize) {
    let mut all: BTreeMap<(&str, usize), bool> = BTreeMap::new();
    for shape in kinds.iter().flat_map(|(_, shapes)| shapes) {
        let known = matches!(shape.told, Told::Constraint(_) | Told::Always | Told::Never);
        *all.entry((&shape.binding, shape.validation)).or_insert(true) &= known;
    }
    (all.values().filter(|known| **known).count(), all.len())
}

/// `policy explain`: policy by policy, validation by validation, kinds of which the same is true together.
/// `kind`: the only one that was asked about.
pub fn explain_text(all: &[Explained], kind: Option<&str>, style: Style) -> String {
    let mut text = String::new();
    for Explained { info, kinds, .. } in all {
        let actions = info.actions.join(",");
        let state = match (info.mutates, info.in_force) {
            (true, _) => "changes objects on a cluster: not evaluated here".to_owned(),
            (false, true) => actions,
            (false, false) => "not bound: does nothing".to_owned(),
        };
        let _ = writeln!(text, "{}  {state}", style.strong(&visible_line(&info.name)));
        if let Some(description) = &info.description {
            let _ = writeln!(text, "  {}", visible_line(description));
        }
        if kinds.is_empty() && info.in_force {
            let matches = info.matches.join(" ");
            let _ = match kind {
                Some(kind) => writeln!(text, "  it says nothing about {kind}; it is about {matches}"),
                None => writeln!(text, "  it is about no kind that is known here: {matches}"),
            };
        }
        for ((binding, validation), expression) in validations(kinds) {
            let _ = writeln!(text, "  {}. {}", validation + 1, visible_line(&expression));
            if info.bindings.len() > 1 {
                let _ = writeln!(text, "     by binding {}", visible_line(&binding));
            }
            for (told, names) in groups(kinds, &binding, validation) {
                let names = names.join(", ");
                let line = match told {
                    Told::Constraint(_) => format!("{names}: in the constraint"),
                    Told::Always => format!("{names}: always holds"),
                    Told::Never => format!("{names}: never holds, none can be made"),
                    Told::After(reason) => format!("{names}: checked after the draft ({reason})"),
                    Told::Incomplete(what) => {
                        format!(
                            "{names}: not allowed where it asks for {what}, which cannot be evaluated here"
                        )
                    }
                };
                let _ = writeln!(text, "     {}", visible_line(&line));
                if let Told::Constraint(schema) = told {
                    let schema = schema.to_string();
                    let head: String = schema.chars().take(MOST_SCHEMA).collect();
                    let more = if head.len() < schema.len() { " … (whole with -o json)" } else { "" };
                    let _ = writeln!(text, "       {}{more}", style.faint(&visible_line(&head)));
                }
            }
        }
    }
    text
}

/// Bindings and validations in their order, with the expression.
fn validations(kinds: &[(String, Vec<Shape>)]) -> Vec<((String, usize), String)> {
    let mut all: Vec<((String, usize), String)> = Vec::new();
    for shape in kinds.iter().flat_map(|(_, shapes)| shapes) {
        let key = (shape.binding.clone(), shape.validation);
        if !all.iter().any(|(known, _)| *known == key) {
            all.push((key, shape.expression.clone()));
        }
    }
    all.sort_by(|(a, _), (b, _)| (a.1, &a.0).cmp(&(b.1, &b.0)));
    all
}

/// Kinds of which the same is true.
fn groups<'a>(
    kinds: &'a [(String, Vec<Shape>)],
    binding: &str,
    validation: usize,
) -> Vec<(&'a Told, Vec<String>)> {
    let mut groups: Vec<(&Told, Vec<String>)> = Vec::new();
    for (kind, shapes) in kinds {
        let kind = kind.rsplit(' ').next().unwrap_or(kind);
        for shape in shapes.iter().filter(|one| one.binding == binding && one.validation == validation) {
            let name = if shape.of_pods { format!("{kind} (its Pods)") } else { kind.to_owned() };
            match groups.iter_mut().find(|(told, _)| **told == shape.told) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name.clone()),
                None => groups.push((&shape.told, vec![name.clone()])),
            }
        }
    }
    groups
}
