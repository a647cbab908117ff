//! Cassandra as the scylla driver sees it.

use std::time::Duration;

use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::statement::Consistency;
use scylla::value::{CqlValue, Row};

/// How long a question may take.
const LIMIT: Duration = Duration::from_secs(20);

/// What the driver said.
#[derive(Debug, thiserror::Error)]
#[error("Cassandra at {at}: {why}")]
pub struct CqlError {
    at: String,
    why: String,
}

/// A session.
pub struct Cql {
    session: Session,
    at: String,
}

impl Cql {
    /// Connects to any of these contact points.
    ///
    /// # Errors
    /// None answers.
    pub async fn connect(contact_points: &[String]) -> Result<Self, CqlError> {
        let at = contact_points.join(",");
        let profile = ExecutionProfile::builder()
            .consistency(Consistency::LocalOne)
            .request_timeout(Some(LIMIT))
            .build()
            .into_handle();
        let session = SessionBuilder::new()
            .known_nodes(contact_points)
            .default_execution_profile_handle(profile)
            // A real 2.2 has no system_schema: the driver must not look for it.
            .fetch_schema_metadata(false)
            .connection_timeout(LIMIT)
            .build()
            .await;
        match session {
            Ok(session) => Ok(Self { session, at }),
            Err(why) => Err(CqlError { at, why: why.to_string() }),
        }
    }

    /// The driver's session, for what is not asked here.
    pub(crate) fn into_session(self) -> Session {
        self.session
    }

    /// All rows of a query.
    ///
    /// # Errors
    /// The query fails.
    pub async fn rows(&self, query: &str) -> Result<Vec<Row>, CqlError> {
        let failed = |why: String| CqlError { at: self.at.clone(), why: format!("{query}: {why}") };
        let result = self.session.query_unpaged(query, ()).await.map_err(|why| failed(why.to_string()))?;
        let rows = result.into_rows_result().map_err(|why| failed(why.to_string()))?;
        let rows = rows.rows::<Row>().map_err(|why| failed(why.to_string()))?;
        rows.collect::<Result<Vec<Row>, _>>().map_err(|why| failed(why.to_string()))
    }

    /// The blobs of a query's first column.
    ///
    /// # Errors
    /// The query fails.
    pub async fn blobs(&self, query: &str) -> Result<Vec<Vec<u8>>, CqlError> {
        let rows = self.rows(query).await?;
        let blob = |row: Row| match row.columns.into_iter().next() {
            Some(Some(CqlValue::Blob(bytes))) => Some(bytes),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(blob).collect())
    }

    /// The texts of a query's first column.
    ///
    /// # Errors
    /// The query fails.
    pub async fn texts(&self, query: &str) -> Result<Vec<String>, CqlError> {
        let rows = self.rows(query).await?;
        let text = |row: Row| match row.columns.into_iter().next() {
            Some(Some(CqlValue::Text(text) | CqlValue::Ascii(text))) => Some(text),
            _ => None,
        };
        Ok(rows.into_iter().filter_map(text).collect())
    }
}
