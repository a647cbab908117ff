//! What a consumer is told.

use std::time::Duration;

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
