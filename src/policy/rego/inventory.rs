//! `data.inventory`: the objects around the one that is asked about, as Gatekeeper lays them out.

use serde_json::{Map, Value};

use super::super::review::Resource;
use crate::manifest::ObjectKey;

/// Objects that policies may compare one with.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    document: Value,
    /// Whether there are no others where the object goes to.
    is_whole: bool,
}

impl Inventory {
    /// Of these objects; of two with one identity the last counts. `is_whole`: whether there are no others.
    pub fn of<'a>(objects: impl IntoIterator<Item = &'a Value>, is_whole: bool) -> Self {
        let mut inventory = Self { document: Value::Object(Map::new()), is_whole };
        for object in objects {
            put(&mut inventory.document, &place(&ObjectKey::of(object)), object);
        }
        inventory
    }

    /// Whether there are no others where the object goes to.
    pub(in crate::policy) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// The document, without one object.
    pub(in crate::policy) fn without(&self, key: &ObjectKey) -> Value {
        let mut document = self.document.clone();
        let place = place(key);
        let Some((last, above)) = place.split_last() else { return document };
        let parent = above.iter().try_fold(&mut document, |at, part| at.get_mut(part));
        if let Some(map) = parent.and_then(Value::as_object_mut) {
            map.shift_remove(last);
        }
        document
    }

    /// The document.
    pub(in crate::policy) fn document(&self) -> &Value {
        &self.document
    }
}

fn put(at: &mut Value, place: &[String], object: &Value) {
    let Some((first, rest)) = place.split_first() else {
        *at = object.clone();
        return;
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Some(map) = at.as_object_mut() {
        put(map.entry(first.clone()).or_insert(Value::Null), rest, object);
    }
}

/// `cluster/GROUP-VERSION/KIND/NAME`, or `namespace/NAMESPACE/…`.
fn place(key: &ObjectKey) -> Vec<String> {
    let rest = [key.api_version.clone(), key.kind.clone(), key.name.clone()];
    let is_namespaced = key.namespace.is_some() || Resource::guess(&key.gvk()).namespaced;
    let first = match &key.namespace {
        Some(namespace) => vec!["namespace".to_owned(), namespace.clone()],
        None if is_namespaced => vec!["namespace".to_owned(), "default".to_owned()],
        None => vec!["cluster".to_owned()],
    };
    first.into_iter().chain(rest).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn objects_lie_by_namespace_version_kind_and_name() {
        let service =
            json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "lab"}});
        let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}});
        let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}});
        let inventory = Inventory::of([&service, &node, &deployment], true);
        assert_eq!(
            inventory.document(),
            &json!({"namespace": {"lab": {"v1": {"Service": {"s": service}}},
                                  "default": {"apps/v1": {"Deployment": {"d": deployment}}}},
                    "cluster": {"v1": {"Node": {"n": node}}}})
        );
        let without = inventory.without(&ObjectKey::of(&service));
        assert_eq!(without.pointer("/namespace/lab/v1/Service"), Some(&json!({})));
    }
}
