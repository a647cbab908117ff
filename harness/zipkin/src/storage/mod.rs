//! Spans in Cassandra: our node's or the original's.
//!
//! A [`Store`] connects at its first use, creates the keyspace if there is none, and prepares its statements when
//! they are first needed, as Zipkin 1.14.1 does. A connection that could not be made is tried again at the next use.

mod read;
mod session;
mod write;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stacklab_cassandra::client::ClientError;
use stacklab_cassandra::{CqlError, Value};
use stacklab_machine::{Streams, Time};
use tokio::sync::Mutex;

use crate::model::skew::NoTimestamp;
use crate::model::{ApiError, Intake, IntakeConfig};
use crate::settings::CassandraSettings;

use session::Session;

/// Default port of contact points.
const CQL_PORT: u16 = 9042;

/// Why storage did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// Cassandra cannot be reached, or answered with an error.
    #[error(transparent)]
    Cassandra(#[from] ClientError),
    /// What is stored is no span, or no dependencies.
    #[error("what Cassandra holds cannot be read: {0}")]
    Stored(#[from] stacklab_traces::DecodeError),
    /// A trace cannot be corrected.
    #[error(transparent)]
    Uncorrectable(#[from] NoTimestamp),
    /// A column that must be there is not.
    #[error("Cassandra's answer lacks the column {0}")]
    Column(&'static str),
}

impl StorageError {
    /// The Java class that the original would name, with its package.
    pub fn exception(&self) -> &'static str {
        match self {
            Self::Cassandra(ClientError::Cql(error)) => match error {
                CqlError::Syntax(_) => "com.datastax.driver.core.exceptions.SyntaxError",
                CqlError::Invalid(_) | CqlError::Config(_) => {
                    "com.datastax.driver.core.exceptions.InvalidQueryException"
                }
                CqlError::Unavailable { .. } => "com.datastax.driver.core.exceptions.UnavailableException",
                CqlError::ReadTimeout { .. } => "com.datastax.driver.core.exceptions.ReadTimeoutException",
                CqlError::WriteTimeout { .. } => "com.datastax.driver.core.exceptions.WriteTimeoutException",
                _ => "com.datastax.driver.core.exceptions.ServerError",
            },
            Self::Cassandra(ClientError::Timeout { .. }) => {
                "com.datastax.driver.core.exceptions.OperationTimedOutException"
            }
            Self::Cassandra(_) => "com.datastax.driver.core.exceptions.NoHostAvailableException",
            Self::Uncorrectable(_) => "java.lang.NullPointerException",
            Self::Stored(_) | Self::Column(_) => "java.lang.IllegalArgumentException",
        }
    }

    /// The text that the original gives it.
    pub fn text(&self) -> String {
        match self {
            Self::Cassandra(ClientError::Cql(error)) => error.to_string(),
            Self::Cassandra(error) => format!("All host(s) tried for query failed (tried: {error})"),
            Self::Uncorrectable(_) => "No message available".to_owned(),
            other => other.to_string(),
        }
    }

    /// `NoHostAvailableException(All host(s) …)`.
    pub fn short(&self) -> String {
        let class = self.exception();
        format!("{}({})", class.rsplit('.').next().unwrap_or(class), self.text())
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        Self { status: 500, exception: error.exception(), message: error.text() }
    }
}

/// How a store is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// `host` or `host:port` each.
    pub contact_points: Vec<String>,
    /// The keyspace.
    pub keyspace: String,
    /// Whether an absent keyspace is created.
    pub ensure_schema: bool,
    /// The cache of index rows.
    pub intake: IntakeConfig,
    /// Seed of the buckets.
    pub seed: u64,
}

impl StoreConfig {
    /// The settings of a component.
    pub(crate) fn new(settings: &CassandraSettings, seed: u64) -> Self {
        Self {
            contact_points: settings.contact_points.clone(),
            keyspace: settings.keyspace.clone(),
            ensure_schema: settings.ensure_schema,
            intake: IntakeConfig {
                index_cache_max: settings.index_cache_max,
                index_cache_ttl: Duration::from_secs(settings.index_cache_ttl),
            },
            seed,
        }
    }
}

/// Spans in a Cassandra. Shared by the tasks of a component.
#[derive(Debug)]
pub struct Store {
    config: StoreConfig,
    session: Mutex<Option<Arc<Session>>>,
    /// Held for the moment of a decision only, never across a wait.
    intake: std::sync::Mutex<Intake>,
}

impl Store {
    /// A store that has not connected yet.
    pub fn new(config: StoreConfig) -> Self {
        let buckets = Streams::new(config.seed).stream("zipkin/buckets");
        let intake = std::sync::Mutex::new(Intake::new(config.intake, buckets));
        Self { config, session: Mutex::new(None), intake }
    }

    /// Whether Cassandra answers: what `/health` asks.
    pub async fn check(&self) -> Result<(), StorageError> {
        let session = self.session().await?;
        session.client.query(crate::model::schema::CHECK).await?;
        Ok(())
    }

    /// The session, made if there is none. One connects, the others wait for it.
    async fn session(&self) -> Result<Arc<Session>, StorageError> {
        let mut current = self.session.lock().await;
        if let Some(session) = &*current {
            return Ok(Arc::clone(session));
        }
        let session = Arc::new(Session::open(&self.config).await?);
        *current = Some(Arc::clone(&session));
        Ok(session)
    }
}

/// The wall clock.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

fn bigints(ids: &[i64]) -> Value {
    Value::List(ids.iter().copied().map(Value::Bigint).collect())
}
