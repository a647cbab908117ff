//! What the one who starts a component holds, and the words for how it may go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use stacklab_machine::service::{ZipkinRole, ZipkinSpec};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::model::{CollectorCounts, Counters};
use crate::settings::SettingError;
use crate::{collector, query, web};

/// How long a clean stop may take; what is not done then is cut off.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// Exit code of a Java process that got SIGTERM.
const TERMINATED: i32 = 143;

/// Takes the lines of a component's log. Called on the runtime's threads: it must not block.
pub type LogSink = Arc<dyn Fn(String) + Send + Sync>;

/// What becomes of a Kafka message that cannot be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadMessage {
    /// It is counted and skipped: zipkin-server 1.14.1.
    #[default]
    Skip,
    /// It ends the consuming thread while the process lives on: zipkin-collector-service 1.14.1.
    StopThread,
}

/// When Cassandra must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StorageAtStart {
    /// At the first use: zipkin-server 1.14.1.
    #[default]
    Lazy,
    /// At once, or the process ends: the separate services 1.14.1.
    Required,
}

/// What a specification does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What becomes of an undecodable message.
    pub bad_message: BadMessage,
    /// When Cassandra must be there.
    pub storage_at_start: StorageAtStart,
    /// How often the collector writes its offsets to ZooKeeper: 10 s in zipkin-collector-service, 60 s in
    /// zipkin-server.
    pub auto_commit: Duration,
    /// Seed of the buckets (0 to 9) into which index rows go.
    pub seed: u64,
    /// The web UI's files by path below the root, `index.html` among them; our own page without.
    pub pages: Option<Pages>,
}

/// Static files, by path below the root.
pub type Pages = Arc<BTreeMap<String, Vec<u8>>>;

impl Default for Options {
    fn default() -> Self {
        Self {
            bad_message: BadMessage::default(),
            storage_at_start: StorageAtStart::default(),
            auto_commit: Duration::from_secs(10),
            seed: 0,
            pages: None,
        }
    }
}

/// Why a component did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting cannot be used.
    #[error(transparent)]
    Setting(#[from] SettingError),
    /// A port is taken, or the address is not one of this host.
    #[error("cannot bind the {port} port {address}: {source}")]
    Bind {
        /// Which: `query`, `web`, `collector`, `collector-admin`, `query-admin`, `web-admin`.
        port: &'static str,
        /// `host:port`.
        address: String,
        /// What the system said.
        source: std::io::Error,
    },
}

/// How a component ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// 143 after [`Handle::stop`], as for every Java process that gets SIGTERM; 1 if it died by itself.
    pub code: i32,
    /// Its last words; empty after a stop.
    pub message: String,
}

/// A running component. Dropping it is a kill: its sockets close, its ZooKeeper session is left to expire.
#[derive(Debug)]
pub struct Handle {
    addresses: BTreeMap<&'static str, SocketAddr>,
    life: Life,
    tasks: JoinSet<()>,
    /// Goes with the handle, which tells the tasks that are not in the set.
    _alive: watch::Sender<()>,
}

/// Starts the component that the specification names, on its host. Returns when its ports are bound, which is not
/// when Kafka and Cassandra are reached: ask `/health`.
pub async fn start(spec: &ZipkinSpec, options: Options, log: LogSink) -> Result<Handle, StartError> {
    let alive = watch::Sender::new(());
    let mut starting = Starting {
        host: spec.host.clone(),
        addresses: BTreeMap::new(),
        life: Life::new(log, alive.subscribe()),
        tasks: JoinSet::new(),
    };
    match spec.role {
        ZipkinRole::Collector => collector::start(spec, options, &mut starting).await?,
        ZipkinRole::Query => query::start(spec, options, &mut starting).await?,
        ZipkinRole::Web => web::start(spec, options, &mut starting).await?,
    }
    let Starting { addresses, life, tasks, .. } = starting;
    Ok(Handle { addresses, life, tasks, _alive: alive })
}

impl Handle {
    /// Where it listens, by port: `query`, `web`, `collector`, `collector-admin`, `query-admin`, `web-admin`.
    pub fn addresses(&self) -> &BTreeMap<&'static str, SocketAddr> {
        &self.addresses
    }

    /// What was counted of the spans that came in, by transport: `kafka`, `http`.
    pub fn counters(&self) -> BTreeMap<&'static str, CollectorCounts> {
        self.life.counters.snapshot()
    }

    /// Stops it: offsets are committed, sessions closed. At most 10 s.
    pub async fn stop(mut self) -> Exit {
        self.life.stop.send_replace(true);
        // What has not ended in time is cut off when the set goes.
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(STOP_TIMEOUT, ended).await;
        let stopped = Exit { code: TERMINATED, message: String::new() };
        self.life.exit.borrow().clone().unwrap_or(stopped)
    }

    /// Waits until it ends by itself. May be awaited again, and by several.
    pub async fn exited(&self) -> Exit {
        let mut exit = self.life.exit.subscribe();
        match exit.wait_for(Option::is_some).await.map(|exit| exit.clone()) {
            Ok(Some(exit)) => exit,
            // The sender lives as long as this handle: it cannot be gone.
            _ => std::future::pending().await,
        }
    }
}

/// What all tasks of a component share.
#[derive(Clone)]
pub(crate) struct Life {
    pub(crate) counters: Arc<Counters>,
    log: LogSink,
    stop: watch::Sender<bool>,
    exit: watch::Sender<Option<Exit>>,
    alive: watch::Receiver<()>,
}

impl std::fmt::Debug for Life {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Life").field("exit", &*self.exit.borrow()).finish_non_exhaustive()
    }
}

impl Life {
    fn new(log: LogSink, alive: watch::Receiver<()>) -> Self {
        Self {
            counters: Arc::new(Counters::default()),
            log,
            stop: watch::Sender::new(false),
            exit: watch::Sender::new(None),
            alive,
        }
    }

    /// A line of the log.
    pub(crate) fn log(&self, line: impl Into<String>) {
        (self.log)(line.into());
    }

    /// Ends the component by itself, with exit code 1.
    pub(crate) fn die(&self, message: String) {
        self.log(message.clone());
        self.exit.send_if_modified(|exit| {
            let first = exit.is_none();
            if first {
                *exit = Some(Exit { code: 1, message });
            }
            first
        });
        self.stop.send_replace(true);
    }

    /// Waits until the component is to end or has been killed: for what runs outside the component's own tasks.
    pub(crate) async fn gone(&self) {
        let mut alive = self.alive.clone();
        tokio::select! {
            () = self.stopping() => {}
            // Nothing is ever sent: this ends when the handle is dropped.
            _ = alive.changed() => {}
        }
    }

    /// Waits until the component is to end.
    pub(crate) async fn stopping(&self) {
        // An error means that the sender is gone, which it cannot be while `self` holds it.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }
}

/// A component on its way up.
#[derive(Debug)]
pub(crate) struct Starting {
    host: String,
    addresses: BTreeMap<&'static str, SocketAddr>,
    pub(crate) life: Life,
    tasks: JoinSet<()>,
}

impl Starting {
    /// Binds a port on the component's host.
    pub(crate) async fn bind(&mut self, port: &'static str, number: u16) -> Result<TcpListener, StartError> {
        let address = format!("{}:{number}", self.host);
        let failed = |source| StartError::Bind { port, address: address.clone(), source };
        let listener = TcpListener::bind(&address).await.map_err(failed)?;
        self.addresses.insert(port, listener.local_addr().map_err(failed)?);
        Ok(listener)
    }

    /// Runs a task until it ends or the component does.
    pub(crate) fn run(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        let life = self.life.clone();
        self.tasks.spawn(async move {
            tokio::select! {
                () = life.stopping() => {}
                () = task => {}
            }
        });
    }

    /// Runs a task that ends in its own time when the component is to end.
    pub(crate) fn run_to_end(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }
}
