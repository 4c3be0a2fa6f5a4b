//! The one runtime of this program, and the way from blocking calls into it. Nobody else spawns tasks.

use std::future::Future;

use tokio::runtime::{Builder, Handle};
use tokio::task::JoinSet;

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

    /// Starts all of these now; what they come to is in their order.
    pub(super) fn together<T, F>(&self, all: impl IntoIterator<Item = F>) -> InOrder<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let mut tasks = JoinSet::new();
        for (place, one) in all.into_iter().enumerate() {
            tasks.spawn_on(async move { (place, one.await) }, &self.handle);
        }
        InOrder(tasks)
    }

    /// For tasks that run beside a blocking call.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

/// What was started together.
pub(super) struct InOrder<T>(JoinSet<(usize, T)>);

impl<T: 'static> InOrder<T> {
    /// Waits for all of it.
    pub(super) async fn all(mut self) -> Vec<T> {
        let mut found = Vec::new();
        while let Some(one) = self.0.join_next().await {
            found.extend(one);
        }
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, one)| one).collect()
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
