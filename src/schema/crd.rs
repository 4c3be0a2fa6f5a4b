//! CustomResourceDefinitions: each served version becomes a kind.

use serde::Deserialize;
use serde_json::Value;

use super::error::SchemaError;
use super::kinds::KindInfo;
use super::node::Schema;
use crate::manifest::{GroupVersionKind, Manifest};

/// The component that `metadata` of every object is.
pub(super) const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";

/// A kind that a CustomResourceDefinition defines.
#[derive(Debug)]
pub(super) struct CustomKind {
    pub(super) info: KindInfo,
    pub(super) schema: Schema,
    /// Whether any part of the schema has CEL rules.
    pub(super) has_rules: bool,
}

#[derive(Deserialize)]
struct Spec {
    group: String,
    names: Names,
    scope: String,
    versions: Vec<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Names {
    kind: String,
    plural: String,
    #[serde(default)]
    singular: Option<String>,
    #[serde(default)]
    short_names: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    name: String,
    served: bool,
    #[serde(default)]
    deprecated: bool,
    #[serde(default)]
    deprecation_warning: Option<String>,
    #[serde(default)]
    schema: Option<Validation>,
}

#[derive(Deserialize)]
struct Validation {
    #[serde(rename = "openAPIV3Schema")]
    schema: Option<Value>,
}

/// The served kinds of a definition; none where the manifest is something else.
pub(super) fn kinds_of(manifest: &Manifest) -> Result<Vec<CustomKind>, SchemaError> {
    let gvk = manifest.key().gvk();
    if gvk.group != "apiextensions.k8s.io" || gvk.kind != "CustomResourceDefinition" {
        return Ok(Vec::new());
    }
    let name = manifest.key().name;
    let refused = |reason: String| SchemaError::CustomResource {
        name: name.clone(),
        file: manifest.file.as_deref().map(str::to_owned),
        reason,
    };
    if gvk.version != "v1" {
        let reason = format!("it is apiextensions.k8s.io/{}, which is no longer served; use v1", gvk.version);
        return Err(refused(reason));
    }
    let spec = manifest.object.get("spec").ok_or_else(|| refused("it has no `spec`".to_owned()))?;
    let spec =
        Spec::deserialize(spec).map_err(|error| refused(format!("its `spec` is not valid: {error}")))?;
    let mut kinds = Vec::new();
    for version in spec.versions.into_iter().filter(|version| version.served) {
        let written = version.schema.and_then(|validation| validation.schema).ok_or_else(|| {
            refused(format!("version {} has no `schema.openAPIV3Schema`, which v1 requires", version.name))
        })?;
        let schema = Schema::deserialize(&written).map_err(|error| {
            refused(format!("the schema of version {} is not valid: {error}", version.name))
        })?;
        let has_rules = has_rules(&schema);
        let deprecated = version.deprecated.then(|| {
            version.deprecation_warning.unwrap_or_else(|| {
                format!("{}/{} {} is deprecated", spec.group, version.name, spec.names.kind)
            })
        });
        let info = KindInfo {
            gvk: GroupVersionKind {
                group: spec.group.clone(),
                version: version.name,
                kind: spec.names.kind.clone(),
            },
            plural: spec.names.plural.clone(),
            singular: spec.names.singular.clone().unwrap_or_else(|| spec.names.kind.to_lowercase()),
            short_names: spec.names.short_names.clone(),
            namespaced: spec.scope == "Namespaced",
            definition: Some(name.clone()),
            deprecated,
            component: String::new(),
        };
        kinds.push(CustomKind { info, schema: completed(schema), has_rules });
    }
    Ok(kinds)
}

/// A root schema with what the server adds to it: `apiVersion`, `kind`, and the real type of `metadata`.
fn completed(mut schema: Schema) -> Schema {
    for name in ["apiVersion", "kind"] {
        schema.properties.entry(name.to_owned()).or_default().type_name = Some("string".to_owned());
    }
    let own = schema.properties.remove("metadata");
    let restrictions: Vec<Schema> = own.into_iter().filter(|own| !own.properties.is_empty()).collect();
    let metadata =
        Schema { reference: Some(OBJECT_META.to_owned()), all_of: restrictions, ..Schema::default() };
    schema.properties.insert("metadata".to_owned(), metadata);
    schema
}

/// Whether a schema or a part of it has `x-kubernetes-validations`.
fn has_rules(schema: &Schema) -> bool {
    let values = match &schema.additional_properties {
        Some(super::Additional::Schema(values)) => Some(values.as_ref()),
        _ => None,
    };
    !schema.validations.is_empty()
        || schema
            .properties
            .values()
            .chain(schema.items.as_deref())
            .chain(values)
            .chain(&schema.all_of)
            .any(has_rules)
}
