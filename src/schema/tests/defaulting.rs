//! What the server would fill in.

use serde_json::json;

use super::*;

/// The value at a pointer of a defaulted object.
fn filled(yaml: &str, pointer: &str) -> Value {
    let object = defaulted(&manifest(yaml).object, &set());
    object.pointer(pointer).cloned().unwrap_or_else(|| panic!("{pointer} of {object:#}"))
}

const POD: &str = "
apiVersion: v1
kind: Pod
metadata: {name: one}
spec:
  containers:
  - name: a
    image: nginx
    ports: [{containerPort: 80}]
    readinessProbe: {httpGet: {port: 80}}
    resources: {limits: {cpu: '1', nvidia.com/gpu: 2}, requests: {cpu: 500m}}
  volumes: [{name: a}, {name: b, secret: {secretName: s}}]
";

#[test]
fn a_pod() {
    for (pointer, value) in [
        ("/spec/restartPolicy", json!("Always")),
        ("/spec/terminationGracePeriodSeconds", json!(30)),
        ("/spec/dnsPolicy", json!("ClusterFirst")),
        ("/spec/enableServiceLinks", json!(true)),
        ("/spec/containers/0/imagePullPolicy", json!("Always")),
        ("/spec/containers/0/ports/0/protocol", json!("TCP")),
        ("/spec/containers/0/readinessProbe/periodSeconds", json!(10)),
        ("/spec/containers/0/readinessProbe/httpGet/scheme", json!("HTTP")),
        ("/spec/containers/0/resources/requests", json!({ "cpu": "500m", "nvidia.com/gpu": "2" })),
        ("/spec/volumes/0/emptyDir", json!({})),
        ("/spec/volumes/1/secret/defaultMode", json!(420)),
    ] {
        assert_eq!(filled(POD, pointer), value, "{pointer}");
    }
}

#[test]
fn what_is_set_stays() {
    let yaml = POD.replace("image: nginx", "image: nginx\n    imagePullPolicy: Never");
    let yaml =
        yaml.replace("spec:\n", "spec:\n  restartPolicy: OnFailure\n  terminationGracePeriodSeconds: 0\n");
    assert_eq!(filled(&yaml, "/spec/containers/0/imagePullPolicy"), json!("Never"));
    assert_eq!(filled(&yaml, "/spec/restartPolicy"), json!("OnFailure"));
    assert_eq!(filled(&yaml, "/spec/terminationGracePeriodSeconds"), json!(0));
}

#[test]
fn a_template_is_no_pod() {
    let yaml = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, creationTimestamp: null}
    spec: {containers: [{name: web, image: 'nginx:1', resources: {limits: {cpu: 1}}}]}
";
    assert_eq!(filled(yaml, "/spec/replicas"), json!(1));
    let rolling =
        json!({ "type": "RollingUpdate", "rollingUpdate": { "maxSurge": "25%", "maxUnavailable": "25%" } });
    assert_eq!(filled(yaml, "/spec/strategy"), rolling);
    assert_eq!(filled(yaml, "/spec/template/spec/containers/0/imagePullPolicy"), json!("IfNotPresent"));
    assert_eq!(
        filled(yaml, "/spec/template/spec/containers/0/resources"),
        json!({ "limits": { "cpu": "1" } })
    );
    assert_eq!(
        filled(yaml, "/spec/template/metadata"),
        json!({ "labels": { "app": "web" } }),
        "null is not set"
    );
    let recreate = yaml.replace("spec:\n  selector", "spec:\n  strategy: {type: Recreate}\n  selector");
    assert_eq!(filled(&recreate, "/spec/strategy"), json!({ "type": "Recreate" }));
}

#[test]
fn a_job() {
    let yaml = "
apiVersion: batch/v1
kind: Job
metadata: {name: train}
spec: {SET template: {metadata: {labels: {a: b}}, spec: {restartPolicy: Never, containers: []}}}
";
    let one = yaml.replace("SET", "");
    assert_eq!((filled(&one, "/spec/completions"), filled(&one, "/spec/parallelism")), (json!(1), json!(1)));
    assert_eq!(filled(&one, "/spec/backoffLimit"), json!(6));
    assert_eq!(filled(&one, "/metadata/labels"), json!({ "a": "b" }));
    let queue = yaml.replace("SET", "parallelism: 3,");
    assert!(filled(&queue, "/spec").get("completions").is_none(), "a work queue has no completions");
}

#[test]
fn services_and_others() {
    let service = |kind: &str| {
        format!(
            "{{apiVersion: v1, kind: Service, metadata: {{name: a}}, spec: {{type: '{kind}', ports: [{{port: 80}}]}}}}"
        )
    };
    assert_eq!(
        filled(&service(""), "/spec"),
        json!({
            "type": "ClusterIP", "ports": [{ "port": 80, "protocol": "TCP", "targetPort": 80 }],
            "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"
        })
    );
    assert_eq!(filled(&service("LoadBalancer"), "/spec/externalTrafficPolicy"), json!("Cluster"));
    let policy =
        "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a}, spec: {egress: [{}]}}";
    assert_eq!(filled(policy, "/spec/policyTypes"), json!(["Ingress", "Egress"]));
    let namespace = "{apiVersion: v1, kind: Namespace, metadata: {name: a}}";
    assert_eq!(filled(namespace, "/metadata/labels"), json!({ "kubernetes.io/metadata.name": "a" }));
    let class = "{apiVersion: storage.k8s.io/v1, kind: StorageClass, metadata: {name: a}, provisioner: p}";
    assert_eq!(filled(class, "/reclaimPolicy"), json!("Delete"));
}

#[test]
fn an_object_of_an_unknown_kind_is_left_alone() {
    let object =
        manifest("{apiVersion: example.com/v1, kind: No, metadata: {name: a}, spec: {a: null}}").object;
    assert_eq!(defaulted(&object, &set()), object);
}
