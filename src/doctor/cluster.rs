//! What a cluster itself says: that it answers, its version, who we are there, and whether we may do what this program
//! is for.

use super::{Check, ClusterProbe, Kubeconfig, Status};
use crate::cluster::{Ask, ConnectOptions, Connection};

const NAME: &str = "cluster";

/// Verb, group and resource of what a notebook needs.
const NEEDED: &[(&str, &str, &str)] = &[
    ("create", "apps", "statefulsets"),
    ("patch", "apps", "statefulsets"),
    ("create", "", "services"),
    ("create", "", "persistentvolumeclaims"),
    ("create", "", "secrets"),
    ("create", "", "pods"),
];

/// Asks the cluster of the current context, or of the flags.
pub struct AskCluster(pub ConnectOptions);

impl ClusterProbe for AskCluster {
    fn checks(&self, _: &Kubeconfig) -> Vec<Check> {
        let connection = match Connection::open(&self.0) {
            Ok(connection) => connection,
            Err(error) => return vec![Check::new(NAME, Status::Fail, error.to_string()).hint(error.hint())],
        };
        let version =
            connection.server_version().map_or("of unknown version", |version| &version.git_version);
        let user = &connection.user().name;
        vec![
            Check::new(
                NAME,
                Status::Ok,
                format!("{} answers ({version}); you are {user}", connection.server()),
            ),
            rights(&connection),
        ]
    }
}

/// By the server's own word: what may be created in the namespace, and what may not.
fn rights(connection: &Connection) -> Check {
    const NAME: &str = "cluster-rights";
    let namespace = connection.namespace();
    let mut missing = Vec::new();
    for (verb, group, resource) in NEEDED {
        match connection.may(&Ask::new(verb, group, resource, namespace)) {
            Ok(access) if access.allowed => {}
            Ok(_) => missing.push(format!("{verb} {resource}")),
            Err(error) => return Check::new(NAME, Status::Warn, error.to_string()).hint(error.hint()),
        }
    }
    if missing.is_empty() {
        return Check::new(
            NAME,
            Status::Ok,
            format!("in namespace {namespace} you may create what a notebook needs"),
        );
    }
    Check::new(NAME, Status::Fail, format!("in namespace {namespace} you may not {}", missing.join(", ")))
        .hint("ask your platform team for a RoleBinding to `edit` there, or name another namespace with -n")
}
