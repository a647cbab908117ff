//! The high-level consumer against embedded brokers, with records that a real producer sent.
#![allow(clippy::unwrap_used)] // A test helper fails the test.

mod common;

use std::time::Duration;

use common::{LIMIT, broker, client, send, until, zookeeper};
use rdkafka::producer::FutureProducer;
use stacklab_kafka::model::io::Ending;
use stacklab_kafka::{Consumer, ConsumerConfig, ConsumerError, Record};
use stacklab_zookeeper::server::ServerHandle;
use tokio::time::timeout;

fn config(zk: &ServerHandle, topic: &str) -> ConsumerConfig {
    ConsumerConfig {
        session_timeout: Duration::from_millis(500),
        ..ConsumerConfig::new(&format!("{}/kafka", zk.address()), "zipkin", topic)
    }
}

async fn read(consumer: &mut Consumer, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    while records.len() < count {
        records.push(timeout(LIMIT, consumer.next()).await.unwrap().unwrap());
    }
    records
}

fn data(zk: &ServerHandle, path: &str) -> Option<String> {
    let (data, _) = zk.ensemble().get(&format!("/kafka{path}")).ok()?;
    data.map(|data| String::from_utf8(data.to_vec()).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn waits_for_its_topic_and_goes_on_where_it_committed() {
    let zk = zookeeper().await;
    let broker = broker(&zk, 70, "127.42.7.1", &[]).await;
    let mut consumer = Consumer::start(config(&zk, "notSpans")).await.unwrap();
    let producer: FutureProducer = client(&[&broker]).set("compression.codec", "snappy").create().unwrap();
    for n in 0..5 {
        send(&producer, "notSpans", 0, &n.to_string()).await;
    }
    let records = read(&mut consumer, 5).await;
    let last = &records[4];
    assert_eq!((last.partition, last.offset, last.key.as_deref(), last.value.as_deref()), {
        (0, 4, Some(&b"key"[..]), Some(&b"4"[..]))
    });
    let ids = zk.ensemble().read(|ensemble| ensemble.children("/kafka/consumers/zipkin/ids").unwrap());
    assert_eq!(ids.len(), 1);
    assert!(ids[0].starts_with("zipkin_localhost-"), "{ids:?}");
    let member = data(&zk, &format!("/consumers/zipkin/ids/{}", ids[0])).unwrap();
    assert!(
        member.starts_with(r#"{"version":1,"subscription":{"notSpans":1},"pattern":"static","timestamp":""#),
        "{member}"
    );
    assert_eq!(data(&zk, "/consumers/zipkin/owners/notSpans/0").unwrap(), format!("{}-0", ids[0]));
    assert_eq!(data(&zk, "/consumers/zipkin/offsets/notSpans/0"), None);
    consumer.commit().await.unwrap();
    assert_eq!(data(&zk, "/consumers/zipkin/offsets/notSpans/0").unwrap(), "5");
    consumer.stop().await.unwrap();
    assert_eq!(data(&zk, "/consumers/zipkin/owners/notSpans/0"), None);
    send(&producer, "notSpans", 0, "5").await;
    let mut consumer = Consumer::start(config(&zk, "notSpans")).await.unwrap();
    assert_eq!(read(&mut consumer, 1).await[0].offset, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shares_partitions_with_others() {
    let zk = zookeeper().await;
    let broker = broker(&zk, 70, "127.42.7.2", &[("num.partitions", "2")]).await;
    let producer: FutureProducer = client(&[&broker]).create().unwrap();
    for partition in 0..2 {
        send(&producer, "topic", partition, "first").await;
    }
    let mut first = Consumer::start(config(&zk, "topic")).await.unwrap();
    read(&mut first, 2).await;
    let owner = |partition: i32| data(&zk, &format!("/consumers/zipkin/owners/topic/{partition}"));
    let mut second = Consumer::start(config(&zk, "topic")).await.unwrap();
    until("each owns one", || async { (owner(0)? != owner(1)?).then_some(()) }).await;
    for partition in 0..2 {
        send(&producer, "topic", partition, "second").await;
    }
    // What the first had taken is committed as it gives the partition up.
    for partition in 0..2 {
        let committed = data(&zk, &format!("/consumers/zipkin/offsets/topic/{partition}"));
        assert_eq!(committed.as_deref(), Some("1"), "of partition {partition}");
    }
    let one = read(&mut first, 1).await.remove(0);
    // A consumer reads the offset before it claims the partition, as 0.8's does: if that was before the commit, the
    // first record comes a second time.
    let mut other = read(&mut second, 1).await.remove(0);
    if other.offset == 0 {
        assert_eq!(other.value.as_deref(), Some(&b"first"[..]));
        other = read(&mut second, 1).await.remove(0);
    }
    assert_eq!((one.offset, other.offset), (1, 1));
    assert_ne!(one.partition, other.partition);
    second.stop().await.unwrap();
    until("the first owns both again", || async { (owner(0)? == owner(1)?).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn finds_its_broker_again_and_survives_an_expired_session() {
    let zk = zookeeper().await;
    let first = broker(&zk, 70, "127.42.7.3", &[]).await;
    let port = first.address().port().to_string();
    let producer: FutureProducer = client(&[&first]).create().unwrap();
    for value in ["zero", "one"] {
        send(&producer, "topic", 0, value).await;
    }
    let mut consumer = Consumer::start(config(&zk, "topic")).await.unwrap();
    assert_eq!(read(&mut consumer, 2).await[1].offset, 1);
    // A broker that is restarted begins with an empty log: the consumer is out of range and starts over.
    assert_eq!(first.stop().await.code, 0);
    let again = broker(&zk, 70, "127.42.7.3", &[("port", &port)]).await;
    send(&producer, "topic", 0, "two").await;
    let record = read(&mut consumer, 1).await.remove(0);
    assert_eq!((record.offset, record.value.as_deref()), (0, Some(&b"two"[..])));
    consumer.commit().await.unwrap();
    let ids = |name: &str| zk.ensemble().read(|e| e.children(&format!("/kafka/{name}")).unwrap());
    let session = zk
        .ensemble()
        .get(&format!("/kafka/consumers/zipkin/ids/{}", ids("consumers/zipkin/ids")[0]))
        .map(|(_, stat)| stat.ephemeral_owner)
        .unwrap();
    zk.ensemble().expire_session(stacklab_zookeeper::model::SessionId(session));
    until("it is registered again", || async {
        (ids("consumers/zipkin/ids").len() == 1 && ids("consumers/zipkin/owners/topic").len() == 1)
            .then_some(())
    })
    .await;
    send(&producer, "topic", 0, "three").await;
    assert_eq!(read(&mut consumer, 1).await[0].value.as_deref(), Some(&b"three"[..]));
    assert_eq!(again.stop().await.code, 0);
}

#[tokio::test]
async fn dies_without_its_chroot() {
    let zk = zookeeper().await;
    let error = Consumer::start(config(&zk, "topic")).await.unwrap_err();
    assert_eq!(error, ConsumerError::Ended(Ending::NoChroot("/kafka".into())));
    assert!(error.to_string().starts_with("Path length must be > 0"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hands_on_nulls_and_stops_at_what_is_too_long() {
    let zk = zookeeper().await;
    let broker = broker(&zk, 70, "127.42.7.4", &[]).await;
    let producer: FutureProducer = client(&[&broker]).create().unwrap();
    let null = rdkafka::producer::FutureRecord::<str, str>::to("topic").partition(0);
    producer.send(null, LIMIT).await.unwrap();
    send(&producer, "topic", 0, &"x".repeat(2000)).await;
    let small = ConsumerConfig { fetch_max_bytes: 1000, ..config(&zk, "topic") };
    let mut consumer = Consumer::start(small).await.unwrap();
    let record = read(&mut consumer, 1).await.remove(0);
    assert_eq!((record.key, record.value), (None, None));
    assert_eq!(timeout(LIMIT, consumer.next()).await.unwrap(), None);
    let error = consumer.ended().unwrap().to_string();
    assert!(error.starts_with("Found a message larger than the maximum fetch size"), "{error}");
}
