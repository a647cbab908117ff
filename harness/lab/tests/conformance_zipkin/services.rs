//! What runs: one embedded Cassandra, ZooKeeper and Kafka, the real Zipkin, and the embedded components.
//!
//! The real one stores into one keyspace, the embedded components into another. What the real one stored is asked of
//! both, so that answers must be equal to the byte.

use std::collections::BTreeMap;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use reqwest::Client;
use stacklab_cassandra::client::Client as Cassandra;
use stacklab_machine::service::{
    CassandraSpec, KafkaSpec, ServiceSpec, ZipkinRole, ZipkinSpec, ZooKeeperSpec,
};

use crate::ask::{Answer, Ask, client};
use crate::both::{self, Running};

/// The embedded components: what the real one stores is asked here,
const EMBEDDED: &str = "127.77.35.3";
/// and here are those that store themselves.
const OWN: &str = "127.77.35.5";
const REAL: &str = "127.77.36.3";
const CASSANDRA: &str = "127.77.35.4";
const TOPIC: &str = "zipkin";
const DELIVERY: Duration = Duration::from_secs(20);

/// Where the real one stores.
pub(crate) const REAL_KEYSPACE: &str = "cf_real";
/// Where the embedded ones store.
pub(crate) const OWN_KEYSPACE: &str = "cf_embedded";

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// The real one.
    Real,
    /// The embedded query service over what the real one stores.
    Embedded,
    /// The embedded one over what the embedded ones store.
    Own,
    /// The embedded collector's admin port.
    Admin,
    /// The embedded web UI.
    Web,
}

impl Who {
    pub(crate) fn address(self) -> String {
        match self {
            Self::Real => format!("{REAL}:9411"),
            Self::Embedded => format!("{EMBEDDED}:9411"),
            Self::Own => format!("{OWN}:9411"),
            Self::Admin => format!("{OWN}:9900"),
            Self::Web => format!("{OWN}:8080"),
        }
    }
}

/// Both sides, and what stands behind them.
pub(crate) struct Sides {
    client: Client,
    pub(crate) cassandra: Cassandra,
    producer: FutureProducer,
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
        running.push(both::real(zipkin(ZipkinRole::Collector, REAL, REAL_KEYSPACE)).await?);
        for spec in [
            zipkin(ZipkinRole::Query, EMBEDDED, REAL_KEYSPACE),
            zipkin(ZipkinRole::Collector, OWN, OWN_KEYSPACE),
            zipkin(ZipkinRole::Query, OWN, OWN_KEYSPACE),
            zipkin(ZipkinRole::Web, OWN, ""),
        ] {
            running.push(both::embedded(spec).await);
        }
        let contact = [format!("{CASSANDRA}:9042")];
        let cassandra = Cassandra::connect(&contact, 9042).await.unwrap();
        let producer = ClientConfig::new()
            .set("bootstrap.servers", format!("{EMBEDDED}:9092"))
            .set("api.version.request", "false")
            .set("broker.version.fallback", "0.8.2.2")
            .set("topic.metadata.refresh.fast.interval.ms", "20")
            .set("retry.backoff.ms", "20")
            .create()
            .unwrap();
        Some(Self { client: client(), cassandra, producer, _running: running })
    }

    pub(crate) async fn ask_one(&self, who: Who, ask: &Ask) -> Answer {
        ask.send(&self.client, &who.address()).await
    }

    /// Asks an embedded one and the real one.
    pub(crate) async fn ask(&self, who: Who, ask: &Ask) -> (Answer, Answer) {
        tokio::join!(self.ask_one(who, ask), self.ask_one(Who::Real, ask))
    }

    /// Sends messages to the topic that both collectors read.
    pub(crate) async fn produce(&self, messages: &[Vec<u8>]) {
        for message in messages {
            let record = FutureRecord::<(), _>::to(TOPIC).payload(message);
            self.producer.send(record, DELIVERY).await.unwrap();
        }
    }

    /// Sends a message without a value.
    pub(crate) async fn produce_nothing(&self) {
        self.producer.send(FutureRecord::<[u8], [u8]>::to(TOPIC), DELIVERY).await.unwrap();
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

/// A component. The real one is all of them, and answers on what is a collector's admin port.
fn zipkin(role: ZipkinRole, host: &str, keyspace: &str) -> ServiceSpec {
    let real = host == REAL;
    let mut env = vec![
        ("CASSANDRA_CONTACT_POINTS", format!("{CASSANDRA}:9042")),
        ("CASSANDRA_KEYSPACE", keyspace.to_owned()),
    ];
    if role == ZipkinRole::Collector {
        env.extend([
            ("COLLECTOR_PORT", "9410".to_owned()),
            ("COLLECTOR_ADMIN_PORT", if real { "9411" } else { "9900" }.to_owned()),
            ("KAFKA_ZOOKEEPER", format!("{EMBEDDED}:2181")),
            ("KAFKA_GROUP_ID", keyspace.to_owned()),
        ]);
    } else {
        env.push(("QUERY_PORT", "9411".to_owned()));
    }
    let text =
        |pairs: Vec<(&str, String)>| pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
    let mut flags = Vec::new();
    if role == ZipkinRole::Web {
        flags.push(("zipkin.web.port", ":8080".to_owned()));
        flags.push(("zipkin.web.query.dest", format!("{EMBEDDED}:9411")));
    }
    let (env, flags) = (text(env), text(flags));
    ServiceSpec::Zipkin(ZipkinSpec { role, host: host.to_owned(), env, flags, config_file: None })
}
