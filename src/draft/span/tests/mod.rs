//! The lexer's examination: tables of requests with what must and must not be found in them, and properties.
//!
//! A row is a request and its expectations, separated by ` | `:
//! `count:two=2` there is a span of this type, text and value; `!count:64` there is none of this type and text;
//! `!count` there is none of this type at all; ` @node`, ` @total` its `per`; ` ~` it is negated; ` weak`, ` strong`.

mod properties;
mod resources;
mod things;
mod time;

use serde_json::Value;

use super::{LexFacts, Span, clauses, find_cue, flags, lex, negations};
use crate::pattern::{Per, SlotType};

pub(super) fn software() -> Vec<String> {
    [
        "postgres",
        "postgresql",
        "redis",
        "nginx",
        "pytorch",
        "jupyter",
        "mysql",
        "mongodb",
        "vllm",
        "python",
        "向量数据库",
    ]
    .map(ToOwned::to_owned)
    .to_vec()
}

pub(super) fn read(text: &str) -> Vec<Span> {
    let software = software();
    let namespaces = ["vision".to_owned(), "team-x".to_owned()];
    let objects = ["datasets".to_owned(), "hf-token".to_owned()];
    let facts = LexFacts {
        software: &software,
        namespaces: &namespaces,
        objects: &objects,
        gpu_products: &[],
        user: Some("mira"),
    };
    lex(text, 0, &facts)
}

fn name_of(kind: SlotType) -> String {
    serde_json::to_value(kind).unwrap().as_str().unwrap().to_owned()
}

fn spell(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

/// Checks all rows and reports every one that fails.
pub(super) fn check(rows: &[(&str, &str)]) {
    let mut failures = Vec::new();
    for (request, expectations) in rows {
        let spans = read(request);
        for expectation in expectations.split(" | ") {
            if let Err(reason) = meets(&spans, expectation.trim()) {
                let found: Vec<String> = spans
                    .iter()
                    .map(|span| format!("{}:{}={}", name_of(span.kind), span.text, spell(&span.value)))
                    .collect();
                failures.push(format!("{request}\n    wanted {expectation}: {reason}\n    found {found:?}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn meets(spans: &[Span], expectation: &str) -> Result<(), String> {
    if let Some(absent) = expectation.strip_prefix('!') {
        let (kind, text) = absent.split_once(':').map_or((absent, None), |(kind, text)| (kind, Some(text)));
        let found =
            spans.iter().any(|span| name_of(span.kind) == kind && text.is_none_or(|text| span.text == text));
        return if found { Err("it is there".to_owned()) } else { Ok(()) };
    }
    let mut wanted = expectation;
    let (mut per, mut negated, mut strong) = (None, false, None);
    loop {
        if let Some(rest) = wanted.strip_suffix(" @node") {
            (wanted, per) = (rest, Some(Per::Node));
        } else if let Some(rest) = wanted.strip_suffix(" @total") {
            (wanted, per) = (rest, Some(Per::Total));
        } else if let Some(rest) = wanted.strip_suffix(" ~") {
            (wanted, negated) = (rest, true);
        } else if let Some(rest) = wanted.strip_suffix(" weak") {
            (wanted, strong) = (rest, Some(false));
        } else if let Some(rest) = wanted.strip_suffix(" strong") {
            (wanted, strong) = (rest, Some(true));
        } else {
            break;
        }
    }
    let (kind, rest) = wanted.split_once(':').ok_or("no type")?;
    // The value begins at the last `=`, unless the text itself has one (`KEY=value`).
    let candidates: Vec<&Span> = spans.iter().filter(|span| name_of(span.kind) == kind).collect();
    let span = candidates
        .iter()
        .find(|span| rest == format!("{}={}", span.text, spell(&span.value)))
        .ok_or("not found")?;
    if span.per != per {
        return Err(format!("per is {:?}", span.per));
    }
    if span.negated != negated {
        return Err(format!("negated is {}", span.negated));
    }
    if strong.is_some_and(|strong| strong != span.strong) {
        return Err(format!("strong is {}", span.strong));
    }
    Ok(())
}

#[test]
fn negations_reach_as_far_as_they_are_meant() {
    for (text, expected) in [
        ("a notebook, no GPU, 50Gi disk", vec!["gpu"]),
        ("without a disk or a GPU, please", vec!["disk or a gpu"]),
        ("I don't need a public url", vec!["public url"]),
        ("it should not be public", vec!["public"]),
        ("do not expose it on the internet", vec!["expose it"]),
        ("no GPU and no disk", vec!["gpu", "disk"]),
        ("no more than 4 GPUs", vec![]),
        ("not only GPUs", vec![]),
        ("notebook for the north node", vec![]),
        ("no idea, two GPUs", vec![]),
        ("instead of an A100 give me a T4", vec!["a100"]),
        ("non-public service", vec!["public service"]),
        ("不要GPU，要硬盘", vec!["gpu"]),
        ("不需要硬盘", vec!["硬盘"]),
        ("无需公网访问", vec!["公网访问"]),
        ("不带GPU的notebook", vec!["gpu"]),
        ("不公开", vec!["公开"]),
        ("不超过4张卡", vec![]),
        ("非常大的内存", vec![]),
        ("能不能给我一个notebook", vec![]),
    ] {
        let found: Vec<String> = negations(text, 0).into_iter().map(|negation| negation.cue).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn a_negation_speaks_of_the_cues_that_it_governs() {
    let found = negations("a service, not public, no persistent disk", 2);
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].turn, 2);
    assert!(found[0].speaks_of("public"));
    assert!(!found[0].speaks_of("disk"));
    assert!(found[1].speaks_of("disk"));
    assert!(negations("没有公网", 0)[0].speaks_of("公网"));
}

#[test]
fn cues_are_found_as_words() {
    assert_eq!(find_cue("two GPUs and a gpu", "gpu"), vec![(4, 8), (15, 18)]);
    assert_eq!(find_cue("gpuless", "gpu"), vec![]);
    assert_eq!(find_cue("a load-balancer, load  balancer", "load balancer"), vec![(2, 15), (17, 31)]);
    assert_eq!(find_cue("需要公网访问", "公网"), vec![(6, 12)]);
    assert_eq!(find_cue("anything", " "), vec![]);
    assert_eq!(find_cue("带GPU的", "gpu"), vec![(3, 6)]);
}

#[test]
fn flags_are_true_or_cleared() {
    let cues = ["public".to_owned(), "spot".to_owned(), "公网".to_owned()];
    let found = flags("a public service on spot nodes", 1, &cues);
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|span| span.value == true && !span.negated && span.turn == 1));
    let found = flags("not public", 0, &cues);
    assert_eq!(found[0].value, false);
    assert!(found[0].negated);
    assert!(flags("无需公网", 0, &cues)[0].negated);
    assert!(flags("nothing of it", 0, &cues).is_empty());
}

#[test]
fn clauses_are_split_at_things_only() {
    for (text, expected) in [
        (
            "a notebook with two GPUs and a postgres with 20Gi",
            vec!["a notebook with two GPUs", "a postgres with 20Gi"],
        ),
        ("a notebook with two GPUs and a 50Gi home", vec!["a notebook with two GPUs and a 50Gi home"]),
        ("a GPU and a disk", vec!["a GPU and a disk"]),
        ("a notebook and a 100Gi shared volume", vec!["a notebook", "a 100Gi shared volume"]),
        ("a notebook with a GPU and a 100Gi volume", vec!["a notebook with a GPU and a 100Gi volume"]),
        ("a notebook, a postgres and a redis", vec!["a notebook", "a postgres", "a redis"]),
        ("a notebook and a redis, both in namespace vision", vec!["a notebook", "a redis"]),
        ("I need a notebook. Also a postgres with 20Gi.", vec!["I need a notebook", "a postgres with 20Gi."]),
        ("train on 2 nodes and 8 GPUs", vec!["train on 2 nodes and 8 GPUs"]),
        ("给我一个notebook，再要一个redis", vec!["给我一个notebook", "一个redis"]),
        ("一个notebook和一个postgres，都放在vision", vec!["一个notebook", "一个postgres"]),
        ("一个notebook，两张GPU和64G内存", vec!["一个notebook，两张GPU和64G内存"]),
        ("run \"a job and a service\" in a notebook", vec!["run \"a job and a service\" in a notebook"]),
        ("", vec![""]),
    ] {
        let found: Vec<&str> = clauses(text).into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, expected, "{text}");
    }
}

#[test]
fn one_command_has_several_ends_and_the_shortest_is_strong() {
    let spans = read("run python train.py --epochs 3 on two nodes with 4 GPUs");
    let commands: Vec<(&str, bool)> =
        spans.iter().filter(|s| s.kind == SlotType::Command).map(|s| (s.text.as_str(), s.strong)).collect();
    assert_eq!(commands.iter().filter(|(_, strong)| *strong).count(), 1);
    assert!(commands.contains(&("python train.py --epochs 3", true)));
    assert!(commands.contains(&("python train.py --epochs 3 on two nodes", false)));
}

#[test]
fn spans_of_the_turn_that_was_read() {
    let facts = LexFacts::default();
    assert!(lex("two GPUs", 3, &facts).iter().all(|span| span.turn == 3));
    assert!(lex("", 0, &facts).is_empty());
}
