//! Which cluster this is, and as whom it is read.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::error::{ClusterError, Wrong};
use super::transport::{JSON, Transport, encoded};

/// What tells one cluster (and one namespace in it) from another. A plan is bound to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterIdentity {
    /// The server's address.
    pub server: String,
    /// `sha256:` and the hash of the certificate authorities that are trusted; absent where the system's are, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// The target namespace.
    pub namespace: String,
    /// Its uid; absent where there is no such namespace or it may not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_uid: Option<String>,
    /// The uid of `kube-system`, which lives as long as the cluster; absent where it may not be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kube_system_uid: Option<String>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UserIdentity {
    /// The name that policies and RBAC see; of the kubeconfig's `users` entry where `confirmed` is false.
    pub name: String,
    /// Groups; empty where `confirmed` is false.
    pub groups: Vec<String>,
    /// Whether the server said so.
    pub confirmed: bool,
}

/// The server's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// As the server writes it, e.g. `v1.36.3`.
    pub git_version: String,
    /// E.g. `1.36`.
    pub minor: String,
}

impl ServerVersion {
    fn of(answer: &Value) -> Option<Self> {
        let git_version = answer.get("gitVersion")?.as_str()?.to_owned();
        let mut parts = git_version.trim_start_matches('v').split(['.', '-', '+']);
        let minor = format!("{}.{}", parts.next()?, parts.next()?);
        Some(Self { git_version, minor })
    }
}

/// `sha256:` and the hash over all certificates (DER).
pub(super) fn hash_of_authorities(certificates: Option<&[Vec<u8>]>) -> Option<String> {
    let mut hash = Sha256::new();
    for certificate in certificates.filter(|list| !list.is_empty())? {
        hash.update(certificate.len().to_be_bytes());
        hash.update(certificate);
    }
    let hex: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(format!("sha256:{hex}"))
}

/// The server's version; `None` where it does not tell this caller.
pub(super) async fn version(transport: &Transport) -> Result<Option<ServerVersion>, ClusterError> {
    let what = format!("cannot use context '{}'", transport.context);
    match transport.read("/version", JSON, &what).await {
        Ok(answer) => Ok(ServerVersion::of(&answer)),
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who the server takes the caller for; the kubeconfig's word where the server does not answer that. To act as somebody
/// else (`impersonated`) without the right to is an error.
pub(super) async fn user(
    transport: &Transport,
    impersonated: Option<&str>,
    fallback: Option<&str>,
) -> Result<UserIdentity, ClusterError> {
    let review = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    let what = match impersonated {
        Some(name) => format!("cannot act as '{name}' with context '{}'", transport.context),
        None => format!("cannot use context '{}'", transport.context),
    };
    let path = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
    match transport.ask(path, &review, &what).await {
        Ok(answer) => Ok(user_of(&answer, fallback)),
        Err(error) if error.is_forbidden() && impersonated.is_some() => Err(error),
        Err(error) if matches!(error.wrong(), Wrong::Forbidden | Wrong::Answer(404)) => {
            Ok(unconfirmed(fallback))
        }
        Err(error) => Err(error),
    }
}

fn user_of(answer: &Value, fallback: Option<&str>) -> UserIdentity {
    let info = answer.pointer("/status/userInfo");
    let name = info.and_then(|info| info.get("username")?.as_str()).unwrap_or_default();
    if name.is_empty() {
        return unconfirmed(fallback);
    }
    let groups = info.and_then(|info| info.get("groups")?.as_array()).into_iter().flatten();
    UserIdentity {
        name: name.to_owned(),
        groups: groups.filter_map(Value::as_str).map(str::to_owned).collect(),
        confirmed: true,
    }
}

fn unconfirmed(fallback: Option<&str>) -> UserIdentity {
    UserIdentity { name: fallback.unwrap_or("unknown").to_owned(), groups: Vec::new(), confirmed: false }
}

/// The uid of a namespace; `None` where there is none or it may not be read.
pub(super) async fn namespace_uid(name: &str, transport: &Transport) -> Result<Option<String>, ClusterError> {
    let what = format!("cannot read Namespace/{name}");
    let path = format!("/api/v1/namespaces/{}", encoded(name));
    match transport.find(&path, &what).await {
        Ok(found) => {
            let uid = found.as_ref().and_then(|namespace| namespace.pointer("/metadata/uid")?.as_str());
            Ok(uid.map(str::to_owned))
        }
        Err(error) if error.is_forbidden() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_vendors_have_a_minor_too() {
        for (git, minor) in [("v1.36.3", "1.36"), ("v1.34.1-gke.1200", "1.34"), ("v1.35+abc", "1.35")] {
            let version = ServerVersion::of(&json!({"gitVersion": git})).unwrap();
            assert_eq!((version.git_version.as_str(), version.minor.as_str()), (git, minor));
        }
        assert_eq!(ServerVersion::of(&json!({"gitVersion": "odd"})), None);
    }

    #[test]
    fn the_users_name_is_marked_where_it_is_only_the_files() {
        let answer = json!({"status": {"userInfo": {"username": "alice", "groups": ["researchers"]}}});
        let user = user_of(&answer, Some("entry"));
        assert_eq!((user.name.as_str(), user.confirmed), ("alice", true));
        let user = user_of(&json!({}), Some("entry"));
        assert_eq!((user.name.as_str(), user.confirmed), ("entry", false));
    }

    #[test]
    fn two_authorities_are_not_one_cut_elsewhere() {
        let one = hash_of_authorities(Some(&[vec![1, 2], vec![3]]));
        let two = hash_of_authorities(Some(&[vec![1], vec![2, 3]]));
        assert_ne!(one, two);
        assert!(one.unwrap().starts_with("sha256:"));
        assert_eq!(hash_of_authorities(None), None);
        assert_eq!(hash_of_authorities(Some(&[])), None);
    }
}
