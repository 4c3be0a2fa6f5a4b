//! What the objects of a thing have and nobody asked for. Any of it makes a draft wrong.

use serde_json::{Map, Value};

use super::facets::{self, env, list, observed, text, words};
use super::rows::{Row, Thing};
use super::things::{Group, is_native, kind, name};

/// Rights, and ways into a workload, that no request may bring along.
const KINDS: [&str; 8] = [
    "Role",
    "RoleBinding",
    "ClusterRole",
    "ClusterRoleBinding",
    "Ingress",
    "HTTPRoute",
    "Namespace",
    "HorizontalPodAutoscaler",
];

/// Environment that patterns set by themselves; only these may carry a word of the request.
const OF_PATTERNS: [&str; 12] = [
    "JUPYTER_",
    "HF_",
    "NCCL_",
    "MASTER_",
    "PET_",
    "VLLM_",
    "TORCH",
    "OMP_",
    "NNODES",
    "NPROC",
    "WORLD_SIZE",
    "MODEL",
];

type Values = Map<String, Value>;

pub fn find(
    row: &Row,
    thing: &Thing,
    values: &Values,
    group: &Group<'_>,
    documents: &[Value],
) -> Vec<String> {
    let mut found = Vec::new();
    found.extend(objects(thing, values, group));
    found.extend(privileges(group));
    found.extend(devices(thing, values, group));
    found.extend(amounts(values, group));
    found.extend(namespace(values, group));
    found.extend(environment(row, values, group));
    found.extend(commands(row, thing, values, group));
    found.extend(claims(values, group, documents));
    found.extend(data(values, group));
    found
}

/// Objects beside the thing: exposure, rights, and for a native kind anything at all.
fn objects(thing: &Thing, values: &Values, group: &Group<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for object in &group.objects {
        let asked = match kind(object) {
            "Ingress" | "HTTPRoute" => values.get("host").is_some_and(|host| !host.is_null()),
            other => other == thing.what,
        };
        if KINDS.contains(&kind(object)) && !asked {
            found.push(format!("unasked {} {}", kind(object), name(object)));
        }
        let exposed = text(&object["spec"]["type"]);
        if kind(object) == "Service"
            && ["NodePort", "LoadBalancer"].contains(&exposed.as_str())
            && values.get("type") != Some(&exposed.as_str().into())
        {
            found.push(format!("unasked {exposed} Service {}", name(object)));
        }
    }
    if is_native(&thing.what) && group.objects.len() > 1 {
        found.push(format!("more than the {} asked for: {}", thing.what, group.describe()));
    }
    let extra_hosts = observed(group, "host")
        .into_iter()
        .filter(|host| values.get("host").is_some_and(|want| text(want) != *host));
    found.extend(extra_hosts.map(|host| format!("unasked host {host}")));
    found
}

fn privileges(group: &Group<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for pod in group.pods() {
        for field in ["hostNetwork", "hostPID", "hostIPC"] {
            if pod[field] == true {
                found.push(format!("unasked {field}"));
            }
        }
        if list(&pod["volumes"]).any(|volume| !volume["hostPath"].is_null()) {
            found.push("unasked hostPath".into());
        }
        let mut containers = ["containers", "initContainers"].iter().flat_map(|key| list(&pod[key]));
        if containers.any(|container| container["securityContext"]["privileged"] == true) {
            found.push("unasked privileged container".into());
        }
    }
    found
}

/// GPUs, by whatever resource and however few: only a model server has one by itself.
fn devices(thing: &Thing, values: &Values, group: &Group<'_>) -> Vec<String> {
    let mut found = Vec::new();
    let free = u64::from(thing.what == "ModelServer");
    let allowed = values.get("gpus").and_then(Value::as_u64).unwrap_or(free);
    for container in group
        .pods()
        .flat_map(|pod| ["containers", "initContainers"].into_iter().flat_map(|key| list(&pod[key])))
    {
        for side in ["requests", "limits"] {
            for (resource, amount) in container["resources"][side].as_object().into_iter().flatten() {
                let is_device = resource.contains("gpu") || resource.contains("nvidia.com/mig");
                if is_device && text(amount).parse::<u64>().map_or(true, |amount| amount > allowed) {
                    found.push(format!("unasked {resource}: {amount} ({side})"));
                }
            }
        }
    }
    if !values.contains_key("gpu_type") {
        found.extend(
            observed(group, "gpu_type").iter().map(|product| format!("unasked GPU product {product}")),
        );
    }
    found
}

fn amounts(values: &Values, group: &Group<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for facet in ["replicas", "nodes"] {
        let allowed = values.get(facet).and_then(Value::as_u64).unwrap_or(1);
        for seen in observed(group, facet) {
            if seen.parse::<u64>().map_or(true, |seen| seen > allowed) {
                found.push(format!("{seen} {facet}, {allowed} asked for"));
            }
        }
    }
    found.dedup();
    found
}

fn namespace(values: &Values, group: &Group<'_>) -> Vec<String> {
    if values.contains_key("namespace") {
        return Vec::new();
    }
    let named = observed(group, "namespace").into_iter().find(|namespace| !namespace.is_empty());
    named.map(|namespace| format!("unasked namespace {namespace}")).into_iter().collect()
}

/// A literal value made from words of the request that were not meant as environment.
fn environment(row: &Row, values: &Values, group: &Group<'_>) -> Vec<String> {
    let said = values.get("env").and_then(Value::as_object);
    let request = row.words().to_lowercase();
    let mut found = Vec::new();
    for (key, value) in group.containers().flat_map(env) {
        let asked = said.is_some_and(|said| said.contains_key(key));
        let of_pattern = OF_PATTERNS.iter().any(|prefix| key.starts_with(prefix));
        let from_request =
            row.words().contains(key) || (value.parse::<f64>().is_err() && has_word(&request, &value));
        let elsewhere = values
            .iter()
            .any(|(facet, stated)| facet != "env" && has_word(&text(stated).to_lowercase(), &value));
        if !asked && !of_pattern && from_request && !elsewhere {
            found.push(format!("unasked env {key}={value}"));
        }
    }
    found
}

/// A command where none was said, or one that went on with the rest of the sentence.
fn commands(row: &Row, thing: &Thing, values: &Values, group: &Group<'_>) -> Vec<String> {
    if let Some(command) = values.get("command").and_then(Value::as_str) {
        let ran_on = group.containers().any(|container| runs_on(row, command, &words(container)));
        return if ran_on {
            vec![format!("the command {command:?} took words that are not its own")]
        } else {
            Vec::new()
        };
    }
    let request = row.words().to_lowercase();
    let mut found = Vec::new();
    for container in group.containers() {
        let words = words(container);
        if is_native(&thing.what) && !words.is_empty() {
            found.push(format!("unasked command {words:?}"));
            continue;
        }
        let stated = |word: &str| {
            values.values().any(|value| text(value).to_lowercase().contains(&word.to_lowercase()))
        };
        let taken = words.iter().find(|word| {
            word.len() > 2 && has_argument(&request, word) && !stated(word) && !is_ours(&thing.what, word)
        });
        found.extend(
            taken.map(|word| format!("unasked command: {word:?} is a word of the request, not of a command")),
        );
    }
    found
}

/// Words that a pattern's own start line may share with a request.
fn is_ours(what: &str, word: &str) -> bool {
    let own: &[&str] = match what {
        "Notebook" => &["jupyter", "lab", "notebook", "jupyterlab", "jupyter-lab"],
        "ModelServer" => &["vllm", "serve", "model"],
        "TrainingJob" => &["python", "torchrun", "bash"],
        _ => &[],
    };
    word.starts_with('-') || own.contains(&word)
}

/// Whether the word after the command (or before it) is the request's next (or previous) one.
fn runs_on(row: &Row, command: &str, line: &[String]) -> bool {
    let Some(end) = facets::in_order(command, &line.join(" ")) else { return false };
    let start =
        line.iter().position(|word| command.split_whitespace().next() == Some(word.as_str())).unwrap_or(0);
    let trim = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    for turn in row.earlier.iter().chain([&row.request]) {
        let Some(at) = turn.find(command) else { continue };
        let next = turn[at + command.len()..].split_whitespace().map(trim).find(|word| !word.is_empty());
        let previous = turn[..at].split_whitespace().map(trim).rfind(|word| !word.is_empty());
        let after = line.get(end).map(|word| trim(word)).filter(|word| !word.is_empty());
        let before = start
            .checked_sub(1)
            .and_then(|before| line.get(before))
            .map(|word| trim(word))
            .filter(|word| !word.is_empty());
        if (after.is_some() && after == next) || (before.is_some() && before == previous) {
            return true;
        }
    }
    false
}

/// A claim that is neither said nor part of the same draft.
fn claims(values: &Values, group: &Group<'_>, documents: &[Value]) -> Vec<String> {
    let drafted: Vec<&str> =
        documents.iter().filter(|object| kind(object) == "PersistentVolumeClaim").map(name).collect();
    let volumes = group.pods().flat_map(|pod| list(&pod["volumes"]));
    let named = volumes.filter_map(|volume| volume["persistentVolumeClaim"]["claimName"].as_str());
    let unasked = named.filter(|claim| {
        !drafted.contains(claim) && values.get("claim").and_then(Value::as_str) != Some(claim)
    });
    unasked.map(|claim| format!("unasked claim {claim}")).collect()
}

fn data(values: &Values, group: &Group<'_>) -> Vec<String> {
    let said = values.get("data").and_then(Value::as_object);
    let Some(said) = said else { return Vec::new() };
    let keys = group.of_kind("ConfigMap").flat_map(|map| map["data"].as_object().into_iter().flatten());
    let unasked = keys.filter(|(key, _)| !said.contains_key(*key));
    unasked.map(|(key, _)| format!("unasked data {key}")).collect()
}

/// Whether `word` stands in `text` by itself, whatever its case.
fn has_word(text: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    let part_of_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    word.len() > 2
        && text.match_indices(&word).any(|(at, _)| {
            let before = text[..at].chars().next_back().is_some_and(part_of_word);
            let after = text[at + word.len()..].chars().next().is_some_and(part_of_word);
            !before && !after
        })
}

/// As `has_word`, but only as a whole argument: `--host` is not the word `host`.
fn has_argument(text: &str, word: &str) -> bool {
    let word = word.to_lowercase();
    let trim = |other: &str| {
        other.trim_matches([',', '.', ':', ';', '"', '\'', '`', '?', '!', '，', '。']).to_string()
    };
    text.split_whitespace().any(|other| trim(other) == word)
}
