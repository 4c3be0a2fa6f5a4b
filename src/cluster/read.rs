//! One object, or a bounded list of them.

use serde_json::Value;

use super::discovery::ApiResource;
use super::error::{ClusterError, Wrong};
use super::redact::redacted;
use super::transport::{Transport, encoded};
use crate::manifest::masked::MaskKey;

/// Objects in one answer.
const PAGE: usize = 500;
/// Answers of one list: at most 20 000 objects.
const PAGES: usize = 40;

/// Which objects of a list are wanted. Empty means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    /// Label selector, e.g. `app=web,tier!=db`.
    pub labels: String,
    /// Field selector, e.g. `status.phase=Running`.
    pub fields: String,
}

impl Selector {
    /// All objects.
    pub fn all() -> Self {
        Self::default()
    }

    /// Those with these labels.
    pub fn labels(selector: impl Into<String>) -> Self {
        Self { labels: selector.into(), fields: String::new() }
    }

    /// Those with these fields.
    pub fn fields(selector: impl Into<String>) -> Self {
        Self { labels: String::new(), fields: selector.into() }
    }
}

/// A list that was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Listed {
    /// The objects, with `apiVersion` and `kind`, secret values masked.
    pub items: Vec<Value>,
    /// False where there are more than the 20 000 that are read.
    pub complete: bool,
}

/// One object; `None` where there is none.
pub(super) async fn get(
    resource: &ApiResource,
    namespace: Option<&str>,
    name: &str,
    transport: &Transport,
    mask: &MaskKey,
) -> Result<Option<Value>, ClusterError> {
    let place = namespace
        .filter(|_| resource.namespaced)
        .map(|namespace| format!(" in namespace {namespace}"))
        .unwrap_or_default();
    let what = format!("cannot read {}/{name}{place}", resource.gvk.kind);
    if name.is_empty() || name == "." || name == ".." || name.contains('/') {
        let hint = "give the object's own name";
        return Err(ClusterError::new(Wrong::Internal, what, "that is no name of an object", hint));
    }
    let found = transport.find(&resource.path(namespace, Some(name)), &what).await?;
    Ok(found.map(|object| redacted(object, mask)))
}

/// Walks through a list, page by page, each object handed to `take`. True where it was read to its end.
pub(super) async fn each(
    resource: &ApiResource,
    namespace: Option<&str>,
    selector: &Selector,
    accept: &str,
    transport: &Transport,
    mut take: impl FnMut(Value),
) -> Result<bool, ClusterError> {
    let place = match namespace.filter(|_| resource.namespaced) {
        Some(namespace) => format!(" in namespace {namespace}"),
        None if resource.namespaced => " of all namespaces".to_owned(),
        None => String::new(),
    };
    let what = format!("cannot list {}{place}", resource.plural);
    let base = resource.path(namespace, None);
    let mut next = String::new();
    for _ in 0..PAGES {
        let mut path = format!("{base}?limit={PAGE}");
        for (name, value) in
            [("labelSelector", &selector.labels), ("fieldSelector", &selector.fields), ("continue", &next)]
        {
            if !value.is_empty() {
                path.push_str(&format!("&{name}={}", encoded(value)));
            }
        }
        let mut page = transport.read(&path, accept, &what).await?;
        let more = page.pointer("/metadata/continue").and_then(Value::as_str).unwrap_or_default().to_owned();
        if let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) {
            items.into_iter().for_each(|item| take(typed(item, resource)));
        }
        if more.is_empty() {
            return Ok(true);
        }
        next = more;
    }
    Ok(false)
}

/// All objects, masked.
pub(super) async fn list(
    resource: &ApiResource,
    namespace: Option<&str>,
    selector: &Selector,
    accept: &str,
    transport: &Transport,
    mask: &MaskKey,
) -> Result<Listed, ClusterError> {
    let mut items = Vec::new();
    let read = async |items: &mut Vec<Value>| {
        each(resource, namespace, selector, accept, transport, |item| items.push(redacted(item, mask))).await
    };
    let complete = match read(&mut items).await {
        // The pages before belong to a state that the server has forgotten: once more from the start.
        Err(error) if error.wrong() == Wrong::Answer(410) => {
            items.clear();
            read(&mut items).await?
        }
        other => other?,
    };
    Ok(Listed { items, complete })
}

/// Objects of a list do not say what they are.
fn typed(mut item: Value, resource: &ApiResource) -> Value {
    if let Some(object) = item.as_object_mut() {
        object.insert("apiVersion".to_owned(), Value::String(resource.gvk.api_version()));
        object.insert("kind".to_owned(), Value::String(resource.gvk.kind.clone()));
    }
    item
}
