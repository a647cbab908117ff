//! The services that executors start: what to run, and what becomes of it. The embedded runtime starts its own
//! servers from these values, the docker runtime containers, a simulation models.

use std::collections::BTreeMap;

/// A service, with everything that the original's configuration files would say.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceSpec {
    /// A ZooKeeper server, as Exhibitor starts it.
    ZooKeeper(ZooKeeperSpec),
    /// A Kafka broker.
    Kafka(KafkaSpec),
    /// A Cassandra node.
    Cassandra(CassandraSpec),
    /// A Zipkin collector, query service or web UI.
    Zipkin(ZipkinSpec),
}

/// `zoo.cfg` and `myid`.
#[derive(Debug, Clone, PartialEq)]
pub struct ZooKeeperSpec {
    /// Server id, 1 to 255 for the original; Exhibitor passes on what the framework gave it.
    pub server_id: u32,
    /// Address to bind.
    pub host: String,
    /// `clientPort`.
    pub client_port: u16,
    /// All servers of the ensemble, this one included.
    pub servers: Vec<ZooKeeperPeer>,
    /// The other keys of `zoo.cfg`: `tickTime`, `initLimit`, `syncLimit`, `dataDir`, …
    pub extra: BTreeMap<String, String>,
}

/// One `server.<id>` line.
#[derive(Debug, Clone, PartialEq)]
pub struct ZooKeeperPeer {
    /// Server id.
    pub id: u32,
    /// Host.
    pub host: String,
    /// Port for followers, 2888 by default.
    pub connect_port: u16,
    /// Port for elections, 3888 by default.
    pub election_port: u16,
}

/// `server.properties` after all overlays.
#[derive(Debug, Clone, PartialEq)]
pub struct KafkaSpec {
    /// Every property; `broker.id`, `port`, `host.name` and `zookeeper.connect` are always there.
    pub properties: BTreeMap<String, String>,
}

/// `cassandra.yaml`, `cassandra-rackdc.properties` and `cassandra-env.sh`.
#[derive(Debug, Clone, PartialEq)]
pub struct CassandraSpec {
    /// `cluster_name`.
    pub cluster_name: String,
    /// `listen_address`, `rpc_address` and `broadcast_address`.
    pub address: String,
    /// `native_transport_port`.
    pub cql_port: u16,
    /// `storage_port`.
    pub storage_port: u16,
    /// `JMX_PORT`.
    pub jmx_port: u16,
    /// `rpc_port`.
    pub thrift_port: u16,
    /// Seeds, or the node's own address.
    pub seeds: Vec<String>,
    /// Data centre.
    pub dc: String,
    /// Rack.
    pub rack: String,
    /// The node's `cassandraDotYaml`, over everything else.
    pub yaml: BTreeMap<String, String>,
}

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ZipkinRole {
    /// Takes spans from Kafka and stores them.
    Collector,
    /// Answers queries over HTTP.
    Query,
    /// Shows them.
    Web,
}

/// A Zipkin component: its process, in fact.
#[derive(Debug, Clone, PartialEq)]
pub struct ZipkinSpec {
    /// Which component.
    pub role: ZipkinRole,
    /// Address to bind.
    pub host: String,
    /// Environment: `KAFKA_ZOOKEEPER`, `CASSANDRA_CONTACT_POINTS`, `QUERY_PORT`, `COLLECTOR_PORT`, …
    pub env: BTreeMap<String, String>,
    /// Command line flags without the leading dash: `zipkin.web.port` = `:31983`, …
    pub flags: BTreeMap<String, String>,
    /// The `-f` file, if any: `collector-cassandra.scala`.
    pub config_file: Option<String>,
}

impl ServiceSpec {
    /// What a person calls it: `zookeeper`, `kafka`, `cassandra`, `zipkin-collector`, `zipkin-query`, `zipkin-web`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ZooKeeper(_) => "zookeeper",
            Self::Kafka(_) => "kafka",
            Self::Cassandra(_) => "cassandra",
            Self::Zipkin(spec) => match spec.role {
                ZipkinRole::Collector => "zipkin-collector",
                ZipkinRole::Query => "zipkin-query",
                ZipkinRole::Web => "zipkin-web",
            },
        }
    }
}

/// What becomes of a service.
#[derive(Debug, Clone, PartialEq)]
pub enum ServiceEvent {
    /// The process was created.
    Started,
    /// It serves: ZooKeeper answers `imok` and has a quorum, Kafka's `startup` returned (it is registered),
    /// Cassandra is `NORMAL`, Zipkin's port is open.
    Ready,
    /// A line of its log that matters.
    Log(String),
    /// It ended, on request or by itself.
    Exited {
        /// Exit code; 128 + n for signal n.
        code: i32,
        /// Its last words, if any.
        message: String,
    },
}
