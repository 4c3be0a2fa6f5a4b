//! Names: DNS labels behind `called`, `in namespace`, `queue`, `叫`, names that exist, and words that look like one.

use std::sync::LazyLock;

use super::label::dns_label;
use super::scan::{Rule, Scan, among, range, word_after};
use crate::pattern::SlotType;

pub(super) const LABEL: &str = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?";
/// Things that are referred to by name.
const REFERENCES: &str = r"(?:storage\s?class|class|priority\s?class|runtime\s?class|ingress\s?class|service\s?account|config\s?map|local\s?queue|queue|claim|pvc|volume|secret|dataset|pool|partition|project|node\s?pool|cluster)";

static NAMED: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r#"(?i)(?:(?-u:\b)(?:called|named|name\s+(?:it|them|this)(?:\s+as)?|call\s+(?:it|this|them)|(?:the\s+|its\s+)?name(?:\s+(?:is|should\s+be|will\s+be|of|as|it))|titled|dubbed)(?-u:\b)|(?-u:\b)name\s*[:=]|名字(?:就?(?:是|叫|为|用))?|名称(?:是|为)?|叫做?|名为|名叫|命名(?:为|成)?|取名(?:为|叫)?|起名(?:为|叫)?|称为)\s*(?:[:：=]\s*)?(?:"(?P<double>[^"\r\n]+)"|“(?P<curly>[^“”\r\n]+)”|「(?P<corner>[^「」]+)」|['`](?P<single>[^'`\r\n]+)['`]|(?P<plain>{LABEL}(?-i:['’]s(?:\s+[A-Z][A-Za-z0-9-]*)+)?))"#
    ))
});
/// `…, name tiny`: the bare word, where it is not part of `host name`, and a kind written as Kubernetes does with a name
/// behind it: `Deployment web with …`.
static BARE: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        Rule::new(&format!(r"(?-u:\b)(?P<head>\w+\s+)?[Nn]ame\s+(?P<label>{LABEL})")),
        Rule::new(
            r"(?P<head>)(?:(?-u:\b)(?:Deployment|Pod|Job|CronJob|StatefulSet|DaemonSet|ConfigMap|Namespace|Service|PersistentVolumeClaim)|训练任务|任务)\s+(?P<label>[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\s+(?:with|from|of|running|on|in|image|that)(?-u:\b)|[,:，：]|$)",
        ),
    ]
});
/// Before `name`, these make it another thing's: `host name`, `image name`.
const NOT_A_NAME: &str =
    "host domain file image model class queue user first last key secret volume dns display the a its";
static NAMESPACE: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        Rule::new(&format!(
            r#"(?i)(?-u:\b)(?:namespace|ns)(?:\s+(?:called|named|is|of|should\s+be)(?-u:\b))?\s*[:=]?\s*["'`“]?(?P<label>{LABEL})"#
        )),
        Rule::new(&format!(
            r#"(?i)(?-u:\b)(?:in|into|inside|to|under|from|on|within)\s+(?:the\s+|my\s+|our\s+)?["'`“]?(?P<label>{LABEL})["'`”]?\s+(?:namespace|ns)(?-u:\b)"#
        )),
        Rule::new(&format!(r"(?:^|\s)-n[ =](?P<label>{LABEL})")),
        Rule::new(&format!(
            r#"(?i)(?:命名空间|名字空间|名称空间|队列|存储类)\s*(?:是|为|用|叫|选|到|里的)?\s*[:：]?\s*["“「]?(?P<label>{LABEL})"#
        )),
        Rule::new(&format!(
            r#"(?i)(?P<label>{LABEL})["”」]?\s*(?:这个|的)?\s*(?:命名空间|名字空间|名称空间|namespace(?-u:\b)|队列|存储类)"#
        )),
        Rule::new(&format!(
            r#"(?i)(?-u:\b)(?:in|on|to|into|via|through|use|using)\s+(?:the\s+)?(?:kueue\s+|local\s+)?queue\s+(?:called\s+|named\s+)?["'`“]?(?P<label>{LABEL})"#
        )),
        Rule::new(&format!(
            r#"(?i)(?-u:\b)(?:storage|priority)\s?class(?:\s+(?:called|named|is|of)(?-u:\b))?\s*[:=]?\s*["'`“]?(?P<label>{LABEL})"#
        )),
        Rule::new(&format!(r"(?:在|到|放在|放到|部署到)\s*(?P<label>{LABEL})\s*(?:里|中|下|上|内)")),
    ]
});
static REFERENCE: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    vec![
        Rule::new(&format!(
            r#"(?i)(?-u:\b){REFERENCES}(?-u:\b)(?:\s+(?:called|named|is)(?-u:\b))?\s*[:=]?\s*["'`“]?(?P<label>{LABEL})"#
        )),
        Rule::new(&format!(
            r#"(?i)(?-u:\b)(?:the|from|my|our|on|in|using|with|mount)\s+["'`“]?(?P<label>{LABEL})["'`”]?\s+{REFERENCES}s?(?-u:\b)"#
        )),
        Rule::new(&format!(
            r"(?:挂载|挂上|挂)(?:上|一下)?\s*(?P<label>{LABEL})|把\s*(?P<held>{LABEL})\s*(?:这个|的)?\s*(?:数据集|卷)?\s*(?:挂|挂载)"
        )),
        Rule::new(&format!(
            r"(?i)(?-u:\b)mount(?:ing|s)?\s+(?:the\s+)?(?P<label>{LABEL})\s+(?:at|on|to|under|into)(?-u:\b)"
        )),
    ]
});
/// A claim is spoken of by its name, whatever word that is, where nothing but another clause follows: `mount the claim
/// librispeech, …`.
static CLAIM: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r#"(?i)(?-u:\b)(?:claim|pvc|persistentvolumeclaim)(?:\s+(?:called|named))?\s+["'`“]?(?P<label>{LABEL})["'`”]?(?:\s+(?:and|at|to|with|on|as|in|for|under|from)(?-u:\b)|\s*[,;，。；、]|\s*\.?\s*$)"#
    ))
});
/// A place or a purpose: `in vision`, `for vision`.
static PLACE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(&format!(
        r#"(?i)(?-u:\b)(?P<cue>in|into|inside|for|under|to)\s+["'`“]?(?P<label>{LABEL})(?P<more>['’]s)?(?-u:\b)"#
    ))
});
static DASHED: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?-u:\b)(?P<label>[A-Za-z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)+)(?-u:\b)"));
static NUMBERED: LazyLock<Rule> =
    LazyLock::new(|| Rule::new(r"(?-u:\b)(?P<label>[a-z]{2,}[0-9]{1,4})(?-u:\b)"));

/// First parts of English compounds that are no names: `multi-node`, `read-only`, `on-demand`.
const COMPOUND_FIRST: &str = "\
    multi pre fine real long high low on off re co non self single two three four five six eight one \
    semi well read cross end up so full half short large small mid built state out load must hands in \
    per third open dual quad double follow check set plug run write x e a to step many all ad de anti \
    sub super top first second last next best general day week hour year medium extra always never inter \
    intra peer point drop side stand work back easy zero few hot cold cpu gpu http know quick";
const COMPOUND_LAST: &str = "\
    only time tuning tune tuned based node gpu demand running term memory scale scaling precision access \
    level like wide free source in up off art date many once to end trained training parallel friendly \
    ready aware driven facing hungry intensive heavy grained powered hosted managed day week hour minute \
    sized called related specific optimized accelerated style purpose quality learning core class person \
    line way turn shot gb gi bit standing world old";
/// Words with digits that are no names.
static TECHNICAL: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?i)^(?:python|py|pg|postgres|postgresql|cuda|cu|k|k8|fp|bf|int|uint|utf|md|sha|ipv|http|v|x|arm|amd|s|gpt|llama|qwen|mp|h|a|l|t|rtx|gtx|mi|gb|node|redis|mysql|bert|resnet|yolov?|vit|imagenet|cifar|mnist|web|top|oauth|base|mp|java|vue|log|tls|gen|pcie|nvme|sxm|ddr|phase|step|cpu|gpu|port|ubuntu|debian|epoch|part)[0-9]+s?$|^k8s$|^e2e$",
    )
});
/// Words that are no names even behind an explicit cue (`in namespace …`, `called …`): grammar, and cues themselves.
/// Any other word may be one there: `in namespace research`.
const GRAMMAR: &str = "\
    a an the my our your his her their its it this that these those and or but for with without in into on at of by \
    to from as is are be should will would can must may which who where when so please using call called name named \
    names after me us you them has have needs need not no give use if then";
/// Words that stand behind a weak cue and are no names.
pub(super) const STOP: &str = "\
    a an the my our your his her their its it this that these those some any all each every both no none \
    one two three four five six seven eight nine ten half me us you him them myself someone everyone \
    anyone and or but so if then than as at by for from in into of on onto over to with without within \
    via inside outside is are was be been should will would can could must may might has have had do does did not total \
    parallel case order general particular addition place production-like advance front between there \
    here now today tomorrow tonight later soon example instance training inference serving testing \
    development debugging experiments experiment experimenting fine-tuning finetuning data storage \
    memory disk cpu cpus gpu gpus ram cores nodes node replicas replica workers worker pods pod job jobs \
    notebook notebooks service services deployment deployments namespace namespaces cluster queue volume \
    volumes claim secret image images port ports host path name names model models team group lab people \
    users user students which who what when where how why please just only also too still again new old \
    same other another different small big large bigger smaller more less fewer most least about around \
    after before because since until till up down out off give make create run running use using used \
    need needs want like get put set start deploy launch kubernetes k8s docker python pytorch tensorflow \
    jupyter hours hour minutes minute days day weeks week months month seconds second ago english \
    chinese mind free fun work class quota long short ever once twice shared mounted called named size \
    plus minus sure reading writing access background detail details fact turn sync read write save \
    store hold keep see share itself avoid limit limits request requests default research load balancer \
    type kind version pvc backed persistent ephemeral external internal public private ready mode needed";

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in NAMED.all(scan.text) {
        let quoted = ["double", "curly", "corner", "single"].iter().find_map(|group| range(&captures, group));
        let plain = range(&captures, "plain");
        let Some(at) = quoted.or(plain) else { continue };
        let text = scan.text.get(at.0..at.1).unwrap_or("");
        if quoted.is_none()
            && (grammar(text) || (text.len() < 2 && !text.chars().all(|c| c.is_ascii_alphanumeric())))
        {
            continue;
        }
        if let Some(label) = dns_label(text) {
            scan.strong(SlotType::Name, at, label);
        }
    }
    for (rule, behind_kind) in BARE.iter().zip([false, true]) {
        for captures in rule.all(scan.text) {
            let head =
                range(&captures, "head").and_then(|(from, to)| scan.text.get(from..to)).unwrap_or("").trim();
            let Some(at) = range(&captures, "label") else { continue };
            let text = scan.text.get(at.0..at.1).unwrap_or("");
            if among(NOT_A_NAME, head.to_ascii_lowercase().as_str())
                || grammar(text)
                || (!behind_kind && among(STOP, text))
            {
                continue;
            }
            if let Some(label) = dns_label(text) {
                scan.strong(SlotType::Name, at, label);
            }
        }
    }
    for rule in NAMESPACE.iter() {
        for captures in rule.all(scan.text) {
            if let Some(at) = range(&captures, "label") {
                add_certain(scan, at);
            }
        }
    }
    for rule in REFERENCE.iter() {
        for captures in rule.all(scan.text) {
            if let Some(at) = range(&captures, "label").or_else(|| range(&captures, "held")) {
                let text = scan.text.get(at.0..at.1).unwrap_or("");
                add(scan, at, labelled(text) && !compound(text));
            }
        }
    }
    for captures in CLAIM.all(scan.text) {
        if let Some(at) = range(&captures, "label") {
            add(scan, at, true);
        }
    }
    existing(scan);
    for captures in PLACE.all(scan.text) {
        let Some(at) = range(&captures, "label") else { continue };
        let text = scan.text.get(at.0..at.1).unwrap_or("");
        let cue = captures.name("cue").map_or("", |cue| cue.as_str()).to_ascii_lowercase();
        let possessive = range(&captures, "more").is_some();
        let noun = word_after(scan.text, at.1);
        // "in parallel", "to scale": plain words are offered only where nothing else follows them closely.
        let strong = labelled(text) && !compound(text) && matches!(cue.as_str(), "in" | "into" | "inside");
        let looks = labelled(text);
        let sensible = looks || (cue != "to" && text.len() > 2);
        if !possessive && sensible && (strong || !compound(text)) && noun != "mode" {
            add(scan, at, strong);
        }
    }
    for captures in DASHED.all(scan.text) {
        if let Some(at) = range(&captures, "label") {
            let text = scan.text.get(at.0..at.1).unwrap_or("");
            if !compound(text) && !text.chars().any(|c| c.is_ascii_uppercase()) {
                add(scan, at, false);
            }
        }
    }
    for captures in NUMBERED.all(scan.text) {
        if let Some(at) = range(&captures, "label")
            && !TECHNICAL.matches(scan.text.get(at.0..at.1).unwrap_or(""))
        {
            add(scan, at, false);
        }
    }
}

/// Names that the target already knows are offered wherever they stand.
fn existing(scan: &mut Scan<'_>) {
    let lower = scan.text.to_ascii_lowercase();
    let names: Vec<String> = scan.facts.namespaces.iter().chain(scan.facts.objects).cloned().collect();
    for name in names.iter().filter(|name| name.len() > 1) {
        for (start, _) in lower.match_indices(name.as_str()) {
            let at = (start, start + name.len());
            let part = |c: Option<char>| {
                c.is_some_and(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/'))
            };
            if !part(scan.previous(at.0)) && !part(scan.next(at.1)) {
                add(scan, at, labelled(name));
            }
        }
    }
}

/// After `namespace`, `队列` and the like any word but those of grammar is a name.
fn add_certain(scan: &mut Scan<'_>, at: (usize, usize)) {
    let text = scan.text.get(at.0..at.1).unwrap_or("");
    if grammar(text) {
        return;
    }
    if !stop(text) {
        add(scan, at, true);
    } else if !scan.taken_strongly(SlotType::Name, at)
        && let Some(label) = dns_label(text)
    {
        scan.strong(SlotType::Name, at, label);
    }
}

fn grammar(text: &str) -> bool {
    among(GRAMMAR, text.to_ascii_lowercase().as_str())
}

fn add(scan: &mut Scan<'_>, at: (usize, usize), strong: bool) {
    let text = scan.text.get(at.0..at.1).unwrap_or("");
    let joined = scan.previous(at.0).is_some_and(|c| matches!(c, '-' | '_' | '/' | '.' | '@' | '='))
        || matches!(scan.next(at.1), Some('/' | '@' | '='))
        || (scan.next(at.1) == Some(':')
            && scan.after(at.1).chars().nth(1).is_some_and(|c| c.is_ascii_alphanumeric()));
    let digits_only = text.chars().all(|c| c.is_ascii_digit());
    if joined || digits_only || stop(text) {
        return;
    }
    // A strong reading of the same place replaces a weak one.
    if let Some(found) = scan
        .found
        .iter_mut()
        .find(|found| found.kind == Some(SlotType::Name) && found.start == at.0 && found.end == at.1)
    {
        found.strong |= strong;
        return;
    }
    if scan.taken(SlotType::Name, at) && !strong {
        return;
    }
    if let Some(label) = dns_label(text) {
        if strong {
            scan.strong(SlotType::Name, at, label);
        } else {
            scan.weak(SlotType::Name, at, label);
        }
    }
}

pub(super) fn stop(text: &str) -> bool {
    among(STOP, text.to_ascii_lowercase().as_str())
}

/// Whether a word looks like a name: a dash or a digit in it.
fn labelled(text: &str) -> bool {
    text.contains(['-', '_'])
        || (text.chars().any(|c| c.is_ascii_digit())
            && !TECHNICAL.matches(text)
            && text.chars().any(|c| c.is_ascii_alphabetic()))
}

fn compound(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut parts = lower.split(['-', '_']);
    let (first, last) = (parts.next().unwrap_or(""), lower.rsplit(['-', '_']).next().unwrap_or(""));
    lower.contains(['-', '_']) && (among(COMPOUND_FIRST, first) || among(COMPOUND_LAST, last))
}
