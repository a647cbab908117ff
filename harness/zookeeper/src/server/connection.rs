//! One connection: its first four bytes decide whether it is a word or a session.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::ensemble::{EnsembleHandle, ToPeer};
use super::four_letter;
use super::listener::Shared;
use super::stats::Peer;
use crate::codec::{self, SERVER_LIMIT};
use crate::model::{ConnectionId, Request};

/// How long a connection may stay without its first frame.
const FIRST_FRAME: Duration = Duration::from_secs(30);
/// How long a client may take to read what is sent to it.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// How long, and how many bytes, the rest of a closed connection is read: a close with unread bytes becomes a
/// reset, which may reach the client before the last answer does.
const LINGER: (Duration, usize) = (Duration::from_millis(500), 1 << 16);
/// How much is put together into one write at most, roughly.
const BATCH: usize = 1 << 16;

struct Wire {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Wire {
    async fn fill(&mut self) -> io::Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Waits for the next frame. May be cancelled without losing bytes.
    async fn frame(&mut self) -> io::Result<Bytes> {
        loop {
            let taken = codec::take_frame(&mut self.buffer, SERVER_LIMIT);
            if let Some(frame) = taken.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
                return Ok(frame);
            }
            self.fill().await?;
        }
    }

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        timeout(WRITE_LIMIT, self.stream.write_all(bytes)).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// Closes so that the client can read to the end.
    async fn close(mut self) {
        let (limit, most) = LINGER;
        let rest = async {
            let mut read = 0;
            if self.stream.shutdown().await.is_err() {
                return;
            }
            while let Ok(more @ 1..) = self.stream.read_buf(&mut self.buffer).await {
                read += more;
                self.buffer.clear();
                if read > most {
                    return;
                }
            }
        };
        let _ = timeout(limit, rest).await;
    }
}

/// Takes the connection out of the server's counters when it ends, however it does.
struct Listed<'a> {
    shared: &'a Shared,
    peer: Peer,
}

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.shared.stats().left(self.peer);
    }
}

/// Tells the ensemble when the connection ends, however it does.
struct Attached<'a> {
    ensemble: &'a EnsembleHandle,
    connection: ConnectionId,
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.ensemble.closed(self.connection);
    }
}

pub(super) async fn serve(stream: TcpStream, address: SocketAddr, shared: Arc<Shared>) {
    // Without it answers wait for acknowledgements; where it cannot be set they do.
    let _ = stream.set_nodelay(true);
    let now = shared.ensemble.clock().now();
    let listed = Listed { shared: &shared, peer: shared.stats().arrived(address, now) };
    let mut wire = Wire { stream, buffer: BytesMut::with_capacity(4096) };
    let Ok(Ok(())) = timeout(FIRST_FRAME, first_bytes(&mut wire)).await else { return };
    if let Some(word) = four_letter::Word::parse(&wire.buffer[..4]) {
        return answer_word(word, wire, listed).await;
    }
    let Ok(Ok(frame)) = timeout(FIRST_FRAME, wire.frame()).await else { return };
    shared.stats().received(listed.peer);
    let Ok(request) = codec::decode_connect_request(&frame) else { return };
    drop(frame);
    let (connection, outgoing) = shared.ensemble.connect(shared.config.id, address.ip(), request);
    let attached = Attached { ensemble: &shared.ensemble, connection };
    let ended = converse(&mut wire, outgoing, &listed, &attached).await;
    drop(attached);
    // Gone for whoever asks, while the client still reads.
    drop(listed);
    if ended.is_ok() {
        wire.close().await;
    }
}

async fn answer_word(word: four_letter::Word, mut wire: Wire, listed: Listed<'_>) {
    let (shared, peer) = (listed.shared, listed.peer);
    wire.buffer.advance(4);
    shared.stats().received(peer);
    let text = if word == four_letter::Word::Stmk {
        // The original reads what is there and no further; whoever sends less gets nothing.
        let Some(mask) = wire.buffer.first_chunk::<8>() else { return };
        let mask = i64::from_be_bytes(*mask);
        shared.stats().trace_mask = mask;
        mask.to_string()
    } else {
        four_letter::answer(word, shared, peer)
    };
    if !text.is_empty() {
        shared.stats().sent(peer);
    }
    if wire.send(text.as_bytes()).await.is_ok() {
        drop(listed);
        wire.close().await;
    }
}

async fn first_bytes(wire: &mut Wire) -> io::Result<()> {
    while wire.buffer.len() < 4 {
        wire.fill().await?;
    }
    Ok(())
}

/// Reads requests and writes what comes for this client; ends well when the ensemble closes the connection.
async fn converse(
    wire: &mut Wire,
    mut outgoing: mpsc::Receiver<ToPeer>,
    listed: &Listed<'_>,
    attached: &Attached<'_>,
) -> io::Result<()> {
    let mut read_at = Instant::now();
    loop {
        tokio::select! {
            // What is to be sent goes first: a client that does not read is not read from either.
            biased;
            message = outgoing.recv() => {
                let Some(message) = message else { return Ok(()) };
                if !write(wire, message, &mut outgoing, listed, read_at).await? {
                    return Ok(());
                }
            }
            frame = wire.frame() => {
                let frame = frame?;
                read_at = Instant::now();
                let decoded = codec::decode_request(&frame);
                let (xid, request) = decoded.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                note_request(listed, &request);
                attached.ensemble.request(attached.connection, xid, request);
            }
        }
    }
}

fn note_request(listed: &Listed<'_>, request: &Request) {
    let mut stats = listed.shared.stats();
    stats.received(listed.peer);
    if let Some(peer) = stats.peers.get_mut(&listed.peer) {
        peer.last_operation = four_letter::operation(request.opcode());
    }
}

/// Writes a message and those that wait behind it; false if the connection is to be closed now.
async fn write(
    wire: &mut Wire,
    first: ToPeer,
    outgoing: &mut mpsc::Receiver<ToPeer>,
    listed: &Listed<'_>,
    read_at: Instant,
) -> io::Result<bool> {
    let mut batch = BytesMut::new();
    let mut next = Some(first);
    let mut open = true;
    while let Some(message) = next {
        let Some(frame) = count(message, listed, read_at) else {
            open = false;
            break;
        };
        if batch.is_empty() && frame.len() >= BATCH {
            wire.send(&frame).await?;
        } else {
            batch.extend_from_slice(&frame);
        }
        next = if batch.len() < BATCH { outgoing.try_recv().ok() } else { None };
    }
    if !batch.is_empty() {
        wire.send(&batch).await?;
    }
    Ok(open)
}

/// Counts a message and gives its frame; none for the end.
fn count(message: ToPeer, listed: &Listed<'_>, read_at: Instant) -> Option<Bytes> {
    let (shared, peer) = (listed.shared, listed.peer);
    let frame = match message {
        ToPeer::Close => return None,
        ToPeer::Event(frame) => frame,
        ToPeer::Connected { session, timeout_ms, frame } => {
            shared.stats().connected(peer, session, timeout_ms);
            frame
        }
        ToPeer::Reply { xid, zxid, frame } => {
            let ms = u64::try_from(read_at.elapsed().as_millis()).unwrap_or(u64::MAX);
            let now = shared.ensemble.clock().now();
            shared.stats().answered(peer, xid, zxid, now, ms);
            frame
        }
    };
    shared.stats().sent(peer);
    Some(frame)
}
