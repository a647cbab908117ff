//! When a service serves: asked from outside, as its clients would, with the service's own words where only these tell.

use std::future::pending;
use std::time::Duration;

use stacklab_machine::http::Request;
use stacklab_machine::service::ServiceSpec;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::docker::config::{broker_log_line, http_port};
use crate::docker::service::Docker;

/// Pause between two questions.
const PAUSE: Duration = Duration::from_millis(25);
/// How long one answer may take.
const ANSWER: Duration = Duration::from_secs(5);
/// A health check of Zipkin's connects to Cassandra and makes the schema.
const HEALTH: Duration = Duration::from_secs(30);
/// A question for the options of CQL, protocol version 3.
const OPTIONS: [u8; 9] = [3, 0, 0, 0, 5, 0, 0, 0, 0];
const SUPPORTED: u8 = 6;

/// What is being waited for, as a person is shown it.
pub(super) fn condition(spec: &ServiceSpec) -> &'static str {
    match spec {
        ServiceSpec::ZooKeeper(spec) if spec.servers.len() > 1 => "zookeeper to have a quorum",
        ServiceSpec::ZooKeeper(_) => "zookeeper to answer",
        ServiceSpec::Kafka(_) => "kafka to be registered",
        ServiceSpec::Cassandra(_) => "cassandra to answer CQL",
        ServiceSpec::Zipkin(_) => "zipkin to be healthy",
    }
}

/// Whether a line of its log says that the service serves.
pub(super) fn says_so(spec: &ServiceSpec, line: &str) -> bool {
    matches!(spec, ServiceSpec::Kafka(_)) && broker_log_line(line)
}

/// Returns when the service serves; never, where only its log tells.
pub(super) async fn answers(docker: &Docker, spec: &ServiceSpec) {
    match spec {
        ServiceSpec::ZooKeeper(spec) => until(&spec.host, spec.client_port, zookeeper).await,
        ServiceSpec::Cassandra(spec) => until(&spec.address, spec.cql_port, cql).await,
        ServiceSpec::Zipkin(spec) => {
            let (host, port) = (spec.host.as_str(), http_port(spec));
            until(host, port, async |_| Some(())).await;
            let health = Request::get(format!("http://{host}:{port}/health"));
            loop {
                let turn = docker.schema.lock().await;
                let answer = crate::http::request(&health, Some(HEALTH)).await;
                if answer.is_ok_and(|answer| answer.status == 200) {
                    return;
                }
                drop(turn);
                tokio::time::sleep(PAUSE).await;
            }
        }
        ServiceSpec::Kafka(_) => pending().await,
    }
}

/// Connects and asks, again and again, until the answer is good.
async fn until(host: &str, port: u16, ask: impl AsyncFn(TcpStream) -> Option<()>) {
    loop {
        if let Ok(connection) = TcpStream::connect((host, port)).await {
            let asked = tokio::time::timeout(ANSWER, ask(connection)).await;
            if asked.is_ok_and(|answer| answer.is_some()) {
                return;
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// A server that has no quorum says that it is not serving; one that has tells its mode.
async fn zookeeper(mut connection: TcpStream) -> Option<()> {
    connection.write_all(b"srvr").await.ok()?;
    let mut answer = String::new();
    connection.take(4096).read_to_string(&mut answer).await.ok()?;
    answer.contains("Mode: ").then_some(())
}

/// The port is opened only when the node has joined its ring.
async fn cql(mut connection: TcpStream) -> Option<()> {
    connection.write_all(&OPTIONS).await.ok()?;
    let mut header = [0; 9];
    connection.read_exact(&mut header).await.ok()?;
    (header[4] == SUPPORTED).then_some(())
}
