//! What the tests share: a ZooKeeper, brokers on addresses of their own, real clients, and waiting for a condition.
#![allow(dead_code)] // Each test binary uses its own part.
#![allow(clippy::unwrap_used)] // A test helper fails the test.

use std::collections::BTreeMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{FutureProducer, FutureRecord};
use stacklab_kafka::{Broker, BrokerConfig, BrokerHandle, LogSink};
use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, Server, ServerConfig, ServerHandle};
use tokio::time::{Instant, sleep};

pub(crate) const LIMIT: Duration = Duration::from_secs(10);

/// A ZooKeeper whose sessions may be as short as 100 ms.
pub(crate) async fn zookeeper() -> ServerHandle {
    let config = EnsembleConfig { tick: Duration::from_millis(50), ..EnsembleConfig::standalone("zk") };
    let address: SocketAddr = "127.42.0.1:0".parse().unwrap();
    Server::start(ServerConfig::new(address), EnsembleHandle::new(config), Arc::new(|_| {})).await.unwrap()
}

/// `server.properties` of a broker under the chroot `/kafka`, with these on top.
pub(crate) fn properties(
    zk: &ServerHandle,
    id: i32,
    host: &str,
    more: &[(&str, &str)],
) -> BTreeMap<String, String> {
    let connect = format!("{}/kafka", zk.address());
    let id = id.to_string();
    let base = [
        ("broker.id", id.as_str()),
        ("host.name", host),
        ("port", "0"),
        ("zookeeper.connect", &connect),
        ("zookeeper.session.timeout.ms", "500"),
        ("zookeeper.connection.timeout.ms", "5000"),
        ("log.dirs", "kafka-logs"),
    ];
    base.iter().chain(more).map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A log that can be looked at.
#[derive(Clone, Default)]
pub(crate) struct Lines(Arc<Mutex<Vec<String>>>);

impl Lines {
    pub(crate) fn sink(&self) -> LogSink {
        let lines = Arc::clone(&self.0);
        Arc::new(move |line: &str| {
            lines.lock().unwrap().push(line.to_owned());
        })
    }

    pub(crate) fn contain(&self, text: &str) -> bool {
        self.0.lock().unwrap().iter().any(|line| line.contains(text))
    }
}

pub(crate) async fn broker(zk: &ServerHandle, id: i32, host: &str, more: &[(&str, &str)]) -> BrokerHandle {
    let config = BrokerConfig::from_properties(&properties(zk, id, host, more)).unwrap();
    Broker::start(config, Lines::default().sink()).await.unwrap()
}

/// A real client's settings: these two are what librdkafka 2 needs against 0.8.2.
pub(crate) fn client(brokers: &[&BrokerHandle]) -> ClientConfig {
    let bootstrap: Vec<String> = brokers.iter().map(|broker| broker.address().to_string()).collect();
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", bootstrap.join(","))
        .set("api.version.request", "false")
        .set("broker.version.fallback", "0.8.2.2")
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "100")
        .set("topic.metadata.refresh.interval.ms", "500")
        .set("topic.metadata.refresh.fast.interval.ms", "50")
        .set("retry.backoff.ms", "50")
        .set("socket.timeout.ms", "5000")
        .set("message.timeout.ms", "8000")
        .set("log_level", "2");
    config
}

pub(crate) async fn send(producer: &FutureProducer, topic: &str, partition: i32, value: &str) -> i64 {
    let record = FutureRecord::<str, str>::to(topic).partition(partition).key("key").payload(value);
    producer.send(record, LIMIT).await.map(|delivery| delivery.offset).unwrap()
}

/// Waits until something is there.
pub(crate) async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + LIMIT;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
