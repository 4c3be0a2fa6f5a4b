//! The facts of a cluster around one namespace, read at once, with what could not be read.

use serde_json::Value;

use super::connection::{Connection, Inner};
use super::discovery::ApiResource;
use super::error::{ClusterError, Wrong};
use super::facts::{LocalQueue, Node, PodUse, Quota, text};
use super::read::{self, Selector};
use super::transport::{JSON, NAMES_ONLY};
use crate::finding::{Finding, Severity};
use crate::manifest::{GroupVersionKind, ObjectKey};

/// What is known of a cluster. `None` means *not known*: it may not be read, or there is more than is read. It never
/// means that there is nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Snapshot {
    /// The namespace that it was read for.
    pub namespace: String,
    /// Whether that namespace exists.
    pub namespace_exists: Option<bool>,
    /// All namespaces.
    pub namespaces: Option<Vec<String>>,
    /// All storage classes.
    pub storage_classes: Option<Vec<String>>,
    /// The storage class of claims that name none.
    pub default_storage_class: Option<String>,
    /// All priority classes.
    pub priority_classes: Option<Vec<String>>,
    /// All nodes.
    pub nodes: Option<Vec<Node>>,
    /// The Pods of all namespaces that have not ended.
    pub pods: Option<Vec<PodUse>>,
    /// Those of the namespace, where those of all may not be read.
    pub own_pods: Option<Vec<PodUse>>,
    /// The quotas of the namespace.
    pub quotas: Option<Vec<Quota>>,
    /// The PersistentVolumeClaims of the namespace.
    pub claims: Option<Vec<String>>,
    /// The Kueue queues of the namespace; empty where Kueue is not installed.
    pub queues: Option<Vec<LocalQueue>>,
    /// One warning for each source that could not be read.
    pub warnings: Vec<Finding>,
}

impl Snapshot {
    /// Reads everything at once.
    ///
    /// # Errors
    /// The server does not answer, or does not know us any more. What may not be read is a warning.
    pub fn read(connection: &Connection, namespace: &str) -> Result<Self, ClusterError> {
        let inner = connection.inner();
        inner.runtime.block(read(inner, namespace))
    }

    /// The Pods of the namespace that have not ended, however they are known.
    pub fn pods_of_namespace(&self) -> Option<Vec<&PodUse>> {
        match (&self.pods, &self.own_pods) {
            (Some(all), _) => Some(all.iter().filter(|pod| pod.namespace == self.namespace).collect()),
            (None, own) => own.as_ref().map(|own| own.iter().collect()),
        }
    }

    /// The GPU products that nodes are labelled with, each once, sorted.
    pub fn gpu_products(&self) -> Vec<String> {
        let nodes = self.nodes.iter().flatten();
        let mut products: Vec<String> = nodes.filter_map(Node::gpu_product).map(str::to_owned).collect();
        products.sort();
        products.dedup();
        products
    }
}

/// Where a fact comes from, and what its absence means to a person.
struct Source {
    resource: ApiResource,
    /// In words, for the warning.
    name: &'static str,
    without: &'static str,
}

/// A kind that every server has: `v1`, `Node`, `nodes`.
fn cluster_scoped(api_version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::known(GroupVersionKind::new(api_version, kind), plural, false)
}

fn namespaced(api_version: &str, kind: &str, plural: &str) -> ApiResource {
    ApiResource::known(GroupVersionKind::new(api_version, kind), plural, true)
}

/// The answer of one source: what it has, or why it may not be known.
type Answer<T> = Result<Result<Vec<T>, Finding>, ClusterError>;

async fn read(inner: &Inner, namespace: &str) -> Result<Snapshot, ClusterError> {
    let own = Some(namespace);
    let live = Selector::fields("status.phase!=Succeeded,status.phase!=Failed");
    let all = Selector::all();
    let nodes = Source {
        resource: cluster_scoped("v1", "Node", "nodes"),
        name: "nodes of the cluster",
        without: "what fits on which node is not known",
    };
    let pods = Source {
        resource: namespaced("v1", "Pod", "pods"),
        name: "pods of all namespaces",
        without: "what is free on nodes is not known",
    };
    let quotas = Source {
        resource: namespaced("v1", "ResourceQuota", "resourcequotas"),
        name: "quotas of the namespace",
        without: "what the namespace may still use is not known",
    };
    let spaces = Source {
        resource: cluster_scoped("v1", "Namespace", "namespaces"),
        name: "namespaces of the cluster",
        without: "they cannot be offered or checked by name",
    };
    let claims = Source {
        resource: namespaced("v1", "PersistentVolumeClaim", "persistentvolumeclaims"),
        name: "volume claims of the namespace",
        without: "they cannot be offered by name",
    };
    let classes = Source {
        resource: cluster_scoped("storage.k8s.io/v1", "StorageClass", "storageclasses"),
        name: "storage classes",
        without: "they are not offered",
    };
    let priorities = Source {
        resource: cluster_scoped("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses"),
        name: "priority classes",
        without: "they are not offered",
    };
    let (exists, nodes, all_pods, quotas, spaces, claims, classes, priorities, queues) = tokio::join!(
        namespace_exists(inner, namespace),
        take(inner, &nodes, None, &all, JSON, |node| Some(Node::of(node))),
        take(inner, &pods, None, &live, JSON, PodUse::of),
        take(inner, &quotas, own, &all, JSON, |quota| Some(Quota::of(quota))),
        take(inner, &spaces, None, &all, NAMES_ONLY, name),
        take(inner, &claims, own, &all, NAMES_ONLY, name),
        take(inner, &classes, None, &all, JSON, |class| Some((
            text(class, "/metadata/name"),
            is_default(class)
        ))),
        take(inner, &priorities, None, &all, NAMES_ONLY, name),
        queues(inner, namespace),
    );
    let own_pods = match &all_pods {
        // Of those that they may see, a person still learns who holds their quota. That these are not known either
        // says nothing that the first warning does not.
        Ok(Err(_)) => take(inner, &pods, own, &live, JSON, PodUse::of).await?.ok(),
        _ => None,
    };
    let mut warnings = Vec::new();
    let classes = known(classes, &mut warnings)?;
    let default = classes.iter().flatten().find(|(_, default)| *default).map(|(name, _)| name.clone());
    Ok(Snapshot {
        namespace: namespace.to_owned(),
        namespace_exists: exists?,
        nodes: known(nodes, &mut warnings)?,
        pods: known(all_pods, &mut warnings)?,
        own_pods,
        quotas: known(quotas, &mut warnings)?,
        namespaces: known(spaces, &mut warnings)?,
        claims: known(claims, &mut warnings)?,
        priority_classes: known(priorities, &mut warnings)?,
        queues: known(queues, &mut warnings)?,
        default_storage_class: default,
        storage_classes: classes.map(|classes| classes.into_iter().map(|(name, _)| name).collect()),
        warnings,
    })
}

/// The answer, with its warning put to the others.
fn known<T>(answer: Answer<T>, warnings: &mut Vec<Finding>) -> Result<Option<Vec<T>>, ClusterError> {
    Ok(match answer? {
        Ok(list) => Some(list),
        Err(warning) => {
            warnings.push(warning);
            None
        }
    })
}

/// One source. Only a server that is gone, or does not know us, is an error: everything else is less knowledge.
async fn take<T>(
    inner: &Inner,
    source: &Source,
    namespace: Option<&str>,
    selector: &Selector,
    accept: &str,
    of: impl Fn(&Value) -> Option<T>,
) -> Answer<T> {
    let mut found = Vec::new();
    let transport = &inner.transport;
    let take = |item: Value| found.extend(of(&item));
    match read::each(&source.resource, namespace, selector, accept, transport, take).await {
        Ok(true) => Ok(Ok(found)),
        Ok(false) => Ok(Err(warning(source, namespace, "there are more than are read"))),
        Err(error) => match error.wrong() {
            Wrong::Forbidden | Wrong::NotServed | Wrong::TooLarge | Wrong::Answer(_) => {
                Ok(Err(warning(source, namespace, &error.to_string())))
            }
            _ => Err(error),
        },
    }
}

fn warning(source: &Source, namespace: Option<&str>, why: &str) -> Finding {
    let object = ObjectKey {
        api_version: source.resource.gvk.api_version(),
        kind: source.resource.gvk.kind.clone(),
        namespace: namespace.map(str::to_owned),
        name: String::new(),
    };
    let message = format!("the {} are not known, so {}: {why}", source.name, source.without);
    Finding::new("cluster-not-readable", Severity::Warning, object, "", message).with_hint(
        "nothing is guessed in their place; ask the cluster's administrators for the right to list them",
    )
}

async fn namespace_exists(inner: &Inner, namespace: &str) -> Result<Option<bool>, ClusterError> {
    let resource = cluster_scoped("v1", "Namespace", "namespaces");
    match read::get(&resource, None, namespace, &inner.transport, &inner.mask).await {
        Ok(found) => Ok(Some(found.is_some())),
        Err(error) if matches!(error.wrong(), Wrong::Forbidden | Wrong::Answer(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The queues, in whatever version Kueue serves; none where it is not installed.
async fn queues(inner: &Inner, namespace: &str) -> Answer<LocalQueue> {
    const GROUP: &str = "kueue.x-k8s.io";
    let Some(version) = inner.discovery.preferred(GROUP, &inner.transport).await? else {
        return Ok(Ok(Vec::new()));
    };
    let source = Source {
        resource: namespaced(&format!("{GROUP}/{version}"), "LocalQueue", "localqueues"),
        name: "queues of the namespace",
        without: "they cannot be offered by name",
    };
    take(inner, &source, Some(namespace), &Selector::all(), JSON, |queue| Some(LocalQueue::of(queue))).await
}

fn name(object: &Value) -> Option<String> {
    Some(text(object, "/metadata/name")).filter(|name| !name.is_empty())
}

/// By today's annotation or the one before it: the API server goes by both.
fn is_default(class: &Value) -> bool {
    let annotations = class.pointer("/metadata/annotations");
    ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"]
        .into_iter()
        .filter_map(|name| annotations?.get(name)?.as_str())
        .any(|value| value == "true")
}
