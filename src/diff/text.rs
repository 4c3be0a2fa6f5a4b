//! Two objects as rows of a unified text diff, without colours, safe to show.

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use super::mask::{MaskKey, mask};
use crate::manifest::to_yaml;
pub use crate::manifest::visible::{visible, visible_line};

/// Lines that are shown around a change.
const CONTEXT: usize = 3;

/// What a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// Begins a group of rows: `@@ -1,4 +1,5 @@`.
    Header,
    /// In both.
    Context,
    /// Only in the new text.
    Insert,
    /// Only in the old text.
    Delete,
}

impl RowKind {
    /// The character that stands in front of the row, as in a patch; empty for a header.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Header => "",
            Self::Context => " ",
            Self::Insert => "+",
            Self::Delete => "-",
        }
    }
}

/// One line of a text diff.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Row {
    /// What the row is.
    pub kind: RowKind,
    /// The line, without sign and line feed. Control characters are made visible.
    pub text: String,
}

/// The rows between two states of an object as YAML, secret values masked; none where they print alike.
///
/// The new object is printed in the key order of the old one, so that order alone makes no rows.
pub fn rows(old: Option<&Value>, new: Option<&Value>, key: &MaskKey) -> Vec<Row> {
    let old = old.map(|object| mask(object, key));
    let new = new.map(|object| mask(object, key));
    let (old, new) = (old.as_ref(), new.as_ref());
    let old_text = old.map(to_yaml).unwrap_or_default();
    let new_text = match (old, new) {
        (_, None) => String::new(),
        (None, Some(new)) => to_yaml(new),
        (Some(old), Some(new)) => to_yaml(&aligned(old, new)),
    };
    unified(&old_text, &new_text)
}

/// The rows between two texts, with three lines of context.
pub fn unified(old: &str, new: &str) -> Vec<Row> {
    let diff = TextDiff::from_lines(old, new);
    let mut rows = Vec::new();
    for hunk in diff.unified_diff().context_radius(CONTEXT).iter_hunks() {
        rows.push(Row { kind: RowKind::Header, text: hunk.header().to_string() });
        for change in hunk.iter_changes() {
            let kind = match change.tag() {
                ChangeTag::Equal => RowKind::Context,
                ChangeTag::Insert => RowKind::Insert,
                ChangeTag::Delete => RowKind::Delete,
            };
            let line = change.value();
            let line = line.strip_suffix('\n').unwrap_or(line);
            rows.push(Row { kind, text: visible_line(line).into_owned() });
        }
    }
    rows
}

/// `new` with the keys of its maps in the order of `old`; keys that only `new` has come behind.
fn aligned(old: &Value, new: &Value) -> Value {
    match (old, new) {
        (Value::Object(old), Value::Object(new)) => {
            let mut map = Map::with_capacity(new.len());
            for (key, old_value) in old {
                if let Some(value) = new.get(key) {
                    map.insert(key.clone(), aligned(old_value, value));
                }
            }
            for (key, value) in new {
                if !old.contains_key(key) {
                    map.insert(key.clone(), value.clone());
                }
            }
            Value::Object(map)
        }
        (Value::Array(old), Value::Array(new)) => {
            let partner = |index: usize, item: &Value| {
                let name = item.get("name");
                let by_name = name.and_then(|name| old.iter().find(|old| old.get("name") == Some(name)));
                by_name.or_else(|| old.get(index)).cloned().unwrap_or(Value::Null)
            };
            new.iter().enumerate().map(|(index, item)| aligned(&partner(index, item), item)).collect()
        }
        _ => new.clone(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn rows(old: Option<&Value>, new: Option<&Value>) -> Vec<Row> {
        super::rows(old, new, &MaskKey::new([1; 32]))
    }

    fn shown(rows: &[Row]) -> String {
        rows.iter().map(|row| format!("{}{}\n", row.kind.sign(), row.text)).collect()
    }

    #[test]
    fn a_change_is_shown_with_its_surroundings() {
        let old = json!({"apiVersion": "v1", "kind": "X", "spec": {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}});
        let new = json!({"kind": "X", "apiVersion": "v1", "spec": {"e": 6, "d": 4, "c": 3, "b": 2, "a": 1}});
        assert_eq!(
            shown(&rows(Some(&old), Some(&new))),
            "@@ -5,4 +5,4 @@\n   b: 2\n   c: 3\n   d: 4\n-  e: 5\n+  e: 6\n"
        );
    }

    #[test]
    fn order_of_keys_alone_makes_no_rows() {
        let old = json!({"l": [{"name": "x", "a": 1}, {"b": 2, "a": 1}]});
        let new = json!({"l": [{"a": 1, "name": "x"}, {"a": 1, "b": 2}]});
        assert!(rows(Some(&old), Some(&new)).is_empty());
    }

    #[test]
    fn a_new_object_is_all_insertions() {
        let found = rows(None, Some(&json!({"a": 1})));
        assert_eq!(shown(&found), "@@ -0,0 +1 @@\n+a: 1\n");
        assert!(rows(None, None).is_empty());
    }

    #[test]
    fn a_changed_secret_shows_as_changed_without_its_value() {
        let secret = |value: &str| json!({"kind": "Secret", "stringData": {"p": value}});
        let text = shown(&rows(Some(&secret("one-hunter2")), Some(&secret("two-hunter2"))));
        assert!(text.contains("-  p: '***(11 bytes") || text.contains("-  p: \"***(11 bytes"), "{text}");
        assert!(!text.contains("hunter2"));
    }

    #[test]
    fn escapes_are_visible() {
        let found = unified("", "a\u{1b}[2Jb\u{202e}\n");
        assert_eq!(found[1].text, "a␛[2Jb<U+202E>");
    }

    proptest! {
        #[test]
        fn rows_rebuild_the_texts_where_all_is_context(lines in prop::collection::vec("[ab]", 0..7),
                                                       more in prop::collection::vec("[ab]", 0..7)) {
            let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            // Few lines, so that every line is near a change.
            let found = unified(&text(&lines[..lines.len().min(3)]), &text(&more[..more.len().min(3)]));
            let side = |skip: RowKind| found.iter()
                .filter(|row| row.kind != skip && row.kind != RowKind::Header)
                .map(|row| row.text.clone()).collect::<Vec<_>>();
            if !found.is_empty() {
                prop_assert_eq!(side(RowKind::Insert), lines[..lines.len().min(3)].to_vec());
                prop_assert_eq!(side(RowKind::Delete), more[..more.len().min(3)].to_vec());
            }
        }

        #[test]
        fn equal_texts_have_no_rows(text in any::<String>()) {
            prop_assert!(unified(&text, &text).is_empty());
        }
    }
}
