//! Which kinds there are and how they are found.

use super::*;
use crate::manifest::GroupVersionKind;

#[test]
fn every_minor_loads_and_every_reference_resolves() {
    for minor in SchemaSet::minors() {
        let set = SchemaSet::bundled(Some(minor)).expect(minor);
        assert_eq!(set.minor(), minor);
        for info in set.kinds() {
            let kind = set.kind(&info.gvk).unwrap_or_else(|| panic!("{minor}: {:?} has no schema", info.gvk));
            assert!(kind.node.property("metadata").is_some(), "{minor}: {:?}", info.gvk);
        }
        for name in set.component_names() {
            let schema = set.component(name).unwrap_or_else(|| panic!("{minor}: {name} cannot be parsed"));
            resolves(Node::new(&set, schema), &format!("{minor}: {name}"));
        }
    }
}

/// Every place within one component (references are followed one step: what they lead to is a component itself).
fn resolves(node: Node<'_>, place: &str) {
    assert_eq!(node.broken(), None, "{place}");
    let children = node.properties().map(|(_, child)| child).chain(node.items()).chain(node.values());
    for child in children {
        assert_eq!(child.broken(), None, "{place}");
        if child.component().is_none() {
            resolves(child, place);
        }
    }
}

#[test]
fn a_minor_is_found_however_it_is_written() {
    for written in ["1.35", "v1.35", "1.35.4", "v1.35.0"] {
        assert_eq!(SchemaSet::bundled(Some(written)).expect(written).minor(), "1.35");
    }
    let newest = SchemaSet::minors().last().copied().expect("some are bundled");
    assert_eq!(SchemaSet::bundled(None).expect("the newest").minor(), newest);
}

#[test]
fn an_unknown_minor_names_those_that_are_bundled() {
    for written in ["1.20", "latest", "", "1"] {
        let error = SchemaSet::bundled(Some(written)).expect_err(written).to_string();
        assert!(error.contains("1.34, 1.35, 1.36, 1.37"), "{error}");
    }
}

#[test]
fn words_find_kinds() {
    let set = set();
    for (word, kind) in [
        ("Deployment", "apps/v1 Deployment"),
        ("deployments", "apps/v1 Deployment"),
        ("deploy", "apps/v1 Deployment"),
        ("DEPLOY", "apps/v1 Deployment"),
        ("deployments.apps", "apps/v1 Deployment"),
        ("po", "v1 Pod"),
        ("sts", "apps/v1 StatefulSet"),
        ("ds", "apps/v1 DaemonSet"),
        ("svc", "v1 Service"),
        ("cm", "v1 ConfigMap"),
        ("pvc", "v1 PersistentVolumeClaim"),
        ("ns", "v1 Namespace"),
        ("cj", "batch/v1 CronJob"),
        ("ing", "networking.k8s.io/v1 Ingress"),
        ("hpa", "autoscaling/v2 HorizontalPodAutoscaler"),
        ("netpol", "networking.k8s.io/v1 NetworkPolicy"),
        ("resourceclaim", "resource.k8s.io/v1 ResourceClaim"),
        ("event", "v1 Event"),
    ] {
        let found = set.find_kind(word);
        let first = found.first().unwrap_or_else(|| panic!("{word} finds nothing"));
        assert_eq!(format!("{} {}", first.gvk.api_version(), first.gvk.kind), kind, "{word}");
    }
    for word in ["", "deploys", "pods.apps", "notebook"] {
        assert!(set.find_kind(word).is_empty(), "{word}");
    }
}

#[test]
fn scope_is_known() {
    let set = set();
    for (version, kind, namespaced) in [
        ("v1", "Pod", true),
        ("v1", "Namespace", false),
        ("rbac.authorization.k8s.io/v1", "ClusterRole", false),
    ] {
        let found = set.kind(&GroupVersionKind::new(version, kind)).expect(kind);
        assert_eq!(found.info.namespaced, namespaced, "{kind}");
    }
}

#[test]
fn nodes_follow_pointers_and_cycles() {
    let set = set();
    let deployment = set.kind(&GroupVersionKind::new("apps/v1", "Deployment")).expect("Deployment").node;
    let image = deployment.at("/spec/template/spec/containers/0/image").expect("image");
    assert_eq!(image.schema().type_name.as_deref(), Some("string"));
    let limit =
        deployment.at("/spec/template/spec/containers/0/resources/limits/nvidia.com~1gpu").expect("limit");
    assert!(limit.is_quantity());
    assert!(deployment.at("/spec/template/spec/no").is_none());
    let definition = GroupVersionKind::new("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    let schema = set
        .kind(&definition)
        .expect("CRD")
        .node
        .at("/spec/versions/0/schema/openAPIV3Schema")
        .expect("schema");
    let deep = schema
        .at("/properties/a/properties/b/properties/c/type")
        .expect("the schema of schemas is recursive");
    assert_eq!(deep.schema().type_name.as_deref(), Some("string"));
}

#[test]
fn lists_are_keyed_as_the_schema_says() {
    let set = set();
    let deployment = GroupVersionKind::new("apps/v1", "Deployment");
    let keys = |pointer: &str| set.list_keys(&deployment, pointer);
    assert_eq!(keys("/spec/template/spec/containers"), Some(vec!["name".to_owned()]));
    assert_eq!(
        keys("/spec/template/spec/containers/0/ports"),
        Some(vec!["containerPort".to_owned(), "protocol".to_owned()])
    );
    assert_eq!(keys("/spec/template/spec/containers/0/command"), None);
    assert_eq!(keys("/spec/template/spec"), None);
    assert_eq!(keys("/spec/nothing"), None);
    assert_eq!(set.list_keys(&GroupVersionKind::new("example.com/v1", "No"), "/spec"), None);
}

#[test]
fn enums_of_a_live_server_are_there() {
    let set = set();
    let pod = set.kind(&GroupVersionKind::new("v1", "Pod")).expect("Pod").node;
    let policy = pod.at("/spec/containers/0/imagePullPolicy").expect("imagePullPolicy").schema();
    assert_eq!(policy.values, ["Always", "IfNotPresent", "Never"]);
}
