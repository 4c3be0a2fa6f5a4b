//! Which kinds and patterns a request names (design D13.4).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::draft::span::find_cue;
use crate::draft::span::scan::{among, is_chinese, word_before};
use crate::schema::in_words;

/// How a native kind is called.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KindNames {
    /// `CronJob`.
    pub kind: String,
    /// `cronjobs`.
    pub plural: String,
    /// `cj`.
    #[serde(default)]
    pub short: Vec<String>,
    /// `定时任务`.
    #[serde(default)]
    pub chinese: Vec<String>,
}

/// The words that bring a pattern into play.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PatternNames {
    /// Kind of the pattern, `Notebook`.
    pub kind: String,
    /// Its cue words, English and Chinese.
    pub cues: Vec<String>,
}

/// A kind or pattern that stands in the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// Which kind.
    pub kind: String,
    /// First byte of the words.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// True where the person asks for one (`a CronJob`, `创建一个定时任务`), false where it may be a reference to one
    /// that exists (`with the secret x`) or part of another wording (`training job`).
    pub certain: bool,
}

/// Short names that are English words, or too short to mean anything in a sentence.
const WORDS: &[&str] = &[
    "deploy", "no", "po", "cs", "ev", "ep", "rs", "rc", "crs", "sts-", "limits", "quota", "ing", "sa", "ns",
];
/// Before a kind, these ask for a new one.
const ASKING: &str = "\
    a an another new one two three four create make add draft want need me kubernetes k8s plain native \
    simple write generate second separate headless deploy and plus also single small basic";
/// Before a kind, these speak of one that exists.
const REFERRING: &[&str] = &[
    "the", "my", "our", "your", "this", "that", "existing", "from", "mount", "mounting", "using", "use",
    "uses", "with", "in", "into", "to", "of", "for", "on", "via", "their", "by",
];

/// The native kinds that are named, in the order of the request; words inside a pattern's cue (`training job`) do not
/// count.
pub fn native(text: &str, kinds: &[KindNames], patterns: &[Named]) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for names in kinds {
        for (name, camel) in spellings(names) {
            for (start, end) in find_cue(text, &name) {
                let words = text.get(start..end).unwrap_or("");
                let exact = camel
                    && words.trim_end_matches('s') == names.kind
                    && names.kind.chars().filter(|c| c.is_uppercase()).count() > 1;
                let joined = text
                    .get(..start)
                    .is_some_and(|head| head.ends_with(['-', '/', '.', '_', '=', ':']))
                    || text.get(end..).is_some_and(|tail| {
                        tail.starts_with(['/', '_', '=']) || tail.starts_with('-') && !tail.starts_with("- ")
                    });
                let inside = patterns
                    .iter()
                    .any(|cue| cue.start <= start && end <= cue.end && cue.end - cue.start > end - start);
                if !joined && !inside {
                    let certain = certain(text, start, end, words, exact, &names.kind);
                    found.push(Named { kind: names.kind.clone(), start, end, certain });
                }
            }
        }
    }
    keep_longest(found)
}

/// The patterns whose cue words stand in the request, in its order; of overlapping cues the longest.
pub(super) fn patterns(text: &str, patterns: &[PatternNames]) -> Vec<Named> {
    let found = patterns.iter().flat_map(|pattern| {
        pattern.cues.iter().flat_map(move |cue| {
            find_cue(text, cue)
                .into_iter()
                .filter(|(start, end)| !names_a_namespace(text, *start, *end))
                .map(move |(start, end)| Named { kind: pattern.kind.clone(), start, end, certain: true })
        })
    });
    keep_longest(found.collect())
}

/// Whether words are, or are part of, the name of a namespace: `in ns notebooks-dev`.
fn names_a_namespace(text: &str, start: usize, end: usize) -> bool {
    const WORDS: [&str; 4] = ["namespace", " ns", "命名空间", "名字空间"];
    let joined = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let head =
        text.get(..start).unwrap_or("").trim_end_matches(joined).trim_end_matches([' ', '"', '`', ':']);
    let tail =
        text.get(end..).unwrap_or("").trim_start_matches(joined).trim_start_matches([' ', '"', '`', '的']);
    let head = format!(" {}", head.to_lowercase());
    let tail = tail.to_lowercase();
    let latin = text.get(start..end).is_some_and(|words| words.is_ascii() && !words.contains(' '));
    latin && WORDS.iter().any(|word| head.ends_with(word) || tail.starts_with(word.trim_start()))
}

/// All spellings of a kind; true where it is the kind's own name.
fn spellings(names: &KindNames) -> Vec<(String, bool)> {
    let mut all: BTreeMap<String, bool> = BTreeMap::new();
    all.insert(names.kind.clone(), true);
    let split = in_words(&names.kind);
    if split != names.kind.to_ascii_lowercase() {
        all.insert(split, false);
    }
    all.insert(names.plural.clone(), false);
    for short in &names.short {
        if !WORDS.contains(&short.as_str()) {
            all.insert(short.clone(), false);
        }
    }
    for chinese in &names.chinese {
        all.insert(chinese.clone(), false);
    }
    all.into_iter().filter(|(name, _)| !name.trim().is_empty()).collect()
}

fn certain(text: &str, start: usize, end: usize, words: &str, exact: bool, kind: &str) -> bool {
    let head = text.get(..start).unwrap_or("").trim_end();
    if words.chars().any(is_chinese) || head.chars().next_back().is_some_and(is_chinese) {
        // 在…命名空间, 用…密钥 speak of a place or a thing that exists.
        let article = ["一个", "个", "创建", "新建", "1个"].iter().any(|word| head.ends_with(word));
        // 部署 is the verb "to deploy" far more often than the kind.
        let verb = words == "部署";
        let asked = ["建", "要", "加", "做", "写", "起", "开", "部署", "生成", "来"]
            .iter()
            .any(|word| head.ends_with(word));
        let tail = text.get(end..).unwrap_or("").trim_start();
        let heading =
            head.is_empty() && kind != "Namespace" && tail.starts_with(['：', ':', '，', ',', '名', '叫']);
        return article || exact || (!verb && (asked || heading));
    }
    // A "service" is any program that answers; the kind is meant where its own words stand beside it.
    if kind == "Service" && !exact && words != "svc" {
        const OWN: &[&str] = &[
            "clusterip",
            "cluster ip",
            "nodeport",
            "node port",
            "loadbalancer",
            "load balancer",
            "headless",
            "selector",
            "targetport",
            "target port",
            "kubernetes service",
            "k8s service",
            "service for deployment",
            "service for the deployment",
            "service for app",
            "service for pod",
            "service for the pod",
            "service in front of",
            "expose deployment",
            "selecting",
        ];
        let own = OWN.iter().any(|word| !find_cue(text, word).is_empty()) || text.contains("app=");
        if !own && words.starts_with('s') {
            return false;
        }
        if own {
            return !REFERRING.contains(&word_before(text, start).as_str());
        }
    }
    let before = word_before(text, start);
    if head.is_empty() || among(ASKING, before.as_str()) || before.chars().all(|c| c.is_ascii_digit()) {
        // "namespace vision: a notebook" names a place.
        return !(kind == "Namespace"
            && head.is_empty()
            && !text.get(end..).unwrap_or("").trim_start().starts_with("called"));
    }
    exact && !REFERRING.contains(&before.as_str())
}

/// Of overlapping ones the longest, then the first.
fn keep_longest(mut found: Vec<Named>) -> Vec<Named> {
    found.sort_by(|a, b| (b.end - b.start).cmp(&(a.end - a.start)).then(a.start.cmp(&b.start)));
    let mut kept: Vec<Named> = Vec::new();
    for named in found {
        let hidden = kept.iter().any(|other| {
            other.start < named.end
                && named.start < other.end
                && (other.kind == named.kind || other.end - other.start > named.end - named.start)
        });
        if !hidden {
            kept.push(named);
        }
    }
    kept.sort_by_key(|named| (named.start, named.end));
    kept
}
