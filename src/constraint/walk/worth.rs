//! What a value stands on. What nobody said, and nothing needs, does not come into the manifest: a small model that has no
//! more to say goes on with what manifests often have.

use serde_json::Value;

use super::frame::{Frame, Inner, in_open_group, needs};
use super::leaf::Leaf;
use super::rules::Text;
use super::volumes::Volumes;
use super::write::{Source, Walk, Written};
use crate::manifest::Quantity;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// The request says it, letter by letter or by its words.
    Said,
    /// It is usual there.
    Usual,
    /// It was the only one, or the model chose it from a closed list.
    Chosen,
    /// A name that ties parts of the object together.
    Tie,
    /// The model made it up.
    Made,
}

impl Walk<'_> {
    /// What the value of a field or entry of the innermost frame stands on.
    pub(super) fn ground(
        &self,
        key: Option<&str>,
        path: &str,
        leaf: &Leaf,
        text: &str,
        source: Source,
    ) -> Ground {
        let Some(top) = self.frames.last() else { return Ground::Chosen };
        if key == Some("name") && self.rules.ties.contains(&top.field) && path.ends_with("/name") {
            return Ground::Tie;
        }
        let Leaf::Free(_) = leaf else {
            return if source == Source::Said { Ground::Said } else { Ground::Chosen };
        };
        let field = key.unwrap_or(&top.field);
        let amount = text.parse::<f64>().is_ok() || Quantity::of(&Value::from(text)).is_ok();
        let place = matches!(self.rules.strings.get(field), Some(Text::Name | Text::Word | Text::Label));
        // An image elsewhere than in a field for one was put there for want of a better text.
        let image = self.said.images.iter().any(|image| image == text)
            && !["image", "puller", "container"].iter().any(|word| field.to_lowercase().contains(word));
        if image || (amount && place) {
            Ground::Made
        } else if source == Source::Said || (!text.contains('/') && self.said.says(text)) {
            Ground::Said
        } else if self.rules.usual.iter().any(|usual| usual == text) || self.known.is_usual(path, text) {
            Ground::Usual
        } else if self.rules.kinds.iter().any(|kind| kind == field) {
            Ground::Chosen
        } else {
            Ground::Made
        }
    }

    /// Leaves out what the model made up where nothing needs it, so that it is not opened again. False where it has to stay.
    pub(super) fn dropped(&mut self, key: Option<&str>) -> bool {
        let around = self.around(self.frames.len().saturating_sub(1));
        let volumes = Volumes::of(&self.frames);
        let root = self.frames.len() == 1;
        let Some(top) = self.frames.last_mut() else { return false };
        let optional = top.optional;
        match (&mut top.inner, key) {
            (Inner::Object { node, role, value }, Some(key)) => {
                let needed = needs(*node, *role, value, &around, &volumes, root);
                let required = needed.iter().any(|field| field == key) || in_open_group(*role, key, value);
                if !required {
                    value.insert(key.to_owned(), Value::Null);
                }
                !required
            }
            (Inner::Map { value, keys, .. }, Some(key)) if optional || !value.is_empty() => {
                // Who makes up one entry makes up all that follow.
                value.insert(key.to_owned(), Value::Null);
                keys.clear();
                true
            }
            (Inner::List { value, full, .. }, None) if optional || !value.is_empty() => {
                *full = true;
                true
            }
            _ => false,
        }
    }
}

/// Whether all that stands below a JSON pointer is made up.
pub(super) fn is_made_up(written: &[Written], path: &str) -> bool {
    let inside = format!("{path}/");
    let mut below = written.iter().filter(|one| one.path.starts_with(&inside)).peekable();
    below.clone().any(|one| one.ground == Ground::Made) && below.all(|one| one.ground != Ground::Said)
}

/// Whether an entry of a list says nothing that is not said elsewhere in the object already.
pub(super) fn is_repeated(written: &[Written], entry: &str) -> bool {
    let entry = format!("{entry}/");
    let (own, others): (Vec<&Written>, Vec<&Written>) =
        written.iter().partition(|one| one.path.starts_with(&entry));
    let field = |one: &Written| one.path.rsplit('/').next().unwrap_or_default().to_owned();
    let mut meant = own.iter().filter(|one| matches!(one.ground, Ground::Said | Ground::Usual));
    meant.all(|one| others.iter().any(|other| other.value == one.value && field(other) == field(one)))
}

/// Whether nothing stands in a value.
pub(super) fn is_bare(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.values().all(Value::is_null),
        Value::Array(list) => list.is_empty(),
        other => other.is_null(),
    }
}

/// Whether a frame's entries may repeat what others have: volumes go with their mounts.
pub(super) fn may_repeat(list: &Frame<'_>) -> bool {
    list.field == "volumes"
}
