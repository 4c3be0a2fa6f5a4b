//! Patterns as the JSON Schema of the objects that they let pass, where that can be said exactly.
//!
//! Said are maps, lists, texts with `*`, `?`, `|`, `&` and `!`, and the anchors `=()`, `X()`, `^()` and `+()`. A condition, `()` or
//! `<()`, makes of a mismatch elsewhere one that does not count, and by which of the two is met first; amounts compare texts of
//! every spelling. Objects under such a pattern are asked about when they are there. A value that is the text of a pattern, its
//! signs and all (`!*:latest`), passes as a pattern and not here: nobody means it.

use serde_json::{Map, Value, json};

use super::super::cel::compile::alternatives;
use super::pattern::{Anchor, Patterns, anchor, is_amount};
use super::wildcard::{has_wildcards, matches};

/// The schema of what passes. `ignores`: what cannot be decided passes too.
///
/// # Errors
/// Why it is none.
pub(in crate::policy) fn schema(patterns: &Patterns, ignores: bool) -> Result<Value, String> {
    if ignores && patterns.all.iter().any(has_existence) {
        return Err("it lets pass what cannot be decided".to_owned());
    }
    if patterns.all.is_empty() {
        return Err("it has no pattern".to_owned());
    }
    let all: Result<Vec<Value>, String> = patterns.all.iter().map(element).collect();
    Ok(alternatives(all?))
}

fn has_existence(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(has_existence),
        Value::Object(map) => map.iter().any(|(key, value)| {
            anchor(key).is_some_and(|(kind, _)| kind == Anchor::Existence) || has_existence(value)
        }),
        _ => false,
    }
}

/// What a pattern says of a value that is there.
fn element(pattern: &Value) -> Result<Value, String> {
    match pattern {
        Value::Object(fields) => map(fields),
        Value::Array(items) => list(items),
        scalar => {
            let one = scalar_of(scalar)?;
            // Of a list it is said of each element.
            Ok(alternatives(vec![one.clone(), json!({"type": "array", "items": one})]))
        }
    }
}

fn list(patterns: &[Value]) -> Result<Value, String> {
    match patterns.first() {
        None => Ok(json!(false)),
        Some(Value::Array(_)) => Err("it has lists in a list".to_owned()),
        Some(one @ Value::Object(_)) => Ok(json!({"type": "array", "items": element(one)?})),
        Some(scalar) => Ok(json!({"type": "array", "items": scalar_of(scalar)?})),
    }
}

fn map(pattern: &Map<String, Value>) -> Result<Value, String> {
    let (mut required, mut fields) = (Vec::new(), Map::new());
    for (key, inner) in pattern {
        let (kind, name) = match anchor(key) {
            Some((kind, name)) if kind != Anchor::AddIfAbsent => (Some(kind), name),
            // As it stands there, brackets too.
            _ => (None, key.as_str()),
        };
        if has_wildcards(name) {
            return Err("it has wildcards in keys".to_owned());
        }
        if name == "metadata" && has_other_tags(inner) {
            return Err("it speaks of labels or annotations that are no texts".to_owned());
        }
        let (said, is_needed) = match kind {
            Some(Anchor::Condition | Anchor::Global) => {
                return Err(format!("it has a condition, {key}"));
            }
            Some(Anchor::Negation) => (json!(false), false),
            Some(Anchor::Equality) => (element(inner)?, false),
            Some(Anchor::Existence) => (existence(inner)?, false),
            None | Some(Anchor::AddIfAbsent) => plain(inner)?,
        };
        if is_needed {
            required.push(json!(name));
        }
        if said != json!(true) && fields.insert(name.to_owned(), said).is_some() {
            return Err(format!("it speaks of {name} twice"));
        }
    }
    let mut schema = Map::from_iter([("type".to_owned(), json!("object"))]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), Value::Array(required));
    }
    if !fields.is_empty() {
        schema.insert("properties".to_owned(), Value::Object(fields));
    }
    Ok(Value::Object(schema))
}

/// Whether labels or annotations are said to be something else than texts: as Kyverno reads them these count only where an object
/// has none at all.
fn has_other_tags(metadata: &Value) -> bool {
    metadata.as_object().into_iter().flatten().any(|(key, tags)| {
        let name = anchor(key).map_or(key.as_str(), |(_, name)| name);
        let is_other = |tags: &Map<String, Value>| tags.values().any(|value| !value.is_string());
        matches!(name, "labels" | "annotations") && tags.as_object().is_some_and(is_other)
    })
}

/// What is said of a field without an anchor, and whether it has to be there: one that is not is taken for `null`.
fn plain(pattern: &Value) -> Result<(Value, bool), String> {
    match pattern {
        Value::Object(_) | Value::Array(_) => Ok((element(pattern)?, true)),
        Value::String(text) if text == "*" => Ok((json!({"not": {"type": "null"}}), true)),
        scalar => Ok((element(scalar)?, !super::pattern::is_like(None, scalar))),
    }
}

/// Each of the patterns is met by an element.
fn existence(pattern: &Value) -> Result<Value, String> {
    let Value::Array(patterns) = pattern else { return Ok(json!(false)) };
    let mut all: Vec<Value> = Vec::new();
    for pattern in patterns {
        all.push(json!({"type": "array", "contains": element(pattern)?}));
    }
    Ok(match all.len() {
        0 => json!({"type": "array"}),
        1 => all.remove(0),
        _ => json!({"allOf": all}),
    })
}

/// What a scalar of a pattern says of a value that is no list.
fn scalar_of(pattern: &Value) -> Result<Value, String> {
    match pattern {
        Value::Bool(known) => Ok(json!({"type": "boolean", "enum": [known]})),
        Value::Null => Ok(json!({"enum": [null, 0, "", false]})),
        Value::Number(number) => {
            let whole = number.as_i64().ok_or("it compares with a fraction")?;
            let digits = match whole {
                0 => "^[+-]?0+$".to_owned(),
                1.. => format!("^\\+?0*{whole}$"),
                _ => format!("^-0*{}$", whole.unsigned_abs()),
            };
            Ok(alternatives(vec![
                json!({"type": "number", "enum": [whole]}),
                json!({"type": "string", "pattern": digits}),
            ]))
        }
        Value::String(text) => {
            let mut ways = Vec::new();
            for way in text.split('|') {
                let parts: Result<Vec<Value>, String> =
                    way.split('&').map(|part| text_of(part.trim_matches(' '))).collect();
                let mut parts = parts?;
                ways.push(if parts.len() == 1 { parts.remove(0) } else { json!({"allOf": parts}) });
            }
            Ok(alternatives(ways))
        }
        Value::Array(_) | Value::Object(_) => Err("it is no scalar".to_owned()),
    }
}

/// One text of a pattern.
fn text_of(part: &str) -> Result<Value, String> {
    let part = if part.len() < 2 { part } else { part.trim() };
    let (glob, is_negated) = match part.strip_prefix('!') {
        Some(rest) if part.len() > 1 => (rest.trim(), true),
        _ => (part, false),
    };
    let is_compared = part.len() > 1 && (part.starts_with('<') || part.starts_with('>'));
    if is_compared || is_amount(glob) {
        return Err("it compares amounts".to_owned());
    }
    let like = |text: &str| matches(glob, text) != is_negated;
    // Numbers and truth values are asked as the texts that they are written as; `null`, maps and lists are like no text.
    let bools: Vec<bool> = [true, false].into_iter().filter(|bool| like(&bool.to_string())).collect();
    let quoted = regex::escape(glob).replace("\\*", "[\\s\\S]*").replace("\\?", "[\\s\\S]");
    let fits = json!({"pattern": format!("^{quoted}$")});
    let mut ways = vec![match is_negated {
        true => json!({"type": "string", "not": fits}),
        false => json!({"type": "string", "pattern": fits["pattern"]}),
    }];
    let is_any = !glob.is_empty() && glob.chars().all(|c| c == '*');
    let is_some = glob.starts_with('?') && glob.len() > 1 && glob.chars().skip(1).all(|c| c == '*');
    let is_no_number = glob.chars().any(|c| !"*?+-.0123456789eE".contains(c)) || glob.is_empty();
    match (is_any || is_some, is_no_number) {
        (true, _) if !is_negated => ways.push(json!({"type": "number"})),
        (true, _) => {}
        (false, true) if is_negated => ways.push(json!({"type": "number"})),
        (false, true) => {}
        (false, false) => return Err("it compares the texts of numbers".to_owned()),
    }
    if !bools.is_empty() {
        ways.push(json!({"type": "boolean", "enum": bools}));
    }
    Ok(alternatives(ways))
}

#[cfg(test)]
mod tests {
    use super::super::pattern::Verdict;
    use super::*;

    /// Patterns, and values that are put under each.
    #[test]
    fn the_schema_lets_pass_what_the_pattern_does() {
        let patterns = [
            json!({"a": "?*"}),
            json!({"a": "*"}),
            json!({"a": "registry.corp/* | docker.io/*"}),
            json!({"a": "registry.corp/* |\n docker.io/*\n"}),
            json!({"metadata": {"labels": {"team": "?*"}}}),
            json!({"a": "!*:latest & *:*"}),
            json!({"a": "!latest"}),
            json!({"a": null}),
            json!({"a": 3}),
            json!({"a": 0}),
            json!({"a": -2}),
            json!({"a": true}),
            json!({"a": "true"}),
            json!({"=(a)": {"=(b)": "x"}}),
            json!({"X(a)": "null"}),
            json!({"a": {"X(b)": "null", "c": "?*"}}),
            json!({"a": [{"b": "x?", "=(c)": false}]}),
            json!({"a": ["!x"]}),
            json!({"^(a)": [{"b": "x"}, {"b": "y"}]}),
            json!({"+(a)": "x"}),
            json!({"a": []}),
            json!({"a": "a|b"}),
            json!({"a": ""}),
            json!({"a": "!"}),
        ];
        let scalars = [
            json!(null),
            json!(true),
            json!(false),
            json!(0),
            json!(3),
            json!(-2),
            json!(1.5),
            json!(""),
            json!("x"),
            json!("xy"),
            json!("a"),
            json!("a|b"),
            json!("3"),
            json!("+03"),
            json!("-2"),
            json!("true"),
            json!("latest"),
            json!("nginx:latest"),
            json!("nginx:1"),
            json!("docker.io/a:1"),
            json!("line\nx"),
            json!("!"),
            json!("?*"),
        ];
        let mut values: Vec<Value> = scalars.to_vec();
        values.extend(scalars.iter().map(|one| json!([one])));
        values.extend(scalars.iter().map(|one| json!({"b": one, "c": one})));
        values.extend(scalars.iter().map(|one| json!([{"b": one, "c": false}, {"b": "x1", "c": one}])));
        values.extend([
            json!([]),
            json!({}),
            json!([{"b": "x"}, {"b": "y"}]),
            json!([{"b": "x"}]),
            json!([3, "x"]),
        ]);
        let mut objects: Vec<Value> = values.into_iter().map(|value| json!({"a": value})).collect();
        objects.extend([json!({}), json!({"+(a)": "x"}), json!([]), json!("a")]);
        let (mut accepted, mut refused) = (0, 0);
        for pattern in patterns {
            let one = Patterns { all: vec![pattern.clone()], message: None };
            let schema = schema(&one, false).unwrap_or_else(|why| panic!("{pattern}: {why}"));
            let validator = jsonschema::validator_for(&schema).unwrap();
            for object in &objects {
                let passes = matches!(one.judge(object), Verdict::Pass | Verdict::Skip);
                let holds = |text: &str| object.to_string().contains(&json!(text).to_string());
                let is_its_text = pattern["a"].as_str().is_some_and(holds);
                let (by_schema, excused) = (validator.is_valid(object), passes && is_its_text);
                assert!(by_schema == passes || excused, "{pattern} of {object}: {schema}");
                if passes { accepted += 1 } else { refused += 1 }
            }
        }
        assert!(accepted > 200 && refused > 1_500, "{accepted} {refused}");
    }

    #[test]
    fn what_cannot_be_said_has_a_reason() {
        for (pattern, reason) in [
            (json!({"(a)": "x", "b": "y"}), "a condition, (a)"),
            (json!({"<(a)": "x"}), "a condition, <(a)"),
            (json!({"a": ">=2"}), "compares amounts"),
            (json!({"a": "1Gi"}), "compares amounts"),
            (json!({"a": "1-8"}), "compares amounts"),
            (json!({"a": 1.5}), "a fraction"),
            (json!({"a": "1*"}), "texts of numbers"),
            (json!({"metadata": {"labels": {"app*": "?*"}}}), "wildcards in keys"),
            (json!({"=(metadata)": {"=(labels)": {"X(legacy)": null}}}), "no texts"),
            (json!({"metadata": {"labels": {"tier": 3}}}), "no texts"),
            (json!({"a": "1Gi\n"}), "compares amounts"),
        ] {
            let one = Patterns { all: vec![pattern.clone()], message: None };
            let why = schema(&one, false).unwrap_err();
            assert!(why.contains(reason), "{pattern}: {why}");
        }
    }
}
