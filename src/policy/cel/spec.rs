//! The conformance tests of google/cel-spec (`tests/simple/testdata`), as far as they use what Kubernetes has.
//!
//!     KUBECTL_COPILOT_CEL_SPEC=CHECKOUT cargo test --lib -- --ignored --nocapture cel_spec

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::*;

/// A field of a text-format message: its name, and a scalar or a message.
#[derive(Debug, Clone)]
enum Field {
    Text(Vec<u8>),
    /// A number or an identifier, as it stands there.
    Word(String),
    Message(Message),
}

#[derive(Debug, Clone, Default)]
struct Message(Vec<(String, Field)>);

impl Message {
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Field> {
        self.0.iter().filter(move |(own, _)| own == name).map(|(_, field)| field)
    }

    fn messages<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Message> {
        self.all(name).filter_map(|field| match field {
            Field::Message(message) => Some(message),
            _ => None,
        })
    }

    fn message<'a>(&'a self, name: &'a str) -> Option<&'a Message> {
        self.messages(name).next()
    }

    fn text(&self, name: &str) -> Option<String> {
        match self.all(name).next()? {
            Field::Text(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            Field::Word(word) => Some(word.clone()),
            Field::Message(_) => None,
        }
    }
}

/// Reads protobuf's text format.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn blank(&mut self) {
        while let Some(byte) = self.bytes.get(self.at) {
            match byte {
                b'#' => {
                    while self.bytes.get(self.at).is_some_and(|byte| *byte != b'\n') {
                        self.at += 1;
                    }
                }
                b' ' | b'\n' | b'\t' | b'\r' | b',' | b';' => self.at += 1,
                _ => break,
            }
        }
    }

    fn next(&mut self, wanted: u8) -> bool {
        self.blank();
        let found = self.bytes.get(self.at) == Some(&wanted);
        self.at += usize::from(found);
        found
    }

    fn word(&mut self) -> String {
        self.blank();
        let start = self.at;
        let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-+".contains(byte);
        while self.bytes.get(self.at).is_some_and(is_word) {
            self.at += 1;
        }
        String::from_utf8_lossy(&self.bytes[start..self.at]).into_owned()
    }

    fn message(&mut self, end: Option<u8>) -> Message {
        let mut message = Message::default();
        loop {
            self.blank();
            if self.at >= self.bytes.len() || end.is_some_and(|end| self.next(end)) {
                return message;
            }
            let name = if self.next(b'[') {
                let start = self.at;
                while self.bytes[self.at] != b']' {
                    self.at += 1;
                }
                self.at += 1;
                String::from_utf8_lossy(&self.bytes[start..self.at - 1]).into_owned()
            } else {
                self.word()
            };
            assert!(!name.is_empty(), "no field at byte {}", self.at);
            let _ = self.next(b':');
            if self.next(b'[') {
                while !self.next(b']') {
                    let field = self.field();
                    message.0.push((name.clone(), field));
                }
            } else {
                let field = self.field();
                message.0.push((name, field));
            }
        }
    }

    fn field(&mut self) -> Field {
        if self.next(b'{') {
            return Field::Message(self.message(Some(b'}')));
        }
        self.blank();
        if !matches!(self.bytes.get(self.at), Some(b'"' | b'\'')) {
            return Field::Word(self.word());
        }
        let mut text = Vec::new();
        // Texts one behind the other are one.
        while let Some(quote @ (b'"' | b'\'')) = self.bytes.get(self.at).copied() {
            self.at += 1;
            self.quoted(quote, &mut text);
            self.blank();
        }
        Field::Text(text)
    }

    fn quoted(&mut self, quote: u8, text: &mut Vec<u8>) {
        loop {
            let byte = self.bytes[self.at];
            self.at += 1;
            if byte == quote {
                return;
            }
            if byte != b'\\' {
                text.push(byte);
                continue;
            }
            let escaped = self.bytes[self.at];
            self.at += usize::from(!(b'0'..=b'7').contains(&escaped));
            let mut number = |radix: u32, most: usize| {
                let start = self.at;
                while self.at - start < most && char::from(self.bytes[self.at]).is_digit(radix) {
                    self.at += 1;
                }
                u32::from_str_radix(std::str::from_utf8(&self.bytes[start..self.at]).unwrap(), radix).unwrap()
            };
            match escaped {
                b'n' => text.push(b'\n'),
                b't' => text.push(b'\t'),
                b'r' => text.push(b'\r'),
                b'a' => text.push(7),
                b'b' => text.push(8),
                b'f' => text.push(12),
                b'v' => text.push(11),
                b'x' => text.push(u8::try_from(number(16, 2)).unwrap()),
                b'u' | b'U' => {
                    let code = number(16, if escaped == b'u' { 4 } else { 8 });
                    text.extend(char::from_u32(code).unwrap().to_string().bytes());
                }
                b'0'..=b'7' => text.push(u8::try_from(number(8, 3)).unwrap()),
                other => text.push(other),
            }
        }
    }
}

/// A `cel.expr.Value` as an expression; the inner error says why it is none.
fn literal(value: &Message) -> Result<String, &'static str> {
    let Some((name, field)) = value.0.first() else { return Err("an empty value") };
    Ok(match (name.as_str(), field) {
        ("null_value", _) => "null".to_owned(),
        ("bool_value" | "int64_value", Field::Word(word)) => word.clone(),
        ("uint64_value", Field::Word(word)) => format!("{word}u"),
        ("double_value", Field::Word(word)) => {
            format!("double('{}')", word.replace("nan", "NaN").replace("inf", "Infinity"))
        }
        ("string_value", Field::Text(bytes)) => json!(String::from_utf8_lossy(bytes)).to_string(),
        ("bytes_value", Field::Text(bytes)) => {
            format!("b'{}'", bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>())
        }
        ("list_value", Field::Message(list)) => {
            let items: Result<Vec<String>, _> = list.messages("values").map(literal).collect();
            format!("[{}]", items?.join(", "))
        }
        ("map_value", Field::Message(map)) => {
            let entry = |entry: &Message| {
                let part = |name: &str| entry.message(name).ok_or("an empty entry").and_then(literal);
                Ok(format!("{}: {}", part("key")?, part("value")?))
            };
            let entries: Result<Vec<String>, &str> = map.messages("entries").map(entry).collect();
            format!("{{{}}}", entries?.join(", "))
        }
        _ => return Err("protobuf messages, enums or types as values"),
    })
}

/// A binding as JSON, where it is one.
fn bound(value: &Message) -> Option<Value> {
    let (name, field) = value.0.first()?;
    match (name.as_str(), field) {
        ("null_value", _) => Some(Value::Null),
        ("bool_value", Field::Word(word)) => Some(json!(word == "true")),
        ("int64_value", Field::Word(word)) => Some(json!(word.parse::<i64>().ok()?)),
        ("string_value", Field::Text(bytes)) => Some(json!(String::from_utf8(bytes.clone()).ok()?)),
        ("list_value", Field::Message(list)) => list.messages("values").map(bound).collect(),
        ("map_value", Field::Message(map)) => {
            let entry = |entry: &Message| {
                let key = bound(entry.message("key")?)?.as_str()?.to_owned();
                Some((key, bound(entry.message("value")?)?))
            };
            map.messages("entries").map(entry).collect::<Option<serde_json::Map<_, _>>>().map(Value::Object)
        }
        _ => None,
    }
}

/// What came of one test.
enum Outcome {
    Pass,
    Left(&'static str),
    Fail(String),
}

fn run(test: &Message) -> Outcome {
    let expression = test.text("expr").unwrap_or_default();
    for (reason, parts) in [
        (
            "protobuf messages or enums",
            &["TestAllTypes", "google.protobuf", "proto2.", "proto3.", "GlobalEnum", "NestedEnum"][..],
        ),
        ("blocks, which only optimisers write", &["cel.block", "cel.index", "cel.iterVar"]),
    ] {
        if parts.iter().any(|part| expression.contains(part)) {
            return Outcome::Left(reason);
        }
    }
    for (field, reason) in [
        ("container", "names inside a container"),
        ("disable_macros", "macros turned off"),
        ("check_only", "types without a value"),
        ("typed_result", "types without a value"),
        ("unknown", "unknown values"),
    ] {
        if test.all(field).next().is_some() {
            return Outcome::Left(reason);
        }
    }
    let mut object = serde_json::Map::new();
    let mut source = format!("({expression})");
    for binding in test.messages("bindings") {
        let name = binding.text("key").unwrap_or_default();
        let value = binding.message("value").and_then(|value| value.message("value")).and_then(bound);
        let is_name = !name.contains('.') && !matches!(name.as_str(), "true" | "false" | "null");
        let Some(value) = value.filter(|_| is_name) else {
            return Outcome::Left("bindings that are no JSON, or that have no plain name");
        };
        source = format!("cel.bind({name}, object['{name}'], {source})");
        object.insert(name, value);
    }
    // What Kubernetes has not is left out, what it has and we have not fails.
    let own = Declared { params: false, kyverno: false, minor: None, variables: &[] };
    if let Err(error) = compile(&expression, own) {
        if error.contains("Kubernetes has no") {
            return Outcome::Left("functions that Kubernetes has not");
        }
        if error.contains("undeclared reference") && test.all("disable_check").next().is_some() {
            return Outcome::Left("names that nothing declares, which the API server refuses");
        }
    }
    let fails = test.message("eval_error").is_some() || test.message("any_eval_errors").is_some();
    let question = match test.message("value").map(literal) {
        _ if fails => source,
        Some(Ok(value)) if value == "double('NaN')" => format!("cel.bind(r, {source}, r != r)"),
        Some(Ok(value)) => {
            format!("cel.bind(r, {source}, cel.bind(e, {value}, r == e && type(r) == type(e)))")
        }
        Some(Err(reason)) => return Outcome::Left(reason),
        // Without a value it is `true`.
        None => source,
    };
    let outcome = compile(&question, Declared { kyverno: true, ..own })
        .map_err(|error| (true, error))
        .and_then(|program| {
            let (object, null) = (Bound::new(&Value::Object(object)), Bound::null());
            let activation =
                Activation { object: &object, old: &null, request: &null, params: &null, namespace: None };
            let run = Evaluation::new(&activation, &[], Limits::of(&Arc::default())).unwrap();
            let value = if fails { run.value(&program).map(|_| true) } else { run.boolean(&program) };
            value.map_err(|error| (!error.is_incomplete(), error.to_string()))
        });
    match outcome {
        Ok(true) if !fails => Outcome::Pass,
        Err((true, _)) if fails => Outcome::Pass,
        Ok(_) => Outcome::Fail("another value".to_owned()),
        Err((_, error)) => Outcome::Fail(error),
    }
}

#[test]
#[ignore = "needs a checkout of google/cel-spec"]
fn cel_spec() {
    let Some(checkout) = std::env::var_os("KUBECTL_COPILOT_CEL_SPEC") else {
        panic!("KUBECTL_COPILOT_CEL_SPEC names no checkout of google/cel-spec")
    };
    let folder = Path::new(&checkout).join("tests/simple/testdata");
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let (mut passed, mut failed) = (0, Vec::new());
    let mut left: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files.iter().filter(|file| file.extension().is_some_and(|end| end == "textproto")) {
        let bytes = std::fs::read(file).unwrap();
        let whole = Reader { bytes: &bytes, at: 0 }.message(None);
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        for section in whole.messages("section") {
            for test in section.messages("test") {
                // `ip` and `cidr` of Kubernetes are a library of its own, with its own tests.
                let outcome = match name.as_str() {
                    "network_ext" => Outcome::Left("another library of addresses than that of Kubernetes"),
                    _ => run(test),
                };
                match outcome {
                    Outcome::Pass => passed += 1,
                    Outcome::Left(reason) => *left.entry(reason).or_default() += 1,
                    Outcome::Fail(why) => failed.push(format!(
                        "{name}/{}/{}: {}: {why}",
                        section.text("name").unwrap_or_default(),
                        test.text("name").unwrap_or_default(),
                        test.text("expr").unwrap_or_default(),
                    )),
                }
            }
        }
    }
    let sum: usize = left.values().sum();
    println!(
        "google/cel-spec: {} tests, {passed} pass, {} fail, {sum} left out:",
        passed + failed.len() + sum,
        failed.len()
    );
    for (reason, count) in left {
        println!("  {count} {reason}");
    }
    for one in &failed {
        println!("  fail {one}");
    }
    assert!(failed.is_empty(), "{} tests fail", failed.len());
}
