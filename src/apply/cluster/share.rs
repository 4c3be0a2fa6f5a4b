//! What of a manifest is sent where others have a part in the object (design D11): the fields that change, and those
//! that are ours already. A field that is as it should be stays its owner's alone: who owns a field together with us
//! could not change it any more without a conflict.
//!
//! How fields are told apart is not guessed: after a dry-run of the whole manifest the server's own `fieldsV1` has each
//! of its fields, with the keys of list items, and with lists and maps that go as a whole marked as such.

use serde_json::{Map, Value};

use super::managed::{applied, is_same_version};
use crate::diff::list_key_default;

/// The fields that the server itself takes for the object's name, not for something that somebody owns.
const IDENTITY: [&str; 2] = ["name", "namespace"];

/// Whether all that the manifest says is ours already, so that it is sent as it is.
pub(super) fn owns_all(wanted: &Value, live: &Value) -> bool {
    let Some(ours) = applied(live).filter(|_| is_same_version(live, wanted)) else { return false };
    fields_of(wanted).all(|(key, value)| match (key, value) {
        ("metadata", Value::Object(metadata)) => {
            let own = ours.get("f:metadata");
            metadata.iter().filter(|(key, _)| !IDENTITY.contains(&key.as_str())).all(|(key, value)| {
                own.and_then(|own| below(own, &format!("f:{key}"))).is_some_and(|own| owns(value, own))
            })
        }
        _ => ours.get(format!("f:{key}")).is_some_and(|own| owns(value, own)),
    })
}

/// The part of the manifest that is sent. `would` is what a dry-run makes of all of it as if every field were ours.
/// `None` where it cannot be told, and the whole has to do.
pub(super) fn part(wanted: &Value, live: &Value, would: &Value) -> Option<Value> {
    let whole = applied(would).filter(|_| is_same_version(would, wanted))?;
    let ours = match applied(live) {
        // What is ours in another version has other names: leaving it out by mistake would remove it.
        Some(_) if !is_same_version(live, wanted) => return None,
        // Nothing at all is not, as further below, everything.
        ours => ours.filter(|ours| !is_leaf(ours)),
    };
    let all = Sides { live: Some(live), would: Some(would), whole, ours };
    let mut body = Map::new();
    for (key, value) in wanted.as_object()? {
        match key.as_str() {
            "apiVersion" | "kind" => drop(body.insert(key.clone(), value.clone())),
            "metadata" => drop(body.insert(key.clone(), metadata(value, &all))),
            _ => {
                if let Some(value) = all.field(key).and_then(|sides| sent(value, sides)) {
                    body.insert(key.clone(), value);
                }
            }
        }
    }
    Some(Value::Object(body))
}

/// `apiVersion` and `kind` belong to nobody.
fn fields_of(object: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let fields = object.as_object().into_iter().flatten();
    fields.map(|(key, value)| (key.as_str(), value)).filter(|(key, _)| !["apiVersion", "kind"].contains(key))
}

fn metadata(wanted: &Value, all: &Sides<'_>) -> Value {
    let sides = all.field("metadata");
    let mut kept = Map::new();
    for (key, value) in wanted.as_object().into_iter().flatten() {
        if IDENTITY.contains(&key.as_str()) {
            kept.insert(key.clone(), value.clone());
        } else if let Some(value) =
            sides.and_then(|sides| sides.field(key)).and_then(|sides| sent(value, sides))
        {
            kept.insert(key.clone(), value);
        }
    }
    Value::Object(kept)
}

/// One place of the object, from all sides.
#[derive(Clone, Copy)]
struct Sides<'a> {
    /// As it is.
    live: Option<&'a Value>,
    /// As the server would have it.
    would: Option<&'a Value>,
    /// The fields of the whole manifest.
    whole: &'a Value,
    /// Those that are ours.
    ours: Option<&'a Value>,
}

impl<'a> Sides<'a> {
    /// `None` for a field that the server takes nothing of.
    fn field(self, key: &str) -> Option<Self> {
        let name = format!("f:{key}");
        Some(Self {
            live: self.live.and_then(|live| live.get(key)),
            would: self.would.and_then(|would| would.get(key)),
            whole: self.whole.get(&name)?,
            ours: self.ours.and_then(|ours| below(ours, &name)),
        })
    }

    /// An item of a list with keys, and the names of these; `None` where none of the entries is the item's.
    fn item(self, item: &Value) -> Option<(Self, Vec<String>)> {
        let (name, whole, keys) = entries(self.whole).find(|(_, _, keys)| has_keys(item, keys))?;
        let same = |list: Option<&'a Value>| {
            list.and_then(Value::as_array)?.iter().find(|other| has_keys(other, &keys))
        };
        let sides = Self {
            live: same(self.live),
            would: same(self.would),
            whole,
            ours: self.ours.and_then(|ours| below(ours, name)),
        };
        Some((sides, keys.keys().cloned().collect()))
    }

    /// A value of a set.
    fn value(self, item: &Value) -> Option<Self> {
        let (name, whole) = self.whole.as_object()?.iter().find(|(name, _)| is_value(name, item))?;
        let same = |list: Option<&'a Value>| list.and_then(Value::as_array)?.iter().find(|one| *one == item);
        let ours = self.ours.and_then(|ours| below(ours, name));
        Some(Self { live: same(self.live), would: same(self.would), whole, ours })
    }
}

/// What is sent of one value; `None` where it stays as it is and is not ours.
fn sent(wanted: &Value, at: Sides<'_>) -> Option<Value> {
    if at.ours.is_none() && at.live == at.would {
        return None;
    }
    // A scalar, or what goes as a whole.
    if is_leaf(at.whole) {
        return Some(wanted.clone());
    }
    let is_ours = at.ours.is_some_and(|ours| is_leaf(ours) || ours.get(".").is_some());
    match wanted {
        Value::Object(map) => {
            let kept: Map<String, Value> = map
                .iter()
                .filter_map(|(key, value)| Some((key.clone(), sent(value, at.field(key)?)?)))
                .collect();
            (is_ours || !kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(list) => {
            let mut kept = Vec::new();
            for item in list {
                if let Some((sides, keys)) = at.item(item) {
                    kept.extend(sent(item, sides).and_then(|part| with_keys(item, part, &keys)));
                } else if let Some(sides) = at.value(item) {
                    kept.extend(sent(item, sides));
                } else {
                    return Some(wanted.clone());
                }
            }
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        scalar => Some(scalar.clone()),
    }
}

/// The part of an item with the fields that tell it from others, in the manifest's order. `None` where there is no more of
/// it than these: a container that others own and we have nothing left in must be able to go with their next change.
fn with_keys(item: &Value, part: Value, keys: &[String]) -> Option<Value> {
    let (Value::Object(item), Value::Object(mut part)) = (item, part) else { return Some(item.clone()) };
    let is_key = |key: &String| keys.contains(key);
    if part.keys().all(is_key) && !item.keys().all(is_key) {
        return None;
    }
    let fields = item.iter().filter_map(|(key, value)| {
        let kept = part.shift_remove(key);
        kept.or_else(|| is_key(key).then(|| value.clone())).map(|value| (key.clone(), value))
    });
    Some(Value::Object(fields.collect()))
}

/// Whether all of a value is ours.
fn owns(wanted: &Value, ours: &Value) -> bool {
    if is_leaf(ours) {
        return true;
    }
    match wanted {
        Value::Object(map) => {
            map.iter().all(|(key, value)| ours.get(format!("f:{key}")).is_some_and(|ours| owns(value, ours)))
        }
        Value::Array(list) => list.iter().all(|item| {
            entries(ours)
                .find(|(_, _, keys)| has_keys(item, keys))
                .map(|(_, ours, _)| owns(item, ours))
                .unwrap_or_else(|| {
                    ours.as_object().is_some_and(|all| all.keys().any(|name| is_value(name, item)))
                })
        }),
        _ => false,
    }
}

/// What `fieldsV1` has below a field; all of it is owned where nothing is told apart any more.
fn below<'a>(fields: &'a Value, name: &str) -> Option<&'a Value> {
    if is_leaf(fields) { Some(fields) } else { fields.get(name) }
}

fn is_leaf(fields: &Value) -> bool {
    fields.as_object().is_none_or(Map::is_empty)
}

/// The items of a list with keys: `k:{"name":"web"}`, what is below it, and its keys.
fn entries(fields: &Value) -> impl Iterator<Item = (&str, &Value, Map<String, Value>)> {
    fields.as_object().into_iter().flatten().filter_map(|(name, below)| {
        Some((name.as_str(), below, serde_json::from_str(name.strip_prefix("k:")?).ok()?))
    })
}

/// A key that is left out has the value that the server puts there.
fn has_keys(item: &Value, keys: &Map<String, Value>) -> bool {
    keys.iter().all(|(key, value)| match item.get(key) {
        Some(own) => own == value,
        None => list_key_default(key).is_some_and(|default| *value == default),
    })
}

fn is_value(name: &str, item: &Value) -> bool {
    name.strip_prefix("v:").and_then(|text| serde_json::from_str::<Value>(text).ok()).as_ref() == Some(item)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::managed::FIELD_MANAGER;
    use super::*;

    /// A Deployment whose fields are somebody's, and which fields of it are ours.
    #[allow(clippy::needless_pass_by_value, reason = "it is made where it is handed over")]
    fn deployment(spec: Value, ours: Value) -> Value {
        let entry = json!({"manager": FIELD_MANAGER, "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": ours});
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec, "metadata": {
            "name": "web", "namespace": "a", "labels": {"app": "web"}, "uid": "u", "managedFields": [entry]}})
    }

    #[allow(clippy::needless_pass_by_value, reason = "it is made where it is handed over")]
    fn manifest(spec: Value) -> Value {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "spec": spec,
            "metadata": {"name": "web", "namespace": "a", "labels": {"app": "web"}}})
    }

    /// Container `web` with an image and an environment, and two ports with one number.
    fn spec(replicas: u64, image: &str, level: &str) -> Value {
        json!({"replicas": replicas, "template": {"spec": {"nodeSelector": {"zone": "a"}, "containers": [{
            "name": "web", "image": image, "env": [{"name": "A", "value": "1"}, {"name": "LEVEL", "value": level}],
            "ports": [{"containerPort": 53, "protocol": "TCP"}, {"containerPort": 53, "protocol": "UDP"}]}]}}})
    }

    /// All fields of such a manifest, as the API server writes them.
    fn whole() -> Value {
        let port = |protocol: &str| format!("k:{{\"containerPort\":53,\"protocol\":\"{protocol}\"}}");
        json!({"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {}, "f:template": {"f:spec": {
            "f:nodeSelector": {},
            "f:containers": {"k:{\"name\":\"web\"}": {".": {}, "f:name": {}, "f:image": {},
                "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}},
                          "k:{\"name\":\"LEVEL\"}": {".": {}, "f:name": {}, "f:value": {}}},
                "f:ports": {port("TCP"): {".": {}, "f:containerPort": {}, "f:protocol": {}},
                            port("UDP"): {".": {}, "f:containerPort": {}, "f:protocol": {}}}}}}}}})
    }

    #[test]
    fn only_what_changes_is_sent_with_the_keys_of_its_items() {
        let live = deployment(spec(2, "nginx:1", "info"), json!({}));
        let would = deployment(spec(2, "nginx:1", "debug"), whole());
        let sent = part(&manifest(spec(2, "nginx:1", "debug")), &live, &would).unwrap();
        assert_eq!(
            sent,
            json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "a"},
                "spec": {"template": {"spec": {"containers": [
                    {"name": "web", "env": [{"name": "LEVEL", "value": "debug"}]}]}}}})
        );
        let nothing = deployment(spec(2, "nginx:1", "info"), whole());
        let sent = part(&manifest(spec(2, "nginx:1", "info")), &live, &nothing).unwrap();
        assert_eq!(sent["metadata"], json!({"name": "web", "namespace": "a"}));
        assert_eq!(sent.get("spec"), None);
    }

    #[test]
    fn what_is_ours_is_sent_again_since_an_apply_removes_what_it_leaves_out() {
        let ours = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
            ".": {}, "f:name": {}, "f:env": {"k:{\"name\":\"A\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}});
        let live = deployment(spec(2, "nginx:1", "info"), ours);
        let would = deployment(spec(2, "nginx:2", "info"), whole());
        let sent = part(&manifest(spec(2, "nginx:2", "info")), &live, &would).unwrap();
        assert_eq!(
            sent["spec"]["template"]["spec"]["containers"],
            json!([{"name": "web", "image": "nginx:2", "env": [{"name": "A", "value": "1"}]}])
        );
        assert_eq!(sent["spec"].get("replicas"), None);
    }

    #[test]
    fn an_item_that_we_have_nothing_left_in_is_let_go() {
        let ours = json!({"f:spec": {"f:template": {"f:spec": {"f:containers": {"k:{\"name\":\"web\"}": {
            ".": {}, "f:name": {}, "f:env": {"k:{\"name\":\"GONE\"}": {".": {}, "f:name": {}, "f:value": {}}}}}}}}});
        let live = deployment(spec(2, "nginx:1", "info"), ours);
        let wanted = spec(2, "nginx:1", "info");
        let sent = part(&manifest(wanted.clone()), &live, &deployment(wanted, whole())).unwrap();
        assert_eq!(sent.get("spec"), None);
    }

    #[test]
    fn a_value_that_the_server_spells_differently_is_no_change() {
        let (live, would) =
            (deployment(json!({"replicas": 2}), json!({})), deployment(json!({"replicas": 2}), whole()));
        let sent = part(&manifest(json!({"replicas": 2.0})), &live, &would).unwrap();
        assert_eq!(sent.get("spec"), None);
    }

    #[test]
    fn what_goes_as_a_whole_is_sent_as_a_whole() {
        let mut changed = spec(2, "nginx:1", "info");
        changed["template"]["spec"]["nodeSelector"] = json!({"zone": "a", "disk": "ssd"});
        let live = deployment(spec(2, "nginx:1", "info"), json!({}));
        let sent = part(&manifest(changed.clone()), &live, &deployment(changed, whole())).unwrap();
        assert_eq!(
            sent["spec"],
            json!({"template": {"spec": {"nodeSelector": {"zone": "a", "disk": "ssd"}}}})
        );
    }

    #[test]
    fn a_key_that_is_left_out_is_the_servers_default() {
        let mut wanted = spec(2, "nginx:1", "info");
        wanted["template"]["spec"]["containers"][0]["ports"] =
            json!([{"containerPort": 53, "name": "dns"}, {"containerPort": 53, "protocol": "UDP"}]);
        let mut after = spec(2, "nginx:1", "info");
        after["template"]["spec"]["containers"][0]["ports"][0]["name"] = json!("dns");
        let mut fields = whole();
        let web = "/f:spec/f:template/f:spec/f:containers/k:{\"name\":\"web\"}/f:ports";
        fields.pointer_mut(web).unwrap()["k:{\"containerPort\":53,\"protocol\":\"TCP\"}"]["f:name"] =
            json!({});
        let live = deployment(spec(2, "nginx:1", "info"), json!({}));
        let sent = part(&manifest(wanted), &live, &deployment(after, fields)).unwrap();
        assert_eq!(
            sent["spec"]["template"]["spec"]["containers"],
            json!([{"name": "web", "ports": [{"containerPort": 53, "name": "dns"}]}])
        );
    }

    #[test]
    fn of_a_set_only_new_values_are_sent() {
        let with = |list: Value, ours: Value| {
            let mut object = deployment(json!({}), ours);
            object["metadata"]["finalizers"] = list;
            object
        };
        let mut wanted = manifest(json!({}));
        wanted["metadata"]["finalizers"] = json!(["a/x", "b/y"]);
        let fields = json!({"f:metadata": {"f:finalizers": {"v:\"a/x\"": {}, "v:\"b/y\"": {}}, "f:labels": {"f:app": {}}}});
        let (live, would) = (with(json!(["a/x"]), json!({})), with(json!(["a/x", "b/y"]), fields));
        assert_eq!(part(&wanted, &live, &would).unwrap()["metadata"]["finalizers"], json!(["b/y"]));
    }

    #[test]
    fn where_it_cannot_be_told_there_is_no_part() {
        let (live, would) = (deployment(json!({}), json!({})), deployment(json!({}), whole()));
        let other = |mut object: Value| {
            object["metadata"]["managedFields"][0]["apiVersion"] = json!("apps/v1beta1");
            object
        };
        assert_eq!(part(&manifest(json!({})), &other(live.clone()), &would), None);
        assert_eq!(part(&manifest(json!({})), &live, &other(would)), None);
    }

    #[test]
    fn all_is_ours_only_where_every_field_is() {
        let wanted = manifest(spec(2, "nginx:1", "info"));
        assert!(owns_all(&wanted, &deployment(spec(2, "nginx:1", "info"), whole())));
        let mut less = whole();
        less["f:spec"].as_object_mut().unwrap().shift_remove("f:replicas");
        assert!(!owns_all(&wanted, &deployment(spec(2, "nginx:1", "info"), less)));
        let mut more = wanted;
        more["metadata"]["annotations"] = json!({"a": "b"});
        assert!(!owns_all(&more, &deployment(spec(2, "nginx:1", "info"), whole())));
    }
}
