//! DNS host names with at least one dot: `app.example.com`, `demo.lab.internal`; not files, versions or abbreviations.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, among, range, whole};
use crate::pattern::SlotType;

/// Last labels that make a dotted word a host without any cue.
const ENDINGS: &str = "\
    com org net io ai dev cn de fr uk edu gov eu us ca au in br it es pl se no dk fi be cz ru tw hk sg \
    jp kr ch at nl app cloud tech info xyz site online page co local internal lan corp intra intranet \
    home private cluster svc test example localhost lab science run";
/// Endings of files. They win over countries.
const FILES: &str = "\
    py sh yaml yml json txt md csv ipynb tar gz zip so rs go js ts c h cpp pt pth bin onnx safetensors \
    gguf parquet log cfg conf toml ini pdf png jpg html sql jsonl jar r pl rb lock env key pem crt";

static HOST: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?-u:\b)(?P<wild>\*\.)?(?P<host>[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+)(?-u:\b)",
    )
});
static WILD: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?P<host>\*(?:\.[A-Za-z0-9][A-Za-z0-9-]*)+)(?-u:\b)"));
static CUE_BEFORE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?:(?-u:\b)(?:host(?:\s*name)?|domain(?:\s+name)?|fqdn|dns(?:\s+name)?|reachable\s+(?:at|under|as)|available\s+(?:at|under)|served?\s+(?:at|under|as)|expose(?:d)?\s+(?:at|as|on)|under)|域名|主机名|访问地址|地址)(?:\s+(?:is|as|to|name|called|named))*(?:是|为|用|叫)?\s*[:=]?\s*[`\x22'“]?$",
    )
});

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in WILD.all(scan.text) {
        if let Some(at) = range(&captures, "host") {
            let text = scan.text.get(at.0..at.1).unwrap_or("");
            if is_host(text.trim_start_matches("*.")) {
                scan.strong(SlotType::Host, at, text.to_ascii_lowercase());
            }
        }
    }
    for captures in HOST.all(scan.text) {
        let at = range(&captures, "host").unwrap_or_else(|| whole(&captures));
        let text = scan.text.get(at.0..at.1).unwrap_or("");
        let joined = matches!(scan.previous(at.0), Some('@' | '/' | '-' | '_' | '.' | '='));
        let cued = CUE_BEFORE.matches(scan.before(at.0)) && well_formed(text);
        if !joined && !scan.taken(SlotType::Host, at) && (is_host(text) || cued) {
            scan.strong(SlotType::Host, at, text.to_ascii_lowercase());
        }
    }
}

/// Whether a word is a host name by its looks alone.
pub(super) fn is_host(word: &str) -> bool {
    well_formed(word)
        && word.rsplit('.').next().is_some_and(|last| among(ENDINGS, last.to_ascii_lowercase().as_str()))
}

fn well_formed(word: &str) -> bool {
    let labels: Vec<&str> = word.split('.').collect();
    let (Some(last), Some(first)) = (labels.last(), labels.first()) else { return false };
    labels.len() > 1
        && labels.iter().all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        })
        && last.len() > 1
        && last.chars().all(|c| c.is_ascii_alphabetic())
        && !among(FILES, last.to_ascii_lowercase().as_str())
        && first.chars().any(|c| c.is_ascii_alphabetic())
}
