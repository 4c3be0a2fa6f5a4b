//! Reads what a person may state (GPUs, memory, a host, …) from the objects of a thing.

#![allow(clippy::panic, reason = "a facet that nobody reads must fail the test, not pass it")]

use serde_json::Value;

use super::things::{self, Group};
use super::values;

/// Facets of which every occurrence must agree; of the others one occurrence is enough.
const EVERYWHERE: [&str; 5] = ["gpus", "gpu_type", "nodes", "replicas", "namespace"];

/// Whether the objects have this value; `null` means none at all.
pub fn holds(group: &Group<'_>, facet: &str, want: &Value) -> bool {
    let seen = observed(group, facet);
    let agrees = |want: &str| {
        let mut same = seen.iter().map(|seen| same(facet, want, seen));
        if EVERYWHERE.contains(&facet) {
            !seen.is_empty() && same.all(|same| same)
        } else {
            same.any(|same| same)
        }
    };
    match want {
        Value::Null => seen.is_empty(),
        Value::Object(pairs) => pairs.iter().all(|(key, value)| agrees(&format!("{key}={}", text(value)))),
        want => agrees(&text(want)),
    }
}

fn same(facet: &str, want: &str, seen: &str) -> bool {
    match facet {
        "memory" | "cpu" | "disk" | "size" => values::same_quantity(want, seen),
        "owner" => values::dns_label(want) == values::dns_label(seen),
        "gpu_type" => values::mentions_product(seen, want),
        "image" => values::same_image(want, seen),
        "software" => values::is_software(seen, want),
        "model" => values::names_model(seen, want),
        "schedule" => values::cron(want) == values::cron(seen),
        "command" => in_order(want, seen).is_some(),
        _ => want == seen,
    }
}

/// Every value of a facet that the objects show.
pub fn observed(group: &Group<'_>, facet: &str) -> Vec<String> {
    match facet {
        "name" => group.primary().map(|object| vec![things::name(object).to_string()]).unwrap_or_default(),
        "namespace" => namespaces(group),
        "owner" => owners(group),
        "image" | "software" => texts(group.containers().map(|container| &container["image"])),
        "gpus" => group.pods().map(|pod| gpus(pod).to_string()).collect(),
        "gpu_type" => group.pods().flat_map(gpu_products).collect(),
        "nodes" => group
            .of_kind("Job")
            .flat_map(|job| counts(&job["spec"], &["completions", "parallelism"]))
            .collect(),
        "replicas" => replicated(group).flat_map(|object| counts(&object["spec"], &["replicas"])).collect(),
        "cpu" | "memory" => resources(group, facet),
        "disk" | "size" => texts(claims(group).map(|spec| &spec["resources"]["requests"]["storage"])),
        "storage_class" => texts(claims(group).map(|spec| &spec["storageClassName"])),
        "access_mode" => texts(claims(group).flat_map(|spec| list(&spec["accessModes"]))),
        "claim" => mounted_claims(group),
        "port" => ports(group),
        "host" => hosts(group),
        "model" => group
            .containers()
            .flat_map(|container| words(container).into_iter().chain(env_values(container)))
            .collect(),
        "context_length" => group.containers().flat_map(context_lengths).collect(),
        "command" => group
            .containers()
            .map(|container| words(container).join(" "))
            .filter(|line| !line.is_empty())
            .collect(),
        "env" => group.containers().flat_map(env_pairs).collect(),
        "data" => group.of_kind("ConfigMap").flat_map(|map| pairs(&map["data"])).collect(),
        "time_limit" => deadlines(group),
        "retries" => texts(jobs(group).map(|job| &job["backoffLimit"])),
        "schedule" => texts(group.of_kind("CronJob").map(|cron| &cron["spec"]["schedule"])),
        "type" => texts(group.of_kind("Service").map(|service| &service["spec"]["type"])),
        "selector" => {
            group.of_kind("Service").flat_map(|service| pair_values(&service["spec"]["selector"])).collect()
        }
        other => panic!("no such facet: {other}"),
    }
}

/// Where the words of a command stand in a container's words, in this order: after the last one.
pub fn in_order(command: &str, line: &str) -> Option<usize> {
    let line: Vec<&str> = line.split_whitespace().collect();
    let mut from = 0;
    for word in command.split_whitespace() {
        from += line[from..].iter().position(|other| *other == word)? + 1;
    }
    Some(from)
}

/// A container's command and arguments, split into words as a shell would.
pub fn words(container: &Value) -> Vec<String> {
    let parts = ["command", "args"].iter().flat_map(|key| list(&container[key])).filter_map(Value::as_str);
    let words = parts.flat_map(str::split_whitespace);
    words
        .map(|word| word.trim_matches(['"', '\'', ';']).to_string())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Literal values of the environment, as (name, value).
pub fn env(container: &Value) -> impl Iterator<Item = (&str, String)> {
    let literal = |entry: &Value| !entry["value"].is_null();
    let entries = list(&container["env"]).filter(move |entry| literal(entry));
    entries.map(|entry| (entry["name"].as_str().unwrap_or_default(), text(&entry["value"])))
}

/// GPUs of one pod: the sum of its containers, or its greediest init container.
fn gpus(pod: &Value) -> u64 {
    let limit = |container: &Value| number(&container["resources"]["limits"]["nvidia.com/gpu"]);
    let running: u64 = list(&pod["containers"]).map(limit).sum();
    running.max(list(&pod["initContainers"]).map(limit).max().unwrap_or(0))
}

fn gpu_products(pod: &Value) -> Vec<String> {
    const LABEL: &str = "nvidia.com/gpu.product";
    let selected = texts([&pod["nodeSelector"][LABEL]].into_iter());
    let terms = list(
        &pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"],
    );
    let expressions = terms.flat_map(|term| list(&term["matchExpressions"]));
    let ours = expressions.filter(|expression| expression["key"] == LABEL && expression["operator"] == "In");
    let allowed = texts(ours.flat_map(|expression| list(&expression["values"])));
    selected.into_iter().chain(allowed).collect()
}

fn replicated<'a>(group: &Group<'a>) -> impl Iterator<Item = &'a Value> {
    group.of_kind("Deployment").chain(group.of_kind("StatefulSet"))
}

fn counts(spec: &Value, fields: &[&str]) -> Vec<String> {
    fields.iter().map(|field| if spec[field].is_null() { "1".into() } else { text(&spec[field]) }).collect()
}

fn resources(group: &Group<'_>, resource: &str) -> Vec<String> {
    let sides =
        |side: &'static str| group.containers().map(move |container| &container["resources"][side][resource]);
    texts(sides("requests").chain(sides("limits")))
}

/// The specs of the claims that a thing brings with it.
fn claims<'a>(group: &Group<'a>) -> impl Iterator<Item = &'a Value> {
    let own = group.of_kind("PersistentVolumeClaim").map(|claim| &claim["spec"]);
    let templates = group.of_kind("StatefulSet").flat_map(|set| list(&set["spec"]["volumeClaimTemplates"]));
    let volumes = group.pods().flat_map(|pod| list(&pod["volumes"]));
    let ephemeral = volumes.map(|volume| &volume["ephemeral"]["volumeClaimTemplate"]["spec"]);
    own.chain(templates.map(|template| &template["spec"])).chain(ephemeral.filter(|spec| !spec.is_null()))
}

/// Claims that some container mounts; a volume that nothing mounts is no use to anybody.
fn mounted_claims(group: &Group<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for pod in group.pods() {
        let mounts: Vec<&Value> =
            list(&pod["containers"]).flat_map(|container| list(&container["volumeMounts"])).collect();
        let mounted =
            list(&pod["volumes"]).filter(|volume| mounts.iter().any(|mount| mount["name"] == volume["name"]));
        found.extend(texts(mounted.map(|volume| &volume["persistentVolumeClaim"]["claimName"])));
    }
    found
}

fn ports(group: &Group<'_>) -> Vec<String> {
    let container =
        group.containers().flat_map(|container| list(&container["ports"])).map(|port| &port["containerPort"]);
    let service = group
        .of_kind("Service")
        .flat_map(|service| list(&service["spec"]["ports"]))
        .map(|port| &port["port"]);
    texts(container.chain(service))
}

fn hosts(group: &Group<'_>) -> Vec<String> {
    let rules = group
        .of_kind("Ingress")
        .flat_map(|ingress| list(&ingress["spec"]["rules"]))
        .map(|rule| &rule["host"]);
    let routes = group.of_kind("HTTPRoute").flat_map(|route| list(&route["spec"]["hostnames"]));
    texts(rules.chain(routes))
}

fn namespaces(group: &Group<'_>) -> Vec<String> {
    let namespaced = group.objects.iter().filter(|object| things::kind(object) != "Namespace");
    namespaced.map(|object| text(&object["metadata"]["namespace"])).collect()
}

fn owners(group: &Group<'_>) -> Vec<String> {
    let metadata = group
        .objects
        .iter()
        .flat_map(|object| [&object["metadata"]["labels"], &object["metadata"]["annotations"]]);
    let entries = metadata.flat_map(|map| map.as_object().into_iter().flatten());
    entries.filter(|(key, _)| key.ends_with("owner")).map(|(_, value)| text(value)).collect()
}

fn jobs<'a>(group: &Group<'a>) -> impl Iterator<Item = &'a Value> {
    let scheduled = group.of_kind("CronJob").map(|cron| &cron["spec"]["jobTemplate"]["spec"]);
    group.of_kind("Job").map(|job| &job["spec"]).chain(scheduled)
}

fn deadlines(group: &Group<'_>) -> Vec<String> {
    let of_pods = group.pods().map(|pod| &pod["activeDeadlineSeconds"]);
    texts(jobs(group).map(|job| &job["activeDeadlineSeconds"]).chain(of_pods))
}

fn context_lengths(container: &Value) -> Vec<String> {
    let is_flag = |word: &str| matches!(word, "--max-model-len" | "--max_model_len" | "--max-context-length");
    let words = words(container);
    let next = words.windows(2).filter(|pair| is_flag(&pair[0])).map(|pair| pair[1].clone());
    let joined = words.iter().filter_map(|word| word.split_once('=')).filter(|(flag, _)| is_flag(flag));
    let from_env = env(container).filter(|(name, _)| name.ends_with("MAX_MODEL_LEN")).map(|(_, value)| value);
    next.chain(joined.map(|(_, value)| value.to_string())).chain(from_env).collect()
}

fn env_pairs(container: &Value) -> Vec<String> {
    env(container).map(|(name, value)| format!("{name}={value}")).collect()
}

fn env_values(container: &Value) -> Vec<String> {
    env(container).map(|(_, value)| value).collect()
}

fn pairs(map: &Value) -> Vec<String> {
    map.as_object().into_iter().flatten().map(|(key, value)| format!("{key}={}", text(value))).collect()
}

fn pair_values(map: &Value) -> Vec<String> {
    map.as_object().into_iter().flatten().map(|(_, value)| text(value)).collect()
}

pub fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A scalar as written; nothing for `null`.
pub fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn texts<'a>(values: impl Iterator<Item = &'a Value>) -> Vec<String> {
    values.filter(|value| !value.is_null()).map(text).collect()
}

fn number(value: &Value) -> u64 {
    text(value).parse().unwrap_or(0)
}
