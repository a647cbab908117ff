//! What a component reads from its environment and flags, with the defaults of Zipkin 1.14.1.

use std::collections::BTreeMap;
use std::str::FromStr;

use stacklab_machine::service::ZipkinSpec;

/// A setting that cannot be used. The original ends at such a one before it does anything else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is '{value}', which is not {wanted}")]
pub struct SettingError {
    /// The variable or flag.
    pub name: String,
    /// What it says.
    pub value: String,
    /// What it should say.
    pub wanted: &'static str,
}

/// Where Cassandra is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CassandraSettings {
    /// `CASSANDRA_CONTACT_POINTS`: `host` or `host:port` each.
    pub(crate) contact_points: Vec<String>,
    /// `CASSANDRA_KEYSPACE`.
    pub(crate) keyspace: String,
    /// `CASSANDRA_ENSURE_SCHEMA`.
    pub(crate) ensure_schema: bool,
    /// `CASSANDRA_INDEX_CACHE_MAX`.
    pub(crate) index_cache_max: usize,
    /// `CASSANDRA_INDEX_CACHE_TTL`, seconds.
    pub(crate) index_cache_ttl: u64,
    /// `CASSANDRA_INDEX_FETCH_MULTIPLIER`.
    pub(crate) index_fetch_multiplier: i32,
}

/// Which topic to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KafkaSettings {
    /// `KAFKA_ZOOKEEPER`.
    pub(crate) zookeeper: String,
    /// `KAFKA_TOPIC`.
    pub(crate) topic: String,
    /// `KAFKA_GROUP_ID`.
    pub(crate) group: String,
    /// `KAFKA_MAX_MESSAGE_SIZE`, bytes.
    pub(crate) max_message_size: i32,
}

pub(crate) fn cassandra(spec: &ZipkinSpec) -> Result<CassandraSettings, SettingError> {
    let env = Env(&spec.env);
    let points = env.text("CASSANDRA_CONTACT_POINTS").unwrap_or("localhost");
    let keyspace = env.text("CASSANDRA_KEYSPACE").unwrap_or("zipkin");
    // It becomes part of statements.
    let is_name = keyspace.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && keyspace.len() <= 48;
    if !is_name {
        return Err(env.wrong("CASSANDRA_KEYSPACE", "a keyspace's name"));
    }
    Ok(CassandraSettings {
        contact_points: points.split(',').map(|point| point.trim().to_owned()).collect(),
        keyspace: keyspace.to_owned(),
        ensure_schema: env.number("CASSANDRA_ENSURE_SCHEMA", "true or false", true)?,
        index_cache_max: env.number("CASSANDRA_INDEX_CACHE_MAX", "a number", 100_000)?,
        index_cache_ttl: env.number("CASSANDRA_INDEX_CACHE_TTL", "a number of seconds", 60)?,
        index_fetch_multiplier: env.number("CASSANDRA_INDEX_FETCH_MULTIPLIER", "a number", 3)?,
    })
}

/// Kafka's settings; `None` without `KAFKA_ZOOKEEPER`, which turns Kafka off.
pub(crate) fn kafka(spec: &ZipkinSpec) -> Result<Option<KafkaSettings>, SettingError> {
    let env = Env(&spec.env);
    let Some(zookeeper) = env.text("KAFKA_ZOOKEEPER") else { return Ok(None) };
    Ok(Some(KafkaSettings {
        zookeeper: zookeeper.to_owned(),
        topic: env.text("KAFKA_TOPIC").unwrap_or("zipkin").to_owned(),
        group: env.text("KAFKA_GROUP_ID").unwrap_or("zipkin").to_owned(),
        max_message_size: env.number("KAFKA_MAX_MESSAGE_SIZE", "a number of bytes", 1 << 20)?,
    }))
}

/// A number out of the environment.
pub(crate) fn number<T: FromStr>(
    spec: &ZipkinSpec,
    name: &str,
    wanted: &'static str,
    default: T,
) -> Result<T, SettingError> {
    Env(&spec.env).number(name, wanted, default)
}

/// A port out of the environment, if it is set.
pub(crate) fn port(spec: &ZipkinSpec, name: &str) -> Result<Option<u16>, SettingError> {
    let env = Env(&spec.env);
    env.text(name).map(|text| text.parse().map_err(|_| env.wrong(name, "a port"))).transpose()
}

/// A flag of the form `:31983` or `host:31983`; the host is ignored, for the address to bind is given apart.
pub(crate) fn flag_port(spec: &ZipkinSpec, name: &str, default: u16) -> Result<u16, SettingError> {
    let Some(text) = spec.flags.get(name) else { return Ok(default) };
    let port = text.rsplit(':').next().unwrap_or_default();
    port.parse().map_err(|_| SettingError { name: name.to_owned(), value: text.clone(), wanted: "a port" })
}

struct Env<'a>(&'a BTreeMap<String, String>);

impl Env<'_> {
    fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    fn wrong(&self, name: &str, wanted: &'static str) -> SettingError {
        SettingError { name: name.to_owned(), value: self.text(name).unwrap_or_default().to_owned(), wanted }
    }

    fn number<T: FromStr>(&self, name: &str, wanted: &'static str, default: T) -> Result<T, SettingError> {
        self.text(name).map_or(Ok(default), |text| text.parse().map_err(|_| self.wrong(name, wanted)))
    }
}
