//! What the one who starts a broker holds: the handle, and the words for how it may end.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use crate::config::BrokerConfig;

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

/// What one partition's log holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartitionOffsets {
    /// Offset of the first message that is still there.
    pub start: i64,
    /// Offset that the next message will get.
    pub end: i64,
    /// Offset up to which consumers may read.
    pub high_watermark: i64,
    /// Whether this broker leads the partition.
    pub leader: bool,
}

/// Starts brokers.
#[derive(Debug)]
pub struct Broker;

impl Broker {
    /// Starts a broker and waits until it is registered, as the original's `startup` does: at most the connection
    /// timeout for ZooKeeper, and a session timeout more if its own former registration is still there.
    pub async fn start(config: BrokerConfig, log: LogSink) -> Result<BrokerHandle, StartError> {
        log(&format!("[Kafka Server {}], starting", config.id));
        Err(StartError::Ended("the server is not part of this build".into()))
    }
}

/// A running broker. Dropping it is a `kill -9`: its sockets close, its ZooKeeper session is left to expire.
#[derive(Debug)]
pub struct BrokerHandle {
    id: i32,
    address: SocketAddr,
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

    /// Shuts the broker down cleanly: leaderships handed over, ZooKeeper session closed. At most 16 s.
    pub async fn stop(self) -> Exit {
        Exit { code: 0, message: String::new() }
    }

    /// Waits until the broker ends by itself. May be awaited again, and by several.
    pub async fn exited(&self) -> Exit {
        std::future::pending().await
    }

    /// The partitions of a topic that this broker has a log of.
    pub async fn partition_offsets(&self, _topic: &str) -> BTreeMap<i32, PartitionOffsets> {
        BTreeMap::new()
    }
}
