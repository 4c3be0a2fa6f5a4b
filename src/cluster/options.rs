//! What a connection is opened with. Flags and environment are read by the command line and end here.

use std::path::PathBuf;
use std::time::Duration;

use crate::manifest::masked::MaskKey;

/// How long things may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until a connection stands.
    pub connect: Duration,
    /// The first answer of a server.
    pub first: Duration,
    /// Every other request, its answer included.
    pub request: Duration,
    /// Until credentials are there: a plug-in may wait for a person and a browser.
    pub credentials: Duration,
}

impl Default for Timeouts {
    /// 5 s, 10 s, 30 s, 3 min.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first: Duration::from_secs(10),
            request: Duration::from_secs(30),
            credentials: Duration::from_secs(180),
        }
    }
}

/// How to reach a cluster, as kubectl is told: flags before environment before the files' own words.
/// Not `Debug`: a proxy's address may hold a password.
#[derive(Clone)]
pub struct ConnectOptions {
    /// `--kubeconfig`: this file alone.
    pub kubeconfig: Option<PathBuf>,
    /// The files of `KUBECONFIG`, in order; those that are not there are passed over. Empty where it is not set.
    pub kubeconfig_list: Vec<PathBuf>,
    /// `~/.kube/config`, read where neither of the above is given. It need not be there.
    pub default_kubeconfig: Option<PathBuf>,
    /// `KUBERNETES_SERVICE_HOST` is set: this may be a Pod, and its service account is used where there is no
    /// kubeconfig.
    pub in_cluster: bool,
    /// `--context`; the files' current context where absent.
    pub context: Option<String>,
    /// `--namespace`; the context's namespace where absent.
    pub namespace: Option<String>,
    /// `--as`.
    pub as_user: Option<String>,
    /// `--as-group`; only together with `as_user`.
    pub as_groups: Vec<String>,
    /// `HTTPS_PROXY`, used where the kubeconfig names no proxy and `no_proxy` does not name the server.
    pub https_proxy: Option<String>,
    /// `NO_PROXY`.
    pub no_proxy: Option<String>,
    /// How long things may take.
    pub timeouts: Timeouts,
    /// Folder for what can be read again (schemas); nothing is kept where absent.
    pub cache_dir: Option<PathBuf>,
    /// The key of masked Secret values.
    pub mask: MaskKey,
}

impl ConnectOptions {
    /// Nothing is known yet: no file, no flag.
    pub fn new(mask: MaskKey) -> Self {
        Self {
            kubeconfig: None,
            kubeconfig_list: Vec::new(),
            default_kubeconfig: None,
            in_cluster: false,
            context: None,
            namespace: None,
            as_user: None,
            as_groups: Vec::new(),
            https_proxy: None,
            no_proxy: None,
            timeouts: Timeouts::default(),
            cache_dir: None,
            mask,
        }
    }
}
