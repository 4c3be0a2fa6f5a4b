//! RFC 6901 JSON pointers, and the same path as people write it.

use std::borrow::Cow;

use serde_json::Value;

/// One token in the form that a pointer carries it: `~` becomes `~0` and `/` becomes `~1`.
pub fn escape(token: &str) -> Cow<'_, str> {
    if token.contains(['~', '/']) {
        Cow::Owned(token.replace('~', "~0").replace('/', "~1"))
    } else {
        Cow::Borrowed(token)
    }
}

/// The inverse of [`escape`].
pub fn unescape(token: &str) -> Cow<'_, str> {
    if token.contains('~') {
        Cow::Owned(token.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(token)
    }
}

/// `pointer` with one more token (unescaped) behind it.
pub fn join(pointer: &str, token: &str) -> String {
    format!("{pointer}/{}", escape(token))
}

/// `pointer` with a list index behind it.
pub fn join_index(pointer: &str, index: usize) -> String {
    format!("{pointer}/{index}")
}

/// The pointer of the enclosing map or list; `None` for the whole document.
pub fn parent(pointer: &str) -> Option<&str> {
    pointer.rfind('/').map(|at| &pointer[..at])
}

/// The last token, unescaped; `None` for the whole document.
pub fn last(pointer: &str) -> Option<Cow<'_, str>> {
    pointer.rfind('/').map(|at| unescape(&pointer[at + 1..]))
}

/// The tokens from the root on, unescaped. The empty pointer has none.
pub fn tokens(pointer: &str) -> impl Iterator<Item = Cow<'_, str>> {
    pointer.split('/').skip(1).map(unescape)
}

/// True where `pointer` is `ancestor` itself or lies below it.
pub fn is_within(pointer: &str, ancestor: &str) -> bool {
    pointer.strip_prefix(ancestor).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Every leaf with its pointer, in document order. Empty maps and lists are leaves, since they mean something
/// (`emptyDir: {}`).
pub fn leaves(value: &Value) -> Vec<(String, &Value)> {
    let mut found = Vec::new();
    collect(value, &mut String::new(), &mut found);
    found
}

fn collect<'v>(value: &'v Value, pointer: &mut String, found: &mut Vec<(String, &'v Value)>) {
    let length = pointer.len();
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, child) in map {
                pointer.push('/');
                pointer.push_str(&escape(key));
                collect(child, pointer, found);
                pointer.truncate(length);
            }
        }
        Value::Array(list) if !list.is_empty() => {
            for (index, child) in list.iter().enumerate() {
                pointer.push('/');
                pointer.push_str(&index.to_string());
                collect(child, pointer, found);
                pointer.truncate(length);
            }
        }
        _ => found.push((pointer.clone(), value)),
    }
}

/// The path as people write it: `spec.template.spec.containers[0].image`, and
/// `metadata.annotations["example.com/owner"]` where a key is not a plain word. The empty pointer is empty.
///
/// A token of digits is taken for a list index; [`display_in`] looks at the object instead.
pub fn display(pointer: &str) -> String {
    let mut path = String::new();
    for token in tokens(pointer) {
        push(&mut path, &token, is_index(&token));
    }
    path
}

/// [`display`] where the object tells a list index from a map key of digits (`data.8080`).
pub fn display_in(object: &Value, pointer: &str) -> String {
    let mut path = String::new();
    let mut at = Some(object);
    for token in tokens(pointer) {
        let index = match at {
            Some(Value::Object(_)) => false,
            Some(_) | None => is_index(&token),
        };
        push(&mut path, &token, index);
        at = at.and_then(|value| match value {
            Value::Object(map) => map.get(token.as_ref()),
            Value::Array(list) => token.parse::<usize>().ok().and_then(|index| list.get(index)),
            _ => None,
        });
    }
    path
}

fn is_index(token: &str) -> bool {
    token == "0"
        || (!token.is_empty() && !token.starts_with('0') && token.bytes().all(|byte| byte.is_ascii_digit()))
}

fn push(path: &mut String, token: &str, index: bool) {
    let plain = !token.is_empty()
        && token
            .chars()
            .all(|character| character.is_alphanumeric() || matches!(character, '_' | '-' | '$' | '*'));
    if index {
        path.push('[');
        path.push_str(token);
        path.push(']');
    } else if plain {
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(token);
    } else {
        path.push('[');
        path.push_str(&Value::from(token).to_string());
        path.push(']');
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_reads_as_people_write_it() {
        assert_eq!(
            display("/spec/template/spec/containers/0/image"),
            "spec.template.spec.containers[0].image"
        );
        assert_eq!(
            display("/metadata/annotations/example.com~1owner"),
            r#"metadata.annotations["example.com/owner"]"#
        );
        assert_eq!(display(""), "");
        assert_eq!(display("/data/键"), "data.键");
    }

    #[test]
    fn a_key_of_digits_is_told_from_an_index_by_the_object() {
        let object = json!({"data": {"8080": "x"}, "list": [1, 2]});
        assert_eq!(display_in(&object, "/data/8080"), "data.8080");
        assert_eq!(display_in(&object, "/list/1"), "list[1]");
        assert_eq!(display_in(&object, "/absent/0"), "absent[0]");
    }

    #[test]
    fn parents_end_at_the_root() {
        assert_eq!(parent("/a/b"), Some("/a"));
        assert_eq!(parent("/a"), Some(""));
        assert_eq!(parent(""), None);
        assert_eq!(last("/a/b~1c").as_deref(), Some("b/c"));
    }

    #[test]
    fn within_respects_token_borders() {
        assert!(is_within("/spec/a", "/spec"));
        assert!(is_within("/spec", "/spec"));
        assert!(!is_within("/specification", "/spec"));
        assert!(is_within("/anything", ""));
    }

    #[test]
    fn empty_collections_are_leaves() {
        let object = json!({"a": {}, "b": [{"c": []}, null]});
        let found: Vec<String> = leaves(&object).into_iter().map(|(pointer, _)| pointer).collect();
        assert_eq!(found, ["/a", "/b/0/c", "/b/1"]);
    }

    proptest! {
        #[test]
        fn escaping_is_undone(token in ".*") {
            let escaped = escape(&token);
            prop_assert_eq!(unescape(&escaped), token.as_str());
        }

        #[test]
        fn a_joined_pointer_finds_its_value(first in "[~/a0]{0,4}", second in "[~/b1]{0,4}") {
            let value = json!({first.clone(): {second.clone(): 7}});
            let pointer = join(&join("", &first), &second);
            prop_assert_eq!(value.pointer(&pointer), Some(&json!(7)));
        }
    }
}
