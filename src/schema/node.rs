//! One OpenAPI v3 schema as Kubernetes uses it, and a handle on it that follows references.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::set::SchemaSet;

/// One schema, as written: references are not resolved ([`Node`] does that). What is not listed here (descriptions,
/// examples) is not kept.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Schema {
    /// Bare name of the component that this stands for.
    #[serde(rename = "$ref")]
    pub reference: Option<String>,
    /// `object`, `array`, `string`, `integer`, `number` or `boolean`; absent where anything goes.
    #[serde(rename = "type")]
    pub type_name: Option<String>,
    /// `int32`, `date-time`, `byte` …
    pub format: Option<String>,
    /// The closed list of values; empty where there is none.
    #[serde(rename = "enum")]
    pub values: Vec<Value>,
    /// Fields that an object must have.
    pub required: Vec<String>,
    /// The fields of an object.
    pub properties: BTreeMap<String, Schema>,
    /// What other fields of an object may be.
    pub additional_properties: Option<Additional>,
    /// What each entry of an array is.
    pub items: Option<Box<Schema>>,
    /// What the server sets where the field is absent.
    pub default: Option<Value>,
    /// Whether `null` is a value.
    pub nullable: bool,
    /// What a string must match (unanchored, RE2).
    pub pattern: Option<Pattern>,
    /// Lower bound of a number.
    pub minimum: Option<f64>,
    /// Upper bound of a number.
    pub maximum: Option<f64>,
    /// Whether [`Schema::minimum`] itself is excluded.
    pub exclusive_minimum: bool,
    /// Whether [`Schema::maximum`] itself is excluded.
    pub exclusive_maximum: bool,
    /// A number must be a multiple of this.
    pub multiple_of: Option<f64>,
    /// Shortest string, in characters.
    pub min_length: Option<usize>,
    /// Longest string, in characters.
    pub max_length: Option<usize>,
    /// Fewest entries of an array.
    pub min_items: Option<usize>,
    /// Most entries of an array.
    pub max_items: Option<usize>,
    /// Whether the entries of an array must differ.
    pub unique_items: bool,
    /// Fewest fields of an object.
    pub min_properties: Option<usize>,
    /// Most fields of an object.
    pub max_properties: Option<usize>,
    /// All of these hold too.
    pub all_of: Vec<Schema>,
    /// At least one of these holds; empty where nothing is said.
    pub any_of: Vec<Schema>,
    /// Exactly one of these holds; empty where nothing is said.
    pub one_of: Vec<Schema>,
    /// This does not hold.
    pub not: Option<Box<Schema>>,
    /// `map`, `set`; absent for `atomic`.
    #[serde(rename = "x-kubernetes-list-type")]
    pub list_type: Option<String>,
    /// The fields that tell the entries of a `map` list apart.
    #[serde(rename = "x-kubernetes-list-map-keys")]
    pub list_map_keys: Vec<String>,
    /// `atomic` where the object is replaced as a whole.
    #[serde(rename = "x-kubernetes-map-type")]
    pub map_type: Option<String>,
    /// An integer or a string.
    #[serde(rename = "x-kubernetes-int-or-string")]
    pub int_or_string: bool,
    /// Fields that are not listed are kept rather than refused.
    #[serde(rename = "x-kubernetes-preserve-unknown-fields")]
    pub preserve_unknown_fields: bool,
    /// The value is itself a Kubernetes object.
    #[serde(rename = "x-kubernetes-embedded-resource")]
    pub embedded_resource: bool,
    /// CEL rules. They are kept, not evaluated here.
    #[serde(rename = "x-kubernetes-validations")]
    pub validations: Vec<Value>,
}

/// What fields that are not listed may be.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Additional {
    /// Anything, or nothing.
    Any(bool),
    /// Values of this schema: the object is a map.
    Schema(Box<Schema>),
}

/// A regular expression that is compiled when it is first asked.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        Self { text, compiled: OnceLock::new() }
    }
}

impl Pattern {
    /// The expression as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the text contains a match; `None` where the expression cannot be compiled.
    pub fn is_match(&self, text: &str) -> Option<bool> {
        self.compiled.get_or_init(|| Regex::new(&self.text).ok()).as_ref().map(|regex| regex.is_match(text))
    }
}

/// A schema within its set, references followed. Cheap to copy; recursive schemas are no problem, since a step is
/// taken only when it is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    set: &'a SchemaSet,
    site: &'a Schema,
    target: Result<&'a Schema, &'a str>,
    component: Option<&'a str>,
}

impl<'a> Node<'a> {
    /// The schema at a place of this set.
    pub(super) fn new(set: &'a SchemaSet, site: &'a Schema) -> Self {
        match site.reference.as_deref() {
            None => Self { set, site, target: Ok(site), component: None },
            Some(name) => {
                let target = set.component(name).ok_or(name);
                Self { set, site, target, component: Some(name) }
            }
        }
    }

    /// The schema itself; where the reference is broken, the place that refers.
    pub fn schema(self) -> &'a Schema {
        self.target.unwrap_or(self.site)
    }

    /// The place that refers to the schema. Same as [`Node::schema`] where nothing is referred to.
    pub fn site(self) -> &'a Schema {
        self.site
    }

    /// Name of the component that this place refers to, e.g. `io.k8s.api.core.v1.PodSpec`.
    pub fn component(self) -> Option<&'a str> {
        self.component
    }

    /// The name that could not be resolved, where that is so.
    pub fn broken(self) -> Option<&'a str> {
        self.target.err()
    }

    /// Whether it is the type `Quantity` (`500m`, `64Gi`).
    pub fn is_quantity(self) -> bool {
        self.component == Some("io.k8s.apimachinery.pkg.api.resource.Quantity")
    }

    /// Whether integers and strings are both values.
    pub fn is_int_or_string(self) -> bool {
        self.schema().int_or_string
            || self.component == Some("io.k8s.apimachinery.pkg.util.intstr.IntOrString")
    }

    /// The default of this place, else of its type.
    pub fn default(self) -> Option<&'a Value> {
        self.site.default.as_ref().or(self.schema().default.as_ref())
    }

    /// A field of an object.
    pub fn property(self, name: &str) -> Option<Self> {
        self.schema().properties.get(name).map(|schema| Self::new(self.set, schema))
    }

    /// The schema of every object's `metadata`, wherever in the set this node stands.
    pub fn object_meta(self) -> Option<Self> {
        let schema = self.set.component("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta")?;
        Some(Self::new(self.set, schema))
    }

    /// All fields of an object, by name.
    pub fn properties(self) -> impl Iterator<Item = (&'a str, Self)> {
        self.schema()
            .properties
            .iter()
            .map(move |(name, schema)| (name.as_str(), Self::new(self.set, schema)))
    }

    /// What each entry of an array is.
    pub fn items(self) -> Option<Self> {
        self.schema().items.as_deref().map(|schema| Self::new(self.set, schema))
    }

    /// What each value of a map is.
    pub fn values(self) -> Option<Self> {
        match &self.schema().additional_properties {
            Some(Additional::Schema(schema)) => Some(Self::new(self.set, schema)),
            _ => None,
        }
    }

    /// Whether fields that are not listed are kept.
    pub fn is_open(self) -> bool {
        let schema = self.schema();
        schema.preserve_unknown_fields
            || self.site.preserve_unknown_fields
            || matches!(schema.additional_properties, Some(Additional::Any(true)))
    }

    /// One step by a token of a JSON pointer: a field, an index, or a key of a map.
    pub fn child(self, token: &str) -> Option<Self> {
        self.property(token).or_else(|| self.items()).or_else(|| self.values())
    }

    /// The node at an RFC 6901 JSON pointer, where the schema says anything about it.
    pub fn at(self, pointer: &str) -> Option<Self> {
        pointer
            .split('/')
            .skip(1)
            .try_fold(self, |node, token| node.child(&token.replace("~1", "/").replace("~0", "~")))
    }
}
