//! A small client for native protocol version 4: for the embedded Zipkin, against this crate's server or a real 2.2.

mod link;
mod rows;

pub use rows::{Column, Rows};

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use self::link::Link;
use crate::codec::{Parameters, Request, Response};
use crate::model::{BoundValue, BoundValues, ColumnSpec, Options, PreparedInfo, ResultSet};
use crate::{CqlError, Value, ValueError};

/// Rows that are gathered from pages at most.
const MAX_ROWS: usize = 1_000_000;

/// A connection to a cluster: one socket to one contact point at a time, requests pipelined over it. Clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    contact_points: Vec<(String, u16)>,
    state: tokio::sync::Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    link: Option<Arc<Link>>,
    /// The contact point to try first next time.
    next: usize,
    keyspace: Option<String>,
}

/// A prepared statement. It stays valid when the client reconnects: what a node does not know is prepared again.
#[derive(Debug, Clone)]
pub struct Prepared {
    cql: Arc<str>,
    info: Arc<Mutex<Arc<PreparedInfo>>>,
}

/// Why a request has no answer, or what the answer was instead.
#[derive(Debug, Clone, thiserror::Error)]
#[allow(missing_docs)]
pub enum ClientError {
    /// The server answered with an error: code and text are Cassandra's.
    #[error("{0}")]
    Cql(#[from] CqlError),
    /// No contact point let us in; what each said.
    #[error("no Cassandra contact point can be reached: {0}")]
    NoHost(String),
    #[error("the connection to {address} broke: {cause}")]
    Connection { address: String, cause: String },
    #[error("no answer from {address} within {seconds} s")]
    Timeout { address: String, seconds: u64 },
    #[error("the answer cannot be understood: {0}")]
    BadAnswer(String),
    #[error(transparent)]
    Value(#[from] ValueError),
}

impl Client {
    /// Connects to the first contact point that answers. Each is `host` or `host:port`, tried in order.
    pub async fn connect(contact_points: &[String], default_port: u16) -> Result<Self, ClientError> {
        let contact_points = contact_points.iter().map(|point| split(point, default_port)).collect();
        let shared = Shared { contact_points, state: tokio::sync::Mutex::default() };
        let client = Self { shared: Arc::new(shared) };
        client.link().await?;
        Ok(client)
    }

    /// Runs a statement without values, at LOCAL_ONE. A bare `USE` holds only until the next reconnect:
    /// [`use_keyspace`](Self::use_keyspace) holds for good.
    pub async fn query(&self, cql: &str) -> Result<Rows, ClientError> {
        let response =
            self.link().await?.call(Request::Query(cql.to_owned(), Parameters::default())).await?.response;
        match response {
            Response::Rows { set, .. } => rows(&set, &set.columns),
            _ => Ok(Rows::default()),
        }
    }

    /// Prepares a statement.
    pub async fn prepare(&self, cql: &str) -> Result<Prepared, ClientError> {
        let info = prepare(&*self.link().await?, cql).await?;
        Ok(Prepared { cql: cql.into(), info: Arc::new(Mutex::new(Arc::new(info))) })
    }

    /// Runs a prepared statement with its values in the order of its bind variables, at LOCAL_ONE. With a page size
    /// the rows are fetched in pages of so many, and returned together; without, in one answer.
    pub async fn execute(
        &self,
        prepared: &Prepared,
        values: &[Value],
        page_size: Option<i32>,
    ) -> Result<Rows, ClientError> {
        let bind =
            |value: &Value| value.encode().map_or(BoundValue::Null, |bytes| BoundValue::Bytes(bytes.into()));
        let values = BoundValues::Positional(values.iter().map(bind).collect());
        let mut options = Options { values, page_size, ..Options::default() };
        let mut all = Rows::default();
        loop {
            let (mut page, next) = self.page(prepared, &options).await?;
            if all.columns.is_empty() {
                all.columns = page.columns;
            }
            all.rows.append(&mut page.rows);
            if next.is_none() {
                return Ok(all);
            }
            if all.rows.len() > MAX_ROWS {
                return Err(ClientError::BadAnswer(format!("more than {MAX_ROWS} rows")));
            }
            options.paging_state = next;
        }
    }

    /// Makes a keyspace the one that unqualified names mean, now and after every reconnect.
    pub async fn use_keyspace(&self, keyspace: &str) -> Result<(), ClientError> {
        let link = self.link().await?;
        set_keyspace(&link, keyspace).await?;
        self.shared.state.lock().await.keyspace = Some(keyspace.to_owned());
        Ok(())
    }

    async fn page(
        &self,
        prepared: &Prepared,
        options: &Options,
    ) -> Result<(Rows, Option<Bytes>), ClientError> {
        let link = self.link().await?;
        let execute = |info: &PreparedInfo| {
            let parameters = Parameters { options: options.clone(), skip_metadata: false };
            link.call(Request::Execute(info.id.to_vec(), parameters))
        };
        let answer = match execute(&prepared.info()).await {
            Err(ClientError::Cql(CqlError::Unprepared { .. })) => {
                let info = Arc::new(prepare(&link, &prepared.cql).await?);
                prepared.set(&info);
                execute(&info).await?
            }
            answer => answer?,
        };
        match answer.response {
            Response::Rows { set, .. } => Ok((rows(&set, &set.columns)?, set.paging_state)),
            _ => Ok((Rows::default(), None)),
        }
    }

    /// The connection, or a new one if it has broken: contact points are tried in turn, each once.
    async fn link(&self) -> Result<Arc<Link>, ClientError> {
        let mut state = self.shared.state.lock().await;
        if let Some(link) = state.link.as_ref().filter(|link| !link.is_closed()) {
            return Ok(Arc::clone(link));
        }
        let points = &self.shared.contact_points;
        let mut refusals = Vec::new();
        for _ in 0..points.len() {
            let (host, port) = &points[state.next % points.len()];
            let connected = match Link::connect(host, *port).await {
                Ok(link) => match &state.keyspace {
                    Some(keyspace) => {
                        set_keyspace(&link, keyspace).await.map(|()| link).map_err(|e| e.to_string())
                    }
                    None => Ok(link),
                },
                Err(refusal) => Err(refusal),
            };
            match connected {
                Ok(link) => {
                    let link = Arc::new(link);
                    state.link = Some(Arc::clone(&link));
                    return Ok(link);
                }
                Err(refusal) => refusals.push(refusal),
            }
            state.next = (state.next + 1) % points.len();
        }
        let none = || "there is none".to_owned();
        Err(ClientError::NoHost(if refusals.is_empty() { none() } else { refusals.join("; ") }))
    }
}

impl Prepared {
    fn info(&self) -> Arc<PreparedInfo> {
        Arc::clone(&self.info.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn set(&self, info: &Arc<PreparedInfo>) {
        *self.info.lock().unwrap_or_else(PoisonError::into_inner) = Arc::clone(info);
    }
}

async fn prepare(link: &Link, cql: &str) -> Result<PreparedInfo, ClientError> {
    match link.call(Request::Prepare(cql.to_owned())).await?.response {
        Response::Prepared(info) => Ok(info),
        other => Err(ClientError::BadAnswer(format!("PREPARE was answered with {other:?}"))),
    }
}

async fn set_keyspace(link: &Link, keyspace: &str) -> Result<(), ClientError> {
    let cql = format!("USE \"{}\"", keyspace.replace('"', "\"\""));
    link.call(Request::Query(cql, Parameters::default())).await.map(|_| ())
}

fn rows(set: &ResultSet, columns: &[ColumnSpec]) -> Result<Rows, ClientError> {
    let decode = |(column, value): (&ColumnSpec, &Option<Bytes>)| Value::decode(&column.ty, value.as_deref());
    let row = |row: &Vec<Option<Bytes>>| columns.iter().zip(row).map(decode).collect::<Result<Vec<_>, _>>();
    Ok(Rows {
        columns: columns
            .iter()
            .map(|column| Column { name: column.name.clone(), kind: column.ty.clone() })
            .collect(),
        rows: set.rows.iter().map(row).collect::<Result<_, _>>()?,
    })
}

/// `host`, `host:port`, `[v6]:port`, or a bare IPv6 address.
fn split(point: &str, default_port: u16) -> (String, u16) {
    let bare = |host: &str| host.trim_matches(['[', ']']).to_owned();
    match point.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => match port.parse() {
            Ok(port) => (bare(host), port),
            Err(_) => (bare(point), default_port),
        },
        _ => (bare(point), default_port),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_contact_points_apart() {
        for (point, host, port) in [
            ("127.0.0.1", "127.0.0.1", 9042),
            ("cassandra:31251", "cassandra", 31251),
            ("[::1]:9043", "::1", 9043),
            ("::1", "::1", 9042),
        ] {
            assert_eq!(split(point, 9042), (host.to_owned(), port), "{point}");
        }
    }
}
