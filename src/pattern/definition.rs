//! A pattern as it is read from a ResourceGraphDefinition.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::cel::Scope;
use super::error::PatternError;
use super::form::{Localized, PatternForm};
use super::parameter::{Parameter, ParameterKind, object_schema};
use super::simple_schema;
use super::template::Template;
use crate::manifest::{Location, Manifest};

/// Prefix of the annotations that this module reads.
const ANNOTATION: &str = "kubectl-copilot.dev/";
/// The parameter that every pattern has: who it belongs to, written as a label.
pub(super) const OWNER: &str = "owner";
/// kro's group for kinds that name none.
const DEFAULT_GROUP: &str = "kro.run";

/// A pattern: a schema, a form beside it, and the objects that its values become.
#[derive(Debug, Clone)]
pub struct Pattern {
    /// Kind in CamelCase: `Notebook`, or the native kind.
    pub kind: String,
    /// API group of the instance, `patterns.kubectl-copilot.dev` for those that are shipped; the kind's own group for a
    /// native kind.
    pub group: String,
    /// API version of the instance.
    pub version: String,
    /// True for a native kind: one object of that kind and nothing beside it.
    pub native: bool,
    /// The parameters of `spec`, in the order of the schema, `owner` last where the schema has none of that name.
    pub parameters: Vec<Parameter>,
    /// The form.
    pub form: PatternForm,
    /// The file that it was read from.
    pub file: Option<Arc<str>>,
    /// What it is, as one sentence (annotation `kubectl-copilot.dev/description`).
    pub description: String,
    pub(super) example: Map<String, Value>,
    pub(super) resources: Vec<Resource>,
    pub(super) rules: Vec<Rule>,
    pub(super) validator: jsonschema::Validator,
}

/// One entry of `spec.resources`.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub id: String,
    pub include_when: Vec<Template>,
    pub for_each: Vec<(String, Template)>,
    pub template: Template,
    pub line: Option<usize>,
}

/// One entry of the annotation `kubectl-copilot.dev/rules`: what must be true of several parameters together.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub holds: Template,
    pub message: Template,
    pub parameter: Option<String>,
    pub line: Option<usize>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    rule: String,
    message: String,
    #[serde(default)]
    parameter: Option<String>,
}

/// Reads values out of a manifest and says where it went wrong.
struct Reader<'a> {
    manifest: &'a Manifest,
}

impl Reader<'_> {
    fn get(&self, pointer: &str) -> Option<&Value> {
        self.manifest.object.pointer(pointer)
    }

    fn text(&self, pointer: &str) -> Result<&str, PatternError> {
        match self.get(pointer) {
            Some(Value::String(text)) if !text.is_empty() => Ok(text),
            Some(other) => Err(self.error(pointer, format!("expected text at {pointer}, found {other}"))),
            None => Err(self.error(pointer, format!("{pointer} is missing"))),
        }
    }

    /// The location of the value, or of the nearest one that holds it.
    fn location(&self, pointer: &str) -> Option<Location> {
        let mut pointer = pointer;
        loop {
            if let Some(location) = self.manifest.locations.get(pointer) {
                return Some(*location);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    fn error(&self, pointer: &str, message: impl Into<String>) -> PatternError {
        let location = self.location(pointer);
        PatternError {
            file: self.manifest.file.clone(),
            line: location.map(|location| location.line),
            column: location.map(|location| location.column),
            ..PatternError::new(message)
        }
    }

    fn annotation_pointer(name: &str) -> String {
        format!("/metadata/annotations/{}{name}", ANNOTATION.replace('/', "~1"))
    }

    fn annotation(&self, name: &str) -> Option<&str> {
        self.get(&Self::annotation_pointer(name)).and_then(Value::as_str)
    }

    /// An annotation that holds YAML.
    fn yaml<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<Option<T>, PatternError> {
        let Some(text) = self.annotation(name) else { return Ok(None) };
        serde_saphyr::from_str(text).map(Some).map_err(|error| {
            self.error(
                &Self::annotation_pointer(name),
                format!("the annotation {ANNOTATION}{name} cannot be read: {error}"),
            )
        })
    }
}

impl Pattern {
    /// Reads a pattern and compiles every expression in it.
    ///
    /// # Errors
    /// The first thing that is wrong, with its line as far as the manifest has locations: not a
    /// ResourceGraphDefinition, a schema or form that cannot be read, an expression that is not valid CEL or that reads
    /// more than `schema` (another resource's state, an external reference).
    pub fn from_manifest(manifest: &Manifest) -> Result<Self, PatternError> {
        let reader = Reader { manifest };
        let key = manifest.key();
        if key.kind != "ResourceGraphDefinition" || key.api_version != "kro.run/v1alpha1" {
            let message = format!("{} {} is not a pattern", key.api_version, key.kind);
            return Err(reader
                .error("/kind", message)
                .with_hint("a pattern is a ResourceGraphDefinition of kro.run/v1alpha1"));
        }
        let native = reader.annotation("native") == Some("true");
        let kind = reader.text("/spec/schema/kind")?.to_owned();
        let version = reader.text("/spec/schema/apiVersion")?.to_owned();
        let group = match reader.get("/spec/schema/group").and_then(Value::as_str) {
            Some(group) => group.to_owned(),
            None if native => String::new(),
            None => DEFAULT_GROUP.to_owned(),
        };
        let parameters = read_parameters(&reader)?;
        let (resources, resource_ids) = read_resources(&reader, &parameters)?;
        if resources.is_empty() {
            return Err(reader.error("/spec/resources", format!("the pattern {kind} has no resources")));
        }
        let form = read_form(&reader, &kind, &parameters)?;
        let rules = read_rules(&reader, &parameters, &resource_ids)?;
        let validator = jsonschema::validator_for(&object_schema(&parameters)).map_err(|error| {
            reader.error("/spec/schema/spec", format!("the schema of {kind} cannot be used: {error}"))
        })?;
        Ok(Self {
            description: reader.annotation("description").unwrap_or_default().trim().to_owned(),
            example: reader.yaml("example")?.unwrap_or_default(),
            kind,
            group,
            version,
            native,
            parameters,
            form,
            file: manifest.file.clone(),
            resources,
            rules,
            validator,
        })
    }

    /// An example `spec` (annotation `kubectl-copilot.dev/example`); empty where there is none.
    pub fn example(&self) -> &Map<String, Value> {
        &self.example
    }

    /// The parameter with this name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| parameter.name == name)
    }

    /// JSON Schema (2020-12) of `spec`: an object with the parameters and no others.
    pub fn json_schema(&self) -> Value {
        object_schema(&self.parameters)
    }
}

fn read_parameters(reader: &Reader<'_>) -> Result<Vec<Parameter>, PatternError> {
    const AT: &str = "/spec/schema/spec";
    if reader.get("/spec/schema/types").is_some() {
        return Err(reader
            .error("/spec/schema/types", "custom types (spec.schema.types) are not supported")
            .with_hint("write the fields where the type is used"));
    }
    let empty = Map::new();
    let fields = match reader.get(AT) {
        None => &empty,
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(reader.error(AT, "spec.schema.spec is not an object")),
    };
    let mut parameters = simple_schema::parse(fields)
        .map_err(|(pointer, message)| reader.error(&format!("{AT}{pointer}"), message))?;
    if !parameters.iter().any(|parameter| parameter.name == OWNER) {
        parameters.push(Parameter {
            description: Some("Who it belongs to; written as a label.".to_owned()),
            ..Parameter::new(OWNER, ParameterKind::String)
        });
    }
    Ok(parameters)
}

fn read_resources(
    reader: &Reader<'_>,
    parameters: &[Parameter],
) -> Result<(Vec<Resource>, Vec<String>), PatternError> {
    let empty = Vec::new();
    let entries = match reader.get("/spec/resources") {
        None => &empty,
        Some(Value::Array(entries)) => entries,
        Some(_) => return Err(reader.error("/spec/resources", "spec.resources is not a list")),
    };
    let names: Vec<String> = parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let ids: Vec<String> =
        entries.iter().filter_map(|entry| entry["id"].as_str().map(str::to_owned)).collect();
    let mut resources: Vec<Resource> = Vec::with_capacity(entries.len());
    for index in 0..entries.len() {
        let at = format!("/spec/resources/{index}");
        let id = reader.text(&format!("{at}/id"))?.to_owned();
        if resources.iter().any(|other| other.id == id) {
            return Err(reader.error(&format!("{at}/id"), format!("there are two resources '{id}'")));
        }
        resources.push(read_resource(reader, &at, id, &names, &ids)?);
    }
    Ok((resources, ids))
}

fn read_resource(
    reader: &Reader<'_>,
    at: &str,
    id: String,
    names: &[String],
    ids: &[String],
) -> Result<Resource, PatternError> {
    let refuse = |pointer: &str, reason: String| {
        reader.error(&format!("{at}{pointer}"), format!("resource '{id}': {reason}"))
    };
    if reader.get(&format!("{at}/externalRef")).is_some() {
        return Err(refuse("/externalRef", "externalRef reads an object of a cluster".to_owned()).with_hint(
            "only what follows from schema can be rendered; take the name as a parameter instead",
        ));
    }
    let outer = Scope { parameters: names, resources: ids, variables: &[] };
    let mut for_each = Vec::new();
    if let Some(entries) = reader.get(&format!("{at}/forEach")) {
        let entries =
            entries.as_array().ok_or_else(|| refuse("/forEach", "forEach is not a list".to_owned()))?;
        for (index, entry) in entries.iter().enumerate() {
            let pointer = format!("/forEach/{index}");
            let one =
                entry.as_object().filter(|entry| entry.len() == 1).and_then(|entry| entry.iter().next());
            let Some((variable, Value::String(text))) = one else {
                return Err(refuse(&pointer, "an entry of forEach is one 'variable: ${list}'".to_owned()));
            };
            let list = Template::parse_text(text, &outer).map_err(|reason| refuse(&pointer, reason))?;
            if !matches!(list, Template::Whole(_)) {
                return Err(refuse(&pointer, format!("'{text}' is not one ${{expression}}")));
            }
            for_each.push((variable.clone(), list));
        }
    }
    let variables: Vec<String> = for_each.iter().map(|(variable, _)| variable.clone()).collect();
    let inner = Scope { parameters: names, resources: ids, variables: &variables };
    let mut include_when = Vec::new();
    if let Some(conditions) = reader.get(&format!("{at}/includeWhen")) {
        let conditions = conditions
            .as_array()
            .ok_or_else(|| refuse("/includeWhen", "includeWhen is not a list".to_owned()))?;
        for (index, condition) in conditions.iter().enumerate() {
            let pointer = format!("/includeWhen/{index}");
            let condition =
                Template::parse(condition, &outer).map_err(|(_, reason)| refuse(&pointer, reason))?;
            include_when.push(condition);
        }
    }
    let template = match reader.get(&format!("{at}/template")) {
        Some(template @ Value::Object(_)) => template,
        Some(_) => return Err(refuse("/template", "the template is not an object".to_owned())),
        None => return Err(refuse("", "there is no template".to_owned())),
    };
    for field in ["apiVersion", "kind"] {
        if !template[field].is_string() {
            return Err(refuse("/template", format!("the template has no {field}")));
        }
    }
    let template = Template::parse(template, &inner)
        .map_err(|(pointer, reason)| refuse(&format!("/template{pointer}"), reason))?;
    let line = reader.location(&format!("{at}/template")).map(|location| location.line);
    Ok(Resource { id, include_when, for_each, template, line })
}

fn read_form(reader: &Reader<'_>, kind: &str, parameters: &[Parameter]) -> Result<PatternForm, PatternError> {
    let form: Option<PatternForm> = reader.yaml("form")?;
    let form = form.unwrap_or_else(|| PatternForm {
        title: Localized { en: kind.to_owned(), zh: kind.to_owned() },
        cues: Vec::new(),
        summary: String::new(),
        slots: Vec::new(),
        derived: Vec::new(),
        namespaced: true,
    });
    let known = |name: &str| parameters.iter().any(|parameter| parameter.name == name);
    let implicit = |name: &str| matches!(name, "name" | "namespace");
    let slots = form.slots.iter().map(|slot| &slot.parameter).filter(|name| !implicit(name));
    let derived = form.derived.iter().flat_map(|derived| [&derived.parameter, &derived.from]);
    let counted = form.derived.iter().filter_map(|derived| derived.gpus.as_ref());
    if let Some(unknown) = slots.chain(derived).chain(counted).find(|name| !known(name)) {
        return Err(reader.error(
            &Reader::annotation_pointer("form"),
            format!("the form of {kind} speaks of '{unknown}', which is no parameter of its schema"),
        ));
    }
    Ok(form)
}

fn read_rules(
    reader: &Reader<'_>,
    parameters: &[Parameter],
    resources: &[String],
) -> Result<Vec<Rule>, PatternError> {
    let pointer = Reader::annotation_pointer("rules");
    let texts: Vec<RuleText> = reader.yaml("rules")?.unwrap_or_default();
    let names: Vec<String> = parameters.iter().map(|parameter| parameter.name.clone()).collect();
    let scope = Scope { parameters: &names, resources, variables: &[] };
    let line = reader.location(&pointer).map(|location| location.line);
    texts
        .into_iter()
        .map(|text| {
            let read = |source: &str| {
                Template::parse_text(source, &scope)
                    .map_err(|reason| reader.error(&pointer, format!("a rule cannot be used: {reason}")))
            };
            Ok(Rule {
                holds: read(&format!("${{{}}}", text.rule))?,
                message: read(&text.message)?,
                parameter: text.parameter,
                line,
            })
        })
        .collect()
}
