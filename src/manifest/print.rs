//! Objects as YAML, the way people write them: known keys first, block style, quotes only where they are needed.

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

/// Keys that come first in an object.
const OBJECT: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];
/// Keys that come first in `metadata`.
const METADATA: [&str; 5] = ["name", "generateName", "namespace", "labels", "annotations"];

/// One value as YAML, with a line feed behind. An object has `apiVersion`, `kind`, `metadata` and `spec` first; other
/// keys keep their order. Reading the text again gives the same value: a string that looks like a number, a boolean
/// (`on`, `yes`), null or a time is quoted, a string of several lines is a literal block, other text stays readable.
pub fn to_yaml(value: &Value) -> String {
    let options = serde_saphyr::ser_options! {
        compact_list_indent: true,
        prefer_block_scalars: true,
        // Long strings are never folded: an image or a command stays in one line.
        folded_wrap_chars: usize::MAX,
        min_fold_chars: usize::MAX,
    };
    let ordered = Ordered { value, place: Place::Root };
    let mut yaml = serde_saphyr::to_string_with_options(&ordered, options).unwrap_or_else(|_| {
        // JSON is YAML; the serializer of a plain value has no reason to fail.
        format!("{value:#}\n")
    });
    if !yaml.ends_with('\n') {
        yaml.push('\n');
    }
    yaml
}

/// Several values as one text with `---` between them.
pub fn to_yaml_documents(values: &[Value]) -> String {
    values.iter().map(to_yaml).collect::<Vec<_>>().join("---\n")
}

/// The keys of an object in the order in which they are printed.
pub fn ordered_keys(map: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    let first: &[&str] = if is_object(map) { &OBJECT } else { &[] };
    entries(map, first)
}

fn is_object(map: &Map<String, Value>) -> bool {
    map.get("apiVersion").is_some_and(Value::is_string) && map.get("kind").is_some_and(Value::is_string)
}

fn entries<'v>(
    map: &'v Map<String, Value>,
    first: &'static [&'static str],
) -> impl Iterator<Item = (&'v String, &'v Value)> {
    let known = first.iter().filter_map(|key| map.get_key_value(*key));
    known.chain(map.iter().filter(|(key, _)| !first.contains(&key.as_str())))
}

/// Where a value stands, as far as the order of its keys depends on it.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    Metadata,
    Elsewhere,
}

/// A value that serialises with its keys in order, without a copy.
struct Ordered<'v> {
    value: &'v Value,
    place: Place,
}

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Object(map) => {
                let first: &'static [&'static str] = match self.place {
                    Place::Metadata => &METADATA,
                    Place::Root => &OBJECT,
                    Place::Elsewhere if is_object(map) => &OBJECT,
                    Place::Elsewhere => &[],
                };
                let mut out = serializer.serialize_map(Some(map.len()))?;
                for (key, value) in entries(map, first) {
                    let place = if key == "metadata" { Place::Metadata } else { Place::Elsewhere };
                    out.serialize_entry(key, &Ordered { value, place })?;
                }
                out.end()
            }
            Value::Array(list) => {
                let mut out = serializer.serialize_seq(Some(list.len()))?;
                for value in list {
                    out.serialize_element(&Ordered { value, place: Place::Elsewhere })?;
                }
                out.end()
            }
            scalar => scalar.serialize(serializer),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::manifest::parse::{Budget, parse_value};

    fn read(yaml: &str) -> Value {
        parse_value(yaml.as_bytes(), None, &Budget::default())
            .unwrap_or_else(|error| panic!("{error}\n{yaml}"))
    }

    #[test]
    fn an_object_reads_as_people_write_it() {
        let object = json!({
            "spec": {"replicas": 2, "template": {"spec": {"containers": [
                {"name": "web", "image": "nginx:1.27", "args": ["--port", "8080"], "resources": {}},
            ]}}},
            "metadata": {"annotations": {"copilot/name": "张三的笔记本"}, "labels": {"app": "web"},
                         "namespace": "lab", "name": "web"},
            "kind": "Deployment",
            "apiVersion": "apps/v1",
        });
        let expected = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: lab
  labels:
    app: web
  annotations:
    copilot/name: 张三的笔记本
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: web
        image: nginx:1.27
        args:
        - --port
        - \"8080\"
        resources: {}
";
        assert_eq!(to_yaml(&object), expected);
        assert_eq!(read(expected), object);
    }

    #[test]
    fn strings_that_look_like_something_else_are_quoted() {
        for text in [
            "1",
            "1.5",
            "1e3",
            "0644",
            "0x1f",
            "0o17",
            "0b1",
            "1_000",
            "+1",
            "-1",
            ".5",
            "5.",
            "true",
            "False",
            "null",
            "~",
            "",
            "yes",
            "No",
            "on",
            "OFF",
            "y",
            "N",
            "2001-01-01",
            "2001-01-01T10:00:00Z",
            "12:30:45",
            ".inf",
            "-.INF",
            ".nan",
            "<<",
            "=",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "&a",
            "*a",
            "!a",
            "%a",
            "@a",
            "`a",
            "{a}",
            "[a]",
            " a",
            "a ",
            "---",
            "...",
            "? a",
            "a:",
            ":",
            "-",
            "1e400",
            "0644\n",
            "\t",
            "'a'",
            "\"a\"",
        ] {
            let yaml = to_yaml(&json!({"a": text}));
            assert_eq!(read(&yaml), json!({"a": text}), "{yaml}");
        }
        for text in ["1", "0644", "on", "yes", "y", "no", "2001-01-01", "null", "1_000", "1e3", "12:30:45"] {
            let yaml = to_yaml(&json!(text));
            assert!(yaml.starts_with(['"', '\'']), "not quoted: {yaml}");
        }
        assert_eq!(to_yaml(&json!("nginx:1.27")), "nginx:1.27\n");
    }

    #[test]
    fn several_lines_are_a_literal_block() {
        let object = json!({"data": {"run.sh": "#!/bin/sh\nexec \"$@\"\n"}});
        assert_eq!(to_yaml(&object), "data:\n  run.sh: |\n    #!/bin/sh\n    exec \"$@\"\n");
    }

    #[test]
    fn long_strings_stay_in_one_line() {
        let words = "word ".repeat(60);
        let text = words.trim();
        assert_eq!(to_yaml(&json!({"args": [text]})), format!("args:\n- {text}\n"));
    }

    #[test]
    fn documents_are_separated() {
        let values = [json!({"a": 1}), json!({"b": 2})];
        assert_eq!(to_yaml_documents(&values), "a: 1\n---\nb: 2\n");
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            4 => "[ -~]{0,12}",
            2 => "[a-z0-9 :#'\"\\\\\n\t|>{}\\[\\],&*!%@`?-]{0,20}",
            2 => "[ \n]{0,3}[a#-][a-z \n]{0,8}[ \n]{0,3}",
            1 => "[\u{0}-\u{ff}\u{4e00}-\u{4e20}\u{2028}\u{feff}\u{1f600}]{0,6}",
            1 => "[-+]?[0-9_.eExobB:]{1,8}",
            1 => Just("yes".to_owned()),
            1 => Just("a\r\nb".to_owned()),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_filter("finite", |float| float.is_finite()).prop_map(Value::from),
            text().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((text(), inner), 0..5)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn what_was_printed_reads_the_same(value in value()) {
            let yaml = to_yaml(&value);
            prop_assert_eq!(&read(&yaml), &value, "{}", yaml);
        }

        #[test]
        fn documents_read_the_same(values in prop::collection::vec(value(), 0..4)) {
            let values: Vec<Value> = values.into_iter().filter(|value| !value.is_null()).collect();
            let yaml = to_yaml_documents(&values);
            let read = crate::manifest::parse::parse_documents(yaml.as_bytes(), None, &Budget::default());
            let read: Vec<Value> = read.unwrap().into_iter().map(|document| document.value).collect();
            prop_assert_eq!(read, values, "{}", yaml);
        }
    }
}
