//! One or more objects are written by a model, completed by code, and judged.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::constraint::Prompt;
use crate::constraint::walk::rules::Rules;
use crate::constraint::walk::{Narrow, Source, Walk, Written, text as written_text};
use crate::draft::drafter::Library;
use crate::draft::free::examples::Examples;
use crate::draft::free::kind::{self, Wanted, spoken};
use crate::draft::free::{gate, look, said, whole, wire};
use crate::draft::outcome::{Asked, Draft, Field, Origin, Outcome, Question, Thing, Unused};
use crate::draft::place::{Setting, free_name};
use crate::draft::prompt::{kind_id, request_line};
use crate::draft::required;
use crate::draft::span::{Language, Span, dns_label, find_cue, language};
use crate::draft::words;
use crate::manifest::GroupVersionKind;
use crate::model::{Backend, Cancel, ModelError, Writing};
use crate::pattern::SlotType;
use crate::schema::SchemaSet;

/// How a manifest begins and ends.
const FENCE: &str = "```yaml\n";

/// Names that the model may choose from.
const MOST_NAMES: usize = 8;

/// A conversation about objects that a model writes.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Free {
    /// What was said so far, turn by turn.
    pub turns: Vec<String>,
    /// The spans of all turns.
    pub spans: Vec<Span>,
    /// The kinds, with the reason for each.
    pub kinds: Vec<Wanted>,
    /// What was written last, as YAML.
    pub last: Vec<String>,
    /// A draft about which a question is open.
    #[serde(default)]
    pub held: Option<Draft>,
}

impl Free {
    /// A conversation that begins with these words.
    pub fn new(text: &str, spans: &[Span], wanted: Vec<Wanted>) -> Self {
        Self {
            turns: vec![text.to_owned()],
            spans: spans.to_vec(),
            kinds: wanted,
            last: Vec::new(),
            held: None,
        }
    }

    /// The next words about it.
    pub fn add(&mut self, text: &str, spans: &[Span]) {
        self.turns.push(text.to_owned());
        self.spans.extend(spans.iter().cloned());
    }
}

/// What writing is done with.
pub struct Task<'a> {
    /// Schemas, policies, who asks.
    pub library: Library<'a>,
    /// The target.
    pub setting: &'a Setting,
    /// See [`crate::draft::Drafter::bare`].
    pub bare: bool,
}

/// Writes the objects of a conversation. `free.last` is what came of it.
///
/// # Errors
/// What the model says.
pub fn write(
    task: &Task<'_>,
    free: &mut Free,
    backend: &mut dyn Backend,
    cancel: &Cancel,
) -> Result<Outcome, ModelError> {
    let rules = if task.bare { Rules::none() } else { Rules::builtin().map_err(ModelError::Invalid)? };
    let text = free.turns.join("\n");
    let spoken = language(&text);
    let mut said = said::said(&text, &free.spans);
    said.plurals = plurals(&text, task.library.schemas);
    said.counted = kind::counted(&text, task.library.schemas);
    said.kinds = kind::mentioned(&text, task.library.schemas);
    let namespaces = namespaces(&text, &free.spans, task.setting);
    let mut taken = task.setting.taken();
    let mut draft = Draft::default();
    let mut body = request(free);
    let mut texts = Vec::new();
    for Wanted { gvk, why, name } in free.kinds.clone() {
        let Some(kind) = task.library.schemas.kind(&gvk) else {
            return Err(ModelError::Invalid(format!("the kind {} is not served here", gvk.kind)));
        };
        let names = match name {
            Some(name) => vec![name],
            None => names(&text, &free.spans, &namespaces, &gvk.kind, &taken, &draft),
        };
        let shown = Examples::of(&gvk.kind);
        let narrow = if task.bare { Narrow::none() } else { narrow(task, &gvk, &namespaces) };
        let start = || {
            Walk::new(kind, &names, &namespaces, &said, rules).with_known(&shown.known).with_narrow(&narrow)
        };
        let mut walk = start();
        match backend.writing() {
            Writing::Whole => {
                let refused =
                    whole::compose(&gvk, &shown.prefix, &body, &mut walk, &start, &mut *backend, cancel)?;
                draft.findings.extend(refused);
            }
            Writing::Steps | Writing::None => {
                let prompt = Prompt { prefix: shown.prefix.clone(), body: body.clone() };
                let cost = backend.write(&prompt, &mut walk, cancel)?;
                tracing::debug!(kind = gvk.kind, cost.steps, cost.sampled, "written");
            }
        }
        if let Some(field) = walk.missing() {
            return Ok(Outcome::Asked(missing(&gvk.kind, field, spoken)));
        }
        let Some((mut object, mut written)) = walk.finish() else {
            return Err(ModelError::Invalid(format!("the {} has no end", gvk.kind)));
        };
        if let ([only], [_], Writing::Steps | Writing::None, false) =
            (free.turns.as_slice(), free.kinds.as_slice(), backend.writing(), task.bare)
        {
            let missed = |object: &Value| look::missed(&said, &free.turns, &free.spans, object, &namespaces);
            let first = missed(&object);
            if !first.is_empty() {
                let reminded = format!("{only} ({})", look::reminder(&first));
                let body = format!("{}{FENCE}", request_line(&reminded));
                let prompt = Prompt { prefix: shown.prefix.clone(), body };
                let mut again = start().with_lost(first.clone());
                // The first draft stands where the second fails.
                let second = match backend.write(&prompt, &mut again, cancel) {
                    Err(error) if cancel.is_cancelled() => return Err(error),
                    Err(_) => None,
                    Ok(_) => again.finish(),
                };
                if let Some((other, others)) = second {
                    let better = look::faults(&missed(&other), &others) < look::faults(&first, &written);
                    tracing::debug!(kind = gvk.kind, missed = ?first, better, "looked at again");
                    if better {
                        (object, written) = (other, others);
                    }
                }
            }
        }
        let yaml = written_text(&object);
        let mut fields: Vec<Field> = written.iter().map(field).collect();
        place(&mut object, &mut fields, kind.info.namespaced, task.setting);
        if !task.bare {
            wire::wire(&mut object, task.library.schemas);
        }
        if let Some(name) = object.pointer("/metadata/name").and_then(Value::as_str) {
            taken.insert(name.to_owned());
        }
        body.push_str(&format!("{yaml}---\n"));
        texts.push(yaml);
        let summary = summary(&object);
        draft.things.push(Thing {
            kind: gvk.kind,
            pattern: false,
            why,
            summary,
            fields,
            objects: vec![object],
        });
    }
    free.last = texts;
    draft.unused = unused(free, &draft);
    Ok(gate::judge(task, free, draft, spoken))
}

/// What policies say of a kind in the namespace that was said, else in that of the target.
fn narrow(task: &Task<'_>, gvk: &GroupVersionKind, said: &[String]) -> Narrow {
    let mut skeleton = json!({"apiVersion": gvk.api_version(), "kind": gvk.kind, "metadata": {}});
    let placed = match said {
        [] => task.setting.namespace.as_ref(),
        [one] => Some(one),
        // Which of them it is is not known yet.
        _ => None,
    };
    if let Some(namespace) = placed {
        skeleton["metadata"]["namespace"] = json!(namespace);
    }
    let Library { schemas, policies, user, .. } = task.library;
    required::narrow(&skeleton, required::Rules { schemas, policies, user })
}

/// The request as the model reads it; for a change what stood before it.
fn request(free: &Free) -> String {
    let mut text = String::new();
    match free.turns.as_slice() {
        [] => {}
        [only] => text.push_str(&request_line(only)),
        [first, middle @ .., last] if !free.last.is_empty() => {
            text.push_str(&request_line(&[std::slice::from_ref(first), middle].concat().join("; ")));
            text.push_str(FENCE);
            text.push_str(&free.last.join("---\n"));
            text.push_str("```\n\n");
            text.push_str(&request_line(&format!("the same, but {last}")));
        }
        several => text.push_str(&request_line(&several.join("; "))),
    }
    text.push_str(FENCE);
    text
}

/// What an RBAC rule can be about.
fn plurals(text: &str, schemas: &SchemaSet) -> Vec<String> {
    const PARTS: [&str; 9] = [
        "pods/log",
        "pods/exec",
        "pods/portforward",
        "pods/status",
        "pods/attach",
        "deployments/scale",
        "statefulsets/scale",
        "deployments/status",
        "services/proxy",
    ];
    let named = |info: &&crate::schema::KindInfo| {
        let place = matches!(
            info.gvk.kind.as_str(),
            "Namespace"
                | "Binding"
                | "Role"
                | "RoleBinding"
                | "ServiceAccount"
                | "ClusterRole"
                | "ClusterRoleBinding"
        );
        // What the request makes or where is no resource that it is about, unless all of them are.
        if place {
            return !find_cue(text, &info.plural).is_empty();
        }
        [&info.plural, &info.singular, &spoken(&info.gvk.kind)]
            .into_iter()
            .any(|name| !find_cue(text, name).is_empty())
    };
    let mut plurals: Vec<String> = schemas.kinds().filter(named).map(|info| info.plural.clone()).collect();
    let part = |part: &&str| {
        let (of, what) = part.split_once('/').unwrap_or((part, ""));
        plurals.iter().any(|plural| plural == of) && text.to_lowercase().contains(what)
    };
    let parts: Vec<String> = PARTS.iter().filter(|one| part(one)).map(|part| (*part).to_owned()).collect();
    plurals.extend(parts);
    if plurals.is_empty() {
        plurals = schemas.kinds().map(|info| info.plural.clone()).collect();
    }
    plurals.sort();
    plurals.dedup();
    plurals
}

/// Whether a span is the name of something else.
fn is_reference(text: &str, span: &Span, kind: &str) -> bool {
    let from: usize = text.split('\n').take(span.turn).map(|line| line.len() + 1).sum();
    kind::is_reference(text, from + span.start, kind)
}

/// Names that were said, then what the kind is called.
fn names(
    text: &str,
    spans: &[Span],
    namespaces: &[String],
    kind: &str,
    taken: &BTreeSet<String>,
    draft: &Draft,
) -> Vec<String> {
    // `secret ngc-api` is no name of a NIMCache, as long as something else is one.
    let own: Vec<Span> = spans.iter().filter(|span| !is_reference(text, span, kind)).cloned().collect();
    let spans = if said::names(&own).iter().any(|name| !namespaces.contains(name)) { &own } else { spans };
    let strong: Vec<Span> = spans.iter().filter(|span| span.strong).cloned().collect();
    let mut names: Vec<String> = said::names(&strong);
    names.retain(|name| !namespaces.contains(name));
    if !names.is_empty() && draft.things.is_empty() {
        names.truncate(MOST_NAMES);
        return names;
    }
    names = said::names(spans);
    names.retain(|name| !namespaces.contains(name));
    names.truncate(MOST_NAMES);
    let own = |thing: &Thing| {
        thing
            .objects
            .first()
            .and_then(|object| object.pointer("/metadata/name"))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    names.extend(draft.things.iter().filter_map(own));
    names.push(free_name(&kind_id(kind), taken));
    let mut seen = BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}

/// Namespaces that were said, or the one of `-n`.
fn namespaces(text: &str, spans: &[Span], setting: &Setting) -> Vec<String> {
    if let (true, Some(namespace)) = (setting.namespace_is_flag, &setting.namespace) {
        return vec![namespace.clone()];
    }
    const BEFORE: [&str; 4] = ["namespace", "ns", "命名空间", "空间"];
    let mut found: Vec<String> = Vec::new();
    let mut from = 0;
    for turn in text.split('\n').enumerate().map(|(index, line)| {
        let start = from;
        from += line.len() + 1;
        (index, line, start)
    }) {
        let (index, line, _) = turn;
        for span in spans.iter().filter(|span| span.kind == SlotType::Name && span.turn == index) {
            let head = line
                .get(..span.start)
                .unwrap_or("")
                .trim_end_matches([' ', '"', '\'', '`', '“', ':', '='])
                .to_lowercase();
            let tail = line
                .get(span.end..)
                .unwrap_or("")
                .trim_start_matches([' ', '"', '\'', '`', '”', '的'])
                .to_lowercase();
            let named = BEFORE.iter().any(|word| head.ends_with(word) || tail.starts_with(word));
            if let (true, Some(name)) = (named, span.value.as_str().and_then(dns_label))
                && !found.contains(&name)
            {
                found.push(name);
            }
        }
    }
    found
}

/// The namespace of the target, where the model gave none.
fn place(object: &mut Value, fields: &mut Vec<Field>, namespaced: bool, setting: &Setting) {
    let has = object.pointer("/metadata/namespace").is_some();
    if let (true, false, Some(namespace)) = (namespaced, has, &setting.namespace) {
        object["metadata"]["namespace"] = Value::from(namespace.as_str());
        let origin = if setting.namespace_is_flag { Origin::User } else { Origin::Cluster };
        fields.insert(
            1.min(fields.len()),
            named("metadata.namespace", Value::from(namespace.as_str()), origin),
        );
    }
}

fn field(written: &Written) -> Field {
    let origin = match written.source {
        Source::Said => Origin::Request,
        Source::Rule => Origin::Default,
        Source::Model => Origin::Model,
    };
    let confidence = written.confidence;
    Field { confidence, ..named(&dotted(&written.path), written.value.clone(), origin) }
}

pub(super) fn named(name: &str, value: Value, origin: Origin) -> Field {
    Field { name: name.to_owned(), value, origin, span: None, turn: None, confidence: None, shown: None }
}

/// `/spec/rules/0/host` -> `spec.rules[0].host`.
pub(super) fn dotted(pointer: &str) -> String {
    let mut text = String::new();
    for token in pointer.split('/').skip(1) {
        let token = token.replace("~1", "/").replace("~0", "~");
        if token.bytes().all(|b| b.is_ascii_digit()) {
            text.push_str(&format!("[{token}]"));
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(&token);
        }
    }
    text
}

fn summary(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    format!("{} {}", text("/kind"), text("/metadata/name"))
}

fn missing(kind: &str, field: &str, language: Language) -> Asked {
    let question = Question { field: field.to_owned(), text: words::missing(field, None, language) };
    Asked { kind: kind.to_owned(), questions: vec![question], ..Asked::default() }
}

/// Strong spans that no value took.
fn unused(free: &Free, draft: &Draft) -> Vec<Unused> {
    let values: Vec<String> = draft
        .things
        .iter()
        .flat_map(|thing| thing.fields.iter())
        .map(|field| field.value.as_str().map_or_else(|| field.value.to_string(), str::to_lowercase))
        .collect();
    let keys: Vec<String> = draft
        .things
        .iter()
        .flat_map(|thing| thing.fields.iter())
        .map(|field| field.name.to_lowercase())
        .collect();
    let newest = free.turns.len().saturating_sub(1);
    let mut left: Vec<&Span> = Vec::new();
    for span in free.spans.iter().filter(|span| span.strong && span.turn == newest) {
        let value = span.value.as_str().map_or_else(|| span.value.to_string(), str::to_lowercase);
        let text = span.text.to_lowercase();
        let is_in = |wanted: &str| {
            !wanted.is_empty()
                && values
                    .iter()
                    .chain(&keys)
                    .any(|value| value == wanted || (wanted.len() > 2 && value.contains(wanted)))
        };
        let parts = |text: &str| text.split(['=', ' ', '"', '\'']).filter(|part| !part.is_empty()).all(is_in);
        if !is_in(&value) && !is_in(&text) && !parts(&text) && !left.iter().any(|other| other.overlaps(span))
        {
            left.push(span);
        }
    }
    left.into_iter()
        .map(|span| Unused {
            text: span.text.clone(),
            kind: span.kind,
            span: [span.start, span.end],
            turn: span.turn,
        })
        .collect()
}
