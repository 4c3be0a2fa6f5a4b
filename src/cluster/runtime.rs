//! The one runtime of this program, and the way from blocking calls into it. Nobody else spawns tasks.

use std::future::Future;

use tokio::runtime::{Builder, Handle};

use super::error::{ClusterError, Wrong};

/// One worker thread that keeps connections alive; calls block the thread that makes them.
pub(super) struct Runtime {
    inner: Option<tokio::runtime::Runtime>,
    handle: Handle,
}

impl Runtime {
    /// Starts the worker.
    pub(super) fn start() -> Result<Self, ClusterError> {
        let started = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("cluster")
            .enable_io()
            .enable_time()
            .build();
        let inner = started.map_err(|error| {
            let hint = "free some memory, or raise the limit of threads (ulimit -u)";
            ClusterError::new(Wrong::Internal, "cannot start the network", &error.to_string(), hint)
        })?;
        Ok(Self { handle: inner.handle().clone(), inner: Some(inner) })
    }

    /// Runs a future to its end on the calling thread. The future has a time-out of its own.
    pub(super) fn block<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle.block_on(future)
    }

    /// For tasks that run beside a blocking call.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A credential plug-in that still waits for a person must not keep the program alive.
        if let Some(inner) = self.inner.take() {
            inner.shutdown_background();
        }
    }
}
