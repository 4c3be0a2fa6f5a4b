//! An open connection: one cluster, one user, one namespace. It reads and cannot write.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use kube::client::Body;
use serde_json::Value;

use super::access::{self, Access, Ask, Rules};
use super::discovery::{ApiResource, Discovery};
use super::error::{ClusterError, Wrong};
use super::existing::{self, Existing};
use super::identity::{self, ClusterIdentity, ServerVersion, UserIdentity};
use super::kubeconfig::{self, Chosen};
use super::openapi::{self, OpenApiDocument};
use super::options::ConnectOptions;
use super::policies::{self, ClusterPolicies};
use super::read::{self, Listed, Selector};
use super::runtime::Runtime;
use super::transport::{self, Answer, JSON, NAMES_ONLY, Transport};
use crate::manifest::GroupVersionKind;
use crate::manifest::masked::MaskKey;

/// A cluster that answered. Cheap to clone; may be used from several threads.
#[derive(Clone)]
pub struct Connection {
    inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) transport: Transport,
    pub(super) discovery: Discovery,
    pub(super) mask: MaskKey,
    pub(super) runtime: Runtime,
    cache_dir: Option<PathBuf>,
    namespace: String,
    authorities: Option<String>,
    user: UserIdentity,
    version: Option<ServerVersion>,
}

impl Connection {
    /// Chooses a context as kubectl does, gets credentials, and asks the server who it is and who we are.
    ///
    /// # Errors
    /// No or an unusable kubeconfig, an unknown context, a credential plug-in that fails, a server that cannot be
    /// reached or does not accept the credentials. Each says what was attempted, on what, why, and what to do.
    pub fn open(options: &ConnectOptions) -> Result<Self, ClusterError> {
        let chosen = kubeconfig::choose(options)?;
        let runtime = Runtime::start()?;
        let server = address(&chosen.config.cluster_url);
        let authorities = identity::hash_of_authorities(
            chosen.config.root_cert.as_deref().filter(|_| !chosen.config.accept_invalid_certs),
        );
        let client = client(&chosen, options, &runtime)?;
        let transport =
            Transport { client, server, context: chosen.context.clone(), limit: options.timeouts.request };
        let impersonated = chosen.config.auth_info.impersonate.as_deref();
        let fallback = impersonated.or(chosen.user.as_deref());
        let first = Transport { limit: options.timeouts.first, ..transport.clone() };
        let (version, user) = runtime.block(async {
            tokio::join!(identity::version(&first), identity::user(&first, impersonated, fallback))
        });
        Ok(Self {
            inner: Arc::new(Inner {
                version: version?,
                user: user?,
                transport,
                discovery: Discovery::default(),
                mask: options.mask.clone(),
                runtime,
                cache_dir: options.cache_dir.clone(),
                namespace: chosen.namespace,
                authorities,
            }),
        })
    }

    /// Name of the context, `in-cluster` for the service account of a Pod.
    pub fn context(&self) -> &str {
        &self.inner.transport.context
    }

    /// The namespace of `--namespace`, else of the context, else `default`.
    pub fn namespace(&self) -> &str {
        &self.inner.namespace
    }

    /// The server's address.
    pub fn server(&self) -> &str {
        &self.inner.transport.server
    }

    /// Who we are to the server, impersonation included.
    pub fn user(&self) -> &UserIdentity {
        &self.inner.user
    }

    /// The server's version; `None` where it does not tell us.
    pub fn server_version(&self) -> Option<&ServerVersion> {
        self.inner.version.as_ref()
    }

    /// What a plan for this namespace is bound to. Read anew at every call.
    ///
    /// # Errors
    /// The server does not answer. That something may not be read is no error: it is absent.
    pub fn identity(&self, namespace: &str) -> Result<ClusterIdentity, ClusterError> {
        let transport = &self.inner.transport;
        let (own, system) = self.inner.runtime.block(async {
            tokio::join!(
                identity::namespace_uid(namespace, transport),
                identity::namespace_uid("kube-system", transport)
            )
        });
        Ok(ClusterIdentity {
            server: transport.server.clone(),
            ca: self.inner.authorities.clone(),
            namespace: namespace.to_owned(),
            namespace_uid: own?,
            kube_system_uid: system?,
        })
    }

    /// How the server serves a kind.
    ///
    /// # Errors
    /// [`Wrong::NotServed`], or the server does not answer.
    pub fn resource(&self, gvk: &GroupVersionKind) -> Result<ApiResource, ClusterError> {
        self.inner.runtime.block(self.inner.discovery.resource(gvk, &self.inner.transport))
    }

    /// One object, secret values masked; `None` where there is none. Without a namespace, objects of a namespaced
    /// kind are looked for in [`Connection::namespace`].
    ///
    /// # Errors
    /// The kind is not served, the object may not be read, the server does not answer.
    pub fn get(
        &self,
        gvk: &GroupVersionKind,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, ClusterError> {
        let Inner { transport, discovery, mask, runtime, .. } = &*self.inner;
        let namespace = namespace.or(Some(&self.inner.namespace));
        runtime.block(async {
            let resource = discovery.resource(gvk, transport).await?;
            read::get(&resource, namespace, name, transport, mask).await
        })
    }

    /// The objects of a kind, secret values masked; of all namespaces where none is given.
    ///
    /// # Errors
    /// The kind is not served, its objects may not be listed, the server does not answer.
    pub fn list(
        &self,
        gvk: &GroupVersionKind,
        namespace: Option<&str>,
        selector: &Selector,
    ) -> Result<Listed, ClusterError> {
        self.listed(gvk, namespace, selector, JSON)
    }

    /// [`Connection::list`] with nothing but `metadata` of each object.
    ///
    /// # Errors
    /// As [`Connection::list`].
    pub fn list_metadata(
        &self,
        gvk: &GroupVersionKind,
        namespace: Option<&str>,
        selector: &Selector,
    ) -> Result<Listed, ClusterError> {
        self.listed(gvk, namespace, selector, NAMES_ONLY)
    }

    fn listed(
        &self,
        gvk: &GroupVersionKind,
        namespace: Option<&str>,
        selector: &Selector,
        accept: &str,
    ) -> Result<Listed, ClusterError> {
        let Inner { transport, discovery, mask, runtime, .. } = &*self.inner;
        runtime.block(async {
            let resource = discovery.resource(gvk, transport).await?;
            read::list(&resource, namespace, selector, accept, transport, mask).await
        })
    }

    /// What is in a namespace, by name, all kinds asked at once. What may not be read is left out.
    pub fn existing(&self, namespace: &str, kinds: &[ApiResource]) -> Existing {
        self.inner.runtime.block(existing::existing(&self.inner, namespace, kinds))
    }

    /// Whether we may do something, by the server's own word.
    ///
    /// # Errors
    /// The server does not answer the question.
    pub fn may(&self, ask: &Ask) -> Result<Access, ClusterError> {
        self.inner.runtime.block(access::may(ask, &self.inner.transport))
    }

    /// All that we may do in a namespace.
    ///
    /// # Errors
    /// The server does not answer the question.
    pub fn rules(&self, namespace: &str) -> Result<Rules, ClusterError> {
        self.inner.runtime.block(access::rules(namespace, &self.inner.transport))
    }

    /// The schemas of these group versions (`v1`, `apps/v1`) as the server publishes them, from the cache where their
    /// hashes are those of before. A group version that is not served is left out.
    ///
    /// # Errors
    /// The server does not answer, or publishes no OpenAPI v3.
    pub fn schemas(&self, group_versions: &[String]) -> Result<Vec<OpenApiDocument>, ClusterError> {
        let Inner { transport, runtime, cache_dir, .. } = &*self.inner;
        let handle = runtime.handle();
        runtime.block(openapi::documents(group_versions, transport, cache_dir.as_deref(), handle))
    }

    /// The group versions that the server publishes schemas of: `v1`, `apps/v1`, `ray.io/v1`.
    ///
    /// # Errors
    /// The server does not answer, or publishes no OpenAPI v3.
    pub fn group_versions(&self) -> Result<Vec<String>, ClusterError> {
        self.inner.runtime.block(openapi::group_versions(&self.inner.transport))
    }

    /// The admission policies that are in force on the cluster, with what they take as parameters in a namespace.
    ///
    /// # Errors
    /// The server does not answer. That policies may not be read is a finding.
    pub fn policies(&self, namespace: &str) -> Result<ClusterPolicies, ClusterError> {
        self.inner.runtime.block(policies::read(namespace, &self.inner))
    }

    pub(super) fn inner(&self) -> &Inner {
        &self.inner
    }

    /// One request of any method, sent once and not repeated: for the one writer of a cluster, which
    /// `tests/it/architecture.rs` sees to. `what` is the attempt, for messages.
    pub(crate) fn exchange(&self, request: Request<Vec<u8>>, what: &str) -> Result<Answer, ClusterError> {
        let Inner { transport, runtime, .. } = &*self.inner;
        runtime.block(transport.once(request.map(Body::from), what))
    }

    /// Blocks for a while, between two looks at something that takes its time.
    pub(crate) fn pause(&self, time: Duration) {
        self.inner.runtime.block(async { tokio::time::sleep(time).await });
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("server", &self.server())
            .field("context", &self.context())
            .field("namespace", &self.namespace())
            .finish_non_exhaustive()
    }
}

/// An address without user info and without a closing slash.
fn address(uri: &http::Uri) -> String {
    let text = uri.to_string();
    let text = text.trim_end_matches('/');
    match (text.split_once("://"), uri.authority()) {
        (Some((scheme, rest)), Some(authority)) if authority.as_str().contains('@') => {
            format!("{scheme}://{}", rest.split_once('@').map_or(rest, |(_, host)| host))
        }
        _ => text.to_owned(),
    }
}

/// The client. Credential plug-ins run here, and one of them may wait for a person.
fn client(
    chosen: &Chosen,
    options: &ConnectOptions,
    runtime: &Runtime,
) -> Result<kube::Client, ClusterError> {
    let what = format!("cannot use context '{}'", chosen.context);
    let mut config = chosen.config.clone();
    // Reads are repeated in `transport`; a write must not be, and there is one client for both.
    config.default_retry = false;
    let limit = options.timeouts.credentials;
    let opened = runtime.handle().spawn_blocking(move || kube::Client::try_from(config));
    match runtime.block(async { tokio::time::timeout(limit, opened).await }) {
        Ok(Ok(Ok(client))) => Ok(client),
        Ok(Ok(Err(kube::Error::Auth(error)))) => {
            Err(transport::credentials(&error, chosen.plugin.as_ref(), &what))
        }
        Ok(Ok(Err(error))) => {
            let hint = "correct the cluster's or the user's entry in the kubeconfig";
            Err(ClusterError::new(Wrong::Kubeconfig, what, &error.to_string(), hint))
        }
        Ok(Err(error)) => {
            let hint = "run it again, and please report it";
            Err(ClusterError::new(Wrong::Internal, what, &error.to_string(), hint))
        }
        Err(_) => {
            let name = chosen.plugin.as_ref().map_or("", |plugin| plugin.command.as_str());
            let why = format!("the credential plug-in '{name}' did not end within {} s", limit.as_secs());
            let hint = "run it by hand to see what it waits for";
            Err(ClusterError::new(Wrong::TimedOut, what, &why, hint))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_shows_no_credentials() {
        for (uri, shown) in [
            ("https://127.0.0.1:6443", "https://127.0.0.1:6443"),
            ("https://a.example.com/k8s/clusters/c-1/", "https://a.example.com/k8s/clusters/c-1"),
            ("https://me:hunter2@a.example.com:6443/x", "https://a.example.com:6443/x"),
        ] {
            assert_eq!(address(&uri.parse().unwrap()), shown);
        }
    }
}
