//! GPU products: `H100`, `H100s`, `A100 80GB`, `RTX 4090`, `MI300X`, `4090` behind a measure word, MIG profiles.
//!
//! The value is the product without maker, form factor and plural: `A100`, `A100-80GB`, `RTX-4090`. The memory is
//! part of it only where the product comes in several sizes: every T4 has 16 GB.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, range, whole, word_after, words};
use crate::pattern::SlotType;

/// Products with the sizes of their memory in GB, the usual one first.
const PRODUCTS: &[(&str, &[u32])] = &[
    ("GB300", &[288]),
    ("GB200", &[192]),
    ("GH200", &[96, 144]),
    ("B300", &[288]),
    ("B200", &[180, 192]),
    ("B100", &[192]),
    ("H800", &[80]),
    ("H200", &[141]),
    ("H100", &[80, 94, 96]),
    ("H20", &[96, 141]),
    ("A800", &[80, 40]),
    ("A100", &[40, 80]),
    ("A6000", &[48]),
    ("A5000", &[24]),
    ("A4000", &[16]),
    ("A40", &[48]),
    ("A30", &[24]),
    ("A16", &[64]),
    ("A10G", &[24]),
    ("A10", &[24]),
    ("A2", &[16]),
    ("L40S", &[48]),
    ("L40", &[48]),
    ("L20", &[48]),
    ("L4", &[24]),
    ("V100S", &[32]),
    ("V100", &[16, 32]),
    ("P100", &[16, 12]),
    ("P40", &[24]),
    ("P4", &[8]),
    ("T4", &[16]),
    ("K80", &[12, 24]),
    ("MI355X", &[288]),
    ("MI350X", &[288]),
    ("MI325X", &[256]),
    ("MI300X", &[192]),
    ("MI300A", &[128]),
    ("MI250X", &[128]),
    ("MI250", &[128]),
    ("MI210", &[64]),
    ("MI100", &[32]),
];
/// Products whose short name is a word of other things too: upper case only.
const SHORT: &[&str] = &["A2", "A10", "A16", "A30", "A40", "L4", "L20", "P4", "P40", "T4", "K80", "H20"];

const PRODUCT: &str = r"(?:GB?[H]?[23]00|B[123]00|H(?:[128]00|20)|A(?:[18]00|[456]000|10G|10|16|2|30|40)|L(?:40S|40|20|4)|V100S?|P100|P40|P4|T4|K80|MI(?:355X|350X|325X|300[XA]|250X?|210|100))";

static NAMED: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?:(?-u:\b)|[0-9][x×*])(?P<all>(?:(?:nvidia|amd|tesla|instinct)[\s-]+)*(?P<product>{PRODUCT})(?:-(?:SXM[0-9]?|PCIE|NVL))?(?P<memory>[\s-]*(?P<size>[0-9]{{2,3}})\s?(?P<unit>GB|G|gigs?))?(?P<plural>'?s)?)(?:(?-u:\b)|[x×*][0-9])"
    ))
});
static CONSUMER: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?-u:\b)(?:(?:nvidia|geforce|quadro)[\s-]+)*(?P<line>RTX|GTX)[\s-]*(?P<number>[0-9]{4}\s?Ti|[0-9]{4}|A[0-9]{4}|[0-9]{4}\s+Ada|PRO\s+[0-9]{4})(?:[\s-]*(?P<ada>Ada))?(?P<plural>'?s)?(?-u:\b)",
    )
});
/// `4张4090`, `8卡 4090`, `4 x 4090`: the bare number is a product where it is counted like one.
static BARE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?:[张块卡个颗片]\s*|[0-9]\s*[x×*]\s*)(?P<number>[3-5]0[5-9]0(?:\s?Ti)?s?)(?-u:\b)|(?-u:\b)(?P<noun>[3-5]0[5-9]0(?:\s?Ti)?)\s*(?:GPUs?(?-u:\b)|cards?(?-u:\b)|显卡|卡)",
    )
});
static OTHER: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?:(?-u:\b)(?:huawei\s+)?ascend[\s-]*|昇腾\s*)(?P<ascend>[0-9]{3}[a-z]?[0-9]?)(?-u:\b)|(?-u:\b)(?:intel\s+)?(?P<gaudi>gaudi[\s-]*[23])s?(?-u:\b)|(?-u:\b)(?:mig-)?(?P<mig>[1-7]g\.[0-9]{1,3}gb(?:\+me)?)(?-u:\b)",
    )
});
/// What makes `L4` a network layer and `80GB` something else than the GPU's own memory.
const NO_PRODUCT_BEFORE: &[&str] =
    &["load", "lb", "proxy", "traffic", "balancer", "route", "routing", "service", "paper"];
static OTHER_MEMORY: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)^\s*(?:of\s+)?(?:system\s+)?(?:memory|ram(?-u:\b)|disk|storage|ssd|home|volume|内存|硬盘|磁盘|存储|空间)",
    )
});

/// Whether a text begins with a product (or a GPU noun).
pub(super) fn starts_product(text: &str) -> bool {
    static START: LazyLock<Rule> = LazyLock::new(|| {
        Rule::new(&format!(
            r"(?i)^(?:(?:nvidia|amd|tesla|geforce|instinct)[\s-]+)*(?:{PRODUCT}|[RG]TX[\s-]*A?[0-9]{{4}}|[345]0[5-9]0)s?(?-u:\b)"
        ))
    });
    START.matches(text)
}

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in NAMED.all(scan.text) {
        let Some(mut at) = range(&captures, "all") else { continue };
        let said = words(&captures, "product");
        let product = said.to_ascii_uppercase();
        let Some((name, sizes)) = PRODUCTS.iter().find(|(name, _)| *name == product) else { continue };
        let shouted = said.chars().all(|c| !c.is_ascii_lowercase());
        if (SHORT.contains(name) && !shouted)
            || inside_word(scan, at)
            || NO_PRODUCT_BEFORE.contains(&word_after(scan.text, at.1).as_str())
        {
            continue;
        }
        let size = words(&captures, "size").parse::<u32>().ok();
        let own = size.is_some_and(|size| sizes.contains(&size)) && !OTHER_MEMORY.matches(scan.after(at.1));
        if size.is_some()
            && !own
            && let Some(memory) = range(&captures, "memory")
        {
            at.1 = memory.0;
        }
        let value = match size {
            Some(size) if own && sizes.len() > 1 && !(*name == "H100" && size == 80) => {
                format!("{name}-{size}GB")
            }
            // The same card is called A6000 and RTX A6000.
            _ if name.len() == 5 && name.starts_with('A') => format!("RTX-{name}"),
            _ => (*name).to_owned(),
        };
        scan.strong(SlotType::GpuProduct, at, value);
    }
    for captures in CONSUMER.all(scan.text) {
        let at = whole(&captures);
        let number = compact(words(&captures, "number"));
        let ada = if words(&captures, "ada").is_empty() { "" } else { "-ADA" };
        if !inside_word(scan, at) {
            scan.strong(
                SlotType::GpuProduct,
                at,
                format!("{}-{number}{ada}", words(&captures, "line").to_ascii_uppercase()),
            );
        }
    }
    for captures in BARE.all(scan.text) {
        if let Some(at) = range(&captures, "number").or_else(|| range(&captures, "noun"))
            && !scan.taken(SlotType::GpuProduct, at)
        {
            let number = compact(scan.text.get(at.0..at.1).unwrap_or("").trim_end_matches('s'));
            scan.strong(SlotType::GpuProduct, at, format!("RTX-{number}"));
        }
    }
    for captures in OTHER.all(scan.text) {
        let at = whole(&captures);
        let value = if range(&captures, "ascend").is_some() {
            format!("Ascend-{}", words(&captures, "ascend").to_ascii_uppercase())
        } else if range(&captures, "gaudi").is_some() {
            format!("Gaudi{}", words(&captures, "gaudi").chars().last().unwrap_or('2'))
        } else {
            words(&captures, "mig").to_ascii_lowercase()
        };
        scan.strong(SlotType::GpuProduct, at, value);
    }
    for label in scan.facts.gpu_products {
        labelled(scan, label);
    }
}

/// A product as the nodes of a cluster are labelled, in full or without the maker, dashes or blanks between its parts:
/// `NVIDIA-RTX-6000-Ada-Generation`. Short names (`A10`) are read as products of the table, whatever nodes there are.
fn labelled(scan: &mut Scan<'_>, label: &str) {
    let short = label.strip_prefix("NVIDIA-").unwrap_or(label);
    let plain = |text: &str| text.to_ascii_lowercase().replace('-', " ");
    let text = plain(scan.text);
    for name in [label, short] {
        if name.matches('-').count() == 0 {
            continue;
        }
        let found: Vec<usize> = text.match_indices(&plain(name)).map(|(start, _)| start).collect();
        for start in found {
            let at = (start, start + name.len());
            let part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '-');
            if !part(scan.previous(at.0)) && !part(scan.next(at.1)) {
                let inside = |start: usize, end: usize| at.0 <= start && end <= at.1;
                scan.found
                    .retain(|one| one.kind != Some(SlotType::GpuProduct) || !inside(one.start, one.end));
                scan.strong(SlotType::GpuProduct, at, label.to_owned());
                return;
            }
        }
    }
}

/// `h100` in `my-h100-job` or `pool/h100` is part of a name.
fn inside_word(scan: &Scan<'_>, (start, end): (usize, usize)) -> bool {
    let joined_before = matches!(scan.previous(start), Some('-' | '/' | '.' | '_' | '='));
    let mut rest = scan.after(end).chars();
    let joined_after = matches!(rest.next(), Some('-' | '/' | '_' | '.'))
        && rest.next().is_some_and(|c| c.is_ascii_alphanumeric());
    // "8-H100 node" and "4-A100" are counts; "H100-based" is still the product.
    let counted = scan.before(start).trim_end_matches('-').ends_with(|c: char| c.is_ascii_digit());
    let adjective = ["-based", "-powered", "-class", "-node", "-gpu", "/"]
        .iter()
        .any(|suffix| scan.after(end).to_ascii_lowercase().starts_with(suffix));
    (joined_before && !counted && scan.previous(start) != Some('/')) || (joined_after && !adjective)
}

fn compact(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join("-").to_ascii_uppercase()
}
