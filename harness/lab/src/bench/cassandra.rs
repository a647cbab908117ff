//! Cassandra under load, with the scylla driver: rows inserted, rows selected.

use std::sync::Arc;

use scylla::client::session::Session;
use scylla::statement::prepared::PreparedStatement;

use super::Figure;
use super::load::{IN_FLIGHT, Windows};
use crate::observe::Cql;

const SIZE: usize = 100;
const SCHEMA: [&str; 2] = [
    "CREATE KEYSPACE bench WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}",
    "CREATE TABLE bench.items (id bigint PRIMARY KEY, value blob)",
];
const INSERT: &str = "INSERT INTO bench.items (id, value) VALUES (?, ?)";
const SELECT: &str = "SELECT value FROM bench.items WHERE id = ?";

pub(super) async fn measure(node: &str, windows: Windows) -> Result<Vec<Figure>, String> {
    let cql = Cql::connect(&[node.to_owned()]).await.map_err(|why| why.to_string())?;
    let session = Arc::new(cql.into_session());
    for statement in SCHEMA {
        session.query_unpaged(statement, ()).await.map_err(|why| format!("{statement}: {why}"))?;
    }
    let (insert, rows) = inserts(&session, windows).await.map_err(|why| format!("{INSERT}: {why}"))?;
    let select = selects(&session, windows, rows).await.map_err(|why| format!("{SELECT}: {why}"))?;
    let note = format!("scylla driver, prepared, {IN_FLIGHT} in flight, rows of {SIZE} B, LOCAL_ONE");
    Ok(vec![
        Figure::new("cassandra insert", insert, "ops/s", note.clone()),
        Figure::new("cassandra select", select, "ops/s", note),
    ])
}

async fn prepare(session: &Session, statement: &str) -> Result<Arc<PreparedStatement>, String> {
    session.prepare(statement).await.map(Arc::new).map_err(|why| why.to_string())
}

/// A key, from 0 on.
fn key(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

async fn inserts(session: &Arc<Session>, windows: Windows) -> Result<(f64, u64), String> {
    let (session, statement) = (Arc::clone(session), prepare(session, INSERT).await?);
    let insert = move |number| {
        let (session, statement) = (Arc::clone(&session), Arc::clone(&statement));
        async move {
            let values = (key(number), [b'x'; SIZE].as_slice());
            session.execute_unpaged(&statement, values).await.map(drop).map_err(|why| why.to_string())
        }
    };
    windows.measure(insert).await
}

async fn selects(session: &Arc<Session>, windows: Windows, rows: u64) -> Result<f64, String> {
    let (session, statement) = (Arc::clone(session), prepare(session, SELECT).await?);
    let select = move |number: u64| {
        let (session, statement) = (Arc::clone(&session), Arc::clone(&statement));
        async move {
            let values = (key(number % rows.max(1)),);
            let answer = session.execute_unpaged(&statement, values).await.map_err(|why| why.to_string())?;
            let rows = answer.into_rows_result().map_err(|why| why.to_string())?;
            let (value,) = rows.single_row::<(Vec<u8>,)>().map_err(|why| why.to_string())?;
            if value.len() == SIZE { Ok(()) } else { Err("a row is not as it was written".to_owned()) }
        }
    };
    windows.measure(select).await.map(|(rate, _)| rate)
}
