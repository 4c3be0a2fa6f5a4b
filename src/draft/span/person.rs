//! People, teams and groups: `owner: bob`, `for Alice's Lab`, `for team vision`, `负责人 bob`, `nlp 组`.
//! The value is a DNS label; what has no ASCII letters gives no span and is never transliterated.

use std::sync::LazyLock;

use super::label::dns_label;
use super::name::stop;
use super::scan::{Rule, Scan, among, range, word_after};
use crate::pattern::SlotType;

const WORD: &str = r"[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]|[A-Za-z]";

static EXPLICIT: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r#"(?i)(?:(?-u:\b)(?:owner|owned\s+by|belong(?:s|ing)?\s+to|maintainer|maintained\s+by|on\s+behalf\s+of|requested\s+by|contact)(?:\s+(?:is|should\s+be|as|shall\s+be|will\s+be))?\s*[:=]?\s*(?:the\s+)?|(?:负责人|所有者|归属|属主|拥有者)(?:是|为|写)?\s*[:：]?\s*|owner\s*(?:是|为)\s*)(?:team\s+)?["'`“]?(?P<who>(?:{WORD})(?-i:(?:['’]s)?(?:\s+[A-Z][A-Za-z]+)*))"#
    ))
});
static TEAM: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?-u:\b)(?:for|by|of|from|in)\s+(?:the\s+)?(?:team|group|department)\s+(?P<who>{WORD})(?-u:\b)|(?-u:\b)(?:the|our)\s+(?P<before>{WORD})\s+(?:team|group|squad|department)(?-u:\b)|(?-u:\b)(?:team|group)\s*[:=]\s*(?P<field>{WORD})(?-u:\b)"
    ))
});
static FOR: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?-u:\b)[Ff]or\s+(?:Dr\.?\s+|Prof\.?\s+|Mr\.?\s+|Ms\.?\s+)?(?P<who>[A-Z][A-Za-zÀ-ÿ]+['’]s\s+(?:lab|team|group)(?-u:\b)|[A-Z][A-Za-zÀ-ÿ]+(?:['’]s)?(?:\s+[A-Z][A-Za-zÀ-ÿ]+(?:['’]s)?)*|(?P<lower>[a-z][a-z0-9]+(?:-[a-z0-9]+)*(?:['’]s)?))",
    )
});
static I_AM: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?-u:\b)(?:I['’]m|I am|[Mm]y name is|[Tt]his is)\s+(?P<who>[A-Z][a-zÀ-ÿ]+(?:\s+[A-Z][a-zÀ-ÿ]+)*)|(?:我是|我叫)\s*(?P<zh>[A-Za-z][A-Za-z0-9_-]+)",
    )
});
static CHINESE_RULE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?:给|帮|为)\s*(?P<who>{WORD})\s*(?:用|使用|的|同学|老师|团队|小?组|课题组|实验室|部门|开|建|创建|做|申请|，|,|一)|(?P<team>{WORD})\s*(?:团队|小组|课题组|实验室|部门|组)"
    ))
});
static GIVEN: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?-u:\b)(?:give|grant|allow|let)\s+(?P<who>{WORD})\s+(?:read|write|view|edit|admin|full|access|permission|rights|see|use|the\s+\w+\s+role)"
    ))
});
static EMAIL: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?-u:\b)(?P<who>[A-Za-z0-9._%+-]+)@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"));

/// Capitalised words that are no people.
const NO_PEOPLE: &str = "\
    pytorch tensorflow kubernetes jupyter jupyterlab llama qwen mistral deepseek cuda python nvidia amd \
    intel docker linux ubuntu ray spark kafka redis postgres postgresql mysql mongodb monday tuesday \
    wednesday thursday friday saturday sunday january february march april may june july august \
    september october november december gpu gpus cpu cpus ml ai api ci cd ram llm llms http https sql \
    rag etl ide ssh tls dns tcp udp hpc ok huggingface tensorboard mlflow vllm christmas english chinese \
    java node react go rust golang grafana prometheus stable mnist imagenet bert resnet internal \
    notebook training inference deep machine";

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in EMAIL.all(scan.text) {
        if let (Some(who), Some(all)) = (range(&captures, "who"), captures.get(0)) {
            let name = scan.text.get(who.0..who.1).unwrap_or("");
            if let Some(label) = dns_label(name).filter(|_| name != "git") {
                scan.strong(SlotType::Person, (all.start(), all.end()), label);
            }
        }
    }
    for captures in EXPLICIT.all(scan.text) {
        if let Some(at) = range(&captures, "who") {
            add(scan, at, true);
        }
    }
    for captures in TEAM.all(scan.text) {
        let explicit = range(&captures, "who").or_else(|| range(&captures, "field"));
        if let Some(at) = explicit {
            add(scan, at, true);
        } else if let Some(at) = range(&captures, "before") {
            add(scan, at, false);
        }
    }
    for captures in FOR.all(scan.text) {
        let Some(at) = range(&captures, "who") else { continue };
        let lower = range(&captures, "lower").is_some();
        // "for alice" at the end or before a comma; "for testing the model" is a purpose.
        let next = word_after(scan.text, at.1);
        let ends = scan.after(at.1).trim_start().starts_with([',', '.', ';', ':', '!'])
            || scan.after(at.1).trim().is_empty();
        let possessive =
            scan.text.get(at.0..at.1).is_some_and(|text| text.ends_with("'s") || text.ends_with("’s"));
        let gerund = scan.text.get(at.0..at.1).is_some_and(|text| text.ends_with("ing"));
        if !lower
            || (!gerund
                && (ends || possessive || ["and", "with", "in", "on", "using"].contains(&next.as_str())))
        {
            add(scan, at, false);
        }
    }
    for captures in GIVEN.all(scan.text) {
        if let Some(at) = range(&captures, "who") {
            add(scan, at, false);
        }
    }
    for captures in I_AM.all(scan.text) {
        if let Some(at) = range(&captures, "who").or_else(|| range(&captures, "zh")) {
            add(scan, at, false);
        }
    }
    for captures in CHINESE_RULE.all(scan.text) {
        if let Some(at) = range(&captures, "who").or_else(|| range(&captures, "team")) {
            add(scan, at, false);
        }
    }
    if let Some(user) = scan.facts.user {
        for at in super::cue::find_cue(scan.text, user) {
            add(scan, at, false);
        }
    }
}

fn add(scan: &mut Scan<'_>, (start, end): (usize, usize), strong: bool) {
    let text = scan.text.get(start..end).unwrap_or("");
    // "Alice's experiments": the person is Alice. "Alice's Lab" keeps its name.
    let text = text
        .strip_suffix("'s")
        .or_else(|| text.strip_suffix("’s"))
        .unwrap_or(text)
        .trim_end_matches(['.', '-']);
    let at = (start, start + text.len());
    let lower = text.to_ascii_lowercase();
    let first = lower.split_whitespace().next().unwrap_or("");
    let software = scan.facts.software.iter().any(|name| name.eq_ignore_ascii_case(text));
    let joined = matches!(scan.previous(start), Some('-' | '/' | '_' | '.'))
        || matches!(scan.next(at.1), Some('/' | '=' | '_'))
        || (scan.next(at.1) == Some(':') && !scan.after(at.1 + 1).starts_with(char::is_whitespace));
    if stop(first)
        || among(NO_PEOPLE, first)
        || software
        || joined
        || scan.taken_strongly(SlotType::Person, at)
        || (!strong && scan.taken(SlotType::Person, at))
    {
        return;
    }
    if super::gpu::starts_product(text) {
        return;
    }
    if let Some(label) = dns_label(text) {
        if strong {
            scan.strong(SlotType::Person, at, label);
        } else {
            scan.weak(SlotType::Person, at, label);
        }
    }
}
