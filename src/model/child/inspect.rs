//! What can be asked of a child beside forms: what its file says of itself, and how fast it runs.

use super::process::Failure;
use super::protocol::{Reply, Request};
use super::{ChildModel, ended, start};
use crate::model::inspect::{Description, Throughput};
use crate::model::{Cancel, ModelError};

impl ChildModel {
    /// What the file says of itself.
    ///
    /// # Errors
    /// [`ModelError::Died`], [`ModelError::Cancelled`].
    pub fn describe(&mut self, cancel: &Cancel) -> Result<Description, ModelError> {
        match self.ask(&Request::Describe, cancel)? {
            Reply::Described(description) => Ok(*description),
            other => Err(self.unexpected(other)),
        }
    }

    /// How fast it reads and writes.
    ///
    /// # Errors
    /// As [`ChildModel::describe`].
    pub fn measure(&mut self, cancel: &Cancel) -> Result<Throughput, ModelError> {
        match self.ask(&Request::Measure, cancel)? {
            Reply::Measured(throughput) => Ok(throughput),
            other => Err(self.unexpected(other)),
        }
    }

    /// Only a child that answered is kept; dropping any other ends it.
    fn ask(&mut self, request: &Request, cancel: &Cancel) -> Result<Reply, ModelError> {
        let mut process = match self.process.take() {
            Some(process) => process,
            None => start(&self.executable, &self.load, cancel)?.0,
        };
        let reply = process.send(request).and_then(|()| process.receive(cancel));
        let reply = reply.map_err(|failure: Failure| ended(&self.load, process.id(), failure))?;
        self.process = Some(process);
        Ok(reply)
    }

    fn unexpected(&mut self, reply: Reply) -> ModelError {
        match reply {
            Reply::Failed(problem) => problem.into(),
            _ => {
                self.process = None;
                ModelError::Invalid("the model's process answered with something else".to_owned())
            }
        }
    }
}
