//! A node: one listening socket of one ring.

use std::net::SocketAddr;
use std::sync::Arc;

use stacklab_machine::service::CassandraSpec;

use super::Ring;

/// Takes the lines of a node's log.
pub type LogSink = Arc<dyn Fn(&str) + Send + Sync>;

/// How a node is to be.
#[derive(Debug, Clone)]
pub struct NodeConfig {
    /// What the original's configuration files would say. A `cql_port` of 0 takes any free port.
    pub spec: CassandraSpec,
    /// Refuse `system_schema` to everybody, as 2.2 does. Without it, connections that say in STARTUP that they are
    /// the Rust driver of ScyllaDB, which cannot read 2.2's schema tables, see one that is derived.
    pub strict: bool,
}

impl NodeConfig {
    /// A node that helps the Rust driver.
    pub fn new(spec: CassandraSpec) -> Self {
        Self { spec, strict: false }
    }
}

/// Why a node does not start.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs)]
pub enum StartError {
    #[error("the address {address:?} of the Cassandra node is no IP address")]
    Address { address: String },
    #[error("cannot listen for CQL clients on {address}: {source}")]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error("the node is configured for cluster {wanted:?}, but the ring is that of cluster {ring:?}")]
    ClusterName { wanted: String, ring: String },
    #[error("Unable to gossip with any seeds")]
    NoSeeds,
    #[error("a node with address /{address} already exists and is up, cancelling join")]
    AlreadyUp { address: String },
}

/// Starts nodes.
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Binds the CQL port (no other port of the spec is bound) and serves until the handle is stopped or dropped.
    /// The node is `NORMAL` when this returns.
    pub async fn start(config: NodeConfig, ring: Ring, log: LogSink) -> Result<NodeHandle, StartError> {
        let _ = (ring, log);
        Err(StartError::Address { address: config.spec.address })
    }
}

/// A running node. Dropping it kills the node: its connections are cut at once.
#[derive(Debug)]
pub struct NodeHandle {
    address: SocketAddr,
}

impl NodeHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shuts the node down in order: the other nodes' clients hear that it is DOWN, its own connections end.
    pub async fn stop(self) {}
}
