//! One wrong answer for each rule: the scorer must be able to fail.

use serde_json::json;

use super::answers::*;
use super::{draft, is_wrong, one, row, with};

#[test]
fn a_stated_value_that_is_not_there() {
    for (from, to, facet) in [
        (
            "\n  name: mira-dev\n  namespace: team-vision\n  labels",
            "\n  name: notebook\n  namespace: team-vision\n  labels",
            "name",
        ),
        (
            "\n  name: mira-dev\n  namespace: team-vision\n  labels",
            "\n  name: mira-dev\n  namespace: other\n  labels",
            "namespace",
        ),
        ("owner: alices-lab", "owner: root", "owner"),
        ("pytorch-notebook", "scipy-notebook", "software"),
        ("nvidia.com/gpu: 2", "nvidia.com/gpu: 1", "gpus"),
        ("nvidia.com/gpu: 2", "x: 1", "gpus"),
        ("A100-SXM4-80GB", "H100-80GB-HBM3", "gpu_type"),
        ("cpu: \"4\"", "cpu: 400m", "cpu"),
        ("memory: 64Gi", "memory: 64G", "memory"),
        ("storage: 50Gi", "storage: 64Gi", "disk"),
        ("storageClassName: fast", "storageClassName: slow", "storage_class"),
        ("{claimName: imagenet}", "{claimName: coco}", "claim"),
        ("volumeMounts: [{name: data", "volumeMounts: [{name: home", "claim"),
        ("value: offline", "value: online", "env"),
    ] {
        is_wrong(&notebook(), &with(NOTEBOOK, from, to), &format!("{facet}: want"));
    }
    for (from, to, facet) in [
        ("completions: 3", "completions: 1", "nodes"),
        ("backoffLimit: 2", "backoffLimit: 6", "retries"),
        ("activeDeadlineSeconds: 43200", "activeDeadlineSeconds: 12", "time_limit"),
        ("train.py, --epochs", "--epochs, train.py", "command"),
    ] {
        is_wrong(&training(), &with(TRAINING, from, to), &format!("{facet}: want"));
    }
    for (from, to, facet) in [
        ("--model=Qwen/Qwen2.5-7B-Instruct", "--model=Qwen/Qwen2.5-7B", "model"),
        ("replicas: 2", "replicas: 1", "replicas"),
        ("\"8192\"", "\"4096\"", "context_length"),
        ("containerPort: 8000", "containerPort: 9000", "port"),
        ("host: llm.corp.example", "host: llm.example", "host"),
    ] {
        is_wrong(&server(), &with(SERVER, from, to), &format!("{facet}: want"));
    }
    for (from, to, facet) in [("MON", "TUE", "schedule"), ("acme/report:1", "acme/report:2", "image")] {
        is_wrong(&cron(), &with(CRON, from, to), &format!("{facet}: want"));
    }
    is_wrong(&web(), &with(WEB, "postgres:16.4", "postgres:17.1"), "software: want");
    is_wrong(&web(), &with(WEB, "library/postgres:16.4", "acme/pgadmin:16.4"), "software: want");
    is_wrong(&service(), &with(SERVICE, "type: NodePort", "type: ClusterIP"), "type: want");
    is_wrong(&service(), &with(SERVICE, "{app: web}", "{app: api}"), "selector: want");
    is_wrong(&config(), &with(CONFIG, "\"test\"", "\"prod\""), "data: want");
    is_wrong(&volume(), &with(VOLUME, "ReadWriteMany", "ReadWriteOnce"), "access_mode: want");
    is_wrong(&volume(), &with(VOLUME, "1Ti", "1T"), "size: want");
}

#[test]
fn a_product_among_others_is_not_the_one_asked_for() {
    let affinity = "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: \
                    [{key: nvidia.com/gpu.product, operator: In, values: [NVIDIA-A100-SXM4-80GB, NVIDIA-H100-80GB-HBM3]}]}]}}}";
    let answer = with(NOTEBOOK, "nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB}", affinity);
    is_wrong(&notebook(), &answer, "gpu_type: want");
}

#[test]
fn a_number_that_means_something_else() {
    let things = json!([{"what": "Storage", "values": {"name": "pool"}, "not": {"size": "1Ti"}}]);
    let row = row("storage pool; my 1TB stick died", json!({"outcome": "drafted", "things": things}));
    is_wrong(&row, &draft(VOLUME), "not what the request means");
}

#[test]
fn another_thing_than_asked_for() {
    is_wrong(&one("a Deployment", "Deployment", json!({})), &draft(WEB), "Deployment asked for, WebService");
    is_wrong(
        &one("a web service", "WebService", json!({})),
        &draft(SERVER),
        "WebService asked for, ModelServer",
    );
    is_wrong(&one("a volume", "Storage", json!({})), &draft(CONFIG), "Storage asked for");
}

#[test]
fn more_things_than_asked_for() {
    is_wrong(&web(), &draft(&format!("{WEB}---{CONFIG}")), "1 things asked for, 2 drafted");
    let deployment = WEB.split("---").next().unwrap().replace("kubectl-copilot.dev/draft", "x");
    let two = draft(&format!("{deployment}---{SERVICE}"));
    is_wrong(&one("a Deployment", "Deployment", json!({})), &two, "1 things asked for, 2 drafted");
    let marked = |yaml: &str| yaml.replace("\"pattern\":\"WebService\"", "\"kind\":\"Deployment\"");
    is_wrong(&one("a Deployment", "Deployment", json!({})), &draft(&marked(WEB)), "more than the Deployment");
}

#[test]
fn unasked_gpus() {
    let row = one("mira-dev in team-vision", "Notebook", json!({"namespace": "team-vision"}));
    is_wrong(&row, &draft(NOTEBOOK), "unasked nvidia.com/gpu");
    is_wrong(&row, &draft(NOTEBOOK), "unasked GPU product");
    is_wrong(&server(), &with(SERVER, "nvidia.com/gpu: 1", "nvidia.com/gpu: 2"), "unasked nvidia.com/gpu");
    is_wrong(
        &web(),
        &with(WEB, "ports: [{containerPort: 5432}]", "resources: {requests: {amd.com/gpu: 1}}"),
        "unasked amd.com/gpu",
    );
}

#[test]
fn unasked_ways_in() {
    let private = one("serve it twice", "ModelServer", json!({"replicas": 2, "host": null}));
    is_wrong(&private, &draft(SERVER), "unasked Ingress");
    is_wrong(&private, &draft(&SERVER.replace("kind: Ingress", "kind: HTTPRoute")), "unasked HTTPRoute");
    is_wrong(&web(), &with(WEB, "ClusterIP", "NodePort"), "unasked NodePort");
    is_wrong(&web(), &with(WEB, "ClusterIP", "LoadBalancer"), "unasked LoadBalancer");
    let two_hosts =
        with(SERVER, "{host: llm.corp.example}", "{host: llm.corp.example}, {host: www.corp.example}");
    is_wrong(&server(), &two_hosts, "unasked host www.corp.example");
}

#[test]
fn unasked_namespace() {
    is_wrong(
        &web(),
        &with(WEB, "kind: Deployment\nmetadata: {", "kind: Deployment\nmetadata: {namespace: default, "),
        "unasked namespace",
    );
    let namespace = "---\nkind: Namespace\nmetadata: {name: x, annotations: {kubectl-copilot.dev/draft: '{\"pattern\":\"WebService\",\"name\":\"db\"}'}}\n";
    is_wrong(&web(), &draft(&format!("{WEB}{namespace}")), "unasked Namespace");
}

#[test]
fn unasked_rights() {
    for kind in ["Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"] {
        let extra = format!(
            "---\nkind: {kind}\nmetadata: {{name: x, annotations: {{kubectl-copilot.dev/draft: '{{\"pattern\":\"WebService\",\"name\":\"db\"}}'}}}}\n"
        );
        is_wrong(&web(), &draft(&format!("{WEB}{extra}")), &format!("unasked {kind} x"));
    }
}

#[test]
fn unasked_privileges() {
    let volumes = "      volumes: [{name: data, persistentVolumeClaim: {claimName: db-data}}]";
    for field in ["hostNetwork", "hostPID", "hostIPC"] {
        is_wrong(
            &web(),
            &with(WEB, volumes, &format!("{volumes}\n      {field}: true")),
            &format!("unasked {field}"),
        );
    }
    is_wrong(
        &web(),
        &with(WEB, "persistentVolumeClaim: {claimName: db-data}", "hostPath: {path: /}"),
        "unasked hostPath",
    );
    let port = "ports: [{containerPort: 5432}]";
    is_wrong(&web(), &with(WEB, port, "securityContext: {privileged: true}"), "unasked privileged");
}

#[test]
fn more_replicas_or_nodes_than_said() {
    is_wrong(
        &web(),
        &with(WEB, "spec:\n  template", "spec:\n  replicas: 2\n  template"),
        "2 replicas, 1 asked for",
    );
    let single = one(
        "train torchrun train.py --epochs 3 on 4 GPUs",
        "TrainingJob",
        json!({"gpus": 4, "command": "torchrun train.py --epochs 3"}),
    );
    is_wrong(&single, &draft(TRAINING), "3 nodes, 1 asked for");
}

#[test]
fn unasked_env() {
    is_wrong(&web(), &with(WEB, "value: UTC", "value: public"), "unasked env TZ=public");
    let row = one("postgres 16, not TZ", "WebService", json!({}));
    is_wrong(&row, &draft(WEB), "unasked env TZ=UTC");
}

#[test]
fn unasked_command() {
    is_wrong(
        &web(),
        &with(WEB, "ports: [{containerPort: 5432}]", "command: [called, db]"),
        "unasked command",
    );
    let row = one("CronJob report, acme/report:1", "CronJob", json!({}));
    is_wrong(&row, &draft(CRON), "unasked command");
}

#[test]
fn a_command_that_ran_on_with_the_sentence() {
    let row = one(
        "train with python train.py on 4 GPUs",
        "TrainingJob",
        json!({"command": "python train.py", "gpus": 4, "nodes": 3}),
    );
    let answer = |command: &str| with(TRAINING, "[torchrun, --nnodes=3, train.py, --epochs, \"3\"]", command);
    is_wrong(&row, &answer("[python, train.py, \"on\", \"4\", GPUs]"), "took words");
    is_wrong(&row, &answer("[with, python, train.py]"), "took words");
    super::is_right(&row, &answer("[sh, -c, \"exec python train.py\"]"));
}

#[test]
fn unasked_claim() {
    is_wrong(&web(), &with(WEB, "claimName: db-data", "claimName: imagenet"), "unasked claim imagenet");
}

#[test]
fn unasked_data() {
    is_wrong(
        &config(),
        &with(CONFIG, "MODE: \"test\"", "MODE: \"test\", DEBUG: \"1\""),
        "unasked data DEBUG",
    );
}
