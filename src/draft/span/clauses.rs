//! Clauses: which part of a request speaks of which thing, for requests with several (design D13.5).
//!
//! Conservative on purpose: a request is split only where a conjunction introduces another thing that is drafted on
//! its own; `two GPUs and a 50Gi home` stays together.

use std::ops::Range;
use std::sync::LazyLock;

use super::scan::{Rule, range, whole};

/// Things that stand on their own.
const THINGS: &str = r"(?:notebooks?|jupyter(?:lab)?|workbench(?:es)?|postgres(?:ql)?|mysql|mariadb|redis|mongo(?:db)?|database|db|qdrant|milvus|weaviate|elasticsearch|kafka|rabbitmq|minio|nginx|grafana|prometheus|mlflow|tensorboard|cache|service|app|application|website|site|dashboard|api|endpoint|server|deployment|statefulset|daemonset|job|cronjob|cron\s+job|training|sweep|pipeline|backend|frontend|front-end|bot|worker\s+pool|queue|namespace|configmap|config\s+map|ingress|secret|service\s+account|role|network\s+policy|pod|inference\s+\w+|model\s+server|vector\s+(?:db|database|store))";
/// Things that may as well be part of another one.
const PARTS: &str =
    r"(?:volume|pvc|persistent\s+volume\s+claim|claim|shared\s+(?:disk|drive|storage|folder))";
const ZH_THINGS: &str = r"(?:notebook|jupyter|postgres|mysql|redis|mongo|nginx|数据库|缓存|服务|任务|作业|训练|应用|网站|接口|工作台|笔记本|开发环境|推理|定时任务|命名空间|配置|队列|端点|看板|消息队列|密钥)";
const ZH_PARTS: &str = r"(?:共享(?:存储|盘|卷|硬盘)|存储卷|PVC|数据卷)";

static ENGLISH: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?P<break>\s*(?:[,;.]\s*(?:and\s+|plus\s+|also\s+|then\s+|as\s+well\s+as\s+)*|\s(?:and|plus|as\s+well\s+as|along\s+with|together\s+with|next\s+to)\s+(?:also\s+|then\s+)?))(?P<start>(?:(?:i\s+(?:also\s+)?(?:need|want)|give\s+me|create|add|deploy|make|set\s+up|start)\s+(?:me\s+)?)?(?:a|an|another|one|one\s+more|two|three|four|a\s+second|a\s+separate)\s+(?:[\w.:/-]+\s+){{0,3}}?(?:(?P<thing>{THINGS})|(?P<part>{PARTS})))(?-u:\b)"
    ))
});
static CHINESE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r"(?i)(?P<break>[，,。；;、]?\s*(?:再|另外|还|同时|以及|和|加上|外加|并)?(?:要|来|加|开|建|给我|需要|创建|部署|配|起|跑)*)(?P<start>(?:一个|一台|一套|一份|个|两个|1个)\s*(?:[^，。；,;\s]{{0,12}}?)\s*(?:(?P<thing>{ZH_THINGS})|(?P<part>{ZH_PARTS})))"
    ))
});
static WITH: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?i)(?-u:\b)(?:with|having|mount(?:ed|ing)?|including)(?-u:\b)|带|挂载"));
/// What speaks of all of them: `both in namespace vision`, `都放在…`.
static ALL: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)\s*[,;.，。；]\s*(?:both|all(?:\s+of\s+(?:them|it|these|this))?|everything|each\s+of\s+them|put\s+(?:both|them|everything)|都|全部|全都|两个都|它们|这些)(?:(?-u:\b)|\s|[^\x00-\x7F]).*$",
    )
});

/// The clauses of a request as byte ranges, in order, one for each thing. One clause that is the whole text where
/// there is nothing to split. What speaks of all things (`…, both in namespace vision`) lies in no clause.
#[allow(clippy::single_range_in_vec_init)] // One clause is a list of one range.
pub fn clauses(text: &str) -> Vec<Range<usize>> {
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let quoted = quoted(text);
    for rule in [&ENGLISH, &CHINESE] {
        for captures in rule.all(text) {
            let (Some(gap), Some(start)) = (range(&captures, "break"), range(&captures, "start")) else {
                continue;
            };
            // The first thing of a request starts at its beginning.
            let empty_gap = text.get(gap.0..gap.1).is_none_or(|gap| gap.trim().is_empty());
            let first = text.get(..gap.0).is_none_or(|head| !introduces(head));
            if empty_gap || first || quoted.iter().any(|range| range.contains(&start.0)) {
                continue;
            }
            let from = starts.last().map_or(0, |last| last.1);
            let before = text.get(from..gap.0).unwrap_or("");
            if range(&captures, "part").is_some() && WITH.matches(before) {
                continue;
            }
            if starts.iter().all(|(_, known)| *known != start.0) {
                starts.push((gap.0, start.0));
            }
        }
    }
    starts.sort_unstable();
    let end = if starts.is_empty() {
        text.len()
    } else {
        let last = starts.last().map_or(0, |last| last.1);
        text.get(last..).and_then(|tail| ALL.first(tail)).map_or(text.len(), |all| last + whole(&all).0)
    };
    let mut clauses = Vec::new();
    let mut from = 0;
    for (gap, start) in starts {
        clauses.push(from..gap);
        from = start;
    }
    clauses.push(from..end);
    clauses
}

/// Whether the text before a conjunction speaks of a thing already.
fn introduces(head: &str) -> bool {
    static ANY: LazyLock<Rule> = LazyLock::new(|| {
        Rule::new(&format!(r"(?i)(?-u:\b)(?:{THINGS}|{PARTS})(?-u:\b)|{ZH_THINGS}|{ZH_PARTS}"))
    });
    ANY.matches(head)
}

fn quoted(text: &str) -> Vec<Range<usize>> {
    static QUOTES: LazyLock<Rule> = LazyLock::new(|| Rule::new(r#""[^"]*"|“[^”]*”|`[^`]*`"#));
    QUOTES.all(text).iter().map(|found| whole(found)).map(|(start, end)| start..end).collect()
}
