//! Adding files to the `resources` of a kustomization by the smallest possible edit of its text.

use std::path::Path;

use saphyr_parser::{Event, Parser, Span};
use serde_json::Value;

use super::documents::line_end;
use crate::manifest::{Budget, parse_value};

/// The names that kustomize looks for, in its order.
pub(super) const NAMES: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// Whether a path is that of a kustomization.
pub(super) fn is_one(path: &str) -> bool {
    Path::new(path).file_name().and_then(|name| name.to_str()).is_some_and(|name| NAMES.contains(&name))
}

/// What a kustomization does to the place of its objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Moves {
    /// `namespace`: all objects go there.
    pub namespace: Option<String>,
    /// `namePrefix`.
    pub prefix: String,
    /// `nameSuffix`.
    pub suffix: String,
}

/// Reads what a kustomization does to names and namespaces; nothing where it cannot be read.
pub(super) fn moves(text: &str) -> Moves {
    let Ok(value) = value(text) else { return Moves::default() };
    let field = |name: &str| {
        value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Moves {
        namespace: field("namespace"),
        prefix: field("namePrefix").unwrap_or_default(),
        suffix: field("nameSuffix").unwrap_or_default(),
    }
}

/// The text with `entries` at the end of `resources`; entries that stand there already are left out. Everything else
/// stays byte for byte.
///
/// # Errors
/// A clause that says why the text cannot be edited safely.
pub(super) fn add(text: &str, entries: &[String]) -> Result<String, String> {
    let before = value(text)?;
    let present = resources(&before)?;
    let new: Vec<&String> =
        entries.iter().filter(|entry| !present.iter().any(|old| same_path(old, entry))).collect();
    if new.is_empty() {
        return Ok(text.to_owned());
    }
    let edited = edit(text, &new)?;
    // The proof that nothing else has changed: the same value but for the new entries.
    let mut wanted = match before {
        Value::Object(map) => map,
        _ => serde_json::Map::new(),
    };
    let all = present.into_iter().chain(new.into_iter().cloned()).map(Value::String).collect();
    wanted.insert("resources".into(), Value::Array(all));
    match value(&edited) {
        Ok(after) if after == Value::Object(wanted) => Ok(edited),
        _ => Err("its `resources` are written in a way that is not edited here".into()),
    }
}

fn value(text: &str) -> Result<Value, String> {
    match parse_value(text.as_bytes(), None, &Budget::default()) {
        Ok(value @ (Value::Object(_) | Value::Null)) => Ok(value),
        Ok(_) => Err("it is not a mapping".into()),
        Err(error) => Err(format!("line {} does not parse: {}", error.line, error.message)),
    }
}

fn resources(value: &Value) -> Result<Vec<String>, String> {
    match value.get("resources") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| {
                item.as_str()
                    .map(str::to_owned)
                    .ok_or_else(|| "an entry of its `resources` is no string".to_owned())
            })
            .collect(),
        Some(_) => Err("its `resources` are no list".into()),
    }
}

fn same_path(a: &str, b: &str) -> bool {
    let plain = |path: &str| path.trim_start_matches("./").trim_end_matches('/').to_owned();
    plain(a) == plain(b)
}

/// Where the value of the top-level key `resources` stands.
#[derive(Debug)]
enum At {
    /// No such key.
    Absent,
    /// The key's value is empty or a scalar; the key's line.
    Empty { line: usize },
    /// A block list; the line of its last item.
    Block { line: usize },
    /// A flow list; index of the closing bracket, in characters.
    Flow { close: usize },
}

fn edit(text: &str, new: &[&String]) -> Result<String, String> {
    let end = line_end(text);
    let listed = |indent: usize| -> String {
        new.iter().map(|entry| format!("{}- {entry}{end}", " ".repeat(indent))).collect()
    };
    match locate(text)? {
        At::Absent => {
            let mut whole = text.to_owned();
            if !whole.is_empty() && !whole.ends_with('\n') {
                whole.push_str(end);
            }
            whole.push_str(&format!("resources:{end}{}", listed(0)));
            Ok(whole)
        }
        At::Empty { line } => Ok(insert_after(text, line, &listed(0))),
        At::Block { line } => {
            let last = text.lines().nth(line - 1).unwrap_or_default();
            let item = last.trim_start();
            if !item.starts_with("- ") {
                return Err("the last entry of its `resources` is on no line of its own".into());
            }
            Ok(insert_after(text, line, &listed(last.len() - item.len())))
        }
        At::Flow { close } => {
            let at = text.char_indices().nth(close).map_or(text.len(), |(byte, _)| byte);
            let (head, tail) = text.split_at(at);
            let joined = new.iter().map(|entry| entry.as_str()).collect::<Vec<_>>().join(", ");
            let comma = if head.trim_end().ends_with(['[', ',']) { "" } else { ", " };
            // What stands in a line of its own has to be indented, even in brackets.
            let indent = if head.ends_with('\n') { "  " } else { "" };
            Ok(format!("{head}{indent}{comma}{joined}{tail}"))
        }
    }
}

fn insert_after(text: &str, line: usize, what: &str) -> String {
    let at: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let (head, tail) = text.split_at(at);
    let joint = if head.ends_with('\n') { "" } else { line_end(text) };
    format!("{head}{joint}{what}{tail}")
}

fn locate(text: &str) -> Result<At, String> {
    let events: Vec<(Event<'_>, Span)> = Parser::new_from_str(text)
        .collect::<Result<_, _>>()
        .map_err(|error| format!("line {} does not parse: {}", error.marker().line(), error.info()))?;
    let mut depth = 0usize;
    let mut is_key = true;
    let mut key_line = None;
    let mut list: Option<(bool, usize)> = None;
    for (event, span) in &events {
        let at_top = depth == 1;
        match event {
            Event::Scalar(value, ..) if at_top && is_key => {
                key_line = (value == "resources").then(|| span.start.line());
                is_key = false;
            }
            Event::Scalar(..) if at_top => {
                if let Some(line) = key_line {
                    return Ok(At::Empty { line });
                }
                is_key = true;
            }
            Event::Scalar(..) | Event::Alias(_) => {
                if at_top {
                    is_key = !is_key;
                } else if let (2, Some((_, line))) = (depth, &mut list) {
                    *line = span.start.line();
                }
            }
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                let character = text.chars().nth(span.start.index());
                if depth == 0 && character == Some('{') {
                    return Err("it is written in braces".into());
                }
                if at_top && !is_key && key_line.is_some() {
                    list = Some((character == Some('['), span.start.line()));
                }
                depth += 1;
            }
            Event::MappingEnd | Event::SequenceEnd => {
                depth = depth.saturating_sub(1);
                if depth == 1 {
                    if let Some((is_flow, line)) = list {
                        return Ok(if is_flow {
                            At::Flow { close: span.start.index() }
                        } else {
                            At::Block { line }
                        });
                    }
                    is_key = !is_key;
                }
            }
            _ => {}
        }
    }
    Ok(At::Absent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(text: &str) -> String {
        add(text, &["new.yaml".into()]).unwrap()
    }

    #[test]
    fn the_end_of_the_list_is_where_a_file_goes() {
        let text = "# ours\nresources:\n  - b.yaml # first\n\n  # the second\n  - a.yaml\n\n# images\nimages:\n  - name: x\n";
        assert_eq!(
            added(text),
            "# ours\nresources:\n  - b.yaml # first\n\n  # the second\n  - a.yaml\n  - new.yaml\n\n# images\nimages:\n  - name: x\n"
        );
        assert_eq!(
            added("resources:\n- a.yaml\nnamespace: x\n"),
            "resources:\n- a.yaml\n- new.yaml\nnamespace: x\n"
        );
        assert_eq!(
            added("a: {resources: [x]}\nresources:\n- a.yaml"),
            "a: {resources: [x]}\nresources:\n- a.yaml\n- new.yaml\n"
        );
    }

    #[test]
    fn a_missing_list_is_made() {
        assert_eq!(added(""), "resources:\n- new.yaml\n");
        assert_eq!(added("# only this\n"), "# only this\nresources:\n- new.yaml\n");
        assert_eq!(added("namespace: x"), "namespace: x\nresources:\n- new.yaml\n");
        assert_eq!(
            added("resources: # later\nnamespace: x\n"),
            "resources: # later\n- new.yaml\nnamespace: x\n"
        );
    }

    #[test]
    fn lists_in_brackets_stay_in_brackets() {
        assert_eq!(added("resources: []\n"), "resources: [new.yaml]\n");
        assert_eq!(added("resources: [a.yaml] # two\nx: 1\n"), "resources: [a.yaml, new.yaml] # two\nx: 1\n");
        assert_eq!(added("resources: [\n  ä.yaml,\n]\n"), "resources: [\n  ä.yaml,\n  new.yaml]\n");
    }

    #[test]
    fn windows_line_ends_stay() {
        assert_eq!(
            added("resources:\r\n- a.yaml\r\nx: 1\r\n"),
            "resources:\r\n- a.yaml\r\n- new.yaml\r\nx: 1\r\n"
        );
    }

    #[test]
    fn what_is_listed_is_not_listed_twice() {
        let text = "resources:\n- ./new.yaml\n";
        assert_eq!(added(text), text);
    }

    #[test]
    fn what_cannot_be_edited_safely_is_left_alone() {
        for text in [
            "{resources: [a.yaml]}\n",
            "resources: none\n",
            "resources: ~\n",
            "- a\n",
            "resources: [\n",
            "x: &r\n- a.yaml\nresources: *r\n",
            "a: 1\n---\nb: 2\n",
        ] {
            assert!(add(text, &["new.yaml".into()]).is_err(), "{text}");
        }
    }

    #[test]
    fn names_and_namespaces_may_move() {
        let moved = moves("namespace: team-a\nnamePrefix: dev-\n");
        assert_eq!(
            moved,
            Moves { namespace: Some("team-a".into()), prefix: "dev-".into(), suffix: String::new() }
        );
        assert_eq!(moves("resources: []\n"), Moves::default());
    }
}
