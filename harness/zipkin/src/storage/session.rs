//! A connection with the keyspace in place and the statements prepared.

use std::time::Duration;

use stacklab_cassandra::CqlError;
use stacklab_cassandra::client::{Client, ClientError, Prepared};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::{CQL_PORT, StorageError, StoreConfig};
use crate::model::schema;

/// How long the tables of a keyspace may follow it: creating all of them takes the original a second.
const TABLES_TIMEOUT: Duration = Duration::from_secs(5);
const TABLES_POLL: Duration = Duration::from_millis(20);

/// A connection whose keyspace exists.
#[derive(Debug)]
pub(super) struct Session {
    pub(super) client: Client,
    reads: OnceCell<Reads>,
    writes: OnceCell<Writes>,
}

/// The statements that read, prepared together at the first read.
#[derive(Debug)]
pub(super) struct Reads {
    pub(super) traces: Prepared,
    pub(super) dependencies: Prepared,
    pub(super) service_names: Prepared,
    pub(super) span_names: Prepared,
    pub(super) by_service: Prepared,
    pub(super) by_span: Prepared,
    pub(super) by_annotation: Prepared,
    pub(super) by_services: Prepared,
}

/// The statements that write, prepared together at the first write.
#[derive(Debug)]
pub(super) struct Writes {
    pub(super) span: Prepared,
    pub(super) service_name: Prepared,
    pub(super) span_name: Prepared,
    pub(super) by_service: Prepared,
    pub(super) by_span: Prepared,
    pub(super) by_annotation: Prepared,
}

impl Session {
    /// Connects, and creates keyspace and tables if the keyspace is absent. An existing one is left as it is, even
    /// if it lacks tables.
    pub(super) async fn open(config: &StoreConfig) -> Result<Self, StorageError> {
        let client = Client::connect(&config.contact_points, CQL_PORT).await?;
        if config.ensure_schema {
            ensure_schema(&client, &config.keyspace).await?;
        }
        client.use_keyspace(&config.keyspace).await?;
        Ok(Self { client, reads: OnceCell::new(), writes: OnceCell::new() })
    }

    pub(super) async fn reads(&self) -> Result<&Reads, StorageError> {
        self.reads.get_or_try_init(|| self.prepare_reads()).await
    }

    pub(super) async fn writes(&self) -> Result<&Writes, StorageError> {
        self.writes.get_or_try_init(|| self.prepare_writes()).await
    }

    async fn prepare_reads(&self) -> Result<Reads, StorageError> {
        Ok(Reads {
            traces: self.client.prepare(schema::SELECT_TRACES).await?,
            dependencies: self.client.prepare(schema::SELECT_DEPENDENCIES).await?,
            service_names: self.client.prepare(schema::SELECT_SERVICE_NAMES).await?,
            span_names: self.client.prepare(schema::SELECT_SPAN_NAMES).await?,
            by_service: self.client.prepare(schema::SELECT_BY_SERVICE).await?,
            by_span: self.client.prepare(schema::SELECT_BY_SPAN).await?,
            by_annotation: self.client.prepare(schema::SELECT_BY_ANNOTATION).await?,
            by_services: self.client.prepare(schema::SELECT_BY_SERVICES).await?,
        })
    }

    async fn prepare_writes(&self) -> Result<Writes, StorageError> {
        Ok(Writes {
            span: self.client.prepare(schema::INSERT_SPAN).await?,
            service_name: self.client.prepare(schema::INSERT_SERVICE_NAME).await?,
            span_name: self.client.prepare(schema::INSERT_SPAN_NAME).await?,
            by_service: self.client.prepare(schema::INSERT_BY_SERVICE).await?,
            by_span: self.client.prepare(schema::INSERT_BY_SPAN).await?,
            by_annotation: self.client.prepare(schema::INSERT_BY_ANNOTATION).await?,
        })
    }
}

/// Creates keyspace and tables if there is no such keyspace.
async fn ensure_schema(client: &Client, keyspace: &str) -> Result<(), StorageError> {
    let lookup =
        format!("SELECT keyspace_name FROM system.schema_keyspaces WHERE keyspace_name = '{keyspace}'");
    if !client.query(&lookup).await?.rows.is_empty() {
        return await_tables(client, keyspace).await;
    }
    for statement in schema::create(keyspace) {
        client.query(&statement).await?;
    }
    Ok(())
}

/// Somebody else may be creating the tables at this moment: waits a while for the last one of them. The original does
/// not, and loses what comes in meanwhile; that a keyspace which lacks tables stays as it is, it has from there. The
/// table itself is asked: a real node writes down that there is one before it can be used.
async fn await_tables(client: &Client, keyspace: &str) -> Result<(), StorageError> {
    let probe = format!("SELECT trace_id FROM {keyspace}.traces LIMIT 1");
    let begun = Instant::now();
    loop {
        match client.query(&probe).await {
            Err(ClientError::Cql(CqlError::Invalid(_))) if begun.elapsed() < TABLES_TIMEOUT => {
                tokio::time::sleep(TABLES_POLL).await;
            }
            // Still none: it stays as it is, and whoever uses it is told.
            Ok(_) | Err(ClientError::Cql(CqlError::Invalid(_))) => return Ok(()),
            Err(why) => return Err(why.into()),
        }
    }
}
