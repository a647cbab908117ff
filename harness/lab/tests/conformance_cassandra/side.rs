//! One of the two servers, behind the driver: asked, and its answer as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Duration;

use scylla::client::PoolSize;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::cluster::metadata::ColumnType;
use scylla::deserialize::row::ColumnIterator;
use scylla::errors::{ExecutionError, PrepareError, RequestAttemptError};
use scylla::frame::response::result::ColumnSpec;
use scylla::policies::retry::FallthroughRetryPolicy;
use scylla::response::PagingState;
use scylla::response::query_result::QueryResult;
use scylla::routing::partitioner::PartitionerName;
use scylla::serialize::SerializationError;
use scylla::serialize::value::SerializeValue;
use scylla::serialize::writers::{CellWriter, WrittenCellProof};
use scylla::statement::batch::{Batch, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::statement::unprepared::Statement as Unprepared;
use scylla::statement::{Consistency, SerialConsistency};

use crate::operation::{Bind, How, Kind, Level, Operation, Statement, hex};

/// Pages of one answer at most: a server that never ends must not hang the test.
const MAX_PAGES: usize = 200;
/// Write times from here on are the server's own.
const SERVERS_OWN: i64 = 1_500_000_000_000_000;

/// A server, with what has been prepared on it.
pub(crate) struct Side {
    session: Session,
    prepared: BTreeMap<String, PreparedStatement>,
}

impl SerializeValue for Bind {
    /// The bytes as they are, whatever the type.
    fn serialize<'b>(
        &self,
        _: &ColumnType<'_>,
        writer: CellWriter<'b>,
    ) -> Result<WrittenCellProof<'b>, SerializationError> {
        Ok(match self {
            Self::Null => writer.set_null(),
            Self::Unset => writer.set_unset(),
            Self::Bytes(bytes) => writer.set_value(bytes).map_err(SerializationError::new)?,
        })
    }
}

impl Side {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let profile = ExecutionProfile::builder()
            .retry_policy(std::sync::Arc::new(FallthroughRetryPolicy::new()))
            .consistency(Consistency::LocalOne)
            .request_timeout(Some(Duration::from_secs(30)))
            .build();
        let identity = scylla::client::SelfIdentity::new().with_custom_driver_name("conformance");
        let session = SessionBuilder::new()
            .known_node_addr(address)
            .fetch_schema_metadata(false)
            .auto_await_schema_agreement(false)
            .refresh_metadata_on_auto_schema_agreement(false)
            .disallow_shard_aware_port(true)
            .pool_size(PoolSize::PerHost(NonZeroUsize::MIN))
            .default_execution_profile_handle(profile.into_handle())
            .custom_identity(identity)
            .build()
            .await
            .unwrap_or_else(|error| panic!("{address}: {error}"));
        Self { session, prepared: BTreeMap::new() }
    }

    /// Forgets what was prepared, as a driver that starts anew.
    pub(crate) fn forget(&mut self) {
        self.prepared.clear();
    }

    /// Asks, and gives the answer.
    pub(crate) async fn ask(&mut self, operation: &Operation) -> String {
        match operation {
            Operation::Run(statement, how) if statement.binds.is_empty() => {
                self.query(&statement.cql, how).await
            }
            Operation::Run(statement, how) | Operation::Prepared(statement, how) => {
                self.execute(statement, how).await
            }
            Operation::Batch(kind, statements, how) => self.batch(*kind, statements, how).await,
            Operation::Use(keyspace) => match self.session.use_keyspace(keyspace, true).await {
                Ok(()) => "in use".to_owned(),
                Err(error) => error.to_string(),
            },
            Operation::Columns(cql) => match self.session.query_unpaged(cql.as_str(), ()).await {
                Ok(result) => columns(result),
                Err(error) => failed(&error),
            },
            Operation::Wait(millis) => {
                tokio::time::sleep(Duration::from_millis(*millis)).await;
                String::new()
            }
        }
    }

    async fn query(&self, cql: &str, how: &How) -> String {
        let mut query = Unprepared::new(cql);
        query.set_timestamp(how.timestamp);
        match how.level.map(level) {
            Some(Ok(level)) => query.set_consistency(level),
            Some(Err(serial)) => query.set_serial_consistency(Some(serial)),
            None => {}
        }
        let Some(page) = how.page else {
            return told(self.session.query_unpaged(query, ()).await);
        };
        query.set_page_size(page);
        let mut state = PagingState::start();
        let mut out = String::new();
        for _ in 0..MAX_PAGES {
            match self.session.query_single_page(query.clone(), (), state).await {
                Err(error) => return out + &failed(&error),
                Ok((result, next)) => {
                    out.push_str(&answer(result));
                    match next.into_paging_control_flow() {
                        ControlFlow::Break(()) => return out,
                        ControlFlow::Continue(next) => state = next,
                    }
                    out.push_str("; more:\n      ");
                }
            }
        }
        out + "no end"
    }

    async fn execute(&mut self, statement: &Statement, how: &How) -> String {
        let (mut prepared, mut out) = match self.prepare(&statement.cql).await {
            Ok(prepared) => prepared,
            Err(text) => return text,
        };
        prepared.set_timestamp(how.timestamp);
        match how.level.map(level) {
            Some(Ok(level)) => prepared.set_consistency(level),
            Some(Err(serial)) => prepared.set_serial_consistency(Some(serial)),
            None => {}
        }
        let Some(page) = how.page else {
            return out + &told(self.session.execute_unpaged(&prepared, &statement.binds).await);
        };
        prepared.set_page_size(page);
        let mut state = PagingState::start();
        for _ in 0..MAX_PAGES {
            match self.session.execute_single_page(&prepared, &statement.binds, state).await {
                Err(error) => return out + &failed(&error),
                Ok((result, next)) => {
                    out.push_str(&answer(result));
                    match next.into_paging_control_flow() {
                        ControlFlow::Break(()) => return out,
                        ControlFlow::Continue(next) => state = next,
                    }
                    out.push_str("; more:\n      ");
                }
            }
        }
        out + "no end"
    }

    /// The statement, and what PREPARE answered if it was asked.
    async fn prepare(&mut self, cql: &str) -> Result<(PreparedStatement, String), String> {
        if let Some(prepared) = self.prepared.get(cql) {
            return Ok((prepared.clone(), String::new()));
        }
        let prepared = self.session.prepare(cql).await.map_err(|error| match &error {
            PrepareError::AllAttemptsFailed { first_attempt } => attempt(first_attempt),
            other => format!("{other:?}"),
        })?;
        let mut out = format!("prepared {}", hex(prepared.get_id()));
        let _ = write!(out, " ({})", specs(prepared.get_variable_col_specs().iter()));
        let key: Vec<_> =
            prepared.get_variable_pk_indexes().iter().map(|at| (at.sequence, at.index)).collect();
        let _ = write!(
            out,
            " key {key:?}, gives ({})",
            specs(prepared.get_current_result_set_col_specs().get().iter())
        );
        assert_eq!(*prepared.get_partitioner_name(), PartitionerName::Murmur3);
        self.prepared.insert(cql.to_owned(), prepared.clone());
        Ok((prepared, out + "\n      "))
    }

    async fn batch(&mut self, kind: Kind, statements: &[Statement], how: &How) -> String {
        let mut batch = Batch::new(match kind {
            Kind::Logged => BatchType::Logged,
            Kind::Unlogged => BatchType::Unlogged,
            Kind::Counter => BatchType::Counter,
        });
        batch.set_timestamp(how.timestamp);
        if let Some(Ok(level)) = how.level.map(level) {
            batch.set_consistency(level);
        }
        let mut out = String::new();
        for statement in statements {
            if statement.binds.is_empty() {
                batch.append_statement(statement.cql.as_str());
                continue;
            }
            match self.prepare(&statement.cql).await {
                Ok((prepared, text)) => {
                    batch.append_statement(prepared);
                    out.push_str(&text);
                }
                Err(text) => return out + &text,
            }
        }
        let values: Vec<_> = statements.iter().map(|statement| &statement.binds).collect();
        out + &told(self.session.batch(&batch, values).await)
    }
}

fn level(level: Level) -> Result<Consistency, SerialConsistency> {
    Ok(match level {
        Level::Any => Consistency::Any,
        Level::One => Consistency::One,
        Level::Two => Consistency::Two,
        Level::Quorum => Consistency::Quorum,
        Level::All => Consistency::All,
        Level::EachQuorum => Consistency::EachQuorum,
        Level::LocalOne => Consistency::LocalOne,
        Level::Serial => return Err(SerialConsistency::Serial),
    })
}

fn told(result: Result<QueryResult, ExecutionError>) -> String {
    match result {
        Ok(result) => answer(result),
        Err(error) => failed(&error),
    }
}

fn failed(error: &ExecutionError) -> String {
    match error {
        ExecutionError::LastAttemptError(error)
        | ExecutionError::PrepareError(PrepareError::AllAttemptsFailed { first_attempt: error }) => {
            attempt(error)
        }
        other => format!("{other:?}"),
    }
}

fn attempt(error: &RequestAttemptError) -> String {
    match error {
        RequestAttemptError::DbError(error, text) => format!("{error:?}: {text}"),
        other => format!("{other:?}"),
    }
}

fn columns(result: QueryResult) -> String {
    match result.into_rows_result() {
        Ok(rows) => specs(rows.column_specs().iter()),
        Err(error) => format!("{error:?}"),
    }
}

fn answer(result: QueryResult) -> String {
    let mut out: String = result.warnings().fold(String::new(), |out, warning| out + "(" + warning + ") ");
    if !result.is_rows() {
        return out + "done";
    }
    let rows = match result.into_rows_result() {
        Ok(rows) => rows,
        Err(error) => return format!("{out}{error:?}"),
    };
    let _ = write!(out, "[{}]", specs(rows.column_specs().iter()));
    match rows.rows::<ColumnIterator>() {
        Err(error) => out.push_str(&error.to_string()),
        Ok(rows) => {
            for row in rows {
                match row {
                    Ok(row) => row_text(row, &mut out),
                    Err(error) => out.push_str(&error.to_string()),
                }
            }
        }
    }
    out
}

fn row_text(row: ColumnIterator<'_, '_>, out: &mut String) {
    let mut separator = "\n      | ";
    for column in row {
        out.push_str(separator);
        separator = ", ";
        match column {
            Err(error) => out.push_str(&error.to_string()),
            Ok(column) => match column.slice {
                None => out.push_str("null"),
                Some(slice) => out.push_str(&value(column.spec, slice.as_slice())),
            },
        }
    }
}

/// A value; what is the server's own time is not told.
fn value(spec: &ColumnSpec<'_>, bytes: &[u8]) -> String {
    let name = spec.name();
    if name.starts_with("writetime(")
        && let Ok(at) = bytes.try_into().map(i64::from_be_bytes)
        && at >= SERVERS_OWN
    {
        return "the server's time".to_owned();
    }
    if name.starts_with("ttl(")
        && let Ok(left) = bytes.try_into().map(i32::from_be_bytes)
    {
        // Times to live are given in thousands of seconds here, or are gone with the wait for them.
        return format!("up to {} s", (left + 999) / 1000 * 1000);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if format!("{:?}", spec.typ()).ends_with("(Text)") => format!("{text:?}"),
        _ => hex(bytes),
    }
}

fn specs<'a>(specs: impl Iterator<Item = &'a ColumnSpec<'a>>) -> String {
    let mut of = None;
    let mut out = String::new();
    for spec in specs {
        let table = (spec.table_spec().ks_name(), spec.table_spec().table_name());
        if of != Some(table) {
            let _ = write!(out, "{}.{}:", table.0, table.1);
        }
        of = Some(table);
        let _ = write!(out, " {} {}", spec.name(), kind(spec.typ()));
    }
    out
}

fn kind(ty: &ColumnType<'_>) -> String {
    let text = format!("{ty:?}");
    text.strip_prefix("Native(").and_then(|text| text.strip_suffix(')')).unwrap_or(&text).to_owned()
}
