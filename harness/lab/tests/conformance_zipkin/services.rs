//! What runs: one embedded Cassandra, ZooKeeper and Kafka, the real Zipkin, and the embedded components.
//!
//! The real one stores into one keyspace, the embedded collectors into another. What the real one stored is asked of
//! both, so that answers must be equal to the byte.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Client;
use stacklab_machine::service::{
    CassandraSpec, KafkaSpec, ServiceSpec, ZipkinRole, ZipkinSpec, ZooKeeperSpec,
};

use crate::ask::{Answer, Ask, client, get};
use crate::both::{self, Running};

const EMBEDDED: &str = "127.77.35.3";
const REAL: &str = "127.77.36.3";
const CASSANDRA: &str = "127.77.35.4";

/// The two sides.
pub(crate) struct Sides {
    client: Client,
    /// `host:port` of the embedded query service over the real one's keyspace.
    embedded: String,
    /// `host:port` of the real one.
    real: String,
    _running: Vec<Running>,
}

impl Sides {
    /// Starts everything; `None` where there is no engine.
    pub(crate) async fn start() -> Option<Self> {
        let mut running = vec![
            both::embedded(cassandra()).await,
            both::embedded(zookeeper()).await,
            both::embedded(kafka()).await,
        ];
        let real = both::real(zipkin(ZipkinRole::Collector, REAL, "cf_real", "9410")).await?;
        running.push(real);
        running.push(both::embedded(zipkin(ZipkinRole::Query, EMBEDDED, "cf_real", "9411")).await);
        let (embedded, real) = (format!("{EMBEDDED}:9411"), format!("{REAL}:9411"));
        Some(Self { client: client(), embedded, real, _running: running })
    }

    /// Asks the real one alone.
    pub(crate) async fn real(&self, ask: &Ask) -> Answer {
        ask.send(&self.client, &self.real).await
    }

    /// Waits until nothing is being stored any more.
    pub(crate) async fn settled(&self) {
        let ask = get("/api/v1/trace/10?raw");
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.real(&ask).await.status != 200 {
            assert!(Instant::now() < deadline, "the sample is not there");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }

    /// Asks both.
    pub(crate) async fn ask(&self, ask: &Ask) -> (Answer, Answer) {
        tokio::join!(ask.send(&self.client, &self.embedded), ask.send(&self.client, &self.real))
    }
}

fn cassandra() -> ServiceSpec {
    ServiceSpec::Cassandra(CassandraSpec {
        cluster_name: "conformance".to_owned(),
        address: CASSANDRA.to_owned(),
        cql_port: 9042,
        storage_port: 7000,
        jmx_port: 7199,
        thrift_port: 9160,
        seeds: vec![CASSANDRA.to_owned()],
        dc: "datacenter1".to_owned(),
        rack: "rack1".to_owned(),
        yaml: BTreeMap::new(),
    })
}

fn zookeeper() -> ServiceSpec {
    ServiceSpec::ZooKeeper(ZooKeeperSpec {
        server_id: 1,
        host: EMBEDDED.to_owned(),
        client_port: 2181,
        servers: Vec::new(),
        extra: BTreeMap::new(),
    })
}

fn kafka() -> ServiceSpec {
    let properties = [
        ("broker.id", "0".to_owned()),
        ("host.name", EMBEDDED.to_owned()),
        ("port", "9092".to_owned()),
        ("zookeeper.connect", format!("{EMBEDDED}:2181")),
    ];
    let properties = properties.map(|(key, value)| (key.to_owned(), value)).into();
    ServiceSpec::Kafka(KafkaSpec { properties })
}

/// A component; the real one is all of them, and answers on what is a collector's admin port.
fn zipkin(role: ZipkinRole, host: &str, keyspace: &str, port: &str) -> ServiceSpec {
    let mut env = vec![
        ("CASSANDRA_CONTACT_POINTS", format!("{CASSANDRA}:9042")),
        ("CASSANDRA_KEYSPACE", keyspace.to_owned()),
    ];
    match role {
        ZipkinRole::Collector => env.extend([
            ("COLLECTOR_PORT", port.to_owned()),
            ("COLLECTOR_ADMIN_PORT", "9411".to_owned()),
            ("KAFKA_ZOOKEEPER", format!("{EMBEDDED}:2181")),
            ("KAFKA_GROUP_ID", keyspace.to_owned()),
        ]),
        _ => env.push(("QUERY_PORT", port.to_owned())),
    }
    let env = env.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let flags = BTreeMap::new();
    ServiceSpec::Zipkin(ZipkinSpec { role, host: host.to_owned(), env, flags, config_file: None })
}
