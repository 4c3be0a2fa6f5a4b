//! Command lines: behind `run`, `command:`, `运行`, in quotes, or by an interpreter with its script.
//!
//! Where an unquoted command ends cannot be known (`run python train.py --epochs 3 on two nodes`), so every sensible
//! end is a candidate of its own: all begin at the same place, the shortest one is strong.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, among, range, whole};
use super::words::{DIGITS, WORDS};
use crate::pattern::SlotType;

/// Most ends that are offered for one command.
const MOST_ENDS: usize = 4;

static CUE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?:(?-u:\b)(?:(?P<plain>runs?|running|execut(?:e|es|ing)|launch(?:es|ing)?|start(?:s|ed)?(?:\s+it)?\s+with|invok(?:e|es|ing))(?:\s+(?:the|a|my|our))?(?:\s+(?:script|program|command|training\s+script))?|(?P<explicit>command(?:\s+(?:line|is|to\s+run|should\s+be))?|cmd|entrypoint)(?:\s+is)?)(?-u:\b)|(?P<zh>执行|运行|跑|启动)(?:一下)?(?:的)?(?:命令|脚本|程序)?|(?P<zhexplicit>(?:启动)?命令)(?:是|为|用)?)\s*(?P<colon>[:：=])?\s*(?P<rest>)",
    )
});
static BARE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?:^|[\s:：(（]|[^\x00-\x7F])(?P<rest>(?:python3?|bash|sh|torchrun|deepspeed|mpirun|mpiexec|Rscript|julia|accelerate\s+launch|vllm\s+serve|uv\s+run)\s+(?:-[-A-Za-z]|[\w./-]+\.(?:py|sh|R|jl)(?-u:\b)|[\w.-]+/[\w./-]+)|\./[\w./-]+)",
    )
});
static SOFT_END: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)\s+(?:on|with|in|using|every|each|at|for|and|over|across|then|from|as|to|by|per|that|which|plus|daily|nightly|hourly|weekly|twice|once|called|named|while|when|inside|under|needs?|needing|requires?|requiring|via|owner|but|give|gets?|image|namespace)(?:\s|$)|\s*[,;]\s|\s+(?:{DIGITS}|{WORDS}|an?)[\s-]*(?:x\s*)?(?:nvidia\s+)?(?:gpus?|cards?|nodes?|replicas?|workers?|cores?|v?cpus?|machines?|times|[habvl][0-9]{{1,3}}s?|gi?b?|gigs?)(?-u:\b)"
    ))
});
/// Programs that are hardly anything else.
const PROGRAMS: &str = "\
    bash sh zsh torchrun accelerate deepspeed mpirun mpiexec npm npx yarn pnpm echo sleep curl wget psql \
    pg_dump pg_dumpall mysqldump mongodump redis-cli nvidia-smi uvicorn gunicorn tar cp mv rm rsync aws \
    gsutil cargo perl rscript ls pip conda celery dvc snakemake nextflow uv poetry printenv du df restic \
    rclone hostname horovodrun lm_eval llamafactory-cli kubectl make date env pytest stress cat find git \
    busybox whoami nc dd chmod mkdir touch tail python3";
/// Programs that are names of software too: only with an argument that looks like one.
const LANGUAGES: &str = "\
    python python3 node java go ruby php julia jupyter ray vllm tensorboard mlflow streamlit flask \
    spark-submit ollama deno make find date git cat celery dvc nc touch env stress conda aws";
const SUBCOMMANDS: &[&str] = &[
    "serve", "run", "lab", "notebook", "test", "install", "train", "build", "start", "job", "fit", "server",
    "ui", "clone", "pull", "sync", "s3", "worker", "app",
];

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in CUE.all(scan.text) {
        let Some((start, _)) = range(&captures, "rest") else { continue };
        let explicit = ["explicit", "zhexplicit"].iter().any(|group| range(&captures, group).is_some())
            && (range(&captures, "colon").is_some()
                || range(&captures, "zhexplicit").is_some()
                || is_program(scan.after(start)));
        add(scan, start, explicit);
    }
    for captures in BARE.all(scan.text) {
        if let Some((start, _)) = range(&captures, "rest")
            && !scan.taken_strongly(SlotType::Command, (start, start + 1))
        {
            add(scan, start, false);
        }
    }
    backticks(scan);
}

/// Commands in backticks need no cue where they begin with a program.
fn backticks(scan: &mut Scan<'_>) {
    let quoted: Vec<(usize, usize)> = scan
        .found
        .iter()
        .filter(|found| found.kind == Some(SlotType::Text) && scan.previous(found.start) == Some('`'))
        .map(|found| (found.start, found.end))
        .collect();
    for at in quoted {
        let inner = scan.text.get(at.0..at.1).unwrap_or("");
        if is_program(inner) && !scan.taken(SlotType::Command, at) {
            scan.strong(SlotType::Command, at, inner);
        }
    }
}

fn add(scan: &mut Scan<'_>, start: usize, explicit: bool) {
    let rest = scan.after(start);
    if let Some(close) = rest.chars().next().and_then(closing) {
        let open = rest.chars().next().map_or(1, char::len_utf8);
        if let Some(length) =
            rest.get(open..).and_then(|inner| inner.find(close)).filter(|length| *length > 0)
        {
            let at = (start + open, start + open + length);
            if !scan.taken(SlotType::Command, at) {
                scan.strong(SlotType::Command, at, scan.text.get(at.0..at.1).unwrap_or(""));
            }
        }
        return;
    }
    if scan.taken_strongly(SlotType::Command, (start, start + 1))
        || !(is_program(rest) || (explicit && plausible(rest)))
    {
        return;
    }
    for (index, end) in ends(rest).into_iter().enumerate() {
        let at = (start, start + end);
        let command = scan.text.get(at.0..at.1).unwrap_or("");
        if index == 0 {
            scan.strong(SlotType::Command, at, command);
        } else {
            scan.weak(SlotType::Command, at, command);
        }
    }
}

fn closing(open: char) -> Option<char> {
    match open {
        '"' | '\'' | '`' => Some(open),
        '“' => Some('”'),
        '「' => Some('」'),
        _ => None,
    }
}

/// Whether a text begins with a program: a known one, a script, a path.
fn is_program(text: &str) -> bool {
    let mut tokens = text.split_whitespace();
    let Some(first) = tokens.next() else { return false };
    let end =
        first.find(|c: char| super::scan::is_chinese(c) || matches!(c, '，' | '。')).unwrap_or(first.len());
    let first = first.get(..end).unwrap_or("").trim_end_matches([',', ';', '.']);
    let lower = first.to_ascii_lowercase();
    let script = [".py", ".sh", ".jl", ".pl", ".rb", ".js"].iter().any(|ending| lower.ends_with(ending))
        && first.len() > 3
        && lower != "node.js"
        && lower != "next.js";
    if script || first.starts_with("./") || (first.starts_with('/') && first.matches('/').count() > 1) {
        return true;
    }
    let argument = tokens.next().unwrap_or("");
    if among(LANGUAGES, lower.as_str()) {
        let version = argument.starts_with(|c: char| c.is_ascii_digit());
        return !version
            && (argument.starts_with('-') && argument.len() > 1
                || argument.trim_end_matches(['.', ',']).contains(['.', '/'])
                || SUBCOMMANDS.contains(&argument)
                || (argument.is_empty() && end == first.len() && among(PROGRAMS, lower.as_str())));
    }
    among(PROGRAMS, lower.as_str())
}

/// After an explicit `command:` anything that begins like a word or a path.
fn plausible(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '$'))
}

/// The sensible ends of an unquoted command, nearest first.
fn ends(rest: &str) -> Vec<usize> {
    let masked = mask_quotes(rest);
    let hard = hard_end(&masked);
    let mut ends: Vec<usize> = SOFT_END
        .all(masked.get(..hard).unwrap_or(""))
        .iter()
        .map(|captures| whole(captures).0)
        .filter(|end| *end > 0)
        .collect();
    if ends.len() >= MOST_ENDS {
        ends.truncate(MOST_ENDS - 1);
    }
    ends.push(hard);
    let mut trimmed: Vec<usize> = ends
        .into_iter()
        .filter_map(|end| {
            rest.get(..end).map(|text| text.trim_end_matches([' ', '\t', ',', ';', '.', ')', '!', '?']).len())
        })
        .filter(|end| *end > 0)
        .collect();
    trimmed.dedup();
    trimmed
}

/// Where an unquoted command must end: a line break, the end of a sentence, Chinese.
fn hard_end(masked: &str) -> usize {
    let mut characters = masked.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let sentence = matches!(c, '.' | '!' | '?')
            && characters.peek().is_none_or(|(_, next)| next.is_whitespace())
            && !masked.get(..at).unwrap_or("").ends_with([' ', '.']);
        if matches!(c, '\n' | '\r' | '，' | '。' | '；' | '、' | '）' | '”' | '`')
            || super::scan::is_chinese(c)
            || sentence
        {
            return at;
        }
    }
    masked.len()
}

/// The text with everything in quotes replaced, byte for byte, by letters.
fn mask_quotes(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    let mut open: Option<char> = None;
    for (at, c) in text.char_indices() {
        match open {
            Some(quote) if c == quote => {
                open = None;
                masked.push(c);
            }
            Some(_) => masked.extend(std::iter::repeat_n('q', c.len_utf8())),
            None => {
                let closes = text.get(at + c.len_utf8()..).is_some_and(|tail| tail.contains(c));
                if matches!(c, '"' | '\'') && closes {
                    open = Some(c);
                }
                masked.push(c);
            }
        }
    }
    masked
}
