//! Which field of an object a failed validation speaks of, as far as its text says.

use serde_json::Value;

use super::cel::{Access, Program, Root, Segment};

/// Fields that nearly every expression looks at only to tell kinds apart.
const GUARDS: [&str; 2] = ["kind", "apiVersion"];
/// The longest list whose elements are tried one by one.
const LONGEST_LIST: usize = 32;

/// A way into an object that stops where the text stops saying.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    segments: Vec<Segment>,
}

/// The JSON pointer of the field that a failed program speaks of; empty where its text does not say.
///
/// Where it is about the elements of a list, `fails` is asked about the object with only one of them, and the first
/// element that fails alone is pointed at.
pub(super) fn locate(ways: &[Way], object: &Value, fails: &dyn Fn(&Value) -> bool) -> String {
    let mut found: Vec<(bool, usize, &Way)> = Vec::new();
    for way in ways {
        let place = resolve(&way.segments, object);
        found.push((place.exists, place.steps, way));
    }
    // Ways that lead into the object say more than those that break off; among those, the longer. Else the first.
    found.sort_by_key(|(exists, steps, _)| std::cmp::Reverse((*exists, if *exists { 0 } else { *steps })));
    let culprit = found
        .iter()
        .filter(|(exists, ..)| *exists)
        .find_map(|(.., way)| element(&way.segments, object, fails));
    culprit
        .or_else(|| found.first().map(|(.., way)| resolve(&way.segments, object).pointer))
        .unwrap_or_default()
}

/// The ways that say something of what a program speaks of, each once.
pub(super) fn told(program: &Program, variables: &[(String, Program)]) -> Vec<Way> {
    let mut told: Vec<Way> = Vec::new();
    for way in ways(program, variables, 0) {
        let says =
            matches!(way.segments.first(), Some(Segment::Field(field)) if !GUARDS.contains(&field.as_str()));
        if says && !told.contains(&way) {
            told.push(way);
        }
    }
    told
}

/// All ways that a program reads, those of variables put in their place.
fn ways(program: &Program, variables: &[(String, Program)], depth: usize) -> Vec<Way> {
    if depth > variables.len() {
        return Vec::new();
    }
    let mut all = Vec::new();
    for Access { root, segments } in &program.accesses {
        match root {
            Root::Object => all.push(Way { segments: segments.clone() }),
            Root::Variable(name) => {
                let variable = variables.iter().find(|(known, _)| known == name);
                for way in
                    variable.map(|(_, program)| ways(program, variables, depth + 1)).unwrap_or_default()
                {
                    let segments = way.segments.iter().chain(segments).cloned().collect();
                    all.push(Way { segments });
                }
            }
        }
    }
    all
}

/// How far a way leads into an object.
struct Place {
    pointer: String,
    /// Steps that lead to something.
    steps: usize,
    /// Whether all steps up to the first unsaid element do.
    exists: bool,
}

/// The pointer of the part of a way that exists in the object. One last field that is missing is included: it is what
/// should be there.
fn resolve(segments: &[Segment], object: &Value) -> Place {
    let mut place = Place { pointer: String::new(), steps: 0, exists: true };
    let mut at = object;
    for segment in segments {
        let part = match segment {
            Segment::Field(field) => field.replace('~', "~0").replace('/', "~1"),
            Segment::Index(index) => index.to_string(),
            Segment::Any => break,
        };
        let next = at.pointer(&format!("/{part}"));
        if next.is_some() || at.is_object() {
            place.pointer = format!("{}/{part}", place.pointer);
        }
        match next {
            Some(value) => at = value,
            None => {
                place.exists = false;
                break;
            }
        }
        place.steps += 1;
    }
    place
}

/// The element that fails, for a way that goes through a list: `None` where the failure is not about this list.
fn element(segments: &[Segment], object: &Value, fails: &dyn Fn(&Value) -> bool) -> Option<String> {
    let list = resolve(segments, object);
    let (first, inner) = segments.get(list.steps..)?.split_first()?;
    let items = object.pointer(&list.pointer)?.as_array()?;
    if *first != Segment::Any || items.is_empty() || items.len() > LONGEST_LIST {
        return None;
    }
    let with = |kept: Vec<Value>| {
        let mut changed = object.clone();
        if let Some(place) = changed.pointer_mut(&list.pointer) {
            *place = Value::Array(kept);
        }
        fails(&changed)
    };
    if with(Vec::new()) {
        return None;
    }
    let (index, item) = items.iter().enumerate().find(|(_, item)| with(vec![(*item).clone()]))?;
    Some(format!("{}/{index}{}", list.pointer, resolve(inner, item).pointer))
}
