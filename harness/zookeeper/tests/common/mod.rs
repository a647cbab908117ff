//! What the tests share: a server on a free port, a connection that speaks raw bytes, and waiting for a condition.
#![allow(dead_code)] // Each test binary uses its own part.
#![allow(clippy::unwrap_used)] // A test helper fails the test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use stacklab_zookeeper::model::EnsembleConfig;
use stacklab_zookeeper::server::{EnsembleHandle, LogSink, Server, ServerConfig, ServerHandle};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

pub(crate) const LIMIT: Duration = Duration::from_secs(10);

pub(crate) fn quiet() -> LogSink {
    Arc::new(|_| {})
}

pub(crate) fn free(address: &str) -> SocketAddr {
    format!("{address}:0").parse().unwrap()
}

/// A stand-alone ensemble with ticks of `tick_ms`, behind one server.
pub(crate) async fn start(tick_ms: u64) -> ServerHandle {
    let config = EnsembleConfig { tick: Duration::from_millis(tick_ms), ..EnsembleConfig::standalone("zk") };
    let ensemble = EnsembleHandle::new(config);
    Server::start(ServerConfig::new(free("127.41.0.1")), ensemble, quiet()).await.unwrap()
}

pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !holds() {
        assert!(Instant::now() < deadline, "waited in vain: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// The bytes of hexadecimal text with blanks.
pub(crate) fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// A connection without any client behind it.
pub(crate) struct Raw {
    stream: TcpStream,
}

impl Raw {
    pub(crate) async fn open(address: SocketAddr) -> Self {
        Self { stream: TcpStream::connect(address).await.unwrap() }
    }

    /// Opens a session of 4 s or whatever the ensemble's least is; gives its id and password.
    pub(crate) async fn session(address: SocketAddr) -> (Self, i64, Vec<u8>) {
        let mut raw = Self::open(address).await;
        raw.send("00000000 0000000000000000 00000000 0000000000000000 00000000").await;
        let reply = raw.frame().await.unwrap();
        let id = i64::from_be_bytes(reply[8..16].try_into().unwrap());
        (raw, id, reply[20..36].to_vec())
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// Sends a frame given in hexadecimal.
    pub(crate) async fn send(&mut self, body: &str) {
        self.frame_of(&hex(body)).await;
    }

    pub(crate) async fn frame_of(&mut self, body: &[u8]) {
        let mut frame = (body.len() as i32).to_be_bytes().to_vec();
        frame.extend_from_slice(body);
        self.write(&frame).await;
    }

    /// Sends operation `op` with number `xid`.
    pub(crate) async fn ask(&mut self, xid: i32, op: i32, body: &[u8]) {
        let mut frame = xid.to_be_bytes().to_vec();
        frame.extend_from_slice(&op.to_be_bytes());
        frame.extend_from_slice(body);
        self.frame_of(&frame).await;
    }

    /// The next frame, or `None` if the server closed.
    pub(crate) async fn frame(&mut self) -> Option<Vec<u8>> {
        let read = async {
            let mut head = [0; 4];
            self.stream.read_exact(&mut head).await.ok()?;
            let mut body = vec![0; u32::from_be_bytes(head) as usize];
            self.stream.read_exact(&mut body).await.ok()?;
            Some(body)
        };
        timeout(LIMIT, read).await.expect("neither a frame nor the end")
    }

    /// Everything up to the end.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        timeout(LIMIT, self.stream.read_to_end(&mut all)).await.expect("no end").unwrap_or_default();
        all
    }

    /// Asks, and gives the answer's xid, zxid, error and body.
    pub(crate) async fn call(&mut self, xid: i32, op: i32, body: &[u8]) -> Answer {
        self.ask(xid, op, body).await;
        Answer::of(&self.frame().await.expect("closed"))
    }

    pub(crate) async fn answer(&mut self) -> Answer {
        Answer::of(&self.frame().await.expect("closed"))
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) xid: i32,
    pub(crate) zxid: i64,
    pub(crate) error: i32,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    fn of(frame: &[u8]) -> Self {
        Self {
            xid: i32::from_be_bytes(frame[..4].try_into().unwrap()),
            zxid: i64::from_be_bytes(frame[4..12].try_into().unwrap()),
            error: i32::from_be_bytes(frame[12..16].try_into().unwrap()),
            body: frame[16..].to_vec(),
        }
    }

    /// Kind and path of a watch event.
    pub(crate) fn event(&self) -> (i32, String) {
        assert_eq!((self.xid, self.zxid, self.error), (-1, -1, 0), "{self:?}");
        assert_eq!(self.body[4..8], 3_i32.to_be_bytes());
        let kind = i32::from_be_bytes(self.body[..4].try_into().unwrap());
        (kind, String::from_utf8(self.body[12..].to_vec()).unwrap())
    }
}

/// Fields of a request.
#[derive(Default)]
pub(crate) struct Body(pub(crate) Vec<u8>);

impl Body {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn int(mut self, value: i32) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn long(mut self, value: i64) -> Self {
        self.0.extend_from_slice(&value.to_be_bytes());
        self
    }

    pub(crate) fn byte(mut self, value: u8) -> Self {
        self.0.push(value);
        self
    }

    pub(crate) fn text(self, value: &str) -> Self {
        let mut longer = self.int(value.len() as i32);
        longer.0.extend_from_slice(value.as_bytes());
        longer
    }

    pub(crate) fn texts(self, values: &[&str]) -> Self {
        values.iter().fold(self.int(values.len() as i32), |body, value| body.text(value))
    }

    /// Path, data, the open list, flags.
    pub(crate) fn create(path: &str, data: &str, flags: i32) -> Self {
        Self::new().text(path).text(data).int(1).int(31).text("world").text("anyone").int(flags)
    }

    pub(crate) fn path(path: &str) -> Self {
        Self::new().text(path)
    }

    pub(crate) fn watched(path: &str, watch: bool) -> Self {
        Self::new().text(path).byte(u8::from(watch))
    }
}
