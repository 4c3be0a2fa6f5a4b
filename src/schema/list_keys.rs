//! How the entries of a list are told apart.

use super::set::SchemaSet;
use crate::manifest::GroupVersionKind;

impl SchemaSet {
    /// The fields that tell the entries of the list at a JSON pointer apart (`x-kubernetes-list-map-keys`): `name` for
    /// `/spec/template/spec/containers` of a Deployment. `None` for a list that is replaced as a whole or is a set, and
    /// for what the schema does not know.
    pub fn list_keys(&self, gvk: &GroupVersionKind, pointer: &str) -> Option<Vec<String>> {
        let node = self.kind(gvk)?.node.at(pointer)?;
        [node.site(), node.schema()]
            .into_iter()
            .find(|schema| schema.list_type.as_deref() == Some("map") && !schema.list_map_keys.is_empty())
            .map(|schema| schema.list_map_keys.clone())
    }
}
