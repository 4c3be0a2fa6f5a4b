//! Right answers, one for each thing that can be drafted, and the answers that are not drafts.

use serde_json::json;

use super::{draft, is_right, is_wrong, one, row};
use crate::score::{Answered, Lang, Share, Table, score};

pub const NOTEBOOK: &str = r#"
apiVersion: v1
kind: Service
metadata:
  name: mira-dev
  namespace: team-vision
  annotations: {kubectl-copilot.dev/draft: '{"pattern":"Notebook","name":"mira-dev"}'}
spec:
  ports: [{port: 8888}]
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: mira-dev
  namespace: team-vision
  labels: {kubectl-copilot.dev/owner: alices-lab}
  annotations: {kubectl-copilot.dev/draft: '{"pattern":"Notebook","name":"mira-dev"}'}
spec:
  replicas: 1
  template:
    spec:
      nodeSelector: {nvidia.com/gpu.product: NVIDIA-A100-SXM4-80GB}
      volumes: [{name: data, persistentVolumeClaim: {claimName: imagenet}}]
      containers:
        - name: notebook
          image: quay.io/jupyter/pytorch-notebook:cuda12-2024-12-09
          args: [start-notebook.py, --ServerApp.ip=0.0.0.0]
          env:
            - {name: JUPYTER_TOKEN, valueFrom: {secretKeyRef: {name: mira-dev, key: token}}}
            - {name: WANDB_MODE, value: offline}
          resources:
            requests: {cpu: "4", memory: 32Gi}
            limits: {memory: 64Gi, nvidia.com/gpu: 2}
          volumeMounts: [{name: data, mountPath: /data}]
  volumeClaimTemplates:
    - metadata: {name: home}
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: fast
        resources: {requests: {storage: 50Gi}}
"#;

pub fn notebook() -> crate::score::Row {
    one(
        "pytorch notebook mira-dev in team-vision for Alice's Lab: two A100, 4 cores, 64 gigs, claim imagenet, WANDB_MODE=offline, class fast",
        "Notebook",
        json!({
            "name": "mira-dev", "namespace": "team-vision", "owner": "alices-lab", "software": "pytorch", "gpus": 2,
            "gpu_type": "A100", "cpu": "4000m", "memory": "64Gi", "disk": "50Gi", "storage_class": "fast",
            "claim": "imagenet", "env": {"WANDB_MODE": "offline"}
        }),
    )
}

pub const TRAINING: &str = r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: train
  annotations: {kubectl-copilot.dev/draft: '{"pattern":"training-job","name":"train"}'}
spec:
  completions: 3
  parallelism: 3
  backoffLimit: 2
  activeDeadlineSeconds: 43200
  template:
    spec:
      containers:
        - name: main
          image: pytorch/pytorch:2.5.1-cuda12.4-cudnn9-runtime
          command: [torchrun, --nnodes=3, train.py, --epochs, "3"]
          env: [{name: MASTER_ADDR, value: train-0.train}]
          resources: {limits: {nvidia.com/gpu: "4"}}
"#;

pub fn training() -> crate::score::Row {
    one(
        "train on 12 GPUs over three machines, torchrun train.py --epochs 3, retry twice, stop after 12 hours",
        "TrainingJob",
        json!({"gpus": 4, "nodes": 3, "command": "torchrun train.py --epochs 3", "retries": 2, "time_limit": 43200}),
    )
}

pub const SERVER: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: chat, annotations: {kubectl-copilot.dev/draft: '{"pattern":"ModelServer","name":"chat"}'}}
spec:
  replicas: 2
  template:
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:v0.6.3
          args: [--model=Qwen/Qwen2.5-7B-Instruct, --max-model-len, "8192", --port, "8000"]
          ports: [{containerPort: 8000}]
          resources: {limits: {nvidia.com/gpu: 1}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: chat, annotations: {kubectl-copilot.dev/draft: '{"pattern":"ModelServer","name":"chat"}'}}
spec: {rules: [{host: llm.corp.example}]}
"#;

pub fn server() -> crate::score::Row {
    one(
        "serve Qwen/Qwen2.5-7B-Instruct, two replicas, context 8192, port 8000, at llm.corp.example",
        "ModelServer",
        json!({
            "model": "Qwen/Qwen2.5-7B-Instruct", "replicas": 2, "context_length": 8192, "port": 8000,
            "host": "llm.corp.example"
        }),
    )
}

pub const WEB: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: db, annotations: {kubectl-copilot.dev/draft: '{"pattern":"WebService","name":"db"}'}}
spec:
  template:
    spec:
      volumes: [{name: data, persistentVolumeClaim: {claimName: db-data}}]
      containers:
        - name: postgres
          image: docker.io/library/postgres:16.4
          ports: [{containerPort: 5432}]
          env: [{name: TZ, value: UTC}]
          volumeMounts: [{name: data, mountPath: /var/lib/postgresql/data}]
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: db-data, annotations: {kubectl-copilot.dev/draft: '{"pattern":"WebService","name":"db"}'}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 20Gi}}}
---
apiVersion: v1
kind: Service
metadata: {name: db, annotations: {kubectl-copilot.dev/draft: '{"pattern":"WebService","name":"db"}'}}
spec: {type: ClusterIP, ports: [{port: 5432}]}
"#;

pub fn web() -> crate::score::Row {
    one(
        "a postgres 16 called db, 20GB disk, no public access",
        "WebService",
        json!({"software": "postgres 16", "name": "db", "disk": "20Gi", "host": null}),
    )
}

pub const CRON: &str = r#"
apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec:
  schedule: "0 02 * * MON"
  jobTemplate:
    spec:
      template:
        spec:
          containers: [{name: main, image: acme/report:1, command: [sh, -c, "python report.py --daily"]}]
"#;

pub fn cron() -> crate::score::Row {
    one(
        "CronJob report, acme/report:1, mondays at 2, command python report.py --daily",
        "CronJob",
        json!({"name": "report", "image": "acme/report:1", "schedule": "0 2 * * 1", "command": "python report.py --daily"}),
    )
}

pub const SERVICE: &str = r#"
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: NodePort, selector: {app: web}, ports: [{port: 80}]}
"#;

pub fn service() -> crate::score::Row {
    let values = json!({"name": "web", "port": 80, "type": "NodePort", "selector": "web"});
    one("a NodePort Service web on port 80 for app=web", "Service", values)
}

pub const CONFIG: &str = r#"
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {MODE: "test"}
"#;

pub fn config() -> crate::score::Row {
    one("ConfigMap settings MODE=test", "ConfigMap", json!({"name": "settings", "data": {"MODE": "test"}}))
}

pub const VOLUME: &str = r#"
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: pool}
spec: {accessModes: [ReadWriteMany], storageClassName: cephfs, resources: {requests: {storage: 1Ti}}}
"#;

pub fn volume() -> crate::score::Row {
    let values =
        json!({"name": "pool", "size": "1024Gi", "access_mode": "ReadWriteMany", "storage_class": "cephfs"});
    one("storage pool, 1TB, RWX, class cephfs", "Storage", values)
}

#[test]
fn right_drafts_are_right() {
    for (row, yaml) in [
        (notebook(), NOTEBOOK),
        (training(), TRAINING),
        (server(), SERVER),
        (web(), WEB),
        (cron(), CRON),
        (service(), SERVICE),
        (config(), CONFIG),
        (volume(), VOLUME),
    ] {
        is_right(&row, &draft(yaml));
    }
}

#[test]
fn without_the_annotation_the_workload_tells() {
    for (row, yaml) in [(notebook(), NOTEBOOK), (training(), TRAINING), (server(), SERVER), (web(), WEB)] {
        is_right(&row, &draft(&yaml.replace("kubectl-copilot.dev/draft", "example.com/other")));
    }
}

#[test]
fn two_things_come_in_any_order() {
    let things = json!([
        {"what": "ConfigMap", "values": {"name": "settings", "data": {"MODE": "test"}}},
        {"what": "WebService", "values": {"software": "postgres 16"}}
    ]);
    let row = row(
        "postgres 16 and a ConfigMap settings with MODE=test",
        json!({"outcome": "drafted", "things": things}),
    );
    is_right(&row, &draft(&format!("{CONFIG}---{WEB}")));
    is_right(&row, &draft(&format!("{WEB}---{CONFIG}")));
    is_wrong(&row, &draft(WEB), "2 things asked for, 1 drafted");
}

#[test]
fn a_second_reading_is_as_good() {
    let things = json!([{"what": "ModelServer", "values": {"replicas": 4}, "any_of": [{"replicas": 2, "host": "llm.corp.example"}]}]);
    let row = row("serve it", json!({"outcome": "drafted", "things": things}));
    is_right(&row, &draft(SERVER));
}

#[test]
fn questions_declines_and_routes() {
    let asked = row("a web service", json!({"outcome": "asked", "missing": ["image"]}));
    is_right(&asked, &json!({"id": "t-1", "asked": "Which image?"}));
    is_right(&asked, &json!({"id": "t-1", "asked": {"missing": ["spec.image"], "question": "Which image?"}}));
    is_right(
        &asked,
        &json!({"id": "t-1", "asked": {"questions": [{"field": "image", "text": "Which image?"}]}}),
    );
    is_wrong(&asked, &json!({"id": "t-1", "asked": {"missing": ["port"]}}), "did not ask for image");
    is_wrong(
        &asked,
        &json!({"id": "t-1", "asked": {"questions": [{"field": "port"}]}}),
        "did not ask for image",
    );
    is_wrong(&asked, &json!({"id": "t-1", "declined": "no"}), "expected asked");

    let declined = row("make it fast", json!({"outcome": "declined"}));
    is_right(&declined, &json!({"id": "t-1", "declined": "too vague", "yaml": null}));
    assert!(is_wrong(&declined, &draft(WEB), "expected declined").drafted_but_wrong);
    assert!(
        !is_wrong(&declined, &json!({"id": "t-1", "asked": "what?"}), "expected declined").drafted_but_wrong
    );

    let routed =
        row("why is trainer-0 pending?", json!({"outcome": "routed", "verb": "why", "name": "trainer-0"}));
    is_right(&routed, &json!({"id": "t-1", "routed": {"verb": "why", "name": "trainer-0"}}));
    is_right(&routed, &json!({"id": "t-1", "routed": {"verb": "why"}}));
    is_wrong(&routed, &json!({"id": "t-1", "routed": {"verb": "status"}}), "routed to");
    is_wrong(&routed, &json!({"id": "t-1", "routed": {"verb": "why", "name": "web"}}), "routed about");
}

#[test]
fn no_answer_is_not_right() {
    let declined = row("make it fast", json!({"outcome": "declined"}));
    is_wrong(&declined, &json!({"id": "t-1", "error": "out of length"}), "no answer");
    is_wrong(&declined, &json!({"id": "t-1"}), "no answer");
    is_wrong(&declined, &json!({"id": "t-2", "declined": "no"}), "is for");
    is_wrong(&web(), &draft(""), "1 things asked for, 0 drafted");
    is_wrong(&web(), &draft("a: [unclosed"), "not YAML");
}

#[test]
fn the_table_adds_up() {
    let mut table = Table::default();
    let mut chinese = volume();
    chinese.lang = Lang::Zh;
    let declined = row("make it fast", json!({"outcome": "declined"}));
    for (row, answer) in [
        (&chinese, draft(VOLUME)),
        (&web(), json!({"id": "t-1", "declined": "no"})),
        (&declined, draft(WEB)),
        (&declined, json!({"id": "t-1", "asked": "what?"})),
    ] {
        table.add(row, &score(row, &answer));
    }
    assert_eq!(table.drafts, Share { of: 2, hit: 1 });
    assert_eq!(table.chinese, Share { of: 1, hit: 1 });
    assert_eq!(table.kept, Share { of: 2, hit: 1 });
    assert_eq!(table.declined, Share { of: 2, hit: 0 });
    assert_eq!(table.good_declined, Share { of: 2, hit: 1 });
    assert_eq!(table.drafted_but_wrong, Share { of: 4, hit: 1 });
    assert_eq!(table.family("test", Some(Lang::En)), Share { of: 3, hit: 0 });
    assert_eq!(score(&declined, &json!({"id": "t-1", "asked": "what?"})).answered, Answered::Asked);
    assert!(table.to_string().contains("drafts right             1 of   2   50.0 %"), "{table}");
}
