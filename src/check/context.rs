//! What objects are judged by, and what is known around them.

use serde_json::Value;

use crate::cancel::Cancel;
use crate::manifest::{GroupVersionKind, ObjectKey};
use crate::policy::{Inventory, PolicySet, Resource, User};
use crate::schema::SchemaSet;

/// What objects are judged by. Build it once and use it for many checks.
#[derive(Clone, Copy)]
pub struct CheckContext<'a> {
    /// What the API server accepts.
    pub schemas: &'a SchemaSet,
    /// The policies in force.
    pub policies: &'a PolicySet,
    /// Who asks, as policies see it.
    pub user: &'a User,
    /// What the target holds: an object that is there is changed, not created, and policies see it as `oldObject`. A
    /// Namespace among them is the one that policies and selectors look at.
    pub existing: &'a [Value],
    /// Whether the target holds nothing else: policies that compare objects are incomplete where it may.
    pub knows_all: bool,
    /// What such policies compare with; `None` for what the target holds and the objects that are checked together.
    pub inventory: Option<&'a Inventory>,
    /// Ends the check early: what was not looked at by then is incomplete.
    pub cancel: Option<&'a Cancel>,
}

impl<'a> CheckContext<'a> {
    /// A target in which nothing is known to exist.
    pub fn new(schemas: &'a SchemaSet, policies: &'a PolicySet, user: &'a User) -> Self {
        Self { schemas, policies, user, existing: &[], knows_all: false, inventory: None, cancel: None }
    }

    /// The same with the objects of the target.
    #[must_use]
    pub fn with_existing(self, existing: &'a [Value]) -> Self {
        Self { existing, ..self }
    }

    /// The same where the target holds nothing else.
    #[must_use]
    pub fn knowing_all(self, knows_all: bool) -> Self {
        Self { knows_all, ..self }
    }

    /// The same with what policies that compare objects compare with.
    #[must_use]
    pub fn with_inventory(self, inventory: Option<&'a Inventory>) -> Self {
        Self { inventory, ..self }
    }

    /// The same, ended by a stop.
    #[must_use]
    pub fn until(self, cancel: Option<&'a Cancel>) -> Self {
        Self { cancel, ..self }
    }

    /// The object of the target that has this identity, whatever its version.
    pub(super) fn old(&self, key: &ObjectKey) -> Option<&'a Value> {
        let kind = key.gvk();
        self.existing.iter().find(|object| {
            let known = ObjectKey::of(object);
            let other = known.gvk();
            (&other.group, &other.kind) == (&kind.group, &kind.kind)
                && (&known.namespace, &known.name) == (&key.namespace, &key.name)
                && !known.name.is_empty()
        })
    }

    /// The Namespace of that name, in the target or among the objects that are checked together.
    pub(super) fn namespace(&self, name: &str, objects: &'a [Value]) -> Option<&'a Value> {
        objects.iter().chain(self.existing).find(|object| {
            let key = ObjectKey::of(object);
            key.kind == "Namespace" && key.api_version == "v1" && key.name == name
        })
    }

    /// The resource of a kind: by its schema, else by English plurals.
    pub(super) fn resource(&self, kind: &GroupVersionKind) -> Resource {
        match self.schemas.kind(kind) {
            Some(known) => Resource { plural: known.info.plural.clone(), namespaced: known.info.namespaced },
            None => Resource::guess(kind),
        }
    }
}
