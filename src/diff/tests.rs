//! What is a change, what is none, and where it is said to be.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn compared(old: &Value, new: &Value) -> ObjectDiff {
    diff(Some(old), Some(new), &WellKnownLists)
}

fn pod(spec: Value) -> Value {
    let mut pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}});
    pod["spec"] = spec;
    pod
}

fn paths(found: &ObjectDiff) -> Vec<&str> {
    found.changes.iter().map(|change| change.path.as_str()).collect()
}

#[test]
fn a_changed_field_is_named_with_both_values() {
    let found =
        compared(&pod(json!({"a": 1, "b": {"c": [1, 2]}})), &pod(json!({"a": 1, "b": {"c": [1, 3]}})));
    assert_eq!(found.action, Action::Change);
    assert_eq!(
        found.changes,
        [FieldChange { path: "/spec/b/c/1".into(), from: Some(json!(2)), to: Some(json!(3)) }]
    );
    assert_eq!(found.key.to_string(), "Pod/a");
}

#[test]
fn creation_and_deletion_are_one_change() {
    let object = pod(json!({}));
    let created = diff(None, Some(&object), &WellKnownLists);
    assert_eq!((created.action, paths(&created)), (Action::Create, vec![""]));
    assert_eq!((created.changes[0].from.as_ref(), created.changes[0].to.as_ref()), (None, Some(&object)));
    let deleted = diff(Some(&object), None, &WellKnownLists);
    assert_eq!((deleted.action, deleted.changes[0].to.as_ref()), (Action::Delete, None));
    assert_eq!(diff(None, None, &WellKnownLists).action, Action::None);
}

#[test]
fn items_with_keys_are_found_wherever_they_stand() {
    let old = pod(json!({"containers": [{"name": "a", "image": "x:1"}, {"name": "b", "image": "y:1"}]}));
    let new = pod(json!({"containers": [
        {"name": "side", "image": "z"}, {"name": "b", "image": "y:2"}, {"name": "a", "image": "x:1"}]}));
    let found = compared(&old, &new);
    assert_eq!(paths(&found), ["/spec/containers/1/image", "/spec/containers/0"]);
    assert_eq!(found.changes[1].from, None);
    assert_eq!(found.hidden, 1, "the other order");
    let back = compared(&new, &old);
    assert_eq!(paths(&back), ["/spec/containers/0", "/spec/containers/1/image"]);
    assert_eq!(back.changes[0].to, None);
}

#[test]
fn a_default_protocol_is_part_of_the_key() {
    let old =
        pod(json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "TCP"}]}]}));
    let new = pod(json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "name": "http"}]}]}));
    assert_eq!(
        paths(&compared(&old, &new)),
        ["/spec/containers/0/ports/0/protocol", "/spec/containers/0/ports/0/name"]
    );
    let udp =
        pod(json!({"containers": [{"name": "a", "ports": [{"containerPort": 80, "protocol": "UDP"}]}]}));
    assert_eq!(compared(&old, &udp).changes.len(), 2, "one goes, one comes");
}

#[test]
fn order_counts_where_it_means_something() {
    let inits = |names: [&str; 2]| pod(json!({"initContainers": names.map(|name| json!({"name": name}))}));
    assert_eq!(paths(&compared(&inits(["a", "b"]), &inits(["b", "a"]))), ["/spec/initContainers"]);
    let volumes = |names: [&str; 2]| pod(json!({"volumes": names.map(|name| json!({"name": name}))}));
    let found = compared(&volumes(["a", "b"]), &volumes(["b", "a"]));
    assert_eq!((found.action, found.hidden), (Action::None, 1));
}

#[test]
fn lists_without_keys_are_compared_by_position_or_as_wholes() {
    let args = |list: Value| pod(json!({"containers": [{"name": "a", "args": list}]}));
    assert_eq!(
        paths(&compared(&args(json!(["a", "b"])), &args(json!(["a", "c"])))),
        ["/spec/containers/0/args/1"]
    );
    assert_eq!(paths(&compared(&args(json!(["a", "b"])), &args(json!(["b"])))), ["/spec/containers/0/args"]);
    let twice = pod(json!({"volumes": [{"name": "a"}, {"name": "a"}]}));
    let once = pod(json!({"volumes": [{"name": "a"}]}));
    assert_eq!(paths(&compared(&twice, &once)), ["/spec/volumes"], "a doubled key is no key");
}

#[test]
fn spellings_of_one_amount_are_no_change() {
    let limits =
        |cpu: Value| pod(json!({"containers": [{"name": "a", "resources": {"limits": {"cpu": cpu}}}]}));
    let found = compared(&limits(json!("1000m")), &limits(json!(1)));
    assert_eq!((found.action, found.hidden), (Action::None, 1));
    assert_eq!(compared(&limits(json!("1000m")), &limits(json!(2))).action, Action::Change);
}

#[test]
fn null_and_absent_are_the_same() {
    assert_eq!(
        compared(&pod(json!({"a": null, "b": 1})), &pod(json!({"b": 1, "c": null}))).action,
        Action::None
    );
    assert_eq!(paths(&compared(&pod(json!({"a": {}})), &pod(json!({})))), ["/spec/a"], "empty is not absent");
}

#[test]
fn what_the_server_owns_is_counted_and_not_shown() {
    let mut old = pod(json!({"a": 1}));
    old["metadata"]["uid"] = json!("1");
    old["metadata"]["managedFields"] = json!([]);
    old["status"] = json!({"phase": "Running"});
    let found = compared(&old, &pod(json!({"a": 1})));
    assert_eq!((found.action, found.hidden, found.changes.len()), (Action::None, 3, 0));
    let created = diff(None, Some(&old), &WellKnownLists);
    assert_eq!((created.hidden, created.changes[0].to.as_ref()), (3, Some(&pod(json!({"a": 1})))));
}

#[test]
fn keys_of_an_own_kind_come_from_outside() {
    struct ById;
    impl ListKeys for ById {
        fn keys(&self, gvk: &GroupVersionKind, pointer: &str) -> Option<Vec<String>> {
            (gvk.kind == "Thing" && pointer == "/spec/groups/*/items").then(|| vec!["id".to_owned()])
        }
    }
    let thing =
        |items: Value| json!({"apiVersion": "x/v1", "kind": "Thing", "spec": {"groups": [{"items": items}]}});
    let old = thing(json!([{"id": 1, "v": 1}, {"id": 2, "v": 2}]));
    let new = thing(json!([{"id": 2, "v": 3}]));
    let found = diff(Some(&old), Some(&new), &ById);
    assert_eq!(paths(&found), ["/spec/groups/0/items/0", "/spec/groups/0/items/0/v"]);
}

#[test]
fn a_diff_serialises_as_documented() {
    let found = compared(&pod(json!({"a": 1})), &pod(json!({"b/c": 2})));
    assert_eq!(
        serde_json::to_value(&found).unwrap(),
        json!({"key": {"apiVersion": "v1", "kind": "Pod", "name": "a"}, "action": "change", "hidden": 0,
               "changes": [{"path": "/spec/a", "from": 1}, {"path": "/spec/b~1c", "to": 2}]})
    );
}

fn value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..4_i64).prop_map(Value::from)];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec(("containers|env|name|a", inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn an_object_does_not_differ_from_itself(object in value()) {
        let found = compared(&object, &object);
        prop_assert_eq!((found.action, found.hidden), (Action::None, 0));
    }

    #[test]
    fn a_difference_is_seen_from_both_sides(one in value(), two in value()) {
        prop_assert_eq!(compared(&one, &two).action, compared(&two, &one).action);
    }

    #[test]
    fn every_change_points_at_its_values(one in value(), two in value()) {
        for change in compared(&one, &two).changes {
            prop_assert!(change.from.is_some() || change.to.is_some());
            prop_assert_ne!(&change.from, &change.to);
            if let Some(to) = &change.to {
                prop_assert_eq!(two.pointer(&change.path), Some(to));
            }
        }
    }
}
