//! A Cassandra cluster without sockets: schema, rows, nodes, prepared statements. Told the time, and nothing else
//! from outside; several nodes share one [`Cluster`], so there is one copy of each row however many replicas count.

mod aggregates;
mod apply;
mod cas;
mod cluster;
mod collections;
mod constants;
mod dates;
mod ddl;
mod ddl_table;
mod execute;
mod functions;
mod murmur;
mod numbers;
mod options;
mod order;
mod outcome;
mod paging;
mod plan;
mod ranges;
mod read;
mod restrictions;
mod schema;
mod select;
mod selection;
mod store;
mod system;
mod system_rows;
mod terms;
mod topology;
mod types;
mod write;

pub use cluster::{BatchItem, BatchRequest, Cluster};
pub use murmur::token;
pub use outcome::{
    BoundValue, BoundValues, ChangeKind, ChangeTarget, ClusterEvent, ColumnSpec, Executed, Options, Outcome,
    PreparedInfo, ResultSet, SchemaChange, Session,
};
pub use schema::{Column, ColumnKind, Index, Keyspace, Replication, Table, TableOptions, TableSchema};
pub use system::RELEASE_VERSION;
pub use topology::{NodeInfo, Topology};
