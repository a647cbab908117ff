//! One server: its listener, its clock's waker, and its end.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{sleep, timeout};

use super::connection;
use super::ensemble::EnsembleHandle;
use super::stats::Stats;

/// Takes the lines of a server's log.
pub type LogSink = Arc<dyn Fn(String) + Send + Sync>;

/// How long a graceful stop waits for connections to take what is still for them.
const STOP_LIMIT: Duration = Duration::from_secs(2);
/// How often binding is tried again, and how long after: a killed server's listener may still be on its way out.
const BIND_TRIES: (u32, Duration) = (10, Duration::from_millis(20));

/// What a server is started with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerConfig {
    /// Its id in the ensemble (`myid`); 1 for a single one.
    pub id: u32,
    /// Where it listens; port 0 takes a free one.
    pub address: SocketAddr,
    /// How many connections it has at most; more are closed at once.
    pub max_connections: usize,
    /// `dataDir`, for those who ask: nothing is written there.
    pub data_dir: String,
}

impl ServerConfig {
    /// Server 1 at an address, with at most 1000 connections.
    pub fn new(address: SocketAddr) -> Self {
        Self { id: 1, address, max_connections: 1000, data_dir: "/tmp/zookeeper".into() }
    }

    /// The same with another id.
    #[must_use]
    pub fn with_id(self, id: u32) -> Self {
        Self { id, ..self }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be bound.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
}

/// What a server's tasks share.
pub(super) struct Shared {
    pub(super) config: ServerConfig,
    pub(super) ensemble: EnsembleHandle,
    pub(super) log: LogSink,
    stats: Mutex<Stats>,
}

impl Shared {
    pub(super) fn stats(&self) -> MutexGuard<'_, Stats> {
        self.stats.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts servers.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts a server of `ensemble`. It runs until its handle is stopped or dropped.
    ///
    /// # Errors
    /// [`StartError::Bind`].
    pub async fn start(
        mut config: ServerConfig,
        ensemble: EnsembleHandle,
        log: LogSink,
    ) -> Result<ServerHandle, StartError> {
        let listener = bind(config.address).await?;
        config.address =
            listener.local_addr().map_err(|source| StartError::Bind { address: config.address, source })?;
        log(format!("binding to port {}", config.address));
        ensemble.server_started(config.id, Arc::clone(&log));
        let shared = Arc::new(Shared { config, ensemble, log, stats: Mutex::default() });
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(listener, Arc::clone(&shared), stopped));
        Ok(ServerHandle { shared, stop, task })
    }
}

/// A running server. Dropping it kills the server: its port and its connections are gone, sessions stay.
pub struct ServerHandle {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ServerHandle").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

impl ServerHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.shared.config.address
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.shared.config.id
    }

    /// The ensemble it serves.
    pub fn ensemble(&self) -> &EnsembleHandle {
        &self.shared.ensemble
    }

    /// Stops it: no new connections, what is still to be sent is sent, then all are closed. When this returns the
    /// port is free.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        // It cannot fail but by a panic, which ends the server as well.
        let _ = (&mut self.task).await;
    }

    /// Kills it, and waits until the port is free.
    pub async fn kill(mut self) {
        self.shared.ensemble.server_stopped(self.id());
        self.task.abort();
        let _ = (&mut self.task).await;
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.ensemble.server_stopped(self.id());
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    let (tries, pause) = BIND_TRIES;
    let mut left = tries;
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return Ok(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && left > 0 => left -= 1,
            Err(source) => return Err(StartError::Bind { address, source }),
        }
        sleep(pause).await;
    }
}

async fn run(listener: TcpListener, shared: Arc<Shared>, mut stopped: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    let mut wakes = shared.ensemble.wakes();
    loop {
        let wake_at = *wakes.borrow_and_update();
        let due = wake_at.map(|at| shared.ensemble.clock().until(at));
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) if connections.len() < shared.config.max_connections => {
                    connections.spawn(connection::serve(stream, peer, Arc::clone(&shared)));
                }
                Ok((_, peer)) => (shared.log)(format!("Too many connections from /{peer}")),
                // Out of descriptors, most likely: others will be closed.
                Err(error) => {
                    (shared.log)(format!("Error accepting new connections: {error}"));
                    sleep(Duration::from_millis(50)).await;
                }
            },
            Some(_) = connections.join_next() => {}
            _ = wakes.changed() => {}
            () = sleep(due.unwrap_or_default()), if due.is_some() => shared.ensemble.wake(),
            _ = stopped.changed() => break,
        }
    }
    drop(listener);
    shared.ensemble.server_stopped(shared.config.id);
    let all = async { while connections.join_next().await.is_some() {} };
    // Who has not taken the rest by then is cut off with the set.
    let _ = timeout(STOP_LIMIT, all).await;
}
