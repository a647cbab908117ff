//! A whole data plane in this process: ZooKeeper, Kafka, Cassandra, Zipkin's collector and query service.
#![allow(clippy::unwrap_used)] // A test that cannot set up its stack has failed.
#![allow(clippy::print_stderr)] // Logs, shown when a test fails.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use serde_json::Value;
use stacklab_cassandra::server::{Node, NodeConfig, NodeHandle, Ring};
use stacklab_kafka::{Broker, BrokerConfig, BrokerHandle};
use stacklab_machine::Time;
use stacklab_machine::service::{CassandraSpec, ZipkinRole, ZipkinSpec};
use stacklab_zipkin::{Handle, LogSink, Options, start};
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};

const LIMIT: Duration = Duration::from_secs(15);

pub(crate) struct Stack {
    pub(crate) zookeeper: ServerHandle,
    _broker: BrokerHandle,
    ring: Ring,
    node: Option<NodeHandle>,
    cassandra: SocketAddr,
    pub(crate) collector: Handle,
    pub(crate) query: Handle,
    pub(crate) producer: FutureProducer,
    host: String,
}

/// Starts everything on one host.
pub(crate) async fn stack(host: &str) -> Stack {
    let address = SocketAddr::new(host.parse().unwrap(), 0);
    let ensemble = EnsembleHandle::new(EnsembleConfig::standalone("test"));
    let zookeeper_log = Arc::new(|line: String| eprintln!("zookeeper: {line}"));
    let zookeeper = Server::start(ServerConfig::new(address), ensemble, zookeeper_log).await.unwrap();

    let properties = [
        ("broker.id", "70".to_owned()),
        ("host.name", host.to_owned()),
        ("port", "0".to_owned()),
        ("zookeeper.connect", zookeeper.address().to_string()),
    ];
    let properties = properties.map(|(key, value)| (key.to_owned(), value)).into();
    let config = BrokerConfig::from_properties(&properties).unwrap();
    let kafka_log = Arc::new(|line: &str| eprintln!("kafka: {line}"));
    let broker = Broker::start(config, kafka_log).await.unwrap();

    let ring = Ring::new("test");
    let node = node(host, 0, &ring).await;
    let cassandra = node.address();
    let kafka = zookeeper.address().to_string();
    let collector = collector(host, &kafka, cassandra, Options::default()).await;
    let query =
        component(ZipkinRole::Query, host, cassandra, &[("QUERY_PORT", "0")], Options::default()).await;
    let producer = ClientConfig::new()
        .set("bootstrap.servers", broker.address().to_string())
        .set("api.version.request", "false")
        .set("broker.version.fallback", "0.8.2.2")
        .set("message.timeout.ms", "10000")
        .create()
        .unwrap();
    Stack {
        zookeeper,
        _broker: broker,
        ring,
        node: Some(node),
        cassandra,
        collector,
        query,
        producer,
        host: host.to_owned(),
    }
}

/// Starts a Cassandra node with the data of the ring.
async fn node(host: &str, cql_port: u16, ring: &Ring) -> NodeHandle {
    let spec = CassandraSpec {
        cluster_name: "test".into(),
        address: host.to_owned(),
        cql_port,
        storage_port: 7000,
        jmx_port: 7199,
        thrift_port: 9160,
        seeds: vec![host.to_owned()],
        dc: "datacenter1".into(),
        rack: "rack1".into(),
        yaml: BTreeMap::new(),
    };
    let log = Arc::new(|line: &str| eprintln!("cassandra: {line}"));
    Node::start(NodeConfig::new(spec), ring.clone(), log).await.unwrap()
}

/// Starts a collector.
pub(crate) async fn collector(host: &str, kafka: &str, cassandra: SocketAddr, options: Options) -> Handle {
    let env = [("COLLECTOR_PORT", "0"), ("COLLECTOR_ADMIN_PORT", "0"), ("KAFKA_ZOOKEEPER", kafka)];
    component(ZipkinRole::Collector, host, cassandra, &env, options).await
}

async fn component(
    role: ZipkinRole,
    host: &str,
    cassandra: SocketAddr,
    env: &[(&str, &str)],
    options: Options,
) -> Handle {
    let cassandra = cassandra.to_string();
    let env = env.iter().copied().chain([("CASSANDRA_CONTACT_POINTS", cassandra.as_str())]);
    let spec = ZipkinSpec {
        role,
        host: host.to_owned(),
        env: env.map(|(key, value)| (key.to_owned(), value.to_owned())).collect(),
        flags: BTreeMap::new(),
        config_file: None,
    };
    let log: LogSink = Arc::new(move |line| eprintln!("{role:?}: {line}"));
    start(&spec, options, log).await.unwrap()
}

impl Stack {
    /// Sends one message to the span topic and waits until the broker has it.
    pub(crate) async fn send(&self, value: Option<&[u8]>) {
        let mut record = FutureRecord::<[u8], [u8]>::to("zipkin");
        record.payload = value;
        self.producer.send(record, LIMIT).await.unwrap();
    }

    /// A driver that is not ours.
    pub(crate) async fn cassandra(&self) -> Session {
        let builder = SessionBuilder::new().known_node_addr(self.cassandra).fetch_schema_metadata(false);
        builder.build().await.unwrap()
    }

    /// Asks the query service.
    pub(crate) async fn ask(&self, path: &str) -> Value {
        let (status, text) = get(&format!("http://{}{path}", self.query.addresses()["query"])).await;
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    /// Asks the collector's admin port.
    pub(crate) async fn admin(&self, path: &str) -> (u16, Value) {
        let (status, text) =
            get(&format!("http://{}{path}", self.collector.addresses()["collector-admin"])).await;
        (status, serde_json::from_str(&text).unwrap())
    }

    /// Stops Cassandra.
    pub(crate) async fn stop_cassandra(&mut self) {
        self.node.take().unwrap().stop().await;
    }

    /// Starts Cassandra again, with its data.
    pub(crate) async fn restart_cassandra(&mut self) {
        self.node = Some(node(&self.host, self.cassandra.port(), &self.ring).await);
    }

    /// Replaces the collector by a new one.
    pub(crate) async fn restart_collector(&mut self, options: Options) {
        let kafka = self.zookeeper.address().to_string();
        let new = collector(&self.host, &kafka, self.cassandra, options).await;
        std::mem::replace(&mut self.collector, new).stop().await;
    }
}

pub(crate) async fn get(url: &str) -> (u16, String) {
    let answer = reqwest::get(url).await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// Asks again until the answer is yes.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut check: impl FnMut() -> F) {
    let begun = tokio::time::Instant::now();
    while !check().await {
        assert!(begun.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) fn now() -> Time {
    Time::ZERO + SystemTime::now().duration_since(UNIX_EPOCH).unwrap()
}
