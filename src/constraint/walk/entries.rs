//! What the entries of lists and maps may be: the keys of maps, the words of commands, scalars that are not there yet.

use serde_json::{Map, Value};

use super::copied;
use super::frame::{Frame, Inner, is_labels};
use super::leaf::{Leaf, Site, leaf};
use super::rules::Text;
use super::write::Walk;
use crate::schema::Node;

impl<'a> Walk<'a> {
    /// The label of the pods that a policy lets traffic in to, at its place.
    fn target(&self, path: &str) -> Option<&(String, String)> {
        let policy =
            self.frames.iter().any(|frame| frame.role().is_some_and(|role| role.role == "network-policy"));
        (policy && path == "/spec/podSelector/matchLabels")
            .then(|| self.said.pair_behind(&self.rules.reached))?
    }

    /// What an entry of a map of scalars may be.
    pub(super) fn entry(&self, node: Node<'a>, amount: bool, key: &str, around: &[&str]) -> Option<Leaf> {
        let path = self.frames.last().map_or("", |frame| frame.path.as_str());
        if let Some((_, value)) = self.target(path).filter(|(own, _)| own == key) {
            return Some(Leaf::Closed(vec![Value::from(value.as_str())]));
        }
        let site = Site {
            node,
            field: key,
            role: None,
            around,
            optional: true,
            amount,
            entry: true,
            near: &self.near,
            resource: None,
        };
        leaf(&site, self.rules, self.said, &self.used)
    }

    /// Whether a field other than a command may stand here, or the request has words for it. `depth`: the frame of the object,
    /// where it is open already.
    pub(super) fn has_command(&self, depth: Option<usize>, key: &str, value: &Map<String, Value>) -> bool {
        if self.rules.strings.get(key) != Some(&Text::Copied) {
            return true;
        }
        // The command itself may still be open above.
        let open =
            depth.and_then(|depth| self.frames.get(depth + 1)).filter(|frame| frame.field == "command");
        let command = match open.map(|frame| &frame.inner) {
            Some(Inner::List { value, .. }) => Some(value.as_slice()),
            _ => value.get("command").and_then(Value::as_array).map(Vec::as_slice),
        };
        let before = command.filter(|_| key == "args").unwrap_or_default();
        !copied::next(self.said, self.rules, before, key == "args").is_empty()
    }

    /// What the next scalar entry of a list may be; nothing where it has all of them.
    pub(super) fn item(&self, depth: usize) -> Option<Leaf> {
        let list = self.frames.get(depth)?;
        let Inner::List { items, value, .. } = &list.inner else { return None };
        if self.rules.strings.get(&list.field) == Some(&Text::Copied) {
            // Arguments go on where the command ended.
            let command = depth.checked_sub(1).and_then(|below| match &self.frames.get(below)?.inner {
                Inner::Object { value, .. } if list.field == "args" => value.get("command")?.as_array(),
                _ => None,
            });
            let before: Vec<Value> = command.into_iter().flatten().chain(value).cloned().collect();
            let next = copied::next(self.said, self.rules, &before, list.field == "args");
            return (!next.is_empty()).then(|| Leaf::Closed(next.into_iter().map(Value::from).collect()));
        }
        let around = self.around(depth + 1);
        let role = depth.checked_sub(1).and_then(|below| self.frames.get(below)).and_then(Frame::role);
        let site = Site {
            node: *items,
            field: &list.field,
            role,
            around: &around,
            optional: false,
            amount: false,
            entry: false,
            near: &self.near,
            resource: None,
        };
        let mut leaf = leaf(&site, self.rules, self.said, &self.used)?;
        if let Leaf::Closed(values) = &mut leaf {
            values.retain(|one| !value.contains(one));
            if values.is_empty() {
                return None;
            }
        }
        Some(leaf)
    }

    /// The keys that a map may have. Where the request has pairs, no other of its words is one.
    pub(super) fn keys(&self, field: &str, path: &str, amount: bool, around: &[&str]) -> Vec<String> {
        if amount {
            return self.rules.amounts(field, around).iter().chain(&self.said.resources).cloned().collect();
        }
        // What stands beside it says which: of a trigger its type.
        let beside = self.frames.last().and_then(|frame| match &frame.inner {
            Inner::Object { value, .. } => value.get("type")?.as_str(),
            _ => None,
        });
        let by_type = around.last().zip(beside).map(|(role, beside)| format!("{role}.{field}.{beside}"));
        let known = by_type.and_then(|name| self.rules.map_keys.get(&name));
        if let Some(known) = known.or_else(|| self.rules.map_keys.get(field)) {
            return known.clone();
        }
        let labels = field == "annotations" || is_labels(field);
        let pairs = self.said.pairs.iter().map(|(key, _)| key);
        // What is annotated has a domain; `team=data` is a label.
        let words: Vec<&String> = match (field, labels) {
            ("annotations", _) if !self.said.resources.is_empty() => Vec::new(),
            (_, true) => pairs.collect(),
            _ => self.said.words.iter().collect(),
        };
        if let Some((key, _)) = self.target(path) {
            return vec![key.clone()];
        }
        let mut keys: Vec<String> = Vec::new();
        // The labels of an object itself are said; those of others may be meant.
        let meant = if matches!(field, "labels" | "annotations") && !self.said.pairs.is_empty() {
            &[][..]
        } else {
            self.rules.keys.as_slice()
        };
        // What an example holds as data is its own.
        let shown = self
            .known
            .keys(path)
            .filter(|_| !labels && !matches!(field, "data" | "stringData" | "binaryData" | "parameters"));
        for key in shown.chain(words).chain(&self.said.resources).chain(meant) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }
}
