//! What right objects of a kind look like: the fields that they have, and the keys of their maps, by place. Read off the
//! worked examples that a model is shown, so that it may write what it was shown, however the request puts it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// Fields and map keys by place; entries of lists count as one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    keys: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    /// Nothing.
    pub const fn new() -> Self {
        Self { keys: BTreeMap::new() }
    }

    /// What these objects have.
    pub fn of<'v>(objects: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut known = Self::default();
        for object in objects {
            known.add(object, "");
        }
        known
    }

    fn add(&mut self, value: &Value, place: &str) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    self.keys.entry(place.to_owned()).or_default().insert(key.clone());
                    self.add(inner, &format!("{place}/{key}"));
                }
            }
            Value::Array(list) => list.iter().for_each(|inner| self.add(inner, place)),
            _ => {}
        }
    }

    /// Whether an object that stands at this JSON pointer may have the field.
    pub(super) fn has(&self, pointer: &str, key: &str) -> bool {
        !self.keys.is_empty() && self.keys.get(&place(pointer)).is_some_and(|keys| keys.contains(key))
    }

    /// The keys of the map at this JSON pointer.
    pub(super) fn keys(&self, pointer: &str) -> impl Iterator<Item = &String> {
        self.keys.get(&place(pointer)).into_iter().flatten()
    }
}

/// `/spec/rules/0/host` is the place `/spec/rules/host`.
fn place(pointer: &str) -> String {
    let tokens = pointer.split('/').filter(|token| !token.bytes().all(|byte| byte.is_ascii_digit()));
    tokens.fold(String::new(), |place, token| {
        format!("{place}/{}", token.replace("~1", "/").replace("~0", "~"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries_of_a_list_are_one_place() {
        let known =
            Known::of(&[json!({"spec": {"triggers": [{"type": "cpu"}, {"metadata": {"value": "7"}}]}})]);
        assert!(known.has("/spec/triggers/4", "type") && known.has("/spec/triggers/0/metadata", "value"));
        assert!(!known.has("/spec", "type") && !known.has("/spec/triggers/0", "value"));
        assert_eq!(known.keys("/spec/triggers/1/metadata").collect::<Vec<_>>(), ["value"]);
    }
}
