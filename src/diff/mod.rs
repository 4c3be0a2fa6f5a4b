//! Two objects become changes; secrets are masked here.
//!
//! Values that are shown or stored go through [`mask()`] first: mask both sides with one key, then compare
//! ([`masked_diff`]). Masked values differ where the values differ.

mod lists;
pub mod mask;
mod same;
#[cfg(test)]
mod tests;
pub mod text;

pub use lists::{ListKeys, WellKnownLists, list_key_default};
pub use mask::{MaskKey, mask};
pub use text::{Row, RowKind, rows};

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::manifest::normalize::{normalize, server_owned};
use crate::manifest::{GroupVersionKind, ObjectKey, pointer};

/// What would happen to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It is not there yet.
    Create,
    /// It is there and would differ.
    Change,
    /// It is there and would go.
    Delete,
    /// Nothing would change.
    None,
}

/// One field that differs. At least one side is set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FieldChange {
    /// RFC 6901 JSON pointer: into the new object, or into the old one where the field is only there. Empty for the
    /// whole object.
    pub path: String,
    /// The old value; absent where the field is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Value>,
    /// The new value; absent where the field goes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Value>,
}

/// The difference between two states of one object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ObjectDiff {
    /// The object; of the new state where there is one.
    pub key: ObjectKey,
    /// What would happen.
    pub action: Action,
    /// What differs, in the order of the old object, then of the new one.
    pub changes: Vec<FieldChange>,
    /// Differences that mean nothing and are not in `changes`: fields that the server owns, another spelling of the
    /// same quantity or number, another order of a keyed list.
    pub hidden: usize,
}

/// Compares two states of one object. `None` is an object that is not there.
///
/// Lists whose items have keys (`lists`) are compared item by item, whatever their order; null and an absent field
/// are the same, as for the API server. A created or deleted object is one change with an empty path.
pub fn diff(old: Option<&Value>, new: Option<&Value>, lists: &dyn ListKeys) -> ObjectDiff {
    let key = new.or(old).map(ObjectKey::of).unwrap_or_else(|| ObjectKey::of(&Value::Null));
    let mut walk = Walk { gvk: key.gvk(), lists, changes: Vec::new(), hidden: 0 };
    let action = match (old, new) {
        (None, None) => Action::None,
        (None, Some(new)) => {
            let to = Some(walk.without_noise(new));
            walk.changes.push(FieldChange { path: String::new(), from: None, to });
            Action::Create
        }
        (Some(old), None) => {
            let from = Some(walk.without_noise(old));
            walk.changes.push(FieldChange { path: String::new(), from, to: None });
            Action::Delete
        }
        (Some(old), Some(new)) => {
            walk.hidden = differing_noise(old, new);
            let (old, new) = (normalized(old).0, normalized(new).0);
            walk.value(&old, &new, Place::default());
            if walk.changes.is_empty() { Action::None } else { Action::Change }
        }
    };
    ObjectDiff { key, action, changes: walk.changes, hidden: walk.hidden }
}

/// [`diff`] of two states with their secret values masked: fit to be shown and stored.
pub fn masked_diff(
    old: Option<&Value>,
    new: Option<&Value>,
    lists: &dyn ListKeys,
    key: &MaskKey,
) -> ObjectDiff {
    let old = old.map(|object| mask(object, key));
    let new = new.map(|object| mask(object, key));
    diff(old.as_ref(), new.as_ref(), lists)
}

fn normalized(object: &Value) -> (Value, usize) {
    let mut object = object.clone();
    let removed = normalize(&mut object);
    (object, removed)
}

fn differing_noise(old: &Value, new: &Value) -> usize {
    let mut owned = server_owned(old);
    owned.extend(server_owned(new));
    owned.sort_unstable();
    owned.dedup();
    owned.into_iter().filter(|path| old.pointer(path) != new.pointer(path)).count()
}

/// Where the walk is: the pointer with indices, and with `*` in their place.
#[derive(Clone, Default)]
struct Place {
    pointer: String,
    star: String,
}

impl Place {
    fn key(&self, key: &str) -> Self {
        Self { pointer: pointer::join(&self.pointer, key), star: pointer::join(&self.star, key) }
    }

    fn item(&self, index: usize) -> Self {
        Self { pointer: pointer::join_index(&self.pointer, index), star: format!("{}/*", self.star) }
    }
}

struct Walk<'a> {
    gvk: GroupVersionKind,
    lists: &'a dyn ListKeys,
    changes: Vec<FieldChange>,
    hidden: usize,
}

impl Walk<'_> {
    fn without_noise(&mut self, object: &Value) -> Value {
        let (object, removed) = normalized(object);
        self.hidden += removed;
        object
    }

    fn change(&mut self, place: Place, from: Option<&Value>, to: Option<&Value>) {
        self.changes.push(FieldChange { path: place.pointer, from: from.cloned(), to: to.cloned() });
    }

    fn value(&mut self, old: &Value, new: &Value, place: Place) {
        if old == new {
            return;
        }
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => self.map(old, new, &place),
            (Value::Array(old_list), Value::Array(new_list)) => {
                if !self.list(old_list, new_list, &place) {
                    self.change(place, Some(old), Some(new));
                }
            }
            _ if same::scalars(&self.gvk, &place.star, old, new) => self.hidden += 1,
            _ => self.change(place, Some(old), Some(new)),
        }
    }

    fn map(&mut self, old: &Map<String, Value>, new: &Map<String, Value>, place: &Place) {
        let there =
            |map: &'_ Map<String, Value>, key: &str| map.get(key).is_some_and(|value| !value.is_null());
        for (key, old_value) in old {
            if old_value.is_null() {
                continue;
            }
            match new.get(key).filter(|value| !value.is_null()) {
                Some(new_value) => self.value(old_value, new_value, place.key(key)),
                None => self.change(place.key(key), Some(old_value), None),
            }
        }
        for (key, new_value) in new {
            if !new_value.is_null() && !there(old, key) {
                self.change(place.key(key), None, Some(new_value));
            }
        }
    }

    /// False where the two lists can only be shown as wholes.
    fn list(&mut self, old: &[Value], new: &[Value], place: &Place) -> bool {
        let keys = self.lists.keys(&self.gvk, &place.star);
        let keyed = keys.and_then(|keys| Some((by_key(old, &keys)?, by_key(new, &keys)?)));
        if let Some((old_items, new_items)) = keyed {
            return self.keyed(old, new, &old_items, &new_items, place);
        }
        if old.len() != new.len() {
            return false;
        }
        for (index, (old, new)) in old.iter().zip(new).enumerate() {
            self.value(old, new, place.item(index));
        }
        true
    }

    fn keyed(
        &mut self,
        old: &[Value],
        new: &[Value],
        old_items: &Items,
        new_items: &Items,
        place: &Place,
    ) -> bool {
        let common = |items: &Items, other: &Items| -> Vec<String> {
            items.keys.iter().filter(|key| other.index.contains_key(*key)).cloned().collect()
        };
        if common(old_items, new_items) != common(new_items, old_items) {
            if lists::order_matters(&place.star) {
                return false;
            }
            self.hidden += 1;
        }
        for (index, (old_item, key)) in old.iter().zip(&old_items.keys).enumerate() {
            match new_items.index.get(key).and_then(|at| Some((*at, new.get(*at)?))) {
                Some((at, new_item)) => self.value(old_item, new_item, place.item(at)),
                None => self.change(place.item(index), Some(old_item), None),
            }
        }
        for (index, (new_item, key)) in new.iter().zip(&new_items.keys).enumerate() {
            if !old_items.index.contains_key(key) {
                self.change(place.item(index), None, Some(new_item));
            }
        }
        true
    }
}

/// What tells the items of a list apart.
struct Items {
    /// The key of each item, in the order of the list.
    keys: Vec<String>,
    /// The place of each key in the list.
    index: BTreeMap<String, usize>,
}

/// `None` where an item is no map, lacks a key or shares it with another item: such a list has no keys to go by.
fn by_key(list: &[Value], keys: &[String]) -> Option<Items> {
    let mut items = Items { keys: Vec::with_capacity(list.len()), index: BTreeMap::new() };
    for (index, item) in list.iter().enumerate() {
        let map = item.as_object()?;
        let mut parts = Vec::with_capacity(keys.len());
        for key in keys {
            let part = match map.get(key).filter(|value| !value.is_null()) {
                Some(value) => Cow::Borrowed(value),
                None => Cow::Owned(Value::from(list_key_default(key)?)),
            };
            parts.push(part.to_string());
        }
        let key = parts.join("\u{1f}");
        if items.index.insert(key.clone(), index).is_some() {
            return None;
        }
        items.keys.push(key);
    }
    Some(items)
}
