//! One TCP connection to a server, from the handshake on.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::codec::{self, CLIENT_LIMIT};
use crate::model::{ConnectReply, ConnectRequest};

/// A connection whose handshake is done.
#[derive(Debug)]
pub(super) struct Link {
    stream: TcpStream,
    buffer: BytesMut,
}

impl Link {
    /// Connects and shakes hands. A refused session is an answer, not an error.
    pub(super) async fn open(
        host: &str,
        port: u16,
        request: &ConnectRequest,
        limit: Duration,
    ) -> Result<(Self, ConnectReply), String> {
        let at = |why: String| format!("{host}:{port}: {why}");
        match timeout(limit, Self::try_open(host, port, request)).await {
            Ok(result) => result.map_err(|error| at(error.to_string())),
            Err(_) => Err(at(format!("no answer within {} ms", limit.as_millis()))),
        }
    }

    async fn try_open(host: &str, port: u16, request: &ConnectRequest) -> io::Result<(Self, ConnectReply)> {
        let stream = TcpStream::connect((host, port)).await?;
        stream.set_nodelay(true)?;
        let mut link = Self { stream, buffer: BytesMut::with_capacity(4096) };
        link.stream.write_all(&codec::encode_connect_request(request)).await?;
        let frame = link.read().await?;
        let reply = codec::decode_connect_reply(&frame).map_err(invalid)?;
        Ok((link, reply))
    }

    /// Waits for the next frame. May be cancelled without losing bytes.
    pub(super) async fn read(&mut self) -> io::Result<Bytes> {
        loop {
            if let Some(frame) = codec::take_frame(&mut self.buffer, CLIENT_LIMIT).map_err(invalid)? {
                return Ok(frame);
            }
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
        }
    }

    /// Sends a frame, within `limit`.
    pub(super) async fn write(&mut self, frame: &[u8], limit: Duration) -> io::Result<()> {
        timeout(limit, self.stream.write_all(frame))
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "the server does not read"))?
    }
}

fn invalid(error: impl std::error::Error + Send + Sync + 'static) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
