//! What a namespace holds, by name: the namespace itself and the objects of some kinds, all asked for at once.

use std::sync::Arc;

use serde_json::Value;

use super::connection::Inner;
use super::discovery::ApiResource;
use super::read::{self, Selector};
use super::transport::NAMES_ONLY;
use crate::manifest::GroupVersionKind;

/// What was found. What may not be read is left out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Existing {
    /// The namespace, in full.
    pub namespace: Option<Value>,
    /// The objects, with `apiVersion`, `kind` and `metadata`; in the order of the kinds that were asked for.
    pub objects: Vec<Value>,
}

pub(super) async fn existing(inner: &Arc<Inner>, namespace: &str, kinds: &[ApiResource]) -> Existing {
    let lists = inner.runtime.together(kinds.iter().cloned().map(|kind| {
        let (own, namespace) = (Arc::clone(inner), namespace.to_owned());
        async move { named(&own, &namespace, &kind).await }
    }));
    let kind = ApiResource::known(GroupVersionKind::new("v1", "Namespace"), "namespaces", false);
    let own = read::get(&kind, None, namespace, &inner.transport, &inner.mask).await;
    Existing { namespace: own.ok().flatten(), objects: lists.all().await.into_iter().flatten().collect() }
}

async fn named(inner: &Inner, namespace: &str, kind: &ApiResource) -> Vec<Value> {
    let all = Selector::all();
    let listed = read::list(kind, Some(namespace), &all, NAMES_ONLY, &inner.transport, &inner.mask).await;
    match listed {
        Ok(listed) => listed.items,
        Err(error) => {
            tracing::debug!(kind = kind.gvk.kind, %error, "not listed");
            Vec::new()
        }
    }
}
