//! One connection: frames out and in.

use std::io::{Error, ErrorKind, Result};

use bytes::Bytes;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::MAX_ANSWER;
use crate::codec::{self, Header, Request, Response};
use crate::model::Endpoint;

/// A connection to a broker.
#[derive(Debug)]
pub(super) struct Connection {
    stream: TcpStream,
    last_correlation: i32,
}

impl Connection {
    pub(super) async fn open(at: &Endpoint) -> Result<Self> {
        let port = u16::try_from(at.port).map_err(|_| Error::new(ErrorKind::InvalidInput, "no such port"))?;
        let stream = TcpStream::connect((at.host.as_str(), port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, last_correlation: 0 })
    }

    /// Sends a request and reads its answer. Not to be used again after an error.
    pub(super) async fn exchange(&mut self, client_id: &str, request: &Request) -> Result<Response> {
        self.last_correlation = self.last_correlation.wrapping_add(1);
        let correlation = self.last_correlation;
        let header = Header { correlation, client_id: Some(client_id.to_owned()) };
        write_frame(&mut self.stream, &request.encode(&header)).await?;
        let frame = read_frame(&mut self.stream, MAX_ANSWER).await?;
        let (answered, response) = Response::decode(request.key(), frame)
            .map_err(|error| Error::new(ErrorKind::InvalidData, error))?;
        if answered == correlation {
            Ok(response)
        } else {
            Err(Error::new(ErrorKind::InvalidData, "the answer is to another request"))
        }
    }
}

/// Writes a frame, its length in front.
pub(crate) async fn write_frame(stream: &mut TcpStream, body: &[u8]) -> Result<()> {
    let len = i32::try_from(body.len()).map_err(|_| Error::new(ErrorKind::InvalidInput, "frame too long"))?;
    let mut frame = Vec::with_capacity(4 + body.len());
    frame.extend_from_slice(&len.to_be_bytes());
    frame.extend_from_slice(body);
    stream.write_all(&frame).await
}

/// Reads a frame of at most `limit` bytes. Memory is taken as the bytes come, not as the length says.
pub(crate) async fn read_frame(stream: &mut TcpStream, limit: usize) -> Result<Bytes> {
    let mut len = [0; 4];
    stream.read_exact(&mut len).await?;
    let len = codec::frame_len(len, limit)
        .ok_or_else(|| Error::new(ErrorKind::InvalidData, "invalid frame length"))?;
    let mut body = Vec::with_capacity(len.min(64 << 10));
    let read = stream.take(len as u64).read_to_end(&mut body).await?;
    if read < len { Err(ErrorKind::UnexpectedEof.into()) } else { Ok(body.into()) }
}
