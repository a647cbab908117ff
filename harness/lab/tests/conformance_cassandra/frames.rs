//! Frames by hand: what the driver cannot send, or does not show.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use stacklab_cassandra::codec::Compression;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// An answer that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(5);
/// So long nothing may come that was not asked for.
const SILENCE: Duration = Duration::from_millis(150);

pub(crate) const STARTUP: u8 = 1;
pub(crate) const OPTIONS: u8 = 5;
pub(crate) const QUERY: u8 = 7;
pub(crate) const PREPARE: u8 = 9;
pub(crate) const EXECUTE: u8 = 10;
pub(crate) const REGISTER: u8 = 11;
pub(crate) const BATCH: u8 = 13;

/// What is done on a connection, one after the other.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends bytes, and reads so many frames, or until the end.
    Send(Vec<u8>, usize),
    /// Sends EXECUTE of the statement that was prepared last, with what stands behind the id.
    Execute(Vec<u8>),
    /// Sends QUERY again with the paging state of the last answer: statement, page size.
    NextPage(&'static str, i32),
    /// The same on a second connection, which is STARTUPed first.
    Elsewhere(&'static str),
}

/// A connection's script: a name, the protocol's version, and what is done.
pub(crate) struct Script {
    pub(crate) name: &'static str,
    pub(crate) version: u8,
    pub(crate) steps: Vec<Step>,
}

/// Runs a script on a server; an answer for each step.
pub(crate) async fn run(address: SocketAddr, script: &Script) -> Vec<String> {
    let mut peer = Peer::open(address, script.version).await;
    peer.compression = Compression::named(script.name).unwrap_or_default();
    let mut answers = Vec::new();
    for step in &script.steps {
        answers.push(peer.step(address, step).await);
    }
    answers.push(match timeout(SILENCE, peer.frame()).await {
        Err(_) => "silence".to_owned(),
        Ok(frame) => format!("at the end: {frame}"),
    });
    answers
}

struct Peer {
    stream: TcpStream,
    version: u8,
    prepared: Vec<u8>,
    paging_state: Vec<u8>,
    compression: Compression,
    closed: bool,
}

impl Peer {
    async fn open(address: SocketAddr, version: u8) -> Self {
        let stream = TcpStream::connect(address).await.unwrap_or_else(|error| panic!("{address}: {error}"));
        let compression = Compression::None;
        Self { stream, version, prepared: Vec::new(), paging_state: Vec::new(), compression, closed: false }
    }

    async fn step(&mut self, address: SocketAddr, step: &Step) -> String {
        let (bytes, answers) = match step {
            Step::Send(bytes, answers) => (bytes.clone(), *answers),
            Step::Execute(rest) => {
                let body = [&short_bytes(&self.prepared)[..], rest].concat();
                (frame(self.version, 0, EXECUTE, &body), 1)
            }
            Step::NextPage(cql, size) => {
                let mut body = [&long_string(cql)[..], &[0, 1, 0x0c], &size.to_be_bytes()].concat();
                body.extend((self.paging_state.len() as u32).to_be_bytes());
                body.extend(&self.paging_state);
                (frame(self.version, 0, QUERY, &body), 1)
            }
            Step::Elsewhere(cql) => {
                let mut other = Box::pin(Self::open(address, self.version)).await;
                for bytes in [startup(self.version), query(self.version, cql)] {
                    let _ = other.stream.write_all(&bytes).await;
                    other.frame().await;
                }
                // What registered connections are told: UPDATED KEYSPACE and what happened to its table.
                let first = self.frame().await;
                return format!("{first}\n      {}", self.frame().await);
            }
        };
        if self.stream.write_all(&bytes).await.is_err() {
            return "cannot send".to_owned();
        }
        let mut out = Vec::new();
        for _ in 0..answers {
            out.push(self.frame().await);
        }
        out.join("\n      ")
    }

    /// The next frame as text, or that there is none.
    async fn frame(&mut self) -> String {
        if self.closed {
            return "closed".to_owned();
        }
        let mut header = [0; 9];
        match timeout(PATIENCE, self.stream.read_exact(&mut header)).await {
            Err(_) => return "nothing".to_owned(),
            Ok(Err(_)) => {
                self.closed = true;
                return "closed".to_owned();
            }
            Ok(Ok(_)) => {}
        }
        let length = u32::from_be_bytes([header[5], header[6], header[7], header[8]]);
        let mut body = vec![0; length.min(1 << 20) as usize];
        if !matches!(timeout(PATIENCE, self.stream.read_exact(&mut body)).await, Ok(Ok(_))) {
            return "half a frame".to_owned();
        }
        if header[1] & 1 != 0 {
            body = match self.compression.decompress(&Bytes::from(body)) {
                Ok(body) => body.to_vec(),
                Err(error) => return error.to_string(),
            };
        }
        self.remember(header[4], header[1], &body);
        shown(&header, &body)
    }

    /// Keeps the id of a prepared statement, and where a page ended.
    fn remember(&mut self, opcode: u8, flags: u8, body: &[u8]) {
        if opcode != 8 || flags != 0 || body.len() < 12 {
            return;
        }
        match body[3] {
            4 => self.prepared = body[6..22].to_vec(),
            2 if body[7] & 2 != 0 => {
                let length = u32::from_be_bytes([body[12], body[13], body[14], body[15]]) as usize;
                self.paging_state = body[16..16 + length].to_vec();
            }
            _ => {}
        }
    }
}

/// A frame with its paging state, which is each server's own, taken out.
fn shown(header: &[u8], body: &[u8]) -> String {
    let mut body = body.to_vec();
    let mut length = body.len().to_string();
    if header[4] == 8 && header[1] == 0 && body.len() > 16 && body[3] == 2 && body[7] & 2 != 0 {
        let state = u32::from_be_bytes([body[12], body[13], body[14], body[15]]) as usize;
        body.drain(12..16 + state);
        length = "with a paging state".to_owned();
    }
    let text: String =
        body.iter().map(|byte| if (32..127).contains(byte) { *byte as char } else { '.' }).collect();
    let hex: String = body.iter().map(|byte| format!("{byte:02x}")).collect();
    let head: String = header[..5].iter().map(|byte| format!("{byte:02x}")).collect();
    if header[4] == 0 && body.len() > 6 {
        return format!("{head} ERROR {} {}", &hex[..8], &text[6..]);
    }
    format!("{head} ({length}) {hex} {text}")
}

/// A frame on stream 0x1234.
pub(crate) fn frame(version: u8, flags: u8, opcode: u8, body: &[u8]) -> Vec<u8> {
    let mut out = vec![version, flags, 0x12, 0x34, opcode];
    out.extend((body.len() as u32).to_be_bytes());
    out.extend(body);
    out
}

pub(crate) fn short_string(text: &str) -> Vec<u8> {
    short_bytes(text.as_bytes())
}

pub(crate) fn short_bytes(bytes: &[u8]) -> Vec<u8> {
    [&(bytes.len() as u16).to_be_bytes()[..], bytes].concat()
}

pub(crate) fn long_string(text: &str) -> Vec<u8> {
    [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat()
}

pub(crate) fn string_map(entries: &[(&str, &str)]) -> Vec<u8> {
    let mut out = (entries.len() as u16).to_be_bytes().to_vec();
    for (key, value) in entries {
        out.extend(short_string(key));
        out.extend(short_string(value));
    }
    out
}

pub(crate) fn startup(version: u8) -> Vec<u8> {
    frame(version, 0, STARTUP, &string_map(&[("CQL_VERSION", "3.0.0")]))
}

/// QUERY at ONE without anything else.
pub(crate) fn query(version: u8, cql: &str) -> Vec<u8> {
    query_with(version, cql, &[0, 1, 0])
}

pub(crate) fn query_with(version: u8, cql: &str, parameters: &[u8]) -> Vec<u8> {
    frame(version, 0, QUERY, &[&long_string(cql)[..], parameters].concat())
}
