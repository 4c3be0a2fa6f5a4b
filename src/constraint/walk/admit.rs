//! A manifest that a model wrote elsewhere, admitted field by field: the same walk decides what may stand, and what it does
//! not let through is told.

use std::time::Duration;

use serde_json::{Map, Value};

use super::leaf::{Leaf, plain_text};
use super::write::{Act, Expect, Walk};
use crate::constraint::{Author, FreeState, Taken};
use crate::manifest::Quantity;

impl Walk<'_> {
    /// Walks along an object of this kind. What could not be taken is named, as JSON pointers with the value.
    ///
    /// # Errors
    /// A sentence where something that is needed is not in it, or cannot be taken.
    pub fn admit(&mut self, target: &Value) -> Result<Vec<String>, String> {
        let mut refused: Vec<String> = Vec::new();
        while self.next()?.is_some() {
            match std::mem::replace(&mut self.expect, Expect::Nothing) {
                Expect::Nothing => return Err("the walk does not go on".to_owned()),
                Expect::Line(acts) => {
                    let act = self.wanted(target, &acts, &mut refused)?;
                    self.act(act)?;
                }
                Expect::Value { key, leaf } => {
                    let path = self.place(key.as_deref());
                    let taken = target
                        .pointer(&path)
                        .and_then(|value| answer(&leaf, value))
                        .or_else(|| first(&leaf, target.pointer(&path).is_none()))
                        .ok_or_else(|| format!("{path} cannot be {}", shown(target.pointer(&path))))?;
                    self.value(key, &leaf, &taken)?;
                }
            }
        }
        refused.append(&mut self.left_out);
        Ok(refused)
    }

    /// Which line the target wants: a field or entry of the innermost frame, else what closes it.
    fn wanted(&self, target: &Value, acts: &[Act], refused: &mut Vec<String>) -> Result<Act, String> {
        for depth in (0..self.frames.len()).rev() {
            let frame = &self.frames[depth];
            let here = target.pointer(&frame.path);
            match here {
                Some(Value::Object(fields)) => {
                    if let Some(act) = acts.iter().find(|act| self.is_field(act, depth, fields)) {
                        return Ok(act.clone());
                    }
                    self.note(depth, fields, refused);
                }
                Some(Value::Array(items)) => {
                    let next = self.length(depth) + usize::from(depth + 1 < self.frames.len());
                    if let Some(item) = items.get(next)
                        && let Some(act) = acts.iter().find(|act| is_item(act, depth, item))
                    {
                        return Ok(act.clone());
                    }
                }
                _ => {}
            }
            if depth == 0 && acts.iter().any(|act| matches!(act, Act::End)) {
                return Ok(Act::End);
            }
        }
        let place = self.frames.last().map(|frame| frame.path.clone()).unwrap_or_default();
        Err(format!("{place} lacks something that it needs"))
    }

    fn is_field(&self, act: &Act, depth: usize, fields: &Map<String, Value>) -> bool {
        let wants = |key: &str, empty: bool| {
            let is_empty = |value: &Value| value.as_object().is_some_and(Map::is_empty);
            fields.get(key).is_some_and(|value| {
                !value.is_null() && is_empty(value) == empty && self.may_be(depth, key, value)
            })
        };
        match act {
            Act::Field { frame, key, empty } => *frame == depth && wants(key, *empty),
            Act::Entry { frame, key } => *frame == depth && wants(key, false),
            Act::Namespace => depth == 1 && wants("namespace", false),
            Act::ItemField { .. } | Act::Item { .. } | Act::EmptyItem { .. } | Act::End => false,
        }
    }

    /// Whether an offered scalar may have this value.
    fn may_be(&self, depth: usize, key: &str, value: &Value) -> bool {
        self.leaf_of(depth, key).is_none_or(|leaf| answer(&leaf, value).is_some())
    }

    /// Fields of the target that stand in no frame.
    fn note(&self, depth: usize, fields: &Map<String, Value>, refused: &mut Vec<String>) {
        let frame = &self.frames[depth];
        for (key, value) in fields.iter().filter(|(key, value)| !value.is_null() && !self.has(depth, key)) {
            let path = format!("{}/{key}", frame.path);
            let known = ["/apiVersion", "/kind", "/status"].contains(&path.as_str());
            let line = format!("{path}: {}", shown(Some(value)));
            if !known && !refused.contains(&line) {
                refused.push(line);
            }
        }
    }
}

fn is_item(act: &Act, depth: usize, item: &Value) -> bool {
    match (act, item) {
        (Act::ItemField { frame, key }, Value::Object(fields)) => {
            *frame == depth && fields.get(key).is_some_and(|value| !value.is_null())
        }
        (Act::EmptyItem { frame }, Value::Object(fields)) => *frame == depth && fields.is_empty(),
        (Act::Item { frame }, scalar) => *frame == depth && !scalar.is_object() && !scalar.is_array(),
        _ => false,
    }
}

/// A value as the answer to what may be written.
fn answer(leaf: &Leaf, value: &Value) -> Option<Taken> {
    let taken = |text: String, index: usize| Taken {
        text,
        index,
        score: None,
        sampled: 0,
        evaluated: Duration::ZERO,
    };
    match leaf {
        Leaf::Closed(values) => {
            let index = values.iter().position(|one| is_same(one, value))?;
            Some(taken(format!(" {}\n", plain_text(&values[index])), index))
        }
        Leaf::Free(rule) => {
            let text = match value {
                Value::Object(_) | Value::Array(_) | Value::Null => return None,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            // A word of the rule stands as it is, everything else in quotes.
            [format!(" {text}\n"), format!(" {}\n", Value::from(text.as_str()))]
                .into_iter()
                .find(|line| FreeState::new(*rule).after(line.as_bytes()).is_some_and(FreeState::is_done))
                .map(|line| taken(line, 0))
        }
    }
}

/// The only value that something can be, where the target does not say it.
fn first(leaf: &Leaf, absent: bool) -> Option<Taken> {
    match leaf {
        Leaf::Closed(values) if absent && values.len() == 1 => answer(leaf, &values[0]),
        _ => None,
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    one == other
        || matches!((one, other), (Value::String(_) | Value::Number(_), Value::String(_) | Value::Number(_)) if
            matches!((Quantity::of(one), Quantity::of(other)), (Ok(a), Ok(b)) if a.nano() == b.nano()))
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "left out".to_owned(), ToString::to_string);
    text.chars().take(80).collect()
}
