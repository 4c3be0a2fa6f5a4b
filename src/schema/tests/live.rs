//! Schemas that a server publishes.

use serde_json::json;

use super::*;
use crate::manifest::GroupVersionKind;

/// A server that has Deployments with one field more, no StatefulSets, and a custom kind.
fn live() -> SchemaSet {
    let reference =
        |name: &str| json!({"allOf": [{"$ref": format!("#/components/schemas/{name}")}], "default": {}});
    let post = |group: &str, kind: &str| json!({"post": {"x-kubernetes-group-version-kind": {"group": group, "version": "v1", "kind": kind}}});
    let apps = json!({
        "paths": {
            "/apis/apps/v1/namespaces/{namespace}/deployments": post("apps", "Deployment"),
            "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale": post("autoscaling", "Scale"),
            "/apis/apps/v1/deployments": {"get": {}},
        },
        "components": {"schemas": {
            "io.k8s.api.apps.v1.Deployment": {
                "type": "object",
                "properties": {
                    "apiVersion": {"type": "string"}, "kind": {"type": "string"},
                    "metadata": reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
                    "spec": reference("io.k8s.api.apps.v1.DeploymentSpec"),
                },
                "x-kubernetes-group-version-kind": [{"group": "apps", "version": "v1", "kind": "Deployment"}],
            },
            "io.k8s.api.apps.v1.DeploymentSpec": {
                "type": "object",
                "required": ["selector"],
                "properties": {
                    "replicas": {"type": "integer", "format": "int32", "default": 0},
                    "brandNew": {"type": "string", "enum": ["a", "b"]},
                    "selector": reference("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector"),
                    "template": reference("io.k8s.api.core.v1.PodTemplateSpec"),
                },
            },
        }},
    });
    let custom = json!({
        "paths": {"/apis/lab.example.com/v1/namespaces/{namespace}/runs": post("lab.example.com", "Run")},
        "components": {"schemas": {"com.example.lab.v1.Run": {
            "type": "object",
            "properties": {
                "apiVersion": {"type": "string"}, "kind": {"type": "string"},
                "metadata": reference("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"),
                "spec": {"type": "object", "properties": {
                    "dry": {"type": "boolean", "default": false},
                    "gpus": {"type": "integer", "maximum": 8, "x-kubernetes-validations": [{"rule": "self > 0"}]},
                }},
            },
            "x-kubernetes-group-version-kind": [{"group": "lab.example.com", "version": "v1", "kind": "Run"}],
        }}},
    });
    let (apps, custom) = (apps.to_string(), custom.to_string());
    let documents = [("apps/v1", apps.as_bytes()), ("lab.example.com/v1", custom.as_bytes())];
    set().with_openapi_v3(&documents).expect("both can be read")
}

const DEPLOYMENT: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  brandNew: a
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: nginx}]}
";

#[test]
fn the_servers_own_fields_count() {
    assert_eq!(lines(&validate(&manifest(DEPLOYMENT), &live())), [""; 0]);
    let wrong = lines(&validate(&manifest(&DEPLOYMENT.replace("brandNew: a", "brandNew: c")), &live()));
    assert!(wrong.len() == 1 && wrong[0].contains("/spec/brandNew"), "{wrong:?}");
    let bundled = lines(&validate(&manifest(DEPLOYMENT), &set()));
    assert!(bundled[0].starts_with("schema-unknown-field /spec/brandNew"), "{bundled:?}");
}

#[test]
fn zero_values_of_go_types_are_no_defaults_and_those_of_custom_kinds_are() {
    let object = defaulted(&manifest(DEPLOYMENT).object, &live());
    assert_ne!(object["spec"]["replicas"], 0);
    let run = "{apiVersion: lab.example.com/v1, kind: Run, metadata: {name: r}, spec: {gpus: 4}}";
    assert_eq!(defaulted(&manifest(run).object, &live())["spec"]["dry"], false);
}

#[test]
fn a_custom_kind_of_the_server_is_known_with_its_rules() {
    let live = live();
    let run = |gpus: u32| {
        let text = format!(
            "{{apiVersion: lab.example.com/v1, kind: Run, metadata: {{name: r}}, spec: {{gpus: {gpus}}}}}"
        );
        lines(&validate(&manifest(&text), &live))
    };
    assert!(run(4).iter().all(|line| line.starts_with("schema-cel-not-evaluated")), "{:?}", run(4));
    assert!(run(9).iter().any(|line| line.contains("/spec/gpus")), "{:?}", run(9));
    let info = live.find_kind("runs")[0];
    assert_eq!(info.definition.as_deref(), Some("runs.lab.example.com"));
    assert!(info.namespaced);
}

#[test]
fn what_the_server_does_not_have_is_gone_and_the_rest_stays() {
    let live = live();
    let kind = |api_version: &str, kind: &str| live.kind(&GroupVersionKind::new(api_version, kind)).is_some();
    assert!(kind("apps/v1", "Deployment") && kind("v1", "Pod") && kind("batch/v1", "Job"));
    assert!(!kind("apps/v1", "StatefulSet"));
    assert!(live.kinds().all(|info| info.gvk.kind != "StatefulSet"));
    assert_eq!(live.find_kind("deploy")[0].gvk.kind, "Deployment", "short names come from the bundle");
    let container = "/spec/template/spec/containers";
    let keys = live.list_keys(&GroupVersionKind::new("apps/v1", "Deployment"), container);
    assert_eq!(
        keys,
        Some(vec!["name".to_owned()]),
        "components that were not published come from the bundle"
    );
}

#[test]
fn a_document_that_cannot_be_read_is_an_error() {
    for bytes in ["", "{}", "[]", "{\"components\": {}}", "<html>"] {
        let error = set().with_openapi_v3(&[("apps/v1", bytes.as_bytes())]).expect_err(bytes).to_string();
        assert!(error.contains("apps/v1"), "{error}");
    }
}
