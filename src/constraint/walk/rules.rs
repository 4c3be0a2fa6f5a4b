//! What the API wants beyond its schemas while a manifest is written: `prompts/manifest.yaml`.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

use crate::schema::Node;

const TEXT: &str = include_str!("../../../prompts/manifest.yaml");

/// What kind of string a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Text {
    /// An image that the request names.
    SaidImage,
    /// A cron schedule that the request says.
    SaidSchedule,
    /// Entries that are copied from the request one after the other: commands.
    Copied,
    /// The name of an object or of a part of one.
    Name,
    /// A DNS label.
    Label,
    /// A text without blanks.
    Word,
}

/// A field whose value decides which other field stands beside it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Select {
    /// The deciding field.
    pub field: String,
    /// Its values, each with the field that goes with it; empty for none.
    pub decides: BTreeMap<String, String>,
    /// Whether the decided field may be left out.
    #[serde(default)]
    pub optional: bool,
}

/// What an enclosing role changes.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Inside {
    /// Required there.
    pub required: Vec<String>,
    /// Not offered there.
    pub hidden: Vec<String>,
    /// Closed lists there.
    pub values: BTreeMap<String, Vec<String>>,
}

/// What is known of an object by the fields of its schema.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Role {
    /// Its name.
    pub role: String,
    /// It has all of these fields.
    pub has: Vec<String>,
    /// It has none of these.
    pub unless: Vec<String>,
    /// It stands in this field.
    pub recognise_by: Option<String>,
    /// Only these are offered.
    pub only: Option<Vec<String>>,
    /// These are not offered.
    pub hidden: Vec<String>,
    /// These are required.
    pub required: Vec<String>,
    /// Of each group exactly one stands.
    pub exactly_one: Vec<Vec<String>>,
    /// Closed lists of values.
    pub values: BTreeMap<String, Vec<String>>,
    /// See [`Select`].
    pub select: Option<Select>,
    /// What an enclosing role changes, by its name.
    pub inside: BTreeMap<String, Inside>,
}

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rules {
    roles: Vec<Role>,
    /// What commands begin with.
    pub programs: Vec<String>,
    /// Words that stand before a command.
    pub introduce_commands: Vec<String>,
    /// Words that speak of arguments.
    pub arguments: Vec<String>,
    /// Fields whose object may be written `{}`.
    pub empty: Vec<String>,
    /// Strings by the name of their field.
    pub strings: BTreeMap<String, Text>,
    /// Keys of maps of amounts.
    amounts: BTreeMap<String, Vec<String>>,
    /// Keys of maps of strings that need not be said.
    pub keys: Vec<String>,
    /// Words that speak of a field.
    pub spoken: BTreeMap<String, Vec<String>>,
    /// Fields that may not be left out where one of these words stands in the request.
    pub due: BTreeMap<String, Vec<String>>,
    /// Fields that need a word of their own in small objects too.
    pub strict: Vec<String>,
    /// Keys of maps that a controller knows.
    pub map_keys: BTreeMap<String, Vec<String>>,
    /// Fields that are always offered.
    pub always: Vec<String>,
    /// Words behind which the label of the pods stands that traffic comes in to.
    pub reached: Vec<String>,
    /// Fields that take a number that was taken before.
    pub again: Vec<String>,
    /// Lists whose entries have names that tie parts of the object together: anybody may choose them.
    pub ties: Vec<String>,
    /// Words that speak of annotations.
    pub annotated: Vec<String>,
    /// Words that speak of rights as a whole: verbs need not be said then.
    pub whole_rights: Vec<String>,
    /// Fields that are offered only where a list beside them, if it stands, has this entry.
    listed: BTreeMap<String, BTreeMap<String, String>>,
    /// Fields of a pod that are offered only where the pod is the object itself.
    pub alone: Vec<String>,
    /// Words for one of several ways to say something, of which one stands.
    pub ways: BTreeMap<String, Vec<String>>,
    /// Texts that mean something wherever they stand, and need not be said.
    pub usual: Vec<String>,
    /// Fields whose texts say what kind of thing is meant.
    pub kinds: Vec<String>,
}

impl Rules {
    /// No rules: what is left is the schema and the words of the request.
    pub fn none() -> &'static Self {
        static NONE: LazyLock<Rules> = LazyLock::new(Rules::default);
        &NONE
    }

    /// The built-in rules.
    ///
    /// # Errors
    /// A sentence where the file does not parse; a test keeps it whole.
    pub fn builtin() -> Result<&'static Self, String> {
        static RULES: OnceLock<Result<Rules, String>> = OnceLock::new();
        RULES
            .get_or_init(|| {
                serde_saphyr::from_str(TEXT).map_err(|error| format!("prompts/manifest.yaml: {error}"))
            })
            .as_ref()
            .map_err(Clone::clone)
    }

    /// The list beside a field, and the entry that it must have for the field to stand.
    pub fn listed(&self, role: &Role, field: &str) -> Option<(&str, &str)> {
        self.listed.get(&role.role)?.get(field)?.split_once('=')
    }

    /// The role of an object that stands in `field`.
    pub fn role(&self, node: Node<'_>, field: &str) -> Option<&Role> {
        let fields = &node.schema().properties;
        self.roles.iter().find(|role| {
            role.has.iter().all(|name| fields.contains_key(name))
                && !role.unless.iter().any(|name| fields.contains_key(name))
                && role.recognise_by.as_ref().is_none_or(|wanted| wanted == field)
        })
    }

    /// The keys of a map of amounts that stands in `field`, inside these roles (innermost last).
    pub fn amounts(&self, field: &str, around: &[&str]) -> &[String] {
        let by_role = around.iter().rev().find_map(|role| self.amounts.get(*role));
        by_role
            .or_else(|| self.amounts.get(field))
            .or_else(|| self.amounts.get("*"))
            .map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::SchemaSet;

    #[test]
    fn the_file_parses_and_every_role_is_one_of_a_built_in_kind() {
        let rules = Rules::builtin().expect("whole");
        let set = SchemaSet::bundled(None).expect("bundled");
        let mut seen: Vec<&str> = Vec::new();
        let mut todo: Vec<(Node<'_>, String, usize)> = Vec::new();
        for info in set.kinds() {
            todo.push((set.kind(&info.gvk).expect("served").node, String::new(), 0));
        }
        while let Some((node, field, depth)) = todo.pop() {
            if let Some(role) = rules.role(node, &field)
                && !seen.contains(&role.role.as_str())
            {
                seen.push(&role.role);
                for name in role.required.iter().chain(&role.hidden).chain(role.exactly_one.iter().flatten())
                {
                    let known =
                        rules.roles.iter().any(|other| other.role == role.role && other.has.contains(name));
                    assert!(
                        known || node.property(name).is_some() || role.role == "volume" || role.role == "pod",
                        "{}: no field {name}",
                        role.role
                    );
                }
            }
            if depth < 9 {
                todo.extend(node.properties().map(|(name, child)| (child, name.to_owned(), depth + 1)));
                todo.extend(node.items().map(|child| (child, field.clone(), depth + 1)));
            }
        }
        // A part of KServe's InferenceService, whose schema is not bundled.
        seen.push("predictor");
        // One of KEDA's.
        seen.push("keda-trigger");
        seen.extend(["job-set", "template-meta", "model-spec"]);
        let missing: Vec<&str> =
            rules.roles.iter().map(|role| role.role.as_str()).filter(|role| !seen.contains(role)).collect();
        assert!(missing.is_empty(), "no built-in kind has {missing:?}");
    }
}
