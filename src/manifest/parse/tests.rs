//! What the parser accepts, refuses, and says about places.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn objects(text: &str) -> Vec<Value> {
    let manifests = parse(text.as_bytes(), Some("a.yaml"), &Budget::default());
    manifests.unwrap_or_else(|error| panic!("{error}")).into_iter().map(|manifest| manifest.object).collect()
}

fn value(text: &str) -> Value {
    parse_value(text.as_bytes(), None, &Budget::default()).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn refused(text: &str) -> ParseError {
    match parse_documents(text.as_bytes(), Some("a.yaml"), &Budget::default()) {
        Ok(documents) => panic!("accepted: {documents:?}"),
        Err(error) => error,
    }
}

fn at(text: &str, pointer: &str) -> (usize, usize) {
    let documents = parse_documents(text.as_bytes(), None, &Budget::default()).unwrap();
    let found = documents.iter().find_map(|document| document.locations.get(pointer));
    found.map_or_else(|| panic!("no location for {pointer}"), |location| (location.line, location.column))
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n";

#[test]
fn several_documents_with_empty_ones_between() {
    let text = format!("# a comment\n---\n{POD}---\n---\n# nothing\n---\n{POD}...\n");
    assert_eq!(objects(&text).len(), 2);
    assert!(objects("").is_empty());
    assert!(objects("---\n---\n").is_empty());
}

#[test]
fn every_value_has_its_place() {
    let text = "\
apiVersion: v1
kind: Pod
metadata:
  name: 名字
  labels: {app: web, \"a/b\": x}
spec:
  containers:
  - name: c
    image: \"nginx\"
    args: [one,   two]
    command:
      - |
        sh
  empty:
";
    for (pointer, place) in [
        ("", (1, 1)),
        ("/kind", (2, 7)),
        ("/metadata", (4, 3)),
        ("/metadata/name", (4, 9)),
        ("/metadata/labels", (5, 11)),
        ("/metadata/labels/app", (5, 17)),
        ("/metadata/labels/a~1b", (5, 29)),
        ("/spec/containers", (8, 5)),
        ("/spec/containers/0", (8, 5)),
        ("/spec/containers/0/image", (9, 12)),
        ("/spec/containers/0/args/1", (10, 19)),
        ("/spec/containers/0/command/0", (13, 9)),
    ] {
        assert_eq!(at(text, pointer), place, "{pointer}");
    }
    assert!(at(text, "/spec/empty").0 >= 14);
}

#[test]
fn columns_are_characters_and_later_documents_keep_their_lines() {
    let text = format!("{POD}---\n{{键: 值, name: x}}\n");
    let documents = parse_documents(text.as_bytes(), None, &Budget::default()).unwrap();
    assert_eq!(documents[1].locations["/name"], Location { line: 6, column: 14 });
}

#[test]
fn scalars_of_a_manifest() {
    let text = "{a: 1, b: \"1\", c: 'true', d: true, e: yes, f: 0644, g: , h: ~, i: 1.5, j: !!str 5, k: 1Gi}";
    assert_eq!(
        value(text),
        json!({"a": 1, "b": "1", "c": "true", "d": true, "e": true, "f": 420, "g": null, "h": null, "i": 1.5,
               "j": "5", "k": "1Gi"})
    );
    assert_eq!(value("1: a\ntrue: b\n0x10: c\n"), json!({"1": "a", "true": "b", "16": "c"}));
    assert_eq!(value("a: |\n  1\n"), json!({"a": "1\n"}));
}

#[test]
fn json_is_read_with_places() {
    let text = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Pod\",\n\t\"metadata\": {\"name\": \"a\\ud83d\\ude00\\/\"}\n}\n";
    let manifests = parse(text.as_bytes(), Some("a.json"), &Budget::default()).unwrap();
    assert_eq!(manifests[0].object["metadata"]["name"], "a😀/");
    assert_eq!(manifests[0].locations["/metadata/name"], Location { line: 4, column: 23 });
    assert_eq!(objects(&format!("{}\n{}", text.trim(), text.trim())).len(), 2);
}

#[test]
fn concatenated_json_keeps_its_lines() {
    let text = "{\"apiVersion\": \"v1\", \"kind\": \"A\"}  {\"apiVersion\": \"v1\",\n \"kind\": \"B\"}";
    let manifests = parse(text.as_bytes(), None, &Budget::default()).unwrap();
    assert_eq!(manifests[1].locations["/apiVersion"], Location { line: 1, column: 51 });
    assert_eq!(manifests[1].locations["/kind"], Location { line: 2, column: 10 });
}

#[test]
fn lists_become_their_items() {
    let text = "\
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Pod
  metadata: {name: a}
- apiVersion: v1
  kind: List
  items:
  - {apiVersion: v1, kind: Service, metadata: {name: b}}
";
    let manifests = parse(text.as_bytes(), Some("a.yaml"), &Budget::default()).unwrap();
    let names: Vec<String> = manifests.iter().map(|manifest| manifest.key().to_string()).collect();
    assert_eq!(names, ["Pod/a", "Service/b"]);
    assert_eq!(manifests[0].locations["/metadata/name"], Location { line: 6, column: 20 });
    assert_eq!(manifests[1].locations[""], Location { line: 10, column: 5 });
    assert_eq!(manifests[0].file.as_deref(), Some("a.yaml"));
}

#[test]
fn items_of_a_typed_list_get_their_kind() {
    let text = "{\"apiVersion\": \"apps/v1\", \"kind\": \"DeploymentList\", \"items\": [{\"metadata\": {\"name\": \"a\"}}]}";
    let found = objects(text);
    assert_eq!((&found[0]["apiVersion"], &found[0]["kind"]), (&json!("apps/v1"), &json!("Deployment")));
    let named = "{apiVersion: x/v1, kind: AllowList, metadata: {name: a}, items: [1]}";
    assert_eq!(objects(named)[0]["kind"], "AllowList");
    let error = parse(b"apiVersion: v1\nkind: List\nitems: {a: 1}\n", None, &Budget::default()).unwrap_err();
    assert_eq!((error.line, error.column), (3, 8));
}

#[test]
fn what_is_no_object_is_refused_with_its_place() {
    for (text, line, part) in [
        ("metadata: {}\n", 1, "no `kind`"),
        ("kind: Pod\n", 1, "no `apiVersion`"),
        ("apiVersion: v1\nkind: 3\n", 2, "the number 3"),
        ("apiVersion: v1\nkind: \"\"\n", 2, "the string \"\""),
        ("- a\n", 1, "a list"),
        ("just words\n", 1, "just words"),
        ("apiVersion: v1\nkind: List\nitems:\n- null\n", 4, "null"),
    ] {
        let error = parse(text.as_bytes(), Some("a.yaml"), &Budget::default()).unwrap_err();
        assert_eq!(error.line, line, "{error}");
        assert!(error.message.contains(part), "{error}");
        assert!(error.hint.is_some());
    }
}

#[test]
fn a_key_that_stands_twice_is_an_error() {
    let error = refused("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n");
    assert_eq!((error.line, error.column), (5, 3));
    assert_eq!(
        error.to_string(),
        "a.yaml:5:3: the key `c` stands twice in the same map (its first value is in line 3); keep one of the two"
    );
    refused("{\"a\": 1, \"a\": 1}");
    refused("1: a\n\"1\": b\n");
}

#[test]
fn broken_yaml_is_refused_with_its_place() {
    for (text, line) in [
        ("a: b\n c: d\n", 2),
        ("a: [1, 2\nb: 3\n", 2),
        ("a:\n\t- b\n", 2),
        ("a: \"b\n", 1),
        ("{{ .Values.x }}\n", 1),
    ] {
        let error = refused(text);
        assert!(error.line >= line, "{error}");
    }
}

#[test]
fn anchors_are_written_out_with_places() {
    let text = "base: &b {x: 1, z: [2]}\nuse: *b\nmerged:\n  <<: *b\n  x: 9\n";
    assert_eq!(
        value(text),
        json!({"base": {"x": 1, "z": [2]}, "use": {"x": 1, "z": [2]}, "merged": {"x": 9, "z": [2]}})
    );
    assert_eq!(at(text, "/use"), (2, 6));
    assert_eq!(at(text, "/use/z/0"), (1, 21));
    assert_eq!(at(text, "/merged/z/0"), (1, 21));
    assert_eq!(at(text, "/merged/x"), (5, 6));
    let documents = parse_documents(text.as_bytes(), None, &Budget::default()).unwrap();
    assert_eq!(documents[0].locations.len(), 1 + 4 + 4 + 4);
}

#[test]
fn of_several_merged_maps_the_first_wins() {
    let text = "- &a {x: 1}\n- &b {x: 2, z: 2}\n- <<: [*a, *b]\n";
    assert_eq!(value(text)[2], json!({"x": 1, "z": 2}));
    assert_eq!(value("\"<<\": {a: 1}\n"), json!({"<<": {"a": 1}}));
    refused("<<: 3\n");
}

#[test]
fn a_merged_key_does_not_take_the_place_of_a_longer_one() {
    let text = "b: &b {a: {x: 1}, ab: 2, \"a/\": 3, \"a-\": 4}\nm:\n  <<: *b\n";
    let documents = parse_documents(text.as_bytes(), None, &Budget::default()).unwrap();
    let places = |under: &str| {
        let all = documents[0].locations.iter();
        all.filter_map(|(pointer, at)| Some((pointer.strip_prefix(under)?.to_owned(), *at)))
            .collect::<Vec<_>>()
    };
    assert_eq!(places("/b/").len(), 5);
    assert_eq!(places("/b/"), places("/m/"));
}

#[test]
fn anchors_end_with_their_document() {
    let error = refused("a: &x 1\n---\nb: *x\n");
    assert_eq!(error.line, 3);
    refused("a: &x [*x]\n");
    refused("a: *nowhere\n");
}

#[test]
fn a_bomb_of_aliases_is_refused() {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
    for level in 1..20 {
        let below = level - 1;
        let aliases = vec![format!("*a{below}"); 10].join(",");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    let error = refused(&text);
    assert!(error.message.contains("too large"), "{error}");
    let long = format!("a: &a {}\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 10_000].join(","));
    assert!(refused(&long).message.contains("too large"));
}

#[test]
fn budgets_hold() {
    let small = Budget { bytes: 100, depth: 4, nodes: 10, documents: 2 };
    let fails = |text: &str| parse_documents(text.as_bytes(), None, &small).unwrap_err().message;
    assert!(fails(&"a".repeat(101)).contains("101 bytes"));
    assert!(fails("[[[[[1]]]]]").contains("deeper than 4"));
    assert!(fails("[1,2,3,4,5,6,7,8,9,10]").contains("more than 10 values"));
    assert!(fails("1\n---\n2\n---\n3\n").contains("more than 2 documents"));
    assert!(parse_documents(b"[[[1]]]", None, &small).is_ok());
    let wide = Budget { nodes: 100, ..small.clone() };
    let deep = parse_documents(b"a: &a [[1]]\nb: [{c: *a}]", None, &wide).unwrap_err();
    assert!(deep.message.contains("deeper than 4"), "{deep}");
}

#[test]
fn hostile_depth_ends_early() {
    for text in ["[".repeat(200_000), "{a: ".repeat(100_000), "- ".repeat(100_000), "? ".repeat(100_000)] {
        refused(&text);
    }
}

#[test]
fn text_that_is_no_text_is_refused() {
    let error = parse_documents(b"a: 1\nb: \xff\n", Some("x"), &Budget::default()).unwrap_err();
    assert_eq!((error.line, error.column), (2, 4));
    refused("a: \0\n");
    assert_eq!(value("\u{feff}a: 1\n"), json!({"a": 1}));
    refused("a: !custom x\n");
    refused("a: .inf\n");
}

#[test]
fn one_value_is_one_document() {
    assert_eq!(value(""), Value::Null);
    assert_eq!(value("- a: 1\n"), json!([{"a": 1}]));
    let error = parse_value(b"a: 1\n---\nb: 2\n", None, &Budget::default()).unwrap_err();
    assert_eq!(error.line, 3);
}

#[test]
fn a_message_cannot_act_on_a_terminal() {
    let shown = refused("\"\\e[31m\": 1\n\"\\e[31m\": 2\n").to_string();
    assert!(!shown.contains('\u{1b}') && shown.contains('␛'), "{shown}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn no_text_panics(text in "[ -~\n\t]{0,60}|[a-c:\\-?&*!|>'\"%#{}\\[\\], \n]{0,40}|.{0,20}") {
        let _ = parse(text.as_bytes(), None, &Budget::default());
    }

    #[test]
    fn every_pointer_of_a_value_has_a_place(text in "[a-c:\\- {}\\[\\],\n1&*]{0,40}") {
        for document in parse_documents(text.as_bytes(), None, &Budget::default()).unwrap_or_default() {
            for (pointer, _) in crate::manifest::pointer::leaves(&document.value) {
                prop_assert!(document.locations.contains_key(&pointer), "{} {}", text, pointer);
            }
            for pointer in document.locations.keys() {
                prop_assert!(document.value.pointer(pointer).is_some(), "{} {}", text, pointer);
            }
        }
    }
}

#[test]
fn a_quoted_text_may_go_on_without_being_indented() {
    let text = "apiVersion: v1\nkind: X\nmetadata:\n  name: \"a \\\"quoted\\\"\n  text\n\n  of three\"\n  other: 'it''s\n  so'\nlast: 1\n";
    let found = parse(text.as_bytes(), None, &Budget::default()).unwrap();
    let object = &found[0].object;
    assert_eq!(object.pointer("/metadata/name"), Some(&json!("a \"quoted\" text\nof three")));
    assert_eq!(object.pointer("/metadata/other"), Some(&json!("it's so")));
    assert_eq!(found[0].locations.get("/last"), Some(&Location { line: 10, column: 7 }));
    let open = parse(b"apiVersion: v1\nkind: \"X\nmetadata: {}\n", None, &Budget::default()).unwrap_err();
    assert!(open.line >= 2, "{open}");
}
