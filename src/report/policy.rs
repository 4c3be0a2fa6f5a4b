//! What policies are and what becomes of them: for people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::config::Style;
use crate::manifest::visible::visible_line;
use crate::policy::{PolicyInfo, Shape, Told};

/// Characters of a schema that are shown to people.
const MOST_SCHEMA: usize = 600;

/// A policy with what its validations are for some kinds.
#[derive(Debug, Clone)]
pub struct Explained {
    /// The policy.
    pub info: PolicyInfo,
    /// Group, version and kind (`apps/v1 Deployment`), and what the policy says of it.
    pub kinds: Vec<(String, Vec<Shape>)>,
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
    match &shape.told {
        Told::Constraint(schema) => value["schema"] = schema.clone(),
        Told::After(reason) | Told::Incomplete(reason) => value["reason"] = json!(reason),
        Told::Always | Told::Never => {}
    }
    value
}

/// `policy explain`: policy by policy, validation by validation, kinds of which the same is true together.
/// `kind`: the only one that was asked about.
pub fn explain_text(all: &[Explained], kind: Option<&str>, style: Style) -> String {
    let mut text = String::new();
    for Explained { info, kinds } in all {
        let actions = info.actions.join(",");
        let state = if info.in_force { actions } else { "not bound: does nothing".to_owned() };
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
                        format!("{names}: cannot be evaluated here ({what}), so none is allowed")
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
        let name = kind.rsplit(' ').next().unwrap_or(kind).to_owned();
        for shape in shapes.iter().filter(|one| one.binding == binding && one.validation == validation) {
            match groups.iter_mut().find(|(told, _)| **told == shape.told) {
                Some((_, names)) if names.contains(&name) => {}
                Some((_, names)) => names.push(name.clone()),
                None => groups.push((&shape.told, vec![name.clone()])),
            }
        }
    }
    groups
}
