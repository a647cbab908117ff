//! A real client (librdkafka 2.12) against embedded brokers.
#![allow(clippy::unwrap_used)] // A test helper fails the test.

mod common;

use std::time::{Duration, Instant};

use common::{LIMIT, broker, client, send, until, zookeeper};
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, StreamConsumer};
use rdkafka::producer::FutureProducer;
use rdkafka::{Message, Offset, TopicPartitionList};
use stacklab_kafka::client::{Client, ClientError};
use stacklab_kafka::model::compression::Codec;
use stacklab_kafka::model::message::put_message;
use stacklab_kafka::model::{Endpoint, message_set};

fn at(topic: &str, partition: i32, offset: Offset) -> TopicPartitionList {
    let mut list = TopicPartitionList::new();
    list.add_partition_offset(topic, partition, offset).unwrap();
    list
}

async fn read(consumer: &StreamConsumer, count: usize) -> Vec<(i64, String)> {
    let mut read = Vec::new();
    while read.len() < count {
        let message = tokio::time::timeout(LIMIT, consumer.recv()).await.unwrap().unwrap();
        let value = String::from_utf8(message.payload().unwrap().to_vec()).unwrap();
        read.push((message.offset(), value));
    }
    read
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn produces_and_consumes_with_every_codec() {
    let zk = zookeeper().await;
    let broker = broker(&zk, 70, "127.42.1.1", &[]).await;
    let mut offset = 0;
    for codec in ["none", "gzip", "snappy", "lz4"] {
        let mut config = client(&[&broker]);
        config.set("compression.codec", codec).set("linger.ms", "20");
        let producer: FutureProducer = config.create().unwrap();
        let values: Vec<String> = (0..50).map(|n| format!("{codec} {n} {}", "x".repeat(100))).collect();
        let sends = values.iter().map(|value| send(&producer, "notSpans", 0, value));
        let offsets = futures_all(sends).await;
        assert_eq!(offsets.iter().min(), Some(&offset), "{codec}");
        offset += 50;
    }
    let consumer: StreamConsumer = client(&[&broker]).set("group.id", "g").create().unwrap();
    consumer.assign(&at("notSpans", 0, Offset::Beginning)).unwrap();
    let read = read(&consumer, 200).await;
    assert_eq!(read.iter().map(|(offset, _)| *offset).collect::<Vec<_>>(), (0..200).collect::<Vec<_>>());
    assert!(read[199].1.starts_with("lz4"), "{}", read[199].1);
    let offsets = broker.partition_offsets("notSpans").await[&0];
    assert_eq!((offsets.start, offsets.end, offsets.high_watermark, offsets.leader), (0, 200, 200, true));
    // It would commit to a broker that is gone, and wait.
    drop(consumer);
    assert_eq!(broker.stop().await.code, 0);
}

async fn futures_all<F: Future<Output = i64>>(sends: impl Iterator<Item = F>) -> Vec<i64> {
    let mut pending: Vec<_> = sends.map(Box::pin).collect();
    let mut results = Vec::new();
    std::future::poll_fn(|context| {
        pending.retain_mut(|send| match send.as_mut().poll(context) {
            std::task::Poll::Ready(offset) => {
                results.push(offset);
                false
            }
            std::task::Poll::Pending => true,
        });
        if pending.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_and_finds_offsets() {
    let zk = zookeeper().await;
    let broker = broker(&zk, 70, "127.42.1.2", &[("offsets.topic.num.partitions", "5")]).await;
    let producer: FutureProducer = client(&[&broker]).create().unwrap();
    for n in 0..5 {
        send(&producer, "topic", 0, &n.to_string()).await;
    }
    let consumer: StreamConsumer =
        client(&[&broker]).set("group.id", "group").set("enable.auto.commit", "false").create().unwrap();
    consumer.assign(&at("topic", 0, Offset::Beginning)).unwrap();
    assert_eq!(read(&consumer, 5).await[4], (4, "4".to_owned()));
    assert_eq!(consumer.fetch_watermarks("topic", 0, LIMIT).unwrap(), (0, 5));
    consumer.commit(&at("topic", 0, Offset::Offset(3)), CommitMode::Sync).unwrap();
    let committed = consumer.committed_offsets(at("topic", 0, Offset::Invalid), LIMIT).unwrap();
    assert_eq!(committed.elements()[0].offset(), Offset::Offset(3));
    let resumed: StreamConsumer = client(&[&broker]).set("group.id", "group").create().unwrap();
    resumed.assign(&at("topic", 0, Offset::Stored)).unwrap();
    assert_eq!(read(&resumed, 2).await[0], (3, "3".to_owned()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn short_names_are_readable_with_one_to_three_brokers() {
    // librdkafka 2.2 and later reserves too little memory for the original's answers about short names.
    for (count, topic) in
        [(1, "abcde"), (1, "notSpans"), (2, "abcde"), (2, "notSpans"), (3, "notSpans"), (3, "abcde")]
    {
        let zk = zookeeper().await;
        let mut brokers = Vec::new();
        for id in 0..count {
            let host = format!("127.42.2.{}", id + 1);
            // The advertised name is what the answer carries; the client reaches every broker through bootstrap.
            brokers.push(broker(&zk, id, &host, &[("advertised.host.name", &host)]).await);
        }
        let handles: Vec<_> = brokers.iter().collect();
        let producer: FutureProducer = client(&handles).create().unwrap();
        assert_eq!(send(&producer, topic, 0, "value").await, 0, "{count} brokers, {topic}");
        let lister: BaseConsumer = client(&handles).create().unwrap();
        let metadata = lister.fetch_metadata(None, LIMIT).unwrap();
        assert_eq!(metadata.brokers().len(), count as usize);
        assert_eq!(metadata.topics()[0].name(), topic);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicates_and_survives_the_death_of_a_leader() {
    let zk = zookeeper().await;
    let more = [("default.replication.factor", "3"), ("num.partitions", "3"), ("min.insync.replicas", "1")];
    let mut brokers = Vec::new();
    for id in 0..3 {
        brokers.push(broker(&zk, id, &format!("127.42.3.{}", id + 1), &more).await);
    }
    let handles: Vec<_> = brokers.iter().collect();
    let producer: FutureProducer = client(&handles).set("acks", "all").create().unwrap();
    for n in 0..10 {
        for partition in 0..3 {
            assert_eq!(send(&producer, "replicated", partition, &n.to_string()).await, n);
        }
    }
    for broker in &brokers {
        // Whoever acknowledged has it; the followers' own watermark comes with their next fetch.
        let ends: Vec<i64> = broker.partition_offsets("replicated").await.values().map(|o| o.end).collect();
        assert_eq!(ends, [10, 10, 10]);
    }
    let lister: BaseConsumer = client(&handles).create().unwrap();
    let leader =
        lister.fetch_metadata(Some("replicated"), LIMIT).unwrap().topics()[0].partitions()[0].leader();
    let killed_at = Instant::now();
    drop(brokers.remove(leader as usize));
    assert_eq!(send(&producer, "replicated", 0, "after").await, 10);
    assert!(killed_at.elapsed() < Duration::from_secs(5), "{:?}", killed_at.elapsed());
    let handles: Vec<_> = brokers.iter().collect();
    let consumer: StreamConsumer = client(&handles).set("group.id", "g").create().unwrap();
    consumer.assign(&at("replicated", 0, Offset::Beginning)).unwrap();
    assert_eq!(read(&consumer, 11).await[10], (10, "after".to_owned()));
    // The dead one comes back empty and catches up.
    let again = broker(&zk, leader, &format!("127.42.3.{}", leader + 1), &more).await;
    until("the restarted broker catches up", || async {
        (again.partition_offsets("replicated").await.get(&0)?.end == 11).then_some(())
    })
    .await;
    assert_eq!(again.stop().await.code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_client_sees_the_same() {
    let zk = zookeeper().await;
    let broker = broker(&zk, 70, "127.42.4.1", &[]).await;
    let producer: FutureProducer = client(&[&broker]).create().unwrap();
    send(&producer, "topic", 0, "theirs").await;
    let address = broker.address();
    let at_broker = Endpoint { host: address.ip().to_string(), port: address.port().into() };
    let mut own = Client::new(at_broker, "own", LIMIT);
    let metadata = own.metadata(&["topic"]).await.unwrap();
    assert_eq!((metadata.brokers[0].id, metadata.topics[0].partitions[0].leader), (70, 70));
    let fetched = own.fetch("topic", 0, 0, 1000, Duration::ZERO).await.unwrap();
    let messages = message_set::messages(fetched.set).unwrap();
    assert_eq!(messages[0].value.as_deref(), Some(&b"theirs"[..]));
    let mut set = Vec::new();
    put_message(&mut set, 0, Codec::Gzip, None, Some(&Codec::Gzip.compress(&plain(&["ours", "too"]))));
    assert_eq!(own.produce("topic", 0, set.into(), -1).await.unwrap(), 1);
    assert_eq!(
        (own.offset("topic", 0, -2).await.unwrap(), own.offset("topic", 0, -1).await.unwrap()),
        (0, 3)
    );
    assert!(matches!(own.offset("topic", 9, -1).await, Err(ClientError::Refused(3))));
    let consumer: StreamConsumer = client(&[&broker]).set("group.id", "g").create().unwrap();
    consumer.assign(&at("topic", 0, Offset::Offset(1))).unwrap();
    assert_eq!(read(&consumer, 2).await, [(1, "ours".to_owned()), (2, "too".to_owned())]);
}

fn plain(values: &[&str]) -> Vec<u8> {
    let mut set = Vec::new();
    for (offset, value) in (0..).zip(values) {
        put_message(&mut set, offset, Codec::None, None, Some(value.as_bytes()));
    }
    set
}
