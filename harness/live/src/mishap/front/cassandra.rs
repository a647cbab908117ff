//! Cassandra: writes may time out. They are known by their first word, prepared ones by the answer to their PREPARE.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Buf, BufMut, BytesMut};
use stacklab_cassandra::codec::{Answer, Compression, Frame, Request, Response, Version, flags, opcode};
use stacklab_cassandra::{Consistency, CqlError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};

use super::Road;

/// The longest frame that is carried: `native_transport_max_frame_size_in_mb`.
const MAX_FRAME: usize = 256 << 20;
const HEADER: usize = 9;
/// Prepared writes that are remembered.
const MAX_PREPARED: usize = 10_000;

/// Ids of prepared statements that write, of all connections: drivers prepare on one and execute on others.
#[derive(Clone, Debug, Default)]
pub(super) struct Prepared(Arc<Mutex<BTreeSet<Vec<u8>>>>);

impl Prepared {
    fn set(&self) -> std::sync::MutexGuard<'_, BTreeSet<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A frame as it is carried: header and body as they came.
struct Raw(BytesMut);

impl Raw {
    async fn read(from: &mut OwnedReadHalf) -> io::Result<Self> {
        let mut header = [0; HEADER];
        from.read_exact(&mut header).await?;
        let length = i32::from_be_bytes([header[5], header[6], header[7], header[8]]);
        let length = usize::try_from(length).ok().filter(|length| *length <= MAX_FRAME);
        let length = length.ok_or(io::ErrorKind::InvalidData)?;
        let mut bytes = BytesMut::new();
        bytes.put_slice(&header);
        let mut body = Vec::new();
        from.take(length as u64).read_to_end(&mut body).await?;
        if body.len() < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        bytes.put_slice(&body);
        Ok(Self(bytes))
    }

    fn stream(&self) -> i16 {
        i16::from_be_bytes([self.0[2], self.0[3]])
    }

    /// What it says, unless it is packed or of a version that is not spoken.
    fn frame(&self) -> Option<Frame> {
        let version = match self.0[0] & 0x7f {
            3 => Version::V3,
            4 => Version::V4,
            _ => return None,
        };
        let frame = Frame {
            version,
            response: self.0[0] & 0x80 != 0,
            flags: self.0[1],
            stream: self.stream(),
            opcode: self.0[4],
            body: (&self.0[HEADER..]).copy_to_bytes(self.0.len() - HEADER),
        };
        (frame.flags & flags::COMPRESSED == 0).then_some(frame)
    }
}

fn writes(cql: &str) -> bool {
    let first = cql.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
    matches!(first.as_str(), "INSERT" | "UPDATE" | "DELETE" | "BEGIN")
}

type Preparing = Mutex<BTreeMap<i16, bool>>;
type Writer = tokio::sync::Mutex<OwnedWriteHalf>;

pub(super) async fn serve(client: TcpStream, node: TcpStream, road: &Road) -> io::Result<()> {
    let (mut from_client, to_client) = client.into_split();
    let (mut from_node, mut to_node) = node.into_split();
    let (to_client, preparing) = (Writer::new(to_client), Preparing::default());
    let up = async {
        loop {
            let raw = Raw::read(&mut from_client).await?;
            road.to_service(raw.0.len()).await;
            match refused(&raw, road, &preparing) {
                Some(answer) => to_client.lock().await.write_all(&answer).await?,
                None => to_node.write_all(&raw.0).await?,
            }
        }
    };
    let down = async {
        loop {
            let raw = Raw::read(&mut from_node).await?;
            note_prepared(&raw, road, &preparing);
            road.to_client(raw.0.len()).await;
            to_client.lock().await.write_all(&raw.0).await?;
        }
    };
    // The first way that ends takes the other along.
    tokio::select! {
        ended = up => ended,
        ended = down => ended,
    }
}

/// The answer to a write that times out; nothing for what the node is to answer.
fn refused(raw: &Raw, road: &Road, preparing: &Preparing) -> Option<BytesMut> {
    let frame = raw.frame()?;
    let is_write = match frame.opcode {
        opcode::PREPARE => {
            if let Ok(Request::Prepare(cql)) = Request::decode(&frame) {
                preparing.lock().unwrap_or_else(PoisonError::into_inner).insert(frame.stream, writes(&cql));
            }
            false
        }
        _ if !road.mishaps.writes_time_out(&road.service) => false,
        opcode::QUERY => matches!(Request::decode(&frame), Ok(Request::Query(cql, _)) if writes(&cql)),
        opcode::EXECUTE => {
            matches!(Request::decode(&frame), Ok(Request::Execute(id, _)) if road.prepared.set().contains(&id))
        }
        opcode::BATCH => true,
        _ => false,
    };
    let error = is_write.then(|| CqlError::WriteTimeout {
        message: "Operation timed out - received only 0 responses.".to_owned(),
        consistency: Consistency::One,
        received: 0,
        required: 1,
        write_type: if frame.opcode == opcode::BATCH { "BATCH" } else { "SIMPLE" }.to_owned(),
    })?;
    let mut answer = BytesMut::new();
    let whole: Answer = Response::Error(error).into();
    whole.encode(frame.version, frame.stream).encode(Compression::None, &mut answer);
    Some(answer)
}

/// Takes note of the id of a prepared write.
fn note_prepared(raw: &Raw, road: &Road, preparing: &Preparing) {
    let was = preparing.lock().unwrap_or_else(PoisonError::into_inner).remove(&raw.stream());
    if was != Some(true) {
        return;
    }
    let Some(frame) = raw.frame() else { return };
    if let Ok(Answer { response: Response::Prepared(info), .. }) = Answer::decode(&frame) {
        let mut prepared = road.prepared.set();
        if prepared.len() < MAX_PREPARED {
            prepared.insert(info.id.to_vec());
        }
    }
}
