use serde_json::{Value, json};

use super::*;
use crate::cluster::{Node, PodUse, Quota, Snapshot, Taint};
use crate::finding::{Finding, Severity};
use crate::manifest::{Amounts, ObjectKey, PodOf, pods};

fn amounts(pairs: &[(&str, &str)]) -> Amounts {
    pairs.iter().map(|(name, amount)| ((*name).to_owned(), amount.parse().unwrap())).collect()
}

fn node(name: &str, gpus: i64) -> Node {
    let mut node = Node {
        name: name.to_owned(),
        allocatable: amounts(&[("cpu", "64"), ("memory", "512Gi"), ("pods", "110")]),
        ..Node::default()
    };
    if gpus > 0 {
        node.allocatable.insert("nvidia.com/gpu".into(), Quantity::from_whole(gpus));
        node.labels.insert("nvidia.com/gpu.product".into(), "NVIDIA-A100-SXM4-80GB".into());
        node.taints.push(Taint {
            key: "nvidia.com/gpu".into(),
            value: "present".into(),
            effect: "NoSchedule".into(),
        });
    }
    node
}

/// Three nodes with eight GPUs each, and one without.
fn cluster() -> Snapshot {
    Snapshot {
        namespace: "team-a".into(),
        nodes: Some(vec![node("gpu-1", 8), node("gpu-2", 8), node("gpu-3", 8), node("cpu-1", 0)]),
        pods: Some(Vec::new()),
        quotas: Some(Vec::new()),
        ..Snapshot::default()
    }
}

fn running(name: &str, on: &str, gpus: i64) -> PodUse {
    PodUse {
        namespace: "team-b".into(),
        name: name.into(),
        node: (!on.is_empty()).then(|| on.to_owned()),
        requests: amounts(&[("nvidia.com/gpu", &gpus.to_string())]),
        owner: Some(format!("Job/{name}")),
    }
}

fn quota(hard: &[(&str, &str)], used: &[(&str, &str)]) -> Quota {
    Quota {
        namespace: "team-a".into(),
        name: "gpu".into(),
        hard: amounts(hard),
        used: amounts(used),
        scoped: false,
    }
}

fn workload(replicas: u64, gpus: u64, mut spec: Value) -> Vec<PodOf> {
    let mut limits = json!({"cpu": "1", "memory": "1Gi"});
    if gpus > 0 {
        limits["nvidia.com/gpu"] = json!(gpus);
    }
    spec["containers"] = json!([{"name": "main", "resources": {"limits": limits}}]);
    if spec.get("tolerations").is_none() {
        spec["tolerations"] = json!([{"key": "nvidia.com/gpu", "operator": "Exists"}]);
    }
    pods(&json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "w"},
        "spec": {"replicas": replicas, "template": {"spec": spec}}}))
}

/// The verdict, the reason and what would fit in one line.
fn judged(pods: &[PodOf], snapshot: &Snapshot) -> (Verdict, String) {
    let fit = fits(pods, snapshot);
    (fit.verdict, fit.line())
}

#[track_caller]
fn expect(pods: &[PodOf], snapshot: &Snapshot, verdict: Verdict, parts: &[&str]) {
    let (got, line) = judged(pods, snapshot);
    assert_eq!(got, verdict, "{line}");
    for part in parts {
        assert!(line.contains(part), "'{part}' is not in: {line}");
    }
}

#[test]
fn what_there_is_room_for_fits() {
    for (replicas, gpus) in [(1, 8), (3, 8), (24, 1), (6, 4), (0, 99), (4, 0)] {
        expect(&workload(replicas, gpus, json!({})), &cluster(), Verdict::Fits, &[]);
    }
    expect(&[], &Snapshot::default(), Verdict::Fits, &[]);
}

#[test]
fn the_ninth_gpu_on_a_node_of_eight_is_explained() {
    let fit = fits(&workload(1, 9, json!({})), &cluster());
    assert_eq!(fit.verdict, Verdict::Blocked);
    let why = fit.why.unwrap();
    assert!(why.starts_with("9 GPUs in one pod: the largest node (gpu-"), "{why}");
    assert!(why.ends_with("has 8 GPUs"), "{why}");
    assert_eq!(fit.would_fit, ["8 GPUs in one pod"]);
}

#[test]
fn what_others_hold_is_not_free() {
    let mut snapshot = cluster();
    snapshot.pods = Some(vec![running("a", "gpu-1", 5), running("b", "gpu-2", 6), running("c", "gpu-3", 8)]);
    expect(&workload(1, 3, json!({})), &snapshot, Verdict::Fits, &[]);
    expect(
        &workload(1, 4, json!({})),
        &snapshot,
        Verdict::Blocked,
        &["4 GPUs in one pod: one node has at most 3 GPUs free now (gpu-1)", "would fit: 3 GPUs in one pod"],
    );
    // A Pod that waits holds nothing yet.
    snapshot.pods.as_mut().unwrap().push(running("waits", "", 3));
    expect(&workload(1, 3, json!({})), &snapshot, Verdict::Fits, &[]);
    snapshot.pods = Some(vec![running("a", "gpu-1", 8), running("b", "gpu-2", 8), running("c", "gpu-3", 8)]);
    expect(&workload(1, 1, json!({})), &snapshot, Verdict::Blocked, &["1 GPU in one pod: none is free"]);
}

#[test]
fn several_pods_are_placed_together() {
    expect(
        &workload(4, 8, json!({})),
        &cluster(),
        Verdict::Blocked,
        &["4 pods with 8 GPUs", "there is room for 3 now", "would fit: 3 of these pods"],
    );
    // Large ones first: 2 x 4 and 2 x 6 fit only where the sixes do not stand on the fours' nodes.
    let mut mixed = workload(2, 4, json!({}));
    mixed.extend(workload(2, 6, json!({})));
    expect(&mixed, &cluster(), Verdict::Fits, &[]);
    let mut snapshot = cluster();
    snapshot.nodes.as_mut().unwrap().retain(|node| node.name != "gpu-3");
    expect(&mixed, &snapshot, Verdict::Blocked, &["2 pods with 4 GPUs", "leave no room"]);
}

#[test]
fn cpu_memory_and_the_number_of_pods_count_too() {
    let large = |resource: &str, amount: &str| {
        let mut pods = workload(1, 0, json!({}));
        pods[0].pod["spec"]["containers"][0]["resources"]["limits"][resource] = json!(amount);
        pods
    };
    expect(
        &large("memory", "600Gi"),
        &cluster(),
        Verdict::Blocked,
        &["600Gi memory in one pod", "512Gi memory"],
    );
    expect(&large("cpu", "65"), &cluster(), Verdict::Blocked, &["65 CPU in one pod", "has 64 CPU"]);
    expect(&large("rdma/ib", "1"), &cluster(), Verdict::Blocked, &["no node has rdma/ib"]);
    let mut snapshot = cluster();
    for node in snapshot.nodes.as_mut().unwrap() {
        node.allocatable.insert("pods".into(), Quantity::from_whole(1));
    }
    expect(&workload(5, 0, json!({})), &snapshot, Verdict::Blocked, &["there is room for 4 now"]);
}

#[test]
fn resources_of_two_nodes_are_not_one_node() {
    let mut snapshot = cluster();
    snapshot.nodes.as_mut().unwrap()[3].allocatable.insert("cpu".into(), Quantity::from_whole(128));
    let mut pods = workload(1, 1, json!({}));
    pods[0].pod["spec"]["containers"][0]["resources"]["limits"]["cpu"] = json!("100");
    expect(&pods, &snapshot, Verdict::Blocked, &["no node has 1 GPU and 100 CPU and 1Gi memory together"]);
}

#[test]
fn a_taint_and_a_label_are_named() {
    expect(
        &workload(1, 1, json!({"tolerations": []})),
        &cluster(),
        Verdict::Blocked,
        &["3 nodes would do, but the pod does not tolerate the taint nvidia.com/gpu=present:NoSchedule"],
    );
    expect(
        &workload(1, 1, json!({"nodeSelector": {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}})),
        &cluster(),
        Verdict::Blocked,
        &["the pod wants nvidia.com/gpu.product=NVIDIA-H100-80GB-HBM3", "nodes have NVIDIA-A100-SXM4-80GB"],
    );
    let products = ["NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe", "NVIDIA-H100-NVL", "NVIDIA-GH200"];
    let rule = json!({"key": "nvidia.com/gpu.product", "operator": "In", "values": products});
    let terms = json!({"nodeSelectorTerms": [{"matchExpressions": [rule]}]});
    let affinity = json!({"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}});
    expect(
        &workload(1, 1, json!({"affinity": affinity})),
        &cluster(),
        Verdict::Blocked,
        &[
            "wants nvidia.com/gpu.product to be NVIDIA-H100-80GB-HBM3, NVIDIA-H100-PCIe, NVIDIA-H100-NVL or 1 more, and nodes have NVIDIA-A100-SXM4-80GB",
        ],
    );
    expect(
        &workload(1, 9, json!({"tolerations": []})),
        &cluster(),
        Verdict::Blocked,
        &["9 GPUs in one pod: the largest node has 8 GPUs, and the pod does not tolerate the taint"],
    );
}

#[test]
fn quota_refuses_before_any_node_is_asked() {
    let mut snapshot = cluster();
    let key = "requests.nvidia.com/gpu";
    snapshot.quotas = Some(vec![quota(&[(key, "8")], &[(key, "6")])]);
    expect(&workload(1, 2, json!({})), &snapshot, Verdict::Fits, &[]);
    expect(
        &workload(2, 2, json!({})),
        &snapshot,
        Verdict::Blocked,
        &[
            "quota 'gpu' of namespace team-a: 6 of 8 GPUs are used and 4 GPUs more are asked for",
            "would fit: 2 GPUs in all",
        ],
    );
    snapshot.quotas = Some(vec![quota(&[("pods", "3")], &[("pods", "2")])]);
    expect(
        &workload(2, 0, json!({})),
        &snapshot,
        Verdict::Blocked,
        &["2 of 3 pods are used", "1 pod in all"],
    );
    snapshot.quotas = Some(vec![quota(&[("limits.memory", "1Gi"), ("services", "0")], &[])]);
    expect(&workload(2, 0, json!({})), &snapshot, Verdict::Blocked, &["0 of 1Gi memory"]);
}

#[test]
fn what_is_not_known_is_not_guessed() {
    let mut snapshot = cluster();
    snapshot.nodes = None;
    expect(
        &workload(1, 1, json!({})),
        &snapshot,
        Verdict::Unknown,
        &["nodes of the cluster may not be read"],
    );
    // Quota is known, and it refuses whatever the nodes have.
    snapshot.quotas = Some(vec![quota(&[("requests.nvidia.com/gpu", "0")], &[])]);
    expect(&workload(1, 1, json!({})), &snapshot, Verdict::Blocked, &["0 of 0 GPUs"]);

    let mut snapshot = cluster();
    snapshot.pods = None;
    expect(&workload(1, 1, json!({})), &snapshot, Verdict::Unknown, &["what is free is not known"]);
    expect(&workload(1, 9, json!({})), &snapshot, Verdict::Blocked, &["the largest node"]);

    let mut snapshot = cluster();
    snapshot.quotas = None;
    expect(&workload(1, 1, json!({})), &snapshot, Verdict::Unknown, &["quotas of namespace team-a"]);

    let mut scoped = quota(&[("pods", "0")], &[]);
    scoped.scoped = true;
    let mut snapshot = cluster();
    snapshot.quotas = Some(vec![scoped]);
    expect(&workload(1, 1, json!({})), &snapshot, Verdict::Unknown, &["scopes"]);

    let mut unnamed = workload(1, 1, json!({}));
    unnamed[0].pod["spec"]["containers"][0]["resources"]["limits"].as_object_mut().unwrap().remove("cpu");
    snapshot.quotas = Some(vec![quota(&[("limits.cpu", "8")], &[])]);
    expect(&unnamed, &snapshot, Verdict::Unknown, &["limits.cpu", "LimitRange"]);

    let spread = json!({"topologySpreadConstraints": [{"whenUnsatisfiable": "DoNotSchedule"}]});
    expect(&workload(1, 1, spread), &cluster(), Verdict::Unknown, &["not judged here"]);
}

#[test]
fn who_may_not_see_nodes_learns_what_the_namespace_says() {
    let key = "requests.nvidia.com/gpu";
    let own = |name: &str, on: &str, gpus| PodUse { namespace: "team-a".into(), ..running(name, on, gpus) };
    let mut snapshot = Snapshot {
        nodes: None,
        pods: None,
        own_pods: Some(vec![own("train", "gpu-1", 4), own("late", "", 2)]),
        quotas: Some(vec![quota(&[(key, "8")], &[(key, "6")])]),
        ..cluster()
    };
    expect(
        &workload(1, 2, json!({})),
        &snapshot,
        Verdict::Unknown,
        &[
            "not known whether it fits: the nodes of the cluster may not be read; known is: quota 'gpu' of namespace team-a \
             has room: 6 of 8 GPUs are used and 2 GPUs more are asked for",
            "waiting for GPUs in this namespace already: late",
        ],
    );
    expect(
        &workload(2, 2, json!({})),
        &snapshot,
        Verdict::Blocked,
        &[
            "does not fit: quota 'gpu' of namespace team-a: 6 of 8 GPUs are used (Job/late 2, Job/train 4) and 4 GPUs more",
            "would fit: 2 GPUs in all",
        ],
    );
    snapshot.quotas = Some(vec![quota(&[("pods", "9")], &[])]);
    snapshot.own_pods = None;
    expect(
        &workload(1, 1, json!({})),
        &snapshot,
        Verdict::Unknown,
        &["no quota of namespace team-a limits GPUs"],
    );
    // What has nothing to do with it, or is not known either, is not said.
    snapshot.quotas = Some(vec![quota(&[(key, "8")], &[])]);
    assert!(!judged(&workload(1, 0, json!({})), &snapshot).1.contains("known is"));
    snapshot.quotas = None;
    assert!(!judged(&workload(1, 1, json!({})), &snapshot).1.contains("known is"));
}

#[test]
fn an_empty_cluster_has_no_room() {
    let mut snapshot = cluster();
    snapshot.nodes = Some(Vec::new());
    expect(&workload(1, 0, json!({})), &snapshot, Verdict::Blocked, &["no nodes"]);
}

#[test]
fn a_cordoned_node_and_one_that_is_gone_take_nothing() {
    let mut snapshot = cluster();
    for node in snapshot.nodes.as_mut().unwrap() {
        node.unschedulable = true;
    }
    expect(&workload(1, 0, json!({})), &snapshot, Verdict::Blocked, &["4 nodes would do, but cordoned"]);
}

#[test]
fn the_table_says_who_holds_what() {
    let mut snapshot = cluster();
    snapshot.pods = Some(vec![running("train", "gpu-2", 3), running("late", "", 4)]);
    snapshot.quotas = Some(vec![quota(&[("requests.nvidia.com/gpu", "8")], &[])]);
    let document = serde_json::to_value(CapacityReport::of(&snapshot)).unwrap();
    assert_eq!(document["version"], 1);
    let names: Vec<&str> =
        document["nodes"].as_array().unwrap().iter().map(|node| node["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["cpu-1", "gpu-1", "gpu-2", "gpu-3"]);
    let node = &document["nodes"][2];
    assert_eq!(node["product"], "NVIDIA-A100-SXM4-80GB");
    assert_eq!(
        node["resources"],
        json!([{"resource": "nvidia.com/gpu", "allocatable": 8, "used": 3, "free": 5}])
    );
    assert_eq!(
        node["taints"],
        json!([{"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}])
    );
    assert_eq!(node["holders"][0]["owner"], "Job/train");
    assert_eq!(document["waiting"][0]["pod"], "late");
    assert_eq!(
        document["quotas"][0]["resources"],
        json!([{"resource": "requests.nvidia.com/gpu", "hard": "8", "used": "0"}])
    );
    assert!(document.get("incomplete").is_none());
}

#[test]
fn a_table_without_rights_shows_what_is_known() {
    let mut snapshot = cluster();
    snapshot.pods = None;
    for kind in ["Pod", "StorageClass"] {
        let object = ObjectKey { kind: kind.into(), ..ObjectKey::of(&json!({})) };
        snapshot.warnings.push(Finding::new("cluster-not-readable", Severity::Warning, object, "", "no"));
    }
    let document = serde_json::to_value(CapacityReport::of(&snapshot)).unwrap();
    assert_eq!(document["nodes"][1]["resources"], json!([{"resource": "nvidia.com/gpu", "allocatable": 8}]));
    assert_eq!(document["incomplete"], true);
    let about: Vec<&Value> = document["findings"].as_array().unwrap().iter().collect();
    assert!(about.len() == 1 && about[0]["object"]["kind"] == "Pod", "{about:?}");
}
