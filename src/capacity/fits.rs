//! Whether Pods fit, and what stands in the way.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::eligible::{Obstacle, has_rules_between_pods, obstacle};
use super::quota::{Ruling, limits_gpus, rulings};
use super::room::{PODS, Room, rooms, with_itself};
use super::said;
use crate::cluster::Snapshot;
use crate::manifest::{Amounts, PodOf, Quantity, is_gpu, pod_requests};

/// More Pods than this are not placed one by one.
const MOST_PODS: u64 = 1_000;

/// The answer in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// There is room now, by all that is judged.
    Fits,
    /// There is none, or the server refuses.
    Blocked,
    /// It cannot be said; `why` says what is missing.
    Unknown,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fit {
    /// In one word.
    pub verdict: Verdict,
    /// The reason; one sentence without a full stop. Absent where it fits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What would fit in its place, where that is known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub would_fit: Vec<String>,
}

impl Fit {
    fn fits() -> Self {
        Self { verdict: Verdict::Fits, why: None, would_fit: Vec::new() }
    }

    fn unknown(why: impl Into<String>) -> Self {
        Self { verdict: Verdict::Unknown, why: Some(why.into()), would_fit: Vec::new() }
    }

    fn blocked(why: String, would_fit: Vec<String>) -> Self {
        Self { verdict: Verdict::Blocked, why: Some(why), would_fit }
    }

    /// `verdict: why`, for one line on a screen.
    pub fn line(&self) -> String {
        let word = match self.verdict {
            Verdict::Fits => "fits",
            Verdict::Blocked => "does not fit",
            Verdict::Unknown => "not known whether it fits",
        };
        let would = if self.would_fit.is_empty() {
            String::new()
        } else {
            format!("; would fit: {}", self.would_fit.join(", "))
        };
        self.why.as_ref().map_or_else(|| word.to_owned(), |why| format!("{word}: {why}{would}"))
    }
}

/// Pods that are alike and the room that they need.
struct Demand<'a> {
    pod: &'a Value,
    count: u64,
    amounts: Amounts,
}

impl Demand<'_> {
    fn gpus(&self) -> Quantity {
        let gpus = self.amounts.iter().filter(|(resource, _)| is_gpu(resource));
        gpus.fold(Quantity::from_whole(0), |sum, (_, amount)| sum.add(amount))
    }

    fn amount(&self, resource: &str) -> Quantity {
        self.amounts.get(resource).copied().unwrap_or(Quantity::from_whole(0))
    }
}

/// Whether all these Pods fit into the cluster at the same time, beside what runs there now. Pods of an object that is
/// changed count twice, as they do during a rolling update.
pub fn fits(pods: &[PodOf], snapshot: &Snapshot) -> Fit {
    let mut demands: Vec<Demand<'_>> = pods
        .iter()
        .filter(|pod| pod.count > 0)
        .map(|pod| Demand { pod: &pod.pod, count: pod.count, amounts: with_itself(&pod_requests(&pod.pod)) })
        .collect();
    if demands.is_empty() {
        return Fit::fits();
    }
    // The largest first; of two alike the order of the request stays.
    demands.sort_by_key(|demand| Reverse((demand.gpus(), demand.amount("cpu"), demand.amount("memory"))));
    let rulings = by_quota(&demands, snapshot);
    let fit = joined(judged(rulings.as_deref(), snapshot), on_nodes(&demands, snapshot));
    let is_open = snapshot.nodes.is_none() || snapshot.pods.is_none();
    if fit.verdict == Verdict::Unknown && is_open {
        return with_what_is_known(fit, &demands, rulings.as_deref(), snapshot);
    }
    fit
}

/// What a person who may not see the nodes can know all the same: it is said beside what is not known, and is no verdict.
fn with_what_is_known(
    mut fit: Fit,
    demands: &[Demand<'_>],
    rulings: Option<&[Ruling]>,
    snapshot: &Snapshot,
) -> Fit {
    if demands.iter().all(|demand| demand.gpus().is_zero()) {
        return fit;
    }
    let mut known: Vec<String> = Vec::new();
    for ruling in rulings.into_iter().flatten() {
        if let Ruling::Allows(why) = ruling {
            known.push(why.clone());
        }
    }
    if snapshot.quotas.as_ref().is_some_and(|quotas| !limits_gpus(quotas)) {
        known.push(format!("no quota of namespace {} limits GPUs", snapshot.namespace));
    }
    let waiting: Vec<String> = snapshot
        .pods_of_namespace()
        .unwrap_or_default()
        .iter()
        .filter(|pod| pod.node.is_none())
        .filter(|pod| pod.requests.iter().any(|(resource, amount)| is_gpu(resource) && !amount.is_zero()))
        .map(|pod| pod.name.clone())
        .collect();
    if !waiting.is_empty() {
        known.push(format!("waiting for GPUs in this namespace already: {}", some_of(&waiting)));
    }
    if !known.is_empty() {
        let why = fit.why.take().map(|why| format!("{why}; ")).unwrap_or_default();
        fit.why = Some(format!("{why}known is: {}", known.join("; ")));
    }
    fit
}

/// The worse of two answers; both reasons where both say the same.
fn joined(one: Fit, other: Fit) -> Fit {
    let rank = |fit: &Fit| match fit.verdict {
        Verdict::Blocked => 2,
        Verdict::Unknown => 1,
        Verdict::Fits => 0,
    };
    match rank(&one).cmp(&rank(&other)) {
        std::cmp::Ordering::Greater => one,
        std::cmp::Ordering::Less => other,
        std::cmp::Ordering::Equal => {
            let whys: Vec<String> = one.why.into_iter().chain(other.why).collect();
            Fit {
                verdict: one.verdict,
                why: (!whys.is_empty()).then(|| whys.join("; ")),
                would_fit: one.would_fit.into_iter().chain(other.would_fit).collect(),
            }
        }
    }
}

/// What the quotas say; `None` where they may not be read.
fn by_quota(demands: &[Demand<'_>], snapshot: &Snapshot) -> Option<Vec<Ruling>> {
    let quotas = snapshot.quotas.as_ref()?;
    let pods: Vec<(&Value, u64)> = demands.iter().map(|demand| (demand.pod, demand.count)).collect();
    Some(rulings(&pods, quotas, &snapshot.pods_of_namespace().unwrap_or_default()))
}

fn judged(rulings: Option<&[Ruling]>, snapshot: &Snapshot) -> Fit {
    let Some(rulings) = rulings else {
        return Fit::unknown(format!("the quotas of namespace {} may not be read", snapshot.namespace));
    };
    let (mut refused, mut would, mut unclear) = (Vec::new(), Vec::new(), Vec::new());
    for ruling in rulings {
        match ruling {
            Ruling::Refuses(why, instead) => {
                refused.push(why.as_str());
                would.extend(instead.clone());
            }
            Ruling::Unclear(why) => unclear.push(why.as_str()),
            Ruling::Allows(_) => {}
        }
    }
    match (refused.is_empty(), unclear.is_empty()) {
        (false, _) => Fit::blocked(refused.join("; "), would),
        (true, false) => Fit::unknown(unclear.join("; ")),
        (true, true) => Fit::fits(),
    }
}

fn on_nodes(demands: &[Demand<'_>], snapshot: &Snapshot) -> Fit {
    let Some(nodes) = &snapshot.nodes else {
        return Fit::unknown("the nodes of the cluster may not be read");
    };
    let empty = rooms(nodes, &[]);
    for demand in demands {
        if let Some(fit) = never_fits(demand, &empty) {
            return fit;
        }
    }
    let Some(pods) = &snapshot.pods else {
        return Fit::unknown("the pods of other namespaces may not be read, so what is free is not known");
    };
    if demands.iter().map(|demand| demand.count).fold(0, u64::saturating_add) > MOST_PODS {
        return Fit::unknown(format!("more than {MOST_PODS} pods at once are not judged"));
    }
    let now = rooms(nodes, pods);
    let mut left = now.clone();
    for demand in demands {
        let placed = place(demand, &mut left);
        if placed < demand.count {
            return lacks_room(demand, placed, &now, &left);
        }
    }
    if demands.iter().any(|demand| has_rules_between_pods(demand.pod)) {
        return Fit::unknown("there is room, but rules between pods (affinity, spread) are not judged here");
    }
    Fit::fits()
}

/// Puts as many of the Pods as fit, each on the node that it fills best: the scarce resources stay together, and work
/// without GPUs keeps off GPU nodes where it can.
fn place(demand: &Demand<'_>, rooms: &mut [Room<'_>]) -> u64 {
    let gpus = |room: &Room<'_>| {
        let own = room.free.iter().filter(|(resource, _)| is_gpu(resource));
        own.fold(Quantity::from_whole(0), |sum, (_, amount)| sum.add(amount))
    };
    let open = |(index, room): (usize, &Room<'_>)| obstacle(demand.pod, room.node).is_none().then_some(index);
    let mut order: Vec<usize> = rooms.iter().enumerate().filter_map(open).collect();
    for placed in 0..demand.count {
        order.sort_by_cached_key(|index| rooms.get(*index).map(gpus));
        let holds = |index: &usize| rooms.get(*index).is_some_and(|room| room.holds(&demand.amounts));
        match order.iter().copied().find(holds).and_then(|index| rooms.get_mut(index)) {
            Some(room) => room.take(&demand.amounts),
            None => return placed,
        }
    }
    demand.count
}

/// Why a Pod would not even fit into the cluster if nothing else ran there.
fn never_fits(demand: &Demand<'_>, empty: &[Room<'_>]) -> Option<Fit> {
    if empty.is_empty() {
        return Some(Fit::blocked("the cluster has no nodes".to_owned(), Vec::new()));
    }
    let open: Vec<&Room<'_>> =
        empty.iter().filter(|room| obstacle(demand.pod, room.node).is_none()).collect();
    if open.iter().any(|room| room.holds(&demand.amounts)) {
        return None;
    }
    for (resource, amount) in by_scarcity(&demand.amounts) {
        let largest = open.iter().max_by_key(|room| room.total(resource));
        let most = largest.map_or(Quantity::from_whole(0), |room| room.total(resource));
        if most >= *amount {
            continue;
        }
        // Nodes that would do, if the Pod were let onto them.
        let shut: Vec<&Room<'_>> = empty
            .iter()
            .filter(|room| room.total(resource) >= *amount && obstacle(demand.pod, room.node).is_some())
            .collect();
        if !shut.is_empty() {
            return Some(Fit::blocked(shut_out(demand, &shut, empty), Vec::new()));
        }
        let asked = said(amount, resource);
        if most.is_zero() {
            return Some(Fit::blocked(
                format!("{asked} in one pod: {}", none_has(demand, resource, empty)),
                Vec::new(),
            ));
        }
        let name = largest.map_or("", |room| room.node.name.as_str());
        let why = format!("{asked} in one pod: the largest node ({name}) has {}", said(&most, resource));
        return Some(Fit::blocked(why, vec![format!("{} in one pod", said(&most, resource))]));
    }
    let why = format!("no node has {} together", all_of(&demand.amounts));
    Some(Fit::blocked(why, Vec::new()))
}

/// No node that the Pod may go to has the resource, and no other has enough.
fn none_has(demand: &Demand<'_>, resource: &str, all: &[Room<'_>]) -> String {
    let having: Vec<&Room<'_>> = all.iter().filter(|room| !room.total(resource).is_zero()).collect();
    let Some(most) = having.iter().map(|room| room.total(resource)).max() else {
        return format!("no node has {resource}");
    };
    let reason = having.iter().find_map(|room| obstacle(demand.pod, room.node));
    let reason = reason.map_or_else(String::new, |reason| format!(", and {}", phrase(&reason, all)));
    format!("the largest node has {}{reason}", said(&most, resource))
}

/// What keeps the Pod off the nodes that would do.
fn shut_out(demand: &Demand<'_>, shut: &[&Room<'_>], all: &[Room<'_>]) -> String {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for room in shut {
        if let Some(reason) = obstacle(demand.pod, room.node) {
            *reasons.entry(phrase(&reason, all)).or_default() += 1;
        }
    }
    let count = |number: usize| if number == 1 { "1 node".to_owned() } else { format!("{number} nodes") };
    let parts: Vec<String> =
        reasons.iter().map(|(reason, number)| format!("{} would do, but {reason}", count(*number))).collect();
    parts.join("; ")
}

fn phrase(obstacle: &Obstacle<'_>, all: &[Room<'_>]) -> String {
    match obstacle {
        Obstacle::OtherNode => "the pod names another node".to_owned(),
        Obstacle::Cordoned => "cordoned: new pods are kept off for now".to_owned(),
        Obstacle::Affinity(None) => "the pod's node affinity leaves them out".to_owned(),
        Obstacle::Affinity(Some((key, values))) => {
            format!("the pod wants {key} to be {}, and {}", some_of(values), labels_there(key, all))
        }
        Obstacle::Taint(taint) => format!("the pod does not tolerate the taint {taint}"),
        Obstacle::Label(key, value) => {
            format!("the pod wants {key}={value}, and {}", labels_there(key, all))
        }
    }
}

/// What nodes have of a label.
fn labels_there(key: &str, all: &[Room<'_>]) -> String {
    let mut values: Vec<String> = all.iter().filter_map(|room| room.node.labels.get(key)).cloned().collect();
    values.sort_unstable();
    values.dedup();
    if values.is_empty() {
        "no node has that label".to_owned()
    } else {
        format!("nodes have {}", some_of(&values))
    }
}

/// The first few of a list.
fn some_of(values: &[String]) -> String {
    let mut shown = values.iter().take(3).map(String::as_str).collect::<Vec<_>>().join(", ");
    if let Some(more) = values.len().checked_sub(3).filter(|more| *more > 0) {
        shown.push_str(&format!(" or {more} more"));
    }
    shown
}

/// Why the Pods do not fit beside what runs now, although each would fit into an empty cluster. `now` is what is free,
/// `left` what the larger Pods of the request leave of it.
fn lacks_room(demand: &Demand<'_>, placed: u64, now: &[Room<'_>], left: &[Room<'_>]) -> Fit {
    let most_free = |resource: &str| {
        left.iter()
            .filter(|room| obstacle(demand.pod, room.node).is_none())
            .map(|room| (room.free(resource), room.node.name.clone()))
            .max_by(|one, other| one.0.cmp(&other.0))
    };
    if placed > 0 {
        let each = all_of(&demand.amounts);
        let why = format!("{} pods with {each} each: there is room for {placed} now", demand.count);
        return Fit::blocked(why, vec![format!("{placed} of these pods")]);
    }
    let takes = |room: &Room<'_>| room.holds(&demand.amounts) && obstacle(demand.pod, room.node).is_none();
    if now.iter().any(takes) {
        let each = all_of(&demand.amounts);
        let pods = if demand.count == 1 { "1 pod".to_owned() } else { format!("{} pods", demand.count) };
        let why = format!("{pods} with {each} each: the larger pods of this request leave no room for them");
        return Fit::blocked(why, Vec::new());
    }
    for (resource, amount) in by_scarcity(&demand.amounts) {
        let Some((free, name)) = most_free(resource) else { continue };
        if free >= *amount {
            continue;
        }
        let asked = said(amount, resource);
        let free = if free.is_negative() { Quantity::from_whole(0) } else { free };
        if free.is_zero() {
            let why = format!("{asked} in one pod: none is free on any node now, until others end");
            return Fit::blocked(why, Vec::new());
        }
        let why =
            format!("{asked} in one pod: one node has at most {} free now ({name})", said(&free, resource));
        return Fit::blocked(why, vec![format!("{} in one pod", said(&free, resource))]);
    }
    Fit::blocked(format!("no node has {} free together now", all_of(&demand.amounts)), Vec::new())
}

/// GPUs first, then the other resources that only some nodes have, then what all have.
fn by_scarcity(amounts: &Amounts) -> Vec<(&str, &Quantity)> {
    let mut list: Vec<(&str, &Quantity)> =
        amounts.iter().map(|(resource, amount)| (resource.as_str(), amount)).collect();
    list.sort_by_key(|(resource, _)| match *resource {
        gpu if is_gpu(gpu) => 0,
        other if other.contains('/') => 1,
        PODS => 3,
        _ => 2,
    });
    list
}

fn all_of(amounts: &Amounts) -> String {
    let parts: Vec<String> = by_scarcity(amounts)
        .into_iter()
        .filter(|(resource, _)| *resource != PODS || amounts.len() == 1)
        .map(|(resource, amount)| said(amount, resource))
        .collect();
    parts.join(" and ")
}
