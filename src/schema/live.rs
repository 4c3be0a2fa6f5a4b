//! Schemas as an API server publishes them: OpenAPI v3 documents, one a group version.
//!
//! A published document differs from a bundled one (`tools/bundle-schemas.sh` has the same rules): a reference carries
//! its whole path and stands inside of `allOf`, zero values of Go types are given as defaults of built-in types, and
//! types that hold arbitrary JSON look like empty objects. A component is read when it is first asked for.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::OnceLock;

use serde::Deserialize as _;
use serde_json::{Map, Value};

use super::bundle::Bundle;
use super::error::SchemaError;
use super::kinds::KindInfo;
use super::node::Schema;
use crate::manifest::GroupVersionKind;

const PREFIX: &str = "#/components/schemas/";
const GVK: &str = "x-kubernetes-group-version-kind";
const RULES: &str = "x-kubernetes-validations";

/// The Go types behind these are arbitrary JSON.
const FREE: [&str; 3] = [
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Patch",
    "io.k8s.apimachinery.pkg.runtime.RawExtension",
];

/// The kinds and components of some group versions of one server.
#[derive(Debug, Default)]
pub(super) struct Live {
    /// What can be created.
    pub(super) kinds: BTreeMap<GroupVersionKind, KindInfo>,
    /// `apps/v1` …: of these the server has the kinds above and no others.
    group_versions: BTreeSet<String>,
    components: HashMap<String, Component>,
    /// Custom kinds whose schema has CEL rules.
    with_rules: BTreeSet<GroupVersionKind>,
}

#[derive(Debug)]
struct Component {
    written: Value,
    is_native: bool,
    parsed: OnceLock<Option<Schema>>,
}

impl Live {
    /// Reads documents, each with its group version. Names that people use for built-in kinds come from the bundle.
    pub(super) fn read(documents: &[(&str, &[u8])], bundle: &Bundle) -> Result<Self, SchemaError> {
        let mut live = Self::default();
        for (group_version, bytes) in documents {
            live.add(group_version, bytes, bundle).map_err(|reason| SchemaError::OpenApi {
                group_version: (*group_version).to_owned(),
                reason,
            })?;
        }
        Ok(live)
    }

    fn add(&mut self, group_version: &str, bytes: &[u8], bundle: &Bundle) -> Result<(), String> {
        let mut document: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas").map(Value::take)
        else {
            return Err("it has no components".to_owned());
        };
        let kinds = created_kinds(&document, group_version);
        let mut by_kind = BTreeMap::new();
        for (name, written) in schemas {
            if let Some(gvk) = only_kind(&written) {
                by_kind.insert(gvk, name.clone());
            }
            let is_native = name.starts_with("io.k8s.");
            self.components.insert(name, Component { written, is_native, parsed: OnceLock::new() });
        }
        for (gvk, (plural, namespaced)) in kinds {
            let Some(component) = by_kind.get(&gvk) else { continue };
            let known = bundle.kinds.get(&gvk);
            let is_native = known.is_some() || component.starts_with("io.k8s.");
            if !is_native && self.components.get(component).is_some_and(|found| has_rules(&found.written)) {
                self.with_rules.insert(gvk.clone());
            }
            let info = KindInfo {
                singular: known.map_or_else(|| gvk.kind.to_lowercase(), |known| known.singular.clone()),
                short_names: known.map(|known| known.short_names.clone()).unwrap_or_default(),
                namespaced,
                definition: (!is_native).then(|| format!("{plural}.{}", gvk.group)),
                deprecated: known.and_then(|known| known.deprecated.clone()),
                component: component.clone(),
                plural,
                gvk: gvk.clone(),
            };
            self.kinds.insert(gvk, info);
        }
        self.group_versions.insert(group_version.to_owned());
        Ok(())
    }

    /// A component by name.
    pub(super) fn component(&self, name: &str) -> Option<&Schema> {
        let component = self.components.get(name)?;
        component
            .parsed
            .get_or_init(|| {
                if FREE.contains(&name) {
                    let (type_name, preserve_unknown_fields) = (Some("object".to_owned()), true);
                    return Some(Schema { type_name, preserve_unknown_fields, ..Schema::default() });
                }
                Schema::deserialize(plain(&component.written, component.is_native)).ok()
            })
            .as_ref()
    }

    /// Whether the server's own word is known about all kinds of this group version.
    pub(super) fn speaks_of(&self, gvk: &GroupVersionKind) -> bool {
        self.group_versions.contains(&gvk.api_version())
    }

    /// Whether the schema of a custom kind has CEL rules.
    pub(super) fn has_rules(&self, gvk: &GroupVersionKind) -> bool {
        self.with_rules.contains(gvk)
    }
}

/// The kinds that the paths of a document create: `POST …/deployments`, with plural and scope.
fn created_kinds(document: &Value, group_version: &str) -> BTreeMap<GroupVersionKind, (String, bool)> {
    let prefix = if group_version.contains('/') { "/apis" } else { "/api" };
    let prefix = format!("{prefix}/{group_version}/");
    let mut kinds = BTreeMap::new();
    let paths = document.get("paths").and_then(Value::as_object).into_iter().flatten();
    for (path, operations) in paths {
        let Some(rest) = path.strip_prefix(&prefix) else { continue };
        let (plural, namespaced) = match rest.split('/').collect::<Vec<_>>().as_slice() {
            [plural] if !plural.is_empty() => (*plural, false),
            ["namespaces", "{namespace}", plural] => (*plural, true),
            _ => continue,
        };
        if let Some(gvk) = operations.get("post").and_then(|post| gvk(post.get(GVK)?)) {
            kinds.insert(gvk, (plural.to_owned(), namespaced));
        }
    }
    kinds
}

fn gvk(value: &Value) -> Option<GroupVersionKind> {
    let text = |field: &str| Some(value.get(field)?.as_str()?.to_owned());
    Some(GroupVersionKind { group: text("group")?, version: text("version")?, kind: text("kind")? })
}

/// The kind of a component that stands for exactly one: `DeleteOptions` stands for many.
fn only_kind(component: &Value) -> Option<GroupVersionKind> {
    match component.get(GVK)?.as_array()?.as_slice() {
        [one] => gvk(one),
        _ => None,
    }
}

/// A published schema in the form of the bundled ones.
fn plain(written: &Value, is_native: bool) -> Value {
    let Value::Object(written) = written else { return written.clone() };
    let mut schema = Map::new();
    for (key, value) in written {
        match (key.as_str(), value) {
            ("$ref", Value::String(reference)) => {
                let name = reference.strip_prefix(PREFIX).unwrap_or(reference);
                schema.insert(key.clone(), Value::String(name.to_owned()));
            }
            ("default", value) if is_native && is_zero(value) => {}
            ("x-kubernetes-list-type", Value::String(kind)) if kind == "atomic" => {}
            ("x-kubernetes-map-type", Value::String(kind)) if kind == "granular" => {}
            ("allOf" | "anyOf" | "oneOf", Value::Array(parts)) => {
                let parts = parts.iter().map(|part| plain(part, is_native)).collect();
                schema.insert(key.clone(), Value::Array(parts));
            }
            ("properties", Value::Object(fields)) => {
                let fields = fields.iter().map(|(name, field)| (name.clone(), plain(field, is_native)));
                schema.insert(key.clone(), Value::Object(fields.collect()));
            }
            ("items" | "not" | "additionalProperties", Value::Object(_)) => {
                schema.insert(key.clone(), plain(value, is_native));
            }
            ("description" | "example" | "externalDocs" | "title", _) => {}
            _ => {
                schema.insert(key.clone(), value.clone());
            }
        }
    }
    // One part holds a reference, so that a description can stand beside it.
    if let Some(Value::Array(parts)) = schema.get("allOf")
        && let [Value::Object(only)] = parts.as_slice()
    {
        let only = only.clone();
        schema.remove("allOf");
        for (key, value) in only {
            schema.entry(key).or_insert(value);
        }
    }
    Value::Object(schema)
}

/// The zero value of a Go type, which is not a default that the server sets.
fn is_zero(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_empty(),
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::Object(map) => map.is_empty(),
        Value::Bool(flag) => !flag,
        _ => false,
    }
}

/// Whether a written schema or a part of it has CEL rules.
fn has_rules(written: &Value) -> bool {
    match written {
        Value::Object(map) => map.contains_key(RULES) || map.values().any(has_rules),
        Value::Array(list) => list.iter().any(has_rules),
        _ => false,
    }
}
