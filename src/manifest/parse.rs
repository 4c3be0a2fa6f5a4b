//! Multi-document YAML and JSON, with a position for every value, within a budget.

mod build;
mod json;
mod quoted;
mod scalar;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde_json::Value;

use self::build::{Builder, Fault, Used};
use super::visible::{visible_line, visible_short};
use super::{Location, Manifest};

/// What one text may cost. A text that needs more is an error, never cut.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of the text.
    pub bytes: usize,
    /// Levels of nesting; a scalar at the root is one level.
    pub depth: usize,
    /// Values (maps, lists and scalars) of all documents, with aliases written out.
    pub nodes: usize,
    /// Documents in one text, empty ones included.
    pub documents: usize,
}

impl Default for Budget {
    /// 10 MiB, 100 levels, 500 000 values, 10 000 documents.
    fn default() -> Self {
        Self { bytes: 10 << 20, depth: 100, nodes: 500_000, documents: 10_000 }
    }
}

/// One document of a text that need not be a Kubernetes object.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// The value; never null, since empty documents are skipped.
    pub value: Value,
    /// For each RFC 6901 JSON pointer of the value, where it begins in the text.
    pub locations: BTreeMap<String, Location>,
}

impl Document {
    /// The object of this document, or those of a list of them, as [`parse`] has them.
    ///
    /// # Errors
    /// An object, or an item of a list, without `apiVersion` and `kind`.
    pub fn into_manifests(self, file: Option<&str>) -> Result<Vec<Manifest>, ParseError> {
        let mut manifests = Vec::new();
        flatten(self, file.map(Arc::from).as_ref(), &mut manifests)
            .map_err(|fault| with_file(fault, file))?;
        Ok(manifests)
    }
}

/// Why a text could not be read, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ParseError {
    /// The file, as the caller named it.
    pub file: Option<String>,
    /// Line, 1-based.
    pub line: usize,
    /// Column, 1-based, in characters.
    pub column: usize,
    /// What is wrong, with the value.
    pub message: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl fmt::Display for ParseError {
    /// `file:line:column: message; hint`, safe to show: the text's own control characters are written out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", visible_line(file))?;
        }
        write!(f, "{}:{}: {}", self.line, self.column, visible_line(&self.message))?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "; {}", visible_line(hint)))
    }
}

/// The Kubernetes objects of a YAML or JSON text, in its order, with positions. Lists (`kind: List`, and typed ones
/// such as `DeploymentList`) become their items; empty documents are skipped.
///
/// Scalars are read as `sigs.k8s.io/yaml` reads them (`0644` is octal), except that `yes`, `no`, `on` and `off`
/// stay strings.
///
/// # Errors
/// Text that is not UTF-8, not YAML or beyond the budget, a key that stands twice, an alias without its anchor, a
/// tag that JSON cannot carry, a document without `apiVersion` and `kind`.
pub fn parse(text: &[u8], file: Option<&str>, budget: &Budget) -> Result<Vec<Manifest>, ParseError> {
    let source: Option<Arc<str>> = file.map(Arc::from);
    let mut manifests = Vec::new();
    for document in parse_documents(text, file, budget)? {
        flatten(document, source.as_ref(), &mut manifests).map_err(|fault| with_file(fault, file))?;
    }
    Ok(manifests)
}

/// The documents of a YAML or JSON text that need not be Kubernetes objects. Empty ones are skipped.
///
/// # Errors
/// As [`parse`], without the demands on the objects.
pub fn parse_documents(
    text: &[u8],
    file: Option<&str>,
    budget: &Budget,
) -> Result<Vec<Document>, ParseError> {
    read(text, budget).map_err(|fault| with_file(fault, file))
}

/// The one value of a YAML or JSON text: a row of data, a catalogue. An empty text is null.
///
/// # Errors
/// As [`parse_documents`], and where the text has more than one document.
pub fn parse_value(text: &[u8], file: Option<&str>, budget: &Budget) -> Result<Value, ParseError> {
    let mut documents = parse_documents(text, file, budget)?.into_iter();
    let first = documents.next().map_or(Value::Null, |document| document.value);
    match documents.next() {
        None => Ok(first),
        Some(second) => {
            let at = second.locations.get("").copied().unwrap_or(START);
            let message = "one document is expected here, and a second one begins";
            Err(with_file(Fault::new(at, message, "remove what follows the `---`"), file))
        }
    }
}

const START: Location = Location { line: 1, column: 1 };

fn read(bytes: &[u8], budget: &Budget) -> Result<Vec<Document>, Fault> {
    if bytes.len() > budget.bytes {
        let message = format!(
            "the text is too large: it has {} bytes, and {} are read at most",
            bytes.len(),
            budget.bytes
        );
        return Err(Fault::new(START, message, "split it into several files"));
    }
    let text = decode(bytes)?;
    let mut used = Used::default();
    let Some(chunks) = json::documents(text) else {
        return lenient(text, budget);
    };
    let mut documents = Vec::new();
    let (mut origin, mut reached) = (START, 0);
    for (offset, chunk) in chunks {
        origin = moved(origin, text.get(reached..offset).unwrap_or_default());
        reached = offset;
        documents.extend(Builder::new(&chunk, origin, budget, &mut used).documents()?);
        if documents.len() > budget.documents {
            let message = format!("more than {} documents in one text", budget.documents);
            return Err(Fault::new(origin, message, "split it into several files"));
        }
    }
    Ok(documents)
}

/// Quoted texts of which the next line has to be indented first; more are an error, since each is a reading of its own.
const MOST_INDENTED: usize = 64;

/// Reads YAML, with quoted texts that go on without being indented.
fn lenient(text: &str, budget: &Budget) -> Result<Vec<Document>, Fault> {
    let mut text = Cow::Borrowed(text);
    for _ in 0..MOST_INDENTED {
        match Builder::new(&text, START, budget, &mut Used::default()).documents() {
            Err(fault) => match quoted::indented(&text, &fault) {
                Some(indented) => text = Cow::Owned(indented),
                None => return Err(fault),
            },
            documents => return documents,
        }
    }
    Builder::new(&text, START, budget, &mut Used::default()).documents()
}

/// UTF-8 without a byte order mark and without NUL.
fn decode(bytes: &[u8]) -> Result<&str, Fault> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = bytes.get(..error.valid_up_to()).unwrap_or_default();
        let at = location_of(&String::from_utf8_lossy(valid), valid.len());
        Fault::new(at, "the text is not UTF-8", "save the file as UTF-8")
    })?;
    match text.find('\0') {
        None => Ok(text),
        Some(at) => Err(Fault::new(
            location_of(text, at),
            "the text has a NUL character and is not YAML",
            "check that this is a text file",
        )),
    }
}

fn location_of(text: &str, offset: usize) -> Location {
    moved(START, text.get(..offset).unwrap_or(text))
}

/// The place behind `text`, which begins at `from`.
fn moved(from: Location, text: &str) -> Location {
    let lines = text.matches('\n').count();
    let last = text.rsplit('\n').next().unwrap_or_default().chars().count();
    let column = if lines == 0 { from.column + last } else { last + 1 };
    Location { line: from.line + lines, column }
}

fn with_file(fault: Fault, file: Option<&str>) -> ParseError {
    ParseError {
        file: file.map(str::to_owned),
        line: fault.at.line,
        column: fault.at.column,
        message: fault.message,
        hint: fault.hint,
    }
}

/// One object, or the items of a list of objects.
fn flatten(document: Document, file: Option<&Arc<str>>, manifests: &mut Vec<Manifest>) -> Result<(), Fault> {
    let Document { value, locations } = document;
    let at = locations.get("").copied().unwrap_or(START);
    let kind = required(&value, &locations, "kind", at)?;
    let api_version = required(&value, &locations, "apiVersion", at)?;
    if !is_list(&value, &api_version, &kind) {
        manifests.push(Manifest { object: value, file: file.cloned(), locations });
        return Ok(());
    }
    let items = match value {
        Value::Object(mut map) => map.remove("items").unwrap_or(Value::Null),
        _ => Value::Null,
    };
    let items = match items {
        Value::Array(items) => items,
        Value::Null => Vec::new(),
        other => {
            let at = locations.get("/items").copied().unwrap_or(at);
            let message = format!("`items` of a {kind} must be a list, and this is {}", describe(&other));
            return Err(Fault::new(at, message, "write one item a line, each behind a `- `"));
        }
    };
    // One pass over the positions, however many items there are.
    let mut positions: Vec<BTreeMap<String, Location>> = vec![BTreeMap::new(); items.len()];
    for (pointer, location) in locations {
        let Some(rest) = pointer.strip_prefix("/items/") else { continue };
        let (index, below) = rest.find('/').map_or((rest, ""), |cut| rest.split_at(cut));
        if let Some(item) = index.parse::<usize>().ok().and_then(|index| positions.get_mut(index)) {
            item.insert(below.to_owned(), location);
        }
    }
    let item_kind = kind.strip_suffix("List").filter(|kind| !kind.is_empty());
    for (mut item, locations) in items.into_iter().zip(positions) {
        if let (Value::Object(map), Some(item_kind)) = (&mut item, item_kind) {
            // The items of a typed list, as the API server sends them, carry neither.
            if !map.contains_key("apiVersion") && !map.contains_key("kind") {
                map.insert("apiVersion".to_owned(), Value::from(api_version.as_str()));
                map.insert("kind".to_owned(), Value::from(item_kind));
            }
        }
        flatten(Document { value: item, locations }, file, manifests)?;
    }
    Ok(())
}

fn is_list(value: &Value, api_version: &str, kind: &str) -> bool {
    if kind == "List" && api_version == "v1" {
        return true;
    }
    // An object that merely ends in "List" has a name; a list has none.
    kind.ends_with("List")
        && value.get("items").is_some_and(Value::is_array)
        && value.pointer("/metadata/name").is_none()
}

fn required(
    value: &Value,
    locations: &BTreeMap<String, Location>,
    field: &str,
    at: Location,
) -> Result<String, Fault> {
    const HINT: &str =
        "every object begins with `apiVersion` and `kind`, e.g. `apiVersion: v1` and `kind: Pod`";
    let Value::Object(map) = value else {
        let found = describe(value);
        return Err(Fault::new(
            at,
            format!("a Kubernetes object is expected here, and this is {found}"),
            HINT,
        ));
    };
    match map.get(field) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        None => Err(Fault::new(at, format!("this object has no `{field}`"), HINT)),
        Some(other) => {
            let at = locations.get(&format!("/{field}")).copied().unwrap_or(at);
            let found = describe(other);
            Err(Fault::new(at, format!("`{field}` must be a word, and this is {found}"), HINT))
        }
    }
}

/// The value in a message: `the string "x"`, `a list`.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(flag) => format!("the boolean {flag}"),
        Value::Number(number) => format!("the number {number}"),
        Value::String(text) => format!("the string \"{}\"", visible_short(text, 40)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}
