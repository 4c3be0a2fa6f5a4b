//! Container images: `nginx:1.27`, `pytorch/pytorch:2.4`, `registry.local:5000/team/app@sha256:…`, `image nginx`.
//! Not `host:port`, not `KEY=value`, no date, no `name: value` of a form.

use std::sync::LazyLock;

use super::scan::{Rule, Scan, among, range, words};
use crate::pattern::SlotType;

static REFERENCE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r"(?P<all>(?P<registry>(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+(?::[0-9]{2,5})?|localhost(?::[0-9]{2,5})?|[a-z0-9-]+:[0-9]{2,5})/)?(?P<name>[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_{1,2}|-+)[a-z0-9]+)*)*)(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?P<digest>@sha256:[0-9a-f]{8,64})?)",
    )
});
static CUE: LazyLock<Rule> = LazyLock::new(|| {
    Rule::new(
        r#"(?i)(?:(?-u:\b)(?:docker|container|oci|base)?\s*image(?:\s+(?:is|called|named|name|of|to|from))?\s*[:=]?\s*|镜像(?:是|为|用|使用|名|选)?\s*[:：=]?\s*)["'`“]?$"#,
    )
});
/// Left sides of `word:value` that name a field and not an image.
const FIELDS: &str = "\
    name namespace ns image port ports gpu gpus cpu cpus memory mem ram disk storage replicas replica \
    owner team model schedule cron command cmd host path size count workers worker nodes node queue env \
    key time at version kind type label labels note todo user project title request requests limit \
    limits timeout url http https sha256 to from with volume mount home e.g ps re framework class access \
    mode target min max retries priority dataset ratio scale";
/// Registries that make `host/path` an image without a tag.
const REGISTRIES: &[&str] = &[
    "docker.io",
    "ghcr.io",
    "quay.io",
    "gcr.io",
    "nvcr.io",
    "registry.k8s.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
    "registry.gitlab.com",
];
const STOP: &str = "\
    for with that which called named and or of on in is from the a an to as needs should must please it \
    my our your this classification registry processing segmentation generation recognition pull pulls \
    size server dataset data model training builder build search has i tag name at running";

pub(super) fn scan(scan: &mut Scan<'_>) {
    for captures in REFERENCE.all(scan.text) {
        let Some(mut at) = range(&captures, "all") else { continue };
        let tag = words(&captures, "tag").trim_end_matches(['.', '-', '_']);
        let cut = words(&captures, "tag").len() - tag.len();
        if cut > 0 && range(&captures, "digest").is_none() {
            at.1 -= cut;
        }
        let text = scan.text.get(at.0..at.1).unwrap_or("");
        let joined = scan.previous(at.0).is_some_and(|c| {
            c.is_ascii_alphanumeric()
                || matches!(c, '/' | '.' | '-' | '_' | '@' | '=' | '~' | '$' | '%' | '\\' | '{')
        });
        let continued = scan.next(at.1).is_some_and(|c| {
            c.is_ascii_alphanumeric()
                || matches!(c, '/' | '=' | '_' | '@' | '(')
                || (c == ':' && scan.after(at.1).starts_with("://"))
        });
        if joined || continued {
            continue;
        }
        let registry = words(&captures, "registry").trim_end_matches('/');
        let name = words(&captures, "name");
        let digest = range(&captures, "digest").is_some();
        let cued = CUE.matches(scan.before(at.0)) && !among(STOP, text);
        if is_image(scan, registry, name, tag, digest, cued) {
            scan.strong(SlotType::Image, at, text);
        } else if registry.is_empty() && tag.is_empty() && repository(name) {
            scan.weak(SlotType::Image, at, text);
        }
    }
}

fn is_image(scan: &Scan<'_>, registry: &str, name: &str, tag: &str, digest: bool, cued: bool) -> bool {
    if digest {
        return true;
    }
    let letters = name.chars().any(|c| c.is_ascii_alphabetic());
    if !registry.is_empty() {
        let host = registry.split(':').next().unwrap_or("");
        let first = host.split('.').next().unwrap_or("");
        let known = REGISTRIES.contains(&host)
            || host.ends_with(".gcr.io")
            || host.ends_with(".pkg.dev")
            || host.ends_with(".azurecr.io")
            || host.ends_with(".aliyuncs.com")
            || (host.ends_with(".amazonaws.com") && host.contains(".ecr."))
            || ["registry", "harbor", "docker", "cr", "hub", "nexus", "artifactory"]
                .iter()
                .any(|word| first == *word || first.starts_with(&format!("{word}-")))
            || registry.contains(':');
        return letters && (known || cued || (!tag.is_empty() && !is_port(tag)));
    }
    if tag.is_empty() {
        return cued && name.len() > 1 && letters;
    }
    let first = name.split('/').next().unwrap_or(name);
    if !letters
        || !first.starts_with(|c: char| c.is_ascii_alphabetic())
        || (among(FIELDS, name) && !node_image(name, tag, cued))
        || is_port(tag)
    {
        return false;
    }
    let known = scan.facts.software.iter().any(|software| software.eq_ignore_ascii_case(name));
    known
        || cued
        || name.contains('/')
        || tag.chars().any(|c| c.is_ascii_digit())
        || ["latest", "stable", "slim", "alpine", "edge", "main", "dev", "nightly", "lts"].contains(&tag)
}

/// `node:latest` and `node:20-alpine` are the image of Node.js, `node:3` is a number of nodes.
fn node_image(name: &str, tag: &str, cued: bool) -> bool {
    name == "node" && (cued || !tag.chars().all(|c| c.is_ascii_digit()))
}

/// Three to five digits after a colon are a port; one or two a version (`redis:7`), eight a date.
fn is_port(tag: &str) -> bool {
    (3..=5).contains(&tag.len()) && tag.chars().all(|c| c.is_ascii_digit())
}

/// `owner/name` in lower case may be an image or a model; `and/or`, `train/test` are neither.
fn repository(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    parts.len() == 2
        && parts.iter().all(|part| part.len() > 2 && part.starts_with(|c: char| c.is_ascii_alphabetic()))
        && (parts.first() == parts.last()
            || parts.iter().any(|part| part.contains(['-', '_']) || part.chars().any(|c| c.is_ascii_digit())))
}
