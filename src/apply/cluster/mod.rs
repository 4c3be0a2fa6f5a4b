//! The cluster as a target (design D8 to D11): plan by the API server's own dry-run, write what was confirmed, follow it.

mod fingerprint;
mod follow;
mod managed;
mod plan;
mod refusal;
mod server;
mod share;
mod write;

pub use follow::{Followed, Standing, Unready};

use serde_json::Value;

use refusal::refused;
use server::{Run, Server};

use crate::apply::digest::sha256;
use crate::apply::error::ApplyError;
use crate::apply::plan::{Action, ClusterId, Plan, TargetId};
use crate::cluster::Connection;
use crate::diff::{MaskKey, mask};
use crate::manifest::{canonical, normalize};

/// A cluster that is planned against and written to, as one person with one context.
pub struct ClusterTarget {
    connection: Connection,
    id: ClusterId,
    /// What Secret values are masked with: the fingerprint of a Secret holds none in plain.
    key: MaskKey,
}

impl ClusterTarget {
    /// A target over a connection that is open; `key` masks Secret values.
    ///
    /// # Errors
    /// The server does not say which cluster it is.
    pub fn new(connection: Connection, key: MaskKey) -> Result<Self, ApplyError> {
        let identity = connection.identity(connection.namespace())?;
        let text = canonical(&serde_json::json!(identity));
        let id = ClusterId {
            cluster: connection.server().to_owned(),
            identity: sha256(text.as_bytes()),
            context: connection.context().to_owned(),
            namespace: connection.namespace().to_owned(),
            user: connection.user().name.clone(),
        };
        Ok(Self { connection, id, key })
    }

    /// Which cluster, and who asks.
    pub fn id(&self) -> TargetId {
        TargetId::Cluster(self.id.clone())
    }

    /// The connection, for reading.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Whether a plan is for this cluster, namespace and user.
    ///
    /// # Errors
    /// [`ApplyError::OtherTarget`], with the first difference.
    pub fn accepts(&self, plan: &Plan) -> Result<(), ApplyError> {
        let other = |plan: String, here: String| Err(ApplyError::OtherTarget { plan, here });
        match &plan.target {
            TargetId::Folder { dir } => other(dir.clone(), self.id().to_string()),
            // What tells one cluster from another may be readable to one user and not to the next: users first.
            TargetId::Cluster(id) if id.user != self.id.user => {
                other(format!("user {}", id.user), format!("user {}", self.id.user))
            }
            TargetId::Cluster(id) if id.namespace != self.id.namespace => {
                other(format!("namespace {}", id.namespace), format!("namespace {}", self.id.namespace))
            }
            TargetId::Cluster(id) if id.cluster != self.id.cluster || id.identity != self.id.identity => {
                other(
                    format!("cluster {} ({})", id.cluster, short(&id.identity)),
                    format!("cluster {} ({})", self.id.cluster, short(&self.id.identity)),
                )
            }
            TargetId::Cluster(_) => Ok(()),
        }
    }

    /// Fills in what a plan that was kept in a file does not hold: the live objects and what they would become, to be
    /// shown again.
    ///
    /// # Errors
    /// [`ApplyError::Stale`]: nobody is asked about a plan that cannot be carried out any more. What the server says.
    pub fn look_again(&self, plan: &mut Plan) -> Result<(), ApplyError> {
        self.compare(plan)?;
        let server = Server::new(&self.connection);
        for change in &mut plan.changes {
            let Some(body) = &change.body else { continue };
            let Some(live) = self.live(&change.object)? else { continue };
            let after = if change.action == Action::Change {
                let resource = self.connection.resource(&change.object.gvk())?;
                let answer = server.apply(&resource, body, Run::Dry);
                answer.map_err(|error| refused(&change.object, &error))?.object
            } else {
                live.clone()
            };
            change.shown = Some(Box::new((self.shown(&live), self.shown(&after))));
        }
        Ok(())
    }

    /// An object of the server as it is shown to people: without Secret values, and without what the server keeps about it.
    fn shown(&self, object: &Value) -> Value {
        let mut object = mask(object, &self.key);
        normalize(&mut object);
        object
    }
}

/// The first digits of a hash, to be told apart by people.
fn short(hash: &str) -> &str {
    let end = hash.len().min("sha256:".len() + 12);
    hash.get(..end).unwrap_or(hash)
}
