//! Numbers that are no values: versions, phone numbers, sums of money, ordinals, numbered things, IP addresses.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, among, range, whole, word_after};
use crate::pattern::SlotType;

static NOISE: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        // Phone numbers.
        Rule::new(
            r"\+[0-9]{1,3}(?:[ -]?\(?[0-9]{2,5}\)?){1,5}|(?-u:\b)[0-9]{3,4}[ -][0-9]{3,4}[ -][0-9]{4}(?-u:\b)|(?-u:\b)[0-9]{3}-[0-9]{4}(?-u:\b)|(?-u:\b)[0-9]{3,4}-[0-9]{7,8}(?-u:\b)|\([0-9]{3}\)\s*[0-9]{3}-[0-9]{4}",
        ),
        // Money.
        Rule::new(
            r"[$€£¥][0-9][0-9,.]*[kKmM]?|(?-u:\b)[0-9][0-9,.]*\s*(?:(?i:dollars?|euros?|usd|eur|rmb)(?-u:\b)|元|美元|块钱)",
        ),
        // Numbered things.
        Rule::new(
            r"(?i)(?-u:\b)(?:steps?|phase|chapter|issue|ticket|room|floor|page|section|figure|layer|week|day|round|level)\s+#?(?P<at>[0-9]+)(?-u:\b)|#[0-9]+(?-u:\b)|第\s*[0-9一二三四五六七八九十]+",
        ),
        // Three and more groups: versions, section numbers.
        Rule::new(
            r"(?-u:\b)v?[0-9]+(?:\.[0-9]+){2,}(?:[-+][0-9A-Za-z.]+)?(?-u:\b)|(?-u:\b)[vV][0-9]+(?:\.[0-9]+)*(?-u:\b)|24/7",
        ),
    ]
});
static VERSION: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?:(?-u:\b)(?:cuda|python|py|rocm|cudnn|nccl|java|jdk|node\.?js|ubuntu|debian|centos|rocky|alpine|driver|kernel|kubernetes|k8s|versions?|ver|torch|pytorch|tensorflow|jax|golang|php|ruby|release|postgres(?:ql)?|mysql|mariadb|redis|mongo(?:db)?|gpt)|版本号?)(?:\s+versions?)?\s*(?:[:=]|>=|==|是|为)?\s*(?P<at>v?[0-9]+(?:\.[0-9x]+)*)(?-u:\b)",
    )
});
static DOTTED: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?-u:\b)(?P<ip>(?:[0-9]{1,3}\.){3}[0-9]{1,3})(?:/[0-9]{1,2})?(?-u:\b)"));

/// Words after a number that make it a count of them, whatever stands before it (`pytorch 2 GPUs`).
pub(super) const COUNTED: &str = "\
    gpu gpus card cards node nodes machines servers hosts replica replicas worker workers pod pods \
    instances copy copies core cores cpu cpus vcpu vcpus processes trial trials jobs notebooks \
    containers shards way accelerator accelerators times retries runs x days hours minutes min weeks \
    gigs gb gi g tb ti";

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in DOTTED.all(scan.text) {
        let at = whole(&captures);
        let Some(ip) = range(&captures, "ip") else { continue };
        let text = scan.text.get(at.0..at.1).unwrap_or("");
        let address = scan.text.get(ip.0..ip.1).unwrap_or("");
        let is_address = address.split('.').all(|part| part.parse::<u8>().is_ok());
        if is_address && !matches!(scan.previous(at.0), Some('v' | '/' | '-' | '.')) {
            // Addresses and ranges answer text slots (a CIDR of a NetworkPolicy), never a host name.
            scan.strong(SlotType::Text, at, text);
        }
        scan.noise(at);
    }
    for rule in NOISE.iter() {
        for captures in rule.all(scan.text) {
            scan.noise(range(&captures, "at").unwrap_or_else(|| whole(&captures)));
        }
    }
    for captures in VERSION.all(scan.text) {
        let Some(at) = range(&captures, "at") else { continue };
        // redis:6379 is a port.
        let port = scan.previous(at.0) == Some(':') && at.1 - at.0 > 2;
        if !port && !is_counted(scan, at.1) {
            scan.noise(at);
        }
    }
}

/// Whether what stands at `end` says that the number before it counts something.
pub(super) fn is_counted(scan: &Scan<'_>, end: usize) -> bool {
    let next = word_after(scan.text, end);
    among(COUNTED, next.as_str())
        || scan
            .after(end)
            .trim_start()
            .starts_with(['个', '张', '台', '块', '核', '卡', '份', '颗', '片', '路'])
        || super::gpu::starts_product(scan.after(end).trim_start())
}
