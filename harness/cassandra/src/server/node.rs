//! A node: one listening socket of one ring.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use stacklab_machine::service::CassandraSpec;
use tokio::net::TcpListener;
use tokio::task::{JoinHandle, JoinSet};

use super::Ring;
use super::connection::{self, Settings};

/// Connections that a node holds at most; more are closed at once.
const MAX_CONNECTIONS: usize = 4096;

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
    #[error("the address {address:?} of the Cassandra node is no IP address, nor a name of one")]
    Address { address: String },
    #[error("cannot listen for CQL clients on {address}: {source}")]
    Bind { address: SocketAddr, source: std::io::Error },
    #[error("the node is configured for cluster {wanted:?}, but the ring is that of cluster {ring:?}")]
    ClusterName { wanted: String, ring: String },
    #[error("Unable to gossip with any seeds")]
    NoSeeds,
    #[error("a node with address /{address} already exists and is up, cancelling join")]
    AlreadyUp { address: IpAddr },
}

/// Starts nodes.
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Binds the CQL port (no other port of the spec is bound) and serves until the handle is stopped or dropped.
    /// The node is `NORMAL` when this returns.
    ///
    /// A node that is not known to the ring yet and is no seed itself needs one seed that is up, as in Cassandra 2.2;
    /// where the original asks its seeds for 30 s, this says so at once.
    pub async fn start(config: NodeConfig, ring: Ring, log: LogSink) -> Result<NodeHandle, StartError> {
        let NodeConfig { spec, strict } = config;
        if spec.cluster_name != ring.cluster_name() {
            let ring = ring.cluster_name().to_owned();
            return Err(StartError::ClusterName { wanted: spec.cluster_name, ring });
        }
        let wanted = resolve(&spec.address, spec.cql_port).await?;
        let ip = wanted.ip();
        may_join(&spec, ip, &ring)?;
        let bind = |source| StartError::Bind { address: wanted, source };
        let listener = TcpListener::bind(wanted).await.map_err(bind)?;
        let address = listener.local_addr().map_err(bind)?;
        ring.with(|cluster, now| cluster.node_up(now, ip, address.port(), &spec.dc, &spec.rack));
        log(&format!("Starting listening for CQL clients on /{ip}:{}...", address.port()));
        log(&format!("Node /{ip} state jump to NORMAL"));
        let settings = Settings { node: ip, strict };
        let task = tokio::spawn(accept(listener, settings, ring.clone(), Arc::clone(&log)));
        Ok(NodeHandle { address, ring, log, task })
    }
}

async fn resolve(host: &str, port: u16) -> Result<SocketAddr, StartError> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, port));
    }
    let found = tokio::net::lookup_host((host, port)).await.ok().and_then(|mut found| found.next());
    found.ok_or_else(|| StartError::Address { address: host.to_owned() })
}

fn may_join(spec: &CassandraSpec, ip: IpAddr, ring: &Ring) -> Result<(), StartError> {
    ring.with(|cluster, _| match cluster.topology().node(ip) {
        Some(node) if node.up => Err(StartError::AlreadyUp { address: ip }),
        Some(_) => Ok(()),
        None => {
            let is_self = |seed: &String| *seed == spec.address || seed.parse() == Ok(ip);
            let is_up = |seed: &String| {
                let seed = seed.parse::<IpAddr>().ok();
                seed.and_then(|seed| cluster.topology().node(seed)).is_some_and(|node| node.up)
            };
            let seeds = &spec.seeds;
            let joins = seeds.is_empty() || seeds.iter().any(is_self) || seeds.iter().any(is_up);
            if joins { Ok(()) } else { Err(StartError::NoSeeds) }
        }
    })
}

/// Takes connections until it is aborted, which ends them all.
async fn accept(listener: TcpListener, settings: Settings, ring: Ring, log: LogSink) {
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                while connections.try_join_next().is_some() {}
                if connections.len() >= MAX_CONNECTIONS {
                    log(&format!("closed a connection of {peer}: there are {MAX_CONNECTIONS} already"));
                    continue;
                }
                connections.spawn(connection::serve(stream, settings, ring.clone()));
            }
            Err(error) => {
                // Out of file descriptors, most likely: others may end meanwhile.
                log(&format!("cannot accept a connection: {error}"));
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// A running node. Dropping it kills the node: its connections are cut at once.
pub struct NodeHandle {
    address: SocketAddr,
    ring: Ring,
    log: LogSink,
    task: JoinHandle<()>,
}

impl std::fmt::Debug for NodeHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NodeHandle")
            .field("address", &self.address)
            .field("ring", &self.ring)
            .finish_non_exhaustive()
    }
}

impl NodeHandle {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Shuts the node down in order: the other nodes' clients hear that it is DOWN, its own connections end. The
    /// port is free when this returns.
    pub async fn stop(mut self) {
        (self.log)("Stop listening for CQL clients");
        self.leave();
        // The task was aborted: all that can come back is that it was.
        let _ = (&mut self.task).await;
    }

    fn leave(&self) {
        self.task.abort();
        let address = self.address.ip();
        self.ring.with(|cluster, _| cluster.node_down(address));
    }
}

impl Drop for NodeHandle {
    fn drop(&mut self) {
        self.leave();
    }
}
