//! Kyverno's patterns: what an object has to look like, with anchors on keys and operators in values.
//!
//! | key | |
//! |---|---|
//! | `(k)` | only where `k` is as the pattern says, the rest of the map has to be too |
//! | `<(k)` | the same for the whole object |
//! | `=(k)` | where there is `k` |
//! | `X(k)` | there is no `k` |
//! | `^(k)` | one element of the list is so |
//!
//! Values: wildcards, `>= <= > < !`, ranges `a-b` and `a!-b`, `|` and `&`; numbers, quantities and durations compare by value.
//!
//! Source: kyverno `pkg/engine/{anchor,pattern,validate,wildcards}`, whose ways of skipping are followed in every turn.

use std::cmp::Ordering;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::wildcard::{has_wildcards, matches};
use crate::manifest::Quantity;

type Fields = Map<String, Value>;

/// One pattern, or some of which one has to match.
#[derive(Debug, Clone)]
pub(in crate::policy) struct Patterns {
    /// The patterns.
    pub(super) all: Vec<Value>,
    /// What the rule says of an object that matches none.
    pub(super) message: Option<String>,
}

/// What patterns say of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::policy) enum Verdict {
    /// It is so.
    Pass,
    /// They are not about it.
    Skip,
    /// It is not so, at this pointer.
    Fail { message: String, path: String },
    /// It cannot be said, as by Kyverno.
    Error(String),
}

impl Patterns {
    /// Holds an object against the patterns.
    pub(in crate::policy) fn judge(&self, object: &Value) -> Verdict {
        let (mut failed, mut skipped) = (Vec::new(), false);
        for pattern in &self.all {
            match against(object, pattern) {
                Verdict::Pass => return Verdict::Pass,
                Verdict::Skip => skipped = true,
                other => failed.push(other),
            }
        }
        let Some(first) = failed.into_iter().next() else {
            return if skipped { Verdict::Skip } else { Verdict::Pass };
        };
        match (first, &self.message) {
            // Of several, that one cannot be decided is a failure.
            (Verdict::Error(text), message) if self.all.len() > 1 => {
                Verdict::Fail { message: message.clone().unwrap_or(text), path: String::new() }
            }
            (Verdict::Fail { path, .. }, Some(message)) => Verdict::Fail { message: message.clone(), path },
            (other, _) => other,
        }
    }
}

/// One pattern.
fn against(object: &Value, pattern: &Value) -> Verdict {
    let mut anchors = Anchors::default();
    match element(Some(object), pattern, "", &mut anchors) {
        Ok(()) => Verdict::Pass,
        Err(trouble) if trouble.skips() => Verdict::Skip,
        Err(trouble) if trouble.kind != Kind::Negation && anchors.is_missing_some() => Verdict::Error(
            format!("a key on which the pattern has a condition is missing: {}", trouble.message),
        ),
        Err(Trouble { message, path, .. }) => Verdict::Fail { message, path },
    }
}

/// Why a pattern does not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A condition does not hold.
    Conditional,
    /// A condition for the whole object does not.
    Global,
    /// Something is there that must not be.
    Negation,
    /// Conditions further below did not hold.
    Below,
    /// A value is another one.
    Mismatch,
}

#[derive(Debug, Clone)]
struct Trouble {
    kind: Kind,
    message: String,
    path: String,
}

impl Trouble {
    fn new(kind: Kind, path: &str, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), path: path.to_owned() }
    }

    /// Whether the pattern is then not about the object.
    fn skips(&self) -> bool {
        matches!(self.kind, Kind::Conditional | Kind::Global | Kind::Below)
    }
}

/// Which anchored keys were found anywhere.
#[derive(Debug, Default)]
struct Anchors(Vec<(String, bool)>);

impl Anchors {
    fn look(&mut self, pattern: &Fields, object: &Fields) {
        for key in pattern.keys() {
            let Some((Anchor::Condition | Anchor::Existence | Anchor::Negation, name)) = anchor(key) else {
                continue;
            };
            let found = object.contains_key(name);
            match self.0.iter_mut().find(|(known, _)| known == key) {
                Some((_, known)) => *known |= found,
                None => self.0.push((key.clone(), found)),
            }
        }
    }

    fn is_missing_some(&self) -> bool {
        self.0.iter().any(|(key, found)| !found && !matches!(anchor(key), Some((Anchor::Negation, _))))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Condition,
    Global,
    Negation,
    AddIfAbsent,
    Equality,
    Existence,
}

/// The anchor of a key and the key itself.
pub(super) fn anchor(key: &str) -> Option<(Anchor, &str)> {
    let key = key.trim();
    let (kind, rest) = match key.chars().next()? {
        '(' => (Anchor::Condition, key),
        '<' => (Anchor::Global, key.strip_prefix('<')?),
        'X' => (Anchor::Negation, key.strip_prefix('X')?),
        '+' => (Anchor::AddIfAbsent, key.strip_prefix('+')?),
        '=' => (Anchor::Equality, key.strip_prefix('=')?),
        '^' => (Anchor::Existence, key.strip_prefix('^')?),
        _ => return None,
    };
    let name = rest.strip_prefix('(')?.strip_suffix(')')?;
    if name.is_empty() { None } else { Some((kind, name)) }
}

fn element(value: Option<&Value>, pattern: &Value, path: &str, anchors: &mut Anchors) -> Result<(), Trouble> {
    match pattern {
        Value::Object(pattern) => {
            let Some(Value::Object(object)) = value else {
                return Err(Trouble::new(Kind::Mismatch, path, "it is no map as in the pattern"));
            };
            anchors.look(pattern, object);
            map(object, pattern, path, anchors)
        }
        Value::Array(pattern) => {
            let Some(Value::Array(items)) = value else {
                return Err(Trouble::new(Kind::Mismatch, path, "it is no list as in the pattern"));
            };
            list(items, pattern, path, anchors)
        }
        scalar => {
            let fits = match value {
                Some(Value::Array(items)) => items.iter().all(|item| is_like(Some(item), scalar)),
                value => is_like(value, scalar),
            };
            if fits {
                return Ok(());
            }
            let shown = value.map_or_else(|| "nothing".to_owned(), Value::to_string);
            Err(Trouble::new(Kind::Mismatch, path, format!("{shown} does not match {scalar}")))
        }
    }
}

fn map(object: &Fields, pattern: &Fields, path: &str, anchors: &mut Anchors) -> Result<(), Trouble> {
    let pattern = expanded(pattern, object);
    let is_first = |key: &str| {
        let kinds = [Anchor::Condition, Anchor::Existence, Anchor::Equality, Anchor::Negation];
        anchor(key).is_some_and(|(kind, _)| kinds.contains(&kind))
    };
    let (mut first, rest): (Vec<_>, Vec<_>) = pattern.iter().partition(|(key, _)| is_first(key));
    first.sort_by_key(|(key, _)| *key);
    let (mut skipped, mut applied): (Vec<Trouble>, usize) = (Vec::new(), 0);
    for (key, inner) in first {
        match entry(object, key, inner, path, anchors) {
            Ok(()) => applied += 1,
            Err(trouble) if trouble.skips() => skipped.push(trouble),
            // Beside a condition of this very map that does not hold, the rest does not count.
            Err(_) if skipped.iter().any(|one| one.kind != Kind::Below) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    if !skipped.is_empty() && (applied == 0 || skipped.iter().any(|one| one.kind != Kind::Below)) {
        let messages: Vec<String> = skipped.into_iter().map(|one| one.message).collect();
        return Err(Trouble::new(Kind::Below, path, messages.join("; ")));
    }
    for (key, inner) in in_turn(rest) {
        entry(object, key, inner, path, anchors)?;
    }
    Ok(())
}

/// Conditions for the whole object and what has anchors below come first.
fn in_turn<'a>(mut rest: Vec<(&'a String, &'a Value)>) -> Vec<(&'a String, &'a Value)> {
    rest.sort_by_key(|(key, _)| *key);
    let (mut early, late): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|(key, value)| matches!(anchor(key), Some((Anchor::Global, _))) || has_anchors(value));
    early.reverse();
    early.extend(late);
    early
}

fn has_anchors(value: &Value) -> bool {
    match value {
        Value::Object(map) => {
            let is_one = |key: &String| anchor(key).is_some_and(|(kind, _)| kind != Anchor::AddIfAbsent);
            map.keys().any(is_one) || map.values().any(has_anchors)
        }
        Value::Array(items) => items.iter().any(has_anchors),
        _ => false,
    }
}

fn entry(
    object: &Fields,
    key: &str,
    pattern: &Value,
    path: &str,
    anchors: &mut Anchors,
) -> Result<(), Trouble> {
    let at = |name: &str| format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"));
    let Some((kind, name)) = anchor(key).filter(|(kind, _)| *kind != Anchor::AddIfAbsent) else {
        let value = object.get(key);
        if pattern.as_str() == Some("*") {
            return match value {
                Some(value) if !value.is_null() => Ok(()),
                _ => Err(Trouble::new(Kind::Mismatch, &at(key), format!("{key} is missing"))),
            };
        }
        return element(value, pattern, &at(key), anchors);
    };
    let (value, path) = (object.get(name), at(name));
    match kind {
        Anchor::Negation => match value {
            Some(_) => Err(Trouble::new(Kind::Negation, &path, format!("{name} is not allowed"))),
            None => Ok(()),
        },
        Anchor::Equality => value.map_or(Ok(()), |value| element(Some(value), pattern, &path, anchors)),
        Anchor::Condition => {
            let found =
                value.ok_or_else(|| Trouble::new(Kind::Conditional, &path, format!("there is no {name}")))?;
            element(Some(found), pattern, &path, anchors)
                .map_err(|trouble| Trouble { kind: Kind::Conditional, ..trouble })
        }
        Anchor::Global => {
            let Some(found) = value else { return Ok(()) };
            element(Some(found), pattern, &path, anchors)
                .map_err(|trouble| Trouble { kind: Kind::Global, ..trouble })
        }
        Anchor::Existence | Anchor::AddIfAbsent => existence(value, pattern, &path, anchors),
    }
}

/// Each of the patterns is met by an element of the list.
fn existence(
    value: Option<&Value>,
    pattern: &Value,
    path: &str,
    anchors: &mut Anchors,
) -> Result<(), Trouble> {
    let Some(value) = value else { return Ok(()) };
    let (Value::Array(items), Value::Array(patterns)) = (value, pattern) else {
        return Err(Trouble::new(Kind::Mismatch, path, "^() is for lists only"));
    };
    for pattern in patterns {
        let met = items
            .iter()
            .enumerate()
            .any(|(index, item)| element(Some(item), pattern, &format!("{path}/{index}"), anchors).is_ok());
        if !met {
            return Err(Trouble::new(Kind::Mismatch, path, format!("no element is like {pattern}")));
        }
    }
    Ok(())
}

fn list(items: &[Value], patterns: &[Value], path: &str, anchors: &mut Anchors) -> Result<(), Trouble> {
    let Some(first) = patterns.first() else {
        return Err(Trouble::new(Kind::Mismatch, path, "the pattern is an empty list"));
    };
    let pairs: Vec<(&Value, &Value)> = match first {
        // One map is for every element.
        Value::Object(_) => items.iter().map(|item| (item, first)).collect(),
        Value::Array(_) => {
            if items.len() < patterns.len() {
                return Err(Trouble::new(Kind::Mismatch, path, "the list is shorter than in the pattern"));
            }
            items.iter().zip(patterns).collect()
        }
        scalar => {
            let whole = Value::Array(items.to_vec());
            return element(Some(&whole), scalar, path, anchors);
        }
    };
    let (mut applied, mut skipped) = (0_usize, Vec::new());
    for (index, (item, pattern)) in pairs.into_iter().enumerate() {
        match element(Some(item), pattern, &format!("{path}/{index}"), anchors) {
            Ok(()) => applied += 1,
            Err(trouble) if trouble.skips() => skipped.push(trouble.message),
            Err(trouble) => return Err(trouble),
        }
    }
    if applied == 0 && !skipped.is_empty() {
        return Err(Trouble::new(Kind::Below, path, skipped.join("; ")));
    }
    Ok(())
}

/// The pattern with wildcards in the keys of labels and annotations replaced by keys of the object.
fn expanded(pattern: &Fields, object: &Fields) -> Fields {
    let mut pattern = pattern.clone();
    let plain = |key: &str| anchor(key).map_or(key, |(_, name)| name).to_owned();
    let metadata = pattern.iter_mut().find(|(key, _)| plain(key) == "metadata");
    let (Some((_, Value::Object(metadata))), Some(own)) = (metadata, object.get("metadata")) else {
        return pattern;
    };
    for part in ["labels", "annotations"] {
        let tag = metadata.iter_mut().find(|(key, _)| plain(key) == part);
        let (Some((_, Value::Object(map))), Some(Value::Object(own))) = (tag, own.get(part)) else {
            continue;
        };
        let renamed = map.iter().filter(|(_, value)| value.is_string()).map(|(key, value)| {
            let name = plain(key);
            let found = own.keys().find(|known| has_wildcards(&name) && matches(&name, known));
            let key = found.map_or_else(|| key.clone(), |found| key.replace(name.as_str(), found));
            (key, value.clone())
        });
        *map = renamed.collect();
    }
    pattern
}

/// Whether a text of a pattern may mean an amount: a duration, a quantity, or a range of such.
pub(super) fn is_amount(text: &str) -> bool {
    let is_range = RANGE.as_ref().is_none_or(|range| range.is_match(text));
    is_range || duration(text).is_some() || text.parse::<Quantity>().is_ok()
}

/// Whether a value is like a scalar of a pattern.
pub(super) fn is_like(value: Option<&Value>, pattern: &Value) -> bool {
    let value = value.unwrap_or(&Value::Null);
    match pattern {
        Value::Bool(wanted) => value.as_bool() == Some(*wanted),
        Value::Number(wanted) => match value {
            Value::Number(number) => number.as_f64() == wanted.as_f64(),
            Value::String(text) if wanted.is_f64() => text.parse::<f64>().ok() == wanted.as_f64(),
            Value::String(text) => {
                text.parse::<i64>().ok().is_some_and(|number| Some(number) == wanted.as_i64())
            }
            _ => false,
        },
        Value::Null => match value {
            Value::Null => true,
            Value::Number(number) => number.as_f64() == Some(0.0),
            Value::String(text) => text.is_empty(),
            Value::Bool(bool) => !bool,
            Value::Array(_) | Value::Object(_) => false,
        },
        Value::String(pattern) => {
            value.as_str() == Some(pattern)
                || pattern
                    .split('|')
                    .any(|one| one.split('&').all(|part| is_like_text(value, part.trim_matches(' '))))
        }
        Value::Array(_) => false,
        Value::Object(_) => value.is_object(),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    Equal,
    NotEqual,
    More,
    Less,
    MoreEqual,
    LessEqual,
}

impl Operator {
    const PREFIXES: [(&'static str, Self); 5] = [
        (">=", Self::MoreEqual),
        ("<=", Self::LessEqual),
        (">", Self::More),
        ("<", Self::Less),
        ("!", Self::NotEqual),
    ];

    fn holds(self, order: Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::More => order.is_gt(),
            Self::Less => order.is_lt(),
            Self::MoreEqual => order.is_ge(),
            Self::LessEqual => order.is_le(),
        }
    }
}

/// `a-b` and `a!-b` of numbers with units.
static RANGE: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"^([-+]?\d+(?:\.\d+)?[A-Za-z]*)(!?)-([-+]?\d+(?:\.\d+)?[A-Za-z]*)$").ok());

fn is_like_text(value: &Value, pattern: &str) -> bool {
    if pattern.len() < 2 {
        return compare(value, pattern, Operator::Equal);
    }
    if let Some((rest, operator)) = Operator::PREFIXES
        .iter()
        .find_map(|(prefix, operator)| Some((pattern.strip_prefix(prefix)?, *operator)))
    {
        return compare(value, rest.trim(), operator);
    }
    let range = RANGE.as_ref().and_then(|range| range.captures(pattern));
    let part =
        |index: usize| range.as_ref().and_then(|found| found.get(index)).map_or("", |part| part.as_str());
    match (range.is_some(), part(2)) {
        (false, _) => compare(value, pattern.trim(), Operator::Equal),
        (true, "!") => compare(value, part(1), Operator::Less) || compare(value, part(3), Operator::More),
        (true, _) => {
            compare(value, part(1), Operator::MoreEqual) && compare(value, part(3), Operator::LessEqual)
        }
    }
}

/// By duration, else by quantity, else by text.
fn compare(value: &Value, pattern: &str, operator: Operator) -> bool {
    let number = match value {
        Value::Null => Some("0".to_owned()),
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    if let Some(number) = &number {
        if let (Some(left), Some(right)) = (duration(number), duration(pattern)) {
            return operator.holds(left.cmp(&right));
        }
        if let (Ok(left), Ok(right)) = (number.parse::<Quantity>(), pattern.parse::<Quantity>()) {
            return operator.holds(left.cmp(&right));
        }
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Bool(bool) => bool.to_string(),
        _ => return false,
    };
    match operator {
        Operator::Equal => matches(pattern, &text),
        Operator::NotEqual => !matches(pattern, &text),
        // These are for amounts.
        _ => false,
    }
}

/// A duration as Go writes it (`1h30m`, `-1.5s`, `0`), in nanoseconds.
fn duration(text: &str) -> Option<i128> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut nanoseconds = 0_i128;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, behind) = rest.split_at_checked(digits)?;
        let unit_end = behind.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(behind.len());
        let (unit, behind) = behind.split_at_checked(unit_end)?;
        let unit = match unit {
            "ns" => 1,
            "us" | "µs" | "μs" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60 * 1_000_000_000_i128,
            "h" => 3_600 * 1_000_000_000_i128,
            _ => return None,
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let digits =
            |text: &str| if text.is_empty() { Some(0) } else { text.parse::<i64>().ok().map(i128::from) };
        nanoseconds += digits(whole)? * unit;
        let places = u32::try_from(fraction.len()).ok().filter(|places| *places <= 18)?;
        nanoseconds += digits(fraction)? * unit / 10_i128.pow(places);
        rest = behind;
    }
    Some(sign * nanoseconds)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(pattern: &Value, object: &Value) -> &'static str {
        match against(object, pattern) {
            Verdict::Pass => "pass",
            Verdict::Skip => "skip",
            Verdict::Fail { .. } => "fail",
            Verdict::Error(_) => "error",
        }
    }

    #[test]
    fn values_compare_by_what_they_mean() {
        for (value, pattern, expected) in [
            (json!("nginx:1.27"), "*:*", true),
            (json!("nginx:latest"), "!*:latest", false),
            (json!(null), "?*", false),
            (json!(5), "<10", true),
            (json!("1Gi"), "<=512Mi", false),
            (json!("500m"), "<1", true),
            (json!("90s"), ">1m", true),
            (json!(7), "1-10", true),
            (json!(70), "1-10", false),
            (json!(70), "1!-10", true),
            (json!("b"), "a | b", true),
            (json!("nginx"), "!redis & !mysql", true),
            (json!("mysql"), "!redis & !mysql", false),
            (json!(true), "true", true),
            (json!("abc"), ">5", false),
            (json!(["a:1", "b:2"]), "*:*", true),
        ] {
            let found = element(Some(&value), &json!(pattern), "", &mut Anchors::default()).is_ok();
            assert_eq!(found, expected, "{value} {pattern}");
        }
    }

    #[test]
    fn anchors_say_when_and_whether() {
        let pod = |containers: Value| json!({"spec": {"containers": containers}});
        let conditional =
            json!({"spec": {"containers": [{"(image)": "*:latest", "imagePullPolicy": "Always"}]}});
        for (containers, expected) in [
            (json!([{"image": "a:latest", "imagePullPolicy": "Always"}]), "pass"),
            (json!([{"image": "a:latest", "imagePullPolicy": "Never"}]), "fail"),
            (json!([{"image": "a:1"}]), "skip"),
            (json!([{"image": "a:1"}, {"image": "a:latest", "imagePullPolicy": "Never"}]), "fail"),
        ] {
            assert_eq!(judged(&conditional, &pod(containers.clone())), expected, "{containers}");
        }
        let absent = json!({"spec": {"X(hostNetwork)": "null", "=(volumes)": [{"X(hostPath)": "null"}]}});
        assert_eq!(judged(&absent, &json!({"spec": {}})), "pass");
        assert_eq!(judged(&absent, &json!({"spec": {"hostNetwork": false}})), "fail");
        assert_eq!(judged(&absent, &json!({"spec": {"volumes": [{"hostPath": {}}]}})), "fail");
        let one = json!({"spec": {"^(containers)": [{"name": "proxy"}]}});
        assert_eq!(judged(&one, &pod(json!([{"name": "a"}, {"name": "proxy"}]))), "pass");
        assert_eq!(judged(&one, &pod(json!([{"name": "a"}]))), "fail");
        let global = json!({"spec": {"<(replicas)": ">1", "strategy": {"type": "RollingUpdate"}}});
        assert_eq!(judged(&global, &json!({"spec": {"replicas": 1}})), "skip");
        assert_eq!(judged(&global, &json!({"spec": {"replicas": 2}})), "fail");
        let labels = json!({"metadata": {"labels": {"app.kubernetes.io/*": "?*"}}});
        assert_eq!(
            judged(&labels, &json!({"metadata": {"labels": {"app.kubernetes.io/name": "x"}}})),
            "pass"
        );
        assert_eq!(judged(&labels, &json!({"metadata": {"labels": {"app": "x"}}})), "fail");
    }

    #[test]
    fn durations_are_those_of_go() {
        assert_eq!(duration("1h30m"), Some(5_400_000_000_000));
        assert_eq!(
            (duration("-1.5s"), duration("0"), duration("300ms")),
            (Some(-1_500_000_000), Some(0), Some(300_000_000))
        );
        for none in ["", "1", "h", "1d", "1h30", ".s"] {
            assert_eq!(duration(none), None, "{none}");
        }
    }
}
