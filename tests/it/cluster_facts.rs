//! What a cluster has is what a request can be answered with: names from its closed lists, products from its nodes.

use kubectl_copilot::manifest::to_yaml_documents;
use serde_json::{Value, json};

use crate::support::cluster::machine;
use crate::support::rig::{Rig, own_rig};

#[test]
fn what_a_cluster_has_is_what_answers() {
    // Classes and nodes are of the whole cluster, and other tests count them.
    let Some(rig) = own_rig("closed lists and GPU products of a cluster in a draft") else { return };
    a_name_that_the_cluster_does_not_have_is_asked_about_with_those_that_it_has(&rig);
    a_product_is_known_by_the_label_that_nodes_carry(&rig);
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

fn a_name_that_the_cluster_does_not_have_is_asked_about_with_those_that_it_has(rig: &Rig) {
    let namespace = rig.namespace("facts");
    let claim = json!({"apiVersion": "v1", "kind": "PersistentVolumeClaim",
        "metadata": {"name": "librispeech", "namespace": namespace},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
        "metadata": {"name": "scratch"}, "provisioner": "example.com/none"});
    let urgent = json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass",
        "metadata": {"name": "urgent"}, "value": 1000});
    rig.create(&to_yaml_documents(&[claim, class, urgent]));
    let copilot = machine(rig);
    let draft = |words: &str| {
        let output =
            copilot.run(["draft", "-p", words, "--context", "admin", "-n", &namespace, "-o", "json"]);
        (output.code, output.json())
    };

    let (code, asked) = draft("a notebook with one GPU, storage class scrach");
    assert_eq!((code, asked["outcome"].as_str()), (Some(1), Some("asked")), "{asked}");
    assert_eq!(asked["questions"][0]["field"], "storageClass");
    assert!(question(&asked).contains("there are scratch, "), "the likest first: {}", question(&asked));

    let (_, asked) = draft("a notebook that mounts the claim librispeach");
    assert!(
        question(&asked).contains("no volume claim 'librispeach' here; there is only librispeech"),
        "{asked}"
    );
    let (_, asked) = draft("a notebook in the queue research");
    assert!(question(&asked).contains("no queue 'research' here, and no other"), "no Kueue: {asked}");

    let words =
        "a notebook with one GPU, storage class scratch, priority class urgent, mount the claim librispeech";
    let (code, drafted) = draft(words);
    assert_eq!(code, Some(0), "{drafted}");
    assert_eq!(field(&drafted, "storageClass"), "scratch");
    assert_eq!(field(&drafted, "priorityClass"), "urgent");
    assert_eq!(field(&drafted, "claim"), "librispeech");
    let pods = drafted["objects"].to_string();
    assert!(pods.contains("\"priorityClassName\":\"urgent\""), "{pods}");

    // Somebody who may not read a list is not held to it: the server will judge.
    let output =
        copilot.run(["draft", "-p", "a notebook with storage class fst", "--context", "alice", "-o", "json"]);
    assert_eq!(field(&output.expect_code(0).json(), "storageClass"), "fst");
}

fn a_product_is_known_by_the_label_that_nodes_carry(rig: &Rig) {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "odd",
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
