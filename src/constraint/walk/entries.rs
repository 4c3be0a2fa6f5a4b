//! What the entries of lists and maps may be: the keys of maps, the words of commands, scalars that are not there yet.

use serde_json::{Map, Value};

use super::copied;
use super::frame::{Frame, Inner, is_labels};
use super::leaf::{Leaf, Site, leaf};
use super::rules::Text;
use super::sides;
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
            shown: false,
            near: &self.near,
            resource: None,
        };
        let mut leaf = leaf(&site, self.rules, self.said, &self.used);
        if let (true, Some(Leaf::Closed(values))) = (amount, &mut leaf) {
            sides::keep(values, path.rsplit('/').next().unwrap_or_default(), self.said);
        }
        leaf
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
        // What a program is given stands behind it, as long as nobody speaks of arguments.
        let told = self.rules.arguments.as_slice();
        if key == "args"
            && command.is_none()
            && !self.said.has_any(told)
            && !copied::next(self.said, self.rules, &[], false).is_empty()
        {
            return false;
        }
        let mut next = copied::next(self.said, self.rules, before, key == "args");
        if before.is_empty() {
            self.once(&mut next);
        }
        !next.is_empty()
    }

    /// Without the commands that stand already; a shell alone is none.
    fn once(&self, next: &mut Vec<String>) {
        let all = next.len();
        next.retain(|word| !self.is_running(word));
        if next.len() < all && next.iter().all(|word| copied::is_shell(word)) {
            next.clear();
        }
    }

    /// Whether the one command that begins with a word stands already as one text: the entry point of a RayJob.
    fn is_running(&self, word: &str) -> bool {
        let begins = |one: &super::Written| {
            one.value
                .as_str()
                .and_then(|text| text.strip_prefix(word))
                .is_some_and(|rest| rest.starts_with(' '))
        };
        self.said.places(word).len() == 1 && self.written.iter().any(begins)
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
            let mut next = copied::next(self.said, self.rules, &before, list.field == "args");
            if before.is_empty() {
                self.once(&mut next);
            }
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
            shown: false,
            near: &self.near,
            resource: None,
        };
        let mut leaf = leaf(&site, self.rules, self.said, &self.used)?;
        if let Leaf::Closed(values) = &mut leaf {
            self.said_verbs(&list.field, values);
            values.retain(|one| !value.contains(one));
            if values.is_empty() {
                return None;
            }
        }
        Some(leaf)
    }

    /// Of verbs those that are said, where no other word speaks of rights as a whole.
    fn said_verbs(&self, field: &str, values: &mut Vec<Value>) {
        let is_said = |value: &Value| value.as_str().is_some_and(|verb| self.said.has(verb));
        if field == "verbs" && values.iter().any(is_said) && !self.said.has_any(&self.rules.whole_rights) {
            values.retain(is_said);
        }
    }

    /// The keys that a map may have. Where the request has pairs, no other of its words is one.
    pub(super) fn keys(&self, field: &str, path: &str, amount: bool, around: &[&str]) -> Vec<String> {
        // What labels nodes is no resource of theirs.
        let is_resource =
            |name: &&String| !name.split('/').next().is_some_and(|domain| domain.ends_with("kubernetes.io"));
        if amount {
            let said = self.said.resources.iter().filter(is_resource);
            let counted: &[String] = if field == "hard" { &self.said.counted } else { &[] };
            let mut keys: Vec<String> =
                self.rules.amounts(field, around).iter().chain(counted).chain(said).cloned().collect();
            let mut seen = std::collections::BTreeSet::new();
            keys.retain(|key| seen.insert(key.clone()));
            return keys;
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
        let is_image = |word: &str| self.said.images.iter().any(|image| image.contains(word));
        let is_key = |word: &&String| {
            word.bytes().any(|b| matches!(b, b'_' | b'.' | b'-' | b'/') || b.is_ascii_uppercase())
                && word.starts_with(|c: char| c.is_ascii_alphabetic())
                && !is_image(word)
        };
        let plain = |word: &&String| word.len() > 3 && word.bytes().all(|b| b.is_ascii_lowercase());
        let all: Vec<&String> = self.said.words.iter().collect();
        let words: Vec<&String> = match (field, labels) {
            ("annotations", _) if !self.said.resources.is_empty() => Vec::new(),
            (_, true) => pairs.collect(),
            // Where keys are told by how they look, no word of the sentence is one.
            _ if !self.said.pairs.is_empty() => pairs.chain(all.into_iter().filter(is_key)).collect(),
            _ => all.into_iter().filter(|word| is_key(word) || plain(word)).collect(),
        };
        if let Some((key, _)) = self.target(path) {
            return vec![key.clone()];
        }
        let mut keys: Vec<String> = Vec::new();
        // The labels of an object itself are said; those of others may be meant.
        let meant = if matches!(field, "labels" | "annotations") || !labels {
            &[][..]
        } else {
            self.rules.keys.as_slice()
        };
        // What an example holds as data is its own.
        let shown = self
            .known
            .keys(path)
            .filter(|_| !labels && !matches!(field, "data" | "stringData" | "binaryData" | "parameters"));
        // `nvidia.com/gpu` is no label unless it is given a value.
        let given = |name: &&String| {
            let amount = self.rules.amounts("*", &[]).contains(name) || self.rules.usual.contains(name);
            !matches!(field, "labels" | "annotations")
                || !amount
                || self.said.original().contains(&format!("{name}="))
        };
        for key in shown.chain(words).chain(self.said.resources.iter().filter(given)).chain(meant) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        keys
    }
}
