//! What a scalar field may be: a closed list, made of the schema and of what the request says, or text of the model's own.

use serde_json::Value;

use super::near::Near;
use super::rules::{Role, Rules, Text};
use super::said::Said;
use crate::constraint::{FreeKind, FreeText};
use crate::schema::Node;

/// Bytes of a text of the model's own.
const LONGEST: usize = 240;
/// Digits of a number of the model's own.
const DIGITS: usize = 6;
/// Bytes of a DNS label.
const LABEL: usize = 63;

/// What a schema's value is written as.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape<'a> {
    /// Fields of its own.
    Object,
    /// Entries of one kind.
    List(Node<'a>),
    /// Any keys, values of one kind.
    Map(Node<'a>),
    /// One value on its line.
    Scalar,
    /// Anything goes: it is not offered.
    Opaque,
}

/// See [`Shape`].
pub(super) fn shape(node: Node<'_>) -> Shape<'_> {
    let schema = node.schema();
    if node.is_quantity() || node.is_int_or_string() {
        return Shape::Scalar;
    }
    if !schema.properties.is_empty() {
        return Shape::Object;
    }
    if let Some(items) = node.items() {
        return Shape::List(items);
    }
    if let Some(values) = node.values() {
        return Shape::Map(values);
    }
    match schema.type_name.as_deref() {
        Some("string" | "integer" | "number" | "boolean") => Shape::Scalar,
        _ => Shape::Opaque,
    }
}

/// What may be written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Leaf {
    /// One of these.
    Closed(Vec<Value>),
    /// Text of the model's own; a number where the kind is digits.
    Free(FreeText),
}

/// Where a scalar stands.
#[derive(Clone, Copy)]
pub(super) struct Site<'a> {
    pub node: Node<'a>,
    /// Its field; of an entry of a list the list's field, of an entry of a map its key.
    pub field: &'a str,
    pub role: Option<&'a Role>,
    /// Roles around it, outermost first.
    pub around: &'a [&'a str],
    /// It need not be there.
    pub optional: bool,
    /// An amount of a resource.
    pub amount: bool,
    /// An entry of a map.
    pub entry: bool,
    /// A worked example has it there, and the object around is small.
    pub shown: bool,
    /// Numbers beside words for fields.
    pub near: &'a Near,
    /// The resource that the object around is about: an amount beside `name: memory` is one of memory.
    pub resource: Option<&'a str>,
}

/// What a scalar may be; `None` where it has nothing to be: it is not offered then, or must be asked for.
pub(super) fn leaf(site: &Site<'_>, rules: &Rules, said: &Said, used: &[i64]) -> Option<Leaf> {
    let schema = site.node.schema();
    if let Some(values) = closed(site) {
        return Some(Leaf::Closed(values.iter().map(|text| Value::from(text.as_str())).collect()));
    }
    if site.field == "resources"
        && site.role.is_some_and(|role| role.role == "rbac-rule")
        && !said.plurals.is_empty()
    {
        return some(said.plurals.iter().map(|text| Value::from(text.as_str())).collect());
    }
    if !schema.values.is_empty() {
        return Some(Leaf::Closed(listed(site, rules, said)));
    }
    if site.amount || site.node.is_quantity() {
        return some(amounts(site.resource.unwrap_or(site.field), site.around.contains(&"claim"), said));
    }
    let is_resource =
        |name: &&str| matches!(*name, "cpu" | "memory" | "ephemeral-storage") || name.contains('/');
    if let (true, Some(resource)) = (site.node.is_int_or_string(), site.resource.filter(is_resource)) {
        return some(amounts(resource, false, said));
    }
    let again = rules.again.iter().any(|field| field == site.field);
    // What nobody asked for has only numbers that are still unused.
    let used = if again || !site.optional { &[] } else { used };
    if site.node.is_int_or_string() {
        let percent = |value: &Value| {
            let text = format!("{value}%");
            value.as_i64().is_some_and(|one| said.times(one) < 2) && said.percents.contains(&text)
        };
        let mut values: Vec<Value> = numbers(site, said, used);
        values.retain(|value| !percent(value));
        values.extend(said.percents.iter().map(|text| Value::from(text.as_str())));
        return some(values).or((!site.optional).then_some(digits()));
    }
    match schema.type_name.as_deref() {
        Some("boolean") => {
            let words = rules.spoken.get(site.field);
            let spoken = match words {
                Some(words) => said.has_any(words) || said.speaks_wholly_of(site.field),
                None => said.speaks_of(site.field),
            } || rules.due.get(site.field).is_some_and(|words| said.has_any(words));
            let offered = !site.optional || spoken || site.shown;
            offered.then(|| Leaf::Closed(vec![Value::Bool(true), Value::Bool(false)]))
        }
        Some("integer" | "number") => {
            let values = numbers(site, said, used);
            some(values).or((!site.optional).then_some(digits()))
        }
        Some("string") => string(site, rules, said),
        _ => None,
    }
}

fn some(values: Vec<Value>) -> Option<Leaf> {
    (!values.is_empty()).then_some(Leaf::Closed(values))
}

fn digits() -> Leaf {
    Leaf::Free(FreeText { kind: FreeKind::Digits, most: DIGITS })
}

/// The values of an `enum`; where the request speaks of the field and says one of them, that one.
fn listed(site: &Site<'_>, rules: &Rules, said: &Said) -> Vec<Value> {
    let all: Vec<Value> =
        site.node.schema().values.iter().filter(|value| !value.is_null()).cloned().collect();
    let spoken = rules.due.get(site.field).is_some_and(|words| said.has_any(words));
    let chosen: Vec<Value> =
        all.iter().filter(|value| value.as_str().is_some_and(|text| said.has(text))).cloned().collect();
    let written_out = chosen.iter().any(|value| value.as_str().is_some_and(|text| said.has_constant(text)));
    if (spoken || written_out) && site.optional && !chosen.is_empty() { chosen } else { all }
}

/// The closed list of a role, as the roles around it change it.
fn closed<'a>(site: &Site<'a>) -> Option<&'a Vec<String>> {
    let role = site.role?;
    let inside = site.around.iter().rev().find_map(|outer| role.inside.get(*outer)?.values.get(site.field));
    inside.or_else(|| role.values.get(site.field))
}

/// Whether a number is a length of time, in seconds.
pub(super) fn is_timed(field: &str) -> bool {
    field.contains("Seconds") || matches!(field, "pollingInterval" | "cooldownPeriod" | "timeout")
}

/// The numbers of the request that fit.
fn numbers(site: &Site<'_>, said: &Said, used: &[i64]) -> Vec<Value> {
    let schema = site.node.schema();
    let timed = is_timed(site.field);
    let fits = |value: i64| {
        #[allow(clippy::cast_precision_loss)]
        let number = value as f64;
        let above = schema
            .minimum
            .is_none_or(|least| number >= least && !(schema.exclusive_minimum && number <= least));
        above
            && schema
                .maximum
                .is_none_or(|most| number <= most && !(schema.exclusive_maximum && number >= most))
    };
    let has_seconds = said.numbers.iter().any(|number| number.seconds);
    // A number that was said twice can be taken twice.
    let is_left = |value: i64| {
        let taken = used.iter().filter(|one| **one == value).count();
        taken == 0 || taken < said.times(value)
    };
    if timed && !has_seconds && site.optional && !said.speaks_wholly_of(site.field) {
        return Vec::new();
    }
    let mut values: Vec<i64> = said
        .numbers
        .iter()
        .filter(|number| if timed && has_seconds { number.seconds } else { timed || !number.seconds })
        .map(|number| number.value)
        .filter(|value| fits(*value) && is_left(*value))
        // A `no` is no port.
        .filter(|value| *value != 0 || !(site.field.ends_with("ort") || site.field == "number"))
        .collect();
    values.sort_unstable();
    values.dedup();
    let own = site.near.to(site.field);
    if values.iter().any(|value| own.contains(value)) {
        values.retain(|value| own.contains(value));
    } else if site.optional {
        values.retain(|value| said.times(*value) > 1 || !site.near.is_another_s(site.field, *value));
    }
    values.into_iter().map(Value::from).collect()
}

/// The amounts of the request that a resource can have; `of_claim`: it is what a claim asks for.
fn amounts(resource: &str, of_claim: bool, said: &Said) -> Vec<Value> {
    let percent = |number: i64| said.times(number) < 2 && said.percents.contains(&format!("{number}%"));
    let plain = || {
        let numbers = said.numbers.iter().filter(|number| !number.seconds && !percent(number.value));
        numbers.map(|number| Value::from(number.value))
    };
    let text = |texts: &[String]| texts.iter().map(|text| Value::from(text.as_str())).collect::<Vec<_>>();
    let speaks = |words: &[&str]| words.iter().any(|word| said.text().contains(word));
    if (resource.starts_with("limits.") && !speaks(&["limit", "限制", "上限"]))
        || (resource.ends_with("storage")
            && !of_claim
            && !speaks(&["storage", "disk", "claim", "pvc", "存储", "卷", "磁盘"]))
        || (resource == "ephemeral-storage" && !speaks(&["ephemeral", "临时"]))
    {
        return Vec::new();
    }
    let mut values: Vec<Value> = if resource.ends_with("cpu") {
        if !speaks(&["cpu", "core", "核", "处理器"]) {
            return Vec::new();
        }
        let whole = |value: Value| {
            value.as_str().and_then(|text| text.parse::<i64>().ok()).map_or(value, Value::from)
        };
        text(&said.cpus).into_iter().map(whole).chain(plain()).collect()
    } else if resource.ends_with("memory") || resource.ends_with("storage") {
        text(&said.quantities)
    } else if resource.ends_with("nvidia.com/gpu")
        && !speaks(&["gpu", "显卡", "卡", "h100", "a100", "h200", "l40", "nvidia"])
    {
        Vec::new()
    } else if resource.contains('/')
        || matches!(resource, "pods" | "services" | "secrets" | "configmaps" | "persistentvolumeclaims")
    {
        plain().collect()
    } else {
        text(&said.quantities).into_iter().chain(text(&said.cpus)).chain(plain()).collect()
    };
    let mut seen: Vec<String> = Vec::new();
    values.retain(|value| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let fresh = !seen.contains(&text);
        seen.push(text);
        fresh
    });
    values
}

fn string(site: &Site<'_>, rules: &Rules, said: &Said) -> Option<Leaf> {
    let mut paired: Vec<&str> = Vec::new();
    for (key, value) in said.pairs.iter().filter(|_| site.entry) {
        if key == site.field && !paired.contains(&value.as_str()) {
            paired.push(value);
        }
    }
    if !paired.is_empty() {
        return some(paired.into_iter().map(Value::from).collect());
    }
    let schema = site.node.schema();
    let texts = |texts: &[String]| some(texts.iter().map(|text| Value::from(text.as_str())).collect());
    let most = schema.max_length.unwrap_or(LONGEST).min(LONGEST);
    let free = |kind: FreeKind, bound: usize| Some(Leaf::Free(FreeText { kind, most: most.min(bound) }));
    match rules.strings.get(site.field) {
        Some(Text::SaidImage) => texts(&said.images),
        Some(Text::SaidSchedule) => texts(&said.schedules),
        // Decided entry by entry: `copied`.
        Some(Text::Copied) => free(FreeKind::Scalar, LONGEST),
        Some(Text::Label) => free(FreeKind::Label, LABEL),
        Some(Text::Name | Text::Word) => free(FreeKind::Word, LONGEST),
        None if matches!(schema.format.as_deref(), Some("byte" | "date-time" | "date")) && site.optional => {
            None
        }
        None => free(FreeKind::Scalar, LONGEST),
    }
}

/// A value as YAML on one line.
pub(super) fn plain_text(value: &Value) -> String {
    let Value::String(text) = value else { return value.to_string() };
    let mut bytes = text.bytes();
    let first =
        bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'.' | b'_') || b >= 0x80);
    let amount = text.bytes().next().is_some_and(|b| b.is_ascii_digit())
        && text.bytes().any(|b| b.is_ascii_alphabetic())
        && text.parse::<f64>().is_err();
    let address = text.bytes().next().is_some_and(|b| b.is_ascii_digit()) && text.matches('.').count() == 3;
    let rest = text.bytes().all(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b'/' | b'.' | b'_' | b'-' | b':' | b'@') || b >= 0x80
    });
    let word = matches!(
        text.to_ascii_lowercase().as_str(),
        "true" | "false" | "null" | "yes" | "no" | "on" | "off" | "y" | "n"
    );
    if (first || amount || address) && rest && !word && !text.ends_with(':') {
        text.clone()
    } else {
        value.to_string()
    }
}
