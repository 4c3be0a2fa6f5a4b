//! Functions of Kubernetes' libraries here and in `kube-cel`, an independent port of them, on the same arguments.
//!
//! `kube-cel` stands on an older `cel`; where the two differ, [`KNOWN`] says who is right and why.

use std::collections::BTreeMap;

use kube_cel::KubeCelExt as _;
use kube_cel::cel as theirs;
use serde_json::{Value, json};

use super::*;

/// Texts that functions are asked about.
const TEXTS: [&str; 24] = [
    "''",
    "'a'",
    "'Abc'",
    "'a-b-c'",
    "'äé€'",
    "' x '",
    "'1.2.3'",
    "'v1.2'",
    "'1.2.3-rc.1+b'",
    "'10.0.0.1'",
    "'::1'",
    "'2001:DB8::1'",
    "'10.0.0.0/8'",
    "'10.1.2.3/16'",
    "'https://u:p@h.example:80/p%20q?q=1&q=2#f'",
    "'/a/b'",
    "'1Gi'",
    "'1500m'",
    "'-0.5'",
    "'1e3'",
    "'12E'",
    "'my-name'",
    "'example.com/name'",
    "'2026-11-30T10:00:00Z'",
];
const NUMBERS: [&str; 4] = ["0", "1", "2", "-1"];
const LISTS: [&str; 8] = [
    "[]",
    "[1]",
    "[3, 1, 2]",
    "['b', 'a', 'b']",
    "[true, false]",
    "[1.5, 0.5]",
    "[[1], [2, 3]]",
    "['äé', 'a']",
];

/// Functions: `S` and `T` stand for texts, `N` for numbers, `L` and `M` for lists.
const FUNCTIONS: [&str; 66] = [
    "S.lowerAscii()",
    "S.upperAscii()",
    "S.trim()",
    "S.indexOf(T)",
    "S.lastIndexOf(T)",
    "S.replace(T, 'Z')",
    "S.split(T)",
    "S.substring(N)",
    "S.charAt(N)",
    "S.contains(T)",
    "S.startsWith(T)",
    "S.endsWith(T)",
    "S.size()",
    "S.find('[a-z0-9]+')",
    "S.findAll('[a-z]')",
    "S.findAll('[a-z]', N)",
    "S.matches('^[a-z]')",
    "S == T",
    "S < T",
    "S + T",
    "isQuantity(S)",
    "quantity(S).isInteger()",
    "quantity(S).asInteger()",
    "quantity(S).asApproximateFloat()",
    "quantity(S).sign()",
    "quantity(S).compareTo(quantity(T))",
    "quantity(S).isGreaterThan(quantity(T))",
    "quantity(S).add(quantity(T)).compareTo(quantity('1'))",
    "quantity(S).sub(N).sign()",
    "isIP(S)",
    "ip(S).family()",
    "ip(S).isLoopback()",
    "ip(S).isGlobalUnicast()",
    "ip(S).isUnspecified()",
    "string(ip(S))",
    "ip.isCanonical(S)",
    "isCIDR(S)",
    "cidr(S).prefixLength()",
    "string(cidr(S).masked())",
    "cidr(S).containsIP(T)",
    "cidr(S).containsCIDR(T)",
    "isURL(S)",
    "url(S).getScheme()",
    "url(S).getHost()",
    "url(S).getHostname()",
    "url(S).getPort()",
    "url(S).getEscapedPath()",
    "url(S).getQuery()",
    "isSemver(S)",
    "isSemver(S, true)",
    "semver(S).major()",
    "semver(S).compareTo(semver(T))",
    "format.dns1123Label().validate(S).hasValue()",
    "format.dns1123Subdomain().validate(S).hasValue()",
    "format.qualifiedName().validate(S).hasValue()",
    "format.labelValue().validate(S).hasValue()",
    "L.isSorted()",
    "L.sum()",
    "L.min()",
    "L.max()",
    "L.indexOf('b')",
    "L.lastIndexOf('b')",
    "L.size()",
    "sets.contains(L, M)",
    "sets.intersects(L, M)",
    "sets.equivalent(L, M)",
];

/// Where the two differ, and who is right.
///
/// A real API server was asked about each (`tests/it/cluster_policies.rs`).
const KNOWN: [Known; 7] = [
    ("S.size()", |call| call.contains('ä'), "ours: a text has as many characters, not bytes"),
    ("S.split(T)", |call| call.contains(".split('')"), "ours: between characters, and not around them"),
    ("isSemver(S, true)", |call| call.contains("10.0.0.1"), "ours: four numbers are no version"),
    ("url(S).getHost()", |call| call.contains("/a/b"), "ours: a path has no host"),
    ("url(S).getHostname()", |call| call.contains("/a/b"), "ours: a path has no host"),
    ("quantity(S).asInteger()", |call| call.contains("12E"), "theirs: ours ends at 2^63 - 1"),
    ("quantity(S).asApproximateFloat()", |call| call.contains("12E"), "theirs: ours ends at 2^63 - 1"),
];

/// A function, which of its calls, and who is right.
type Known = (&'static str, fn(&str) -> bool, &'static str);

fn ours(source: &str) -> Option<Value> {
    let program =
        compile(source, Declared { params: false, kyverno: false, minor: None, variables: &[] }).ok()?;
    let null = Bound::null();
    let activation = Activation { object: &null, old: &null, request: &null, params: &null, namespace: None };
    let regexes = Arc::default();
    let run = Evaluation::new(&activation, &[], Limits::of(&regexes)).ok()?;
    run.value(&program).ok()?
}

fn other(source: &str) -> Option<Value> {
    let context = theirs::Context::default().with_all();
    let program = theirs::Program::compile(source).ok()?;
    json_of(&program.execute(&context).ok()?)
}

fn json_of(value: &theirs::Value) -> Option<Value> {
    Some(match value {
        theirs::Value::Null => Value::Null,
        theirs::Value::Bool(known) => json!(known),
        theirs::Value::Int(number) => json!(number),
        theirs::Value::UInt(number) => json!(number),
        theirs::Value::Float(number) => json!(number),
        theirs::Value::String(text) => json!(text.as_str()),
        theirs::Value::List(items) => items.iter().map(json_of).collect::<Option<Vec<_>>>()?.into(),
        theirs::Value::Map(map) => {
            let entries = map.map.iter().map(|(key, value)| Some((key.to_string(), json_of(value)?)));
            Value::Object(entries.collect::<Option<_>>()?)
        }
        _ => return None,
    })
}

/// Every way to put arguments into a function.
fn calls(function: &str) -> Vec<String> {
    let mut all = vec![function.to_owned()];
    for (letter, values) in
        [('S', &TEXTS[..]), ('T', &TEXTS[..]), ('N', &NUMBERS[..]), ('L', &LISTS[..]), ('M', &LISTS[..])]
    {
        let place = |call: &str| {
            let bytes = call.as_bytes();
            let is_alone = |at: usize| {
                let letter = |at: Option<usize>| {
                    at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_alphanumeric)
                };
                !letter(at.checked_sub(1)) && !letter(Some(at + 1))
            };
            call.char_indices().find(|(at, found)| *found == letter && is_alone(*at)).map(|(at, _)| at)
        };
        if place(function).is_none() {
            continue;
        }
        let with = |call: &String, value: &str| {
            let at = place(call).unwrap();
            format!("{}{value}{}", &call[..at], &call[at + 1..])
        };
        all = all.iter().flat_map(|call| values.iter().map(move |value| with(call, value))).collect();
    }
    all
}

#[test]
fn functions_of_kubernetes_give_what_another_port_of_them_gives() {
    let (mut compared, mut values) = (0, 0);
    let mut differing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut excused = vec![0; KNOWN.len()];
    for function in FUNCTIONS {
        for call in calls(function) {
            let (own, their) = (ours(&call), other(&call));
            compared += 1;
            values += usize::from(own.is_some());
            if own == their {
                continue;
            }
            match KNOWN.iter().position(|(of, which, _)| *of == function && which(&call)) {
                Some(known) => excused[known] += 1,
                None => {
                    let said = differing.entry(function).or_default();
                    said.push(format!("{call}: {} here, {} there", shown(&own), shown(&their)));
                }
            }
        }
    }
    let text: Vec<String> = differing
        .iter()
        .map(|(function, all)| {
            format!("{function}: {} differ\n  {}", all.len(), all[..all.len().min(4)].join("\n  "))
        })
        .collect();
    assert!(text.is_empty(), "{}", text.join("\n"));
    assert!(compared > 10_000 && values > 5_000, "{compared} compared, {values} with a value");
    for ((function, _, why), count) in KNOWN.iter().zip(excused) {
        assert!(count > 0, "{function} does not differ any more: {why}");
    }
}

fn shown(value: &Option<Value>) -> String {
    value.as_ref().map_or_else(|| "an error".to_owned(), Value::to_string)
}
