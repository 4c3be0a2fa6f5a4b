//! What is open while a manifest is written: objects, lists and maps, one inside the other.

use serde_json::{Map, Value};

use super::known::Known;
use super::leaf::{Leaf, Shape, Site, leaf, shape};
use super::lost::{self, Lost};
use super::near::Near;
use super::rules::{Role, Rules};
use super::said::Said;
use super::spoken::is_spoken_of;
use super::volumes::Volumes;
use crate::schema::Node;

/// Fields of a whole object that no model writes.
const SETTLED: [&str; 4] = ["apiVersion", "kind", "metadata", "status"];

/// Objects with at most this many fields are small.
const SMALL: usize = 14;

/// Where the value of a frame goes when it is closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    /// A field of the frame below.
    Key(String),
    /// The next entry of the frame below.
    Item,
    /// It is the whole object.
    Root,
}

/// What a frame holds.
#[derive(Debug)]
pub(super) enum Inner<'a> {
    Object { node: Node<'a>, role: Option<&'a Role>, value: Map<String, Value> },
    List { items: Node<'a>, least: usize, value: Vec<Value>, full: bool },
    Map { values: Node<'a>, keys: Vec<String>, amounts: bool, value: Map<String, Value> },
}

/// One of them.
#[derive(Debug)]
pub(super) struct Frame<'a> {
    pub slot: Slot,
    /// JSON pointer.
    pub path: String,
    /// The field that it stands in.
    pub field: String,
    /// Blanks before its keys, or before the dash of its entries.
    pub indent: usize,
    /// Whether what stands around it could do without it.
    pub optional: bool,
    pub inner: Inner<'a>,
}

/// A field that may be written now.
#[derive(Debug)]
pub(super) struct Offer<'a> {
    pub key: String,
    pub node: Node<'a>,
    /// It must stand there, or one of its group.
    pub required: bool,
    /// Of a scalar what it may be.
    pub leaf: Option<Leaf>,
}

/// What all frames look at.
pub(super) struct View<'a, 'v> {
    pub rules: &'a Rules,
    pub said: &'a Said,
    /// Names of the roles around, outermost first.
    pub around: &'v [&'v str],
    pub volumes: &'v Volumes,
    /// What worked examples of the kind have.
    pub known: &'a Known,
    pub near: &'v Near,
    /// Numbers of the request that a field has taken.
    pub used: &'v [i64],
    /// What an earlier walk had no place for.
    pub lost: &'v [Lost],
    /// Only what is required is offered any more.
    pub closing: bool,
}

/// The fields that an object still needs. A group of which one must stand is named by its first field.
pub(super) fn needs(
    node: Node<'_>,
    role: Option<&Role>,
    value: &Map<String, Value>,
    around: &[&str],
    volumes: &Volumes,
    root: bool,
) -> Vec<String> {
    let mut needed: Vec<String> = node.schema().required.clone();
    if let Some(role) = role {
        needed.extend(role.required.iter().cloned());
        for inside in around.iter().filter_map(|outer| role.inside.get(*outer)) {
            needed.extend(inside.required.iter().cloned());
        }
        for group in &role.exactly_one {
            if !group.iter().any(|field| value.contains_key(field)) {
                needed.extend(group.first().cloned());
            }
        }
        if role.role == "pod" && !volumes.wanted.is_empty() {
            needed.push("volumes".to_owned());
        }
        needed.extend(selected(role, value).filter(|_| role.select.as_ref().is_some_and(|s| !s.optional)));
        // What is hidden is code's to fill in.
        needed.retain(|field| !is_hidden(role, field, around));
    }
    needed.retain(|field| !(value.contains_key(field) || root && SETTLED.contains(&field.as_str())));
    needed
}

/// The field that the deciding one asks for.
fn selected(role: &Role, value: &Map<String, Value>) -> Option<String> {
    let select = role.select.as_ref()?;
    let chosen = value.get(&select.field)?.as_str()?;
    select.decides.get(chosen).filter(|field| !field.is_empty()).cloned()
}

fn is_hidden(role: &Role, field: &str, around: &[&str]) -> bool {
    let needed_here = around
        .iter()
        .filter_map(|outer| role.inside.get(*outer))
        .any(|inside| inside.required.iter().any(|one| one == field));
    !needed_here && role.only.as_ref().is_some_and(|only| !only.iter().any(|one| one == field))
        || role.hidden.iter().any(|one| one == field)
        || around
            .iter()
            .filter_map(|outer| role.inside.get(*outer))
            .any(|inside| inside.hidden.iter().any(|one| one == field))
}

/// The fields of the object at JSON pointer `at` that may be written now, those that are needed among them.
pub(super) fn offers<'a>(
    at: &str,
    node: Node<'a>,
    role: Option<&'a Role>,
    value: &Map<String, Value>,
    root: bool,
    view: &View<'a, '_>,
) -> Vec<Offer<'a>> {
    let needed = needs(node, role, value, view.around, view.volumes, root);
    let mut found = Vec::new();
    for (key, child) in node.properties() {
        let required = needed.iter().any(|field| field == key) || in_open_group(role, key, value);
        if value.contains_key(key)
            || (root && SETTLED.contains(&key))
            || role.is_some_and(|role| {
                is_outspoken(role, key, view) || is_unlisted(role, key, value, view.rules)
            })
            || role.is_some_and(|role| is_hidden(role, key, view.around) || is_shut(role, key, value))
            || (view.closing && !required)
            || (role.is_some_and(|role| role.role == "pod")
                && at != "/spec"
                && view.rules.alone.iter().any(|field| field == key))
        {
            continue;
        }
        if !required
            && (matches!(key, "annotations") || is_labels(key))
            && matches!(shape(child), Shape::Map(_))
            && !view.said.labels
        {
            continue;
        }
        let of_others = at == "/metadata" && is_labels(key) && !view.said.pairs.is_empty();
        if !required
            && of_others
            && view.said.pairs.iter().all(|(key, value)| view.said.is_of_others(key, value))
        {
            continue;
        }
        let annotation =
            |name: &String| !view.rules.usual.contains(name) && !view.rules.amounts("*", &[]).contains(name);
        if !required
            && key == "annotations"
            && !view.said.has_any(&view.rules.annotated)
            && !view.said.resources.iter().any(annotation)
        {
            continue;
        }
        let runs = matches!(key, "containers" | "initContainers" | "container" | "image");
        if !required && runs && view.said.images.is_empty() {
            continue;
        }
        let paired = is_labels(key) && matches!(shape(child), Shape::Map(_)) && !view.said.pairs.is_empty();
        let shown = view.known.has(at, key);
        let shape = shape(child);
        if !required && !paired && !is_spoken_of(key, child, node, view.rules, view.said, shown) {
            // Nobody spoke of it, but something that was said has no place yet.
            if let (Shape::Scalar, Some(leaf)) = (shape, lost::place(view.lost, child, key)) {
                found.push(Offer { key: key.to_owned(), node: child, required, leaf: Some(leaf) });
            }
            continue;
        }
        let mut leaf_of = None;
        match shape {
            Shape::Opaque => continue,
            Shape::Scalar => {
                let site = Site {
                    node: child,
                    field: key,
                    role,
                    around: view.around,
                    optional: !required,
                    amount: false,
                    entry: false,
                    shown: shown && node.schema().properties.len() <= SMALL,
                    near: view.near,
                    resource: value.get("name").and_then(Value::as_str),
                };
                let Some(mut one) = leaf(&site, view.rules, view.said, view.used) else { continue };
                if !narrowed(role, key, value, &mut one) {
                    continue;
                }
                only_possible(role, node, &site, view, &mut one);
                if let ("kind", Leaf::Free(_)) = (key, &one) {
                    one = kinds_at(at, view).unwrap_or(one);
                }
                view.volumes.name(role, key, &mut one);
                leaf_of = Some(one);
            }
            Shape::Object
                if !required
                    && !shown
                    && !has_inside(child, key, role, view)
                    && !view.rules.empty.iter().any(|one| one == key) =>
            {
                continue;
            }
            Shape::Object | Shape::List(_) | Shape::Map(_) => {}
        }
        found.push(Offer { key: key.to_owned(), node: child, required, leaf: leaf_of });
    }
    found
}

/// Of the values of a deciding field only those whose own field has something to be: no `AverageValue` where nobody said an
/// amount.
fn only_possible(role: Option<&Role>, node: Node<'_>, site: &Site<'_>, view: &View<'_, '_>, one: &mut Leaf) {
    let (Some(select), Leaf::Closed(values)) = (role.and_then(|role| role.select.as_ref()), one) else {
        return;
    };
    if select.field != site.field {
        return;
    }
    let can = |value: &Value| {
        let decided = value.as_str().and_then(|value| select.decides.get(value));
        let amount = decided.and_then(|field| Some((field, node.property(field)?)));
        amount.filter(|(_, child)| child.is_quantity()).is_none_or(|(field, child)| {
            leaf(&Site { node: child, field, ..*site }, view.rules, view.said, view.used).is_some()
        })
    };
    if values.iter().any(can) {
        values.retain(can);
    }
}

/// The kinds that may be referred to at a place: those that are named and like what examples have there, else both.
fn kinds_at(at: &str, view: &View<'_, '_>) -> Option<Leaf> {
    let known: Vec<&String> = view.known.kinds(&format!("{at}/kind")).collect();
    // `cluster training runtime` is meant where a `TrainingRuntime` may stand.
    let is_like = |kind: &&String| known.iter().any(|known| kind.ends_with(known.as_str()));
    let mut kinds: Vec<&String> = view.said.kinds.iter().filter(is_like).collect();
    if kinds.is_empty() {
        kinds = known.into_iter().chain(&view.said.kinds).collect();
    }
    kinds.sort_unstable();
    kinds.dedup();
    let values = kinds.into_iter().map(|kind| Value::from(kind.as_str())).collect::<Vec<_>>();
    (!values.is_empty()).then_some(Leaf::Closed(values))
}

/// Whether a map holds labels.
pub(super) fn is_labels(field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    field.ends_with("labels") || field.ends_with("selector") || field == "nodeselectorterms"
}

/// Whether an object would have anything to write in it.
fn has_inside(node: Node<'_>, field: &str, around: Option<&Role>, view: &View<'_, '_>) -> bool {
    let role = view.rules.role(node, field);
    let mut roles = view.around.to_vec();
    roles.extend(around.map(|role| role.role.as_str()));
    let empty = Map::new();
    node.properties().any(|(key, child)| {
        let hidden = role.is_some_and(|role| is_hidden(role, key, &roles));
        let labels = matches!(key, "labels" | "annotations") && !view.said.labels;
        let required =
            needs(node, role, &empty, &roles, view.volumes, false).iter().any(|field| field == key);
        !hidden && (required || (!labels && is_spoken_of(key, child, node, view.rules, view.said, false)))
    })
}

/// Whether a field belongs to a group of which one must stand and none does.
pub(super) fn in_open_group(role: Option<&Role>, key: &str, value: &Map<String, Value>) -> bool {
    role.is_some_and(|role| {
        role.exactly_one.iter().any(|group| {
            group.iter().any(|field| field == key) && !group.iter().any(|field| value.contains_key(field))
        })
    })
}

/// Whether a list beside a field has no entry for it: no `egress` where `policyTypes` has only `Ingress`.
fn is_unlisted(role: &Role, key: &str, value: &Map<String, Value>, rules: &Rules) -> bool {
    rules.listed(role, key).is_some_and(|(list, entry)| {
        value.get(list).and_then(Value::as_array).is_some_and(|list| !list.iter().any(|one| one == entry))
    })
}

/// Whether the request speaks of others of the field's group and not of it: `the claim eval-data` is no empty directory.
fn is_outspoken(role: &Role, key: &str, view: &View<'_, '_>) -> bool {
    let speaks = |field: &String| view.rules.ways.get(field).is_some_and(|words| view.said.has_any(words));
    role.exactly_one
        .iter()
        .filter(|group| group.iter().any(|field| field == key))
        .any(|group| group.iter().any(speaks) && !speaks(&key.to_owned()))
}

/// Whether another field stands in the way: the group is taken, or the deciding field says otherwise.
fn is_shut(role: &Role, key: &str, value: &Map<String, Value>) -> bool {
    let taken = role.exactly_one.iter().any(|group| {
        group.iter().any(|field| field == key) && group.iter().any(|field| value.contains_key(field))
    });
    let decided = role.select.as_ref().is_some_and(|select| {
        let others = select.decides.values().filter(|field| !field.is_empty());
        let is_decided = others.clone().any(|field| field == key);
        let set = value.get(&select.field).and_then(Value::as_str);
        let by_value = set.is_some_and(|set| select.decides.get(set).is_none_or(|field| field != key));
        let by_other = others.clone().any(|field| field != key && value.contains_key(field));
        is_decided && (by_value || by_other)
    });
    taken || decided
}

/// The deciding field has only the values that go with what stands already. False where none is left.
fn narrowed(role: Option<&Role>, key: &str, value: &Map<String, Value>, leaf: &mut Leaf) -> bool {
    let Some(select) = role.and_then(|role| role.select.as_ref()).filter(|select| select.field == key) else {
        return true;
    };
    let Leaf::Closed(values) = leaf else {
        // The schema has no list: the rule's own is one.
        *leaf = Leaf::Closed(select.decides.keys().map(|one| Value::from(one.as_str())).collect());
        return narrowed(role, key, value, leaf);
    };
    if let Some(standing) =
        select.decides.values().find(|field| !field.is_empty() && value.contains_key(*field))
    {
        values.retain(|one| one.as_str().is_some_and(|one| select.decides.get(one) == Some(standing)));
    }
    !values.is_empty()
}

impl<'a> Frame<'a> {
    /// Whether it may be closed as it stands; `inner` where something inside it is still open.
    pub fn may_close(&self, around: &[&str], volumes: &Volumes, root: bool, inner: bool) -> bool {
        match &self.inner {
            Inner::Object { node, role, value } => {
                (root || !value.is_empty()) && needs(*node, *role, value, around, volumes, root).is_empty()
            }
            Inner::List { .. } if self.field == "volumes" && !volumes.wanted.is_empty() => false,
            // What was written may have been dropped.
            Inner::List { full: true, value, .. } if self.optional && value.is_empty() => true,
            Inner::List { least, value, .. } => value.len() + usize::from(inner) >= (*least).max(1),
            Inner::Map { value, keys, .. } => !value.is_empty() || keys.is_empty(),
        }
    }

    /// Whether it is the list, still open, that has no entry for a field of the object around it.
    pub fn leaves_out(&self, around: Option<&Role>, key: &str, rules: &Rules) -> bool {
        let Inner::List { value, .. } = &self.inner else { return false };
        let listed = around.and_then(|role| rules.listed(role, key));
        listed.is_some_and(|(list, entry)| self.field == list && !value.iter().any(|one| one == entry))
    }

    /// Its value, taken out.
    pub fn into_value(self) -> Value {
        match self.inner {
            Inner::Object { value, .. } | Inner::Map { value, .. } => Value::Object(value),
            Inner::List { value, .. } => Value::Array(value),
        }
    }

    /// The role, where it has one.
    pub fn role(&self) -> Option<&'a Role> {
        match &self.inner {
            Inner::Object { role, .. } => *role,
            Inner::List { .. } | Inner::Map { .. } => None,
        }
    }
}
