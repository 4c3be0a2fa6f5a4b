//! Model ids: `meta-llama/Llama-3.1-8B-Instruct`, `Qwen2.5-7B-Instruct`, `Llama 3 8B`. The person's words are kept.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, whole, words};
use crate::pattern::SlotType;

const FAMILY: &str = r"(?:(?:code|tiny)?llama|vicuna|qwen|qwq|mistral|mixtral|ministral|codestral|pixtral|deepseek|gemma|phi|falcon|bloom|opt|mpt|starcoder|codegen|yi|chatglm|glm|baichuan|internlm|internvl|gpt-oss|gpt2|gpt-j|gpt-neox|smollm|granite|command-r|nemotron|olmo|minicpm|kimi|bge|e5|whisper|llava|stable[\s-]diffusion|sdxl|flux|bert|roberta|t5|clip)";

static ID: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?P<id>[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9][A-Za-z0-9_.-]*[A-Za-z0-9])"));
static SHORT: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?-u:\b){FAMILY}(?:[\s-]*(?:v|r|k|m|o)?[0-9]+(?:\.[0-9]+)?(?-u:\b))?(?:[\s-]+(?:coder|math|vl|next|small|medium|large|tiny|base|mini|nemo|distill|scout|maverick|moe|vision|embed|embedding))*(?:[\s-]*[0-9]+x[0-9]+b(?-u:\b)|[\s-]*[0-9]+(?:\.[0-9]+)?[bm](?-u:\b))?(?:-[a-z0-9.]+|\s+(?:instruct|chat|base|it|large|small|mini|turbo)(?-u:\b))*"
    ))
});
static SIZE: LazyLock<Rule> = LazyLock::new(|| Rule::new(r"(?i)[0-9](?:\.[0-9]+)?b(?:[^a-z]|$)"));
static OWNER: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)^(?:meta-llama|mistralai|qwen|deepseek-ai|google|microsoft|openai|facebook|bigscience|bigcode|tiiuae|thudm|zai-org|01-ai|baichuan-inc|internlm|nvidia|huggingfacetb|baai|sentence-transformers|intfloat|stabilityai|unsloth|ibm-granite|cohereforai|moonshotai|openbmb|allenai|eleutherai|databricks|black-forest-labs|runwayml|openai-community|google-bert)/",
    )
});

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in ID.all(scan.text) {
        let at = whole(&captures);
        let text = words(&captures, "id");
        let joined = matches!(scan.previous(at.0), Some(c) if c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | ':' | '@' | '~' | '='));
        let continued = matches!(scan.next(at.1), Some(':' | '/' | '@' | '='))
            && scan.after(at.1).chars().nth(1).is_some_and(|c| c.is_ascii_alphanumeric() || c == '/');
        if joined || continued {
            continue;
        }
        let owner = text.split('/').next().unwrap_or("");
        if super::host::is_host(owner) {
            continue;
        }
        let name = text.rsplit('/').next().unwrap_or("");
        let family = SHORT.first(name).is_some_and(|found| whole(&found).0 == 0) && name.len() > 3;
        if SIZE.matches(name) || OWNER.matches(text) || (family && name.contains(['-', '.'])) {
            scan.strong(SlotType::Model, at, text);
        } else if looks_like_id(owner, name) {
            scan.weak(SlotType::Model, at, text);
        }
    }
    for captures in SHORT.all(scan.text) {
        let (start, end) = whole(&captures);
        let text = scan.text.get(start..end).unwrap_or("");
        let text = text.trim_end_matches(['-', '.', ' ']);
        let at = (start, start + text.len());
        let joined = matches!(scan.previous(start), Some('-' | '_' | '/' | '.' | '='));
        let continued = matches!(scan.next(at.1), Some('/' | '_' | '='))
            || scan.next(at.1).is_some_and(|c| c.is_ascii_alphanumeric());
        let digits = text.chars().any(|c| c.is_ascii_digit());
        if joined || continued || scan.taken(SlotType::Model, at) {
            continue;
        }
        // "bloom", "yi", "opt", "phi", "falcon", "clip" are words of their own: only with a number.
        let ambiguous = text.len() < 5
            || ["bloom", "falcon", "granite", "kimi"].contains(&text.to_ascii_lowercase().as_str());
        if digits && counts_things(scan, text, at) {
            // "Llama 2 GPUs": the number belongs to the GPUs.
            let name = text.split_whitespace().next().unwrap_or(text);
            if !ambiguous && name.len() > 3 {
                scan.weak(SlotType::Model, (start, start + name.len()), name);
            }
        } else if digits {
            scan.strong(SlotType::Model, at, text);
        } else if !ambiguous && !text.contains(char::is_whitespace) {
            scan.weak(SlotType::Model, at, text);
        }
    }
}

/// `Llama 2 GPUs`: a bare number at the end that counts the next noun.
fn counts_things(scan: &Scan<'_>, text: &str, at: (usize, usize)) -> bool {
    text.rsplit(char::is_whitespace).next().is_some_and(|last| last.chars().all(|c| c.is_ascii_digit()))
        && text.contains(char::is_whitespace)
        && super::noise::is_counted(scan, at.1)
}

fn looks_like_id(owner: &str, name: &str) -> bool {
    let dashed = name.contains(['-', '_', '.']) || owner.contains('-');
    let mixed = name.chars().any(|c| c.is_ascii_digit()) && name.chars().any(|c| c.is_ascii_alphabetic());
    owner.len() > 2
        && name.len() > 3
        && owner.chars().any(|c| c.is_ascii_alphabetic())
        && (dashed || mixed)
        && !name.chars().all(|c| c.is_ascii_digit() || c == '.')
}
