//! What a cluster has is what a request can be answered with: names from its closed lists, products from its nodes.

use kubectl_copilot::manifest::to_yaml_documents;
use serde_json::{Value, json};

use crate::support::Copilot;
use crate::support::rig::{Rig, rig};

fn machine(rig: &Rig) -> Copilot {
    Copilot::new().with_env("KUBECONFIG", rig.kubeconfig.clone())
}

/// The value of a field of the only thing that was drafted.
fn field<'a>(draft: &'a Value, name: &str) -> &'a Value {
    let fields = draft["things"][0]["fields"].as_array().unwrap_or_else(|| panic!("no fields: {draft}"));
    let found = fields.iter().find(|field| field["name"] == name);
    &found.unwrap_or_else(|| panic!("no field {name}: {draft}"))["value"]
}

fn question(asked: &Value) -> &str {
    asked["questions"][0]["text"].as_str().unwrap_or_else(|| panic!("nothing is asked: {asked}"))
}

#[test]
fn a_name_that_the_cluster_does_not_have_is_asked_about_with_those_that_it_has() {
    let Some(rig) = rig("closed lists of a cluster in a draft") else { return };
    let namespace = rig.namespace("facts");
    let pid = std::process::id();
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "librispeech", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": format!("scratch-{pid}")}, "provisioner": "example.com/none"});
    let urgent = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": format!("urgent-{pid}")}, "value": 1000});
    rig.create(&to_yaml_documents(&[claim, class, urgent]));
    let copilot = machine(rig);
    let draft = |words: &str| {
        let output =
            copilot.run(["draft", "-p", words, "--context", "admin", "-n", &namespace, "-o", "json"]);
        (output.code, output.json())
    };

    let (code, asked) = draft(&format!("a notebook with one GPU, storage class scrach-{pid}"));
    assert_eq!((code, asked["outcome"].as_str()), (Some(1), Some("asked")), "{asked}");
    assert_eq!(asked["questions"][0]["field"], "storageClass");
    let nearest = format!("there are scratch-{pid}, ");
    assert!(question(&asked).contains(&nearest), "the likest first: {}", question(&asked));

    let (_, asked) = draft("a notebook that mounts the claim librispeach");
    assert!(
        question(&asked).contains("no volume claim 'librispeach' here; there are librispeech"),
        "{asked}"
    );
    let (_, asked) = draft("a notebook in the queue research");
    assert!(question(&asked).contains("no queue 'research' here, and no other"), "no Kueue: {asked}");

    let words = format!(
        "a notebook with one GPU, storage class scratch-{pid}, priority class urgent-{pid}, mount the claim librispeech"
    );
    let (code, drafted) = draft(&words);
    assert_eq!(code, Some(0), "{drafted}");
    assert_eq!(field(&drafted, "storageClass"), &json!(format!("scratch-{pid}")));
    assert_eq!(field(&drafted, "priorityClass"), &json!(format!("urgent-{pid}")));
    assert_eq!(field(&drafted, "claim"), "librispeech");
    let pods = drafted["objects"].to_string();
    assert!(pods.contains(&format!("\"priorityClassName\":\"urgent-{pid}\"")), "{pods}");

    // Somebody who may not read a list is not held to it: the server will judge.
    let output =
        copilot.run(["draft", "-p", "a notebook with storage class fst", "--context", "alice", "-o", "json"]);
    assert_eq!(field(&output.expect_code(0).json(), "storageClass"), "fst");
}

#[test]
fn a_product_is_known_by_the_label_that_nodes_carry() {
    let Some(rig) = rig("GPU products of a cluster in a draft") else { return };
    let node = format!("odd-{}", std::process::id());
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": node,
        "labels": {"nvidia.com/gpu.product": "NVIDIA-Quasar-9-Ultra"}}, "spec": {"unschedulable": true}});
    rig.create(&to_yaml_documents(&[node]));
    let namespace = rig.namespace("products");
    let words = "a notebook with one Quasar 9 Ultra";
    let on = |place: &[&str]| {
        let all = [&["draft", "-p", words, "-o", "json"], place].concat();
        machine(rig).run(all).expect_code(0).json()
    };
    let draft = on(&["--context", "admin", "-n", &namespace]);
    assert_eq!(field(&draft, "gpuType"), "NVIDIA-Quasar-9-Ultra", "{draft}");
    let elsewhere = on(&["--to", "out"]);
    assert!(!elsewhere.to_string().contains("NVIDIA-Quasar"), "a folder knows no nodes: {elsewhere}");
}
