//! Which cluster kubectl would speak to: the kubeconfig files, their contexts and the current one. No network; what a
//! cluster itself says is a [`ClusterProbe`]'s business.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{Check, Status};
use crate::manifest::{Budget, parse_value};
use crate::source;

const NAME: &str = "kubeconfig";

/// Contexts that are named.
const NAMED: usize = 8;

/// What the kubeconfig files come to, merged as kubectl merges them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kubeconfig {
    /// The files that are there, in order.
    pub files: Vec<PathBuf>,
    /// Names of the contexts.
    pub contexts: Vec<String>,
    /// The current context, where one is set.
    pub current: Option<String>,
    /// Of the current context: the API server's URL.
    pub server: Option<String>,
    /// Of the current context: the namespace; `default` where none is set.
    pub namespace: Option<String>,
    /// Of the current context: the name of the user entry.
    pub user: Option<String>,
}

/// Asks a cluster: server, version, user, rights. Called only where there is a usable current context.
pub trait ClusterProbe {
    /// What the cluster says, each with what to do next. Has deadlines of its own.
    fn checks(&self, kubeconfig: &Kubeconfig) -> Vec<Check>;
}

/// Asks no cluster.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCluster;

impl ClusterProbe for NoCluster {
    fn checks(&self, _: &Kubeconfig) -> Vec<Check> {
        Vec::new()
    }
}

/// The kubeconfig, the current context, and what the cluster says.
pub(super) fn checks(candidates: &[PathBuf], cluster: &dyn ClusterProbe) -> Vec<Check> {
    let files: Vec<PathBuf> = candidates.iter().filter(|file| file.exists()).cloned().collect();
    if files.is_empty() {
        let names: Vec<String> = candidates.iter().map(|file| file.display().to_string()).collect();
        let looked = if names.is_empty() { "no home folder".to_owned() } else { names.join(", ") };
        return vec![
            Check::new(NAME, Status::Warn, format!("none ({looked}): requests go to the target folder"))
                .hint("for a cluster, set KUBECONFIG or put its file at ~/.kube/config"),
        ];
    }
    let mut values = Vec::new();
    for file in &files {
        match read(file) {
            Ok(value) => values.push(value),
            Err(check) => return vec![check],
        }
    }
    let merged = merge(files, &values);
    let mut checks = vec![contexts(&merged)];
    match context(&merged, &values) {
        Ok(check) => {
            checks.push(check);
            checks.extend(cluster.checks(&merged));
        }
        Err(check) => checks.push(check),
    }
    checks
}

/// Reads one file. There are credentials in it, so that the parser's reason, which quotes the text, is not shown.
fn read(file: &Path) -> Result<Value, Check> {
    let shown = file.display();
    let text = source::read_text(file).map_err(|error| {
        Check::new(NAME, Status::Fail, error.to_string()).hint("check the file's permissions")
    })?;
    let value = parse_value(text.as_bytes(), None, &Budget::default()).map_err(|error| {
        let detail = format!("{shown}:{}:{} does not parse as YAML", error.line, error.column);
        Check::new(NAME, Status::Fail, detail).hint(
            "correct the file, or fetch it again (the reason is not shown: there are credentials in it)",
        )
    })?;
    if value.is_object() || value.is_null() {
        return Ok(value);
    }
    Err(Check::new(NAME, Status::Fail, format!("{shown} is no kubeconfig: it is no map"))
        .hint("set KUBECONFIG to the right file"))
}

/// The first file that says something wins.
fn merge(files: Vec<PathBuf>, values: &[Value]) -> Kubeconfig {
    let mut merged = Kubeconfig { files, ..Kubeconfig::default() };
    for entry in values.iter().flat_map(|value| entries(value, "contexts")) {
        if let Some(name) = entry.get("name").and_then(Value::as_str)
            && !merged.contexts.iter().any(|known| known == name)
        {
            merged.contexts.push(name.to_owned());
        }
    }
    let current = values.iter().filter_map(|value| value.get("current-context").and_then(Value::as_str));
    merged.current = current.map(str::to_owned).find(|name| !name.is_empty());
    let Some(current) = merged.current.clone() else { return merged };
    let field = |name: &str| {
        named(values, "contexts", &current)?.pointer(&format!("/context/{name}"))?.as_str().map(str::to_owned)
    };
    merged.user = field("user");
    merged.namespace = field("namespace");
    merged.server = field("cluster").and_then(|cluster| {
        named(values, "clusters", &cluster)?.pointer("/cluster/server")?.as_str().map(without_password)
    });
    merged
}

/// A URL without what may stand before an `@`.
fn without_password(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

fn entries<'v>(value: &'v Value, list: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(list).and_then(Value::as_array).into_iter().flatten()
}

fn named<'v>(values: &'v [Value], list: &str, name: &str) -> Option<&'v Value> {
    values
        .iter()
        .flat_map(|value| entries(value, list))
        .find(|entry| entry.get("name").and_then(Value::as_str) == Some(name))
}

fn contexts(merged: &Kubeconfig) -> Check {
    let files: Vec<String> = merged.files.iter().map(|file| file.display().to_string()).collect();
    let mut names = merged.contexts.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if merged.contexts.len() > NAMED {
        names.push_str(", …");
    }
    let detail = match merged.contexts.len() {
        0 => format!("{}: no contexts", files.join(", ")),
        1 => format!("{}: 1 context: {names}", files.join(", ")),
        count => format!("{}: {count} contexts: {names}", files.join(", ")),
    };
    let open = merged.files.iter().find(|file| source::mode(file).is_some_and(|mode| mode & 0o077 != 0));
    match open {
        Some(file) => Check::new(NAME, Status::Warn, format!("{detail}; others may read {}", file.display()))
            .hint(format!("there are credentials in it: chmod 600 {}", file.display())),
        None => Check::new(NAME, Status::Ok, detail),
    }
}

/// The current context, with its entries.
fn context(merged: &Kubeconfig, values: &[Value]) -> Result<Check, Check> {
    const NAME: &str = "context";
    let Some(current) = &merged.current else {
        return Err(Check::new(
            NAME,
            Status::Warn,
            "no current context is set: requests go to the target folder",
        )
        .hint("kubectl config use-context NAME"));
    };
    if !merged.contexts.contains(current) {
        return Err(Check::new(
            NAME,
            Status::Fail,
            format!("the current context '{current}' is none of the contexts"),
        )
        .hint("kubectl config use-context NAME"));
    }
    let Some(server) = &merged.server else {
        return Err(Check::new(
            NAME,
            Status::Fail,
            format!("the context '{current}' names no cluster with a server"),
        )
        .hint("correct `cluster` of the context, or fetch the kubeconfig again"));
    };
    if let Some(user) = &merged.user
        && named(values, "users", user).is_none()
    {
        return Err(Check::new(
            NAME,
            Status::Fail,
            format!("the context '{current}' names the user '{user}', who is not there"),
        )
        .hint("correct `user` of the context, or fetch the kubeconfig again"));
    }
    let namespace = merged.namespace.as_deref().unwrap_or("default");
    Ok(Check::new(NAME, Status::Ok, format!("{current}: {server}, namespace {namespace}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "current-context: lab
contexts:
- {name: lab, context: {cluster: one, user: jane, namespace: team-a}}
- {name: other, context: {cluster: two, user: jane}}
clusters:
- {name: one, cluster: {server: 'https://jane:hunter2@lab.example.com:6443'}}
users:
- {name: jane, user: {token: hunter2}}
";

    fn found(text: &str) -> Vec<Check> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        source::write_private(&file, text.as_bytes()).unwrap();
        checks(&[folder.path().join("absent"), file], &NoCluster)
    }

    #[test]
    fn contexts_and_the_current_one() {
        let checks = found(CONFIG);
        assert!(checks.iter().all(|check| check.status == Status::Ok), "{checks:?}");
        assert!(checks[0].detail.ends_with("2 contexts: lab, other"), "{checks:?}");
        assert_eq!(checks[1].detail, "lab: https://lab.example.com:6443, namespace team-a");
    }

    #[test]
    fn what_does_not_fit_together_fails() {
        for (text, status, detail) in [
            (CONFIG.replace("current-context: lab", "current-context: gone"), Status::Fail, "'gone' is none"),
            (CONFIG.replace("current-context: lab\n", ""), Status::Warn, "no current context"),
            (
                CONFIG.replace("name: one, cluster", "name: 1st, cluster"),
                Status::Fail,
                "no cluster with a server",
            ),
            (CONFIG.replace("- {name: jane", "- {name: joe"), Status::Fail, "'jane', who is not there"),
        ] {
            let checks = found(&text);
            assert_eq!(checks[1].status, status, "{checks:?}");
            assert!(checks[1].detail.contains(detail) && checks[1].hint.is_some(), "{checks:?}");
        }
    }

    #[test]
    fn a_broken_file_is_named_without_its_text() {
        let checks = found("users:\n- {name: jane, user: {token: hunter2\n");
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0].status, Status::Fail);
        assert!(checks[0].detail.contains("does not parse") && !format!("{checks:?}").contains("hunter2"));
    }

    #[test]
    fn a_probe_is_asked_only_where_there_is_a_context() {
        struct Probe;
        impl ClusterProbe for Probe {
            fn checks(&self, kubeconfig: &Kubeconfig) -> Vec<Check> {
                vec![Check::new("server", Status::Ok, kubeconfig.server.clone().unwrap())]
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let asked = |text: &str| {
            source::write_private(&file, text.as_bytes()).unwrap();
            checks(std::slice::from_ref(&file), &Probe).iter().any(|check| check.name == "server")
        };
        assert!(asked(CONFIG));
        assert!(!asked(&CONFIG.replace("current-context: lab", "current-context: gone")));
    }
}
