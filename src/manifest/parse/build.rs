//! From the events of the YAML parser to values with a position for every JSON pointer, within a budget.

use std::collections::{BTreeMap, HashMap};

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};
use serde_json::{Map, Value};

use super::{Budget, Document, scalar};
use crate::manifest::visible::visible_short;
use crate::manifest::{Location, pointer};

/// What went wrong and where; the file is added by the caller.
#[derive(Debug)]
pub(super) struct Fault {
    pub at: Location,
    pub message: String,
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn new(at: Location, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at, message: message.into(), hint: Some(hint.into()) }
    }
}

/// What has been used up, over all documents of one text.
#[derive(Debug, Default)]
pub(super) struct Used {
    nodes: usize,
    bytes: usize,
    pointers: usize,
}

/// The copy of an anchored value that an alias stands for.
struct Anchored {
    value: Value,
    /// Positions relative to the value, the value itself (the empty pointer) included.
    locations: Vec<(String, Location)>,
    height: usize,
    bytes: usize,
}

/// Reads the documents of one text.
pub(super) struct Builder<'t, 'b> {
    parser: Parser<'t, StrInput<'t>>,
    budget: &'b Budget,
    used: &'b mut Used,
    /// Where the text begins in its file.
    origin: Location,
    anchors: HashMap<usize, Anchored>,
    locations: BTreeMap<String, Location>,
    pointer: String,
}

impl<'t, 'b> Builder<'t, 'b> {
    pub(super) fn new(text: &'t str, origin: Location, budget: &'b Budget, used: &'b mut Used) -> Self {
        Self {
            parser: Parser::new_from_str(text),
            budget,
            used,
            origin,
            anchors: HashMap::new(),
            locations: BTreeMap::new(),
            pointer: String::new(),
        }
    }

    /// All documents of the text; empty ones are left out.
    pub(super) fn documents(mut self) -> Result<Vec<Document>, Fault> {
        let mut found = Vec::new();
        let mut count = 0;
        loop {
            let (event, at) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(found),
                Event::DocumentStart(_) => {
                    count += 1;
                    if count > self.budget.documents {
                        let limit = self.budget.documents;
                        return Err(Fault::new(
                            at,
                            format!("more than {limit} documents in one text"),
                            "split it into several files",
                        ));
                    }
                    found.extend(self.document()?);
                }
                _ => {}
            }
        }
    }

    fn document(&mut self) -> Result<Option<Document>, Fault> {
        // Anchors end with their document.
        self.anchors.clear();
        self.locations.clear();
        self.pointer.clear();
        let (event, at) = self.next()?;
        let value = self.node(event, at, 1)?;
        let locations = std::mem::take(&mut self.locations);
        Ok((!value.is_null()).then_some(Document { value, locations }))
    }

    fn next(&mut self) -> Result<(Event<'t>, Location), Fault> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, self.location(span))),
            Some(Err(error)) => Err(self.scan_fault(&error)),
            None => Err(Fault::new(self.origin, "the text ends too early", "complete it")),
        }
    }

    fn location(&self, span: Span) -> Location {
        self.shifted(span.start.line(), span.start.col() + 1)
    }

    fn shifted(&self, line: usize, column: usize) -> Location {
        let column = if line <= 1 { self.origin.column + column - 1 } else { column };
        Location { line: self.origin.line + line.max(1) - 1, column }
    }

    fn scan_fault(&self, error: &ScanError) -> Fault {
        let info = error.info();
        let at = self.shifted(error.marker().line(), error.marker().col() + 1);
        let hint = if info.contains("tab") {
            "indent with spaces"
        } else if info.contains("recursion limit") {
            "it is nested too deeply; make it simpler"
        } else if info.contains("unknown anchor") {
            "define the anchor (`&name`) above, in the same document"
        } else {
            "check the indentation, the quotes and the colons here and in the line above"
        };
        Fault::new(at, format!("not valid YAML: {info}"), hint)
    }

    /// One node with everything below it. `depth` is 1 for the root.
    fn node(&mut self, event: Event<'t>, at: Location, depth: usize) -> Result<Value, Fault> {
        if let Event::Alias(anchor) = event {
            return self.alias(anchor, at, depth);
        }
        self.charge(1, 0, at)?;
        self.check_depth(depth, at)?;
        self.locate(self.pointer.clone(), at)?;
        let (value, anchor) = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.charge(0, text.len(), at)?;
                (read_scalar(&text, style, tag.as_deref(), at)?, anchor)
            }
            Event::SequenceStart(anchor, tag) => {
                check_collection_tag(tag.as_deref(), "seq", at)?;
                (Value::Array(self.sequence(depth)?), anchor)
            }
            Event::MappingStart(anchor, tag) => {
                check_collection_tag(tag.as_deref(), "map", at)?;
                (Value::Object(self.mapping(depth)?), anchor)
            }
            _ => return Err(Fault::new(at, "a value is missing here", "write one, or `null`")),
        };
        if anchor > 0 {
            self.remember(anchor, &value, at)?;
        }
        Ok(value)
    }

    fn sequence(&mut self, depth: usize) -> Result<Vec<Value>, Fault> {
        let mut list = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::SequenceEnd {
                return Ok(list);
            }
            let length = self.pointer.len();
            self.pointer.push('/');
            self.pointer.push_str(&list.len().to_string());
            list.push(self.node(event, at, depth + 1)?);
            self.pointer.truncate(length);
        }
    }

    fn mapping(&mut self, depth: usize) -> Result<Map<String, Value>, Fault> {
        let mut map = Map::new();
        let mut merges = Vec::new();
        loop {
            let (event, at) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            let key = self.key(event, at)?;
            let length = self.pointer.len();
            let token = match &key {
                Key::Merge => "<<\0",
                Key::Name(name) => name,
            };
            self.pointer.push('/');
            self.pointer.push_str(&pointer::escape(token));
            if map.contains_key(token) {
                let first = self.locations.get(&self.pointer).map_or(0, |location| location.line);
                return Err(Fault::new(
                    at,
                    format!(
                        "the key `{}` stands twice in the same map (its first value is in line {first})",
                        visible_short(token, 60)
                    ),
                    "keep one of the two",
                ));
            }
            let (event, value_at) = self.next()?;
            let value = self.node(event, value_at, depth + 1)?;
            match key {
                Key::Merge => {
                    let locations = self.take_locations();
                    merges.push((value, locations, at));
                }
                Key::Name(name) => {
                    map.insert(name, value);
                }
            }
            self.pointer.truncate(length);
        }
        for (value, locations, at) in merges {
            self.merge(&mut map, value, &locations, at)?;
        }
        Ok(map)
    }

    fn key(&mut self, event: Event<'t>, at: Location) -> Result<Key, Fault> {
        let value = match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.charge(0, text.len(), at)?;
                if style == ScalarStyle::Plain && tag.is_none() && text == "<<" {
                    return Ok(Key::Merge);
                }
                let value = read_scalar(&text, style, tag.as_deref(), at)?;
                if anchor > 0 {
                    let bytes = scalar_bytes(&value);
                    let locations = vec![(String::new(), at)];
                    self.anchors
                        .insert(anchor, Anchored { value: value.clone(), locations, height: 1, bytes });
                }
                value
            }
            Event::Alias(anchor) => match self.anchors.get(&anchor) {
                Some(anchored) => {
                    let (value, bytes) = (anchored.value.clone(), anchored.bytes);
                    self.charge(0, bytes, at)?;
                    value
                }
                None => return Err(unknown_anchor(at)),
            },
            _ => Value::Array(Vec::new()),
        };
        match value {
            Value::String(name) => Ok(Key::Name(name)),
            Value::Number(number) => Ok(Key::Name(number.to_string())),
            Value::Bool(flag) => Ok(Key::Name(flag.to_string())),
            Value::Null | Value::Array(_) | Value::Object(_) => Err(Fault::new(
                at,
                "a key of a map must be a word, and this is empty, a list or a map",
                "write `key: value`; braces of a template language have to be in quotes",
            )),
        }
    }

    /// `<<: *base`: the keys of one map, or of several, that are not there yet.
    fn merge(
        &mut self,
        map: &mut Map<String, Value>,
        value: Value,
        locations: &[(String, Location)],
        at: Location,
    ) -> Result<(), Fault> {
        let sources = match value {
            Value::Object(source) => vec![(String::new(), source)],
            Value::Array(list) if list.iter().all(Value::is_object) => list
                .into_iter()
                .enumerate()
                .filter_map(|(index, source)| match source {
                    Value::Object(source) => Some((format!("/{index}"), source)),
                    _ => None,
                })
                .collect(),
            _ => {
                return Err(Fault::new(
                    at,
                    "`<<` takes a map or a list of maps",
                    "point it at an anchored map, or put the key in quotes",
                ));
            }
        };
        for (prefix, source) in sources {
            for (key, value) in source {
                if map.contains_key(&key) {
                    continue;
                }
                let from = pointer::join(&prefix, &key);
                let to = pointer::join(&self.pointer, &key);
                // The positions are in the order of their pointers.
                let first = locations.partition_point(|(relative, _)| relative.as_str() < from.as_str());
                let below =
                    locations.iter().skip(first).take_while(|(relative, _)| relative.starts_with(&from));
                for (relative, location) in below {
                    if pointer::is_within(relative, &from) {
                        self.locate(format!("{to}{}", &relative[from.len()..]), *location)?;
                    }
                }
                map.insert(key, value);
            }
        }
        Ok(())
    }

    fn alias(&mut self, anchor: usize, at: Location, depth: usize) -> Result<Value, Fault> {
        let Some(anchored) = self.anchors.get(&anchor) else { return Err(unknown_anchor(at)) };
        let (nodes, bytes, height) = (anchored.locations.len(), anchored.bytes, anchored.height);
        self.charge(nodes, bytes, at)?;
        self.check_depth(depth + height - 1, at)?;
        // Charged first, copied after. The entry is put back since a value may be used many times.
        let Some(anchored) = self.anchors.remove(&anchor) else { return Err(unknown_anchor(at)) };
        let mut result = Ok(());
        for (relative, location) in &anchored.locations {
            let location = if relative.is_empty() { at } else { *location };
            result = self.locate(format!("{}{relative}", self.pointer), location);
            if result.is_err() {
                break;
            }
        }
        let value = anchored.value.clone();
        self.anchors.insert(anchor, anchored);
        result.map(|()| value)
    }

    fn remember(&mut self, anchor: usize, value: &Value, at: Location) -> Result<(), Fault> {
        let (height, bytes) = measure(value);
        let locations: Vec<(String, Location)> = self.locations_below().collect();
        self.charge(locations.len(), bytes, at)?;
        self.anchors.insert(anchor, Anchored { value: value.clone(), locations, height, bytes });
        Ok(())
    }

    /// The positions at and below the current pointer, relative to it.
    fn locations_below(&self) -> impl Iterator<Item = (String, Location)> + '_ {
        let prefix = self.pointer.as_str();
        self.locations
            .range(prefix.to_owned()..)
            .take_while(move |(key, _)| key.starts_with(prefix))
            .filter(move |(key, _)| pointer::is_within(key, prefix))
            .map(move |(key, location)| (key[prefix.len()..].to_owned(), *location))
    }

    fn take_locations(&mut self) -> Vec<(String, Location)> {
        let taken: Vec<(String, Location)> = self.locations_below().collect();
        for (relative, _) in &taken {
            self.locations.remove(&format!("{}{relative}", self.pointer));
        }
        taken
    }

    fn locate(&mut self, pointer: String, at: Location) -> Result<(), Fault> {
        self.used.pointers += pointer.len();
        if self.used.pointers > self.budget.bytes.max(1 << 20).saturating_mul(16) {
            return Err(too_large(at, "its keys are too long for their depth"));
        }
        self.locations.insert(pointer, at);
        Ok(())
    }

    fn charge(&mut self, nodes: usize, bytes: usize, at: Location) -> Result<(), Fault> {
        self.used.nodes = self.used.nodes.saturating_add(nodes);
        self.used.bytes = self.used.bytes.saturating_add(bytes);
        if self.used.nodes > self.budget.nodes {
            let limit = self.budget.nodes;
            return Err(too_large(at, &format!("it has more than {limit} values, aliases written out")));
        }
        if self.used.bytes > self.budget.bytes.saturating_mul(4) {
            return Err(too_large(at, "its aliases stand for too much text"));
        }
        Ok(())
    }

    fn check_depth(&self, depth: usize, at: Location) -> Result<(), Fault> {
        if depth > self.budget.depth {
            let limit = self.budget.depth;
            return Err(too_large(at, &format!("it is nested deeper than {limit} levels")));
        }
        Ok(())
    }
}

enum Key {
    Merge,
    Name(String),
}

fn too_large(at: Location, why: &str) -> Fault {
    Fault::new(at, format!("the text is too large: {why}"), "split it into several files or make it simpler")
}

fn unknown_anchor(at: Location) -> Fault {
    Fault::new(
        at,
        "this alias stands for an anchor that is not complete in this document",
        "define the anchor (`&name`) above, in the same document, and outside of its own value",
    )
}

fn read_scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>, at: Location) -> Result<Value, Fault> {
    let value = match tag {
        Some(tag) if tag.is_yaml_core_schema() => scalar::tagged(&tag.suffix, text),
        Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => Ok(Value::String(text.to_owned())),
        Some(tag) => return Err(foreign_tag(tag, at)),
        None if style == ScalarStyle::Plain => scalar::plain(text),
        None => Ok(Value::String(text.to_owned())),
    };
    value.map_err(|unreadable| Fault::new(at, unreadable.message, unreadable.hint))
}

fn check_collection_tag(tag: Option<&Tag>, expected: &str, at: Location) -> Result<(), Fault> {
    match tag {
        None => Ok(()),
        Some(tag) if tag.is_yaml_core_schema() && tag.suffix == expected => Ok(()),
        Some(tag) if tag.handle == "!" && tag.suffix.is_empty() => Ok(()),
        Some(tag) => Err(foreign_tag(tag, at)),
    }
}

fn foreign_tag(tag: &Tag, at: Location) -> Fault {
    let name = visible_short(&tag.to_string(), 60);
    Fault::new(
        at,
        format!("the tag `{name}` has no meaning in a Kubernetes object"),
        "remove it; what it stands for has to be written out",
    )
}

/// Levels of nesting (1 for a scalar) and bytes of text.
fn measure(value: &Value) -> (usize, usize) {
    let below = |children: &mut dyn Iterator<Item = (usize, &Value)>| {
        children.fold((1, 0_usize), |(height, bytes), (key, child)| {
            let (below, text) = measure(child);
            (height.max(below + 1), bytes.saturating_add(text).saturating_add(key))
        })
    };
    match value {
        Value::Object(map) => below(&mut map.iter().map(|(key, child)| (key.len(), child))),
        Value::Array(list) => below(&mut list.iter().map(|child| (0, child))),
        scalar => (1, scalar_bytes(scalar)),
    }
}

fn scalar_bytes(value: &Value) -> usize {
    value.as_str().map_or(8, str::len)
}
