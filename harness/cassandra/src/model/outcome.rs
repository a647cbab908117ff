//! What goes into the model and what comes out of it.

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;

use crate::{Consistency, CqlType};

/// A column of an answer, or a bind variable.
#[derive(Debug, Clone, PartialEq)]
pub struct ColumnSpec {
    /// Keyspace.
    pub keyspace: String,
    /// Table.
    pub table: String,
    /// Name.
    pub name: String,
    /// Type.
    pub ty: CqlType,
}

/// A value for a bind variable.
#[derive(Debug, Clone, PartialEq)]
pub enum BoundValue {
    /// null.
    Null,
    /// Not set: the column keeps what it has (version 4).
    Unset,
    /// A value.
    Bytes(Bytes),
}

/// The values for all bind variables.
#[derive(Debug, Clone, PartialEq)]
pub enum BoundValues {
    /// In the order of the variables.
    Positional(Vec<BoundValue>),
    /// By name.
    Named(Vec<(String, BoundValue)>),
}

impl Default for BoundValues {
    fn default() -> Self {
        Self::Positional(Vec::new())
    }
}

/// How a statement is to be executed.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Consistency level.
    pub consistency: Consistency,
    /// Serial consistency level, for lightweight transactions.
    pub serial: Option<Consistency>,
    /// Values.
    pub values: BoundValues,
    /// Write time in µs, for writes that say none.
    pub timestamp: Option<i64>,
    /// Rows a page; everything at once if absent or not positive.
    pub page_size: Option<i32>,
    /// Where the last page ended.
    pub paging_state: Option<Bytes>,
}

/// Who asks, and where.
#[derive(Debug, Clone, PartialEq)]
pub struct Session {
    /// The node that coordinates.
    pub node: IpAddr,
    /// The keyspace in use.
    pub keyspace: Option<String>,
    /// Whether a `system_schema` keyspace is shown, as servers younger than 2.2 have it.
    pub modern_schema: bool,
}

impl Session {
    /// A session on a node, no keyspace in use.
    pub fn new(node: IpAddr) -> Self {
        Self { node, keyspace: None, modern_schema: false }
    }
}

/// Rows, each with the bytes of its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultSet {
    /// Columns.
    pub columns: Arc<[ColumnSpec]>,
    /// Rows.
    pub rows: Vec<Vec<Option<Bytes>>>,
    /// Where this page ends, if there is more.
    pub paging_state: Option<Bytes>,
}

/// The result of a statement.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Nothing to say.
    Void,
    /// Rows.
    Rows(ResultSet),
    /// USE: the session is to use this keyspace from now on.
    SetKeyspace(String),
    /// The schema changed.
    SchemaChange(SchemaChange),
}

/// A result, and what the client is warned of.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// The result.
    pub outcome: Outcome,
    /// Warnings, for protocol version 4.
    pub warnings: Vec<String>,
}

impl From<Outcome> for Executed {
    fn from(outcome: Outcome) -> Self {
        Self { outcome, warnings: Vec::new() }
    }
}

/// What became of something in the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ChangeKind {
    Created,
    Updated,
    Dropped,
}

/// What in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ChangeTarget {
    Keyspace,
    Table(String),
    Type(String),
}

/// A change of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaChange {
    /// What became of it.
    pub kind: ChangeKind,
    /// In which keyspace.
    pub keyspace: String,
    /// What.
    pub target: ChangeTarget,
}

/// What clients that asked for it are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClusterEvent {
    /// The schema changed.
    Schema(SchemaChange),
    /// A node came up or went down.
    Status {
        /// Whether it is up.
        up: bool,
        /// Its address.
        address: IpAddr,
        /// Its CQL port.
        port: u16,
    },
    /// A node joined the cluster or left it for good.
    Topology {
        /// Whether it joined.
        joined: bool,
        /// Its address.
        address: IpAddr,
        /// Its CQL port.
        port: u16,
    },
}

/// What PREPARE answers.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedInfo {
    /// MD5 of the keyspace in use and the statement.
    pub id: [u8; 16],
    /// The bind variables.
    pub binds: Vec<ColumnSpec>,
    /// For each column of the partition key, the bind variable that holds it; empty if they do not all have one.
    pub partition_binds: Vec<u16>,
    /// The columns of the answer; `None` if the statement is no SELECT.
    pub columns: Option<Arc<[ColumnSpec]>>,
}
