//! What somebody meant who wrote a field that does not exist: another spelling, or another place.

use std::collections::{HashSet, VecDeque};

use super::node::Node;

/// How far below its right place a field is looked for.
const DEPTH: usize = 5;

/// How many objects are looked into.
const BREADTH: usize = 400;

/// An object that encloses the field, outermost first: its schema and the token that leads to the next one.
#[derive(Debug, Clone)]
pub(super) struct Enclosing<'a> {
    pub(super) node: Node<'a>,
    /// Name of the object, e.g. `spec`, `containers[]`; empty for the whole object.
    pub(super) name: String,
}

/// What to do about the unknown field `name` of the innermost of these objects.
pub(super) fn hint(name: &str, around: &[Enclosing<'_>]) -> String {
    let Some((innermost, outer)) = around.split_last() else {
        return "remove it".to_owned();
    };
    let siblings: Vec<&str> = innermost.node.properties().map(|(sibling, _)| sibling).collect();
    let spelled = similar(name, siblings.iter().copied());
    if let Some(close) = spelled.filter(|close| strsim::damerau_levenshtein(&fold(name), &fold(close)) <= 1) {
        return format!("did you mean `{close}`?");
    }
    if let Some(parent) = outer.iter().rev().find(|object| object.node.property(name).is_some()) {
        return match parent.name.as_str() {
            "" => format!("`{name}` belongs at the top of the object, beside `spec`"),
            place => format!("`{name}` belongs under `{place}`, further up"),
        };
    }
    if let Some(place) = below(name, innermost.node) {
        return format!("`{name}` belongs under `{place}`");
    }
    if let Some(close) = spelled {
        return format!("did you mean `{close}`?");
    }
    if let Some(place) = outer.iter().rev().find_map(|object| below(name, object.node)) {
        return format!("`{name}` belongs under `{place}`");
    }
    match siblings.as_slice() {
        [] => "this object has no fields; remove it".to_owned(),
        list if list.len() <= 12 => format!("remove it; the fields here are {}", list.join(", ")),
        _ => "remove it, or look up the field's name".to_owned(),
    }
}

/// The name that is spelled most alike, if any is close enough.
pub(super) fn similar<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = fold(name);
    let allowed = match wanted.chars().count() {
        0..=3 => 1,
        4..=7 => 2,
        _ => 3,
    };
    names
        .map(|other| (strsim::damerau_levenshtein(&wanted, &fold(other)), other))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, other)| other)
}

/// Case, dashes and underscores do not count: `image_pull_policy` is `imagePullPolicy`.
fn fold(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_')).flat_map(char::to_lowercase).collect()
}

/// Where below an object a field of this name is, the nearest place first: `template.spec.containers[]`.
fn below(name: &str, node: Node<'_>) -> Option<String> {
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([(node, String::new(), 0)]);
    let mut looked = 0;
    while let Some((node, place, depth)) = queue.pop_front() {
        looked += 1;
        if looked > BREADTH {
            return None;
        }
        if depth > 0 && node.property(name).is_some() {
            return Some(place);
        }
        if depth == DEPTH || node.component().is_some_and(|component| !seen.insert(component)) {
            continue;
        }
        for (field, child) in node.properties() {
            if field == "status" || field == "metadata" && depth > 0 {
                continue;
            }
            let dot = if place.is_empty() { "" } else { "." };
            match child.items() {
                Some(items) => queue.push_back((items, format!("{place}{dot}{field}[]"), depth + 1)),
                None => queue.push_back((child, format!("{place}{dot}{field}"), depth + 1)),
            }
        }
    }
    None
}
