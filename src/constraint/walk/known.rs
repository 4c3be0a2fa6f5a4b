//! What right objects of a kind look like: the fields that they have, the keys of their maps, and the values that are usual, by place. Read off the
//! worked examples that a model is shown, so that it may write what it was shown, however the request puts it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::said::Said;

/// Fields and map keys by place; entries of lists count as one place.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    keys: BTreeMap<String, BTreeSet<String>>,
    /// Texts that stand there though the request of the example does not say them: what is usual at this place.
    usual: BTreeMap<String, BTreeSet<String>>,
    /// Kinds that are referred to there.
    kinds: BTreeMap<String, BTreeSet<String>>,
}

impl Known {
    /// Nothing.
    pub const fn new() -> Self {
        Self { keys: BTreeMap::new(), usual: BTreeMap::new(), kinds: BTreeMap::new() }
    }

    /// What the objects of these examples have, each beside its request.
    pub fn of<'v>(examples: impl IntoIterator<Item = (&'v str, &'v Value)>) -> Self {
        let mut known = Self::default();
        for (request, object) in examples {
            known.add(object, "", &Said::of(request));
        }
        known
    }

    fn add(&mut self, value: &Value, place: &str, said: &Said) {
        match value {
            Value::Object(map) => {
                for (key, inner) in map {
                    self.keys.entry(place.to_owned()).or_default().insert(key.clone());
                    self.add(inner, &format!("{place}/{key}"), said);
                }
            }
            Value::Array(list) => list.iter().for_each(|inner| self.add(inner, place, said)),
            Value::String(text) if place.ends_with("/kind") => {
                self.kinds.entry(place.to_owned()).or_default().insert(text.clone());
            }
            Value::String(text) if !said.says_any_of(text) => {
                self.usual.entry(place.to_owned()).or_default().insert(text.clone());
            }
            _ => {}
        }
    }

    /// The kinds that the field at this JSON pointer has in examples.
    pub(super) fn kinds(&self, pointer: &str) -> impl Iterator<Item = &String> {
        self.kinds.get(&place(pointer)).into_iter().flatten()
    }

    /// Whether a text is usual at this JSON pointer.
    pub(super) fn is_usual(&self, pointer: &str, text: &str) -> bool {
        self.usual.get(&place(pointer)).is_some_and(|texts| texts.contains(text))
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
        let object = json!({"spec": {"triggers": [{"type": "cpu"}, {"metadata": {"value": "7"}}]}});
        let known = Known::of([("a trigger on cpu", &object)]);
        assert!(known.has("/spec/triggers/4", "type") && known.has("/spec/triggers/0/metadata", "value"));
        assert!(!known.has("/spec", "type") && !known.has("/spec/triggers/0", "value"));
        assert_eq!(known.keys("/spec/triggers/1/metadata").collect::<Vec<_>>(), ["value"]);
        assert!(known.is_usual("/spec/triggers/3/metadata/value", "7"), "nobody said it");
        assert!(!known.is_usual("/spec/triggers/0/type", "cpu"), "it was said");
    }
}
