//! What code fills in of an object that a model wrote: the places that must agree with each other.

use serde_json::{Map, Value, json};

use crate::manifest::GroupVersionKind;
use crate::schema::SchemaSet;

/// Completes an object.
pub fn wire(object: &mut Value, schemas: &SchemaSet) {
    selectors(object);
    rules(object, schemas);
    subjects(object);
    targets(object, schemas);
    ports(object);
    terms(object);
}

/// A workload selects its own pods: the labels that were written for them, else its name.
fn selectors(object: &mut Value) {
    let name = object.pointer("/metadata/name").cloned().unwrap_or_default();
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    if !matches!(kind.as_str(), "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet") {
        return;
    }
    let Some(spec) = object.get_mut("spec").and_then(Value::as_object_mut) else { return };
    let labels = spec
        .get("template")
        .and_then(|template| template.pointer("/metadata/labels"))
        .filter(|labels| labels.as_object().is_some_and(|labels| !labels.is_empty()))
        .cloned()
        .unwrap_or_else(|| json!({ "app": name }));
    if let Some(template) = spec.get_mut("template").and_then(Value::as_object_mut) {
        let metadata = template.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
        metadata["labels"] = labels.clone();
    }
    spec.entry("selector").or_insert_with(|| json!({ "matchLabels": labels }));
    if kind == "StatefulSet" {
        spec.entry("serviceName").or_insert(name);
    }
}

/// The API groups of the resources that a rule is about.
fn rules(object: &mut Value, schemas: &SchemaSet) {
    if !matches!(object["kind"].as_str(), Some("Role" | "ClusterRole")) {
        return;
    }
    let Some(rules) = object.get_mut("rules").and_then(Value::as_array_mut) else { return };
    for rule in rules {
        let mut groups: Vec<&str> = Vec::new();
        for resource in rule["resources"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let plural = resource.split('/').next().unwrap_or(resource);
            for info in schemas.kinds().filter(|info| info.plural == plural) {
                if !groups.contains(&info.gvk.group.as_str()) && info.gvk.group != "events.k8s.io" {
                    groups.push(&info.gvk.group);
                }
            }
        }
        rule["apiGroups"] = json!(groups);
    }
}

/// Who is bound: the group of users and groups, the namespace of service accounts.
fn subjects(object: &mut Value) {
    if !matches!(object["kind"].as_str(), Some("RoleBinding" | "ClusterRoleBinding")) {
        return;
    }
    let namespace = object.pointer("/metadata/namespace").cloned();
    if let Some(role) = object.get_mut("roleRef").and_then(Value::as_object_mut) {
        role.insert("apiGroup".into(), json!("rbac.authorization.k8s.io"));
    }
    for subject in object.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if subject["kind"] == "ServiceAccount" {
            if let (None, Some(namespace)) = (subject.get("namespace"), &namespace) {
                subject["namespace"] = namespace.clone();
            }
        } else if let Some(subject) = subject.as_object_mut() {
            subject.remove("namespace");
            subject.insert("apiGroup".into(), json!("rbac.authorization.k8s.io"));
        }
    }
}

/// A reference to a built-in kind carries the version under which it is served.
fn targets(object: &mut Value, schemas: &SchemaSet) {
    let Some(target) = object.pointer_mut("/spec/scaleTargetRef") else { return };
    let Some(kind) = target["kind"].as_str() else { return };
    let known = target["apiVersion"].as_str().and_then(|version| {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let gvk = GroupVersionKind { group: group.into(), version: version.into(), kind: kind.into() };
        schemas.kind(&gvk).map(|_| ())
    });
    if known.is_none()
        && let Some(info) = schemas.find_kind(kind).first()
    {
        target["apiVersion"] = Value::from(info.gvk.api_version());
    }
}

/// Several ports of a Service need a name each, and a port of the nodes makes it a NodePort.
fn ports(object: &mut Value) {
    if object["kind"] != "Service" {
        return;
    }
    let of_nodes = |port: &Value| port.get("nodePort").is_some();
    let ports = object.pointer("/spec/ports").and_then(Value::as_array);
    if ports.is_some_and(|ports| ports.iter().any(of_nodes)) && object.pointer("/spec/type").is_none() {
        object["spec"]["type"] = Value::from("NodePort");
    }
    let Some(ports) = object.pointer_mut("/spec/ports").and_then(Value::as_array_mut) else { return };
    if ports.len() < 2 {
        return;
    }
    for port in ports.iter_mut().filter_map(Value::as_object_mut) {
        let number = port.get("port").and_then(Value::as_i64).unwrap_or_default();
        let protocol = port.get("protocol").and_then(Value::as_str).unwrap_or("tcp").to_lowercase();
        port.entry("name").or_insert_with(|| Value::from(format!("{protocol}-{number}")));
    }
}

/// Pods are spread among, or kept apart from, their own kind where nothing else is said.
fn terms(object: &mut Value) {
    let Some(template) = object.pointer_mut("/spec/template") else { return };
    let Some(labels) = template.pointer("/metadata/labels").cloned() else { return };
    let selector = json!({ "matchLabels": labels });
    for place in [
        "/spec/topologySpreadConstraints",
        "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution",
        "/spec/affinity/podAntiAffinity/preferredDuringSchedulingIgnoredDuringExecution",
    ] {
        let terms = template.pointer_mut(place).and_then(Value::as_array_mut).into_iter().flatten();
        for term in terms {
            let term =
                if term.get("podAffinityTerm").is_some() { &mut term["podAffinityTerm"] } else { term };
            let bare = term.get("labelSelector").is_none_or(|one| one.as_object().is_some_and(Map::is_empty));
            if let (true, Some(term)) = (bare, term.as_object_mut()) {
                term.insert("labelSelector".into(), selector.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_of_the_nodes_makes_a_service_a_node_port() {
        let wired = |spec: Value| {
            let mut service = json!({"kind": "Service", "spec": spec});
            ports(&mut service);
            service["spec"]["type"].clone()
        };
        assert_eq!(wired(json!({"ports": [{"port": 80, "nodePort": 30080}]})), "NodePort");
        assert_eq!(
            wired(json!({"type": "LoadBalancer", "ports": [{"port": 80, "nodePort": 30080}]})),
            "LoadBalancer"
        );
        assert_eq!(wired(json!({"ports": [{"port": 80}]})), Value::Null);
    }
}
