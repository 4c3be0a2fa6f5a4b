//! Native kinds that a request names by their Kubernetes name, plural, short name or a listed Chinese name
//! (design D13.4). Words that people also use otherwise (`job`, `service`, `pod`, `namespace`) count only where they
//! stand for a thing that is to be made.

use crate::draft::span::{Span, find_cue};
use crate::pattern::{PatternSet, SlotType};

/// A native kind that is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The kind.
    pub kind: String,
    /// First byte of the word.
    pub start: usize,
    /// One past its last byte.
    pub end: usize,
    /// Written as Kubernetes writes it, or a word that means nothing else.
    pub certain: bool,
}

/// Kind, the words that name it, and whether they mean nothing else.
const WORDS: &[(&str, &[&str], bool)] = &[
    ("CronJob", &["cronjob", "cronjobs", "cron job", "cron jobs", "定时任务", "定时作业"], true),
    ("StatefulSet", &["statefulset", "statefulsets", "stateful set", "sts", "有状态副本集"], true),
    ("DaemonSet", &["daemonset", "daemonsets", "daemon set", "守护进程集"], true),
    ("ConfigMap", &["configmap", "configmaps", "config map", "配置字典", "配置映射"], true),
    ("PersistentVolumeClaim", &["persistentvolumeclaim", "persistent volume claim", "pvc", "pvcs", "volume claim", "持久卷声明"], true),
    ("Deployment", &["deployment"], true),
    ("Namespace", &["namespace", "命名空间", "名字空间"], false),
    ("Pod", &["pod", "容器组"], false),
    ("Job", &["kubernetes job", "k8s job", "batch job", "batch/v1 job", "job"], false),
    ("Service", &["kubernetes service", "k8s service", "clusterip service", "nodeport service", "loadbalancer service", "service object", "service resource", "headless service"], true),
];

/// Words directly before that make a kind's word mean something else: a place, a part, or something that exists.
const NOT_AFTER: &[&str] = &[
    "in", "into", "to", "from", "the", "my", "our", "your", "this", "that", "its", "mount", "using", "use", "mounts",
    "per", "each", "every", "several", "many", "multiple", "other", "which", "what", "why", "how", "training", "train",
    "tuning", "fine-tuning", "finetuning", "learning", "web", "inference", "model", "same", "existing", "all", "any",
    "namespace", "ns", "within", "inside", "across", "claim", "attach",
];
/// Words that introduce something new.
const NEW_AFTER: &[&str] = &[
    "a", "an", "new", "another", "one", "create", "make", "kubernetes", "k8s", "need", "want", "simple", "plain", "single",
    "up", "start", "launch", "me", "run", "as", "small", "indexed", "native", "regular", "separate", "dedicated", "bare",
];
/// Chinese: what stands before a thing that is to be made.
const NEW_AFTER_ZH: &[&str] = &["一个", "个", "新建", "创建", "建", "新的", "开", "申请", "新", "要", "需要", "一个新的"];

/// The kinds that are named, in order of their place.
pub fn named(text: &str, spans: &[Span], patterns: &PatternSet) -> Vec<Named> {
    let mut found: Vec<Named> = Vec::new();
    for (kind, words, unmistakable) in WORDS {
        if patterns.get(kind).is_none_or(|pattern| !pattern.native) {
            continue;
        }
        for word in *words {
            for (start, end) in find_cue(text, word) {
                let written = text.get(start..end) == Some(*kind);
                if inside_value(spans, start, end) || refers(text, start, end) {
                    continue;
                }
                if written || (*unmistakable && !is_part(text, start)) || is_new(text, start, end) {
                    found.push(Named { kind: (*kind).to_owned(), start, end, certain: written || *unmistakable });
                }
            }
        }
    }
    // `persistent volume claim` holds `volume claim`, `cron job` holds `job`.
    let all = found.clone();
    found.retain(|one| {
        !all.iter().any(|other| {
            other.start <= one.start && one.end <= other.end && other.end - other.start > one.end - one.start
        })
    });
    found.sort_by_key(|one| one.start);
    found.dedup_by(|b, a| a.start == b.start);
    found
}

/// Inside an image, a host, a command or a quoted text a kind's word names nothing.
fn inside_value(spans: &[Span], start: usize, end: usize) -> bool {
    spans.iter().any(|span| {
        let value = matches!(
            span.kind,
            SlotType::Image | SlotType::Host | SlotType::Command | SlotType::Text | SlotType::Url | SlotType::Model
        ) || (span.kind == SlotType::Name && span.text.contains('-'));
        value && span.start <= start && end <= span.end && span.end - span.start > end - start
    })
}

/// `in namespace vision`, `my pod`, `training job`, `挂载 pvc corpus`.
fn refers(text: &str, start: usize, end: usize) -> bool {
    let before = &text[..start];
    if let Some(word) = before.split_whitespace().next_back().filter(|_| before.ends_with(char::is_whitespace)) {
        let word = word.trim_matches(|c: char| c.is_ascii_punctuation() && c != '-').to_lowercase();
        if NOT_AFTER.contains(&word.as_str()) {
            return true;
        }
        // `three pods`, `3 pods` counts replicas.
        let counts = word.parse::<u32>().is_ok_and(|n| n > 1)
            || ["two", "three", "four", "five", "six", "eight", "ten"].contains(&word.as_str());
        if counts {
            return true;
        }
    }
    let trimmed = before.trim_end();
    let refers_zh = ["在", "我的", "挂载", "使用", "这个", "那个", "里的", "放到", "放在", "到", "的"];
    let chinese = text[start..end].chars().any(|c| !c.is_ascii()) || trimmed.chars().next_back().is_some_and(|c| !c.is_ascii());
    chinese && refers_zh.iter().any(|word| trimmed.ends_with(word)) && !NEW_AFTER_ZH.iter().any(|word| trimmed.ends_with(word))
}

/// `with a pvc`, `a volume claim of the notebook`: the kind is a part of what stands before it.
fn is_part(text: &str, start: usize) -> bool {
    let before = text[..start].to_lowercase();
    let words: Vec<&str> = before.split_whitespace().rev().take(3).collect();
    words.iter().take(2).any(|word| matches!(*word, "with" | "and" | "mount" | "mounting" | "mounted" | "having" | "plus"))
        && before.split_whitespace().count() > 3
}

/// A thing that is to be made: an article or a verb of making before it, or it begins the request.
fn is_new(text: &str, start: usize, end: usize) -> bool {
    let before = text[..start].trim_end();
    if before.is_empty() {
        // `namespace vision: …` and `命名空间 vision` alone may be either; a name or a colon behind a Pod or Job is new.
        return !text[start..end].to_lowercase().starts_with("namespace") && text[start..end].is_ascii();
    }
    let word = before.split_whitespace().next_back().unwrap_or_default().to_lowercase();
    NEW_AFTER.contains(&word.as_str()) || NEW_AFTER_ZH.iter().any(|zh| before.ends_with(zh))
}
