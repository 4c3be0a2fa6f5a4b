//! Which cluster, which user, which namespace: kubeconfig files read and merged as kubectl does it.

use std::path::{Path, PathBuf};

use http::{HeaderName, HeaderValue};
use kube::Config;
use kube::config::{AuthInfo, Kubeconfig, KubeconfigError};

use super::error::{ClusterError, Wrong};
use super::options::ConnectOptions;
use super::proxy;
use crate::manifest::{Budget, parse_documents};
use crate::source::{self, Wrong as WrongFile};

/// The context's name where the service account of a Pod is used.
const IN_CLUSTER: &str = "in-cluster";

/// What was chosen among all that the files hold.
#[derive(Clone)]
pub(super) struct Chosen {
    /// For the client library. Its retries are on: reading may be repeated.
    pub config: Config,
    pub context: String,
    pub namespace: String,
    /// The name of the `users` entry.
    pub user: Option<String>,
    /// The program that gives credentials.
    pub plugin: Option<Plugin>,
}

/// A credential plug-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plugin {
    pub command: String,
    pub install_hint: Option<String>,
}

/// Reads the files and chooses.
///
/// # Errors
/// No file, an unreadable one, an unknown context, a file that it names and that is not there.
pub(super) fn choose(options: &ConnectOptions) -> Result<Chosen, ClusterError> {
    if options.as_user.is_none() && !options.as_groups.is_empty() {
        let why = "groups are impersonated only together with a user";
        return Err(ClusterError::new(Wrong::Kubeconfig, "cannot use --as-group", why, "add --as USER"));
    }
    let files = Files::read(options)?;
    let Some(context) = options.context.clone().or_else(|| files.merged.current_context.clone()) else {
        return if options.in_cluster { in_cluster(options) } else { Err(files.nothing_chosen()) };
    };
    let Some(named) = files.merged.contexts.iter().find(|named| named.name == context) else {
        return Err(files.unknown_context(&context));
    };
    let (user, own_namespace, cluster) = match &named.context {
        Some(found) => (found.user.clone(), found.namespace.clone(), found.cluster.clone()),
        None => (None, None, String::new()),
    };
    let mut kubeconfig = files.merged.clone();
    kubeconfig.current_context = Some(context.clone());
    let own_proxy = kubeconfig
        .clusters
        .iter()
        .find(|entry| entry.name == cluster)
        .and_then(|entry| entry.cluster.as_ref()?.proxy_url.clone());
    let mut config =
        Config::try_from(kubeconfig).map_err(|error| files.unusable(&context, &cluster, &error))?;
    config.proxy_url = proxy::choose(own_proxy.as_deref(), &config.cluster_url, options)?;
    let plugin = config.auth_info.exec.as_ref().map(|exec| Plugin {
        command: exec.command.clone().unwrap_or_default(),
        install_hint: exec.install_hint.clone(),
    });
    finish(config, context, own_namespace, user, plugin, options)
}

/// The service account that every Pod carries.
fn in_cluster(options: &ConnectOptions) -> Result<Chosen, ClusterError> {
    let config = Config::incluster().map_err(|error| {
        ClusterError::new(
            Wrong::Kubeconfig,
            "cannot use the service account of this Pod",
            &error.to_string(),
            "let the Pod mount its service account's token, or set KUBECONFIG",
        )
    })?;
    let namespace = Some(config.default_namespace.clone());
    finish(config, IN_CLUSTER.to_owned(), namespace, None, None, options)
}

fn finish(
    mut config: Config,
    context: String,
    own_namespace: Option<String>,
    user: Option<String>,
    plugin: Option<Plugin>,
    options: &ConnectOptions,
) -> Result<Chosen, ClusterError> {
    let given = |text: Option<String>| text.filter(|text| !text.is_empty());
    let namespace = given(options.namespace.clone())
        .or_else(|| given(own_namespace))
        .unwrap_or_else(|| "default".to_owned());
    config.default_namespace.clone_from(&namespace);
    config.connect_timeout = Some(options.timeouts.connect);
    // Requests have a time-out as a whole (`transport`); these two would end idle connections.
    config.read_timeout = None;
    config.write_timeout = None;
    if let Some(name) = &options.as_user {
        config.auth_info.impersonate = Some(name.clone());
        config.auth_info.impersonate_groups = Some(options.as_groups.clone());
        config.auth_info.impersonate_uid = None;
        config.auth_info.impersonate_user_extra = None;
    }
    let extra = impersonation_headers(&config.auth_info)?;
    config.headers.extend(extra);
    Ok(Chosen { config, context, namespace, user, plugin })
}

/// The headers of `as-uid` and `as-user-extra`, which the client library leaves out.
fn impersonation_headers(user: &AuthInfo) -> Result<Vec<(HeaderName, HeaderValue)>, ClusterError> {
    let mut pairs: Vec<(String, &str)> = Vec::new();
    if let Some(uid) = &user.impersonate_uid {
        pairs.push(("impersonate-uid".to_owned(), uid));
    }
    for (key, values) in user.impersonate_user_extra.iter().flatten() {
        let name = format!("impersonate-extra-{}", super::transport::encoded(&key.to_lowercase()));
        pairs.extend(values.iter().map(|value| (name.clone(), value.as_str())));
    }
    let refused = |name: &str| {
        let why = "it cannot be sent as an HTTP header";
        let what = format!("cannot impersonate with '{name}'");
        ClusterError::new(Wrong::Kubeconfig, what, why, "correct the user's entry in the kubeconfig")
    };
    pairs
        .into_iter()
        .map(|(name, value)| {
            let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| refused(&name))?;
            Ok((header, HeaderValue::from_str(value).map_err(|_| refused(&name))?))
        })
        .collect()
}

/// The kubeconfig files of one run.
struct Files {
    merged: Kubeconfig,
    /// Those that were read.
    read: Vec<PathBuf>,
    /// Those that were looked for.
    looked_for: Vec<PathBuf>,
}

impl Files {
    fn read(options: &ConnectOptions) -> Result<Self, ClusterError> {
        if let Some(path) = &options.kubeconfig {
            let what = format!("cannot read the kubeconfig {}", path.display());
            let merged = read_file(path)?.ok_or_else(|| {
                ClusterError::new(Wrong::Kubeconfig, what, "there is no such file", "check --kubeconfig")
            })?;
            let read = vec![path.clone()];
            return Ok(Self { merged, looked_for: read.clone(), read });
        }
        let looked_for = if options.kubeconfig_list.is_empty() {
            options.default_kubeconfig.iter().cloned().collect()
        } else {
            options.kubeconfig_list.clone()
        };
        let (mut merged, mut read) = (Kubeconfig::default(), Vec::new());
        for path in &looked_for {
            let Some(next) = read_file(path)? else { continue };
            merged = merged.merge(next).map_err(|error| {
                let what = format!("cannot merge the kubeconfig {}", path.display());
                ClusterError::new(Wrong::Kubeconfig, what, &error.to_string(), "check KUBECONFIG")
            })?;
            read.push(path.clone());
        }
        Ok(Self { merged, read, looked_for })
    }

    fn names(&self) -> Vec<&str> {
        self.merged.contexts.iter().map(|named| named.name.as_str()).collect()
    }

    fn list(paths: &[PathBuf]) -> String {
        let names: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        names.join(", ")
    }

    fn nothing_chosen(&self) -> ClusterError {
        let names = self.names();
        if names.is_empty() {
            let why = match (self.looked_for.as_slice(), self.read.as_slice()) {
                ([], _) => "there is no home folder to look for one in".to_owned(),
                (looked_for, []) => format!("there is no file {}", Self::list(looked_for)),
                (_, read) => format!("there is no context in {}", Self::list(read)),
            };
            let hint = "name one with --kubeconfig or KUBECONFIG; without a cluster use --to DIR";
            return ClusterError::new(Wrong::NoKubeconfig, "cannot find a kubeconfig", &why, hint);
        }
        ClusterError::new(
            Wrong::UnknownContext,
            "cannot choose a context",
            &format!("{} names no current context", Self::list(&self.read)),
            format!("add --context NAME; there are: {}", names.join(", ")),
        )
    }

    fn unknown_context(&self, asked: &str) -> ClusterError {
        let names = self.names();
        let near = names.iter().min_by_key(|name| strsim::damerau_levenshtein(asked, name));
        let near = near.filter(|name| strsim::damerau_levenshtein(asked, name) <= asked.len().div_ceil(3));
        let hint = match near {
            _ if names.is_empty() => "the files have no context at all; check --kubeconfig".to_owned(),
            Some(near) => format!("did you mean '{near}'? There are: {}", names.join(", ")),
            None => format!("there are: {}", names.join(", ")),
        };
        let place = if self.read.is_empty() {
            format!("there is no file {}", Self::list(&self.looked_for))
        } else {
            format!("{} has no such context", Self::list(&self.read))
        };
        ClusterError::new(Wrong::UnknownContext, format!("cannot use the context '{asked}'"), &place, hint)
    }

    fn unusable(&self, context: &str, cluster: &str, error: &KubeconfigError) -> ClusterError {
        let (why, hint) = match error {
            KubeconfigError::LoadClusterOfContext(_) => (
                format!("it names the cluster '{cluster}', which is not in {}", Self::list(&self.read)),
                "add the cluster to the file, or choose another context",
            ),
            KubeconfigError::LoadContext(_) => {
                ("it is empty".to_owned(), "give it a cluster and a user, or choose another context")
            }
            other => (other.to_string(), "correct the kubeconfig, or choose another context"),
        };
        ClusterError::new(Wrong::Kubeconfig, format!("cannot use the context '{context}'"), &why, hint)
    }
}

/// One file; `None` where there is none.
fn read_file(path: &Path) -> Result<Option<Kubeconfig>, ClusterError> {
    let refused = |why: &str, hint: &str| {
        let what = format!("cannot read the kubeconfig {}", path.display());
        ClusterError::new(Wrong::Kubeconfig, what, why, hint)
    };
    let budget = Budget::default();
    let limit = u64::try_from(budget.bytes).unwrap_or(u64::MAX);
    let bytes = match source::read_bytes(path, limit) {
        Ok(bytes) => bytes,
        Err(error) if error.wrong() == WrongFile::NotFound => return Ok(None),
        Err(error) => return Err(refused(&error.to_string(), "check the file and its permissions")),
    };
    // The parser's and serde's messages quote values, and a kubeconfig is made of credentials.
    let documents = parse_documents(&bytes, None, &budget).map_err(|error| {
        let why = format!("line {}, column {}: {}", error.line, error.column, unquoted(&error.message));
        refused(&why, "correct the file; `kubectl config view` shows what kubectl makes of it")
    })?;
    let mut merged = Kubeconfig::default();
    for document in documents {
        let mut next: Kubeconfig = serde_json::from_value(document.value).map_err(|error| {
            let why = format!("it is no kubeconfig: {}", unquoted(&error.to_string()));
            refused(&why, "correct the file; `kubectl config view` shows what kubectl makes of it")
        })?;
        next.current_context = next.current_context.filter(|name| !name.is_empty());
        merged = merged.merge(next).map_err(|error| refused(&error.to_string(), "correct the file"))?;
    }
    make_absolute(&mut merged, path.parent().unwrap_or(Path::new(".")));
    Ok(Some(merged))
}

/// A message without what it quotes.
fn unquoted(message: &str) -> String {
    let mut shown = String::new();
    let mut rest = message;
    while let Some(start) = rest.find(['"', '`']) {
        let quote = &rest[start..=start];
        shown.push_str(&rest[..start]);
        shown.push('…');
        // An open quote hides the rest.
        rest = rest[start + 1..].find(quote).map_or("", |end| &rest[start + 1..][end + 1..]);
    }
    shown.push_str(rest);
    shown
}

/// Paths in a kubeconfig are relative to its folder; a plug-in without a slash is looked up in PATH.
fn make_absolute(kubeconfig: &mut Kubeconfig, folder: &Path) {
    let resolve = |path: &mut Option<String>| {
        if let Some(text) = path.as_mut().filter(|text| !text.is_empty() && Path::new(text).is_relative()) {
            *text = folder.join(&text).display().to_string();
        }
    };
    for cluster in kubeconfig.clusters.iter_mut().filter_map(|named| named.cluster.as_mut()) {
        resolve(&mut cluster.certificate_authority);
    }
    for user in kubeconfig.auth_infos.iter_mut().filter_map(|named| named.auth_info.as_mut()) {
        resolve(&mut user.client_certificate);
        resolve(&mut user.client_key);
        resolve(&mut user.token_file);
        if let Some(exec) = &mut user.exec
            && exec.command.as_ref().is_some_and(|command| command.contains(std::path::MAIN_SEPARATOR))
        {
            resolve(&mut exec.command);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::masked::MaskKey;

    const FILE: &str = "
apiVersion: v1
kind: Config
current-context: lab
contexts:
- {name: lab, context: {cluster: lab, user: me, namespace: team-a}}
- {name: plain, context: {cluster: lab, user: me}}
clusters: [{name: lab, cluster: {server: 'https://10.0.0.1:6443'}}]
users:
- name: me
  user: {token: hunter2, as: mira, as-uid: u-1, as-groups: [g], as-user-extra: {Scopes/X: [a, b]}}
";

    fn options(text: &str) -> (tempfile::TempDir, ConnectOptions) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        std::fs::write(&file, text).unwrap();
        let options = ConnectOptions { kubeconfig: Some(file), ..ConnectOptions::new(MaskKey::new([0; 32])) };
        (folder, options)
    }

    #[test]
    fn a_flag_comes_before_the_context_and_the_context_before_default() {
        let (_folder, mut options) = options(FILE);
        assert_eq!(choose(&options).ok().unwrap().namespace, "team-a");
        options.namespace = Some("team-b".into());
        assert_eq!(choose(&options).ok().unwrap().namespace, "team-b");
        options.namespace = Some(String::new());
        options.context = Some("plain".into());
        let chosen = choose(&options).ok().unwrap();
        assert_eq!((chosen.namespace.as_str(), chosen.context.as_str()), ("default", "plain"));
        assert_eq!(chosen.user.as_deref(), Some("me"));
    }

    #[test]
    fn impersonation_of_the_file_is_whole_and_a_flag_replaces_all_of_it() {
        let (_folder, mut options) = options(FILE);
        let chosen = choose(&options).ok().unwrap();
        let mut headers: Vec<String> =
            chosen.config.headers.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
        headers.sort();
        let expected = [
            "impersonate-extra-scopes%2fx=\"a\"",
            "impersonate-extra-scopes%2fx=\"b\"",
            "impersonate-uid=\"u-1\"",
        ];
        assert_eq!(headers, expected);
        options.as_user = Some("other".into());
        let chosen = choose(&options).ok().unwrap();
        assert_eq!(chosen.config.auth_info.impersonate.as_deref(), Some("other"));
        assert_eq!(chosen.config.auth_info.impersonate_groups, Some(Vec::new()));
        assert!(chosen.config.headers.is_empty());
    }

    #[test]
    fn the_first_file_that_says_something_counts() {
        let (_folder, first) = options("current-context: plain\n");
        let (_other, second) = options(FILE);
        let mut merged = ConnectOptions::new(MaskKey::new([0; 32]));
        merged.kubeconfig_list =
            vec![PathBuf::from("/nonexistent"), first.kubeconfig.unwrap(), second.kubeconfig.unwrap()];
        assert_eq!(choose(&merged).ok().unwrap().context, "plain");
    }

    #[test]
    fn paths_are_relative_to_the_files_folder() {
        let mut kubeconfig: Kubeconfig = serde_json::from_value(serde_json::json!({
            "clusters": [{"name": "c", "cluster": {"certificate-authority": "ca.crt"}}],
            "users": [{"name": "a", "user": {"client-key": "/abs/key", "exec": {"command": "./login"}}},
                      {"name": "b", "user": {"tokenFile": "token", "exec": {"command": "login"}}}],
        }))
        .unwrap();
        make_absolute(&mut kubeconfig, Path::new("/home/me/.kube"));
        let shown = serde_json::to_string(&kubeconfig).unwrap();
        for path in [
            "/home/me/.kube/ca.crt",
            "\"/abs/key\"",
            "/home/me/.kube/./login",
            "/home/me/.kube/token",
            "\"login\"",
        ] {
            assert!(shown.contains(path), "'{path}' is not in {shown}");
        }
    }

    #[test]
    fn messages_do_not_quote() {
        assert_eq!(
            unquoted("invalid type: string \"hunter2\", expected a map"),
            "invalid type: string …, expected a map"
        );
        assert_eq!(unquoted("unknown alias `hunter2`"), "unknown alias …");
        assert_eq!(unquoted("open \"hunter2 to the end"), "open …");
    }
}
