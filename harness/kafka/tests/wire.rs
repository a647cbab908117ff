//! What a broker answers to bytes made by hand: the cases that were measured on the original.
#![allow(clippy::unwrap_used)] // A test helper fails the test.

mod common;
#[path = "common/raw.rs"]
mod raw;

use std::io::Read as _;
use std::time::{Duration, Instant};

use common::{LIMIT, broker, zookeeper};
use raw::{Bytes, Raw, fetch, make_topic, message, metadata, offsets, produce};
use stacklab_kafka::BrokerHandle;
use stacklab_zookeeper::server::ServerHandle;

const CONSUMER: (i32, i32, i32) = (-1, 0, 1);

async fn one(host: &str, more: &[(&str, &str)]) -> (ServerHandle, BrokerHandle, Raw) {
    let zk = zookeeper().await;
    let broker = broker(&zk, 70, host, more).await;
    let raw = Raw::open(broker.address()).await;
    (zk, broker, raw)
}

#[tokio::test]
async fn closes_on_what_it_does_not_know() {
    let (_zk, broker, _) = one("127.42.5.1", &[]).await;
    for (key, version) in [(18, 0), (18, 3), (13, 0), (99, 0), (-1, 0), (8, 2)] {
        let mut raw = Raw::open(broker.address()).await;
        let asked = Instant::now();
        raw.send(key, version, &Bytes::default().text("g").i32(0).i32(0)).await;
        assert!(raw.answer().await.is_none(), "{key}");
        assert!(asked.elapsed() < Duration::from_millis(100));
    }
    for len in [0_i32, -5, 104_857_601] {
        let mut raw = Raw::open(broker.address()).await;
        raw.write(&len.to_be_bytes()).await;
        assert!(raw.answer().await.is_none(), "{len}");
    }
    let mut raw = Raw::open(broker.address()).await;
    let join = Bytes::default().text("g").i32(6000).i32(0).text("").text("range");
    let refused = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0];
    assert_eq!(raw.ask(11, 0, &join).await.rest(), refused);
    let heartbeat = Bytes::default().text("g").i32(1).text("member");
    assert_eq!(raw.ask(12, 0, &heartbeat).await.rest(), [0xff, 0xff]);
}

#[tokio::test]
async fn makes_topics_when_asked_for_metadata() {
    let (_zk, broker, mut raw) = one("127.42.5.2", &[]).await;
    assert_eq!(metadata(&mut raw, "first").await, (0, 5, 0), "a fresh broker does not know itself");
    make_topic(&mut raw, "first").await;
    assert_eq!(metadata(&mut raw, "second").await, (1, 5, 0));
    // One bad name fails the whole request.
    for bad in ["a b", ".", "", &"x".repeat(256)] {
        let mut answer = raw.ask(3, 0, &Bytes::default().i32(2).text("first").text(bad)).await;
        assert_eq!((answer.i32(), answer.i32(), answer.i16()), (0, 2, 17), "{bad}");
    }
    // Duplicates are answered once, and a newer version in the same layout.
    let mut answer = raw.ask(3, 1, &Bytes::default().i32(2).text("first").text("first")).await;
    assert_eq!((answer.i32(), answer.i32(), answer.text(), answer.i32()), {
        let address = broker.address();
        (1, 70, "127.42.5.2".to_owned(), i32::from(address.port()))
    });
    assert_eq!(answer.i32(), 1);
    // 2 error, 7 name, 4 count, 26 partition, and the zero bytes that librdkafka needs.
    assert_eq!(answer.rest().len(), 2 + 7 + 4 + 26 + 64);
    // All topics; none is made.
    let mut answer = raw.ask(3, 0, &Bytes::default().i32(0)).await;
    assert_eq!((answer.i32(), answer.i32()), (1, 70));
}

#[tokio::test]
async fn pads_nothing_when_strict() {
    let (_zk, _broker, mut raw) = one("127.42.5.3", &[("stacklab.strict", "true")]).await;
    make_topic(&mut raw, "topic").await;
    let answer = raw.ask(3, 0, &Bytes::default().i32(1).text("topic")).await;
    assert_eq!(answer.rest().len(), 4 + 4 + 12 + 4 + 4 + 2 + 7 + 4 + 26);
}

#[tokio::test]
async fn appends_and_refuses_as_the_original() {
    let (_zk, _broker, mut raw) = one("127.42.5.4", &[]).await;
    make_topic(&mut raw, "topic").await;
    let three = [message(0, 0, Some(b"a")), message(0, 0, Some(b"b")), message(77, 0, None)].concat();
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &three).await, (0, 0));
    assert_eq!(produce(&mut raw, "topic", -1, 1000, &three).await, (0, 3));
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &three[..three.len() - 1]).await, (0, 6), "cut tail");
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &[]).await, (0, -1), "empty set");
    let mut corrupt = message(0, 0, Some(b"a"));
    *corrupt.last_mut().unwrap() ^= 1;
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &corrupt).await, (2, -1));
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &message(0, 4, Some(b"a"))).await, (-1, -1));
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &message(0, 1, Some(b"no gzip"))).await, (-1, -1));
    assert_eq!(produce(&mut raw, "missing", 1, 1000, &three).await, (3, -1));
    let longest = vec![b'x'; 999_987];
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &message(0, 0, Some(&longest))).await, (10, -1));
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &message(0, 0, Some(&longest[1..]))).await, (0, 8));
    let asked = Instant::now();
    assert_eq!(produce(&mut raw, "topic", 2, 200, &three).await, (7, 9), "nobody else acknowledges");
    assert!(asked.elapsed() >= Duration::from_millis(200));
    assert_eq!(offsets(&mut raw, "topic", -1, 1).await, (0, vec![12]), "the messages stay");
}

#[tokio::test]
async fn is_silent_without_acks_and_closes_on_error() {
    let (_zk, _broker, mut raw) = one("127.42.5.5", &[]).await;
    make_topic(&mut raw, "topic").await;
    let body = |topic: &str| {
        let set = message(0, 0, Some(b"a"));
        Bytes::default().i16(0).i32(1000).i32(1).text(topic).i32(1).i32(0).sized(&set)
    };
    raw.send(0, 0, &body("topic")).await;
    assert!(raw.is_silent(Duration::from_millis(50)).await);
    assert_eq!(offsets(&mut raw, "topic", -1, 1).await, (0, vec![1]), "it was appended");
    raw.send(0, 0, &body("missing")).await;
    assert!(raw.answer().await.is_none());
}

#[tokio::test]
async fn fetches_as_the_original() {
    let (_zk, broker, mut raw) = one("127.42.5.6", &[]).await;
    make_topic(&mut raw, "topic").await;
    let two = [message(0, 0, Some(b"a")), message(1, 0, Some(b"b"))].concat();
    produce(&mut raw, "topic", 1, 1000, &two).await;
    assert_eq!(fetch(&mut raw, "topic", CONSUMER, 0, 1000).await, (0, 2, two.clone()));
    assert_eq!(
        fetch(&mut raw, "topic", CONSUMER, 0, 10).await,
        (0, 2, two[..10].to_vec()),
        "cut in a header"
    );
    assert_eq!(fetch(&mut raw, "topic", CONSUMER, 0, 0).await, (0, 2, Vec::new()));
    assert_eq!(fetch(&mut raw, "topic", CONSUMER, 2, 1000).await, (0, 2, Vec::new()));
    assert_eq!(fetch(&mut raw, "topic", CONSUMER, 3, 1000).await, (1, -1, Vec::new()));
    assert_eq!(fetch(&mut raw, "topic", CONSUMER, -1, 1000).await, (1, -1, Vec::new()));
    assert_eq!(fetch(&mut raw, "missing", (-1, 5000, 1), 0, 1000).await, (3, -1, Vec::new()), "at once");
    assert_eq!(fetch(&mut raw, "topic", (-2, 0, 1), 1, 1000).await, (0, 2, two[27..].to_vec()));
    assert_eq!(fetch(&mut raw, "topic", (5, 0, 1), 0, 1000).await, (-1, -1, Vec::new()), "no replica");
    // A long poll ends with the time, or with what comes.
    let asked = Instant::now();
    assert_eq!(fetch(&mut raw, "topic", (-1, 100, 1), 2, 1000).await, (0, 2, Vec::new()));
    assert!(asked.elapsed() >= Duration::from_millis(100));
    let mut other = Raw::open(broker.address()).await;
    let third = message(2, 0, Some(b"c"));
    let poll = fetch(&mut raw, "topic", (-1, 9000, 1), 2, 1000);
    let (polled, produced) = tokio::join!(poll, produce(&mut other, "topic", 1, 1000, &third));
    assert_eq!((polled, produced), ((0, 3, third.clone()), (0, 2)));
    assert!(asked.elapsed() < LIMIT / 2);
}

#[tokio::test]
async fn packs_compressed_messages_anew() {
    let (_zk, _broker, mut raw) = one("127.42.5.7", &[]).await;
    make_topic(&mut raw, "topic").await;
    produce(&mut raw, "topic", 1, 1000, &message(0, 0, Some(b"first"))).await;
    let inner = [message(0, 0, Some(b"a")), message(1, 0, Some(b"b"))].concat();
    // Raw snappy: the length, and one literal of that length.
    let literal = [&[inner.len() as u8, (inner.len() as u8 - 1) << 2][..], &inner].concat();
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &message(0, 2, Some(&literal))).await, (0, 1));
    let (error, end, set) = fetch(&mut raw, "topic", CONSUMER, 2, 1000).await;
    assert_eq!((error, end), (0, 3), "from inside the packet it comes whole");
    assert_eq!(set[..8], 2_i64.to_be_bytes(), "the offset of the last one inside");
    assert_eq!(set[17..22], [2, 0xff, 0xff, 0xff, 0xff], "snappy, null key");
    assert_eq!(set[26..42], *b"\x82SNAPPY\0\0\0\0\x01\0\0\0\x01");
    // Gzip, read back with another reader.
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gzip, &inner).unwrap();
    let gzip = gzip.finish().unwrap();
    assert_eq!(produce(&mut raw, "topic", 1, 1000, &message(0, 1, Some(&gzip))).await, (0, 3));
    let (_, _, set) = fetch(&mut raw, "topic", CONSUMER, 3, 1000).await;
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&set[26..]).read_to_end(&mut plain).unwrap();
    assert_eq!(plain, [message(3, 0, Some(b"a")), message(4, 0, Some(b"b"))].concat());
}

#[tokio::test]
async fn finds_offsets_by_segment() {
    let more = [("log.segment.bytes", "100"), ("message.max.bytes", "100"), ("log.retention.bytes", "1000")];
    let (_zk, _broker, mut raw) = one("127.42.5.8", &more).await;
    make_topic(&mut raw, "topic").await;
    assert_eq!(offsets(&mut raw, "topic", -1, 10).await, (0, vec![0]));
    for _ in 0..4 {
        produce(&mut raw, "topic", 1, 1000, &message(0, 0, Some(&[b'x'; 50]))).await;
    }
    assert_eq!(offsets(&mut raw, "topic", -1, 1).await, (0, vec![4]));
    assert_eq!(offsets(&mut raw, "topic", -2, 1).await, (0, vec![0]));
    assert_eq!(offsets(&mut raw, "topic", -1, 10).await, (0, vec![4, 3, 2, 1, 0]));
    assert_eq!(offsets(&mut raw, "topic", -1, 0).await, (0, Vec::new()));
    assert_eq!(offsets(&mut raw, "topic", 1, 10).await, (0, Vec::new()));
    assert_eq!(offsets(&mut raw, "topic", -3, 10).await, (0, Vec::new()));
    assert_eq!(offsets(&mut raw, "missing", -1, 1).await, (3, Vec::new()));
}

/// Commits offset 5 of partition 0; the error.
async fn commit(raw: &mut Raw, version: i16, group: &str, topic: &str, note: &str) -> i16 {
    let body = Bytes::default().text(group);
    let body = if version == 1 { body.i32(-1).text("") } else { body };
    let body = body.i32(1).text(topic).i32(1).i32(0).i64(5);
    let body = if version == 1 { body.i64(-1) } else { body };
    let mut answer = raw.ask(8, version, &body.text(note)).await;
    assert_eq!((answer.i32(), answer.text().as_str(), answer.i32(), answer.i32()), (1, topic, 1, 0));
    answer.i16()
}

/// Offset, note and error.
async fn committed(raw: &mut Raw, version: i16, group: &str, topic: &str) -> (i64, String, i16) {
    let mut answer =
        raw.ask(9, version, &Bytes::default().text(group).i32(1).text(topic).i32(1).i32(0)).await;
    assert_eq!((answer.i32(), answer.text().as_str(), answer.i32(), answer.i32()), (1, topic, 1, 0));
    (answer.i64(), answer.text(), answer.i16())
}

#[tokio::test]
async fn keeps_two_stores_of_offsets() {
    let (zk, _broker, mut raw) = one("127.42.5.9", &[("offsets.topic.num.partitions", "3")]).await;
    make_topic(&mut raw, "topic").await;
    assert_eq!(committed(&mut raw, 0, "g", "topic").await, (-1, String::new(), 3));
    assert_eq!(commit(&mut raw, 0, "g", "topic", "note").await, 0);
    assert_eq!(committed(&mut raw, 0, "g", "topic").await, (5, String::new(), 0));
    let (data, _) = zk.ensemble().get("/kafka/consumers/g/offsets/topic/0").unwrap();
    assert_eq!(data.unwrap(), "5");
    assert_eq!(commit(&mut raw, 0, "g", "missing", "").await, 3);
    let long = "x".repeat(4097);
    assert_eq!(commit(&mut raw, 0, "g", "topic", &long).await, 12);

    let error = |mut answer: raw::Reader| (answer.i16(), answer.i32());
    assert_eq!(error(raw.ask(10, 0, &Bytes::default().text("g")).await), (15, -1), "the topic is being made");
    let deadline = Instant::now() + LIMIT;
    while error(raw.ask(10, 0, &Bytes::default().text("g")).await) != (0, 70) {
        assert!(Instant::now() < deadline);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(committed(&mut raw, 1, "g", "topic").await, (-1, String::new(), 0), "another store");
    assert_eq!(commit(&mut raw, 1, "g", "topic", "note").await, 0);
    assert_eq!(committed(&mut raw, 1, "g", "topic").await, (5, "note".to_owned(), 0));
    assert_eq!(committed(&mut raw, 2, "g", "topic").await, (5, "note".to_owned(), 0));
    assert_eq!(committed(&mut raw, 1, "nobody", "topic").await, (-1, String::new(), 0));
    assert_eq!(committed(&mut raw, 1, "g", "missing").await, (-1, String::new(), 3));
    assert_eq!(commit(&mut raw, 1, "g", "missing", "").await, 0, "accepted all the same");
    assert_eq!(commit(&mut raw, 1, "g", "topic", &long).await, 12);
    let (data, _) = zk.ensemble().get("/kafka/config/topics/__consumer_offsets").unwrap();
    let expected = r#"{"version":1,"config":{"segment.bytes":"104857600","cleanup.policy":"compact"}}"#;
    assert_eq!(data.unwrap(), expected);
}

#[tokio::test]
async fn serves_a_connection_strictly_in_order() {
    let (_zk, _broker, mut raw) = one("127.42.5.10", &[]).await;
    make_topic(&mut raw, "topic").await;
    let poll = Bytes::default().i32(-1).i32(200).i32(1).i32(1).text("topic").i32(1).i32(0).i64(0).i32(10);
    let asked = Instant::now();
    raw.send(1, 0, &poll).await;
    raw.send(3, 0, &Bytes::default().i32(1).text("topic")).await;
    assert_eq!(raw.answer().await.unwrap().rest().len(), 4 + 7 + 4 + 4 + 2 + 8 + 4, "the fetch");
    assert!(asked.elapsed() >= Duration::from_millis(200));
    assert_eq!(raw.answer().await.unwrap().i32(), 1, "then the metadata");
}
