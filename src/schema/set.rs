//! The kinds of one Kubernetes minor, of the CustomResourceDefinitions added to it, and of a server that was asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bundle::{self, Bundle};
use super::crd::{self, CustomKind};
use super::error::SchemaError;
use super::kinds::{KindInfo, KindSchema};
use super::live::Live;
use super::node::{Node, Schema};
use crate::manifest::{GroupVersionKind, Manifest};

/// What an API server accepts. Cheap to clone; nothing is parsed before it is asked for.
#[derive(Debug, Clone)]
pub struct SchemaSet {
    bundle: Arc<Bundle>,
    custom: Arc<BTreeMap<GroupVersionKind, Arc<CustomKind>>>,
    live: Arc<Live>,
}

impl SchemaSet {
    /// The built-in kinds of a Kubernetes minor, given as `1.36`, `v1.36` or `1.36.3`; the newest bundled minor for
    /// `None`.
    ///
    /// # Errors
    /// [`SchemaError::UnknownMinor`] where that minor is not bundled, [`SchemaError::Damaged`] where the build is broken.
    pub fn bundled(minor: Option<&str>) -> Result<Self, SchemaError> {
        Ok(Self { bundle: bundle::open(minor)?, custom: Arc::default(), live: Arc::default() })
    }

    /// The bundled minors, oldest first.
    pub fn minors() -> Vec<&'static str> {
        bundle::minors()
    }

    /// The minor of this set, e.g. `1.36`.
    pub fn minor(&self) -> &str {
        self.bundle.minor()
    }

    /// The same set with every served version of the CustomResourceDefinitions among the manifests; other manifests
    /// are passed over, so that an installation file can be given as it is. A later definition of the same kind wins.
    ///
    /// # Errors
    /// [`SchemaError::CustomResource`] for a definition that cannot be used; the set itself is left as it was.
    pub fn with_crds(&self, manifests: &[Manifest]) -> Result<Self, SchemaError> {
        let mut custom = BTreeMap::clone(&self.custom);
        for manifest in manifests {
            for kind in crd::kinds_of(manifest)? {
                custom.insert(kind.info.gvk.clone(), Arc::new(kind));
            }
        }
        Ok(Self { custom: Arc::new(custom), ..self.clone() })
    }

    /// The same set, with what a server publishes about some group versions in place of what was known about them: its
    /// OpenAPI v3 documents, each with its group version (`v1`, `apps/v1`). Kinds of these group versions that the
    /// server does not have are gone. Documents that were given before are forgotten.
    ///
    /// # Errors
    /// [`SchemaError::OpenApi`] for a document that cannot be read; the set itself is left as it was.
    pub fn with_openapi_v3(&self, documents: &[(&str, &[u8])]) -> Result<Self, SchemaError> {
        Ok(Self { live: Arc::new(Live::read(documents, &self.bundle)?), ..self.clone() })
    }

    /// A kind with its schema; `None` where the set does not know it. A built-in kind cannot be redefined; what a
    /// server publishes comes before everything else.
    pub fn kind(&self, gvk: &GroupVersionKind) -> Option<KindSchema<'_>> {
        if let Some(info) = self.live.kinds.get(gvk) {
            let schema = self.component(&info.component)?;
            return Some(KindSchema { info, node: Node::new(self, schema) });
        }
        if self.live.speaks_of(gvk) {
            return None;
        }
        if let Some(info) = self.bundle.kinds.get(gvk) {
            let schema = self.component(&info.component)?;
            return Some(KindSchema { info, node: Node::new(self, schema) });
        }
        let custom = self.custom.get(gvk)?;
        Some(KindSchema { info: &custom.info, node: Node::new(self, &custom.schema) })
    }

    /// The kinds that a person's word names (kind, plural, singular or short name, in any case, `.group` may follow),
    /// the one most likely meant first.
    pub fn find_kind(&self, word: &str) -> Vec<&KindInfo> {
        let mut found: Vec<&KindInfo> = self.kinds().filter(|info| info.is_named(word)).collect();
        found.sort_by(|one, other| one.preference(other));
        found
    }

    /// All kinds: those that a server publishes, then built-in ones, then custom ones, each part in the order of group,
    /// version and kind.
    pub fn kinds(&self) -> impl Iterator<Item = &KindInfo> {
        let others = self.bundle.kinds.values().chain(self.custom.values().map(|custom| &custom.info));
        self.live.kinds.values().chain(others.filter(|info| !self.live.speaks_of(&info.gvk)))
    }

    /// Whether a server publishes this kind, so that it is switched on there.
    pub(super) fn is_live(&self, gvk: &GroupVersionKind) -> bool {
        self.live.kinds.contains_key(gvk)
    }

    /// Whether the schema of a custom kind has CEL rules, which are not evaluated here.
    pub(super) fn has_rules(&self, gvk: &GroupVersionKind) -> bool {
        self.live.has_rules(gvk) || self.custom.get(gvk).is_some_and(|custom| custom.has_rules)
    }

    /// A component by name, published ones before bundled ones.
    pub(super) fn component(&self, name: &str) -> Option<&Schema> {
        self.live.component(name).or_else(|| self.bundle.component(name))
    }

    /// Names of all bundled components.
    #[cfg(test)]
    pub(super) fn component_names(&self) -> impl Iterator<Item = &str> {
        self.bundle.component_names()
    }
}
