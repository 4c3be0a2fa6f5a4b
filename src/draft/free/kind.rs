//! Which kinds a request asks for beyond patterns and forms: `prompts/kinds.yaml` and the schemas' own names.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use crate::constraint::walk::said::words_of;
use crate::constraint::{Candidate, Form, Slot};
use crate::draft::prompt::request_line;
use crate::draft::rules::{KindNames, Named, Narrowed, find_kinds};
use crate::draft::span::find_cue;
use crate::draft::span::scan::{is_chinese, word_before};
use crate::manifest::GroupVersionKind;
use crate::model::{Backend, Cancel, ModelError};
use crate::pattern::PatternSet;
use crate::schema::{KindInfo, SchemaSet, in_words};

/// Worked examples of requests that name no kind.
const DESCRIBED: &str = include_str!("../../../prompts/kind.md");
const TEXT: &str = include_str!("../../../prompts/kinds.yaml");

/// At most this many objects of one request.
const MOST: usize = 4;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    never: Vec<String>,
    short: Vec<String>,
    phrases: BTreeMap<String, Vec<String>>,
    beyond: Vec<String>,
    jobs: Vec<String>,
    things: Vec<String>,
    references: Vec<String>,
}

fn file() -> Result<&'static File, String> {
    static FILE: OnceLock<Result<File, String>> = OnceLock::new();
    FILE.get_or_init(|| serde_saphyr::from_str(TEXT).map_err(|error| format!("prompts/kinds.yaml: {error}")))
        .as_ref()
        .map_err(Clone::clone)
}

impl Wanted {
    /// A kind whose form does not hold all that was said.
    pub fn beyond_form(kind: &str, text: &str, schemas: &SchemaSet) -> Option<Self> {
        let info = schemas.find_kind(kind).into_iter().next()?;
        let why = format!("you named the kind {kind}, and its form does not hold all that you said");
        Some(Self { gvk: info.gvk.clone(), why, name: name_of(text, info) })
    }
}

/// A kind that is to be written, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Which.
    pub gvk: GroupVersionKind,
    /// For the person.
    pub why: String,
    /// The name that stands behind the kind: `PyTorchJob bert-ft`.
    pub name: Option<String>,
}

/// The kinds that a model is to write for this request, in its order; empty where a pattern or a form serves it. `runs`:
/// the request names something that can run, an image or a piece of software.
///
/// # Errors
/// A sentence where `prompts/kinds.yaml` does not parse.
pub fn wanted(
    text: &str,
    narrowed: &Narrowed,
    runs: bool,
    patterns: &PatternSet,
    schemas: &SchemaSet,
) -> Result<Vec<Wanted>, String> {
    let file = file()?;
    if changes(text) {
        return Ok(Vec::new());
    }
    let newest = newest(file, schemas);
    let formed = |kind: &str| patterns.get(kind).is_some_and(|pattern| pattern.native);
    let names: Vec<KindNames> = newest
        .values()
        .filter(|info| !formed(&info.gvk.kind))
        .map(|info| KindNames {
            kind: info.gvk.kind.clone(),
            plural: info.plural.clone(),
            short: info.short_names.iter().filter(|short| file.short.contains(short)).cloned().collect(),
            chinese: file.phrases.get(&info.gvk.kind).cloned().unwrap_or_default(),
        })
        .collect();
    let mut free: Vec<Named> = find_kinds(text, &names, &narrowed.patterns)
        .into_iter()
        .filter(|named| is_asked_for(text, named) && !is_a_name(text, named))
        .collect();
    // A word for a pattern that stands first, and is no part of the kind's own name, is what is meant; what somebody
    // defined for this cluster is meant wherever it is named.
    let inside = |cue: &Named, named: &Named| named.start <= cue.start && cue.end <= named.end;
    let first_pattern = narrowed
        .patterns
        .iter()
        .filter(|cue| !free.iter().any(|named| inside(cue, named)) && is_asked_for(text, cue))
        .filter(|cue| !is_in_name(text, cue))
        .map(|cue| cue.start)
        .min();
    let custom =
        |named: &Named| newest.get(named.kind.as_str()).is_some_and(|info| info.definition.is_some());
    let written_out = |named: &Named| {
        text.get(named.start..named.end).is_some_and(|words| words.contains(' ') || words == named.kind)
    };
    // A phrase of three words and more is no accident.
    let is_a_sentence = |named: &Named| {
        text.get(named.start..named.end).is_some_and(|words| words.split_whitespace().count() > 2)
    };
    free.retain(|named| {
        first_pattern.is_none_or(|start| named.start < start)
            || (custom(named) && written_out(named))
            || is_a_sentence(named)
    });
    // What a role is about is no object to write.
    if free.iter().min_by_key(|named| named.start).is_some_and(|first| first.kind.ends_with("Role")) {
        free.retain(|named| {
            ["Role", "RoleBinding", "ServiceAccount"].iter().any(|end| named.kind.ends_with(end))
        });
    }
    // A second kind in the plural is what the first one is about: `may create rayjobs`.
    let is_plural = |named: &Named| {
        let words = text.get(named.start..named.end).unwrap_or("");
        newest.get(named.kind.as_str()).is_some_and(|info| words.eq_ignore_ascii_case(&info.plural))
    };
    free.retain(|named| !is_plural(named));
    // A claim needs nothing that runs to be asked for; a workload without an image is one that exists.
    let stands =
        |named: &&Named| runs || matches!(named.kind.as_str(), "PersistentVolumeClaim" | "ConfigMap");
    let certain =
        narrowed.native.iter().filter(stands).filter(|named| named.certain && is_asked_for(text, named));
    let start = free.iter().chain(certain).map(|named| named.start).min();
    // What stands behind the first one is another object only where it is introduced as one: `pointing at queue pool` is not.
    free.retain(|named| Some(named.start) == start || is_another(text, named));
    // The pod of `pod disruption budget` is none.
    let native: Vec<&Named> = narrowed
        .native
        .iter()
        .filter(|named| formed(&named.kind) && !free.iter().any(|longer| inside(named, longer)))
        .collect();
    let beyond =
        native.iter().any(|named| named.certain && goes_beyond(text, &named.kind, file, patterns, schemas));
    // `a throwaway debug pod`: the form of a Pod is narrow, and no pattern is one.
    let lone_pod = runs
        && narrowed.patterns.is_empty()
        && native.iter().any(|named| {
            let one = text.get(named.start..named.end).is_some_and(|words| !words.ends_with('s'));
            named.kind == "Pod" && one && !named.certain && follows_article_far(text, named)
        });
    if free.is_empty() && !beyond && !lone_pod {
        let unnamed = narrowed.patterns.is_empty() && !narrowed.native.iter().any(|named| named.certain);
        let job = file.jobs.iter().any(|phrase| !find_cue(text, phrase).is_empty());
        let kind = match (runs && unnamed, narrowed.scheduled, job) {
            (true, true, _) => "CronJob",
            (true, false, true) => "Job",
            _ => return Ok(Vec::new()),
        };
        let why = "you said what runs, and when or how often".to_owned();
        let one = |info: &&KindInfo| Wanted { gvk: info.gvk.clone(), why: why.clone(), name: None };
        return Ok(newest.get(kind).map(one).into_iter().collect());
    }
    let mut all: Vec<Named> = free;
    let asked = native.iter().filter(|named| named.certain && is_asked_for(text, named));
    let first = all.iter().chain(asked.copied()).map(|named| named.start).min();
    // What scales or guards a workload is written for one that exists.
    let scales = all.iter().any(|named| {
        matches!(named.kind.as_str(), "ScaledObject" | "HorizontalPodAutoscaler" | "PodDisruptionBudget")
    });
    let about_rights =
        all.iter().min_by_key(|named| named.start).is_some_and(|first| first.kind.ends_with("Role"));
    let meant = |named: &&&Named| match named.kind.as_str() {
        // A pod is what most policies and rules are about; a workload needs an image to be one.
        _ if about_rights => false,
        "PersistentVolumeClaim" | "ConfigMap" | "Service"
            if first.is_some_and(|first| named.start > first) =>
        {
            named.certain && (is_introduced(text, named) || follows_article(text, named))
        }
        "Pod" if text.get(named.start..named.end).is_some_and(|words| words.ends_with('s')) => false,
        "Pod" => {
            (beyond || runs)
                && (named.certain || follows_article_far(text, named))
                && first.is_none_or(|first| named.start <= first)
        }
        "Namespace" | "Secret" => {
            beyond
                && named.certain
                && (follows_article(text, named) || is_introduced(text, named))
                && first.is_none_or(|first| named.start <= first)
        }
        "Deployment" | "StatefulSet" | "DaemonSet" | "Job" | "CronJob" => {
            let another = first.is_none_or(|first| named.start <= first)
                || follows_article(text, named)
                || is_added(text, named);
            runs && another
                && (!scales || follows_article(text, named))
                && !is_plural(named)
                && (named.certain || is_introduced(text, named))
                && is_asked_for(text, named)
        }
        _ => named.certain && is_asked_for(text, named),
    };
    all.extend(native.iter().filter(meant).map(|named| (*named).clone()));
    all.sort_by_key(|named| named.start);
    let mut wanted: Vec<Wanted> = Vec::new();
    for named in all {
        let Some(info) = newest.get(named.kind.as_str()) else { continue };
        let why = format!("you named the kind {}", named.kind);
        let one = Wanted { gvk: info.gvk.clone(), why, name: name_of(text, info) };
        if !wanted.iter().any(|other| other.gvk == one.gvk) {
            wanted.push(one);
        }
    }
    wanted.truncate(MOST);
    Ok(wanted)
}

/// The kinds that people ask for, each in the version that is best.
fn newest<'s>(file: &File, schemas: &'s SchemaSet) -> BTreeMap<&'s str, &'s KindInfo> {
    let mut newest: BTreeMap<&str, &KindInfo> = BTreeMap::new();
    for info in schemas.kinds().filter(|info| !file.never.contains(&info.gvk.kind)) {
        let known = newest.entry(&info.gvk.kind).or_insert(info);
        let better = schemas.find_kind(&info.gvk.kind).first().is_some_and(|best| best.gvk == info.gvk);
        if better {
            *known = info;
        }
    }
    newest
}

/// `count/jobs.batch` for each kind of an API group that is named in the plural.
pub(super) fn counted(text: &str, schemas: &SchemaSet) -> Vec<String> {
    let is_said = |info: &&KindInfo| {
        let words = format!("{}s", spoken(&info.gvk.kind));
        !info.gvk.group.is_empty()
            && [&info.plural, &words].iter().any(|name| !find_cue(text, name).is_empty())
    };
    let mut keys: Vec<String> = schemas
        .kinds()
        .filter(is_said)
        .map(|info| format!("count/{}.{}", info.plural, info.gvk.group))
        .collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

/// All kinds whose names stand in a request, asked for or referred to; of overlapping ones the longest.
pub(super) fn mentioned(text: &str, schemas: &SchemaSet) -> Vec<String> {
    let names: Vec<KindNames> = schemas
        .kinds()
        .map(|info| KindNames {
            kind: info.gvk.kind.clone(),
            plural: info.plural.clone(),
            short: Vec::new(),
            chinese: Vec::new(),
        })
        .collect();
    let mut kinds: Vec<String> = find_kinds(text, &names, &[]).into_iter().map(|named| named.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// What a request without the name of a kind describes, as a model reads it; empty for nothing.
///
/// # Errors
/// What the model says; `prompts/kinds.yaml` does not parse.
pub fn described(
    text: &str,
    schemas: &SchemaSet,
    backend: &mut dyn Backend,
    cancel: &Cancel,
) -> Result<Vec<Wanted>, ModelError> {
    const NONE: &str = "none";
    let file = file().map_err(ModelError::Invalid)?;
    if changes(text) || !file.things.iter().any(|thing| !find_cue(text, thing).is_empty()) {
        return Ok(Vec::new());
    }
    let newest = newest(file, schemas);
    let kinds: Vec<&str> = newest.keys().copied().chain([NONE]).collect();
    let candidates =
        kinds.iter().map(|kind| Candidate { text: (*kind).to_owned(), uses: Vec::new() }).collect();
    let form = Form {
        prefix: DESCRIBED.to_owned(),
        body: request_line(text),
        slots: vec![Slot { key: "kind".into(), candidates, optional: false, most: 2 }],
    };
    let answers = backend.fill(&form, cancel)?;
    let chosen: Vec<&str> = answers
        .answers
        .iter()
        .filter_map(|answer| answer.choice)
        .filter_map(|index| kinds.get(index))
        .copied()
        .collect();
    if chosen.contains(&NONE) {
        return Ok(Vec::new());
    }
    let wanted = |kind: &&str| {
        newest.get(kind).map(|info| Wanted {
            gvk: info.gvk.clone(),
            why: format!("the model took it for a {kind}"),
            name: name_of(text, info),
        })
    };
    Ok(chosen.iter().filter_map(wanted).collect())
}

/// Whether a request begins by changing something that exists: that is not written anew.
fn changes(text: &str) -> bool {
    const VERBS: [&str; 16] = [
        "raise", "increase", "lower", "reduce", "decrease", "change", "update", "edit", "extend", "shrink",
        "bump", "modify", "rename", "patch", "remove", "delete",
    ];
    const CHINESE: [&str; 9] = ["提高", "增加", "降低", "减少", "修改", "更新", "调高", "调低", "删除"];
    let begin = text.trim_start().to_lowercase();
    let word: String = begin.chars().take_while(|c| c.is_ascii_alphabetic() || *c == '-').collect();
    VERBS.contains(&word.as_str()) || CHINESE.iter().any(|verb| begin.starts_with(verb))
}

/// Whether the words ask for one rather than speak of one that exists: `for the ingress web`, `target the HPA`.
fn is_asked_for(text: &str, named: &Named) -> bool {
    const REFERRING: &[&str] = &[
        "the", "my", "our", "your", "this", "that", "existing", "from", "using", "of", "for", "via", "to",
        "on", "named",
    ];
    let words = text.get(named.start..named.end).unwrap_or("");
    if words.chars().any(is_chinese) {
        return true;
    }
    let head = text.get(..named.start).unwrap_or("").trim();
    let first = head.is_empty();
    let written = words.chars().any(char::is_uppercase);
    let called =
        written && ["call the", "name the", "Call the", "Name the"].iter().any(|lead| head.ends_with(lead));
    first || called || !(REFERRING.contains(&word_before(text, named.start).as_str()) || is_behind_the(head))
}

/// `to the Kueue cluster queue`: an article behind a preposition, one or two words before.
fn is_behind_the(head: &str) -> bool {
    const BEFORE: [&str; 8] = ["to", "from", "on", "of", "in", "via", "using", "against"];
    let mut words = head.split_whitespace().rev();
    let between = words.next().unwrap_or_default();
    let article = words.next().unwrap_or_default();
    let before = words.next().unwrap_or_default().to_lowercase();
    !between.ends_with(['.', ',', ';', ':']) && article == "the" && BEFORE.contains(&before.as_str())
}

/// Whether a name stands behind a word for something that an object of this kind refers to: `secret ngc-api`.
pub(super) fn is_reference(text: &str, start: usize, kind: &str) -> bool {
    let Ok(file) = file() else { return false };
    let own = spoken(kind);
    let head =
        text.get(..start).unwrap_or("").trim_end_matches([' ', '"', '\'', '`', '“', ':', '=']).to_lowercase();
    let before = |word: &String| {
        head.strip_suffix(word.as_str())
            .is_some_and(|rest| !word.is_ascii() || !rest.ends_with(|c: char| c.is_ascii_alphanumeric()))
    };
    file.references.iter().any(|word| !own.contains(word.as_str()) && before(word))
}

/// Whether the words introduce one more object: `and a role binding`, `和一个 HTTPRoute`.
fn is_another(text: &str, named: &Named) -> bool {
    const CHINESE: [&str; 6] = ["个", "和", "及", "与", "、", "并"];
    let head = text.get(..named.start).unwrap_or("").trim_end();
    follows_article(text, named)
        || is_introduced(text, named)
        || CHINESE.iter().any(|word| head.ends_with(word))
        || head.ends_with([';', ':', '.', '。', '；', '：'])
}

/// A word right behind that of a workload is its name: `deployment gateway`.
fn is_a_name(text: &str, named: &Named) -> bool {
    const WORKLOADS: [&str; 8] =
        ["deployment", "statefulset", "daemonset", "pod", "job", "cronjob", "service", "notebook"];
    let words = text.get(named.start..named.end).unwrap_or("");
    let lower = words.bytes().all(|b| b.is_ascii_lowercase());
    lower
        && !words.contains(' ')
        && WORKLOADS.contains(&word_before(text, named.start).to_ascii_lowercase().as_str())
}

/// A part of a name is no word for a pattern: `notebook-bot`.
fn is_in_name(text: &str, named: &Named) -> bool {
    let head = text.get(..named.start).unwrap_or("");
    let tail = text.get(named.end..).unwrap_or("");
    let goes_on = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    head.ends_with('-') && goes_on(head.chars().rev().nth(1))
        || tail.starts_with('-') && goes_on(tail.chars().nth(1))
}

/// `and a service`, `service and ingress`.
fn follows_article(text: &str, named: &Named) -> bool {
    matches!(word_before(text, named.start).as_str(), "a" | "an" | "one" | "new" | "another" | "and")
}

/// `and a suspended cronjob`: an article stands one word before.
fn is_introduced(text: &str, named: &Named) -> bool {
    let head = text.get(..named.start).unwrap_or("");
    let mut words = head.split_whitespace().rev();
    words.next();
    words.next().is_some_and(|word| matches!(word.to_ascii_lowercase().as_str(), "a" | "an" | "one"))
}

/// `and a suspended cronjob`; not `with one replicated job`.
fn is_added(text: &str, named: &Named) -> bool {
    let head = text.get(..named.start).unwrap_or("");
    let mut words = head.split_whitespace().rev().skip(2);
    is_introduced(text, named)
        && words
            .next()
            .is_some_and(|word| matches!(word, "and" | "plus" | "also") || word.ends_with([',', ';']))
}

/// `a throwaway debug pod`.
fn follows_article_far(text: &str, named: &Named) -> bool {
    let head = text.get(..named.start).unwrap_or("");
    let mut words = head.split_whitespace().rev().take(3).map(str::to_ascii_lowercase);
    words.any(|word| matches!(word.as_str(), "a" | "an" | "one"))
}

/// The name right behind the first mention of a kind that has one.
fn name_of(text: &str, info: &KindInfo) -> Option<String> {
    let spellings = [info.gvk.kind.clone(), spoken(&info.gvk.kind), info.singular.clone()];
    let mut ends: Vec<usize> = spellings
        .iter()
        .chain(info.short_names.iter().filter(|short| short.len() > 2))
        .flat_map(|name| find_cue(text, name))
        .map(|(_, end)| end)
        .collect();
    ends.sort_unstable();
    let begin = ends.first().copied().unwrap_or_default();
    ends.into_iter().find_map(|end| name_behind(text, end)).or_else(|| name_in_front(text, begin))
}

/// `edge-tls, a Gateway of class …`: the name that a request begins with, explained by its kind.
fn name_in_front(text: &str, kind_end: usize) -> Option<String> {
    let head = text.get(..kind_end)?;
    let (name, rest) = head.split_once(',')?;
    let explained =
        ["a ", "an ", "the ", "our ", "my "].iter().any(|word| rest.trim_start().starts_with(word));
    let near = rest.split_whitespace().count() <= 4;
    let is_name = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && name.contains(|c: char| c == '-' || c.is_ascii_digit())
        && !name.ends_with('-');
    (explained && near && is_name).then(|| name.to_owned())
}

/// The name right behind a kind.
fn name_behind(text: &str, end: usize) -> Option<String> {
    const NO_NAMES: &[&str] = &[
        "labelled",
        "labeled",
        "count",
        "selecting",
        "service",
        "in",
        "for",
        "with",
        "on",
        "that",
        "to",
        "from",
        "and",
        "which",
        "of",
        "where",
        "at",
        "is",
        "called",
        "named",
        "so",
        "using",
        "by",
        "as",
        "only",
        "between",
        "the",
        "a",
        "an",
        "where",
        "who",
        "when",
        "must",
        "should",
        "may",
        "can",
        "object",
        "resource",
        "will",
        "into",
        "via",
        "over",
        "per",
        "running",
        "rule",
        "rules",
        "policy",
        "class",
        "name",
    ];
    let tail = text.get(end..)?.strip_prefix(' ')?;
    let word: String =
        tail.chars().take_while(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-').collect();
    let after = tail.get(word.len()..).and_then(|rest| rest.chars().next());
    let ends = after.is_none_or(|c| {
        c.is_whitespace() || matches!(c, ',' | ':' | ';' | '.' | '(' | '，' | '。' | '（' | '：')
    });
    let is_name =
        word.len() > 1 && word.starts_with(|c: char| c.is_ascii_lowercase()) && !word.ends_with('-');
    (ends && is_name && !NO_NAMES.contains(&word.as_str())).then_some(word)
}

/// Whether the request speaks of something that the kind has and its form has not.
fn goes_beyond(text: &str, kind: &str, file: &File, patterns: &PatternSet, schemas: &SchemaSet) -> bool {
    let Some(pattern) = patterns.get(kind) else { return false };
    let in_form = |phrase: &str| {
        pattern.form.slots.iter().any(|slot| {
            slot.cues.iter().any(|cue| cue.eq_ignore_ascii_case(phrase))
                || slot.key.replace('_', " ") == phrase
        })
    };
    if file.beyond.iter().any(|phrase| !in_form(phrase) && !find_cue(text, phrase).is_empty()) {
        return true;
    }
    let Some(info) = schemas.find_kind(kind).into_iter().next() else { return false };
    let Some(schema) = schemas.kind(&info.gvk) else { return false };
    let mut todo = vec![(schema.node, 0)];
    while let Some((node, depth)) = todo.pop() {
        for (field, child) in node.properties() {
            let phrase = spoken(field);
            // As it is written: a ConfigMap is no `configMap` of a volume.
            let is_said = || !find_cue(text, &phrase).is_empty() || text.contains(field);
            if phrase.contains(' ') && !in_form(&phrase) && is_said() {
                return true;
            }
            if depth < 6 {
                todo.push((child, depth + 1));
                todo.extend(child.items().map(|items| (items, depth + 1)));
            }
        }
    }
    false
}

/// `readinessProbe` -> readiness probe.
pub(super) fn spoken(field: &str) -> String {
    if words_of(field).len() < 2 {
        return field.to_owned();
    }
    in_words(field)
}
