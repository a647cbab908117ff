//! `server.properties`: the keys that this broker obeys, their defaults in Kafka 0.8.2.2, and the rest, kept.

use std::collections::BTreeMap;
use std::time::Duration;

use stacklab_machine::service::KafkaSpec;

/// Why `server.properties` cannot be used. The original ends at such a file before it does anything else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A key without default is not there.
    #[error("Missing required property '{0}'")]
    Missing(&'static str),
    /// A value is not of its key's type.
    #[error("property '{key}' has the value '{value}', which is not {wanted}")]
    Invalid {
        /// The key.
        key: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        wanted: &'static str,
    },
}

/// A broker's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct BrokerConfig {
    /// `broker.id`, at least 0.
    pub id: i32,
    /// `host.name`: the address to bind. The original binds every address without it, this one 127.0.0.1.
    pub host: String,
    /// `port`, 9092 by default; 0 takes any free one, which is then advertised.
    pub port: u16,
    /// `advertised.host.name`; the bound host by default.
    pub advertised_host: String,
    /// `advertised.port`; the bound port by default.
    pub advertised_port: Option<u16>,
    /// `zookeeper.connect`: `host:port[,host:port…][/chroot]`.
    pub zookeeper_connect: String,
    /// `zookeeper.session.timeout.ms`, 6 s by default.
    pub zookeeper_session_timeout: Duration,
    /// `zookeeper.connection.timeout.ms`, the session timeout by default.
    pub zookeeper_connection_timeout: Duration,
    /// `num.partitions` of a topic created on demand, 1 by default.
    pub num_partitions: u32,
    /// `default.replication.factor` of a topic created on demand, 1 by default.
    pub default_replication_factor: u32,
    /// `auto.create.topics.enable`, true by default.
    pub auto_create_topics: bool,
    /// `delete.topic.enable`, false by default: then `/admin/delete_topics` is ignored.
    pub delete_topics: bool,
    /// `message.max.bytes`: offset, size field and message together; 1 000 012 by default.
    pub message_max_bytes: usize,
    /// `log.segment.bytes`, 1 GiB by default.
    pub log_segment_bytes: usize,
    /// `log.retention.bytes` of one partition; negative (the default) means no bound.
    pub log_retention_bytes: i64,
    /// `log.retention.ms`, `.minutes` or `.hours`; 168 hours by default.
    pub log_retention: Duration,
    /// `log.retention.check.interval.ms`, 5 minutes by default.
    pub log_retention_check: Duration,
    /// `replica.fetch.max.bytes`, 1 MiB by default.
    pub replica_fetch_max_bytes: usize,
    /// `replica.fetch.wait.max.ms`, 500 by default.
    pub replica_fetch_wait: Duration,
    /// `replica.lag.time.max.ms`, 10 s by default.
    pub replica_lag_time: Duration,
    /// `replica.lag.max.messages`, 4000 by default.
    pub replica_lag_messages: i64,
    /// `unclean.leader.election.enable`, true by default.
    pub unclean_leader_election: bool,
    /// `controlled.shutdown.enable`, true by default.
    pub controlled_shutdown: bool,
    /// `offsets.topic.num.partitions`, 50 by default.
    pub offsets_partitions: u32,
    /// `offsets.topic.replication.factor`, 3 by default, never more than there are brokers.
    pub offsets_replication_factor: u32,
    /// `offset.metadata.max.bytes`, 4096 by default.
    pub offset_metadata_max_bytes: usize,
    /// `connections.max.idle.ms`, 10 minutes by default.
    pub connections_max_idle: Duration,
    /// `socket.request.max.bytes`: the longest frame, 104 857 600 by default.
    pub request_max_bytes: usize,
    /// `stacklab.strict`: answers Metadata exactly as the original does. Otherwise 64 zero bytes follow every
    /// such answer, without which librdkafka 2.2 and later cannot read those about few partitions with short
    /// names; all clients ignore them.
    pub strict: bool,
    /// `stacklab.log.memory.bytes`: how much of one partition is kept at most, whatever the retention says, for
    /// the logs are in memory; 256 MiB by default.
    pub log_memory_bytes: usize,
    /// Every property as it was given, the unknown ones included.
    pub properties: BTreeMap<String, String>,
}

impl BrokerConfig {
    /// Reads a service's properties.
    pub fn from_spec(spec: &KafkaSpec) -> Result<Self, ConfigError> {
        Self::from_properties(&spec.properties)
    }

    /// Reads `server.properties`. `broker.id` and `zookeeper.connect` must be there.
    pub fn from_properties(properties: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let keys = Keys(properties);
        let id: i32 = keys.required("broker.id", "a number from 0")?;
        if id < 0 {
            return Err(keys.invalid("broker.id", "a number from 0"));
        }
        let host = keys.text("host.name").unwrap_or("127.0.0.1").to_owned();
        let session = keys.millis("zookeeper.session.timeout.ms", 6000)?;
        Ok(Self {
            id,
            port: keys.number("port", 9092)?,
            advertised_host: keys.text("advertised.host.name").unwrap_or(&host).to_owned(),
            advertised_port: keys.optional("advertised.port", "a port")?,
            zookeeper_connect: keys
                .text("zookeeper.connect")
                .ok_or(ConfigError::Missing("zookeeper.connect"))?
                .to_owned(),
            zookeeper_session_timeout: session,
            zookeeper_connection_timeout: keys
                .millis("zookeeper.connection.timeout.ms", session.as_millis() as u64)?,
            num_partitions: keys.positive("num.partitions", 1)?,
            default_replication_factor: keys.positive("default.replication.factor", 1)?,
            auto_create_topics: keys.flag("auto.create.topics.enable", true)?,
            delete_topics: keys.flag("delete.topic.enable", false)?,
            message_max_bytes: keys.number("message.max.bytes", 1_000_012)?,
            log_segment_bytes: keys.number("log.segment.bytes", 1 << 30)?,
            log_retention_bytes: keys.number("log.retention.bytes", -1)?,
            log_retention: keys.retention()?,
            log_retention_check: keys.millis("log.retention.check.interval.ms", 300_000)?,
            replica_fetch_max_bytes: keys.number("replica.fetch.max.bytes", 1 << 20)?,
            replica_fetch_wait: keys.millis("replica.fetch.wait.max.ms", 500)?,
            replica_lag_time: keys.millis("replica.lag.time.max.ms", 10_000)?,
            replica_lag_messages: keys.number("replica.lag.max.messages", 4000)?,
            // `min.insync.replicas` is read by 0.8.2.2, but only a topic's own is obeyed.
            unclean_leader_election: keys.flag("unclean.leader.election.enable", true)?,
            controlled_shutdown: keys.flag("controlled.shutdown.enable", true)?,
            offsets_partitions: keys.positive("offsets.topic.num.partitions", 50)?,
            offsets_replication_factor: keys.positive("offsets.topic.replication.factor", 3)?,
            offset_metadata_max_bytes: keys.number("offset.metadata.max.bytes", 4096)?,
            connections_max_idle: keys.millis("connections.max.idle.ms", 600_000)?,
            request_max_bytes: keys.number("socket.request.max.bytes", 104_857_600)?,
            strict: keys.flag("stacklab.strict", false)?,
            log_memory_bytes: keys.number("stacklab.log.memory.bytes", 256 << 20)?,
            properties: properties.clone(),
            host,
        })
    }

    /// `zookeeper.connect` cut in two: the servers, and the chroot (empty, or `/` and more).
    pub fn zookeeper(&self) -> (&str, &str) {
        split_connect(&self.zookeeper_connect)
    }
}

/// Cuts a connect string in two: the servers, and the chroot (empty, or beginning with `/` and not ending so).
pub fn split_connect(connect: &str) -> (&str, &str) {
    let at = connect.find('/').unwrap_or(connect.len());
    (&connect[..at], connect[at..].trim_end_matches('/'))
}

/// Looks values up and gives every error its key.
struct Keys<'a>(&'a BTreeMap<String, String>);

impl Keys<'_> {
    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn invalid(&self, key: &'static str, wanted: &'static str) -> ConfigError {
        ConfigError::Invalid { key, value: self.text(key).unwrap_or_default().to_owned(), wanted }
    }

    fn optional<T: std::str::FromStr>(
        &self,
        key: &'static str,
        wanted: &'static str,
    ) -> Result<Option<T>, ConfigError> {
        self.text(key).map(|text| text.parse().map_err(|_| self.invalid(key, wanted))).transpose()
    }

    fn required<T: std::str::FromStr>(
        &self,
        key: &'static str,
        wanted: &'static str,
    ) -> Result<T, ConfigError> {
        self.optional(key, wanted)?.ok_or(ConfigError::Missing(key))
    }

    fn number<T: std::str::FromStr>(&self, key: &'static str, default: T) -> Result<T, ConfigError> {
        Ok(self.optional(key, "a number in its range")?.unwrap_or(default))
    }

    fn positive(&self, key: &'static str, default: u32) -> Result<u32, ConfigError> {
        match self.number(key, default)? {
            0 => Err(self.invalid(key, "a number from 1")),
            number => Ok(number),
        }
    }

    fn flag(&self, key: &'static str, default: bool) -> Result<bool, ConfigError> {
        match self.text(key) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            // The original's own text: "Unacceptable value for property …, boolean values must be either …".
            Some(_) => Err(self.invalid(key, "either 'true' or 'false'")),
        }
    }

    fn millis(&self, key: &'static str, default: u64) -> Result<Duration, ConfigError> {
        Ok(Duration::from_millis(self.number(key, default)?))
    }

    /// The finest of the three units wins, as in the original.
    fn retention(&self) -> Result<Duration, ConfigError> {
        if let Some(ms) = self.optional("log.retention.ms", "a number of milliseconds")? {
            return Ok(Duration::from_millis(ms));
        }
        if let Some(minutes) = self.optional::<u32>("log.retention.minutes", "a number of minutes")? {
            return Ok(Duration::from_secs(u64::from(minutes) * 60));
        }
        Ok(Duration::from_secs(u64::from(self.number("log.retention.hours", 168_u32)?) * 3600))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn properties(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn has_the_defaults_of_the_original() {
        let config = BrokerConfig::from_properties(&properties(&[
            ("broker.id", "70"),
            ("host.name", "127.77.0.11"),
            ("port", "31250"),
            ("zookeeper.connect", "127.77.0.11:2181,127.77.0.12:2181/kafka/one/"),
            ("log.dirs", "kafka-logs"),
        ]))
        .unwrap();
        assert_eq!((config.id, config.port, config.advertised_host.as_str()), (70, 31250, "127.77.0.11"));
        assert_eq!(config.zookeeper(), ("127.77.0.11:2181,127.77.0.12:2181", "/kafka/one"));
        assert_eq!(config.message_max_bytes, 1_000_012);
        assert_eq!(config.log_retention, Duration::from_secs(168 * 3600));
        assert_eq!(config.properties["log.dirs"], "kafka-logs");
    }

    #[test]
    fn names_the_key_that_is_wrong() {
        let text = |pairs: &[(&str, &str)]| {
            BrokerConfig::from_properties(&properties(pairs)).unwrap_err().to_string()
        };
        assert_eq!(text(&[]), "Missing required property 'broker.id'");
        assert_eq!(text(&[("broker.id", "1")]), "Missing required property 'zookeeper.connect'");
        assert_eq!(
            text(&[("broker.id", "-1"), ("zookeeper.connect", "z")]),
            "property 'broker.id' has the value '-1', which is not a number from 0"
        );
        assert_eq!(
            text(&[("broker.id", "1"), ("zookeeper.connect", "z"), ("port", "70000")]),
            "property 'port' has the value '70000', which is not a number in its range"
        );
    }
}
