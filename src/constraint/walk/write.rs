//! The steps of writing a manifest.

use serde_json::{Map, Value};

use super::frame::{Frame, Inner, Offer, Slot, View, needs, offers};
use super::known::Known;
use super::leaf::{Leaf, Shape, Site, leaf, plain_text, shape};
use super::lost::{self, Lost};
use super::narrow::Narrow;
use super::near::Near;
use super::rules::Rules;
use super::said::Said;
use super::volumes::Volumes;
use super::worth::{Ground, is_bare, is_made_up, is_repeated, may_repeat};
use crate::constraint::{Author, Choice, FreeKind, Step, Taken, value_of};
use crate::manifest::pointer;
use crate::schema::{KindSchema, Node};

/// The end of a manifest as models write it.
const END: &str = "```\n";
/// Behind this many lines only what is required is offered.
const MOST_LINES: usize = 100;
/// Entries of one list.
const MOST_ITEMS: usize = 16;

/// Nothing is known of the kind.
static NOTHING: Known = Known::new();

/// Where a value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// It stands in the request.
    Said,
    /// There was nothing else to be.
    Rule,
    /// The model chose it from a closed list, or wrote it.
    Model,
}

/// One scalar of a manifest.
#[derive(Debug, Clone, PartialEq)]
pub struct Written {
    /// JSON pointer.
    pub path: String,
    /// Its value.
    pub value: Value,
    /// See [`Source`].
    pub source: Source,
    /// See [`Ground`].
    pub ground: Ground,
    /// How sure the model was, 0 to 1; absent where there was nothing to choose.
    pub confidence: Option<f32>,
}

/// What a line may be.
#[derive(Debug, Clone)]
pub(super) enum Act {
    /// Field `key` of frame `frame`, closing what is above.
    Field { frame: usize, key: String, empty: bool },
    /// A new entry of list `frame` that begins with field `key`.
    ItemField { frame: usize, key: String },
    /// A new scalar entry of list `frame`.
    Item { frame: usize },
    /// A new entry `{}` of list `frame`.
    EmptyItem { frame: usize },
    /// An entry of map `frame`.
    Entry { frame: usize, key: String },
    /// The namespace of the object.
    Namespace,
    /// The end.
    End,
}

/// What the next answer is about.
#[derive(Debug)]
pub(super) enum Expect {
    /// The next step is to be made.
    Nothing,
    /// A line: what each text means.
    Line(Vec<Act>),
    /// A value of a field or entry of the innermost frame.
    Value { key: Option<String>, leaf: Leaf },
}

/// Writes one manifest. Drive it with a backend ([`Author`]), then ask for [`Walk::finish`].
pub struct Walk<'a> {
    pub(super) rules: &'a Rules,
    pub(super) said: &'a Said,
    pub(super) known: &'a Known,
    narrow: Option<&'a Narrow>,
    pub(super) near: Near,
    pub(super) frames: Vec<Frame<'a>>,
    forced: String,
    pub(super) namespaces: Vec<Value>,
    pub(super) expect: Expect,
    pub(super) written: Vec<Written>,
    /// Numbers of the request that a field has taken.
    pub(super) used: Vec<i64>,
    /// What was made up and left out: JSON pointers with the value.
    pub(super) left_out: Vec<String>,
    /// What an earlier walk had no place for and this one has not yet written.
    pub(super) lost: Vec<Lost>,
    lines: usize,
    missing: Option<String>,
    object: Option<Value>,
}

impl<'a> Walk<'a> {
    /// An object of a kind. Its name is one of `names` (not empty), its namespace, where the model gives it one, one of
    /// `namespaces`.
    pub fn new(
        kind: KindSchema<'a>,
        names: &[String],
        namespaces: &[String],
        said: &'a Said,
        rules: &'a Rules,
    ) -> Self {
        let gvk = &kind.info.gvk;
        let mut root = Map::new();
        root.insert("apiVersion".into(), Value::from(gvk.api_version()));
        root.insert("kind".into(), Value::from(gvk.kind.as_str()));
        let forced = format!("apiVersion: {}\nkind: {}\nmetadata:\n  name:", gvk.api_version(), gvk.kind);
        let texts =
            |texts: &[String]| texts.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>();
        let namespaces = if kind.info.namespaced { texts(namespaces) } else { Vec::new() };
        // The schema of a custom kind need not say what metadata is: every object's is the same.
        let metadata = kind.node.object_meta().unwrap_or(kind.node);
        let role = rules.role(metadata, "metadata");
        let frames = vec![
            Frame {
                slot: Slot::Root,
                path: String::new(),
                field: String::new(),
                indent: 0,
                optional: false,
                inner: Inner::Object { node: kind.node, role: rules.role(kind.node, ""), value: root },
            },
            Frame {
                slot: Slot::Key("metadata".into()),
                path: "/metadata".into(),
                field: "metadata".into(),
                indent: 2,
                optional: false,
                inner: Inner::Object { node: metadata, role, value: Map::new() },
            },
        ];
        Self {
            rules,
            said,
            known: &NOTHING,
            narrow: None,
            near: Near::of(said, rules, kind.node),
            frames,
            forced,
            expect: Expect::Value { key: Some("name".into()), leaf: Leaf::Closed(texts(names)) },
            namespaces,
            written: Vec::new(),
            used: Vec::new(),
            left_out: Vec::new(),
            lost: Vec::new(),
            lines: 0,
            missing: None,
            object: None,
        }
    }

    /// What was shown to the model may be written too.
    #[must_use]
    pub fn with_known(mut self, known: &'a Known) -> Self {
        self.known = known;
        self
    }

    /// What nobody said is as policies have it.
    #[must_use]
    pub fn with_narrow(mut self, narrow: &'a Narrow) -> Self {
        self.narrow = Some(narrow);
        self
    }

    /// A closed list at the place that is being written, without what policies refuse.
    fn narrow(&mut self) {
        let (Some(narrow), Expect::Value { key, leaf: Leaf::Closed(values) }) =
            (self.narrow, &mut self.expect)
        else {
            return;
        };
        let Some(frame) = self.frames.last() else { return };
        let path = match (key, &frame.inner) {
            (Some(key), _) => pointer::join(&frame.path, key),
            (None, Inner::List { value, .. }) => pointer::join_index(&frame.path, value.len()),
            (None, _) => return,
        };
        if let Some(left) = narrow.narrowed(&path, values, self.said) {
            *values = left;
        }
    }

    /// This walk is led to what an earlier one had no place for.
    #[must_use]
    pub fn with_lost(mut self, lost: Vec<Lost>) -> Self {
        self.lost = lost;
        self
    }

    /// The finished object and its scalars; `None` before the end.
    pub fn finish(self) -> Option<(Value, Vec<Written>)> {
        Some((self.object?, self.written))
    }

    /// A field that is needed and that nobody gave a value for (`image`): writing ended there.
    pub fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    pub(super) fn around(&self, depth: usize) -> Vec<&'a str> {
        self.frames
            .iter()
            .take(depth)
            .filter_map(|frame| frame.role().map(|role| role.role.as_str()))
            .collect()
    }

    /// What the frames look at.
    fn view<'v>(&'v self, around: &'v [&'v str], volumes: &'v Volumes, closing: bool) -> View<'a, 'v> {
        View {
            rules: self.rules,
            said: self.said,
            around,
            volumes,
            known: self.known,
            near: &self.near,
            used: &self.used,
            lost: &self.lost,
            closing,
        }
    }

    /// Everything that may stand on the next line, innermost first.
    fn lines(&mut self) -> Vec<(String, Act)> {
        let mut found: Vec<(String, Act)> = Vec::new();
        let closing = self.lines > MOST_LINES;
        let volumes = Volumes::of(&self.frames);
        for depth in (0..self.frames.len()).rev() {
            let around = self.around(depth);
            let frame = &self.frames[depth];
            let blanks = " ".repeat(frame.indent);
            let view = self.view(&around, &volumes, closing);
            match &frame.inner {
                Inner::Object { node, role, value } => {
                    if frame.path == "/metadata"
                        && !self.namespaces.is_empty()
                        && !value.contains_key("namespace")
                    {
                        found.push(("  namespace:".to_owned(), Act::Namespace));
                    }
                    for offer in offers(&frame.path, *node, *role, value, depth == 0, &view) {
                        let open = self.frames.get(depth + 1);
                        let forbidden = || self.narrow?.forbids(&pointer::join(&frame.path, &offer.key));
                        if !offer.required && !self.said.speaks_wholly_of(&offer.key) && forbidden().is_some()
                        {
                            continue;
                        }
                        if !self.has_command(Some(depth), &offer.key, value)
                            || open.is_some_and(|open| open.leaves_out(*role, &offer.key, self.rules))
                        {
                            continue;
                        }
                        push_field(&mut found, &blanks, depth, &offer, self.rules, &self.lost);
                    }
                    if let Some(field) = unmet(*node, *role, value, &view, depth == 0) {
                        self.missing = Some(field);
                        return Vec::new();
                    }
                }
                Inner::List { items, value, full, least } => {
                    let more = *full && frame.field == "volumes" && !volumes.wanted.is_empty();
                    let open = (!full || more)
                        && value.len() < MOST_ITEMS
                        && (!closing || value.len() < (*least).max(1));
                    if open {
                        match shape(*items) {
                            Shape::Object => {
                                let role = self.rules.role(*items, &frame.field);
                                let empty = Map::new();
                                for offer in offers(&frame.path, *items, role, &empty, false, &view) {
                                    if !self.has_command(None, &offer.key, &empty) {
                                        continue;
                                    }
                                    let colon = colon(&offer);
                                    found.push((
                                        format!("{blanks}- {}{colon}", offer.key),
                                        Act::ItemField { frame: depth, key: offer.key },
                                    ));
                                }
                                if let Some(field) = unmet(*items, role, &empty, &view, false) {
                                    self.missing = Some(field);
                                    return Vec::new();
                                }
                                if needs(*items, role, &empty, &around, &volumes, false).is_empty()
                                    && self.rules.empty.contains(&frame.field)
                                {
                                    found
                                        .push((format!("{blanks}- {{}}\n"), Act::EmptyItem { frame: depth }));
                                }
                            }
                            Shape::Scalar if self.item(depth).is_some() => {
                                found.push((format!("{blanks}-"), Act::Item { frame: depth }));
                            }
                            Shape::Scalar => {}
                            Shape::List(_) | Shape::Map(_) | Shape::Opaque => {}
                        }
                    }
                }
                Inner::Map { keys, value, values, amounts } => {
                    for key in keys.iter().filter(|key| !value.contains_key(*key)) {
                        let offered = match shape(*values) {
                            Shape::Scalar => self.entry(*values, *amounts, key, &around).is_some(),
                            _ => true,
                        };
                        if offered && (!closing || value.is_empty()) {
                            let colon = if matches!(shape(*values), Shape::Scalar) { ":" } else { ":\n" };
                            found.push((
                                format!("{blanks}{}{colon}", plain_text(&Value::from(key.as_str()))),
                                Act::Entry { frame: depth, key: key.clone() },
                            ));
                        }
                    }
                }
            }
            // An object that turns out to have nothing to write is left out when it is closed.
            let bare = depth + 1 == self.frames.len() && depth > 1 && found.is_empty();
            if bare && matches!(&self.frames[depth].inner, Inner::Object { .. } | Inner::Map { .. }) {
                continue;
            }
            let unplaced = self.frames[depth].path == "/metadata" && self.lacks_namespace();
            if unplaced || self.is_due(depth, &view) {
                break;
            }
            if !self.frames[depth].may_close(&around, &volumes, depth == 0, depth + 1 < self.frames.len()) {
                break;
            }
            if depth == 0 {
                found.push((END.to_owned(), Act::End));
            }
        }
        // Two ways to write the same line are one.
        let mut seen: Vec<String> = Vec::new();
        found.retain(|(text, _)| {
            let fresh = !seen.contains(text);
            seen.push(text.clone());
            fresh
        });
        found
    }

    /// Closes the frames above `frame`.
    fn close_to(&mut self, frame: usize) {
        while self.frames.len() > frame + 1 {
            let Some(top) = self.frames.pop() else { return };
            let (slot, path, optional) = (top.slot.clone(), top.path.clone(), top.optional);
            let closed = top.into_value();
            let Some(below) = self.frames.last_mut() else { return };
            let bare = is_bare(&closed);
            let mut dropped = optional && is_made_up(&self.written, &path);
            let repeats = may_repeat(below);
            match (&mut below.inner, slot) {
                (Inner::Object { value, .. } | Inner::Map { value, .. }, Slot::Key(key)) => {
                    // Nothing stands in it; its place stays taken, or it would be opened again and again.
                    value.insert(key, if bare || dropped { Value::Null } else { closed });
                }
                (Inner::List { value, full, items, .. }, Slot::Item) => {
                    // The same entry again is a model that does not find an end.
                    let same = tells_apart(&below.field, *items).is_some_and(|key| {
                        closed
                            .get(key)
                            .is_some_and(|own| value.iter().any(|entry| entry.get(key) == Some(own)))
                    });
                    dropped |= same
                        || value.contains(&closed)
                        || (bare && optional)
                        || (!repeats && !value.is_empty() && is_repeated(&self.written, &path));
                    *full |= dropped;
                    if !dropped {
                        value.push(closed);
                    }
                }
                _ => {}
            }
            if dropped {
                let inside = format!("{path}/");
                let (gone, stays): (Vec<Written>, Vec<Written>) = std::mem::take(&mut self.written)
                    .into_iter()
                    .partition(|one| one.path.starts_with(&inside));
                let made = gone.iter().filter(|one| one.ground == Ground::Made);
                self.left_out.extend(made.map(|one| format!("{}: {}", one.path, one.value)));
                self.written = stays;
            }
        }
    }

    pub(super) fn act(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::End => {
                self.close_to(0);
                self.object = self.frames.pop().map(|root| without_nulls(root.into_value()));
                Ok(())
            }
            Act::Namespace => {
                self.close_to(1);
                self.expect = Expect::Value {
                    key: Some("namespace".into()),
                    leaf: Leaf::Closed(
                        self.own_namespace().map_or_else(|| self.namespaces.clone(), |own| vec![own.clone()]),
                    ),
                };
                Ok(())
            }
            Act::Field { frame, key, empty } => {
                self.close_to(frame);
                if empty {
                    self.put(Some(key), Value::Object(Map::new()));
                    return Ok(());
                }
                self.open(frame, key)
            }
            Act::ItemField { frame, key } => {
                self.close_to(frame);
                let Some(list) = self.frames.last() else { return Err("no list is open".into()) };
                let Inner::List { items, value, least, .. } = &list.inner else {
                    return Err("no list is open".into());
                };
                let next = Frame {
                    optional: list.optional || value.len() >= (*least).max(1),
                    slot: Slot::Item,
                    path: format!("{}/{}", list.path, value.len()),
                    field: list.field.clone(),
                    indent: list.indent + 2,
                    inner: Inner::Object {
                        node: *items,
                        role: self.rules.role(*items, &list.field),
                        value: Map::new(),
                    },
                };
                self.frames.push(next);
                self.open(self.frames.len() - 1, key)
            }
            Act::EmptyItem { frame } => {
                self.close_to(frame);
                self.put(None, Value::Object(Map::new()));
                Ok(())
            }
            Act::Item { frame } => {
                self.close_to(frame);
                let path = self.frames.last().map(|list| list.path.clone()).unwrap_or_default();
                let leaf = self.item(frame).ok_or_else(|| format!("nothing can stand in {path}"))?;
                self.expect = Expect::Value { key: None, leaf };
                Ok(())
            }
            Act::Entry { frame, key } => {
                self.close_to(frame);
                let around = self.around(self.frames.len());
                let Some(map) = self.frames.last() else { return Err("no map is open".into()) };
                let Inner::Map { values, amounts, .. } = &map.inner else {
                    return Err("no map is open".into());
                };
                if !matches!(shape(*values), Shape::Scalar) {
                    let (node, path, indent) = (*values, pointer::join(&map.path, &key), map.indent);
                    return self.push(node, Slot::Key(key.clone()), key, path, indent, true);
                }
                let leaf = self
                    .entry(*values, *amounts, &key, &around)
                    .ok_or_else(|| format!("nothing can be {key}"))?;
                self.expect = Expect::Value { key: Some(key), leaf };
                Ok(())
            }
        }
    }

    /// Begins field `key` of object `frame`, the innermost one.
    fn open(&mut self, frame: usize, key: String) -> Result<(), String> {
        let around = self.around(frame);
        let Some(Frame { inner: Inner::Object { node, role, value }, path, indent, .. }) =
            self.frames.get(frame)
        else {
            return Err("no object is open".into());
        };
        let volumes = Volumes::of(&self.frames);
        let view = self.view(&around, &volumes, false);
        let offered =
            offers(path, *node, *role, value, frame == 0, &view).into_iter().find(|offer| offer.key == key);
        let offer = offered.ok_or_else(|| format!("{path}/{key} cannot be written here"))?;
        if let Some(leaf) = offer.leaf {
            self.expect = Expect::Value { key: Some(key), leaf };
            return Ok(());
        }
        let (path, indent) = (pointer::join(path, &key), *indent);
        self.push(offer.node, Slot::Key(key.clone()), key, path, indent, !offer.required)
    }

    /// Opens an object, list or map that stands below a key with `indent` blanks.
    fn push(
        &mut self,
        node: Node<'a>,
        slot: Slot,
        field: String,
        path: String,
        indent: usize,
        optional: bool,
    ) -> Result<(), String> {
        let around = self.around(self.frames.len());
        let (inner, indent) = match shape(node) {
            Shape::Object => {
                (Inner::Object { node, role: self.rules.role(node, &field), value: Map::new() }, indent + 2)
            }
            Shape::List(items) => {
                let least = node.schema().min_items.unwrap_or(1);
                (Inner::List { items, least, value: Vec::new(), full: false }, indent)
            }
            Shape::Map(values) => {
                let amount = values.is_quantity()
                    || (values.is_int_or_string()
                        && matches!(field.as_str(), "limits" | "requests" | "hard"));
                let keys = self.keys(&field, &path, amount, &around);
                (Inner::Map { values, keys, amounts: amount, value: Map::new() }, indent + 2)
            }
            Shape::Scalar | Shape::Opaque => return Err(format!("{path} has no inside")),
        };
        // The place is taken from now on: what is needed beside it is judged with it.
        if let Slot::Key(key) = &slot {
            self.put(Some(key.clone()), Value::Null);
        }
        self.frames.push(Frame { slot, path, field, indent, optional, inner });
        Ok(())
    }

    /// JSON pointer of a field or entry of the innermost frame; of a list of its next entry.
    pub(super) fn place(&self, key: Option<&str>) -> String {
        let Some(top) = self.frames.last() else { return String::new() };
        match (&top.inner, key) {
            (Inner::List { value, .. }, _) => format!("{}/{}", top.path, value.len()),
            (_, Some(key)) => pointer::join(&top.path, key),
            (_, None) => top.path.clone(),
        }
    }

    /// Entries of a list.
    pub(super) fn length(&self, depth: usize) -> usize {
        match self.frames.get(depth).map(|frame| &frame.inner) {
            Some(Inner::List { value, .. }) => value.len(),
            _ => 0,
        }
    }

    /// Whether a field stands already.
    pub(super) fn has(&self, depth: usize, key: &str) -> bool {
        match self.frames.get(depth).map(|frame| &frame.inner) {
            Some(Inner::Object { value, .. } | Inner::Map { value, .. }) => value.contains_key(key),
            _ => depth == 0 && key == "metadata",
        }
    }

    /// What a scalar field of an object, or an entry of a map, may be.
    pub(super) fn leaf_of(&self, depth: usize, key: &str) -> Option<Leaf> {
        let around = self.around(depth);
        let volumes = Volumes::of(&self.frames);
        let view = self.view(&around, &volumes, false);
        let frame = self.frames.get(depth)?;
        match &frame.inner {
            Inner::Object { node, role, value } => {
                offers(&frame.path, *node, *role, value, depth == 0, &view)
                    .into_iter()
                    .find(|offer| offer.key == key)?
                    .leaf
            }
            Inner::Map { values, amounts, .. } if matches!(shape(*values), Shape::Scalar) => {
                self.entry(*values, *amounts, key, &around)
            }
            _ => None,
        }
    }

    /// Puts a value into the innermost frame.
    fn put(&mut self, key: Option<String>, new: Value) {
        let Some(top) = self.frames.last_mut() else { return };
        match (&mut top.inner, key) {
            (Inner::Object { value, .. } | Inner::Map { value, .. }, Some(key)) => {
                value.insert(key, new);
            }
            (Inner::List { value, full, .. }, None) => {
                *full |= value.contains(&new);
                if !*full {
                    value.push(new);
                }
            }
            _ => {}
        }
    }

    /// Takes the value of a field or entry.
    pub(super) fn value(&mut self, key: Option<String>, leaf: &Leaf, taken: &Taken) -> Result<(), String> {
        let (value, mut source) = match leaf {
            Leaf::Closed(values) => {
                let value = values.get(taken.index).cloned().ok_or("an answer that was not offered")?;
                let source = if values.len() == 1 { Source::Rule } else { Source::Model };
                (value, source)
            }
            Leaf::Free(rule) => {
                let text = value_of(&taken.text)
                    .ok_or_else(|| format!("a text that is not whole: {:?}", taken.text))?;
                let value = match rule.kind {
                    FreeKind::Digits => {
                        text.parse::<i64>().map(Value::from).map_err(|error| format!("{text}: {error}"))?
                    }
                    FreeKind::Scalar | FreeKind::Word | FreeKind::Label => Value::from(text),
                };
                (value, Source::Model)
            }
        };
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        if self.is_said(&value, &text) {
            source = Source::Said;
        }
        if let Some(number) = value.as_i64().or_else(|| text.strip_suffix('%')?.parse().ok()) {
            self.used.push(number);
        }
        self.lost.retain(|one| match one {
            Lost::Number { value: lost, .. } => value.as_i64() != Some(*lost),
            Lost::Amount(lost) | Lost::Text(lost) => *lost != text,
        });
        let path = self.place(key.as_deref());
        let Some(top) = self.frames.last() else { return Err("nothing is open".into()) };
        let confidence = taken.score.map(|score| score.logprob.exp());
        if let Inner::List { value: list, .. } = &top.inner
            && list.contains(&value)
        {
            self.put(key, value);
            return Ok(());
        }
        let ground = self.ground(key.as_deref(), &path, leaf, &text, source);
        if ground == Ground::Made && self.dropped(key.as_deref()) {
            self.left_out.push(format!("{path}: {value}"));
            return Ok(());
        }
        self.written.push(Written { path, value: value.clone(), source, ground, confidence });
        self.put(key, value);
        Ok(())
    }

    fn is_said(&self, value: &Value, text: &str) -> bool {
        let said = self.said;
        value.as_i64().is_some_and(|number| said.numbers.iter().any(|one| one.value == number))
            || [&said.percents, &said.quantities, &said.cpus, &said.images, &said.schedules]
                .into_iter()
                .any(|list| list.iter().any(|one| one == text))
            || said.plurals.iter().any(|plural| plural == text)
            || (!value.is_boolean() && said.has(text))
    }
}

impl Author for Walk<'_> {
    fn next(&mut self) -> Result<Option<Step>, String> {
        if self.object.is_some() || self.missing.is_some() {
            return Ok(None);
        }
        let forced = std::mem::take(&mut self.forced);
        self.narrow();
        if let Expect::Value { leaf, .. } = &self.expect {
            let choice = match leaf {
                Leaf::Closed(values) => {
                    Choice::OneOf(values.iter().map(|value| format!(" {}\n", plain_text(value))).collect())
                }
                Leaf::Free(rule) => Choice::Free(*rule),
            };
            return Ok(Some(Step { forced, choice }));
        }
        let lines = self.lines();
        if self.missing.is_some() {
            return Ok(None);
        }
        if lines.is_empty() {
            let place = self.frames.last().map(|frame| frame.path.clone()).unwrap_or_default();
            return Err(format!("nothing can be written at {place}"));
        }
        let (texts, acts): (Vec<String>, Vec<Act>) = lines.into_iter().unzip();
        self.expect = Expect::Line(acts);
        Ok(Some(Step { forced, choice: Choice::OneOf(texts) }))
    }

    fn take(&mut self, taken: &Taken) -> Result<(), String> {
        match std::mem::replace(&mut self.expect, Expect::Nothing) {
            Expect::Nothing => Err("an answer without a question".to_owned()),
            Expect::Line(acts) => {
                self.lines += 1;
                let act = acts.get(taken.index).cloned().ok_or("an answer that was not offered")?;
                self.act(act)
            }
            Expect::Value { key, leaf } => self.value(key, &leaf, taken),
        }
    }
}

/// The field that tells the entries of a list apart. Schemas of custom kinds seldom say so.
fn tells_apart(field: &str, items: Node<'_>) -> Option<&'static str> {
    let by_name = items.schema().required.iter().any(|one| one == "name")
        || matches!(field, "containers" | "initContainers" | "volumes" | "env")
        || ["Groups", "Specs", "Jobs"].iter().any(|end| field.ends_with(end));
    // A LimitRange has one entry a type.
    let by_type = field == "limits" && items.property("defaultRequest").is_some();
    if by_type { Some("type") } else { by_name.then_some("name") }
}

/// What stands behind a field's name.
fn colon(offer: &Offer<'_>) -> &'static str {
    if offer.leaf.is_some() { ":" } else { ":\n" }
}

fn push_field(
    found: &mut Vec<(String, Act)>,
    blanks: &str,
    frame: usize,
    offer: &Offer<'_>,
    rules: &Rules,
    lost: &[Lost],
) {
    let key = &offer.key;
    found.push((
        format!("{blanks}{key}{}", colon(offer)),
        Act::Field { frame, key: key.clone(), empty: false },
    ));
    // What is lost may stand in it.
    let inside = offer.node.properties().any(|(field, child)| lost::place(lost, child, field).is_some());
    if rules.empty.contains(key)
        && (!inside || !offer.node.properties().all(|(_, child)| matches!(shape(child), Shape::Scalar)))
    {
        found.push((format!("{blanks}{key}: {{}}\n"), Act::Field { frame, key: key.clone(), empty: true }));
    }
}

/// A needed scalar that has nothing to be.
fn unmet(
    node: Node<'_>,
    role: Option<&super::rules::Role>,
    value: &Map<String, Value>,
    view: &View<'_, '_>,
    root: bool,
) -> Option<String> {
    needs(node, role, value, view.around, view.volumes, root).into_iter().find(|field| {
        let Some(child) = node.property(field) else { return false };
        if !matches!(shape(child), Shape::Scalar) {
            return false;
        }
        let site = Site {
            node: child,
            field,
            role,
            around: view.around,
            optional: false,
            amount: false,
            entry: false,
            shown: false,
            near: view.near,
            resource: None,
        };
        leaf(&site, view.rules, view.said, &[]).is_none()
    })
}

/// Without the fields that turned out to have nothing in them.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .filter(|(_, inner)| !inner.is_null())
                .map(|(key, inner)| (key, without_nulls(inner)))
                .collect(),
        ),
        Value::Array(list) => Value::Array(list.into_iter().map(without_nulls).collect()),
        other => other,
    }
}
