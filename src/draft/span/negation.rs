//! Negations: `no GPU`, `without a disk`, `don't make it public`, `不要GPU`, `无需公网`, and how far they reach.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::cue::find_cue;
use super::scan::{Rule, range, whole};

/// One negation of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Negation {
    /// Which turn of the conversation it stands in, 0 for the first.
    pub turn: usize,
    /// First byte of the negating word.
    pub start: usize,
    /// One past the last byte of what it governs.
    pub end: usize,
    /// What it governs, lower case, without article: `gpu`, `disk`, `公网`.
    pub cue: String,
    /// First byte of what it governs.
    pub governed: usize,
}

impl Negation {
    /// Whether a place of the request (in bytes) is governed by it.
    pub fn governs(&self, start: usize, end: usize) -> bool {
        self.governed <= start && end <= self.end
    }

    /// Whether it speaks of this cue word: the slot of that cue is then cleared.
    pub fn speaks_of(&self, cue: &str) -> bool {
        !find_cue(&self.cue, cue).is_empty()
    }
}

static ENGLISH: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)(?-u:\b)(?:no\s+need\s+(?:for|of)|(?:do|does|did|should|must|will|would|need|is|are|can)(?:n['’]t|\s+not)(?:\s+(?:need|want|require|use|have|give|make|add|include|set|create|attach|be|it|to|get|any|ever))*|cannot|can['’]t|dont|doesnt|without(?:\s+(?:any|using|needing))?|w/o|neither|nor|never|instead\s+of|rather\s+than|skip|except(?:\s+for)?|not|no|drop|remove)(?-u:\b)\s*(?P<rest>)|(?-u:\b)non-(?P<compound>)",
    )
});
static CHINESE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?:不需要|不要求|不用|不要|不想要?|不带|不含|不必|无需|无须|没有|别(?:给|用|带|开|加|挂)?|去掉|免去|不(?:给|加|挂|开|设|配)|(?P<keep>不|非|无|勿))(?:任何|再|去)?\s*(?P<rest>)",
    )
});
/// Where `no`, `not` and `不` deny nothing.
static NO_DENIAL_AFTER: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)^(?:more|less|fewer|later|earlier|longer|larger|bigger|sooner|only|sure|idea|problem|worries|matter|need\s+to\s+(?:worry|rush|hurry)|rush|hurry|doubt|,|yet|too|so|necessarily)(?-u:\b|,)|^(?:超过|少于|低于|大于|小于|多于|高于|同|错|好意思|知道|管|仅|但|过|论|可|能|会|是|一定|对(?:$|[，。])|行|到|清楚|太|久|妨|限|必|法|关|论|效|线|状态|服务器)",
    )
});
/// `drop` and `remove` deny only where a thing of the draft follows at once; elsewhere they are verbs of their own.
static END: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)[,;:.!?，。；：！？、\r\n（(]|(?-u:\b)(?:but|and|with|just|only|please|because|since|so|then|for|in|on|at|that|which|than|called|named|instead|from|until|unless|give|use)(?-u:\b)|但|而|只|就|的|并|和|以及|用|给|请|，",
    )
});
static ARTICLE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(r"(?i)^(?:(?:a|an|any|the|my|it|be|to|need|want|it\s+to\s+be|one|made)(?-u:\b)\s*)+")
});
/// Longest stretch that a negation reaches over, in characters.
const REACH_ENGLISH: usize = 36;
const REACH_CHINESE: usize = 12;

/// All negations of one turn, from left to right. `no GPU or disk` governs both; a comma, `but`, `and`, `with`, `的`
/// end its reach.
pub fn negations(text: &str, turn: usize) -> Vec<Negation> {
    let mut found: Vec<Negation> = Vec::new();
    for (rule, reach) in [(&ENGLISH, REACH_ENGLISH), (&CHINESE, REACH_CHINESE)] {
        for captures in rule.all(text) {
            let (start, _) = whole(&captures);
            let Some((rest, _)) = range(&captures, "rest").or_else(|| range(&captures, "compound")) else {
                continue;
            };
            let tail = text.get(rest..).unwrap_or("");
            if found.iter().any(|other| other.start <= start && start < other.governed)
                || NO_DENIAL_AFTER.matches(tail)
                || (range(&captures, "keep").is_some() && lone_chinese(text, start))
            {
                continue;
            }
            let reached = tail.char_indices().nth(reach).map_or(tail.len(), |(at, _)| at);
            let within = tail.get(..reached).unwrap_or("");
            let skipped = ARTICLE.first(within).map_or(0, |article| whole(&article).1);
            let open = within.get(skipped..).unwrap_or("");
            let length = END.first(open).map_or(open.len(), |stop| whole(&stop).0);
            let governed = open.get(..length).unwrap_or("").trim_end();
            if governed.is_empty() || !governed.chars().any(char::is_alphanumeric) {
                continue;
            }
            let from = rest + skipped;
            found.push(Negation {
                turn,
                start,
                end: from + governed.len(),
                cue: governed.to_lowercase(),
                governed: from,
            });
        }
    }
    found.sort_by_key(|negation| (negation.start, negation.end));
    found
}

/// `不` inside a word of its own (`要不`, `差不多`), `无` of `无线`, `非` of `非常`.
fn lone_chinese(text: &str, start: usize) -> bool {
    let before = text.get(..start).and_then(|head| head.chars().next_back());
    let tail = text.get(start..).unwrap_or("");
    matches!(before, Some('要' | '差' | '能' | '可' | '会' | '是' | '并' | '除' | '行' | '好'))
        || [
            "非常",
            "不断",
            "不同",
            "无论",
            "无法",
            "不如",
            "不会",
            "不能",
            "不了",
            "非得",
            "不间断",
            "不中断",
        ]
        .iter()
        .any(|word| tail.starts_with(word))
}
