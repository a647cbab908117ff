//! Services, as foreign clients see them.

use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{FutureProducer, FutureRecord};
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use stacklab_faults::{Fault, Reaction};
use stacklab_lab::Lab;
use stacklab_lab::cluster::{AgentSpec, ClusterSpec};
use stacklab_lab::scenario::Already;
use stacklab_live::{Clock, Recorder};
use stacklab_machine::timeline::What;

use crate::world::{World, config};

const LIMIT: Duration = Duration::from_secs(15);

/// A lab with these services, before each of which there is a front.
async fn with(services: &[Already]) -> World {
    let mut slow = Fault::at(1e5, Reaction::SlowService { service: "kafka".into(), by: 0.0, lasts: 0.0 });
    slow.optional = true;
    let mut config = config(1, vec![slow]);
    config.cluster = ClusterSpec { agents: vec![AgentSpec::default()], ..ClusterSpec::default() };
    config.already_running = services.to_vec();
    World::of(Lab::start(config, Recorder::new(Clock::new())).await.unwrap())
}

fn producer(world: &World) -> FutureProducer {
    ClientConfig::new()
        .set("bootstrap.servers", world.lab.addresses().kafka.as_ref().unwrap())
        .set("api.version.request", "false")
        .set("broker.version.fallback", "0.8.2.2")
        .set("topic.metadata.refresh.fast.interval.ms", "20")
        .set("retry.backoff.ms", "20")
        .set("reconnect.backoff.ms", "20")
        .set("reconnect.backoff.max.ms", "50")
        .set("message.send.max.retries", "0")
        .set("queue.buffering.max.ms", "0")
        .set("log_level", "0")
        .create()
        .unwrap()
}

async fn send(producer: &FutureProducer) -> Result<(), KafkaError> {
    let record = FutureRecord::<(), _>::to("spans").payload("x").partition(0);
    producer.send(record, LIMIT).await.map(drop).map_err(|(why, _)| why)
}

/// Sends until it works.
async fn sends_again(producer: &FutureProducer) {
    let again = async {
        while send(producer).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(LIMIT, again).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_answers_errors_is_slow_and_comes_back() {
    let world = with(&[Already::Kafka]).await;
    let producer = producer(&world);
    sends_again(&producer).await;
    let kafka = || "kafka".to_owned();
    world.carry_out(Reaction::AnswerError { service: kafka(), code: 7, times: 1 }).await;
    let refused = send(&producer).await.unwrap_err();
    assert_eq!(refused, KafkaError::MessageProduction(RDKafkaErrorCode::RequestTimedOut));
    sends_again(&producer).await;

    // 100 s at the two-hundredth.
    world.carry_out(Reaction::SlowService { service: kafka(), by: 100.0, lasts: 400.0 }).await;
    let begun = Instant::now();
    sends_again(&producer).await;
    assert!(begun.elapsed() >= Duration::from_millis(500), "{:?}", begun.elapsed());

    world.carry_out(Reaction::ExpireSession { of: kafka() }).await;
    let gone = |what: &What| {
        matches!(what, What::ZnodeDeleted { path, .. } if path == "/kafka/brokers/ids/1").then_some(())
    };
    world.until("the broker's node to go", gone).await;
    let node = |what: &What| {
        matches!(what, What::ZnodeWritten { path, .. } if path == "/kafka/brokers/ids/1").then_some(())
    };
    world.until_nth("the broker's node to come back", 2, node).await;

    world.carry_out(Reaction::StopService { service: kafka(), back: Some(40.0) }).await;
    let ready =
        |what: &What| matches!(what, What::ServiceReady { service, .. } if service == "kafka").then_some(());
    world.until_nth("the broker", 2, ready).await;
    sends_again(&producer).await;
    world.lab.stop().await;
}

async fn session(world: &World) -> Session {
    let node = world.lab.addresses().cassandra.clone().unwrap();
    SessionBuilder::new().known_node(node).fetch_schema_metadata(false).build().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_to_cassandra_time_out_and_reads_do_not() {
    let world = with(&[Already::Cassandra]).await;
    let session = session(&world).await;
    let run = async |cql: &str| session.query_unpaged(cql, &[]).await.map(drop);
    run("CREATE KEYSPACE k WITH replication = {'class': 'SimpleStrategy', 'replication_factor': 1}")
        .await
        .unwrap();
    run("CREATE TABLE k.t (a int PRIMARY KEY)").await.unwrap();
    let insert = session.prepare("INSERT INTO k.t (a) VALUES (?)").await.unwrap();
    session.execute_unpaged(&insert, (1,)).await.unwrap();
    world.carry_out(Reaction::TimeOutWrites { service: "cassandra".into(), lasts: 400.0 }).await;
    let prepared = session.execute_unpaged(&insert, (2,)).await.unwrap_err();
    assert!(format!("{prepared:?}").contains("WriteTimeout"), "{prepared:?}");
    let plain = run("INSERT INTO k.t (a) VALUES (3)").await.unwrap_err();
    assert!(format!("{plain:?}").contains("WriteTimeout"), "{plain:?}");
    run("SELECT * FROM k.t").await.unwrap();
    let again = async {
        while session.execute_unpaged(&insert, (4,)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(LIMIT, again).await.unwrap();
    let rows = session.query_unpaged("SELECT a FROM k.t", &[]).await.unwrap().into_rows_result().unwrap();
    assert_eq!(rows.rows_num(), 2, "what timed out was not written here");

    world.carry_out(Reaction::LoseData { service: "cassandra".into() }).await;
    let ready = |what: &What| {
        matches!(what, What::ServiceReady { service, .. } if service == "cassandra").then_some(())
    };
    world.until_nth("the node", 2, ready).await;
    let gone = self::session(&world).await.query_unpaged("SELECT a FROM k.t", &[]).await;
    assert!(gone.is_err(), "the keyspace is gone");
    world.lab.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_platforms_zookeeper_ends_and_comes_back() {
    use zookeeper_client::{Acls, Client, CreateMode};

    let world = World::new(1, Vec::new()).await;
    let connector =
        || Client::connector().with_session_timeout(Duration::from_secs(6)).with_server_version(3, 4, 6);
    let address = world.lab.addresses().zookeeper.clone();
    let client = connector().connect(&address).await.unwrap();
    let persistent = CreateMode::Persistent.with_acls(Acls::anyone_all());
    client.create("/mine", b"", &persistent).await.unwrap();
    let platform = || "platform".to_owned();
    world.carry_out(Reaction::StopService { service: platform(), back: Some(100.0) }).await;
    assert!(tokio::net::TcpStream::connect(&address).await.is_err(), "nobody listens");
    let seen = async {
        loop {
            let again = connector().connect(&address).await;
            if let Ok(again) = again {
                return again.check_stat("/mine").await.unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(tokio::time::timeout(LIMIT, seen).await.unwrap().is_some(), "its data outlive it");
    world.carry_out(Reaction::LoseData { service: platform() }).await;
    let client = connector().connect(&address).await.unwrap();
    assert!(client.check_stat("/mine").await.unwrap().is_none());
    world.lab.stop().await;
}
