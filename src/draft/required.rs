//! Labels that a policy requires and the draft lacks: taken from the words or from facts, else asked for, never invented
//! (design D3).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::constraint::walk::Narrow;
use crate::draft::assent;
use crate::draft::outcome::Origin;
use crate::draft::place::Setting;
use crate::draft::span::Language;
use crate::manifest::{ObjectKey, pointer};
use crate::pattern::ClosedList;
use crate::policy::{Intent, PolicySet, Resource, User};
use crate::schema::SchemaSet;

/// Where the labels of an object are.
const LABELS: &str = "/metadata/labels";
/// How the field of an open question about a label begins.
pub const FIELD: &str = "labels.";

/// A label that an object lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lacking {
    /// The policy that requires it.
    pub policy: String,
    /// Its key.
    pub key: String,
    /// The values that it may have, where they are a closed list.
    pub values: Vec<String>,
}

/// What is asked of.
#[derive(Clone, Copy)]
pub struct Rules<'a> {
    /// Schemas of the kinds.
    pub schemas: &'a SchemaSet,
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// Who asks, as policies see it.
    pub user: &'a User,
}

/// What policies say of the kind of an object, and of no other object.
pub fn narrow(object: &Value, rules: Rules<'_>) -> Narrow {
    if rules.policies.is_empty() {
        return Narrow::none();
    }
    let kind = ObjectKey::of(object).gvk();
    let known = rules.schemas.kind(&kind);
    let resource = match &known {
        Some(known) => Resource { plural: known.info.plural.clone(), namespaced: known.info.namespaced },
        None => Resource::guess(&kind),
    };
    let node = known.map(|known| known.node);
    let placed = object.pointer("/metadata/namespace").and_then(Value::as_str);
    let intent = Intent { kind, resource, node, namespace: None, placed, user: rules.user };
    Narrow::of(&rules.policies.shapes(&intent))
}

/// The labels that policies require and objects lack, each once: those with which an object passes and without which it does not.
pub fn lacking(objects: &[Value], rules: Rules<'_>) -> Vec<Lacking> {
    let mut all: Vec<Lacking> = Vec::new();
    for object in objects {
        let narrow = narrow(object, rules);
        for (policy, schema) in narrow.policies().filter(|(_, schema)| !narrow.accepts(schema, object)) {
            let mut keys = Vec::new();
            labels_of(schema, &mut keys);
            keys.retain(|(key, _)| object.pointer(&pointer::join(LABELS, key)).is_none());
            let passes_with = |keys: &[(String, Vec<String>)]| {
                let mut trial = object.clone();
                for (key, values) in keys {
                    trial["metadata"]["labels"][key.as_str()] =
                        Value::from(values.first().map_or("some", String::as_str));
                }
                narrow.accepts(schema, &trial)
            };
            let needed: Vec<(String, Vec<String>)> =
                match keys.iter().find(|key| passes_with(std::slice::from_ref(*key))) {
                    Some(one) => vec![one.clone()],
                    None if passes_with(&keys) => keys,
                    None => Vec::new(),
                };
            for (key, values) in needed {
                if !all.iter().any(|known| known.key == key) {
                    all.push(Lacking { policy: policy.to_owned(), key, values });
                }
            }
        }
    }
    all
}

/// The labels of the object that a schema speaks of, with their values where these are a closed list.
fn labels_of(schema: &Value, keys: &mut Vec<(String, Vec<String>)>) {
    for word in ["allOf", "anyOf"] {
        schema
            .get(word)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .for_each(|part| labels_of(part, keys));
    }
    if let Some(metadata) = schema.pointer("/properties/metadata") {
        labels_in(metadata, keys);
    }
}

/// The same inside `metadata`.
fn labels_in(metadata: &Value, keys: &mut Vec<(String, Vec<String>)>) {
    for word in ["allOf", "anyOf"] {
        metadata
            .get(word)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .for_each(|part| labels_in(part, keys));
    }
    let Some(labels) = metadata.pointer("/properties/labels") else { return };
    let required =
        labels.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    for key in required {
        let schema = labels.pointer(&pointer::join("/properties", key));
        let listed = schema.and_then(|schema| schema.get("enum")?.as_array());
        let values = listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        if !keys.iter().any(|(known, _)| known == key) {
            keys.push((key.to_owned(), values));
        }
    }
}

/// The value of a label as the words or the facts have it.
pub fn known(lacking: &Lacking, text: &str, setting: &Setting) -> Option<(String, Origin)> {
    let said = said(&lacking.key, text).or_else(|| {
        // A value of the closed list that stands in the words, where it is the only one.
        let mut named = lacking.values.iter().filter(|value| has_word(text, value));
        match (named.next(), named.next()) {
            (Some(only), None) => Some(only.clone()),
            _ => None,
        }
    });
    let fact = || match last(&lacking.key) {
        "owner" | "user" => {
            let owner = setting.owner.clone().or_else(|| setting.user.clone())?;
            Some((owner, Origin::User))
        }
        "queue-name" | "queue" => Some((setting.known.only(ClosedList::Queues)?.to_owned(), Origin::Cluster)),
        _ => None,
    };
    let found = said.map(|value| (value, Origin::Request)).or_else(fact)?;
    let allowed = lacking.values.is_empty() || lacking.values.contains(&found.0);
    (allowed && is_value(&found.0)).then_some(found)
}

/// What a person answers to the question for a label: the words of the label with a value behind them, or the value alone,
/// perhaps behind `it is`. Anything else is no answer: a label is never made of a sentence.
pub fn answer(text: &str, lacking_key: &str) -> Option<String> {
    if let Some(said) = said(lacking_key, text) {
        return Some(said);
    }
    static ALONE: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?i)^(?:(?:it\s+is|it['’]s|that\s+is|use|是|为)\s*)?["'`“]?([A-Za-z0-9][A-Za-z0-9._-]*?)["'`”]?[.。!]?$"#).ok()
    });
    let value = ALONE.as_ref()?.captures(text.trim())?.get(1)?.as_str();
    (is_value(value) && is_meant(value) && !assent::agrees(value)).then(|| value.to_owned())
}

/// Whether a word can be meant as a value, and is no word of a sentence.
fn is_meant(value: &str) -> bool {
    !NO_VALUES.contains(&value.to_lowercase().as_str())
}

/// The question for a label.
pub fn question(lacking: &Lacking, language: Language) -> String {
    let Lacking { policy, key, values } = lacking;
    let list = values.join(", ");
    match (language, values.is_empty()) {
        (Language::En, true) => {
            format!("policy {policy} wants the label {key}, and nobody said it; what is it?")
        }
        (Language::En, false) => {
            format!("policy {policy} wants the label {key}; which of these is it: {list}?")
        }
        (Language::Zh, true) => format!("策略 {policy} 要求标签 {key}，但没有说明；它的值是什么？"),
        (Language::Zh, false) => format!("策略 {policy} 要求标签 {key}；是其中哪一个：{list}？"),
    }
}

/// The last part of a key: `example.com/cost-center` -> `cost-center`.
fn last(key: &str) -> &str {
    key.rsplit('/').next().unwrap_or(key)
}

/// Words that stand between the name of a label and its value, or anywhere else, and are no values.
const NO_VALUES: [&str; 33] = [
    "no", "none", "nothing", "unknown", "any", "what", "which", "my", "our", "same", "skip", "a", "an",
    "and", "as", "at", "by", "for", "from", "in", "is", "it", "label", "of", "on", "or", "that", "the", "to",
    "two", "with", "name", "called",
];

/// `key=value`, or the words of the key with a value behind them: `cost center 4711`.
fn said(key: &str, text: &str) -> Option<String> {
    let mut names: Vec<String> = vec![regex::escape(key)];
    let words: Vec<&str> = last(key).split(['-', '_', '.']).filter(|word| !word.is_empty()).collect();
    // Both spellings of one word.
    let spelled = |word: &&str| match *word {
        "center" | "centre" => "cent(?:er|re)".to_owned(),
        word => regex::escape(word),
    };
    let spoken = |words: &[&str]| words.iter().map(spelled).collect::<Vec<_>>().join("[ _-]?");
    names.push(spoken(&words));
    let chinese = CHINESE.iter().filter(|(name, _)| *name == last(key));
    names.extend(chinese.map(|(_, word)| (*word).to_owned()));
    if let [head @ .., "name" | "id"] = words.as_slice()
        && !head.is_empty()
    {
        names.push(spoken(head));
    }
    let pattern = format!(
        r#"(?i)(?:^|[^A-Za-z0-9])(?:{})(?:\s+is\s+|\s*[:=]\s*|\s+|\s*[为是]\s*)["'`“]?([A-Za-z0-9][A-Za-z0-9._-]*)"#,
        names.join("|")
    );
    let found = Regex::new(&pattern).ok()?;
    found
        .captures_iter(text)
        .filter_map(|captures| captures.get(1))
        // `R&D`: a part of a value is another value.
        .filter(|value| {
            text.get(value.end()..)
                .and_then(|rest| rest.chars().next())
                .is_none_or(|next| next.is_whitespace() || ",;:)\"'`，。；”".contains(next))
        })
        .map(|value| value.as_str().trim_end_matches(['.', '-', '_']).to_owned())
        .find(|value| is_value(value) && is_meant(value))
}

/// What labels are called in Chinese.
const CHINESE: [(&str, &str); 5] = [
    ("cost-center", "成本中心"),
    ("queue-name", "队列"),
    ("team", "团队"),
    ("owner", "所有者"),
    ("project", "项目"),
];

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).any(|one| one == word)
}

/// Whether a text can be the value of a label.
fn is_value(text: &str) -> bool {
    static VALUE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new("^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$").ok());
    VALUE.as_ref().is_some_and(|value| value.is_match(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draft::known::Known;

    fn lacking(key: &str, values: &[&str]) -> Lacking {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        Lacking { policy: "p".into(), key: key.into(), values }
    }

    #[test]
    fn a_label_is_taken_from_the_words_or_from_facts_and_never_invented() {
        let setting = Setting { user: Some("ann".into()), ..Setting::default() };
        let of = |key: &str, values: &[&str], text: &str| {
            known(&lacking(key, values), text, &setting).map(|one| one.0)
        };
        assert_eq!(of("cost-center", &[], "a notebook for cost center 4711"), Some("4711".into()));
        assert_eq!(of("acme.com/cost-center", &[], "a notebook, cost-center=ml-7."), Some("ml-7".into()));
        assert_eq!(of("cost-center", &[], "a notebook for the cost center of my team"), None);
        assert_eq!(of("cost-center", &[], "a notebook"), None);
        assert_eq!(of("cost-center", &[], "a notebook, cost centre 4711"), Some("4711".into()));
        assert_eq!(of("cost-center", &[], "给我一个笔记本，成本中心 4711"), Some("4711".into()));
        assert_eq!(of("cost-center", &[], "a notebook for cost center R&D"), None, "half a value");
        assert_eq!(of("owner", &[], "a notebook"), Some("ann".into()));
        assert_eq!(of("tier", &["gold", "silver"], "a notebook on silver nodes"), Some("silver".into()));
        assert_eq!(of("tier", &["gold", "silver"], "a notebook, tier bronze"), None, "not of the list");
        assert_eq!(
            of("kueue.x-k8s.io/queue-name", &[], "a job in the queue research"),
            Some("research".into())
        );
    }

    #[test]
    fn the_only_queue_is_taken_and_of_two_none_is() {
        let with = |names: &[&str]| {
            let names = names.iter().map(|name| (*name).to_owned()).collect();
            let known = Known::of("lab").with(ClosedList::Queues, Some(names));
            Setting { known, ..Setting::default() }
        };
        let queue = lacking("kueue.x-k8s.io/queue-name", &[]);
        assert_eq!(known(&queue, "a job", &with(&["gpu"])), Some(("gpu".into(), Origin::Cluster)));
        assert_eq!(known(&queue, "a job", &with(&["gpu", "cpu"])), None);
    }

    #[test]
    fn an_answer_is_a_value_and_a_sentence_is_none() {
        assert_eq!(answer("4711", "cost-center"), Some("4711".into()));
        assert_eq!(answer("it is ml-7.", "cost-center"), Some("ml-7".into()));
        assert_eq!(answer("the cost center is 4711 as always, ask Bob", "cost-center"), Some("4711".into()));
        for none in [
            "I would have to ask somebody else",
            "I do not know",
            "no",
            "yes",
            "use what alice has",
            "make it four GPUs",
            "cost center R&D / 4",
            "4711, research",
            "none",
        ] {
            assert_eq!(answer(none, "cost-center"), None, "{none}");
        }
        assert_eq!(answer("成本中心是 4711", "cost-center"), Some("4711".into()));
    }
}
