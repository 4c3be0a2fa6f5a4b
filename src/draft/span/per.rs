//! Whether a number is meant for each node or for all together: `8 GPUs each`, `per node`, `每台8张卡`; `12 GPUs in
//! total`, `over three machines`, `一共`.

use std::sync::LazyLock;

use super::Span;
use super::scan::{Rule, Scan, is_chinese, range, whole};
use crate::pattern::{Per, SlotType};

static NODE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?-u:\b)(?P<each>each|apiece|per[\s-]+(?:node|worker|replica|pod|machine|server|host|instance|box|copy)|(?:on|for|in)\s+every\s+(?:node|worker|replica|pod|machine|server)|every\s+(?:node|worker|replica|pod|machine|server)|a\s+(?:piece|node))(?-u:\b)(?:\s+(?:node|worker|replica|pod|machine|server|host|instance|one|of\s+them))?|(?P<zh>每(?:一)?个?(?:台|节点|副本|机器|worker|实例|机|pod)(?:机器|服务器)?|各(?:自)?|单机|一机|单节点)",
    )
});
static TOTAL: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?-u:\b)(?P<after>in\s+total|altogether|overall|combined|in\s+all|total|(?:(?:spread|split|distributed|divided)\s+)?(?:over|across|among|between)\s+(?:the\s+)?(?:[0-9]+|two|three|four|five|six|seven|eight|nine|ten|twelve|sixteen|several|multiple|all)\s+(?:[a-z]+\s+)?(?:nodes?|machines?|workers?|servers?|hosts?|replicas?|boxes|pods|instances))(?-u:\b)|(?-u:\b)(?P<before>(?:a\s+)?total\s+of|altogether)(?-u:\b)|(?P<zh>一共|总共|总计|合计|共计|共(?:需|要|用)?)|(?P<zhafter>分布?(?:在|到)[0-9一二两三四五六七八九十]+(?:台|个节点|个机器))",
    )
});
/// What ends a stretch that one cue governs, looking back and looking ahead.
static BREAK: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)[,;:.!?，。；：！？\r\n](?:\s|$|[^0-9A-Za-z])|[，。；：！？]|(?-u:\b)(?:with|having|plus|where|but|then)(?-u:\b)",
    )
});
/// Nouns that a per-node number is not a number of.
static NODES: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)^[\s-]*(?:(?:gpu|cpu|compute|worker|big|small|identical|[a-z]?[0-9]+)\s+)?(?:nodes?|machines?|workers?|servers?|hosts?|replicas?|pods?|instances?|copies|boxes|台|个?(?:节点|副本|机器|worker|实例)|notebooks?|jobs?|个?\s*notebook)",
    )
});

/// `nodes: 2`.
static NODES_FIELD: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(r"(?i)(?:nodes|machines|workers|servers|hosts|replicas|pods|instances)\s*[:=]\s*$")
});

/// Sets [`Span::per`] on the numbers that a cue governs.
pub(super) fn mark(text: &str, spans: &mut [Span], scan: &Scan<'_>) {
    for captures in NODE.all(text) {
        let at = whole(&captures);
        if inside_other(scan, at) {
            continue;
        }
        // Chinese stands before the number, English behind it, or before where nothing is behind.
        let chinese = range(&captures, "zh").is_some();
        if chinese || !look_back(text, spans, at.0, Per::Node) {
            look_ahead(text, spans, at.1, Per::Node);
        }
    }
    for captures in TOTAL.all(text) {
        let at = whole(&captures);
        if inside_other(scan, at) {
            continue;
        }
        // 共享 and 共同 are "shared" and "together".
        if text.get(at.1..).is_some_and(|tail| tail.starts_with(['享', '同'])) {
            continue;
        }
        let before = range(&captures, "before").is_some() || range(&captures, "zh").is_some();
        let ahead = before && look_ahead(text, spans, at.1, Per::Total);
        if !ahead && !look_back(text, spans, at.0, Per::Total) {
            look_ahead(text, spans, at.1, Per::Total);
        }
    }
}

/// A cue inside a command, a name or quotes governs nothing.
fn inside_other(scan: &Scan<'_>, (start, end): (usize, usize)) -> bool {
    scan.found.iter().any(|found| {
        matches!(found.kind, Some(SlotType::Command | SlotType::Text | SlotType::Path | SlotType::Url))
            && found.strong
            && found.start <= start
            && end <= found.end
    })
}

fn numeric(text: &str, span: &Span) -> bool {
    match span.kind {
        SlotType::Count => {
            !NODES.matches(text.get(span.end..).unwrap_or(""))
                && !NODES_FIELD.matches(text.get(..span.start).unwrap_or(""))
        }
        SlotType::Quantity | SlotType::Cpu => true,
        _ => false,
    }
}

fn look_back(text: &str, spans: &mut [Span], to: usize, per: Per) -> bool {
    let head = text.get(..to).unwrap_or("");
    // A comma directly before the cue ("16 GPUs, over two nodes") does not part it from its number.
    let searched = if per == Per::Total { head.trim_end().trim_end_matches([',', '，']) } else { head };
    let from = BREAK.all(searched).last().map_or(0, |found| whole(found).1);
    set(text, spans, from, to, per)
}

fn look_ahead(text: &str, spans: &mut [Span], from: usize, per: Per) -> bool {
    let tail = text.get(from..).unwrap_or("");
    // "each with 8 GPUs": the first word is part of the cue.
    let lead = tail.len() - tail.trim_start().len();
    let body = tail.get(lead..).unwrap_or("");
    let skip = ["with ", "having ", "has ", ": ", ":", "：", "needing ", "gets "]
        .iter()
        .find(|word| body.to_ascii_lowercase().starts_with(**word))
        .map_or(0, |word| word.len());
    let open = body.get(skip..).unwrap_or("");
    let length = BREAK.first(open).map_or(open.len(), |found| whole(&found).0);
    set(text, spans, from, from + lead + skip + length, per)
}

fn set(text: &str, spans: &mut [Span], from: usize, to: usize, per: Per) -> bool {
    let mut any = false;
    for span in spans.iter_mut().filter(|span| from <= span.start && span.end <= to) {
        if numeric(text, span) && span.per.is_none() && !starts_node_count(text, span) {
            span.per = Some(per);
            any = true;
        }
    }
    any
}

/// `两台` in `两台机器，每台8张`: the number of nodes itself.
fn starts_node_count(text: &str, span: &Span) -> bool {
    span.kind == SlotType::Count
        && text.get(span.end..).unwrap_or("").trim_start().starts_with(['台', '机'])
        && span.text.chars().all(|c| is_chinese(c) || c.is_ascii_digit())
}
