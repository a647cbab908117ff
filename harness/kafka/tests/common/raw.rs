//! A connection that speaks bytes made here by hand, so that no codec is held against itself.

#![allow(dead_code)] // Each test binary uses its own part.
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Bytes in the making.
#[derive(Clone, Default)]
pub(crate) struct Bytes(pub(crate) Vec<u8>);

impl Bytes {
    pub(crate) fn i8(mut self, value: i8) -> Self {
        self.0.push(value as u8);
        self
    }

    pub(crate) fn i16(mut self, value: i16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn i32(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn i64(mut self, value: i64) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        let len = text.len() as i16;
        self.i16(len).raw(text.as_bytes())
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    /// A message set or value with its length.
    pub(crate) fn sized(self, bytes: &[u8]) -> Self {
        self.i32(bytes.len() as i32).raw(bytes)
    }
}

/// A message with its offset and size, its value given.
pub(crate) fn message(offset: i64, attributes: i8, value: Option<&[u8]>) -> Vec<u8> {
    let body = Bytes::default().i8(0).i8(attributes).i32(-1);
    let body = match value {
        Some(value) => body.sized(value),
        None => body.i32(-1),
    };
    let checksum = crc(&body.0);
    Bytes::default().i64(offset).i32(body.0.len() as i32 + 4).i32(checksum as i32).raw(&body.0).0
}

/// CRC-32 (IEEE), bit by bit.
fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// Reads an answer.
pub(crate) struct Reader(pub(crate) std::collections::VecDeque<u8>);

impl Reader {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.0.pop_front().unwrap())
    }

    pub(crate) fn i16(&mut self) -> i16 {
        i16::from_be_bytes(self.take())
    }

    pub(crate) fn i32(&mut self) -> i32 {
        i32::from_be_bytes(self.take())
    }

    pub(crate) fn i64(&mut self) -> i64 {
        i64::from_be_bytes(self.take())
    }

    pub(crate) fn text(&mut self) -> String {
        let len = self.i16();
        String::from_utf8((0..len).map(|_| self.0.pop_front().unwrap()).collect()).unwrap()
    }

    pub(crate) fn sized(&mut self) -> Vec<u8> {
        let len = self.i32();
        (0..len).map(|_| self.0.pop_front().unwrap()).collect()
    }

    pub(crate) fn rest(self) -> Vec<u8> {
        self.0.into()
    }
}

pub(crate) struct Raw(TcpStream);

impl Raw {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Sends a request with correlation 9 and client id `t`.
    pub(crate) async fn send(&mut self, key: i16, version: i16, body: &Bytes) {
        let frame = Bytes::default().i16(key).i16(version).i32(9).text("t").raw(&body.0);
        self.write(&Bytes::default().sized(&frame.0).0).await;
    }

    /// The next answer, without its length and correlation; `None` if the connection was closed.
    pub(crate) async fn answer(&mut self) -> Option<Reader> {
        let read = async {
            let len = self.0.read_i32().await.ok()?;
            let mut bytes = vec![0; len as usize];
            self.0.read_exact(&mut bytes).await.ok()?;
            let mut reader = Reader(bytes.into());
            assert_eq!(reader.i32(), 9);
            Some(reader)
        };
        timeout(crate::common::LIMIT, read).await.expect("an answer or an end")
    }

    pub(crate) async fn ask(&mut self, key: i16, version: i16, body: &Bytes) -> Reader {
        self.send(key, version, body).await;
        self.answer().await.expect("an answer")
    }

    /// Whether nothing comes for a while.
    pub(crate) async fn is_silent(&mut self, wait: Duration) -> bool {
        timeout(wait, self.0.peek(&mut [0])).await.is_err()
    }
}

/// Produce to partition 0; error and offset.
pub(crate) async fn produce(raw: &mut Raw, topic: &str, acks: i16, timeout: i32, set: &[u8]) -> (i16, i64) {
    let body = Bytes::default().i16(acks).i32(timeout).i32(1).text(topic).i32(1).i32(0).sized(set);
    let mut answer = raw.ask(0, 0, &body).await;
    assert_eq!((answer.i32(), answer.text().as_str(), answer.i32(), answer.i32()), (1, topic, 1, 0));
    (answer.i16(), answer.i64())
}

/// Fetch from partition 0; error, high watermark and set.
pub(crate) async fn fetch(
    raw: &mut Raw,
    topic: &str,
    (replica, wait, min): (i32, i32, i32),
    offset: i64,
    max: i32,
) -> (i16, i64, Vec<u8>) {
    let body = Bytes::default().i32(replica).i32(wait).i32(min).i32(1).text(topic).i32(1).i32(0);
    let mut answer = raw.ask(1, 0, &body.i64(offset).i32(max)).await;
    assert_eq!((answer.i32(), answer.text().as_str(), answer.i32(), answer.i32()), (1, topic, 1, 0));
    (answer.i16(), answer.i64(), answer.sized())
}

/// Offsets of partition 0; error and offsets.
pub(crate) async fn offsets(raw: &mut Raw, topic: &str, time: i64, max: i32) -> (i16, Vec<i64>) {
    let body = Bytes::default().i32(-1).i32(1).text(topic).i32(1).i32(0).i64(time).i32(max);
    let mut answer = raw.ask(2, 0, &body).await;
    assert_eq!((answer.i32(), answer.text().as_str(), answer.i32(), answer.i32()), (1, topic, 1, 0));
    let error = answer.i16();
    let count = answer.i32();
    (error, (0..count).map(|_| answer.i64()).collect())
}

/// Metadata of one topic: number of brokers, error, number of partitions, and what follows the answer.
pub(crate) async fn metadata(raw: &mut Raw, topic: &str) -> (i32, i16, i32) {
    let mut answer = raw.ask(3, 0, &Bytes::default().i32(1).text(topic)).await;
    let brokers = answer.i32();
    for _ in 0..brokers {
        answer.i32();
        answer.text();
        answer.i32();
    }
    assert_eq!(answer.i32(), 1);
    let error = answer.i16();
    assert_eq!(answer.text(), topic);
    (brokers, error, answer.i32())
}

/// Asks for a topic until it has a leader.
pub(crate) async fn make_topic(raw: &mut Raw, topic: &str) {
    for _ in 0..500 {
        if metadata(raw, topic).await.1 == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{topic} has no leader");
}
