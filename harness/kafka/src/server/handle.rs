//! What the one who starts a broker holds: the handle, and the words for how it may end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use stacklab_machine::{Outbox, Rng, Time};
use stacklab_zookeeper::client::ConnectString;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use super::connections::{Front, accept};
use crate::config::BrokerConfig;
use crate::model::Endpoint;
use crate::model::broker::{Broker as Machine, PartitionOffsets};
use crate::model::io::{Ending, Input, Output};
use crate::shell::{self, Shell, ShellConfig, Task, Word, now};

/// Takes the lines of a broker's log, without line ends. Called on the runtime's threads: it must not block.
pub type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

/// Why a broker did not start. Each of them ends the original's process with exit code 1.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The port is taken, or the address is not one of this host.
    #[error("Socket server failed to bind to {address}: {why}.")]
    Bind {
        /// `host:port`.
        address: String,
        /// What the system said.
        why: std::io::Error,
    },
    /// No server of `zookeeper.connect` answered in time.
    #[error("Unable to connect to zookeeper server within timeout: {0}")]
    ZooKeeperTimeout(u128),
    /// The connect string cannot be read.
    #[error("zookeeper.connect '{connect}' cannot be used: {why}")]
    Connect {
        /// The connect string.
        connect: String,
        /// What is wrong with it.
        why: String,
    },
    /// Another live broker has this id.
    #[error(
        "A broker is already registered on the path /brokers/ids/{0}. This probably indicates that you either \
         have configured a brokerid that is already in use, or else you have shutdown this broker and restarted \
         it faster than the zookeeper timeout so it appears to be re-registering."
    )]
    AlreadyRegistered(i32),
    /// Anything else that ended it before it was registered.
    #[error("{0}")]
    Ended(String),
}

/// How a broker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exit {
    /// 0 after [`BrokerHandle::stop`], 1 if it died by itself.
    pub code: i32,
    /// Its last words; empty after a stop.
    pub message: String,
}

/// Starts brokers.
#[derive(Debug)]
pub struct Broker;

impl Broker {
    /// Starts a broker and waits until it is registered, as the original's `startup` does: at most the connection
    /// timeout for ZooKeeper, and as many session timeouts more as its own former registration is still there.
    pub async fn start(config: BrokerConfig, log: LogSink) -> Result<BrokerHandle, StartError> {
        let (servers, _) = config.zookeeper();
        let connect = config.zookeeper_connect.clone();
        ConnectString::parse(&connect)
            .map_err(|error| StartError::Connect { connect, why: error.to_string() })?;
        let shell_config =
            ShellConfig { servers: servers.to_owned(), session_timeout: config.zookeeper_session_timeout };
        let (listener, address) = bind(&config).await?;
        let (id, idle) = (config.id, config.connections_max_idle);
        let port = i32::from(config.advertised_port.unwrap_or(address.port()));
        let endpoint = Endpoint { host: config.advertised_host.clone(), port };
        let request_max_bytes = config.request_max_bytes;
        // Where replicas go need not be foreseeable here: a simulation gives its own stream.
        let rng = Rng::new(now().as_micros() ^ u64::from(address.port()) << 48);
        let machine = Machine::new(config, endpoint, rng);
        let (inbox, receiver) = shell::inbox();
        let mut children = JoinSet::new();
        let front = Front { inbox: inbox.clone(), log: Arc::clone(&log), request_max_bytes, idle };
        children.spawn(accept(listener, front));
        let (words, mut heard) = mpsc::unbounded_channel();
        let (exit, exited) = watch::channel(None);
        let inputs = (inbox.clone(), receiver);
        let (leash, held) = oneshot::channel();
        tokio::spawn(async move {
            let ending = Shell::run(machine, shell_config, log, words, inputs, children, held).await;
            exit.send_replace(Some(ending));
        });
        let handle = BrokerHandle { id, address, inbox, exited, _leash: leash };
        loop {
            match heard.recv().await {
                Some(Word::Ready) => return Ok(handle),
                Some(_) => {}
                None => return Err(StartError::from(handle.ending().await)),
            }
        }
    }
}

async fn bind(config: &BrokerConfig) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |why| StartError::Bind { address: format!("{}:{}", config.host, config.port), why };
    let listener = TcpListener::bind((config.host.as_str(), config.port)).await.map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok((listener, address))
}

impl From<Ending> for StartError {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::ZooKeeperTimeout(ms) => Self::ZooKeeperTimeout(ms),
            Ending::AlreadyRegistered(id) => Self::AlreadyRegistered(id),
            other => Self::Ended(other.to_string()),
        }
    }
}

impl From<Ending> for Exit {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Stopped => Self { code: 0, message: String::new() },
            other => Self { code: 1, message: other.to_string() },
        }
    }
}

/// A running broker. Dropping it is a `kill -9`: its sockets close, its ZooKeeper session is left to expire.
#[derive(Debug)]
pub struct BrokerHandle {
    id: i32,
    address: SocketAddr,
    inbox: mpsc::Sender<Task<Machine>>,
    exited: watch::Receiver<Option<Ending>>,
    /// Dropped with the handle, which ends the broker's tasks.
    _leash: oneshot::Sender<()>,
}

impl BrokerHandle {
    /// `broker.id`.
    pub fn id(&self) -> i32 {
        self.id
    }

    /// The bound address, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shuts the broker down cleanly: leaderships handed over, ZooKeeper session closed. At most 20 s: three tries
    /// to hand over, and the closing.
    pub async fn stop(self) -> Exit {
        // If it has ended meanwhile there is nobody to tell.
        let _ = self.inbox.send(Task::Input(Input::Terminate)).await;
        self.ending().await.into()
    }

    /// A `kill -9`, as dropping the handle, that returns when the port is free again.
    pub async fn kill(self) {
        let mut exited = self.exited.clone();
        drop(self);
        // An error means that the task is gone, which is what is waited for.
        let _ = exited.wait_for(Option::is_some).await;
    }

    /// Waits until the broker ends by itself. May be awaited again, and by several.
    pub async fn exited(&self) -> Exit {
        self.ending().await.into()
    }

    /// The partitions of a topic that this broker has a log of.
    pub async fn partition_offsets(&self, topic: &str) -> BTreeMap<i32, PartitionOffsets> {
        let topic = topic.to_owned();
        self.ask(move |machine| machine.partition_offsets(&topic)).await.unwrap_or_default()
    }

    /// Whether this broker is the controller, and has found out what there is.
    pub async fn is_controller(&self) -> bool {
        self.ask(|machine| machine.is_controller()).await.unwrap_or_default()
    }

    async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Machine) -> T + Send + 'static,
    ) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        let act = move |machine: &mut Machine, _: Time, _: &mut Outbox<Output>| {
            drop(answer.send(question(machine)));
        };
        self.inbox.send(Task::With(Box::new(act))).await.ok()?;
        answered.await.ok()
    }

    async fn ending(&self) -> Ending {
        let mut exited = self.exited.clone();
        let ending = exited.wait_for(Option::is_some).await.map(|ending| ending.clone());
        // The task went without a word only if the runtime ends.
        ending.ok().flatten().unwrap_or(Ending::Stopped)
    }
}
