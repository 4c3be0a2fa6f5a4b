//! Whether a namespace's quota lets Pods in.

use std::collections::BTreeMap;

use serde_json::Value;

use super::room::PODS;
use super::said;
use crate::cluster::{PodUse, Quota};
use crate::manifest::{Amounts, Quantity, is_gpu, pod_limits, pod_requests};

/// Holders of a used up quota that are named.
const MOST_HOLDERS: usize = 5;

/// What a quota says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ruling {
    /// The server refuses: why, and what it would let in.
    Refuses(String, Option<String>),
    /// It depends on what is not known here.
    Unclear(String),
    /// A limit on GPUs leaves room for them, whatever the nodes have: what of it.
    Allows(String),
}

/// What the quotas say to these Pods, each with its number. `there` are the Pods of the namespace, as far as they are
/// known: who holds what is used up.
pub(super) fn rulings(pods: &[(&Value, u64)], quotas: &[Quota], there: &[&PodUse]) -> Vec<Ruling> {
    quotas.iter().flat_map(|quota| of_one(pods, quota, there)).collect()
}

/// Whether one of the quotas limits GPUs.
pub(super) fn limits_gpus(quotas: &[Quota]) -> bool {
    quotas.iter().flat_map(|quota| quota.hard.keys()).filter_map(|key| resource_of(key)).any(is_gpu)
}

fn of_one(pods: &[(&Value, u64)], quota: &Quota, there: &[&PodUse]) -> Vec<Ruling> {
    let asked = asked(pods);
    let named = format!("quota '{}' of namespace {}", quota.name, quota.namespace);
    let mut rulings = Vec::new();
    for (key, hard) in &quota.hard {
        let Some(resource) = resource_of(key) else { continue };
        if must_be_named(key) && pods.iter().any(|(pod, count)| *count > 0 && !names_in_full(pod, key)) {
            rulings.push(Ruling::Unclear(format!(
                "{named} counts {key}, and a container does not name it: it is refused unless a LimitRange fills it in"
            )));
            continue;
        }
        let Some(more) = asked.get(key.as_str()) else { continue };
        let used = quota.used.get(key).copied().unwrap_or(Quantity::from_whole(0));
        let asked_for = format!("{} more are asked for", said(more, resource));
        if used.add(more) <= *hard {
            if is_gpu(resource) && !quota.scoped {
                let used = format!("{used} of {} are used", said(hard, resource));
                rulings.push(Ruling::Allows(format!("{named} has room: {used} and {asked_for}")));
            }
            continue;
        }
        let left = hard.subtract(&used);
        let left = if left.is_negative() { Quantity::from_whole(0) } else { left };
        let why = format!(
            "{named}: {used} of {} are used{} and {asked_for}",
            said(hard, resource),
            held(there, resource)
        );
        if quota.scoped {
            rulings
                .push(Ruling::Unclear(format!("{why}; whether it counts these pods (scopes) is not judged")));
        } else {
            let would = (!left.is_zero()).then(|| format!("{} in all", said(&left, resource)));
            rulings.push(Ruling::Refuses(why, would));
        }
    }
    rulings
}

/// ` (StatefulSet/mira 2, Job/train 4)`: who holds the GPUs that are used up. Other resources everybody has some of.
fn held(there: &[&PodUse], resource: &str) -> String {
    let mut holders: BTreeMap<String, Quantity> = BTreeMap::new();
    for pod in there.iter().filter(|_| is_gpu(resource)) {
        let Some(amount) = pod.requests.get(resource).filter(|amount| !amount.is_zero()) else { continue };
        let name = pod.owner.clone().unwrap_or_else(|| format!("Pod/{}", pod.name));
        let sum = holders.get(&name).map_or(*amount, |sum| sum.add(amount));
        holders.insert(name, sum);
    }
    if holders.is_empty() {
        return String::new();
    }
    let mut shown: Vec<String> =
        holders.iter().take(MOST_HOLDERS).map(|(name, amount)| format!("{name} {amount}")).collect();
    if let Some(more) = holders.len().checked_sub(MOST_HOLDERS).filter(|more| *more > 0) {
        shown.push(format!("{more} more"));
    }
    format!(" ({})", shown.join(", "))
}

/// What these Pods come to, by the names that quotas use.
fn asked(pods: &[(&Value, u64)]) -> Amounts {
    let mut asked = Amounts::new();
    let mut add = |key: String, amount: Quantity| {
        let sum = asked.get(&key).map_or(amount, |old| old.add(&amount));
        asked.insert(key, sum);
    };
    for (pod, count) in pods {
        let whole = i64::try_from(*count).unwrap_or(i64::MAX);
        add(PODS.to_owned(), Quantity::from_whole(whole));
        add("count/pods".to_owned(), Quantity::from_whole(whole));
        for (resource, amount) in pod_requests(pod) {
            let amount = amount.times(*count);
            if matches!(resource.as_str(), "cpu" | "memory" | "ephemeral-storage") {
                add(resource.clone(), amount);
            }
            add(format!("requests.{resource}"), amount);
        }
        for (resource, amount) in pod_limits(pod) {
            add(format!("limits.{resource}"), amount.times(*count));
        }
    }
    asked
}

/// The resource that a key of a quota counts; `None` where it is not about what Pods ask for.
fn resource_of(key: &str) -> Option<&str> {
    match key {
        PODS | "count/pods" => Some(PODS),
        "cpu" | "memory" | "ephemeral-storage" => Some(key),
        "requests.storage" => None,
        _ => key.strip_prefix("requests.").or_else(|| key.strip_prefix("limits.")),
    }
}

/// A quota on these is refused to a Pod whose containers do not name them.
fn must_be_named(key: &str) -> bool {
    matches!(key, "cpu" | "memory" | "requests.cpu" | "requests.memory" | "limits.cpu" | "limits.memory")
}

fn names_in_full(pod: &Value, key: &str) -> bool {
    let resource = resource_of(key).unwrap_or_default();
    let limits = key.starts_with("limits.");
    let names = |holder: &Value, which: &str| {
        holder
            .get("resources")
            .and_then(|resources| resources.get(which)?.get(resource))
            .is_some_and(|amount| !amount.is_null())
    };
    let named = |holder: &Value| names(holder, "limits") || (!limits && names(holder, "requests"));
    let mut containers = ["/spec/containers", "/spec/initContainers"]
        .into_iter()
        .flat_map(|list| pod.pointer(list).and_then(Value::as_array).into_iter().flatten());
    pod.get("spec").is_some_and(named) || containers.all(named)
}
